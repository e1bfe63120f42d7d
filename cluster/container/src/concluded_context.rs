//! The settings of a container, checked and completed once.

use std::fs;
use std::io;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::time::Duration;

use aeron_support::channel;
use thiserror::Error;

use crate::context::Context;
use crate::mark_file::{ERROR_BUFFER_MAX_LENGTH, ERROR_BUFFER_MIN_LENGTH};

/// Greatest number of services of one consensus module. Their ids begin at 0.
pub const MAX_SERVICE_COUNT: i32 = 10;

/// Why the settings of a container are refused.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ContextError {
    /// The value of a setting is not allowed.
    #[error("{name} is {value}, but must be {expected}")]
    Invalid {
        /// Name of the setting.
        name: &'static str,
        /// Its value.
        value: String,
        /// The values that are allowed.
        expected: String,
    },
    /// A directory cannot be made or read.
    #[error("{name} {path}: {source}")]
    Directory {
        /// Name of the setting.
        name: &'static str,
        /// Its value.
        path: PathBuf,
        /// Error of the file system.
        source: io::Error,
    },
}

/// Settings that have been checked, with the defaults that depend on other settings. The directories exist, and their
/// paths are canonical.
#[derive(Debug)]
pub(crate) struct ConcludedContext {
    context: Context,
    pub(crate) mark_file_dir: PathBuf,
    pub(crate) service_name: String,
    pub(crate) archive_response_stream_id: i32,
}

impl ConcludedContext {
    /// Checks all settings, makes the directories, and completes the defaults.
    pub(crate) fn of(mut context: Context) -> Result<Self, ContextError> {
        check(&context)?;
        context.cluster_dir = directory("cluster_dir", &context.cluster_dir)?;
        let mark_file_dir = match &context.mark_file_dir {
            Some(path) => directory("mark_file_dir", path)?,
            None => context.cluster_dir.clone(),
        };
        let (cluster_id, service_id) = (context.cluster_id, context.service_id);
        let service_name =
            context.service_name.clone().unwrap_or_else(|| format!("clustered-service-{cluster_id}-{service_id}"));
        let archive_response_stream_id =
            context.archive_response_stream_id.unwrap_or(121 + 100 * cluster_id + service_id);
        Ok(Self { context, mark_file_dir, service_name, archive_response_stream_id })
    }
}

impl Deref for ConcludedContext {
    type Target = Context;

    fn deref(&self) -> &Context {
        &self.context
    }
}

fn check(context: &Context) -> Result<(), ContextError> {
    in_range("service_id", context.service_id, 0, MAX_SERVICE_COUNT - 1)?;
    in_range("cluster_id", context.cluster_id, 0, 1_000_000)?;
    in_range("error_buffer_length", context.error_buffer_length, ERROR_BUFFER_MIN_LENGTH, ERROR_BUFFER_MAX_LENGTH)?;
    in_range("log_fragment_limit", context.log_fragment_limit, 1, 10_000)?;
    duration_in_range("egress_stall_limit", context.egress_stall_limit, 0, 1_000)?;
    duration_in_range("snapshot_progress_timeout", context.snapshot_progress_timeout, 100, 300_000)?;
    duration_in_range("log_image_timeout", context.log_image_timeout, 100, 300_000)?;
    duration_in_range("driver_timeout", context.driver_timeout, 100, 3_600_000)?;
    for (name, channel) in [
        ("control_channel", &context.control_channel),
        ("snapshot_channel", &context.snapshot_channel),
        ("replay_channel", &context.replay_channel),
        ("archive_control_channel", &context.archive_control_channel),
    ] {
        if !channel::is_ipc(channel) || !channel::is_channel(channel) {
            return Err(invalid(name, channel, "an aeron:ipc channel"));
        }
    }
    Ok(())
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
        let context = Context::new("/dev/shm/aeron", directory.path().join("a/cluster")).cluster_id(2).service_id(1);
        let concluded = ConcludedContext::of(context).unwrap();
        assert!(concluded.cluster_dir.is_dir());
        assert_eq!(concluded.mark_file_dir, concluded.cluster_dir);
        assert_eq!(concluded.service_name, "clustered-service-2-1");
        assert_eq!(concluded.archive_response_stream_id, 322);
    }

    #[test]
    fn each_bad_setting_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let refused = |change: &dyn Fn(Context) -> Context| {
            let context = change(Context::new("/dev/shm/aeron", directory.path()));
            ConcludedContext::of(context).unwrap_err().to_string()
        };
        assert_eq!(refused(&|context| context.service_id(10)), "service_id is 10, but must be 0 to 9");
        assert!(refused(&|context| context.error_buffer_length(1)).starts_with("error_buffer_length is 1, but"));
        assert!(refused(&|context| context.log_fragment_limit(0)).starts_with("log_fragment_limit is 0, but"));
        assert_eq!(
            refused(&|context| context.control_channel("aeron:udp?endpoint=x:1".to_owned())),
            "control_channel is aeron:udp?endpoint=x:1, but must be an aeron:ipc channel"
        );
        assert_eq!(
            refused(&|context| context.egress_stall_limit(Duration::from_secs(2))),
            "egress_stall_limit is 2s, but must be 0 ms to 1000 ms"
        );
        assert!(refused(&|_| Context::new("/dev/shm/aeron", "/proc/none")).starts_with("cluster_dir /proc/none: "));
    }
}
