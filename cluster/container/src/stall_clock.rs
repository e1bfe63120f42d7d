//! The time for which a client makes the log wait.
//!
//! Egress is back pressured when its client does not keep up, and also when the member's own media driver stands still:
//! then it neither sends nor hears what clients have taken. So the clock counts only while the media driver answers.

/// Longest time between two answers of the media driver that counts, in nanoseconds. A driver that works answers a probe
/// within a duty cycle or two; what goes beyond this is its own stall.
const LONGEST_COUNTED_NS: i64 = 10_000_000;

/// A wait for a client, in the time in which the media driver worked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StallClock {
    counted_ns: i64,
    /// Time of the last answer of the media driver, in nanoseconds.
    answered_ns: i64,
}

impl StallClock {
    pub(crate) fn start(now_ns: i64) -> Self {
        Self { counted_ns: 0, answered_ns: now_ns }
    }

    /// Time waited so far, in nanoseconds. `has_answered` tells whether the media driver has answered a probe since the last
    /// call.
    pub(crate) fn waited_ns(&mut self, now_ns: i64, has_answered: bool) -> i64 {
        if has_answered {
            self.counted_ns += (now_ns - self.answered_ns).min(LONGEST_COUNTED_NS);
            self.answered_ns = now_ns;
        }
        self.counted_ns
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: i64 = 1_000_000;

    #[test]
    fn time_counts_while_the_driver_answers() {
        let mut clock = StallClock::start(1_000 * MS);
        let waited = (1..=50).map(|ms| clock.waited_ns((1_000 + ms) * MS, ms % 2 == 0)).last();
        assert_eq!(waited, Some(50 * MS));
    }

    #[test]
    fn a_stall_of_the_driver_counts_hardly_at_all_however_long() {
        let mut clock = StallClock::start(0);
        assert_eq!(clock.waited_ns(4 * MS, true), 4 * MS);
        assert_eq!((5..900).map(|ms| clock.waited_ns(ms * MS, false)).last(), Some(4 * MS));
        assert_eq!(clock.waited_ns(900 * MS, true), 4 * MS + LONGEST_COUNTED_NS);
        assert_eq!(clock.waited_ns(903 * MS, true), 7 * MS + LONGEST_COUNTED_NS);
    }
}
