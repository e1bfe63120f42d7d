//! One cluster of a deployment, with every address and directory worked out.

use std::path::PathBuf;
use std::sync::Arc;

use crate::{Cluster, ClusterId, Cores, Deployment, Endpoint, Member, MemberId, PORTS_PER_MEMBER};

/// One cluster of a deployment, with every address and directory worked out.
#[derive(Debug, Clone)]
pub struct ClusterSpec {
    /// Its number.
    pub id: ClusterId,
    /// Its name.
    pub name: String,
    /// Its members, in the order of the file.
    pub members: Vec<MemberSpec>,
    deployment: Arc<Deployment>,
}

/// One member of a cluster, with every address and directory worked out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberSpec {
    /// Its number.
    pub id: MemberId,
    /// Its address.
    pub host: String,
    /// Its ports with that address.
    pub endpoints: Endpoints,
    /// Its folder: lock, logs, and by default the archive's and the cluster's.
    pub dir: PathBuf,
    /// Directory of its media driver.
    pub aeron_dir: PathBuf,
    /// Directory of its archive.
    pub archive_dir: PathBuf,
    /// Directory of its consensus module and service.
    pub cluster_dir: PathBuf,
    /// Its cores in the profile `pinned`.
    pub cores: Option<Cores>,
}

/// A member's endpoints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoints {
    /// Clients' commands.
    pub ingress: Endpoint,
    /// Between consensus modules.
    pub consensus: Endpoint,
    /// The log.
    pub log: Endpoint,
    /// The log, replayed to a member that is behind.
    pub catch_up: Endpoint,
    /// Requests to the archive.
    pub archive: Endpoint,
    /// Where listeners to market data announce themselves.
    pub market_data: Endpoint,
}

impl Endpoints {
    /// Each with its key in `[cluster.member.ports]`.
    pub fn each(&self) -> [(&'static str, &Endpoint); PORTS_PER_MEMBER as usize] {
        [
            ("ingress", &self.ingress),
            ("consensus", &self.consensus),
            ("log", &self.log),
            ("catch_up", &self.catch_up),
            ("archive", &self.archive),
            ("market_data", &self.market_data),
        ]
    }
}

impl Deployment {
    /// A cluster with all its addresses and directories.
    pub fn cluster(&self, id: ClusterId) -> Option<ClusterSpec> {
        let cluster = self.clusters.iter().find(|cluster| cluster.id == id)?;
        Some(ClusterSpec::new(cluster, Arc::new(self.clone())))
    }

    /// All clusters with all their addresses and directories.
    pub fn cluster_specs(&self) -> Vec<ClusterSpec> {
        let deployment = Arc::new(self.clone());
        self.clusters.iter().map(|cluster| ClusterSpec::new(cluster, Arc::clone(&deployment))).collect()
    }
}

impl ClusterSpec {
    pub(crate) fn new(cluster: &Cluster, deployment: Arc<Deployment>) -> Self {
        let members = cluster.members.iter().map(|member| MemberSpec::new(cluster.id, member, &deployment)).collect();
        let name = cluster.name.clone().unwrap_or_else(|| format!("cluster-{}", cluster.id));
        Self { id: cluster.id, name, members, deployment }
    }

    /// The member with this number.
    pub fn member(&self, id: MemberId) -> Option<&MemberSpec> {
        self.members.iter().find(|member| member.id == id)
    }

    /// The deployment that it is part of: time-outs, limits, profile and the rest.
    pub fn deployment(&self) -> &Deployment {
        &self.deployment
    }
}

impl MemberSpec {
    fn new(cluster: ClusterId, member: &Member, deployment: &Deployment) -> Self {
        let [ingress, consensus, log, catch_up, archive, market_data] =
            member.each_port().map(|(_, offset, written)| Endpoint {
                host: member.host.clone(),
                port: written.unwrap_or(member.port.saturating_add(offset)),
            });
        let dir = deployment.state_dir().join(format!("cluster-{cluster}")).join(format!("member-{}", member.id));
        let placed = |written: &Option<PathBuf>, default: PathBuf| match written {
            Some(path) => deployment.absolute(path),
            None => default,
        };
        Self {
            id: member.id,
            host: member.host.clone(),
            endpoints: Endpoints { ingress, consensus, log, catch_up, archive, market_data },
            aeron_dir: placed(
                &member.aeron_dir,
                deployment.aeron_root().join(format!("cluster-{cluster}-member-{}", member.id)),
            ),
            archive_dir: placed(&member.archive_dir, dir.join("archive")),
            cluster_dir: placed(&member.cluster_dir, dir.join("cluster")),
            dir,
            cores: member.cores.clone(),
        }
    }
}
