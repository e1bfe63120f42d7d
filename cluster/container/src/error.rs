//! Why a container ends.

use thiserror::Error;

use crate::cluster::{OfferError, ServiceError};
use crate::context::ContextError;
use crate::mark_file::MarkFileError;

/// A container that ended as it should.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Termination {
    /// The consensus module asked for it, and the service has come to the position that it gave.
    Cluster,
    /// The caller asked for it.
    Stopped,
}

/// Why a container could not start, or had to end. The member must be restarted as a whole.
#[derive(Debug, Error)]
pub enum ContainerError {
    /// Bad settings.
    #[error("service container: {0}")]
    Context(#[from] ContextError),
    /// The mark file cannot be had.
    #[error("service container: {0}")]
    MarkFile(#[from] MarkFileError),
    /// The media driver does not answer, or refuses.
    #[error("cannot {action}: {message}")]
    Aeron {
        /// What was tried.
        action: String,
        /// What Aeron says.
        message: String,
    },
    /// The Aeron client is closed.
    #[error("the Aeron client was closed, as the media driver has gone or this process was held up for too long: {0}")]
    ClientClosed(String),
    /// The consensus module's commit position was freed.
    #[error("the consensus module has gone: its commit position counter was freed")]
    ConsensusModuleGone,
    /// The consensus module does not receive.
    #[error("cannot send to the consensus module: {error}")]
    ControlPublication {
        /// What its publication answers.
        error: OfferError,
    },
    /// The log to join does not go on from where the service is.
    #[error("the log has a hole: the service is at position {expected}, but the log's {what} is {found}")]
    LogNotContiguous {
        /// What does not fit.
        what: &'static str,
        /// Where the service is.
        expected: i64,
        /// What was found.
        found: i64,
    },
    /// The log opens a session that is open.
    #[error("the log opens session {cluster_session_id} at position {log_position}, but it is open")]
    SessionClash {
        /// Id of the session.
        cluster_session_id: i64,
        /// Where.
        log_position: i64,
    },
    /// The log is of another major version of the application.
    #[error("application version {own} does not go with the log's {log}: the major versions differ")]
    AppVersion {
        /// Ours.
        own: String,
        /// The log's.
        log: String,
    },
    /// The service could not start.
    #[error(
        "service {service_id} failed to start from term {leadership_term_id}, log position {log_position}, snapshot \
         recording {recording_id}: {error}"
    )]
    Start {
        /// Which service.
        service_id: i32,
        /// Term of the snapshot; -1 without one.
        leadership_term_id: i64,
        /// Position of the snapshot.
        log_position: i64,
        /// Recording of the snapshot; -1 without one.
        recording_id: i64,
        /// What it says.
        error: ServiceError,
    },
    /// A snapshot found no room.
    #[error("the archive has no room for a snapshot: {0}")]
    SnapshotStorageFull(String),
    /// The service sent from where it must not.
    #[error("the service called {call} from {callback}, where nothing may be sent and no timer scheduled")]
    NotAllowed {
        /// What it called.
        call: &'static str,
        /// From where.
        callback: &'static str,
    },
    /// The consensus module asked the service to end at a position that it had passed.
    #[error("the service was to end at log position {termination_position}, but is at {log_position}")]
    TerminationPassed {
        /// Where it was to end.
        termination_position: i64,
        /// Where it is.
        log_position: i64,
    },
    /// The service panicked.
    #[error("the service panicked: {0}")]
    Panic(String),
    /// The container has ended before this call.
    #[error("the container has ended")]
    Ended,
}
