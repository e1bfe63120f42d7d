//! `lugus bench all`: all benchmarks one after the other, in less than twenty minutes, with their results, distributions and report in
//! one folder.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use clap::ValueEnum;
use lugus_results::{Measurement, PartOfRun, Results, write};

use super::rounds::Rounds;
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

/// What a part may take.
struct Share {
    /// Rounds that are wanted.
    rounds: u32,
    /// Time of the part, in seconds. What an earlier part leaves is a later one's.
    seconds: u64,
    /// Time that it needs after its last round, in seconds: to compare states and logs, and to end clusters.
    afterwards: u64,
}

/// What each part may take; together less than [`BUDGET`], as the first round of a part is made in any case.
const fn share(part: BenchPart) -> Share {
    let (rounds, seconds, afterwards) = match part {
        BenchPart::LargeBook => (BOOK_ROUNDS, 90, 0),
        BenchPart::Engine => (ENGINE_ROUNDS, 60, 0),
        BenchPart::Sdk => (SDK_ROUNDS, 60, 0),
        BenchPart::RoundTrip => (ROUND_TRIP_ROUNDS, 480, 5),
        BenchPart::FailOver => (KILLS, 120, 15),
        BenchPart::Migrate => (MOVES, 120, 20),
        BenchPart::Snapshot => (SNAPSHOTS, 210, 90),
    };
    Share { rounds, seconds, afterwards }
}

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
    // Parts that are not asked for leave their time to the others.
    let mut end = begun;
    for part in parts {
        let name = part.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned());
        output.say(format!("{name}, after {} s", begun.elapsed().as_secs()));
        let share = share(part);
        end += Duration::from_secs(share.seconds);
        let mut rounds = Rounds::until(share.rounds, end - Duration::from_secs(share.afterwards));
        let part_begun = Instant::now();
        let measured = if begun.elapsed() < BUDGET {
            measure(part, &mut rounds, folder, base_port, output)
        } else {
            Err(Failure::new("left out, as the parts before it took all the time"))
        };
        let failure = measured.as_ref().err().map(ToString::to_string);
        if let Some(failure) = &failure {
            output.say(format!("{name} failed: {failure}"));
        }
        results.measurements.extend(measured.unwrap_or_default());
        let seconds = part_begun.elapsed().as_secs_f64();
        let (rounds_wanted, rounds_made) = (rounds.wanted(), rounds.begun());
        results.parts.push(PartOfRun { name, seconds, rounds_wanted, rounds_made, failure });
        path = save(&results)?;
    }
    let page = report::write(folder, &results)?;
    let elapsed = begun.elapsed();
    let mut lines: Vec<String> = results.parts.iter().map(line).collect();
    if elapsed > BUDGET {
        lines.push(format!("this is more than {} minutes: the machine is slow, or busy", BUDGET.as_secs() / 60));
    }
    let files = format!("{}\n{}", path.display(), page.display());
    output.answer(&results, format!("{}\nall: {} s\n{files}", lines.join("\n"), elapsed.as_secs()))?;
    let failed = |part: &PartOfRun| Some(format!("{}: {}", part.name, part.failure.as_ref()?));
    let failures: Vec<String> = results.parts.iter().filter_map(failed).collect();
    match failures.as_slice() {
        [] => Ok(()),
        failures => Err(Failure::new(failures.join("\n")).hint("the other benchmarks' results were written")),
    }
}

/// What a part took, and what was left out, for people.
fn line(part: &PartOfRun) -> String {
    let PartOfRun { name, seconds, rounds_wanted, rounds_made, failure } = part;
    match failure {
        Some(_) => format!("{name}: {seconds:.0} s, no result"),
        None if rounds_made < rounds_wanted => {
            format!(
                "{name}: {seconds:.0} s, {rounds_made} rounds instead of {rounds_wanted}, as there was no time for more"
            )
        }
        None => format!("{name}: {seconds:.0} s"),
    }
}

fn measure(
    part: BenchPart,
    rounds: &mut Rounds,
    folder: &Path,
    base_port: u16,
    output: Output,
) -> Result<Vec<Measurement>, Failure> {
    let hdr = Hdr { folder: Some(folder.to_path_buf()) };
    match part {
        // Its rounds are short: it takes its time to fill the books.
        BenchPart::LargeBook => Ok(large_book::measurements(rounds.all_at_once(), output)),
        BenchPart::Engine => Ok(engine::measurements(rounds, output)),
        BenchPart::Sdk => sdk::measurements(rounds, output),
        BenchPart::RoundTrip => {
            let what = RoundTrip {
                rounds: ROUND_TRIP_ROUNDS,
                seconds: ROUND_TRIP_SECONDS,
                members: ROUND_TRIP_MEMBERS.to_vec(),
                base_port,
                hdr,
                ..RoundTrip::default()
            };
            round_trip::measurements(&what, rounds, output)
        }
        BenchPart::FailOver => fail_over::measurements(rounds, FAIL_OVER_RATE, base_port, &hdr, output),
        BenchPart::Migrate => migrate::measurements(MOVED_ORDERS, rounds, Members::Three, base_port, output),
        BenchPart::Snapshot => snapshot::measurements(SNAPSHOT_ORDERS, rounds, Members::One, base_port, output),
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

    #[test]
    fn the_parts_fit_into_the_budget_and_their_ends_into_the_parts() {
        let shares: Vec<Share> = BenchPart::value_variants().iter().map(|part| share(*part)).collect();
        let seconds: u64 = shares.iter().map(|share| share.seconds).sum();
        assert!(Duration::from_secs(seconds) < BUDGET, "{seconds} s");
        assert!(shares.iter().all(|share| share.rounds > 0 && share.afterwards < share.seconds));
    }

    #[test]
    fn what_was_left_out_is_said() {
        let part = |rounds_made, failure: Option<&str>| PartOfRun {
            name: String::from("sdk"),
            seconds: 12.4,
            rounds_wanted: 5,
            rounds_made,
            failure: failure.map(str::to_owned),
        };
        assert_eq!(line(&part(5, None)), "sdk: 12 s");
        assert_eq!(line(&part(2, None)), "sdk: 12 s, 2 rounds instead of 5, as there was no time for more");
        assert_eq!(line(&part(0, Some("no disk"))), "sdk: 12 s, no result");
    }
}
