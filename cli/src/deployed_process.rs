//! The processes that `lugus up` runs in the background and `lugus down` ends: each member of each cluster, and the
//! coordinator.

use std::fmt;
use std::net::UdpSocket;
use std::path::PathBuf;
use std::time::Duration;

use lugus_topology::{ClusterId, Deployment, MemberId};

use crate::processes;

/// A process of a deployment, with the tree of processes that it starts.
#[derive(Debug, Clone)]
pub struct DeployedProcess {
    /// Member or coordinator.
    pub kind: ProcessRole,
    /// Folder of its state, which it locks while it runs.
    pub dir: PathBuf,
    /// Its address on its own host, or the name of one.
    pub host: String,
}

/// The part of a process in its deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProcessRole {
    /// One member of a cluster.
    Member {
        /// The cluster.
        cluster: ClusterId,
        /// The cluster's name.
        cluster_name: String,
        /// The member.
        id: MemberId,
    },
    /// The coordinator, which keeps the partition map.
    Coordinator,
}

impl fmt::Display for ProcessRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Member { cluster_name, id, .. } => write!(f, "member {id} of {cluster_name}"),
            Self::Coordinator => f.write_str("the coordinator"),
        }
    }
}

/// All processes of a deployment: the members in the order of the file, then the coordinator, if there is one.
pub fn of(deployment: &Deployment) -> Vec<DeployedProcess> {
    let mut deployed = Vec::new();
    for cluster in deployment.cluster_specs() {
        deployed.extend(cluster.members.iter().map(|member| DeployedProcess {
            kind: ProcessRole::Member { cluster: cluster.id, cluster_name: cluster.name.clone(), id: member.id },
            dir: member.dir.clone(),
            host: member.members_host.clone(),
        }));
    }
    if deployment.coordinator.is_some() {
        let spec = deployment.coordinator_spec();
        deployed.push(DeployedProcess { kind: ProcessRole::Coordinator, dir: spec.dir, host: spec.archive.host });
    }
    deployed
}

/// Time within which a process that was asked to end must have ended: it has two child processes, the media driver and the JVM,
/// and gives each of them `timeouts.stop_timeout` in turn.
pub fn stop_timeout(deployment: &Deployment) -> Duration {
    deployment.timeouts.stop_timeout * 3
}

impl ProcessRole {
    /// The member's number, if it is a member of this cluster.
    pub fn member_of(&self, of: ClusterId) -> Option<i32> {
        match self {
            Self::Member { cluster, id, .. } if *cluster == of => Some(id.0),
            _ => None,
        }
    }
}

impl DeployedProcess {
    /// Whether its address is one of this host's, so that it runs here if it runs.
    pub fn is_of_this_host(&self) -> bool {
        UdpSocket::bind((self.host.as_str(), 0)).is_ok()
    }

    /// Id of the running process; `None` if it does not run.
    pub fn pid(&self) -> Option<u32> {
        processes::pid(&self.dir)
    }

    /// Folder that the process's supervisor locks while the supervisor runs.
    pub fn supervisor_dir(&self) -> PathBuf {
        self.dir.join("supervisor")
    }

    /// Id of the running supervisor; `None` if there is none.
    pub fn supervisor_pid(&self) -> Option<u32> {
        processes::pid(&self.supervisor_dir())
    }

    /// File that the output of the supervisor goes to.
    pub fn supervisor_log(&self) -> PathBuf {
        self.dir.join("supervisor.log")
    }

    /// Arguments of `lugus` that run the process's supervisor in the foreground.
    pub fn supervised_arguments(&self) -> Vec<String> {
        std::iter::once(String::from("supervise")).chain(self.arguments()).collect()
    }

    /// Arguments of `lugus` that run it in the foreground.
    pub fn arguments(&self) -> Vec<String> {
        match &self.kind {
            ProcessRole::Member { cluster, id, .. } => {
                ["node", "--cluster", &cluster.to_string(), "--member", &id.to_string()].map(String::from).to_vec()
            }
            ProcessRole::Coordinator => vec![String::from("coordinator")],
        }
    }

    /// File that its output goes to.
    pub fn log(&self) -> PathBuf {
        self.dir.join(match self.kind {
            ProcessRole::Member { .. } => "member.log",
            ProcessRole::Coordinator => "coordinator.log",
        })
    }
}
