//! An archived log through a new engine, as far as somebody wants it, compared with each snapshot on the way.

use std::collections::VecDeque;

use aeron_archive_files::{ArchiveFileError, Snapshot};
use aeron_cluster_service::{Applied, LogReplay, ServiceError, event_time};
use lugus_engine::Engine;
use lugus_topology::ClusterSpec;
use lugus_vocabulary::EpochNanos;
use thiserror::Error;

use super::fragments::fragment;
use super::frames::LogFrames;
use super::recorded::{ArchivedLog, ArchivedLogError, SavedState, Start, StartFrom};
use super::snapshot_check;
use crate::listener::ServiceListener;
use crate::member::empty_service;
use crate::service::MatchingService;

/// Greatest number of differences that are told. A run goes on after a difference; what follows from it is told too.
const MAX_DIFFERENCES: usize = 100;

/// Where the log leads to something else than was recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Position in the log, in bytes.
    pub position: i64,
    /// What differs.
    pub what: String,
}

/// How far the log is applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Until {
    /// Events that end after this position are not applied.
    pub position: i64,
    /// The first event of a later time is not applied, nor what follows it.
    pub time: Option<EpochNanos>,
}

impl Until {
    /// The end of the log.
    pub const END: Self = Self { position: i64::MAX, time: None };

    /// All events that end at this position or before.
    pub fn position(position: i64) -> Self {
        Self { position, time: None }
    }

    /// This limit, or that of this time if it is the earlier one.
    #[must_use]
    pub fn not_after(self, time: EpochNanos) -> Self {
        Self { time: Some(self.time.map_or(time, |limit| limit.min(time))), ..self }
    }
}

/// Why a run has paused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paused {
    /// All events that end at the limit's position or before are applied.
    AtPosition,
    /// The next event is of a later time than the limit's.
    AtTime,
    /// The log has ended. That of a running member may go on.
    AtEnd,
    /// The wanted number of frames was applied.
    Between,
}

/// Why a log can't be applied further.
#[derive(Debug, Error)]
pub enum Stopped {
    /// It can't be read.
    #[error("{what}")]
    Unreadable {
        /// Position after the last event that was applied.
        position: i64,
        /// Why not.
        what: String,
    },
    /// An event would end a member.
    #[error("the event before position {position} can't be applied: {what}")]
    Unacceptable {
        /// Position after the event.
        position: i64,
        /// Why it would end a member.
        what: String,
    },
}

impl Stopped {
    /// The log position.
    pub fn position(&self) -> i64 {
        match self {
            Self::Unreadable { position, .. } | Self::Unacceptable { position, .. } => *position,
        }
    }
}

/// A log that is being applied to a new engine.
pub struct LogRun<'a> {
    cluster: &'a ClusterSpec,
    log: &'a ArchivedLog,
    replay: LogReplay<MatchingService>,
    reader: LogFrames,
    start: Start,
    /// Snapshots that have not been reached, in the order of their positions.
    snapshots: VecDeque<Snapshot>,
    snapshots_compared: u64,
    differences: Vec<Difference>,
}

impl<'a> LogRun<'a> {
    /// Starts an engine from a state that is kept.
    ///
    /// # Errors
    /// No engine can start from what there is. A snapshot that can't be loaded, while another one can, is a difference.
    pub fn start(cluster: &'a ClusterSpec, log: &'a ArchivedLog, from: &StartFrom) -> Result<Self, ArchivedLogError> {
        let mut differences = Vec::new();
        let failed = |position, what| differences.push(Difference { position, what });
        let (replay, start) = log.start(from, || replayed_service(cluster), failed)?;
        let snapshots = log.snapshots().filter(|snapshot| snapshot.log_position > start.position());
        Ok(Self {
            cluster,
            log,
            replay,
            reader: log.frames(start.position()),
            start,
            snapshots: snapshots.copied().collect(),
            snapshots_compared: 0,
            differences,
        })
    }

    /// Lets somebody hear of what the log does from now on.
    pub fn listen(&mut self, listener: impl ServiceListener + 'static) {
        self.replay.service_mut().listen(Box::new(listener));
    }

