//! `[market_data]`: the stream of increments, by which clients follow books.

use serde::{Deserialize, Serialize};

use crate::Size;

/// `[market_data]`: the stream of increments, by which clients follow books.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MarketData {
    /// Whether members publish increments. Without increments clients can still ask for a book.
    pub enabled: bool,
    /// Number of increments in the ring between a member's engine and its publishing thread, 64 bytes each.
    pub ring_capacity: u32,
    /// Whether followers publish as well, each to those who listen to it (feed B).
    pub followers: bool,
    /// Whether members send definitions and books in a loop, for listeners without a session. They do so while somebody listens to
    /// that stream.
    pub snapshots: bool,
    /// Greatest rate of the loop, in bytes a second.
    pub snapshot_rate: Size,
    /// Length of the stream of increments that a member's archive keeps at least, so that it can be replayed; 0 records nothing.
    pub recorded_length: Size,
}

impl MarketData {
    /// Whether a member has the port with this key of `[cluster.member.ports]`.
    pub(crate) fn takes_port(&self, name: &str) -> bool {
        match name {
            "snapshots" => self.snapshots,
            "replays" => self.is_recorded(),
            _ => true,
        }
    }

    /// Whether members record the stream of increments.
    pub fn is_recorded(&self) -> bool {
        self.enabled && self.recorded_length > Size::bytes(0)
    }
}

impl Default for MarketData {
    fn default() -> Self {
        Self {
            enabled: true,
            ring_capacity: 65_536,
            followers: false,
            snapshots: false,
            snapshot_rate: Size::mib(4),
            recorded_length: Size::bytes(0),
        }
    }
}
