//! `[coordinator]` as written.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::Size;

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
