//! The stages of a move: what the mover waits for in each, and the request that it makes.

use lugus_partition_map::{MapEpoch, MapRequest};
use lugus_vocabulary::{ClusterId, InstrumentId, MigrationId, MigrationStep, StateHash};

use super::copy::Copying;
use super::messages::{Action, ClusterRequest, Party};
use super::move_outcome::{Ending, MoveError};
use super::move_step::MoveStep;

/// An epoch that no map has. An impossible request that is made for this epoch changes nothing, and its refusal tells the
/// epoch of the newest map. In this way a mover asks the coordinator for that epoch, since the first maps of a subscription
/// may be old ones.
const NO_EPOCH: MapEpoch = MapEpoch(u64::MAX);
const NO_MIGRATION: MigrationId = MigrationId(u64::MAX);

/// State of a move: what the mover waits for.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Stage {
    /// The coordinator, to tell the epoch of the newest map.
    Asking,
    /// The map.
    Looking {
        least_epoch: MapEpoch,
    },
    Beginning {
        epoch: MapEpoch,
        to: ClusterId,
    },
    /// The fence. The first requests of the copy are sent right behind it.
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
            Self::Copying(copying) => copying.step(),
            Self::Committing { .. } => MoveStep::Commit,
            Self::Activating { .. } => MoveStep::Activate,
            Self::Dropping { .. } => MoveStep::Drop,
            Self::Finishing(_) => MoveStep::Finish,
            Self::Aborting => MoveStep::Abort,
            Self::DroppingImport => MoveStep::DropImport,
            Self::Unfencing => MoveStep::Unfence,
        })
    }

    /// The party that is asked, and what it is asked for.
    pub(super) fn asked(&self) -> (Party, &'static str) {
        match self.step() {
            Some(step) => (step.party(), step.request()),
            None => (Party::Coordinator, "look at the map"),
        }
    }

    /// The request of this stage in the migration `id`; `None` if the stage has none, or those of a copy.
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
            Self::DroppingImport => MigrationStep::DropImport,
            Self::Unfencing => MigrationStep::Unfence,
            Self::Copying(_) | Self::Ended(_) => return None,
        };
        let request = ClusterRequest { correlation_id, instrument, migration: id, step };
        Some(Action::Cluster { party: self.asked().0, request })
    }
}
