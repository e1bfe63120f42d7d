//! What one look at the machine found.

use serde::Serialize;

/// A look at one thing that influences measurements.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What was looked at.
    pub name: &'static str,
    /// Whether it spoils a measurement.
    pub state: State,
    /// What was found, and what it does to a measurement if it is bad.
    pub found: String,
    /// Command that mends it, or what to do if no command does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mend: Option<String>,
}

/// Whether something spoils a measurement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It does not.
    Good,
    /// It does.
    Bad,
    /// The system does not tell.
    Unknown,
}

impl Check {
    /// Something that is as it should be.
    pub fn good(name: &'static str, found: impl Into<String>) -> Self {
        Self { name, state: State::Good, found: found.into(), mend: None }
    }

    /// Something that spoils a measurement, and what mends it.
    pub fn bad(name: &'static str, found: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { name, state: State::Bad, found: found.into(), mend: Some(mend.into()) }
    }

    /// Something that the system does not tell.
    pub fn unknown(name: &'static str, found: impl Into<String>) -> Self {
        Self { name, state: State::Unknown, found: found.into(), mend: None }
    }
}
