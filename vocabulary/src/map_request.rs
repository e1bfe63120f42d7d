//! Changes of the partition map: requests to the coordinator, and its answers.

use thiserror::Error;

use crate::partition_map::{ClusterEntry, DeploymentId, MapDigest};
use crate::specification::InstrumentSpecification;
use crate::units::{ClusterId, InstrumentId, MapEpoch, MigrationId, StateHash};

/// A change of the map. Each request may be repeated: what is done already is answered as done, and changes nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MapRequest {
    /// Adds a cluster.
    AddCluster(ClusterEntry),
    /// Removes a cluster that owns no instrument.
    RemoveCluster(ClusterId),
    /// Adds an instrument to the cluster that its specification names.
    AddInstrument(InstrumentSpecification),
    /// Halts an instrument: clients send no orders for it.
    Halt {
        /// The instrument.
        instrument: InstrumentId,
    },
    /// Ends a halt: clients may send orders again.
    Resume {
        /// The instrument.
        instrument: InstrumentId,
    },
    /// Removes an instrument.
    RemoveInstrument {
        /// The instrument.
        instrument: InstrumentId,
    },
    /// Begins a migration, whose number the answer tells. The owner stays the same.
    BeginMigration {
        /// The instrument.
        instrument: InstrumentId,
        /// The new owner.
        to: ClusterId,
    },
    /// Commits a migration, once the new cluster holds the same state: the new cluster is the owner from then on. There is
    /// no way back.
    CommitMigration {
        /// The instrument.
        instrument: InstrumentId,
        /// The migration.
        id: MigrationId,
        /// Hash of the instrument's state, which is equal at both clusters.
        state_hash: StateHash,
    },
    /// Ends a migration, once the old cluster has dropped the instrument, or both have cleared away what was undone.
    FinishMigration {
        /// The instrument.
        instrument: InstrumentId,
        /// The migration.
        id: MigrationId,
    },
    /// Begins to undo a migration, which cannot be committed from then on. Only possible before the commit.
    AbortMigration {
        /// The instrument.
        instrument: InstrumentId,
        /// The migration.
        id: MigrationId,
    },
}

/// The part of a request that says for which map it was made, and where its answer goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MapRequestHeader {
    /// The requester's number of the request, which the answer repeats.
    pub correlation_id: i64,
    /// Epoch of the map that the request was made for; it is refused at any other. `None`: any epoch will do.
    pub expected_epoch: Option<MapEpoch>,
    /// Channel of the answer.
    pub response_channel: String,
    /// Stream of the answer.
    pub response_stream: i32,
}

/// The coordinator's answer to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MapAnswer {
    /// The request's number.
    pub correlation_id: i64,
    /// The deployment of the coordinator that answers.
    pub deployment: DeploymentId,
    /// Accepted, or why not.
    pub outcome: Result<AcceptedRequest, MapRefusal>,
}

/// The requested change is part of a recorded map.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AcceptedRequest {
    /// Epoch of the newest map.
    pub epoch: MapEpoch,
    /// Digest of the newest map.
    pub digest: MapDigest,
    /// The migration that the request was about.
    pub migration: Option<MigrationId>,
}

