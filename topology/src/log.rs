//! `[log]`: how members and the coordinator write their logs.

use serde::{Deserialize, Serialize};

use crate::Size;

/// `[log]`: how members and the coordinator write their logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    /// Form of the lines of members, coordinator and supervisors.
    pub format: LogFormat,
    /// Length at which a log file is set aside and begun anew.
    pub maximum_size: Size,
    /// Number of files set aside that are kept of each log; older ones are deleted.
    pub kept: u32,
}

/// Form of the lines of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

impl Default for Log {
    fn default() -> Self {
        Self { format: LogFormat::Text, maximum_size: Size::mib(16), kept: 4 }
    }
}
