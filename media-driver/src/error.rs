//! What went wrong with a process, where, and what to do.

use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::Duration;

use lugus_topology::{ClusterId, DeploymentError, MemberId, Size};
use thiserror::Error;

/// Why a process can't be started, or has ended.
#[derive(Debug, Error)]
pub enum ProcessError {
    /// The deployment has no such member.
    #[error("cluster {cluster} has no member {member}: name one of its [[cluster.member]] ids")]
    NoSuchMember {
        /// The cluster.
        cluster: ClusterId,
        /// The number asked for.
        member: MemberId,
    },
    /// Another process owns the folder.
    #[error("{folder} is in use by process {owner}: stop that first, or set another dir")]
    FolderInUse {
        /// The folder.
        folder: PathBuf,
        /// The process that wrote itself into the lock, or "unknown".
        owner: String,
    },
    /// A media driver lives in the directory.
    #[error("{dir} is in use by a living media driver, process {pid}: stop that first, or set another aeron_dir")]
    DriverDirectoryInUse {
        /// The driver's directory.
        dir: PathBuf,
        /// The driver's process.
        pid: i32,
    },
    /// The client's driver is not there.
    #[error(
        "no media driver answers in {dir} (client.aeron_dir): start it, or leave the key out for a driver of our own"
    )]
    NoDriver {
        /// The driver's directory.
        dir: PathBuf,
    },
    /// A port is taken.
    #[error("port {endpoint} ({key} of {owner}) is in use: end what has it (ss -ulpn shows it), or set another port")]
    PortInUse {
        /// Host and port.
        endpoint: String,
        /// Which of its ports.
        key: &'static str,
        /// Whose port it is: a member, or the coordinator.
        owner: String,
    },
    /// An address that can't be bound.
    #[error("can't use {endpoint} ({key} of {owner}): {source}; host must be an address of this machine")]
    Address {
        /// Host and port.
        endpoint: String,
        /// Which of its ports.
        key: &'static str,
        /// Whose port it is: a member, or the coordinator.
        owner: String,
        /// Why.
        source: io::Error,
    },
    /// There is no Java.
    #[error(
        "can't run {binary:?}: {reason}; install a JDK of version 17 or later (Debian: apt-get install \
         openjdk-17-jdk-headless), or set java.binary"
    )]
    NoJava {
        /// The program.
        binary: PathBuf,
        /// Why.
        reason: String,
    },
    /// Java is too old.
    #[error("{binary:?} is Java {version}, and 17 or later is needed: install one, or set java.binary")]
    OldJava {
        /// The program.
        binary: PathBuf,
        /// Its version.
        version: String,
    },
    /// A jar is missing.
    #[error("{path} is missing: run ./scripts/setup, or set java.jars to the folder that has it")]
    NoJar {
        /// The jar.
        path: PathBuf,
    },
    /// The program that `driver.binary` names is missing.
    #[error(
        "driver.binary names {binary}, and there is no such program: build it (cargo build --release -p \
         lugus-media-driver), correct the key, or leave it out"
    )]
    NoConfiguredDriver {
        /// Path that the key names.
        binary: PathBuf,
    },
    /// The program that the variable `LUGUS_MEDIA_DRIVER` names is missing.
    #[error("LUGUS_MEDIA_DRIVER names {named}, and there is no such program: correct the variable, or unset it")]
    NoDriverOfVariable {
        /// Path that the variable names.
        named: PathBuf,
    },
    /// The driver's program is in none of the places where it is looked for.
    #[error(
        "lugus-media-driver is neither beside {beside} nor in a folder of PATH, and the variable LUGUS_MEDIA_DRIVER names \
         none: build it in Lugus' checkout (cargo build --release -p lugus-media-driver), and name it by the variable, or \
         by driver.binary in cluster.toml"
    )]
    NoDriverProgram {
        /// The running program.
        beside: PathBuf,
    },
    /// A disk is full, or nearly.
    #[error("{path} has {free} free, and {purpose} needs {needed}: make room, or set another directory")]
    NoSpace {
        /// A directory on the disk.
        path: PathBuf,
        /// Its free space.
        free: Size,
        /// What is needed at least.
        needed: Size,
        /// For what.
        purpose: &'static str,
    },
    /// A core that can't be used.
    #[error("core {core} of member {member} is not one that this process may use: set others in cluster.member.cores")]
    NoCore {
        /// Its number.
        core: u16,
        /// The member.
        member: MemberId,
    },
    /// The participants' keys can't be had.
    #[error(transparent)]
    Deployment(#[from] DeploymentError),
    /// A file or directory can't be used.
    #[error("can't {action} {path}: {source}")]
    File {
        /// What was tried.
        action: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A program can't be started.
    #[error("can't start the {name}, {program:?}: {source}")]
    Start {
        /// The process.
        name: &'static str,
        /// Its program.
        program: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A process has ended.
    #[error("the {name} has ended ({status}{}){}", hint(.status), log_end(.log, .last_lines))]
    Ended {
        /// The process.
        name: &'static str,
        /// How.
        status: ExitStatus,
        /// What it wrote.
        log: PathBuf,
        /// The end of that.
        last_lines: String,
    },
    /// A process does not answer.
    #[error(
        "the {name} did not answer within {waited:?}: raise timeouts.start_timeout if the machine is slow{}",
        log_end(.log, .last_lines)
    )]
    NotReady {
        /// The process.
        name: &'static str,
        /// How long it was waited for.
        waited: Duration,
        /// What it wrote.
        log: PathBuf,
        /// The end of that.
        last_lines: String,
    },
}

impl ProcessError {
    /// Whether a process ended by itself and without an error: the consensus module after an ordered shutdown.
    pub fn is_ordered_shutdown(&self) -> bool {
        matches!(self, Self::Ended { status, .. } if status.success())
    }

    pub(crate) fn file(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { action, path, source }
    }
}

/// A process that writes to a mapped file on a full disk gets this signal.
fn hint(status: &ExitStatus) -> &'static str {
    match status.signal() {
        Some(signal) if signal == rustix::process::Signal::BUS.as_raw() => "; is a disk, or /dev/shm, full?",
        _ => "",
    }
}

fn log_end(log: &std::path::Path, last_lines: &str) -> String {
    if last_lines.is_empty() {
        return format!("; it wrote nothing to {}", log.display());
    }
    format!("; {} ends with:\n{last_lines}", log.display())
}
