//! Where the member stands in the cluster's log, for the lines that its process writes about itself. A process is one member.

use std::sync::atomic::{AtomicI64, Ordering};

use lugus_vocabulary::LogPosition;

/// Nothing of the log is known yet.
const UNKNOWN: i64 = -1;

static TERM: AtomicI64 = AtomicI64::new(UNKNOWN);
static POSITION: AtomicI64 = AtomicI64::new(UNKNOWN);

/// A place in the cluster's log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogPlace {
    /// Id of the leadership term.
    pub leadership_term_id: i64,
    /// Position up to which the service has applied the log.
    pub position: LogPosition,
}

/// The place up to which this process' service has applied the log; `None` before it has started, and in other processes.
pub fn log_place() -> Option<LogPlace> {
    let (leadership_term_id, position) = (TERM.load(Ordering::Relaxed), POSITION.load(Ordering::Relaxed));
    (position != UNKNOWN).then_some(LogPlace { leadership_term_id, position: LogPosition(position) })
}

/// The service has applied the log up to this position.
#[inline]
pub(crate) fn reached(position: LogPosition) {
    POSITION.store(position.0, Ordering::Relaxed);
}

/// The log goes on in this term.
pub(crate) fn in_term(leadership_term_id: i64) {
    TERM.store(leadership_term_id, Ordering::Relaxed);
}
