//! A participant's session with one cluster, over all its scopes: a state machine without I/O.
//!
//! Inputs are what the cluster client hears ([`Session::on_connected`], [`Session::on_new_leader`],
//! [`Session::on_disconnected`], [`Session::on_message`]), what the program asks for ([`Session::new_order`] and the
//! other commands), and time ([`Session::do_work`]). Outputs are messages to an [`Ingress`] and calls of an
//! [`EventHandler`]. The driver beside it is [`TradingSession`](crate::TradingSession).
//!
//! | module | what it does |
//! |---|---|
//! | `answers` | messages of the cluster |
//! | `commands` | commands and requests of the program |
//! | `firms` | commands about firms, and the events of a firm |
//! | `open_orders` | the participant's own open orders, asked for and told |
//! | `relocation` | scopes that go to another cluster's session and come from one |

mod answers;
mod commands;
mod firms;
mod open_orders;
mod quotes;
mod relocation;

use aeron_cluster_client::DisconnectReason;
use lugus_codecs::order_entry::{MAXIMUM_COMMAND_LENGTH, encode_cancel_on_disconnect, encode_drop_copy};
use lugus_vocabulary::{Book, GraceTime, InstrumentId, MemberId, OrderStatusReport, ParticipantId};

use crate::config::Limits;
use crate::error::SendError;
use crate::followed_firm::FollowedFirm;
use crate::ingress::{Ingress, Offered};
use crate::listening_clock::ListeningClock;
use crate::rebuild::Rebuild;
use crate::retry::{Delays, RetryPolicy};
use crate::scope::context::{Flushed, NEVER, ScopeContext, SessionAction};
use crate::scope::{Departure, Scope};
use crate::status::{Disconnection, EventHandler, Status};

/// What a scope needs to act, out of the session's fields beside the scope.
macro_rules! scope_context {
    ($self:ident, $handler:expr) => {
        ScopeContext { time: $self.clock.time(), delays: &mut $self.delays, handler: $handler }
    };
}
use scope_context;

/// Largest number of instruments of which a session can ask for drop copies; [`InstrumentId::NONE`] stands for all
/// instruments.
pub const MAXIMUM_DROP_COPIES: usize = 64;

/// For how long a connect request that was given up may still lead to a session, in nanoseconds.
const ORPHAN_TIME: u64 = 5_000_000_000;

/// A participant's session with one cluster: see the module.
#[derive(Debug)]
pub struct Session {
    participant: ParticipantId,
    limits: Limits,
    connection: Connection,
    scopes: Vec<Scope>,
    /// Instrument and index in `scopes`, by instrument.
    index: Vec<(InstrumentId, u32)>,
    /// Indexes of the scopes that have something to send, in the order in which they are served.
    queue: Vec<u32>,
    drop_copies: Vec<DropCopy>,
    choice: Choice,
    clock: ListeningClock,
    delays: Delays,
    /// No scope's deadline is before this.
    next_deadline: u64,
    wants_new_session: bool,
    /// Whether the cluster has answered a request of this session, in any cluster session.
    was_answered: bool,
    /// Whether the cluster has refused the session, as the participant has another one.
    was_refused: bool,
    /// Until then, a session that took over may come from this client's own connect request that was given up.
    orphan_until: u64,
    book: Book,
    /// The last report of own orders; its room is used again.
    order_status: OrderStatusReport,
    rebuild: Rebuild,
    followed_firm: FollowedFirm,
    /// Instruments whose scopes may be opened here, sorted; `None` for all.
    admitted: Option<Vec<InstrumentId>>,
    /// Scopes that have left this cluster session.
    departures: Vec<Departure>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Connection {
    Disconnected,
    Connected {
        cluster_session_id: i64,
        leader_member_id: MemberId,
    },
    /// For good.
    Ended,
}

/// Instrument of which all participants' events are asked for.
#[derive(Debug, Clone, Copy)]
struct DropCopy {
    instrument: InstrumentId,
    /// Whether the request has been sent in the present cluster session and term.
    is_sent: bool,
}

/// What happens when the participant is disconnected.
#[derive(Debug, Clone, Copy)]
struct Choice {
    cancel_on_disconnect: Option<GraceTime>,
    /// Whether the request has been sent in the present cluster session and term, or need not be.
    is_sent: bool,
}

impl Choice {
    /// A new session has made no choice, and one that orders stay is none.
    fn begin(&mut self) {
        self.is_sent = self.cancel_on_disconnect.is_none();
    }
}

impl AsMut<Session> for Session {
    fn as_mut(&mut self) -> &mut Session {
        self
    }
}

impl Session {
    /// A session of `participant` that is not connected. `seed` makes the jitter of re-sends differ between clients.
    pub fn new(participant: ParticipantId, limits: Limits, policy: &RetryPolicy, seed: u64) -> Self {
        Self {
            participant,
            limits,
            connection: Connection::Disconnected,
            scopes: Vec::new(),
            index: Vec::new(),
            queue: Vec::new(),
            drop_copies: Vec::new(),
            choice: Choice { cancel_on_disconnect: None, is_sent: true },
            clock: ListeningClock::default(),
            delays: Delays::new(policy, seed),
            next_deadline: NEVER,
            wants_new_session: false,
            was_answered: false,
            was_refused: false,
            orphan_until: 0,
            book: Book::with_room(),
            order_status: OrderStatusReport::default(),
            rebuild: Rebuild::default(),
            followed_firm: FollowedFirm::default(),
            admitted: None,
            departures: Vec::new(),
        }
    }

