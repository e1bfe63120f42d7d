//! `lugus simulate`: many runs of the simulated deployment, and the shortest history of each that fails.

use std::panic;
use std::time::Instant;

use lugus_simulator::{Failure as Violation, Options, Summary, simulate};
use serde::Serialize;
use tracing::subscriber::NoSubscriber;

use crate::arguments::Simulate;
use crate::failure::{FINDING_EXIT_CODE, Failure};
use crate::output::Output;

/// The JSON document of `lugus simulate`.
#[derive(Debug, Serialize)]
struct Simulated {
    runs: u64,
    violations: usize,
    commands: u64,
    events: u64,
    elections: u64,
    restarts: u64,
    snapshots: u64,
    moves: u64,
    undone_moves: u64,
    given_up: u64,
    refused: u64,
    lost_events: u64,
    runs_per_second: f64,
    failures: Vec<FailedRun>,
}

/// A run that failed, already made short.
#[derive(Debug, Serialize)]
struct FailedRun {
    seed: u64,
    violation: String,
    again: String,
}

/// Runs the simulations.
///
/// # Errors
/// With [`FINDING_EXIT_CODE`] when a run fails.
pub fn run(wanted: &Simulate, output: Output) -> Result<(), Failure> {
    let options =
        Options { steps: wanted.steps, clients: wanted.clients, without: wanted.without.clone(), sabotage: None };
    let begin = Instant::now();
    let mut failures = Vec::new();
    // A panic is told with the run that it ends.
    panic::set_hook(Box::new(|_| {}));
    // Members and clients of a simulation tell of their misfortunes as real ones do.
    let summary = tracing::subscriber::with_default(NoSubscriber::default(), || {
        simulate(wanted.seed, wanted.runs, &options, |violation: Violation| {
            output.say(&violation);
            let (seed, again) = (violation.seed, violation.command());
            failures.push(FailedRun { seed, violation: violation.violation, again });
            failures.len() < wanted.failures
        })
    });
    let _ = panic::take_hook();
    let Summary {
        runs,
        commands,
        events,
        elections,
        restarts,
        snapshots,
        moves,
        undone,
        given_up,
        refused,
        lost_events,
    } = summary;
    let violations = failures.len();
    let runs_per_second = runs as f64 / begin.elapsed().as_secs_f64().max(f64::MIN_POSITIVE);
    let text = format!(
        "{runs} runs, {violations} violations: {commands} commands, {events} events, {elections} elections, {restarts} restarts, \
         {snapshots} snapshots compared, {moves} moves, {undone} undone, {given_up} commands given up, \
         {refused} refused, {lost_events} events no longer kept; {runs_per_second:.0} runs a second"
    );
    let undone_moves = undone;
    let document = Simulated {
        runs,
        violations,
        commands,
        events,
        elections,
        restarts,
        snapshots,
        moves,
        undone_moves,
        given_up,
        refused,
        lost_events,
        runs_per_second,
        failures,
    };
    output.answer(&document, text)?;
    match violations {
        0 => Ok(()),
        violations => Err(Failure::new(format!("{violations} of {runs} simulated runs broke a promise"))
            .hint("each was printed with the command that repeats it; docs/guarantees.md says what is checked")
            .with_exit_code(FINDING_EXIT_CODE)),
    }
}
