//! The [`Cluster`] that a service is given: state of the log, sessions with their egress, and the way to the consensus
//! module.
//!
//! Source: the parts of `ClusteredServiceAgent` that implement `Cluster`, and `ContainerClientSession`.

use std::ops::Deref;
use std::rc::Rc;

use tracing::warn;

use crate::agent_io::{AgentIo, Egress};
use crate::cluster::{Cluster, MAX_OFFER_PARTS, MOCKED_OFFER, Role, TimeUnit};
use crate::consensus_module_proxy::{
    SessionMessageHeader, encode_cancel_timer, encode_close_session, encode_schedule_timer,
};
use crate::counters::ServiceCounter;
use crate::error::ContainerError;
use crate::lifeline::Lifeline;
use crate::offer_error::OfferError;
use crate::service_error::ServiceError;
use crate::sessions::{ClientSession, Sessions};

/// How often a request to close a session is tried at once. Source: `ClusteredServiceAgent.closeClientSession`.
const CLOSE_SESSION_ATTEMPTS: usize = 3;

/// A callback in which nothing may be sent.
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

/// What a service can see without doing anything.
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

/// The cluster of a service, over the outside `I`.
#[derive(Debug)]
pub(crate) struct ServiceCluster<I: AgentIo> {
    pub(crate) lifeline: Lifeline<I>,
    pub(crate) view: ClusterView<I::Egress>,
    header: SessionMessageHeader,
    /// The callback under way, if it is one that must not send.
    callback: Option<Callback>,
    service_id: i32,
    is_responding: bool,
    egress_stall_limit_ns: i64,
    slow_sessions_closed: ServiceCounter,
    /// A slow session's close could not be sent yet.
    has_unsent_closes: bool,
}

