//! The settings of a container, with their defaults.
//!
//! Source: `ClusteredServiceContainer.Context` and `Configuration`.

use std::path::PathBuf;
use std::time::Duration;

use aeron_support::{ArchiveCredentials, IdleStrategy};

use crate::mark_file::ERROR_BUFFER_MIN_LENGTH;

/// Version of the application, composed as Agrona's `SemanticVersion`, when a context sets no other: 0.0.1.
pub const DEFAULT_APP_VERSION: i32 = 1;

/// Finds in a session's encoded principal what tells who the client is.
pub type ClientOfPrincipal = fn(&[u8]) -> &[u8];

/// Settings of a container: start from [`Context::new`], set what differs from the defaults, and hand them to
/// [`ClusteredServiceContainer::launch`](crate::ClusteredServiceContainer::launch), which checks them.
///
/// ```
/// use aeron_cluster_service::{Context, IdleStrategy};
///
/// let context = Context::new("/dev/shm/aeron-member-0", "/var/lib/member-0/cluster")
///     .service_name("counter")
///     .idle_strategy(IdleStrategy::Yielding);
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct Context {
    pub(crate) aeron_dir: PathBuf,
    pub(crate) cluster_dir: PathBuf,
    pub(crate) mark_file_dir: Option<PathBuf>,
    pub(crate) cluster_id: i32,
    pub(crate) service_id: i32,
    pub(crate) service_name: Option<String>,
    pub(crate) app_version: i32,
    pub(crate) control_channel: String,
    pub(crate) service_stream_id: i32,
    pub(crate) consensus_module_stream_id: i32,
    pub(crate) snapshot_channel: String,
    pub(crate) snapshot_stream_id: i32,
    pub(crate) replay_channel: String,
    pub(crate) replay_stream_id: i32,
    pub(crate) archive_control_channel: String,
    pub(crate) archive_control_stream_id: i32,
    pub(crate) archive_response_stream_id: Option<i32>,
    pub(crate) archive_credentials: Option<ArchiveCredentials>,
    pub(crate) error_buffer_length: usize,
    pub(crate) is_responding_service: bool,
    pub(crate) log_fragment_limit: usize,
    pub(crate) timed_messages: u32,
    pub(crate) idle_strategy: IdleStrategy,
    pub(crate) egress_stall_limit: Duration,
    pub(crate) client_of_principal: ClientOfPrincipal,
    pub(crate) snapshot_progress_timeout: Duration,
    pub(crate) log_image_timeout: Duration,
    pub(crate) driver_timeout: Duration,
    pub(crate) cycle_threshold: Duration,
    pub(crate) snapshot_duration_threshold: Duration,
}

impl Context {
    /// The default settings with the two directories that have no default: that of the member's media driver, and the
    /// member's cluster directory. The latter is made if it is missing.
    pub fn new(aeron_dir: impl Into<PathBuf>, cluster_dir: impl Into<PathBuf>) -> Self {
        Self {
            aeron_dir: aeron_dir.into(),
            cluster_dir: cluster_dir.into(),
            mark_file_dir: None,
            cluster_id: 0,
            service_id: 0,
            service_name: None,
            app_version: DEFAULT_APP_VERSION,
            control_channel: "aeron:ipc?term-length=128k".to_owned(),
            service_stream_id: 104,
            consensus_module_stream_id: 105,
            snapshot_channel: "aeron:ipc?alias=snapshot".to_owned(),
            snapshot_stream_id: 106,
            replay_channel: "aeron:ipc".to_owned(),
            replay_stream_id: 103,
            archive_control_channel: "aeron:ipc?term-length=64k".to_owned(),
            archive_control_stream_id: 10,
            archive_response_stream_id: None,
            archive_credentials: None,
            error_buffer_length: ERROR_BUFFER_MIN_LENGTH,
            is_responding_service: true,
            log_fragment_limit: 50,
            timed_messages: 0,
            idle_strategy: IdleStrategy::default(),
            egress_stall_limit: Duration::from_millis(100),
            client_of_principal: |principal| principal,
            snapshot_progress_timeout: Duration::from_secs(10),
            log_image_timeout: Duration::from_secs(10),
            driver_timeout: Duration::from_secs(10),
            cycle_threshold: Duration::from_millis(100),
            snapshot_duration_threshold: Duration::from_secs(1),
        }
    }
}

