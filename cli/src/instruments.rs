//! Defines the deployment's instruments in their clusters, as the operator.

use lugus_client::{RejectReason, Report, ReportBody};
use lugus_vocabulary::InstrumentSpecification;

use crate::access::Access;
use crate::deployment::DeploymentFile;
use crate::failure::Failure;
use crate::operator::OperatorSession;

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
        let mut operator = OperatorSession::open(access, cluster, timeout)?;
        for partition in owned {
            let instrument = &partition.instrument;
            let no_symbol =
                || Failure::new(format!("{:?} is not a symbol of two currencies, such as BTC/USDT", instrument.symbol));
            let mut definition = instrument.definition().ok_or_else(no_symbol)?;
            // The map does not have what protects prices, nor the rules of auctions.
            if let Some(written) = found.deployment.instruments.iter().find(|written| written.id == instrument.id) {
                (definition.protection, definition.auctions) = (written.protection, written.auctions);
            }
            check(instrument, &operator.ask(|session| session.define_instrument(&definition))?)?;
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
