//! All settings of a container, with their defaults, checked once.
//!
//! Source: `ClusteredServiceContainer.Context` and `Configuration`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use thiserror::Error;

use crate::idle_strategy::IdleStrategy;
use crate::mark_file::{ERROR_BUFFER_MAX_LENGTH, ERROR_BUFFER_MIN_LENGTH};

/// How many services a consensus module has at most; their ids go from 0.
pub const MAX_SERVICE_COUNT: i32 = 10;

const IPC_CHANNEL: &str = "aeron:ipc";

/// Why a container's settings are refused.
#[derive(Debug, Error)]
pub enum ContextError {
    /// A value outside its range.
    #[error("{name} is {value}, but must be {expected}")]
    Invalid {
        /// The setting.
        name: &'static str,
        /// Its value.
        value: String,
        /// What it may be.
        expected: String,
    },
    /// A directory that is missing or cannot be made.
    #[error("{name} {path}: {source}")]
    Directory {
        /// The setting.
        name: &'static str,
        /// Its value.
        path: PathBuf,
        /// What the file system says.
        source: io::Error,
    },
}

/// Settings of a container. Start from [`Context::new`], change what differs, and hand it to
/// [`ClusteredServiceContainer::launch`](crate::ClusteredServiceContainer::launch), which checks it.
#[derive(Debug, Clone)]
pub struct Context {
    /// Directory of the member's media driver, which must run.
    pub aeron_dir: PathBuf,
    /// The member's cluster directory, made if missing.
    pub cluster_dir: PathBuf,
    /// Directory of the mark file, made if missing. Default: the cluster directory.
    pub mark_file_dir: Option<PathBuf>,
    /// Which cluster, when several share a media driver. Default 0.
    pub cluster_id: i32,
    /// Which of the member's services, 0 to 9. Default 0.
    pub service_id: i32,
    /// Name of the service, for tools. Default `clustered-service-<cluster>-<service>`.
    pub service_name: Option<String>,
    /// Application version (`major << 16 | minor << 8 | patch`). Snapshots and terms of another major are refused.
    /// Default 0.0.1, as Aeron's.
    pub app_version: i32,

    /// Channel between consensus module and services; IPC. Default `aeron:ipc?term-length=128k`.
    pub control_channel: String,
    /// Stream from consensus module to services. Default 104.
    pub service_stream_id: i32,
    /// Stream from services to consensus module. Default 105.
    pub consensus_module_stream_id: i32,
    /// Channel on which snapshots are recorded. Default `aeron:ipc?alias=snapshot`.
    pub snapshot_channel: String,
    /// Stream on which snapshots are recorded. Default 106.
    pub snapshot_stream_id: i32,
    /// Channel on which snapshots are replayed. Default `aeron:ipc`.
    pub replay_channel: String,
    /// Stream on which snapshots are replayed. Default 103.
    pub replay_stream_id: i32,
    /// The archive's local control channel; IPC. Default `aeron:ipc?term-length=64k`.
    pub archive_control_channel: String,
    /// The archive's local control stream. Default 10.
    pub archive_control_stream_id: i32,
    /// Stream of the archive's responses. Default: 121 + 100 x cluster id + service id, as Aeron's.
    pub archive_response_stream_id: Option<i32>,

    /// Length of the mark file's error log in bytes, 1 MiB to 1 GiB. Default 1 MiB.
    pub error_buffer_length: usize,
    /// Whether the service answers clients; without, no egress is opened. Default true.
    pub is_responding_service: bool,
    /// Most fragments to take from the log in a duty cycle, 1 to 10,000. Default 50.
    pub log_fragment_limit: usize,
    /// What to do when there is nothing to do. Default: back-off with parks up to 50 microseconds.
    pub idle_strategy: IdleStrategy,
    /// How long the log may wait for a client to take 64 KiB; if it does not, it does not keep up, and its session is
    /// closed. 0 to 1 s. Default 100 ms.
    pub egress_stall_limit: Duration,
    /// How long a snapshot may make no progress, being taken or loaded, before it fails; also how long to wait for the
    /// archive. 100 ms to 5 minutes. Default 10 s.
    pub snapshot_progress_timeout: Duration,
    /// How long the media driver may be silent, at the start and later. Must be well above its timer interval (1 s by
    /// default). 100 ms to 1 hour. Default 10 s.
    pub driver_timeout: Duration,
    /// Cycles longer than this are counted. Default 100 ms.
    pub cycle_threshold: Duration,
    /// Snapshots that take longer than this are counted. Default 1 s.
    pub snapshot_duration_threshold: Duration,
}

