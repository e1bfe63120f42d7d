//! The [`Cluster`] that a service sees: state of the log, sessions with their egress, and requests to the consensus
//! module.
//!
//! Source: the parts of `ClusteredServiceAgent` that implement `Cluster`, and `ContainerClientSession`.

use std::rc::Rc;

use tracing::warn;

use crate::agent_io::{AgentIo, Egress};
use crate::cluster::{Cluster, MOCKED_OFFER, Role, TimeUnit};
use crate::consensus_module_proxy::{
    SessionMessageHeader, encode_cancel_timer, encode_close_session, encode_schedule_timer,
};
use crate::context::ClientOfPrincipal;
use crate::counters::ServiceCounter;
use crate::error::ContainerError;
use crate::liveness::Liveness;
use crate::message_parts::{MessageParts, payload_length};
use crate::offer_error::OfferError;
use crate::service_error::ServiceError;
use crate::sessions::{ClientSession, Sessions};
use crate::stall_budget::StallBudget;
use crate::stall_clock::StallClock;

/// Number of attempts to request the close of a session, in one call. Source:
/// `ClusteredServiceAgent.closeClientSession`.
const CLOSE_SESSION_ATTEMPTS: usize = 3;

/// A callback in which the service must not send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Callback {
    Start,
    Terminate,
    RoleChange,
    BackgroundWork,
}

impl Callback {
    fn name(self) -> &'static str {
        match self {
            Self::Start => "on_start",
            Self::Terminate => "on_terminate",
            Self::RoleChange => "on_role_change",
            Self::BackgroundWork => "do_background_work",
        }
    }
}

/// The state of the cluster that a service sees.
#[derive(Debug)]
pub(crate) struct ClusterView<E> {
    pub(crate) member_id: i32,
    pub(crate) role: Role,
    pub(crate) log_position: i64,
    pub(crate) leadership_term_id: i64,
    pub(crate) time: i64,
    pub(crate) time_unit: TimeUnit,
    pub(crate) sessions: Sessions<E>,
}

/// The cluster of a service, with the I/O `I`.
#[derive(Debug)]
pub(crate) struct ServiceCluster<I: AgentIo> {
    pub(crate) liveness: Liveness<I>,
    pub(crate) view: ClusterView<I::Egress>,
    header: SessionMessageHeader,
    /// The callback under way, if the service must not send in it.
    callback: Option<Callback>,
    service_id: i32,
    is_responding: bool,
    egress_stall_limit_ns: i64,
    client_of_principal: ClientOfPrincipal,
    stall_budget: StallBudget,
    slow_sessions_closed: ServiceCounter,
    /// Whether the close of a slow session has not been requested yet.
    has_unsent_closes: bool,
}

impl<I: AgentIo> ServiceCluster<I> {
    pub(crate) fn new(
        io: I,
        service_id: i32,
        is_responding: bool,
        egress_stall_limit_ns: i64,
        client_of_principal: ClientOfPrincipal,
        slow_sessions_closed: ServiceCounter,
    ) -> Self {
        let view = ClusterView {
            member_id: -1,
            role: Role::Follower,
            log_position: -1,
            leadership_term_id: -1,
            time: 0,
            time_unit: TimeUnit::Millis,
            sessions: Sessions::new(),
        };
        Self {
            liveness: Liveness::new(io),
            view,
            header: SessionMessageHeader::new(),
            callback: None,
            service_id,
            is_responding,
            egress_stall_limit_ns,
            client_of_principal,
            stall_budget: StallBudget::new(egress_stall_limit_ns),
            slow_sessions_closed,
            has_unsent_closes: false,
        }
    }

    /// Runs `f` as the callback `callback`, in which the service must not send.
    pub(crate) fn during<T>(&mut self, callback: Callback, f: impl FnOnce(&mut Self) -> T) -> T {
        let outer = self.callback.replace(callback);
        let result = f(self);
        self.callback = outer;
        result
    }

    pub(crate) fn set_leadership_term_id(&mut self, leadership_term_id: i64) {
        self.view.leadership_term_id = leadership_term_id;
        self.header.set_leadership_term_id(leadership_term_id);
    }

    /// Requests the egress of a session that has none, if this service answers clients.
    pub(crate) fn connect_egress(&mut self, id: i64) {
        if let Some(entry) = self.view.sessions.get_mut(id)
            && self.is_responding
            && entry.egress.is_none()
        {
            let session = &entry.session;
            match self.liveness.io.add_egress(session.response_channel(), session.response_stream_id()) {
                Ok(egress) => entry.egress = Some(egress),
                Err(error) => self.liveness.io.record_error(&format_args!("cannot add a client's egress: {error}")),
            }
        }
    }

