//! A scope whose instrument moves from one cluster to another while it trades.
//!
//! `Moved` says that a command was not applied; an earlier copy of the command may have been. Then the scope is *held*:
//! it sends nothing, and keeps its commands in order. It continues at the new owner that a newer map names
//! ([`Scope::attach`]). Or it tries again here after a while, with a `Resume` and the oldest command only, as the move
//! may have been undone or the instrument may have arrived.
//!
//! The old cluster is fenced before the new one begins, so nothing that was sent to the old one is applied after the
//! scope was opened at the new one: the scope opens there as in a new session, with the same numbers. When the
//! instrument comes back within one session of the old cluster, what was sent there earlier may still arrive.
//! That does no harm as long as each number stands for the same command as before (`numbering`); otherwise that session
//! is first replaced by a new one.

use lugus_vocabulary::{ClientSequence, MapEpoch};

use super::context::{NEVER, ScopeContext, SessionAction};
use super::moving::{Departure, MoveStage, Moving};
use super::{Baseline, ResumeState, Scope, Stage};
use crate::status::{EventHandler, Status};

/// Inputs from the cluster.
impl Scope {
    /// A copy of a command was not applied, and its number not used. `client_sequence` is
    /// [`ClientSequence::NONE`] if that answers `Resume`.
    pub(crate) fn on_moved<H: EventHandler>(
        &mut self,
        client_sequence: ClientSequence,
        epoch: MapEpoch,
        context: &mut ScopeContext<'_, H>,
    ) {
        if client_sequence == ClientSequence::NONE {
            if self.resume != ResumeState::Sent {
                return;
            }
        } else {
            let is_open = self.stage != Stage::Opening;
            let Some(number) = self.number_of(client_sequence.0).filter(|_| is_open) else { return };
            // Commands from the cursor on will be sent anyway; this answers an earlier attempt.
            if !self.outstanding.is_in_flight(number) || number >= self.outstanding.cursor() {
                return;
            }
        }
        self.resume = ResumeState::Idle;
        self.attempt = 0;
        self.is_hole_filled = false;
        self.resend();
        self.hold(epoch, context);
    }

    fn hold<H: EventHandler>(&mut self, epoch: MapEpoch, context: &mut ScopeContext<'_, H>) {
        let instrument = self.instrument;
        let moving = self.moving.get_or_insert_with(|| {
            context.handler.on_status(&Status::InstrumentMoving { instrument, epoch });
            Moving { stage: MoveStage::Held, epoch, since: context.time, tries: 0 }
        });
        moving.stage = MoveStage::Held;
        moving.epoch = moving.epoch.max(epoch);
        self.deadline = context.time.saturating_add(context.delays.moved(moving.tries));
        moving.tries = moving.tries.saturating_add(1);
    }
}

/// The interface of a move to the other parts of the scope.
impl Scope {
    /// Whether this command has to wait for the outcome of those before it.
    #[inline]
    pub(super) fn holds_back(&self, number: u64) -> bool {
        match &self.moving {
            None => false,
            Some(moving) => match moving.stage {
                MoveStage::Held => true,
                MoveStage::Trying => number > self.outstanding.first(),
                MoveStage::Arrived => false,
            },
        }
    }

    /// The cluster session was opened or lost: what follows is no longer a wait for the instrument.
    pub(super) fn stop_holding(&mut self) {
        if let Some(moving) = &mut self.moving {
            moving.stage = MoveStage::Trying;
        }
    }

    /// A command was settled, or there is none and the cluster has told the scope's last numbers.
    #[inline]
    pub(super) fn on_progress(&mut self) {
        if self.moving.is_some() && !self.is_held() {
            self.moving = None;
        }
    }

    /// The scope was opened: the cluster has the instrument.
    pub(super) fn on_arrival(&mut self) {
        if let Some(moving) = self.moving.as_mut().filter(|moving| moving.stage == MoveStage::Trying) {
            moving.stage = MoveStage::Arrived;
        }
    }

    /// No command has waited for longer than since now.
    pub(super) fn restart_patience(&mut self, time: u64) {
        if let Some(moving) = &mut self.moving {
            moving.since = time;
        }
    }

    /// Tries here again, or gives up what has waited too long.
    pub(super) fn try_again<H: EventHandler>(&mut self, context: &mut ScopeContext<'_, H>) -> SessionAction {
        let Some(moving) = &mut self.moving else { return SessionAction::Keep };
        let is_late = context.time.saturating_sub(moving.since) >= context.delays.moved_timeout;
        moving.stage = MoveStage::Trying;
        if is_late && !self.outstanding.is_empty() && self.give_up_connected(context) == SessionAction::Renew {
            return SessionAction::Renew;
        }
        self.resume = ResumeState::Wanted;
        self.rearm(context);
        SessionAction::Keep
    }
}

/// Inputs from the partition map.
impl Scope {
    /// A map of this epoch says that the instrument is where it was: a scope that waits for such a map tries again.
    pub(crate) fn on_map<H: EventHandler>(&mut self, epoch: MapEpoch, context: &mut ScopeContext<'_, H>) {
        if self.is_held() && self.moving.is_some_and(|moving| moving.epoch <= epoch) {
            self.deadline = context.time;
        }
    }

    /// Leaves a session. The departure is to be given to [`Self::attach`] if the scope comes back to the same session.
    pub(crate) fn detach(&mut self) -> Departure {
        self.is_queued = false;
        self.resume = ResumeState::Idle;
        self.deadline = NEVER;
        let numbering = (self.stage != Stage::Opening).then_some(self.numbering);
        Departure { instrument: self.instrument, numbering }
    }

    /// Comes to the session of the instrument's new owner. `departure` is that of this same cluster session, if the
    /// scope was in it before.
    pub(crate) fn attach<H>(
        &mut self,
        is_connected: bool,
        departure: Option<Departure>,
        context: &mut ScopeContext<'_, H>,
    ) -> SessionAction {
        self.attempt = 0;
        self.quiet_checks = 0;
        self.is_hole_filled = false;
        self.stop_holding();
        if let Some(moving) = &mut self.moving {
            moving.tries = 0;
        }
        let knows_numbers = departure.is_some_and(|departure| departure.numbering == Some(self.numbering));
        if is_connected && knows_numbers {
            if self.stage == Stage::Opening {
                self.stage = Stage::Open;
            }
            self.sent_in_session = true;
            self.on_arrival();
            self.resend();
        } else {
            self.baseline = Baseline { applied: self.applied_through, event: self.last_event.unwrap_or(0) };
            self.stage = Stage::Opening;
            self.sent_in_session = false;
        }
        if !is_connected {
            self.on_disconnected(context);
            return SessionAction::Keep;
        }
        self.resume = ResumeState::Wanted;
        self.rearm(context);
        if departure.is_some() && !knows_numbers { SessionAction::Renew } else { SessionAction::Keep }
    }
}
