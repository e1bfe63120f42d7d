//! When something was seen: by a clock that does not go back, for durations, and by the wall clock, for people.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A moment at which something was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment {
    /// Time since the program's start.
    pub elapsed: Duration,
    /// Milliseconds since 1970.
    pub epoch_ms: i64,
}

impl Moment {
    /// The present, of a program that began at `origin`.
    pub fn now(origin: Instant) -> Self {
        let epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { elapsed: origin.elapsed(), epoch_ms: i64::try_from(epoch.as_millis()).unwrap_or(i64::MAX) }
    }

    /// Time from `earlier` to this moment; 0 if that is later.
    pub fn since(self, earlier: Self) -> Duration {
        self.elapsed.saturating_sub(earlier.elapsed)
    }
}
