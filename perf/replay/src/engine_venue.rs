//! The engine itself as a venue, in this process, without cluster and codec. Each command is applied when it is
//! submitted.

use std::collections::HashMap;

use lugus_engine::EventSink;
use lugus_engine::{Engine, EngineLimits};
use lugus_vocabulary::{ClientSequence, Command, EpochNanos, Reply, Report, StateHash};

use crate::flow::Step;
use crate::venue::{Heard, Scope, Submission, Venue, VenueError};

/// Time between two commands in the simulated log, in nanoseconds.
const TICK: i64 = 1_000;

/// A new engine, and the reports that it has made.
#[derive(Debug)]
pub struct EngineVenue {
    engine: Engine,
    now: EpochNanos,
    sequences: HashMap<Scope, ClientSequence>,
    told: Told,
}

#[derive(Debug, Default)]
struct Told {
    reports: Vec<Report>,
    reply: Option<Reply>,
}

impl EventSink for Told {
    fn report(&mut self, report: &Report) {
        self.reports.push(*report);
    }

    fn reply(&mut self, reply: &Reply) {
        self.reply = Some(*reply);
    }
}

impl EngineVenue {
    /// A venue with an engine of these limits. Its log time starts at 0, so it is the same in every run.
    pub fn new(limits: EngineLimits) -> Self {
        Self { engine: Engine::new(limits), now: EpochNanos(0), sequences: HashMap::new(), told: Told::default() }
    }

    /// The engine's state hash.
    pub fn state_hash(&self) -> StateHash {
        self.engine.state_hash()
    }
}

impl Venue for EngineVenue {
    fn submit(&mut self, step: &Step) -> Result<Submission, VenueError> {
        let scope = (step.participant, step.instrument);
        let last = self.sequences.entry(scope).or_default();
        last.0 += 1;
        let command =
            Command { participant: scope.0, instrument: scope.1, client_sequence: *last, action: step.action };
        self.now.0 += TICK;
        self.engine.apply(self.now, &command, &mut self.told);
        match self.told.reply {
            Some(reply) => Err(VenueError::Refused { scope, what: format!("{reply:?}") }),
            None => Ok(Submission::Sent(*last)),
        }
    }

    fn poll(&mut self, hear: &mut dyn FnMut(Heard<'_>)) -> Result<usize, VenueError> {
        for report in &self.told.reports {
            hear(Heard::Report(report));
        }
        let heard = self.told.reports.len();
        self.told.reports.clear();
        Ok(heard)
    }
}
