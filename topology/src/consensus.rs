//! `[consensus]`: limits and permissions of the consensus module.

use serde::{Deserialize, Serialize};

/// `[consensus]`: limits and permissions of the consensus module. Its clock is always
/// `io.aeron.cluster.NanosecondClusterClock`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Consensus {
    /// Greatest number of client sessions open at once (`aeron.cluster.max.sessions`).
    pub maximum_sessions: u32,
    /// Whether a client that shares the leader's media driver may use IPC ingress (`aeron.cluster.ingress.ipc.allowed`).
    pub ingress_ipc: bool,
}

impl Default for Consensus {
    fn default() -> Self {
        Self { maximum_sessions: 1_000, ingress_ipc: true }
    }
}
