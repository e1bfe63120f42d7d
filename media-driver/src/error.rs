//! Errors of processes: what went wrong, where, and what to do.

use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::Duration;

use lugus_topology::{ClusterId, DeploymentError, MemberId, Size};
use thiserror::Error;

/// Exit code of a process that ended because what it has recorded is damaged: of the JVM with an archive, and of a member whose
/// JVM ended so. It is `EX_DATAERR` of `sysexits.h`.
pub const DAMAGED_EXIT_CODE: u8 = 65;

/// Exit code of a process that ended because a disk has too little space: of the JVM of a leader that hands over, and of a member.
/// It is `EX_CANTCREAT` of `sysexits.h`. The member may be started again, and starts when there is more space.
pub const NO_SPACE_EXIT_CODE: u8 = 73;

/// Why a process can't be started, or that it has ended.
#[derive(Debug, Error)]
pub enum ProcessError {
    /// The deployment has no such member.
    #[error("cluster {cluster} has no member {member}: name one of its [[cluster.member]] ids")]
    NoSuchMember {
        /// The cluster.
        cluster: ClusterId,
        /// Number of the member that was asked for.
        member: MemberId,
    },
    /// Another process holds the lock of the folder.
    #[error("{folder} is in use by process {owner}: stop that first, or set another dir")]
    FolderInUse {
        /// The folder.
        folder: PathBuf,
        /// Id of the process that holds the lock, as it wrote it there, or "unknown".
        owner: String,
    },
    /// A media driver runs in the directory.
    #[error("{dir} is in use by a running media driver, process {pid}: stop that first, or set another aeron_dir")]
    DriverDirectoryInUse {
        /// The driver's directory.
        dir: PathBuf,
        /// The driver's process.
        pid: i32,
    },
    /// No media driver runs in `client.aeron_dir`.
    #[error(
        "no media driver answers in {dir} (client.aeron_dir): start it, or remove the key so that a driver is started"
    )]
    NoDriver {
        /// The driver's directory.
        dir: PathBuf,
    },
    /// A port is in use.
    #[error(
        "port {endpoint} ({key} of {owner}) is in use: stop the process that uses it (ss -ulpn shows it), or set another port"
    )]
    PortInUse {
        /// Host and port.
        endpoint: String,
        /// Key of the port.
        key: &'static str,
        /// Owner of the port: a member, or the coordinator.
        owner: String,
    },
    /// An address can't be bound.
    #[error("can't use {endpoint} ({key} of {owner}): {source}; host must be an address of this machine")]
    Address {
        /// Host and port.
        endpoint: String,
        /// Key of the port.
        key: &'static str,
        /// Owner of the port: a member, or the coordinator.
        owner: String,
        /// Error of the operating system.
        source: io::Error,
    },
    /// The Java program can't be run.
    #[error(
        "can't run {binary:?}: {reason}; install a JDK of version 17 or later (Debian: apt-get install \
         openjdk-17-jdk-headless), or set java.binary"
    )]
    NoJava {
        /// Path of the program.
        binary: PathBuf,
        /// Why it can't be run.
        reason: String,
    },
    /// The Java program is older than version 17.
    #[error("{binary:?} is Java {version}, but version 17 or later is needed: install it, or set java.binary")]
    OldJava {
        /// Path of the program.
        binary: PathBuf,
        /// Version of the program.
        version: String,
    },
    /// A jar is missing.
    #[error("{path} is missing: run ./scripts/setup, or set java.jars to the folder that has it")]
    NoJar {
        /// Path of the jar.
        path: PathBuf,
    },
    /// The program that `driver.binary` names is missing.
    #[error(
        "driver.binary names {binary}, which is not a program: build it (cargo build --release -p \
         lugus-media-driver), correct the key, or leave it out"
    )]
    NoConfiguredDriver {
        /// Path that the key names.
        binary: PathBuf,
    },
    /// The program that the variable `LUGUS_MEDIA_DRIVER` names is missing.
    #[error("LUGUS_MEDIA_DRIVER names {named}, which is not a program: correct the variable, or unset it")]
    NoDriverOfVariable {
        /// Path that the variable names.
        named: PathBuf,
    },
    /// The driver's program was not found in any of its places.
    #[error(
        "lugus-media-driver is neither beside {beside} nor in a folder of PATH, and the variable LUGUS_MEDIA_DRIVER is not \
         set: build it in a checkout of Lugus (cargo build --release -p lugus-media-driver), and set the variable, or \
         driver.binary in cluster.toml, to its path"
    )]
    NoDriverProgram {
        /// The running program.
        beside: PathBuf,
    },
    /// A disk has too little free space.
    #[error("{path} has {free} free, and {purpose} needs {needed}: make room, or set another directory")]
    NoSpace {
        /// A directory on the disk.
        path: PathBuf,
        /// Free space on that disk.
        free: Size,
        /// Space that is needed.
        needed: Size,
        /// What needs the space.
        purpose: &'static str,
    },
    /// A core of the configuration can't be used by this process.
    #[error("core {core} of member {member} is not available to this process: set other cores in cluster.member.cores")]
    NoCore {
        /// Number of the core.
        core: u16,
        /// The member.
        member: MemberId,
    },
    /// The participants' keys can't be read.
    #[error(transparent)]
    Deployment(#[from] DeploymentError),
    /// A file or directory can't be used.
    #[error("can't {action} {path}: {source}")]
    File {
        /// What was tried: a verb.
        action: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// Error of the operating system.
        source: io::Error,
    },
    /// A program can't be started.
    #[error("can't start the {name}, {program:?}: {source}")]
    Start {
        /// Name of the process.
        name: &'static str,
        /// Path of the program.
        program: PathBuf,
        /// Error of the operating system.
        source: io::Error,
    },
    /// A process has ended.
    #[error("the {name} has ended ({status}{}){}", hint(.status), log_end(.log, .last_lines))]
    Ended {
        /// Name of the process.
        name: &'static str,
        /// Exit status of the process.
        status: ExitStatus,
        /// File with the output of the process.
        log: PathBuf,
        /// Last lines of that file.
        last_lines: String,
    },
    /// A process has not answered in time.
    #[error(
        "the {name} did not answer within {waited:?}: raise timeouts.start_timeout if the machine is slow{}",
        log_end(.log, .last_lines)
    )]
    NotReady {
        /// Name of the process.
        name: &'static str,
        /// Time since its start.
        waited: Duration,
        /// File with the output of the process.
        log: PathBuf,
        /// Last lines of that file.
        last_lines: String,
    },
}

