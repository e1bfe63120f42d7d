//! A participant's session over all its scopes: a state machine without I/O.
//!
//! Inputs are what the cluster client hears ([`Session::on_connected`], [`Session::on_new_leader`],
//! [`Session::on_disconnected`], [`Session::on_message`]), what the program asks for ([`Session::new_order`] and the
//! others, in `commands`), and time ([`Session::do_work`]). Outputs are messages to an [`Ingress`] and calls of an [`EventHandler`].
//! The driver beside it is [`TradingSession`](crate::TradingSession).

use aeron_cluster_client::DisconnectReason;
use lugus_vocabulary::{Book, InstrumentId, MessageRejectReason, ParticipantId, Reply, Report};

use crate::config::Limits;
use crate::error::SendError;
use crate::retry::{Delays, ListeningClock, RetryPolicy};
use crate::scope::{After, Flushed, NEVER, Scope, Turn, Visit};
use crate::status::{Disconnection, DropReason, EventHandler, Status};
use crate::wire::commands::MAXIMUM_LENGTH;
use crate::wire::{self, Inbound};

/// What a scope needs to act, out of the session's fields beside it.
macro_rules! turn {
    ($self:ident, $handler:expr) => {
        Turn { time: $self.clock.time(), delays: &mut $self.delays, handler: $handler }
    };
}

mod commands;
mod moves;

/// Most instruments that drop copies are asked for; [`InstrumentId::NONE`] stands for all.
pub const MAXIMUM_DROP_COPIES: usize = 64;

/// How long a connect request that was given up may still come to a session, in nanoseconds.
const ORPHAN_TIME: u64 = 5_000_000_000;

/// Where messages to the cluster go.
pub trait Ingress {
    /// Sends a whole message, or nothing of it.
    fn offer(&mut self, message: &[u8]) -> Offered;
}

/// What became of an offered message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offered {
    /// It is on its way.
    Sent,
    /// Not now; a moment later perhaps.
    BackPressured,
    /// There is no leader to send to.
    NotConnected,
}

/// See the module.
#[derive(Debug)]
pub struct Session {
    participant: ParticipantId,
    limits: Limits,
    connection: Connection,
    scopes: Vec<Scope>,
    /// Instrument and index in `scopes`, by instrument.
    index: Vec<(InstrumentId, u32)>,
    /// Scopes that have something to send.
    listed: Vec<u32>,
    drop_copies: Vec<DropCopy>,
    clock: ListeningClock,
    delays: Delays,
    /// No scope's deadline is before this.
    next_deadline: u64,
    wants_new_session: bool,
    /// Until then a session that took over may be one of our own making.
    orphan_until: u64,
    book: Book,
    /// Instruments whose scopes may be opened here; `None` for all.
    admitted: Option<Vec<InstrumentId>>,
    /// Scopes that have left this cluster session.
    visits: Vec<Visit>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Connection {
    Disconnected,
    Connected {
        cluster_session_id: i64,
        leader_member_id: i32,
    },
    /// For good.
    Ended,
}

#[derive(Debug, Clone, Copy)]
struct DropCopy {
    instrument: InstrumentId,
    is_sent: bool,
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
            listed: Vec::new(),
            drop_copies: Vec::new(),
            clock: ListeningClock::default(),
            delays: Delays::new(policy, seed),
            next_deadline: NEVER,
            wants_new_session: false,
            orphan_until: 0,
            book: Book::with_room(),
            admitted: None,
            visits: Vec::new(),
        }
    }

    /// Whose session it is.
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

    /// The member that leads, while connected.
    pub fn leader_member_id(&self) -> Option<i32> {
        match self.connection {
            Connection::Connected { leader_member_id, .. } => Some(leader_member_id),
            _ => None,
        }
    }

    /// Commands without an outcome, of all instruments.
    pub fn outstanding(&self) -> usize {
        self.scopes.iter().map(Scope::outstanding).sum()
    }

    /// Commands of one instrument without an outcome.
    pub fn outstanding_of(&self, instrument: InstrumentId) -> usize {
        self.scope(instrument).map_or(0, Scope::outstanding)
    }

    /// What is added to a [`CommandNumber`](crate::CommandNumber) of `instrument` to have the number on the wire; `None` until the cluster
    /// has told, and while a new session asks.
    pub fn sequence_offset(&self, instrument: InstrumentId) -> Option<i64> {
        self.scope(instrument).and_then(Scope::sequence_offset)
    }

    /// Whether every event of `instrument` has been delivered that the cluster had when it was last asked
    /// ([`Self::resume`]).
    pub fn is_current(&self, instrument: InstrumentId) -> bool {
        self.scope(instrument).is_some_and(Scope::is_current)
    }

    /// Whether the cluster session is to be closed and a new one opened. Says so once.
    pub fn take_wants_new_session(&mut self) -> bool {
        std::mem::take(&mut self.wants_new_session)
    }
}