impl<I: AgentIo> ServiceCluster<I> {
    pub(crate) fn new(
        io: I,
        service_id: i32,
        is_responding: bool,
        egress_stall_limit_ns: i64,
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
            lifeline: Lifeline::new(io),
            view,
            header: SessionMessageHeader::new(),
            callback: None,
            service_id,
            is_responding,
            egress_stall_limit_ns,
            slow_sessions_closed,
            has_unsent_closes: false,
        }
    }

    /// Calls `f` as the callback `callback`, in which nothing may be sent.
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

    /// Begins to add the egress of a session that has none, if this service answers clients.
    pub(crate) fn connect_egress(&mut self, id: i64) {
        if let Some(entry) = self.view.sessions.get_mut(id)
            && self.is_responding
            && entry.egress.is_none()
        {
            let session = &entry.session;
            match self.lifeline.io.add_egress(session.response_channel(), session.response_stream_id()) {
                Ok(egress) => entry.egress = Some(egress),
                Err(error) => self.lifeline.io.record_error(&format_args!("cannot add a client's egress: {error}")),
            }
        }
    }

    /// Begins a leadership: sessions are as new, and have egress unless the consensus module is about to close them all.
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

    pub(crate) fn disconnect_egress(&mut self) {
        self.view.sessions.iter_mut().for_each(|entry| entry.egress = None);
    }

    /// Tries again to send what [`ServiceCluster::close_slow_session`] could not.
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

    /// Whether something may be sent now; if not because of the callback, the container is to end.
    #[inline]
    fn check_sending(&mut self, call: &'static str) -> Result<(), OfferError> {
        if self.callback.is_none() && !self.lifeline.has_failed() {
            return Ok(());
        }
        self.refuse(call)
    }

    #[cold]
    fn refuse(&mut self, call: &'static str) -> Result<(), OfferError> {
        if self.lifeline.has_failed() {
            return Err(OfferError::Closed);
        }
        let callback = self.callback.map_or("", Callback::name);
        self.lifeline.fail(ContainerError::NotAllowed { call, callback });
        Err(OfferError::NotAllowed)
    }

    /// Sends to the consensus module; false with back pressure. What cannot get better ends the container: then the answer
    /// is true, so that the service does not try for ever.
    fn send(&mut self, call: &'static str, message: &[u8]) -> bool {
        if self.check_sending(call).is_err() {
            return true;
        }
        match self.lifeline.io.offer_control(&[message]) {
            Ok(_) => true,
            Err(error) if error.is_retryable() => false,
            Err(error) => {
                self.lifeline.fail(ContainerError::ControlPublication { error });
                true
            }
        }
    }

    fn request_close(&mut self, session: &ClientSession) -> bool {
        let message = encode_close_session(session.id());
        for attempt in 0..CLOSE_SESSION_ATTEMPTS {
            if attempt > 0 {
                self.lifeline.idle(0);
            }
            if self.send("close_client_session", &message) {
                session.set_closing(true);
                return true;
            }
        }
        false
    }

    /// Waits for a client that did not take a message at once.
    #[cold]
    fn offer_again(&mut self, session_id: i64, parts: &[&[u8]]) -> Result<i64, OfferError> {
        let started_ns = self.lifeline.io.nano_time();
        loop {
            self.lifeline.idle(0);
            if self.lifeline.has_failed() {
                return Err(OfferError::Closed);
            }
            let waited_ns = self.lifeline.io.nano_time() - started_ns;
            let header = self.header.address(session_id, self.view.time);
            let Some(entry) = self.view.sessions.get_mut(session_id) else { return Err(OfferError::UnknownSession) };
            let Some(egress) = &mut entry.egress else { return Err(OfferError::NotConnected) };
            let result = egress.offer(&Gather::of(header, parts));
            let is_over = entry.stalled_ns + waited_ns >= self.egress_stall_limit_ns;
            match result {
                Err(OfferError::BackPressured) if is_over => {
                    self.close_slow_session(session_id);
                    return Err(OfferError::SlowConsumer);
                }
                Err(error) if error.is_retryable() && !is_over => {}
                result => {
                    entry.stalled_ns += waited_ns;
                    if result.is_ok() {
                        entry.forgive(length_of(parts), self.egress_stall_limit_ns);
                    }
                    return result;
                }
            }
        }
    }

    /// Closes a session whose client does not keep up: it has missed a message, and must connect again.
    fn close_slow_session(&mut self, id: i64) {
        let Some(entry) = self.view.sessions.get_mut(id) else { return };
        entry.is_slow = true;
        let session = Rc::clone(&entry.session);
        self.slow_sessions_closed.increment();
        warn!(session_id = id, "a client does not keep up with its egress; its session is closed");
        self.lifeline.io.record_error(&"a client did not keep up with its egress: its session was closed");
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
        check_parts(parts)?;
        if self.view.role != Role::Leader {
            return Ok(MOCKED_OFFER);
        }
        let header = self.header.address(session_id, self.view.time);
        let Some(entry) = self.view.sessions.get_mut(session_id) else { return Err(OfferError::UnknownSession) };
        if entry.is_slow {
            return Err(OfferError::SlowConsumer);
        }
        let Some(egress) = &mut entry.egress else { return Err(OfferError::NotConnected) };
        match egress.offer(&Gather::of(header, parts)) {
            Ok(position) => {
                if entry.stalled_ns > 0 {
                    entry.forgive(length_of(parts), self.egress_stall_limit_ns);
                }
                Ok(position)
            }
            Err(error) if error.is_retryable() => self.offer_again(session_id, parts),
            Err(error) => Err(error),
        }
    }

    fn offer_parts(&mut self, parts: &[&[u8]]) -> Result<i64, OfferError> {
        self.check_sending("offer")?;
        check_parts(parts)?;
        let header = self.header.address(i64::from(self.service_id), self.view.time);
        let result = self.lifeline.io.offer_control(&Gather::of(header, parts));
        if let Err(error @ (OfferError::NotConnected | OfferError::Closed | OfferError::MaxPositionExceeded)) = result {
            self.lifeline.fail(ContainerError::ControlPublication { error });
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
        self.lifeline.io.add_counter(type_id, key, label)
    }

    fn idle(&mut self, work: usize) {
        self.lifeline.idle(work);
    }
}

/// The parts of one message on the wire: the session header, then those of the service.
struct Gather<'a> {
    parts: [&'a [u8]; 1 + MAX_OFFER_PARTS],
    count: usize,
}

impl<'a> Gather<'a> {
    #[inline]
    fn of(header: &'a [u8], parts: &[&'a [u8]]) -> Self {
        let mut all = [header; 1 + MAX_OFFER_PARTS];
        all[1..].iter_mut().zip(parts).for_each(|(slot, part)| *slot = part);
        Self { parts: all, count: (1 + parts.len()).min(1 + MAX_OFFER_PARTS) }
    }
}

impl<'a> Deref for Gather<'a> {
    type Target = [&'a [u8]];

    #[inline]
    fn deref(&self) -> &Self::Target {
        &self.parts[..self.count]
    }
}

#[inline]
fn check_parts(parts: &[&[u8]]) -> Result<(), OfferError> {
    match parts.len() {
        0..=MAX_OFFER_PARTS => Ok(()),
        parts => Err(OfferError::TooManyParts { parts, maximum: MAX_OFFER_PARTS }),
    }
}

fn length_of(parts: &[&[u8]]) -> usize {
    parts.iter().map(|part| part.len()).sum()
}

impl<E> ClusterView<E> {
    pub(crate) fn client_session(&self, id: i64) -> Option<&ClientSession> {
        self.sessions.get(id).map(|entry| entry.session.as_ref())
    }

    pub(crate) fn for_each_client_session(&self, f: &mut dyn FnMut(&ClientSession)) {
        self.sessions.iter().for_each(|entry| f(&entry.session));
    }
}
