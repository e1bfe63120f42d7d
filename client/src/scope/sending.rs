//! Commands of a scope on their way out: taken, sent in order, settled or given up.

use lugus_codecs::order_entry::{CommandBuffer, MAXIMUM_COMMAND_LENGTH, encode_resume, set_client_sequence};
use lugus_vocabulary::{ClientSequence, EventSequence};

use super::context::{Flushed, ScopeContext, SessionAction};
use super::{ResumeState, Scope, Stage};
use crate::command_number::CommandNumber;
use crate::ingress::{Ingress, Offered};
use crate::status::{EventHandler, Status};

/// Commands are accepted and sent.
impl Scope {
    /// Whether a command can be sent at once, if the session is open.
    #[inline]
    pub(crate) fn streams(&self) -> bool {
        self.stage == Stage::Open
            && self.resume != ResumeState::Wanted
            && self.moving.is_none()
            && self.outstanding.cursor() == self.outstanding.next()
    }

    /// Takes a command, which is sent after those before it, and returns its number. The caller has checked
    /// [`Self::is_full`].
    #[inline]
    pub(crate) fn push<H>(
        &mut self,
        encode: impl FnOnce(&mut CommandBuffer) -> usize,
        is_connected: bool,
        context: &mut ScopeContext<'_, H>,
    ) -> CommandNumber {
        let was_empty = self.outstanding.is_empty();
        let number = self.outstanding.push(encode);
        if was_empty {
            self.attempt = 0;
            self.restart_patience(context.time);
            if is_connected {
                self.open(context);
                self.rearm(context);
            } else {
                self.deadline = context.time + context.delays.disconnected_timeout;
            }
        }
        CommandNumber(number)
    }

    /// Removes the newest command, which was not sent.
    pub(crate) fn undo_push<H>(&mut self, context: &mut ScopeContext<'_, H>) {
        self.outstanding.undo_push();
        if self.outstanding.is_empty() {
            self.rearm(context);
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
        self.resume == ResumeState::Wanted
            || (self.outstanding.cursor() < self.outstanding.next() && self.may_send(self.outstanding.cursor()))
    }

    /// Sends what waits, in order.
    #[inline]
    pub(crate) fn flush(&mut self, ingress: &mut impl Ingress) -> Flushed {
        if self.resume == ResumeState::Wanted {
            let mut buffer = [0; MAXIMUM_COMMAND_LENGTH];
            let message = encode_resume(self.instrument, self.last_event.map(EventSequence), &mut buffer);
            match ingress.offer(message) {
                Offered::Sent => {
                    self.resume = ResumeState::Sent;
                    self.resumed_after = self.last_event;
                }
                refused => return Flushed::Blocked(refused),
            }
        }
        while self.may_send(self.outstanding.cursor()) {
            let offset = self.offset;
            let Some(waiting) = self.outstanding.waiting() else { break };
            set_client_sequence(waiting.message, ClientSequence(waiting.number.wrapping_add(offset)));
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
}

/// Commands get their outcome.
impl Scope {
    /// Gives up all commands without an outcome.
    pub(super) fn give_up_all<H: EventHandler>(&mut self, handler: &mut H) {
        if self.outstanding.any_in_flight() {
            self.numbering += 1;
        }
        for number in self.outstanding.first()..self.outstanding.next() {
            self.give_up(number, self.outstanding.is_in_flight(number), handler);
        }
        self.outstanding.settle_through(self.outstanding.next() - 1);
    }

    pub(super) fn give_up<H: EventHandler>(&self, number: u64, may_have_been_applied: bool, handler: &mut H) {
        handler.on_status(&Status::GaveUp {
            instrument: self.instrument,
            command: CommandNumber(number),
            may_have_been_applied,
        });
    }

    /// Gives up all commands while the session is open. Copies that may be under way make it be left for a new one.
    pub(super) fn give_up_connected<H: EventHandler>(&mut self, context: &mut ScopeContext<'_, H>) -> SessionAction {
        let leaves_copies = self.sent_in_session && self.outstanding.any_in_flight();
        self.give_up_all(context.handler);
        if leaves_copies {
            return SessionAction::Renew;
        }
        if self.stage != Stage::Opening {
            self.renumber();
        }
        self.resume = ResumeState::Wanted;
        self.rearm(context);
        SessionAction::Keep
    }

    /// Settles the commands up to `through` that are in flight: they were applied, and their events were lost in a gap.
    pub(super) fn settle_lost<H: EventHandler>(&mut self, through: u64, context: &mut ScopeContext<'_, H>) {
        let (first, last) = (self.outstanding.first(), through.min(self.outstanding.sent_through()));
        if last < first {
            return;
        }
        for number in first..=last {
            self.give_up(number, true, context.handler);
        }
        self.outstanding.settle_through(last);
        self.after_settling(context);
    }

    /// Commands were settled: that is progress.
    #[inline]
    pub(super) fn after_settling<H>(&mut self, context: &mut ScopeContext<'_, H>) {
        self.attempt = 0;
        self.quiet_checks = 0;
        self.is_hole_filled = false;
        self.on_progress();
        if self.stage == Stage::Refusing && !self.outstanding.any_in_flight() {
            self.stage = Stage::Open;
            self.renumber();
        }
        self.rearm(context);
    }
}
