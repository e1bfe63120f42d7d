//! The round trips of a replay: one histogram of all, one for each interval, and the files of both that HdrHistogram's own tools
//! read.
//!
//! `NAME.hgrm` is the distribution by percentiles, in microseconds, as HdrHistogram's plotter takes it; `NAME.hlog` is the log of the
//! intervals' histograms, in nanoseconds, as `HistogramLogProcessor` and `HistogramLogAnalyzer` take it. Source:
//! `AbstractHistogram.outputPercentileDistribution` and `HistogramLogWriter` of HdrHistogram in Java.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use hdrhistogram::serialization::interval_log::{IntervalLogWriterBuilder, Tag};
use hdrhistogram::serialization::{Deserializer, Serializer, V2DeflateSerializer, V2Serializer};
use hdrhistogram::{CreationError, Histogram};

/// Tag of the intervals in a log.
pub const TAG: &str = "round-trip";

/// Length of an interval.
const INTERVAL: Duration = Duration::from_secs(1);

/// Greatest number of intervals, a day's; the last one has all that comes later.
const MAXIMUM_INTERVALS: usize = 86_400;

/// Precision of the round trips.
pub(crate) const SIGNIFICANT_DIGITS: u8 = 3;

/// Longest round trip that is told from longer ones, in nanoseconds: an hour.
pub(crate) const LONGEST: u64 = 3_600_000_000_000;

/// Nanoseconds in a microsecond, the unit of a distribution.
const NANOS_PER_MICRO: f64 = 1_000.0;

/// Rows of a distribution for each half of what is left up to 100 %, as HdrHistogram's tools have them.
const TICKS_PER_HALF_DISTANCE: u32 = 5;

/// Number of counts in a bucket of a histogram of this precision: a line of the distribution tells it.
const SUB_BUCKETS: usize = (2 * 10_usize.pow(SIGNIFICANT_DIGITS as u32)).next_power_of_two();

/// Round trips in nanoseconds, and when they ended.
#[derive(Debug)]
pub struct RoundTrips {
    all: Histogram<u64>,
    begun: Instant,
    begun_at: SystemTime,
    /// The intervals that are over.
    intervals: Vec<Interval>,
    /// The present interval, its start and its end.
    present: Histogram<u64>,
    start: Duration,
    end: Duration,
}

/// An interval that is over, or that is written as if it were.
#[derive(Debug)]
struct Interval {
    /// Time from the begin of the replay to that of the interval.
    start: Duration,
    /// Length of the interval; several intervals without an answer are one.
    length: Duration,
    /// The histogram in HdrHistogram's encoding, which has a few kilobytes.
    histogram: Vec<u8>,
}

/// Why a file of round trips could not be written.
#[derive(Debug, thiserror::Error)]
#[error("{}: {source}", path.display())]
pub struct WriteError {
    /// The file or folder.
    pub(crate) path: PathBuf,
    pub(crate) source: io::Error,
}

impl RoundTrips {
    /// No round trips yet; the replay begins now.
    ///
    /// # Errors
    /// When there is no memory for the histograms.
    pub fn new() -> Result<Self, CreationError> {
        let empty = || Histogram::new_with_max(LONGEST, SIGNIFICANT_DIGITS);
        Ok(Self {
            all: empty()?,
            begun: Instant::now(),
            begun_at: SystemTime::now(),
            intervals: Vec::new(),
            present: empty()?,
            start: Duration::ZERO,
            end: INTERVAL,
        })
    }

    /// Forgets everything; the replay begins at `now`.
    pub fn begin(&mut self, now: Instant) {
        (self.begun, self.begun_at) = (now, SystemTime::now());
        self.all.reset();
        self.present.reset();
        self.intervals.clear();
        (self.start, self.end) = (Duration::ZERO, INTERVAL);
    }

    /// Counts a round trip that took `nanos` and ended at `now`.
    #[inline]
    pub fn record(&mut self, now: Instant, nanos: u64) {
        let since = now.saturating_duration_since(self.begun);
        if since >= self.end {
            self.begin_interval(since);
        }
        self.all.saturating_record(nanos);
        self.present.saturating_record(nanos);
    }

    /// All round trips.
    pub fn all(&self) -> &Histogram<u64> {
        &self.all
    }

    /// Ends the present interval, at the last multiple of an interval's length up to `since`.
    #[cold]
    fn begin_interval(&mut self, since: Duration) {
        let boundary = Duration::from_secs(since.as_secs() / INTERVAL.as_secs() * INTERVAL.as_secs());
        if self.intervals.len() < MAXIMUM_INTERVALS - 1 {
            let over = self.interval(boundary);
            self.intervals.extend(over);
            self.present.reset();
            self.start = boundary;
        }
        self.end = boundary + INTERVAL;
    }

    /// The present interval, if anything was counted in it. The encoding is that without compression, which takes less time.
    fn interval(&self, end: Duration) -> Option<Interval> {
        let mut histogram = Vec::new();
        let encoded = V2Serializer::new().serialize(&self.present, &mut histogram);
        let length = end.saturating_sub(self.start);
        (encoded.is_ok() && !self.present.is_empty()).then_some(Interval { start: self.start, length, histogram })
    }