/// A setter for each of the fields: `name: type of the argument => value of the field`.
macro_rules! setters {
    ($($(#[$documentation:meta])* $field:ident: $argument:ty => $value:expr;)*) => {
        impl Context {
            $(
                $(#[$documentation])*
                pub fn $field(mut self, $field: $argument) -> Self {
                    self.$field = $value;
                    self
                }
            )*
        }
    };
}

setters! {
    /// Directory of the mark file, made if it is missing. Default: the cluster directory.
    mark_file_dir: impl Into<PathBuf> => Some(mark_file_dir.into());

    /// Id of the cluster, which tells apart clusters that share a media driver, 0 to 1,000,000. Default 0.
    cluster_id: i32 => cluster_id;

    /// Id of the service among those of the member, 0 to 9. Default 0.
    service_id: i32 => service_id;

    /// Name of the service, for tools. Default `clustered-service-<cluster id>-<service id>`.
    service_name: impl Into<String> => Some(service_name.into());

    /// Version of the application (`major << 16 | minor << 8 | patch`). Snapshots and leadership terms of another major
    /// version are refused. Default 0.0.1, which is Aeron's.
    app_version: i32 => app_version;

    /// IPC channel between consensus module and services. Default `aeron:ipc?term-length=128k`.
    control_channel: impl Into<String> => control_channel.into();

    /// Stream from consensus module to services. Default 104.
    service_stream_id: i32 => service_stream_id;

    /// Stream from services to consensus module. Default 105.
    consensus_module_stream_id: i32 => consensus_module_stream_id;

    /// IPC channel on which snapshots are recorded. Default `aeron:ipc?alias=snapshot`.
    snapshot_channel: impl Into<String> => snapshot_channel.into();

    /// Stream on which snapshots are recorded. Default 106.
    snapshot_stream_id: i32 => snapshot_stream_id;

    /// IPC channel on which snapshots are replayed. Default `aeron:ipc`.
    replay_channel: impl Into<String> => replay_channel.into();

    /// Stream on which snapshots are replayed. Default 103.
    replay_stream_id: i32 => replay_stream_id;

    /// Local control channel of the archive, which is IPC. Default `aeron:ipc?term-length=64k`.
    archive_control_channel: impl Into<String> => archive_control_channel.into();

    /// Local control stream of the archive. Default 10.
    archive_control_stream_id: i32 => archive_control_stream_id;

    /// Stream of the archive's responses. Default: 121 + 100 x cluster id + service id, which is Aeron's.
    archive_response_stream_id: i32 => Some(archive_response_stream_id);

    /// How the service proves to the archive that it belongs to the member, if the archive has an authenticator. Default: not at
    /// all.
    archive_credentials: ArchiveCredentials => Some(archive_credentials);

    /// Length of the mark file's error log, in bytes, 1 MiB to 1 GiB. Default 1 MiB.
    error_buffer_length: usize => error_buffer_length;

    /// Whether the service answers clients. If not, the leader opens no egress. Default true.
    is_responding_service: bool => is_responding_service;

    /// Greatest number of fragments of the log that one duty cycle consumes, 1 to 10,000. Default 50.
    log_fragment_limit: usize => log_fragment_limit;

    /// One message in this number, on average, has the times at which this member saw it
    /// ([`Header::times`](crate::Header::times)); the log position chooses the same ones on all members. 0 for none. Default 0.
    timed_messages: u32 => timed_messages;

    /// How the thread waits when there is nothing to do. Default: back-off with parks up to 50 microseconds.
    idle_strategy: IdleStrategy => idle_strategy;

    /// Time in which a client that makes the log wait must take 64 KiB. The session of a client that does not is
    /// closed. 0 to 1 s. Default 100 ms.
    egress_stall_limit: Duration => egress_stall_limit;

    /// What part of a session's encoded principal tells who the client is. All sessions of a client together hold up the log for at most twice
    /// `egress_stall_limit` at once and a twentieth of the time, whatever they take; then they are closed as soon as the log would wait.
    /// Default: all of the principal.
    client_of_principal: ClientOfPrincipal => client_of_principal;

    /// Time without progress after which the taking or loading of a snapshot fails, and time to wait for the archive.
    /// 100 ms to 5 minutes. Default 10 s.
    snapshot_progress_timeout: Duration => snapshot_progress_timeout;

    /// Time to wait for the image of a log that the consensus module has announced. 100 ms to 5 minutes. Default 10 s.
    log_image_timeout: Duration => log_image_timeout;

    /// Time to wait for a live media driver at the launch, and for each of its answers; also the age of the media
    /// driver's heartbeat after which it counts as gone. It must be well above the driver's timer interval (1 s by
    /// default). 100 ms to 1 hour. Default 10 s.
    driver_timeout: Duration => driver_timeout;

    /// Duration of a duty cycle above which the cycle is counted as too long. Default 100 ms.
    cycle_threshold: Duration => cycle_threshold;

    /// Duration of a snapshot above which the snapshot is counted as too long. Default 1 s.
    snapshot_duration_threshold: Duration => snapshot_duration_threshold;
}
