//! What a mover wants done, and who does it. The requests to clusters and their answers are the vocabulary's.

use std::fmt;
use std::sync::Arc;

use lugus_partition_map::{MapEpoch, MapRequest};
use lugus_vocabulary::{ExportedRecords, MigrationRequest};

/// Number of messages that an export request asks for: so that the old cluster, the new one and the network between them
/// are busy all the time, and no cluster is held up for long.
pub const MAXIMUM_MESSAGES: u16 = 16;

/// A run of records on its way from the old cluster to the new one.
pub type Records = Arc<[u8]>;

/// A request of the operator to a cluster.
pub type ClusterRequest = MigrationRequest<Records>;

/// Records of an export, and where the export goes on.
pub type Exported = ExportedRecords<Records>;

/// A party of a move.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Party {
    /// The coordinator.
    Coordinator,
    /// The cluster that has the instrument.
    From,
    /// The cluster that is to have the instrument.
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

/// What a mover wants done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Tell the mover the newest map ([`super::Mover::on_map`]).
    LookAtMap {
        /// Epoch of the oldest map that is of use.
        least_epoch: MapEpoch,
    },
    /// Send a request to the coordinator.
    Coordinator {
        /// Number of the request, which the answer repeats.
        correlation_id: u64,
        /// The request.
        request: MapRequest,
        /// Epoch of the map that the request is made for, so that a late request to begin a move begins none.
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