    /// The same session, in which the participant's orders are canceled after this time when it is disconnected.
    #[must_use]
    pub fn with_cancel_on_disconnect(mut self, grace: Option<GraceTime>) -> Self {
        self.choice = Choice { cancel_on_disconnect: grace, is_sent: grace.is_none() };
        self
    }

    /// The participant that trades.
    pub fn participant(&self) -> ParticipantId {
        self.participant
    }

    /// Whether a cluster session is open.
    pub fn is_connected(&self) -> bool {
        matches!(self.connection, Connection::Connected { .. })
    }

    /// Whether the session has ended for good.
    pub fn has_ended(&self) -> bool {
        self.connection == Connection::Ended
    }

    /// Whether the cluster has answered a request of this session, so that it has taken the session for its participant's.
    #[inline]
    pub fn was_answered(&self) -> bool {
        self.was_answered
    }

    /// Whether the session has ended because the participant has another one, which this one was not to replace.
    pub fn was_refused(&self) -> bool {
        self.was_refused
    }

    /// The member that leads, while the session is connected.
    pub fn leader_member_id(&self) -> Option<MemberId> {
        match self.connection {
            Connection::Connected { leader_member_id, .. } => Some(leader_member_id),
            _ => None,
        }
    }

    /// Number of commands without an outcome, of all instruments.
    pub fn outstanding(&self) -> usize {
        self.scopes.iter().map(Scope::outstanding).sum()
    }

    /// Number of commands of one instrument without an outcome.
    pub fn outstanding_of(&self, instrument: InstrumentId) -> usize {
        self.scope(instrument).map_or(0, Scope::outstanding)
    }

    /// What is added to a [`CommandNumber`](crate::CommandNumber) of `instrument` to have the number on the wire
    /// ([`ClientSequence`](crate::ClientSequence)); `None` until the cluster has told, and while a new cluster session
    /// asks.
    pub fn sequence_offset(&self, instrument: InstrumentId) -> Option<i64> {
        self.scope(instrument).and_then(Scope::sequence_offset)
    }

    /// Whether every event of `instrument` has been delivered that the cluster had when it was last asked
    /// ([`Self::resume`]).
    pub fn is_current(&self, instrument: InstrumentId) -> bool {
        self.scope(instrument).is_some_and(Scope::is_current)
    }

