//! What a clustered service implements, and what it sees of the cluster.
//!
//! Names follow Aeron's Java API (`io.aeron.cluster.service.ClusteredService`, `Cluster`). A service is a replicated
//! state machine: every member calls it with the same events in the same order, so what it does must depend on nothing
//! but those events and its own state. Time is [`Cluster::time`], never the machine's clock.

use std::fmt;

use thiserror::Error;

use crate::counters::ServiceCounter;
use crate::sessions::ClientSession;

/// What [`Cluster::offer_to`] answers on a member that is not the leader: as if the message had been sent, so that the
/// service behaves the same on every member. Source: `ClientSession.MOCKED_OFFER`.
pub const MOCKED_OFFER: i64 = 1;

/// The application: a deterministic state machine driven by the cluster's log.
///
/// All methods are called on the one thread that runs the container. A panic in any of them ends the container with an
/// error. Source: `io.aeron.cluster.service.ClusteredService`.
pub trait ClusteredService {
    /// The service starts: empty when `snapshot` is `None`, else with the state to read from it up to its end.
    ///
    /// Nothing may be sent and no timer scheduled from here.
    ///
    /// # Errors
    /// An error ends the member: the consensus module is told that its service failed to start.
    fn on_start(
        &mut self,
        cluster: &mut dyn Cluster,
        snapshot: Option<&mut dyn SnapshotReader>,
    ) -> Result<(), ServiceError>;

    /// A client's session was opened; `timestamp` is cluster time.
    fn on_session_open(&mut self, cluster: &mut dyn Cluster, session: &ClientSession, timestamp: i64) {
        let _ = (cluster, session, timestamp);
    }

    /// A client's session was closed; it is no longer among the cluster's sessions.
    fn on_session_close(
        &mut self,
        cluster: &mut dyn Cluster,
        session: &ClientSession,
        timestamp: i64,
        reason: CloseReason,
    ) {
        let _ = (cluster, session, timestamp, reason);
    }

    /// A message from the log. `session_id` is the sender's session, and negative for a message that a service sent
    /// with [`Cluster::offer`]; look it up with [`Cluster::client_session`]. `timestamp` is cluster time.
    fn on_session_message(&mut self, cluster: &mut dyn Cluster, session_id: i64, timestamp: i64, message: &[u8]);

    /// A timer that was scheduled under `correlation_id` has fired; `timestamp` is cluster time.
    fn on_timer_event(&mut self, cluster: &mut dyn Cluster, correlation_id: i64, timestamp: i64) {
        let _ = (cluster, correlation_id, timestamp);
    }

    /// Write the whole state to `snapshot`. Sessions are already in it. The log waits meanwhile.
    ///
    /// # Errors
    /// An error makes this snapshot fail; the cluster goes on without it.
    fn on_take_snapshot(
        &mut self,
        cluster: &dyn Cluster,
        snapshot: &mut dyn SnapshotWriter,
    ) -> Result<(), ServiceError>;

    /// This member's role has changed. Nothing may be sent and no timer scheduled from here.
    fn on_role_change(&mut self, cluster: &mut dyn Cluster, role: Role) {
        let _ = (cluster, role);
    }

    /// A new leadership term begins in the log.
    fn on_new_leadership_term_event(&mut self, cluster: &mut dyn Cluster, event: &NewLeadershipTerm) {
        let _ = (cluster, event);
    }

    /// The service ends. Nothing may be sent and no timer scheduled from here.
    fn on_terminate(&mut self, cluster: &mut dyn Cluster) {
        let _ = cluster;
    }

    /// Called once a duty cycle, for work that does not touch the replicated state; `now_ns` is a monotonic clock in
    /// nanoseconds. Returns how much was done: 0 lets the thread idle. Nothing may be sent from here.
    fn do_background_work(&mut self, cluster: &mut dyn Cluster, now_ns: i64) -> usize {
        let _ = (cluster, now_ns);
        0
    }
}

/// The cluster as its service sees it. Source: `io.aeron.cluster.service.Cluster`.
///
/// What sends (`close_client_session`, `offer_to`, `offer`, `schedule_timer`, `cancel_timer`) must not be called from
/// `on_start`, `on_role_change`, `on_terminate` or `do_background_work`: the container then ends with an error, as such
/// a call is a fault in the service. Once the container has met an error that ends it, these calls do nothing.
pub trait Cluster {
    /// This member's id; -1 before it has joined a log.
    fn member_id(&self) -> i32;

