//! Who leads a cluster, from one look to the next: elections, fail-overs, and the time without a leader.

use std::time::Duration;

use super::moment::Moment;

/// A member that leads, and its term.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Leader {
    /// The member's number.
    pub member: i32,
    /// Number of the leadership term.
    pub term: i64,
}

/// A change of who leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LeaderChange {
    /// Nobody leads any more.
    Lost {
        /// Who has led.
        before: Leader,
    },
    /// A member leads in a new term.
    Elected {
        /// Who leads.
        leader: Leader,
        /// Who has led before.
        before: Leader,
        /// Time since the leader before was last seen to lead.
        after: Duration,
        /// Why there was an election.
        cause: Cause,
        /// Whether it was told before that nobody leads. A fail-over may be over from one look to the next.
        was_lost: bool,
    },
    /// The same leader leads again in the same term.
    Regained {
        /// Who leads.
        leader: Leader,
        /// For how long nobody was seen to lead.
        after: Duration,
    },
}

/// Why there was an election.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    /// The leader before has died.
    FailOver,
    /// The leader before lives: it has lost its followers, or was slow.
    Election,
}

/// Who leads a cluster, as seen last.
#[derive(Debug, Default)]
pub(super) struct Leadership {
    last: Option<Last>,
}

#[derive(Debug)]
struct Last {
    leader: Leader,
    seen: Moment,
    /// Whether it was told that nobody leads.
    is_lost: bool,
    /// Whether the leader was seen dead since.
    has_died: bool,
}

impl Leadership {
    /// Takes who leads now, and `is_dead`, which tells of a member whether it does not run or has just been started again.
    pub(super) fn see(
        &mut self,
        now: Moment,
        leader: Option<Leader>,
        is_dead: impl Fn(i32) -> bool,
    ) -> Option<LeaderChange> {
        let Some(last) = &mut self.last else {
            self.last = leader.map(|leader| Last::new(leader, now));
            return None;
        };
        last.has_died |= is_dead(last.leader.member);
        let before = last.leader;
        let Some(leader) = leader else {
            let is_news = !std::mem::replace(&mut last.is_lost, true);
            return is_news.then_some(LeaderChange::Lost { before });
        };
        let (after, was_lost, has_died) = (now.since(last.seen), last.is_lost, last.has_died);
        *last = Last::new(leader, now);
        if leader == before {
            return was_lost.then_some(LeaderChange::Regained { leader, after });
        }
        let cause = if has_died { Cause::FailOver } else { Cause::Election };
        Some(LeaderChange::Elected { leader, before, after, cause, was_lost })
    }

    /// Since when nobody leads; `None` if somebody does, or nobody has ever.
    pub(super) fn lost_since(&self) -> Option<Moment> {
        self.last.as_ref().filter(|last| last.is_lost).map(|last| last.seen)
    }
}

impl Last {
    fn new(leader: Leader, seen: Moment) -> Self {
        Self { leader, seen, is_lost: false, has_died: false }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Leader = Leader { member: 0, term: 4 };
    const B: Leader = Leader { member: 2, term: 5 };

    fn at(ms: u64) -> Moment {
        Moment { elapsed: Duration::from_millis(ms), epoch_ms: 0 }
    }

    #[test]
    fn a_leader_that_dies_makes_a_fail_over() {
        let mut leadership = Leadership::default();
        let dead = |member| member == 0;
        assert_eq!(leadership.see(at(0), None, dead), None, "nobody has led yet");
        assert_eq!(leadership.see(at(250), Some(A), |_| false), None, "who leads first is no news");
        assert_eq!(leadership.see(at(500), Some(A), |_| false), None);
        assert_eq!(leadership.see(at(750), None, dead), Some(LeaderChange::Lost { before: A }));
        assert_eq!(leadership.lost_since(), Some(at(500)));
        assert_eq!(leadership.see(at(1_000), None, dead), None, "told once");
        // Its supervisor has started it again meanwhile.
        let (after, cause) = (Duration::from_millis(750), Cause::FailOver);
        let elected = LeaderChange::Elected { leader: B, before: A, after, cause, was_lost: true };
        assert_eq!(leadership.see(at(1_250), Some(B), |_| false), Some(elected));
        assert_eq!((leadership.lost_since(), leadership.see(at(1_500), Some(B), |_| false)), (None, None));
    }

    #[test]
    fn a_leader_that_lives_makes_an_election() {
        let mut leadership = Leadership::default();
        leadership.see(at(0), Some(A), |_| false);
        let after = Duration::from_millis(100);
        let elected = LeaderChange::Elected { leader: B, before: A, after, cause: Cause::Election, was_lost: false };
        assert_eq!(leadership.see(at(100), Some(B), |_| false), Some(elected));
        let again = Leader { term: 6, ..B };
        assert!(matches!(
            leadership.see(at(200), Some(again), |_| false),
            Some(LeaderChange::Elected { cause: Cause::Election, .. })
        ));
        leadership.see(at(300), None, |_| false);
        let after = Duration::from_millis(200);
        assert_eq!(
            leadership.see(at(400), Some(again), |_| false),
            Some(LeaderChange::Regained { leader: again, after })
        );
    }
}
