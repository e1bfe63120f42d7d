//! What a move is to come to, how far it is, and how it ends.

use std::time::Duration;

use lugus_partition_map::MapRefusal;
use lugus_vocabulary::{ClusterId, InstrumentId, MigrationOutcome};
use thiserror::Error;

use super::messages::Party;

/// What a move is to come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Intent {
    /// The instrument is to be traded by this cluster.
    MoveTo(ClusterId),
    /// A move that has begun is to be undone.
    Undo,
}

/// How long a mover waits for answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// Time after which a request without an answer is sent again.
    pub repeat: Duration,
    /// Time without any progress after which the mover gives up; another mover can go on.
    pub give_up: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self { repeat: Duration::from_millis(500), give_up: Duration::from_secs(30) }
    }
}

/// How a move ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// The new cluster trades the instrument, and the old one has forgotten it.
    Moved,
    /// The instrument is where it was.
    Undone,
    /// There was nothing to do.
    Nothing,
}

/// How far a move is, for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MoveProgress {
    /// What is being done.
    pub stage: &'static str,
    /// Number of records that the new cluster has; 0 before and after they are copied.
    pub records: u64,
    /// Number of records to be copied; 0 before and after they are copied.
    pub of: u64,
}

/// Why a move does not go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum MoveError {
    /// The map has no such instrument.
    #[error("instrument {0} is not in the partition map: add it first (lugus map add-instrument)")]
    UnknownInstrument(InstrumentId),
    /// The instrument is on its way to another cluster.
    #[error("instrument {instrument} is being moved to cluster {to}: finish that (--to {to}), or undo it (--undo)")]
    OtherMove {
        /// The instrument.
        instrument: InstrumentId,
        /// The other cluster.
        to: ClusterId,
    },
    /// The move is committed and cannot be undone.
    #[error("the move of instrument {instrument} to cluster {to} is committed: finish it (--to {to})")]
    Committed {
        /// The instrument.
        instrument: InstrumentId,
        /// The new cluster.
        to: ClusterId,
    },
    /// The coordinator refused a request.
    #[error(transparent)]
    Refused(#[from] MapRefusal),
    /// A cluster refused a step, and the move has been undone.
    #[error("{party} refused to {step}: {outcome}; the move has been undone")]
    Undone {
        /// The cluster.
        party: Party,
        /// The step.
        step: &'static str,
        /// Its outcome.
        outcome: MigrationOutcome,
    },
    /// A cluster refused a step that it should do by the map.
    #[error("{party} refused to {step}: {outcome}; its state does not fit to the partition map")]
    DoesNotFit {
        /// The cluster.
        party: Party,
        /// The step.
        step: &'static str,
        /// Its outcome.
        outcome: MigrationOutcome,
    },
    /// The new cluster has another state than was exported, and the move has been undone.
    #[error("the state that was imported is not that which was exported; the move has been undone")]
    OtherState,
    /// A party does not answer.
    #[error("{party} did not answer within {waited:?} ({step}): start it, then do the same again, or undo it (--undo)")]
    NoAnswer {
        /// The party.
        party: Party,
        /// What it was asked for.
        step: &'static str,
        /// How long the mover has waited.
        waited: Duration,
    },
}
