//! `lugus bench`: the figures of the README and docs/benchmarks.md, each from one command.

mod all;
mod compare;
mod election_phases;
mod engine;
mod fail_over;
mod full_book;
mod large_book;
mod migrate;
mod plan_back_test;
pub mod round_trip;
mod rounds;
mod sdk;
mod sessions;
mod snapshot;

use crate::arguments::Bench;
use crate::failure::Failure;
use crate::output::Output;

/// Runs a benchmark, on temporary clusters where it needs any.
///
/// # Errors
/// When a cluster does not start, or loses or repeats a command; when compared figures are slower.
pub fn run(bench: &Bench, output: Output) -> Result<(), Failure> {
    match bench {
        Bench::Engine { rounds } => engine::run(*rounds, output),
        Bench::RoundTrip(what) => round_trip::run(what, output),
        Bench::PlanBackTest(what) => plan_back_test::run(what, output),
        Bench::Sdk => sdk::run(output),
        Bench::Migrate { orders, rounds, members, base_port } => {
            migrate::run(*orders, *rounds, *members, *base_port, output)
        }
        Bench::Snapshot { orders, rounds, members, base_port } => {
            snapshot::run(*orders, *rounds, *members, *base_port, output)
        }
        Bench::Sessions { sessions, rate, seconds, members, base_port } => {
            sessions::run(*sessions, *rate, *seconds, *members, *base_port, output)
        }
        Bench::All { out, only, base_port } => all::run(out, only, *base_port, output),
        Bench::Compare { before, after } => compare::run(before, after, output),
        Bench::FailOver { kills, rate, fast, base_port, hdr } => {
            fail_over::run(*kills, *rate, *fast, *base_port, hdr, output)
        }
    }
}
