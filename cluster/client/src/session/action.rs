//! What the state machine asks its agent to do, and the queue of it.

use std::collections::VecDeque;
use std::time::Duration;

use super::endpoints::Target;
use crate::egress_listener::{Connected, DisconnectReason, NewLeader};
use crate::error::ConnectProblem;
use crate::ingress_proxy::SessionHeader;

/// Time since the client, or the group that the session belongs to, was made.
pub(crate) type Now = Duration;

/// Greatest number of abandoned requests whose late answers are still understood.
const MAX_ABANDONED_REQUESTS: usize = 16;

/// An ingress publication, as numbered by the state machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct IngressId(pub u64);

/// What the agent is to do. It does not repeat a send that failed: the state machine asks for it again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Action {
    /// Sessions with the same cluster share a publication to a target. One that was opened before `opened_after` does not do.
    OpenIngress {
        ingress: IngressId,
        target: Target,
        opened_after: Now,
    },
    CloseIngress {
        ingress: IngressId,
    },
    SendConnect {
        ingress: IngressId,
    },
    SendChallengeResponse {
        ingress: IngressId,
        cluster_session_id: i64,
        encoded_challenge: Vec<u8>,
    },
    SendKeepAlive {
        ingress: IngressId,
        header: SessionHeader,
    },
    SendProbe {
        ingress: IngressId,
        header: SessionHeader,
    },
    SendClose {
        ingress: IngressId,
        header: SessionHeader,
    },
    /// The egress subscription is to be replaced by a new one, once no session uses it.
    RenewEgress,
    Report(Event),
}

/// What is lost with an egress image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ClosedEgress {
    /// The open session's leader has ended its publication. All that it sent was received.
    LeaderEnded,
    /// Nothing came from the open session's leader for the image liveness time-out, neither messages nor heartbeats.
    LeaderLost,
    /// Nothing came from another publication, which was not ended.
    OtherLost,
}

/// What the application is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Event {
    Connected(Connected),
    NewLeader(NewLeader),
    Disconnected(DisconnectReason),
}

/// Actions to be done, in order, and what is remembered about earlier ones.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    actions: VecDeque<Action>,
    next_ingress: u64,
    problem: Option<ConnectProblem>,
    /// Correlation ids of requests that were abandoned, which the cluster may still answer with a session.
    abandoned: VecDeque<i64>,
}

impl Outbox {
    pub(super) fn push(&mut self, action: Action) {
        self.actions.push_back(action);
    }

    /// Adds a send that is asked for again until it succeeds. If it is asked for twice before the agent acts, it is sent
    /// once: a second connect request would open a second session.
    pub(super) fn send(&mut self, action: Action) {
        if !self.actions.contains(&action) {
            self.push(action);
        }
    }

    pub(super) fn report(&mut self, event: Event) {
        self.push(Action::Report(event));
    }

    /// Opens ingress by whatever publication is in use.
    pub(super) fn open(&mut self, target: &Target) -> IngressId {
        self.open_after(target, Now::ZERO)
    }

    /// Opens ingress by a publication that was opened after this time.
    pub(super) fn open_after(&mut self, target: &Target, opened_after: Now) -> IngressId {
        self.next_ingress += 1;
        let ingress = IngressId(self.next_ingress);
        self.push(Action::OpenIngress { ingress, target: target.clone(), opened_after });
        ingress
    }

    pub(super) fn close(&mut self, ingress: IngressId) {
        self.push(Action::CloseIngress { ingress });
    }

    /// The next action to be done.
    pub(super) fn next(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// The media driver has gone, and with it all publications and pending answers: only reports remain to be done.
    pub(super) fn media_driver_lost(&mut self) {
        self.actions.retain(|action| matches!(action, Action::Report(_)));
        self.abandoned.clear();
    }

    /// Notes what stands in the way of a session.
    pub(super) fn note(&mut self, problem: ConnectProblem) {
        self.problem = Some(problem);
    }

    /// Nothing stands in the way of a session any more.
    pub(super) fn clear_problem(&mut self) {
        self.problem = None;
    }

    pub(super) fn problem(&self) -> Option<&ConnectProblem> {
        self.problem.as_ref()
    }

    /// Remembers a request whose answer is no longer waited for.
    pub(super) fn abandon(&mut self, correlation_id: i64) {
        if self.abandoned.len() == MAX_ABANDONED_REQUESTS {
            self.abandoned.pop_front();
        }
        self.abandoned.push_back(correlation_id);
    }

    /// Whether this request was abandoned; it is then forgotten.
    pub(super) fn take_abandoned(&mut self, correlation_id: i64) -> bool {
        let index = self.abandoned.iter().position(|abandoned| *abandoned == correlation_id);
        index.and_then(|index| self.abandoned.remove(index)).is_some()
    }

    /// Whether the answer to this request is no longer waited for.
    pub(super) fn has_abandoned(&self, correlation_id: i64) -> bool {
        self.abandoned.contains(&correlation_id)
    }

    /// The publication that was opened last.
    #[cfg(test)]
    pub(super) fn last_ingress(&self) -> u64 {
        self.next_ingress
    }
}
