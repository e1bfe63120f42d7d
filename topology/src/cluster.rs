//! `[[cluster]]` and `[[cluster.member]]` as written, and [`ClusterSpec`]: one cluster with everything worked out.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize, Serializer};

use crate::Deployment;

/// Number of a cluster (`aeron.cluster.id`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ClusterId(pub i32);

/// Number of a member in its cluster (`aeron.cluster.member.id`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MemberId(pub i32);

/// Ports that a member takes from its `port` on.
pub const PORTS_PER_MEMBER: u16 = 5;

/// `[[cluster]]`: one Raft group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cluster {
    /// Its number.
    pub id: ClusterId,
    /// For people. Default: `cluster-` and its number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its members.
    #[serde(rename = "member", default)]
    pub members: Vec<Member>,
}

/// `[[cluster.member]]`: where a member runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Member {
    /// Its number in the cluster.
    pub id: MemberId,
    /// Its address, as the other members and clients reach it.
    #[serde(default = "default_host")]
    pub host: String,
    /// The first of its five UDP ports: ingress, consensus, log, catch-up, archive.
    pub port: u16,
    /// Directory of its media driver.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aeron_dir: Option<PathBuf>,
    /// Directory of its archive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archive_dir: Option<PathBuf>,
    /// Directory of its consensus module and service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster_dir: Option<PathBuf>,
    /// Single ports in place of those from `port` on.
    #[serde(default, skip_serializing_if = "Ports::is_empty")]
    pub ports: Ports,
    /// Its cores; needed with the profile `pinned`, and only then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cores: Option<Cores>,
}

fn default_host() -> String {
    String::from("127.0.0.1")
}

/// `[cluster.member.ports]`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ports {
    /// Clients' commands. Default: `port`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ingress: Option<u16>,
    /// Between consensus modules. Default: `port` + 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consensus: Option<u16>,
    /// The log, from the leader. Default: `port` + 2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log: Option<u16>,
    /// The log, replayed to a member that is behind. Default: `port` + 3.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub catch_up: Option<u16>,
    /// Requests to the archive. Default: `port` + 4.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub archive: Option<u16>,
}

/// `[cluster.member.cores]`: numbers of cores, as the operating system counts them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cores {
    /// Of the driver's conductor, sender and receiver.
    pub driver: [u16; 3],
    /// Of the JVM: archive, consensus module, compiler, collector.
    pub consensus: Vec<u16>,
    /// Of the service container, which runs the engine.
    pub service: u16,
}

impl Ports {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl Member {
    /// A member on this host, everything else by default.
    pub fn local(id: MemberId, port: u16) -> Self {
        Self {
            id,
            host: default_host(),
            port,
            aeron_dir: None,
            archive_dir: None,
            cluster_dir: None,
            ports: Ports::default(),
            cores: None,
        }
    }

    /// Its ports, each with its key and its place from `port` on: written, or counted from there.
    pub(crate) fn each_port(&self) -> [(&'static str, u16, Option<u16>); 5] {
        let ports = &self.ports;
        [
            ("ingress", 0, ports.ingress),
            ("consensus", 1, ports.consensus),
            ("log", 2, ports.log),
            ("catch_up", 3, ports.catch_up),
            ("archive", 4, ports.archive),
        ]
    }
}

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
}

impl Endpoints {
    /// Each with its key in `[cluster.member.ports]`.
    pub fn each(&self) -> [(&'static str, &Endpoint); 5] {
        [
            ("ingress", &self.ingress),
            ("consensus", &self.consensus),
            ("log", &self.log),
            ("catch_up", &self.catch_up),
            ("archive", &self.archive),
        ]
    }
}

/// A host and a UDP port. Shown as Aeron writes it: `127.0.0.1:20100`, `[::1]:20100`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Endpoint {
    /// Name or address.
    pub host: String,
    /// UDP port.
    pub port: u16,
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.parse::<Ipv6Addr>() {
            Ok(address) => write!(f, "[{address}]:{}", self.port),
            Err(_) => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

impl Serialize for Endpoint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl fmt::Display for ClusterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for MemberId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
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
        let [ingress, consensus, log, catch_up, archive] = member.each_port().map(|(_, offset, written)| Endpoint {
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
            endpoints: Endpoints { ingress, consensus, log, catch_up, archive },
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

/// Whether only this host reaches the address. Names other than `localhost` may be anyone's.
pub(crate) fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}
