//! The answer of `lugus status --json`.

use serde::Deserialize;
use serde_json::Value;

/// The status of all members and clusters.
#[derive(Debug, Clone, Deserialize)]
pub struct Status {
    pub members: Vec<Member>,
    pub clusters: Vec<Cluster>,
    pub hashes_equal: Option<bool>,
    pub coordinator: Option<Value>,
    pub map: Option<Value>,
}

/// The status of one cluster.
#[derive(Debug, Clone, Deserialize)]
pub struct Cluster {
    pub name: String,
    pub leader: Option<i32>,
    pub hashes_equal: Option<bool>,
}

/// The status of one member; unknown values are `None`.
#[derive(Debug, Clone, Deserialize)]
pub struct Member {
    pub cluster: i32,
    pub id: i32,
    pub role: String,
    pub term: Option<i64>,
    pub commit_position: Option<i64>,
    pub state_hash: Option<String>,
    pub state_hash_position: Option<i64>,
    pub sessions: Option<i64>,
    pub elections: Option<i64>,
    pub refused_messages: Option<i64>,
    pub clock_difference_ns: Option<i64>,
    pub clock_differs: bool,
    pub unauthenticated_messages: Option<i64>,
    /// Number of messages ignored because their session was above its rate.
    pub messages_above_rate: Option<i64>,
    pub differing_members: Option<i64>,
    pub fenced: Option<String>,
    pub program_version: Option<String>,
    pub active_protocol_version: Option<u16>,
}

impl Status {
    /// The members whose engine runs.
    pub fn running(&self) -> impl Iterator<Item = &Member> {
        self.members.iter().filter(|member| member.role != "down" && member.state_hash.is_some())
    }

    pub fn member(&self, id: i32) -> &Member {
        self.members.iter().find(|member| member.id == id).expect("a member of the deployment")
    }

    /// The leader of cluster 0 in the newest term.
    pub fn leader(&self) -> Option<&Member> {
        self.members
            .iter()
            .filter(|member| member.cluster == 0 && member.role == "leader")
            .max_by_key(|member| member.term)
    }

    /// State hash and log position, if all members have the same.
    pub fn common_state(&self) -> Option<(String, i64)> {
        let first = self.members.first()?;
        let is_common = self.hashes_equal == Some(true) && self.running().count() == self.members.len();
        is_common.then_some((first.state_hash.clone()?, first.state_hash_position?))
    }
}
