//! Puts the deployment's participants into their firms, and sets what its file names for these, in all clusters, as the operator.

use lugus_client::{FirmRules, Report, ReportBody, RiskLimits};
use lugus_topology::Firm;

use crate::access::Access;
use crate::deployment::DeploymentFile;
use crate::failure::Failure;
use crate::operator::OperatorSession;

/// Sets up the firms of the deployment's file. What is as the file says stays so, and nobody but the operator is told of it;
/// what the file does not name stays as it is.
///
/// # Errors
/// When a cluster does not answer, or refuses a command.
pub fn define(found: &DeploymentFile, access: &Access<'_>) -> Result<(), Failure> {
    let firms = &found.deployment.firms;
    if firms.is_empty() {
        return Ok(());
    }
    let timeout = found.deployment.timeouts.start_timeout;
    // The map may also have clusters that are not in this deployment's file.
    for cluster in access.map().clusters.iter().filter(|cluster| found.deployment.cluster(cluster.id).is_some()) {
        let mut operator = OperatorSession::open(access, cluster, timeout)?;
        for firm in firms {
            let own = firm.own();
            for participant in firm.all() {
                check(firm, &operator.ask(|session| session.set_firm(participant, Some(own)))?)?;
            }
            if let Some(scope) = firm.self_trade_scope {
                let rules = FirmRules { self_trade_scope: Some(scope), ..FirmRules::default() };
                check(firm, &operator.ask(|session| session.set_firm_rules(own, &rules))?)?;
            }
            let limits = firm.limits();
            if limits != RiskLimits::default() {
                check(firm, &operator.ask(|session| session.set_firm_limits(own, &limits))?)?;
            }
        }
        operator.close();
    }
    Ok(())
}

fn check(firm: &Firm, reports: &[Report]) -> Result<(), Failure> {
    for report in reports {
        if let ReportBody::Reject { command, reason } = report.body {
            let what = format!("the cluster refused {command:?} for firm {}: {reason:?}", firm.id);
            return Err(Failure::new(what).hint(
                "`lugus firm clear` takes a participant out of the firm that it is in, so that the file can put it into another",
            ));
        }
    }
    Ok(())
}
