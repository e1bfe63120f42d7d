//! The background processes of a local deployment, seen from outside: which ones run, and how to stop them. Each
//! process locks its own folder, which shows that it runs.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use lugus_media_driver::FolderLock;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open};

use crate::failure::Failure;

const POLL_INTERVAL: Duration = Duration::from_millis(5);

/// The process that holds the lock of `folder`, if one does.
pub fn pid(folder: &Path) -> Option<u32> {
    FolderLock::living_owner(folder)
}

/// Sends a signal to one process. A process that has ended already is no failure.
///
/// # Errors
/// When the system forbids the signal.
pub fn signal(pid: u32, signal: Signal) -> Result<(), Failure> {
    let Some(raw) = i32::try_from(pid).ok().and_then(Pid::from_raw) else { return Ok(()) };
    match kill_process(raw, signal) {
        Ok(()) | Err(rustix::io::Errno::SRCH) => Ok(()),
        Err(error) => Err(Failure::new(format!("can't send a signal to process {pid}: {error}"))),
    }
}

/// Kills a whole process tree with SIGKILL, children included, as a power cut would.
///
/// # Errors
/// When the system forbids the signal.
pub fn kill_tree(pid: u32) -> Result<(), Failure> {
    let children = children(pid);
    for process in std::iter::once(pid).chain(children) {
        signal(process, Signal::KILL)?;
    }
    Ok(())
}

/// A process and all below it.
pub fn tree(pid: u32) -> Vec<u32> {
    let mut tree = vec![pid];
    let mut next = 0;
    while let Some(&parent) = tree.get(next) {
        // A child that has changed its parent meanwhile may be found twice, never in a circle.
        tree.extend(children(parent));
        next += 1;
    }
    tree
}

/// Name of the program of a process, cut to 15 characters as the kernel keeps it; `None` if the process has ended.
pub fn program(pid: u32) -> Option<String> {
    fs::read_to_string(format!("/proc/{pid}/comm")).ok().map(|name| name.trim().to_owned())
}

/// Waits until all these processes have ended; returns whether that was so within `timeout`.
pub fn await_ends(pids: &[u32], timeout: Duration) -> bool {
    let deadline = Instant::now() + timeout;
    while !pids.iter().all(|pid| has_ended(*pid)) {
        if Instant::now() >= deadline {
            return false;
        }
        thread::sleep(POLL_INTERVAL);
    }
    true
}

/// Waits until no process holds the lock of the folder and the process `owner` has ended, which happens a little after
/// it releases the lock. Returns whether that was so within `timeout`.
pub fn await_end(folder: &Path, owner: u32, timeout: Duration) -> bool {
    let deadline = Instant::now() + timeout;
    loop {
        if pid(folder).is_none() && has_ended(owner) {
            return true;
        }
        if Instant::now() >= deadline {
            return false;
        }
        thread::sleep(POLL_INTERVAL);
    }
}

/// Whether a process has ended; a zombie has.
fn has_ended(pid: u32) -> bool {
    let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) else { return true };
    let Ok(process) = pidfd_open(pid, PidfdFlags::empty()) else { return true };
    // A pidfd becomes readable once the last thread of its process has ended.
    let mut events = [PollFd::new(&process, PollFlags::IN)];
    poll(&mut events, Some(&Timespec::default())).is_ok_and(|ready| ready > 0)
}

/// Children of all threads of a process, as the kernel lists them.
fn children(pid: u32) -> Vec<u32> {
    let Ok(threads) = fs::read_dir(format!("/proc/{pid}/task")) else { return Vec::new() };
    threads
        .flatten()
        .filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok())
        .flat_map(|list| list.split_whitespace().filter_map(|child| child.parse().ok()).collect::<Vec<u32>>())
        .collect()
}
