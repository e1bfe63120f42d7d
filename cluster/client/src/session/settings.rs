//! The part of the context that the state machine needs.

use std::time::Duration;

use crate::context::{Context, Reconnect};

/// What is said beside a missing answer when members on other hosts cannot reach the egress endpoint.
const EGRESS_ON_LOOPBACK: &str = " (egress_channel is on loopback, which members on other hosts cannot reach)";

/// Time-outs and intervals, as in [`Context`].
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(super) message_timeout: Duration,
    pub(super) connect_timeout: Duration,
    pub(super) new_leader_timeout: Duration,
    pub(super) session_timeout: Duration,
    pub(super) keep_alive_interval: Duration,
    pub(super) watchdog: Duration,
    pub(super) retry_max: Duration,
    pub(super) overall_connect_timeout: Option<Duration>,
    pub(super) reconnect: Reconnect,
    /// What a person should look at when a member does not answer; empty if there is nothing.
    pub(super) no_answer_hint: &'static str,
}

impl Settings {
    pub(super) fn new(context: &Context) -> Self {
        Self {
            message_timeout: context.message_timeout,
            connect_timeout: context.connect_timeout,
            new_leader_timeout: context.new_leader_timeout,
            session_timeout: context.session_timeout,
            keep_alive_interval: context.keep_alive_interval,
            watchdog: context.watchdog,
            retry_max: context.retry_max,
            overall_connect_timeout: context.overall_connect_timeout,
            reconnect: context.reconnect,
            no_answer_hint: if context.is_egress_out_of_reach() { EGRESS_ON_LOOPBACK } else { "" },
        }
    }
}
