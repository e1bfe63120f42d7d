//! Messages of the cluster about a scope: events, and answers that are not events.

use lugus_vocabulary::{ClientSequence, EpochNanos, EventSequence, RejectReason, Report};

use super::context::{ScopeContext, SessionAction};
use super::{Baseline, ResumeState, Scope, Stage};
use crate::command_number::CommandNumber;
use crate::status::{EventHandler, Status};

impl Scope {
    /// An event of this scope.
    #[inline]
    pub(crate) fn on_report<H: EventHandler>(&mut self, report: &Report, context: &mut ScopeContext<'_, H>) {
        let event = report.event_sequence.0;
        match self.last_event {
            Some(last) if event <= last => return,
            Some(last) if event > last + 1 => return self.want_resume(context),
            // As long as nothing is known of the scope, it begins with the first event received.
            _ => self.last_event = Some(event),
        }
        let client_sequence = report.client_sequence.0;
        self.applied_through = self.applied_through.max(client_sequence);
        let command = match self.number_of(client_sequence) {
            Some(number) => {
                self.on_answer(number, context);
                CommandNumber(number)
            }
            None => CommandNumber::NONE,
        };
        if self.outstanding.is_empty() {
            self.attempt = 0;
            self.quiet_checks = 0;
            self.rearm(context);
        }
        context.handler.on_report(report, command);
    }

    #[inline]
    fn on_answer<H: EventHandler>(&mut self, number: u64, context: &mut ScopeContext<'_, H>) {
        if !self.outstanding.is_in_flight(number) {
            return;
        }
        if number > self.outstanding.first() {
            // Commands are answered in order and without a gap: the answers before this one were among lost events.
            self.settle_lost(number - 1, context);
        }
        self.outstanding.settle_through(number);
        self.after_settling(context);
    }

    /// The end of the answer to `Resume`: the scope's last command that was applied, and its last event.
    pub(crate) fn on_resume_complete<H: EventHandler>(
        &mut self,
        last_client_sequence: ClientSequence,
        last_event_sequence: EventSequence,
        context: &mut ScopeContext<'_, H>,
    ) {
        let (applied, last) = (last_client_sequence.0, last_event_sequence.0);
        let seen = *self.last_event.get_or_insert(last);
        let is_opening = self.stage == Stage::Opening;
        if is_opening && (last < self.baseline.event || applied < self.baseline.applied) {
            self.reset(applied, last, context.handler);
        } else if seen < last {
            return self.ask_for_rest(context);
        }
        if self.resume == ResumeState::Sent {
            self.resume = ResumeState::Idle;
        }
        self.applied_through = if is_opening { applied } else { self.applied_through.max(applied) };
        self.settle_lost(self.newest_number_through(applied), context);
        if is_opening {
            self.outstanding.forget_sent();
            self.resent_through = 0;
            self.stage = Stage::Open;
            self.renumber();
            self.on_arrival();
            self.rearm(context);
        } else if applied > self.client_sequence_of(self.outstanding.sent_through())
            && !self.outstanding.any_in_flight()
        {
            // Another process has used the participant's numbers.
            self.renumber();
        }
        if self.outstanding.is_empty() {
            self.on_progress();
            self.quiet_checks = if self.resumed_after == Some(last) { self.quiet_checks.saturating_add(1) } else { 0 };
            self.rearm(context);
        }
    }

    /// Events that the cluster has sent did not arrive.
    fn ask_for_rest<H>(&mut self, context: &mut ScopeContext<'_, H>) {
        let has_progressed = self.last_event > self.resumed_after;
        if (self.resume == ResumeState::Idle || has_progressed) && !self.is_held() {
            self.ask(context);
        }
    }

    /// The cluster has lost what this session has seen: its numbers are command `applied` and event `last`.
    fn reset<H: EventHandler>(&mut self, applied: u64, last: u64, handler: &mut H) {
        if self.outstanding.any_in_flight() {
            for number in self.outstanding.first()..=self.outstanding.sent_through() {
                self.give_up(number, true, handler);
            }
            self.outstanding.settle_through(self.outstanding.sent_through());
        }
        self.has_gap = true;
        handler.on_status(&Status::SequencesReset {
            instrument: self.instrument,
            last_seen: EventSequence(self.baseline.event),
            last_known: EventSequence(last),
        });
        self.last_event = Some(last);
        self.baseline = Baseline { applied, event: last };
    }

