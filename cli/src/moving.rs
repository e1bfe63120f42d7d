//! Runs `lugus migrate` as a separate process, as an operator would, while this process trades.

use std::process::{Child, Command, Stdio};

use serde::Deserialize;

use crate::deployment::DeploymentFile;
use crate::failure::Failure;

/// A running `lugus migrate` process, which is killed on drop if nobody has waited for it.
pub struct Moving {
    process: Child,
    what: String,
}

/// The fields of the JSON answer of `lugus migrate` that are needed here.
#[derive(Deserialize)]
struct Answer {
    outcome: String,
    pause_ms: Option<f64>,
    steps: Vec<Step>,
}

/// A step of the move, and when it began, in milliseconds since the process did.
#[derive(Deserialize)]
struct Step {
    step: String,
    at_ms: f64,
}

/// How long no cluster traded the instrument, in milliseconds, as the migrator measured it.
pub struct Pause {
    pub ms: f64,
    /// What of it each step took, in milliseconds.
    pub steps: Vec<(String, f64)>,
}

impl Moving {
    /// Starts moving an instrument to a cluster; both are given by name.
    ///
    /// # Errors
    /// When the process can't be started.
    pub fn start(found: &DeploymentFile, instrument: &str, to: &str) -> Result<Self, Failure> {
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

    /// Whether the process is still running.
    ///
    /// # Errors
    /// When the system can't report the process's state.
    pub fn goes_on(&mut self) -> Result<bool, Failure> {
        let ended = self.process.try_wait().map_err(|error| Failure::new(format!("{}: {error}", self.what)))?;
        Ok(ended.is_none())
    }

    /// Waits for the end of the move; returns how long no cluster traded the instrument.
    ///
    /// # Errors
    /// When the move failed; the process has written the reason to standard error.
    pub fn finish(mut self) -> Result<Pause, Failure> {
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
            Answer { outcome, pause_ms: Some(ms), steps } if outcome == "moved" => {
                let times = steps.windows(2).map(|pair| (pair[0].step.clone(), pair[1].at_ms - pair[0].at_ms));
                let steps = times.skip_while(|(step, _)| step != "fence").take_while(|(step, _)| step != "drop");
                Ok(Pause { ms, steps: steps.collect() })
            }
            Answer { outcome, .. } => Err(failed(&outcome)),
        }
    }
}

impl Drop for Moving {
    fn drop(&mut self) {
        // Killing a process that has ended already fails, which is harmless.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
