//! Why a snapshot is not loaded.

use lugus_vocabulary::StateHash;

use crate::snapshot::SNAPSHOT_VERSION;

/// A snapshot that is not loaded: where and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("snapshot record {record}: {fault}")]
pub struct SnapshotError {
    /// Which record, from 0.
    pub record: u64,
    /// What is wrong with it.
    pub fault: SnapshotFault,
}

/// What is wrong with a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SnapshotFault {
    /// Another version of the records.
    #[error("version {found} is not supported; this engine reads {SNAPSHOT_VERSION}")]
    Version {
        /// The header's.
        found: u32,
    },
    /// More than the engine's limits allow.
    #[error("{found} {what}, but the limit is {limit}: raise it on all members")]
    Limit {
        /// Of what.
        what: &'static str,
        /// How many.
        found: u64,
        /// How many at most.
        limit: u64,
    },
    /// A record that does not follow the one before.
    #[error("a record of kind {found} does not belong here")]
    Unexpected {
        /// Its kind.
        found: &'static str,
    },
    /// Not as many as were announced.
    #[error("{missing} {what} fewer than announced")]
    Missing {
        /// Of what.
        what: &'static str,
        /// How many.
        missing: u64,
    },
    /// More than were announced.
    #[error("more {what} than announced")]
    Superfluous {
        /// Of what.
        what: &'static str,
    },
    /// A record whose content cannot be.
    #[error("{what}")]
    Invalid {
        /// What cannot be.
        what: &'static str,
    },
    /// The records are not those that were written.
    #[error("checksum {found:#x}, but the records give {calculated:#x}")]
    Checksum {
        /// As written.
        found: u64,
        /// As calculated.
        calculated: u64,
    },
    /// The instruments are not those of the header.
    #[error("state hash {:#x}, but the instruments give {:#x}", found.0, calculated.0)]
    StateHash {
        /// As written.
        found: StateHash,
        /// As calculated.
        calculated: StateHash,
    },
    /// There is no last record.
    #[error("the snapshot ends before its last record")]
    Truncated,
    /// A record before was wrong.
    #[error("a record before was wrong")]
    Failed,
}
