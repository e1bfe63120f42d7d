//! The engine inside the clustered-service container: each entry of the log is decoded and applied, and the engine's
//! reports and replies are encoded and sent to the sessions concerned.

use aeron_cluster_service::{
    ClientSession, CloseReason, Cluster, ClusteredService, Header, NewLeadershipTerm, Role, ServiceError,
    SnapshotReader, SnapshotWriter, TimeUnit,
};
use lugus_codecs::market_data::{BookBuffer, MAXIMUM_BOOK_LENGTH};
use lugus_codecs::order_entry::{
    MessageReject, SessionReplaced, encode_message_reject, encode_reply, encode_session_replaced,
};
use lugus_engine::{Engine, EngineLimits};
use lugus_vocabulary::{
    Action, Command, ConnectionChange, EpochNanos, GraceTime, LogPosition, MemberId, MessageRejectReason,
    MigrationStep, OrderStatusReport, ParticipantId, RejectReason, Reply, StateAt,
};

use crate::book::BookReader;
use crate::counters::MemberCounters;
use crate::decode::{Inbound, decode};
use crate::egress::{Egress, send};
use crate::gauges::{CountedSnapshot, MemberGauges};
use crate::listener::{Change, ServiceListener};
use crate::log_place;
use crate::market_data::{MarketDataWriter, SnapshotLoop};
use crate::migration;
use crate::protocol_version::{ActiveProtocol, ServiceEnd};
use crate::sessions::{Admitted, Ended, NotAdmitted, OlderSession, Principal, Sessions};
use crate::snapshot;
use crate::stages::StageRecorder;
use crate::timer::EngineTimer;
use crate::watch::StateSampler;

mod requests;

/// Who may ask for drop copies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DropCopyPolicy {
    /// Everybody: deployments without keys.
    Everybody,
    /// The operator.
    Operator,
}

/// Number of live orders for which memory is touched at the start: ten megabytes. Memory for more is touched when it is
/// used.
const PREFAULTED_ORDERS: usize = 1 << 16;

/// The session of what no message has caused: Aeron numbers sessions from 1. Nothing is replied to it.
const NO_SESSION: i64 = 0;

