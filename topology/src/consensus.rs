//! `[consensus]`: limits and permissions of the consensus module.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::duration;

/// `[consensus]`: limits and permissions of the consensus module. Its clock counts nanoseconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Consensus {
    /// Greatest number of client sessions open at once (`aeron.cluster.max.sessions`).
    pub maximum_sessions: u32,
    /// Greatest number of connects on a member that have not led to a session. A connect that leads to none keeps its place for
    /// `session_timeout`. What is above the number is dropped without an answer.
    pub maximum_pending_connects: u32,
    /// Greatest number of those places that connects from one address take.
    pub maximum_pending_connects_of_address: u32,
    /// Whether a client that shares the leader's media driver may use IPC ingress (`aeron.cluster.ingress.ipc.allowed`).
    pub ingress_ipc: bool,
    /// Greatest difference between the log's time and a member's wall clock that the member does not report.
    #[serde(with = "duration")]
    pub maximum_clock_difference: Duration,
}

impl Default for Consensus {
    fn default() -> Self {
        Self {
            maximum_sessions: 1_000,
            maximum_pending_connects: 200,
            maximum_pending_connects_of_address: 100,
            ingress_ipc: true,
            maximum_clock_difference: Duration::from_millis(500),
        }
    }
}
