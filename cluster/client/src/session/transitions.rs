//! Changes of state.

use super::action::{Action, Event, IngressId, Now};
use super::attempt::{Attempt, IPC_GRACE};
use super::endpoints::Target;
use super::leader_check::Reader;
use super::state::{Open, Phase, Session};
use crate::context::Reconnect;
use crate::egress_listener::{Connected, DisconnectReason, NewLeader};
use crate::error::{ClientError, ConnectProblem};
use crate::ingress_proxy::SessionHeader;

/// Stands for the publication to a leader to which none is opened yet.
const NO_INGRESS: IngressId = IngressId(0);

impl Session {
    /// The cluster has opened a session in answer to the request `correlation_id`, by `ingress`, or, without one, at a leader
    /// to which ingress is not connected yet.
    pub(super) fn session_opened(
        &mut self,
        ingress: Option<(IngressId, Target)>,
        header: SessionHeader,
        leader_member_id: i32,
        correlation_id: i64,
        now: Now,
    ) {
        let is_connected = ingress.is_some();
        let leader = ingress.or_else(|| Some((NO_INGRESS, self.endpoints.leader(leader_member_id)?)));
        let Some((ingress, target)) = leader else { return };
        let kept = Some(ingress).filter(|_| is_connected);
        let attempt = match std::mem::replace(&mut self.phase, Phase::Closed) {
            Phase::Connecting { attempt, .. } => attempt,
            Phase::AwaitNewLeader { open: old, attempt: Some(attempt), .. } => {
                self.replace(old, kept, header);
                attempt
            }
            other => {
                self.phase = other;
                return;
            }
        };
        attempt.keep_only(kept, &mut self.outbox);
        self.outbox.clear_problem();
        let mut open = Open {
            header,
            correlation_id,
            leader_member_id,
            ingress,
            target,
            ingress_connected: is_connected,
            reported: None,
            opened_at: now,
            heard_at: now,
            unanswered_probes: 0,
            silent_since: None,
            check: None,
            reader: Reader::default(),
            probe_at: now,
            keep_alive_at: now + self.settings.keep_alive_interval,
        };
        if is_connected {
            self.phase = Phase::Connected(open);
            self.report_open();
        } else {
            open.ingress = self.outbox.open(&open.target);
            self.phase = self.await_connection(open, now);
        }
    }

    /// Gives up the old session for a new one, and tells the new leader, if `ingress` leads to it.
    fn replace(&mut self, mut old: Open, ingress: Option<IngressId>, header: SessionHeader) {
        if let Some(ingress) = ingress {
            let header = SessionHeader { cluster_session_id: old.header.cluster_session_id, ..header };
            self.outbox.push(Action::SendClose { ingress, header });
        }
        old.close_ingress(&mut self.outbox);
        if old.reported.is_some() {
            self.outbox.report(Event::Disconnected(DisconnectReason::Watchdog));
        }
    }

    /// Tells the application that the session can be used, if the application does not know: the session is new, or its
    /// leader is.
    pub(super) fn report_open(&mut self) {
        let Some(open) = self.open_mut() else { return };
        let SessionHeader { leadership_term_id, cluster_session_id } = open.header;
        let leader_member_id = open.leader_member_id;
        match open.reported.replace(leadership_term_id) {
            None => {
                let event = Connected { cluster_session_id, leadership_term_id, leader_member_id };
                self.outbox.report(Event::Connected(event));
            }
            Some(term) if term != leadership_term_id => {
                let event = NewLeader { cluster_session_id, leadership_term_id, leader_member_id };
                self.outbox.report(Event::NewLeader(event));
            }
            Some(_) => {}
        }
    }

    fn await_connection(&self, open: Open, now: Now) -> Phase {
        let give_up_at = now + self.settings.message_timeout;
        Phase::AwaitNewLeaderConnection { open, network_at: now + IPC_GRACE, reopen_at: None, give_up_at }
    }

    /// Begins to connect ingress to the leader of a newer term. False when no endpoint of that member is known.
    pub(super) fn go_to_leader(&mut self, leadership_term_id: i64, leader_member_id: i32, now: Now) -> bool {
        let Some(target) = self.endpoints.leader(leader_member_id) else {
            let member = format!("the endpoint of the new leader, member {leader_member_id}, is not known");
            self.outbox.note(ConnectProblem::NoLeader(member));
            return false;
        };
        let mut open = match std::mem::replace(&mut self.phase, Phase::Closed) {
            Phase::Connected(open) | Phase::AwaitNewLeaderConnection { open, .. } => open,
            Phase::AwaitNewLeader { open, attempt, .. } => {
                if let Some(attempt) = attempt {
                    attempt.abandon(&mut self.outbox);
                }
                open
            }
            other => {
                self.phase = other;
                return true;
            }
        };
        open.close_ingress(&mut self.outbox);
        open.ingress = self.outbox.open(&target);
        open.target = target;
        open.ingress_connected = false;
        open.reader = Reader::default();
        open.header.leadership_term_id = leadership_term_id;
        open.leader_member_id = leader_member_id;
        self.phase = self.await_connection(open, now);
        true
    }

    /// A message of the open session has come.
    pub(super) fn heard(&mut self, now: Now) {
        let Self { phase, outbox, .. } = self;
        if let Some(open) = phase.open_mut() {
            open.heard(now, outbox);
        }
        if matches!(&self.phase, Phase::AwaitNewLeader { open, .. } if open.ingress_connected) {
            let Phase::AwaitNewLeader { open, attempt, .. } = std::mem::replace(&mut self.phase, Phase::Closed) else {
                return;
            };
            if let Some(attempt) = attempt {
                attempt.abandon(&mut self.outbox);
            }
            self.phase = Phase::Connected(open);
            self.report_open();
        }
    }

