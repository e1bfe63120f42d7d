//! The engine inside the clustered-service container: each entry of the log is decoded, applied, and what the engine
//! tells is encoded and sent to whom it concerns.

use aeron_cluster_service::{
    ClientSession, CloseReason, Cluster, ClusteredService, Header, Role, ServiceError, SnapshotReader, SnapshotWriter,
    TimeUnit,
};
use lugus_codecs::market_data::end_of_book::EndOfBook;
use lugus_codecs::order_entry::message_reject_reason::MessageRejectReason;
use lugus_engine::EventSink;
use lugus_engine::{Engine, EngineLimits};
use lugus_vocabulary::{
    Command, DisplayedOrder, EpochNanos, InstrumentId, MarketData, MigrationStep, ParticipantId, ParticipantSession,
    PriceLevel, Reply, Report, Side,
};

use crate::counters::MemberCounters;
use crate::decode::{BookRequest, BookType, Inbound, Refusal, Request, decode};
use crate::encode::{self, BUFFER_LENGTH, Buffer, MAXIMUM_DEPTH, MAXIMUM_ORDERS};
use crate::market_data::MarketDataWriter;
use crate::migration;
use crate::sessions::{Sessions, participant_of};
use crate::snapshot;

/// After so many orders an answer with a book by order ends: with the level that is the first of its side, or before
/// the one that would exceed half of it. A level is never divided.
pub const MAXIMUM_BOOK_ORDERS: usize = 1_024;

/// Who may ask for drop copies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DropCopyPolicy {
    /// Everybody: deployments without keys.
    Everybody,
    /// The operator.
    Operator,
}

/// For so many live orders memory is in place from the start, ten megabytes: more of it comes when it is used.
const PREFAULTED_ORDERS: usize = 1 << 16;

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
    orders: Vec<DisplayedOrder>,
    market_data: Option<MarketDataWriter>,
}

impl MatchingService {
    /// A service with an empty engine: the container's start loads a snapshot, if there is one.
    pub fn new(limits: EngineLimits, drop_copy_policy: DropCopyPolicy) -> Self {
        let mut engine = Engine::new(limits);
        engine.prefault(PREFAULTED_ORDERS);
        Self {
            engine,
            limits,
            drop_copy_policy,
            sessions: Sessions::default(),
            counters: None,
            buffer: Box::new([0; BUFFER_LENGTH]),
            migration_buffer: Vec::new(),
            bids: Vec::with_capacity(MAXIMUM_DEPTH),
            offers: Vec::with_capacity(MAXIMUM_DEPTH),
            orders: Vec::with_capacity(MAXIMUM_ORDERS),
            market_data: None,
        }
    }

    /// The same, with a market-data stream.
    #[must_use]
    pub fn with_market_data(mut self, writer: MarketDataWriter) -> Self {
        self.market_data = Some(writer);
        self
    }

