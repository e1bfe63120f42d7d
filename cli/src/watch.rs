//! `lugus watch`: prints the events of all participants as they happen.

use std::cell::RefCell;
use std::io::{self, Write};
use std::rc::Rc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use lugus_client::{BlockingSession, CommandNumber, EventHandler, InstrumentId, Report, Status};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::access::Access;
use crate::arguments::Watch;
use crate::deployment::DeploymentFile;
use crate::events::text;
use crate::failure::Failure;
use crate::notation::Notations;
use crate::output::Output;
use crate::participant::{TIMEOUT, failed, watcher};
use crate::stop_signal;

/// Sleep between two duty cycles: a person reads no faster, and a watch may run for days.
const IDLE: Duration = Duration::from_millis(1);

/// Prints events, up to a given number of them.
struct Printer {
    output: Output,
    notations: Notations,
    /// Number of events still to be printed; `None` means no limit.
    left: Option<u64>,
    failure: Option<Failure>,
}

impl Printer {
    fn print(&mut self, report: &Report) {
        if self.is_done() {
            return;
        }
        let notation = self.notations.of(report.instrument);
        let printed = self.output.answer(&notation.report(report), text(report, notation)).and_then(|()| {
            io::stdout().flush().map_err(|error| Failure::new(format!("can't write to standard output: {error}")))
        });
        self.failure = printed.err();
        self.left = self.left.map(|left| left - 1);
    }

    fn is_done(&self) -> bool {
        self.left == Some(0) || self.failure.is_some()
    }
}

/// Receives the events of one cluster.
struct ClusterEvents {
    printer: Rc<RefCell<Printer>>,
    /// Whether the cluster session is new, so that drop copies must be requested again.
    is_new_session: bool,
}

impl EventHandler for ClusterEvents {
    fn on_report(&mut self, report: &Report, _command: CommandNumber) {
        self.printer.borrow_mut().print(report);
    }

    fn on_drop_copy(&mut self, report: &Report) {
        self.printer.borrow_mut().print(report);
    }

    fn on_status(&mut self, status: &Status) {
        match status {
            Status::Connected { .. } => self.is_new_session = true,
            Status::MessageRejected { reason, .. } => {
                let failure = Failure::new(format!("the cluster refused the request for drop copies: {reason:?}"));
                self.printer.borrow_mut().failure = Some(failure);
            }
            _ => {}
        }
    }
}

/// Prints the events of the cluster that trades the given instrument, or of all clusters, until `count` events are
/// printed or the command is interrupted.
///
/// # Errors
/// When a cluster does not answer, or refuses the drop copies.
pub fn run(found: &DeploymentFile, watch: &Watch, output: Output) -> Result<(), Failure> {
    let stop = stop_signal::flag()?;
    let access = Access::open(found)?;
    let (instrument, clusters) = match &watch.instrument {
        Some(name) => {
            let (instrument, cluster) = access.instrument(name)?;
            (instrument, std::slice::from_ref(cluster))
        }
        None => (InstrumentId::NONE, access.map().clusters.as_slice()),
    };
    let notations = Notations::new(access.map(), watch.units.raw);
    let printer = Rc::new(RefCell::new(Printer { output, notations, left: watch.count, failure: None }));
    let participant = watch.participant.unwrap_or_else(|| watcher(&found.deployment));
    let connect = |cluster| {
        let events = ClusterEvents { printer: Rc::clone(&printer), is_new_session: true };
        access.session(cluster, participant, watch.take_over.older_session(), events, TIMEOUT)
    };
    let mut sessions = clusters.iter().map(connect).collect::<Result<Vec<_>, _>>()?;
    while !stop.load(Ordering::Relaxed) && !printer.borrow().is_done() {
        let mut work = 0;
        for session in &mut sessions {
            work += poll_events(session, instrument)?;
        }
        if work == 0 {
            if is_reader_gone() {
                break;
            }
            thread::sleep(IDLE);
        }
    }
    for session in sessions {
        session.close();
    }
    let failure = printer.borrow_mut().failure.take();
    failure.map_or(Ok(()), Err)
}

/// Polls a session, and requests drop copies if the session is new.
fn poll_events(session: &mut BlockingSession<ClusterEvents>, instrument: InstrumentId) -> Result<usize, Failure> {
    if session.handler.is_new_session && session.session().request_drop_copy(instrument).is_ok() {
        session.handler.is_new_session = false;
    }
    session.poll().map_err(failed)
}

/// Whether the reader of standard output is gone. A process learns of a closed pipe only by writing or polling.
pub fn is_reader_gone() -> bool {
    let stdout = io::stdout();
    let mut events = [PollFd::new(&stdout, PollFlags::empty())];
    poll(&mut events, Some(&Timespec::default())).is_ok_and(|_| events[0].revents().contains(PollFlags::ERR))
}