/// Why a request changed nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum MapRefusal {
    /// The request was made for another map than the newest.
    #[error(
        "the request was made for epoch {expected}, but the map is at epoch {current}: read the map (lugus map) and repeat the \
         request"
    )]
    StaleEpoch {
        /// Epoch that the request expected.
        expected: MapEpoch,
        /// Epoch of the newest map.
        current: MapEpoch,
    },
    /// The map has no such cluster.
    #[error("there is no cluster {0} in the map: add it first (lugus map add-cluster)")]
    UnknownCluster(ClusterId),
    /// The map has no such instrument.
    #[error("there is no instrument {0} in the map: add it first (lugus map add-instrument)")]
    UnknownInstrument(InstrumentId),
    /// Another cluster has the number.
    #[error("cluster {0} is in the map with other members: remove it first, or take another number")]
    ClusterExists(ClusterId),
    /// Another instrument has the number.
    #[error("instrument {0} is in the map with another specification: remove it first, or take another number")]
    InstrumentExists(InstrumentId),
    /// Another instrument has the same pair and type, which may have one owner only.
    #[error("cluster {owner} already owns the pair, as instrument {instrument}")]
    PairOwned {
        /// The other instrument.
        instrument: InstrumentId,
        /// The cluster that owns the other instrument.
        owner: ClusterId,
    },
    /// The cluster still owns an instrument, or takes part in a migration.
    #[error("cluster {cluster} still has instrument {instrument}: move or remove that first")]
    ClusterInUse {
        /// The cluster.
        cluster: ClusterId,
        /// The first such instrument.
        instrument: InstrumentId,
    },
    /// Another cluster has one of the endpoints.
    #[error("a member of cluster {0} already has one of the endpoints: give each member its own")]
    EndpointInUse(ClusterId),
    /// The instrument is being moved.
    #[error("instrument {instrument} is being moved to cluster {to} (migration {id}): finish or undo that first")]
    Migrating {
        /// The instrument.
        instrument: InstrumentId,
        /// The new owner.
        to: ClusterId,
        /// The migration.
        id: MigrationId,
    },
    /// The instrument is not being moved.
    #[error("instrument {0} is not being moved")]
    NoMigration(InstrumentId),
    /// Another migration of the instrument is under way.
    #[error("migration {asked} of instrument {instrument} has ended: migration {current} is in progress")]
    OtherMigration {
        /// The instrument.
        instrument: InstrumentId,
        /// The migration of the request.
        asked: MigrationId,
        /// The migration that is under way.
        current: MigrationId,
    },
    /// The migration cannot be finished before it is committed.
    #[error("migration {id} of instrument {instrument} is not committed yet, so it can't be finished")]
    NotCommitted {
        /// The instrument.
        instrument: InstrumentId,
        /// The migration.
        id: MigrationId,
    },
    /// The migration cannot be undone after it is committed.
    #[error("migration {id} of instrument {instrument} is committed and can't be undone: finish it")]
    AlreadyCommitted {
        /// The instrument.
        instrument: InstrumentId,
        /// The migration.
        id: MigrationId,
    },
    /// The migration cannot be committed, since it is being undone.
    #[error("migration {id} of instrument {instrument} is being undone: finish undoing it, then begin a new one")]
    BeingUndone {
        /// The instrument.
        instrument: InstrumentId,
        /// The migration.
        id: MigrationId,
    },
    /// The new owner owns the instrument already.
    #[error("cluster {cluster} already owns instrument {instrument}")]
    AlreadyOwner {
        /// The instrument.
        instrument: InstrumentId,
        /// The owner.
        cluster: ClusterId,
    },
    /// No client could use the cluster.
    #[error("cluster {0} is not usable: check its name, members and endpoints")]
    InvalidCluster(ClusterId),
    /// No engine would take the instrument.
    #[error("instrument {0} is not usable: check its symbol and limits")]
    InvalidInstrument(InstrumentId),
    /// The map has its maximum number of clusters.
    #[error("the map already has {0} clusters, the maximum")]
    LimitClusters(u64),
    /// The map has its maximum number of instruments.
    #[error("the map already has {0} instruments, the maximum")]
    LimitPartitions(u64),
    /// The map would not fit into one message of the stream.
    #[error("the map would have {length} bytes, but the stream takes at most {maximum}: raise coordinator.term_length")]
    MapTooLong {
        /// Length that the map would have, in bytes.
        length: u64,
        /// Maximum length of a message of the stream, in bytes.
        maximum: u64,
    },
    /// The archive did not record the map in time. The coordinator ends; its recording tells at the next start whether the
    /// map is part of it.
    #[error(
        "the archive did not record the map in time, and may or may not do so yet: read the map (lugus map) and repeat the \
         request if it is not done"
    )]
    NotRecorded,
    /// The message is no request that the coordinator can read.
    #[error("the coordinator can't decode the request: run the coordinator and its clients in the same version")]
    Malformed,
}
