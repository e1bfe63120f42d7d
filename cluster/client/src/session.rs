//! The life of a session as a state machine without I/O: messages, facts about Aeron and time go in, [`Action`]s come out.
//!
//! ```text
//!                 media driver            OK
//! AwaitMediaDriver ------> Connecting ---------> Connected <---------------------------+
//!        ^                  ^  ^                  |  |  ^                              | keep-alive accepted
//!        | driver lost      |  |   closed by the  |  |  | sign of life                 |
//!     (any state)           |  +--- cluster ------+  |  |     NewLeaderEvent    AwaitNewLeaderConnection
//!                           |                        v  |    (from any of the           ^
//!                           +---- no new leader -- AwaitNewLeader -- states above) -----+
//! ```
//!
//! One rule decides what happens without news: a session is given up only when the cluster says so, when its egress image is
//! lost, when a new one is open, or after a time-out. So `AwaitNewLeader` keeps the old session and, from the watchdog's time
//! on, tries to open a new one beside it, unless the leader is there and merely busy. During an election nothing is torn down. A
//! restart of the whole cluster, which no event announces, gives a new session as soon as the cluster is there.
//!
//! | file | what it is |
//! |---|---|
//! | `action` | what the machine asks its agent to do |
//! | `settings`, `endpoints`, `backoff` | time-outs; where the members are; pauses between requests |
//! | `attempt`, `requests` | one attempt to open a session, and its requests that wait for answers |
//! | `leader_check` | whether the leader of a silent session is there |
//! | `state` | the machine's state, and what can be asked of it |
//! | `transitions` | changes of state |
//! | `liveness` | what time brings: keep-alives, probes, time-outs |
//! | this file | facts about Aeron and messages of the cluster |
//!
//! Source: the states of `AeronCluster` and `AeronCluster.AsyncConnect`.

mod action;
mod attempt;
mod backoff;
mod endpoints;
mod leader_check;
mod liveness;
mod requests;
mod settings;
mod state;
mod transitions;

use attempt::{Attempt, Outcome};
use state::Phase;

use crate::context::Reconnect;
use crate::egress_adapter::{NewLeaderEvent, SessionEvent, SessionEventCode};
use crate::egress_listener::DisconnectReason;
use crate::error::{ClientError, ConnectProblem};
use crate::ingress_proxy::SessionHeader;

pub(crate) use action::{Action, ClosedEgress, Event, IngressId, Now};
pub(crate) use endpoints::{Route, Target};
pub(crate) use state::Session;
pub use state::State;

/// Facts about Aeron, and the application's wish to end.
impl Session {
    /// A media driver runs, and egress is subscribed to.
    pub(crate) fn on_media_driver_ready(&mut self, now: Now) {
        if let Phase::AwaitMediaDriver { give_up_at } = self.phase {
            let attempt = Attempt::start(&self.endpoints, Now::ZERO, now, now, &self.settings, &mut self.outbox);
            self.phase = Phase::Connecting { attempt, give_up_at };
        }
    }

    /// The media driver has gone, and with it all publications and the egress subscription.
    pub(crate) fn on_media_driver_lost(&mut self, reason: &str, now: Now) {
        self.outbox.note(ConnectProblem::MediaDriver(reason.to_owned()));
        self.outbox.media_driver_lost();
        self.is_egress_deaf = false;
        let reported = self.open().map(|open| open.reported.is_some());
        let give_up_at = match std::mem::replace(&mut self.phase, Phase::Closed) {
            Phase::Closed => return,
            Phase::AwaitMediaDriver { give_up_at } | Phase::Connecting { give_up_at, .. } => give_up_at,
            _ => self.give_up_at(now),
        };
        self.phase = Phase::AwaitMediaDriver { give_up_at };
        let Some(reported) = reported else { return };
        let reason = DisconnectReason::MediaDriverLost(reason.to_owned());
        if self.settings.reconnect == Reconnect::Never {
            self.end(ClientError::Disconnected(format!("{reason:?}")));
        }
        if reported {
            self.outbox.report(Event::Disconnected(reason));
        }
    }

    /// An egress image is closed.
    pub(crate) fn on_egress_closed(&mut self, closed: ClosedEgress, now: Now) {
        let watchdog = self.settings.watchdog;
        match closed {
            // The leader has stepped down or ends. The next one announces itself.
            ClosedEgress::LeaderEnded if matches!(self.phase, Phase::Connected(_)) => {
                self.await_new_leader(now + watchdog, now);
            }
            ClosedEgress::LeaderEnded => {}
            ClosedEgress::LeaderLost => {
                self.is_egress_deaf = true;
                self.lost(DisconnectReason::EgressLost, now);
            }
            ClosedEgress::OtherLost => {
                self.is_egress_deaf = true;
                self.renew_deaf_egress(now);
            }
        }
    }

