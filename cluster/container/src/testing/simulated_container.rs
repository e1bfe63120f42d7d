//! A container without Aeron and without a thread: whoever drives it is its consensus module, its archive and its clients.
//!
//! The agent, and with it recovery, joining of logs, sessions, acks and snapshots, is the container's own.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

use aeron_support::MAX_COUNTER_KEY_LENGTH;

use super::log_messages::join_log;
use super::simulated_io::{Desk, EgressMessage, SimulatedIo};
use super::simulated_log::SimulatedLog;
use crate::agent::{Agent, AgentSettings, Progress};
use crate::cluster::Role;
use crate::clustered_service::ClusteredService;
use crate::counters::{ContainerCounters, DurationTracker, ServiceCounter};
use crate::error::ContainerError;
use crate::log_replay::LogPlace;

const SERVICE_ID: i32 = 0;
const FIRST_RECORDING_ID: i64 = 100;
const NULL_VALUE: i64 = -1;

/// The state from which a simulated container starts.
#[derive(Debug, Clone)]
pub struct RecordedState {
    /// Place of the state in the log.
    pub place: LogPlace,
    /// The messages of the recording: marks, sessions, and those of the service.
    pub messages: Vec<Vec<u8>>,
}

/// How a simulated container runs.
#[derive(Debug, Clone, Copy)]
pub struct SimulatedSettings {
    /// Version of the application, composed as Agrona's `SemanticVersion`.
    pub app_version: i32,
    /// Number of fragments of the log that one duty cycle consumes at most.
    pub log_fragment_limit: usize,
    /// Time for which a client may hold up the log, in nanoseconds.
    pub egress_stall_limit_ns: i64,
}

/// What a service's container asks of its consensus module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConsensusRequest {
    /// The service has done what is at this log position: it has started, joined a log, or taken a snapshot.
    Ack {
        /// Log position of the service, in bytes.
        log_position: i64,
        /// Cluster time of the service.
        timestamp: i64,
        /// The client of the service, the recording of a snapshot, or -1.
        relevant_id: i64,
    },
    /// A timer is scheduled, or moved.
    ScheduleTimer {
        /// Its number.
        correlation_id: i64,
        /// When it fires, in cluster time.
        deadline: i64,
    },
    /// A timer is cancelled.
    CancelTimer {
        /// Its number.
        correlation_id: i64,
    },
    /// A session is to be closed.
    CloseSession {
        /// Its number.
        cluster_session_id: i64,
    },
    /// Anything else, as bytes.
    Other(Vec<u8>),
}

/// A log that a simulated container is told to join.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JoinedLog {
    /// Position at which the last log ends for the service, and this one begins.
    pub log_position: i64,
    /// Position at which this log ends, if it is a replay; otherwise `i64::MAX`.
    pub maximum_position: i64,
    /// Role of the member in this log.
    pub role: Role,
    /// Whether the member has just started.
    pub is_startup: bool,
}

/// A container that is driven step by step.
pub struct SimulatedContainer<S: ClusteredService> {
    agent: Agent<S, SimulatedIo>,
    desk: Rc<RefCell<Desk>>,
    member_id: i32,
}

impl<S: ClusteredService> SimulatedContainer<S> {
    /// A container that starts from `state`, or empty, in its first duty cycle.
    pub fn new(
        service: S,
        member_id: i32,
        log: SimulatedLog,
        state: Option<&RecordedState>,
        settings: SimulatedSettings,
    ) -> Self {
        let mut snapshots = BTreeMap::new();
        if let Some(state) = state {
            snapshots.insert(FIRST_RECORDING_ID, state.messages.clone());
        }
        let desk = Rc::new(RefCell::new(Desk {
            now_ns: 0,
            commit_position: state.map_or(0, |state| state.place.position),
            recovery_key: recovery_key(state.map(|state| state.place)),
            control: VecDeque::new(),
            sent: Vec::new(),
            refusals: 0,
            egress_waits: 0,
            egress: Vec::new(),
            log,
            join_positions: Vec::new(),
            snapshots,
            next_recording_id: FIRST_RECORDING_ID + 1,
            errors: Vec::new(),
        }));
        let tracker = || DurationTracker::new(ServiceCounter::detached(), ServiceCounter::detached(), i64::MAX);
        let counters = ContainerCounters {
            cycle: tracker(),
            snapshot: tracker(),
            newest_snapshot: ServiceCounter::detached(),
            snapshot_load: ServiceCounter::detached(),
            log_position: ServiceCounter::detached(),
            log_time: ServiceCounter::detached(),
            slow_sessions_closed: ServiceCounter::detached(),
        };
        let agent_settings = AgentSettings {
            cluster_id: 0,
            service_id: SERVICE_ID,
            app_version: settings.app_version,
            is_responding_service: true,
            log_fragment_limit: settings.log_fragment_limit,
            timed_messages: 0,
            egress_stall_limit_ns: settings.egress_stall_limit_ns,
            client_of_principal: |principal| principal,
            snapshot_progress_timeout_ns: i64::MAX,
            log_image_timeout_ns: i64::MAX,
        };
        let agent = Agent::new(service, SimulatedIo(Rc::clone(&desk)), agent_settings, counters);
        Self { agent, desk, member_id }
    }

