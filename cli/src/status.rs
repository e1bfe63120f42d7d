//! `lugus status`: how each member stands, the coordinator, and the partition map.

mod overview;

use comfy_table::Table;
use lugus_media_driver::living_driver;
use lugus_node::status::{MemberRole, MemberStatus, StatusError};
use lugus_topology::{ClusterId, ClusterSpec, MemberSpec};
use serde::Serialize;

use crate::failure::Failure;

pub use overview::run;

/// How the clusters of a deployment stand.
#[derive(Debug, Serialize)]
pub struct Status {
    /// All members of all clusters.
    pub members: Vec<Member>,
    /// Each cluster.
    pub clusters: Vec<Cluster>,
    /// Whether all members of a cluster that have applied the same log have the same state, in every cluster; `None` while
    /// they have not.
    pub hashes_equal: Option<bool>,
}

/// A cluster's state.
#[derive(Debug, Serialize)]
pub struct Cluster {
    /// Its number.
    pub id: i32,
    /// Its name.
    pub name: String,
    /// Who leads.
    pub leader: Option<i32>,
    /// Whether all its members that have applied the same log have the same state; `None` while they have not.
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
    /// Whether it follows or leads, and no election is under way.
    pub has_joined: bool,
    /// Messages that were no commands, since its start.
    pub refused_messages: Option<i64>,
}

impl Status {
    /// Reads all members' counters.
    ///
    /// # Errors
    /// When a living member's counters can't be read.
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
            ]);
        }
        let hashes: Vec<String> = self.clusters.iter().map(|cluster| cluster.hashes(self.clusters.len())).collect();
        format!("{table}\n{}", hashes.join("\n"))
    }

    /// The leader of a cluster.
    pub fn leader(&self, cluster: ClusterId) -> Option<&Member> {
        leader(self.members.iter().filter(|member| member.cluster == cluster.0))
    }
}

impl Cluster {
    /// How its members' states compare; with its name when it is one of many.
    fn hashes(&self, clusters: usize) -> String {
        let hashes = match self.hashes_equal {
            Some(true) => "state hashes are equal",
            Some(false) => {
                "STATE HASHES DIFFER at the same log position: a member is broken; compare, and restart it from a \
                        snapshot of the others"
            }
            None => "state hashes can't be compared: members are at different positions, or down",
        };
        if clusters == 1 { hashes.to_owned() } else { format!("{}: {hashes}", self.name) }
    }
}

/// Who leads a cluster of these members: of the newest term, as one that was voted out may not know it yet.
fn leader<'m>(members: impl IntoIterator<Item = &'m Member>) -> Option<&'m Member> {
    members.into_iter().filter(|member| member.role == "leader").max_by_key(|member| member.term)
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
            has_joined: status.as_ref().is_some_and(|status| status.has_joined),
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
