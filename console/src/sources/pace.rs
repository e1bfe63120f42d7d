//! The pace of a thread that looks again and again, until it is stopped.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// The end of all sources.
#[derive(Debug, Clone, Default)]
pub(super) struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Ends all sources.
    pub(super) fn stop(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether they are to end.
    pub(super) fn is_stopped(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Longest sleep without a look whether the thread is to end.
const NAP: Duration = Duration::from_millis(50);

/// A pace at which something is looked at.
#[derive(Debug)]
pub(super) struct Pace {
    interval: Duration,
    next: Instant,
}

impl Pace {
    /// One look each `interval`, the first at once.
    pub(super) fn new(interval: Duration) -> Self {
        Self { interval, next: Instant::now() }
    }

    /// Sleeps until it is time for the next look; `false` when there is none any more.
    pub(super) fn next(&mut self, stop: &Stop) -> bool {
        while !stop.is_stopped() {
            let now = Instant::now();
            if now >= self.next {
                // A look that took too long is not made up for.
                self.next = (self.next + self.interval).max(now);
                return true;
            }
            std::thread::sleep(NAP.min(self.next - now));
        }
        false
    }
}
