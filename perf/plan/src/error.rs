//! Why there is no plan.

use std::path::PathBuf;

use thiserror::Error;

/// Why there is no plan: what was asked contradicts itself, or what was measured does not suffice.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum PlanError {
    /// A number is outside of its range.
    #[error("{name} is {value}: it must be {range}")]
    OutOfRange {
        /// What the number is.
        name: &'static str,
        /// The number.
        value: String,
        /// What it may be.
        range: &'static str,
    },
    /// Two numbers contradict each other.
    #[error("{one} contradicts {other}: {why}")]
    Contradiction {
        /// The first.
        one: String,
        /// The second.
        other: String,
        /// What does not fit.
        why: &'static str,
    },
    /// The results lack what a plan is made of.
    #[error("the results have no {what}: run `lugus plan --calibrate FOLDER`, or name results with it")]
    NotMeasured {
        /// What is missing.
        what: String,
    },
    /// A text that came from outside can't be read.
    #[error("{origin}, line {line}: {problem}")]
    Unreadable {
        /// File or address.
        origin: String,
        /// Line, counted from 1.
        line: usize,
        /// What is wrong, and what was expected.
        problem: String,
    },
    /// A series that a plan from metrics needs is missing.
    #[error("{origin} has no {series}: is it the answer of `lugus exporter`, and does a member run?")]
    NoSeries {
        /// File or address.
        origin: String,
        /// Name of the series.
        series: &'static str,
    },
    /// The deployment of the plan breaks a rule of `cluster.toml`.
    #[error("the planned cluster.toml is not valid: {0}")]
    Deployment(String),
    /// The page can't be written.
    #[error("{}: {problem}", path.display())]
    Page {
        /// The page.
        path: PathBuf,
        /// What the system says.
        problem: String,
    },
}

/// A number that is outside of its range.
pub(crate) fn out_of_range(name: &'static str, value: impl ToString, range: &'static str) -> PlanError {
    PlanError::OutOfRange { name, value: value.to_string(), range }
}
