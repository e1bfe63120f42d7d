//! The state of a session, and what can be asked of it.

use super::action::{Action, IngressId, Now, Outbox};
use super::attempt::Attempt;
use super::backoff::Backoff;
use super::endpoints::{Endpoints, Target};
use super::leader_check::{LeaderCheck, Reader};
use super::settings::Settings;
use crate::context::Context;
use crate::error::{ClientError, ConnectProblem};
use crate::ingress_proxy::SessionHeader;

/// State of a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum State {
    /// There is no session, and no media driver.
    AwaitMediaDriver,
    /// There is no session. The client looks for the leader.
    Connecting,
    /// The session is open and its leader connected.
    Connected,
    /// The session's leader is lost or silent. The client waits for a new one, and after some time tries a new session.
    AwaitNewLeader,
    /// A new leader has announced itself. Ingress to it is being connected.
    AwaitNewLeaderConnection,
    /// The client has ended.
    Closed,
}

/// The state machine.
#[derive(Debug)]
pub(crate) struct Session {
    pub(super) settings: Settings,
    pub(super) endpoints: Endpoints,
    pub(super) backoff: Backoff,
    pub(super) phase: Phase,
    pub(super) outbox: Outbox,
    pub(super) fatal: Option<ClientError>,
    /// Whether an image was lost whose publication the egress subscription does not receive again (`rejoin=false`).
    pub(super) is_egress_deaf: bool,
}

/// A [`State`] with the data that it has.
#[derive(Debug)]
pub(super) enum Phase {
    AwaitMediaDriver {
        give_up_at: Option<Now>,
    },
    Connecting {
        attempt: Attempt,
        give_up_at: Option<Now>,
    },
    Connected(Open),
    AwaitNewLeader {
        open: Open,
        attempt_at: Option<Now>,
        attempt: Option<Attempt>,
        give_up_at: Now,
    },
    /// `reopen_at` is set while there is no publication, because it could not be added or was lost.
    AwaitNewLeaderConnection {
        open: Open,
        network_at: Now,
        reopen_at: Option<Now>,
        give_up_at: Now,
    },
    Closed,
}

/// A session that the cluster has opened.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) header: SessionHeader,
    /// The request that was answered with the session: a connect request, or the response to a challenge.
    pub(super) correlation_id: i64,
    pub(super) leader_member_id: i32,
    pub(super) ingress: IngressId,
    /// Where `ingress` leads to.
    pub(super) target: Target,
    pub(super) ingress_connected: bool,
    /// Leadership term in which the application was last told that it can use the session; `None` if it was never told.
    pub(super) reported: Option<i64>,
    pub(super) opened_at: Now,
    /// When the last message of the session came.
    pub(super) heard_at: Now,
    pub(super) unanswered_probes: u32,
    /// When the first of the unanswered probes was sent.
    pub(super) silent_since: Option<Now>,
    pub(super) check: Option<LeaderCheck>,
    pub(super) reader: Reader,
    pub(super) probe_at: Now,
    pub(super) keep_alive_at: Now,
}

impl Phase {
    pub(super) fn open_mut(&mut self) -> Option<&mut Open> {
        match self {
            Self::Connected(open) | Self::AwaitNewLeader { open, .. } | Self::AwaitNewLeaderConnection { open, .. } => {
                Some(open)
            }
            _ => None,
        }
    }
}

impl Open {
    /// The session is heard: its silence has ended.
    pub(super) fn heard(&mut self, now: Now, outbox: &mut Outbox) {
        self.heard_at = now;
        self.unanswered_probes = 0;
        self.silent_since = None;
        self.reader.heard();
        self.end_check(outbox);
    }

    /// Whether the leader is known to be there, though it answers nothing.
    pub(super) fn is_leader_present(&self) -> bool {
        self.ingress_connected && self.check.as_ref().is_some_and(LeaderCheck::is_present)
    }

    /// Closes all publications of the session.
    pub(super) fn close_ingress(&mut self, outbox: &mut Outbox) {
        outbox.close(self.ingress);
        self.end_check(outbox);
    }

    /// Ends the check of the leader, if there is one.
    pub(super) fn end_check(&mut self, outbox: &mut Outbox) {
        if let Some(mut check) = self.check.take() {
            check.fail(outbox);
        }
    }
}

