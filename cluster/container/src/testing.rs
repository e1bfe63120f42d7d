//! Doubles for the tests of a service, without Aeron. They need the feature `testing`.
//!
//! - [`RecordingCluster`] is a [`Cluster`](crate::Cluster) that records what the service asks of it, and brings the
//!   events of a log to the service.
//! - [`RecordedSnapshot`] keeps a snapshot in memory: a service writes it and starts from it.
//! - [`cluster_message`] and the functions beside it make the bytes of a log's entries.

mod log_events;
mod log_messages;
mod recorded_snapshot;
mod recording_cluster;

pub use log_messages::{cluster_message, new_leadership_term, session_message, session_open, snapshot_action};
pub use recorded_snapshot::{RecordedSnapshot, RecordedSnapshotReader};
pub use recording_cluster::{RecordedCounter, RecordingCluster, SentMessage};

#[cfg(test)]
mod tests;
