//! Pauses after failed requests: they grow exponentially up to a bound, and have a random part.

use std::time::Duration;

/// Doublings of the shortest pause after which the longest one is certainly reached.
const MAX_DOUBLINGS: u32 = 31;

/// Counts failures in a row. The random part keeps clients that failed together from trying again together.
#[derive(Debug, Clone)]
pub(crate) struct Backoff {
    min: Duration,
    max: Duration,
    failures: u32,
    random: u64,
}

impl Backoff {
    /// `seed` makes the random part differ from other clients'.
    pub(crate) fn new(min: Duration, max: Duration, seed: u64) -> Self {
        Self { min, max, failures: 0, random: seed | 1 }
    }

    /// Notes a failure and returns the pause after it: between half and all of `min` x 2^failures, at most `max`.
    pub(crate) fn next(&mut self) -> Duration {
        let doublings = self.failures.min(MAX_DOUBLINGS);
        self.failures = self.failures.saturating_add(1);
        let delay = self.min.saturating_mul(1 << doublings).min(self.max);
        delay / 2 + (delay / 2).mul_f64(self.fraction())
    }

    /// Ends the row of failures.
    pub(crate) fn reset(&mut self) {
        self.failures = 0;
    }

    /// The shortest pause.
    pub(crate) fn min(&self) -> Duration {
        self.min
    }

    /// A number in 0..1, by xorshift: the quality of the randomness does not matter here.
    fn fraction(&mut self) -> f64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        (self.random >> 40) as f64 / (1u64 << 24) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest_and_start_over() {
        let mut backoff = Backoff::new(Duration::from_millis(50), Duration::from_secs(1), 42);
        for expected in [50, 100, 200, 400, 800, 1000, 1000] {
            let (delay, expected) = (backoff.next(), Duration::from_millis(expected));
            assert!(delay >= expected / 2 && delay <= expected, "{delay:?} for {expected:?}");
        }
        for _ in 0..100 {
            assert!(backoff.next() <= Duration::from_secs(1));
        }
        backoff.reset();
        assert!(backoff.next() <= Duration::from_millis(50));
    }

    #[test]
    fn clients_with_different_seeds_pause_for_different_times() {
        let delay = |seed| Backoff::new(Duration::from_secs(1), Duration::from_secs(1), seed).next();
        assert_ne!(delay(1 << 20), delay(1 << 40));
    }
}
