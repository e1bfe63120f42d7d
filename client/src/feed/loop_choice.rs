//! To whose loop of snapshots a feed listens: to one member's of a cluster, while a book is being loaded.

use std::time::Duration;

/// How long a member's loop may be silent before another one is chosen.
const SILENCE: Duration = Duration::from_secs(1);
/// How long a loop is listened to after it was last of use: the next book may need it.
const LINGER: Duration = Duration::from_millis(500);

/// The choice among the members of one cluster.
#[derive(Debug, Default)]
pub(super) struct LoopChoice {
    chosen: Option<usize>,
    /// When the member was chosen, or last heard.
    heard_at: Duration,
    /// When a book was last being loaded.
    wanted_at: Duration,
}

impl LoopChoice {
    /// The member whose loop is listened to from now on, if any. `preferred` is chosen first: a follower, as the loop then takes nothing
    /// from the leader.
    pub(super) fn look(&mut self, now: Duration, is_wanted: bool, members: usize, preferred: usize) -> Option<usize> {
        if is_wanted && members > 0 {
            self.wanted_at = now;
            self.chosen = match self.chosen {
                None => Some(self.choose(now, preferred % members)),
                Some(member) if now >= self.heard_at + SILENCE => Some(self.choose(now, (member + 1) % members)),
                chosen => chosen,
            };
        } else if now >= self.wanted_at + LINGER {
            self.chosen = None;
        }
        self.chosen
    }

    /// The chosen member's loop was heard.
    pub(super) fn heard(&mut self, now: Duration) {
        self.heard_at = now;
    }

    fn choose(&mut self, now: Duration, member: usize) -> usize {
        self.heard_at = now;
        member
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn millis(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn one_member_after_the_other_is_tried_while_a_loop_is_wanted() {
        let mut choice = LoopChoice::default();
        assert_eq!(choice.look(millis(0), false, 3, 1), None);
        assert_eq!(choice.look(millis(10), true, 3, 1), Some(1));
        assert_eq!(choice.look(millis(1_009), true, 3, 1), Some(1));
        assert_eq!(choice.look(millis(1_010), true, 3, 1), Some(2), "the first one is silent");
        choice.heard(millis(1_500));
        assert_eq!(choice.look(millis(2_400), true, 3, 1), Some(2));
        assert_eq!(choice.look(millis(2_500), true, 3, 1), Some(0));
        assert_eq!(choice.look(millis(2_600), false, 3, 1), Some(0), "it lingers");
        assert_eq!(choice.look(millis(3_000), false, 3, 1), None);
        assert_eq!(choice.look(millis(3_001), true, 0, 0), None, "there is no loop");
    }
}
