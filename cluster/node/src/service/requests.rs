//! Requests of participants, beside commands: answers, and choices of a session.

use aeron_cluster_service::{ClientSession, Cluster, Role};
use lugus_codecs::market_data::{BookReject, encode_book, encode_book_orders, encode_book_reject};
use lugus_codecs::order_entry::{
    CancelOnDisconnect, MessageReject, encode_cancel_on_disconnect_report, encode_message_reject,
    encode_order_status_report, template_id,
};
use lugus_engine::Engine;
use lugus_vocabulary::{
    BookRequest, BookType, EpochNanos, EventSequence, InstrumentId, LogPosition, MessageRejectReason,
    OrderStatusReport, ParticipantId, ProtocolVersion, Request,
};

use super::{DropCopyPolicy, MatchingService};
use crate::egress::{Egress, send};

impl MatchingService {
    /// Answers a request, which changes no state of the engine.
    pub(super) fn answer(
        &mut self,
        cluster: &mut dyn Cluster,
        session_id: i64,
        participant: ParticipantId,
        now: EpochNanos,
        request: Request,
    ) {
        match request {
            Request::Resume { instrument, last_event_sequence } => {
                // A listener has heard of these events before.
                let Self { sessions, buffer, .. } = self;
                let mut egress = Egress::new(cluster, sessions, session_id, buffer);
                self.engine.resume(participant, instrument, last_event_sequence, &mut egress);
            }
            Request::DropCopy { instrument } => self.subscribe(cluster, session_id, participant, instrument),
            Request::Book(request) => self.answer_book(cluster, session_id, now, &request),
            Request::CancelOnDisconnect { grace } => {
                self.sessions.choose(session_id, grace);
                let choice = CancelOnDisconnect { participant, grace };
                send(cluster, session_id, encode_cancel_on_disconnect_report(choice, &mut self.buffer));
            }
            Request::FollowFirm { firm, last_event_sequence } => {
                self.follow_firm(cluster, session_id, participant, firm, last_event_sequence);
            }
            Request::ActivateProtocolVersion(version) => self.activate(cluster, session_id, participant, version),
            Request::OrderStatus(request) => self.answer_order_status(cluster, session_id, |engine, report| {
                engine.order_status(participant, &request, now, report);
            }),
            Request::OrderMassStatus(request) => self.answer_order_status(cluster, session_id, |engine, report| {
                engine.order_mass_status(participant, &request, now, report);
            }),
        }
    }

    /// Tells a session events of a firm that were told before, and from the last one on each event as it comes. All members keep who
    /// follows a firm.
    #[cold]
    fn follow_firm(
        &mut self,
        cluster: &mut dyn Cluster,
        session_id: i64,
        participant: ParticipantId,
        firm: ParticipantId,
        last_event_sequence: Option<EventSequence>,
    ) {
        let template_id = template_id::FOLLOW_FIRM_REQUEST;
        let may_follow = participant == ParticipantId::OPERATOR || self.engine.firm_of(participant) == Some(firm);
        let Self { engine, sessions, buffer, .. } = self;
        let reason = if !may_follow {
            MessageRejectReason::NotAuthorised
        } else if !sessions.has_room_for_follower(session_id, firm) {
            MessageRejectReason::LimitDropCopies
        } else {
            let mut egress = Egress::new(&mut *cluster, sessions, session_id, buffer);
            if let Some(is_all) = engine.resume_firm(firm, last_event_sequence, &mut egress) {
                return sessions.follow(session_id, is_all.then_some(firm));
            }
            // The operator asks for a firm that there is not.
            MessageRejectReason::InvalidValue
        };
        self.refuse(cluster, session_id, MessageReject { template_id, reason });
    }

    /// Makes a version of order entry active. A member tells its active version by a counter, so there is no answer.
    #[cold]
    fn activate(
        &mut self,
        cluster: &mut dyn Cluster,
        session_id: i64,
        participant: ParticipantId,
        version: ProtocolVersion,
    ) {
        if participant != ParticipantId::OPERATOR {
            let (template_id, reason) = (template_id::ACTIVATE_PROTOCOL_VERSION, MessageRejectReason::NotAuthorised);
            return self.refuse(cluster, session_id, MessageReject { template_id, reason });
        }
        self.protocol.activate(version, LogPosition(cluster.log_position()));
        if let Some(counters) = &self.counters {
            counters.versions(self.protocol.versions());
        }
    }

    /// Tells a participant of its own live orders.
    #[cold]
    fn answer_order_status(
        &mut self,
        cluster: &mut dyn Cluster,
        session_id: i64,
        look_up: impl FnOnce(&mut Engine, &mut OrderStatusReport),
    ) {
        if !is_heard(cluster, session_id) {
            return;
        }
        look_up(&mut self.engine, &mut self.order_status);
        send(cluster, session_id, encode_order_status_report(&self.order_status, &mut self.buffer));
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
            MessageRejectReason::NotAuthorised
        } else if self.sessions.subscribe(session_id, instrument).is_err() {
            MessageRejectReason::LimitDropCopies
        } else {
            return;
        };
        let template_id = template_id::DROP_COPY_REQUEST;
        send(cluster, session_id, encode_message_reject(MessageReject { template_id, reason }, &mut self.buffer));
    }

    /// Tells a participant of a book.
    fn answer_book(&mut self, cluster: &mut dyn Cluster, session_id: i64, now: EpochNanos, request: &BookRequest) {
        if !is_heard(cluster, session_id) {
            return;
        }
        let Self { engine, book_reader, buffer, .. } = self;
        let BookRequest { request_id, instrument, book_type, .. } = *request;
        let Some(book) = book_reader.levels(engine, request, now) else {
            let reject = encode_book_reject(BookReject { request_id, instrument }, buffer);
            return send(cluster, session_id, reject);
        };
        send(cluster, session_id, encode_book(book, book_type, buffer));
        if book_type == BookType::Orders {
            book_reader.orders(engine, |orders| {
                send(cluster, session_id, encode_book_orders(request_id, instrument, orders, buffer));
            });
        }
    }
}

/// Whether somebody hears an answer that changes nothing: only what the leader tells goes anywhere, and nothing to a session that is being closed.
/// Of a client that did not keep up, many requests may be in the log still, and each answer is work for which the others wait.
fn is_heard(cluster: &dyn Cluster, session_id: i64) -> bool {
    cluster.role() == Role::Leader && !cluster.client_session(session_id).is_some_and(ClientSession::is_closing)
}