impl ProcessError {
    /// Whether a process ended by itself without an error, as the consensus module does after an ordered shutdown.
    pub fn is_ordered_shutdown(&self) -> bool {
        matches!(self, Self::Ended { status, .. } if status.success())
    }

    /// Whether the process ended because what it has recorded is damaged: it would find the same at its next start.
    pub fn is_damage(&self) -> bool {
        matches!(self, Self::Ended { status, .. } if status.code() == Some(i32::from(DAMAGED_EXIT_CODE)))
    }

    /// Whether a disk has too little space.
    pub fn is_no_space(&self) -> bool {
        match self {
            Self::NoSpace { .. } => true,
            Self::Ended { status, .. } => status.code() == Some(i32::from(NO_SPACE_EXIT_CODE)),
            _ => false,
        }
    }

    pub(crate) fn file(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { action, path, source }
    }
}

/// A hint at a full disk: a process that writes to a mapped file there gets SIGBUS.
fn hint(status: &ExitStatus) -> &'static str {
    match status.signal() {
        Some(signal) if signal == rustix::process::Signal::BUS.as_raw() => "; check whether a disk or /dev/shm is full",
        _ => "",
    }
}

fn log_end(log: &std::path::Path, last_lines: &str) -> String {
    if last_lines.is_empty() {
        return format!("; it wrote nothing to {}", log.display());
    }
    format!("; {} ends with:\n{last_lines}", log.display())
}
