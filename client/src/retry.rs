//! When to ask or send again: the policy, and its delays.

use std::time::Duration;

use crate::error::ConfigurationError;

/// When unanswered commands are sent again, and when they are given up.
///
/// Each re-send lands in the cluster's log, also while the leader is half dead and nobody answers; hence the growing
/// delays. After a [`NewLeader`](crate::Status::NewLeader) unanswered commands are sent again at once, and that is no
/// attempt.
///
/// The defaults suit most programs: take [`RetryPolicy::new`] and set the fields that differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct RetryPolicy {
    /// How often an unanswered command is sent at most: first, after time-outs, and in new sessions. After that it is
    /// given up, together with all other commands of its instrument. Default: 3.
    pub attempts: u32,
    /// How long the SDK waits for an answer after the first attempt. The wait doubles with each further attempt, less a
    /// random part of up to a half. Default: 1 s.
    pub timeout: Duration,
    /// Longest wait after an attempt. Default: 8 s.
    pub maximum_timeout: Duration,
    /// How long commands are kept without a session before they are given up. Default: 60 s.
    pub disconnected_timeout: Duration,
    /// How long commands are kept while their instrument is on its way to another cluster, before they are given up.
    /// Default: 30 s.
    pub moved_timeout: Duration,
    /// How long the SDK waits before it tries whether a moving instrument has arrived, as long as no partition map says
    /// so. The wait doubles with each try, less a random part of up to a half. Default: 2 ms.
    pub moved_interval: Duration,
    /// Longest interval of these tries. Default: 250 ms.
    pub maximum_moved_interval: Duration,
    /// How long an instrument may be quiet before the SDK asks whether events were missed: the cluster drops what a
    /// slow session does not take. The interval doubles with each time that none were missed. Default: 5 s.
    pub verify_interval: Duration,
    /// Longest interval of these questions. Default: 60 s.
    pub maximum_verify_interval: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self::new()
    }
}

impl RetryPolicy {
    /// The policy with all defaults.
    pub const fn new() -> Self {
        Self {
            attempts: 3,
            timeout: Duration::from_secs(1),
            maximum_timeout: Duration::from_secs(8),
            disconnected_timeout: Duration::from_secs(60),
            moved_timeout: Duration::from_secs(30),
            moved_interval: Duration::from_millis(2),
            maximum_moved_interval: Duration::from_millis(250),
            verify_interval: Duration::from_secs(5),
            maximum_verify_interval: Duration::from_secs(60),
        }
    }
}

impl RetryPolicy {
    /// Checks that the policy can work.
    pub(crate) fn check(&self) -> Result<(), ConfigurationError> {
        let durations = [
            ("timeout", self.timeout),
            ("maximum_timeout", self.maximum_timeout),
            ("disconnected_timeout", self.disconnected_timeout),
            ("moved_timeout", self.moved_timeout),
            ("moved_interval", self.moved_interval),
            ("maximum_moved_interval", self.maximum_moved_interval),
            ("verify_interval", self.verify_interval),
            ("maximum_verify_interval", self.maximum_verify_interval),
        ];
        for (name, value) in durations {
            if value < Duration::from_millis(1) {
                return Err(ConfigurationError::Duration { name, value, rule: "it must be at least 1 ms" });
            }
        }
        for (name, longest, shortest) in [
            ("maximum_timeout", self.maximum_timeout, self.timeout),
            ("maximum_moved_interval", self.maximum_moved_interval, self.moved_interval),
            ("maximum_verify_interval", self.maximum_verify_interval, self.verify_interval),
        ] {
            if longest < shortest {
                let rule = "the longest must not be below the shortest";
                return Err(ConfigurationError::Duration { name, value: longest, rule });
            }
        }
        if self.attempts == 0 {
            return Err(ConfigurationError::Zero { name: "attempts" });
        }
        Ok(())
    }
}

/// The policy's delays in nanoseconds, with the jitter that spreads clients which time out together.
#[derive(Debug, Clone)]
pub(crate) struct Delays {
    pub(crate) attempts: u32,
    timeout: u64,
    maximum_timeout: u64,
    pub(crate) disconnected_timeout: u64,
    pub(crate) moved_timeout: u64,
    moved_interval: u64,
    maximum_moved_interval: u64,
    verify_interval: u64,
    maximum_verify_interval: u64,
    random: u64,
}

