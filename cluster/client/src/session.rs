//! The life of a session as a state machine without I/O: messages, connection facts and time go in, [`Action`]s come out.
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
//! One rule decides what happens without news: a session is given up only when the cluster says so, when a new one is open, or
//! after the new-leader time-out. So `AwaitNewLeader` keeps the old session and, from the watchdog's time on, tries to open a
//! new one beside it. During an election nothing is torn down; after a restart of the whole cluster, of which no event
//! tells, the new session is there as soon as the cluster is.
//!
//! Source: the states of `AeronCluster` and `AeronCluster.AsyncConnect`.

mod attempt;
mod backoff;
mod endpoints;
mod liveness;
mod transitions;

use std::collections::VecDeque;
use std::time::Duration;

use attempt::{Attempt, Outcome};
use backoff::Backoff;
pub(crate) use endpoints::{Endpoints, Route, Target};

use crate::context::{Context, Reconnect};
use crate::egress_adapter::{NewLeaderEvent, SessionEvent, SessionEventCode};
use crate::egress_listener::{Connected, DisconnectReason, NewLeader};
use crate::error::{ClientError, ConnectProblem};
use crate::ingress_proxy::SessionHeader;

/// Time since the client was made.
pub(crate) type Now = Duration;

/// Requests given up of which a late answer is still understood.
const MAX_FORGOTTEN_REQUESTS: usize = 16;

/// An ingress publication.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct IngressId(pub u64);

/// What the driver of the machine is to do. Sends that fail are not repeated by the driver: the machine asks again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Action {
    OpenIngress { ingress: IngressId, target: Target },
    CloseIngress { ingress: IngressId },
    SendConnect { ingress: IngressId },
    SendChallengeResponse { ingress: IngressId, cluster_session_id: i64, encoded_challenge: Vec<u8> },
    SendKeepAlive { ingress: IngressId, header: SessionHeader },
    SendProbe { ingress: IngressId, header: SessionHeader },
    SendClose { ingress: IngressId, header: SessionHeader },
    Report(Event),
}

/// What the application is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Event {
    Connected(Connected),
    NewLeader(NewLeader),
    Disconnected(DisconnectReason),
}

/// Where a client stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// No session: the media driver is not there yet, or not any more.
    AwaitMediaDriver,
    /// No session: looking for the leader.
    Connecting,
    /// The session is open and its leader connected.
    Connected,
    /// The session's leader is lost or silent: waiting for a new one, and trying a new session in time.
    AwaitNewLeader,
    /// A new leader has announced itself: ingress to it is being connected.
    AwaitNewLeaderConnection,
    /// The client has ended.
    Closed,
}

/// The part of the context that the machine needs.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub message_timeout: Duration,
    pub connect_timeout: Duration,
    pub new_leader_timeout: Duration,
    pub keep_alive_interval: Duration,
    pub watchdog: Duration,
    pub retry_max: Duration,
    pub overall_connect_timeout: Option<Duration>,
    pub reconnect: Reconnect,
}

/// Actions to be done, in order, and the last problem met.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    actions: VecDeque<Action>,
    next_ingress: u64,
    problem: Option<ConnectProblem>,
    /// Correlation ids of requests that were given up, which the cluster may still answer with a session.
    forgotten: VecDeque<i64>,
}

impl Outbox {
    fn push(&mut self, action: Action) {
        self.actions.push_back(action);
    }

    /// Has something sent that is asked for again until it went out. Asked for twice before the driver acts, it is one send:
    /// a second connect request would open a second session.
    fn send(&mut self, action: Action) {
        if !self.actions.contains(&action) {
            self.push(action);
        }
    }

    fn report(&mut self, event: Event) {
        self.push(Action::Report(event));
    }

    fn open(&mut self, target: &Target) -> IngressId {
        self.next_ingress += 1;
        let ingress = IngressId(self.next_ingress);
        self.push(Action::OpenIngress { ingress, target: target.clone() });
        ingress
    }

