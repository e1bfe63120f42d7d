//! One scope (participant, instrument): its numbers, its unanswered commands, its events; exactly once, in order.
//!
//! The rules (DESIGN.md, section 5; the proof is `tests/exactly_once.rs`):
//!
//! - Events are delivered by their number. One that was seen is dropped, one ahead is dropped and the missing ones are
//!   asked for (`Resume`): what the cluster sends after it read a `Resume` comes in order.
//! - An event with a command's number settles it. The rest of its events follow by the event numbers.
//! - A new cluster session is a fence: once it is open, nothing of an older session is applied. So in a new session
//!   the scope is *opening*: `Resume`, and only what it tells decides which commands are sent again, and with which numbers.
//! - Within a session a command keeps its number, so that a re-send can never be applied twice. Where a number becomes free
//!   while copies may be under way (a refusal after a re-send, a give-up), the session is left for a new one.
//! - A move to another cluster is such a fence too: see `moving`.

mod answers;
mod moving;

use lugus_vocabulary::InstrumentId;
use moving::Moving;
pub(crate) use moving::Visit;

use crate::command_number::CommandNumber;
use crate::outstanding::Outstanding;
use crate::retry::Delays;
use crate::session::{Ingress, Offered};
use crate::status::{EventHandler, Status};
use crate::wire::commands::{self, Buffer, MAXIMUM_LENGTH};

/// No deadline.
pub(crate) const NEVER: u64 = u64::MAX;

/// What a scope needs to act.
pub(crate) struct Turn<'a, H> {
    /// Listening time, in nanoseconds.
    pub(crate) time: u64,
    pub(crate) delays: &'a mut Delays,
    pub(crate) handler: &'a mut H,
}

/// What the session has to do after an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub(crate) enum After {
    Nothing,
    /// Leave the cluster session for a new one, as a fence.
    NewSession,
}

/// What came of sending.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flushed {
    /// Nothing is left to be sent.
    All,
    /// The ingress took no more.
    Blocked(Offered),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Waits to hear where the scope stands. In this session no command of the scope has been sent.
    Opening,
    /// Commands are sent as they come.
    Open,
    /// A command was refused, and its number not used: those in flight await the same, and no new ones are sent.
    Refusing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Resume {
    No,
    /// To be sent.
    Wanted,
    /// Sent, and not answered.
    Asked,
}

/// What was certain when the session began: a cluster that stands before it has lost its state.
#[derive(Debug, Clone, Copy, Default)]
struct Floor {
    applied: u64,
    event: u64,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Scope {
    instrument: InstrumentId,
    stage: Stage,
    resume: Resume,
    /// Last event delivered when [`Resume`] was sent last.
    asked_after: Option<u64>,
    /// Wire number = own number + this, wrapping: what was applied before this session, less numbers that were not used.
    offset: u64,
    /// Counts how often numbers came to stand for other commands than before, or may yet: with each value of `offset`, and
    /// when commands in flight are given up.
    numbering: u32,
    /// Highest wire number known to be applied.
    applied_through: u64,
    /// Last event delivered, or skipped as lost; `None` until anything is known.
    last_event: Option<u64>,
    floor: Floor,
    outstanding: Outstanding,
    /// The newest command sent more than once since the last fence.
    resent_through: u64,
    /// Whether any command has been sent in this cluster session.
    sent_in_session: bool,
    /// Whether a hole has been filled since the last progress: many rejects tell of one hole.
    hole_filled: bool,
    /// Attempts before the present one, without progress.
    attempt: u32,
    /// Questions in a row by which nothing was found missing.
    quiet: u32,
    deadline: u64,
    /// While the instrument is on its way to another cluster.
    moving: Option<Moving>,
    /// Kept by the session: whether this scope is in its list of those with something to send.
    pub(crate) is_listed: bool,
}

impl Scope {
    pub(crate) fn new(instrument: InstrumentId, maximum_outstanding: usize) -> Self {
        Self {
            instrument,
            stage: Stage::Opening,
            resume: Resume::No,
            asked_after: None,
            offset: 0,
            numbering: 0,
            applied_through: 0,
            last_event: None,
            floor: Floor::default(),
            outstanding: Outstanding::new(maximum_outstanding),
            resent_through: 0,
            sent_in_session: false,
            hole_filled: false,
            attempt: 0,
            quiet: 0,
            deadline: NEVER,
            moving: None,
            is_listed: false,
        }
    }

    pub(crate) fn instrument(&self) -> InstrumentId {
        self.instrument
    }

    /// When [`Self::on_deadline`] is due.
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

    /// Whether all that the cluster had to tell when it was last asked has been delivered.
    pub(crate) fn is_current(&self) -> bool {
        self.stage != Stage::Opening && self.resume == Resume::No && !self.is_held()
    }

    /// Wire number less own number, once it is known.
    pub(crate) fn sequence_offset(&self) -> Option<i64> {
        (self.stage != Stage::Opening).then_some(self.offset as i64)
    }

