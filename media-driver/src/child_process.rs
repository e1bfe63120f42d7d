//! A process that dies with its parent, even when the parent is killed with `kill -9`.

use std::ffi::OsString;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use lugus_topology::Log;
use rustix::process::{Pid, Signal};
use rustix::thread::CpuSet;

use crate::log_file::LogFile;
use crate::{FolderLock, ProcessError, lasting_parent};

const POLL_INTERVAL: Duration = Duration::from_millis(1);

/// Variables by which a process would be configured past `cluster.toml`: it is started without them.
const JAVA_VARIABLES: [&str; 3] = ["JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS"];
const AERON_VARIABLES: &str = "AERON_";

/// A process to be started.
#[derive(Debug)]
pub struct Launch<'l> {
    /// Name of the process in messages: "media driver".
    pub name: &'static str,
    /// Path of the program.
    pub program: PathBuf,
    /// Arguments of the program.
    pub arguments: Vec<OsString>,
    /// File for standard output and standard error. A file that is there is kept under its name with `.old` at the end.
    pub log: PathBuf,
    /// How long that file may become.
    pub log_limit: Log,
    /// Lock of a folder that the process inherits.
    pub lock: Option<&'l FolderLock>,
    /// Cores that the process may use; empty for all.
    pub cores: &'l [u16],
}

/// A running process. It is killed when this is dropped, and when the process that started it ends in any way.
#[derive(Debug)]
pub struct ChildProcess {
    name: &'static str,
    child: Child,
    log: LogFile,
}

impl ChildProcess {
    /// Starts the process.
    ///
    /// # Errors
    ///
    /// The program can't be started, or the log can't be written.
    pub fn start(launch: Launch<'_>) -> Result<Self, ProcessError> {
        let Launch { name, program, arguments, log, log_limit, lock, cores } = launch;
        let (log, output) = LogFile::begin(log, log_limit)?;
        let errors = output.try_clone().map_err(ProcessError::file("open", log.path()))?;
        let start = |source| ProcessError::Start { name, program: program.clone(), source };
        let mut command = Command::new(&program);
        command.args(arguments).stdin(Stdio::null()).stdout(output).stderr(errors).process_group(0);
        without_other_configuration(&mut command);
        let inherited = lock.map(|lock| lock.as_fd().try_clone_to_owned()).transpose().map_err(start)?;
        die_with_parent(&mut command, inherited, core_set(cores));
        let child = lasting_parent::spawn(command).map_err(start)?;
        Ok(Self { name, child, log })
    }

    /// Process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Checks that the process still runs, and that its log has not become too long. Blocks only while such a log is set aside.
    ///
    /// # Errors
    ///
    /// The process has ended; the error says how, and quotes the end of the log.
    pub fn check(&mut self) -> Result<(), ProcessError> {
        self.log.bound();
        match self.ended() {
            None => Ok(()),
            Some(status) => Err(ProcessError::Ended {
                name: self.name,
                status,
                last_lines: self.log.last_lines(),
                log: self.log.path().to_owned(),
            }),
        }
    }

    /// Whether the process has ended with exit code 0. Does not block.
    ///
    /// # Errors
    ///
    /// The process has ended otherwise.
    pub(crate) fn has_succeeded(&mut self) -> Result<bool, ProcessError> {
        match self.ended() {
            Some(status) if status.success() => Ok(true),
            _ => self.check().map(|()| false),
        }
    }

    /// Whether the process has written `line`. Does not block.
    ///
    /// # Errors
    ///
    /// The process has ended, or has not written the line although `timeout` has passed since `started`.
    pub(crate) fn is_ready(&mut self, line: &str, started: Instant, timeout: Duration) -> Result<bool, ProcessError> {
        self.check()?;
        if self.log.ends_with(line) {
            return Ok(true);
        }
        let waited = started.elapsed();
        if waited < timeout {
            return Ok(false);
        }
        let (log, last_lines) = (self.log.path().to_owned(), self.log.last_lines());
        Err(ProcessError::NotReady { name: self.name, waited, log, last_lines })
    }

    /// Waits until the process has written `line`.
    ///
    /// # Errors
    ///
    /// The process has ended, or has not written the line within `timeout`.
    pub fn await_ready(&mut self, line: &str, timeout: Duration) -> Result<(), ProcessError> {
        let started = Instant::now();
        while !self.is_ready(line, started, timeout)? {
            thread::sleep(POLL_INTERVAL);
        }
        Ok(())
    }

    /// Asks the process to end (SIGTERM), and kills it if it still runs after `timeout`.
    pub fn stop(mut self, timeout: Duration) {
        self.signal(Signal::TERM);
        let deadline = Instant::now() + timeout;
        while self.ended().is_none() {
            if Instant::now() >= deadline {
                tracing::warn!(
                    process = self.name,
                    pid = self.pid(),
                    ?timeout,
                    "killed a process that did not end within its time limit"
                );
                return;
            }
            thread::sleep(POLL_INTERVAL);
        }
    }

    /// Kills the process if it still runs, and waits until it is gone.
    pub(crate) fn kill(&mut self) {
        if self.ended().is_none() {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }

    fn ended(&mut self) -> Option<ExitStatus> {
        // An error would mean that the child was reaped elsewhere, which nobody does.
        self.child.try_wait().ok().flatten()
    }

    fn signal(&self, signal: Signal) {
        // Only `child` reaps the process, so until then no other process can have its id.
        if let Some(pid) = i32::try_from(self.pid()).ok().and_then(Pid::from_raw) {
            let _ = rustix::process::kill_process(pid, signal);
        }
    }
}

impl Drop for ChildProcess {
    fn drop(&mut self) {
        self.kill();
    }
}

fn without_other_configuration(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with(AERON_VARIABLES) || JAVA_VARIABLES.contains(&&*text) {
            command.env_remove(&name);
        }
    }
}

fn core_set(cores: &[u16]) -> Option<CpuSet> {
    let mut set = CpuSet::new();
    for core in cores {
        set.set(usize::from(*core));
    }
    (!cores.is_empty()).then_some(set)
}

fn die_with_parent(command: &mut Command, lock: Option<OwnedFd>, cores: Option<CpuSet>) {
    let parent = rustix::process::getpid();
    let prepare = move || prepare_child(parent, lock.as_ref().map(AsFd::as_fd), cores.as_ref());
    // SAFETY: `prepare_child` runs between fork and exec, where other threads of the parent are gone in the middle of
    // whatever they did: it makes system calls only (rustix's Linux backend has no libc behind it), and neither allocates
    // nor locks.
    unsafe {
        command.pre_exec(prepare);
    }
}

fn prepare_child(parent: Pid, lock: Option<BorrowedFd<'_>>, cores: Option<&CpuSet>) -> io::Result<()> {
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
    // The parent may have died before that call: then nobody would send the signal.
    if rustix::process::getppid() != Some(parent) {
        return Err(io::Error::from(rustix::io::Errno::SRCH));
    }
    if let Some(lock) = lock {
        rustix::io::fcntl_setfd(lock, rustix::io::FdFlags::empty())?;
    }
    if let Some(cores) = cores {
        rustix::thread::sched_setaffinity(None, cores)?;
    }
    Ok(())
}