    fn close(&mut self, ingress: IngressId) {
        self.push(Action::CloseIngress { ingress });
    }

    fn note(&mut self, problem: ConnectProblem) {
        self.problem = Some(problem);
    }

    fn forget(&mut self, correlation_id: i64) {
        if self.forgotten.len() == MAX_FORGOTTEN_REQUESTS {
            self.forgotten.pop_front();
        }
        self.forgotten.push_back(correlation_id);
    }

    fn is_forgotten(&mut self, correlation_id: i64) -> bool {
        let index = self.forgotten.iter().position(|forgotten| *forgotten == correlation_id);
        index.and_then(|index| self.forgotten.remove(index)).is_some()
    }
}

/// The state machine.
#[derive(Debug)]
pub(crate) struct Session {
    settings: Settings,
    endpoints: Endpoints,
    backoff: Backoff,
    phase: Phase,
    outbox: Outbox,
    fatal: Option<ClientError>,
}

#[derive(Debug)]
enum Phase {
    AwaitMediaDriver { give_up_at: Option<Now> },
    Connecting { attempt: Attempt, give_up_at: Option<Now> },
    Connected(Open),
    AwaitNewLeader { open: Open, attempt_at: Option<Now>, attempt: Option<Attempt>, give_up_at: Now },
    AwaitNewLeaderConnection { open: Open, target: Target, network_at: Now, give_up_at: Now },
    Closed,
}

/// A session that the cluster has opened.
#[derive(Debug)]
struct Open {
    header: SessionHeader,
    leader_member_id: i32,
    ingress: IngressId,
    ingress_connected: bool,
    /// Term in which the application last heard of it: not before it can be used.
    reported: Option<i64>,
    opened_at: Now,
    /// Last sign of life.
    heard_at: Now,
    unanswered_probes: u32,
    probe_at: Now,
    keep_alive_at: Now,
}

impl Session {
    /// `seed` makes the back-off's jitter differ between clients.
    pub(crate) fn new(context: &Context, seed: u64) -> Self {
        let settings = Settings {
            message_timeout: context.message_timeout,
            connect_timeout: context.connect_timeout,
            new_leader_timeout: context.new_leader_timeout,
            keep_alive_interval: context.keep_alive_interval,
            watchdog: context.watchdog,
            retry_max: context.retry_max,
            overall_connect_timeout: context.overall_connect_timeout,
            reconnect: context.reconnect,
        };
        Self {
            endpoints: Endpoints::new(context.ingress_endpoints.clone(), context.ipc_member),
            backoff: Backoff::new(context.retry_min, context.retry_max, seed),
            phase: Phase::AwaitMediaDriver { give_up_at: settings.overall_connect_timeout },
            settings,
            outbox: Outbox::default(),
            fatal: None,
        }
    }

    /// The next thing to do.
    pub(crate) fn next_action(&mut self) -> Option<Action> {
        self.outbox.actions.pop_front()
    }

    pub(crate) fn state(&self) -> State {
        match self.phase {
            Phase::AwaitMediaDriver { .. } => State::AwaitMediaDriver,
            Phase::Connecting { .. } => State::Connecting,
            Phase::Connected(_) => State::Connected,
            Phase::AwaitNewLeader { .. } => State::AwaitNewLeader,
            Phase::AwaitNewLeaderConnection { .. } => State::AwaitNewLeaderConnection,
            Phase::Closed => State::Closed,
        }
    }

    /// Why the client has ended, once.
    pub(crate) fn take_fatal(&mut self) -> Option<ClientError> {
        self.fatal.take()
    }

    /// What stood last in the way of a session, while there is none.
    pub(crate) fn problem(&self) -> Option<&ConnectProblem> {
        self.outbox.problem.as_ref()
    }

