//! `lugus plan --calibrate`: what commands cost on this machine, at a few rates, and what a start costs.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use lugus_load::load::Pace;
use lugus_plan::service_times::{PLAN, ServiceTimes};
use lugus_replay::synthetic::Mix;
use lugus_results::{Measurement, Results, Spread, write};

use super::measured_load::{LoadedCluster, PaceFigures, Shape};
use crate::arguments::Plan;
use crate::bench::round_trip::phases::MAXIMUM_IN_FLIGHT;
use crate::bench::round_trip::subjects::Subject;
use crate::failure::Failure;
use crate::output::Output;
use crate::{doctor, processes};

/// Shares of the greatest rate at which round trips are measured.
const SHARES: [f64; 5] = [0.02, 0.1, 0.25, 0.45, 0.7];

/// Rates are multiples of this, so that their names are short.
const STEP: f64 = 500.0;

/// Sessions with which the greatest rate is measured besides one.
const MANY_SESSIONS: u32 = 16;

/// Longest wait for the end of a killed member.
const END_TIMEOUT: Duration = Duration::from_secs(10);

/// Commands that a member replays at its start, at least.
const REPLAYED: usize = 1_000_000;

/// Measures, and writes the results into a folder.
pub fn run(folder: &Path, arguments: &Plan, output: Output) -> Result<(), Failure> {
    for finding in doctor::findings() {
        output.say(format!("lugus doctor: {finding}"));
    }
    let begun = Instant::now();
    let settings = settings(arguments.rounds, arguments.seconds);
    let mut results = Results::begin(env!("CARGO_PKG_VERSION"), settings);
    results.measurements =
        measurements(arguments.rounds, arguments.seconds, arguments.base_port, output).map_err(|failure| {
            failure.hint("measure with nothing else running; `lugus doctor` says what spoils a measurement")
        })?;
    let path = write(folder, &results).map_err(Failure::new)?;
    let times = ServiceTimes::from_results(&results).map_err(Failure::new)?;
    let text = format!(
        "{} after {} s\nnext: lugus plan --from {} --rate COMMANDS_A_SECOND",
        path.display(),
        begun.elapsed().as_secs(),
        folder.display()
    );
    output.answer(&times, text)
}

fn settings(rounds: u32, seconds: u32) -> BTreeMap<String, String> {
    [("plan rounds", rounds), ("plan seconds", seconds)]
        .map(|(name, value)| (name.to_owned(), value.to_string()))
        .into()
}

/// All that is measured: round trips and greatest rates with one and with three members, greatest rates of another mix and of more sessions,
/// and a start.
pub fn measurements(rounds: u32, seconds: u32, base_port: u16, output: Output) -> Result<Vec<Measurement>, Failure> {
    let length = Duration::from_secs(seconds.into());
    let maximum = Pace::InFlight(MAXIMUM_IN_FLIGHT);
    let mut all: BTreeMap<(Shape, String), (Pace, PaceFigures)> = BTreeMap::new();
    let mut starts = Vec::new();
    let mut rates: BTreeMap<u16, Vec<u32>> = BTreeMap::new();
    let mut note = |shape: Shape, pace: Pace, figures: PaceFigures, output: Output| {
        output.say(format!(
            "  {} members, {} sessions, {}, {pace}: p50 {:.0} us, p99 {:.0} us, {:.0} a second{}",
            shape.members,
            shape.sessions,
            shape.mix(),
            figures.median("p50_us"),
            figures.median("p99_us"),
            figures.median("rate_per_second"),
            if figures.disturbed { " (disturbed by an election)" } else { "" }
        ));
        let place = all.entry((shape, pace.to_string())).or_insert_with(|| (pace, PaceFigures::default()));
        place.1.append(figures);
    };
    for round in 1..=rounds {
        for members in [1, 3] {
            output.say(format!("round {round}: {members} members"));
            let shape = Shape::new(members, 1, Mix::Market);
            let mut cluster = LoadedCluster::start(shape, base_port)?;
            let greatest = cluster.measure(maximum, 1, length)?;
            let rate = greatest.median("rate_per_second");
            note(shape, maximum, greatest, output);
            let of_round = rates.entry(members).or_insert_with(|| {
                let mut rates = SHARES.map(|share| rounded(rate * share)).to_vec();
                // On a very slow machine shares round to the same rate.
                rates.dedup();
                rates
            });
            for &rate in of_round.iter() {
                note(shape, Pace::Rate(rate), cluster.measure(Pace::Rate(rate), 1, length)?, output);
            }
            note(shape, Pace::InFlight(1), cluster.measure(Pace::InFlight(1), 1, length / 2)?, output);
            if members == 1 {
                cluster.send(REPLAYED.saturating_sub(cluster.sent))?;
                let (subject, sent) = cluster.close();
                starts.push(restart(&subject, sent)?);
            }
        }
    }
    for members in [1, 3] {
        for shape in [Shape::new(members, 1, Mix::Trades), Shape::new(members, MANY_SESSIONS, Mix::Market)] {
            let mut cluster = LoadedCluster::start(shape, base_port)?;
            note(shape, maximum, cluster.measure(maximum, 1, length)?, output);
        }
    }
    let mut measurements: Vec<Measurement> =
        all.into_iter().flat_map(|((shape, _), (pace, figures))| figures.measurements(&shape, pace)).collect();
    let figure = |of: fn(&Restart) -> f64| Spread::of(starts.iter().map(of).collect());
    measurements.push(
        Measurement::new(PLAN)
            .label("what", "restart of a member")
            .figure("start_s", figure(|one| one.start_s))
            .figure("replayed_per_second", figure(|one| one.replayed_per_second)),
    );
    Ok(measurements)
}

fn rounded(rate: f64) -> u32 {
    ((rate / STEP).round().max(1.0) * STEP) as u32
}

/// What a restart told.
struct Restart {
    start_s: f64,
    replayed_per_second: f64,
}

/// Kills the only member of a cluster and starts it again twice: with its whole log, and once more after a snapshot, which leaves nothing to
/// replay.
fn restart(subject: &Subject, commands: usize) -> Result<Restart, Failure> {
    let again = || -> Result<f64, Failure> {
        for member in &subject.cluster().members {
            let pid = processes::pid(&member.dir).ok_or_else(|| Failure::new("the member has ended"))?;
            processes::kill_tree(pid)?;
            if !processes::await_end(&member.dir, pid, END_TIMEOUT) {
                return Err(Failure::new("the member did not end when it was killed"));
            }
        }
        let begun = Instant::now();
        subject.private().start()?;
        Ok(begun.elapsed().as_secs_f64())
    };
    let with_log = again()?;
    crate::snapshot::of_cluster(subject.private().found(), subject.cluster())?;
    let start_s = again()?;
    let replay_s = (with_log - start_s).max(1e-3);
    Ok(Restart { start_s, replayed_per_second: commands as f64 / replay_s })
}
