//! What a service implements, and the values that its callbacks get.
//!
//! Names follow Aeron's Java API (`io.aeron.cluster.service.ClusteredService`).

use crate::cluster::{Cluster, Role, TimeUnit};
use crate::message_times::MessageTimes;
use crate::service_error::ServiceError;
use crate::sessions::ClientSession;
use crate::snapshot::{SnapshotReader, SnapshotWriter};

/// The application: a deterministic state machine driven by the cluster's log.
///
/// Every member calls its service with the same events in the same order, so what a service does must depend only on
/// those events and on its own state. Time is [`Cluster::time`], never the clock of the machine.
///
/// All methods are called on the one thread that runs the container. A panic in a method ends the container with an
/// error. Source: `io.aeron.cluster.service.ClusteredService`.
pub trait ClusteredService {
    /// The service starts. It starts empty when `snapshot` is `None`; otherwise it must read its state from `snapshot`,
    /// to the end.
    ///
    /// The service must not send or schedule timers from this callback.
    ///
    /// # Errors
    /// An error ends the member: the container tells the consensus module that the service failed to start.
    fn on_start(
        &mut self,
        cluster: &mut dyn Cluster,
        snapshot: Option<&mut dyn SnapshotReader>,
    ) -> Result<(), ServiceError>;

    /// A client opened a session. `timestamp` is the cluster time of the event.
    fn on_session_open(&mut self, cluster: &mut dyn Cluster, session: &ClientSession, timestamp: i64) {
        let _ = (cluster, session, timestamp);
    }

    /// A session was closed, and the cluster no longer has it. `timestamp` is the cluster time of the event.
    fn on_session_close(
        &mut self,
        cluster: &mut dyn Cluster,
        session: &ClientSession,
        timestamp: i64,
        reason: CloseReason,
    ) {
        let _ = (cluster, session, timestamp, reason);
    }

    /// A message of the log.
    ///
    /// `session_id` is the session of the sender, which [`Cluster::client_session`] finds; it is negative for a message
    /// that a service sent with [`Cluster::offer`]. `timestamp` is the cluster time at which the leader appended the
    /// message. `header` tells where the message stands in the log.
    fn on_session_message(
        &mut self,
        cluster: &mut dyn Cluster,
        session_id: i64,
        timestamp: i64,
        message: &[u8],
        header: &Header,
    );

    /// The timer `correlation_id` fired. `timestamp` is the cluster time of the event.
    fn on_timer_event(&mut self, cluster: &mut dyn Cluster, correlation_id: i64, timestamp: i64) {
        let _ = (cluster, correlation_id, timestamp);
    }

    /// The log asks for a snapshot, of members or of standby members. Unlike [`Self::on_take_snapshot`], which may follow, this is
    /// called wherever the log is applied, so that the service may change its state for it.
    fn on_snapshot_action(&mut self, cluster: &mut dyn Cluster) {
        let _ = cluster;
    }

    /// The service must write its whole state to `snapshot`; the container has written the sessions already. The
    /// container consumes no log meanwhile.
    ///
    /// # Errors
    /// An error makes this snapshot fail. The cluster continues without it.
    fn on_take_snapshot(
        &mut self,
        cluster: &dyn Cluster,
        snapshot: &mut dyn SnapshotWriter,
    ) -> Result<(), ServiceError>;

    /// The role of this member changed. The service must not send or schedule timers from this callback.
    fn on_role_change(&mut self, cluster: &mut dyn Cluster, role: Role) {
        let _ = (cluster, role);
    }

    /// A new leadership term begins in the log.
    fn on_new_leadership_term_event(&mut self, cluster: &mut dyn Cluster, event: &NewLeadershipTerm) {
        let _ = (cluster, event);
    }

    /// The service ends. It must not send or schedule timers from this callback.
    fn on_terminate(&mut self, cluster: &mut dyn Cluster) {
        let _ = cluster;
    }

    /// Called once in each duty cycle, for work that does not touch the replicated state. `now_ns` is a monotonic
    /// clock, in nanoseconds. Returns the amount of work done; the thread may idle when it is 0. The service must not
    /// send or schedule timers from this callback.
    fn do_background_work(&mut self, cluster: &mut dyn Cluster, now_ns: i64) -> usize {
        let _ = (cluster, now_ns);
        0
    }
}

/// Where a message stands in the log. Source: `io.aeron.logbuffer.Header`, of which the position is the part that is the same
/// on every member and in every replay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Header {
    /// Position in the log after the last fragment of the message, in bytes.
    pub position: i64,
    /// When this member saw the message, if the message is one of those that
    /// [`Context::timed_messages`](crate::Context::timed_messages) asks for. For measurements only: no state may depend on it.
    pub times: Option<MessageTimes>,
}

impl Header {
    /// The header of a message that ends at `position`, without times. The container makes those of a service; tests make their own.
    pub fn new(position: i64) -> Self {
        Self { position, times: None }
    }

    /// The same header with times.
    #[must_use]
    pub fn with_times(self, times: Option<MessageTimes>) -> Self {
        Self { times, ..self }
    }
}

/// Why a session was closed. Source: `CloseReason` of Aeron's cluster protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CloseReason {
    /// The client closed the session.
    ClientAction,
    /// The service closed the session.
    ServiceAction,
    /// The client was silent for too long.
    Timeout,
    /// A reason that this version of the crate does not know.
    Unknown,
}

/// The event that begins a leadership term. Source: `NewLeadershipTermEvent` of Aeron's cluster protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewLeadershipTerm {
    /// Id of the term.
    pub leadership_term_id: i64,
    /// Position in the log after this event, in bytes.
    pub log_position: i64,
    /// Cluster time of the event.
    pub timestamp: i64,
    /// Position in the log at which the term begins, in bytes.
    pub term_base_log_position: i64,
    /// Member id of the leader.
    pub leader_member_id: i32,
    /// Session id of the log's publication.
    pub log_session_id: i32,
    /// Unit of cluster time.
    pub time_unit: TimeUnit,
    /// Application version of the leader, composed as Agrona's `SemanticVersion`.
    pub app_version: i32,
}
