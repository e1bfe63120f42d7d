//! Which member of a cluster is asked for recorded increments, and when: one after the other, until what is missing comes.

use std::time::Duration;

use lugus_vocabulary::EpochNanos;

/// How long nothing of what is missing may come before the next member is asked.
const SILENCE: Duration = Duration::from_millis(500);
/// How long it may take to reach a member.
const CONNECT_TIMEOUT: Duration = Duration::from_millis(500);

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Nothing.
    Wait,
    /// This member is asked for all from this log time on.
    Ask(usize, EpochNanos),
    /// No member has what is missing.
    GiveUp,
}

/// The choice among the members of one cluster.
#[derive(Debug)]
pub(super) struct ReplayChoice {
    /// When the choice began: by then members were not reached yet.
    began_at: Duration,
    /// Log time from which on increments are missing.
    begin: Option<EpochNanos>,
    /// When a member was asked, or something of what is missing last came.
    progress_at: Option<Duration>,
    /// Members that were asked since.
    asked: Vec<bool>,
}

impl ReplayChoice {
    pub(super) fn new(members: usize, now: Duration) -> Self {
        Self { began_at: now, begin: None, progress_at: None, asked: vec![false; members] }
    }

    /// What is to be done, if increments are missing from the log time `wanted` on. `preferred` is asked first, then those after it.
    /// A member that is told to be asked counts as asked.
    pub(super) fn look(
        &mut self,
        now: Duration,
        wanted: Option<EpochNanos>,
        preferred: usize,
        is_reached: impl Fn(usize) -> bool,
    ) -> Step {
        let Some(begin) = wanted else {
            (self.begin, self.progress_at) = (None, None);
            self.asked.fill(false);
            return Step::Wait;
        };
        if self.begin.replace(begin).is_some_and(|before| before != begin) {
            // Something came: there may be more.
            self.progress_at = self.progress_at.map(|_| now);
            self.asked.fill(false);
        }
        if self.progress_at.is_some_and(|at| now < at + SILENCE) {
            return Step::Wait;
        }
        let count = self.asked.len();
        let mut members = (0..count).map(|offset| (preferred + offset) % count);
        match members.find(|&member| !self.asked[member] && is_reached(member)) {
            Some(member) => {
                self.asked[member] = true;
                self.progress_at = Some(now);
                Step::Ask(member, begin)
            }
            None if now < self.began_at + CONNECT_TIMEOUT => Step::Wait,
            None => {
                self.progress_at = None;
                self.asked.fill(false);
                Step::GiveUp
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEGIN: EpochNanos = EpochNanos(7);

    fn millis(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn one_member_after_the_other_is_asked_until_all_were() {
        let mut choice = ReplayChoice::new(3, millis(0));
        let mut look = |now, wanted, reached: [bool; 3]| choice.look(millis(now), wanted, 4, |member| reached[member]);
        assert_eq!(look(0, None, [true; 3]), Step::Wait);
        assert_eq!(look(0, Some(BEGIN), [false; 3]), Step::Wait, "none is reached yet");
        assert_eq!(look(10, Some(BEGIN), [true, false, false]), Step::Ask(0, BEGIN), "1 would be better");
        assert_eq!(look(509, Some(BEGIN), [true; 3]), Step::Wait);
        assert_eq!(look(510, Some(BEGIN), [true; 3]), Step::Ask(1, BEGIN));
        assert_eq!(look(1_010, Some(BEGIN), [true, true, false]), Step::GiveUp, "2 is dead");
        assert_eq!(look(1_011, Some(BEGIN), [true; 3]), Step::Ask(1, BEGIN), "something is missing again");
        assert_eq!(look(1_012, None, [true; 3]), Step::Wait);
        assert_eq!(look(1_013, Some(BEGIN), [true; 3]), Step::Ask(1, BEGIN), "the gap before was closed");
    }

    #[test]
    fn nobody_else_is_asked_while_a_replay_comes() {
        let mut choice = ReplayChoice::new(2, millis(0));
        assert_eq!(choice.look(millis(0), Some(BEGIN), 0, |_| true), Step::Ask(0, BEGIN));
        for now in 1..1_000 {
            let begin = EpochNanos(7 + i64::try_from(now).unwrap());
            assert_eq!(choice.look(millis(now), Some(begin), 0, |_| true), Step::Wait);
        }
        let last = EpochNanos(1_006);
        assert_eq!(choice.look(millis(1_498), Some(last), 0, |_| true), Step::Wait);
        assert_eq!(choice.look(millis(1_499), Some(last), 0, |_| true), Step::Ask(0, last), "the next part");
    }

    #[test]
    fn without_members_there_is_nobody_to_ask() {
        let mut choice = ReplayChoice::new(0, millis(0));
        assert_eq!(choice.look(millis(500), Some(BEGIN), 0, |_| true), Step::GiveUp);
    }
}