    /// This member's role.
    fn role(&self) -> Role;

    /// Position in the log after the last event, in bytes.
    fn log_position(&self) -> i64;

    /// The leadership term of the log being consumed; -1 before the first.
    fn leadership_term_id(&self) -> i64;

    /// Cluster time of the last log event, in [`Cluster::time_unit`].
    fn time(&self) -> i64;

    /// Unit of all cluster times and timer deadlines: the consensus module's clock. Milliseconds until it is known.
    fn time_unit(&self) -> TimeUnit;

    /// The open session with this id.
    fn client_session(&self, id: i64) -> Option<&ClientSession>;

    /// Calls `f` with each open session, in ascending order of id.
    fn for_each_client_session(&self, f: &mut dyn FnMut(&ClientSession));

    /// Asks the consensus module to close a session; it stays open until its close event is in the log. False when the
    /// session is unknown or the request could not be sent.
    fn close_client_session(&mut self, id: i64) -> bool;

    /// Sends `message` to a client. Only the leader really sends; other members answer [`MOCKED_OFFER`].
    ///
    /// Back pressure is waited out up to the context's `egress_stall_limit` (100 ms by default): a client that makes the
    /// log wait must take 64 KiB in that time, or its session is closed, so that one slow client does not hold up the log.
    /// Egress is not replicated: what is lost with a leader is not sent again.
    ///
    /// # Errors
    /// [`OfferError`]; none of them needs an action by the service.
    fn offer_to(&mut self, session_id: i64, message: &[u8]) -> Result<i64, OfferError>;

    /// Sends `message` from this service into the cluster's log. Every member must make the same call; the message comes
    /// back once, with a negative session id. Aeron may lose such a message at a change of leader (its issues 1879, 1903).
    ///
    /// # Errors
    /// [`OfferError::BackPressured`] and [`OfferError::AdminAction`]: try again after [`Cluster::idle`].
    fn offer(&mut self, message: &[u8]) -> Result<i64, OfferError>;

    /// Schedules (or moves) the timer `correlation_id` for `deadline`, in cluster time. Every member must make the same
    /// calls in the same order. False is back pressure: try again after [`Cluster::idle`].
    fn schedule_timer(&mut self, correlation_id: i64, deadline: i64) -> bool;

    /// Cancels the timer `correlation_id`. False is back pressure: try again after [`Cluster::idle`].
    fn cancel_timer(&mut self, correlation_id: i64) -> bool;

    /// Adds a counter to this member's media driver. `key` and `label` are cut to Aeron's limits (112 and 380 bytes).
    ///
    /// # Errors
    /// When the media driver refuses it or does not answer in time.
    fn add_counter(&mut self, type_id: i32, key: &[u8], label: &str) -> Result<ServiceCounter, ServiceError>;

    /// Waits a little when `work` is 0, and keeps the container alive. For loops inside the service: a callback that does
    /// not come to this for longer than the media driver's client liveness time-out (10 s by default) ends the container.
    fn idle(&mut self, work: usize);
}

/// A snapshot being read, one whole message at a time.
pub trait SnapshotReader {
    /// Calls `handler` with the next messages, if any has arrived. Call [`Cluster::idle`] after each poll, as
    /// [`SnapshotReader::read_to_end`] does: else the container dies under a long snapshot.
    ///
    /// # Errors
    /// The handler's error, or that the snapshot ended before its end or the archive failed.
    fn poll(
        &mut self,
        handler: &mut dyn FnMut(&[u8]) -> Result<(), ServiceError>,
    ) -> Result<SnapshotPoll, ServiceError>;

    /// Reads to the end, idling on `cluster` where nothing has arrived yet.
    ///
    /// # Errors
    /// As [`SnapshotReader::poll`].
    fn read_to_end(
        &mut self,
        cluster: &mut dyn Cluster,
        handler: &mut dyn FnMut(&[u8]) -> Result<(), ServiceError>,
    ) -> Result<(), ServiceError> {
        loop {
            match self.poll(handler)? {
                SnapshotPoll::Messages(count) => cluster.idle(count),
                SnapshotPoll::Idle => cluster.idle(0),
                SnapshotPoll::End => return Ok(()),
            }
        }
    }
}

/// What a poll of a snapshot has met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SnapshotPoll {
    /// So many fragments were read.
    Messages(usize),
    /// Nothing has arrived yet; there is more to come.
    Idle,
    /// All of it has been read.
    End,
}

