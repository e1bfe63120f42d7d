//! `lugus migrate` in a process of its own, as an operator has it, while this one trades.

use std::process::{Child, Command, Stdio};

use serde::Deserialize;

use crate::deployment::Found;
use crate::failure::Failure;

/// A move under way. It is ended with its process when nobody waits for it.
pub struct Moving {
    process: Child,
    what: String,
}

/// What `lugus migrate --json` says.
#[derive(Deserialize)]
struct Answer {
    outcome: String,
    pause_ms: Option<f64>,
}

impl Moving {
    /// Begins to move an instrument to a cluster, both by name.
    ///
    /// # Errors
    /// When the process can't be started.
    pub fn start(found: &Found, instrument: &str, to: &str) -> Result<Self, Failure> {
        let what = format!("lugus migrate {instrument} --to {to}");
        let failed = |error: std::io::Error| Failure::new(format!("{what}: {error}"));
        let process = Command::new(std::env::current_exe().map_err(failed)?)
            .arg("--config")
            .arg(&found.path)
            .args(["--json", "migrate", instrument, "--to", to])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(failed)?;
        Ok(Self { process, what })
    }

    /// Whether the process goes on.
    ///
    /// # Errors
    /// When the system does not tell.
    pub fn goes_on(&mut self) -> Result<bool, Failure> {
        let ended = self.process.try_wait().map_err(|error| Failure::new(format!("{}: {error}", self.what)))?;
        Ok(ended.is_none())
    }

    /// Waits for the end; how long the instrument was traded nowhere, milliseconds, as the migrator saw it.
    ///
    /// # Errors
    /// When it did not move the instrument; why not is on standard error.
    pub fn finish(mut self) -> Result<f64, Failure> {
        let failed = |error: &dyn std::fmt::Display| Failure::new(format!("{}: {error}", self.what));
        let answer = match self.process.stdout.take() {
            Some(stdout) => std::io::read_to_string(stdout).map_err(|error| failed(&error))?,
            None => String::new(),
        };
        let status = self.process.wait().map_err(|error| failed(&error))?;
        if !status.success() {
            return Err(failed(&status));
        }
        let answer: Answer = serde_json::from_str(&answer).map_err(|error| failed(&error))?;
        match answer {
            Answer { outcome, pause_ms: Some(pause_ms) } if outcome == "moved" => Ok(pause_ms),
            Answer { outcome, .. } => Err(failed(&outcome)),
        }
    }
}

impl Drop for Moving {
    fn drop(&mut self) {
        // One that has ended is not there to be killed.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
