//! One cluster of a deployment, with every address and directory worked out.

use std::path::PathBuf;
use std::sync::Arc;

use lugus_vocabulary::{ClusterEntry, ClusterId, Endpoint, MemberEntry, MemberId};

use crate::directories::gauges_beside;
use crate::{Cluster, Cores, Deployment, Member};

/// One cluster of a deployment, with every address and directory worked out.
#[derive(Debug, Clone)]
pub struct ClusterSpec {
    /// Number of the cluster.
    pub id: ClusterId,
    /// Name of the cluster.
    pub name: String,
    /// Members, in the order of the file.
    pub members: Vec<MemberSpec>,
    deployment: Arc<Deployment>,
}

/// One member of a cluster, with every address and directory worked out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberSpec {
    /// Number of the member.
    pub id: MemberId,
    /// Address of the member's host for clients.
    pub host: String,
    /// Address of the member's host for other members.
    pub members_host: String,
    /// Endpoints of the member: the address with each of its ports.
    pub endpoints: Endpoints,
    /// Folder of the member: lock, logs, and by default the directories of archive and consensus module.
    pub dir: PathBuf,
    /// Directory of the member's media driver.
    pub aeron_dir: PathBuf,
    /// Directory of the member's archive.
    pub archive_dir: PathBuf,
    /// Directory of the member's consensus module and service.
    pub cluster_dir: PathBuf,
    /// Cores of the member's threads in the profile `pinned`; none in the others.
    pub cores: Option<Cores>,
}

/// Endpoints of a member, one for each of its ports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoints {
    /// Receives clients' commands.
    pub ingress: Endpoint,
    /// Receives what other consensus modules send.
    pub consensus: Endpoint,
    /// Receives the log from the leader.
    pub log: Endpoint,
    /// Receives the log as it is replayed to a member that is behind.
    pub catch_up: Endpoint,
    /// Receives requests to the archive.
    pub archive: Endpoint,
    /// Receives the announcements of listeners to market data.
    pub market_data: Endpoint,
    /// Receives the announcements of those who listen to the member's status.
    pub status: Endpoint,
    /// Receives the announcements of listeners to the loop of snapshots, if there is one.
    pub snapshots: Option<Endpoint>,
    /// Receives listeners' requests for replays of market data, if it is recorded.
    pub replays: Option<Endpoint>,
}

impl Endpoints {
    /// All endpoints, each with its key in `[cluster.member.ports]`.
    pub fn each(&self) -> impl Iterator<Item = (&'static str, &Endpoint)> {
        let of_all = [
            ("ingress", &self.ingress),
            ("consensus", &self.consensus),
            ("log", &self.log),
            ("catch_up", &self.catch_up),
            ("archive", &self.archive),
            ("market_data", &self.market_data),
            ("status", &self.status),
        ];
        let snapshots = self.snapshots.iter().map(|endpoint| ("snapshots", endpoint));
        of_all.into_iter().chain(snapshots).chain(self.replays.iter().map(|endpoint| ("replays", endpoint)))
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

    /// The deployment of which the cluster is a part: it has the time-outs, limits and the profile.
    pub fn deployment(&self) -> &Deployment {
        &self.deployment
    }
}

impl MemberSpec {
    fn new(cluster: ClusterId, member: &Member, deployment: &Deployment) -> Self {
        let [ingress, consensus, log, catch_up, archive, market_data, status, snapshots, replays] =
            member.each_port().map(|(name, offset, written)| Endpoint {
                host: member.host_of(name).to_owned(),
                port: written.unwrap_or(member.port.saturating_add(offset)),
            });
        let snapshots = deployment.market_data.snapshots.then_some(snapshots);
        let replays = deployment.market_data.is_recorded().then_some(replays);
        let dir = deployment.state_dir().join(format!("cluster-{cluster}")).join(format!("member-{}", member.id));
        let placed = |written: &Option<PathBuf>, default: PathBuf| match written {
            Some(path) => deployment.absolute(path),
            None => default,
        };
        Self {
            id: member.id,
            host: member.host.clone(),
            members_host: member.members_host().to_owned(),
            endpoints: Endpoints {
                ingress,
                consensus,
                log,
                catch_up,
                archive,
                market_data,
                status,
                snapshots,
                replays,
            },
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

    /// Folder of the private cluster with which the member's JVM warms itself up: beside the directory of the media driver, as that is on
    /// a RAM disk by default.
    pub fn warm_up_dir(&self) -> PathBuf {
        let mut path = self.aeron_dir.clone().into_os_string();
        path.push(".warm-up");
        path.into()
    }

    /// File of the member's stamps. It is beside the directory of the media driver, because that is on a RAM disk by default, and
    /// not in it, because the driver removes it when it starts.
    pub fn stages_file(&self) -> PathBuf {
        let mut path = self.aeron_dir.clone().into_os_string();
        path.push(".stages");
        path.into()
    }

    /// File of what the member counts, beside the directory of the media driver for the same reasons.
    pub fn gauges_file(&self) -> PathBuf {
        gauges_beside(&self.aeron_dir)
    }
}

/// What the partition map tells of a cluster.
impl From<&ClusterSpec> for ClusterEntry {
    fn from(spec: &ClusterSpec) -> Self {
        let mut members: Vec<MemberEntry> = spec
            .members
            .iter()
            .map(|member| MemberEntry { id: member.id, ingress: member.endpoints.ingress.clone() })
            .collect();
        members.sort_by_key(|member| member.id);
        let deployment = spec.deployment();
        Self {
            id: spec.id,
            name: spec.name.clone(),
            members,
            ingress_stream: deployment.streams.ingress,
            ingress_term_length: u32::try_from(deployment.term_length.ingress.as_bytes()).unwrap_or(u32::MAX),
        }
    }
}
