//! Why a step of a migration changed nothing.

use lugus_vocabulary::{MigrationId, MigrationOutcome};

use crate::restore::fault::SnapshotFault;

/// Why a step of a migration changed nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MigrationRefusal {
    /// The engine does not have the instrument.
    #[error("the instrument is not in this cluster")]
    UnknownInstrument,
    /// The engine has the instrument, and not as an import.
    #[error("the instrument is in this cluster already")]
    AlreadyHere,
    /// This migration or a later one has ended.
    #[error("that migration of the instrument has ended; the last one that has ended is {}", last.0)]
    Over {
        /// The last migration of the instrument that has ended here.
        last: MigrationId,
    },
    /// Another migration is under way.
    #[error("migration {} of the instrument is in progress", current.0)]
    OtherMigration {
        /// The migration that is under way.
        current: MigrationId,
    },
    /// The step does not fit the state of the migration.
    #[error("the step is not possible in the present state of the migration")]
    OutOfOrder,
    /// The import of this migration began with another manifest.
    #[error("the import began with another manifest")]
    OtherManifest,
    /// Earlier records are missing.
    #[error("records before these are missing: {expected} have been received")]
    Gap {
        /// Number of the next record, counted from 0.
        expected: u64,
    },
    /// An export cannot continue from this cursor.
    #[error("the export has no such position")]
    UnknownCursor,
    /// A copy ahead cannot continue from this cursor, or the rest not begin there.
    #[error("{copied} records have been copied ahead, which the position does not follow")]
    OtherCursor {
        /// Number of records that have been copied ahead.
        copied: u64,
    },
    /// Other records came in than were exported.
    #[error("the import's checksum is {calculated:#x}, but that of the export is {expected:#x}")]
    Checksum {
        /// Checksum over the records that came in.
        calculated: u64,
        /// Checksum over the records that were exported.
        expected: u64,
    },
    /// An impossible record.
    #[error("{0}")]
    Record(#[from] SnapshotFault),
    /// All instruments whose migration state can be remembered are here, so that none of them may be forgotten.
    #[error("the maximum number of migration states is kept already")]
    LimitMigrationStates,
}

impl MigrationRefusal {
    /// The refusal as an answer tells it: the outcome, and the number that belongs to it.
    #[must_use]
    pub fn outcome(&self) -> (MigrationOutcome, u64) {
        match *self {
            Self::UnknownInstrument => (MigrationOutcome::UnknownInstrument, 0),
            Self::AlreadyHere => (MigrationOutcome::AlreadyHere, 0),
            Self::Over { last } => (MigrationOutcome::Over, last.0),
            Self::OtherMigration { current } => (MigrationOutcome::OtherMigration, current.0),
            Self::OutOfOrder => (MigrationOutcome::OutOfOrder, 0),
            Self::OtherManifest => (MigrationOutcome::OtherManifest, 0),
            Self::Gap { expected } => (MigrationOutcome::Gap, expected),
            Self::OtherCursor { copied } => (MigrationOutcome::UnknownCursor, copied),
            Self::UnknownCursor => (MigrationOutcome::UnknownCursor, 0),
            Self::Checksum { calculated, .. } => (MigrationOutcome::Checksum, calculated),
            Self::Record(SnapshotFault::Limit { .. }) | Self::LimitMigrationStates => (MigrationOutcome::Limit, 0),
            Self::Record(_) => (MigrationOutcome::Record, 0),
        }
    }
}
