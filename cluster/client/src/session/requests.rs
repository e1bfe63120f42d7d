//! The requests of an attempt that wait for their answers: at most one a member.
//!
//! A member that is busy, with a snapshot or with an authenticator that takes its time, reads every request in the end. So
//! the member is not asked again, and keeps the publication that its request came by, to which the cluster ties the session,
//! until the answer can't come any more.

use super::action::{Action, IngressId, Now, Outbox};

/// Requests that wait for their answers.
#[derive(Debug, Default)]
pub(super) struct Requests {
    outstanding: Vec<Request>,
}

/// A request that waits for its answer.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) ingress: IngressId,
    /// The member that was asked; `None` when the ingress channel itself is the address.
    member: Option<i32>,
    body: Body,
    /// Known once the request is sent.
    correlation_id: Option<i64>,
    /// When the request could not be sent, or its answer has not come, for too long.
    deadline: Now,
}

#[derive(Debug)]
enum Body {
    Connect,
    ChallengeResponse { cluster_session_id: i64, encoded_challenge: Vec<u8> },
}

impl Requests {
    /// Asks `member` for a session. The request has to be sent until `deadline`.
    pub(super) fn add(&mut self, ingress: IngressId, member: Option<i32>, deadline: Now) {
        self.outstanding.push(Request { ingress, member, body: Body::Connect, correlation_id: None, deadline });
    }

    /// Whether `member` has a request to answer.
    pub(super) fn is_awaited(&self, member: Option<i32>) -> bool {
        self.outstanding.iter().any(|request| request.member == member)
    }

    /// Whether a request with this correlation id waits for its answer.
    pub(super) fn awaits(&self, correlation_id: i64) -> bool {
        self.outstanding.iter().any(|request| request.correlation_id == Some(correlation_id))
    }

    /// Whether a request was sent and waits for its answer.
    pub(super) fn has_sent(&self) -> bool {
        self.outstanding.iter().any(|request| request.correlation_id.is_some())
    }

    /// The request was sent by `ingress`; its answer may come until `deadline`.
    pub(super) fn sent(&mut self, ingress: IngressId, correlation_id: i64, deadline: Now) {
        if let Some(request) = self.outstanding.iter_mut().find(|request| request.ingress == ingress) {
            request.correlation_id = Some(correlation_id);
            request.deadline = deadline;
        }
    }

    /// Turns the request that was answered with a challenge into the response to it, which has to be sent until `deadline`.
    /// False when no request has this correlation id.
    pub(super) fn challenged(
        &mut self,
        correlation_id: i64,
        cluster_session_id: i64,
        encoded_challenge: &[u8],
        deadline: Now,
    ) -> bool {
        let is_answered = |request: &&mut Request| request.correlation_id == Some(correlation_id);
        let Some(request) = self.outstanding.iter_mut().find(is_answered) else { return false };
        request.body = Body::ChallengeResponse { cluster_session_id, encoded_challenge: encoded_challenge.to_vec() };
        request.correlation_id = None;
        request.deadline = deadline;
        true
    }

    /// Takes out the request that was answered. Returns the publication that it was sent by.
    pub(super) fn take_answered(&mut self, correlation_id: i64) -> Option<IngressId> {
        let index = self.outstanding.iter().position(|request| request.correlation_id == Some(correlation_id))?;
        Some(self.outstanding.swap_remove(index).ingress)
    }

    /// Abandons a request whose deadline has passed. Returns the publication that it was sent by.
    pub(super) fn abandon_expired(&mut self, now: Now, outbox: &mut Outbox) -> Option<IngressId> {
        let index = self.outstanding.iter().position(|request| now >= request.deadline)?;
        Some(self.abandon_at(index, outbox))
    }

    /// Abandons the request of a publication that is lost. False when there is none.
    pub(super) fn abandon(&mut self, ingress: IngressId, outbox: &mut Outbox) -> bool {
        let index = self.outstanding.iter().position(|request| request.ingress == ingress);
        index.map(|index| self.abandon_at(index, outbox)).is_some()
    }

    /// Abandons all requests.
    pub(super) fn abandon_all(&mut self, outbox: &mut Outbox) {
        while !self.outstanding.is_empty() {
            self.abandon_at(0, outbox);
        }
    }

    fn abandon_at(&mut self, index: usize, outbox: &mut Outbox) -> IngressId {
        let request = self.outstanding.swap_remove(index);
        if let Some(correlation_id) = request.correlation_id {
            outbox.abandon(correlation_id);
        }
        request.ingress
    }

    /// Asks for all requests to be sent that have not been.
    pub(super) fn send(&self, outbox: &mut Outbox) {
        for request in self.outstanding.iter().filter(|request| request.correlation_id.is_none()) {
            let ingress = request.ingress;
            outbox.send(match &request.body {
                Body::Connect => Action::SendConnect { ingress },
                Body::ChallengeResponse { cluster_session_id, encoded_challenge } => Action::SendChallengeResponse {
                    ingress,
                    cluster_session_id: *cluster_session_id,
                    encoded_challenge: encoded_challenge.clone(),
                },
            });
        }
    }
}
