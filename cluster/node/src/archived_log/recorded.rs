//! Where a member's log and snapshots are, and where an engine can start.

use std::path::PathBuf;

use aeron_archive_files::{
    ArchiveFileError, CONSENSUS_MODULE, FrameChecksum, FrameReader, Recording, RecordingLog, Snapshot,
};
use aeron_cluster_service::{DEFAULT_APP_VERSION, Fragment, FragmentSource, LogPlace, LogReplay, ServiceError};
use lugus_topology::{Checksum, ClusterSpec, MemberSpec};
use lugus_vocabulary::EpochNanos;
use thiserror::Error;

use super::fragments::{Fragments, whole_message};
use super::frames::LogFrames;
use crate::member::SERVICE_ID;
use crate::service::MatchingService;

/// Why an archived log can't be read.
#[derive(Debug, Error)]
pub enum ArchivedLogError {
    /// The files of the archive or of the consensus module can't be read.
    #[error(transparent)]
    Files(#[from] ArchiveFileError),
    /// The recording log has no leadership term.
    #[error("{path} has no log: the member has never joined its cluster")]
    NoLog {
        /// Folder of the consensus module.
        path: PathBuf,
    },
    /// An event of the log would end a member.
    #[error("the event before position {position} can't be applied: {reason}")]
    Unacceptable {
        /// Position after the event.
        position: i64,
        /// Why it would end a member.
        reason: String,
    },
    /// A state that a replay has saved can't be loaded.
    #[error("the saved state can't be loaded: {reason}")]
    Saved {
        /// Why not.
        reason: String,
    },
    /// The log does not begin early enough, and no snapshot can be loaded instead.
    #[error("the log begins at position {start_position}, and there is no snapshot to start from: {reason}")]
    NoStart {
        /// Where the log begins.
        start_position: i64,
        /// Why no snapshot is loaded.
        reason: String,
    },
}

/// A member's folders, or copies of them, and how they were written.
#[derive(Debug, Clone)]
pub struct MemberFiles {
    /// Folder of the archive.
    pub archive_dir: PathBuf,
    /// Folder of the consensus module.
    pub cluster_dir: PathBuf,
    /// What each recorded frame has.
    pub checksum: FrameChecksum,
}

impl MemberFiles {
    /// The files of a member of a deployment.
    pub fn of(cluster: &ClusterSpec, member: &MemberSpec) -> Self {
        Self {
            archive_dir: member.archive_dir.clone(),
            cluster_dir: member.cluster_dir.clone(),
            checksum: match cluster.deployment().archive.checksum {
                Checksum::Crc32c => FrameChecksum::Crc32c,
                Checksum::None => FrameChecksum::None,
            },
        }
    }
}

/// From which of the states that are kept an engine starts.
#[derive(Debug, Clone)]
pub enum StartFrom {
    /// The oldest: empty at the beginning of the log, or the oldest snapshot that can be loaded if the log before it was purged.
    Oldest,
    /// The newest snapshot that can be loaded, or empty at the beginning of the log if there is none.
    NewestSnapshot,
    /// The newest one at this log position or before.
    Position(i64),
    /// The newest one of this cluster time or before.
    Time(EpochNanos),
    /// This one.
    Saved(SavedState),
}

/// A state that a replay has saved: the messages of a snapshot, as a member would record them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedState {
    /// Where the state stands in the log.
    pub place: LogPlace,
    /// The messages of the snapshot.
    pub messages: Vec<Vec<u8>>,
}

/// Where an engine has started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// Empty, at the beginning of the log.
    Beginning,
    /// From a snapshot.
    Snapshot {
        /// Log position of the snapshot.
        position: i64,
    },
    /// From a state that a replay has saved.
    Saved {
        /// Log position of the state.
        position: i64,
    },
}

impl Start {
    /// The position in the log.
    pub fn position(self) -> i64 {
        match self {
            Self::Beginning => 0,
            Self::Snapshot { position } | Self::Saved { position } => position,
        }
    }
}

/// A member's log and snapshots.
#[derive(Debug)]
pub struct ArchivedLog {
    files: MemberFiles,
    recording: Recording,
    recording_log: RecordingLog,
}

impl ArchivedLog {
    /// Finds the log and the snapshots.
    ///
    /// # Errors
    /// [`ArchivedLogError`].
    pub fn open(files: MemberFiles) -> Result<Self, ArchivedLogError> {
        let recording_log = RecordingLog::read(&files.cluster_dir)?;
        let no_log = || ArchivedLogError::NoLog { path: files.cluster_dir.clone() };
        let recording = Recording::find(&files.archive_dir, recording_log.log_recording_id().ok_or_else(no_log)?)?;
        Ok(Self { files, recording, recording_log })
    }

    /// Position of the first frame that was not purged.
    pub fn start_position(&self) -> i64 {
        self.recording.start_position
    }

