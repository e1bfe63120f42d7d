//! Replays a recording, or a synthetic flow when no file is given, on an engine in this process and prints the figures.
//! It then measures the engine alone: the same commands, made before, with a sink that ignores all events.
//!
//! `cargo run --release -p lugus-perf --example replay_in_process -- [FILE]`

use std::collections::HashMap;
use std::error::Error;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use lugus_engine::EventSink;
use lugus_engine::{Engine, EngineLimits};
use lugus_replay::engine_venue::EngineVenue;
use lugus_replay::flow::{Flow, FlowError};
use lugus_replay::mbo;
use lugus_replay::recording::RecordingOptions;
use lugus_replay::replay::{ReplayOptions, replay};
use lugus_replay::synthetic::{SyntheticFlow, SyntheticOptions};
use lugus_vocabulary::{Action, ClientSequence, Command, EpochNanos, InstrumentId, ParticipantId, Reply, Report};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("replay_in_process: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    match std::env::args().nth(1) {
        Some(path) => measure(|| mbo::open(Path::new(&path), RecordingOptions::default())),
        None => {
            let options = SyntheticOptions { steps: 1_000_000, ..SyntheticOptions::default() };
            measure(|| Ok(SyntheticFlow::new(options)))
        }
    }
}

fn measure<F: Flow>(flow: impl Fn() -> Result<F, FlowError>) -> Result<(), Box<dyn Error>> {
    let mut venue = EngineVenue::new(EngineLimits::default());
    let options = ReplayOptions { window: 1, ..ReplayOptions::default() };
    println!("{}", replay(&mut flow()?, &mut venue, options, &mut ())?.report);
    println!("state hash {:016x}\n", venue.state_hash().0);

    let commands = commands(flow()?)?;
    let mut rates = Vec::new();
    for _ in 0..5 {
        let mut engine = Engine::new(EngineLimits::default());
        let begun = Instant::now();
        for (now, command) in (0..).map(EpochNanos).zip(&commands) {
            engine.apply(now, command, &mut IgnoreEvents);
        }
        rates.push(commands.len() as f64 / begun.elapsed().as_secs_f64() / 1e6);
    }
    rates.sort_by(f64::total_cmp);
    let [slowest, .., fastest] = rates[..] else { return Ok(()) };
    println!("engine alone, million commands a second: median {:.1} ({slowest:.1} to {fastest:.1})", rates[2]);
    Ok(())
}

/// The instrument definitions and all commands of a flow, with their sequence numbers.
fn commands(flow: impl Flow) -> Result<Vec<Command>, FlowError> {
    let mut sequences: HashMap<(ParticipantId, InstrumentId), ClientSequence> = HashMap::new();
    let mut number = |participant, instrument, action| {
        let client_sequence = sequences.entry((participant, instrument)).or_default();
        client_sequence.0 += 1;
        Command { participant, instrument, client_sequence: *client_sequence, action }
    };
    let define = |definition| (ParticipantId::OPERATOR, InstrumentId::NONE, Action::DefineInstrument(definition));
    let definitions: Vec<_> = flow.instruments().iter().copied().map(define).collect();
    let mut commands: Vec<_> = definitions.into_iter().map(|(of, in_, action)| number(of, in_, action)).collect();
    for step in flow {
        let step = step?;
        commands.push(number(step.participant, step.instrument, step.action));
    }
    Ok(commands)
}

/// Ignores all events.
struct IgnoreEvents;

impl EventSink for IgnoreEvents {
    fn report(&mut self, report: &Report) {
        std::hint::black_box(report);
    }

    fn reply(&mut self, reply: &Reply) {
        std::hint::black_box(reply);
    }
}
