//! `lugus firm`: puts participants into firms, and sets what holds for all participants of a firm.

use lugus_client::{
    FirmRules, KillSwitch, OlderSession, ParticipantId, Report, ReportBody, RiskLimits, SelfTradeScope, WorkingOrders,
};
use serde::Serialize;

use crate::access::Access;
use crate::arguments::{Firm, FollowFirm, OfFirm, SelfTradeScopeArgument};
use crate::deployment::DeploymentFile;
use crate::events::text;
use crate::failure::Failure;
use crate::firm_follow;
use crate::notation::Notations;
use crate::output::Output;
use crate::participant::{TIMEOUT, failed};

/// The JSON document: the reports that answer the command, of one cluster after the other.
#[derive(Debug, Serialize)]
struct Answers {
    reports: Vec<Report>,
}

/// What is asked of each cluster.
enum Asked {
    Member(ParticipantId, Option<ParticipantId>),
    Rules(ParticipantId, FirmRules),
    Limits(ParticipantId, RiskLimits),
}

/// Sends the command to each cluster, and prints the answers.
///
/// # Errors
/// When the sender is connected already, a cluster does not answer, or one has refused the command.
pub fn run(found: &DeploymentFile, what: &Firm, output: Output) -> Result<(), Failure> {
    let (sender, older_session, asked) = match asked(what) {
        Ok(asked) => asked,
        Err(follow) => return firm_follow::run(found, follow, output),
    };
    let access = Access::open(found)?;
    let notations = Notations::new(access.map(), true);
    let (mut reports, mut lines, mut refused) = (Vec::new(), Vec::new(), None);
    for cluster in &access.map().clusters {
        let mut session = access.session(cluster, sender.0, older_session, (), TIMEOUT)?;
        let told = match &asked {
            Asked::Member(target, firm) => session.set_firm(*target, *firm),
            Asked::Rules(firm, rules) => session.set_firm_rules(*firm, rules),
            Asked::Limits(firm, limits) => session.set_firm_limits(*firm, limits),
        };
        session.close();
        for report in told.map_err(failed)? {
            let line = format!(
                "cluster {}: {}",
                found.cluster_name(cluster.id),
                text(&report, notations.of(report.instrument))
            );
            if let ReportBody::Reject { .. } = report.body {
                refused = Some(line.clone());
            }
            lines.push(line);
            reports.push(report);
        }
    }
    output.answer(&Answers { reports }, lines.join("\n"))?;
    refused.map_or(Ok(()), |line| Err(Failure::new(line)))
}

/// Who sends what, and what becomes of an older session; or else which firm is followed.
fn asked(what: &Firm) -> Result<(ParticipantId, OlderSession, Asked), &FollowFirm> {
    let by_firm = |of: &OfFirm, rules| {
        let firm = ParticipantId(of.firm);
        let sender = if of.as_operator { ParticipantId::OPERATOR } else { firm };
        (sender, of.take_over.older_session(), Asked::Rules(firm, rules))
    };
    let by_operator = |participant, firm: Option<u32>, older_session| {
        let asked = Asked::Member(ParticipantId(participant), firm.map(ParticipantId));
        (ParticipantId::OPERATOR, older_session, asked)
    };
    Ok(match *what {
        Firm::Set { participant, firm, take_over } => by_operator(participant, Some(firm), take_over.older_session()),
        Firm::Clear { participant, take_over } => by_operator(participant, None, take_over.older_session()),
        Firm::Kill { ref of, keep_orders } => {
            let working_orders = if keep_orders { WorkingOrders::Keep } else { WorkingOrders::Cancel };
            by_firm(of, FirmRules { kill_switch: Some(KillSwitch::Engaged), working_orders, self_trade_scope: None })
        }
        Firm::Release { ref of } => {
            by_firm(of, FirmRules { kill_switch: Some(KillSwitch::Released), ..FirmRules::default() })
        }
        Firm::SelfTrade { ref of, scope } => {
            let scope = match scope {
                SelfTradeScopeArgument::Participant => SelfTradeScope::Participant,
                SelfTradeScopeArgument::Firm => SelfTradeScope::Firm,
            };
            by_firm(of, FirmRules { self_trade_scope: Some(scope), ..FirmRules::default() })
        }
        Firm::Limits { firm, ref limits, take_over } => {
            let asked = Asked::Limits(ParticipantId(firm), limits.limits());
            (ParticipantId::OPERATOR, take_over.older_session(), asked)
        }
        Firm::Follow(ref follow) => return Err(follow),
    })
}
