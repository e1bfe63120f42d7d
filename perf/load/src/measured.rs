//! The times of a run, and the figures that are made of them once the clock has stopped.

use std::ops::Range;
use std::time::{Duration, Instant, SystemTime};

use hdrhistogram::{CreationError, Histogram};
use lugus_replay::round_trips::RoundTrips;

/// The time of what has not happened.
pub(crate) const NEVER: u64 = u64::MAX;

/// Precision of a percentile, in significant digits.
const SIGNIFICANT_DIGITS: u8 = 3;

/// Longest round trip that is told from longer ones, in nanoseconds: an hour.
const LONGEST: u64 = 3_600_000_000_000;

/// When each command was due, was sent, and was answered, in nanoseconds since `epoch`. Place 0 is the command with the number
/// `first`.
#[derive(Debug)]
pub struct Times {
    /// When the clock of the load began.
    pub epoch: Instant,
    /// Number of the first command.
    pub first: usize,
    /// When each was to be sent: at a rate its place in time, otherwise when it was sent.
    pub due: Vec<u64>,
    /// When each was given to Aeron.
    pub sent: Vec<u64>,
    /// When the first answer to it was polled; `u64::MAX` without one.
    pub heard: Vec<u64>,
    /// When the run began and ended, in nanoseconds since `epoch`.
    pub duration: Range<u64>,
    /// Number of answers after the first one to a command, such as further fills.
    pub further: u64,
    /// Number of elections that the sessions were told of.
    pub leader_changes: u64,
}

/// Percentiles of round trips in microseconds, and the rate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Figures {
    /// Number of round trips.
    pub count: u64,
    /// Median.
    pub p50_us: f64,
    /// 99 of 100 took no longer.
    pub p99_us: f64,
    /// 999 of 1,000 took no longer.
    pub p999_us: f64,
    /// The longest one.
    pub maximum_us: f64,
    /// Answers a second, from the run's begin to the last answer.
    pub rate: f64,
}

impl Times {
    pub(crate) fn new(epoch: Instant, first: usize, capacity: usize) -> Self {
        // Written once, so that no page is first touched while the clock runs.
        let filled = || vec![NEVER; capacity];
        let (due, sent, heard) = (filled(), filled(), filled());
        Self { epoch, first, due, sent, heard, duration: 0..0, further: 0, leader_changes: 0 }
    }

    /// Due, sent and heard of each command in nanoseconds since 1970, by the machine's wall clock as it is now; 0 for what has not
    /// happened.
    pub fn since_1970(&self) -> [Vec<u64>; 3] {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let epoch = (now.saturating_sub(self.epoch.elapsed())).as_nanos() as u64;
        [&self.due, &self.sent, &self.heard]
            .map(|times| times.iter().map(|&time| if time == NEVER { 0 } else { epoch + time }).collect())
    }

    /// Leaves out the room of commands that were not sent.
    pub(crate) fn truncate(&mut self, sent: usize) {
        self.due.truncate(sent);
        self.sent.truncate(sent);
        self.heard.truncate(sent);
    }

    /// Number of commands that were sent.
    pub fn commands(&self) -> usize {
        self.sent.len()
    }

    /// Number of commands that were answered.
    pub fn answered(&self) -> usize {
        self.heard.iter().filter(|&&heard| heard != NEVER).count()
    }

    /// Number of commands without an answer.
    pub fn unanswered(&self) -> usize {
        self.commands() - self.answered()
    }

    /// Due and end of each answered command, in nanoseconds since `epoch`.
    fn round_trips(&self) -> impl Iterator<Item = (u64, u64)> {
        let all = self.due.iter().copied().zip(self.heard.iter().copied());
        all.filter(|&(_, heard)| heard != NEVER)
    }

    /// The figures of the commands that were due within a part of the run, in nanoseconds since its begin.
    ///
    /// # Errors
    /// When there is no memory for a histogram.
    pub fn figures_of(&self, part: Range<u64>) -> Result<Figures, CreationError> {
        let begin = self.duration.start;
        let part = begin.saturating_add(part.start)..begin.saturating_add(part.end);
        let mut histogram = Histogram::<u64>::new_with_max(LONGEST, SIGNIFICANT_DIGITS)?;
        let mut last = part.start;
        for (due, heard) in self.round_trips().filter(|(due, _)| part.contains(due)) {
            histogram.saturating_record(heard.saturating_sub(due));
            last = last.max(heard);
        }
        let micros = |nanos: u64| nanos as f64 / 1_000.0;
        let quantile = |quantile| micros(histogram.value_at_quantile(quantile));
        let seconds = Duration::from_nanos(last - part.start).as_secs_f64();
        Ok(Figures {
            count: histogram.len(),
            p50_us: quantile(0.5),
            p99_us: quantile(0.99),
            p999_us: quantile(0.999),
            maximum_us: micros(histogram.max()),
            rate: if seconds > 0.0 { histogram.len() as f64 / seconds } else { 0.0 },
        })
    }

    /// The figures of the whole run.
    ///
    /// # Errors
    /// When there is no memory for a histogram.
    pub fn figures(&self) -> Result<Figures, CreationError> {
        self.figures_of(0..u64::MAX)
    }

    /// The histograms of the run and of each of its seconds, for HdrHistogram's tools.
    ///
    /// # Errors
    /// When there is no memory for a histogram.
    pub fn histograms(&self) -> Result<RoundTrips, CreationError> {
        let at = |nanos| self.epoch + Duration::from_nanos(nanos);
        let mut round_trips = RoundTrips::new()?;
        round_trips.begin(at(self.duration.start));
        let mut by_end: Vec<_> = self.round_trips().collect();
        by_end.sort_unstable_by_key(|&(_, heard)| heard);
        for (due, heard) in by_end {
            round_trips.record(at(heard), heard.saturating_sub(due));
        }
        Ok(round_trips)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_count_from_when_a_command_was_due_and_leave_out_what_was_not_answered() {
        let mut times = Times::new(Instant::now(), 7, 5);
        times.duration = 1_000..50_000;
        for (place, (due, sent, heard)) in
            [(1_000, 1_500, 3_000), (2_000, 2_000, 7_000), (3_000, 3_000, NEVER), (40_000, 41_000, 49_000)]
                .into_iter()
                .enumerate()
        {
            (times.due[place], times.sent[place], times.heard[place]) = (due, sent, heard);
        }
        times.truncate(4);
        assert_eq!((times.commands(), times.answered(), times.unanswered()), (4, 3, 1));
        let all = times.figures().expect("memory");
        assert_eq!((all.count, all.p50_us.round(), all.maximum_us.round()), (3, 5.0, 9.0));
        assert_eq!(all.rate.round(), (3.0 / 48e-6_f64).round());
        let first = times.figures_of(0..10_000).expect("memory");
        assert_eq!((first.count, first.maximum_us.round()), (2, 5.0));
        assert_eq!(times.histograms().expect("memory").all().len(), 3);
        let [due, sent, heard] = times.since_1970();
        assert_eq!((sent[0] - due[0], heard[0] - sent[0], heard[2]), (500, 1_500, 0));
        assert!(due[0] > 1_000_000_000 * 1_700_000_000);
    }
}
