//! Why a mark file cannot be taken.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use super::header::{HEADER_LENGTH, LIVENESS_TIMEOUT_MS};

/// Why a container could not take its mark file.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum MarkFileError {
    /// A container of this service is running.
    #[error(
        "active mark file {path} (process {pid}, active {age_ms} ms ago): another container of this service runs, or \
         was killed less than {LIVENESS_TIMEOUT_MS} ms ago; stop it, or wait"
    )]
    Active {
        /// Path of the mark file.
        path: PathBuf,
        /// Process id that the file names.
        pid: i64,
        /// Time since the last activity of that process, in milliseconds.
        age_ms: i64,
    },
    /// The file belongs to another component, or has another major version.
    #[error(
        "mark file {path} is not a service container's of version 0: component type {component}, version {version}"
    )]
    NotAContainer {
        /// Path of the mark file.
        path: PathBuf,
        /// Component type in the file.
        component: i32,
        /// Semantic version in the file.
        version: i32,
    },
    /// Directories, channel and name of the settings are longer than the header.
    #[error(
        "the mark file's header has room for {HEADER_LENGTH} bytes, but directories, channel and name need {needed}"
    )]
    HeaderTooLong {
        /// Length of the header that the settings need, in bytes.
        needed: usize,
    },
    /// The file system refused an operation.
    #[error("mark file {path}: {source}")]
    Io {
        /// File or directory of the operation.
        path: PathBuf,
        /// Error of the file system.
        source: io::Error,
    },
}
