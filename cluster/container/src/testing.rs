//! Doubles for the tests of a service, without Aeron. They need the feature `testing`.
//!
//! - [`RecordingCluster`] is a [`Cluster`](crate::Cluster) that records what the service asks of it, and brings the
//!   events of a log to the service.
//! - [`RecordedSnapshot`] keeps a snapshot in memory: a service writes it and starts from it.

mod log_events;
mod recorded_snapshot;
mod recording_cluster;

pub use recorded_snapshot::{RecordedSnapshot, RecordedSnapshotReader};
pub use recording_cluster::{RecordedCounter, RecordingCluster, SentMessage};

#[cfg(test)]
mod tests;