    /// Begins a leadership. All sessions are as new, and get egress unless this is a start, after which the consensus
    /// module closes them.
    pub(crate) fn begin_leadership(&mut self, is_startup: bool) {
        self.has_unsent_closes = false;
        let ids: Vec<i64> = self.view.sessions.iter().map(|entry| entry.session.id()).collect();
        for id in ids {
            if let Some(entry) = self.view.sessions.get_mut(id) {
                entry.reset();
            }
            if !is_startup {
                self.connect_egress(id);
            }
        }
    }

    /// Closes the egress of all sessions.
    pub(crate) fn disconnect_egress(&mut self) {
        self.view.sessions.iter_mut().for_each(|entry| entry.egress = None);
    }

    /// Requests the closes that [`ServiceCluster::close_slow_session`] could not request.
    pub(crate) fn send_due_closes(&mut self) {
        if !self.has_unsent_closes {
            return;
        }
        let due: Vec<Rc<ClientSession>> = self
            .view
            .sessions
            .iter()
            .filter(|entry| entry.is_slow && !entry.session.is_closing())
            .map(|entry| Rc::clone(&entry.session))
            .collect();
        self.has_unsent_closes = !due.iter().all(|session| self.request_close(session));
    }

    /// Fails when nothing may be sent now. If the callback is the reason, the container will end.
    #[inline]
    fn check_sending(&mut self, call: &'static str) -> Result<(), OfferError> {
        if self.callback.is_none() && !self.liveness.has_failed() {
            return Ok(());
        }
        self.refuse(call)
    }

    #[cold]
    fn refuse(&mut self, call: &'static str) -> Result<(), OfferError> {
        if self.liveness.has_failed() {
            return Err(OfferError::Closed);
        }
        let callback = self.callback.map_or("", Callback::name);
        self.liveness.fail(ContainerError::NotAllowed { call, callback });
        Err(OfferError::NotAllowed)
    }

    /// Sends to the consensus module. The answer is false under back pressure. An error that no later attempt can mend
    /// ends the container; the answer is true then, so that the service does not try for ever.
    fn send(&mut self, call: &'static str, message: &[u8]) -> bool {
        if self.check_sending(call).is_err() {
            return true;
        }
        match self.liveness.io.offer_control(&[message]) {
            Ok(_) => true,
            Err(error) if error.is_retryable() => false,
            Err(error) => {
                self.liveness.fail(ContainerError::ControlPublication { error });
                true
            }
        }
    }

    /// Requests the close of a session, in a few attempts. Returns whether it was requested.
    fn request_close(&mut self, session: &ClientSession) -> bool {
        let message = encode_close_session(session.id());
        for attempt in 0..CLOSE_SESSION_ATTEMPTS {
            if attempt > 0 {
                self.liveness.idle(0);
            }
            if self.send("close_client_session", &message) {
                session.set_closing(true);
                return true;
            }
        }
        false
    }

    /// Repeats an offer to a client until it succeeds or the stall limit is reached. Time in which the member's own media
    /// driver stands still is not the client's; if it stands still for good, the Aeron client closes and ends the container.
    #[cold]
    fn offer_again(&mut self, session_id: i64, parts: &[&[u8]]) -> Result<i64, OfferError> {
        let now_ns = self.liveness.io.nano_time();
        let mut clock = StallClock::start(now_ns);
        let Some(session) = self.view.sessions.get(session_id).map(|entry| Rc::clone(&entry.session)) else {
            return Err(OfferError::UnknownSession);
        };
        let client = (self.client_of_principal)(session.encoded_principal());
        let left_ns = self.stall_budget.left_ns(client, now_ns);
        loop {
            self.liveness.idle(0);
            if self.liveness.has_failed() {
                return Err(OfferError::Closed);
            }
            let has_answered = self.liveness.io.probe_driver();
            let now_ns = self.liveness.io.nano_time();
            let waited_ns = clock.waited_ns(now_ns, has_answered);
            let header = self.header.address(session_id, self.view.time);
            let Some(entry) = self.view.sessions.get_mut(session_id) else { return Err(OfferError::UnknownSession) };
            let Some(egress) = &mut entry.egress else { return Err(OfferError::NotConnected) };
            let result = egress.offer(&MessageParts::of(header, parts));
            let is_over = entry.stalled_ns + waited_ns >= self.egress_stall_limit_ns;
            match result {
                Err(OfferError::BackPressured) if is_over || waited_ns >= left_ns => {
                    self.stall_budget.add(client, waited_ns, now_ns);
                    self.close_slow_session(session_id);
                    return Err(OfferError::SlowConsumer);
                }
                Err(error) if error.is_retryable() && !is_over => {}
                result => {
                    entry.stalled_ns += waited_ns;
                    self.stall_budget.add(client, waited_ns, now_ns);
                    if result.is_ok() {
                        entry.forgive(payload_length(parts), self.egress_stall_limit_ns);
                    }
                    return result;
                }
            }
        }
    }

