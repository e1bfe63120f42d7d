//! Why a container ends.

use std::any::Any;
use std::fmt;

use aeron_support::AeronError;
use thiserror::Error;

use crate::concluded_context::ContextError;
use crate::mark_file::MarkFileError;
use crate::offer_error::OfferError;
use crate::service_error::ServiceError;

/// How a container ended without an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Termination {
    /// The consensus module asked for it, and the service reached the log position that the consensus module gave.
    Cluster,
    /// The caller asked for it.
    Stopped,
}

/// Why a container could not start, or had to end. The member must be restarted as a whole.
#[derive(Error)]
#[non_exhaustive]
pub enum ContainerError {
    /// A setting is not valid.
    #[error("service container: {0}")]
    Context(#[from] ContextError),
    /// The mark file could not be taken.
    #[error("service container: {0}")]
    MarkFile(#[from] MarkFileError),
    /// The media driver or the archive does not answer, or refused a request.
    #[error("cannot {action}: {message}")]
    Aeron {
        /// What was requested.
        action: String,
        /// Error text of Aeron.
        message: String,
    },
    /// The Aeron client was closed.
    #[error(
        "the Aeron client was closed, because the media driver has ended or this process was held up for too long: {0}"
    )]
    ClientClosed(String),
    /// The consensus module freed its commit position counter.
    #[error("the consensus module has ended: its commit position counter was freed")]
    ConsensusModuleGone,
    /// A message to the consensus module could not be sent.
    #[error("cannot send to the consensus module: {error}")]
    ControlPublication {
        /// Answer of the publication.
        error: OfferError,
    },
    /// The log to join does not continue at the position of the service.
    #[error("the log has a hole: the service is at position {expected}, but the log's {what} is {found}")]
    LogNotContiguous {
        /// Which position of the log differs.
        what: &'static str,
        /// Position of the service.
        expected: i64,
        /// Position found.
        found: i64,
    },
    /// The log was closed before the service had read all of it, and the consensus module goes on behind it. Nothing is
    /// lost: a member that starts again replays the log from its archive.
    #[error(
        "the log was closed at position {log_position}, before the service had read it up to {next_log_position}: the \
         member must start again, and replays what is missing"
    )]
    LogClosedUnread {
        /// Position up to which the service has read the log.
        log_position: i64,
        /// Position at which the next log begins.
        next_log_position: i64,
    },
    /// The log that the consensus module announced did not come: it was closed again before the service had joined it.
    #[error(
        "the image of the log at position {log_position} (session {log_session_id}) did not come within {waited_ms} ms: \
         the member must start again"
    )]
    LogImageTimeout {
        /// Session id of the log.
        log_session_id: i32,
        /// Position of the service, at which it was to join the log.
        log_position: i64,
        /// Time for which the container waited, in milliseconds.
        waited_ms: i64,
    },
    /// The log opens a session that is open already.
    #[error("the log opens session {cluster_session_id} at position {log_position}, but it is open")]
    SessionClash {
        /// Id of the session.
        cluster_session_id: i64,
        /// Position of the event in the log.
        log_position: i64,
    },
    /// The log was written by another major version of the application.
    #[error("application version {own} is not compatible with the log's {log}: the major versions differ")]
    AppVersion {
        /// Version of this application.
        own: String,
        /// Version in the log.
        log: String,
    },
    /// The service could not start.
    #[error(
        "service {service_id} failed to start from term {leadership_term_id}, log position {log_position}, snapshot \
         recording {recording_id}: {error}"
    )]
    Start {
        /// Id of the service.
        service_id: i32,
        /// Leadership term of the snapshot; -1 without a snapshot.
        leadership_term_id: i64,
        /// Log position of the snapshot.
        log_position: i64,
        /// Recording id of the snapshot; -1 without a snapshot.
        recording_id: i64,
        /// Error of the service.
        error: ServiceError,
    },
    /// The archive has no room for a snapshot.
    #[error("the archive has no room for a snapshot: {0}")]
    SnapshotStorageFull(String),
    /// The service made a call that sends from a callback where it must not.
    #[error("the service called {call} from {callback}, where nothing may be sent and no timer scheduled")]
    NotAllowed {
        /// Name of the call.
        call: &'static str,
        /// Name of the callback.
        callback: &'static str,
    },
    /// The consensus module asked the service to end at a log position that it had passed.
    #[error("the service should have ended at log position {termination_position}, but is already at {log_position}")]
    TerminationPassed {
        /// Position at which the service was to end.
        termination_position: i64,
        /// Position of the service.
        log_position: i64,
    },
    /// The service panicked.
    #[error("the service panicked: {0}")]
    Panic(String),
    /// The container had ended before this call.
    #[error("the container has ended")]
    Ended,
}

impl ContainerError {
    /// Whether nothing is wrong with the member but that its service lost its place in the log, so that the member should
    /// start again at once: it replays the log and goes on. A supervisor should not count such an end as a failure.
    pub fn wants_restart(&self) -> bool {
        matches!(self, Self::LogClosedUnread { .. } | Self::LogImageTimeout { .. })
    }

    /// The error of a service that panicked.
    pub(crate) fn of_panic(panic: &(dyn Any + Send)) -> Self {
        let text = panic.downcast_ref::<&str>().copied();
        let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
        Self::Panic(text.unwrap_or("no text").to_owned())
    }
}

impl From<AeronError> for ContainerError {
    fn from(AeronError { action, message, .. }: AeronError) -> Self {
        Self::Aeron { action, message }
    }
}

/// The text of the error, because a `main` that returns an error prints it so.
impl fmt::Debug for ContainerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
