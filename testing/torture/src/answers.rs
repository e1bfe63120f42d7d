//! When any client was answered last, and for how long nobody was.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use rustix::time::{ClockId, Timespec, clock_gettime};

/// Shortest time without any answer that is kept.
const SHORTEST_PAUSE: u64 = 50_000;

/// A time in which no client was answered, in microseconds from the begin of the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pause {
    pub(crate) from: u64,
    pub(crate) until: u64,
}

impl Pause {
    pub(crate) fn length(self) -> Duration {
        Duration::from_micros(self.until - self.from)
    }
}

/// The answers of all clients together.
#[derive(Debug)]
pub(crate) struct Answers {
    /// The begin of the run on the system's monotonic clock, in nanoseconds: that of other processes is the same.
    origin: u64,
    last: AtomicU64,
    answered: AtomicU64,
    pauses: Mutex<Vec<Pause>>,
    is_over: AtomicBool,
}

impl Answers {
    pub(crate) fn new() -> Self {
        Self {
            origin: monotonic(),
            last: AtomicU64::new(0),
            answered: AtomicU64::new(0),
            pauses: Mutex::new(Vec::new()),
            is_over: AtomicBool::new(false),
        }
    }

    /// Microseconds from the begin of the run.
    pub(crate) fn now(&self) -> u64 {
        self.at(monotonic())
    }

    /// Microseconds from the begin of the run to a time of the monotonic clock, which is in nanoseconds.
    pub(crate) fn at(&self, nanos: u64) -> u64 {
        nanos.saturating_sub(self.origin) / 1_000
    }

    /// Notes that a command was answered.
    pub(crate) fn note(&self) {
        self.answered.fetch_add(1, Ordering::Relaxed);
        let now = self.now();
        let last = self.last.swap(now, Ordering::Relaxed);
        if last > 0 && now.saturating_sub(last) >= SHORTEST_PAUSE && !self.is_over.load(Ordering::Relaxed) {
            self.keep(Pause { from: last, until: now });
        }
    }

    /// From now on nobody sends, so that there are no more pauses.
    pub(crate) fn end(&self) {
        self.is_over.store(true, Ordering::Relaxed);
    }

    /// Number of commands that were answered.
    pub(crate) fn answered(&self) -> u64 {
        self.answered.load(Ordering::Relaxed)
    }

    /// When the last answer came, in microseconds from the begin of the run.
    pub(crate) fn last(&self) -> u64 {
        self.last.load(Ordering::Relaxed)
    }

    /// The longest pause that overlaps a time, the one that goes on now included.
    pub(crate) fn longest(&self, from: u64, until: u64) -> Duration {
        let now = self.now();
        let last = self.last();
        let present = (last > 0 && !self.is_over.load(Ordering::Relaxed)).then_some(Pause { from: last, until: now });
        let pauses = self.pauses.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let all = pauses.iter().copied().chain(present);
        let overlapping = all.filter(|pause| pause.from <= until && pause.until >= from);
        overlapping.map(Pause::length).max().unwrap_or_default()
    }

    /// How long after this time the next answer came; zero if answers came all the time.
    pub(crate) fn after(&self, time: u64) -> Duration {
        let pauses = self.pauses.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let around = pauses.iter().find(|pause| pause.from <= time && time < pause.until);
        around.map_or(Duration::ZERO, |pause| Duration::from_micros(pause.until - time))
    }

    fn keep(&self, pause: Pause) {
        self.pauses.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).push(pause);
    }
}

/// The system's monotonic clock, in nanoseconds.
fn monotonic() -> u64 {
    let Timespec { tv_sec, tv_nsec } = clock_gettime(ClockId::Monotonic);
    tv_sec.unsigned_abs() * 1_000_000_000 + tv_nsec.unsigned_abs()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_pause_is_that_of_the_time_asked_for() {
        let answers = Answers::new();
        for (from, until) in [(100_000, 200_000), (1_000_000, 3_000_000), (5_000_000, 5_500_000)] {
            answers.keep(Pause { from, until });
        }
        let longest = |from, until| answers.longest(from, until).as_millis();
        assert_eq!([longest(0, 900_000), longest(0, 6_000_000), longest(4_000_000, 5_100_000)], [100, 2_000, 500]);
        assert_eq!(longest(3_500_000, 4_000_000), 0);
        let after = |time| answers.after(time).as_millis();
        assert_eq!([after(900_000), after(2_500_000), after(3_000_000)], [0, 500, 0]);
    }
}