    /// Notes what the driver of the machine met.
    pub(crate) fn note(&mut self, problem: ConnectProblem) {
        self.outbox.note(problem);
    }

    /// The open session, if there is one.
    pub(crate) fn header(&self) -> Option<SessionHeader> {
        self.open().map(|open| open.header)
    }

    /// The member that leads the open session's term.
    pub(crate) fn leader_member_id(&self) -> Option<i32> {
        self.open().map(|open| open.leader_member_id)
    }

    /// Where the application's messages go; `None` while there is no leader that takes them.
    pub(crate) fn ingress(&self) -> Option<(IngressId, SessionHeader)> {
        match &self.phase {
            Phase::Connected(open) | Phase::AwaitNewLeader { open, .. } => open
                .reported
                .filter(|term| *term == open.header.leadership_term_id)
                .map(|_| (open.ingress, open.header)),
            _ => None,
        }
    }

    fn open(&self) -> Option<&Open> {
        match &self.phase {
            Phase::Connected(open)
            | Phase::AwaitNewLeader { open, .. }
            | Phase::AwaitNewLeaderConnection { open, .. } => Some(open),
            _ => None,
        }
    }

    fn open_mut(&mut self) -> Option<&mut Open> {
        match &mut self.phase {
            Phase::Connected(open)
            | Phase::AwaitNewLeader { open, .. }
            | Phase::AwaitNewLeaderConnection { open, .. } => Some(open),
            _ => None,
        }
    }

    fn attempt_mut(&mut self) -> Option<&mut Attempt> {
        match &mut self.phase {
            Phase::Connecting { attempt, .. } => Some(attempt),
            Phase::AwaitNewLeader { attempt, .. } => attempt.as_mut(),
            _ => None,
        }
    }

    fn is_open_session(&self, cluster_session_id: i64) -> bool {
        self.open().is_some_and(|open| open.header.cluster_session_id == cluster_session_id)
    }
}

/// Facts about Aeron.
impl Session {
    /// The media driver is there and egress is subscribed to.
    pub(crate) fn on_media_driver_ready(&mut self, now: Now) {
        if let Phase::AwaitMediaDriver { give_up_at } = self.phase {
            let attempt = Attempt::start(&self.endpoints, now, now, &self.settings, &mut self.outbox);
            self.phase = Phase::Connecting { attempt, give_up_at };
        }
    }