    /// Writes `NAME.hgrm` and `NAME.hlog` into a folder, which is made if there is none.
    ///
    /// # Errors
    /// When a file can't be written.
    pub fn write(&self, folder: &Path, name: &str) -> Result<(), WriteError> {
        let failed = |path: &Path| {
            let path = path.to_path_buf();
            move |source| WriteError { path, source }
        };
        std::fs::create_dir_all(folder).map_err(failed(folder))?;
        let path = folder.join(format!("{name}.hgrm"));
        let mut file = BufWriter::new(File::create(&path).map_err(failed(&path))?);
        write_distribution(&self.all, &mut file).and_then(|()| file.flush()).map_err(failed(&path))?;
        let path = folder.join(format!("{name}.hlog"));
        let mut file = BufWriter::new(File::create(&path).map_err(failed(&path))?);
        self.write_log(&mut file).and_then(|()| file.flush()).map_err(failed(&path))
    }

    /// Writes the log of all intervals.
    fn write_log(&self, file: &mut impl Write) -> io::Result<()> {
        let last = self.interval(self.end);
        let mut serializer = V2DeflateSerializer::new();
        let mut deserializer = Deserializer::new();
        let mut log = IntervalLogWriterBuilder::new()
            .add_comment("[Histogram log format version 1.3]")
            .add_comment("round trips in nanoseconds")
            .with_start_time(self.begun_at)
            .with_base_time(self.begun_at)
            .begin_log_with(file, &mut serializer)?;
        for interval in self.intervals.iter().chain(&last) {
            let histogram: Histogram<u64> =
                deserializer.deserialize(&mut interval.histogram.as_slice()).map_err(io::Error::other)?;
            log.write_histogram(&histogram, interval.start, interval.length, Tag::new(TAG))
                .map_err(|error| io::Error::other(format!("{error:?}")))?;
        }
        Ok(())
    }
}

/// Writes a distribution by percentiles, in microseconds.
///
/// # Errors
/// When `file` can't be written.
pub fn write_distribution(nanos: &Histogram<u64>, file: &mut impl Write) -> io::Result<()> {
    let micros = |nanos: f64| nanos / NANOS_PER_MICRO;
    writeln!(file, "{:>12} {:>14} {:>10} {:>14}\n", "Value", "Percentile", "TotalCount", "1/(1-Percentile)")?;
    let mut count = 0;
    for row in nanos.iter_quantiles(TICKS_PER_HALF_DISTANCE) {
        count += row.count_since_last_iteration();
        let (value, quantile) = (micros(row.value_iterated_to() as f64), row.quantile_iterated_to());
        write!(file, "{value:12.3} {quantile:2.12} {count:10}")?;
        if quantile < 1.0 {
            write!(file, " {:14.2}", 1.0 / (1.0 - quantile))?;
        }
        writeln!(file)?;
    }
    writeln!(file, "#[Mean    = {:12.3}, StdDeviation   = {:12.3}]", micros(nanos.mean()), micros(nanos.stdev()))?;
    writeln!(file, "#[Max     = {:12.3}, Total count    = {:12}]", micros(nanos.max() as f64), nanos.len())?;
    writeln!(file, "#[Buckets = {:12}, SubBuckets     = {SUB_BUCKETS:12}]", nanos.buckets())
}

#[cfg(test)]
mod tests {
    use hdrhistogram::serialization::interval_log::{IntervalLogIterator, LogEntry};

    use super::*;

    #[test]
    fn a_log_has_the_round_trips_of_each_second_and_a_pause_is_in_one_interval() {
        let mut round_trips = RoundTrips::new().expect("memory");
        let begun = Instant::now();
        round_trips.record(begun, 7);
        round_trips.begin(begun);
        for (millis, nanos) in [(0, 1_000), (999, 2_000), (1_000, 3_000), (4_500, 4_000_000), (4_600, 5)] {
            round_trips.record(begun + Duration::from_millis(millis), nanos);
        }
        let mut log = Vec::new();
        round_trips.write_log(&mut log).expect("written");
        let intervals: Vec<_> = IntervalLogIterator::new(&log)
            .filter_map(|entry| match entry.expect("a line") {
                LogEntry::Interval(interval) => Some((
                    interval.start_timestamp().as_secs(),
                    interval.duration().as_secs(),
                    interval.max() as u64,
                    interval.tag().map(|tag| tag.as_str().to_owned()),
                )),
                _ => None,
            })
            .collect();
        let tag = || Some(TAG.to_owned());
        // The largest value of a histogram's cell stands for all of them.
        assert_eq!(intervals, [(0, 1, 2_000, tag()), (1, 3, 3_001, tag()), (4, 1, 4_001_791, tag())]);
        assert_eq!(round_trips.all().len(), 5, "what came before the begin is forgotten");
    }
}
