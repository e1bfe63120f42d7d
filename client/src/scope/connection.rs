//! A scope when its cluster session opens or ends, and when its deadline passes.

use super::context::{NEVER, ScopeContext, SessionAction};
use super::{Baseline, ResumeState, Scope, Stage};
use crate::status::EventHandler;

/// The cluster session opens or ends.
impl Scope {
    /// The scope is used for the first time, in a session that is open already.
    pub(crate) fn open<H>(&mut self, context: &mut ScopeContext<'_, H>) {
        if self.stage == Stage::Opening {
            self.want_resume(context);
        }
    }

    /// A new cluster session is open.
    pub(crate) fn on_connected<H: EventHandler>(&mut self, context: &mut ScopeContext<'_, H>) {
        let is_unanswered = self.sent_in_session && self.outstanding.any_in_flight();
        self.baseline = Baseline { applied: self.applied_through, event: self.last_event.unwrap_or(0) };
        self.stage = Stage::Opening;
        self.resume = ResumeState::Wanted;
        self.is_hole_filled = false;
        self.sent_in_session = false;
        self.has_new_leader = false;
        self.stop_holding();
        if is_unanswered {
            self.attempt += 1;
            if self.attempt >= context.delays.attempts {
                self.give_up_all(context.handler);
            }
        }
        self.rearm(context);
    }

    /// The same session continues with another leader: what was sent may or may not be in the log, and answers are lost.
    /// The cluster answers a repeat and does not apply it, so all commands are sent at once, before `Resume` is
    /// answered.
    pub(crate) fn on_new_leader<H>(&mut self, context: &mut ScopeContext<'_, H>) {
        self.has_new_leader = true;
        if self.is_held() {
            return;
        }
        self.resume = ResumeState::Wanted;
        self.is_hole_filled = false;
        if self.stage != Stage::Opening {
            self.resend();
        }
        self.rearm(context);
    }

    /// The cluster session has ended.
    pub(crate) fn on_disconnected<H>(&mut self, context: &ScopeContext<'_, H>) {
        self.resume = ResumeState::Idle;
        self.stop_holding();
        self.deadline =
            if self.outstanding.is_empty() { NEVER } else { context.time + context.delays.disconnected_timeout };
    }

    /// There will be no further cluster session.
    pub(crate) fn end<H: EventHandler>(&mut self, handler: &mut H) {
        self.resume = ResumeState::Idle;
        self.deadline = NEVER;
        self.moving = None;
        self.give_up_all(handler);
    }
}

/// Time.
impl Scope {
    /// The deadline has passed: an answer is late, or the instrument has been quiet for a long time.
    pub(crate) fn on_deadline<H: EventHandler>(
        &mut self,
        is_connected: bool,
        context: &mut ScopeContext<'_, H>,
    ) -> SessionAction {
        if !is_connected {
            self.give_up_all(context.handler);
            self.deadline = NEVER;
            return SessionAction::Keep;
        }
        if self.is_held() {
            return self.try_again(context);
        }
        if !self.is_waiting() {
            self.ask(context);
            return SessionAction::Keep;
        }
        self.attempt = self.attempt.saturating_add(1);
        if !self.outstanding.is_empty() && self.attempt >= context.delays.attempts {
            return self.give_up_connected(context);
        }
        self.resume = ResumeState::Wanted;
        self.is_hole_filled = false;
        if self.stage != Stage::Opening {
            self.resend();
        }
        self.rearm(context);
        SessionAction::Keep
    }
}
