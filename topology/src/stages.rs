//! `[stages]`: time stamps of sampled commands on their way through the members.

use serde::{Deserialize, Serialize};

/// `[stages]`: time stamps of sampled commands on their way through the members.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Stages {
    /// One message of the log in this number is stamped; 0 for none.
    pub every: u32,
    /// Number of records that a member's file has room for, 96 bytes each.
    pub capacity: u32,
}

impl Default for Stages {
    fn default() -> Self {
        Self { every: 0, capacity: 65_536 }
    }
}
