//! `[retention]`: when a cluster takes snapshots, and which part of its log a member keeps.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{Size, duration};

/// `[retention]`: when a cluster takes snapshots, and which part of its log a member keeps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Retention {
    /// Longest time between two snapshots of a cluster whose log grows; zero for no limit.
    #[serde(with = "duration")]
    pub snapshot_interval: Duration,
    /// Length by which the log grows at most between two snapshots; zero for no limit.
    pub snapshot_log_length: Size,
    /// Least number of snapshots that a member keeps.
    pub snapshots: u32,
    /// Number of days for which a member keeps the log, with a snapshot to replay it from. At 0 it keeps what it needs.
    pub log_retention_days: u32,
    /// Whether a member purges by itself after each snapshot, and when a disk has less than `archive.disk_reserve` free.
    pub automatic_pruning: bool,
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            snapshot_interval: Duration::from_secs(3_600),
            snapshot_log_length: Size::mib(1_024),
            snapshots: 2,
            log_retention_days: 0,
            automatic_pruning: true,
        }
    }
}
