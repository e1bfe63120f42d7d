//! Counters over the last seconds: rates and percentiles.

use std::collections::VecDeque;
use std::time::Duration;

use super::percentiles::{BucketCounts, Percentiles};

/// For how long readings are kept, and over which time percentiles are.
pub const PERCENTILE_SPAN: Duration = Duration::from_secs(10);
/// Time over which rates are.
pub const RATE_SPAN: Duration = Duration::from_secs(2);
/// Shortest time that gives a rate.
const SHORTEST_SPAN: Duration = Duration::from_millis(200);
/// Greatest number of readings that are kept.
const MAXIMUM_READINGS: usize = 64;

/// Something that only grows, until what counts it begins again.
pub(super) trait Counts {
    /// Whether it has begun again since `last`.
    fn has_begun_again(&self, last: &Self) -> bool;
}

/// A log position.
impl Counts for i64 {
    fn has_begun_again(&self, last: &Self) -> bool {
        self < last
    }
}

/// Counters of a member at one moment. They begin again at 0 when the member starts again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reading {
    /// Commands given to the engine.
    pub commands: i64,
    /// Rejects.
    pub rejects: i64,
    /// Fills.
    pub fills: i64,
    /// Events told to participants.
    pub events: i64,
    /// Times in the engine.
    pub engine_time: BucketCounts,
    /// Times to the answers.
    pub answer_time: BucketCounts,
}

/// Readings of one member or cluster, the oldest first.
#[derive(Debug)]
pub(super) struct Window<R> {
    readings: VecDeque<(Duration, R)>,
}

impl<R> Default for Window<R> {
    fn default() -> Self {
        Self { readings: VecDeque::new() }
    }
}

impl<R: Counts> Window<R> {
    /// Takes a reading. If the member has started again since the last one, those before are dropped.
    pub(super) fn take(&mut self, at: Duration, reading: R) {
        if self.readings.back().is_some_and(|(_, last)| reading.has_begun_again(last)) {
            self.readings.clear();
        }
        self.readings.push_back((at, reading));
        while self.readings.len() > MAXIMUM_READINGS
            || self.readings.front().is_some_and(|(oldest, _)| at.saturating_sub(*oldest) > PERCENTILE_SPAN)
        {
            self.readings.pop_front();
        }
    }

    /// Forgets all readings: the member does not run.
    pub(super) fn clear(&mut self) {
        self.readings.clear();
    }

    /// How fast a counter grows, a second; `None` if that is not known yet.
    pub(super) fn rate(&self, of: impl Fn(&R) -> i64) -> Option<f64> {
        let (at, newest) = self.readings.back()?;
        let (from, oldest) = self.readings.iter().find(|(from, _)| at.saturating_sub(*from) <= RATE_SPAN)?;
        let span = at.saturating_sub(*from);
        (span >= SHORTEST_SPAN).then(|| (of(newest) - of(oldest)) as f64 / span.as_secs_f64())
    }

    /// Percentiles of durations of the last [`PERCENTILE_SPAN`]; `None` if there are none.
    pub(super) fn percentiles(&self, of: impl Fn(&R) -> &BucketCounts) -> Option<Percentiles> {
        Percentiles::between(of(&self.readings.front()?.1), of(&self.readings.back()?.1))
    }
}

impl Counts for Reading {
    fn has_begun_again(&self, last: &Self) -> bool {
        self.commands < last.commands || self.events < last.events || self.fills < last.fills
    }
}

#[cfg(test)]
mod tests {
    use lugus_gauges::BOUNDS_NS;

    use super::*;

    fn reading(commands: i64) -> Reading {
        let none = [0; BOUNDS_NS.len() + 1];
        Reading { commands, rejects: 0, fills: 0, events: 2 * commands, engine_time: none, answer_time: none }
    }

    fn rate(window: &Window<Reading>) -> Option<f64> {
        window.rate(|reading| reading.commands)
    }

    #[test]
    fn a_rate_is_of_the_last_two_seconds() {
        let mut window = Window::<Reading>::default();
        window.take(Duration::ZERO, reading(0));
        assert_eq!(rate(&window), None, "one reading gives no rate");
        for step in 1..=40 {
            // 100 a second for five seconds, then 400.
            let commands = if step <= 20 { step * 25 } else { 500 + (step - 20) * 100 };
            window.take(Duration::from_millis(250) * u32::try_from(step).unwrap(), reading(commands));
        }
        assert_eq!(rate(&window), Some(400.0));
    }

    #[test]
    fn a_start_begins_a_new_window() {
        let mut window = Window::<Reading>::default();
        window.take(Duration::from_secs(1), reading(1_000));
        window.take(Duration::from_secs(2), reading(10));
        assert_eq!(rate(&window), None, "nothing is known of the new process yet");
        window.take(Duration::from_secs(3), reading(110));
        assert_eq!(rate(&window), Some(100.0));
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let mut window = Window::<Reading>::default();
        for at in 0..10_000 {
            window.take(Duration::from_millis(at), reading(0));
        }
        assert!(window.readings.len() <= MAXIMUM_READINGS);
    }
}
