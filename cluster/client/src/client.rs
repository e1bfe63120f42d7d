//! The client as a program uses it.
//!
//! Source: `io.aeron.cluster.client.AeronCluster`.

use crate::context::Context;
use crate::egress_listener::{
    AdminResponse, Connected, DisconnectReason, EgressListener, GroupListener, NewLeader, SessionIndex,
};
use crate::error::{ClientError, ConnectProblem, OfferError};
pub use crate::ingress_proxy::SESSION_HEADER_LENGTH;
use crate::session::State;
use crate::session_group::SessionGroup;
pub use crate::session_group::{CLOSE_TIMEOUT, MAX_OFFER_PARTS};

/// A client of one Aeron Cluster. It opens a session, keeps it, follows the leader and opens a new session when the old
/// one is lost, all inside [`AeronCluster::do_work`]. It is used by the thread that made it. A program with several sessions
/// has them in a [`SessionGroup`], which costs less.
pub struct AeronCluster {
    group: SessionGroup,
    session: SessionIndex,
}

impl AeronCluster {
    /// A client that begins to connect in its first duty cycle. This waits for nothing: media driver and cluster may start
    /// later.
    ///
    /// # Errors
    /// [`ClientError::Configuration`] when a setting of the context cannot work.
    pub fn new(context: Context) -> Result<Self, ClientError> {
        let mut group = SessionGroup::new(&context)?;
        let session = group.add(context)?;
        Ok(Self { group, session })
    }

    /// One duty cycle: receives messages, keeps the session alive, connects. Call it often, and at least every few seconds,
    /// or media driver and cluster take the client for dead. Returns 0 when there was nothing to do, so that the caller may
    /// idle.
    ///
    /// # Errors
    /// The client has ended for good.
    #[inline]
    pub fn do_work<L: EgressListener + ?Sized>(&mut self, listener: &mut L) -> Result<usize, ClientError> {
        let mut one = OneListener { listener, ended: None };
        let work_count = self.group.do_work(&mut one);
        if let Some(error) = one.ended {
            self.group.abandon();
            return Err(error);
        }
        if self.state() == State::Closed { Err(ClientError::Closed) } else { Ok(work_count) }
    }

    /// Sends `message` to the cluster's leader. Returns the position in the ingress stream. The message is then on its way:
    /// if the leader dies, the message may be lost (see [`EgressListener::on_new_leader`]).
    ///
    /// # Errors
    /// Nothing was sent; see [`OfferError`].
    #[inline]
    pub fn offer(&mut self, message: &[u8]) -> Result<i64, OfferError> {
        self.group.offer(self.session, message)
    }

    /// Sends one message that consists of `parts`, at most [`MAX_OFFER_PARTS`], as [`offer`](Self::offer) does. The parts
    /// are put together in Aeron's log buffer, without a copy before.
    ///
    /// # Errors
    /// Nothing was sent; see [`OfferError`].
    #[inline]
    pub fn offer_parts(&mut self, parts: &[&[u8]]) -> Result<i64, OfferError> {
        self.group.offer_parts(self.session, parts)
    }

    /// Asks the cluster to take a snapshot. The answer comes with
    /// [`on_admin_response`](EgressListener::on_admin_response). The cluster's authorisation service has to allow it.
    ///
    /// # Errors
    /// Nothing was sent; see [`OfferError`].
    pub fn send_admin_request_to_take_a_snapshot(&mut self, correlation_id: i64) -> Result<i64, OfferError> {
        self.group.send_admin_request_to_take_a_snapshot(self.session, correlation_id)
    }

    /// Longest message in bytes that [`AeronCluster::offer`] takes; `None` while not connected.
    pub fn max_message_length(&self) -> Option<usize> {
        self.group.max_message_length(self.session)
    }

    /// State of the client.
    #[inline]
    pub fn state(&self) -> State {
        self.group.state(self.session)
    }

    /// Id of the open session.
    pub fn cluster_session_id(&self) -> Option<i64> {
        self.group.cluster_session_id(self.session)
    }

    /// Leadership term of the open session.
    pub fn leadership_term_id(&self) -> Option<i64> {
        self.group.leadership_term_id(self.session)
    }

    /// Secret that the [`CredentialsSupplier`](crate::CredentialsSupplier) gave for the challenge that the open session was
    /// authenticated with; empty if there was none.
    pub fn session_secret(&self) -> &[u8] {
        self.group.session_secret(self.session)
    }

    /// Member that leads in that term.
    pub fn leader_member_id(&self) -> Option<i32> {
        self.group.leader_member_id(self.session)
    }

    /// What stood last in the way of a session, for a person who wonders why there is none.
    pub fn problem(&self) -> Option<&ConnectProblem> {
        self.group.problem(self.session)
    }

    /// Number of egress messages that were dropped because they are no valid messages of the protocol.
    pub fn invalid_egress_count(&self) -> u64 {
        self.group.invalid_egress_count()
    }

    /// Closes the session and releases all resources. If the cluster can be told, this waits until the media driver has
    /// sent the request, for [`CLOSE_TIMEOUT`] at most: a program may end its driver next, and a session of whose end the
    /// cluster does not know lives until its time-out. Dropping the client does the same.
    pub fn close(&mut self) {
        self.group.close();
    }

    /// Closes the session as [`close`](Self::close) does, but without waiting: for a program that continues with the same
    /// media driver.
    pub fn abandon(&mut self) {
        self.group.abandon();
    }
}

/// Passes on what the only session of a group hears.
struct OneListener<'a, L: ?Sized> {
    listener: &'a mut L,
    ended: Option<ClientError>,
}

impl<L: EgressListener + ?Sized> GroupListener for OneListener<'_, L> {
    fn on_connected(&mut self, _session: SessionIndex, event: &Connected) {
        self.listener.on_connected(event);
    }

    #[inline]
    fn on_message(&mut self, _session: SessionIndex, cluster_session_id: i64, timestamp: i64, message: &[u8]) {
        self.listener.on_message(cluster_session_id, timestamp, message);
    }

    fn on_new_leader(&mut self, _session: SessionIndex, event: &NewLeader) {
        self.listener.on_new_leader(event);
    }

    fn on_disconnected(&mut self, _session: SessionIndex, reason: DisconnectReason) {
        self.listener.on_disconnected(reason);
    }

    fn on_admin_response(&mut self, _session: SessionIndex, response: &AdminResponse<'_>) {
        self.listener.on_admin_response(response);
    }

    fn on_ended(&mut self, _session: SessionIndex, error: ClientError) {
        self.ended = Some(error);
    }
}