    /// Applies the log up to a limit, and pauses after `frames` frames.
    ///
    /// # Errors
    /// [`Stopped`]. Of a member that runs, a log that can't be read may be readable a moment later.
    pub fn advance(&mut self, until: Until, frames: u64) -> Result<Paused, Stopped> {
        for _ in 0..frames {
            if self.reader.position() >= until.position {
                return Ok(Paused::AtPosition);
            }
            let before = self.reader.position();
            let frame = self.reader.next_frame();
            let frame = frame.map_err(|error| Stopped::Unreadable { position: before, what: damaged(&error) })?;
            let Some(frame) = frame else { return Ok(Paused::AtEnd) };
            let position = frame.position;
            let fragment = fragment(frame);
            let is_later = |time: EpochNanos| {
                let unit = self.replay.cluster().time_unit().as_nanos();
                event_time(&fragment).is_some_and(|of_event| of_event.saturating_mul(unit) > time.0)
            };
            let limit = if position > until.position {
                Some(Paused::AtPosition)
            } else {
                until.time.is_some_and(is_later).then_some(Paused::AtTime)
            };
            if let Some(paused) = limit {
                self.reader.put_back();
                return Ok(paused);
            }
            let errors = self.replay.errors().len();
            let applied = self.replay.apply(&fragment);
            let applied = applied.map_err(|error| Stopped::Unacceptable { position, what: error.to_string() })?;
            if let Some(unknown) = self.replay.service().end().reason() {
                return Err(Stopped::Unacceptable { position, what: unknown.to_string() });
            }
            if self.replay.errors().len() > errors {
                self.note_errors(position, errors);
            }
            if let Applied::SnapshotRequest { log_position, .. } = applied {
                self.compare_snapshots(log_position);
            }
        }
        Ok(Paused::Between)
    }

    /// Notes a difference.
    pub fn differ(&mut self, position: i64, what: impl Into<String>) {
        if self.differences.len() < MAX_DIFFERENCES {
            self.differences.push(Difference { position, what: what.into() });
        }
    }

    /// The state, from which another run can go on.
    ///
    /// # Errors
    /// The service's.
    pub fn save(&mut self) -> Result<SavedState, ServiceError> {
        let place = self.replay.place();
        let messages = self.replay.take_snapshot(place.leadership_term_id)?;
        Ok(SavedState { place, messages })
    }

    /// Where the engine has started.
    pub fn started(&self) -> Start {
        self.start
    }

    /// Position after the last frame that was applied.
    pub fn position(&self) -> i64 {
        self.reader.position()
    }

    /// Cluster time of the last event that was applied.
    pub fn time(&self) -> EpochNanos {
        let cluster = self.replay.cluster();
        EpochNanos(cluster.time().saturating_mul(cluster.time_unit().as_nanos()))
    }

    /// The engine, for reading.
    pub fn engine(&self) -> &Engine {
        self.replay.service().engine()
    }

    /// Number of commands that were given to the engine, repeated ones included.
    pub fn commands(&self) -> u64 {
        self.replay.service().commands()
    }

    /// Number of snapshots that were compared with the state at their positions.
    pub fn snapshots_compared(&self) -> u64 {
        self.snapshots_compared
    }

    /// What differs, in the order in which it was found; at most the first hundred.
    pub fn differences(&self) -> &[Difference] {
        &self.differences
    }

    /// Notes the snapshots up to the present position that the log has not asked for.
    pub fn check_snapshots_passed(&mut self) {
        let position = self.position();
        while let Some(snapshot) = self.snapshots.pop_front_if(|snapshot| snapshot.log_position <= position) {
            self.differ(snapshot.log_position, NOT_ASKED_FOR);
        }
    }

    #[cold]
    fn note_errors(&mut self, position: i64, known: usize) {
        let errors = self.replay.errors()[known..].to_vec();
        for error in errors {
            self.differ(position, error);
        }
    }

    #[cold]
    fn compare_snapshots(&mut self, log_position: i64) {
        while let Some(snapshot) = self.snapshots.pop_front_if(|snapshot| snapshot.log_position <= log_position) {
            if snapshot.log_position < log_position {
                self.differ(snapshot.log_position, NOT_ASKED_FOR);
                continue;
            }
            self.snapshots_compared += 1;
            let make = || replayed_service(self.cluster);
            if let Some(what) = snapshot_check::difference(self.log, &snapshot, &mut self.replay, make) {
                self.differ(log_position, what);
            }
        }
    }
}

fn replayed_service(cluster: &ClusterSpec) -> MatchingService {
    empty_service(cluster.deployment()).without_counters()
}

const NOT_ASKED_FOR: &str = "there is a snapshot of this position, but the log asks for none there";

fn damaged(error: &ArchiveFileError) -> String {
    match error {
        ArchiveFileError::Damage(damage) => format!("the log is damaged at {damage}"),
        error => error.to_string(),
    }
}
