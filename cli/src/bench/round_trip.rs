//! `lugus bench round-trip`: round-trip times of commands through the cluster, compared with a cluster that runs an
//! echo service in Aeron's own Java container instead of the engine.

use std::time::Duration;

use comfy_table::Table;
use lugus_client::OlderSession;
use lugus_client::cluster::CredentialsSupplier;
use lugus_media_driver::{ClientDriver, EchoService, MemberProcesses};
use lugus_partition_map::ClusterEntry;
use lugus_replay::echo::{EchoFlow, EchoVenue};
use lugus_replay::flow::Flow;
use lugus_replay::replay::{ReplayOptions, Replayed, replay};
use lugus_replay::report::ReplayReport;
use lugus_results::{Measurement, Spread};
use serde::Serialize;

use crate::arguments::{Hdr, Members};
use crate::failure::Failure;
use crate::output::Output;
use crate::participant::{self, TIMEOUT};
use crate::private_cluster::PrivateCluster;
use crate::replay::{Connection, synthetic, write_histograms};

/// Number of commands that warm each cluster up before the measurement, so that Java has compiled its code; they take a
/// second or two.
const WARM_UP: u64 = 100_000;
/// Number of commands sent with one in flight.
const ONE_IN_FLIGHT: u64 = 5_000;
/// Number of commands sent at a fixed rate, and that rate in commands a second.
const AT_A_RATE: u64 = 30_000;
const RATE: u32 = 10_000;
/// Number of attempts at one measurement.
const MEASURE_ATTEMPTS: u32 = 3;
/// Longest wait for an echo. The echo service does not repeat a lost message, so a longer wait would not help.
const ECHO_PATIENCE: Duration = Duration::from_secs(5);
/// The participant that the echo service's client claims to be.
const ECHO_PARTICIPANT: u32 = 1;

/// One row of the table; times in microseconds.
#[derive(Debug, Serialize)]
struct Line {
    service: &'static str,
    members: u16,
    pace: &'static str,
    p50_us: Spread,
    p99_us: Spread,
    p999_us: Spread,
    #[serde(skip)]
    histograms: Vec<String>,
}

/// Measures both services, and prints the table.
pub fn run(rounds: u32, sizes: &[Members], base_port: u16, hdr: &Hdr, output: Output) -> Result<(), Failure> {
    let lines = measure_in_turn(rounds, sizes, base_port, hdr, output)?;
    output.answer(&lines, table(&lines))
}

/// The round trips of both services as results.
pub fn measurements(
    rounds: u32,
    sizes: &[Members],
    base_port: u16,
    hdr: &Hdr,
    output: Output,
) -> Result<Vec<Measurement>, Failure> {
    let result = |line: Line| Measurement {
        histograms: line.histograms,
        ..Measurement::new("round-trip")
            .label("service", line.service)
            .label("members", line.members)
            .label("pace", line.pace)
            .figure("p50_us", line.p50_us)
            .figure("p99_us", line.p99_us)
            .figure("p999_us", line.p999_us)
    };
    Ok(measure_in_turn(rounds, sizes, base_port, hdr, output)?.into_iter().map(result).collect())
}

/// Name of the files of a service's round trips.
fn histogram(service: &str, members: u16, pace: &str, round: u32) -> String {
    let name = format!("{service} {members} members {pace} round {round}");
    name.to_lowercase().replace(',', "").replace(' ', "-")
}

/// Measures both services with each of `sizes` members, `rounds` times; each round measures all of them in turn.
fn measure_in_turn(
    rounds: u32,
    sizes: &[Members],
    base_port: u16,
    hdr: &Hdr,
    output: Output,
) -> Result<Vec<Line>, Failure> {
    let mut measured: Vec<(&'static str, u16, &'static str, Vec<ReplayReport>)> = Vec::new();
    for round in 1..=rounds {
        for &members in sizes {
            for (service, measure) in [("lugus", lugus as Measure), ("Java echo", java_echo as Measure)] {
                output.say(format!("round {round}: {service}, {} members", members.count()));
                let [one, rate] = measure_undisturbed(measure, members, base_port, output)?;
                for (pace, replayed) in [("1 in flight", one), ("10,000 a second", rate)] {
                    write_histograms(hdr, &histogram(service, members.count(), pace, round), &replayed)?;
                    let report = replayed.report;
                    let ReplayReport { p50_us, p99_us, p999_us, .. } = report;
                    output.say(format!("  {pace}: p50 {p50_us:.0}, p99 {p99_us:.0}, p99.9 {p999_us:.0} us"));
                    let same = |line: &&mut (&str, u16, &str, Vec<ReplayReport>)| {
                        (line.0, line.1, line.2) == (service, members.count(), pace)
                    };
                    match measured.iter_mut().find(same) {
                        Some(line) => line.3.push(report),
                        None => measured.push((service, members.count(), pace, vec![report])),
                    }
                }
            }
        }
    }
    let files = |service: &str, members, pace: &str| -> Vec<String> {
        (1..=rounds).map(|round| format!("{}.hgrm", histogram(service, members, pace, round))).collect()
    };
    let lines: Vec<Line> = measured
        .iter()
        .map(|(service, members, pace, reports)| {
            let spread = |figure: fn(&ReplayReport) -> f64| Spread::of(reports.iter().map(figure).collect());
            Line {
                service,
                members: *members,
                pace,
                p50_us: spread(|report| report.p50_us),
                p99_us: spread(|report| report.p99_us),
                p999_us: spread(|report| report.p999_us),
                histograms: hdr.folder.iter().flat_map(|_| files(service, *members, pace)).collect(),
            }
        })
        .collect();
    Ok(lines)
}

