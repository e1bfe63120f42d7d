//! `[[cluster]]` and `[[cluster.member]]` as written.

use std::path::PathBuf;

use lugus_vocabulary::{ClusterId, MemberId};
use serde::{Deserialize, Serialize};

/// Number of ports that a member takes, from its `port` on.
pub const PORTS_PER_MEMBER: u16 = 9;

/// `[[cluster]]`: one Raft group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cluster {
    /// Number of the cluster.
    pub id: ClusterId,
    /// Name for people to read. Default: `cluster-` and the number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Members of the cluster.
    #[serde(rename = "member", default)]
    pub members: Vec<Member>,
}

/// `[[cluster.member]]`: where a member runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Member {
    /// Number of the member in its cluster.
    pub id: MemberId,
    /// Address at which clients reach the member, and the other members if there is no `members_host`.
    #[serde(default = "default_host")]
    pub host: String,
    /// Address at which the other members reach the member's ports for consensus, log, catch-up, archive and status, which are
    /// bound to its interface. Default: `host`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub members_host: Option<String>,
    /// First of the member's UDP ports: ingress, consensus, log, catch-up, archive, market data, status; and if there are such
    /// things, those for the loop of snapshots and for replays of market data.
    pub port: u16,
    /// Directory of the member's media driver. Default: `cluster-C-member-M` in the deployment's `aeron_dir`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aeron_dir: Option<PathBuf>,
    /// Directory of the member's archive. Default: `archive` in the member's folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archive_dir: Option<PathBuf>,
    /// Directory of the member's consensus module and service. Default: `cluster` in the member's folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster_dir: Option<PathBuf>,
    /// Ports that take the place of those counted from `port` on.
    #[serde(default, skip_serializing_if = "Ports::is_empty")]
    pub ports: Ports,
    /// Cores of the member's threads. Required with the profile `pinned`, not allowed otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cores: Option<Cores>,
}

fn default_host() -> String {
    String::from("127.0.0.1")
}

/// `[cluster.member.ports]`: ports that take the place of those counted from `port` on.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ports {
    /// Port for clients' commands. Default: `port`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ingress: Option<u16>,
    /// Port for the traffic between consensus modules. Default: `port` + 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consensus: Option<u16>,
    /// Port for the log, which the leader sends. Default: `port` + 2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log: Option<u16>,
    /// Port for the log as it is replayed to a member that is behind. Default: `port` + 3.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub catch_up: Option<u16>,
    /// Port for requests to the archive. Default: `port` + 4.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub archive: Option<u16>,
    /// Port to which listeners to market data announce themselves. Default: `port` + 5.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub market_data: Option<u16>,
    /// Port to which those announce themselves who listen to the member's status. Default: `port` + 6.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Port to which listeners to the loop of snapshots announce themselves. Default: `port` + 7.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snapshots: Option<u16>,
    /// Port for listeners' requests for replays of market data. Default: `port` + 8.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replays: Option<u16>,
}

/// `[cluster.member.cores]`: numbers of cores, as the operating system counts them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cores {
    /// Cores of the media driver's conductor, sender and receiver.
    pub driver: [u16; 3],
    /// Cores of the JVM: archive, consensus module, compiler, garbage collector.
    pub consensus: Vec<u16>,
    /// Core of the service container, which runs the engine.
    pub service: u16,
    /// Core of the thread that publishes market data. Default: that thread runs on any core, and parks when idle.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub market_data: Option<u16>,
}

impl Ports {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl Member {
    /// A member on this host with defaults for everything but its number and port.
    pub fn local(id: MemberId, port: u16) -> Self {
        Self {
            id,
            host: default_host(),
            members_host: None,
            port,
            aeron_dir: None,
            archive_dir: None,
            cluster_dir: None,
            ports: Ports::default(),
            cores: None,
        }
    }

    /// Address at which the other members reach the member.
    pub(crate) fn members_host(&self) -> &str {
        self.members_host.as_deref().unwrap_or(&self.host)
    }

    /// Address of the port with this key in `[cluster.member.ports]`: the members' own, but for what clients send to.
    pub(crate) fn host_of(&self, port: &str) -> &str {
        match port {
            "ingress" | "market_data" | "snapshots" | "replays" => &self.host,
            _ => self.members_host(),
        }
    }

    /// The member's ports: key, offset from `port`, and the port in `[cluster.member.ports]` that takes its place.
    pub(crate) fn each_port(&self) -> [(&'static str, u16, Option<u16>); PORTS_PER_MEMBER as usize] {
        let ports = &self.ports;
        [
            ("ingress", 0, ports.ingress),
            ("consensus", 1, ports.consensus),
            ("log", 2, ports.log),
            ("catch_up", 3, ports.catch_up),
            ("archive", 4, ports.archive),
            ("market_data", 5, ports.market_data),
            ("status", 6, ports.status),
            ("snapshots", 7, ports.snapshots),
            ("replays", 8, ports.replays),
        ]
    }
}
