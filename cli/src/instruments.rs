//! Defines the deployment's instruments in their clusters, as the operator.

use lugus_client::{BlockingError, ClientError, OlderSession, RejectReason, Report, ReportBody};
use lugus_vocabulary::{InstrumentSpecification, PriceProtection};

use crate::access::Access;
use crate::deployment::DeploymentFile;
use crate::failure::Failure;

/// The operator's participant number.
const OPERATOR: u32 = 0;

/// Largest number of times that other sessions of the operator may replace this one. A running move has a session in
/// each of its clusters, and opens another one when its session is replaced.
const MAXIMUM_REPLACED: u32 = 5;

/// Defines the instruments that are not defined yet, each in the cluster that owns it by the map. An instrument that is
/// moving is skipped: the move itself defines it in the other cluster, together with its book.
///
/// # Errors
/// When a cluster does not answer, or rejects a definition.
pub fn define(found: &DeploymentFile, access: &Access<'_>) -> Result<(), Failure> {
    let map = access.map();
    // The map may also have clusters that are not in this deployment's file.
    for cluster in map.clusters.iter().filter(|cluster| found.deployment.cluster(cluster.id).is_some()) {
        let settled = map.partitions.iter().filter(|partition| partition.migration.is_none());
        let mut owned = settled.filter(|partition| partition.owner() == cluster.id).peekable();
        if owned.peek().is_none() {
            continue;
        }
        // A cluster that has just started on a busy machine may hold another election, so the timeout is that of a
        // start.
        let timeout = found.deployment.timeouts.start_timeout;
        let mut operator = access.session(cluster, OPERATOR, OlderSession::Replace, (), timeout)?;
        let mut replaced = 0;
        for partition in owned {
            let instrument = &partition.instrument;
            let no_symbol =
                || Failure::new(format!("{:?} is not a symbol of two currencies, such as BTC/USDT", instrument.symbol));
            let mut definition = instrument.definition().ok_or_else(no_symbol)?;
            // The map does not have what protects prices.
            let written = found.deployment.instruments.iter().find(|written| written.id == instrument.id);
            definition.protection = written.map_or(PriceProtection::NONE, |written| written.protection);
            let reports = loop {
                match operator.define_instrument(&definition) {
                    Err(BlockingError::Client(ClientError::SessionReplaced { .. })) if replaced < MAXIMUM_REPLACED => {
                        replaced += 1;
                        operator = access.session(cluster, OPERATOR, OlderSession::Replace, (), timeout)?;
                    }
                    defined => break defined.map_err(Failure::new)?,
                }
            };
            check(instrument, &reports)?;
        }
        operator.close();
    }
    Ok(())
}

fn check(instrument: &InstrumentSpecification, reports: &[Report]) -> Result<(), Failure> {
    for report in reports {
        if let ReportBody::Reject { reason, .. } = report.body
            && reason != RejectReason::DuplicateInstrument
        {
            return Err(Failure::new(format!(
                "the cluster refused to define instrument {}: {reason:?}",
                instrument.symbol
            )));
        }
    }
    Ok(())
}
