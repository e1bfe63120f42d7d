//! `lugus bench all`: all benchmarks one after the other, in less than twenty minutes, with their results, distributions and report in
//! one folder.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use clap::ValueEnum;
use lugus_results::{Measurement, Results, write};

use super::{engine, fail_over, large_book, migrate, round_trip, sdk, snapshot};
use crate::arguments::{BenchPart, Hdr, Members, RoundTrip};
use crate::failure::Failure;
use crate::output::Output;
use crate::{doctor, report};

/// Rounds of the benchmarks that need no cluster: enough for the rank-sum test of a comparison.
const ENGINE_ROUNDS: u32 = 7;
const BOOK_ROUNDS: u32 = 7;
const SDK_ROUNDS: u32 = 5;
/// Rounds of the round trips, each of which starts three clusters, and seconds of each pace.
const ROUND_TRIP_ROUNDS: u32 = 3;
const ROUND_TRIP_SECONDS: u32 = 5;
const ROUND_TRIP_MEMBERS: [Members; 1] = [Members::Three];
/// Number of leaders that are killed, and commands a second meanwhile.
const KILLS: u32 = 7;
const FAIL_OVER_RATE: u32 = 1_000;
/// Number of moves, of which half go each way, and of resting orders.
const MOVES: u32 = 6;
const MOVED_ORDERS: u32 = 10_000;

/// Number of snapshots, and of the orders in them.
const SNAPSHOTS: u32 = 5;
const SNAPSHOT_ORDERS: u32 = 1_000_000;

/// Longest time that all benchmarks are to take together.
const BUDGET: Duration = Duration::from_secs(20 * 60);

/// The settings of all parts, which the results name.
fn settings(parts: &[BenchPart]) -> BTreeMap<String, String> {
    let of_part = |part: BenchPart| match part {
        BenchPart::LargeBook => vec![("large-book rounds", BOOK_ROUNDS.to_string())],
        BenchPart::Engine => vec![("engine rounds", ENGINE_ROUNDS.to_string())],
        BenchPart::Sdk => vec![("sdk rounds", SDK_ROUNDS.to_string())],
        BenchPart::RoundTrip => vec![
            ("round-trip rounds", ROUND_TRIP_ROUNDS.to_string()),
            ("round-trip seconds", ROUND_TRIP_SECONDS.to_string()),
            ("round-trip sessions share", "Aeron client, egress port, ingress".to_owned()),
        ],
        BenchPart::FailOver => {
            vec![("fail-over kills", KILLS.to_string()), ("fail-over rate", FAIL_OVER_RATE.to_string())]
        }
        BenchPart::Migrate => vec![("migrate moves", MOVES.to_string()), ("migrate orders", MOVED_ORDERS.to_string())],
        BenchPart::Snapshot => {
            vec![("snapshot rounds", SNAPSHOTS.to_string()), ("snapshot orders", SNAPSHOT_ORDERS.to_string())]
        }
    };
    parts.iter().copied().flat_map(of_part).map(|(name, value)| (name.to_owned(), value)).collect()
}

/// Runs these parts, or all if there are none, and writes results, distributions and report into `folder`. What is measured is
/// written after each part, so that an interruption loses one part at most.
///
/// # Errors
/// When the folder can't be written, or after all parts, when some of them failed.
pub fn run(folder: &Path, parts: &[BenchPart], base_port: u16, output: Output) -> Result<(), Failure> {
    let parts: Vec<BenchPart> =
        BenchPart::value_variants().iter().copied().filter(|part| parts.is_empty() || parts.contains(part)).collect();
    let begun = Instant::now();
    for finding in doctor::findings() {
        output.say(format!("lugus doctor: {finding}"));
    }
    let mut results = Results::begin(env!("CARGO_PKG_VERSION"), settings(&parts));
    let save = |results: &Results| write(folder, results).map_err(Failure::new);
    let mut path = save(&results)?;
    let mut failures = Vec::new();
    for part in parts {
        let name = part.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned());
        output.say(format!("{name}, after {} s", begun.elapsed().as_secs()));
        match measure(part, folder, base_port, output) {
            Ok(measurements) => results.measurements.extend(measurements),
            Err(failure) => {
                output.say(format!("{name} failed: {failure}"));
                failures.push(format!("{name}: {failure}"));
            }
        }
        path = save(&results)?;
    }
    let page = report::write(folder, &results)?;
    let elapsed = begun.elapsed();
    if elapsed > BUDGET {
        output.say(format!(
            "the benchmarks took longer than {} minutes: the machine is slow, or busy",
            BUDGET.as_secs() / 60
        ));
    }
    let text = format!("{}\n{}\nafter {} s", path.display(), page.display(), elapsed.as_secs());
    output.answer(&results, text)?;
    match failures.as_slice() {
        [] => Ok(()),
        failures => Err(Failure::new(failures.join("\n")).hint("the other benchmarks' results were written")),
    }
}

fn measure(part: BenchPart, folder: &Path, base_port: u16, output: Output) -> Result<Vec<Measurement>, Failure> {
    let hdr = Hdr { folder: Some(folder.to_path_buf()) };
    match part {
        BenchPart::LargeBook => Ok(large_book::measurements(BOOK_ROUNDS, output)),
        BenchPart::Engine => Ok(engine::measurements(ENGINE_ROUNDS, output)),
        BenchPart::Sdk => sdk::measurements(SDK_ROUNDS, output),
        BenchPart::RoundTrip => {
            let what = RoundTrip {
                rounds: ROUND_TRIP_ROUNDS,
                seconds: ROUND_TRIP_SECONDS,
                members: ROUND_TRIP_MEMBERS.to_vec(),
                base_port,
                hdr,
                ..RoundTrip::default()
            };
            round_trip::measurements(&what, output)
        }
        BenchPart::FailOver => fail_over::measurements(KILLS, FAIL_OVER_RATE, base_port, &hdr, output),
        BenchPart::Migrate => migrate::measurements(MOVED_ORDERS, MOVES, Members::Three, base_port, output),
        BenchPart::Snapshot => snapshot::measurements(SNAPSHOT_ORDERS, SNAPSHOTS, Members::One, base_port, output),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_has_settings_so_that_other_settings_are_not_compared() {
        for part in BenchPart::value_variants() {
            assert!(!settings(&[*part]).is_empty(), "{part:?}");
        }
        assert_eq!(settings(BenchPart::value_variants()).len(), 12);
    }
}