/// What the cluster client hears.
impl Session {
    /// A new cluster session is open.
    pub fn on_connected(&mut self, cluster_session_id: i64, leader_member_id: i32, handler: &mut impl EventHandler) {
        if self.has_ended() {
            return;
        }
        self.connection = Connection::Connected { cluster_session_id, leader_member_id };
        self.wants_new_session = false;
        self.visits.clear();
        handler.on_status(&Status::Connected { cluster_session_id, leader_member_id });
        self.drop_copies.iter_mut().for_each(|drop_copy| drop_copy.is_sent = false);
        self.for_all_scopes(handler, |scope, turn| scope.on_connected(turn));
    }

    /// A connect request of ours went out beside an open session, or found no answer: it may come to a session that
    /// nobody uses and that takes over from the one in use. That one is closed by the cluster and replaced by a new
    /// one, so that all is well again; but it must not be taken for another process's doing.
    pub fn on_unanswered_connect_request(&mut self) {
        self.orphan_until = self.clock.time() + ORPHAN_TIME;
    }

    /// The session goes on with another leader, and ingress to it is open.
    pub fn on_new_leader(&mut self, leader_member_id: i32, handler: &mut impl EventHandler) {
        let Connection::Connected { cluster_session_id, .. } = self.connection else { return };
        self.connection = Connection::Connected { cluster_session_id, leader_member_id };
        handler.on_status(&Status::NewLeader { leader_member_id });
        self.drop_copies.iter_mut().for_each(|drop_copy| drop_copy.is_sent = false);
        self.for_all_scopes(handler, |scope, turn| scope.on_new_leader(turn));
    }

    /// The cluster session is gone.
    pub fn on_disconnected(&mut self, reason: DisconnectReason, handler: &mut impl EventHandler) {
        if self.is_connected() {
            self.disconnect(Disconnection::Cluster(reason), handler);
        }
    }

    /// A message of the cluster in the session `cluster_session_id`. Bytes that are no such message are told as
    /// [`Status::MessageDropped`].
    #[inline]
    pub fn on_message(&mut self, cluster_session_id: i64, message: &[u8], handler: &mut impl EventHandler) {
        match self.connection {
            Connection::Connected { cluster_session_id: current, .. } if current == cluster_session_id => {}
            _ => return,
        }
        match wire::decode(message, &mut self.book) {
            Ok(Inbound::Report(report)) => self.on_report(&report, handler),
            Ok(answer) => self.on_answer(&answer, handler),
            Err(error) => {
                tracing::warn!(%error, bytes = message.len(), "a message of the cluster cannot be read");
                handler.on_status(&Status::MessageDropped { reason: DropReason::Malformed(error) });
            }
        }
    }

    #[inline]
    fn on_report(&mut self, report: &Report, handler: &mut impl EventHandler) {
        if report.participant != self.participant {
            handler.on_drop_copy(report);
            return;
        }
        if !self.admits(report.instrument) {
            return;
        }
        let Ok(index) = self.find_or_open(report.instrument, handler) else {
            let reason = DropReason::TooManyInstruments(report.instrument);
            handler.on_status(&Status::MessageDropped { reason });
            return;
        };
        self.scopes[index].on_report(report, &mut turn!(self, handler));
        self.after_input(index);
    }

    fn on_answer(&mut self, answer: &Inbound, handler: &mut impl EventHandler) {
        match *answer {
            Inbound::Report(ref report) => self.on_report(report, handler),
            Inbound::Reply(ref reply) => self.on_reply(reply, handler),
            Inbound::MessageReject { template_id, reason } => self.on_message_reject(template_id, reason, handler),
            Inbound::SessionReplaced => self.on_session_replaced(handler),
            Inbound::BookPart => {}
            Inbound::Book => handler.on_book(&self.book),
            Inbound::BookReject { request_id, instrument } => {
                handler.on_status(&Status::BookRefused { request_id, instrument });
            }
        }
    }

    fn on_reply(&mut self, reply: &Reply, handler: &mut impl EventHandler) {
        match *reply {
            Reply::Again(ref report) => self.on_report(report, handler),
            Reply::ResumeComplete { instrument, last_client_sequence, last_event_sequence } => {
                self.with_scope(instrument, handler, |scope, turn| {
                    scope.on_resume_complete(last_client_sequence.0, last_event_sequence.0, turn);
                    After::Nothing
                });
            }
            Reply::EventGap { instrument, client_sequence, first_retained, last_event_sequence, lost_through } => {
                self.with_scope(instrument, handler, |scope, turn| {
                    let (first, last) = (first_retained.0, last_event_sequence.0);
                    scope.on_event_gap(client_sequence.0, first, last, lost_through, turn);
                    After::Nothing
                });
            }
            Reply::SequenceReject { instrument, expected, .. } => {
                self.with_scope(instrument, handler, |scope, turn| scope.on_sequence_reject(expected.0, turn));
            }
            Reply::Refused { instrument, client_sequence, reason } => {
                self.with_scope(instrument, handler, |scope, turn| scope.on_refused(client_sequence.0, reason, turn));
            }
            Reply::Moved { instrument, client_sequence, epoch } => {
                self.with_scope(instrument, handler, |scope, turn| {
                    scope.on_moved(client_sequence.0, epoch, turn);
                    After::Nothing
                });
            }
        }
    }

