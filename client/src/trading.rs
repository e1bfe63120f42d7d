//! A session with one cluster: feeds the state machine with what comes by an Aeron client, of its own or shared, and sends its
//! messages.

mod firms;
mod protection;
mod quotes;

use std::hash::{BuildHasher, RandomState};
use std::rc::Rc;
use std::time::Instant;

use aeron_cluster_client::{
    ClientError as ClusterError, ConnectProblem, Connected, DisconnectReason, GroupListener, NewLeader, OfferError,
    SessionIndex,
};
use lugus_codecs::session_tag::MessageSigner;
use lugus_vocabulary::{
    BookRequest, ClientOrderId, InstrumentDefinition, InstrumentId, InstrumentState, KillSwitch, MassCancelTarget,
    MemberId, NewOrder, OrderMassStatusRequest, OrderStatusRequest, ParticipantId, Price, ProtocolVersion, Replace,
    RiskLimits, SessionKey, Side, TradeAmendment, TradeId, WorkingOrders,
};

use crate::cluster_link::{ClusterLink, SharedGroup};
use crate::command_number::CommandNumber;
use crate::config::{Config, Connects, OlderSession};
use crate::error::{ClientError, SendError};
use crate::ingress::{Ingress, Offered};
use crate::session::Session;
use crate::status::EventHandler;

/// How often a message is offered while the log buffer is being rotated, which takes no longer.
const ADMIN_ACTION_ATTEMPTS: usize = 3;

/// Time after which a session that is open is no more refused because of an older one, in nanoseconds. The refusal comes with the
/// logon's place in the log.
const REFUSAL_TIME: u64 = 5_000_000_000;

/// A participant's session with a cluster. It connects, follows the leader, resumes and re-sends, all inside
/// [`TradingSession::poll`], on the thread that made it.
///
/// A command returns its [`CommandNumber`] at once. Its outcome is told to the [`EventHandler`] once: as reports with
/// that number, as [`CommandRefused`](crate::Status::CommandRefused), or as [`GaveUp`](crate::Status::GaveUp), which
/// tells whether the command may have been applied. Commands are also taken while there is no session, up to the limit,
/// and sent in order when there is one.
pub struct TradingSession {
    config: Config,
    cluster: ClusterLink,
    /// Signs the messages of the open cluster session, if it has a key.
    signer: Option<MessageSigner>,
    session: Session,
    origin: Instant,
    /// What the credentials supplier counts, and what it asks for.
    connects: Rc<Connects>,
    connect_requests_seen: u64,
    /// When the present cluster session was first seen open, while an older one is to be kept.
    connected_at: Option<u64>,
    failure: Option<ClientError>,
    /// A cluster session was opened in the last duty cycle.
    is_new_session: bool,
    /// The cluster session has ended for good in the last duty cycle.
    ended: Option<ClusterError>,
    /// Why there is no cluster session.
    problem: Option<ConnectProblem>,
}

impl TradingSession {
    /// Makes a session, with an Aeron client of its own, that starts to connect with its first [`poll`](Self::poll). This waits
    /// for nothing.
    ///
    /// # Errors
    /// When the configuration cannot work.
    pub fn connect(config: Config) -> Result<Self, ClientError> {
        let group = SharedGroup::of_one(&config.cluster)?;
        Self::connect_in(&group, config)
    }

    /// Makes a session whose owner does the duty cycles of its group.
    pub(crate) fn connect_in(group: &SharedGroup, config: Config) -> Result<Self, ClientError> {
        config.check()?;
        let connects = Rc::new(Connects::new(config.older_session));
        let cluster = ClusterLink::open(group, config.context(&connects))?;
        let seed = RandomState::new().hash_one(config.participant);
        let mut session = Session::new(config.participant, config.limits, &config.retry, seed)
            .with_cancel_on_disconnect(config.cancel_on_disconnect);
        session.set_rebuild_policy(config.rebuild);
        if let Some(follow) = config.follow_firm {
            // A session that has just been made has not ended.
            let _ = session.follow_firm(follow);
        }
        Ok(Self {
            session,
            config,
            cluster,
            signer: None,
            origin: Instant::now(),
            connects,
            connect_requests_seen: 0,
            connected_at: None,
            failure: None,
            is_new_session: false,
            ended: None,
            problem: None,
        })
    }

