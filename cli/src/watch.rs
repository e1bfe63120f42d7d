//! `lugus watch`: the events of all participants, as they happen.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use lugus_client::{EventHandler, InstrumentId, Report, Status};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use signal_hook::consts::{SIGINT, SIGTERM};

use crate::arguments::Watch;
use crate::deployment::Found;
use crate::events::text;
use crate::failure::Failure;
use crate::output::Output;
use crate::participant::{connect, instrument};

/// A person reads no faster than this, and a watch may last for days.
const IDLE: Duration = Duration::from_millis(1);

/// Prints what it hears.
struct Printer {
    output: Output,
    /// Events still to be printed; `None` is without end.
    left: Option<u64>,
    /// A new cluster session: drop copies have to be asked for again.
    is_new_session: bool,
    failure: Option<Failure>,
}

impl Printer {
    fn print(&mut self, report: &Report) {
        if self.left == Some(0) || self.failure.is_some() {
            return;
        }
        let printed = self
            .output
            .answer(report, text(report))
            .and_then(|()| io::stdout().flush().map_err(|error| Failure::new(format!("standard output: {error}"))));
        self.failure = printed.err();
        self.left = self.left.map(|left| left - 1);
    }

    fn is_done(&self) -> bool {
        self.left == Some(0) || self.failure.is_some()
    }
}

impl EventHandler for Printer {
    fn on_report(&mut self, report: &Report) {
        self.print(report);
    }

    fn on_drop_copy(&mut self, report: &Report) {
        self.print(report);
    }

    fn on_status(&mut self, status: &Status) {
        match status {
            Status::Connected { .. } => self.is_new_session = true,
            Status::MessageRejected { reason, .. } => {
                self.failure = Some(Failure::new(format!("the cluster refuses drop copies: {reason:?}")));
            }
            _ => {}
        }
    }
}

/// Prints events until it has printed `count` of them, or is interrupted.
///
/// # Errors
/// When the cluster is not there or refuses.
pub fn run(found: &Found, watch: &Watch, output: Output) -> Result<(), Failure> {
    let instrument = match &watch.instrument {
        Some(name) => instrument(&found.deployment, name)?,
        None => InstrumentId::NONE,
    };
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGTERM, SIGINT] {
        signal_hook::flag::register(signal, Arc::clone(&stop)).map_err(Failure::new)?;
    }
    let printer = Printer { output, left: watch.count, is_new_session: true, failure: None };
    let mut participant = connect(found, watch.participant, printer)?;
    while !stop.load(Ordering::Relaxed) && !participant.session.handler.is_done() {
        if participant.session.handler.is_new_session
            && participant.session.session().request_drop_copy(instrument).is_ok()
        {
            participant.session.handler.is_new_session = false;
        }
        if participant.session.poll().map_err(Failure::new)? == 0 {
            if is_reader_gone() {
                break;
            }
            thread::sleep(IDLE);
        }
    }
    match participant.session.close().failure {
        Some(failure) => Err(failure),
        None => Ok(()),
    }
}

/// Whether nobody reads standard output any more: a closed pipe tells only who writes or asks.
pub fn is_reader_gone() -> bool {
    let stdout = io::stdout();
    let mut events = [PollFd::new(&stdout, PollFlags::empty())];
    poll(&mut events, Some(&Timespec::default())).is_ok_and(|_| events[0].revents().contains(PollFlags::ERR))
}
