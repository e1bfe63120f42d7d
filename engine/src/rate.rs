//! How many commands a participant has sent within the last second of log time: a sliding window, so that no second,
//! wherever it begins, has more commands than the limit.
//!
//! Each command that is admitted takes one of the limit's tokens, and the token comes back a second later. The window
//! keeps the times of up to [`MAXIMUM_GROUPS`] commands, so with a limit up to that number it is exact. With a higher limit
//! a group of commands shares one time, that of its last command: a token may come back later than after a second, never
//! sooner, and at most one token in [`MAXIMUM_GROUPS`] is still held in this way.

use std::collections::VecDeque;

use lugus_vocabulary::{EpochNanos, RejectReason};

/// Number of times that a window keeps at most.
pub(crate) const MAXIMUM_GROUPS: usize = 256;

const NANOS_A_SECOND: i64 = 1_000_000_000;

/// The commands of the last second that count for a rate limit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct RateWindow {
    /// Oldest first. Those that are older than a second are removed when the next command comes.
    groups: VecDeque<RateGroup>,
    /// Number of commands in all groups.
    commands: u64,
}

/// Commands that share one time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RateGroup {
    /// Log time of the last one of them.
    pub(crate) time: EpochNanos,
    /// Number of commands; not 0.
    pub(crate) commands: u32,
}

impl RateWindow {
    /// Makes room for a limit, so that no command has to allocate. Without a limit the window is emptied, as nothing is
    /// counted then. Another limit leaves what has been counted: it holds for the second that has begun, too.
    pub(crate) fn prepare(&mut self, limit: Option<u32>) {
        match limit {
            Some(limit) => {
                let wanted = (limit as usize).min(MAXIMUM_GROUPS);
                self.groups.reserve_exact(wanted.saturating_sub(self.groups.len()));
            }
            None => *self = Self::default(),
        }
    }

    /// Counts a command at log time `now`, of which `limit` are allowed within a second. A time before that of the last
    /// command counts as the same time.
    ///
    /// # Errors
    ///
    /// [`RejectReason::RiskRate`]: the limit is reached, and the command does not count.
    pub(crate) fn admit(&mut self, now: EpochNanos, limit: u32) -> Result<(), RejectReason> {
        let now = self.groups.back().map_or(now, |newest| newest.time.max(now));
        while let Some(&RateGroup { time, commands }) = self.groups.front()
            && now.0.saturating_sub(time.0) >= NANOS_A_SECOND
        {
            self.groups.pop_front();
            self.commands -= u64::from(commands);
        }
        if self.commands >= u64::from(limit) {
            return Err(RejectReason::RiskRate);
        }
        self.commands += 1;
        let size = limit.div_ceil(MAXIMUM_GROUPS as u32);
        let is_full = self.groups.len() >= MAXIMUM_GROUPS;
        match self.groups.back_mut() {
            Some(newest) if is_full || newest.commands < size => {
                newest.commands += 1;
                newest.time = now;
            }
            _ => self.groups.push_back(RateGroup { time: now, commands: 1 }),
        }
        Ok(())
    }

    /// The groups, oldest first.
    pub(crate) fn groups(&self) -> impl ExactSizeIterator<Item = RateGroup> {
        self.groups.iter().copied()
    }

    /// Takes in the next group of a snapshot. Returns whether it may follow those before it.
    pub(crate) fn restore(&mut self, group: RateGroup) -> bool {
        let follows = self.groups.back().is_none_or(|newest| newest.time <= group.time);
        let fits = follows && group.commands > 0 && self.groups.len() < MAXIMUM_GROUPS;
        if fits {
            self.commands += u64::from(group.commands);
            self.groups.push_back(group);
        }
        fits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(limit: u32) -> RateWindow {
        let mut window = RateWindow::default();
        window.prepare(Some(limit));
        window
    }

    /// Sends a command at each of these times; returns which were admitted.
    fn admitted(window: &mut RateWindow, limit: u32, times: &[i64]) -> Vec<bool> {
        times.iter().map(|&time| window.admit(EpochNanos(time), limit).is_ok()).collect()
    }

    #[test]
    fn a_token_comes_back_a_second_after_it_was_taken() {
        let times =
            [999_999_998, 999_999_999, 1_000_000_000, 1_999_999_997, 1_999_999_998, 1_999_999_998, 1_999_999_999];
        let expected = [true, true, false, false, true, false, true];
        assert_eq!(admitted(&mut window(2), 2, &times), expected);
    }

    #[test]
    fn time_that_goes_back_frees_no_token_and_keeps_none_for_longer() {
        let mut window = window(2);
        let times = [5_000_000_000, 4_000_000_000, 3_000_000_000, i64::MIN, 5_999_999_999, 6_000_000_000];
        assert_eq!(admitted(&mut window, 2, &times), [true, true, false, false, false, true]);
        assert_eq!(admitted(&mut window, 2, &[i64::MAX]), [true]);
    }

    #[test]
    fn no_second_has_more_commands_than_a_high_limit_and_few_are_refused_below_it() {
        let limit = 1_000;
        let (mut window, mut admitted, mut refused) = (window(limit), VecDeque::new(), 0);
        for number in 0..20_000_i64 {
            // 1,250 commands a second, then 833.
            let now = number * if number < 10_000 { 800_000 } else { 1_200_000 };
            while admitted.front().is_some_and(|&time| now - time >= NANOS_A_SECOND) {
                admitted.pop_front();
            }
            if window.admit(EpochNanos(now), limit).is_ok() {
                admitted.push_back(now);
            } else {
                refused += 1;
                assert!(admitted.len() + limit as usize / 256 + 1 >= limit as usize, "refused at {number}");
            }
            assert!(admitted.len() <= limit as usize && window.groups.len() <= MAXIMUM_GROUPS);
        }
        assert!((1_900..2_200).contains(&refused), "{refused}");
    }

    #[test]
    fn a_lower_limit_counts_what_was_sent_before_and_a_higher_one_gives_more() {
        let mut window = window(300);
        assert_eq!(admitted(&mut window, 300, &[1; 300]), [true; 300]);
        window.prepare(Some(10));
        assert_eq!(admitted(&mut window, 10, &[2, 1_000_000_000]), [false, false]);
        window.prepare(Some(301));
        assert_eq!(admitted(&mut window, 301, &[2, 2]), [true, false]);
        window.prepare(None);
        assert_eq!(window, RateWindow::default());
    }

    #[test]
    fn a_higher_limit_does_not_lengthen_a_window_that_is_full() {
        let mut window = window(256);
        assert_eq!(admitted(&mut window, 256, &[1; 257])[255..], [true, false]);
        window.prepare(Some(300));
        assert_eq!(admitted(&mut window, 300, &[2; 45])[43..], [true, false]);
        assert_eq!(window.groups.len(), MAXIMUM_GROUPS);
    }
}