    /// A member receives the publication.
    pub(crate) fn on_ingress_connected(&mut self, ingress: IngressId, now: Now) {
        let Self { phase, outbox, .. } = self;
        if let Some(open) = phase.open_mut()
            && let Some(check) = open.check.as_mut().filter(|check| check.is_of(ingress))
        {
            check.on_connected(now, outbox);
        } else if let Some(open) = self.open_mut().filter(|open| open.ingress == ingress) {
            open.ingress_connected = true;
            open.probe_at = open.probe_at.min(now);
            self.on_tick(now);
        } else if let Some(attempt) = self.attempt_mut() {
            attempt.on_ingress_connected(ingress);
            self.on_tick(now);
        }
    }

    /// No member receives the publication any more.
    pub(crate) fn on_ingress_disconnected(&mut self, ingress: IngressId, now: Now) {
        self.ingress_lost(ingress, None, now);
    }

    /// The publication could not be added, and is forgotten.
    pub(crate) fn on_ingress_failed(&mut self, ingress: IngressId, reason: &str, now: Now) {
        self.ingress_lost(ingress, Some(reason), now);
    }

    /// The publication is at its maximum position, and takes no more bytes.
    pub(crate) fn on_ingress_exhausted(&mut self, ingress: IngressId, now: Now) {
        if self.open().is_some_and(|open| open.ingress == ingress) {
            self.lost(DisconnectReason::IngressExhausted, now);
        }
    }

    fn ingress_lost(&mut self, ingress: IngressId, reason: Option<&str>, now: Now) {
        if self.open().is_some_and(|open| open.ingress == ingress) {
            self.open_ingress_lost(reason, now);
            return;
        }
        let Self { phase, settings, backoff, outbox, .. } = self;
        if let Some(open) = phase.open_mut()
            && let Some(check) = open.check.as_mut().filter(|check| check.is_of(ingress))
        {
            let was_present = check.is_present();
            check.fail(outbox);
            if was_present {
                self.present_leader_lost(now);
            }
            return;
        }
        if let Phase::Connecting { attempt, .. } | Phase::AwaitNewLeader { attempt: Some(attempt), .. } = phase {
            attempt.on_ingress_lost(ingress, reason, now, settings, backoff, outbox);
        }
    }

    /// The open session's publication is no longer connected, or could not be added.
    fn open_ingress_lost(&mut self, reason: Option<&str>, now: Now) {
        let Self { phase, settings, backoff, outbox, .. } = self;
        match phase {
            // The cluster is between two leaders, so the publication is added again, until the message time-out.
            Phase::AwaitNewLeaderConnection { open, reopen_at, .. } => {
                if let Some(reason) = reason {
                    let (target, reason) = (open.target.to_string(), reason.to_owned());
                    outbox.note(ConnectProblem::Ingress { target, reason });
                } else {
                    outbox.close(open.ingress);
                }
                open.ingress_connected = false;
                *reopen_at = Some(now + backoff.next());
            }
            Phase::AwaitNewLeader { open, .. } => {
                let was_present = open.is_leader_present();
                open.ingress_connected = false;
                if was_present {
                    self.present_leader_lost(now);
                }
            }
            Phase::Connected(open) => {
                open.ingress_connected = false;
                let attempt_at = now + settings.watchdog;
                self.await_new_leader(attempt_at, now);
            }
            Phase::AwaitMediaDriver { .. } | Phase::Connecting { .. } | Phase::Closed => {}
        }
    }

    /// The connect request or challenge response was sent by `ingress`.
    pub(crate) fn on_request_sent(&mut self, ingress: IngressId, correlation_id: i64, now: Now) {
        let Self { phase, settings, .. } = self;
        if let Phase::Connecting { attempt, .. } | Phase::AwaitNewLeader { attempt: Some(attempt), .. } = phase {
            attempt.on_request_sent(ingress, correlation_id, now, settings);
        }
    }

    /// A keep-alive was sent by `ingress`. The first one to a new leader makes the session usable again.
    pub(crate) fn on_keep_alive_sent(&mut self, ingress: IngressId, now: Now) {
        let keep_alive_at = now + self.settings.keep_alive_interval;
        let Some(open) = self.open_mut().filter(|open| open.ingress == ingress) else { return };
        open.keep_alive_at = keep_alive_at;
        if matches!(self.phase, Phase::AwaitNewLeaderConnection { .. }) {
            self.connected_to_new_leader(now);
        }
    }

