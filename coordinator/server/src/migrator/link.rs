//! A session of the operator with a cluster: requests in their order, and what is heard.

use std::collections::VecDeque;

use aeron_cluster_client::{
    AeronCluster, ClientError, Connected, Context, DisconnectReason, EgressListener, NewLeader, State,
};

use super::wire::{self, Inbound};
use crate::migration::{Exported, Report};

/// Requests that wait to be sent at most; a mover sends far fewer at a time, and sends again what is thrown away.
const MAXIMUM_WAITING: usize = 128;

/// What is heard.
pub(super) enum Heard {
    /// Another session, or another leader: what was not answered may be lost.
    Session,
    Report(Report),
    Exported(Exported),
}

pub(super) struct ClusterLink {
    cluster: AeronCluster,
    waiting: VecDeque<Vec<u8>>,
}

impl ClusterLink {
    pub(super) fn new(context: Context) -> Result<Self, ClientError> {
        Ok(Self { cluster: AeronCluster::new(context)?, waiting: VecDeque::new() })
    }

    pub(super) fn is_ready(&self) -> bool {
        self.cluster.state() == State::Connected
    }

    pub(super) fn push(&mut self, message: Vec<u8>) {
        if self.waiting.len() == MAXIMUM_WAITING {
            self.waiting.pop_front();
        }
        self.waiting.push_back(message);
    }

    /// One duty cycle. What waited for a session that is gone is thrown away.
    pub(super) fn poll(&mut self, heard: &mut Vec<Heard>) -> Result<(), ClientError> {
        let before = heard.len();
        self.cluster.do_work(&mut Listener { heard })?;
        if heard[before..].iter().any(|heard| matches!(heard, Heard::Session)) {
            self.waiting.clear();
        }
        Ok(())
    }

    /// Sends what can be sent.
    pub(super) fn flush(&mut self) {
        while let Some(message) = self.waiting.front() {
            if self.cluster.offer(message).is_err() {
                break;
            }
            self.waiting.pop_front();
        }
    }
}

impl Drop for ClusterLink {
    fn drop(&mut self) {
        self.cluster.close();
    }
}

struct Listener<'a> {
    heard: &'a mut Vec<Heard>,
}

impl EgressListener for Listener<'_> {
    fn on_connected(&mut self, _event: &Connected) {
        self.heard.push(Heard::Session);
    }

    fn on_new_leader(&mut self, _event: &NewLeader) {
        self.heard.push(Heard::Session);
    }

    fn on_disconnected(&mut self, reason: DisconnectReason) {
        tracing::warn!(?reason, "the operator's session is gone; another is opened");
    }

    fn on_message(&mut self, _cluster_session_id: i64, _timestamp: i64, message: &[u8]) {
        match wire::decode(message) {
            Ok(Inbound::Report(report)) => self.heard.push(Heard::Report(report)),
            Ok(Inbound::Exported(exported)) => self.heard.push(Heard::Exported(exported)),
            Ok(Inbound::Other) => {}
            Err(error) => tracing::warn!(%error, "a message that can't be read"),
        }
    }
}
