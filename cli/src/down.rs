//! `lugus down`: ends the local cluster.

use std::fs;

use lugus_media_driver::FolderLock;
use lugus_topology::Deployment;
use rustix::process::Signal;
use serde::Serialize;

use crate::deployment::Found;
use crate::failure::Failure;
use crate::members;
use crate::output::Output;

/// What was ended.
#[derive(Debug, Serialize)]
pub struct Ended {
    /// Numbers of the members that ran.
    members: Vec<i32>,
    /// Of those, the ones that did not end when asked, and were killed.
    killed: Vec<i32>,
}

/// Ends the local cluster and says what was ended.
///
/// # Errors
/// As [`end`].
pub fn run(found: &Found, output: Output) -> Result<(), Failure> {
    let ended = end(&found.deployment)?;
    let text = match ended.members.len() {
        0 => String::from("nothing ran"),
        count => format!("{count} members ended; their state stays in {}", found.deployment.state_dir().display()),
    };
    output.answer(&ended, text)
}

/// Asks each member that runs to end, and kills those that do not within `timeouts.stop_timeout`.
///
/// # Errors
/// When a member can't be signalled, or does not even die.
pub fn end(deployment: &Deployment) -> Result<Ended, Failure> {
    let mut ended = Ended { members: Vec::new(), killed: Vec::new() };
    let clusters = deployment.cluster_specs();
    let running: Vec<_> = clusters
        .iter()
        .flat_map(|cluster| &cluster.members)
        .filter_map(|member| members::pid(member).map(|pid| (member, pid)))
        .collect();
    for (_, pid) in &running {
        members::signal(*pid, Signal::TERM)?;
    }
    // Each of its two processes is given that long, one after the other.
    let timeout = deployment.timeouts.stop_timeout * 3;
    for (member, pid) in running {
        ended.members.push(member.id.0);
        if !members::await_end(member, pid, timeout) {
            members::kill_tree(pid)?;
            ended.killed.push(member.id.0);
            if !members::await_end(member, pid, timeout) {
                return Err(Failure::new(format!("member {} (process {pid}) does not die", member.id)));
            }
        }
    }
    forget_drivers(deployment);
    Ok(ended)
}

/// Deletes what drivers have left in memory, unless a client program still has one.
fn forget_drivers(deployment: &Deployment) {
    let clients = deployment.client_root();
    let folders = fs::read_dir(&clients).into_iter().flatten().flatten().map(|entry| entry.path());
    if folders.filter(|path| path.is_dir()).all(|folder| FolderLock::living_owner(&folder).is_none()) {
        let _ = fs::remove_dir_all(clients);
        // Only when nothing else is in it.
        let _ = fs::remove_dir(deployment.aeron_root());
    }
}
