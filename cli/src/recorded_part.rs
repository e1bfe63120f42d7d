//! A part of an archived log, applied to a new engine at a pace, with a progress bar, until it ends or somebody interrupts it.

use std::io::{IsTerminal, stderr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use lugus_node::archived_log::{LogRun, Paused, SavedState, StartFrom, Stopped, Until};
use lugus_vocabulary::EpochNanos;

use crate::archived_member::ClusterLog;
use crate::arguments::{LogPace, LogPart, LogPlace};
use crate::failure::Failure;
use crate::output::Output;
use crate::stop_signal;

/// Number of frames between two looks at clock and signals: a few milliseconds of work.
const FRAMES: u64 = 16_384;

/// How long a replay at the recorded pace sleeps when the next event's time has not come.
const SLEEP: Duration = Duration::from_micros(500);

/// Interval at which the progress bar is set.
const BAR_INTERVAL: Duration = Duration::from_millis(100);

/// The part of a log that a command replays.
pub struct RecordedPart {
    /// The log.
    pub source: ClusterLog,
    start: StartFrom,
    /// Events up to here are applied without telling of them.
    from: Option<Until>,
    until: Until,
    pace: LogPace,
    stop: Arc<AtomicBool>,
}

/// How a replay has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// The part is replayed.
    AtLimit,
    /// Somebody has interrupted it.
    Interrupted,
}

impl RecordedPart {
    /// A part of this log. With a saved state the replay goes on from there.
    ///
    /// # Errors
    /// The system does not let this process handle signals.
    pub fn new(source: ClusterLog, part: &LogPart, saved: Option<SavedState>) -> Result<Self, Failure> {
        let (start, from) = match (saved, part.from) {
            (Some(saved), _) => (StartFrom::Saved(saved), None),
            (None, None) => (StartFrom::Oldest, None),
            (None, Some(LogPlace::NewestSnapshot)) => (StartFrom::NewestSnapshot, None),
            (None, Some(LogPlace::Position(position))) => {
                (StartFrom::Position(position), Some(Until::position(position)))
            }
            (None, Some(LogPlace::Time(time))) => {
                let before = EpochNanos(time.0.saturating_sub(1));
                (StartFrom::Time(before), Some(Until { time: Some(before), ..Until::END }))
            }
        };
        let end = source.published.map_or(i64::MAX, |published| published.position.0);
        let until = match part.until {
            Some(LogPlace::Position(position)) => Until::position(position.min(end)),
            Some(LogPlace::Time(time)) => Until { position: end, time: Some(time) },
            Some(LogPlace::NewestSnapshot) | None => Until::position(end),
        };
        Ok(Self { source, start, from, until, pace: part.pace, stop: stop_signal::flag()? })
    }

    /// Starts an engine, and applies what is before the part.
    ///
    /// # Errors
    /// No engine can start from what there is, or what is before the part can't be applied.
    pub fn begin(&self) -> Result<LogRun<'_>, Failure> {
        let mut run = LogRun::start(&self.source.cluster, &self.source.log, &self.start).map_err(Failure::new)?;
        if let Some(from) = self.from {
            while run.advance(from, FRAMES).map_err(|stopped| failed(&stopped))? == Paused::Between {
                if self.stop.load(Ordering::Relaxed) {
                    return Err(Failure::new("interrupted before the part of the log began"));
                }
            }
        }
        Ok(run)
    }

    /// Applies the part.
    ///
    /// # Errors
    /// [`Stopped`].
    pub fn apply(&self, run: &mut LogRun<'_>, output: Output) -> Result<Ended, Stopped> {
        let end = self.source.end_position().min(self.until.position);
        let mut bar = Bar::new(output, run.position(), end);
        let begun = Instant::now();
        let mut first_event = None;
        loop {
            if self.stop.load(Ordering::Relaxed) {
                return Ok(Ended::Interrupted);
            }
            let (until, frames) = match (self.pace, first_event) {
                (LogPace::Full, _) => (self.until, FRAMES),
                // The time of the first event is known once it is applied.
                (LogPace::Recorded, None) => (self.until, 1),
                (LogPace::Recorded, Some(first)) => (self.until.not_after(due(first, begun.elapsed())), FRAMES),
            };
            let paused = run.advance(until, frames)?;
            first_event = first_event.or(Some(run.time()).filter(|time| time.0 > 0));
            bar.set(run.position());
            match paused {
                Paused::Between => {}
                Paused::AtTime if until != self.until => thread::sleep(SLEEP),
                Paused::AtPosition | Paused::AtTime | Paused::AtEnd => return Ok(Ended::AtLimit),
            }
        }
    }
}

/// Time of the log that is reached after this time at the recorded pace.
fn due(first: EpochNanos, elapsed: Duration) -> EpochNanos {
    EpochNanos(first.0.saturating_add(i64::try_from(elapsed.as_nanos()).unwrap_or(i64::MAX)))
}

/// A progress bar in bytes of the log, shown only to people.
struct Bar {
    bar: ProgressBar,
    start: i64,
    last: Instant,
}

impl Bar {
    fn new(output: Output, start: i64, end: i64) -> Self {
        let length = end.saturating_sub(start).max(0).cast_unsigned();
        let is_hidden = output.is_json() || !stderr().is_terminal();
        let bar = if is_hidden { ProgressBar::hidden() } else { ProgressBar::new(length) };
        let template = "{wide_bar} {bytes}/{total_bytes} of the log, {bytes_per_sec}, {eta} left";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        Self { bar, start, last: Instant::now() }
    }

    fn set(&mut self, position: i64) {
        if self.last.elapsed() >= BAR_INTERVAL {
            self.last = Instant::now();
            self.bar.set_position(position.saturating_sub(self.start).max(0).cast_unsigned());
        }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// What an error of a run says, with its place.
pub fn failed(stopped: &Stopped) -> Failure {
    Failure::new(format!("position {}: {stopped}", stopped.position()))
}