    /// Events before `first_retained` are no longer retained. `client_sequence` is the repeated command whose events
    /// were asked for, or [`ClientSequence::NONE`] in answer to `Resume`.
    pub(crate) fn on_event_gap<H: EventHandler>(
        &mut self,
        client_sequence: ClientSequence,
        first_retained: EventSequence,
        last_event_sequence: EventSequence,
        lost_through: EpochNanos,
        context: &mut ScopeContext<'_, H>,
    ) {
        let last = last_event_sequence.0;
        self.applied_through = self.applied_through.max(client_sequence.0);
        let last_lost = first_retained.0.saturating_sub(1).min(last);
        let seen = self.last_event.unwrap_or(last_lost);
        if seen < last_lost {
            self.has_gap = true;
            context.handler.on_status(&Status::EventGap {
                instrument: self.instrument,
                first_lost: EventSequence(seen + 1),
                last_lost: EventSequence(last_lost),
                lost_through,
            });
        }
        self.last_event = Some(seen.max(last_lost));
        if client_sequence != ClientSequence::NONE && self.last_event >= Some(last) {
            if let Some(number) = self.number_of(client_sequence.0) {
                self.settle_lost(number, context);
            }
        } else {
            self.ask_for_rest(context);
        }
    }

    /// A command was not applied, as commands before it are missing: `expected` would be applied next.
    pub(crate) fn on_sequence_reject<H>(
        &mut self,
        expected: ClientSequence,
        context: &mut ScopeContext<'_, H>,
    ) -> SessionAction {
        let expected = expected.0;
        let is_stale = expected <= self.applied_through;
        if self.stage == Stage::Opening || !self.outstanding.any_in_flight() || is_stale {
            return SessionAction::Keep;
        }
        if expected > self.client_sequence_of(self.outstanding.sent_through() + 1) {
            self.want_resume(context);
            return SessionAction::Keep;
        }
        let first = self.client_sequence_of(self.outstanding.first());
        if expected < first {
            // Numbers of refused commands are free, and what came after them is in flight with the wrong ones.
            return SessionAction::Renew;
        }
        if expected > first {
            self.applied_through = expected - 1;
            self.want_resume(context);
        }
        if !self.is_hole_filled {
            self.is_hole_filled = true;
            self.resend();
        }
        SessionAction::Keep
    }

    /// A command was not applied and its number not used. `client_sequence` is [`ClientSequence::NONE`] if `Resume` was
    /// refused.
    pub(crate) fn on_refused<H: EventHandler>(
        &mut self,
        client_sequence: ClientSequence,
        reason: RejectReason,
        context: &mut ScopeContext<'_, H>,
    ) -> SessionAction {
        if client_sequence == ClientSequence::NONE {
            self.on_resume_refused(reason, context);
            return SessionAction::Keep;
        }
        let in_flight = self.number_of(client_sequence.0).filter(|number| self.outstanding.is_in_flight(*number));
        let Some(number) = in_flight else { return SessionAction::Keep };
        if self.outstanding.first() <= self.resent_through || self.has_new_leader {
            // A copy may still arrive, when the scope exists. Or an old leader has refused another command with this number.
            return SessionAction::Renew;
        }
        // Commands sent before it found no scope, either; otherwise this command would have found it.
        self.refuse_through(number, reason, context.handler);
        self.stage = Stage::Refusing;
        self.after_settling(context);
        SessionAction::Keep
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

    /// The scope does not exist and cannot be created. If it existed before, the cluster has lost it.
    fn on_resume_refused<H: EventHandler>(&mut self, reason: RejectReason, context: &mut ScopeContext<'_, H>) {
        if self.resume == ResumeState::Sent {
            self.resume = ResumeState::Idle;
        }
        if self.stage == Stage::Opening {
            if self.baseline.event > 0 {
                self.reset(0, 0, context.handler);
            }
            if !self.outstanding.is_empty() {
                self.outstanding.forget_sent();
                self.refuse_through(self.outstanding.next() - 1, reason, context.handler);
            }
            self.applied_through = 0;
            self.last_event = None;
        }
        self.quiet_checks = self.quiet_checks.saturating_add(1);
        self.rearm(context);
    }
}
