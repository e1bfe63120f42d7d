//! What the sources see, as the model takes it.

use std::sync::Arc;
use std::time::Duration;

use lugus_gauges::HistogramReading;
use lugus_node::deployment_status::Member;
use lugus_node::directories::Disk;
use lugus_node::status::MemberWork;
use lugus_partition_map::PartitionMap;

/// The members of all clusters at one moment.
#[derive(Debug)]
pub struct MembersSeen {
    /// All members, as those on this host publish, and others tell.
    pub members: Vec<Member>,
    /// What only the host of a member knows of it.
    pub here: Vec<MemberHere>,
}

/// A running member on this host.
#[derive(Debug, Clone)]
pub struct MemberHere {
    /// The number of the member's cluster.
    pub cluster: i32,
    /// The member's number.
    pub member: i32,
    /// What it has done since its start.
    pub work: MemberWork,
    /// What it has counted in its own file; `None` before it has one.
    pub counted: Option<Counted>,
}

/// What a member has counted in its own file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    /// Events told to participants since the member's start.
    pub events: u64,
    /// Live orders, and the greatest number of them.
    pub orders: Used,
    /// Instruments, and the greatest number of them.
    pub instruments: Used,
    /// Participants, and the greatest number of them.
    pub participants: Used,
    /// Time that the engine took for sampled commands.
    pub engine_time: HistogramReading,
    /// Time from a sampled command's log time to its answers, while the member led.
    pub answer_time: HistogramReading,
    /// Length of the newest snapshot since the member's start in bytes, and the time for which the service stood still.
    pub snapshot: Option<(u64, Duration)>,
}

/// What is used of a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct Used {
    /// What is used.
    pub used: u64,
    /// The limit.
    pub limit: u64,
}

/// The disks of members on this host at one moment.
#[derive(Debug, Default)]
pub struct DisksSeen {
    /// Members that have their folders on this host, running or not.
    pub members: Vec<DiskOfMember>,
}

/// Disk and snapshot of a member.
#[derive(Debug, Clone)]
pub struct DiskOfMember {
    /// The number of the member's cluster.
    pub cluster: i32,
    /// The member's number.
    pub member: i32,
    /// Bytes that the files of archive and cluster directory take.
    pub used: Option<u64>,
    /// The disk of the archive.
    pub disk: Option<Disk>,
    /// The newest whole snapshot.
    pub snapshot: Option<SnapshotMark>,
}

/// A snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct SnapshotMark {
    /// Log position of which it has the state.
    pub position: i64,
    /// Log time of that position, in milliseconds since 1970.
    pub at_ms: i64,
}

/// Whether the coordinator can be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CoordinatorState {
    /// The deployment has none: its map is that of `cluster.toml`.
    None,
    /// It can't be reached; the last map stays in use.
    Away,
    /// Its recorded maps are being replayed.
    Replaying,
    /// New maps arrive as they are published.
    Live,
}

/// The partition map at one moment.
#[derive(Debug, Clone)]
pub struct MapSeen {
    /// Where it comes from.
    pub coordinator: CoordinatorState,
    /// The newest map; `None` before there is one.
    pub map: Option<Arc<PartitionMap>>,
}
