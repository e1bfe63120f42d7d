//! Processes as the kernel lists them in `/proc`.

use std::fs;
use std::path::Path;

use rustix::process::{Pid, Signal, kill_process};

/// A running process.
#[derive(Debug, Clone)]
pub struct Process {
    pub pid: u32,
    /// The command line of the process.
    pub command: String,
}

/// Running processes with one of `folders` in their command line.
pub fn mentioning(folders: &[&Path]) -> Vec<Process> {
    let folders: Vec<_> = folders.iter().map(|folder| folder.to_string_lossy().into_owned()).collect();
    let pids = fs::read_dir("/proc").expect("processes").flatten();
    let pids = pids.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let all = pids.filter(|pid| is_alive(*pid)).map(|pid| Process { pid, command: command_line(pid) });
    all.filter(|process| folders.iter().any(|folder| process.command.contains(folder))).collect()
}

/// A process and all its descendants.
pub fn tree(pid: u32) -> Vec<Process> {
    let children = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let children = children.filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok());
    let mut pids = vec![pid];
    for list in children {
        pids.extend(list.split_whitespace().map(|child| child.parse::<u32>().expect("a process id")));
    }
    pids.into_iter().map(|pid| Process { pid, command: command_line(pid) }).collect()
}

/// Nice values of all threads of a process.
pub fn nice_values(pid: u32) -> Vec<i32> {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).expect("threads").flatten();
    let stats = threads.filter_map(|thread| fs::read_to_string(thread.path().join("stat")).ok());
    // The 19th field. The second one is the name, which may contain any character.
    let nice = |stat: String| stat.rsplit(") ").next()?.split(' ').nth(16)?.parse().ok();
    stats.map(|stat| nice(stat).expect("a nice value")).collect()
}

/// Whether any thread of the process is alive; a zombie is not.
pub fn is_alive(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // The state follows the name, which may contain any character.
    let state = stat.rsplit(") ").next().and_then(|rest| rest.chars().next());
    // The first thread may have ended while other threads still hold the process's files open.
    let threads = || fs::read_dir(format!("/proc/{pid}/task")).map_or(0, Iterator::count);
    match state {
        None => false,
        Some('Z' | 'X') => threads() > 1,
        Some(_) => true,
    }
}

/// UDP ports that a process has bound, over IPv4.
pub fn udp_ports(pid: u32) -> Vec<u16> {
    let handles = fs::read_dir(format!("/proc/{pid}/fd")).expect("file handles").flatten();
    let targets: Vec<_> = handles.filter_map(|handle| fs::read_link(handle.path()).ok()).collect();
    let sockets = fs::read_to_string(format!("/proc/{pid}/net/udp")).expect("sockets");
    // Fields: number, local address and port in hexadecimal digits, ..., the tenth is the inode.
    let port_of = |line: &str| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let target = format!("socket:[{}]", fields.get(9)?);
        let (_, port) = fields.get(1)?.rsplit_once(':')?;
        let is_its = targets.iter().any(|handle| handle.as_os_str() == target.as_str());
        if is_its { u16::from_str_radix(port, 16).ok() } else { None }
    };
    sockets.lines().skip(1).filter_map(port_of).filter(|port| *port > 0).collect()
}

/// Resident memory of a process that no file backs, in bytes.
pub fn private_memory(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("a process");
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).expect("its memory");
    let kib: u64 = line.trim().trim_end_matches("kB").trim().parse().expect("a number");
    kib << 10
}

/// What is known of the files below a folder.
#[derive(Debug, Clone, Copy, Default)]
pub struct Files {
    /// Space that they take, in bytes: what is not written of them takes none.
    pub space: u64,
    /// Length of the longest, in bytes.
    pub longest: u64,
}

impl Files {
    /// Those below this folder.
    pub fn below(folder: &Path) -> Self {
        use std::os::unix::fs::MetadataExt;
        let mut files = Self::default();
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            // What is not there any more the driver has just removed.
            let Ok(metadata) = entry.metadata() else { continue };
            let of_entry = if metadata.is_dir() {
                Self::below(&entry.path())
            } else {
                Self { space: metadata.blocks() * 512, longest: metadata.len() }
            };
            files.space += of_entry.space;
            files.longest = files.longest.max(of_entry.longest);
        }
        files
    }
}

/// Kills one process with SIGKILL.
pub fn kill(pid: u32) {
    signal(pid, Signal::KILL);
}

/// Asks one process to end, with SIGTERM.
pub fn ask_to_end(pid: u32) {
    signal(pid, Signal::TERM);
}

/// Stops one process with SIGSTOP: it stays alive, and does nothing.
pub fn stop(pid: u32) {
    signal(pid, Signal::STOP);
}

/// Lets a stopped process go on.
pub fn resume(pid: u32) {
    signal(pid, Signal::CONT);
}

/// Sends a signal. A process that has ended already is no failure.
fn signal(pid: u32, signal: Signal) {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw).expect("a process id");
    match kill_process(pid, signal) {
        Ok(()) | Err(rustix::io::Errno::SRCH) => {}
        Err(error) => panic!("can't signal {pid:?}: {error}"),
    }
}

fn command_line(pid: u32) -> String {
    let bytes = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    String::from_utf8_lossy(&bytes).replace('\0', " ")
}
