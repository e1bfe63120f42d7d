//! What the cluster says of a scope: events, and answers that are none.

use lugus_vocabulary::{EpochNanos, EventSequence, RejectReason, Report};

use super::{After, Floor, Resume, Scope, Stage, Turn};
use crate::command_number::CommandNumber;
use crate::status::{EventHandler, Status};

impl Scope {
    /// An event of this scope.
    #[inline]
    pub(crate) fn on_report<H: EventHandler>(&mut self, report: &Report, turn: &mut Turn<'_, H>) {
        let event = report.event_sequence.0;
        match self.last_event {
            Some(last) if event <= last => return,
            Some(last) if event > last + 1 => return self.want_resume(turn),
            // Before anything is known of the scope, the first that is heard is where it begins.
            _ => self.last_event = Some(event),
        }
        let wire = report.client_sequence.0;
        self.applied_through = self.applied_through.max(wire);
        let command = match self.own(wire) {
            Some(number) => {
                self.on_answer(number, turn);
                CommandNumber(number)
            }
            None => CommandNumber::NONE,
        };
        if self.outstanding.is_empty() {
            self.attempt = 0;
            self.quiet = 0;
            self.rearm(turn);
        }
        turn.handler.on_report(report, command);
    }

    #[inline]
    fn on_answer<H: EventHandler>(&mut self, number: u64, turn: &mut Turn<'_, H>) {
        if !self.outstanding.is_in_flight(number) {
            return;
        }
        if number > self.outstanding.first() {
            // In order and without a hole, each is answered before the next: the answers between were in a gap.
            self.settle_lost(number - 1, turn);
        }
        self.outstanding.settle_through(number);
        self.after_settling(turn);
    }

    /// The end of the answer to `Resume`: `applied` commands, `told` events.
    pub(crate) fn on_resume_complete<H: EventHandler>(&mut self, applied: u64, told: u64, turn: &mut Turn<'_, H>) {
        let seen = *self.last_event.get_or_insert(told);
        let is_opening = self.stage == Stage::Opening;
        if is_opening && (told < self.floor.event || applied < self.floor.applied) {
            self.reset(applied, told, turn.handler);
        } else if seen < told {
            return self.ask_for_rest(turn);
        }
        if self.resume == Resume::Asked {
            self.resume = Resume::No;
        }
        self.applied_through = if is_opening { applied } else { self.applied_through.max(applied) };
        self.settle_lost(self.own_through(applied), turn);
        if is_opening {
            self.outstanding.forget_sent();
            self.resent_through = 0;
            self.stage = Stage::Open;
            self.renumber();
            self.has_arrived();
            self.rearm(turn);
        } else if applied > self.wire(self.outstanding.sent_through()) && !self.outstanding.any_in_flight() {
            // Another process has used the participant's numbers.
            self.renumber();
        }
        if self.outstanding.is_empty() {
            self.on_progress();
            self.quiet = if self.asked_after == Some(told) { self.quiet.saturating_add(1) } else { 0 };
            self.rearm(turn);
        }
    }

    /// Events that the cluster has sent did not come.
    fn ask_for_rest<H>(&mut self, turn: &mut Turn<'_, H>) {
        let has_progressed = self.last_event > self.asked_after;
        if (self.resume == Resume::No || has_progressed) && !self.is_held() {
            self.ask(turn);
        }
    }

    /// The cluster has forgotten what this session has seen.
    fn reset<H: EventHandler>(&mut self, applied: u64, told: u64, handler: &mut H) {
        if self.outstanding.any_in_flight() {
            for number in self.outstanding.first()..=self.outstanding.sent_through() {
                self.give_up(number, true, handler);
            }
            self.outstanding.settle_through(self.outstanding.sent_through());
        }
        handler.on_status(&Status::SequencesReset {
            instrument: self.instrument,
            last_seen: EventSequence(self.floor.event),
            last_known: EventSequence(told),
        });
        self.last_event = Some(told);
        self.floor = Floor { applied, event: told };
    }

