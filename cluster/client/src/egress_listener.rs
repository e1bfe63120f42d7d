//! What a program is told by its client.
//!
//! Source: `io.aeron.cluster.client.EgressListener`, with [`EgressListener::on_connected`] and
//! [`EgressListener::on_disconnected`] added, since this client opens new sessions by itself.

use crate::error::ClientError;

/// Receives the messages of the cluster and the events of the session, during [`do_work`](crate::AeronCluster::do_work) and
/// in the order in which they happened.
pub trait EgressListener {
    /// A session is open, and messages can be sent. After an earlier session this is a *new* one: what the cluster kept for
    /// the old session has gone, and messages that were sent in it and not answered may or may not have been applied.
    fn on_connected(&mut self, event: &Connected) {
        let _ = event;
    }

    /// A message of the clustered service, reassembled, of any length. `timestamp` is cluster time, in the cluster's time
    /// unit.
    fn on_message(&mut self, cluster_session_id: i64, timestamp: i64, message: &[u8]);

    /// The same session continues with another leader, or with the same member in a new term, and messages can be sent again.
    /// Egress is not replicated, and messages to the old leader may be lost: send again what was not answered.
    fn on_new_leader(&mut self, event: &NewLeader) {
        let _ = event;
    }

    /// The session is lost. The client opens a new one by itself, unless the context says otherwise.
    fn on_disconnected(&mut self, reason: DisconnectReason) {
        let _ = reason;
    }

    /// The answer to an administrative request of this client.
    fn on_admin_response(&mut self, response: &AdminResponse<'_>) {
        let _ = response;
    }
}

/// A session of a [`SessionGroup`](crate::SessionGroup). After the session is removed, a later one may get its index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionIndex(pub(crate) usize);

impl SessionIndex {
    /// The index as a number: the lowest one from 0 that was free when the session was added.
    #[inline]
    #[must_use]
    pub fn get(self) -> usize {
        self.0
    }
}

/// Receives what [`EgressListener`] receives, of all sessions of a [`SessionGroup`](crate::SessionGroup), during its
/// [`do_work`](crate::SessionGroup::do_work). What happens to one session comes in the order in which it happened.
pub trait GroupListener {
    /// A session is open: see [`EgressListener::on_connected`].
    fn on_connected(&mut self, session: SessionIndex, event: &Connected) {
        let _ = (session, event);
    }

    /// A message of the clustered service: see [`EgressListener::on_message`].
    fn on_message(&mut self, session: SessionIndex, cluster_session_id: i64, timestamp: i64, message: &[u8]);

    /// A session continues with another leader: see [`EgressListener::on_new_leader`].
    fn on_new_leader(&mut self, session: SessionIndex, event: &NewLeader) {
        let _ = (session, event);
    }

    /// A session is lost: see [`EgressListener::on_disconnected`].
    fn on_disconnected(&mut self, session: SessionIndex, reason: DisconnectReason) {
        let _ = (session, reason);
    }

    /// The answer to an administrative request: see [`EgressListener::on_admin_response`].
    fn on_admin_response(&mut self, session: SessionIndex, response: &AdminResponse<'_>) {
        let _ = (session, response);
    }

    /// A session has ended for good, and no other one is opened. The others go on. The session keeps its index until it is
    /// removed.
    fn on_ended(&mut self, session: SessionIndex, error: ClientError) {
        let _ = (session, error);
    }
}

/// A session has been opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Connected {
    /// Id of the new session.
    pub cluster_session_id: i64,
    /// Leadership term in which the session was opened.
    pub leadership_term_id: i64,
    /// Member that leads in that term.
    pub leader_member_id: i32,
}

/// The session continues in a new leadership term.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct NewLeader {
    /// Id of the session, the same as before.
    pub cluster_session_id: i64,
    /// The new leadership term.
    pub leadership_term_id: i64,
    /// Member that leads in that term.
    pub leader_member_id: i32,
}

/// Why a session is lost.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum DisconnectReason {
    /// The cluster closed it, with this text of the consensus module: `TIMEOUT`, `SERVICE_ACTION`, `CLIENT_ACTION` or another.
    ClosedByCluster(String),
    /// There was no sign of life, or no leader, for the watchdog's time, and a new session could be opened meanwhile.
    Watchdog,
    /// The leader was lost, and no new one announced itself within the new-leader time-out; or the leader was there, and
    /// answered nothing for the session time-out.
    NoNewLeader,
    /// Nothing came from the leader for the image liveness time-out of this client's media driver, and what the leader sent
    /// meanwhile may be lost.
    EgressLost,
    /// The ingress publication reached its maximum position (term length x 2^31 bytes).
    IngressExhausted,
    /// The media driver has gone or was restarted, for the reason given.
    MediaDriverLost(String),
}

/// Answer of the consensus module to an administrative request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct AdminResponse<'a> {
    /// Correlation id of the request.
    pub correlation_id: i64,
    /// Outcome of the request.
    pub code: AdminResponseCode,
    /// Text of the consensus module, empty on success.
    pub message: &'a str,
}

/// Outcome of an administrative request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum AdminResponseCode {
    /// The request was submitted.
    Ok,
    /// The request is not possible now.
    Error,
    /// The cluster's authorisation service refuses the request.
    UnauthorisedAccess,
    /// A code that this client does not know.
    Unknown,
}
