//! What time brings: keep-alives, probes, the watchdog, time-outs.

use super::action::{Action, IngressId, Now};
use super::attempt::Attempt;
use super::endpoints::Route;
use super::leader_check::LeaderCheck;
use super::state::{Phase, Session};
use crate::egress_listener::DisconnectReason;
use crate::error::ClientError;

/// Parts of the watchdog's time: after silence for one part the client sends a probe, after silence for all of them it tries
/// a new session.
const WATCHDOG_PARTS: u32 = 3;

/// Unanswered probes before the watchdog acts: a single one may be due to a pause of the application.
const MIN_UNANSWERED_PROBES: u32 = 2;

/// Part of the watchdog's time after which a probe that is not answered makes the client look whether the leader is there, and
/// within which the leader has to be found.
const CHECK_PARTS: u32 = 6;

impl Session {
    /// Does what is due. Called at least every few milliseconds.
    pub(crate) fn on_tick(&mut self, now: Now) {
        match &self.phase {
            Phase::AwaitMediaDriver { give_up_at } | Phase::Connecting { give_up_at, .. }
                if give_up_at.is_some_and(|give_up_at| now >= give_up_at) =>
            {
                let timeout = self.settings.overall_connect_timeout.unwrap_or_default();
                self.end(ClientError::ConnectTimeout { timeout, problem: self.outbox.problem().cloned() });
            }
            Phase::AwaitMediaDriver { .. } | Phase::Closed => {}
            Phase::Connecting { .. } => self.attempt_tick(now),
            Phase::Connected(_) => self.connected_tick(now),
            Phase::AwaitNewLeader { .. } => self.await_new_leader_tick(now),
            Phase::AwaitNewLeaderConnection { .. } => self.await_new_leader_connection_tick(now),
        }
    }

    /// The leader is lost or silent. From `attempt_at` on a new session is tried beside the old one.
    pub(super) fn await_new_leader(&mut self, attempt_at: Now, now: Now) {
        self.leader_lost(attempt_at, now);
        self.on_tick(now);
    }

    fn attempt_tick(&mut self, now: Now) {
        let Self { phase, settings, backoff, outbox, .. } = self;
        if let Phase::Connecting { attempt, .. } | Phase::AwaitNewLeader { attempt: Some(attempt), .. } = phase {
            attempt.on_tick(now, settings, backoff, outbox);
        }
    }

    fn connected_tick(&mut self, now: Now) {
        self.check_leader(now);
        // A session that lasts ends the row of failures. After one that is closed at once there must be a pause.
        if self.open().is_some_and(|open| now.saturating_sub(open.opened_at) > self.settings.retry_max) {
            self.backoff.reset();
        }
        if self.keep_session_alive(now) == Silence::TooLong {
            self.await_new_leader(now, now);
        }
    }

    fn await_new_leader_tick(&mut self, now: Now) {
        self.keep_session_alive(now);
        if let Phase::AwaitNewLeader { open, .. } = &mut self.phase
            && open.is_leader_present()
            && open.reader.knows_no_session(now)
        {
            open.end_check(&mut self.outbox);
            self.present_leader_lost(now);
            return;
        }
        let Phase::AwaitNewLeader { open, attempt_at, attempt, give_up_at } = &mut self.phase else { return };
        if now >= *give_up_at {
            self.lost(DisconnectReason::NoNewLeader, now);
            return;
        }
        if attempt.is_none() && attempt_at.is_some_and(|attempt_at| now >= attempt_at) {
            let Self { endpoints, settings, outbox, .. } = self;
            *attempt = Some(Attempt::start(endpoints, open.heard_at, now, now, settings, outbox));
        }
        self.attempt_tick(now);
    }

    fn await_new_leader_connection_tick(&mut self, now: Now) {
        let Phase::AwaitNewLeaderConnection { open, network_at, reopen_at, give_up_at } = &mut self.phase else {
            return;
        };
        if open.ingress_connected {
            self.outbox.send(Action::SendKeepAlive { ingress: open.ingress, header: open.header });
        } else if now >= *give_up_at {
            self.await_new_leader(now, now);
        } else if open.target.route == Route::Ipc
            && now >= *network_at
            && let Some(network) = self.endpoints.leader_by_network(open.leader_member_id)
        {
            self.outbox.close(open.ingress);
            open.ingress = self.outbox.open(&network);
            open.target = network;
            *reopen_at = None;
        } else if reopen_at.is_some_and(|reopen_at| now >= reopen_at) {
            open.ingress = self.outbox.open(&open.target);
            *reopen_at = None;
        }
    }

    /// Looks whether the leader of a silent session is there.
    fn check_leader(&mut self, now: Now) {
        let Self { phase, settings, outbox, .. } = self;
        let Phase::Connected(open) = phase else { return };
        let patience = settings.watchdog / CHECK_PARTS;
        match (&mut open.check, open.silent_since) {
            (Some(check), _) => check.on_tick(now, outbox),
            (None, Some(silent_since)) if now >= silent_since + patience => {
                open.check = Some(LeaderCheck::start(&open.target, silent_since, patience, now, outbox));
            }
            (None, _) => {}
        }
    }

    /// The media driver may send up to `limit`, in bytes, by `ingress`.
    pub(crate) fn on_sender_limit(&mut self, ingress: IngressId, limit: i64, now: Now) {
        let silence = self.settings.watchdog / WATCHDOG_PARTS;
        if let Some(open) = self.open_mut().filter(|open| open.ingress == ingress) {
            let is_silent = now.saturating_sub(open.heard_at) >= silence;
            open.reader.on_limit(limit, is_silent, now);
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
        open.silent_since.get_or_insert(now);
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