    #[inline]
    fn wire(&self, number: u64) -> u64 {
        number.wrapping_add(self.offset)
    }

    /// The command of this process that has the wire number, if it was ever sent. 0 is no command's number.
    #[inline]
    fn own(&self, wire: u64) -> Option<u64> {
        let number = wire.wrapping_sub(self.offset);
        (wire != 0 && 1 <= number && number <= self.outstanding.sent_through()).then_some(number)
    }

    /// The newest own number whose wire number is not above `wire`; 0 for none.
    fn own_through(&self, wire: u64) -> u64 {
        (wire.wrapping_sub(self.offset) as i64).max(0) as u64
    }

    #[inline]
    fn is_waiting(&self) -> bool {
        self.resume != Resume::No || !self.outstanding.is_empty()
    }

    #[inline]
    fn rearm<H>(&mut self, turn: &mut Turn<'_, H>) {
        if self.is_held() {
            return;
        }
        let delay = if self.is_waiting() { turn.delays.timeout(self.attempt) } else { turn.delays.verify(self.quiet) };
        self.deadline = turn.time.saturating_add(delay);
    }

    /// Asks for events, at once unless that is done already.
    pub(crate) fn want_resume<H>(&mut self, turn: &mut Turn<'_, H>) {
        if self.resume == Resume::No && !self.is_held() {
            self.ask(turn);
        }
    }

    fn ask<H>(&mut self, turn: &mut Turn<'_, H>) {
        let was_waiting = self.is_waiting();
        self.resume = Resume::Wanted;
        if !was_waiting {
            self.attempt = 0;
            self.rearm(turn);
        }
    }

    /// All in flight are to be sent once more.
    fn resend(&mut self) {
        self.resent_through = self.resent_through.max(self.outstanding.sent_through());
        self.outstanding.rewind();
    }

    /// Gives the next command the number that the engine expects. Nothing may be in flight.
    fn renumber(&mut self) {
        debug_assert!(!self.outstanding.any_in_flight());
        let offset = self.applied_through.wrapping_add(1).wrapping_sub(self.outstanding.first());
        if offset != self.offset {
            self.numbering += 1;
            self.offset = offset;
        }
    }
}

/// The cluster session comes and goes.
impl Scope {
    /// The scope is used for the first time, in a session that is open already.
    pub(crate) fn open<H>(&mut self, turn: &mut Turn<'_, H>) {
        if self.stage == Stage::Opening {
            self.want_resume(turn);
        }
    }

    /// A new session.
    pub(crate) fn on_connected<H: EventHandler>(&mut self, turn: &mut Turn<'_, H>) {
        let is_unanswered = self.sent_in_session && self.outstanding.any_in_flight();
        self.floor = Floor { applied: self.applied_through, event: self.last_event.unwrap_or(0) };
        self.stage = Stage::Opening;
        self.resume = Resume::Wanted;
        self.hole_filled = false;
        self.sent_in_session = false;
        self.stop_holding();
        if is_unanswered {
            self.attempt += 1;
            if self.attempt >= turn.delays.attempts {
                self.give_up_all(turn.handler);
            }
        }
        self.rearm(turn);
    }

    /// The same session with another leader: what was sent may or may not be in the log, and answers are lost. A repeat
    /// is answered and not applied, so all is sent at once, without waiting for what `Resume` tells.
    pub(crate) fn on_new_leader<H>(&mut self, turn: &mut Turn<'_, H>) {
        if self.is_held() {
            return;
        }
        self.resume = Resume::Wanted;
        self.hole_filled = false;
        if self.stage != Stage::Opening {
            self.resend();
        }
        self.rearm(turn);
    }

    /// The session is gone.
    pub(crate) fn on_disconnected<H>(&mut self, turn: &Turn<'_, H>) {
        self.resume = Resume::No;
        self.stop_holding();
        self.deadline = if self.outstanding.is_empty() { NEVER } else { turn.time + turn.delays.disconnected_timeout };
    }

    /// There will be no session any more.
    pub(crate) fn end<H: EventHandler>(&mut self, handler: &mut H) {
        self.resume = Resume::No;
        self.deadline = NEVER;
        self.moving = None;
        self.give_up_all(handler);
    }
}

/// Commands.
impl Scope {
    /// Whether a command goes straight out, if the session is open.
    #[inline]
    pub(crate) fn streams(&self) -> bool {
        self.stage == Stage::Open
            && self.resume != Resume::Wanted
            && self.moving.is_none()
            && self.outstanding.cursor() == self.outstanding.next()
    }

    /// Takes a command to be sent when its turn comes, and returns its number. The caller has checked [`Self::is_full`].
    #[inline]
    pub(crate) fn push<H>(
        &mut self,
        encode: impl FnOnce(&mut Buffer) -> usize,
        is_connected: bool,
        turn: &mut Turn<'_, H>,
    ) -> u64 {
        let was_empty = self.outstanding.is_empty();
        let number = self.outstanding.push(encode);
        if was_empty {
            self.attempt = 0;
            self.restart_patience(turn.time);
            if is_connected {
                self.open(turn);
                self.rearm(turn);
            } else {
                self.deadline = turn.time + turn.delays.disconnected_timeout;
            }
        }
        number
    }