    /// Closes the session of a client that does not keep up. The client has missed a message, so it must connect again.
    fn close_slow_session(&mut self, id: i64) {
        let Some(entry) = self.view.sessions.get_mut(id) else { return };
        entry.is_slow = true;
        let session = Rc::clone(&entry.session);
        self.slow_sessions_closed.increment();
        warn!(session_id = id, "closed the session of a client that did not keep up with its egress");
        self.liveness.io.record_error(&"a client did not keep up with its egress: its session was closed");
        if !session.is_closing() && !self.request_close(&session) {
            self.has_unsent_closes = true;
        }
    }
}

impl<I: AgentIo> Cluster for ServiceCluster<I> {
    fn member_id(&self) -> i32 {
        self.view.member_id
    }

    fn role(&self) -> Role {
        self.view.role
    }

    fn log_position(&self) -> i64 {
        self.view.log_position
    }

    fn leadership_term_id(&self) -> i64 {
        self.view.leadership_term_id
    }

    fn time(&self) -> i64 {
        self.view.time
    }

    fn time_unit(&self) -> TimeUnit {
        self.view.time_unit
    }

    fn client_session(&self, id: i64) -> Option<&ClientSession> {
        self.view.client_session(id)
    }

    fn for_each_client_session(&self, f: &mut dyn FnMut(&ClientSession)) {
        self.view.for_each_client_session(f);
    }

    fn close_client_session(&mut self, id: i64) -> bool {
        if self.check_sending("close_client_session").is_err() {
            return false;
        }
        let Some(session) = self.view.sessions.get(id).map(|entry| Rc::clone(&entry.session)) else { return false };
        session.is_closing() || self.request_close(&session)
    }

    #[inline]
    fn offer_to_parts(&mut self, session_id: i64, parts: &[&[u8]]) -> Result<i64, OfferError> {
        self.check_sending("offer_to")?;
        MessageParts::check(parts)?;
        if self.view.role != Role::Leader {
            return Ok(MOCKED_OFFER);
        }
        let header = self.header.address(session_id, self.view.time);
        let Some(entry) = self.view.sessions.get_mut(session_id) else { return Err(OfferError::UnknownSession) };
        if entry.is_slow {
            return Err(OfferError::SlowConsumer);
        }
        let Some(egress) = &mut entry.egress else { return Err(OfferError::NotConnected) };
        match egress.offer(&MessageParts::of(header, parts)) {
            Ok(position) => {
                if entry.stalled_ns > 0 {
                    entry.forgive(payload_length(parts), self.egress_stall_limit_ns);
                }
                Ok(position)
            }
            Err(error) if error.is_retryable() => self.offer_again(session_id, parts),
            Err(error) => Err(error),
        }
    }

    fn offer_parts(&mut self, parts: &[&[u8]]) -> Result<i64, OfferError> {
        self.check_sending("offer")?;
        MessageParts::check(parts)?;
        let header = self.header.address(i64::from(self.service_id), self.view.time);
        let result = self.liveness.io.offer_control(&MessageParts::of(header, parts));
        if let Err(error @ (OfferError::NotConnected | OfferError::Closed | OfferError::MaxPositionExceeded)) = result {
            self.liveness.fail(ContainerError::ControlPublication { error });
        }
        result
    }

    fn schedule_timer(&mut self, correlation_id: i64, deadline: i64) -> bool {
        self.send("schedule_timer", &encode_schedule_timer(correlation_id, deadline))
    }

    fn cancel_timer(&mut self, correlation_id: i64) -> bool {
        self.send("cancel_timer", &encode_cancel_timer(correlation_id))
    }

    fn add_counter(&mut self, type_id: i32, key: &[u8], label: &str) -> Result<ServiceCounter, ServiceError> {
        self.liveness.io.add_counter(type_id, key, label)
    }

    fn idle(&mut self, work: usize) {
        self.liveness.idle(work);
    }
}

impl<E> ClusterView<E> {
    pub(crate) fn client_session(&self, id: i64) -> Option<&ClientSession> {
        self.sessions.get(id).map(|entry| entry.session.as_ref())
    }

    pub(crate) fn for_each_client_session(&self, f: &mut dyn FnMut(&ClientSession)) {
        self.sessions.iter().for_each(|entry| f(&entry.session));
    }
}
