//! What is wrong with the coordinator, and what to do about it.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use aeron_support::AeronError;
use lugus_media_driver::ProcessError;
use lugus_partition_map::{DeploymentId, MapError, MapRefusal};
use lugus_topology::Size;
use thiserror::Error;

/// Why the coordinator cannot start, or must end.
#[derive(Debug, Error)]
pub enum CoordinatorError {
    /// One of the coordinator's processes failed: another coordinator runs, a port is taken, Java is missing, a disk is
    /// full.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// Aeron refused a request.
    #[error("the coordinator {0}")]
    Aeron(#[from] AeronError),
    /// The archive refused a request.
    #[error("the coordinator's archive can't {action}: {message}")]
    Archive {
        /// What the archive was asked for.
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
        /// Folder of the archive.
        archive_dir: PathBuf,
        /// Number of its recordings.
        count: usize,
        /// Stream of the first recording.
        stream: i32,
    },
    /// The recording was made with another term length.
    #[error(
        "the map in {archive_dir} was recorded with terms of {recorded}, and coordinator.term_length is {configured}: set \
         it back"
    )]
    TermLength {
        /// Folder of the archive.
        archive_dir: PathBuf,
        /// Term length when the recording began.
        recorded: Size,
        /// Term length that is configured now.
        configured: Size,
    },
    /// A record of the recording is no valid map.
    #[error(
        "the map's recording in {archive_dir} is damaged before position {position}: {source}; restore the folder from a copy"
    )]
    Damaged {
        /// Folder of the archive.
        archive_dir: PathBuf,
        /// Position of the recording after the record.
        position: i64,
        /// What is wrong with the record.
        source: MapError,
    },
    /// A map was recorded, and is not there any more.
    #[error(
        "the map of deployment {deployment} was recorded in {archive_dir}, which has no whole map any more: restore {dir} from \
         a copy, or move it away to begin a new deployment from cluster.toml"
    )]
    MapLost {
        /// Deployment of the map.
        deployment: DeploymentId,
        /// Folder of the archive.
        archive_dir: PathBuf,
        /// Folder of the coordinator.
        dir: PathBuf,
    },
    /// The recording is that of another deployment.
    #[error(
        "{archive_dir} has the map of deployment {found}, and {expected} was recorded there: put back the right one"
    )]
    OtherMap {
        /// Folder of the archive.
        archive_dir: PathBuf,
        /// Deployment of the map in the recording.
        found: DeploymentId,
        /// Deployment of the map that was recorded there.
        expected: DeploymentId,
    },
    /// The file that names the deployment of the recording cannot be used.
    #[error("can't use {path}, which says whose map is recorded: {source}")]
    RecordingMarker {
        /// Path of the file.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
    /// `cluster.toml` cannot be made into a map.
    #[error("cluster.toml can't be made into a partition map: {0}")]
    FirstMap(MapRefusal),
    /// The archive does not record a map in time.
    #[error(
        "the archive did not record a map within {waited:?}: look at its disk and its log; start the coordinator again"
    )]
    NotRecorded {
        /// How long the coordinator has waited.
        waited: Duration,
    },
}
