//! What a follower publishes: every member makes the same increments, so a follower can send them, too (feed B).

use std::time::{SystemTime, UNIX_EPOCH};

use lugus_vocabulary::{EpochNanos, LogPosition};

/// What becomes of the increments of followers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FollowerFeed {
    /// The leader alone makes increments.
    #[default]
    Off,
    /// Each follower has its own recorded, so that it can replay what a leader that dies has not sent.
    Recorded,
    /// Each follower publishes to those who listen to it, and has its increments recorded if any member has.
    On,
}

impl FollowerFeed {
    /// Whether a follower makes increments.
    pub fn has_increments(self) -> bool {
        self != Self::Off
    }
}

/// A log that grows while its time is older than this is replayed. It is more than clocks of members may differ.
const OLD_NS: i64 = 5_000_000_000;
/// A log that has not grown for so long is quiet. It is more than a replay of the log stands still on a busy machine.
const QUIET_NS: i64 = 1_000_000_000;
/// The same for a log that has not grown since the member's start, as the member waits for its term before it replays the log.
const QUIET_FROM_START_NS: i64 = 10_000_000_000;
/// Time between two looks.
const LOOK_INTERVAL_NS: i64 = 1_000_000;

/// Whether a follower applies the log as it grows. While a member that has started replays what was committed before, its
/// increments and books are old, and would only be in the way of those who listen.
#[derive(Debug)]
pub struct CatchUp {
    clock: fn() -> EpochNanos,
    position: Option<LogPosition>,
    looked_at_ns: i64,
    /// The log is quiet from then on, if it does not grow before.
    quiet_from_ns: i64,
    is_current: bool,
}

impl Default for CatchUp {
    fn default() -> Self {
        Self::with_clock(system_time)
    }
}

impl CatchUp {
    /// Compares log times with this clock.
    pub fn with_clock(clock: fn() -> EpochNanos) -> Self {
        Self { clock, position: None, looked_at_ns: i64::MIN, quiet_from_ns: i64::MAX, is_current: false }
    }

    /// Looks at the log once in a millisecond: `position` and `time` are of its last event, `now_ns` is of a clock that does not go
    /// back. A quiet log has nothing to catch up with.
    #[inline]
    pub fn look(&mut self, position: LogPosition, time: EpochNanos, now_ns: i64) -> bool {
        if now_ns.saturating_sub(self.looked_at_ns) >= LOOK_INTERVAL_NS {
            match self.position.replace(position) {
                None => self.quiet_from_ns = now_ns.saturating_add(QUIET_FROM_START_NS),
                Some(before) if before != position => self.quiet_from_ns = now_ns.saturating_add(QUIET_NS),
                Some(_) => {}
            }
            self.looked_at_ns = now_ns;
            self.is_current = now_ns >= self.quiet_from_ns || (self.clock)().0.saturating_sub(time.0) < OLD_NS;
        }
        self.is_current
    }
}

fn system_time() -> EpochNanos {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    EpochNanos(i64::try_from(now.as_nanos()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: i64 = 1_000_000;

    #[test]
    fn a_log_that_is_replayed_is_old_until_it_is_of_now_or_quiet() {
        let mut catch_up = CatchUp::with_clock(|| EpochNanos(100_000 * MS));
        assert!(!catch_up.look(LogPosition(0), EpochNanos(0), -2_000 * MS));
        assert!(!catch_up.look(LogPosition(0), EpochNanos(0), -MS), "the log is not replayed yet");
        let mut of_quiet = CatchUp::with_clock(|| EpochNanos(100_000 * MS));
        assert!(!of_quiet.look(LogPosition(64), EpochNanos(0), 0));
        assert!(
            of_quiet.look(LogPosition(64), EpochNanos(0), 10_000 * MS),
            "a member that starts in a quiet market has nothing to replay"
        );
        assert!(!catch_up.look(LogPosition(64), EpochNanos(MS), 0));
        assert!(!catch_up.look(LogPosition(128), EpochNanos(2 * MS), MS));
        assert!(catch_up.look(LogPosition(192), EpochNanos(99_000 * MS), 2 * MS));
        assert!(!catch_up.look(LogPosition(256), EpochNanos(3 * MS), 3 * MS));
        assert!(!catch_up.look(LogPosition(256), EpochNanos(3 * MS), 1_002 * MS), "a replay that stands still goes on");
        assert!(!catch_up.look(LogPosition(320), EpochNanos(4 * MS), 1_003 * MS));
        assert!(catch_up.look(LogPosition(320), EpochNanos(4 * MS), 2_003 * MS), "a quiet log is not old");
        assert!(catch_up.look(LogPosition(384), EpochNanos(4 * MS), 2_003 * MS + 1), "it looks once in a millisecond");
        assert!(!catch_up.look(LogPosition(384), EpochNanos(4 * MS), 2_004 * MS));
    }
}
