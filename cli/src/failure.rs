//! The error that every command returns: what failed, where, and what the user can do about it.

use std::fmt;

use lugus_node::deployment_status::ReadStatusError;

/// Exit code of a command that did its work, and found what it was to look for: figures that are slower, settings that spoil a
/// measurement.
pub const FINDING_EXIT_CODE: u8 = 3;

/// Exit code of a command that did its work, and found states that differ where they must be the same.
pub const DIFFERENT_STATES_EXIT_CODE: u8 = FINDING_EXIT_CODE;

/// A command's failure, as the user sees it.
#[derive(Debug)]
pub struct Failure {
    what: String,
    hint: Option<String>,
    exit_code: u8,
}

/// Exit code of a command that failed.
const FAILED: u8 = 1;

impl Failure {
    /// A failure with a text that says what failed and where.
    pub fn new(what: impl fmt::Display) -> Self {
        Self { what: what.to_string(), hint: None, exit_code: FAILED }
    }

    /// Adds a hint that says what the user can do.
    #[must_use]
    pub fn hint(mut self, hint: impl fmt::Display) -> Self {
        self.hint = Some(hint.to_string());
        self
    }

    /// Sets the exit code of the program, by which a script or a supervisor tells this failure from others.
    #[must_use]
    pub fn with_exit_code(self, exit_code: u8) -> Self {
        Self { exit_code, ..self }
    }

    /// The exit code of the program: 1 if the failure has none of its own.
    pub fn exit_code(&self) -> u8 {
        self.exit_code
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        match &self.hint {
            Some(hint) => write!(f, "\n  {hint}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Failure {}

impl From<ReadStatusError> for Failure {
    fn from(error: ReadStatusError) -> Self {
        Self::new(error)
    }
}