    /// Ingress to the new leader is connected, and the leader's member knows of it.
    pub(super) fn connected_to_new_leader(&mut self, now: Now) {
        let Phase::AwaitNewLeaderConnection { mut open, .. } = std::mem::replace(&mut self.phase, Phase::Closed) else {
            return;
        };
        open.heard(now, &mut self.outbox);
        self.phase = Phase::Connected(open);
        self.report_open();
    }

    /// The leader is lost or silent. From `attempt_at` on a new session is to be tried beside the old one, unless the leader
    /// is known to be there: a busy leader goes on with the session, and gets until the session time-out for it.
    pub(super) fn leader_lost(&mut self, attempt_at: Now, now: Now) {
        let mut open = match std::mem::replace(&mut self.phase, Phase::Closed) {
            Phase::Connected(open) | Phase::AwaitNewLeaderConnection { open, .. } => open,
            other => {
                self.phase = other;
                return;
            }
        };
        let (attempt_at, give_up_at) = if open.is_leader_present() {
            (None, open.silent_since.unwrap_or(now) + self.settings.session_timeout)
        } else {
            if let Some(check) = &mut open.check {
                check.fail(&mut self.outbox);
            }
            (Some(attempt_at), now + self.settings.new_leader_timeout)
        };
        let attempt_at = attempt_at.filter(|_| self.settings.reconnect == Reconnect::Always);
        self.phase = Phase::AwaitNewLeader { open, attempt_at, attempt: None, give_up_at };
    }

    /// The leader of a silent session, which was known to be there, has gone, or knows nothing of the session: a new one is
    /// tried.
    pub(super) fn present_leader_lost(&mut self, now: Now) {
        if let Phase::AwaitNewLeader { attempt_at, give_up_at, .. } = &mut self.phase {
            *attempt_at = Some(now).filter(|_| self.settings.reconnect == Reconnect::Always);
            *give_up_at = now + self.settings.new_leader_timeout;
        }
        self.on_tick(now);
    }

    /// The session is lost. The client opens another one, or ends.
    pub(super) fn lost(&mut self, reason: DisconnectReason, now: Now) {
        let (mut open, attempt) = match std::mem::replace(&mut self.phase, Phase::Closed) {
            Phase::Connected(open) | Phase::AwaitNewLeaderConnection { open, .. } => (open, None),
            Phase::AwaitNewLeader { open, attempt, .. } => (open, attempt),
            other => {
                self.phase = other;
                return;
            }
        };
        if reason == DisconnectReason::EgressLost && open.ingress_connected {
            // The cluster hears this client, and need not keep the session until its time-out.
            self.outbox.push(Action::SendClose { ingress: open.ingress, header: open.header });
        }
        open.close_ingress(&mut self.outbox);
        if open.reported.is_some() {
            self.outbox.report(Event::Disconnected(reason.clone()));
        }
        if self.settings.reconnect == Reconnect::Never {
            self.fatal = Some(ClientError::Disconnected(format!("{reason:?}")));
            return;
        }
        // Without news from the leader also its ingress is in doubt.
        let opened_after = match reason {
            DisconnectReason::EgressLost | DisconnectReason::NoNewLeader => open.heard_at,
            _ => Now::ZERO,
        };
        let attempt = attempt.unwrap_or_else(|| {
            let retry_at = now + self.backoff.next();
            Attempt::start(&self.endpoints, opened_after, now, retry_at, &self.settings, &mut self.outbox)
        });
        self.phase = Phase::Connecting { attempt, give_up_at: self.give_up_at(now) };
        self.renew_deaf_egress(now);
    }

    /// Subscribes to egress anew if a publication is not received any more by the present subscription, and if there is no
    /// session that would be lost by that. On any port the new subscription gets another one, so that the members answer by
    /// new publications; on a port of its own it receives the old ones again.
    pub(super) fn renew_deaf_egress(&mut self, now: Now) {
        let Phase::Connecting { attempt, .. } = &mut self.phase else { return };
        if std::mem::take(&mut self.is_egress_deaf) {
            attempt.on_egress_renewed(now + self.backoff.next(), &mut self.outbox);
            self.outbox.push(Action::RenewEgress);
        }
    }

    /// The egress subscription that this session shares was replaced by a new one.
    pub(crate) fn on_egress_renewed(&mut self, now: Now) {
        self.is_egress_deaf = false;
        let Phase::Connecting { attempt, .. } = &mut self.phase else { return };
        if attempt.has_sent_request() {
            attempt.on_egress_renewed(now + self.backoff.next(), &mut self.outbox);
        }
    }

    /// Ends the client.
    pub(super) fn end(&mut self, error: ClientError) {
        match std::mem::replace(&mut self.phase, Phase::Closed) {
            Phase::AwaitMediaDriver { .. } => {}
            Phase::Connecting { attempt, .. } => attempt.abandon(&mut self.outbox),
            Phase::Connected(mut open) | Phase::AwaitNewLeaderConnection { mut open, .. } => {
                open.close_ingress(&mut self.outbox);
            }
            Phase::AwaitNewLeader { mut open, attempt, .. } => {
                open.close_ingress(&mut self.outbox);
                if let Some(attempt) = attempt {
                    attempt.abandon(&mut self.outbox);
                }
            }
            Phase::Closed => return,
        }
        self.fatal = Some(error);
    }

    /// When a client that has no session from now on is to end.
    pub(super) fn give_up_at(&self, now: Now) -> Option<Now> {
        self.settings.overall_connect_timeout.map(|timeout| now + timeout)
    }
}