/// The clustered service of a partition.
pub struct MatchingService {
    engine: Engine,
    limits: EngineLimits,
    drop_copy_policy: DropCopyPolicy,
    sessions: Sessions,
    timer: EngineTimer,
    protocol: ActiveProtocol,
    counters: Option<MemberCounters>,
    /// Whether there are counters from the start on.
    has_counters: bool,
    /// Number of commands given to the engine, repeated ones included.
    commands: u64,
    /// Buffer for one message; the longest messages are those of books.
    buffer: Box<BookBuffer>,
    /// Buffer for one answer to an operator's step of a migration, which may be longer.
    migration_buffer: Vec<u8>,
    book_reader: BookReader,
    /// The report of a participant's own orders; its room is used again.
    order_status: OrderStatusReport,
    market_data: Option<MarketDataWriter>,
    snapshot_loop: Option<SnapshotLoop>,
    listener: Option<Box<dyn ServiceListener>>,
    state_sampler: Option<StateSampler>,
    stages: Option<StageRecorder>,
    gauges: Option<MemberGauges>,
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
            timer: EngineTimer::default(),
            protocol: ActiveProtocol::default(),
            counters: None,
            has_counters: true,
            commands: 0,
            buffer: Box::new([0; MAXIMUM_BOOK_LENGTH]),
            migration_buffer: Vec::new(),
            book_reader: BookReader::new(),
            order_status: OrderStatusReport::with_room(),
            market_data: None,
            snapshot_loop: None,
            listener: None,
            state_sampler: None,
            stages: None,
            gauges: None,
        }
    }

    /// Sets who hears of what the log does from now on, for what reads an archived log: members have no listener.
    pub fn listen(&mut self, listener: Box<dyn ServiceListener>) {
        self.listener = Some(listener);
    }

    /// The same service without counters, which nobody could read: of an archived log.
    #[must_use]
    pub fn without_counters(mut self) -> Self {
        self.has_counters = false;
        self
    }

    /// Number of commands given to the engine, repeated ones included.
    pub fn commands(&self) -> u64 {
        self.commands
    }

    /// The same service with a market-data stream.
    #[must_use]
    pub fn with_market_data(mut self, writer: MarketDataWriter) -> Self {
        self.market_data = Some(writer);
        self
    }

    /// The same service with a loop of snapshots, beside its market-data stream.
    #[must_use]
    pub fn with_snapshot_loop(mut self, snapshot_loop: SnapshotLoop) -> Self {
        self.snapshot_loop = Some(snapshot_loop);
        self
    }

    /// The same service, whose states are told to the thread that compares them with those of other members.
    #[must_use]
    pub fn with_state_sampler(mut self, sampler: StateSampler) -> Self {
        self.state_sampler = Some(sampler);
        self
    }

    /// The same service, which stamps the commands that the container times.
    #[must_use]
    pub fn with_stages(mut self, recorder: StageRecorder) -> Self {
        self.stages = Some(recorder);
        self
    }

    /// The same service, which counts more than Aeron's counters have room for.
    #[must_use]
    pub fn with_gauges(mut self, gauges: MemberGauges) -> Self {
        self.gauges = Some(gauges);
        self
    }

    /// What tells that the service has met a version of order entry that it does not know, and applies nothing any more.
    pub fn end(&self) -> &ServiceEnd {
        self.protocol.end()
    }

    /// The engine, for reading.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    fn apply(&mut self, cluster: &mut dyn Cluster, session_id: i64, now: EpochNanos, command: &Command) {
        if let Some(listener) = &mut self.listener {
            listener.change(LogPosition(cluster.log_position()), now, Change::Command(command));
        }
        let Self { sessions, buffer, market_data, stages, listener, gauges, .. } = self;
        if let Some(stages) = stages {
            stages.engine_begins(command);
        }
        let timing = gauges.as_mut().and_then(MemberGauges::begin);
        let mut egress = Egress::new(&mut *cluster, sessions, session_id, buffer);
        egress.gauges = gauges.as_ref();
        egress.market_data = market_data.as_mut();
        egress.stages = stages.as_mut();
        egress.listener = listener.as_deref_mut();
        self.engine.apply(now, command, &mut egress);
        let tally = egress.tally;
        self.commands += 1;
        if let Action::SetFirm { .. } = command.action {
            self.check_followers();
        }
        if let Some(stages) = &mut self.stages {
            stages.applied();
        }
        if let Some(counters) = &self.counters {
            counters.applied(tally);
        }
        if let Some(gauges) = &self.gauges {
            gauges.applied(tally, timing.map(|timing| (timing, now, cluster.role())));
        }
        if let Some(market_data) = &mut self.market_data {
            market_data.end_of_command();
        }
    }

    /// Who no longer belongs to a firm is told its events no more.
    #[cold]
    fn check_followers(&mut self) {
        let Self { engine, sessions, .. } = self;
        sessions.check_followers(|participant, firm| {
            let asked = if participant == ParticipantId::OPERATOR { firm } else { participant };
            engine.firm_of(asked) == Some(firm)
        });
    }

    fn refuse(&mut self, cluster: &mut dyn Cluster, session_id: i64, reject: MessageReject) {
        if let Some(counters) = &self.counters {
            counters.refused();
        }
        if let Some(gauges) = &self.gauges {
            gauges.refused(reject.reason);
        }
        send(cluster, session_id, encode_message_reject(reject, &mut self.buffer));
    }

    /// Refuses the command of a participant that may send none. Its number is not used.
    #[cold]
    fn refuse_command(&mut self, cluster: &mut dyn Cluster, session_id: i64, command: &Command) {
        if let Some(counters) = &self.counters {
            counters.refused();
        }
        let Command { instrument, client_sequence, .. } = *command;
        let reply = Reply::Refused { instrument, client_sequence, reason: RejectReason::NotAuthorised };
        send(cluster, session_id, encode_reply(&reply, &mut self.buffer));
    }

    /// Counts a message above its session's rate. Only the first one after a message that was taken is answered, so that there
    /// are no more such answers than messages within the rate, however many messages are sent.
    #[cold]
    fn drop_above_rate(&mut self, cluster: &mut dyn Cluster, session_id: i64, is_first: bool) {
        if let Some(counters) = &self.counters {
            counters.above_rate();
        }
        if is_first {
            // Which message it is, is not read.
            let reject = MessageReject { template_id: 0, reason: MessageRejectReason::LimitMessageRate };
            send(cluster, session_id, encode_message_reject(reject, &mut self.buffer));
        }
    }

    /// Counts a message that is not its session's next one. It gets no answer: its sender is most likely not the session's
    /// participant, to whom the answer would go.
    #[cold]
    fn ignore_unauthenticated(&self, cluster_session_id: i64) {
        let Some(counters) = &self.counters else { return };
        let count = counters.unauthenticated();
        // Whoever sends very many of them does not fill the disk.
        if count.is_positive() && count.cast_unsigned().is_power_of_two() {
            tracing::warn!(
                cluster_session_id,
                count,
                "ignored a message without the tag of its session, or a repeated one"
            );
        }
    }

    /// Tells the engine that a participant is disconnected or connected again. Returns the grace time of one that is connected
    /// again, if that was still running.
    fn change_connection(
        &mut self,
        cluster: &mut dyn Cluster,
        timestamp: i64,
        change: &ConnectionChange,
    ) -> Option<GraceTime> {
        let now = epoch_nanos(cluster.time_unit(), timestamp);
        if let Some(listener) = &mut self.listener {
            listener.change(LogPosition(cluster.log_position()), now, Change::Connection(change));
        }
        let Self { sessions, buffer, market_data, listener, gauges, .. } = self;
        let mut egress = Egress::new(&mut *cluster, sessions, NO_SESSION, buffer);
        egress.gauges = gauges.as_ref();
        egress.market_data = market_data.as_mut();
        egress.listener = listener.as_deref_mut();
        let grace = match *change {
            ConnectionChange::Disconnect { participant, grace_milliseconds } => {
                self.engine.disconnect(now, participant, grace_milliseconds, &mut egress);
                None
            }
            ConnectionChange::Connect { participant } => self.engine.connect(now, participant, &mut egress),
        };
        let tally = egress.tally;
        if let Some(counters) = &self.counters {
            counters.went_on(tally);
        }
        if let Some(gauges) = &self.gauges {
            gauges.changed_connection(change, tally);
        }
        if let Some(market_data) = &mut self.market_data {
            market_data.end_of_command();
        }
        self.timer.schedule(self.engine.next_deadline(), timestamp, cluster);
        self.publish_state(cluster, now);
        grace
    }

    fn publish_sessions(&self) {
        if let Some(counters) = &self.counters {
            counters.sessions(self.sessions.count());
        }
    }

    /// Publishes the state after a message of the log, and tells it to the other members if it is one of those that are compared.
    fn publish_state(&mut self, cluster: &dyn Cluster, now: EpochNanos) {
        if self.counters.is_none() && self.state_sampler.is_none() {
            return;
        }
        let state = self.publish_state_hash(cluster);
        if let Some(sampler) = &mut self.state_sampler {
            sampler.after_message(now, state);
        }
    }

    fn publish_state_hash(&self, cluster: &dyn Cluster) -> StateAt {
        let state = StateAt { position: LogPosition(cluster.log_position()), hash: self.engine.state_hash() };
        log_place::reached(state.position);
        if let Some(counters) = &self.counters {
            counters.state(state);
        }
        state
    }

    /// Publishes the state of a snapshot, which all members take or load at the same position.
    fn publish_state_of_snapshot(&mut self, cluster: &dyn Cluster) {
        let state = self.publish_state_hash(cluster);
        if let Some(sampler) = &mut self.state_sampler {
            sampler.tell(state);
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
            self.timer = state.timer;
            self.protocol.restore(state.protocol);
        }
        if let Some(market_data) = &mut self.market_data {
            market_data.role(false, &self.engine);
        }
        if self.has_counters {
            let counters = MemberCounters::add(cluster)?;
            counters.versions(self.protocol.versions());
            self.counters = Some(counters);
        }
        log_place::in_term(cluster.leadership_term_id());
        self.publish_state_of_snapshot(cluster);
        tracing::info!(
            instruments = self.engine.instruments().count(),
            sessions = self.sessions.count(),
            "the service has its state"
        );
        self.publish_sessions();
        Ok(())
    }

    fn on_session_open(&mut self, cluster: &mut dyn Cluster, session: &ClientSession, timestamp: i64) {
        if self.protocol.has_ended() {
            return;
        }
        let cluster_session_id = session.id();
        let Some(principal) = Principal::read(session.encoded_principal()) else {
            tracing::warn!(cluster_session_id, "closing a session whose principal is not a participant");
            close_session(cluster, cluster_session_id);
            return;
        };
        let participant = principal.participant;
        if principal.older_session == OlderSession::Kept && self.sessions.of_participant(participant).is_some() {
            let reject = MessageReject { template_id: 0, reason: MessageRejectReason::ParticipantConnected };
            send(cluster, cluster_session_id, encode_message_reject(reject, &mut self.buffer));
            close_session(cluster, cluster_session_id);
            return;
        }
        let now = epoch_nanos(cluster.time_unit(), timestamp);
        let replaced = self.sessions.open(principal.session(cluster_session_id, now));
        let mut inherited = replaced.and_then(|older| older.cancel_on_disconnect);
        if let Some(older) = replaced {
            send(
                cluster,
                older.cluster_session_id,
                encode_session_replaced(SessionReplaced { participant }, &mut self.buffer),
            );
            close_session(cluster, older.cluster_session_id);
        }
        if self.engine.is_disconnected(participant) {
            inherited = self.change_connection(cluster, timestamp, &ConnectionChange::Connect { participant });
        }
        if let Some(grace) = inherited {
            self.sessions.inherit(cluster_session_id, grace);
        }
        self.publish_sessions();
    }

    fn on_session_close(
        &mut self,
        cluster: &mut dyn Cluster,
        session: &ClientSession,
        timestamp: i64,
        _reason: CloseReason,
    ) {
        if self.protocol.has_ended() {
            return;
        }
        if let Some(Ended { participant, cancel_on_disconnect: Some(grace_milliseconds) }) =
            self.sessions.close(session.id())
        {
            let change = ConnectionChange::Disconnect { participant, grace_milliseconds };
            self.change_connection(cluster, timestamp, &change);
        }
        self.publish_sessions();
    }

    fn on_session_message(
        &mut self,
        cluster: &mut dyn Cluster,
        session_id: i64,
        timestamp: i64,
        message: &[u8],
        header: &Header,
    ) {
        if self.protocol.has_ended() {
            return;
        }
        let now = epoch_nanos(cluster.time_unit(), timestamp);
        if let Some(stages) = &mut self.stages {
            stages.message(header, now);
        }
        let Admitted { participant, role, message, inherits_choice } =
            match self.sessions.admit(session_id, message, now) {
                Ok(admitted) => admitted,
                Err(NotAdmitted::Unauthenticated) => return self.ignore_unauthenticated(session_id),
                Err(NotAdmitted::AboveRate { is_first }) => return self.drop_above_rate(cluster, session_id, is_first),
                Err(NotAdmitted::NoParticipant) => {
                    let reject = MessageReject { template_id: 0, reason: MessageRejectReason::NoParticipant };
                    return self.refuse(cluster, session_id, reject);
                }
            };
        if inherits_choice {
            // Its own choice replaces this one below, if that is what the message is.
            self.sessions.choose(session_id, None);
        }
        match decode(participant, self.protocol.version(), message) {
            Ok(Inbound::Command(command)) if !role.may_command() => self.refuse_command(cluster, session_id, &command),
            Ok(Inbound::Command(command)) => self.apply(cluster, session_id, now, &command),
            Ok(Inbound::Migration(request)) => {
                if let Some(listener) = &mut self.listener {
                    listener.change(LogPosition(cluster.log_position()), now, Change::Migration(&request));
                }
                migration::answer(&mut self.engine, cluster, session_id, &request, &mut self.migration_buffer);
                let changes_instruments = matches!(request.step, MigrationStep::Activate | MigrationStep::Drop { .. });
                if let Some(market_data) = self.market_data.as_mut().filter(|_| changes_instruments) {
                    market_data.tell_again(&self.engine);
                }
            }
            Ok(Inbound::Request(request)) => self.answer(cluster, session_id, participant, now, request),
            Err(reject) => self.refuse(cluster, session_id, reject),
        }
        self.timer.schedule(self.engine.next_deadline(), timestamp, cluster);
        self.publish_state(cluster, now);
    }

    fn on_timer_event(&mut self, cluster: &mut dyn Cluster, correlation_id: i64, timestamp: i64) {
        if self.protocol.has_ended() {
            return;
        }
        self.timer.fired(correlation_id);
        let now = epoch_nanos(cluster.time_unit(), timestamp);
        if let Some(listener) = &mut self.listener {
            listener.change(LogPosition(cluster.log_position()), now, Change::Timer);
        }
        let Self { sessions, buffer, market_data, listener, gauges, .. } = self;
        let mut egress = Egress::new(cluster, sessions, NO_SESSION, buffer);
        egress.gauges = gauges.as_ref();
        egress.market_data = market_data.as_mut();
        egress.listener = listener.as_deref_mut();
        self.engine.on_timer(now, &mut egress);
        let tally = egress.tally;
        if let Some(counters) = &self.counters {
            counters.went_on(tally);
        }
        if let Some(gauges) = &self.gauges {
            gauges.applied(tally, None);
        }
        if let Some(market_data) = &mut self.market_data {
            market_data.end_of_command();
        }
        self.timer.schedule(self.engine.next_deadline(), timestamp, cluster);
        self.publish_state(cluster, now);
    }

    fn on_new_leadership_term_event(&mut self, _cluster: &mut dyn Cluster, event: &NewLeadershipTerm) {
        log_place::in_term(event.leadership_term_id);
        if let Some(market_data) = &mut self.market_data {
            market_data.leader(MemberId(event.leader_member_id), &self.engine);
        }
        tracing::info!(leader = event.leader_member_id, begins_at = event.term_base_log_position, "a new term");
    }

    fn on_role_change(&mut self, _cluster: &mut dyn Cluster, role: Role) {
        tracing::info!(?role, "the member has a role");
        if role != Role::Leader {
            self.engine.forget_copy_ahead();
        }
        if let Some(market_data) = &mut self.market_data {
            market_data.role(role == Role::Leader, &self.engine);
        }
    }

    fn on_snapshot_action(&mut self, _cluster: &mut dyn Cluster) {
        self.engine.prepare_snapshot();
    }

    fn do_background_work(&mut self, cluster: &mut dyn Cluster, now_ns: i64) -> usize {
        if let Some(gauges) = &mut self.gauges {
            gauges.look(&self.engine, now_ns);
        }
        let Some(market_data) = &mut self.market_data else { return 0 };
        let time = epoch_nanos(cluster.time_unit(), cluster.time());
        market_data.look(LogPosition(cluster.log_position()), time, now_ns);
        let work = market_data.do_work(&self.engine);
        if let Some(counters) = self.counters.as_ref().filter(|_| work > 0) {
            counters.lost_market_data(market_data.lost());
        }
        match &mut self.snapshot_loop {
            Some(snapshot_loop) if market_data.is_current() => work + snapshot_loop.do_work(&self.engine, time, now_ns),
            _ => work,
        }
    }

    fn on_take_snapshot(&mut self, cluster: &dyn Cluster, writer: &mut dyn SnapshotWriter) -> Result<(), ServiceError> {
        if let Some(unknown) = self.protocol.end().reason() {
            return Err(unknown.into());
        }
        if self.engine.has_import_ahead() {
            return Err(ServiceError::message(
                "an instrument is being copied here ahead of its move, which no snapshot can have",
            ));
        }
        let mut counted = CountedSnapshot::begin(writer);
        snapshot::take(&self.engine, &self.sessions, &self.timer, self.protocol.version(), &mut counted)?;
        if let Some(gauges) = &self.gauges {
            gauges.snapshot(&counted);
        }
        // A member that starts from the snapshot publishes this position. All others publish the same until the next
        // message.
        self.publish_state_of_snapshot(cluster);
        tracing::info!(bytes = counted.length(), elapsed = ?counted.elapsed(), "a snapshot is written");
        Ok(())
    }
}

/// A session whose close cannot be requested stays open, but has no participant: its messages are refused.
fn close_session(cluster: &mut dyn Cluster, session_id: i64) {
    if !cluster.close_client_session(session_id) {
        tracing::warn!(session_id, "could not request the close of a session");
    }
}

#[inline]
fn epoch_nanos(unit: TimeUnit, timestamp: i64) -> EpochNanos {
    EpochNanos(timestamp.saturating_mul(unit.as_nanos()))
}

#[cfg(test)]
#[path = "authentication_tests.rs"]
mod authentication_tests;
#[cfg(test)]
#[path = "disconnect_tests.rs"]
mod disconnect_tests;
#[cfg(test)]
#[path = "firm_tests.rs"]
mod firm_tests;
#[cfg(test)]
#[path = "order_status_tests.rs"]
mod order_status_tests;
#[cfg(test)]
#[path = "protocol_version_tests.rs"]
mod protocol_version_tests;
#[cfg(test)]
#[path = "role_tests.rs"]
mod role_tests;
#[cfg(test)]
#[path = "service_tests.rs"]
mod tests;
