//! Errors of the coordinator. Each text says what failed, where, and what to do.

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
    /// The media driver or the archive failed, for example because another coordinator runs, a port is taken, Java is
    /// missing, or a disk is full.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// The operating system gives no random bytes for challenges.
    #[error("the coordinator can't read random bytes from /dev/urandom: {0}")]
    Random(#[source] io::Error),
    /// The file of what the coordinator counts could not be made.
    #[error("the coordinator can't make {}, the file of what it counts: {source}", path.display())]
    Gauges {
        /// The file.
        path: PathBuf,
        /// Error of the operating system.
        source: io::Error,
    },
    /// Aeron refused a request.
    #[error("the coordinator {0}")]
    Aeron(#[from] AeronError),
    /// The archive refused a request.
    #[error("the coordinator's archive could not {action}: {message}")]
    Archive {
        /// What the archive was asked to do.
        action: &'static str,
        /// The archive's reason.
        message: String,
    },
    /// The archive holds something other than the one recording of the map.
    #[error(
        "{archive_dir} has {count} recordings, the first of stream {stream}: it is not a coordinator's archive, or that of \
         another configuration; set coordinator.dir to the folder of this deployment's coordinator"
    )]
    OtherArchive {
        /// Folder of the archive.
        archive_dir: PathBuf,
        /// Number of recordings in the archive.
        count: usize,
        /// Stream of the first recording.
        stream: i32,
    },
    /// The recording was made with another term length.
    #[error(
        "the map in {archive_dir} was recorded with terms of {recorded}, but coordinator.term_length is {configured}: set \
         coordinator.term_length to {recorded}"
    )]
    TermLength {
        /// Folder of the archive.
        archive_dir: PathBuf,
        /// Term length when the recording began.
        recorded: Size,
        /// Term length that is configured now.
        configured: Size,
    },
    /// A record of the recording is not a valid map.
    #[error(
        "the map's recording in {archive_dir} is damaged before position {position}: {source}; restore the folder from a \
         backup"
    )]
    Damaged {
        /// Folder of the archive.
        archive_dir: PathBuf,
        /// Position of the recording after the record.
        position: i64,
        /// What is wrong with the record.
        source: MapError,
    },
    /// A map was recorded, but the recording no longer has a whole map.
    #[error(
        "the map of deployment {deployment} was recorded in {archive_dir}, which no longer has a whole map: restore {dir} from \
         a backup, or move it away to begin a new deployment from cluster.toml"
    )]
    MapLost {
        /// Deployment of the map.
        deployment: DeploymentId,
        /// Folder of the archive.
        archive_dir: PathBuf,
        /// Folder of the coordinator.
        dir: PathBuf,
    },
    /// The recording belongs to another deployment.
    #[error(
        "{archive_dir} has the map of deployment {found}, but deployment {expected} was recorded there before: restore the \
         folder of deployment {expected} from a backup"
    )]
    OtherMap {
        /// Folder of the archive.
        archive_dir: PathBuf,
        /// Deployment of the map in the recording.
        found: DeploymentId,
        /// Deployment of the map that was recorded there.
        expected: DeploymentId,
    },
    /// The file that names the deployment of the recording cannot be read or written.
    #[error(
        "can't read or write {path}, which names the deployment of the recorded map: {source}; check the permissions of its \
         folder, or restore the file from a backup"
    )]
    RecordingMarker {
        /// Path of the file.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
    /// `cluster.toml` cannot be made into a map.
    #[error("can't make the first partition map from cluster.toml: {0}")]
    FirstMap(MapRefusal),
    /// The archive did not record a map in time.
    #[error(
        "the coordinator's archive did not record a map within {waited:?}: check its disk and its log, then start the \
         coordinator again"
    )]
    NotRecorded {
        /// How long the coordinator has waited.
        waited: Duration,
    },
}
