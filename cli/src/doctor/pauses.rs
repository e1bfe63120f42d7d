//! Check of times in which a processor runs nothing of ours, whoever holds it: another process, the kernel, or the host of a
//! virtual machine, which need not tell it as stolen time.
//!
//! A thread on each processor reads the clock without end, and what lies between two readings is a pause. No measurement on
//! this machine can be better than that. Source: the idea of jHiccup (Gil Tene).

use std::thread;
use std::time::{Duration, Instant};

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

use super::check::Check;

/// Shortest time between two readings that counts.
const SHORTEST: Duration = Duration::from_millis(1);

/// Share of the time that may be in pauses. With more, a 99.9th percentile measures the machine.
const MAXIMUM_SHARE: f64 = 0.001;

/// What the threads of one or more processors have seen.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Pauses {
    /// Time that was looked at, of all processors.
    watched: Duration,
    /// Time in pauses.
    paused: Duration,
    longest: Duration,
}

impl Pauses {
    fn reading(&mut self, since_last: Duration) {
        self.watched += since_last;
        if since_last >= SHORTEST {
            self.paused += since_last;
            self.longest = self.longest.max(since_last);
        }
    }

    fn merged(self, other: Self) -> Self {
        Self {
            watched: self.watched + other.watched,
            paused: self.paused + other.paused,
            longest: self.longest.max(other.longest),
        }
    }
}

/// Watches all processors that this process may use, for `time`.
pub fn watch(time: Duration) -> Pauses {
    let allowed = sched_getaffinity(None).unwrap_or_else(|_| CpuSet::new());
    thread::scope(|scope| {
        let processors = (0..CpuSet::MAX_CPU).filter(|processor| allowed.is_set(*processor));
        let watchers: Vec<_> = processors.map(|processor| scope.spawn(move || watch_one(processor, time))).collect();
        watchers.into_iter().filter_map(|watcher| watcher.join().ok()).fold(Pauses::default(), Pauses::merged)
    })
}

fn watch_one(processor: usize, time: Duration) -> Pauses {
    let mut only = CpuSet::new();
    only.set(processor);
    let mut pauses = Pauses::default();
    // Without a place of its own it would see the pauses of another processor twice.
    if sched_setaffinity(None, &only).is_err() {
        return pauses;
    }
    let begin = Instant::now();
    let mut last = begin;
    while last - begin < time {
        let now = Instant::now();
        pauses.reading(now - last);
        last = now;
    }
    pauses
}

/// What was seen.
pub fn pauses(seen: &Pauses) -> Check {
    const NAME: &str = "pauses";
    if seen.watched.is_zero() {
        return Check::unknown(NAME, "no thread could be bound to a processor");
    }
    let share = seen.paused.as_secs_f64() / seen.watched.as_secs_f64();
    let found = format!(
        "{:.2} % of the time in pauses of a millisecond or more, the longest {:.1} ms",
        share * 100.0,
        seen.longest.as_secs_f64() * 1e3
    );
    if share <= MAXIMUM_SHARE {
        Check::good(NAME, found)
    } else {
        Check::bad(
            NAME,
            format!("{found}: percentiles above the {:.1}th measure the machine", 100.0 * (1.0 - share)),
            "end what `top` shows; if nothing does, it is the host: measure on one of its own, or more rounds, in turn",
        )
    }
}

#[cfg(test)]
mod tests {
    use super::super::check::State;
    use super::*;

    const MICROSECOND: Duration = Duration::from_micros(1);

    #[test]
    fn only_a_long_time_between_two_readings_is_a_pause() {
        let mut seen = Pauses::default();
        (0..999_000).for_each(|_| seen.reading(MICROSECOND));
        assert_eq!(pauses(&seen).state, State::Good);
        seen.reading(SHORTEST);
        assert_eq!((seen.paused, seen.longest, seen.watched), (SHORTEST, SHORTEST, Duration::from_secs(1)));
        assert_eq!(
            pauses(&seen).state,
            State::Good,
            "one millisecond in a second is what a 99.9th percentile leaves out"
        );
        seen.reading(4 * SHORTEST);
        let check = pauses(&seen);
        assert_eq!(check.state, State::Bad);
        assert!(
            check.found.starts_with("0.50 % of the time") && check.found.contains("the longest 4.0 ms"),
            "{check:?}"
        );
    }

    #[test]
    fn all_processors_are_watched_for_the_whole_time() {
        const TIME: Duration = Duration::from_millis(5);
        let processors = thread::available_parallelism().map_or(1, usize::from) as u32;
        assert!(watch(TIME).watched >= TIME * processors);
        assert_eq!(pauses(&Pauses::default()).state, State::Unknown);
    }
}
