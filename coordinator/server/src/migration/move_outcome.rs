//! Intent, timing, progress and end of a move.

use std::time::Duration;

use lugus_partition_map::MapRefusal;
use lugus_vocabulary::{ClusterId, InstrumentId, MigrationOutcome};
use thiserror::Error;

use super::messages::Party;

/// What a mover is asked to achieve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Intent {
    /// Move the instrument to this cluster.
    MoveTo(ClusterId),
    /// Undo a move that has begun.
    Undo,
}

/// Times that a mover waits for answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// Time after which a request without an answer is sent again.
    pub repeat: Duration,
    /// Time without progress after which the mover gives up. Another mover can continue the move.
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
    /// The new cluster trades the instrument, and the old one has deleted it.
    Moved,
    /// The move was undone: the old cluster trades the instrument again.
    Undone,
    /// There was nothing to do.
    Nothing,
}

impl Ending {
    /// Name of the ending, as `lugus migrate` prints it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Moved => "moved",
            Self::Undone => "undone",
            Self::Nothing => "nothing to do",
        }
    }
}

/// How far a move is, to be shown to people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MoveProgress {
    /// What is being done.
    pub stage: &'static str,
    /// Number of records that the new cluster has received; 0 except while records are copied.
    pub records: u64,
    /// Number of all records; 0 except while records are copied.
    pub of: u64,
}

/// Why a mover has given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum MoveError {
    /// The map has no such instrument.
    #[error("instrument {0} is not in the partition map: add it first with lugus map add-instrument")]
    UnknownInstrument(InstrumentId),
    /// The instrument is being moved to another cluster.
    #[error(
        "instrument {instrument} is being moved to cluster {to}: finish that move with --to {to}, or undo it with --undo"
    )]
    OtherMove {
        /// The instrument.
        instrument: InstrumentId,
        /// The other cluster.
        to: ClusterId,
    },
    /// The move is committed and cannot be undone.
    #[error(
        "the move of instrument {instrument} to cluster {to} is committed and can't be undone: finish it with --to {to}"
    )]
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
    /// A cluster refused a step that the map asks of it.
    #[error(
        "{party} refused to {step}: {outcome}; its state does not match the partition map: compare lugus map with the cluster's \
         log and state"
    )]
    DoesNotFit {
        /// The cluster.
        party: Party,
        /// The step.
        step: &'static str,
        /// Its outcome.
        outcome: MigrationOutcome,
    },
    /// The state at the new cluster differs from the exported one, and the move has been undone.
    #[error("the imported state differs from the exported one; the move has been undone, and may be tried again")]
    OtherState,
    /// A party does not answer.
    #[error(
        "{party} did not {step} within {waited:?}: start it, then repeat the command, or undo the move with --undo"
    )]
    NoAnswer {
        /// The party.
        party: Party,
        /// What the party was asked to do.
        step: &'static str,
        /// Time that the mover has waited.
        waited: Duration,
    },
}