impl Context {
    /// Defaults, with the two directories that have none.
    pub fn new(aeron_dir: impl Into<PathBuf>, cluster_dir: impl Into<PathBuf>) -> Self {
        Self {
            aeron_dir: aeron_dir.into(),
            cluster_dir: cluster_dir.into(),
            mark_file_dir: None,
            cluster_id: 0,
            service_id: 0,
            service_name: None,
            app_version: 1,
            control_channel: "aeron:ipc?term-length=128k".to_owned(),
            service_stream_id: 104,
            consensus_module_stream_id: 105,
            snapshot_channel: "aeron:ipc?alias=snapshot".to_owned(),
            snapshot_stream_id: 106,
            replay_channel: IPC_CHANNEL.to_owned(),
            replay_stream_id: 103,
            archive_control_channel: "aeron:ipc?term-length=64k".to_owned(),
            archive_control_stream_id: 10,
            archive_response_stream_id: None,
            error_buffer_length: ERROR_BUFFER_MIN_LENGTH,
            is_responding_service: true,
            log_fragment_limit: 50,
            idle_strategy: IdleStrategy::default(),
            egress_stall_limit: Duration::from_millis(100),
            snapshot_progress_timeout: Duration::from_secs(10),
            driver_timeout: Duration::from_secs(10),
            cycle_threshold: Duration::from_millis(100),
            snapshot_duration_threshold: Duration::from_secs(1),
        }
    }

    /// Checks all settings, makes the directories, and fills in the defaults that depend on others.
    ///
    /// # Errors
    /// [`ContextError`], with the setting's name.
    pub fn conclude(mut self) -> Result<ConcludedContext, ContextError> {
        self.check()?;
        self.cluster_dir = directory("cluster_dir", &self.cluster_dir)?;
        let mark_file_dir = match &self.mark_file_dir {
            Some(path) => directory("mark_file_dir", path)?,
            None => self.cluster_dir.clone(),
        };
        let (cluster_id, service_id) = (self.cluster_id, self.service_id);
        let service_name =
            self.service_name.clone().unwrap_or_else(|| format!("clustered-service-{cluster_id}-{service_id}"));
        let response_stream_id = self.archive_response_stream_id.unwrap_or(121 + 100 * cluster_id + service_id);
        Ok(ConcludedContext { context: self, mark_file_dir, service_name, response_stream_id })
    }

    fn check(&self) -> Result<(), ContextError> {
        in_range("service_id", self.service_id, 0, MAX_SERVICE_COUNT - 1)?;
        in_range("cluster_id", self.cluster_id, 0, 1_000_000)?;
        in_range("error_buffer_length", self.error_buffer_length, ERROR_BUFFER_MIN_LENGTH, ERROR_BUFFER_MAX_LENGTH)?;
        in_range("log_fragment_limit", self.log_fragment_limit, 1, 10_000)?;
        duration_in_range("egress_stall_limit", self.egress_stall_limit, 0, 1_000)?;
        duration_in_range("snapshot_progress_timeout", self.snapshot_progress_timeout, 100, 300_000)?;
        duration_in_range("driver_timeout", self.driver_timeout, 100, 3_600_000)?;
        for (name, channel) in [
            ("control_channel", &self.control_channel),
            ("snapshot_channel", &self.snapshot_channel),
            ("replay_channel", &self.replay_channel),
            ("archive_control_channel", &self.archive_control_channel),
        ] {
            let rest = channel.strip_prefix(IPC_CHANNEL);
            if !rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('?')) || channel.contains('\0') {
                return Err(invalid(name, channel, "an aeron:ipc channel"));
            }
        }
        Ok(())
    }
}

