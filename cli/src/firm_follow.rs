//! `lugus firm follow`: prints the events of all participants of a firm.

use std::io::{self, Write};
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use lugus_client::{
    BlockingSession, CommandNumber, EventHandler, EventSequence, FirmEvent, FollowFirm, ParticipantId, Report, Status,
};
use serde::Serialize;

use crate::access::Access;
use crate::arguments;
use crate::deployment::DeploymentFile;
use crate::events::text;
use crate::failure::Failure;
use crate::notation::Notations;
use crate::output::Output;
use crate::participant::{TIMEOUT, failed};
use crate::stop_signal;
use crate::watch::is_reader_gone;

/// Sleep between two duty cycles: a person reads no faster.
const IDLE: Duration = Duration::from_millis(1);

/// The JSON document of an event.
#[derive(Debug, Serialize)]
struct FollowedEvent<R> {
    /// The cluster's number.
    cluster: i32,
    /// The firm.
    firm: u32,
    /// Number of the event among those of the firm in the cluster.
    event_sequence: u64,
    /// The event, as its participant is told it.
    report: R,
}

/// What has been told since it was printed last.
#[derive(Default)]
struct Told {
    events: Vec<FirmEvent>,
    gap: Option<String>,
    refused: Option<Failure>,
}

impl EventHandler for Told {
    fn on_report(&mut self, _report: &Report, _command: CommandNumber) {}

    fn on_firm_event(&mut self, event: &FirmEvent) {
        self.events.push(*event);
    }

    fn on_status(&mut self, status: &Status) {
        match status {
            Status::FirmEventGap { first_lost, last_lost, .. } => {
                self.gap = Some(format!("events {first_lost} to {last_lost} are no longer kept"));
            }
            Status::FirmRefused { firm, reason } => {
                let failure = Failure::new(format!("the cluster does not tell the events of firm {firm}: {reason:?}"));
                self.refused = Some(failure.hint(
                    "a participant of the firm can follow it, and the operator; at most eight sessions at a time in a cluster",
                ));
            }
            _ => {}
        }
    }
}

/// Prints the events of a firm in one cluster or in all, until `count` events are printed or the command is interrupted.
///
/// # Errors
/// When a cluster does not answer, or does not let the participant follow the firm.
pub fn run(found: &DeploymentFile, follow: &arguments::FollowFirm, output: Output) -> Result<(), Failure> {
    let stop = stop_signal::flag()?;
    let access = Access::open(found)?;
    let only = follow.cluster.as_deref().map(|name| found.cluster_named(name)).transpose()?.map(|cluster| cluster.id);
    let notations = Notations::new(access.map(), follow.units.raw);
    let participant = follow.participant.unwrap_or(follow.firm);
    let after = follow.after.map(EventSequence);
    let mut sessions: Vec<(i32, BlockingSession<Told>)> = Vec::new();
    for cluster in access.map().clusters.iter().filter(|cluster| only.is_none_or(|only| only == cluster.id)) {
        let older_session = follow.take_over.older_session();
        let mut session = access.session(cluster, participant, older_session, Told::default(), TIMEOUT)?;
        let firm = FollowFirm { firm: ParticipantId(follow.firm), after };
        session.session().follow_firm(firm).map_err(Failure::new)?;
        sessions.push((cluster.id.0, session));
    }
    let mut left = follow.count;
    while !stop.load(Ordering::Relaxed) && left != Some(0) {
        let mut work = 0;
        for (cluster, session) in &mut sessions {
            work += session.poll().map_err(failed)?;
            let Told { events, gap, refused } = std::mem::take(&mut session.handler);
            if let Some(failure) = refused {
                return Err(failure);
            }
            if let Some(gap) = gap {
                eprintln!("lugus: warning: cluster {cluster}: {gap}");
            }
            for FirmEvent { firm, event_sequence, report } in events {
                if left == Some(0) {
                    break;
                }
                left = left.map(|left| left - 1);
                let notation = notations.of(report.instrument);
                let document = FollowedEvent {
                    cluster: *cluster,
                    firm: firm.0,
                    event_sequence: event_sequence.0,
                    report: notation.report(&report),
                };
                let line = format!("cluster {cluster} firm {firm} event {event_sequence}: {}", text(&report, notation));
                output.answer(&document, line)?;
            }
        }
        io::stdout().flush().map_err(|error| Failure::new(format!("can't write to standard output: {error}")))?;
        if work == 0 {
            if is_reader_gone() {
                break;
            }
            thread::sleep(IDLE);
        }
    }
    for (_, session) in sessions {
        session.close();
    }
    Ok(())
}