    /// Tells the service to join a log when it has consumed the last one.
    pub fn join(&mut self, log: JoinedLog) {
        let JoinedLog { log_position, maximum_position, role, is_startup } = log;
        let mut desk = self.desk.borrow_mut();
        let log_session_id = desk.join_positions.len() as i32;
        desk.join_positions.push(log_position);
        let message = join_log(log_position, maximum_position, self.member_id, log_session_id, role, is_startup);
        desk.control.push_back(message);
    }

    /// Number of messages of the consensus module that the container has not read.
    pub fn unread(&self) -> usize {
        self.desk.borrow().control.len()
    }

    /// Tells the service how far it may consume the log.
    pub fn commit(&mut self, position: i64) {
        self.desk.borrow_mut().commit_position = position;
    }

    /// Refuses the next `count` messages to the consensus module by back pressure.
    pub fn refuse(&mut self, count: usize) {
        self.desk.borrow_mut().refusals = count;
    }

    /// Makes the next message to a client wait `count` times.
    pub fn hold_up_egress(&mut self, count: usize) {
        self.desk.borrow_mut().egress_waits = count;
    }

    /// One duty cycle.
    ///
    /// # Errors
    /// What ends the container: it must not be used any more.
    pub fn do_work(&mut self, now_ns: i64) -> Result<Progress, ContainerError> {
        {
            let mut desk = self.desk.borrow_mut();
            desk.now_ns = desk.now_ns.max(now_ns);
        }
        self.agent.do_work()
    }

    /// What the container has asked of the consensus module since the last call, in order.
    pub fn take_requests(&mut self) -> Vec<ConsensusRequest> {
        let sent = std::mem::take(&mut self.desk.borrow_mut().sent);
        sent.into_iter().map(request).collect()
    }

    /// What the service has sent to clients since the last call, in order.
    pub fn take_egress(&mut self) -> Vec<EgressMessage> {
        std::mem::take(&mut self.desk.borrow_mut().egress)
    }

    /// The messages of a recorded snapshot, which is forgotten.
    pub fn take_snapshot(&mut self, recording_id: i64) -> Option<Vec<Vec<u8>>> {
        self.desk.borrow_mut().snapshots.remove(&recording_id)
    }

    /// What the container would have written to its error log.
    pub fn errors(&self) -> Vec<String> {
        self.desk.borrow().errors.clone()
    }

    /// The service.
    pub fn service(&self) -> &S {
        self.agent.service()
    }

    /// Where the service stands in the log.
    pub fn place(&self) -> LogPlace {
        self.agent.place()
    }

    /// Role of the member, as its service sees it.
    pub fn role(&self) -> Role {
        self.agent.role()
    }
}

/// Key of the recovery state counter.
fn recovery_key(place: Option<LogPlace>) -> [u8; MAX_COUNTER_KEY_LENGTH] {
    let nothing = LogPlace { position: 0, leadership_term_id: NULL_VALUE, timestamp: 0 };
    let LogPlace { position, leadership_term_id, timestamp } = place.unwrap_or(nothing);
    let mut key = [0; MAX_COUNTER_KEY_LENGTH];
    for (at, field) in [(0, leadership_term_id), (8, position), (16, timestamp), (32, FIRST_RECORDING_ID)] {
        key[at..at + 8].copy_from_slice(&field.to_le_bytes());
    }
    // One service.
    key[28] = 1;
    key
}

fn request(message: Vec<u8>) -> ConsensusRequest {
    let long = |index: usize| {
        let field = message.get(8 + 8 * index..).and_then(|rest| rest.first_chunk());
        field.map_or(NULL_VALUE, |field| i64::from_le_bytes(*field))
    };
    match message.get(2) {
        Some(33) => ConsensusRequest::Ack { log_position: long(0), timestamp: long(1), relevant_id: long(3) },
        Some(31) => ConsensusRequest::ScheduleTimer { correlation_id: long(0), deadline: long(1) },
        Some(32) => ConsensusRequest::CancelTimer { correlation_id: long(0) },
        Some(30) => ConsensusRequest::CloseSession { cluster_session_id: long(0) },
        _ => ConsensusRequest::Other(message),
    }
}
