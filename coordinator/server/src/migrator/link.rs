//! A session of the operator with a cluster: sends requests in their order, and collects what the cluster says.

use std::collections::VecDeque;
use std::sync::Arc;

use aeron_cluster_client::{
    AeronCluster, ClientError, Connected, Context, DisconnectReason, EgressListener, NewLeader, State,
};
use lugus_codecs::migration::{MigrationAnswer, decode_migration_answer};
use lugus_codecs::{Envelope, MessageError, order_entry};
use lugus_vocabulary::MigrationReport;

use crate::migration::Exported;

/// Maximum number of requests that wait to be sent. A mover sends far fewer at a time, and sends again what is thrown away.
const MAXIMUM_WAITING: usize = 128;

/// What a session with a cluster tells.
pub(super) enum ClusterEvent {
    /// The session is another one, or has another leader: unanswered requests may be lost.
    NewSession,
    /// What became of a step.
    Report(MigrationReport),
    /// Records of an export.
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

    /// Adds a message to those that wait to be sent.
    pub(super) fn push(&mut self, message: Vec<u8>) {
        if self.waiting.len() == MAXIMUM_WAITING {
            self.waiting.pop_front();
        }
        self.waiting.push_back(message);
    }

    /// One duty cycle, which appends to `events`. Messages that wait for a session that has ended are thrown away.
    pub(super) fn poll(&mut self, events: &mut Vec<ClusterEvent>) -> Result<(), ClientError> {
        let before = events.len();
        self.cluster.do_work(&mut Listener { events })?;
        if events[before..].iter().any(|event| matches!(event, ClusterEvent::NewSession)) {
            self.waiting.clear();
        }
        Ok(())
    }

    /// Sends the waiting messages, as many as can be sent now.
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

/// Reads an answer; `None` for a message that is of no interest to a migrator.
fn read(message: &[u8]) -> Result<Option<MigrationAnswer<&[u8]>>, MessageError> {
    let envelope = Envelope::open(message)?;
    if envelope.schema_id == order_entry::SBE_SCHEMA_ID { decode_migration_answer(envelope) } else { Ok(None) }
}

struct Listener<'a> {
    events: &'a mut Vec<ClusterEvent>,
}

impl EgressListener for Listener<'_> {
    fn on_connected(&mut self, _event: &Connected) {
        self.events.push(ClusterEvent::NewSession);
    }

    fn on_new_leader(&mut self, _event: &NewLeader) {
        self.events.push(ClusterEvent::NewSession);
    }

    fn on_disconnected(&mut self, reason: DisconnectReason) {
        tracing::warn!(?reason, "the operator's session is gone; another is opened");
    }

    fn on_message(&mut self, _cluster_session_id: i64, _timestamp: i64, message: &[u8]) {
        match read(message) {
            Ok(Some(MigrationAnswer::Report(report))) => self.events.push(ClusterEvent::Report(report)),
            Ok(Some(MigrationAnswer::Exported(exported))) => {
                self.events.push(ClusterEvent::Exported(exported.map_records(Arc::from)));
            }
            Ok(None) => {}
            Err(error) => tracing::warn!(%error, "a message that can't be read"),
        }
    }
}