/// Settings that have been checked.
#[derive(Debug, Clone)]
pub struct ConcludedContext {
    context: Context,
    mark_file_dir: PathBuf,
    service_name: String,
    response_stream_id: i32,
}

impl ConcludedContext {
    /// Directory of the mark file, canonical.
    pub fn mark_file_dir(&self) -> &Path {
        &self.mark_file_dir
    }

    /// Name of the service.
    pub fn service_name(&self) -> &str {
        &self.service_name
    }

    /// Stream of the archive's responses.
    pub fn archive_response_stream_id(&self) -> i32 {
        self.response_stream_id
    }
}

impl std::ops::Deref for ConcludedContext {
    type Target = Context;

    fn deref(&self) -> &Context {
        &self.context
    }
}

fn invalid(name: &'static str, value: impl ToString, expected: impl ToString) -> ContextError {
    ContextError::Invalid { name, value: value.to_string(), expected: expected.to_string() }
}

fn in_range<T: PartialOrd + ToString>(name: &'static str, value: T, min: T, max: T) -> Result<(), ContextError> {
    if (&min..=&max).contains(&&value) {
        Ok(())
    } else {
        Err(invalid(name, value, format!("{} to {}", min.to_string(), max.to_string())))
    }
}

fn duration_in_range(name: &'static str, value: Duration, min_ms: u64, max_ms: u64) -> Result<(), ContextError> {
    if (Duration::from_millis(min_ms)..=Duration::from_millis(max_ms)).contains(&value) {
        Ok(())
    } else {
        Err(invalid(name, format!("{value:?}"), format!("{min_ms} ms to {max_ms} ms")))
    }
}

fn directory(name: &'static str, path: &Path) -> Result<PathBuf, ContextError> {
    fs::create_dir_all(path).and_then(|()| path.canonicalize()).map_err(|source| ContextError::Directory {
        name,
        path: path.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_are_made_and_dependent_defaults_filled_in() {
        let directory = tempfile::tempdir().unwrap();
        let mut context = Context::new("/dev/shm/aeron", directory.path().join("a/cluster"));
        (context.cluster_id, context.service_id) = (2, 1);
        let concluded = context.conclude().unwrap();
        assert!(concluded.cluster_dir.is_dir());
        assert_eq!(concluded.mark_file_dir(), concluded.cluster_dir);
        assert_eq!(concluded.service_name(), "clustered-service-2-1");
        assert_eq!(concluded.archive_response_stream_id(), 322);
    }

    #[test]
    fn each_bad_setting_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let refused = |change: &dyn Fn(&mut Context)| {
            let mut context = Context::new("/dev/shm/aeron", directory.path());
            change(&mut context);
            context.conclude().unwrap_err().to_string()
        };
        assert_eq!(refused(&|context| context.service_id = 10), "service_id is 10, but must be 0 to 9");
        assert!(refused(&|context| context.error_buffer_length = 1).starts_with("error_buffer_length is 1, but"));
        assert!(refused(&|context| context.log_fragment_limit = 0).starts_with("log_fragment_limit is 0, but"));
        assert_eq!(
            refused(&|context| context.control_channel = "aeron:udp?endpoint=x:1".to_owned()),
            "control_channel is aeron:udp?endpoint=x:1, but must be an aeron:ipc channel"
        );
        assert_eq!(
            refused(&|context| context.egress_stall_limit = Duration::from_secs(2)),
            "egress_stall_limit is 2s, but must be 0 ms to 1000 ms"
        );
        assert!(refused(&|context| context.cluster_dir = "/proc/none".into()).starts_with("cluster_dir /proc/none: "));
    }
}
