//! The life of a service as a state machine: the agent recovers it, joins a log, consumes the log, takes snapshots and
//! ends the service, and it acks each of these steps to the consensus module.
//!
//! The agent does no I/O itself; [`AgentIo`] does. Source: `ClusteredServiceAgent`. Where Aeron's agent waits in place,
//! this one keeps a phase and continues in the next duty cycle. Its rules:
//! - Acks have ids that increase by one, and positions that the consensus module expects. While an ack cannot be sent,
//!   the agent does nothing else.
//! - The agent acts on one message of the consensus module before it reads the next.
//! - The agent joins a log only at the position where the last one ended.

mod joining;
mod snapshots;

use aeron_support::{Fragment, FragmentAssembler};

use crate::agent_io::{AgentIo, Flow, LogImage};
use crate::cluster::Role;
use crate::clustered_service::{ClusteredService, Header};
use crate::consensus_module_proxy::ServiceAck;
use crate::context::ClientOfPrincipal;
use crate::counters::ContainerCounters;
use crate::error::{ContainerError, Termination};
use crate::log_consumer::{LogConsumer, SnapshotRequest};
use crate::message_times::TimedMessages;
use crate::offer_error::OfferError;
use crate::service_adapter::{self, ControlEvent, JoinLog, TerminationPosition};
use crate::service_cluster::{Callback, ServiceCluster};

/// Aeron's value for "none".
const NULL_VALUE: i64 = -1;
/// Session id for the assembler of the log. The log is one stream, though each leader and each replay has its own image: an election
/// or a restart may come when a message is committed in part.
const LOG_SESSION_ID: i32 = 0;
/// Number of attempts to send the ack of the end. Source: `ClusteredServiceAgent.terminate`.
const TERMINATION_ACK_ATTEMPTS: u32 = 5;

/// Outcome of a duty cycle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Amount of work done. The thread may idle when it is 0.
    Work(usize),
    /// The service has ended.
    Ended(Termination),
}

/// Settings of an agent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AgentSettings {
    pub(crate) cluster_id: i32,
    pub(crate) service_id: i32,
    pub(crate) app_version: i32,
    pub(crate) is_responding_service: bool,
    pub(crate) log_fragment_limit: usize,
    pub(crate) timed_messages: u32,
    pub(crate) egress_stall_limit_ns: i64,
    pub(crate) client_of_principal: ClientOfPrincipal,
    pub(crate) snapshot_progress_timeout_ns: i64,
    pub(crate) log_image_timeout_ns: i64,
}

/// What the agent waits for, if it does. The phases follow one another in this order, the last two again for each log.
enum Phase<I: AgentIo> {
    /// The counters of the consensus module: its commit position, and the recovery state from which the service starts.
    AwaitConsensusModule,
    /// Nothing: the agent consumes a log, or messages of the consensus module between two logs.
    Active,
    /// The image of the log to join.
    AwaitLogImage(AwaitedLog<I::LogSubscription>),
}

/// A log whose image the agent waits for.
struct AwaitedLog<L> {
    event: JoinLog,
    subscription: L,
    /// Time at which the wait began, in nanoseconds.
    since_ns: i64,
}

/// The log that is being consumed.
struct ActiveLog<L> {
    image: L,
    /// Position at which the log ends for this service, in bytes.
    max_position: i64,
}

/// An ack that must be sent before anything else is done.
struct PendingAck {
    ack: ServiceAck,
    then: AfterAck,
}

/// What follows an ack once it has been sent.
enum AfterAck {
    /// The agent continues.
    Continue,
    /// The service takes its role in the log that it has joined.
    Join(JoinLog),
    /// The agent fails with this error.
    Fail(ContainerError),
    /// The agent ends with this result, also when the ack was not sent in the remaining attempts.
    End { result: Result<Termination, ContainerError>, attempts_left: u32 },
}

