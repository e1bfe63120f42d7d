//! The lines of the answer: one for each service, size of cluster, transport and pace.

use std::collections::BTreeMap;

use comfy_table::Table;
use lugus_replay::stages::{CHAIN, STAGES, Stage};
use lugus_replay::synthetic::Mix;
use lugus_results::{Measurement, Spread};
use serde::Serialize;

use super::phases::{Measured, pace_name};
use super::subjects::{CLIENT, CLIENT_DRIVER};
use crate::arguments::{Service, Transport};

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
    mix: String,
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
    /// Processor time of each part of the system.
    cpu_us_per_command_of_parts: BTreeMap<String, Spread>,
    /// Processor time of each kind of thread, as `part: thread`.
    cpu_us_per_command_of_threads: BTreeMap<String, Spread>,
    /// Where the time of sampled commands goes, by stage, in the order of their way. Medians of the rounds.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    stages: Vec<StageLine>,
    /// p99 of the first three seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    cold_p99_us: Option<Spread>,
    /// Seconds until the p99 of three windows agreed; missing if it never did.
    #[serde(skip_serializing_if = "Option::is_none")]
    warm_up_s: Option<Spread>,
    /// Files of the distributions of all rounds, if they were written.
    #[serde(skip)]
    histograms: Vec<String>,
}

impl Line {
    /// The line of what was measured in all rounds at one place.
    pub fn of(place: Place, sessions: u32, mix: Mix, rounds: &[Measured], histograms: Vec<String>) -> Self {
        let spread = |figure: &dyn Fn(&Measured) -> f64| Spread::of(rounds.iter().map(figure).collect());
        let some = |figure: fn(&Measured) -> Option<f64>| {
            let figures: Vec<f64> = rounds.iter().filter_map(figure).collect();
            (!figures.is_empty()).then(|| Spread::of(figures))
        };
        let micros = |measured: &Measured, nanos: u64| nanos as f64 / 1_000.0 / measured.figures.count.max(1) as f64;
        let spreads = |of: &dyn Fn(&Measured) -> BTreeMap<String, u64>| {
            let mut figures: BTreeMap<String, Vec<f64>> = BTreeMap::new();
            for measured in rounds {
                for (name, nanos) in of(measured) {
                    figures.entry(name).or_default().push(micros(measured, nanos));
                }
            }
            figures.into_iter().map(|(name, figures)| (name, Spread::of(figures))).collect()
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
            mix: mix.to_string(),
            pace: rounds.first().map_or_else(String::new, |measured| pace_name(measured.pace)),
            p50_us: spread(&|measured| measured.figures.p50_us),
            p99_us: spread(&|measured| measured.figures.p99_us),
            p999_us: spread(&|measured| measured.figures.p999_us),
            maximum_us: spread(&|measured| measured.figures.maximum_us),
            rate: spread(&|measured| measured.figures.rate),
            cpu_us_per_command: spread(&cpu),
            client_cpu_us_per_command: spread(&client),
            cpu_us_per_command_of_parts: spreads(&parts),
            cpu_us_per_command_of_threads: spreads(&threads),
            stages: stage_lines(rounds),
            cold_p99_us: some(|measured| measured.cold_p99_us),
            warm_up_s: some(|measured| measured.warm_up_s),
            histograms,
        }
    }

    /// The line as results: one for all of it, one for each part of the system, and one for each stage.
    pub fn measurements(&self) -> Vec<Measurement> {
        let measurement = || {
            Measurement::new("round-trip")
                .label("service", &self.service)
                .label("members", self.members)
                .label("transport", &self.transport)
                .label("sessions", self.sessions)
                .label("mix", &self.mix)
                .label("pace", &self.pace)
        };
        let mut whole = measurement()
            .figure("p50_us", self.p50_us.clone())
            .figure("p99_us", self.p99_us.clone())
            .figure("p999_us", self.p999_us.clone())
            .figure("rate_per_second", self.rate.clone())
            .figure("cpu_us_per_command", self.cpu_us_per_command.clone())
            .figure("client_cpu_us_per_command", self.client_cpu_us_per_command.clone());
        if let Some(cold) = &self.cold_p99_us {
            whole = whole.figure("first_3_s_p99_us", cold.clone());
        }
        whole.histograms.clone_from(&self.histograms);
        let parts = self.cpu_us_per_command_of_parts.iter();
        let parts =
            parts.map(|(part, cpu)| measurement().label("process", part).figure("cpu_us_per_command", cpu.clone()));
        // The stages that follow one another: the others cover several of them.
        let stages = self.stages.iter().filter(|line| CHAIN.iter().any(|stage| stage.name() == line.stage));
        let stages = stages.map(|line| {
            measurement()
                .label("stage", line.stage)
                .figure("p50_us", line.p50_us.clone())
                .figure("p99_us", line.p99_us.clone())
                .figure("p999_us", line.p999_us.clone())
        });
        std::iter::once(whole).chain(parts).chain(stages).collect()
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
    let two = |spread: &Spread| format!("{:.2} ({:.2}..{:.2})", spread.median, spread.minimum, spread.maximum);
    for line in lines {
        for StageLine { stage, p50_us, p99_us, p999_us } in &line.stages {
            let place = [line.members.to_string(), line.transport.clone(), line.pace.clone(), (*stage).to_owned()];
            table.add_row(place.into_iter().chain([two(p50_us), two(p99_us), two(p999_us)]));
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
                line.cpu_us_per_command.median, line.cpu_us_per_command.minimum, line.cpu_us_per_command.maximum
            ),
            format!("{:.1}", line.client_cpu_us_per_command.median),
            line.cold_p99_us.as_ref().map_or_else(String::new, ToString::to_string),
        ]);
    }
    table
}
