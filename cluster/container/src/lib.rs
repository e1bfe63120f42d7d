//! A clustered-service container for Aeron Cluster.
//!
//! Aeron Cluster replicates a log of messages by Raft; a service is a state machine that consumes it. Aeron's consensus
//! module and archive (Java) stay as they are: this crate takes the place of the Java process in which the service runs.
//! Implement [`ClusteredService`], give it to [`ClusteredServiceContainer::launch`] with a [`Context`], and
//! [`run`](ClusteredServiceContainer::run) it. `examples/echo.rs` is a whole service.

mod aeron_client;
mod aeron_io;
mod aeron_snapshot;
mod aeron_types;
mod agent;
mod agent_io;
mod cluster;
mod clustered_service;
mod concluded_context;
mod consensus_module_proxy;
mod container;
mod context;
mod counters;
mod error;
mod error_log;
mod error_recorder;
mod frozen_cluster;
mod lifeline;
mod log_adapter;
mod log_consumer;
mod mark_file;
mod offer_error;
mod recovery_state;
mod service_adapter;
mod service_cluster;
mod service_error;
mod sessions;
mod snapshot;
mod snapshot_loader;
mod snapshot_taker;
#[cfg(feature = "testing")]
pub mod testing;

// what a service implements and sees
pub use cluster::{Cluster, MAX_OFFER_PARTS, MOCKED_OFFER, Role, TimeUnit};
pub use clustered_service::{CloseReason, ClusteredService, Header, NewLeadershipTerm};
pub use counters::ServiceCounter;
pub use offer_error::OfferError;
pub use service_error::ServiceError;
pub use sessions::ClientSession;
pub use snapshot::{SnapshotPoll, SnapshotReader, SnapshotWriter};

// what runs it
pub use aeron_support::IdleStrategy;
pub use agent::Progress;
pub use concluded_context::{ContextError, MAX_SERVICE_COUNT};
pub use container::ClusteredServiceContainer;
pub use context::Context;
pub use error::{ContainerError, Termination};
pub use mark_file::{LIVENESS_TIMEOUT_MS, MarkFileError};

/// Compiles the example in the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