    /// One duty cycle: receives, calls `handler`, and sends what waits. Call it often: between calls nothing is
    /// received, and after a few seconds without a call the cluster takes the session for dead. Returns 0 if there was
    /// nothing to do, so that the caller may idle.
    ///
    /// # Errors
    /// The session has ended for good; all commands without an outcome have been given up.
    #[inline]
    pub fn poll(&mut self, handler: &mut impl EventHandler) -> Result<usize, ClientError> {
        if let Some(failure) = &self.failure {
            return Err(failure.clone());
        }
        let group = self.cluster.group().clone();
        let work = group.do_work(&mut OneListener { session: self, handler });
        Ok(work + self.advance(handler)?)
    }

    /// What follows a duty cycle of the group: sends what waits. Otherwise as [`poll`](Self::poll).
    #[inline]
    pub(crate) fn advance(&mut self, handler: &mut impl EventHandler) -> Result<usize, ClientError> {
        if let Some(failure) = &self.failure {
            return Err(failure.clone());
        }
        if let Some(error) = self.ended.take() {
            return Err(self.fail(error.into(), handler));
        }
        if std::mem::take(&mut self.is_new_session) {
            self.signer = self.cluster.with_secret(signer);
        }
        if !self.session.is_connected() || self.problem.is_some() {
            self.cluster.note_problem(&mut self.problem);
        }
        self.note_connect_requests();
        let now = u64::try_from(self.origin.elapsed().as_nanos()).unwrap_or(u64::MAX);
        let ingress = &mut ClusterIngress { cluster: &self.cluster, signer: &mut self.signer };
        let work = self.session.do_work(now, ingress, handler);
        if self.session.take_wants_new_session() {
            self.renew(handler)?;
        }
        if self.connects.older_session.get() == OlderSession::Keep && self.is_accepted(now) {
            // From now on an older session is this one's own, after a lost connection.
            self.connects.older_session.set(OlderSession::Replace);
        }
        if self.session.has_ended() {
            self.cluster.end();
            let participant = self.config.participant;
            self.failure = Some(match self.session.was_refused() {
                true => ClientError::ParticipantConnected { participant },
                false => ClientError::SessionReplaced { participant },
            });
        }
        Ok(work)
    }

    /// Why the session has ended, if it has.
    pub fn failure(&self) -> Option<&ClientError> {
        self.failure.as_ref()
    }

    /// The participant that trades.
    pub fn participant(&self) -> ParticipantId {
        self.config.participant
    }

    /// Whether a cluster session is open.
    pub fn is_connected(&self) -> bool {
        self.session.is_connected()
    }

    /// The member that leads, while the session is connected.
    pub fn leader_member_id(&self) -> Option<MemberId> {
        self.session.leader_member_id()
    }

    /// Why the session could not be opened at the last attempt, as a text for a person.
    pub fn problem(&self) -> Option<&ConnectProblem> {
        self.problem.as_ref()
    }

    /// Number of commands without an outcome, of all instruments.
    pub fn outstanding(&self) -> usize {
        self.session.outstanding()
    }

    /// Number of commands of one instrument without an outcome.
    pub fn outstanding_of(&self, instrument: InstrumentId) -> usize {
        self.session.outstanding_of(instrument)
    }

    /// What is added to a [`CommandNumber`] of `instrument` to have the number on the wire
    /// ([`ClientSequence`](crate::ClientSequence)); `None` until the cluster has told, and while a new cluster session
    /// asks.
    pub fn sequence_offset(&self, instrument: InstrumentId) -> Option<i64> {
        self.session.sequence_offset(instrument)
    }

    /// Whether every event of `instrument` has been delivered that the cluster had when it was last asked
    /// ([`Self::resume`]).
    pub fn is_current(&self, instrument: InstrumentId) -> bool {
        self.session.is_current(instrument)
    }

    /// Closes the session; [`SessionGroup::close`](crate::cluster::SessionGroup::close) tells what it waits for, and for how
    /// long. Commands without an outcome may have been applied, or may yet be.
    pub fn close(self) {}

    fn fail(&mut self, error: ClientError, handler: &mut impl EventHandler) -> ClientError {
        self.session.end(handler);
        self.cluster.end();
        self.failure = Some(error.clone());
        error
    }

    /// Whether the cluster has taken this session for the participant's: it has answered, or has not refused it for long.
    fn is_accepted(&mut self, now: u64) -> bool {
        if !self.session.is_connected() {
            self.connected_at = None;
            return false;
        }
        let connected_at = *self.connected_at.get_or_insert(now);
        self.session.was_answered() || now.saturating_sub(connected_at) >= REFUSAL_TIME
    }