    /// Events are no longer kept: all before `first_retained`. `wire` is the repeated command that asked for them, or 0
    /// for `Resume`.
    pub(crate) fn on_event_gap<H: EventHandler>(
        &mut self,
        wire: u64,
        first_retained: u64,
        told: u64,
        lost_through: EpochNanos,
        turn: &mut Turn<'_, H>,
    ) {
        self.applied_through = self.applied_through.max(wire);
        let last_lost = first_retained.saturating_sub(1).min(told);
        let seen = self.last_event.unwrap_or(last_lost);
        if seen < last_lost {
            turn.handler.on_status(&Status::EventGap {
                instrument: self.instrument,
                first_lost: EventSequence(seen + 1),
                last_lost: EventSequence(last_lost),
                lost_through,
            });
        }
        self.last_event = Some(seen.max(last_lost));
        if wire != 0 && self.last_event >= Some(told) {
            if let Some(number) = self.own(wire) {
                self.settle_lost(number, turn);
            }
        } else {
            self.ask_for_rest(turn);
        }
    }

    /// A command was not applied, as there is a hole before it.
    pub(crate) fn on_sequence_reject<H>(&mut self, expected: u64, turn: &mut Turn<'_, H>) -> After {
        let is_stale = expected <= self.applied_through;
        if self.stage == Stage::Opening || !self.outstanding.any_in_flight() || is_stale {
            return After::Nothing;
        }
        if expected > self.wire(self.outstanding.sent_through() + 1) {
            self.want_resume(turn);
            return After::Nothing;
        }
        if expected < self.wire(self.outstanding.first()) {
            // Numbers of refused commands are free, and what came after them is in flight with the wrong ones.
            return After::NewSession;
        }
        if expected > self.wire(self.outstanding.first()) {
            self.applied_through = expected - 1;
            self.want_resume(turn);
        }
        if !self.hole_filled {
            self.hole_filled = true;
            self.resend();
        }
        After::Nothing
    }

    /// A command was not applied and its number not used. `wire` is 0 when `Resume` was refused.
    pub(crate) fn on_refused<H: EventHandler>(
        &mut self,
        wire: u64,
        reason: RejectReason,
        turn: &mut Turn<'_, H>,
    ) -> After {
        if wire == 0 {
            self.on_resume_refused(reason, turn);
            return After::Nothing;
        }
        let Some(number) = self.own(wire).filter(|number| self.outstanding.is_in_flight(*number)) else {
            return After::Nothing;
        };
        if self.outstanding.first() <= self.resent_through {
            // A copy may be under way yet, and find a scope.
            return After::NewSession;
        }
        // What was sent before it found no scope either, or this one would have found it.
        self.refuse_through(number, reason, turn.handler);
        self.stage = Stage::Refusing;
        self.after_settling(turn);
        After::Nothing
    }

    fn refuse_through<H: EventHandler>(&mut self, number: u64, reason: RejectReason, handler: &mut H) {
        for number in self.outstanding.first()..=number {
            handler.on_status(&Status::CommandRefused {
                instrument: self.instrument,
                command: CommandNumber(number),
                reason,
            });
        }
        self.outstanding.settle_through(number);
    }

    /// There is no such scope, nor can be. If there was one, the cluster has forgotten it.
    fn on_resume_refused<H: EventHandler>(&mut self, reason: RejectReason, turn: &mut Turn<'_, H>) {
        if self.resume == Resume::Asked {
            self.resume = Resume::No;
        }
        if self.stage == Stage::Opening {
            if self.floor.event > 0 {
                self.reset(0, 0, turn.handler);
            }
            if !self.outstanding.is_empty() {
                self.outstanding.forget_sent();
                self.refuse_through(self.outstanding.next() - 1, reason, turn.handler);
            }
            self.applied_through = 0;
            self.last_event = None;
        }
        self.quiet = self.quiet.saturating_add(1);
        self.rearm(turn);
    }
}
