//! The engine itself as a venue, in this process, without cluster and codec. Each command is applied when it is
//! submitted.

use std::collections::HashMap;

use lugus_engine::EventSink;
use lugus_engine::{Engine, EngineLimits};
use lugus_vocabulary::{ClientSequence, Command, EpochNanos, Reply, Report, StateHash};

use crate::flow::Step;
use crate::venue::{Scope, Submission, Venue, VenueError, VenueEvent};

/// Time between two commands in the simulated log, in nanoseconds.
const TICK: i64 = 1_000;

/// A new engine, and the reports that it has made.
#[derive(Debug)]
pub struct EngineVenue {
    engine: Engine,
    now: EpochNanos,
    sequences: HashMap<Scope, ClientSequence>,
    recorded: RecordedReports,
}

#[derive(Debug, Default)]
struct RecordedReports {
    reports: Vec<Report>,
    reply: Option<Reply>,
}

impl EventSink for RecordedReports {
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
        Self {
            engine: Engine::new(limits),
            now: EpochNanos(0),
            sequences: HashMap::new(),
            recorded: RecordedReports::default(),
        }
    }

    /// The engine, for reading.
    pub fn engine(&self) -> &Engine {
        &self.engine
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
        self.engine.apply(self.now, &command, &mut self.recorded);
        match self.recorded.reply {
            Some(reply) => Err(VenueError::Refused { scope, what: format!("{reply:?}") }),
            None => Ok(Submission::Sent(*last)),
        }
    }

    fn poll(&mut self, on_event: &mut dyn FnMut(VenueEvent<'_>)) -> Result<usize, VenueError> {
        for report in &self.recorded.reports {
            on_event(VenueEvent::Report(report));
        }
        let count = self.recorded.reports.len();
        self.recorded.reports.clear();
        Ok(count)
    }
}
