//! One scope (participant, instrument): its numbers, its unanswered commands, its events; exactly once, in order.
//!
//! The rules, which simulated deployments check (`testing/simulator`):
//!
//! - Events are delivered by their number. An event that was seen is dropped. An event that is ahead is dropped too,
//!   and the missing events are asked for (`Resume`): what the cluster sends after it read a `Resume` comes in order.
//! - An event with a command's number settles that command. The rest of its events follow by the event numbers.
//! - A new cluster session is a fence: once it is open, nothing of an older session is applied. So in a new session
//!   the scope is *opening*: it sends `Resume`, and only the answer decides which commands are sent again, and with
//!   which numbers.
//! - Within a session a command keeps its number, so that a re-send can never be applied twice. Where a number
//!   becomes free while copies may be under way (a refusal after a re-send, a give-up), the session is left for a new
//!   one; so it is where a refusal may be an old leader's, of a command that had the number before.
//! - A move to another cluster is such a fence too: see `relocation`.
//!
//! | module | what it does |
//! |---|---|
//! | `context` | what a scope is given to act with, and what it asks of its session |
//! | `connection` | the cluster session comes and goes; deadlines |
//! | `sending` | takes commands, sends what waits, gives up |
//! | `answers` | events, and answers that are no events |
//! | `moving`, `relocation` | an instrument that moves to another cluster |
//!
//! Two numberings meet here. A *number* counts the commands of this process from 1 ([`CommandNumber`]); `offset` makes
//! it the *client sequence* that the cluster knows.
//!
//! [`CommandNumber`]: crate::CommandNumber

mod answers;
mod connection;
pub(crate) mod context;
mod moving;
mod relocation;
mod sending;

use lugus_vocabulary::{EventSequence, InstrumentId};

use self::context::{NEVER, ScopeContext};
pub(crate) use self::moving::Departure;
use self::moving::{MoveStage, Moving};
use crate::outstanding::Outstanding;

/// State of a scope in its cluster session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// The scope waits for its last numbers. No command of the scope has been sent in this session.
    Opening,
    /// New commands are sent at once.
    Open,
    /// A command was refused and its number not used. The commands in flight will be refused, too, and no new ones are
    /// sent.
    Refusing,
}

/// State of the request for events that the scope may have missed (`Resume`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ResumeState {
    /// No `Resume` is needed.
    Idle,
    /// `Resume` must be sent.
    Wanted,
    /// `Resume` has been sent and is not answered yet.
    Sent,
}

/// Numbers that were certain when the session began. If the cluster reports lower ones, it has lost its state.
#[derive(Debug, Clone, Copy, Default)]
struct Baseline {
    /// Highest client sequence known to be applied.
    applied: u64,
    /// Last event.
    event: u64,
}

/// The state of a scope: see the module.
#[derive(Debug)]
pub(crate) struct Scope {
    instrument: InstrumentId,
    stage: Stage,
    resume: ResumeState,
    /// Last event delivered when `Resume` was sent last.
    resumed_after: Option<u64>,
    /// Client sequence minus command number, wrapping: the number of commands applied before this session, minus the
    /// numbers that were not used.
    offset: u64,
    /// Rises whenever a number stands, or may stand, for another command than before: when `offset` changes, and when
    /// commands in flight are given up.
    numbering: u32,
    /// Highest client sequence known to be applied.
    applied_through: u64,
    /// Last event delivered, or skipped as lost; `None` until anything is known.
    last_event: Option<u64>,
    baseline: Baseline,
    outstanding: Outstanding,
    /// The newest command sent more than once since the last fence.
    resent_through: u64,
    /// Whether any command has been sent in this cluster session.
    sent_in_session: bool,
    /// Whether this cluster session has gone on with another leader: what the one before has told may still come.
    has_new_leader: bool,
    /// Whether commands were sent again after a `SequenceReject` since the last progress: several rejects report the same
    /// missing command.
    is_hole_filled: bool,
    /// Number of attempts before the present one that led to no progress.
    attempt: u32,
    /// Number of consecutive `Resume` requests that found no event missing.
    quiet_checks: u32,
    /// Listening time at which [`Self::on_deadline`] is due.
    deadline: u64,
    /// Whether events are lost, since that was last asked.
    has_gap: bool,
    /// Present while the instrument moves to another cluster.
    moving: Option<Moving>,
    /// Whether this scope is in the session's queue of scopes with something to send. Only the session uses it.
    pub(crate) is_queued: bool,
}

