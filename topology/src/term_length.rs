//! `[term_length]`: of Aeron's log buffers.

use serde::{Deserialize, Serialize};

use crate::Size;

/// `[term_length]`: each a power of two from 64k to 1g. A buffer takes three terms in the driver's directory, and a message
/// may be an eighth of a term long (`Publication.maxMessageLength`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TermLength {
    /// Client to member.
    pub ingress: Size,
    /// The replicated log.
    pub log: Size,
    /// Consensus module to service and back.
    pub control: Size,
    /// Other UDP publications: egress, consensus, replication.
    pub udp: Size,
    /// Other IPC publications: snapshots, replays.
    pub ipc: Size,
}

impl Default for TermLength {
    fn default() -> Self {
        Self {
            ingress: Size::mib(4),
            log: Size::mib(16),
            control: Size::kib(128),
            udp: Size::mib(4),
            ipc: Size::mib(4),
        }
    }
}

impl TermLength {
    /// Each with its key.
    pub(crate) fn each(&self) -> [(&'static str, Size); 5] {
        [("ingress", self.ingress), ("log", self.log), ("control", self.control), ("udp", self.udp), ("ipc", self.ipc)]
    }
}
