//! A clustered-service container for Aeron Cluster.
//!
//! Aeron Cluster replicates a log of messages by Raft; a service is a state machine that consumes the log. Aeron's
//! consensus module and archive (Java) stay as they are: this crate replaces the Java process in which the service
//! runs. Implement [`ClusteredService`], give it to [`ClusteredServiceContainer::launch`] with a [`Context`], and
//! [`run`](ClusteredServiceContainer::run) the container. `examples/echo.rs` is a complete service.
//!
//! The module `testing`, behind the feature of that name, has doubles for the tests of services.

mod adding;
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
mod liveness;
mod log_adapter;
mod log_consumer;
mod log_replay;
mod mark_file;
mod message_parts;
mod message_times;
mod offer_error;
mod offline_io;
mod progress_timeout;
mod read_only_cluster;
mod recovery_state;
mod service_adapter;
mod service_cluster;
mod service_error;
mod service_state;
mod sessions;
mod snapshot;
mod snapshot_loader;
mod snapshot_taker;
mod stall_budget;
mod stall_clock;
#[cfg(feature = "testing")]
pub mod testing;

// What a service implements and sees.
pub use cluster::{Cluster, MAX_OFFER_PARTS, MOCKED_OFFER, Role, TimeUnit};
pub use clustered_service::{CloseReason, ClusteredService, Header, NewLeadershipTerm};
pub use counters::{
    DRIVER_PROBE_TYPE_ID, LOG_POSITION_TYPE_ID, LOG_TIME_TYPE_ID, SLOW_SESSIONS_CLOSED_TYPE_ID,
    SNAPSHOT_DURATION_TYPE_ID, SNAPSHOT_LOAD_TYPE_ID, ServiceCounter,
};
pub use message_times::MessageTimes;
pub use offer_error::OfferError;
pub use service_error::ServiceError;
pub use sessions::ClientSession;
pub use snapshot::{SnapshotPoll, SnapshotReader, SnapshotWriter};

// What runs a service.
pub use aeron_support::{ArchiveCredentials, IdleStrategy};
pub use agent::Progress;
pub use concluded_context::{ContextError, MAX_SERVICE_COUNT};
pub use container::ClusteredServiceContainer;
pub use context::{ClientOfPrincipal, Context};
pub use error::{ContainerError, Termination};
pub use mark_file::{LIVENESS_TIMEOUT_MS, MarkFileError};

// What replays a recorded log without a cluster.
pub use aeron_support::Fragment;
pub use context::DEFAULT_APP_VERSION;
pub use log_replay::{Applied, FragmentSource, LogPlace, LogReplay, event_time};

/// The examples in the README, as tests.
#[cfg(all(doctest, feature = "testing"))]
#[doc = include_str!("../README.md")]
struct Readme;
