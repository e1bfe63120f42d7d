//! Runs `lugus` and holds its output.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

/// Output and exit status of a command.
#[derive(Debug)]
pub struct Outcome {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

/// Runs the built `lugus` in `folder` until it ends.
pub fn lugus(folder: &Path, arguments: &[&str]) -> Outcome {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lugus"));
    command.args(arguments).current_dir(folder).env_remove("RUST_LOG");
    command.output().expect("lugus starts").into()
}

impl From<Output> for Outcome {
    fn from(output: Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self { code: output.status.code(), stdout: text(&output.stdout), stderr: text(&output.stderr) }
    }
}

impl Outcome {
    /// The JSON document on standard output.
    #[track_caller]
    pub fn json(&self) -> Value {
        assert_eq!(self.code, Some(0), "{self:?}");
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("no JSON: {error}: {self:?}"))
    }

    /// The error message of a command that failed: exit code 1, nothing on standard output, and a single message.
    #[track_caller]
    pub fn message(&self) -> &str {
        assert_eq!(self.code, Some(1), "{self:?}");
        assert_eq!(self.stdout, "", "{self:?}");
        let Some(message) = self.stderr.strip_prefix("lugus: ") else { panic!("no message of lugus: {self:?}") };
        assert!(!message.contains("panicked"), "{self:?}");
        message
    }
}