    /// Position after the last whole frame of the log. Of a member that was stopped or killed, the last frames may not be
    /// committed.
    pub fn end_position(&self) -> i64 {
        FrameReader::end_position(&self.recording)
    }

    /// The recording log, which tells the terms and the snapshots.
    pub fn recording_log(&self) -> &RecordingLog {
        &self.recording_log
    }

    /// Log position of the newest snapshot of the service.
    pub fn newest_snapshot(&self) -> Option<i64> {
        self.snapshots().last().map(|snapshot| snapshot.log_position)
    }

    /// The log's frames from `position` on.
    pub(super) fn frames(&self, position: i64) -> LogFrames {
        LogFrames::new(self.recording.clone(), position, self.files.checksum)
    }

    /// The service's snapshots, in the order of their positions.
    pub(super) fn snapshots(&self) -> impl Iterator<Item = &Snapshot> {
        self.recording_log.snapshots_of(SERVICE_ID)
    }

    /// The consensus module's snapshots, in the order of their positions.
    pub(super) fn consensus_module_snapshots(&self) -> impl Iterator<Item = &Snapshot> {
        self.recording_log.snapshots_of(CONSENSUS_MODULE)
    }

    /// The fragments of a snapshot.
    pub(super) fn fragments(&self, snapshot: &Snapshot) -> Result<Fragments, ArchiveFileError> {
        let recording = Recording::find(&self.files.archive_dir, snapshot.recording_id)?;
        Ok(Fragments(FrameReader::new(recording, 0, self.files.checksum)))
    }

    /// Loads a snapshot into a new service.
    pub(super) fn load(
        &self,
        snapshot: &Snapshot,
        service: MatchingService,
    ) -> Result<LogReplay<MatchingService>, ServiceError> {
        let place = LogPlace {
            position: snapshot.log_position,
            leadership_term_id: snapshot.leadership_term_id,
            timestamp: snapshot.timestamp,
        };
        LogReplay::start_from_snapshot(service, DEFAULT_APP_VERSION, place, &mut self.fragments(snapshot)?)
    }

    /// Starts a service of `make` from a state that is kept, and tells `failed` of each snapshot that can't be loaded.
    pub(super) fn start(
        &self,
        from: &StartFrom,
        make: impl Fn() -> MatchingService,
        mut failed: impl FnMut(i64, String),
    ) -> Result<(LogReplay<MatchingService>, Start), ArchivedLogError> {
        if let StartFrom::Saved(state) = from {
            let mut messages = SavedMessages(state.messages.iter());
            let replay = LogReplay::start_from_snapshot(make(), DEFAULT_APP_VERSION, state.place, &mut messages);
            let replay = replay.map_err(|error| ArchivedLogError::Saved { reason: error.to_string() })?;
            return Ok((replay, Start::Saved { position: state.place.position }));
        }
        let mut reason = String::from("it has none there");
        for kept in self.kept_states(from) {
            let (started, start) = match kept {
                None => (LogReplay::start(make(), DEFAULT_APP_VERSION), Start::Beginning),
                Some(snapshot) => (self.load(snapshot, make()), Start::Snapshot { position: snapshot.log_position }),
            };
            match started {
                Ok(replay) => return Ok((replay, start)),
                Err(error) => {
                    let position = start.position();
                    reason = format!("the one of position {position} can't be loaded: {error}");
                    failed(position, format!("the snapshot can't be loaded: {error}"));
                }
            }
        }
        Err(ArchivedLogError::NoStart { start_position: self.recording.start_position, reason })
    }

    /// The states to start from, the best one first; `None` is that without anything, at the beginning of the log.
    fn kept_states(&self, from: &StartFrom) -> Vec<Option<&Snapshot>> {
        let start_position = self.recording.start_position;
        let beginning = (start_position == 0).then_some(None);
        let snapshots = self.snapshots().filter(|snapshot| snapshot.log_position >= start_position).map(Some);
        if let StartFrom::Oldest = from {
            return beginning.into_iter().chain(snapshots).collect();
        }
        let is_early = |snapshot: &Snapshot| match from {
            StartFrom::Position(position) => snapshot.log_position <= *position,
            StartFrom::Time(time) => snapshot.timestamp <= time.0,
            StartFrom::Oldest | StartFrom::NewestSnapshot | StartFrom::Saved(_) => true,
        };
        let early: Vec<_> = snapshots.filter(|snapshot| snapshot.is_some_and(is_early)).collect();
        early.into_iter().rev().chain(beginning).collect()
    }
}

/// The messages of a saved state, each as one fragment.
struct SavedMessages<'a>(std::slice::Iter<'a, Vec<u8>>);

impl FragmentSource for SavedMessages<'_> {
    fn next_fragment(&mut self) -> Result<Option<Fragment<'_>>, ServiceError> {
        Ok(self.0.next().map(|message| whole_message(message)))
    }
}
