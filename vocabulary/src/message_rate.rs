//! How many messages a session may send in a time, counted in log time, so that every member counts alike.

use std::num::NonZeroU32;

use crate::units::EpochNanos;

const SECOND_NS: i64 = 1_000_000_000;

/// The allowance of a session: a bucket that holds the messages of one second, and fills steadily.
///
/// A new session begins with [`INITIAL_MESSAGES`](Self::INITIAL_MESSAGES) and not with a full bucket, so that nobody gets more
/// messages by opening new sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MessageRate {
    /// Greatest number of messages in a second, at most [`GREATEST`](Self::GREATEST).
    pub maximum_per_second: NonZeroU32,
    /// Log time at which the bucket is full if no further message comes. Each message that is taken moves it on by the time
    /// in which the bucket gets one message.
    pub full_at: EpochNanos,
}

impl MessageRate {
    /// Greatest limit, in messages a second.
    pub const GREATEST: u32 = 1_000_000;

    /// Number of messages that a new session may send at once, if a second's worth is not less.
    pub const INITIAL_MESSAGES: u32 = 16;

    /// The allowance of a session that is opened at this log time.
    pub fn begin(maximum_per_second: NonZeroU32, now: EpochNanos) -> Self {
        let initial = i64::from(Self::INITIAL_MESSAGES.min(maximum_per_second.get()));
        let missing = SECOND_NS - initial * interval(maximum_per_second);
        Self { maximum_per_second, full_at: EpochNanos(now.0.saturating_add(missing)) }
    }

    /// Takes a message out of the bucket; `false`, and nothing has changed, if none is left.
    #[inline]
    #[must_use]
    pub fn take(&mut self, now: EpochNanos) -> bool {
        let full_at = self.full_at.0.max(now.0).saturating_add(interval(self.maximum_per_second));
        let is_left = full_at <= now.0.saturating_add(SECOND_NS);
        if is_left {
            self.full_at = EpochNanos(full_at);
        }
        is_left
    }
}

/// Time in which the bucket gets one message, in nanoseconds.
#[inline]
fn interval(maximum_per_second: NonZeroU32) -> i64 {
    SECOND_NS / i64::from(maximum_per_second.get())
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: i64 = 1_700_000_000_000_000_000;

    fn begin(maximum: u32) -> MessageRate {
        MessageRate::begin(NonZeroU32::new(maximum).unwrap(), EpochNanos(START))
    }

    /// Number of messages that are taken at this many nanoseconds after the start, if as many as possible are sent.
    fn taken(rate: &mut MessageRate, after: i64) -> u32 {
        (0..).find(|_| !rate.take(EpochNanos(START + after))).unwrap()
    }

    #[test]
    fn a_session_begins_with_a_few_messages_and_then_gets_its_rate() {
        let mut rate = begin(100);
        assert_eq!(taken(&mut rate, 0), MessageRate::INITIAL_MESSAGES);
        assert_eq!(taken(&mut rate, 9_999_999), 0);
        assert_eq!(taken(&mut rate, 10_000_000), 1);
        assert_eq!(taken(&mut rate, 60_000_000), 5);
    }

    #[test]
    fn the_bucket_holds_the_messages_of_one_second() {
        let mut rate = begin(100);
        assert_eq!(taken(&mut rate, 3_600 * SECOND_NS), 100);
        assert_eq!(taken(&mut rate, 3_601 * SECOND_NS), 100);
    }

    #[test]
    fn a_limit_below_the_first_messages_bounds_these_too() {
        for maximum in [1, 2, 7, 15] {
            assert_eq!(taken(&mut begin(maximum), 0), maximum);
        }
        assert_eq!(taken(&mut begin(1), SECOND_NS), 1);
    }

    #[test]
    fn over_a_long_time_the_limit_holds() {
        for maximum in [1, 3, 7, 1_000, 999_983, MessageRate::GREATEST] {
            let mut rate = begin(maximum);
            let all: u64 = (0..=20).map(|step| u64::from(taken(&mut rate, step * SECOND_NS / 2))).sum();
            let expected = 10 * u64::from(maximum);
            // The interval is a whole number of nanoseconds: at the greatest limits it is up to a thousandth too short.
            let most = expected + expected / 1_000 + u64::from(MessageRate::INITIAL_MESSAGES);
            assert!((expected..=most).contains(&all), "{maximum} a second: {all}");
        }
    }

    #[test]
    fn what_is_refused_costs_nothing() {
        let mut rate = begin(10);
        taken(&mut rate, 0);
        let before = rate;
        for _ in 0..1_000 {
            assert!(!rate.take(EpochNanos(START)));
        }
        assert_eq!(rate, before);
    }

    #[test]
    fn no_time_overflows() {
        let mut rate = MessageRate::begin(NonZeroU32::MIN, EpochNanos(i64::MAX));
        assert!(rate.take(EpochNanos(i64::MAX)), "time stands still at its end, and so does the bucket");
        let mut rate = MessageRate::begin(NonZeroU32::MIN, EpochNanos(i64::MIN));
        assert!(rate.take(EpochNanos(i64::MIN)));
        assert!(!rate.take(EpochNanos(i64::MIN)));
    }
}