    /// The engine, to look at.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    fn apply(&mut self, cluster: &mut dyn Cluster, session_id: i64, now: EpochNanos, command: &Command) {
        let Self { sessions, buffer, market_data, .. } = self;
        let mut egress = Egress { cluster, sessions, origin: session_id, buffer, market_data: market_data.as_mut() };
        self.engine.apply(now, command, &mut egress);
        if let Some(market_data) = &mut self.market_data {
            market_data.end_of_command();
        }
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
                let Self { sessions, buffer, .. } = self;
                let mut egress = Egress { cluster, sessions, origin: session_id, buffer, market_data: None };
                self.engine.resume(participant, instrument, last_event_sequence, &mut egress);
            }
            Request::DropCopy { instrument } => self.subscribe(cluster, session_id, participant, instrument),
            Request::Book(request) => self.answer_book(cluster, session_id, now, &request),
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

    /// Only the leader's answer is heard, and nothing changes by it.
    fn answer_book(&mut self, cluster: &mut dyn Cluster, session_id: i64, now: EpochNanos, request: &BookRequest) {
        if cluster.role() != Role::Leader {
            return;
        }
        let Some(snapshot) = self.engine.market_data_snapshot(request.instrument) else {
            let reject = encode::book_reject(request.request_id, request.instrument, &mut self.buffer);
            return send(cluster, session_id, reject);
        };
        let mut end_of_book = EndOfBook::default();
        end_of_book.set_bids(self.take_levels(request, Side::Buy)).set_offers(self.take_levels(request, Side::Sell));
        let (bids, offers) = (&self.bids, &self.offers);
        let book = encode::Book { request, time: now, snapshot: &snapshot, bids, offers, end_of_book };
        send(cluster, session_id, encode::book(&book, &mut self.buffer));
        if request.book_type == BookType::Orders {
            self.answer_orders(cluster, session_id, request);
        }
    }

    /// Levels of a side that belong into the answer; returns whether there are none after them.
    fn take_levels(&mut self, request: &BookRequest, side: Side) -> bool {
        let depth = usize::from(request.depth).min(MAXIMUM_DEPTH);
        let (levels, after) = match side {
            Side::Buy => (&mut self.bids, request.bids_after),
            Side::Sell => (&mut self.offers, request.offers_after),
        };
        levels.clear();
        let is_before = |level: &PriceLevel| match (after, side) {
            (None, _) => false,
            (Some(after), Side::Buy) => level.price >= after,
            (Some(after), Side::Sell) => level.price <= after,
        };
        let mut orders = 0;
        for level in self.engine.levels(request.instrument, side).into_iter().flatten().skip_while(is_before) {
            orders += level.orders as usize;
            let is_too_much =
                request.book_type == BookType::Orders && orders > MAXIMUM_BOOK_ORDERS / 2 && !levels.is_empty();
            if is_too_much || levels.len() == depth {
                return false;
            }
            levels.push(level);
        }
        true
    }

    fn answer_orders(&mut self, cluster: &mut dyn Cluster, session_id: i64, request: &BookRequest) {
        for (side, levels) in [(Side::Buy, &self.bids), (Side::Sell, &self.offers)] {
            for level in levels {
                for order in self.engine.displayed_orders_at(request.instrument, side, level.price) {
                    self.orders.push(order);
                    if self.orders.len() == MAXIMUM_ORDERS {
                        send(cluster, session_id, encode::book_orders(request, &self.orders, &mut self.buffer));
                        self.orders.clear();
                    }
                }
            }
        }
        if !self.orders.is_empty() {
            send(cluster, session_id, encode::book_orders(request, &self.orders, &mut self.buffer));
            self.orders.clear();
        }
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
        if let Some(market_data) = &mut self.market_data {
            market_data.role(false, &self.engine);
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
            close_session(cluster, cluster_session_id);
            return;
        };
        let replaced = self.sessions.open(ParticipantSession { cluster_session_id, participant, drop_copy: None });
        if let Some(older) = replaced {
            send(cluster, older.cluster_session_id, encode::session_replaced(participant, &mut self.buffer));
            close_session(cluster, older.cluster_session_id);
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

    fn on_session_message(
        &mut self,
        cluster: &mut dyn Cluster,
        session_id: i64,
        timestamp: i64,
        message: &[u8],
        _header: &Header,
    ) {
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
                let changes_instruments = matches!(request.step, MigrationStep::Activate | MigrationStep::Drop { .. });
                if let Some(market_data) = self.market_data.as_mut().filter(|_| changes_instruments) {
                    market_data.tell_again(&self.engine);
                }
            }
            Ok(Inbound::Request(request)) => self.answer(cluster, session_id, participant, now, request),
            Err(refusal) => self.refuse(cluster, session_id, refusal),
        }
        self.publish_state_hash(cluster);
    }

    fn on_role_change(&mut self, _cluster: &mut dyn Cluster, role: Role) {
        if let Some(market_data) = &mut self.market_data {
            market_data.role(role == Role::Leader, &self.engine);
        }
    }

    fn do_background_work(&mut self, _cluster: &mut dyn Cluster, _now_ns: i64) -> usize {
        let Some(market_data) = &mut self.market_data else { return 0 };
        let work = market_data.do_work(&self.engine);
        if let Some(counters) = self.counters.as_ref().filter(|_| work > 0) {
            counters.lost_market_data(market_data.lost());
        }
        work
    }

    fn on_take_snapshot(&mut self, cluster: &dyn Cluster, writer: &mut dyn SnapshotWriter) -> Result<(), ServiceError> {
        snapshot::take(&self.engine, &self.sessions, writer)?;
        // Who starts from it publishes this position: until the next message it is to be that of all.
        self.publish_state_hash(cluster);
        Ok(())
    }
}

/// Sends to whom it concerns. Only the leader's container really sends, so only it encodes.
struct Egress<'a> {
    cluster: &'a mut dyn Cluster,
    sessions: &'a Sessions,
    /// The session whose message is at hand.
    origin: i64,
    buffer: &'a mut Buffer,
    market_data: Option<&'a mut MarketDataWriter>,
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

    #[inline]
    fn market_data(&mut self, increment: &MarketData) {
        if let Some(market_data) = &mut self.market_data {
            market_data.put(increment);
        }
    }

    #[inline]
    fn wants_market_data(&self) -> bool {
        self.market_data.is_some()
    }
}

/// Egress is not stored: a message that a session can't take now is one that it asks for again with `Resume`. The
/// container counts it, and closes a session that stays slow.
#[inline]
fn send(cluster: &mut dyn Cluster, session_id: i64, message: &[u8]) {
    let _ = cluster.offer_to(session_id, message);
}

/// A session whose close cannot be requested stays open, but has no participant: its messages are refused.
fn close_session(cluster: &mut dyn Cluster, session_id: i64) {
    if !cluster.close_client_session(session_id) {
        tracing::warn!(session_id, "the close of a session could not be requested");
    }
}

#[inline]
fn epoch_nanos(unit: TimeUnit, timestamp: i64) -> EpochNanos {
    EpochNanos(timestamp.saturating_mul(unit.as_nanos()))
}

#[cfg(test)]
#[path = "service_tests.rs"]
mod tests;