impl Session {
    /// A client without a session. `seed` makes the random part of its pauses differ from other clients'.
    pub(crate) fn new(context: &Context, seed: u64, now: Now) -> Self {
        let settings = Settings::new(context);
        Self {
            endpoints: Endpoints::new(context.ingress_endpoints.clone(), context.ipc_member),
            backoff: Backoff::new(context.retry_min, context.retry_max, seed),
            phase: Phase::AwaitMediaDriver {
                give_up_at: settings.overall_connect_timeout.map(|timeout| now + timeout),
            },
            settings,
            outbox: Outbox::default(),
            fatal: None,
            is_egress_deaf: false,
        }
    }

    /// The next action to be done.
    pub(crate) fn next_action(&mut self) -> Option<Action> {
        self.outbox.next()
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

    /// Why the client has ended; the reason is given once.
    pub(crate) fn take_fatal(&mut self) -> Option<ClientError> {
        self.fatal.take()
    }

    /// What stood last in the way of a session, while there is none.
    pub(crate) fn problem(&self) -> Option<&ConnectProblem> {
        self.outbox.problem()
    }

    /// Notes what stands in the way of a session.
    pub(crate) fn note(&mut self, problem: ConnectProblem) {
        self.outbox.note(problem);
    }

    /// The open session and its leadership term.
    pub(crate) fn header(&self) -> Option<SessionHeader> {
        self.open().map(|open| open.header)
    }

    /// The publication of the open session, while it is connected: its flow control is of interest.
    pub(crate) fn connected_ingress(&self) -> Option<IngressId> {
        self.open().filter(|open| open.ingress_connected).map(|open| open.ingress)
    }

    /// The request that the cluster answered with the open session.
    pub(crate) fn correlation_id(&self) -> Option<i64> {
        self.open().map(|open| open.correlation_id)
    }

    /// The publication of the open session, which may not be connected.
    pub(crate) fn open_ingress(&self) -> Option<IngressId> {
        self.open().map(|open| open.ingress)
    }

    /// Whether the cluster's answer with this correlation id is for this session: for a request that waits for it or was
    /// abandoned, or for the one that opened the session.
    pub(crate) fn awaits(&self, correlation_id: i64) -> bool {
        self.correlation_id() == Some(correlation_id)
            || self.attempt().is_some_and(|attempt| attempt.awaits(correlation_id))
            || self.outbox.has_abandoned(correlation_id)
    }

    /// Whether a request for a session was sent and is not answered.
    pub(crate) fn has_sent_request(&self) -> bool {
        self.attempt().is_some_and(Attempt::has_sent_request)
    }

    /// The member that leads the open session's term.
    pub(crate) fn leader_member_id(&self) -> Option<i32> {
        self.open().map(|open| open.leader_member_id)
    }

    /// Where the application's messages go, and their header; `None` while no leader takes them.
    pub(crate) fn ingress(&self) -> Option<(IngressId, SessionHeader)> {
        match &self.phase {
            Phase::Connected(open) | Phase::AwaitNewLeader { open, .. } => open
                .reported
                .filter(|term| *term == open.header.leadership_term_id)
                .map(|_| (open.ingress, open.header)),
            _ => None,
        }
    }

    pub(super) fn open(&self) -> Option<&Open> {
        match &self.phase {
            Phase::Connected(open)
            | Phase::AwaitNewLeader { open, .. }
            | Phase::AwaitNewLeaderConnection { open, .. } => Some(open),
            _ => None,
        }
    }

    pub(super) fn open_mut(&mut self) -> Option<&mut Open> {
        self.phase.open_mut()
    }

    fn attempt(&self) -> Option<&Attempt> {
        match &self.phase {
            Phase::Connecting { attempt, .. } => Some(attempt),
            Phase::AwaitNewLeader { attempt, .. } => attempt.as_ref(),
            _ => None,
        }
    }

    pub(super) fn attempt_mut(&mut self) -> Option<&mut Attempt> {
        match &mut self.phase {
            Phase::Connecting { attempt, .. } => Some(attempt),
            Phase::AwaitNewLeader { attempt, .. } => attempt.as_mut(),
            _ => None,
        }
    }

    pub(super) fn is_open_session(&self, cluster_session_id: i64) -> bool {
        self.open().is_some_and(|open| open.header.cluster_session_id == cluster_session_id)
    }
}