impl Scope {
    pub(crate) fn new(instrument: InstrumentId, maximum_outstanding: usize) -> Self {
        Self {
            instrument,
            stage: Stage::Opening,
            resume: ResumeState::Idle,
            resumed_after: None,
            offset: 0,
            numbering: 0,
            applied_through: 0,
            last_event: None,
            baseline: Baseline::default(),
            outstanding: Outstanding::new(maximum_outstanding),
            resent_through: 0,
            sent_in_session: false,
            has_new_leader: false,
            is_hole_filled: false,
            attempt: 0,
            quiet_checks: 0,
            deadline: NEVER,
            has_gap: false,
            moving: None,
            is_queued: false,
        }
    }

    pub(crate) fn instrument(&self) -> InstrumentId {
        self.instrument
    }

    /// Listening time at which [`Self::on_deadline`] is due.
    #[inline]
    pub(crate) fn deadline(&self) -> u64 {
        self.deadline
    }

    /// Commands without an outcome.
    #[inline]
    pub(crate) fn outstanding(&self) -> usize {
        self.outstanding.len()
    }

    #[inline]
    pub(crate) fn is_full(&self) -> bool {
        self.outstanding.is_full()
    }

    /// Whether every event has been delivered that the cluster had when it was last asked.
    pub(crate) fn is_current(&self) -> bool {
        self.stage != Stage::Opening && self.resume == ResumeState::Idle && !self.is_held()
    }

    /// Whether events were found lost since the last call.
    pub(crate) fn take_has_gap(&mut self) -> bool {
        std::mem::take(&mut self.has_gap)
    }

    /// Notes that what was told of the scope is not all that is to be known.
    pub(crate) fn note_gap(&mut self) {
        self.has_gap = true;
    }

    /// Whether all events up to this one have been told, and none after it. Missing ones are asked for. If nothing is known
    /// of the scope, it begins after this event.
    pub(crate) fn stands_at<H>(&mut self, event: EventSequence, context: &mut ScopeContext<'_, H>) -> bool {
        let last = *self.last_event.get_or_insert(event.0);
        if last < event.0 {
            self.want_resume(context);
        }
        last == event.0
    }

    /// Client sequence less number of a command, once it is known.
    pub(crate) fn sequence_offset(&self) -> Option<i64> {
        (self.stage != Stage::Opening).then_some(self.offset as i64)
    }

    #[inline]
    fn client_sequence_of(&self, number: u64) -> u64 {
        number.wrapping_add(self.offset)
    }

    /// Number of the command of this process that has the client sequence, if that command was ever sent. 0 is no
    /// command's client sequence.
    #[inline]
    fn number_of(&self, client_sequence: u64) -> Option<u64> {
        let number = client_sequence.wrapping_sub(self.offset);
        (client_sequence != 0 && 1 <= number && number <= self.outstanding.sent_through()).then_some(number)
    }

    /// The newest number whose client sequence is not above `client_sequence`; 0 for none.
    fn newest_number_through(&self, client_sequence: u64) -> u64 {
        (client_sequence.wrapping_sub(self.offset) as i64).max(0) as u64
    }

    #[inline]
    fn is_waiting(&self) -> bool {
        self.resume != ResumeState::Idle || !self.outstanding.is_empty()
    }

    /// Whether nothing may be sent because the instrument moves to another cluster.
    #[inline]
    fn is_held(&self) -> bool {
        self.moving.is_some_and(|moving| moving.stage == MoveStage::Held)
    }

    #[inline]
    fn rearm<H>(&mut self, context: &mut ScopeContext<'_, H>) {
        if self.is_held() {
            return;
        }
        let delay = if self.is_waiting() {
            context.delays.timeout(self.attempt)
        } else {
            context.delays.verify(self.quiet_checks)
        };
        self.deadline = context.time.saturating_add(delay);
    }

    /// Requests events that may have been missed, unless such a request is unanswered.
    pub(crate) fn want_resume<H>(&mut self, context: &mut ScopeContext<'_, H>) {
        if self.resume == ResumeState::Idle && !self.is_held() {
            self.ask(context);
        }
    }

    fn ask<H>(&mut self, context: &mut ScopeContext<'_, H>) {
        let was_waiting = self.is_waiting();
        self.resume = ResumeState::Wanted;
        if !was_waiting {
            self.attempt = 0;
            self.rearm(context);
        }
    }

    /// Marks all commands in flight to be sent again.
    fn resend(&mut self) {
        self.resent_through = self.resent_through.max(self.outstanding.sent_through());
        self.outstanding.rewind();
    }

    /// Gives the next command the client sequence that the engine expects. Nothing may be in flight.
    fn renumber(&mut self) {
        debug_assert!(!self.outstanding.any_in_flight());
        let offset = self.applied_through.wrapping_add(1).wrapping_sub(self.outstanding.first());
        if offset != self.offset {
            self.numbering += 1;
            self.offset = offset;
        }
    }
}