    fn on_message_reject(&mut self, template_id: u16, reason: MessageRejectReason, handler: &mut impl EventHandler) {
        handler.on_status(&Status::MessageRejected { template_id, reason });
        match reason {
            // The notice that a newer session took over may be lost; this tells the same.
            MessageRejectReason::NoParticipant => self.on_session_replaced(handler),
            MessageRejectReason::NotAuthorised | MessageRejectReason::LimitDropCopies => self.drop_copies.clear(),
            _ => {}
        }
    }

    fn on_session_replaced(&mut self, handler: &mut impl EventHandler) {
        if self.clock.time() < self.orphan_until {
            tracing::info!("a session of our own making took over: waiting for a new one");
            return;
        }
        handler.on_status(&Status::SessionReplaced);
        self.end(handler);
    }

    /// The session ends for good: what is outstanding is given up.
    pub fn end(&mut self, handler: &mut impl EventHandler) {
        self.connection = Connection::Ended;
        self.for_all_scopes(handler, |scope, turn| scope.end(turn.handler));
    }
}

/// Time, and what is to be sent.
impl Session {
    /// Looks at the clock and sends what waits; returns how many messages and time-outs there were. Call it when all that
    /// came has been given to [`Self::on_message`].
    ///
    /// `now`: nanoseconds of a clock that does not go back.
    #[inline]
    pub fn do_work(&mut self, now: u64, ingress: &mut impl Ingress, handler: &mut impl EventHandler) -> usize {
        let mut work = 0;
        if self.clock.advance(now) >= self.next_deadline {
            work += self.on_deadlines(handler);
        }
        if self.is_connected() && !(self.listed.is_empty() && self.drop_copies.iter().all(|it| it.is_sent)) {
            work += self.flush(ingress);
        }
        work
    }

    fn on_deadlines(&mut self, handler: &mut impl EventHandler) -> usize {
        let (time, is_connected) = (self.clock.time(), self.is_connected());
        let mut due = 0;
        let mut after = After::Nothing;
        self.next_deadline = NEVER;
        for index in 0..self.scopes.len() {
            if self.scopes[index].deadline() <= time {
                due += 1;
                if self.scopes[index].on_deadline(is_connected, &mut turn!(self, handler)) == After::NewSession {
                    after = After::NewSession;
                }
            }
            self.after_input(index);
        }
        self.obey(after, handler);
        due
    }

    fn flush(&mut self, ingress: &mut impl Ingress) -> usize {
        let mut sent = 0;
        let mut buffer = [0; MAXIMUM_LENGTH];
        for drop_copy in self.drop_copies.iter_mut().filter(|drop_copy| !drop_copy.is_sent) {
            if ingress.offer(wire::commands::drop_copy(drop_copy.instrument, &mut buffer)) != Offered::Sent {
                return sent;
            }
            drop_copy.is_sent = true;
            sent += 1;
        }
        let mut done = 0;
        for index in &self.listed {
            let scope = &mut self.scopes[*index as usize];
            if scope.has_work() && scope.flush(ingress) != Flushed::All {
                break;
            }
            scope.is_listed = false;
            done += 1;
        }
        self.listed.drain(..done);
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
            self.scopes[index].open(&mut turn!(self, handler));
        }
        self.after_input(index);
        Ok(index)
    }

    fn with_scope<H: EventHandler>(
        &mut self,
        instrument: InstrumentId,
        handler: &mut H,
        input: impl FnOnce(&mut Scope, &mut Turn<'_, H>) -> After,
    ) {
        let Ok(at) = self.position(instrument) else { return };
        let index = self.index[at].1 as usize;
        let after = input(&mut self.scopes[index], &mut turn!(self, handler));
        self.after_input(index);
        self.obey(after, handler);
    }

    fn for_all_scopes<H: EventHandler>(
        &mut self,
        handler: &mut H,
        mut input: impl FnMut(&mut Scope, &mut Turn<'_, H>),
    ) {
        self.next_deadline = NEVER;
        for index in 0..self.scopes.len() {
            input(&mut self.scopes[index], &mut turn!(self, handler));
            self.after_input(index);
        }
    }

    /// Notes when the scope is due, and whether it has something to send.
    #[inline]
    fn after_input(&mut self, index: usize) {
        let scope = &mut self.scopes[index];
        self.next_deadline = self.next_deadline.min(scope.deadline());
        if !scope.is_listed && scope.has_work() {
            scope.is_listed = true;
            self.listed.push(index as u32);
        }
    }

    fn obey(&mut self, after: After, handler: &mut impl EventHandler) {
        if after == After::NewSession && self.is_connected() {
            self.disconnect(Disconnection::Unanswered, handler);
            self.wants_new_session = true;
        }
    }

    fn disconnect(&mut self, reason: Disconnection, handler: &mut impl EventHandler) {
        self.connection = Connection::Disconnected;
        handler.on_status(&Status::Disconnected { reason });
        self.for_all_scopes(handler, |scope, turn| scope.on_disconnected(turn));
    }
}
