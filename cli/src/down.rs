//! `lugus down`: stops the local clusters and the coordinator.

use std::fs;

use lugus_media_driver::FolderLock;
use lugus_topology::{Deployment, MemberSpec};
use rustix::process::Signal;
use serde::Serialize;

use crate::deployed_process::{self, DeployedProcess, ProcessRole};
use crate::deployment::DeploymentFile;
use crate::failure::Failure;
use crate::output::Output;
use crate::processes;

/// The processes that were stopped.
#[derive(Debug, Default, Serialize)]
pub struct Ended {
    /// Numbers of the stopped members, over all clusters.
    members: Vec<i32>,
    /// Whether the coordinator was running.
    coordinator: bool,
    /// Names of the processes that did not stop on request and were killed.
    killed: Vec<String>,
}

/// Stops all running processes and prints which ones they were.
///
/// # Errors
/// As [`end`].
pub fn run(found: &DeploymentFile, output: Output) -> Result<(), Failure> {
    let ended = end(&found.deployment)?;
    let what = match (ended.members.len(), ended.coordinator) {
        (0, false) => return output.answer(&ended, "nothing was running"),
        (0, true) => String::from("the coordinator"),
        (count, false) => format!("{count} members"),
        (count, true) => format!("{count} members and the coordinator"),
    };
    let folder = found.deployment.state_dir();
    output.answer(&ended, format!("stopped {what}; the state stays in {}", folder.display()))
}

/// Asks each running process to stop, and kills those that have not stopped within the timeout.
///
/// # Errors
/// When a process can't be signalled, or survives SIGKILL.
pub fn end(deployment: &Deployment) -> Result<Ended, Failure> {
    let mut ended = Ended::default();
    let running: Vec<(DeployedProcess, u32)> = deployed_process::of(deployment)
        .into_iter()
        // The supervisor where there is one, which ends its process and does not start it again.
        .filter_map(|process| process.supervisor_pid().or_else(|| process.pid()).map(|pid| (process, pid)))
        .collect();
    for (_, pid) in &running {
        processes::signal(*pid, Signal::TERM)?;
    }
    let timeout = deployed_process::stop_timeout(deployment);
    for (process, pid) in running {
        match &process.kind {
            ProcessRole::Member { id, .. } => ended.members.push(id.0),
            ProcessRole::Coordinator => ended.coordinator = true,
        }
        if !processes::await_end(&process.dir, pid, timeout) {
            processes::kill_tree(pid)?;
            ended.killed.push(process.kind.to_string());
            if !processes::await_end(&process.dir, pid, timeout) {
                return Err(Failure::new(format!("{} (process {pid}) did not end, even after SIGKILL", process.kind)));
            }
        }
    }
    forget_drivers(deployment);
    Ok(ended)
}

/// Deletes the media drivers' files from shared memory, except those that a client program still uses.
fn forget_drivers(deployment: &Deployment) {
    // What members and the coordinator have counted is told only while they run.
    let clusters = deployment.cluster_specs();
    let members = clusters.iter().flat_map(|cluster| &cluster.members).map(MemberSpec::gauges_file);
    for file in members.chain([deployment.coordinator_spec().gauges_file()]) {
        let _ = fs::remove_file(file);
    }
    let clients = deployment.client_root();
    let folders = fs::read_dir(&clients).into_iter().flatten().flatten().map(|entry| entry.path());
    if folders.filter(|path| path.is_dir()).all(|folder| FolderLock::living_owner(&folder).is_none()) {
        let _ = fs::remove_dir_all(clients);
        // Removes the directory only if it is empty.
        let _ = fs::remove_dir(deployment.aeron_root());
    }
}
