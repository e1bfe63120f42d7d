//! Compares random streams of commands with the oracle of the tests, for a number of seconds:
//!
//! ```text
//! cargo run --release -p lugus-engine --example soak -- SECONDS [FIRST_SEED]
//! ```
//!
//! Each seed gives the same stream on every machine. The first difference ends the run, with its seed; without one it
//! prints how often each kind of report and each reason came up, which shows what was covered.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a difference ends it")]

#[path = "../tests/comparison/mod.rs"]
mod comparison;
#[path = "../tests/follower/mod.rs"]
mod follower;
#[path = "../tests/oracle/mod.rs"]
mod oracle;
#[path = "../tests/venue/mod.rs"]
mod venue;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use comparison::Comparison;
use comparison::mixtures::{cascading, governing};
use comparison::steps::{Spread, Step, limits, step};
use lugus_engine::EngineLimits;
use lugus_vocabulary::{InstrumentDefinition, Price, Quantity, ReportBody};
use proptest::prop_oneof;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use venue::{Told, boundless, definition};

fn main() {
    let mut arguments = std::env::args().skip(1);
    let mut number = |default| arguments.next().and_then(|word| word.parse().ok()).unwrap_or(default);
    let (length, first) = (Duration::from_secs(number(10)), number(1));
    let begin = Instant::now();
    let (mut steps, mut told) = (0, BTreeMap::new());
    let mut seed = first;
    while begin.elapsed() < length {
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| run(seed, &mut told)));
        match outcome {
            Ok(of_it) => steps += of_it,
            Err(_) => {
                eprintln!("seed {seed} differs: soak 1 {seed}; these of its steps do, too:");
                shortest(seed);
                std::process::exit(1);
            }
        }
        seed += 1;
    }
    println!("{} seeds from {first}, {steps} steps, {:.0?}: no difference", seed - first, begin.elapsed());
    for (what, times) in told {
        println!("{times:>12} {what}");
    }
}

/// The stream of a seed.
fn stream(seed: u64) -> (EngineLimits, [InstrumentDefinition; 2], Vec<Step>) {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let spread = if seed.is_multiple_of(4) { Spread::Extreme } else { Spread::Near };
    let definitions = match spread {
        Spread::Near => [definition(1), InstrumentDefinition { price_band: Quantity(0), ..definition(2) }],
        Spread::Extreme => {
            let banded = InstrumentDefinition {
                price_band: Quantity(u64::MAX),
                reference_price: Price(i64::MIN),
                ..boundless(2)
            };
            [boundless(1), banded]
        }
    };
    // Some seeds lead to what is seldom in the usual stream: work that is left, and what operators and firms decide.
    let mut limits = limits().new_tree(&mut runner).unwrap().current();
    if seed % 8 == 5 {
        limits.steps = 1 + (seed / 8 % 3) as usize;
    }
    let step = match seed % 8 {
        5 => prop_oneof![1 => step(spread), 4 => cascading()].boxed(),
        7 => prop_oneof![2 => step(spread), 1 => governing(spread)].boxed(),
        _ => step(spread).boxed(),
    };
    let steps = proptest::collection::vec(step, 400..800).new_tree(&mut runner).unwrap().current();
    (limits, definitions, steps)
}

/// Runs the stream of a seed, counts what is told by kind, and returns the number of steps.
fn run(seed: u64, told: &mut BTreeMap<String, u64>) -> usize {
    let (limits, definitions, steps) = stream(seed);
    let mut comparison = Comparison::new(limits, definitions);
    for step in &steps {
        for told_now in comparison.step(step) {
            *told.entry(kind(&told_now)).or_default() += 1;
        }
    }
    steps.len()
}

/// Leaves steps out of the stream of a seed as long as it still differs, and prints the rest with what is told.
fn shortest(seed: u64) {
    let (limits, definitions, mut steps) = stream(seed);
    let differs = |steps: &[Step]| {
        let run = || {
            let mut comparison = Comparison::new(limits, definitions);
            steps.iter().for_each(|step| drop(comparison.step(step)));
        };
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)).is_err()
    };
    std::panic::set_hook(Box::new(|_| ()));
    let mut chunk = steps.len() / 2;
    while chunk > 0 {
        let mut from = 0;
        while from < steps.len() {
            let mut fewer = steps.clone();
            fewer.drain(from..(from + chunk).min(steps.len()));
            if differs(&fewer) {
                steps = fewer;
            } else {
                from += chunk;
            }
        }
        chunk /= 2;
    }
    let _ = std::panic::take_hook();
    eprintln!("{limits:?}");
    let mut comparison = Comparison::new(limits, definitions);
    for step in &steps {
        eprintln!("{step:?}");
        for told in comparison.step(step) {
            eprintln!("    {told:?}");
        }
    }
}

fn kind(told: &Told) -> String {
    match told {
        Told::Report(report) => match report.body {
            ReportBody::Execution(execution) => {
                format!("{:?} {:?} {:?}", execution.exec_type, execution.reason, execution.liquidity)
            }
            ReportBody::CancelReject { reason, .. } => format!("CancelReject {reason:?}"),
            ReportBody::Reject { command, reason } => format!("Reject {command:?} {reason:?}"),
            ReportBody::MassCancel { .. } => "MassCancel".into(),
            ReportBody::MassCancelAll { .. } => "MassCancelAll".into(),
            ReportBody::Firm(_) => "Firm".into(),
            ReportBody::FirmLimits(_) => "FirmLimits".into(),
            ReportBody::Instrument { state, .. } => format!("Instrument {state:?}"),
            ReportBody::Risk { .. } => "Risk".into(),
            ReportBody::MassQuote(ref report) => {
                let reasons: std::collections::BTreeSet<_> =
                    report.results.iter().map(|result| result.reason).collect();
                format!("MassQuote {reasons:?}")
            }
            ReportBody::QuoteStatus(_) => "QuoteStatus".into(),
            ReportBody::MarketMakerProtection(report) => format!("MarketMakerProtection {:?}", report.trigger),
            ReportBody::TradeAddendum(addendum) => format!("{:?}", addendum.exec_type),
        },
        Told::FirmEvent(_) => "FirmEvent".into(),
        Told::FirmReply(reply) => format!("{reply:?}").split_whitespace().next().unwrap_or_default().into(),
        Told::Reply(reply) => format!("{reply:?}").split_whitespace().next().unwrap_or_default().into(),
    }
}
