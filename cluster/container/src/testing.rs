//! Doubles for the tests of a service, without Aeron. They need the feature `testing`.
//!
//! - [`RecordingCluster`] is a [`Cluster`](crate::Cluster) that records what the service asks of it, and brings the
//!   events of a log to the service.
//! - [`RecordedSnapshot`] keeps a snapshot in memory: a service writes it and starts from it.
//! - [`open_mark_file`] does what a container does with the mark file that it finds.
//! - [`SimulatedContainer`] is the container itself, driven step by step: its caller is its consensus module, with a
//!   [`SimulatedLog`], whose events are in [`log_messages`].

mod log_events;
pub mod log_messages;
mod recorded_snapshot;
mod recording_cluster;
mod simulated_container;
mod simulated_io;
mod simulated_log;

use std::path::Path;

use crate::mark_file::{ERROR_BUFFER_MIN_LENGTH, MarkFile, MarkFileError, MarkFileFields};

pub use recorded_snapshot::{RecordedSnapshot, RecordedSnapshotReader};
pub use recording_cluster::{RecordedCounter, RecordingCluster, SentMessage};
pub use simulated_container::{ConsensusRequest, JoinedLog, RecordedState, SimulatedContainer, SimulatedSettings};
pub use simulated_io::EgressMessage;
pub use simulated_log::SimulatedLog;

/// Takes the mark file of service 0 in a folder at a time in milliseconds since 1970, as a container does that starts, and releases it.
///
/// # Errors
/// [`MarkFileError`]: the file is another component's, or that of a container that runs.
pub fn open_mark_file(folder: &Path, now_ms: i64) -> Result<(), MarkFileError> {
    let fields = MarkFileFields {
        cluster_id: 0,
        service_id: 0,
        archive_stream_id: 10,
        service_stream_id: 104,
        consensus_module_stream_id: 105,
        error_buffer_length: ERROR_BUFFER_MIN_LENGTH,
        aeron_directory: "/dev/shm/aeron",
        control_channel: "aeron:ipc",
        service_name: "service",
    };
    let mut mark_file = MarkFile::open(folder, &fields, now_ms)?;
    mark_file.signal_ready(now_ms);
    Ok(())
}

#[cfg(test)]
mod tests;