    /// Leaves the cluster session for a new one.
    fn renew(&mut self, handler: &mut impl EventHandler) -> Result<(), ClientError> {
        self.cluster.abandon();
        match ClusterLink::open(self.cluster.group(), self.config.context(&self.connects)) {
            Ok(cluster) => {
                self.cluster = cluster;
                Ok(())
            }
            Err(error) => Err(self.fail(error, handler)),
        }
    }

    /// Whether this is the session that its group knows by this index.
    #[inline]
    pub(crate) fn is(&self, session: SessionIndex) -> bool {
        self.cluster.is(session)
    }

    /// What the cluster client has to tell, in a duty cycle of the group.
    pub(crate) fn on_connected(&mut self, event: &Connected, handler: &mut impl EventHandler) {
        self.is_new_session = true;
        self.session.on_connected(event.cluster_session_id, MemberId(event.leader_member_id), handler);
    }

    /// A message of the cluster.
    #[inline]
    pub(crate) fn on_message(&mut self, cluster_session_id: i64, message: &[u8], handler: &mut impl EventHandler) {
        self.session.on_message(cluster_session_id, message, handler);
    }

    /// The cluster session continues with another leader.
    pub(crate) fn on_new_leader(&mut self, event: &NewLeader, handler: &mut impl EventHandler) {
        self.session.on_new_leader(MemberId(event.leader_member_id), handler);
    }

    /// The cluster session is lost.
    pub(crate) fn on_disconnected(&mut self, reason: DisconnectReason, handler: &mut impl EventHandler) {
        self.session.on_disconnected(reason, handler);
    }

    /// The cluster session has ended for good: [`advance`](Self::advance) tells.
    pub(crate) fn on_ended(&mut self, error: ClusterError) {
        self.ended = Some(error);
    }

    /// Tells the session of connect requests that may lead to a cluster session which nobody uses: a request beside an
    /// open session, or one without an answer.
    #[inline]
    fn note_connect_requests(&mut self) {
        let is_unanswered = if self.session.is_connected() {
            self.connect_requests_seen != self.connects.requests.get()
        } else {
            matches!(self.problem, Some(ConnectProblem::NoAnswer(_)))
        };
        self.connect_requests_seen = self.connects.requests.get();
        if is_unanswered {
            self.session.on_unanswered_connect_request();
        }
    }

    #[inline]
    fn split(&mut self) -> (&mut Session, ClusterIngress<'_>) {
        (&mut self.session, ClusterIngress { cluster: &self.cluster, signer: &mut self.signer })
    }
}

/// Commands and requests. Commands return their number, which counts from 1 in each instrument.
impl TradingSession {
    /// Enters an order (FIX message D).
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent.
    #[inline]
    pub fn new_order(&mut self, instrument: InstrumentId, order: &NewOrder) -> Result<CommandNumber, SendError> {
        let (session, mut ingress) = self.split();
        session.new_order(&mut ingress, instrument, order)
    }

    /// Cancels an order (FIX message F).
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent.
    #[inline]
    pub fn cancel(
        &mut self,
        instrument: InstrumentId,
        orig_client_order_id: ClientOrderId,
    ) -> Result<CommandNumber, SendError> {
        let (session, mut ingress) = self.split();
        session.cancel(&mut ingress, instrument, orig_client_order_id)
    }

    /// Changes an order (FIX message G).
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent.
    #[inline]
    pub fn replace(&mut self, instrument: InstrumentId, replace: &Replace) -> Result<CommandNumber, SendError> {
        let (session, mut ingress) = self.split();
        session.replace(&mut ingress, instrument, replace)
    }

    /// Cancels the participant's own orders in the instrument, of one side or (`None`) of both (FIX message q).
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent.
    pub fn mass_cancel(&mut self, instrument: InstrumentId, side: Option<Side>) -> Result<CommandNumber, SendError> {
        let (session, mut ingress) = self.split();
        session.mass_cancel(&mut ingress, instrument, side)
    }

    /// Operator: cancels the orders of `target` in the instrument, of one side or (`None`) of both.
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent.
    pub fn mass_cancel_of(
        &mut self,
        instrument: InstrumentId,
        target: ParticipantId,
        side: Option<Side>,
    ) -> Result<CommandNumber, SendError> {
        let (session, mut ingress) = self.split();
        session.mass_cancel_of(&mut ingress, instrument, target, side)
    }

    /// Cancels the participant's own orders in all instruments of the cluster, of one side or (`None`) of both (FIX message q,
    /// 530 = 7). The command is numbered in the scope of [`InstrumentId::NONE`]; its answer, a
    /// [`ReportBody::MassCancelAll`](crate::vocabulary::ReportBody::MassCancelAll), comes before the reports of the orders.
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent.
    pub fn mass_cancel_all(&mut self, side: Option<Side>) -> Result<CommandNumber, SendError> {
        let (session, mut ingress) = self.split();
        session.mass_cancel_all(&mut ingress, side)
    }

