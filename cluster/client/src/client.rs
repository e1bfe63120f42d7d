//! The client as a program uses it.
//!
//! Source: `io.aeron.cluster.client.AeronCluster`.

use std::time::Duration;

use rusteron_archive::AeronOfferError;

use crate::context::Context;
use crate::egress_listener::EgressListener;
use crate::error::{ClientError, ConnectProblem, OfferError};
pub use crate::ingress_proxy::SESSION_HEADER_LENGTH;
use crate::session::State;
use crate::session_agent::SessionAgent;

/// Bound on the wait of [`AeronCluster::close`] until the media driver has sent the close request. A driver that lives sends
/// it in its next duty cycle.
pub const CLOSE_TIMEOUT: Duration = Duration::from_millis(200);

/// Greatest number of parts of a message that [`AeronCluster::offer_parts`] takes: with the session header they are as many
/// as `rusteron_archive::MAX_OFFER_PARTS`.
pub const MAX_OFFER_PARTS: usize = rusteron_archive::MAX_OFFER_PARTS - 1;

/// A client of one Aeron Cluster. It opens a session, keeps it, follows the leader and opens a new session when the old
/// one is lost, all inside [`AeronCluster::do_work`]. It is used by the thread that made it.
pub struct AeronCluster {
    agent: SessionAgent,
}

impl AeronCluster {
    /// A client that begins to connect in its first duty cycle. This waits for nothing: media driver and cluster may start
    /// later.
    ///
    /// # Errors
    /// [`ClientError::Configuration`] when a setting of the context cannot work.
    pub fn new(context: Context) -> Result<Self, ClientError> {
        Ok(Self { agent: SessionAgent::new(context.conclude()?) })
    }

    /// One duty cycle: receives messages, keeps the session alive, connects. Call it often, and at least every few seconds,
    /// or media driver and cluster take the client for dead. Returns 0 when there was nothing to do, so that the caller may
    /// idle.
    ///
    /// # Errors
    /// The client has ended for good.
    pub fn do_work<L: EgressListener + ?Sized>(&mut self, listener: &mut L) -> Result<usize, ClientError> {
        self.agent.do_work(listener)
    }

    /// Sends `message` to the cluster's leader. Returns the position in the ingress stream. The message is then on its way:
    /// if the leader dies, the message may be lost (see [`EgressListener::on_new_leader`]).
    ///
    /// # Errors
    /// Nothing was sent; see [`OfferError`].
    #[inline]
    pub fn offer(&mut self, message: &[u8]) -> Result<i64, OfferError> {
        self.offer_parts(&[message])
    }

    /// Sends one message that consists of `parts`, at most [`MAX_OFFER_PARTS`], as [`offer`](Self::offer) does. The parts
    /// are put together in Aeron's log buffer, without a copy before.
    ///
    /// # Errors
    /// Nothing was sent; see [`OfferError`].
    #[inline]
    pub fn offer_parts(&mut self, parts: &[&[u8]]) -> Result<i64, OfferError> {
        let Some((ingress, header)) = self.agent.active_ingress() else { return Err(self.agent.no_ingress()) };
        if parts.len() > MAX_OFFER_PARTS {
            return Err(OfferError::TooManyParts { parts: parts.len(), maximum: MAX_OFFER_PARTS });
        }
        let length = parts.iter().map(|part| part.len()).sum();
        if length > ingress.max_message_length {
            return Err(OfferError::MessageTooLong { length, maximum: ingress.max_message_length });
        }
        let mut message: [&[u8]; 1 + MAX_OFFER_PARTS] = [header; 1 + MAX_OFFER_PARTS];
        message[1..=parts.len()].copy_from_slice(parts);
        let offered = ingress.offer_parts(&message[..=parts.len()]);
        self.sent(offered)
    }

    /// Asks the cluster to take a snapshot. The answer comes with
    /// [`on_admin_response`](EgressListener::on_admin_response). The cluster's authorisation service has to allow it.
    ///
    /// # Errors
    /// Nothing was sent; see [`OfferError`].
    pub fn send_admin_request_to_take_a_snapshot(&mut self, correlation_id: i64) -> Result<i64, OfferError> {
        let (Some((ingress, _)), Some(header)) = (self.agent.active_ingress(), self.agent.active_session()) else {
            return Err(self.agent.no_ingress());
        };
        let offered = ingress.offer(&header.snapshot_request(correlation_id));
        self.sent(offered)
    }

    /// Longest message in bytes that [`AeronCluster::offer`] takes; `None` while not connected.
    pub fn max_message_length(&self) -> Option<usize> {
        self.agent.active_ingress().map(|(ingress, _)| ingress.max_message_length)
    }

    /// State of the client.
    pub fn state(&self) -> State {
        self.agent.session().state()
    }

    /// Id of the open session.
    pub fn cluster_session_id(&self) -> Option<i64> {
        self.agent.session().header().map(|header| header.cluster_session_id)
    }

    /// Leadership term of the open session.
    pub fn leadership_term_id(&self) -> Option<i64> {
        self.agent.session().header().map(|header| header.leadership_term_id)
    }

    /// Secret that the [`CredentialsSupplier`](crate::CredentialsSupplier) gave for the challenge that the open session was
    /// authenticated with; empty if there was none.
    pub fn session_secret(&self) -> &[u8] {
        self.agent.session_secret()
    }

    /// Member that leads in that term.
    pub fn leader_member_id(&self) -> Option<i32> {
        self.agent.session().leader_member_id()
    }

    /// What stood last in the way of a session, for a person who wonders why there is none.
    pub fn problem(&self) -> Option<&ConnectProblem> {
        self.agent.session().problem()
    }

    /// Number of egress messages that were dropped because they are no valid messages of the protocol.
    pub fn invalid_egress_count(&self) -> u64 {
        self.agent.invalid_egress_count()
    }

    /// Closes the session and releases all resources. If the cluster can be told, this waits until the media driver has
    /// sent the request, for [`CLOSE_TIMEOUT`] at most: a program may end its driver next, and a session of whose end the
    /// cluster does not know lives until its time-out. Dropping the client does the same.
    pub fn close(&mut self) {
        self.agent.end(CLOSE_TIMEOUT);
    }

    /// Closes the session as [`close`](Self::close) does, but without waiting: for a program that continues with the same
    /// media driver.
    pub fn abandon(&mut self) {
        self.agent.end(Duration::ZERO);
    }

    #[inline]
    fn sent(&mut self, offered: Result<i64, AeronOfferError>) -> Result<i64, OfferError> {
        offered.map_err(|error| self.agent.offer_failed(&error))
    }
}

impl Drop for AeronCluster {
    fn drop(&mut self) {
        self.close();
    }
}
