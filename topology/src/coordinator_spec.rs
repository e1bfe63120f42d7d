//! The coordinator of a deployment, with every address and directory worked out.

use std::path::PathBuf;

use crate::channels::udp;
use crate::{COORDINATOR_PORTS, Coordinator, Deployment, Endpoint};

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
    /// The coordinator, with all its addresses and directories: those of `[coordinator]`, or its defaults when the
    /// deployment has none.
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
