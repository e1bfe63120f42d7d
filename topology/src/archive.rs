//! `[archive]`: the recording of the log.

use serde::{Deserialize, Serialize};

use crate::Size;

/// `[archive]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Archive {
    /// Checksum of each recorded frame (`aeron.archive.record.checksum`). Without one an archive may refuse to start after
    /// kill -9, because it can't tell whether its last fragment is whole.
    pub checksum: Checksum,
    /// What is forced to the disk at each write: 0 nothing, 1 data, 2 data and metadata (`aeron.archive.file.sync.level`,
    /// and the catalog's). 0 bears killed processes, not lost power.
    pub sync_level: u8,
    /// Length of a segment file (`aeron.archive.segment.file.length`); a power of two, at least the log's term length.
    pub segment_length: Size,
    /// Below this much free space no member starts, and one that runs ends
    /// (also `aeron.archive.low.storage.space.threshold`).
    pub minimum_free_space: Size,
}

/// Kinds of checksum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Checksum {
    /// CRC-32C, in hardware.
    #[serde(rename = "CRC-32C")]
    Crc32c,
    /// None.
    #[serde(rename = "none")]
    None,
}

impl Default for Archive {
    fn default() -> Self {
        Self {
            checksum: Checksum::Crc32c,
            sync_level: 0,
            segment_length: Size::mib(128),
            minimum_free_space: Size::mib(256),
        }
    }
}