impl Delays {
    pub(crate) fn new(policy: &RetryPolicy, seed: u64) -> Self {
        Self {
            attempts: policy.attempts,
            timeout: nanos(policy.timeout),
            maximum_timeout: nanos(policy.maximum_timeout),
            disconnected_timeout: nanos(policy.disconnected_timeout),
            moved_timeout: nanos(policy.moved_timeout),
            moved_interval: nanos(policy.moved_interval),
            maximum_moved_interval: nanos(policy.maximum_moved_interval),
            verify_interval: nanos(policy.verify_interval),
            maximum_verify_interval: nanos(policy.maximum_verify_interval),
            random: seed | 1,
        }
    }

    /// How long to wait for an answer, in nanoseconds; `attempt` counts from 0. The first wait is not jittered.
    #[inline]
    pub(crate) fn timeout(&mut self, attempt: u32) -> u64 {
        if attempt == 0 {
            return self.timeout;
        }
        let longest = doubled(self.timeout, attempt, self.maximum_timeout);
        self.jittered(longest)
    }

    /// How long to wait before a moving instrument is tried again, in nanoseconds; `tries` counts from 0.
    pub(crate) fn moved(&mut self, tries: u32) -> u64 {
        let longest = doubled(self.moved_interval, tries, self.maximum_moved_interval);
        self.jittered(longest)
    }

    /// `longest` less a random part of up to a half.
    fn jittered(&mut self, longest: u64) -> u64 {
        longest - ((u128::from(longest / 2) * u128::from(self.next_random())) >> 64) as u64
    }

    /// How long an instrument may be quiet, in nanoseconds; `quiet_checks` counts the questions by which nothing was
    /// found missing.
    #[inline]
    pub(crate) fn verify(&self, quiet_checks: u32) -> u64 {
        doubled(self.verify_interval, quiet_checks, self.maximum_verify_interval)
    }

    /// Xorshift: the quality of the numbers does not matter here.
    fn next_random(&mut self) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random
    }
}

/// `value` doubled `times` times, at most `maximum`.
fn doubled(value: u64, times: u32, maximum: u64) -> u64 {
    value.checked_shl(times).filter(|doubled| doubled >> times == value).unwrap_or(maximum).min(maximum)
}

/// A duration in nanoseconds, small enough to be added to a time.
fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX / 4).min(u64::MAX / 4)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MILLISECOND: u64 = 1_000_000;

    #[test]
    fn delays_double_with_jitter_up_to_the_longest() {
        let mut delays = Delays::new(&RetryPolicy::default(), 42);
        assert_eq!(delays.timeout(0), 1_000 * MILLISECOND);
        for (attempt, longest) in [(1, 2_000), (2, 4_000), (3, 8_000), (4, 8_000), (40, 8_000), (400, 8_000)] {
            let longest = longest * MILLISECOND;
            for _ in 0..100 {
                let delay = delays.timeout(attempt);
                assert!(delay > longest / 2 - 1 && delay <= longest, "attempt {attempt}: {delay}");
            }
        }
    }

    #[test]
    fn jitter_differs_between_clients_and_attempts() {
        let delay = |seed| Delays::new(&RetryPolicy::default(), seed).timeout(2);
        assert_ne!(delay(1 << 20), delay(1 << 40));
        let mut delays = Delays::new(&RetryPolicy::default(), 7);
        assert_ne!(delays.timeout(2), delays.timeout(2));
    }

    #[test]
    fn quiet_checks_become_rarer() {
        let delays = Delays::new(&RetryPolicy::default(), 1);
        let seconds: Vec<u64> = (0..6).map(|quiet| delays.verify(quiet) / 1_000 / MILLISECOND).collect();
        assert_eq!(seconds, [5, 10, 20, 40, 60, 60]);
    }

    #[test]
    fn each_fault_of_a_policy_has_its_error() {
        let good = RetryPolicy::default();
        assert!(good.check().is_ok());
        let faults = [
            (RetryPolicy { attempts: 0, ..good }, "attempts"),
            (RetryPolicy { timeout: Duration::ZERO, ..good }, "timeout"),
            (RetryPolicy { maximum_timeout: Duration::from_millis(1), ..good }, "maximum_timeout"),
            (RetryPolicy { disconnected_timeout: Duration::ZERO, ..good }, "disconnected_timeout"),
            (RetryPolicy { moved_timeout: Duration::ZERO, ..good }, "moved_timeout"),
            (RetryPolicy { moved_interval: Duration::from_secs(1), ..good }, "maximum_moved_interval"),
            (RetryPolicy { verify_interval: Duration::ZERO, ..good }, "verify_interval"),
            (RetryPolicy { verify_interval: Duration::from_secs(61), ..good }, "maximum_verify_interval"),
        ];
        for (policy, name) in faults {
            let error = policy.check().expect_err(name).to_string();
            assert!(error.contains(name), "{error}");
        }
    }
}