/// A service with the cluster that it sees.
pub(crate) struct Agent<S, I: AgentIo> {
    service: S,
    cluster: ServiceCluster<I>,
    settings: AgentSettings,
    counters: ContainerCounters,
    phase: Phase<I>,
    log: Option<ActiveLog<I::LogImage>>,
    assembler: FragmentAssembler,
    /// The messages that get times, if there are any.
    timed: Option<TimedMessages>,
    /// The log to join when the active one has been consumed.
    next_log: Option<JoinLog>,
    pending_ack: Option<PendingAck>,
    snapshot_request: Option<SnapshotRequest>,
    next_ack_id: i64,
    /// Where the consensus module asked the service to end.
    termination: Option<TerminationPosition>,
    /// The end of the agent, when nobody waits for an ack of it.
    end: Option<Result<Termination, ContainerError>>,
    /// Log position at which the consensus module asked for an ack.
    requested_ack_position: Option<i64>,
    takes_standby_snapshots: bool,
    /// Whether the service has joined a log since it started.
    has_joined_log: bool,
    /// Whether the service has started and has not ended.
    is_service_active: bool,
    /// Start of the last duty cycle, in nanoseconds.
    last_cycle_ns: Option<i64>,
}

impl<S: ClusteredService, I: AgentIo> Agent<S, I> {
    pub(crate) fn new(service: S, io: I, settings: AgentSettings, counters: ContainerCounters) -> Self {
        let cluster = ServiceCluster::new(
            io,
            settings.service_id,
            settings.is_responding_service,
            settings.egress_stall_limit_ns,
            settings.client_of_principal,
            counters.slow_sessions_closed.clone(),
        );
        Self {
            service,
            cluster,
            settings,
            counters,
            phase: Phase::AwaitConsensusModule,
            log: None,
            assembler: FragmentAssembler::new(1),
            timed: TimedMessages::new(settings.timed_messages),
            next_log: None,
            pending_ack: None,
            snapshot_request: None,
            next_ack_id: 0,
            termination: None,
            end: None,
            requested_ack_position: None,
            takes_standby_snapshots: false,
            has_joined_log: false,
            is_service_active: false,
            last_cycle_ns: None,
        }
    }

    /// One duty cycle. It must be the last when it ends with an error or with [`Progress::Ended`].
    #[inline]
    pub(crate) fn do_work(&mut self) -> Result<Progress, ContainerError> {
        let now_ns = self.cluster.liveness.io.nano_time();
        if let Some(last_ns) = self.last_cycle_ns.replace(now_ns) {
            self.counters.cycle.record(now_ns - last_ns);
        }
        let is_tick = self.cluster.liveness.tick(now_ns)?;
        if self.pending_ack.is_some()
            && let Some(progress) = self.send_ack()?
        {
            return Ok(progress);
        }
        let mut work = 0;
        if self.pending_ack.is_none() {
            work = match self.phase {
                Phase::Active => self.consume(is_tick)?,
                _ => self.advance()?,
            };
        }
        if self.is_service_active {
            let service = &mut self.service;
            work +=
                self.cluster.during(Callback::BackgroundWork, |cluster| service.do_background_work(cluster, now_ns));
        }
        self.cluster.liveness.take_fatal()?;
        match self.end.take() {
            Some(result) => result.map(Progress::Ended),
            None => Ok(Progress::Work(work)),
        }
    }

    /// Waits a little when `work` is 0.
    pub(crate) fn idle(&mut self, work: usize) {
        self.cluster.liveness.io.idle(work);
    }

    /// Ends the service unless it has ended, and leaves the log.
    pub(crate) fn close(&mut self) {
        if std::mem::take(&mut self.is_service_active) {
            let service = &mut self.service;
            self.cluster.during(Callback::Terminate, |cluster| service.on_terminate(cluster));
        }
        self.log = None;
        self.counters.log_position.set(NULL_VALUE);
        self.cluster.disconnect_egress();
    }

    /// Counts an error and writes it to the error log.
    pub(crate) fn record_error(&mut self, error: &dyn std::fmt::Display) {
        self.cluster.liveness.io.record_error(error);
    }

    /// The service.
    pub(crate) fn service(&self) -> &S {
        &self.service
    }

