//! Nanoseconds a message on five flows, for the order book alone and for the whole engine: median, minimum and maximum.
//!
//! `cargo run --release -p lugus-perf --example flows [rounds [book|all [flow]]]`

use lugus_benchmark::flow::{SCENARIOS, generate};
use lugus_benchmark::measure;

const ORDERS: usize = 1_000_000;

fn main() {
    let rounds = std::env::args().nth(1).and_then(|rounds| rounds.parse().ok()).unwrap_or(7);
    let only_book = std::env::args().nth(2).is_some_and(|what| what == "book");
    println!("{:<14}{:>10}{:>9}{:>9}{:>26}{:>28}", "flow", "messages", "trades", "resting", "book ns", "apply ns");
    let only = std::env::args().nth(3);
    for scenario in SCENARIOS {
        if only.as_ref().is_some_and(|only| only != scenario.name) {
            continue;
        }
        let messages = generate(scenario, ORDERS, scenario.seed);
        let (mut book, mut apply) = (Vec::new(), Vec::new());
        let (mut trades, mut resting) = (0, 0);
        for _ in 0..rounds {
            let (nanos, tally, live) = measure::book(&messages, 1 << 20);
            (trades, resting) = (tally.trades, live);
            book.push(nanos);
            if !only_book {
                apply.push(measure::engine(&messages).0);
            }
        }
        println!(
            "{:<14}{:>10}{trades:>9}{resting:>9}{:>26}{:>28}",
            scenario.name,
            messages.len(),
            spread(&mut book),
            spread(&mut apply)
        );
    }
}

fn spread(nanos: &mut [f64]) -> String {
    if nanos.is_empty() {
        return String::new();
    }
    nanos.sort_by(f64::total_cmp);
    let (median, least, most) = (nanos[nanos.len() / 2], nanos[0], nanos[nanos.len() - 1]);
    format!("{median:.1} ({least:.1} to {most:.1})")
}
