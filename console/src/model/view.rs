//! What the page and the terminal show. All numbers that are unknown are `None`.

use serde::Serialize;

use super::history::Mark;
use super::observation::{CoordinatorState, SnapshotMark, Used};
use super::percentiles::Percentiles;

/// A cluster.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClusterView {
    /// Number of the cluster.
    pub id: i32,
    /// Name of the cluster.
    pub name: String,
    /// How it is, all in all.
    pub health: HealthView,
    /// The leading member.
    pub leader: Option<i32>,
    /// Leadership term.
    pub term: Option<i64>,
    /// Log position up to which a majority has the log, as the member knows that knows most.
    pub commit_position: Option<i64>,
    /// Whether the members' states agree.
    pub agreement: Agreement,
    /// Rates.
    pub rates: RatesView,
    /// What is used of the engine's limits.
    pub limits: Option<LimitsView>,
    /// Longest time between two snapshots while the log grows, in seconds; 0 if there is none.
    pub snapshot_interval_s: u64,
    /// The members.
    pub members: Vec<MemberView>,
    /// Marks on the curves.
    pub marks: Vec<Mark>,
}

/// How a cluster is, all in all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HealthView {
    /// The worst that is the case.
    pub level: HealthLevel,
    /// What is the case, in words.
    pub text: String,
}

/// How something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum HealthLevel {
    /// All is well.
    Good,
    /// It works, and somebody should look.
    Warning,
    /// It does not work, or states differ.
    Alarm,
}

/// Whether the members' states agree, as they find themselves: they compare hashes all the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Agreement {
    /// No member that runs has found a difference.
    Equal,
    /// Two members have different states at one log position.
    Differ,
    /// Fewer than two members run whose engines have begun.
    Unknown,
}

/// Rates of a cluster, from a member on this host.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct RatesView {
    /// The member that they are of; `None` if no member of the cluster runs on this host.
    pub member: Option<i32>,
    /// Commands a second.
    pub commands: Option<f64>,
    /// Rejects a second.
    pub rejects: Option<f64>,
    /// Fills a second.
    pub fills: Option<f64>,
    /// Events told to participants a second.
    pub events: Option<f64>,
    /// Bytes of committed log a second; also of a cluster on other hosts.
    pub log: Option<f64>,
    /// Time in the engine, of sampled commands.
    pub engine: Option<Percentiles>,
    /// Time from a sampled command's log time to its answers, if the leader is on this host.
    pub answer: Option<Percentiles>,
}

/// What is used of the engine's limits, from a member on this host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct LimitsView {
    /// Live orders.
    pub orders: Used,
    /// Instruments.
    pub instruments: Used,
    /// Participants.
    pub participants: Used,
}

/// A member.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MemberView {
    /// Number of the member.
    pub id: i32,
    /// `leader`, `follower`, `candidate`, `starting`, `down` or `fenced`.
    pub role: &'static str,
    /// Whether it leads, or has joined the leader's log.
    pub has_joined: bool,
    /// Whether it has its folders on this host.
    pub is_here: bool,
    /// Leadership term.
    pub term: Option<i64>,
    /// Log position up to which its service has applied the log; of a member elsewhere its commit position.
    pub position: Option<i64>,
    /// Bytes of the committed log that it has not applied yet; of a member elsewhere, of which it does not know yet that a majority
    /// has them.
    pub lag: Option<i64>,
    /// State hash, in hexadecimal digits.
    pub state_hash: Option<String>,
    /// Log position of the state hash.
    pub state_hash_position: Option<i64>,
    /// Whether its state agrees with those of the others.
    pub agreement: Agreement,
    /// Sessions that may trade.
    pub sessions: Option<i64>,
    /// Elections since its start.
    pub elections: Option<i64>,
    /// Messages that were no valid commands, since its start.
    pub refused_messages: Option<i64>,
    /// The log's time less its clock, in microseconds.
    pub clock_us: Option<i64>,
    /// Whether this is above the limit of `cluster.toml`.
    pub clock_differs: bool,
    /// Bytes that the files of archive and cluster directory take.
    pub disk_used: Option<u64>,
    /// Bytes of its disk that are free.
    pub disk_free: Option<u64>,
    /// Size of its disk in bytes.
    pub disk_size: Option<u64>,
    /// Newest snapshot.
    pub snapshot: Option<SnapshotMark>,
    /// Length in bytes of the newest snapshot since its start.
    pub snapshot_bytes: Option<u64>,
    /// Microseconds for which the service stood still for it.
    pub snapshot_us: Option<u64>,
    /// Why it has fenced itself.
    pub fenced: Option<String>,
}

/// The partition map.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MapView {
    /// Whether the coordinator can be reached.
    pub coordinator: CoordinatorState,
    /// Epoch of the map; 0 for a map of `cluster.toml`.
    pub epoch: Option<u64>,
    /// The instruments.
    pub partitions: Vec<PartitionView>,
}

/// An instrument, and which cluster trades it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PartitionView {
    /// Number of the instrument.
    pub instrument: u32,
    /// Its symbol.
    pub symbol: String,
    /// `SPOT` or `FUTURES`.
    pub instrument_type: String,
    /// Name of the cluster that owns it.
    pub cluster: String,
    /// Whether it is halted on the map.
    pub is_halted: bool,
    /// Its move, if one is under way.
    pub moving: Option<MoveView>,
}

/// A move that is under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MoveView {
    /// Number of the move.
    pub id: u64,
    /// Name of the cluster that it leaves.
    pub from: String,
    /// Name of the cluster that it goes to.
    pub to: String,
    /// `begun`, `committed` or `undoing`.
    pub phase: &'static str,
    /// When this phase was seen first, in milliseconds since 1970.
    pub since_ms: i64,
}
