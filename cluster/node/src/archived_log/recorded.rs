//! Where a member's log and snapshots are, and where an engine can start.

use std::path::PathBuf;

use aeron_archive_files::{
    ArchiveFileError, CONSENSUS_MODULE, FrameChecksum, FrameReader, Recording, RecordingLog, Snapshot,
};
use aeron_cluster_service::{DEFAULT_APP_VERSION, LogPlace, LogReplay};
use lugus_topology::{Checksum, ClusterSpec, MemberSpec};
use thiserror::Error;

use super::fragments::Fragments;
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
    /// The beginning of the log was purged, and no snapshot can be loaded instead.
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

/// Where an engine starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// Empty, at the beginning of the log.
    Beginning,
    /// From the oldest snapshot that can be loaded, since the log before it was purged.
    Snapshot {
        /// Log position of the snapshot.
        position: i64,
    },
}

impl Start {
    /// The position in the log.
    pub fn position(self) -> i64 {
        match self {
            Self::Beginning => 0,
            Self::Snapshot { position } => position,
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

    /// Position after the last whole frame of the log. Of a member that was stopped or killed, the last frames may not be
    /// committed.
    pub fn end_position(&self) -> i64 {
        let mut reader = FrameReader::new(self.recording.clone(), 0, FrameChecksum::None);
        while let Ok(Some(_)) = reader.next_frame() {}
        reader.position()
    }

    /// Log position of the newest snapshot of the service.
    pub fn newest_snapshot(&self) -> Option<i64> {
        self.snapshots().last().map(|snapshot| snapshot.log_position)
    }

    /// The log's frames from `position` on.
    pub(super) fn frames(&self, position: i64) -> FrameReader {
        FrameReader::new(self.recording.clone(), position, self.files.checksum)
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
    ) -> Result<LogReplay<MatchingService>, aeron_cluster_service::ServiceError> {
        let place = LogPlace {
            position: snapshot.log_position,
            leadership_term_id: snapshot.leadership_term_id,
            timestamp: snapshot.timestamp,
        };
        LogReplay::start_from_snapshot(service, DEFAULT_APP_VERSION, place, &mut self.fragments(snapshot)?)
    }

    /// Starts a service of `make` where the log allows it, and tells `failed` of each snapshot that can't be loaded.
    pub(super) fn start(
        &self,
        make: impl Fn() -> MatchingService,
        mut failed: impl FnMut(i64, String),
    ) -> Result<(LogReplay<MatchingService>, Start), ArchivedLogError> {
        let start_position = self.recording.start_position;
        let mut reason = String::from("it has none");
        if start_position == 0 {
            match LogReplay::start(make(), DEFAULT_APP_VERSION) {
                Ok(replay) => return Ok((replay, Start::Beginning)),
                Err(error) => reason = error.to_string(),
            }
        }
        for snapshot in self.snapshots().filter(|snapshot| snapshot.log_position >= start_position) {
            match self.load(snapshot, make()) {
                Ok(replay) => return Ok((replay, Start::Snapshot { position: snapshot.log_position })),
                Err(error) => {
                    reason = format!("the one of position {} can't be loaded: {error}", snapshot.log_position);
                    failed(snapshot.log_position, format!("the snapshot can't be loaded: {error}"));
                }
            }
        }
        Err(ArchivedLogError::NoStart { start_position, reason })
    }
}
