//! The partition map as a value: clusters, and for each instrument the cluster that owns it.

use std::fmt;

use lugus_topology::{ClusterId, ClusterSpec, Endpoint, Instrument, InstrumentType, MemberId};
use serde::{Serialize, Serializer};

/// Most clusters of a map.
pub const MAXIMUM_CLUSTERS: usize = 64;
/// Most members of a cluster.
pub const MAXIMUM_MEMBERS: usize = lugus_topology::MAXIMUM_MEMBERS;
/// Most instruments of a map.
pub const MAXIMUM_PARTITIONS: usize = 1024;
/// Longest name of a cluster, in bytes.
pub const MAXIMUM_NAME_LENGTH: usize = 32;
/// Longest host of a member, in bytes.
pub const MAXIMUM_HOST_LENGTH: usize = 64;

/// Identity of a deployment, made once at its coordinator's first start. Maps of another are never taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeploymentId(pub u64);

/// Number of a map in its deployment: from 1, by one with each change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Epoch(pub u64);

/// 64 bits of SHA-256 over a map's canonical encoding: two parties with one digest have one map.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(pub u64);

/// Number of a migration: the epoch of the map in which it began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct MigrationId(pub u64);

/// One version of the map. Each list is in the order of its numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PartitionMap {
    /// Whose map it is.
    pub deployment: DeploymentId,
    /// Its number.
    pub epoch: Epoch,
    /// All clusters, by number; at most [`MAXIMUM_CLUSTERS`].
    pub clusters: Vec<ClusterEntry>,
    /// All instruments, by number; at most [`MAXIMUM_PARTITIONS`].
    pub partitions: Vec<Partition>,
}

/// A cluster, with all that a client connects with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ClusterEntry {
    /// Its number.
    pub id: ClusterId,
    /// For people; at most [`MAXIMUM_NAME_LENGTH`] bytes.
    pub name: String,
    /// Its members, by number; at most [`MAXIMUM_MEMBERS`].
    pub members: Vec<MemberEntry>,
    /// Stream of its ingress.
    pub ingress_stream: i32,
    /// Term length of its ingress, in bytes.
    pub ingress_term_length: u32,
}

/// A member of a cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MemberEntry {
    /// Its number in the cluster.
    pub id: MemberId,
    /// Where clients send to; a host of at most [`MAXIMUM_HOST_LENGTH`] bytes.
    pub ingress: Endpoint,
}

/// An instrument and who trades it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Partition {
    /// Its specification. `cluster` is the owner; see [`owner`](Self::owner).
    pub instrument: Instrument,
    /// Halted on the map by the operator: clients send no orders for it.
    pub is_halted: bool,
    /// The move that is under way.
    pub migration: Option<Migration>,
    /// The last move that is over: so that a repeated last step of it is known for what it is.
    pub ended_migration: Option<EndedMigration>,
}

/// A move of an instrument from one cluster to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Migration {
    /// Its number.
    pub id: MigrationId,
    /// The cluster that has owned the instrument.
    pub from: ClusterId,
    /// The cluster that is to own it.
    pub to: ClusterId,
    /// How far it is.
    pub phase: Phase,
}

/// A move that is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct EndedMigration {
    /// Its number.
    pub id: MigrationId,
    /// How it ended.
    pub outcome: Outcome,
}

/// How a migration ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Outcome {
    /// The instrument was moved.
    Finished,
    /// The instrument stayed.
    Aborted,
}

/// How far a migration is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Phase {
    /// `from` owns the instrument; the move may be undone.
    Begun,
    /// `to` owns the instrument; the move can only go on.
    Committed,
    /// `from` owns the instrument; the move can only be undone: it must be cleared away at both.
    Undoing,
}

impl PartitionMap {
    /// The map of a new deployment: nothing in it yet, epoch 0, never recorded.
    pub fn empty(deployment: DeploymentId) -> Self {
        Self { deployment, epoch: Epoch(0), clusters: Vec::new(), partitions: Vec::new() }
    }

    /// The cluster with this number.
    pub fn cluster(&self, id: ClusterId) -> Option<&ClusterEntry> {
        let at = self.clusters.binary_search_by_key(&id, |cluster| cluster.id).ok()?;
        self.clusters.get(at)
    }

    /// The instrument with this number.
    pub fn partition(&self, instrument: u32) -> Option<&Partition> {
        let at = self.partitions.binary_search_by_key(&instrument, |partition| partition.instrument.id).ok()?;
        self.partitions.get(at)
    }

    /// The instrument of this pair and type.
    pub fn partition_of(&self, symbol: &str, instrument_type: InstrumentType) -> Option<&Partition> {
        self.partitions.iter().find(|partition| {
            partition.instrument.symbol == symbol && partition.instrument.instrument_type == instrument_type
        })
    }

    /// The cluster that owns the instrument with this number.
    pub fn owner_of(&self, instrument: u32) -> Option<&ClusterEntry> {
        self.cluster(self.partition(instrument)?.owner())
    }
}

impl Partition {
    /// An instrument of a cluster, nothing special about it.
    pub fn new(instrument: Instrument) -> Self {
        Self { instrument, is_halted: false, migration: None, ended_migration: None }
    }

    /// The one cluster that owns the instrument.
    pub fn owner(&self) -> ClusterId {
        self.instrument.cluster
    }
}

impl ClusterEntry {
    /// Members as a cluster client takes them: number, and `host:port` (`aeron.cluster.ingress.endpoints`).
    pub fn ingress_endpoints(&self) -> Vec<(i32, String)> {
        self.members.iter().map(|member| (member.id.0, member.ingress.to_string())).collect()
    }

    /// The ingress channel without its endpoint (`aeron.cluster.ingress.channel`).
    pub fn ingress_channel(&self) -> String {
        format!("aeron:udp?term-length={}", self.ingress_term_length)
    }
}

impl From<&ClusterSpec> for ClusterEntry {
    fn from(spec: &ClusterSpec) -> Self {
        let mut members: Vec<MemberEntry> = spec
            .members
            .iter()
            .map(|member| MemberEntry { id: member.id, ingress: member.endpoints.ingress.clone() })
            .collect();
        members.sort_by_key(|member| member.id);
        let deployment = spec.deployment();
        Self {
            id: spec.id,
            name: spec.name.clone(),
            members,
            ingress_stream: deployment.streams.ingress,
            ingress_term_length: u32::try_from(deployment.term_length.ingress.as_bytes()).unwrap_or(u32::MAX),
        }
    }
}

macro_rules! written_in_hexadecimal {
    ($($name:ident),+) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:016x}", self.0)
            }
        }

        // As text: JSON's numbers do not hold 64 bits everywhere.
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
    )+};
}

written_in_hexadecimal!(DeploymentId, Digest);

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for MigrationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
