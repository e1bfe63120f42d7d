//! Why a snapshot is not loaded.

use lugus_vocabulary::{OLDEST_SNAPSHOT_VERSION, SNAPSHOT_VERSION, StateHash};

/// Why a snapshot is not loaded, and at which record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("snapshot record {record}: {fault}")]
pub struct SnapshotError {
    /// Number of the record, counted from 0.
    pub record: u64,
    /// What is wrong with the record.
    pub fault: SnapshotFault,
}

/// What is wrong with a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SnapshotFault {
    /// The records have another version.
    #[error("version {found} is not supported; this engine reads {OLDEST_SNAPSHOT_VERSION} to {SNAPSHOT_VERSION}")]
    Version {
        /// Version in the header.
        found: u32,
    },
    /// The engine's limits allow fewer.
    #[error("{found} {what}, but the limit is {limit}: raise it on all members")]
    Limit {
        /// What there is too much of.
        what: &'static str,
        /// Number found.
        found: u64,
        /// Maximum number.
        limit: u64,
    },
    /// A record of this kind cannot follow the one before.
    #[error("a record of kind {found} does not belong here")]
    Unexpected {
        /// Kind of the record.
        found: &'static str,
    },
    /// Fewer records came than were announced.
    #[error("{missing} {what} fewer than the snapshot announces")]
    Missing {
        /// Kind of the records.
        what: &'static str,
        /// Number of missing records.
        missing: u64,
    },
    /// More records came than were announced.
    #[error("more {what} than the snapshot announces")]
    Superfluous {
        /// Kind of the records.
        what: &'static str,
    },
    /// The record's content is impossible.
    #[error("{what}")]
    Invalid {
        /// What is impossible.
        what: &'static str,
    },
    /// Other records came than were written.
    #[error("checksum {found:#x}, but the records give {calculated:#x}")]
    Checksum {
        /// Checksum in the last record.
        found: u64,
        /// Checksum of the records that came.
        calculated: u64,
    },
    /// The loaded state has another hash than the header says.
    #[error("state hash {:#x}, but the instruments give {:#x}", found.0, calculated.0)]
    StateHash {
        /// Hash in the header.
        found: StateHash,
        /// Hash of the loaded state.
        calculated: StateHash,
    },
    /// The last record has not come.
    #[error("the snapshot ends before its last record")]
    Truncated,
    /// An earlier record was wrong.
    #[error("an earlier record was invalid")]
    Failed,
}
