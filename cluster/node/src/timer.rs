//! The timer of the cluster that lets the engine go on where no commands come: orders expire in a quiet market, and work
//! that a command has left is done at once.
//!
//! Every member schedules the same timers in the same order of the log, the leader's consensus module appends each that
//! fires to the log, and every member then applies it. A consensus module counts schedules and firings by number, and takes
//! one of each for a pair. So each timer has a number of its own, and none is scheduled twice: a follower whose service is
//! slow may see a timer fire before its service schedules it. The last number and the deadline are part of the snapshot.

use aeron_cluster_service::Cluster;
use lugus_engine::Deadline;
use lugus_vocabulary::ScheduledTimer;

/// The one timer that is scheduled at a time.
#[derive(Debug, Default)]
pub(crate) struct EngineTimer {
    state: ScheduledTimer,
}

impl EngineTimer {
    /// The timer as a snapshot has it.
    pub(crate) fn of(state: ScheduledTimer) -> Self {
        Self { state }
    }

    /// What a snapshot keeps.
    pub(crate) fn state(&self) -> &ScheduledTimer {
        &self.state
    }

    /// Notes that a timer has fired. One that was cancelled may fire all the same.
    pub(crate) fn fired(&mut self, correlation_id: i64) {
        if correlation_id == self.state.last_correlation_id {
            self.state.deadline = None;
        }
    }

    /// Schedules a timer for what the engine has to do next, unless one fires before. `now` is the time of the log's entry
    /// at hand, in cluster time. A timer for work that is no longer there is left: it finds nothing to do.
    pub(crate) fn schedule(&mut self, next: Option<Deadline>, now: i64, cluster: &mut dyn Cluster) {
        let unit = cluster.time_unit().as_nanos();
        let deadline = match next {
            None => return,
            Some(Deadline::Now) => now,
            // Not before the time has come.
            Some(Deadline::At(time)) => (time.0.div_euclid(unit) + i64::from(time.0.rem_euclid(unit) != 0)).max(now),
        };
        let ScheduledTimer { last_correlation_id, deadline: scheduled } = &mut self.state;
        if scheduled.is_some_and(|scheduled| scheduled <= deadline) {
            return;
        }
        if scheduled.is_some() {
            while !cluster.cancel_timer(*last_correlation_id) {
                cluster.idle(0);
            }
        }
        *last_correlation_id += 1;
        while !cluster.schedule_timer(*last_correlation_id, deadline) {
            cluster.idle(0);
        }
        *scheduled = Some(deadline);
    }
}

#[cfg(test)]
mod tests {
    use aeron_cluster_service::testing::RecordingCluster;
    use aeron_cluster_service::{OfferError, Role, TimeUnit};
    use lugus_vocabulary::EpochNanos;

    use super::*;

    #[test]
    fn an_earlier_deadline_replaces_a_later_one_under_a_new_number() {
        let mut cluster = RecordingCluster::new(Role::Follower).with_time_unit(TimeUnit::Micros);
        let mut timer = EngineTimer::default();
        let at = |nanos| Some(Deadline::At(EpochNanos(nanos)));
        timer.schedule(None, 5, &mut cluster);
        assert!(cluster.timers().is_empty());
        timer.schedule(at(9_001), 5, &mut cluster);
        timer.schedule(at(12_000), 5, &mut cluster);
        assert_eq!(cluster.timers().iter().collect::<Vec<_>>(), [(&1, &10)]);
        cluster.refuse_next(3, OfferError::BackPressured);
        timer.schedule(at(7_000), 6, &mut cluster);
        assert_eq!((cluster.cancelled_timers(), cluster.idle_count()), (&[1][..], 3));
        assert_eq!(cluster.timers().iter().collect::<Vec<_>>(), [(&2, &7)]);
        // The old one fired before it was cancelled; the new one is still to come.
        timer.fired(1);
        timer.schedule(at(7_000), 6, &mut cluster);
        assert_eq!(timer.state(), &ScheduledTimer { last_correlation_id: 2, deadline: Some(7) });
        timer.fired(2);
        timer.schedule(Some(Deadline::Now), 8, &mut cluster);
        assert_eq!(timer.state(), &ScheduledTimer { last_correlation_id: 3, deadline: Some(8) });
    }
}
