//! The timers of a member's consensus module. Source: `ConsensusModuleAgent.onScheduleTimer`, `onReplayTimerEvent`,
//! `restoreUncommittedEntries` of Aeron.

use std::collections::BTreeMap;

/// Timers by their number. Deadlines are in cluster time.
#[derive(Debug, Clone, Default)]
pub(crate) struct Timers {
    scheduled: BTreeMap<i64, i64>,
    /// How often a timer was seen to fire before the service, which was behind, had scheduled it.
    fired_before: BTreeMap<i64, u32>,
    /// Timers that this member has fired as leader: position in the log, number, deadline.
    uncommitted: Vec<(i64, i64, i64)>,
}

impl Timers {
    pub(crate) fn schedule(&mut self, correlation_id: i64, deadline: i64) {
        match self.fired_before.get_mut(&correlation_id) {
            Some(times) if *times > 0 => *times -= 1,
            _ => {
                self.scheduled.insert(correlation_id, deadline);
            }
        }
    }

    pub(crate) fn cancel(&mut self, correlation_id: i64) {
        self.scheduled.remove(&correlation_id);
    }

    /// Another leader has fired this timer.
    pub(crate) fn seen_to_fire(&mut self, correlation_id: i64) {
        if self.scheduled.remove(&correlation_id).is_none() {
            *self.fired_before.entry(correlation_id).or_default() += 1;
        }
    }

    /// The timer that is due first, which [`Self::fired`] takes off.
    pub(crate) fn due(&self, now: i64) -> Option<(i64, i64)> {
        let first = self.scheduled.iter().map(|(id, deadline)| (*deadline, *id)).min();
        first.filter(|(deadline, _)| *deadline <= now).map(|(deadline, id)| (id, deadline))
    }

    /// This member, which leads, has fired a timer: the event ends at this position of the log.
    pub(crate) fn fired(&mut self, position: i64, (correlation_id, deadline): (i64, i64)) {
        self.scheduled.remove(&correlation_id);
        self.uncommitted.push((position, correlation_id, deadline));
    }

    pub(crate) fn committed(&mut self, position: i64) {
        self.uncommitted.retain(|(fired_at, ..)| *fired_at > position);
    }

    /// This member leads no more: what was not committed has not fired.
    pub(crate) fn stop_leading(&mut self, committed: i64) {
        for (position, correlation_id, deadline) in std::mem::take(&mut self.uncommitted) {
            if position > committed {
                self.scheduled.insert(correlation_id, deadline);
            }
        }
    }

    /// Whether none is due before this time.
    pub(crate) fn are_quiet_before(&self, time: i64) -> bool {
        self.scheduled.values().all(|deadline| *deadline >= time)
    }
}
