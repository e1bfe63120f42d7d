//! When answers came: for the silence of a fail-over.

use std::time::{Duration, Instant};

/// The shortest silence that is kept.
const SHORTEST_SILENCE: Duration = Duration::from_millis(5);

/// Most silences kept: a run that has more has other troubles, and the first ones tell them.
const MAX_SILENCES: usize = 65_536;

/// Most changes of the leader kept.
const MAX_LEADER_CHANGES: usize = 1_024;

/// Silences between answers, and changes of the leader.
#[derive(Debug, Default)]
pub struct Timeline {
    last_answer: Option<Instant>,
    silences: Vec<Silence>,
    leader_changes: Vec<LeaderChange>,
}

/// A time without an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Silence {
    /// The answer before it.
    pub from: Instant,
    /// The answer after it.
    pub to: Instant,
}

/// A change of the leader, as the client saw it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeaderChange {
    /// When the client heard of it.
    pub heard: Instant,
    /// The first answer after it.
    pub first_answer: Option<Instant>,
}

/// What a client felt of a leader's end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FailOver {
    /// From the leader's end to the first answer of the next one.
    pub first_answer: Duration,
    /// The longest time without an answer.
    pub longest_silence: Duration,
}

impl Timeline {
    /// An answer came.
    pub fn answer(&mut self, now: Instant) {
        if let Some(from) = self.last_answer.replace(now)
            && now.duration_since(from) >= SHORTEST_SILENCE
            && self.silences.len() < MAX_SILENCES
        {
            self.silences.push(Silence { from, to: now });
        }
        if let Some(change) = self.leader_changes.last_mut() {
            change.first_answer.get_or_insert(now);
        }
    }

    /// The client heard that there is a new leader.
    pub fn new_leader(&mut self, now: Instant) {
        if self.leader_changes.len() < MAX_LEADER_CHANGES {
            self.leader_changes.push(LeaderChange { heard: now, first_answer: None });
        }
    }

    /// All changes of the leader.
    pub fn leader_changes(&self) -> &[LeaderChange] {
        &self.leader_changes
    }

    /// What the end of the leader at `killed` did; `None` when no answer of a next one came.
    pub fn fail_over(&self, killed: Instant) -> Option<FailOver> {
        let answers = self.leader_changes.iter().filter(|change| change.heard >= killed);
        let first = answers.filter_map(|change| change.first_answer).next()?;
        let silences = self.silences.iter().filter(|silence| silence.to >= killed && silence.from < first);
        let longest_silence = silences.map(|silence| silence.to - silence.from).max().unwrap_or_default();
        Some(FailOver { first_answer: first - killed, longest_silence })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fail_over_lasts_to_the_next_leaders_first_answer() {
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        let mut timeline = Timeline::default();
        timeline.new_leader(at(0));
        for millis in [1, 2, 90, 100] {
            timeline.answer(at(millis));
        }
        let killed = at(101);
        timeline.answer(at(103)); // was on its way from the old leader
        assert_eq!(timeline.fail_over(killed), None);
        timeline.new_leader(at(450));
        assert_eq!(timeline.fail_over(killed), None);
        timeline.answer(at(470));
        timeline.answer(at(900));
        let millis = Duration::from_millis;
        let expected = FailOver { first_answer: millis(369), longest_silence: millis(367) };
        assert_eq!(timeline.fail_over(killed), Some(expected));
        assert_eq!(timeline.leader_changes().len(), 2);
    }
}
