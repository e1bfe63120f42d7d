//! The partition map: which cluster trades which instrument, and where its members are.

use std::fmt;

use crate::auction::AuctionRules;
use crate::endpoint::Endpoint;
use crate::instrument::InstrumentType;
use crate::protection::PriceProtection;
use crate::specification::InstrumentSpecification;
use crate::units::{ClusterId, InstrumentId, MapEpoch, MemberId, MigrationId};
use crate::word::word;

/// Maximum number of clusters in a map.
pub const MAXIMUM_CLUSTERS: usize = 64;
/// Maximum number of members of a cluster.
pub const MAXIMUM_MEMBERS: usize = 9;
/// Maximum number of instruments in a map.
pub const MAXIMUM_PARTITIONS: usize = 1024;
/// Maximum length of a cluster's name, in bytes.
pub const MAXIMUM_NAME_LENGTH: usize = 32;
/// Maximum length of a member's host, in bytes.
pub const MAXIMUM_HOST_LENGTH: usize = 64;

/// Identity of a deployment, made once when its coordinator starts for the first time. Maps of another deployment are never
/// taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeploymentId(pub u64);

/// 64 bits of SHA-256 over the encoding of a map: equal digests mean equal maps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MapDigest(pub u64);

macro_rules! written_in_hexadecimal {
    ($($name:ident),+) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(formatter, "{:016x}", self.0)
            }
        }

        /// As text, since the numbers of JSON do not hold 64 bits everywhere.
        #[cfg(feature = "serde")]
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
    )+};
}

written_in_hexadecimal!(DeploymentId, MapDigest);

/// One version of the map. Both lists are ordered by the numbers of their entries.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct PartitionMap {
    /// The deployment of the map.
    pub deployment: DeploymentId,
    /// Number of the map.
    pub epoch: MapEpoch,
    /// All clusters; at most [`MAXIMUM_CLUSTERS`].
    pub clusters: Vec<ClusterEntry>,
    /// All instruments; at most [`MAXIMUM_PARTITIONS`].
    pub partitions: Vec<Partition>,
}

/// A cluster, with all that a client needs to connect with it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct ClusterEntry {
    /// Number of the cluster.
    pub id: ClusterId,
    /// Name for people; at most [`MAXIMUM_NAME_LENGTH`] bytes.
    pub name: String,
    /// The members, ordered by their numbers; at most [`MAXIMUM_MEMBERS`].
    pub members: Vec<MemberEntry>,
    /// Stream of the cluster's ingress.
    pub ingress_stream: i32,
    /// Term length of the cluster's ingress, in bytes.
    pub ingress_term_length: u32,
}

/// A member of a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct MemberEntry {
    /// Number of the member in its cluster.
    pub id: MemberId,
    /// Endpoint that clients send to; its host has at most [`MAXIMUM_HOST_LENGTH`] bytes.
    pub ingress: Endpoint,
}

/// An instrument, the cluster that trades it, and its migration.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Partition {
    /// Specification of the instrument. Its `cluster` is the owner: see [`owner`](Self::owner).
    pub instrument: InstrumentSpecification,
    /// Whether the operator has halted the instrument on the map: clients send no orders for it.
    pub is_halted: bool,
    /// The migration that is under way.
    pub migration: Option<Migration>,
    /// The last migration that has ended: if the last step of that migration is repeated, it is known to be done.
    pub ended_migration: Option<EndedMigration>,
}

/// A migration of an instrument from one cluster to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Migration {
    /// Number of the migration.
    pub id: MigrationId,
    /// The cluster that owned the instrument when the migration began.
    pub from: ClusterId,
    /// The cluster that is to own the instrument.
    pub to: ClusterId,
    /// How far the migration is.
    pub phase: MigrationPhase,
}

/// A migration that has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct EndedMigration {
    /// Number of the migration.
    pub id: MigrationId,
    /// How the migration ended.
    pub outcome: MigrationEnding,
}

word! {
    /// How far a migration is.
    MigrationPhase: u8 {
        /// The old cluster owns the instrument; the migration may be undone.
        Begun = 1,
        /// The new cluster owns the instrument; the migration can no longer be undone.
        Committed = 2,
        /// The old cluster owns the instrument; the migration can only be undone, by clearing it away at both clusters.
        Undoing = 3,
    }
}

word! {
    /// How a migration ended.
    MigrationEnding: u8 {
        /// The instrument was moved.
        Finished = 1,
        /// The instrument stayed.
        Aborted = 2,
    }
}

impl PartitionMap {
    /// The map of a new deployment, with nothing in it. Its epoch is 0, and it is never recorded.
    pub fn empty(deployment: DeploymentId) -> Self {
        Self { deployment, epoch: MapEpoch(0), clusters: Vec::new(), partitions: Vec::new() }
    }

    /// The cluster with this number.
    pub fn cluster(&self, id: ClusterId) -> Option<&ClusterEntry> {
        let at = self.clusters.binary_search_by_key(&id, |cluster| cluster.id).ok()?;
        self.clusters.get(at)
    }

    /// The partition of the instrument with this number.
    pub fn partition(&self, instrument: InstrumentId) -> Option<&Partition> {
        let at = self.partitions.binary_search_by_key(&instrument, |partition| partition.instrument.id).ok()?;
        self.partitions.get(at)
    }

    /// The partition of the instrument of this pair and type.
    pub fn partition_of(&self, symbol: &str, instrument_type: InstrumentType) -> Option<&Partition> {
        self.partitions.iter().find(|partition| {
            partition.instrument.symbol == symbol && partition.instrument.instrument_type == instrument_type
        })
    }

    /// The cluster that owns the instrument with this number.
    pub fn owner_of(&self, instrument: InstrumentId) -> Option<&ClusterEntry> {
        self.cluster(self.partition(instrument)?.owner())
    }
}

impl Partition {
    /// The partition of an instrument that is not halted and was never moved. Its price protection and the rules of its auctions are no
    /// part of the map.
    pub fn new(instrument: InstrumentSpecification) -> Self {
        let instrument =
            InstrumentSpecification { protection: PriceProtection::NONE, auctions: AuctionRules::NONE, ..instrument };
        Self { instrument, is_halted: false, migration: None, ended_migration: None }
    }

    /// The one cluster that owns the instrument.
    pub fn owner(&self) -> ClusterId {
        self.instrument.cluster
    }
}
