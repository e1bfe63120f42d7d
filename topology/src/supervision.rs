//! `[supervision]`: what becomes of a process of `lugus up` that has ended by itself.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::duration;

/// `[supervision]`: what becomes of a member or a coordinator of `lugus up` that has ended by itself. A process that was asked to
/// end, or whose cluster was shut down, stays ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Supervision {
    /// Whether the process is started again.
    pub restart: bool,
    /// Longest time between the end of a process and its next start. The first failure is followed by a start after
    /// [`FIRST_DELAY`](Self::FIRST_DELAY), and each further one in a row by a start after twice the time.
    #[serde(with = "duration")]
    pub longest_delay: Duration,
}

impl Supervision {
    /// Time between the first failure of a process and its next start.
    pub const FIRST_DELAY: Duration = Duration::from_millis(100);
}

impl Default for Supervision {
    fn default() -> Self {
        Self { restart: true, longest_delay: Duration::from_secs(30) }
    }
}
