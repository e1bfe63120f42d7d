//! Why a torture can't go on. What it finds is no error: see [`Outcome`](crate::Outcome).

use std::io;
use std::path::{Path, PathBuf};

use lugus_client::{BlockingError, ClientError};
use lugus_media_driver::ProcessError;
use lugus_topology::DeploymentError;
use thiserror::Error;

/// Why a torture can't go on.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TortureError {
    /// A file can't be read or written.
    #[error("can't {action} {path}: {source}")]
    File {
        /// What was tried.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A program of the system failed.
    #[error("{command} failed: {reason}")]
    Command {
        /// The program with its arguments.
        command: String,
        /// What it printed, or why it did not start.
        reason: String,
    },
    /// The deployment is not valid.
    #[error(transparent)]
    Deployment(#[from] DeploymentError),
    /// A process can't be started.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// The clients' configuration can't work.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The operator's session failed.
    #[error("the operator can't {what}: {source}")]
    Operator {
        /// What the operator wanted.
        what: &'static str,
        /// Why not.
        source: Box<BlockingError>,
    },
    /// The cluster did not come up at the beginning.
    #[error("the cluster did not start within {seconds} s: {state}")]
    NotStarted {
        /// How long was waited.
        seconds: u64,
        /// The state of the members.
        state: String,
    },
    /// A line of a plan is no fault.
    #[error("line {line} of the plan is no fault: {reason}")]
    Plan {
        /// The line, from 1.
        line: usize,
        /// Why not.
        reason: String,
    },
    /// A thread could not be started, or has panicked.
    #[error("a thread {0}")]
    Thread(String),
    /// What is asked for needs network namespaces.
    #[error("{what} needs members in network namespaces: root, iproute2, util-linux and /dev/net/tun")]
    NeedsNamespaces {
        /// What needs them.
        what: String,
    },
    /// It was interrupted before there was anything to check.
    #[error("interrupted")]
    Interrupted,
}

impl TortureError {
    /// Makes an error of a file.
    pub(crate) fn file(action: &'static str, path: impl AsRef<Path>) -> impl FnOnce(io::Error) -> Self {
        let path = path.as_ref().to_path_buf();
        move |source| Self::File { action, path, source }
    }

    /// Makes an error of the operator's session.
    pub(crate) fn operator(what: &'static str) -> impl FnOnce(BlockingError) -> Self {
        move |source| Self::Operator { what, source: Box::new(source) }
    }
}
