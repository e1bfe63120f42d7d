//! A live instrument goes from one engine to another: the engines' part of it.
//!
//! The engine that has the instrument *fences* it: commands are answered [`lugus_vocabulary::Reply::Moved`], use no number
//! and change nothing, so that what is exported is the same however often it is asked for. The other engine imports it,
//! record by record, and answers likewise until it is told to *activate* it; then the first one *drops* it, and keeps a
//! tombstone that says which partition map to wait for.
//!
//! Every step names its migration, whose numbers only go up, and may be repeated or come late: each engine remembers of
//! each instrument the last migration that is over ([`Standings`]). Steps have no number in a scope and tell no events;
//! what they change is in the state hash and in the snapshot. Long steps are done in parts of bounded work.
//!
//! - `standings`: how each instrument stands. `steps`: fence, activate, drop. `export`, `import`: the state itself.

mod export;
mod import;
mod standings;
mod steps;

pub use export::{Export, ExportCursor, ExportPlace};
use lugus_vocabulary::{MigrationId, StateHash};
pub(crate) use standings::{Importing, MAXIMUM_STANDINGS, Standing, Standings};

use crate::restore::SnapshotFault;

/// What of an instrument is to be moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Extent {
    /// [`crate::Engine::instrument_state_hash`].
    pub state_hash: StateHash,
    /// Scopes.
    pub scopes: u32,
    /// Live orders, stop orders among them.
    pub orders: u32,
    /// Kept events.
    pub reports: u64,
}

impl Extent {
    /// Records that it is exported in: the instrument's own, and one of each of the others.
    #[must_use]
    pub fn records(&self) -> u64 {
        (1 + u64::from(self.scopes) + u64::from(self.orders)).saturating_add(self.reports)
    }
}

/// Whether a step that is done in parts has more of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Say it again.
    More,
    /// It is done.
    Done,
}

/// Why a step changed nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MigrationRefusal {
    /// The instrument is not there.
    #[error("the instrument is not in this cluster")]
    UnknownInstrument,
    /// The instrument is there, not as an import.
    #[error("the instrument is in this cluster already")]
    AlreadyHere,
    /// That migration, or a later one, has ended.
    #[error("that migration of the instrument is over: migration {} has ended", last.0)]
    Over {
        /// The last one that has ended here.
        last: MigrationId,
    },
    /// Another migration is under way.
    #[error("migration {} of the instrument is under way", current.0)]
    OtherMigration {
        /// The one under way.
        current: MigrationId,
    },
    /// Not in this state of the migration.
    #[error("not in this state of the migration")]
    OutOfOrder,
    /// An import of that migration began with another extent.
    #[error("the import began with another extent")]
    OtherExtent,
    /// Records before are missing.
    #[error("records before are missing: {expected} have come")]
    Gap {
        /// Number of the next record, from 0.
        expected: u64,
    },
    /// Not a place where an export can go on.
    #[error("no such place in the export")]
    UnknownCursor,
    /// What came is not what was exported.
    #[error("the import's checksum is {calculated:#x}, that of the export {expected:#x}")]
    Checksum {
        /// Over the records that came.
        calculated: u64,
        /// Over the records exported.
        expected: u64,
    },
    /// A record that can't be here.
    #[error("{0}")]
    Record(#[from] SnapshotFault),
    /// More instruments come and go than can be remembered.
    #[error("as many instruments have come and gone as can be remembered")]
    LimitStandings,
}
