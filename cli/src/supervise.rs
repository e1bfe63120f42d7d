//! `lugus supervise`: runs a member or the coordinator, and starts it again when it has ended by itself.
//!
//! The supervised process dies with its supervisor, also when the supervisor is killed. A supervisor holds the lock of a folder
//! inside the folder of its process, by which `lugus up` and `lugus down` find it.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use lugus_media_driver::{ChildProcess, DAMAGED_EXIT_CODE, FolderLock, Launch, ProcessError};
use lugus_node::member::{OTHER_VERSION_EXIT_CODE, RESTART_EXIT_CODE};

use crate::arguments::Supervised;
use crate::deployed_process::{self, DeployedProcess, ProcessRole};
use crate::deployment::DeploymentFile;
use crate::failure::Failure;
use crate::restart_policy::{End, Next, RestartPolicy};
use crate::stop_signal;

/// Interval at which the process and the request to stop are checked.
const CHECK_INTERVAL: Duration = Duration::from_millis(20);

/// Exit code of a process that could not start. A process that had started ends with another one.
const NOT_STARTED_EXIT_CODE: i32 = 1;

/// Runs until SIGTERM or SIGINT, or until the process has ended for good.
///
/// # Errors
/// When the deployment has no such process, another supervisor runs it, or its first start fails.
pub fn run(found: &DeploymentFile, what: &Supervised) -> Result<(), Failure> {
    let deployed = deployed(found, what)?;
    let stop = stop_signal::flag()?;
    let _lock = FolderLock::take(&deployed.supervisor_dir()).map_err(Failure::new)?;
    // Found out only once: when the program is replaced by a newer one, the system no longer knows this process's path.
    let program = std::env::current_exe().map_err(|error| Failure::new(format!("lugus: {error}")))?;
    let mut policy = RestartPolicy::new(found.deployment.supervision.longest_delay);
    while !stop.load(Ordering::Acquire) {
        let started = Instant::now();
        let Some(ended) = run_once(found, &deployed, &program, &stop) else { break };
        let end = how(&ended);
        match policy.after(end, started.elapsed()) {
            Next::Stay if end == End::InOrder => break,
            Next::Stay if end == End::Damaged => {
                let ended = summary(&ended);
                let failure = Failure::new(format!("{} stays down, as it is damaged: {ended}", deployed.kind));
                return Err(failure.with_exit_code(DAMAGED_EXIT_CODE));
            }
            Next::Stay if end == End::OtherVersion => {
                let ended = summary(&ended);
                let failure =
                    Failure::new(format!("{} stays down, until another version is installed: {ended}", deployed.kind));
                return Err(failure.with_exit_code(OTHER_VERSION_EXIT_CODE));
            }
            Next::Stay => return Err(Failure::new(format!("{} can't start: {ended}", deployed.kind))),
            Next::StartAfter(delay) => {
                tracing::warn!(process = %deployed.kind, ended = summary(&ended), ?delay, "starts again");
                pause(delay, &stop);
            }
        }
    }
    Ok(())
}

fn deployed(found: &DeploymentFile, what: &Supervised) -> Result<DeployedProcess, Failure> {
    let wanted = match what {
        Supervised::Node(node) => Some((found.cluster_named(&node.cluster)?.id, i32::from(node.member))),
        Supervised::Coordinator => None,
    };
    let is_it = |kind: &ProcessRole| match (kind, &wanted) {
        (ProcessRole::Member { cluster, id, .. }, Some(wanted)) => (*cluster, id.0) == *wanted,
        (ProcessRole::Coordinator, None) => true,
        _ => false,
    };
    let mut all = deployed_process::of(&found.deployment).into_iter();
    all.find(|process| is_it(&process.kind)).ok_or_else(|| Failure::new("the deployment has no such process"))
}

/// Runs the process until it has ended, and returns how it did; `None` if it was stopped because `stop` was set.
fn run_once(
    found: &DeploymentFile,
    deployed: &DeployedProcess,
    program: &Path,
    stop: &AtomicBool,
) -> Option<ProcessError> {
    let mut process = match start(found, deployed, program.to_path_buf()) {
        Ok(process) => process,
        Err(error) => return Some(error),
    };
    while !stop.load(Ordering::Acquire) {
        if let Err(error) = process.check() {
            return Some(error);
        }
        thread::sleep(CHECK_INTERVAL);
    }
    process.stop(deployed_process::stop_timeout(&found.deployment));
    None
}

fn start(found: &DeploymentFile, deployed: &DeployedProcess, program: PathBuf) -> Result<ChildProcess, ProcessError> {
    let mut arguments = vec!["--config".into(), found.path.clone().into_os_string()];
    arguments.extend(deployed.arguments().into_iter().map(Into::into));
    let name = match deployed.kind {
        ProcessRole::Member { .. } => "member",
        ProcessRole::Coordinator => "coordinator",
    };
    let (log, log_limit) = (deployed.log(), found.deployment.log);
    ChildProcess::start(Launch { name, program, arguments, log, log_limit, lock: None, cores: &[] })
}

fn how(ended: &ProcessError) -> End {
    let ProcessError::Ended { status, .. } = ended else { return End::NotStarted };
    match status.code() {
        Some(0) => End::InOrder,
        Some(code) if code == i32::from(RESTART_EXIT_CODE) => End::WantsRestart,
        Some(code) if code == i32::from(DAMAGED_EXIT_CODE) => End::Damaged,
        Some(code) if code == i32::from(OTHER_VERSION_EXIT_CODE) => End::OtherVersion,
        Some(NOT_STARTED_EXIT_CODE) => End::NotStarted,
        _ => End::Failed,
    }
}

/// One line about the end of a process: its status and the last line of its log. The supervisor's own log must not grow by more at
/// each failure.
fn summary(ended: &ProcessError) -> String {
    match ended {
        ProcessError::Ended { status, last_lines, .. } => {
            format!("{status}; its log ends with: {}", last_lines.lines().last().unwrap_or_default())
        }
        other => other.to_string(),
    }
}

/// Waits, but not beyond the moment at which `stop` is set.
fn pause(delay: Duration, stop: &AtomicBool) {
    let deadline = Instant::now() + delay;
    while !stop.load(Ordering::Acquire) && Instant::now() < deadline {
        thread::sleep(CHECK_INTERVAL.min(deadline.saturating_duration_since(Instant::now())));
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;
    use std::process::ExitStatus;

    use super::*;

    fn ended(status: i32) -> End {
        let status = ExitStatus::from_raw(status);
        how(&ProcessError::Ended { name: "member", status, log: PathBuf::new(), last_lines: String::new() })
    }

    #[test]
    fn the_exit_status_tells_how_a_process_ended() {
        let exit = |code: u8| ended(i32::from(code) << 8);
        assert_eq!([0, 75, 1, 65].map(exit), [End::InOrder, End::WantsRestart, End::NotStarted, End::Damaged]);
        let (panicked, killed) = (exit(101), ended(9));
        assert_eq!([exit(70), panicked, killed], [End::Failed; 3]);
    }
}
