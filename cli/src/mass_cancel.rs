//! `lugus mass-cancel`: cancels all orders of a participant or of everybody.

use lugus_client::{BlockingError, ClusterId, InstrumentId, MassCancelTarget, ParticipantId, Report, ReportBody, Side};
use lugus_partition_map::ClusterEntry;
use serde::Serialize;

use crate::access::Access;
use crate::arguments::{MassCancel, SideArgument};
use crate::deployment::DeploymentFile;
use crate::events::text;
use crate::failure::Failure;
use crate::migrate;
use crate::notation::Notations;
use crate::output::Output;
use crate::participant::{TIMEOUT, failed};

/// The JSON document: the answer of each cluster, or why there is none.
#[derive(Debug, Serialize)]
struct Answers {
    clusters: Vec<Answer>,
}

#[derive(Debug, Serialize)]
struct Answer {
    cluster: i32,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    reports: Vec<Report>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// Sends a mass cancel to each cluster that it is for, and prints the answers. A cluster that does not answer does not keep
/// the command from the others.
///
/// # Errors
/// When there is no such instrument or cluster, the sender is connected already, or a cluster has not done it, or not all of it.
pub fn run(found: &DeploymentFile, arguments: &MassCancel, output: Output) -> Result<(), Failure> {
    let access = Access::open(found)?;
    let (instrument, clusters): (InstrumentId, Vec<&ClusterEntry>) = match (&arguments.instrument, &arguments.cluster) {
        (Some(name), _) => {
            let (instrument, cluster) = access.instrument(name)?;
            (instrument, vec![cluster])
        }
        (None, Some(name)) => (InstrumentId::NONE, vec![named(&access, name)?]),
        (None, None) => (InstrumentId::NONE, access.map().clusters.iter().collect()),
    };
    let notations = Notations::new(access.map(), true);
    let mut answers = Vec::new();
    let mut lines = Vec::new();
    let mut not_done = Vec::new();
    for cluster in clusters {
        let ClusterId(id) = cluster.id;
        let (reports, error) = match cancel(&access, cluster, instrument, arguments) {
            Ok(reports) => (reports, None),
            Err(failure) => (Vec::new(), Some(failure.to_string())),
        };
        let is_done = |report: &Report| matches!(report.body, ReportBody::MassCancelAll { moving: 0, .. });
        if error.is_some() || !reports.iter().any(is_done) {
            not_done.push(found.cluster_name(cluster.id));
        }
        lines.extend(reports.iter().map(|report| {
            format!("cluster {}: {}", found.cluster_name(cluster.id), text(report, notations.of(report.instrument)))
        }));
        lines
            .extend(error.iter().map(|error| format!("cluster {}: not done: {error}", found.cluster_name(cluster.id))));
        answers.push(Answer { cluster: id, reports, error });
    }
    output.answer(&Answers { clusters: answers }, lines.join("\n"))?;
    if not_done.is_empty() {
        return Ok(());
    }
    Err(Failure::new(format!("not all orders are canceled in cluster {}", not_done.join(", ")))
        .hint("run the command again; `lugus status` shows what runs, and a move of an instrument ends by itself"))
}

/// A cluster of the map by its number or name.
fn named<'a>(access: &'a Access<'_>, name: &str) -> Result<&'a ClusterEntry, Failure> {
    let id = migrate::cluster(access.map(), name)?;
    access.map().cluster(id).ok_or_else(|| Failure::new(format!("the partition map has no cluster {name}")))
}

/// Sends the command to one cluster.
fn cancel(
    access: &Access<'_>,
    cluster: &ClusterEntry,
    instrument: InstrumentId,
    arguments: &MassCancel,
) -> Result<Vec<Report>, Failure> {
    let (sender, target) = match (arguments.participant, arguments.firm) {
        (Some(participant), _) => (participant, MassCancelTarget::Participant(ParticipantId(participant))),
        (None, Some(firm)) => (firm, MassCancelTarget::Firm(ParticipantId(firm))),
        (None, None) => (ParticipantId::OPERATOR.0, MassCancelTarget::Everybody),
    };
    let sender = if arguments.as_operator { ParticipantId::OPERATOR } else { ParticipantId(sender) };
    let side = arguments.side.map(|side| match side {
        SideArgument::Buy => Side::Buy,
        SideArgument::Sell => Side::Sell,
    });
    let older_session = arguments.take_over.older_session();
    let mut session = access.session(cluster, sender.0, older_session, (), TIMEOUT)?;
    let reports: Result<_, BlockingError> = session.mass_cancel_all_of(instrument, target, side);
    session.close();
    reports.map_err(failed)
}
