//! `lugus status`: the state of each member and cluster, as read from the members' counters.

mod overview;

use comfy_table::Table;
use lugus_media_driver::living_driver;
use lugus_node::status::{MemberRole, MemberStatus, StatusError};
use lugus_topology::{ClusterId, ClusterSpec, MemberSpec};
use serde::Serialize;

use crate::failure::Failure;

pub use overview::run;

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
#[derive(Debug, Serialize)]
pub struct Member {
    /// The number of the member's cluster.
    pub cluster: i32,
    /// The member's number in its cluster.
    pub id: i32,
    /// `leader`, `follower`, `candidate`, `starting` or `down`.
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
    /// Number of messages above the rate of their session, since the member's start.
    pub messages_above_rate: Option<i64>,
}

impl Status {
    /// Reads the counters of all members.
    ///
    /// # Errors
    /// When the counters of a running member can't be read.
    pub fn read(clusters: &[ClusterSpec]) -> Result<Self, Failure> {
        let mut status = Self { members: Vec::new(), clusters: Vec::new(), hashes_equal: Some(true) };
        for cluster in clusters {
            let members =
                cluster.members.iter().map(|member| Member::read(cluster, member)).collect::<Result<Vec<_>, _>>()?;
            let equal = hashes_equal(&members);
            status.hashes_equal = match (status.hashes_equal, equal) {
                (Some(so_far), Some(here)) => Some(so_far && here),
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

    /// The state as a text table.
    pub fn table(&self) -> String {
        let mut table = Table::new();
        table.load_preset(comfy_table::presets::UTF8_FULL_CONDENSED).set_header([
            "cluster",
            "member",
            "role",
            "term",
            "commit position",
            "state hash",
            "at position",
            "sessions",
            "refused",
            "unauthenticated",
            "above rate",
        ]);
        let shown = |value: Option<i64>| value.map_or_else(|| String::from("-"), |value| value.to_string());
        for member in &self.members {
            let cluster = self.clusters.iter().find(|cluster| cluster.id == member.cluster);
            table.add_row([
                cluster.map_or_else(String::new, |cluster| cluster.name.clone()),
                member.id.to_string(),
                member.role.to_owned(),
                shown(member.term),
                shown(member.commit_position),
                member.state_hash.clone().unwrap_or_else(|| String::from("-")),
                shown(member.state_hash_position),
                shown(member.sessions),
                shown(member.refused_messages),
                shown(member.unauthenticated_messages),
                shown(member.messages_above_rate),
            ]);
        }
        let hashes = self.clusters.iter().map(|cluster| cluster.hashes(self.clusters.len()));
        let clocks = self.members.iter().filter(|member| member.clock_differs).map(Member::clock);
        format!("{table}\n{}", hashes.chain(clocks).collect::<Vec<_>>().join("\n"))
    }

    /// The leader of a cluster.
    pub fn leader(&self, cluster: ClusterId) -> Option<&Member> {
        leader(self.members.iter().filter(|member| member.cluster == cluster.0))
    }
}

impl Cluster {
    /// A text that says whether the members' state hashes are equal; it names the cluster if the deployment has
    /// several.
    fn hashes(&self, clusters: usize) -> String {
        let hashes = match self.hashes_equal {
            Some(true) => "state hashes are equal",
            Some(false) => {
                "STATE HASHES DIFFER at the same log position: at least one member is wrong; find out which, and restart \
                        it from a snapshot of another member"
            }
            None => "state hashes can't be compared: members are down or at different log positions",
        };
        if clusters == 1 { hashes.to_owned() } else { format!("{}: {hashes}", self.name) }
    }
}

/// The leader among a cluster's members: that of the newest term, as a deposed leader may not know yet that it was
/// replaced.
fn leader<'m>(members: impl IntoIterator<Item = &'m Member>) -> Option<&'m Member> {
    members.into_iter().filter(|member| member.role == "leader").max_by_key(|member| member.term)
}

impl Member {
    fn read(cluster: &ClusterSpec, member: &MemberSpec) -> Result<Self, Failure> {
        // The files that a killed media driver leaves behind look alive for a while, so the driver is checked first.
        let status = match living_driver(&member.aeron_dir).map(|_| MemberStatus::read(&member.aeron_dir, cluster.id.0))
        {
            Some(Ok(status)) => Some(status),
            None | Some(Err(StatusError::NotRunning { .. })) => None,
            Some(Err(error)) => return Err(Failure::new(format!("member {}: {error}", member.id))),
        };
        let role = match status.as_ref().map(|status| status.role) {
            None => "down",
            Some(None) => "starting",
            Some(Some(MemberRole::Follower)) => "follower",
            Some(Some(MemberRole::Candidate)) => "candidate",
            Some(Some(MemberRole::Leader)) => "leader",
        };
        let known = |field: fn(&MemberStatus) -> Option<i64>| status.as_ref().and_then(field);
        let clock_difference_ns = known(|status| status.clock_difference_ns);
        let maximum = cluster.deployment().consensus.maximum_clock_difference;
        Ok(Self {
            cluster: cluster.id.0,
            id: member.id.0,
            role,
            term: known(|status| status.term),
            commit_position: known(|status| status.commit_position),
            state_hash: status
                .as_ref()
                .and_then(|status| status.state_hash)
                .map(|state_hash| format!("{:016x}", state_hash.hash)),
            state_hash_position: known(|status| status.state_hash.map(|state_hash| state_hash.position)),
            sessions: known(|status| status.sessions),
            elections: known(|status| status.elections),
            has_joined: status.as_ref().is_some_and(|status| status.has_joined),
            refused_messages: known(|status| status.refused_messages),
            clock_difference_ns,
            clock_differs: clock_difference_ns.is_some_and(|ns| u128::from(ns.unsigned_abs()) > maximum.as_nanos()),
            unauthenticated_messages: known(|status| status.unauthenticated_messages),
            messages_above_rate: known(|status| status.messages_above_rate),
        })
    }

    /// A text that says by how much the member's clock differs from the log's time.
    fn clock(&self) -> String {
        let ns = self.clock_difference_ns.unwrap_or(0);
        let side = if ns < 0 { "behind" } else { "ahead of" };
        let seconds = ns.unsigned_abs() as f64 / 1e9;
        format!(
            "member {} of cluster {}: the log's time is {seconds:.3} s {side} this member's clock; check NTP or PTP on all \
             members",
            self.id, self.cluster
        )
    }
}

/// Whether all members have the same hash. Members at different log positions can't be compared; a single member is
/// equal to itself.
fn hashes_equal(members: &[Member]) -> Option<bool> {
    let running: Vec<_> = members.iter().filter(|member| member.role != "down").collect();
    let first = running.first()?;
    if running.iter().any(|member| member.state_hash_position != first.state_hash_position) {
        return None;
    }
    first.state_hash.as_ref()?;
    Some(running.iter().all(|member| member.state_hash == first.state_hash))
}
