//! Actions that a mover asks its caller for, and the parties that they go to. The requests to clusters and their
//! answers are defined in the vocabulary.

use std::fmt;
use std::sync::Arc;

use lugus_partition_map::{MapEpoch, MapRequest};
use lugus_vocabulary::{ExportedRecords, MigrationRequest};

/// Number of messages that an export request asks for after the fence. It is large enough to keep both clusters and the network
/// busy, and small enough not to hold up the old cluster's other instruments.
pub const MAXIMUM_MESSAGES: u16 = 16;
/// The same ahead of the fence, while the instrument itself is traded: 2 ms of the old cluster's time.
pub(super) const MESSAGES_AHEAD: u16 = 4;

/// The encoded records of one message, copied from the old cluster to the new one.
pub type Records = Arc<[u8]>;

/// A request of the operator to a cluster.
pub type ClusterRequest = MigrationRequest<Records>;

/// Records of an export, and the cursor at which the export continues.
pub type Exported = ExportedRecords<Records>;

/// A party of a move.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Party {
    /// The coordinator.
    Coordinator,
    /// The old cluster, which the instrument moves from.
    From,
    /// The new cluster, which the instrument moves to.
    To,
}

impl fmt::Display for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Coordinator => "the coordinator",
            Self::From => "the old cluster",
            Self::To => "the new cluster",
        })
    }
}

/// An action that a mover asks its caller for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Give the newest map to [`super::Mover::on_map`].
    LookAtMap {
        /// Lowest epoch that the map must have.
        least_epoch: MapEpoch,
    },
    /// Send a request to the coordinator.
    Coordinator {
        /// Correlation id of the request, which the answer repeats.
        correlation_id: u64,
        /// The request.
        request: MapRequest,
        /// Epoch of the map that the request is made for. It keeps a request that arrives late from beginning another move.
        expected: Option<MapEpoch>,
    },
    /// Send a request to a cluster.
    Cluster {
        /// The cluster.
        party: Party,
        /// The request.
        request: ClusterRequest,
    },
}