/// A snapshot being written.
pub trait SnapshotWriter {
    /// Appends one message. Back pressure is waited out inside, up to the context's `snapshot_progress_timeout`.
    ///
    /// # Errors
    /// When the archive fails or makes no progress, or the message is longer than [`SnapshotWriter::max_message_length`].
    fn offer(&mut self, message: &[u8]) -> Result<(), ServiceError>;

    /// Longest message that [`SnapshotWriter::offer`] takes, in bytes.
    fn max_message_length(&self) -> usize;
}

/// Role of a member. Source: `Cluster.Role`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Follows the log of a leader, or replays its own.
    Follower,
    /// Stands for election.
    Candidate,
    /// Appends to the log, and is the only member whose egress is sent.
    Leader,
}

impl Role {
    /// The role with this code on the wire.
    pub(crate) fn from_code(code: i32) -> Option<Self> {
        match code {
            0 => Some(Self::Follower),
            1 => Some(Self::Candidate),
            2 => Some(Self::Leader),
            _ => None,
        }
    }
}

/// Unit of cluster time. Source: `ClusterTimeUnit` of Aeron's cluster protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TimeUnit {
    /// Milliseconds, the default clock.
    Millis,
    /// Microseconds.
    Micros,
    /// Nanoseconds.
    Nanos,
}

impl TimeUnit {
    /// Nanoseconds in one unit.
    pub fn as_nanos(self) -> i64 {
        match self {
            Self::Millis => 1_000_000,
            Self::Micros => 1_000,
            Self::Nanos => 1,
        }
    }
}

/// Why a session was closed. Source: `CloseReason` of Aeron's cluster protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CloseReason {
    /// The client closed it.
    ClientAction,
    /// The service closed it.
    ServiceAction,
    /// The client was silent for too long.
    Timeout,
    /// A reason that this version does not know.
    Unknown,
}

/// The event that begins a leadership term. Source: `NewLeadershipTermEvent` of Aeron's cluster protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewLeadershipTerm {
    /// Id of the term.
    pub leadership_term_id: i64,
    /// Position in the log after this event.
    pub log_position: i64,
    /// Cluster time of the event.
    pub timestamp: i64,
    /// Position in the log at which the term begins.
    pub term_base_log_position: i64,
    /// The leader's member id.
    pub leader_member_id: i32,
    /// Session id of the log's publication.
    pub log_session_id: i32,
    /// Unit of cluster time.
    pub time_unit: TimeUnit,
    /// Application version of the leader.
    pub app_version: i32,
}

/// Why a message was not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum OfferError {
    /// Nobody receives it: the client is gone, or not there yet.
    #[error("not connected")]
    NotConnected,
    /// The receiver does not keep up.
    #[error("back pressured")]
    BackPressured,
    /// Aeron is busy, as with a change of term buffers.
    #[error("an administrative action is under way")]
    AdminAction,
    /// The publication or the container is closed.
    #[error("closed")]
    Closed,
    /// The stream has come to its last position.
    #[error("the stream is at its maximum position")]
    MaxPositionExceeded,
    /// The message is longer than the publication takes.
    #[error("message of {length} bytes is longer than {maximum}")]
    MessageTooLong {
        /// Its length in bytes.
        length: usize,
        /// The longest that the publication takes, in bytes.
        maximum: usize,
    },
    /// No open session has this id.
    #[error("unknown session")]
    UnknownSession,
    /// The client did not keep up: its session is being closed and gets nothing more.
    #[error("session is being closed because its client does not keep up")]
    SlowConsumer,
    /// The call is not allowed in this callback; the container ends.
    #[error("not allowed in this callback")]
    NotAllowed,
}

impl OfferError {
    /// Whether the same offer may succeed a little later.
    pub fn is_retryable(self) -> bool {
        matches!(self, Self::NotConnected | Self::BackPressured | Self::AdminAction)
    }
}

/// An error of the application, or one that concerns it.
#[derive(Debug)]
pub struct ServiceError(Box<dyn std::error::Error + Send + Sync>);

impl ServiceError {
    /// From an error or a text.
    pub fn new(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self(error.into())
    }
}

impl fmt::Display for ServiceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for ServiceError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source()
    }
}

impl From<&str> for ServiceError {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl From<String> for ServiceError {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}
