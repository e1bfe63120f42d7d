//! Processes as the kernel lists them, and signals to them.

use std::fs;
use std::path::Path;

use lugus_media_driver::FolderLock;
use rustix::process::{Pid, Signal, kill_process};

use crate::fault::ProcessKind;

/// Package of the classes with which JVMs begin.
const JVM_CLASSES: &str = "io.lugus.";
/// Name of a media driver's program.
const DRIVER_PROGRAM: &str = "lugus-media-driver";

/// A process, known by its number and by when it began: the system uses numbers again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Process {
    pub(crate) pid: u32,
    /// Clock ticks from the system's start to that of the process.
    began: u64,
}

impl Process {
    /// The process with this number; `None` if there is none, or it has ended.
    pub(crate) fn of(pid: u32) -> Option<Self> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The fields follow the name, which may contain any character; the state is the third field, the start the 22nd.
        let rest = stat.rsplit(") ").next()?;
        let mut fields = rest.split(' ');
        let state = fields.next()?;
        let began = fields.nth(18)?.parse().ok()?;
        // The first thread may have ended while others still hold the process's files open.
        let threads = || fs::read_dir(format!("/proc/{pid}/task")).map_or(0, Iterator::count);
        (!matches!(state, "Z" | "X") || threads() > 1).then_some(Self { pid, began })
    }

    /// Whether it runs, or stands still.
    pub(crate) fn is_alive(self) -> bool {
        Self::of(self.pid) == Some(self)
    }

    /// Sends a signal, unless the process has ended.
    pub(crate) fn signal(self, signal: Signal) {
        if self.is_alive()
            && let Some(pid) = i32::try_from(self.pid).ok().and_then(Pid::from_raw)
        {
            let _ = kill_process(pid, signal);
        }
    }
}

/// The process that has locked a folder.
fn owner(folder: &Path) -> Option<Process> {
    FolderLock::living_owner(folder).and_then(Process::of)
}

/// The living processes of a member or of the coordinator, whose folder this is.
pub(crate) fn of_folder(dir: &Path) -> Vec<(ProcessKind, Process)> {
    let supervisor = owner(&dir.join("supervisor")).map(|process| (ProcessKind::Supervisor, process));
    let node = owner(dir);
    let children = node.iter().flat_map(|node| children(node.pid)).filter_map(|pid| {
        let command = command_line(pid);
        let kind = if command.contains(JVM_CLASSES) {
            ProcessKind::Jvm
        } else if command.contains(DRIVER_PROGRAM) {
            ProcessKind::MediaDriver
        } else {
            return None;
        };
        Some((kind, Process::of(pid)?))
    });
    let children: Vec<_> = children.collect();
    supervisor.into_iter().chain(node.map(|node| (ProcessKind::Node, node))).chain(children).collect()
}

/// Children of all threads of a process, as the kernel lists them.
fn children(pid: u32) -> Vec<u32> {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let lists = threads.filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok());
    lists.flat_map(|list| list.split_whitespace().filter_map(|child| child.parse().ok()).collect::<Vec<_>>()).collect()
}

fn command_line(pid: u32) -> String {
    let bytes = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    String::from_utf8_lossy(&bytes).replace('\0', " ")
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn a_process_is_known_until_it_has_ended() {
        let mut child = Command::new("sleep").arg("600").stdin(Stdio::null()).spawn().unwrap();
        let process = Process::of(child.id()).unwrap();
        assert!(process.is_alive());
        assert!(children(std::process::id()).contains(&child.id()));
        process.signal(Signal::KILL);
        child.wait().unwrap();
        assert!(!process.is_alive());
        assert_eq!(Process::of(child.id()), None);
        assert!(!Process { pid: std::process::id(), began: 1 }.is_alive(), "another process with that number");
    }
}
