//! `[timeouts]`: time-outs of the members. Those of a client are in `[client]`.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::duration;

/// `[timeouts]`: time-outs of the members. Longer ones make a fail-over slower, and survive longer pauses of the machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Timeouts {
    /// Time without a message from the leader after which a follower starts an election
    /// (`aeron.cluster.leader.heartbeat.timeout`).
    #[serde(with = "duration")]
    pub heartbeat_timeout: Duration,
    /// Longest interval between two messages of the leader (`aeron.cluster.leader.heartbeat.interval`).
    #[serde(with = "duration")]
    pub heartbeat_interval: Duration,
    /// Time for which a candidate waits for votes (`aeron.cluster.election.timeout`). When a member is dead, all of it is spent.
    #[serde(with = "duration")]
    pub election_timeout: Duration,
    /// Interval in which members tell their positions in an election (`aeron.cluster.election.status.interval`).
    #[serde(with = "duration")]
    pub election_status_interval: Duration,
    /// Time for which a starting member that sees a majority waits for the missing members
    /// (`aeron.cluster.startup.canvass.timeout`).
    #[serde(with = "duration")]
    pub startup_canvass_timeout: Duration,
    /// Time that archive and media driver may take for each step while a member joins the leader's log, if it is longer than
    /// `heartbeat_timeout`. Then the member begins anew.
    #[serde(with = "duration")]
    pub join_timeout: Duration,
    /// Time without any message, keep-alives included, after which a client session is closed
    /// (`aeron.cluster.session.timeout`).
    #[serde(with = "duration")]
    pub session_timeout: Duration,
    /// Time in which the service of a leader must make progress while it has not applied all of the committed log. Otherwise
    /// the leader is ended, and another member leads.
    #[serde(with = "duration")]
    pub service_progress_timeout: Duration,
    /// Time within which an ordered shutdown of the cluster must be done (`aeron.cluster.termination.timeout`).
    #[serde(with = "duration")]
    pub termination_timeout: Duration,
    /// Time within which a member's media driver, archive and consensus module must answer after their start.
    #[serde(with = "duration")]
    pub start_timeout: Duration,
    /// Time after which a process that was asked to end is killed.
    #[serde(with = "duration")]
    pub stop_timeout: Duration,
}

impl Timeouts {
    /// Time-outs for a machine on which nothing pauses a member for longer than a few milliseconds: a dead leader is replaced
    /// sooner, and so is one that was only paused.
    pub fn fast() -> Self {
        Self {
            heartbeat_timeout: Duration::from_millis(90),
            heartbeat_interval: Duration::from_millis(10),
            election_timeout: Duration::from_millis(20),
            election_status_interval: Duration::from_millis(5),
            ..Self::default()
        }
    }
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            heartbeat_timeout: Duration::from_millis(150),
            heartbeat_interval: Duration::from_millis(20),
            election_timeout: Duration::from_millis(30),
            election_status_interval: Duration::from_millis(10),
            startup_canvass_timeout: Duration::from_secs(2),
            join_timeout: Duration::from_secs(1),
            session_timeout: Duration::from_secs(10),
            service_progress_timeout: Duration::from_millis(500),
            termination_timeout: Duration::from_secs(10),
            start_timeout: Duration::from_secs(30),
            stop_timeout: Duration::from_secs(5),
        }
    }
}
