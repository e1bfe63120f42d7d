//! What `lugus up` runs in the background and `lugus down` ends: each member of each cluster, and the coordinator.

use std::fmt;
use std::path::PathBuf;

use lugus_topology::{ClusterId, Deployment, MemberId};

use crate::processes;

/// A part of a deployment that is a process tree of its own.
#[derive(Debug, Clone)]
pub struct Part {
    /// What it is.
    pub kind: Kind,
    /// Its folder, which it locks.
    pub dir: PathBuf,
}

/// What a part is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// One member of a cluster.
    Member {
        /// The cluster.
        cluster: ClusterId,
        /// The cluster's name.
        cluster_name: String,
        /// The member.
        id: MemberId,
    },
    /// Who keeps the partition map.
    Coordinator,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Member { cluster_name, id, .. } => write!(f, "member {id} of {cluster_name}"),
            Self::Coordinator => f.write_str("the coordinator"),
        }
    }
}

/// All parts of a deployment: the members in the order of the file, then the coordinator, if it has one.
pub fn of(deployment: &Deployment) -> Vec<Part> {
    let mut parts = Vec::new();
    for cluster in deployment.cluster_specs() {
        parts.extend(cluster.members.iter().map(|member| Part {
            kind: Kind::Member { cluster: cluster.id, cluster_name: cluster.name.clone(), id: member.id },
            dir: member.dir.clone(),
        }));
    }
    if deployment.coordinator.is_some() {
        parts.push(Part { kind: Kind::Coordinator, dir: deployment.coordinator_spec().dir });
    }
    parts
}

impl Kind {
    /// The member's number, when it is one of this cluster.
    pub fn member_of(&self, of: ClusterId) -> Option<i32> {
        match self {
            Self::Member { cluster, id, .. } if *cluster == of => Some(id.0),
            _ => None,
        }
    }
}

impl Part {
    /// Its process, if it lives.
    pub fn pid(&self) -> Option<u32> {
        processes::pid(&self.dir)
    }

    /// The command of `lugus` that runs it in the foreground.
    pub fn arguments(&self) -> Vec<String> {
        match &self.kind {
            Kind::Member { cluster, id, .. } => {
                ["node", "--cluster", &cluster.to_string(), "--member", &id.to_string()].map(String::from).to_vec()
            }
            Kind::Coordinator => vec![String::from("coordinator")],
        }
    }

    /// What it says goes here.
    pub fn log(&self) -> PathBuf {
        self.dir.join(match self.kind {
            Kind::Member { .. } => "member.log",
            Kind::Coordinator => "coordinator.log",
        })
    }

    /// What it said in its life before.
    pub fn old_log(&self) -> PathBuf {
        self.log().with_extension("log.old")
    }
}