    /// The media driver is gone, and all publications and the egress channel with it.
    pub(crate) fn on_media_driver_lost(&mut self, reason: &str, now: Now) {
        self.outbox.note(ConnectProblem::MediaDriver(reason.to_owned()));
        // Publications are gone already, so only reports are left to do; and another driver counts anew.
        self.outbox.actions.retain(|action| matches!(action, Action::Report(_)));
        self.outbox.forgotten.clear();
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

    pub(crate) fn on_ingress_connected(&mut self, ingress: IngressId, now: Now) {
        if let Some(open) = self.open_mut().filter(|open| open.ingress == ingress) {
            open.ingress_connected = true;
            open.probe_at = open.probe_at.min(now);
            self.on_tick(now);
        } else if let Some(attempt) = self.attempt_mut() {
            attempt.on_ingress_connected(ingress);
            self.on_tick(now);
        }
    }

    /// The publication is no longer connected.
    pub(crate) fn on_ingress_disconnected(&mut self, ingress: IngressId, now: Now) {
        self.ingress_lost(ingress, None, now);
    }

    /// The publication could not be added, and is gone.
    pub(crate) fn on_ingress_failed(&mut self, ingress: IngressId, reason: &str, now: Now) {
        self.ingress_lost(ingress, Some(reason), now);
    }

    /// The publication will take no more bytes.
    pub(crate) fn on_ingress_exhausted(&mut self, ingress: IngressId, now: Now) {
        if self.open().is_some_and(|open| open.ingress == ingress) {
            self.lost(DisconnectReason::IngressExhausted, now);
        }
    }

    fn ingress_lost(&mut self, ingress: IngressId, reason: Option<&str>, now: Now) {
        let watchdog = self.settings.watchdog;
        if let Some(open) = self.open_mut().filter(|open| open.ingress == ingress) {
            open.ingress_connected = false;
            // A publication that could not be added will not come back, and nothing has been sent to the new leader.
            let attempt_at = if reason.is_some() { now } else { now + watchdog };
            self.await_new_leader(attempt_at, now);
            return;
        }
        let Self { phase, settings, backoff, outbox, .. } = self;
        if let Phase::Connecting { attempt, .. } | Phase::AwaitNewLeader { attempt: Some(attempt), .. } = phase {
            attempt.on_ingress_lost(ingress, reason, now, settings, backoff, outbox);
        }
    }

    /// The connect request or challenge response went out by `ingress`.
    pub(crate) fn on_request_sent(&mut self, ingress: IngressId, correlation_id: i64) {
        if let Some(attempt) = self.attempt_mut() {
            attempt.on_request_sent(ingress, correlation_id);
        }
    }

    /// The keep-alive went out by `ingress`: the first one opens the way to a new leader.
    pub(crate) fn on_keep_alive_sent(&mut self, ingress: IngressId, now: Now) {
        let keep_alive_at = now + self.settings.keep_alive_interval;
        let Some(open) = self.open_mut().filter(|open| open.ingress == ingress) else { return };
        open.keep_alive_at = keep_alive_at;
        if matches!(self.phase, Phase::AwaitNewLeaderConnection { .. }) {
            self.connected_to_new_leader(now);
        }
    }
}

/// Messages of the cluster.
impl Session {
    /// Whether the application is to have this message: it is of the open session, and so a sign of life.
    #[inline]
    pub(crate) fn on_message(&mut self, cluster_session_id: i64, now: Now) -> bool {
        let ours = self.is_open_session(cluster_session_id);
        if ours {
            self.heard(now);
        }
        ours
    }

    pub(crate) fn on_session_event(&mut self, event: &SessionEvent<'_>, now: Now) {
        if self.is_open_session(event.cluster_session_id) {
            self.on_own_session_event(event, now);
            return;
        }
        if event.code == SessionEventCode::Ok && self.outbox.is_forgotten(event.correlation_id) {
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
                self.session_opened(ingress, header, leader_member_id, now);
            }
        }
    }

    /// A request that was given up has come to a session after all: it is welcome while there is none, and else closed, so
    /// that it does not use up one of the cluster's.
    fn on_late_session(&mut self, event: &SessionEvent<'_>, now: Now) {
        let SessionEvent { leadership_term_id, cluster_session_id, leader_member_id, .. } = *event;
        let header = SessionHeader { leadership_term_id, cluster_session_id };
        match &self.phase {
            Phase::Connecting { .. } | Phase::AwaitNewLeader { attempt: Some(_), .. } => {
                self.session_opened(None, header, leader_member_id, now);
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
            // A member that leads for the first time says OK to the sessions it knows from the log, a duty cycle (10 ms)
            // before its NewLeaderEvent: `ClusterSession.hasOpenEventPending`.
            SessionEventCode::Ok => self.follow(event.leadership_term_id, event.leader_member_id, now),
            _ => {}
        }
    }

    pub(crate) fn on_new_leader(&mut self, event: &NewLeaderEvent<'_>, now: Now) {
        if self.is_open_session(event.cluster_session_id) {
            self.endpoints.update(event.ingress_endpoints);
            self.follow(event.leadership_term_id, event.leader_member_id, now);
        }
    }

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

    fn heard(&mut self, now: Now) {
        if let Some(open) = self.open_mut() {
            open.heard_at = now;
            open.unanswered_probes = 0;
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
}

#[cfg(test)]
mod property_tests;
#[cfg(test)]
mod tests;
