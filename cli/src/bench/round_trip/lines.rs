//! The lines of the answer: one for each service, size of cluster, transport and pace.

use std::collections::BTreeMap;

use comfy_table::Table;
use lugus_replay::stages::{STAGES, Stage};
use serde::Serialize;

use super::phases::{Measured, pace_name};
use super::subjects::{CLIENT, CLIENT_DRIVER};
use crate::arguments::{Service, Transport};
use crate::bench::spread::Spread;

/// What was measured, in the order of the answer's lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub members: u16,
    pub transport: Transport,
    /// Index of the pace.
    pub pace: usize,
    pub service: Service,
}

/// One row of the table, over all rounds. Times in microseconds.
#[derive(Debug, Serialize)]
pub struct Line {
    service: String,
    /// Number of members of the cluster; 0 for Aeron alone.
    members: u16,
    transport: String,
    sessions: u32,
    pace: String,
    p50_us: Spread,
    p99_us: Spread,
    p999_us: Spread,
    maximum_us: Spread,
    /// Answers a second.
    rate: Spread,
    /// Processor time of all of the system but the client and its driver.
    cpu_us_per_command: Spread,
    /// Processor time of the client.
    client_cpu_us_per_command: Spread,
    /// Processor time of each part of the system, median of the rounds.
    cpu_us_per_command_of_parts: BTreeMap<String, f64>,
    /// Processor time of each kind of thread, as `part: thread`, median of the rounds.
    cpu_us_per_command_of_threads: BTreeMap<String, f64>,
    /// Where the time of sampled commands goes, by stage, in the order of their way. Medians of the rounds.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    stages: Vec<StageLine>,
    /// p99 of the first three seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    cold_p99_us: Option<Spread>,
    /// Seconds until the p99 of three windows agreed; missing if it never did.
    #[serde(skip_serializing_if = "Option::is_none")]
    warm_up_s: Option<Spread>,
}

impl Line {
    /// The line of what was measured in all rounds at one place.
    pub fn of(place: Place, sessions: u32, rounds: &[Measured]) -> Self {
        let spread = |figure: &dyn Fn(&Measured) -> f64| Spread::of(rounds.iter().map(figure).collect());
        let some = |figure: fn(&Measured) -> Option<f64>| {
            let figures: Vec<f64> = rounds.iter().filter_map(figure).collect();
            (!figures.is_empty()).then(|| Spread::of(figures))
        };
        let micros = |measured: &Measured, nanos: u64| nanos as f64 / 1_000.0 / measured.figures.count.max(1) as f64;
        let medians = |of: &dyn Fn(&Measured) -> BTreeMap<String, u64>| {
            let mut figures: BTreeMap<String, Vec<f64>> = BTreeMap::new();
            for measured in rounds {
                for (name, nanos) in of(measured) {
                    figures.entry(name).or_default().push(micros(measured, nanos));
                }
            }
            figures.into_iter().map(|(name, figures)| (name, Spread::of(figures).median)).collect()
        };
        let parts = |measured: &Measured| -> BTreeMap<String, u64> {
            measured.processor_time.parts().into_iter().map(|(part, nanos)| (part.to_owned(), nanos)).collect()
        };
        let threads = |measured: &Measured| -> BTreeMap<String, u64> {
            let threads = measured.processor_time.threads();
            threads.map(|(part, thread, nanos)| (format!("{part}: {thread}"), nanos)).collect()
        };
        let is_clients = |part: &str| part == CLIENT || part == CLIENT_DRIVER;
        let cpu = |measured: &Measured| {
            let parts = measured.processor_time.parts().into_iter().filter(|(part, _)| !is_clients(part));
            micros(measured, parts.map(|(_, nanos)| nanos).sum())
        };
        let client = |measured: &Measured| {
            micros(measured, measured.processor_time.parts().get(CLIENT).copied().unwrap_or_default())
        };
        Self {
            service: place.service.to_string(),
            members: place.members,
            transport: place.transport.to_string(),
            sessions,
            pace: rounds.first().map_or_else(String::new, |measured| pace_name(measured.pace)),
            p50_us: spread(&|measured| measured.figures.p50_us),
            p99_us: spread(&|measured| measured.figures.p99_us),
            p999_us: spread(&|measured| measured.figures.p999_us),
            maximum_us: spread(&|measured| measured.figures.maximum_us),
            rate: spread(&|measured| measured.figures.rate),
            cpu_us_per_command: spread(&cpu),
            client_cpu_us_per_command: spread(&client),
            cpu_us_per_command_of_parts: medians(&parts),
            cpu_us_per_command_of_threads: medians(&threads),
            stages: stage_lines(rounds),
            cold_p99_us: some(|measured| measured.cold_p99_us),
            warm_up_s: some(|measured| measured.warm_up_s),
        }
    }
}