    /// Whether the cluster session must be closed and a new one opened. This is returned once.
    pub fn take_wants_new_session(&mut self) -> bool {
        std::mem::take(&mut self.wants_new_session)
    }
}

/// What the cluster client hears of the connection.
impl Session {
    /// A new cluster session is open.
    pub fn on_connected(
        &mut self,
        cluster_session_id: i64,
        leader_member_id: MemberId,
        handler: &mut impl EventHandler,
    ) {
        if self.has_ended() {
            return;
        }
        self.connection = Connection::Connected { cluster_session_id, leader_member_id };
        self.wants_new_session = false;
        self.departures.clear();
        handler.on_status(&Status::Connected { cluster_session_id, leader_member_id });
        self.drop_copies.iter_mut().for_each(|drop_copy| drop_copy.is_sent = false);
        self.choice.begin();
        self.for_all_scopes(handler, |scope, context| scope.on_connected(context));
        self.rebuild.on_connected(self.clock.time());
        self.followed_firm.on_connected(self.clock.time());
    }

    /// A connect request of this session went out beside an open cluster session, or found no answer: it may still lead
    /// to a cluster session that nobody uses and that takes over from the one in use. The cluster then closes that one,
    /// and a new one is opened, so that all is well again; but it must not be taken for another process's doing.
    pub fn on_unanswered_connect_request(&mut self) {
        self.orphan_until = self.clock.time() + ORPHAN_TIME;
    }

    /// The cluster session continues with another leader, and ingress to it is open.
    pub fn on_new_leader(&mut self, leader_member_id: MemberId, handler: &mut impl EventHandler) {
        let Connection::Connected { cluster_session_id, .. } = self.connection else { return };
        self.connection = Connection::Connected { cluster_session_id, leader_member_id };
        handler.on_status(&Status::NewLeader { leader_member_id });
        self.drop_copies.iter_mut().for_each(|drop_copy| drop_copy.is_sent = false);
        self.choice.begin();
        self.for_all_scopes(handler, |scope, context| scope.on_new_leader(context));
        self.rebuild.on_new_leader(self.clock.time());
        self.followed_firm.on_connected(self.clock.time());
    }

    /// The cluster session has ended.
    pub fn on_disconnected(&mut self, reason: DisconnectReason, handler: &mut impl EventHandler) {
        if self.is_connected() {
            self.disconnect(Disconnection::Cluster(reason), handler);
        }
    }

    /// The session ends for good: outstanding commands are given up.
    pub fn end(&mut self, handler: &mut impl EventHandler) {
        self.connection = Connection::Ended;
        self.rebuild = Rebuild::default();
        self.followed_firm = FollowedFirm::default();
        self.for_all_scopes(handler, |scope, context| scope.end(context.handler));
    }
}

/// Time, and sending.
impl Session {
    /// Looks at the clock and sends what waits; returns the number of messages and time-outs. To be called when all
    /// that came has been given to [`Self::on_message`].
    ///
    /// `now`: nanoseconds of a clock that does not go back.
    #[inline]
    pub fn do_work(&mut self, now: u64, ingress: &mut impl Ingress, handler: &mut impl EventHandler) -> usize {
        let mut work = 0;
        if self.clock.advance(now) >= self.next_deadline {
            work += self.on_deadlines(handler);
        }
        if self.is_connected() && self.has_something_to_send() {
            work += self.flush(ingress);
        }
        // After what the scopes ask for, so that events come before the orders that they have changed; and after the choice
        // of cancel on disconnect, which is the first message of a session.
        if self.rebuild.due() <= self.clock.time() && self.is_connected() && !self.has_something_to_send() {
            work += self.flush_rebuild(ingress, handler);
        }
        if self.followed_firm.due() <= self.clock.time() && self.is_connected() && self.choice.is_sent {
            work += self.flush_followed_firm(ingress);
        }
        work
    }

    #[inline]
    fn has_something_to_send(&self) -> bool {
        !self.queue.is_empty() || !self.choice.is_sent || !self.drop_copies.iter().all(|it| it.is_sent)
    }

    fn on_deadlines(&mut self, handler: &mut impl EventHandler) -> usize {
        let (time, is_connected) = (self.clock.time(), self.is_connected());
        let mut due = 0;
        let mut action = SessionAction::Keep;
        self.next_deadline = NEVER;
        for index in 0..self.scopes.len() {
            if self.scopes[index].deadline() <= time {
                due += 1;
                let context = &mut scope_context!(self, handler);
                if self.scopes[index].on_deadline(is_connected, context) == SessionAction::Renew {
                    action = SessionAction::Renew;
                }
            }
            self.after_input(index);
        }
        self.perform(action, handler);
        due
    }

