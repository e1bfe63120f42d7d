//! HDR histograms of single operations of the whole engine, with a thousand to ten million orders in the book.
//!
//! `cargo run --release -p lugus-perf --example operations [most orders]`
//!
//! Each operation is timed alone. The time of reading the clock twice (median of many readings) is subtracted.

use std::process::ExitCode;
use std::time::Instant;

use hdrhistogram::Histogram;
use lugus_benchmark::operations::{Operation, OperationBench};

/// Number of measurements of each operation.
const TIMES: usize = 100_000;
const SEED: u64 = 23;
/// Longest time that the histogram can hold, in nanoseconds: one second.
const LONGEST: u64 = 1_000_000_000;

fn main() -> ExitCode {
    match measure() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("operations: {error}");
            ExitCode::FAILURE
        }
    }
}

fn measure() -> Result<(), hdrhistogram::CreationError> {
    let most = std::env::args().nth(1).and_then(|most| most.parse().ok()).unwrap_or(10_000_000);
    let clock = clock_nanos()?;
    println!("nanoseconds; {clock} for the clock are taken off");
    println!(
        "{:>10}  {:<16}{:>8}{:>8}{:>8}{:>9}{:>10}",
        "orders", "operation", "median", "90 %", "99 %", "99.9 %", "most"
    );
    for orders in [1_000, 10_000, 100_000, 1_000_000, 10_000_000].into_iter().filter(|&orders| orders <= most) {
        let mut bench = OperationBench::new(orders, (orders / 10).clamp(100, 1_000_000), SEED);
        for operation in Operation::ALL {
            let histogram = time(&mut bench, operation, clock)?;
            let at = |quantile| histogram.value_at_quantile(quantile);
            println!(
                "{orders:>10}  {:<16}{:>8}{:>8}{:>8}{:>9}{:>10}",
                operation.name(),
                at(0.5),
                at(0.9),
                at(0.99),
                at(0.999),
                histogram.max()
            );
        }
    }
    Ok(())
}

fn time(
    bench: &mut OperationBench,
    operation: Operation,
    clock: u64,
) -> Result<Histogram<u64>, hdrhistogram::CreationError> {
    let mut histogram = Histogram::new_with_bounds(1, LONGEST, 3)?;
    let times = if operation == Operation::Sweep { TIMES / 10 } else { TIMES };
    for _ in 0..times {
        let command = bench.prepare(operation);
        let start = Instant::now();
        bench.apply(&command);
        let nanos = start.elapsed().as_nanos() as u64;
        histogram.saturating_record(nanos.saturating_sub(clock));
        bench.restore(operation, &command);
    }
    Ok(histogram)
}

/// Time that reading the clock twice takes, in nanoseconds.
fn clock_nanos() -> Result<u64, hdrhistogram::CreationError> {
    let mut histogram = Histogram::<u64>::new_with_bounds(1, LONGEST, 3)?;
    for _ in 0..TIMES {
        let start = Instant::now();
        histogram.saturating_record(start.elapsed().as_nanos() as u64);
    }
    Ok(histogram.value_at_quantile(0.5))
}
