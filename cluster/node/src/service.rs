//! The engine inside the clustered-service container: each entry of the log is decoded, applied, and what the engine
//! tells is encoded and sent to whom it concerns.

use aeron_cluster_service::{
    ClientSession, CloseReason, Cluster, ClusteredService, Role, ServiceError, SnapshotReader, SnapshotWriter, TimeUnit,
};
use lugus_codecs::order_entry::message_reject_reason::MessageRejectReason;
use lugus_engine::command::{Command, Side};
use lugus_engine::event::{EventSink, Reply, Report};
use lugus_engine::units::{EpochNanos, InstrumentId, ParticipantId};
use lugus_engine::{Engine, EngineLimits, PriceLevel};

use crate::counters::MemberCounters;
use crate::decode::{Inbound, Refusal, Request, decode};
use crate::encode::{self, BUFFER_LENGTH, Buffer, MAXIMUM_DEPTH};
use crate::migration;
use crate::sessions::{ParticipantSession, Sessions, participant_of};
use crate::snapshot;

/// Who may ask for drop copies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DropCopyPolicy {
    /// Everybody: deployments without keys.
    Everybody,
    /// The operator.
    Operator,
}

/// The clustered service of a partition.
pub struct MatchingService {
    engine: Engine,
    limits: EngineLimits,
    drop_copy_policy: DropCopyPolicy,
    sessions: Sessions,
    counters: Option<MemberCounters>,
    buffer: Box<Buffer>,
    /// For an operator's answers, which are long.
    migration_buffer: Vec<u8>,
    bids: Vec<PriceLevel>,
    offers: Vec<PriceLevel>,
}

impl MatchingService {
    /// A service with an empty engine: the container's start loads a snapshot, if there is one.
    pub fn new(limits: EngineLimits, drop_copy_policy: DropCopyPolicy) -> Self {
        Self {
            engine: Engine::new(limits),
            limits,
            drop_copy_policy,
            sessions: Sessions::default(),
            counters: None,
            buffer: Box::new([0; BUFFER_LENGTH]),
            migration_buffer: Vec::new(),
            bids: Vec::with_capacity(MAXIMUM_DEPTH),
            offers: Vec::with_capacity(MAXIMUM_DEPTH),
        }
    }

    /// The engine, to look at.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    fn apply(&mut self, cluster: &mut dyn Cluster, session_id: i64, now: EpochNanos, command: &Command) {
        let mut egress = Egress { cluster, sessions: &self.sessions, origin: session_id, buffer: &mut self.buffer };
        self.engine.apply(now, command, &mut egress);
    }

    fn answer(
        &mut self,
        cluster: &mut dyn Cluster,
        session_id: i64,
        participant: ParticipantId,
        now: EpochNanos,
        request: Request,
    ) {
        match request {
            Request::Resume { instrument, last_event_sequence } => {
                let mut egress =
                    Egress { cluster, sessions: &self.sessions, origin: session_id, buffer: &mut self.buffer };
                self.engine.resume(participant, instrument, last_event_sequence, &mut egress);
            }
            Request::DropCopy { instrument } => self.subscribe(cluster, session_id, participant, instrument),
            Request::Book { request_id, instrument, depth } => {
                self.answer_book(cluster, session_id, now, request_id, instrument, depth);
            }
        }
    }

    fn subscribe(
        &mut self,
        cluster: &mut dyn Cluster,
        session_id: i64,
        participant: ParticipantId,
        instrument: InstrumentId,
    ) {
        let allowed = self.drop_copy_policy == DropCopyPolicy::Everybody || participant == ParticipantId::OPERATOR;
        let reason = if !allowed {
            MessageRejectReason::NOT_AUTHORISED
        } else if self.sessions.subscribe(session_id, instrument).is_err() {
            MessageRejectReason::LIMIT_DROP_COPIES
        } else {
            return;
        };
        let template_id = lugus_codecs::order_entry::drop_copy_request_codec::SBE_TEMPLATE_ID;
        send(cluster, session_id, encode::message_reject(Refusal { template_id, reason }, &mut self.buffer));
    }

    fn answer_book(
        &mut self,
        cluster: &mut dyn Cluster,
        session_id: i64,
        now: EpochNanos,
        request_id: u64,
        instrument: InstrumentId,
        depth: u16,
    ) {
        let depth = usize::from(depth).min(MAXIMUM_DEPTH);
        for (side, levels) in [(Side::Buy, &mut self.bids), (Side::Sell, &mut self.offers)] {
            levels.clear();
            let Some(book) = self.engine.levels(instrument, side) else {
                send(cluster, session_id, encode::book_reject(request_id, instrument, &mut self.buffer));
                return;
            };
            levels.extend(book.take(depth));
        }
        let book = encode::Book { request_id, time: now, instrument, bids: &self.bids, offers: &self.offers };
        send(cluster, session_id, encode::book(&book, &mut self.buffer));
    }

    fn refuse(&mut self, cluster: &mut dyn Cluster, session_id: i64, refusal: Refusal) {
        if let Some(counters) = &self.counters {
            counters.refused();
        }
        send(cluster, session_id, encode::message_reject(refusal, &mut self.buffer));
    }

    fn publish_sessions(&self) {
        if let Some(counters) = &self.counters {
            counters.sessions(self.sessions.count());
        }
    }

    fn publish_state_hash(&self, cluster: &dyn Cluster) {
        if let Some(counters) = &self.counters {
            counters.state(self.engine.state_hash(), cluster.log_position());
        }
    }
}