    fn flush(&mut self, ingress: &mut impl Ingress) -> usize {
        let mut sent = 0;
        let mut buffer = [0; MAXIMUM_COMMAND_LENGTH];
        // Before anything else, so that the session has made its choice when its first order comes.
        if !self.choice.is_sent {
            let request = encode_cancel_on_disconnect(self.choice.cancel_on_disconnect, &mut buffer);
            if ingress.offer(request) != Offered::Sent {
                return sent;
            }
            self.choice.is_sent = true;
            sent += 1;
        }
        for drop_copy in self.drop_copies.iter_mut().filter(|drop_copy| !drop_copy.is_sent) {
            if ingress.offer(encode_drop_copy(drop_copy.instrument, &mut buffer)) != Offered::Sent {
                return sent;
            }
            drop_copy.is_sent = true;
            sent += 1;
        }
        let mut done = 0;
        for index in &self.queue {
            let scope = &mut self.scopes[*index as usize];
            if scope.has_work() && scope.flush(ingress) != Flushed::All {
                break;
            }
            scope.is_queued = false;
            done += 1;
        }
        self.queue.drain(..done);
        sent + done
    }
}

/// Details.
impl Session {
    #[inline]
    fn position(&self, instrument: InstrumentId) -> Result<usize, usize> {
        self.index.binary_search_by_key(&instrument, |(instrument, _)| *instrument)
    }

    #[inline]
    fn scope(&self, instrument: InstrumentId) -> Option<&Scope> {
        let at = self.position(instrument).ok()?;
        self.scopes.get(self.index[at].1 as usize)
    }

    /// Index of the instrument's scope, which is opened if there is none.
    #[inline]
    fn find_or_open(&mut self, instrument: InstrumentId, handler: &mut impl EventHandler) -> Result<usize, SendError> {
        if self.has_ended() {
            return Err(SendError::Ended);
        }
        match self.position(instrument) {
            Ok(at) => Ok(self.index[at].1 as usize),
            Err(at) => self.open(at, instrument, handler),
        }
    }

    fn open(
        &mut self,
        at: usize,
        instrument: InstrumentId,
        handler: &mut impl EventHandler,
    ) -> Result<usize, SendError> {
        let index = self.scopes.len();
        if index == self.limits.maximum_instruments {
            return Err(SendError::TooManyInstruments { maximum: index });
        }
        self.index.insert(at, (instrument, index as u32));
        self.scopes.push(Scope::new(instrument, self.limits.maximum_outstanding));
        if self.is_connected() {
            self.scopes[index].open(&mut scope_context!(self, handler));
        }
        self.after_input(index);
        Ok(index)
    }

    fn for_all_scopes<H: EventHandler>(
        &mut self,
        handler: &mut H,
        mut input: impl FnMut(&mut Scope, &mut ScopeContext<'_, H>),
    ) {
        self.next_deadline = NEVER;
        for index in 0..self.scopes.len() {
            input(&mut self.scopes[index], &mut scope_context!(self, handler));
            self.after_input(index);
        }
    }

    /// Notes when the scope is due, and queues it if it has something to send.
    #[inline]
    fn after_input(&mut self, index: usize) {
        let scope = &mut self.scopes[index];
        self.next_deadline = self.next_deadline.min(scope.deadline());
        if !scope.is_queued && scope.has_work() {
            scope.is_queued = true;
            self.queue.push(index as u32);
        }
    }

    fn perform(&mut self, action: SessionAction, handler: &mut impl EventHandler) {
        if action == SessionAction::Renew && self.is_connected() {
            self.disconnect(Disconnection::Unanswered, handler);
            self.wants_new_session = true;
        }
    }

    fn disconnect(&mut self, reason: Disconnection, handler: &mut impl EventHandler) {
        self.connection = Connection::Disconnected;
        handler.on_status(&Status::Disconnected { reason });
        self.rebuild.on_disconnected();
        self.followed_firm.on_disconnected();
        self.for_all_scopes(handler, |scope, context| scope.on_disconnected(context));
    }
}
