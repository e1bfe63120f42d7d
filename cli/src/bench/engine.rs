//! `lugus bench engine`: time and memory that the engine needs, without a cluster.

use std::collections::BTreeMap;

use lugus_benchmark::flow::{SCENARIOS, generate};
use lugus_benchmark::measure::{self, LargeBook};
use lugus_results::{Measurement, Spread};
use serde::Serialize;

use super::rounds::Rounds;
use crate::failure::Failure;
use crate::output::Output;

/// Number of orders of a flow, which has about twice as many messages.
const ORDERS: usize = 1_000_000;
/// Capacity in live orders when the book is measured alone; the same as an engine's default.
const ROOM: usize = 1 << 20;
/// Number of orders in the book whose memory is measured.
const LARGE_BOOK_ORDERS: u64 = 10_000_000;
const LARGE_BOOK_LEVELS: i64 = 1_000_000;
const LARGE_BOOK_SEED: u64 = 23;

/// The JSON document of `lugus bench engine`.
#[derive(Debug, Serialize)]
struct EngineFigures {
    flows: BTreeMap<&'static str, FlowFigures>,
    /// Throughput of the whole engine in its slowest flow, in millions of messages a second.
    apply_worst_mps: f64,
    /// Memory of a book of ten million orders on a million levels, in bytes.
    bytes_at_10m: u64,
}

/// Medians for one flow, in nanoseconds a message.
#[derive(Debug, Serialize)]
struct FlowFigures {
    /// The order book alone, with a sink that only counts events.
    book_ns: f64,
    /// The whole engine (`Engine::apply`).
    apply_ns: f64,
    book_ns_spread: Spread,
    apply_ns_spread: Spread,
}

/// Measures each flow `rounds` times, and prints the figures.
pub fn run(rounds: u32, output: Output) -> Result<(), Failure> {
    // The large book comes first: memory that the flows return to the allocator would be reused, and falsify its size.
    let bytes_an_order = LargeBook::new(LARGE_BOOK_ORDERS, LARGE_BOOK_LEVELS, LARGE_BOOK_SEED).bytes_an_order;
    let flows = measure(&mut Rounds::all(rounds), output);
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

/// The figures of each flow as results.
pub fn measurements(rounds: &mut Rounds, output: Output) -> Vec<Measurement> {
    let result = |(flow, figures): (&str, FlowFigures)| {
        Measurement::new("engine")
            .label("flow", flow)
            .figure("book_ns", figures.book_ns_spread)
            .figure("apply_ns", figures.apply_ns_spread)
    };
    measure(rounds, output).into_iter().map(result).collect()
}

/// Measures each flow in each of the rounds. Each round measures all flows, so that a slow spell of the machine affects all
/// alike.
fn measure(rounds: &mut Rounds, output: Output) -> BTreeMap<&'static str, FlowFigures> {
    let mut measured = SCENARIOS.map(|_| (Vec::new(), Vec::new()));
    let wanted = rounds.wanted();
    for round in rounds {
        output.say(format!("round {round} of {wanted}"));
        for (scenario, (book, apply)) in SCENARIOS.into_iter().zip(&mut measured) {
            let messages = generate(scenario, ORDERS, scenario.seed);
            book.push(measure::book(&messages, ROOM).0);
            apply.push(measure::engine(&messages).0);
        }
    }
    let named = SCENARIOS.into_iter().zip(measured);
    named.map(|(scenario, (book, apply))| (scenario.name, flow_figures(scenario.name, book, apply, output))).collect()
}

fn flow_figures(name: &str, book: Vec<f64>, apply: Vec<f64>, output: Output) -> FlowFigures {
    let (book, apply) = (Spread::of(book), Spread::of(apply));
    output.say(format!(
        "{name:<12} book {:.1} ns ({:.1}..{:.1}), apply {:.1} ns ({:.1}..{:.1})",
        book.median, book.minimum, book.maximum, apply.median, apply.minimum, apply.maximum
    ));
    FlowFigures { book_ns: book.median, apply_ns: apply.median, book_ns_spread: book, apply_ns_spread: apply }
}
