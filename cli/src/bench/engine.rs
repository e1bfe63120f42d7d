//! `lugus bench engine`: what a message costs the engine, without a cluster.

use std::collections::BTreeMap;

use lugus_benchmark::flow::{SCENARIOS, generate};
use lugus_benchmark::measure::{self, LargeBook};
use serde::Serialize;

use super::Spread;
use crate::failure::Failure;
use crate::output::Output;

/// Orders of a flow; it has about twice as many messages.
const ORDERS: usize = 1_000_000;
/// Room for live orders in the book alone: as much as an engine has by default.
const ROOM: usize = 1 << 20;
/// The large book whose memory is told.
const LARGE_BOOK_ORDERS: u64 = 10_000_000;
const LARGE_BOOK_LEVELS: i64 = 1_000_000;
const LARGE_BOOK_SEED: u64 = 23;

/// What all of it says.
#[derive(Debug, Serialize)]
struct EngineFigures {
    flows: BTreeMap<&'static str, FlowFigures>,
    /// Millions of messages a second that all of the engine takes, in its slowest flow.
    apply_worst_mps: f64,
    /// Memory of a book of ten million orders on a million levels.
    bytes_at_10m: u64,
}

/// Nanoseconds a message, medians.
#[derive(Debug, Serialize)]
struct FlowFigures {
    /// The book alone, with nobody listening.
    book_ns: f64,
    /// All of `Engine::apply`.
    apply_ns: f64,
    book_ns_spread: Spread,
    apply_ns_spread: Spread,
}

/// Measures each flow `rounds` times: one after the other, and all over again, so that a slow spell of the machine hits all.
pub fn run(rounds: u32, output: Output) -> Result<(), Failure> {
    // First: what the flows leave behind for the allocator would be counted, or used.
    let bytes_an_order = LargeBook::new(LARGE_BOOK_ORDERS, LARGE_BOOK_LEVELS, LARGE_BOOK_SEED).bytes_an_order;
    let mut measured = SCENARIOS.map(|_| (Vec::new(), Vec::new()));
    for round in 1..=rounds {
        output.say(format!("round {round} of {rounds}"));
        for (scenario, (book, apply)) in SCENARIOS.into_iter().zip(&mut measured) {
            let messages = generate(scenario, ORDERS, scenario.seed);
            book.push(measure::book(&messages, ROOM).0);
            apply.push(measure::engine(&measure::commands(&messages)).0);
        }
    }
    let named = SCENARIOS.into_iter().zip(measured);
    let flows: BTreeMap<_, _> = named
        .map(|(scenario, (book, apply))| (scenario.name, flow_figures(scenario.name, book, apply, output)))
        .collect();
    let slowest = flows.values().map(|flow| flow.apply_ns).fold(0.0, f64::max);
    let figures = EngineFigures {
        flows,
        apply_worst_mps: 1e3 / slowest,
        bytes_at_10m: (bytes_an_order * LARGE_BOOK_ORDERS as f64) as u64,
    };
    let text = format!(
        "apply, slowest flow: {:.1} million messages a second\n10 million orders on 1 million levels: {} MB",
        figures.apply_worst_mps,
        figures.bytes_at_10m / 1_000_000
    );
    output.answer(&figures, text)
}

fn flow_figures(name: &str, book: Vec<f64>, apply: Vec<f64>, output: Output) -> FlowFigures {
    let (book, apply) = (Spread::of(book), Spread::of(apply));
    output.say(format!(
        "{name:<12} book {:.1} ns ({:.1}..{:.1}), apply {:.1} ns ({:.1}..{:.1})",
        book.median, book.min, book.max, apply.median, apply.min, apply.max
    ));
    FlowFigures { book_ns: book.median, apply_ns: apply.median, book_ns_spread: book, apply_ns_spread: apply }
}
