//! The background processes of a local deployment, seen from outside: which live, and how to end them. Each has a folder
//! of its own, which it locks.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use lugus_media_driver::FolderLock;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open};

use crate::failure::Failure;

const POLL_INTERVAL: Duration = Duration::from_millis(5);

/// The process that has `folder`, if one lives.
pub fn pid(folder: &Path) -> Option<u32> {
    FolderLock::living_owner(folder)
}

/// Sends a signal to one process; one that is gone already is no failure.
///
/// # Errors
/// When the system forbids it.
pub fn signal(pid: u32, signal: Signal) -> Result<(), Failure> {
    let Some(raw) = i32::try_from(pid).ok().and_then(Pid::from_raw) else { return Ok(()) };
    match kill_process(raw, signal) {
        Ok(()) | Err(rustix::io::Errno::SRCH) => Ok(()),
        Err(error) => Err(Failure::new(format!("can't signal process {pid}: {error}"))),
    }
}

/// Ends a whole process tree with SIGKILL, children included, as a power cut would.
///
/// # Errors
/// When the system forbids it.
pub fn kill_tree(pid: u32) -> Result<(), Failure> {
    let children = children(pid);
    for process in std::iter::once(pid).chain(children) {
        signal(process, Signal::KILL)?;
    }
    Ok(())
}

/// Waits until nobody has the folder, and its process, `owner`, has ended: it gives the folder back a little before.
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

/// Whether a process is gone, or only its exit code is left.
fn has_ended(pid: u32) -> bool {
    let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) else { return true };
    let Ok(process) = pidfd_open(pid, PidfdFlags::empty()) else { return true };
    // Readable once the last thread has ended.
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
