//! `[archive]`: how each member records the log.

use serde::{Deserialize, Serialize};

use crate::Size;

/// `[archive]`: how each member records the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Archive {
    /// Checksum of each recorded frame (`aeron.archive.record.checksum`; of members also `aeron.archive.replay.checksum`).
    /// Without a checksum an archive may refuse to start after kill -9, because it can't tell whether its last fragment is
    /// whole.
    pub checksum: Checksum,
    /// What each write forces to the disk: 0 nothing, 1 data, 2 data and metadata (`aeron.archive.file.sync.level`, and the
    /// same for the catalog). At 0 the recording survives a killed process, but not a loss of power.
    pub sync_level: u8,
    /// Length of a segment file (`aeron.archive.segment.file.length`): a power of two, at least the log's term length.
    pub segment_length: Size,
    /// Least free space on the disk: with less than this a running member ends (also
    /// `aeron.archive.low.storage.space.threshold`).
    pub minimum_free_space: Size,
    /// Free space on the disk with less than which a leader hands over if the others are a majority, and no member starts.
    /// Default: twice `minimum_free_space`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disk_reserve: Option<Size>,
}

impl Archive {
    /// Free space with less than which a leader hands over, and no member starts.
    pub fn reserve(&self) -> Size {
        self.disk_reserve.unwrap_or_else(|| Size::bytes(self.minimum_free_space.as_bytes().saturating_mul(2)))
    }
}

/// Checksum of a recorded frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Checksum {
    /// CRC-32C, which processors compute in hardware.
    #[serde(rename = "CRC-32C")]
    Crc32c,
    /// No checksum.
    #[serde(rename = "none")]
    None,
}

impl Archive {
    /// A line that says what an acknowledged command does not survive, if anything.
    pub fn durability_warning(&self) -> Option<&'static str> {
        (self.sync_level == 0).then_some(
            "archive.sync_level is 0: acknowledged commands survive killed processes and lost machines of a minority, but not a \
             loss of power on a majority of members at once",
        )
    }
}

impl Default for Archive {
    fn default() -> Self {
        Self {
            checksum: Checksum::Crc32c,
            sync_level: 0,
            segment_length: Size::mib(128),
            minimum_free_space: Size::mib(256),
            disk_reserve: None,
        }
    }
}
