//! A scope whose instrument moves from one cluster to another, while it trades.
//!
//! `Moved` says that a command was not applied; an earlier copy of it may have been. Then the scope is *held*: it sends
//! nothing, and its commands are kept in order. It goes on where a newer map tells it to ([`Scope::attach`]), or tries here again after a while, as the move may
//! have been undone, or the instrument have arrived: with a `Resume` and the oldest command only.
//!
//! The old cluster is fenced before the new one begins, so nothing that was sent to the old one is applied after the scope
//! was opened at the new one: the scope opens there as in a new session, with the same numbers. When the instrument comes
//! back within one session of the old cluster, what was sent there earlier may still be under way. That does no harm while
//! numbers stand for the same commands as then (`numbering`); otherwise that session is left for a new one first.

use lugus_vocabulary::{InstrumentId, MapEpoch};

use super::{After, Floor, NEVER, Resume, Scope, Stage, Turn};
use crate::status::{EventHandler, Status};

/// An instrument on its way.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moving {
    progress: Progress,
    /// The map that will tell more.
    epoch: MapEpoch,
    /// When the oldest command began to wait.
    since: u64,
    /// Tries so far.
    tries: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Progress {
    /// Nothing is sent.
    Held,
    /// `Resume` and the oldest command are sent.
    Trying,
    /// The cluster has the instrument: everything is sent. An answer to a command ends the move.
    Arrived,
}

/// Where a scope was in a cluster session that it left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Visit {
    pub(crate) instrument: InstrumentId,
    /// Of the scope, when it left; `None` when it was not open: only an answer to come would have told the numbers.
    numbering: Option<u32>,
}

/// What the cluster says.
impl Scope {
    /// A copy of a command was not applied, and its number not used. `wire` is 0 when that answers `Resume`.
    pub(crate) fn on_moved<H: EventHandler>(&mut self, wire: u64, epoch: MapEpoch, turn: &mut Turn<'_, H>) {
        if wire == 0 {
            if self.resume != Resume::Asked {
                return;
            }
        } else {
            let Some(number) = self.own(wire).filter(|_| self.stage != Stage::Opening) else { return };
            // Those from the cursor on are to be sent anyway: it answers an earlier time.
            if !self.outstanding.is_in_flight(number) || number >= self.outstanding.cursor() {
                return;
            }
        }
        self.resume = Resume::No;
        self.attempt = 0;
        self.hole_filled = false;
        self.resend();
        self.hold(epoch, turn);
    }

    fn hold<H: EventHandler>(&mut self, epoch: MapEpoch, turn: &mut Turn<'_, H>) {
        let instrument = self.instrument;
        let moving = self.moving.get_or_insert_with(|| {
            turn.handler.on_status(&Status::InstrumentMoving { instrument, epoch });
            Moving { progress: Progress::Held, epoch, since: turn.time, tries: 0 }
        });
        moving.progress = Progress::Held;
        moving.epoch = moving.epoch.max(epoch);
        self.deadline = turn.time.saturating_add(turn.delays.moved(moving.tries));
        moving.tries = moving.tries.saturating_add(1);
    }
}

/// What the scope's other parts ask and tell.
impl Scope {
    /// Whether nothing may be sent.
    #[inline]
    pub(super) fn is_held(&self) -> bool {
        self.moving.is_some_and(|moving| moving.progress == Progress::Held)
    }

    /// Whether this command has to wait for what becomes of those before it.
    #[inline]
    pub(super) fn holds_back(&self, number: u64) -> bool {
        match &self.moving {
            None => false,
            Some(moving) => match moving.progress {
                Progress::Held => true,
                Progress::Trying => number > self.outstanding.first(),
                Progress::Arrived => false,
            },
        }
    }

    /// The session comes or goes: what follows is no longer a wait.
    pub(super) fn stop_holding(&mut self) {
        if let Some(moving) = &mut self.moving {
            moving.progress = Progress::Trying;
        }
    }

    /// A command was settled, or there is none and the cluster has told where the scope stands.
    #[inline]
    pub(super) fn on_progress(&mut self) {
        if self.moving.is_some() && !self.is_held() {
            self.moving = None;
        }
    }

    /// The scope was opened: the cluster has the instrument.
    pub(super) fn has_arrived(&mut self) {
        if let Some(moving) = self.moving.as_mut().filter(|moving| moving.progress == Progress::Trying) {
            moving.progress = Progress::Arrived;
        }
    }

    /// No command has waited longer than since now.
    pub(super) fn restart_patience(&mut self, time: u64) {
        if let Some(moving) = &mut self.moving {
            moving.since = time;
        }
    }

    /// Tries here again, or gives up what has waited too long.
    pub(super) fn try_again<H: EventHandler>(&mut self, turn: &mut Turn<'_, H>) -> After {
        let Some(moving) = &mut self.moving else { return After::Nothing };
        let is_late = turn.time.saturating_sub(moving.since) >= turn.delays.moved_timeout;
        moving.progress = Progress::Trying;
        if is_late && !self.outstanding.is_empty() && self.give_up_connected(turn) == After::NewSession {
            return After::NewSession;
        }
        self.resume = Resume::Wanted;
        self.rearm(turn);
        After::Nothing
    }
}

/// What the map says.
impl Scope {
    /// A map of this epoch is known, and says that the instrument is where it was: what waits for such a map tries again.
    pub(crate) fn on_map<H: EventHandler>(&mut self, epoch: MapEpoch, turn: &mut Turn<'_, H>) {
        if self.is_held() && self.moving.is_some_and(|moving| moving.epoch <= epoch) {
            self.deadline = turn.time;
        }
    }

    /// Leaves a session; what is needed should it come back to it.
    pub(crate) fn detach(&mut self) -> Visit {
        self.is_listed = false;
        self.resume = Resume::No;
        self.deadline = NEVER;
        let numbering = (self.stage != Stage::Opening).then_some(self.numbering);
        Visit { instrument: self.instrument, numbering }
    }

    /// Comes to the session of the instrument's new owner. `visit`: of this same cluster session, if the scope was there.
    pub(crate) fn attach<H>(&mut self, is_connected: bool, visit: Option<Visit>, turn: &mut Turn<'_, H>) -> After {
        self.attempt = 0;
        self.quiet = 0;
        self.hole_filled = false;
        self.stop_holding();
        if let Some(moving) = &mut self.moving {
            moving.tries = 0;
        }
        let knows_numbers = visit.is_some_and(|visit| visit.numbering == Some(self.numbering));
        if is_connected && knows_numbers {
            if self.stage == Stage::Opening {
                self.stage = Stage::Open;
            }
            self.sent_in_session = true;
            self.has_arrived();
            self.resend();
        } else {
            self.floor = Floor { applied: self.applied_through, event: self.last_event.unwrap_or(0) };
            self.stage = Stage::Opening;
            self.sent_in_session = false;
        }
        if !is_connected {
            self.on_disconnected(turn);
            return After::Nothing;
        }
        self.resume = Resume::Wanted;
        self.rearm(turn);
        if visit.is_some() && !knows_numbers { After::NewSession } else { After::Nothing }
    }
}
