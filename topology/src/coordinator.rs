//! `[coordinator]` as written.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::Size;

/// Number of UDP ports that the coordinator takes, from its `port` on.
pub const COORDINATOR_PORTS: u16 = 3;

/// `[coordinator]`: where the partition map is kept, and how it is published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Coordinator {
    /// Address at which clients reach the coordinator.
    pub host: String,
    /// First of the coordinator's three UDP ports: archive, requests, map.
    pub port: u16,
    /// Folder of the coordinator's state. Default: `coordinator` in the deployment's folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dir: Option<PathBuf>,
    /// Directory of the coordinator's media driver. Default: `coordinator` in the deployment's `aeron_dir`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aeron_dir: Option<PathBuf>,
    /// Length of a term of the map's stream, and of a segment of that stream's recording.
    pub term_length: Size,
    /// Stream id of the requests to the coordinator.
    pub request_stream: i32,
    /// Stream id of the coordinator's answers.
    pub response_stream: i32,
    /// Stream id of the map as the coordinator publishes it.
    pub map_stream: i32,
    /// Stream id of the map as the archive replays it.
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
    /// All ports from `port` on, each with its purpose.
    pub(crate) fn each_port(&self) -> [(&'static str, u16); COORDINATOR_PORTS as usize] {
        [("archive", 0), ("requests", 1), ("map", 2)].map(|(name, offset)| (name, self.port.saturating_add(offset)))
    }

    /// All stream ids, each with its key.
    pub(crate) fn each_stream(&self) -> [(&'static str, i32); 4] {
        [
            ("request_stream", self.request_stream),
            ("response_stream", self.response_stream),
            ("map_stream", self.map_stream),
            ("replay_stream", self.replay_stream),
        ]
    }
}
