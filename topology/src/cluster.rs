//! `[[cluster]]` and `[[cluster.member]]` as written.

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Number of a cluster (`aeron.cluster.id`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ClusterId(pub i32);

/// Number of a member in its cluster (`aeron.cluster.member.id`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MemberId(pub i32);

/// Ports that a member takes from its `port` on.
pub const PORTS_PER_MEMBER: u16 = 6;

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
    /// The first of its six UDP ports: ingress, consensus, log, catch-up, archive, market data.
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
    /// Where listeners to market data announce themselves. Default: `port` + 5.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub market_data: Option<u16>,
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
    /// Of the thread that publishes market data. Default: none, and it parks when idle.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub market_data: Option<u16>,
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
    pub(crate) fn each_port(&self) -> [(&'static str, u16, Option<u16>); PORTS_PER_MEMBER as usize] {
        let ports = &self.ports;
        [
            ("ingress", 0, ports.ingress),
            ("consensus", 1, ports.consensus),
            ("log", 2, ports.log),
            ("catch_up", 3, ports.catch_up),
            ("archive", 4, ports.archive),
            ("market_data", 5, ports.market_data),
        ]
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
