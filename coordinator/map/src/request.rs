//! How a map is changed: requests, and their answers.

use lugus_topology::{ClusterId, Instrument};
use thiserror::Error;

use crate::{ClusterEntry, DeploymentId, Digest, Epoch, MigrationId};

/// A change of the map. Each may be repeated: what is done already is answered as done, and changes nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// A new cluster.
    AddCluster(ClusterEntry),
    /// A cluster that owns nothing goes.
    RemoveCluster(ClusterId),
    /// A new instrument, of the cluster that it names.
    AddInstrument(Instrument),
    /// Clients send no orders for an instrument.
    Halt {
        /// The instrument.
        instrument: u32,
    },
    /// Clients may send orders again.
    Resume {
        /// The instrument.
        instrument: u32,
    },
    /// An instrument goes from the map.
    RemoveInstrument {
        /// The instrument.
        instrument: u32,
    },
    /// A move begins: the answer has its number. The owner stays.
    BeginMigration {
        /// The instrument.
        instrument: u32,
        /// The new owner.
        to: ClusterId,
    },
    /// The new cluster holds the same state: it is the owner from now on. There is no way back.
    CommitMigration {
        /// The instrument.
        instrument: u32,
        /// The move.
        id: MigrationId,
        /// Hash of the instrument's state, equal at both clusters.
        state_hash: u64,
    },
    /// The old cluster has dropped the instrument, or both have cleared away what was undone: the move is over.
    FinishMigration {
        /// The instrument.
        instrument: u32,
        /// The move.
        id: MigrationId,
    },
    /// The move is to be undone: it can't be committed any more. Only before it is committed.
    AbortMigration {
        /// The instrument.
        instrument: u32,
        /// The move.
        id: MigrationId,
    },
}

/// What goes with a request as it travels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestHeader {
    /// The requester's number of it.
    pub correlation_id: i64,
    /// The epoch that the request was made for; it is refused at any other. `None`: at any epoch.
    pub expected_epoch: Option<Epoch>,
    /// Channel that the answer goes to.
    pub response_channel: String,
    /// Stream that the answer goes to.
    pub response_stream: i32,
}

/// What became of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    /// The requester's number of it.
    pub correlation_id: i64,
    /// Whose coordinator answers.
    pub deployment: DeploymentId,
    /// Done and recorded, or why not.
    pub outcome: Result<Accepted, Refusal>,
}

/// What was asked for holds in a recorded map.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Accepted {
    /// The newest map's number.
    pub epoch: Epoch,
    /// The newest map's digest.
    pub digest: Digest,
    /// The migration that the request was about.
    pub migration: Option<MigrationId>,
}

/// Why a request changed nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Refusal {
    /// Made for another map than the newest.
    #[error("the request was made for epoch {expected}, and the map is at {current}: look at the map and ask again")]
    StaleEpoch {
        /// What the request expected.
        expected: Epoch,
        /// What the map has.
        current: Epoch,
    },
    /// No such cluster.
    #[error("there is no cluster {0} in the map: add it first (lugus map add-cluster)")]
    UnknownCluster(ClusterId),
    /// No such instrument.
    #[error("there is no instrument {0} in the map: add it first (lugus map add-instrument)")]
    UnknownInstrument(u32),
    /// The number is another cluster's.
    #[error("cluster {0} is in the map with other members: remove it first, or take another number")]
    ClusterExists(ClusterId),
    /// The number is another instrument's.
    #[error("instrument {0} is in the map with another specification: remove it first, or take another number")]
    InstrumentExists(u32),
    /// A pair has one owner.
    #[error("the pair is owned by cluster {owner} already, as instrument {instrument}")]
    PairOwned {
        /// The instrument that it is.
        instrument: u32,
        /// The cluster that has it.
        owner: ClusterId,
    },
    /// A cluster that still owns, or is about to.
    #[error("cluster {cluster} still has instrument {instrument}: move or remove that first")]
    ClusterInUse {
        /// The cluster.
        cluster: ClusterId,
        /// The first instrument that it has, or is about to have.
        instrument: u32,
    },
    /// One endpoint for two clusters.
    #[error("an endpoint is that of a member of cluster {0}")]
    EndpointInUse(ClusterId),
    /// Not while it is being moved.
    #[error("instrument {instrument} is being moved to cluster {to} (migration {id}): finish or undo that first")]
    Migrating {
        /// The instrument.
        instrument: u32,
        /// The new owner.
        to: ClusterId,
        /// The move.
        id: MigrationId,
    },
    /// Nothing to go on with.
    #[error("instrument {0} is not being moved")]
    NoMigration(u32),
    /// Another move than the one under way.
    #[error("migration {asked} of instrument {instrument} is over: {current} is under way")]
    OtherMigration {
        /// The instrument.
        instrument: u32,
        /// The move of the request.
        asked: MigrationId,
        /// The move under way.
        current: MigrationId,
    },
    /// Finished too early.
    #[error("migration {id} of instrument {instrument} is not committed")]
    NotCommitted {
        /// The instrument.
        instrument: u32,
        /// The move.
        id: MigrationId,
    },
    /// Undone too late.
    #[error("migration {id} of instrument {instrument} is committed, and can only go on: finish it")]
    AlreadyCommitted {
        /// The instrument.
        instrument: u32,
        /// The move.
        id: MigrationId,
    },
    /// Gone on with too late.
    #[error("migration {id} of instrument {instrument} is being undone: finish that, and begin anew")]
    BeingUndone {
        /// The instrument.
        instrument: u32,
        /// The move.
        id: MigrationId,
    },
    /// A move to where it is.
    #[error("instrument {instrument} is owned by cluster {cluster} already")]
    AlreadyOwner {
        /// The instrument.
        instrument: u32,
        /// Its owner.
        cluster: ClusterId,
    },
    /// No client could use it.
    #[error("cluster {0} is not usable: check its name, members and endpoints")]
    InvalidCluster(ClusterId),
    /// No engine would take it.
    #[error("instrument {0} is not usable: check its symbol and limits")]
    InvalidInstrument(u32),
    /// As many clusters as can be.
    #[error("the map has {0} clusters, and can have no more")]
    LimitClusters(u64),
    /// As many instruments as can be.
    #[error("the map has {0} instruments, and can have no more")]
    LimitPartitions(u64),
    /// It would not fit into one message of the stream.
    #[error("the map would have {length} bytes, and the stream takes {maximum}: raise coordinator.term_length")]
    MapTooLong {
        /// Length of the map, in bytes.
        length: u64,
        /// Longest message of the stream, in bytes.
        maximum: u64,
    },
    /// The archive is in trouble. The coordinator ends, and its recording tells at the next start.
    #[error("the archive did not take the map in time: it may be recorded or not; look at the map and ask again")]
    NotRecorded,
    /// Not a request.
    #[error("the coordinator can't read the request: use programs of one version")]
    Malformed,
}
