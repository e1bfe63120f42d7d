//! How long it takes until a member that has ended works again, and until another one leads.

use lugus_topology::{Deployment, Timeouts};
use serde::Serialize;

use crate::disk::{between_snapshots, snapshot_records};
use crate::load::Load;
use crate::service_times::ServiceTimes;

/// From the kill of a leader to the next one's first answer, in addition to its time-outs: an election's messages, the rest of the log, the
/// client's new connection (docs/benchmarks.md, Fail-over).
const FAIL_OVER_BESIDE_TIMEOUTS_S: f64 = 0.1;

/// Times in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Recovery {
    /// From a member's start until it has applied the log, at worst: right before the next snapshot.
    pub member_s: f64,
    /// Of that the start of its processes.
    pub start_s: f64,
    /// Of that the loading of the snapshot.
    pub load_s: f64,
    /// Of that the log since the snapshot.
    pub replay_s: f64,
    /// From the end of a leader until the next one's first answer; `None` in a cluster of fewer than three members, which then waits for the
    /// start.
    pub fail_over_s: Option<f64>,
}

impl Recovery {
    /// The recovery of a member with this load; `None` if the log comes faster than a starting member applies it.
    pub fn of(deployment: &Deployment, load: &Load, times: &ServiceTimes) -> Option<Self> {
        let (between, _) = between_snapshots(deployment, load.mean_per_second * load.traffic.log_bytes);
        let commands = between / load.traffic.log_bytes;
        let start = times.start;
        let load_s = times.snapshot.load_s.at(snapshot_records(deployment, load));
        // What comes meanwhile has to be applied, too, unless the member is alone.
        let arriving = if load.members > 1 { load.mean_per_second } else { 0.0 };
        let rate = start.replayed_per_second - arriving;
        if rate <= 0.0 || !commands.is_finite() {
            return None;
        }
        let replay_s = (commands + arriving * (start.start_s + load_s)) / rate;
        let Timeouts { heartbeat_timeout, election_timeout, .. } = deployment.timeouts;
        let fail_over_s =
            heartbeat_timeout.as_secs_f64() + election_timeout.as_secs_f64() + FAIL_OVER_BESIDE_TIMEOUTS_S;
        Some(Self {
            member_s: start.start_s + load_s + replay_s,
            start_s: start.start_s,
            load_s,
            replay_s,
            fail_over_s: (load.members > 2).then_some(fail_over_s),
        })
    }
}