impl ClusteredService for MatchingService {
    fn on_start(
        &mut self,
        cluster: &mut dyn Cluster,
        snapshot: Option<&mut dyn SnapshotReader>,
    ) -> Result<(), ServiceError> {
        if let Some(reader) = snapshot {
            let state = snapshot::load(self.limits, cluster, reader)?;
            self.engine = state.engine;
            self.sessions = state.sessions;
        }
        self.counters = Some(MemberCounters::add(cluster)?);
        self.publish_state_hash(cluster);
        self.publish_sessions();
        Ok(())
    }

    fn on_session_open(&mut self, cluster: &mut dyn Cluster, session: &ClientSession, _timestamp: i64) {
        let cluster_session_id = session.id();
        let Some(participant) = participant_of(session.encoded_principal()) else {
            tracing::warn!(cluster_session_id, "closing a session whose principal is no participant's number");
            cluster.close_client_session(cluster_session_id);
            return;
        };
        let replaced = self.sessions.open(ParticipantSession { cluster_session_id, participant, drop_copy: None });
        if let Some(older) = replaced {
            send(cluster, older.cluster_session_id, encode::session_replaced(participant, &mut self.buffer));
            cluster.close_client_session(older.cluster_session_id);
        }
        self.publish_sessions();
    }

    fn on_session_close(
        &mut self,
        _cluster: &mut dyn Cluster,
        session: &ClientSession,
        _timestamp: i64,
        _reason: CloseReason,
    ) {
        self.sessions.close(session.id());
        self.publish_sessions();
    }

    fn on_session_message(&mut self, cluster: &mut dyn Cluster, session_id: i64, timestamp: i64, message: &[u8]) {
        let now = epoch_nanos(cluster.time_unit(), timestamp);
        let Some(participant) = self.sessions.participant(session_id) else {
            let template_id = 0;
            self.refuse(cluster, session_id, Refusal { template_id, reason: MessageRejectReason::NO_PARTICIPANT });
            return;
        };
        match decode(participant, message) {
            Ok(Inbound::Command(command)) => self.apply(cluster, session_id, now, &command),
            Ok(Inbound::Migration(request)) => {
                migration::answer(&mut self.engine, cluster, session_id, &request, &mut self.migration_buffer);
            }
            Ok(Inbound::Request(request)) => self.answer(cluster, session_id, participant, now, request),
            Err(refusal) => self.refuse(cluster, session_id, refusal),
        }
        self.publish_state_hash(cluster);
    }

    fn on_take_snapshot(
        &mut self,
        _cluster: &dyn Cluster,
        writer: &mut dyn SnapshotWriter,
    ) -> Result<(), ServiceError> {
        snapshot::take(&self.engine, &self.sessions, writer)
    }
}

/// Sends to whom it concerns. Only the leader's container really sends, so only it encodes.
struct Egress<'a> {
    cluster: &'a mut dyn Cluster,
    sessions: &'a Sessions,
    /// The session whose message is at hand.
    origin: i64,
    buffer: &'a mut Buffer,
}

impl EventSink for Egress<'_> {
    #[inline]
    fn report(&mut self, report: &Report) {
        if self.cluster.role() != Role::Leader {
            return;
        }
        let own = self.sessions.of_participant(report.participant);
        let message = encode::report(report, self.buffer);
        if let Some(session_id) = own {
            send(self.cluster, session_id, message);
        }
        for observer in self.sessions.drop_copies(report.instrument) {
            if Some(observer) != own {
                send(self.cluster, observer, message);
            }
        }
    }

    #[inline]
    fn reply(&mut self, reply: &Reply) {
        if self.cluster.role() == Role::Leader {
            send(self.cluster, self.origin, encode::reply(reply, self.buffer));
        }
    }
}

/// Egress is not stored: a message that a session can't take now is one that it asks for again with `Resume`. The
/// container counts it, and closes a session that stays slow.
#[inline]
fn send(cluster: &mut dyn Cluster, session_id: i64, message: &[u8]) {
    let _ = cluster.offer_to(session_id, message);
}

#[inline]
fn epoch_nanos(unit: TimeUnit, timestamp: i64) -> EpochNanos {
    EpochNanos(timestamp.saturating_mul(unit.as_nanos()))
}

#[cfg(test)]
#[path = "service_tests.rs"]
mod tests;
