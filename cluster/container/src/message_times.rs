//! When this member saw messages of its log, for measurements of the way of a message.

use std::collections::VecDeque;

/// When this member's container saw a message of the log, in nanoseconds since the epoch by the clock of the machine. These times
/// differ between members and between replays, so no state may depend on them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MessageTimes {
    /// Begin of the first duty cycle that saw a commit position at or above the message.
    pub committed_ns: i64,
    /// When the last fragment of the message was taken from the log.
    pub polled_ns: i64,
}

/// Number of commit positions that are kept with their times. There are as many as duty cycles in which the commit position grew
/// faster than the log was read.
const COMMITS: usize = 1_024;

/// Chooses the messages that get times, and knows when each commit position was first seen.
#[derive(Debug)]
pub(crate) struct TimedMessages {
    /// A message is timed when the hash of its position, of 32 bits, is below this.
    below: u64,
    /// Commit positions that were seen, ascending, with their times. The oldest is dropped for a new one, so that messages before it
    /// seem to be committed later than they were.
    commits: VecDeque<(i64, i64)>,
}

impl TimedMessages {
    /// Times one message in `every`, on average; none for 0.
    pub(crate) fn new(every: u32) -> Option<Self> {
        let below = (1_u64 << 32).checked_div(u64::from(every))?;
        Some(Self { below, commits: VecDeque::with_capacity(COMMITS) })
    }

    /// Notes the commit position of this duty cycle. The clock is read when the position has grown.
    #[inline]
    pub(crate) fn committed(&mut self, position: i64, clock: impl FnOnce() -> i64) {
        if self.commits.back().is_some_and(|(newest, _)| *newest >= position) {
            return;
        }
        if self.commits.len() == COMMITS {
            self.commits.pop_front();
        }
        self.commits.push_back((position, clock()));
    }

    /// Times of the message that ends at `position`, if it is timed. That depends on the position alone, so that all members time the
    /// same messages. Positions of later calls must not be lower.
    #[inline]
    pub(crate) fn of(&mut self, position: i64, clock: impl FnOnce() -> i64) -> Option<MessageTimes> {
        if hash(position) >= self.below {
            return None;
        }
        let polled_ns = clock();
        // The newest is kept, so that it is not noted again.
        while self.commits.len() > 1 && self.commits.front().is_some_and(|(committed, _)| *committed < position) {
            self.commits.pop_front();
        }
        let committed_ns = self.commits.front().map_or(polled_ns, |(_, time)| *time).min(polled_ns);
        Some(MessageTimes { committed_ns, polled_ns })
    }
}

/// 32 bits that depend on all of the position. Source: the finalizer of SplitMix64.
#[inline]
fn hash(position: i64) -> u64 {
    let mut bits = position.cast_unsigned();
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (bits ^ (bits >> 31)) >> 32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_message_in_n_is_timed_whatever_the_length_of_messages() {
        assert!(TimedMessages::new(0).is_none());
        for every in [1, 2, 10, 100] {
            for length in [32, 96, 160, 4_096] {
                let mut timed = TimedMessages::new(every).unwrap();
                let messages = 100_000;
                let count = (1..=messages).filter(|n| timed.of(n * length, || 0).is_some()).count() as f64;
                let expected = messages as f64 / f64::from(every);
                // Five standard deviations of a binomial distribution.
                let tolerance = 5.0 * (expected * (1.0 - 1.0 / f64::from(every))).sqrt();
                assert!((count - expected).abs() <= tolerance, "{count} of 1 in {every}, length {length}");
            }
        }
    }

    #[test]
    fn a_message_is_committed_when_a_commit_position_at_or_above_it_was_first_seen() {
        let mut timed = TimedMessages::new(1).unwrap();
        for (position, now) in [(64, 1), (64, 2), (192, 3), (192, 4), (256, 5)] {
            timed.committed(position, || now);
        }
        let committed = [64, 128, 192, 256].map(|position| timed.of(position, || 9).unwrap());
        assert_eq!(committed.map(|times| times.committed_ns), [1, 3, 3, 5]);
        assert_eq!(committed.map(|times| times.polled_ns), [9; 4]);
        timed.committed(256, || unreachable!("the clock is read for a position that is seen already"));
    }

    #[test]
    fn positions_that_nobody_reads_take_no_more_room() {
        let mut timed = TimedMessages::new(1).unwrap();
        let room = timed.commits.capacity();
        let cycles = 3 * COMMITS as i64;
        (1..=cycles).for_each(|cycle| timed.committed(cycle * 64, || cycle));
        assert_eq!(timed.commits.capacity(), room);
        let oldest = cycles - COMMITS as i64 + 1;
        assert_eq!(timed.of(64, || cycles).unwrap().committed_ns, oldest, "later than it was");
        assert_eq!(timed.of(cycles * 64, || cycles).unwrap().committed_ns, cycles);
    }

    #[test]
    fn a_clock_that_was_set_back_makes_no_commit_after_the_poll() {
        let mut timed = TimedMessages::new(1).unwrap();
        timed.committed(64, || 10);
        assert_eq!(timed.of(64, || 7), Some(MessageTimes { committed_ns: 7, polled_ns: 7 }));
    }
}
