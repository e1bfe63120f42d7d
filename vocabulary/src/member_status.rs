//! What a member of a cluster tells the others, and whoever asks, about itself: where it stands, and its state's hashes.

use crate::program_versions::MemberVersions;
use crate::units::{ClusterId, EpochNanos, LogPosition, MemberId, StateHash};
use crate::word::word;

word! {
    /// A member's role in its cluster, as its consensus module tells it (numbered as Aeron's `Cluster.Role`).
    MemberRole: u8 {
        /// Follows the leader's log.
        Follower = 0,
        /// Stands for election.
        Candidate = 1,
        /// Leads.
        Leader = 2,
    }
}

/// The state's hash after the log up to a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StateAt {
    /// Log position after the last message applied.
    pub position: LogPosition,
    /// The engine's combined hash.
    pub hash: StateHash,
}

/// Status of a running member. A field is `None` while the part of the member that tells it is starting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MemberStatus {
    /// Role in the cluster.
    pub role: Option<MemberRole>,
    /// Number of the leadership term.
    pub term: Option<i64>,
    /// Log position up to which a majority of members has the log.
    pub commit_position: Option<i64>,
    /// Number of elections since the member's start, including the one at the start.
    pub elections: Option<i64>,
    /// Whether the member leads or has joined the leader's log, and no election is under way.
    pub has_joined: bool,
    /// The engine's state.
    pub state: Option<StateAt>,
    /// Number of sessions that may trade.
    pub sessions: Option<i64>,
    /// Number of messages refused since the member's start.
    pub refused_messages: Option<i64>,
    /// The log's time less the member's wall clock in nanoseconds, as measured last; 0 before the first command.
    pub clock_difference_ns: Option<i64>,
    /// Number of messages ignored since the member's start because they had not the tag of their session.
    pub unauthenticated_messages: Option<i64>,
    /// Number of messages ignored since the member's start because their session was above its rate.
    pub messages_above_rate: Option<i64>,
    /// Number of other members whose state differs from this member's.
    pub differing_members: Option<i64>,
    /// The member's versions; `None` also of a program that does not tell them.
    pub versions: Option<MemberVersions>,
}

/// Another member, as it was heard last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeardMember {
    /// The other member.
    pub member: MemberId,
    /// Start of its process, as it told it.
    pub started: EpochNanos,
}

/// What a member tells of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberReport {
    /// The member's cluster.
    pub cluster: ClusterId,
    /// The member.
    pub member: MemberId,
    /// Start of the member's process. What an earlier process of the member told no longer counts: its state may have been
    /// repaired since.
    pub started: EpochNanos,
    /// [`SNAPSHOT_VERSION`](crate::SNAPSHOT_VERSION) of the member's engine. Hashes of different versions can't be compared.
    pub engine_version: u32,
    /// The member's status.
    pub status: MemberStatus,
    /// Hashes of the member's state at some log positions.
    pub states: Vec<StateAt>,
    /// The other members that this member has heard. Whoever finds its own start here knows that the report is no older.
    pub heard: Vec<HeardMember>,
}