    /// Operator: cancels the orders of `target` in an instrument, or with [`InstrumentId::NONE`] in all instruments of the
    /// cluster, of one side or (`None`) of both. Of [`MassCancelTarget::Everybody`] in all instruments only both.
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent.
    pub fn mass_cancel_all_of(
        &mut self,
        instrument: InstrumentId,
        target: MassCancelTarget,
        side: Option<Side>,
    ) -> Result<CommandNumber, SendError> {
        let (session, mut ingress) = self.split();
        session.mass_cancel_all_of(&mut ingress, instrument, target, side)
    }

    /// Operator: defines an instrument, which begins to trade. The command is numbered in the scope of
    /// [`InstrumentId::NONE`].
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent.
    pub fn define_instrument(&mut self, definition: &InstrumentDefinition) -> Result<CommandNumber, SendError> {
        let (session, mut ingress) = self.split();
        session.define_instrument(&mut ingress, definition)
    }

    /// Operator: changes the state of an instrument. A `reference_price` of `None` keeps the present one.
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent.
    pub fn set_instrument_state(
        &mut self,
        instrument: InstrumentId,
        state: InstrumentState,
        reference_price: Option<Price>,
    ) -> Result<CommandNumber, SendError> {
        let (session, mut ingress) = self.split();
        session.set_instrument_state(&mut ingress, instrument, state, reference_price)
    }

    /// Operator: sets a participant's limits. The command is numbered in the scope of [`InstrumentId::NONE`].
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent.
    pub fn set_risk_limits(&mut self, target: ParticipantId, limits: &RiskLimits) -> Result<CommandNumber, SendError> {
        let (session, mut ingress) = self.split();
        session.set_risk_limits(&mut ingress, target, limits)
    }

    /// Operator, or a participant for itself: engages or releases a kill switch, at the sender's level and those
    /// below; when it is engaged, `working_orders` says what happens to live orders. The command is numbered in the scope of
    /// [`InstrumentId::NONE`].
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent.
    pub fn set_kill_switch(
        &mut self,
        target: ParticipantId,
        kill_switch: KillSwitch,
        working_orders: WorkingOrders,
    ) -> Result<CommandNumber, SendError> {
        let (session, mut ingress) = self.split();
        session.set_kill_switch(&mut ingress, target, kill_switch, working_orders)
    }

    /// Operator: cancels or corrects a trade of the instrument. No order changes.
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent.
    pub fn amend_trade(
        &mut self,
        instrument: InstrumentId,
        trade_id: TradeId,
        amendment: TradeAmendment,
    ) -> Result<CommandNumber, SendError> {
        let (session, mut ingress) = self.split();
        session.amend_trade(&mut ingress, instrument, trade_id, amendment)
    }

    /// Operator: makes a version of order entry active in the cluster, after all its members have been upgraded to a program that
    /// knows it: a member that does not know it ends. It is not answered, and not kept.
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent.
    pub fn activate_protocol_version(&mut self, version: ProtocolVersion) -> Result<(), SendError> {
        let (session, mut ingress) = self.split();
        session.activate_protocol_version(&mut ingress, version)
    }

    /// Asks once for the book of an instrument, with `depth` levels of each side (at most
    /// [`MAXIMUM_DEPTH`](crate::vocabulary::MAXIMUM_DEPTH)). The answer comes to [`EventHandler::on_book`] with
    /// `request_id`. The request is not kept: if no answer comes, it has to be made again.
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent.
    pub fn request_book(&mut self, instrument: InstrumentId, depth: u16, request_id: u64) -> Result<(), SendError> {
        let (session, mut ingress) = self.split();
        session.request_book(&mut ingress, instrument, depth, request_id)
    }

    /// Asks once for any part of a book, in any detail; otherwise as [`Self::request_book`].
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent.
    pub fn request_part_of_book(&mut self, request: &BookRequest) -> Result<(), SendError> {
        let (session, mut ingress) = self.split();
        session.request_part_of_book(&mut ingress, request)
    }

