//! How much of its limits an engine uses, for operators. Nothing changes by asking.

use crate::engine::Engine;
use crate::engine_limits::EngineLimits;

/// How much of its limits an engine uses, as far as it is known without a search.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Live orders, stop orders included.
    pub orders: usize,
    /// Instruments, those that come in and go out by a move included.
    pub instruments: usize,
    /// Participants that have ever sent a command or been given limits, the operator included.
    pub participants: usize,
    /// Pairs of participant and instrument with a command or an event, and participants' own.
    pub scopes: usize,
    /// Instruments whose move to or from here is under way.
    pub moving_instruments: usize,
}

/// What a [`Survey`] has found in one round. Each scope and participant was looked at once, but not at the same time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Surveyed {
    /// Reports that are kept for clients that reconnect.
    pub retained_events: u64,
    /// Participants whose kill switch is engaged.
    pub kill_switches: u64,
    /// Participants that are disconnected and have asked for cancel on disconnect.
    pub disconnected: u64,
}

/// A round through all scopes and participants, of which there may be millions, so that it is gone in small steps.
#[derive(Debug, Clone, Default)]
pub struct Survey {
    place: usize,
    are_scopes_done: bool,
    found: Surveyed,
}

impl Engine {
    /// The limits that the engine was made with.
    #[must_use]
    pub fn limits(&self) -> EngineLimits {
        self.limits
    }

    /// How much of its limits is used.
    #[must_use]
    pub fn usage(&self) -> Usage {
        Usage {
            orders: self.pool.live(),
            instruments: self.instruments.len(),
            participants: self.participants.len(),
            scopes: self.scopes.len(),
            moving_instruments: self.migration_states.moving(),
        }
    }

    /// Looks at the next `steps` scopes or participants of a round. At its end it returns what was found, and the survey begins anew.
    pub fn survey(&self, survey: &mut Survey, steps: usize) -> Option<Surveyed> {
        for _ in 0..steps {
            if !survey.are_scopes_done {
                match self.scopes.kept_at_place(survey.place) {
                    Some(kept) => {
                        survey.found.retained_events += kept as u64;
                        survey.place += 1;
                    }
                    None => (survey.are_scopes_done, survey.place) = (true, 0),
                }
                continue;
            }
            match self.participants.risk.get(survey.place) {
                Some(risk) => {
                    survey.found.kill_switches += u64::from(risk.kill_switch.is_engaged());
                    let disconnection = self.participants.disconnections.get(survey.place).copied().flatten();
                    survey.found.disconnected += u64::from(disconnection.is_some());
                    survey.place += 1;
                }
                None => return Some(std::mem::take(survey).found),
            }
        }
        None
    }
}
