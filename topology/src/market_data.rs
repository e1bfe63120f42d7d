//! `[market_data]`: the stream of increments, by which clients follow books.

use serde::{Deserialize, Serialize};

/// `[market_data]`: the stream of increments, by which clients follow books.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MarketData {
    /// Whether members publish increments. Without increments clients can still ask for a book.
    pub enabled: bool,
    /// Number of increments in the ring between a member's engine and its publishing thread, 64 bytes each.
    pub ring_capacity: u32,
}

impl Default for MarketData {
    fn default() -> Self {
        Self { enabled: true, ring_capacity: 65_536 }
    }
}
