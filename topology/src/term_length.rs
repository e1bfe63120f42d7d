//! `[term_length]`: term lengths of Aeron's log buffers.

use serde::{Deserialize, Serialize};

use crate::Size;

/// `[term_length]`: term lengths of Aeron's log buffers, each a power of two from 64k to 1g. A buffer takes three terms in the
/// driver's directory, and a message may be an eighth of a term long (`Publication.maxMessageLength`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TermLength {
    /// Term length of ingress: commands from clients to members.
    pub ingress: Size,
    /// Term length of the replicated log.
    pub log: Size,
    /// Term length of the streams between consensus module and service.
    pub control: Size,
    /// Term length of other UDP publications: egress, consensus, replication.
    pub udp: Size,
    /// Term length of other IPC publications: snapshots, replays.
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
    /// All term lengths, each with its key.
    pub(crate) fn each(&self) -> [(&'static str, Size); 5] {
        [("ingress", self.ingress), ("log", self.log), ("control", self.control), ("udp", self.udp), ("ipc", self.ipc)]
    }
}