/// Measures a cluster of this size at this base port: first with one command in flight, then at a fixed rate.
type Measure = fn(Members, u16) -> Result<[Replayed; 2], Failure>;

/// Repeats a measurement that an election disturbed, as happens on an overloaded machine. The echo service loses the
/// messages that are in flight during an election, so its figures would cover only the surviving ones.
fn measure_undisturbed(
    measure: Measure,
    members: Members,
    base_port: u16,
    output: Output,
) -> Result<[Replayed; 2], Failure> {
    let is_undisturbed = |replayed: &Replayed| replayed.report.leader_changes == 0 && replayed.report.is_exactly_once();
    for _ in 0..MEASURE_ATTEMPTS {
        let replayed = measure(members, base_port)?;
        if replayed.iter().all(is_undisturbed) {
            return Ok(replayed);
        }
        output.say("  an election, or lost answers: measuring again");
    }
    Err(Failure::new(format!("each of {MEASURE_ATTEMPTS} runs had an election or lost answers"))
        .hint("measure with nothing else running on the machine"))
}

fn paces() -> [(u64, ReplayOptions); 2] {
    let one = ReplayOptions { window: 1, warm_up: ONE_IN_FLIGHT / 10, ..ReplayOptions::default() };
    let rate = ReplayOptions { rate: Some(RATE), warm_up: AT_A_RATE / 10, ..ReplayOptions::default() };
    [(ONE_IN_FLIGHT, one), (AT_A_RATE, rate)]
}

fn lugus(members: Members, base_port: u16) -> Result<[Replayed; 2], Failure> {
    let cluster = PrivateCluster::new("round-trip", Some(members), base_port)?;
    cluster.start()?;
    // One participant sends everything, as with the echo service: the first command of a new participant costs more.
    let flow = |commands| synthetic(commands, 1, 1);
    let mut connection = {
        let participants = flow(WARM_UP);
        let window = ReplayOptions::default().window;
        Connection::open(cluster.found(), participants.participants(), window, OlderSession::Replace)?
    };
    let mut run = |commands, options: ReplayOptions| {
        let replayed = connection.replay(&mut flow(commands), options, &mut ())?;
        if replayed.report.is_exactly_once() {
            Ok(replayed)
        } else {
            Err(Failure::new(format!("not every command was answered exactly once\n{}", replayed.report)))
        }
    };
    run(WARM_UP, ReplayOptions::default())?;
    let [(one_commands, one), (rate_commands, rate)] = paces();
    Ok([run(one_commands, one)?, run(rate_commands, rate)?])
}

fn java_echo(members: Members, base_port: u16) -> Result<[Replayed; 2], Failure> {
    let private = PrivateCluster::new("echo", Some(members), base_port)?;
    let cluster = private.found().cluster()?;
    let mut processes = Vec::new();
    for member in &cluster.members {
        processes.push(MemberProcesses::start(&cluster, member.id).map_err(Failure::new)?);
    }
    let services = processes.iter().map(|one| EchoService::start(&cluster, one)).collect::<Result<Vec<_>, _>>();
    let services = services.map_err(Failure::new)?;
    let driver = ClientDriver::start(&private.found().deployment).map_err(Failure::new)?;
    let deployment = &private.found().deployment;
    let config = participant::config(
        deployment,
        &ClusterEntry::from(&cluster),
        &driver,
        ECHO_PARTICIPANT,
        OlderSession::Replace,
    )?;
    let context = config.cluster.credentials(ClaimedIdentity);
    let mut venue =
        EchoVenue::connect(context, Duration::max(TIMEOUT, Duration::from_secs(30))).map_err(Failure::new)?;
    let mut run = |messages, options: ReplayOptions| {
        let options = ReplayOptions { patience: ECHO_PATIENCE, ..options };
        replay(&mut EchoFlow::new(messages), &mut venue, options, &mut ()).map_err(Failure::new)
    };
    run(WARM_UP, ReplayOptions::default())?;
    let [(one_commands, one), (rate_commands, rate)] = paces();
    let replayed = [run(one_commands, one)?, run(rate_commands, rate)?];
    drop(services);
    processes.into_iter().for_each(MemberProcesses::stop);
    Ok(replayed)
}

/// Credentials that only claim an identity; the echo service's cluster accepts every session.
struct ClaimedIdentity;

impl CredentialsSupplier for ClaimedIdentity {
    fn encoded_credentials(&mut self) -> Vec<u8> {
        ECHO_PARTICIPANT.to_string().into_bytes()
    }

    fn on_challenge(&mut self, _encoded_challenge: &[u8]) -> Vec<u8> {
        Vec::new()
    }
}

fn table(lines: &[Line]) -> Table {
    let mut table = Table::new();
    table.load_preset(comfy_table::presets::ASCII_MARKDOWN).set_header([
        "service",
        "members",
        "pace",
        "p50, us",
        "p99, us",
        "p99.9, us",
    ]);
    for line in lines {
        table.add_row([
            line.service.to_owned(),
            line.members.to_string(),
            line.pace.to_owned(),
            line.p50_us.to_string(),
            line.p99_us.to_string(),
            line.p999_us.to_string(),
        ]);
    }
    table
}