/// One stage of the way of sampled commands, in microseconds.
#[derive(Debug, Serialize)]
struct StageLine {
    stage: &'static str,
    p50_us: Spread,
    p99_us: Spread,
    p999_us: Spread,
}

fn stage_lines(rounds: &[Measured]) -> Vec<StageLine> {
    let of = |stage: Stage, quantile: f64| {
        let times = rounds.iter().filter_map(|measured| measured.stages.as_ref());
        let micros = times.map(|times| times.of(stage).value_at_quantile(quantile) as f64 / 1_000.0);
        Spread::of(micros.collect())
    };
    if rounds.iter().all(|measured| measured.stages.is_none()) {
        return Vec::new();
    }
    let line = |stage: Stage| StageLine {
        stage: stage.name(),
        p50_us: of(stage, 0.5),
        p99_us: of(stage, 0.99),
        p999_us: of(stage, 0.999),
    };
    STAGES.into_iter().map(line).collect()
}

/// The table of the stages of all lines that have some; `None` if none has.
pub fn stages_table(lines: &[Line]) -> Option<Table> {
    let mut table = Table::new();
    table.load_preset(comfy_table::presets::ASCII_MARKDOWN).set_header([
        "members",
        "transport",
        "pace",
        "stage",
        "p50, us",
        "p99, us",
        "p99.9, us",
    ]);
    let two = |spread: Spread| format!("{:.2} ({:.2}..{:.2})", spread.median, spread.min, spread.max);
    for line in lines {
        for StageLine { stage, p50_us, p99_us, p999_us } in &line.stages {
            let place = [line.members.to_string(), line.transport.clone(), line.pace.clone(), (*stage).to_owned()];
            table.add_row(place.into_iter().chain([two(*p50_us), two(*p99_us), two(*p999_us)]));
        }
    }
    (!table.is_empty()).then_some(table)
}

/// The table of all lines.
pub fn table(lines: &[Line]) -> Table {
    let mut table = Table::new();
    table.load_preset(comfy_table::presets::ASCII_MARKDOWN).set_header([
        "service",
        "members",
        "transport",
        "pace",
        "p50, us",
        "p99, us",
        "p99.9, us",
        "answers a second",
        "cpu, us a command",
        "client's",
        "first 3 s p99",
    ]);
    for line in lines {
        table.add_row([
            line.service.clone(),
            line.members.to_string(),
            line.transport.clone(),
            line.pace.clone(),
            line.p50_us.to_string(),
            line.p99_us.to_string(),
            line.p999_us.to_string(),
            line.rate.to_string(),
            format!(
                "{:.1} ({:.1}..{:.1})",
                line.cpu_us_per_command.median, line.cpu_us_per_command.min, line.cpu_us_per_command.max
            ),
            format!("{:.1}", line.client_cpu_us_per_command.median),
            line.cold_p99_us.map_or_else(String::new, |cold| cold.to_string()),
        ]);
    }
    table
}
