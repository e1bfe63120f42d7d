//! The recording log of a cluster's member: which of its archive's recordings are the log and snapshots.
//!
//! Source: `RecordingLog` of Aeron.

use std::fs;
use std::path::Path;

use crate::error::ArchiveFileError;
use crate::little_endian::{i32_at, i64_at};

pub(crate) const RECORDING_LOG: &str = "recording.log";
/// Length of an entry without endpoint, in bytes.
pub(crate) const ENTRY_LENGTH: usize = 48;
/// An entry begins at a multiple of this many bytes.
pub(crate) const ENTRY_ALIGNMENT: usize = 64;
pub(crate) const TERM: i32 = 0;
pub(crate) const SNAPSHOT: i32 = 1;
const STANDBY_SNAPSHOT: i32 = 2;
/// Flag in the type of an entry that is not valid.
const INVALID: i32 = i32::MIN;
/// Greatest length of an entry. Source: `RecordingLog.MAX_ENTRY_LENGTH`.
const MAX_ENTRY_LENGTH: usize = 4096;

/// Service id of the consensus module's own snapshots. Source: `ConsensusModule.Configuration.SERVICE_ID`.
pub const CONSENSUS_MODULE: i32 = -1;
/// Service id of terms. Source: `Aeron.NULL_VALUE`.
const NO_SERVICE: i32 = -1;

/// A leadership term.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Term {
    /// Recording of the log.
    pub recording_id: i64,
    /// Number of the term.
    pub leadership_term_id: i64,
    /// Log position at which the term begins.
    pub base_log_position: i64,
}

impl Term {
    /// Whether it may come next after that term: the log is one recording, and only grows.
    fn follows(&self, before: &Self) -> bool {
        self.recording_id == before.recording_id
            && self.leadership_term_id > before.leadership_term_id
            && self.base_log_position >= before.base_log_position
    }
}

/// A snapshot of the consensus module or of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Snapshot {
    /// Recording of the snapshot.
    pub recording_id: i64,
    /// Leadership term in which it was taken.
    pub leadership_term_id: i64,
    /// Log position of which it has the state.
    pub log_position: i64,
    /// Cluster time of the log position.
    pub timestamp: i64,
    /// The service, or [`CONSENSUS_MODULE`].
    pub service_id: i32,
}

/// The valid entries of a recording log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RecordingLog {
    /// Terms in the order of their numbers.
    pub terms: Vec<Term>,
    /// Snapshots in the order of their log positions.
    pub snapshots: Vec<Snapshot>,
}

impl RecordingLog {
    /// Reads the recording log in the consensus module's folder `dir`. Aeron takes an entry that is torn or bent for one of another kind or
    /// place, and a member that starts with such a file forgets a part of its log.
    ///
    /// # Errors
    /// The file can't be read, or is damaged.
    pub fn read(dir: &Path) -> Result<Self, ArchiveFileError> {
        let path = dir.join(RECORDING_LOG);
        let bytes = fs::read(&path).map_err(ArchiveFileError::file(&path))?;
        let damage = |offset, what| ArchiveFileError::Content { path: path.clone(), offset: offset as u64, what };
        let mut log = Self::default();
        let mut offset = 0;
        while offset < bytes.len() {
            let length = log.entry(&bytes[offset..]).ok_or_else(|| damage(offset, "this is not an entry"))?;
            let end = offset + length.next_multiple_of(ENTRY_ALIGNMENT);
            if end > bytes.len() {
                return Err(damage(offset, "this entry is cut off"));
            }
            offset = end;
        }
        log.terms.sort_by_key(|term| term.leadership_term_id);
        if log.terms.windows(2).any(|terms| !terms[1].follows(&terms[0])) {
            return Err(damage(0, "a term does not follow the one before"));
        }
        log.snapshots.sort_by_key(|snapshot| snapshot.log_position);
        Ok(log)
    }

    /// Takes the entry that `bytes` begins with; returns its length.
    fn entry(&mut self, bytes: &[u8]) -> Option<usize> {
        let number = |offset| i64_at(bytes, offset).filter(|number| *number >= 0);
        let (kind, service_id) = (i32_at(bytes, 44)?, i32_at(bytes, 40)?);
        match kind & !INVALID {
            TERM if kind == TERM && service_id == NO_SERVICE => self.terms.push(Term {
                recording_id: number(0)?,
                leadership_term_id: number(8)?,
                base_log_position: number(16)?,
            }),
            SNAPSHOT if kind == SNAPSHOT => self.snapshots.push(Snapshot {
                recording_id: number(0)?,
                leadership_term_id: number(8)?,
                log_position: number(24)?,
                timestamp: number(32)?,
                service_id: Some(service_id).filter(|id| *id >= CONSENSUS_MODULE)?,
            }),
            TERM | SNAPSHOT if kind & INVALID != 0 => {}
            STANDBY_SNAPSHOT => {
                let endpoint = usize::try_from(i32_at(bytes, ENTRY_LENGTH)?).ok()?;
                let length = ENTRY_LENGTH + size_of::<i32>() + endpoint;
                return (length <= MAX_ENTRY_LENGTH).then_some(length);
            }
            _ => return None,
        }
        Some(ENTRY_LENGTH)
    }

    /// The recording of the log: that of the last term. Source: `RecordingLog.findLastTermRecordingId`.
    pub fn log_recording_id(&self) -> Option<i64> {
        self.terms.last().map(|term| term.recording_id)
    }

    /// Snapshots of a service, in the order of their log positions.
    pub fn snapshots_of(&self, service_id: i32) -> impl DoubleEndedIterator<Item = &Snapshot> {
        self.snapshots.iter().filter(move |snapshot| snapshot.service_id == service_id)
    }
}