    /// Asks for the participant's own open orders in an instrument, or with [`InstrumentId::NONE`] in all instruments of
    /// the cluster. They come to [`EventHandler::on_open_orders`] in parts, among the events, and
    /// [`StateRebuilt`](crate::Status::StateRebuilt) or [`RebuildRefused`](crate::Status::RebuildRefused) ends them. The
    /// session asks until it is answered.
    ///
    /// # Errors
    /// [`SendError::Ended`].
    pub fn rebuild(&mut self, instrument: InstrumentId) -> Result<(), SendError> {
        self.session.rebuild(instrument)
    }

    /// Whether open orders that were asked for, or that the session asks for by itself, are still to be told.
    pub fn is_rebuilding(&self) -> bool {
        self.session.is_rebuilding()
    }

    /// Asks once for one of the participant's own orders. The answer comes to [`EventHandler::on_order_status`]. The
    /// request is not kept: if no answer comes, it has to be made again. Its number is less than 2^63.
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent.
    pub fn request_order_status(&mut self, request: &OrderStatusRequest) -> Result<(), SendError> {
        let (session, mut ingress) = self.split();
        session.request_order_status(&mut ingress, request)
    }

    /// Asks once for a part of the participant's own open orders; otherwise as [`Self::request_order_status`].
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent.
    pub fn request_open_orders(&mut self, request: &OrderMassStatusRequest) -> Result<(), SendError> {
        let (session, mut ingress) = self.split();
        session.request_open_orders(&mut ingress, request)
    }

    /// Asks for the events of all participants in an instrument, or in all instruments ([`InstrumentId::NONE`]), from
    /// now on and in every further cluster session. Drop copies are not resumed: they have a gap where the session had
    /// one.
    ///
    /// # Errors
    /// [`SendError::TooManyDropCopies`], [`SendError::Ended`].
    pub fn request_drop_copy(&mut self, instrument: InstrumentId) -> Result<(), SendError> {
        self.session.request_drop_copy(instrument)
    }

    /// Begins to follow the participant's own events in an instrument, also without a command, or asks whether any were
    /// missed. [`Self::is_current`] tells when all have been delivered.
    ///
    /// # Errors
    /// [`SendError::TooManyInstruments`], [`SendError::Ended`].
    pub fn resume(&mut self, instrument: InstrumentId) -> Result<(), SendError> {
        self.session.resume(instrument)
    }
}

impl AsMut<Session> for TradingSession {
    fn as_mut(&mut self) -> &mut Session {
        &mut self.session
    }
}

/// Passes on what a group of this session alone hears.
struct OneListener<'a, H> {
    session: &'a mut TradingSession,
    handler: &'a mut H,
}

impl<H: EventHandler> GroupListener for OneListener<'_, H> {
    fn on_connected(&mut self, _session: SessionIndex, event: &Connected) {
        self.session.on_connected(event, self.handler);
    }

    #[inline]
    fn on_message(&mut self, _session: SessionIndex, cluster_session_id: i64, _timestamp: i64, message: &[u8]) {
        self.session.on_message(cluster_session_id, message, self.handler);
    }

    fn on_new_leader(&mut self, _session: SessionIndex, event: &NewLeader) {
        self.session.on_new_leader(event, self.handler);
    }

    fn on_disconnected(&mut self, _session: SessionIndex, reason: DisconnectReason) {
        self.session.on_disconnected(reason, self.handler);
    }

    fn on_ended(&mut self, _session: SessionIndex, error: ClusterError) {
        self.session.on_ended(error);
    }
}

/// A signer for a session with this secret, which is empty in a deployment without keys.
fn signer(session_secret: &[u8]) -> Option<MessageSigner> {
    session_secret.try_into().ok().map(|bytes| MessageSigner::new(SessionKey::new(bytes)))
}

/// Passes on the messages of the state machine to the leader, signed if the session has a key.
struct ClusterIngress<'a> {
    cluster: &'a ClusterLink,
    signer: &'a mut Option<MessageSigner>,
}

impl Ingress for ClusterIngress<'_> {
    #[inline]
    fn offer(&mut self, message: &[u8]) -> Offered {
        let trailer = self.signer.as_mut().map(|signer| signer.trailer(message));
        let parts = [message, trailer.as_ref().map_or(&[], |trailer| trailer.as_slice())];
        let parts = if trailer.is_some() { &parts[..] } else { &parts[..1] };
        for _ in 0..ADMIN_ACTION_ATTEMPTS {
            match self.cluster.offer_parts(parts) {
                Ok(_) => return Offered::Sent,
                Err(OfferError::AdminAction) => {}
                Err(OfferError::BackPressured) => return Offered::BackPressured,
                Err(_) => return Offered::NotConnected,
            }
        }
        Offered::BackPressured
    }
}
