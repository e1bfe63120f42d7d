//! `[timeouts]`: of the members. A client's are in `[client]`.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::duration;

/// `[timeouts]`. The consensus module's default to what `kill -9` of a leader's member was measured with: first answer of
/// the next leader after 348 ms (median) and 362 ms (worst of 20). Longer ones are slower and bear longer pauses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Timeouts {
    /// A follower that has not heard from the leader for so long starts an election
    /// (`aeron.cluster.leader.heartbeat.timeout`).
    #[serde(with = "duration")]
    pub heartbeat_timeout: Duration,
    /// The leader sends at least this often (`aeron.cluster.leader.heartbeat.interval`).
    #[serde(with = "duration")]
    pub heartbeat_interval: Duration,
    /// How long a candidate waits for votes; all of it is spent when a member is dead (`aeron.cluster.election.timeout`).
    #[serde(with = "duration")]
    pub election_timeout: Duration,
    /// How often members tell their positions in an election (`aeron.cluster.election.status.interval`).
    #[serde(with = "duration")]
    pub election_status_interval: Duration,
    /// How long a starting member waits for members that are missing, when a majority is there
    /// (`aeron.cluster.startup.canvass.timeout`).
    #[serde(with = "duration")]
    pub startup_canvass_timeout: Duration,
    /// A client session that sends nothing for so long, keep-alives included, is closed (`aeron.cluster.session.timeout`).
    #[serde(with = "duration")]
    pub session_timeout: Duration,
    /// How long an ordered shutdown may take (`aeron.cluster.termination.timeout`).
    #[serde(with = "duration")]
    pub termination_timeout: Duration,
    /// How long a member's media driver, archive and consensus module may take until they answer.
    #[serde(with = "duration")]
    pub start_timeout: Duration,
    /// How long each of them may take to end when asked to, before it is killed.
    #[serde(with = "duration")]
    pub stop_timeout: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            heartbeat_timeout: Duration::from_millis(150),
            heartbeat_interval: Duration::from_millis(20),
            election_timeout: Duration::from_millis(30),
            election_status_interval: Duration::from_millis(10),
            startup_canvass_timeout: Duration::from_secs(2),
            session_timeout: Duration::from_secs(10),
            termination_timeout: Duration::from_secs(10),
            start_timeout: Duration::from_secs(30),
            stop_timeout: Duration::from_secs(5),
        }
    }
}