    /// Ends the session and the client.
    pub(crate) fn close(&mut self) {
        if let Some(open) = self.open()
            && open.ingress_connected
        {
            self.outbox.push(Action::SendClose { ingress: open.ingress, header: open.header });
        }
        self.end(ClientError::Closed);
    }
}

/// Messages of the cluster.
impl Session {
    /// Whether a message is for the application: it belongs to the open session, and is a sign of life of it.
    #[inline]
    pub(crate) fn on_message(&mut self, cluster_session_id: i64, now: Now) -> bool {
        let is_open_session = self.is_open_session(cluster_session_id);
        if is_open_session {
            self.heard(now);
        }
        is_open_session
    }

    /// The answer to a connect request, or news of the open session.
    pub(crate) fn on_session_event(&mut self, event: &SessionEvent<'_>, now: Now) {
        if self.is_open_session(event.cluster_session_id) {
            self.on_own_session_event(event, now);
            return;
        }
        if event.code == SessionEventCode::Ok && self.outbox.take_abandoned(event.correlation_id) {
            self.on_late_session(event, now);
            return;
        }
        let Self { phase, endpoints, settings, backoff, outbox, .. } = self;
        let (Phase::Connecting { attempt, .. } | Phase::AwaitNewLeader { attempt: Some(attempt), .. }) = phase else {
            return;
        };
        match attempt.on_session_event(event, endpoints, now, settings, backoff, outbox) {
            Outcome::Pending => {}
            Outcome::Final(error) => self.end(error),
            Outcome::Open { ingress, header, leader_member_id } => {
                self.session_opened(ingress, header, leader_member_id, event.correlation_id, now);
            }
        }
    }

    /// A request that was abandoned has led to a session after all. The client takes the session while it has none, and
    /// otherwise closes it, so that it does not count against the cluster's limit of sessions.
    fn on_late_session(&mut self, event: &SessionEvent<'_>, now: Now) {
        let SessionEvent { leadership_term_id, cluster_session_id, leader_member_id, correlation_id, .. } = *event;
        let header = SessionHeader { leadership_term_id, cluster_session_id };
        match &self.phase {
            Phase::Connecting { .. } | Phase::AwaitNewLeader { attempt: Some(_), .. } => {
                self.session_opened(None, header, leader_member_id, correlation_id, now);
            }
            _ => {
                if let Some(open) = self.open() {
                    self.outbox.push(Action::SendClose { ingress: open.ingress, header });
                }
            }
        }
    }

    fn on_own_session_event(&mut self, event: &SessionEvent<'_>, now: Now) {
        match event.code {
            SessionEventCode::Closed => self.lost(DisconnectReason::ClosedByCluster(event.detail.to_owned()), now),
            // A member that leads for the first time sends OK to the sessions that it knows from the log, one duty cycle
            // (10 ms) before its NewLeaderEvent. Source: `ClusterSession.hasOpenEventPending`.
            SessionEventCode::Ok => self.follow(event.leadership_term_id, event.leader_member_id, now),
            _ => {}
        }
    }

    /// A leader in a new term.
    pub(crate) fn on_new_leader(&mut self, event: &NewLeaderEvent<'_>, now: Now) {
        if self.is_open_session(event.cluster_session_id) {
            self.endpoints.update(event.ingress_endpoints);
            self.follow(event.leadership_term_id, event.leader_member_id, now);
        }
    }

    /// The cluster's authenticator asks for more.
    pub(crate) fn on_challenge(
        &mut self,
        correlation_id: i64,
        cluster_session_id: i64,
        encoded_challenge: &[u8],
        now: Now,
    ) {
        let Self { phase, settings, outbox, .. } = self;
        if let Phase::Connecting { attempt, .. } | Phase::AwaitNewLeader { attempt: Some(attempt), .. } = phase {
            attempt.on_challenge(correlation_id, cluster_session_id, encoded_challenge, now, settings, outbox);
        }
    }

    /// Goes over to the leader of a newer term. A leader of the present term is nothing new.
    fn follow(&mut self, leadership_term_id: i64, leader_member_id: i32, now: Now) {
        self.heard(now);
        let is_newer = self.open().is_some_and(|open| leadership_term_id > open.header.leadership_term_id);
        if is_newer && !self.go_to_leader(leadership_term_id, leader_member_id, now) {
            self.await_new_leader(now, now);
        }
    }
}

#[cfg(test)]
mod property_tests;
#[cfg(test)]
mod tests;
