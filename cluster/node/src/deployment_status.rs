//! The state of a deployment's clusters, put together from what their members tell.

mod versions;

use lugus_media_driver::living_driver;
use lugus_topology::{ClusterId, ClusterSpec, MemberId, MemberSpec};
use lugus_vocabulary::{MemberRole, MemberStatus};
use serde::Serialize;
use thiserror::Error;

use crate::status::{StatusError, read_status};
use crate::watch::fence;

pub use versions::ClusterVersions;

/// The counters of a member that runs on this host can't be read.
#[derive(Debug, Error)]
#[error("member {member} of {cluster}: {source}")]
pub struct ReadStatusError {
    /// Name of the member's cluster.
    pub cluster: String,
    /// The member.
    pub member: MemberId,
    /// The reason.
    pub source: StatusError,
}

/// The state of a deployment's clusters.
#[derive(Debug, Serialize)]
pub struct Status {
    /// The members of all clusters.
    pub members: Vec<Member>,
    /// The clusters.
    pub clusters: Vec<Cluster>,
    /// Whether in every cluster all members have the same state hash at the same log position; `None` while members of
    /// some cluster are at different positions.
    pub hashes_equal: Option<bool>,
}

/// The state of a cluster.
#[derive(Debug, Serialize)]
pub struct Cluster {
    /// The cluster's number.
    pub id: i32,
    /// The cluster's name.
    pub name: String,
    /// The leading member's number.
    pub leader: Option<i32>,
    /// Whether all members have the same state hash at the same log position; `None` while their positions differ.
    pub hashes_equal: Option<bool>,
}

/// The state of a member. A value is `None` when it is unknown: the member does not run, or is still starting.
#[derive(Debug, Clone, Serialize)]
pub struct Member {
    /// The number of the member's cluster.
    pub cluster: i32,
    /// The name of the member's cluster.
    pub cluster_name: String,
    /// The member's number in its cluster.
    pub id: i32,
    /// `leader`, `follower`, `candidate`, `starting`, `down`, or `fenced`: ended, as a majority has another state.
    pub role: &'static str,
    /// Leadership term id.
    pub term: Option<i64>,
    /// Log position up to which a majority of the members has the log.
    pub commit_position: Option<i64>,
    /// Hash of the engine's state, as hexadecimal digits.
    pub state_hash: Option<String>,
    /// Log position at which the state had this hash.
    pub state_hash_position: Option<i64>,
    /// Number of sessions that are authenticated and may trade.
    pub sessions: Option<i64>,
    /// Number of elections since the member's start.
    pub elections: Option<i64>,
    /// Whether the member is leader or follower and no election is in progress.
    pub has_joined: bool,
    /// Number of messages that were no valid commands, since the member's start.
    pub refused_messages: Option<i64>,
    /// The log's time less the member's wall clock in nanoseconds, as measured last; 0 before the first command.
    pub clock_difference_ns: Option<i64>,
    /// Whether this difference is greater than `consensus.maximum_clock_difference`.
    pub clock_differs: bool,
    /// Number of messages that had not the tag of their session, since the member's start.
    pub unauthenticated_messages: Option<i64>,
    /// Number of messages ignored since the member's start because their session was above its rate.
    pub messages_above_rate: Option<i64>,
    /// Number of other members whose state differs from this member's, as the member found.
    pub differing_members: Option<i64>,
    /// Version of the member's program.
    pub program_version: Option<String>,
    /// The latest version of order entry that the member's program knows.
    pub known_protocol_version: Option<u16>,
    /// The active version of order entry in the member's state: later ones are refused.
    pub active_protocol_version: Option<u16>,
    /// Why the member has fenced itself, if it has; only its own host knows.
    pub fenced: Option<String>,
}

impl Status {
    /// Reads the counters of the members that run on this host.
    ///
    /// # Errors
    /// When the counters of a running member can't be read.
    pub fn read(clusters: &[ClusterSpec]) -> Result<Self, ReadStatusError> {
        Self::read_or(clusters, |_, _| None)
    }

    /// As [`read`](Self::read), with what `heard` knows of members that do not run on this host.
    ///
    /// # Errors
    /// As for [`read`](Self::read).
    pub fn read_or(
        clusters: &[ClusterSpec],
        heard: impl Fn(ClusterId, MemberId) -> Option<MemberStatus>,
    ) -> Result<Self, ReadStatusError> {
        Self::collect(clusters, |cluster, member| {
            Ok(status_here(cluster, member)?.or_else(|| heard(cluster.id, member.id)))
        })
    }

    /// The state of a cluster of which nothing is known.
    pub fn unknown(cluster: &ClusterSpec) -> Self {
        let members = cluster.members.iter().map(|member| Member::new(cluster, member, None)).collect();
        Self { members, clusters: Vec::new(), hashes_equal: None }
    }