    /// Takes the newest command back, which was not sent.
    pub(crate) fn undo_push<H>(&mut self, turn: &mut Turn<'_, H>) {
        self.outstanding.undo_push();
        if self.outstanding.is_empty() {
            self.rearm(turn);
        }
    }

    #[inline]
    fn may_send(&self, number: u64) -> bool {
        match self.stage {
            Stage::Opening => false,
            _ if self.holds_back(number) => false,
            Stage::Open => true,
            Stage::Refusing => number <= self.outstanding.sent_through(),
        }
    }

    /// Whether [`Self::flush`] has something to send.
    #[inline]
    pub(crate) fn has_work(&self) -> bool {
        self.resume == Resume::Wanted
            || (self.outstanding.cursor() < self.outstanding.next() && self.may_send(self.outstanding.cursor()))
    }

    /// Sends what waits, in order.
    #[inline]
    pub(crate) fn flush(&mut self, ingress: &mut impl Ingress) -> Flushed {
        if self.resume == Resume::Wanted {
            let mut buffer = [0; MAXIMUM_LENGTH];
            let message = commands::resume(self.instrument, self.last_event, &mut buffer);
            match ingress.offer(message) {
                Offered::Sent => {
                    self.resume = Resume::Asked;
                    self.asked_after = self.last_event;
                }
                refused => return Flushed::Blocked(refused),
            }
        }
        while self.may_send(self.outstanding.cursor()) {
            let offset = self.offset;
            let Some(waiting) = self.outstanding.waiting() else { break };
            commands::number(waiting.message, waiting.number.wrapping_add(offset));
            match ingress.offer(&waiting.message[..waiting.length]) {
                Offered::Sent => {
                    self.outstanding.mark_sent();
                    self.sent_in_session = true;
                }
                refused => return Flushed::Blocked(refused),
            }
        }
        Flushed::All
    }

    /// All commands without an outcome get none from the SDK any more.
    fn give_up_all<H: EventHandler>(&mut self, handler: &mut H) {
        if self.outstanding.any_in_flight() {
            self.numbering += 1;
        }
        for number in self.outstanding.first()..self.outstanding.next() {
            self.give_up(number, self.outstanding.is_in_flight(number), handler);
        }
        self.outstanding.settle_through(self.outstanding.next() - 1);
    }

    fn give_up<H: EventHandler>(&self, number: u64, may_have_been_applied: bool, handler: &mut H) {
        handler.on_status(&Status::GaveUp {
            instrument: self.instrument,
            command: CommandNumber(number),
            may_have_been_applied,
        });
    }

    /// Settles the commands up to `through` that are in flight: they were applied, and their events lost in a gap.
    fn settle_lost<H: EventHandler>(&mut self, through: u64, turn: &mut Turn<'_, H>) {
        let (first, last) = (self.outstanding.first(), through.min(self.outstanding.sent_through()));
        if last < first {
            return;
        }
        for number in first..=last {
            self.give_up(number, true, turn.handler);
        }
        self.outstanding.settle_through(last);
        self.after_settling(turn);
    }

    /// Some were settled: that is progress.
    #[inline]
    fn after_settling<H>(&mut self, turn: &mut Turn<'_, H>) {
        self.attempt = 0;
        self.quiet = 0;
        self.hole_filled = false;
        self.on_progress();
        if self.stage == Stage::Refusing && !self.outstanding.any_in_flight() {
            self.stage = Stage::Open;
            self.renumber();
        }
        self.rearm(turn);
    }
}

/// Time.
impl Scope {
    /// The deadline has come: an answer is late, or it has been quiet for long.
    pub(crate) fn on_deadline<H: EventHandler>(&mut self, is_connected: bool, turn: &mut Turn<'_, H>) -> After {
        if !is_connected {
            self.give_up_all(turn.handler);
            self.deadline = NEVER;
            return After::Nothing;
        }
        if self.is_held() {
            return self.try_again(turn);
        }
        if !self.is_waiting() {
            self.ask(turn);
            return After::Nothing;
        }
        self.attempt = self.attempt.saturating_add(1);
        if !self.outstanding.is_empty() && self.attempt >= turn.delays.attempts {
            return self.give_up_connected(turn);
        }
        self.resume = Resume::Wanted;
        self.hole_filled = false;
        if self.stage != Stage::Opening {
            self.resend();
        }
        self.rearm(turn);
        After::Nothing
    }

    fn give_up_connected<H: EventHandler>(&mut self, turn: &mut Turn<'_, H>) -> After {
        let leaves_copies = self.sent_in_session && self.outstanding.any_in_flight();
        self.give_up_all(turn.handler);
        if leaves_copies {
            return After::NewSession;
        }
        if self.stage != Stage::Opening {
            self.renumber();
        }
        self.resume = Resume::Wanted;
        self.rearm(turn);
        After::Nothing
    }
}
