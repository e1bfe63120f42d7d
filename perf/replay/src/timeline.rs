//! The times of answers, from which the silence of a fail-over can be read.

use std::time::{Duration, Instant};

/// Shortest silence that is recorded.
const SHORTEST_SILENCE: Duration = Duration::from_millis(5);

/// Largest number of recorded silences. A run with more silences has other problems, which the first ones show.
const MAX_SILENCES: usize = 65_536;

/// Largest number of recorded changes of the leader.
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
    /// When the last answer before the silence came.
    pub from: Instant,
    /// When the first answer after the silence came.
    pub to: Instant,
}

/// A change of the leader, as the client saw it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeaderChange {
    /// When the client learned of the change.
    pub heard: Instant,
    /// When the first answer after the change came.
    pub first_answer: Option<Instant>,
}

/// The end of a leader, as a client saw it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FailOver {
    /// Time from the leader's end until the client learned of the next leader.
    pub heard: Duration,
    /// Time from the leader's end to the first answer of the next leader.
    pub first_answer: Duration,
    /// Longest time without an answer.
    pub longest_silence: Duration,
}

impl Timeline {
    /// Records an answer.
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

    /// Records that the client learned of a new leader.
    pub fn new_leader(&mut self, now: Instant) {
        if self.leader_changes.len() < MAX_LEADER_CHANGES {
            self.leader_changes.push(LeaderChange { heard: now, first_answer: None });
        }
    }

    /// All changes of the leader.
    pub fn leader_changes(&self) -> &[LeaderChange] {
        &self.leader_changes
    }

    /// The fail-over after the leader's end at `killed`; `None` when no next leader answered.
    pub fn fail_over(&self, killed: Instant) -> Option<FailOver> {
        let answers = self.leader_changes.iter().filter(|change| change.heard >= killed);
        let (heard, first) = answers.filter_map(|change| Some((change.heard, change.first_answer?))).next()?;
        let silences = self.silences.iter().filter(|silence| silence.to >= killed && silence.from < first);
        let longest_silence = silences.map(|silence| silence.to - silence.from).max().unwrap_or_default();
        Some(FailOver { heard: heard - killed, first_answer: first - killed, longest_silence })
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
        let expected = FailOver { heard: millis(349), first_answer: millis(369), longest_silence: millis(367) };
        assert_eq!(timeline.fail_over(killed), Some(expected));
        assert_eq!(timeline.leader_changes().len(), 2);
    }
}
