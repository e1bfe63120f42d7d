//! `[coordinator]` as written, and [`CoordinatorSpec`]: the coordinator with every address and directory worked out.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::channels::udp;
use crate::{Deployment, Endpoint, Size};

/// UDP ports that the coordinator takes from its `port` on.
pub const COORDINATOR_PORTS: u16 = 3;

/// `[coordinator]`: where the partition map is kept, and how it is published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Coordinator {
    /// Its address, as clients reach it.
    pub host: String,
    /// The first of its three UDP ports: archive, requests, map.
    pub port: u16,
    /// Folder of its state. Default: `coordinator` in the deployment's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dir: Option<PathBuf>,
    /// Directory of its media driver.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aeron_dir: Option<PathBuf>,
    /// Length of the terms of the map's stream, and of its recording's segments.
    pub term_length: Size,
    /// Requests to it.
    pub request_stream: i32,
    /// Its answers.
    pub response_stream: i32,
    /// The map, live.
    pub map_stream: i32,
    /// The map, replayed.
    pub replay_stream: i32,
}

impl Default for Coordinator {
    fn default() -> Self {
        Self {
            host: String::from("127.0.0.1"),
            port: 20_090,
            dir: None,
            aeron_dir: None,
            term_length: Size::mib(2),
            request_stream: 301,
            response_stream: 302,
            map_stream: 303,
            replay_stream: 304,
        }
    }
}

impl Coordinator {
    /// Its ports, each with what it is for, from `port` on.
    pub(crate) fn each_port(&self) -> [(&'static str, u16); COORDINATOR_PORTS as usize] {
        [("archive", 0), ("requests", 1), ("map", 2)].map(|(name, offset)| (name, self.port.saturating_add(offset)))
    }

    /// Its streams, each with its key.
    pub(crate) fn each_stream(&self) -> [(&'static str, i32); 4] {
        [
            ("request_stream", self.request_stream),
            ("response_stream", self.response_stream),
            ("map_stream", self.map_stream),
            ("replay_stream", self.replay_stream),
        ]
    }
}

/// The coordinator of a deployment, with every address and directory worked out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CoordinatorSpec {
    /// Requests to its archive.
    pub archive: Endpoint,
    /// Requests to it.
    pub requests: Endpoint,
    /// Where subscribers of the map announce themselves.
    pub map: Endpoint,
    /// Its folder: lock, logs, archive.
    pub dir: PathBuf,
    /// Directory of its media driver.
    pub aeron_dir: PathBuf,
    /// Directory of its archive.
    pub archive_dir: PathBuf,
    /// As written: streams and lengths.
    pub coordinator: Coordinator,
}

impl CoordinatorSpec {
    /// Each endpoint with what it is for.
    pub fn endpoints(&self) -> [(&'static str, &Endpoint); COORDINATOR_PORTS as usize] {
        [("archive", &self.archive), ("requests", &self.requests), ("map", &self.map)]
    }

    /// Requests to its archive, from clients.
    pub fn archive_control_channel(&self) -> String {
        udp(&self.archive)
    }

    /// Requests to its archive, from itself.
    pub fn archive_local_control_channel(&self) -> String {
        String::from("aeron:ipc?term-length=64k")
    }

    /// What its archive asks of others comes back here; it asks nothing.
    pub fn replication_channel(&self) -> String {
        udp(&Endpoint { host: self.archive.host.clone(), port: 0 })
    }

    /// Requests to it. They are short, and so are the terms.
    pub fn request_channel(&self) -> String {
        format!("{}|term-length=64k", udp(&self.requests))
    }

    /// The map's publication, to as many subscribers as there are; the recording alone (`ssc`) keeps it going.
    pub fn map_publication_channel(&self) -> String {
        let term_length = self.coordinator.term_length;
        format!("aeron:udp?control={}|control-mode=dynamic|ssc=true|term-length={term_length}", self.map)
    }

    /// The map's subscription, of a client at `host`.
    pub fn map_subscription_channel(&self, host: &str) -> String {
        let endpoint = Endpoint { host: host.to_owned(), port: 0 };
        format!("{}|control={}|control-mode=dynamic", udp(&endpoint), self.map)
    }
}

impl Deployment {
    /// The coordinator, with all its addresses and directories.
    pub fn coordinator_spec(&self) -> CoordinatorSpec {
        let coordinator = self.coordinator.clone();
        let [archive, requests, map] =
            coordinator.each_port().map(|(_, port)| Endpoint { host: coordinator.host.clone(), port });
        let dir =
            coordinator.dir.as_deref().map_or_else(|| self.state_dir().join("coordinator"), |dir| self.absolute(dir));
        let aeron_dir = coordinator
            .aeron_dir
            .as_deref()
            .map_or_else(|| self.aeron_root().join("coordinator"), |dir| self.absolute(dir));
        let archive_dir = dir.join("archive");
        CoordinatorSpec { archive, requests, map, dir, aeron_dir, archive_dir, coordinator }
    }
}
