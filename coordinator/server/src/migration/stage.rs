//! The stages of a move: in each, what the mover waits for and which request it makes.

use lugus_partition_map::{MapEpoch, MapRequest};
use lugus_vocabulary::{ClusterId, InstrumentId, MigrationId, MigrationStep, StateHash};

use super::copy::Copying;
use super::messages::{Action, ClusterRequest, Party};
use super::move_outcome::{Ending, MoveError};
use super::move_step::MoveStep;

/// An epoch that no map ever has. A mover sends a request for this epoch to learn the epoch of the newest map: the
/// request changes nothing, and its refusal contains that epoch. The mover needs it because the first maps of a
/// subscription may be old.
const NO_EPOCH: MapEpoch = MapEpoch(u64::MAX);
const NO_MIGRATION: MigrationId = MigrationId(u64::MAX);

/// State of a mover: what it waits for.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Stage {
    /// The coordinator's refusal that contains the epoch of the newest map.
    Asking,
    /// A map of at least this epoch.
    Looking {
        least_epoch: MapEpoch,
    },
    Beginning {
        epoch: MapEpoch,
        to: ClusterId,
    },
    /// Records are copied ahead of the fence, while the old cluster trades.
    CopyingAhead(Copying),
    /// What was copied ahead is of no use, and is removed. All is copied after the fence.
    DroppingAhead,
    /// The fence. The first requests of the copy are sent right after it.
    Fencing(Copying),
    Copying(Copying),
    Committing {
        state_hash: StateHash,
    },
    Activating {
        epoch: MapEpoch,
    },
    Dropping {
        epoch: MapEpoch,
    },
    Finishing(Ending),
    Aborting,
    DroppingImport,
    Unfencing,
    Ended(Result<Ending, MoveError>),
}

impl Stage {
    /// The step that the mover waits for.
    pub(super) fn step(&self) -> Option<MoveStep> {
        Some(match self {
            Self::Asking | Self::Looking { .. } | Self::Ended(_) => return None,
            Self::Beginning { .. } => MoveStep::Begin,
            Self::Fencing(_) => MoveStep::Fence,
            Self::CopyingAhead(copying) | Self::Copying(copying) => copying.step(),
            Self::DroppingAhead => MoveStep::DropAhead,
            Self::Committing { .. } => MoveStep::Commit,
            Self::Activating { .. } => MoveStep::Activate,
            Self::Dropping { .. } => MoveStep::Drop,
            Self::Finishing(_) => MoveStep::Finish,
            Self::Aborting => MoveStep::Abort,
            Self::DroppingImport => MoveStep::DropImport,
            Self::Unfencing => MoveStep::Unfence,
        })
    }

    /// The party that the mover waits for, and what it was asked to do.
    pub(super) fn asked(&self) -> (Party, &'static str) {
        match self.step() {
            Some(step) => (step.party(), step.request()),
            None => (Party::Coordinator, "provide the newest partition map"),
        }
    }

    /// The request of this stage in the migration `id`; `None` if the stage has no request, or those of a copy.
    pub(super) fn request(&self, instrument: InstrumentId, id: MigrationId, correlation_id: u64) -> Option<Action> {
        let of_coordinator = |request, expected| Some(Action::Coordinator { correlation_id, request, expected });
        let step = match *self {
            Self::Asking => {
                let request = MapRequest::AbortMigration { instrument, id: NO_MIGRATION };
                return of_coordinator(request, Some(NO_EPOCH));
            }
            Self::Looking { least_epoch } => return Some(Action::LookAtMap { least_epoch }),
            Self::Beginning { epoch, to } => {
                return of_coordinator(MapRequest::BeginMigration { instrument, to }, Some(epoch));
            }
            Self::Committing { state_hash } => {
                return of_coordinator(MapRequest::CommitMigration { instrument, id, state_hash }, None);
            }
            Self::Aborting => return of_coordinator(MapRequest::AbortMigration { instrument, id }, None),
            Self::Finishing(_) => return of_coordinator(MapRequest::FinishMigration { instrument, id }, None),
            Self::Fencing(_) => MigrationStep::Fence,
            Self::Activating { .. } => MigrationStep::Activate,
            Self::Dropping { epoch } => MigrationStep::Drop { epoch },
            Self::DroppingImport | Self::DroppingAhead => MigrationStep::DropImport,
            Self::Unfencing => MigrationStep::Unfence,
            Self::CopyingAhead(_) | Self::Copying(_) | Self::Ended(_) => return None,
        };
        let migration = if *self == Self::DroppingAhead { id.ahead() } else { id };
        let request = ClusterRequest { correlation_id, instrument, migration, step };
        Some(Action::Cluster { party: self.asked().0, request })
    }
}
