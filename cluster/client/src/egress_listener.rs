//! What a program hears from the cluster.
//!
//! Source: `io.aeron.cluster.client.EgressListener`, with [`EgressListener::on_connected`] and
//! [`EgressListener::on_disconnected`] added, since this client opens new sessions by itself.

/// Receives everything that concerns the session, during [`do_work`](crate::AeronCluster::do_work) and in the order in
/// which it happened.
pub trait EgressListener {
    /// A session is open. After an earlier session this is a *new* one: what the cluster kept for the old session is gone,
    /// and what was sent in it and not answered may or may not have been applied.
    fn on_connected(&mut self, event: &Connected) {
        let _ = event;
    }

    /// A message of the clustered service, whole, of any size. `timestamp` is the cluster's, in its own time unit.
    fn on_message(&mut self, cluster_session_id: i64, timestamp: i64, message: &[u8]);

    /// The same session goes on with another leader (or the same member in a new term), and ingress is open again.
    /// Egress is not replicated, and ingress sent to the old leader may be lost: send again what is not answered.
    fn on_new_leader(&mut self, event: &NewLeader) {
        let _ = event;
    }

    /// The session is gone. The client opens a new one by itself, unless the context says otherwise.
    fn on_disconnected(&mut self, reason: DisconnectReason) {
        let _ = reason;
    }

    /// The answer to an administrative request of this client.
    fn on_admin_response(&mut self, response: &AdminResponse<'_>) {
        let _ = response;
    }
}

/// A session has been opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Connected {
    /// The new session.
    pub cluster_session_id: i64,
    /// Term of the leader that opened it.
    pub leadership_term_id: i64,
    /// Member that leads.
    pub leader_member_id: i32,
}

/// The session has moved to a new leadership term.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewLeader {
    /// The session, the same as before.
    pub cluster_session_id: i64,
    /// The new term.
    pub leadership_term_id: i64,
    /// Member that leads now.
    pub leader_member_id: i32,
}

/// Why a session is gone.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum DisconnectReason {
    /// The cluster closed it and said so: `TIMEOUT`, `SERVICE_ACTION`, `CLIENT_ACTION`, or another text of the consensus module.
    ClosedByCluster(String),
    /// No sign of life, or no leader, for the watchdog's time; and a new session could be opened meanwhile.
    Watchdog,
    /// The leader was lost and no new one announced itself within the new-leader time-out.
    NoNewLeader,
    /// The ingress publication reached its maximum position (term length x 2^31 bytes).
    IngressExhausted,
    /// The media driver is gone or has been restarted.
    MediaDriverLost(String),
}

/// Answer of the consensus module to an administrative request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AdminResponse<'a> {
    /// As given with the request.
    pub correlation_id: i64,
    /// The outcome.
    pub code: AdminResponseCode,
    /// Text of the consensus module, empty when all is well.
    pub message: &'a str,
}

/// Outcome of an administrative request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AdminResponseCode {
    /// Submitted.
    Ok,
    /// Not possible now.
    Error,
    /// The cluster's authorisation service refuses it.
    UnauthorisedAccess,
    /// A code that this client does not know.
    Unknown,
}
