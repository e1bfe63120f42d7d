//! `lugus status`: how each member stands.

use comfy_table::Table;
use lugus_media_driver::living_driver;
use lugus_node::status::{MemberRole, MemberStatus, StatusError};
use lugus_topology::{ClusterSpec, MemberSpec};
use serde::Serialize;

use crate::deployment::Found;
use crate::failure::Failure;
use crate::output::Output;

/// A deployment's state.
#[derive(Debug, Serialize)]
pub struct Status {
    /// All members of all clusters.
    pub members: Vec<Member>,
    /// Whether all members of a cluster that have applied the same log have the same state; `None` while they have not.
    pub hashes_equal: Option<bool>,
}

/// A member's state. What is not known is null: it is not running, or still starting.
#[derive(Debug, Serialize)]
pub struct Member {
    /// Its cluster.
    pub cluster: i32,
    /// Its number in the cluster.
    pub id: i32,
    /// `leader`, `follower`, `candidate`, `starting` or `down`.
    pub role: &'static str,
    /// Leadership term.
    pub term: Option<i64>,
    /// Log position up to which a majority has the log.
    pub commit_position: Option<i64>,
    /// Hexadecimal digits.
    pub state_hash: Option<String>,
    /// Log position that the hash belongs to.
    pub state_hash_position: Option<i64>,
    /// Sessions that may trade.
    pub sessions: Option<i64>,
    /// Elections since its start.
    pub elections: Option<i64>,
    /// Messages that were no commands, since its start.
    pub refused_messages: Option<i64>,
}

impl Status {
    /// Reads all members' counters.
    ///
    /// # Errors
    /// When a living member's counters can't be read.
    pub fn read(clusters: &[ClusterSpec]) -> Result<Self, Failure> {
        let mut members = Vec::new();
        let mut equal = Some(true);
        for cluster in clusters {
            let first = members.len();
            for member in &cluster.members {
                members.push(Member::read(cluster, member)?);
            }
            equal = match (equal, hashes_equal(&members[first..])) {
                (Some(so_far), Some(here)) => Some(so_far && here),
                _ => None,
            };
        }
        Ok(Self { members, hashes_equal: equal })
    }

    /// What people read.
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
        ]);
        let shown = |value: Option<i64>| value.map_or_else(|| String::from("-"), |value| value.to_string());
        for member in &self.members {
            table.add_row([
                member.cluster.to_string(),
                member.id.to_string(),
                member.role.to_owned(),
                shown(member.term),
                shown(member.commit_position),
                member.state_hash.clone().unwrap_or_else(|| String::from("-")),
                shown(member.state_hash_position),
                shown(member.sessions),
                shown(member.refused_messages),
            ]);
        }
        let hashes = match self.hashes_equal {
            Some(true) => "state hashes are equal",
            Some(false) => {
                "STATE HASHES DIFFER at the same log position: a member is broken; compare, and restart it from a \
                        snapshot of the others"
            }
            None => "state hashes can't be compared: members are at different positions, or down",
        };
        format!("{table}\n{hashes}")
    }

    /// The leader of the first cluster: of the newest term, as one that was voted out may not know it yet.
    pub fn leader(&self) -> Option<&Member> {
        let cluster = self.members.first()?.cluster;
        let leaders = self.members.iter().filter(|member| member.cluster == cluster && member.role == "leader");
        leaders.max_by_key(|member| member.term)
    }
}

impl Member {
    fn read(cluster: &ClusterSpec, member: &MemberSpec) -> Result<Self, Failure> {
        // What a killed driver left looks alive for a while.
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
            refused_messages: known(|status| status.refused_messages),
        })
    }
}

/// Members at different positions can't be compared; one alone is equal to itself.
fn hashes_equal(members: &[Member]) -> Option<bool> {
    let running: Vec<_> = members.iter().filter(|member| member.role != "down").collect();
    let first = running.first()?;
    if running.iter().any(|member| member.state_hash_position != first.state_hash_position) {
        return None;
    }
    first.state_hash.as_ref()?;
    Some(running.iter().all(|member| member.state_hash == first.state_hash))
}

/// Prints how each member stands.
///
/// # Errors
/// As [`Status::read`].
pub fn run(found: &Found, output: Output) -> Result<(), Failure> {
    let status = Status::read(&found.deployment.cluster_specs())?;
    output.answer(&status, status.table())
}