    fn collect(
        clusters: &[ClusterSpec],
        status_of: impl Fn(&ClusterSpec, &MemberSpec) -> Result<Option<MemberStatus>, ReadStatusError>,
    ) -> Result<Self, ReadStatusError> {
        let mut status = Self { members: Vec::new(), clusters: Vec::new(), hashes_equal: Some(true) };
        for cluster in clusters {
            let member = |member: &MemberSpec| -> Result<Member, ReadStatusError> {
                Ok(Member::new(cluster, member, status_of(cluster, member)?))
            };
            let members = cluster.members.iter().map(member).collect::<Result<Vec<_>, _>>()?;
            let equal = hashes_equal(&members);
            status.hashes_equal = match (status.hashes_equal, equal) {
                (Some(false), _) | (_, Some(false)) => Some(false),
                (Some(true), Some(true)) => Some(true),
                _ => None,
            };
            status.clusters.push(Cluster {
                id: cluster.id.0,
                name: cluster.name.clone(),
                leader: leader(&members).map(|member| member.id),
                hashes_equal: equal,
            });
            status.members.extend(members);
        }
        Ok(status)
    }

    /// The leader of a cluster.
    pub fn leader(&self, cluster: ClusterId) -> Option<&Member> {
        leader(self.members.iter().filter(|member| member.cluster == cluster.0))
    }
}

/// The leader among a cluster's members: that of the newest term, as a deposed leader may not know yet that it was
/// replaced.
fn leader<'m>(members: impl IntoIterator<Item = &'m Member>) -> Option<&'m Member> {
    members.into_iter().filter(|member| member.role == "leader").max_by_key(|member| member.term)
}

impl Member {
    fn new(cluster: &ClusterSpec, member: &MemberSpec, status: Option<MemberStatus>) -> Self {
        let fenced = fence::reason(member);
        let role = match status.map(|status| status.role) {
            None if fenced.is_some() => "fenced",
            None => "down",
            Some(None) => "starting",
            Some(Some(MemberRole::Follower)) => "follower",
            Some(Some(MemberRole::Candidate)) => "candidate",
            Some(Some(MemberRole::Leader)) => "leader",
        };
        let status = status.unwrap_or_default();
        let maximum = cluster.deployment().consensus.maximum_clock_difference;
        Self {
            cluster: cluster.id.0,
            cluster_name: cluster.name.clone(),
            id: member.id.0,
            role,
            term: status.term,
            commit_position: status.commit_position,
            state_hash: status.state.map(|state| format!("{:016x}", state.hash.0)),
            state_hash_position: status.state.map(|state| state.position.0),
            sessions: status.sessions,
            elections: status.elections,
            has_joined: status.has_joined,
            refused_messages: status.refused_messages,
            clock_difference_ns: status.clock_difference_ns,
            clock_differs: status
                .clock_difference_ns
                .is_some_and(|ns| u128::from(ns.unsigned_abs()) > maximum.as_nanos()),
            unauthenticated_messages: status.unauthenticated_messages,
            messages_above_rate: status.messages_above_rate,
            differing_members: status.differing_members,
            program_version: status.versions.map(|versions| versions.program.to_string()),
            known_protocol_version: status.versions.map(|versions| versions.known.0),
            active_protocol_version: status.versions.map(|versions| versions.active.0),
            fenced,
        }
    }

    /// Whether the member follows a leader or leads, and its service has restored its state.
    pub fn has_started(&self) -> bool {
        self.has_joined && self.state_hash.is_some()
    }

    /// Whether the member runs, as far as is known.
    pub fn runs(&self) -> bool {
        !matches!(self.role, "down" | "fenced")
    }
}

/// The status of a member that runs on this host.
fn status_here(cluster: &ClusterSpec, member: &MemberSpec) -> Result<Option<MemberStatus>, ReadStatusError> {
    // The files that a killed media driver leaves behind look alive for a while, so the driver is checked first.
    match living_driver(&member.aeron_dir).map(|_| read_status(&member.aeron_dir, cluster.id.0)) {
        Some(Ok(status)) => Ok(Some(status)),
        None | Some(Err(StatusError::NotRunning { .. })) => Ok(None),
        Some(Err(source)) => Err(ReadStatusError { cluster: cluster.name.clone(), member: member.id, source }),
    }
}

/// Whether all members have the same hash. Members at different log positions can't be compared here; a single member is
/// equal to itself. What the members found themselves, at positions at which they all were, counts as well.
fn hashes_equal(members: &[Member]) -> Option<bool> {
    let differs = |member: &Member| member.fenced.is_some() || member.differing_members.is_some_and(|count| count > 0);
    if members.iter().any(differs) {
        return Some(false);
    }
    let running: Vec<_> = members.iter().filter(|member| member.runs()).collect();
    let first = running.first()?;
    if running.iter().any(|member| member.state_hash_position != first.state_hash_position) {
        return None;
    }
    first.state_hash.as_ref()?;
    Some(running.iter().all(|member| member.state_hash == first.state_hash))
}
