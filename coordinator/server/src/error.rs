//! What went wrong with the coordinator, and what to do.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use aeron_support::AeronError;
use lugus_media_driver::ProcessError;
use lugus_partition_map::{DeploymentId, MapError, Refusal};
use lugus_topology::Size;
use thiserror::Error;

/// Why the coordinator can't start, or must end.
#[derive(Debug, Error)]
pub enum CoordinatorError {
    /// Its processes: another coordinator runs, a port is taken, Java is missing, a disk is full.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// Aeron refused something.
    #[error("the coordinator {0}")]
    Aeron(#[from] AeronError),
    /// The archive refused something.
    #[error("the coordinator's archive can't {action}: {message}")]
    Archive {
        /// What was asked.
        action: &'static str,
        /// The archive's reason.
        message: String,
    },
    /// The recording is not the map's.
    #[error(
        "{archive_dir} has {count} recordings, the first of stream {stream}: this is not a coordinator's archive, or one of \
         another configuration; set coordinator.dir to the right one"
    )]
    OtherArchive {
        /// Its folder.
        archive_dir: PathBuf,
        /// Recordings in it.
        count: usize,
        /// Stream of the first.
        stream: i32,
    },
    /// The recording was made with another term length.
    #[error(
        "the map in {archive_dir} was recorded with terms of {recorded}, and coordinator.term_length is {configured}: set \
         it back"
    )]
    TermLength {
        /// The archive's folder.
        archive_dir: PathBuf,
        /// When the recording began.
        recorded: Size,
        /// Now.
        configured: Size,
    },
    /// A record that is no good map.
    #[error(
        "the map's recording in {archive_dir} is damaged before position {position}: {source}; restore the folder from a copy"
    )]
    Damaged {
        /// The archive's folder.
        archive_dir: PathBuf,
        /// Position of the recording after the record.
        position: i64,
        /// What is wrong.
        source: MapError,
    },
    /// A map was recorded, and is not there.
    #[error(
        "the map of deployment {deployment} was recorded in {archive_dir}, which has no whole map any more: restore {dir} from \
         a copy, or move it away to begin a new deployment from cluster.toml"
    )]
    MapLost {
        /// Whose map it was.
        deployment: DeploymentId,
        /// The archive's folder.
        archive_dir: PathBuf,
        /// The coordinator's.
        dir: PathBuf,
    },
    /// Another deployment's recording was put in place.
    #[error(
        "{archive_dir} has the map of deployment {found}, and {expected} was recorded there: put back the right one"
    )]
    OtherMap {
        /// The archive's folder.
        archive_dir: PathBuf,
        /// Whose map it is.
        found: DeploymentId,
        /// Whose map it was.
        expected: DeploymentId,
    },
    /// The file that says whose map is recorded.
    #[error("can't use {path}, which says whose map is recorded: {source}")]
    Witness {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// cluster.toml makes no map.
    #[error("cluster.toml can't be made into a partition map: {0}")]
    FirstMap(Refusal),
    /// The archive does not record.
    #[error(
        "the archive did not record a map within {waited:?}: look at its disk and its log; start the coordinator again"
    )]
    NotRecorded {
        /// How long it was waited for.
        waited: Duration,
    },
}
