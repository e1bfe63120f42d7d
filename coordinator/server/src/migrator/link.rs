//! A session of the operator with a cluster: sends requests in order, and collects the cluster's answers.

use std::collections::VecDeque;
use std::sync::Arc;

use aeron_cluster_client::{
    AeronCluster, ClientError, Connected, Context, DisconnectReason, EgressListener, NewLeader, State,
};
use lugus_codecs::migration::{MigrationAnswer, decode_migration_answer};
use lugus_codecs::session_tag::MessageSigner;
use lugus_codecs::{Envelope, MessageError, order_entry};
use lugus_vocabulary::{MigrationReport, SessionKey};

use crate::migration::Exported;

/// Maximum number of requests that wait to be sent; a further one replaces the oldest. A mover sends far fewer at a
/// time, and repeats a request that was dropped.
const MAXIMUM_WAITING: usize = 128;

/// An event of a session with a cluster.
pub(super) enum ClusterEvent {
    /// There is a new session or a new leader. Unanswered requests may be lost.
    NewSession,
    /// Outcome of a step.
    Report(MigrationReport),
    /// Records of an export.
    Exported(Exported),
}

pub(super) struct ClusterLink {
    cluster: AeronCluster,
    /// Signs the messages of the open session, if it has a key.
    signer: Option<MessageSigner>,
    waiting: VecDeque<Vec<u8>>,
}

impl ClusterLink {
    /// Connects. The credentials' session secret, if there is one, is the session key.
    pub(super) fn new(context: Context) -> Result<Self, ClientError> {
        Ok(Self { cluster: AeronCluster::new(context)?, signer: None, waiting: VecDeque::new() })
    }

    pub(super) fn is_ready(&self) -> bool {
        self.cluster.state() == State::Connected
    }

    /// Queues a message to be sent.
    pub(super) fn push(&mut self, message: Vec<u8>) {
        if self.waiting.len() == MAXIMUM_WAITING {
            self.waiting.pop_front();
        }
        self.waiting.push_back(message);
    }

    /// One duty cycle, which appends to `events`. At a new session the queued messages are dropped, as the mover sends them
    /// again.
    pub(super) fn poll(&mut self, events: &mut Vec<ClusterEvent>) -> Result<(), ClientError> {
        let before = events.len();
        let mut listener = Listener { events, has_connected: false };
        self.cluster.do_work(&mut listener)?;
        if listener.has_connected {
            let key = self.cluster.session_secret().try_into().ok();
            self.signer = key.map(|bytes| MessageSigner::new(SessionKey::new(bytes)));
        }
        if events[before..].iter().any(|event| matches!(event, ClusterEvent::NewSession)) {
            self.waiting.clear();
        }
        Ok(())
    }

    /// Sends queued messages until none is left, or until there is back pressure.
    pub(super) fn flush(&mut self) {
        while let Some(message) = self.waiting.front() {
            let trailer = self.signer.as_mut().map(|signer| signer.trailer(message));
            let offered = match &trailer {
                Some(trailer) => self.cluster.offer_parts(&[message, trailer]),
                None => self.cluster.offer(message),
            };
            if offered.is_err() {
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

/// Decodes an answer; `None` for a message that a migrator does not need.
fn read(message: &[u8]) -> Result<Option<MigrationAnswer<&[u8]>>, MessageError> {
    let envelope = Envelope::open(message)?;
    if envelope.schema_id == order_entry::SBE_SCHEMA_ID { decode_migration_answer(envelope) } else { Ok(None) }
}

struct Listener<'a> {
    events: &'a mut Vec<ClusterEvent>,
    has_connected: bool,
}

impl EgressListener for Listener<'_> {
    fn on_connected(&mut self, _event: &Connected) {
        self.has_connected = true;
        self.events.push(ClusterEvent::NewSession);
    }

    fn on_new_leader(&mut self, _event: &NewLeader) {
        self.events.push(ClusterEvent::NewSession);
    }

    fn on_disconnected(&mut self, reason: DisconnectReason) {
        tracing::warn!(?reason, "lost the operator's session; opening another one");
    }

    fn on_message(&mut self, _cluster_session_id: i64, _timestamp: i64, message: &[u8]) {
        match read(message) {
            Ok(Some(MigrationAnswer::Report(report))) => self.events.push(ClusterEvent::Report(report)),
            Ok(Some(MigrationAnswer::Exported(exported))) => {
                self.events.push(ClusterEvent::Exported(exported.map_records(Arc::from)));
            }
            Ok(None) => {}
            Err(error) => tracing::warn!(%error, "ignored a message that cannot be decoded"),
        }
    }
}
