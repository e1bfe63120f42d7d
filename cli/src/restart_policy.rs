//! When a process that has ended by itself is started again.

use std::time::Duration;

use lugus_topology::Supervision;

/// A process that ran for less than this has not done its work: its failure counts as one more in a row.
const SHORT_RUN: Duration = Duration::from_secs(10);

/// Number of short runs in a row that may end with the wish to be started again before such an end counts as a failure.
const FREE_RESTARTS: u32 = 5;

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// As it was asked to: by a signal, or by a shutdown of its cluster.
    InOrder,
    /// To be started again: nothing is wrong with it.
    WantsRestart,
    /// Before it had started: its configuration is wrong, or something is missing or in use.
    NotStarted,
    /// With an error after its start, or killed.
    Failed,
    /// What it has recorded is damaged: each start would find the same until it is repaired.
    Damaged,
    /// Its program is too old for the state of its cluster, or too new: each start would find the same until another version is
    /// installed.
    OtherVersion,
}

/// What follows the end of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// The process stays ended.
    Stay,
    /// The process is started after this time.
    StartAfter(Duration),
}

/// Decides what follows each end of one process.
#[derive(Debug)]
pub struct RestartPolicy {
    longest_delay: Duration,
    is_first_run: bool,
    /// Number of failures after short runs, in a row.
    failures: u32,
    /// Number of wishes to be started again after short runs, in a row.
    wishes: u32,
}

impl RestartPolicy {
    /// For a process that has not run yet.
    pub fn new(longest_delay: Duration) -> Self {
        Self { longest_delay, is_first_run: true, failures: 0, wishes: 0 }
    }

    /// What follows this end of a run that lasted `lasted`.
    pub fn after(&mut self, end: End, lasted: Duration) -> Next {
        let is_first_run = std::mem::take(&mut self.is_first_run);
        if lasted >= SHORT_RUN {
            (self.failures, self.wishes) = (0, 0);
        }
        match end {
            End::InOrder | End::Damaged | End::OtherVersion => Next::Stay,
            // Whoever starts it for the first time waits for it, and is told the reason at once.
            End::NotStarted if is_first_run => Next::Stay,
            End::WantsRestart if self.wishes < FREE_RESTARTS => {
                self.wishes += 1;
                Next::StartAfter(Duration::ZERO)
            }
            End::WantsRestart | End::NotStarted | End::Failed => {
                let doubled = 1_u32.checked_shl(self.failures).unwrap_or(u32::MAX);
                self.failures = self.failures.saturating_add(1);
                Next::StartAfter(Supervision::FIRST_DELAY.saturating_mul(doubled).min(self.longest_delay))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(60);
    const SHORT: Duration = Duration::from_secs(1);
    const FIRST_DELAY: Duration = Supervision::FIRST_DELAY;

    fn after_a_long_run() -> RestartPolicy {
        let mut policy = RestartPolicy::new(Duration::from_secs(5));
        assert_eq!(policy.after(End::Failed, LONG), Next::StartAfter(FIRST_DELAY));
        policy
    }

    #[test]
    fn what_ends_in_order_stays_ended() {
        assert_eq!(RestartPolicy::new(LONG).after(End::InOrder, LONG), Next::Stay);
        assert_eq!(after_a_long_run().after(End::InOrder, SHORT), Next::Stay);
    }

    #[test]
    fn what_is_damaged_or_of_another_version_stays_down() {
        for end in [End::Damaged, End::OtherVersion] {
            assert_eq!(RestartPolicy::new(LONG).after(end, SHORT), Next::Stay);
            assert_eq!(after_a_long_run().after(end, LONG), Next::Stay);
        }
    }

    #[test]
    fn a_first_start_that_fails_is_not_repeated_but_each_later_one_is() {
        for lasted in [SHORT, LONG] {
            assert_eq!(RestartPolicy::new(LONG).after(End::NotStarted, lasted), Next::Stay);
        }
        assert_eq!(after_a_long_run().after(End::NotStarted, SHORT), Next::StartAfter(FIRST_DELAY * 2));
    }

    #[test]
    fn a_process_that_had_started_is_started_again_however_soon_it_fails() {
        assert_eq!(RestartPolicy::new(LONG).after(End::Failed, SHORT), Next::StartAfter(FIRST_DELAY));
    }

    #[test]
    fn failures_in_a_row_wait_twice_as_long_each_time_up_to_the_longest() {
        for end in [End::Failed, End::NotStarted] {
            let mut policy = after_a_long_run();
            let delays: Vec<u128> = (0..40)
                .map(|_| match policy.after(end, SHORT) {
                    Next::StartAfter(delay) => delay.as_millis(),
                    Next::Stay => panic!("it is given up"),
                })
                .collect();
            assert_eq!(delays[..6], [200, 400, 800, 1_600, 3_200, 5_000]);
            assert_eq!(delays[39], 5_000);
            assert_eq!(policy.after(end, LONG), Next::StartAfter(FIRST_DELAY), "a long run forgives");
        }
    }

    #[test]
    fn a_process_that_wants_to_start_again_does_so_at_once_and_is_no_failure() {
        let mut policy = RestartPolicy::new(LONG);
        assert_eq!(policy.after(End::WantsRestart, SHORT), Next::StartAfter(Duration::ZERO), "also in its first run");
        for _ in 0..100 {
            assert_eq!(policy.after(End::WantsRestart, LONG), Next::StartAfter(Duration::ZERO));
        }
        assert_eq!(policy.after(End::Failed, SHORT), Next::StartAfter(FIRST_DELAY), "none of them counts");
    }

    #[test]
    fn a_process_that_wants_to_start_again_after_each_short_run_is_slowed_down() {
        let mut policy = RestartPolicy::new(LONG);
        for _ in 0..FREE_RESTARTS {
            assert_eq!(policy.after(End::WantsRestart, SHORT), Next::StartAfter(Duration::ZERO));
        }
        assert_eq!(policy.after(End::WantsRestart, SHORT), Next::StartAfter(FIRST_DELAY));
        assert_eq!(policy.after(End::WantsRestart, SHORT), Next::StartAfter(FIRST_DELAY * 2));
    }
}