    /// Where the service stands in the log.
    #[cfg(feature = "testing")]
    pub(crate) fn place(&self) -> crate::log_replay::LogPlace {
        let view = &self.cluster.view;
        crate::log_replay::LogPlace {
            position: view.log_position,
            leadership_term_id: view.leadership_term_id,
            timestamp: view.time,
        }
    }

    /// Role of the member in the log that it has joined.
    #[cfg(feature = "testing")]
    pub(crate) fn role(&self) -> Role {
        self.cluster.view.role
    }
}

/// Acks.
impl<S: ClusteredService, I: AgentIo> Agent<S, I> {
    /// Makes an ack pending. `relevant_id` is what the ack is about, or [`NULL_VALUE`].
    fn ack(&mut self, log_position: i64, relevant_id: i64, then: AfterAck) {
        let ack = ServiceAck {
            log_position,
            timestamp: self.cluster.view.time,
            ack_id: self.next_ack_id,
            relevant_id,
            service_id: self.settings.service_id,
        };
        self.next_ack_id += 1;
        // A consensus module whose clock must not go behind the log reads it once it has the ack.
        self.counters.log_time.set(ack.timestamp);
        self.pending_ack = Some(PendingAck { ack, then });
    }

    /// Tries to send the pending ack. Returns the progress of the duty cycle if the cycle must end now.
    fn send_ack(&mut self) -> Result<Option<Progress>, ContainerError> {
        let Some(PendingAck { ack, then }) = self.pending_ack.take() else { return Ok(None) };
        let sent = self.cluster.liveness.io.offer_control(&[&ack.encode()]);
        let is_delayed = sent.is_err_and(OfferError::is_retryable);
        match (sent, then) {
            (_, AfterAck::End { result, attempts_left }) => {
                if is_delayed && attempts_left > 1 {
                    let then = AfterAck::End { result, attempts_left: attempts_left - 1 };
                    self.pending_ack = Some(PendingAck { ack, then });
                    return Ok(Some(Progress::Work(0)));
                }
                if let Err(error) = sent {
                    self.record_error(&format_args!("cannot tell the consensus module of the end: {error}"));
                }
                result.map(|termination| Some(Progress::Ended(termination)))
            }
            (Ok(_), AfterAck::Continue) => Ok(None),
            (Ok(_), AfterAck::Join(event)) => {
                self.take_role(&event);
                Ok(None)
            }
            (_, AfterAck::Fail(error)) if !is_delayed => Err(error),
            (Err(error), AfterAck::Continue | AfterAck::Join(_)) if !is_delayed => {
                Err(ContainerError::ControlPublication { error })
            }
            (_, then) => {
                self.pending_ack = Some(PendingAck { ack, then });
                Ok(None)
            }
        }
    }
}

/// The control channel and the log.
impl<S: ClusteredService, I: AgentIo> Agent<S, I> {
    /// Reads the control channel, once in a tick, and the log.
    fn consume(&mut self, is_tick: bool) -> Result<usize, ContainerError> {
        let mut work = 0;
        // Between two logs the agent waits for the consensus module, so it reads the control channel in every cycle.
        if is_tick || self.log.is_none() {
            work += self.poll_control()?;
            self.cluster.send_due_closes();
        }
        if self.pending_ack.is_none() && self.log.is_some() {
            work += self.poll_log()?;
        }
        Ok(work)
    }

    fn poll_control(&mut self) -> Result<usize, ContainerError> {
        let mut received = None;
        let work = self.cluster.liveness.io.poll_control(&mut |message| {
            received = Some(service_adapter::decode(message));
        })?;
        match received {
            Some(Ok(Some(event))) => self.on_control_event(event),
            Some(Err(error)) => self.record_error(&error),
            Some(Ok(None)) | None => {}
        }
        if self.log.is_none()
            && let Some(event) = self.next_log.take()
        {
            self.begin_join(event)?;
        }
        self.check_termination();
        self.check_requested_ack();
        Ok(work)
    }

