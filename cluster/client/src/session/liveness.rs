//! What time brings: keep-alives, probes, the watchdog, time-outs.

use super::attempt::Attempt;
use super::{Action, ClientError, DisconnectReason, Now, Phase, Route, Session};

/// Parts of the watchdog's time: silence for one part is followed by a probe, silence for all of them by a new attempt.
const WATCHDOG_PARTS: u32 = 3;

/// Probes that must have gone unanswered before the watchdog acts: one alone may be the application's own pause.
const MIN_UNANSWERED_PROBES: u32 = 2;

/// Time, and the application's wish to end.
impl Session {
    pub(crate) fn on_tick(&mut self, now: Now) {
        match &self.phase {
            Phase::AwaitMediaDriver { give_up_at } | Phase::Connecting { give_up_at, .. }
                if give_up_at.is_some_and(|give_up_at| now >= give_up_at) =>
            {
                let timeout = self.settings.overall_connect_timeout.unwrap_or_default();
                self.end(ClientError::ConnectTimeout { timeout, problem: self.outbox.problem.clone() });
            }
            Phase::AwaitMediaDriver { .. } | Phase::Closed => {}
            Phase::Connecting { .. } => self.attempt_tick(now),
            Phase::Connected(_) => self.connected_tick(now),
            Phase::AwaitNewLeader { .. } => self.await_new_leader_tick(now),
            Phase::AwaitNewLeaderConnection { .. } => self.await_new_leader_connection_tick(now),
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

    fn attempt_tick(&mut self, now: Now) {
        let Self { phase, settings, backoff, outbox, .. } = self;
        if let Phase::Connecting { attempt, .. } | Phase::AwaitNewLeader { attempt: Some(attempt), .. } = phase {
            attempt.on_tick(now, settings, backoff, outbox);
        }
    }

    fn connected_tick(&mut self, now: Now) {
        // A session that lasts wipes out earlier failures; one that is closed at once must not be retried without pause.
        if self.open().is_some_and(|open| now.saturating_sub(open.opened_at) > self.settings.retry_max) {
            self.backoff.reset();
        }
        if self.keep_session_alive(now) == Silence::TooLong {
            self.await_new_leader(now, now);
        }
    }

    fn await_new_leader_tick(&mut self, now: Now) {
        self.keep_session_alive(now);
        let Phase::AwaitNewLeader { attempt_at, attempt, give_up_at, .. } = &mut self.phase else { return };
        if now >= *give_up_at {
            self.lost(DisconnectReason::NoNewLeader, now);
            return;
        }
        if attempt.is_none() && attempt_at.is_some_and(|attempt_at| now >= attempt_at) {
            *attempt = Some(Attempt::start(&self.endpoints, now, now, &self.settings, &mut self.outbox));
        }
        self.attempt_tick(now);
    }

    fn await_new_leader_connection_tick(&mut self, now: Now) {
        let Phase::AwaitNewLeaderConnection { open, target, network_at, give_up_at } = &mut self.phase else { return };
        if open.ingress_connected {
            self.outbox.send(Action::SendKeepAlive { ingress: open.ingress, header: open.header });
        } else if now >= *give_up_at {
            self.await_new_leader(now, now);
        } else if target.route == Route::Ipc
            && now >= *network_at
            && let Some(network) = self.endpoints.leader_by_network(open.leader_member_id)
        {
            self.outbox.close(open.ingress);
            open.ingress = self.outbox.open(&network);
            *target = network;
        }
    }

    /// Sends keep-alives and, when the session is silent, probes.
    fn keep_session_alive(&mut self, now: Now) -> Silence {
        let watchdog = self.settings.watchdog;
        let (Phase::Connected(open) | Phase::AwaitNewLeader { open, .. }) = &mut self.phase else {
            return Silence::Bearable;
        };
        if !open.ingress_connected {
            return Silence::Bearable;
        }
        let (ingress, header) = (open.ingress, open.header);
        if now >= open.keep_alive_at {
            self.outbox.send(Action::SendKeepAlive { ingress, header });
        }
        let silence = now.saturating_sub(open.heard_at);
        if silence < watchdog / WATCHDOG_PARTS || now < open.probe_at {
            return Silence::Bearable;
        }
        let too_long = silence >= watchdog && open.unanswered_probes >= MIN_UNANSWERED_PROBES;
        open.unanswered_probes = open.unanswered_probes.saturating_add(1);
        open.probe_at = now + watchdog / WATCHDOG_PARTS;
        self.outbox.send(Action::SendProbe { ingress, header });
        if too_long { Silence::TooLong } else { Silence::Bearable }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Silence {
    Bearable,
    TooLong,
}
