//! `[stages]`: time stamps of sampled commands on their way through the members.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::MemberSpec;

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

impl MemberSpec {
    /// File of the member's stamps. It is beside the directory of the media driver, because that is on a RAM disk by default, and
    /// not in it, because the driver removes it when it starts.
    pub fn stages_file(&self) -> PathBuf {
        let mut path = self.aeron_dir.clone().into_os_string();
        path.push(".stages");
        path.into()
    }
}