    fn on_control_event(&mut self, event: ControlEvent) {
        match event {
            ControlEvent::JoinLog(event) => {
                if let Some(log) = &mut self.log {
                    log.max_position = event.log_position;
                }
                self.next_log = Some(event);
            }
            ControlEvent::TerminationPosition(termination) => self.termination = Some(termination),
            ControlEvent::RequestServiceAck(position) => self.requested_ack_position = Some(position),
        }
    }

    /// Ends the service once it has reached the position that the consensus module gave.
    fn check_termination(&mut self) {
        let log_position = self.cluster.view.log_position;
        let Some(termination) = self.termination.take_if(|termination| log_position >= termination.log_position) else {
            return;
        };
        self.close();
        let termination_position = termination.log_position;
        let result = if log_position == termination_position {
            Ok(Termination::Cluster)
        } else {
            Err(ContainerError::TerminationPassed { termination_position, log_position })
        };
        if termination.is_ack_required {
            self.ack(log_position, NULL_VALUE, AfterAck::End { result, attempts_left: TERMINATION_ACK_ATTEMPTS });
        } else {
            self.end = Some(result);
        }
    }

    /// Sends the ack that the consensus module asked for, once the service has reached its position.
    fn check_requested_ack(&mut self) {
        let log_position = self.cluster.view.log_position;
        if self.pending_ack.is_some() {
            return;
        }
        if let Some(requested) = self.requested_ack_position.take_if(|position| log_position >= *position) {
            if log_position > requested {
                self.record_error(&format_args!(
                    "an ack was requested for log position {requested}, but the service is at {log_position}"
                ));
            }
            self.ack(log_position, NULL_VALUE, AfterAck::Continue);
        }
    }

    #[inline]
    fn poll_log(&mut self) -> Result<usize, ContainerError> {
        let Some(log) = &mut self.log else { return Ok(0) };
        let mut consumer = LogConsumer {
            service: &mut self.service,
            cluster: &mut self.cluster,
            app_version: self.settings.app_version,
            takes_standby_snapshots: self.takes_standby_snapshots,
            snapshot_request: &mut self.snapshot_request,
        };
        let limit = consumer.cluster.liveness.commit_position();
        let (assembler, counters, timed) = (&mut self.assembler, &self.counters, &mut self.timed);
        if let Some(timed) = timed {
            timed.committed(limit, || consumer.cluster.liveness.io.epoch_ns());
        }
        let polled = log.image.poll(limit, self.settings.log_fragment_limit, &mut |fragment| {
            let mut header = Header::new(fragment.position);
            if let Some(timed) = timed {
                header.times = timed.of(fragment.position, || consumer.cluster.liveness.io.epoch_ns());
            }
            let flow = match assembler.assemble(&Fragment { session_id: LOG_SESSION_ID, ..*fragment }) {
                Some(message) => consumer.on_message(message, header),
                None => Flow::Continue,
            };
            counters.log_time.set(consumer.cluster.view.time);
            // After the message, so that a service that hangs in it is seen to be behind the commit position.
            counters.log_position.set(fragment.position);
            flow
        })?;
        if polled == 0 {
            // Padding at the end of a term moves the image, and is no fragment.
            counters.log_position.set(log.image.position());
        }
        self.cluster.liveness.take_fatal()?;
        if let Some(request) = self.snapshot_request.take() {
            self.take_snapshot(&request)?;
        } else if polled == 0 && self.is_log_done() {
            self.close_log();
        }
        Ok(polled)
    }

    /// Whether the service has consumed the active log to its end.
    fn is_log_done(&self) -> bool {
        self.log.as_ref().is_some_and(|log| log.image.position() >= log.max_position || log.image.has_ended())
    }

    /// Leaves the active log. The service is a follower until it joins the next one.
    fn close_log(&mut self) {
        if let Some(log) = self.log.take() {
            self.cluster.view.log_position = log.image.position().max(self.cluster.view.log_position);
        }
        self.counters.log_position.set(NULL_VALUE);
        self.cluster.disconnect_egress();
        self.set_role(Role::Follower);
    }
}

#[cfg(test)]
mod fake_io;
#[cfg(test)]
mod test_messages;
#[cfg(test)]
mod tests;
