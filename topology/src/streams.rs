//! `[streams]`: stream ids. The defaults are Aeron's own.

use serde::{Deserialize, Serialize};

use crate::ClusterId;

/// `[streams]`: stream ids.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Streams {
    /// Commands from clients to members.
    pub ingress: i32,
    /// Answers from members to clients.
    pub egress: i32,
    /// The replicated log.
    pub log: i32,
    /// Messages between consensus modules.
    pub consensus: i32,
    /// The log and snapshots as they are replayed to a service.
    pub replay: i32,
    /// Messages from the consensus module to the service.
    pub service: i32,
    /// Messages from the service to the consensus module.
    pub consensus_module: i32,
    /// The service's snapshot on its way to the archive.
    pub snapshot: i32,
    /// The consensus module's snapshot on its way to the archive.
    pub consensus_module_snapshot: i32,
    /// Market data from members to all listeners.
    pub market_data: i32,
    /// Definitions and books in a loop, from members to listeners without a session.
    pub market_data_snapshots: i32,
    /// Increments on their way to the archive.
    pub market_data_recording: i32,
    /// Requests of listeners for replays of market data.
    pub market_data_requests: i32,
    /// Recorded market data as it is replayed to a listener.
    pub market_data_replay: i32,
    /// A member's status to the other members, and to whoever asks.
    pub status: i32,
    /// Requests to an archive, over UDP.
    pub archive_control: i32,
    /// Requests to a member's own archive, over IPC.
    pub archive_local_control: i32,
}

/// What a member's private cluster, with which its JVM warms itself up, adds to each stream id: it uses the media driver of the member.
pub const WARM_UP_STREAM_OFFSET: i32 = 1_000_000_000;

impl Default for Streams {
    fn default() -> Self {
        Self {
            ingress: 101,
            egress: 102,
            log: 100,
            consensus: 108,
            replay: 103,
            service: 104,
            consensus_module: 105,
            snapshot: 106,
            consensus_module_snapshot: 107,
            market_data: 109,
            market_data_snapshots: 111,
            market_data_recording: 114,
            market_data_requests: 112,
            market_data_replay: 113,
            status: 110,
            archive_control: 10,
            archive_local_control: 10,
        }
    }
}

impl Streams {
    /// Stream id of the archive's answers to a service, by the formula of Aeron's `ClusteredServiceContainer`: 121 for service 0
    /// of cluster 0.
    pub fn archive_response(&self, cluster: ClusterId, service_id: i32) -> i32 {
        cluster.0 * 100 + 121 + service_id
    }

    /// All stream ids, each with its key.
    pub(crate) fn each(&self) -> [(&'static str, i32); 17] {
        [
            ("ingress", self.ingress),
            ("egress", self.egress),
            ("log", self.log),
            ("consensus", self.consensus),
            ("replay", self.replay),
            ("service", self.service),
            ("consensus_module", self.consensus_module),
            ("snapshot", self.snapshot),
            ("consensus_module_snapshot", self.consensus_module_snapshot),
            ("market_data", self.market_data),
            ("market_data_snapshots", self.market_data_snapshots),
            ("market_data_recording", self.market_data_recording),
            ("market_data_requests", self.market_data_requests),
            ("market_data_replay", self.market_data_replay),
            ("status", self.status),
            ("archive_control", self.archive_control),
            ("archive_local_control", self.archive_local_control),
        ]
    }
}
