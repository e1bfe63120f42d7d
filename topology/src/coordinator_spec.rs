//! The coordinator of a deployment, with every address and directory worked out.

use std::path::PathBuf;

use crate::channels::udp;
use crate::directories::gauges_beside;
use crate::{COORDINATOR_PORTS, Coordinator, Deployment, Endpoint};

/// The coordinator of a deployment, with every address and directory worked out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CoordinatorSpec {
    /// Receives requests to the coordinator's archive.
    pub archive: Endpoint,
    /// Receives requests to the coordinator.
    pub requests: Endpoint,
    /// Receives the announcements of subscribers of the map.
    pub map: Endpoint,
    /// Folder of the coordinator: lock, logs, archive.
    pub dir: PathBuf,
    /// Directory of the coordinator's media driver.
    pub aeron_dir: PathBuf,
    /// Directory of the coordinator's archive.
    pub archive_dir: PathBuf,
    /// The section as written: stream ids and lengths.
    pub coordinator: Coordinator,
}

impl CoordinatorSpec {
    /// File of what the coordinator counts, beside the directory of its media driver, which is on a RAM disk by default.
    pub fn gauges_file(&self) -> PathBuf {
        gauges_beside(&self.aeron_dir)
    }

    /// All endpoints, each with its purpose.
    pub fn endpoints(&self) -> [(&'static str, &Endpoint); COORDINATOR_PORTS as usize] {
        [("archive", &self.archive), ("requests", &self.requests), ("map", &self.map)]
    }

    /// Channel of clients' requests to the coordinator's archive.
    pub fn archive_control_channel(&self) -> String {
        udp(&self.archive)
    }

    /// Channel of the coordinator's own requests to its archive.
    pub fn archive_local_control_channel(&self) -> String {
        String::from("aeron:ipc?term-length=64k")
    }

    /// Channel on which other archives would answer the coordinator's archive, which asks nothing of them. Aeron requires it.
    pub fn replication_channel(&self) -> String {
        udp(&Endpoint { host: self.archive.host.clone(), port: 0 })
    }

    /// Channel of requests to the coordinator. Requests are short, so the terms are the shortest that Aeron allows.
    pub fn request_channel(&self) -> String {
        format!("{}|term-length=64k", udp(&self.requests))
    }

    /// Channel of the map's publication to any number of subscribers. With `ssc` the recording alone counts as a subscriber.
    pub fn map_publication_channel(&self) -> String {
        let term_length = self.coordinator.term_length;
        format!("aeron:udp?control={}|control-mode=dynamic|ssc=true|term-length={term_length}", self.map)
    }

    /// Channel of the map's subscription by a client whose address is `host`.
    pub fn map_subscription_channel(&self, host: &str) -> String {
        let endpoint = Endpoint { host: host.to_owned(), port: 0 };
        format!("{}|control={}|control-mode=dynamic", udp(&endpoint), self.map)
    }
}

impl Deployment {
    /// The coordinator with all addresses and directories: those of `[coordinator]`, or the defaults when the deployment has
    /// no such section.
    pub fn coordinator_spec(&self) -> CoordinatorSpec {
        let coordinator = self.coordinator.clone().unwrap_or_default();
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
