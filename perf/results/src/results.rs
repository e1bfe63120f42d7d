//! The results of one or several benchmarks, with everything that one needs to know to measure them again.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::machine::Machine;
use crate::origin::{commit_of_program, now};
use crate::spread::Spread;

/// Version of the format. A file of another version can't be read.
pub const SCHEMA: u32 = 1;

/// What was measured on one machine, with one version of Lugus and the same settings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Results {
    /// Version of the format: [`SCHEMA`].
    pub schema: u32,
    /// The machine.
    pub machine: Machine,
    /// Commit that the program was built from, as far as it is known; ends with `-dirty` when files were changed since.
    pub commit: Option<String>,
    /// Version of the program.
    pub version: String,
    /// When the measurements began: RFC 3339, UTC.
    pub begun: String,
    /// Options and environment of the run that influence figures, by their names.
    pub settings: BTreeMap<String, String>,
    /// The measurements, in the order in which they were made.
    pub measurements: Vec<Measurement>,
    /// What took how long, in the order in which it was done; empty in files of programs that did not write it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<PartOfRun>,
}

/// A benchmark as a part of a run with several.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PartOfRun {
    /// Name of the benchmark.
    pub name: String,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// Number of rounds that were wanted.
    pub rounds_wanted: u32,
    /// Number of rounds that were made; fewer, if there was no time for more.
    pub rounds_made: u32,
    /// Why it has no measurements, if it has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
}

/// One thing that was measured, in one or more rounds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Measurement {
    /// Name of the benchmark: `round-trip`, `fail-over`, `engine`, `sdk`, `migrate`, `large-book`.
    pub benchmark: String,
    /// What tells this measurement from the others of its benchmark: service, members, transport, sessions, pace, stage.
    pub labels: BTreeMap<String, String>,
    /// The figures, by names that end with the unit, or have it before `_per_`: `p50_us`, `cpu_us_per_command`.
    pub figures: BTreeMap<String, Spread>,
    /// File names of the distributions (`.hgrm`), in the folder of the results' file.
    #[serde(default)]
    pub histograms: Vec<String>,
}

impl Results {
    /// Results without a measurement, of this machine and this program, that begin now.
    pub fn begin(version: &str, settings: BTreeMap<String, String>) -> Self {
        Self {
            schema: SCHEMA,
            machine: Machine::here(),
            commit: commit_of_program(),
            version: version.to_owned(),
            begun: now(),
            settings,
            measurements: Vec::new(),
            parts: Vec::new(),
        }
    }
}

impl Measurement {
    /// A measurement of this benchmark, without labels and figures.
    pub fn new(benchmark: &str) -> Self {
        Self {
            benchmark: benchmark.to_owned(),
            labels: BTreeMap::new(),
            figures: BTreeMap::new(),
            histograms: Vec::new(),
        }
    }

    /// Adds a label.
    #[must_use]
    pub fn label(mut self, name: &str, value: impl ToString) -> Self {
        self.labels.insert(name.to_owned(), value.to_string());
        self
    }

    /// Adds a figure.
    #[must_use]
    pub fn figure(mut self, name: &str, spread: Spread) -> Self {
        self.figures.insert(name.to_owned(), spread);
        self
    }

    /// Adds the file name of a distribution.
    #[must_use]
    pub fn histogram(mut self, file_name: impl Into<String>) -> Self {
        self.histograms.push(file_name.into());
        self
    }

    /// Benchmark and labels in one line, for people: `round-trip: members 3, service lugus`.
    pub fn title(&self) -> String {
        let labels: Vec<String> = self.labels.iter().map(|(name, value)| format!("{name} {value}")).collect();
        if labels.is_empty() { self.benchmark.clone() } else { format!("{}: {}", self.benchmark, labels.join(", ")) }
    }
}
