//! Doubles for the tests of a service, without Aeron. They need the feature `testing`.
//!
//! - [`RecordingCluster`] is a [`Cluster`](crate::Cluster) that records what the service asks of it, and brings the
//!   events of a log to the service.
//! - [`RecordedSnapshot`] keeps a snapshot in memory: a service writes it and starts from it.
//! - [`SimulatedContainer`] is the container itself, driven step by step: its caller is its consensus module, with a
//!   [`SimulatedLog`], whose events are in [`log_messages`].

mod log_events;
pub mod log_messages;
mod recorded_snapshot;
mod recording_cluster;
mod simulated_container;
mod simulated_io;
mod simulated_log;

pub use recorded_snapshot::{RecordedSnapshot, RecordedSnapshotReader};
pub use recording_cluster::{RecordedCounter, RecordingCluster, SentMessage};
pub use simulated_container::{ConsensusRequest, JoinedLog, RecordedState, SimulatedContainer, SimulatedSettings};
pub use simulated_io::EgressMessage;
pub use simulated_log::SimulatedLog;

#[cfg(test)]
mod tests;
