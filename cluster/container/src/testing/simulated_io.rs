//! The I/O of a simulated container: everything is at once in memory, and nothing waits.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::fmt::Display;
use std::rc::Rc;

use aeron_cluster_codecs::HEADER_LENGTH;
use aeron_support::{Fragment, MAX_COUNTER_KEY_LENGTH, UNFRAGMENTED};

use super::simulated_log::SimulatedLog;
use crate::agent_io::{
    AgentIo, Egress, Flow, FoundCounter, LogImage, SnapshotError, SnapshotRecording, SnapshotReplay,
};
use crate::counters::{COMMIT_POSITION_TYPE_ID, RECOVERY_STATE_TYPE_ID, ServiceCounter};
use crate::error::ContainerError;
use crate::offer_error::OfferError;
use crate::service_error::ServiceError;

const COMMIT_POSITION: i32 = 1;
const RECOVERY_STATE: i32 = 2;
const CLIENT_ID: i64 = 1;
const NS_PER_MS: i64 = 1_000_000;
/// Time by which a wait advances the container's clock, in nanoseconds.
const IDLE_NS: i64 = 100_000;
const MAXIMUM_SNAPSHOT_MESSAGE: usize = 8 * 1024 * 1024;
/// Number of fragments of a snapshot that one poll reads.
const SNAPSHOT_POLL_LIMIT: usize = 4;

/// A message of the service to a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EgressMessage {
    /// Leadership term, as the header tells it.
    pub leadership_term_id: i64,
    /// The client's session, as the header tells it.
    pub cluster_session_id: i64,
    /// The message after the header.
    pub payload: Vec<u8>,
}

/// What the container and the one who drives it both see.
#[derive(Debug)]
pub(super) struct Desk {
    pub(super) now_ns: i64,
    pub(super) commit_position: i64,
    pub(super) recovery_key: [u8; MAX_COUNTER_KEY_LENGTH],
    pub(super) control: VecDeque<Vec<u8>>,
    pub(super) sent: Vec<Vec<u8>>,
    /// Number of the next messages to the consensus module that are refused by back pressure.
    pub(super) refusals: usize,
    /// Whether clients take nothing for the moment, until the service has waited once.
    pub(super) egress_waits: usize,
    pub(super) egress: Vec<EgressMessage>,
    pub(super) log: SimulatedLog,
    /// Positions at which the logs begin that the service was told to join: each log's session id is its index.
    pub(super) join_positions: Vec<i64>,
    pub(super) snapshots: BTreeMap<i64, Vec<Vec<u8>>>,
    pub(super) next_recording_id: i64,
    pub(super) errors: Vec<String>,
}

impl Desk {
    pub(super) fn refuses(&mut self) -> bool {
        let refuses = self.refusals > 0;
        self.refusals = self.refusals.saturating_sub(1);
        refuses
    }
}

#[derive(Debug)]
pub(super) struct SimulatedIo(pub(super) Rc<RefCell<Desk>>);

impl AgentIo for SimulatedIo {
    type Egress = SimulatedEgress;
    type LogSubscription = ();
    type LogImage = SimulatedImage;
    type SnapshotReplay = MemoryReplay;
    type SnapshotRecording = MemoryRecording;

    fn nano_time(&self) -> i64 {
        self.0.borrow().now_ns
    }

    fn epoch_ms(&self) -> i64 {
        self.0.borrow().now_ns / NS_PER_MS
    }

    fn epoch_ns(&self) -> i64 {
        self.0.borrow().now_ns
    }

    fn idle(&mut self, work: usize) {
        if work == 0 {
            let mut desk = self.0.borrow_mut();
            desk.now_ns += IDLE_NS;
            desk.egress_waits = desk.egress_waits.saturating_sub(1);
        }
    }

    fn invoke_client(&mut self) -> Result<(), ContainerError> {
        Ok(())
    }

    fn client_id(&self) -> i64 {
        CLIENT_ID
    }

    fn find_counters(&self, type_id: i32) -> Vec<FoundCounter> {
        let desk = self.0.borrow();
        let (id, registration_id, key) = match type_id {
            COMMIT_POSITION_TYPE_ID => (COMMIT_POSITION, 1, [0; MAX_COUNTER_KEY_LENGTH]),
            RECOVERY_STATE_TYPE_ID => (RECOVERY_STATE, 2, desk.recovery_key),
            _ => return Vec::new(),
        };
        vec![FoundCounter { id, registration_id, key }]
    }

    fn counter_value(&self, counter_id: i32) -> i64 {
        if counter_id == COMMIT_POSITION { self.0.borrow().commit_position } else { 0 }
    }

    fn is_counter_active(&self, _: &FoundCounter) -> bool {
        true
    }

    fn probe_driver(&mut self) -> bool {
        true
    }

    fn add_counter(&mut self, _: i32, _: &[u8], _: &str) -> Result<ServiceCounter, ServiceError> {
        Ok(ServiceCounter::detached())
    }

    fn poll_control(&mut self, handler: &mut dyn FnMut(&[u8])) -> Result<usize, ContainerError> {
        let message = self.0.borrow_mut().control.pop_front();
        Ok(message.map_or(0, |message| {
            handler(&message);
            1
        }))
    }

    fn offer_control(&mut self, parts: &[&[u8]]) -> Result<i64, OfferError> {
        let mut desk = self.0.borrow_mut();
        if desk.refuses() {
            return Err(OfferError::BackPressured);
        }
        desk.sent.push(parts.concat());
        Ok(1)
    }

    fn add_egress(&mut self, _: &str, _: i32) -> Result<SimulatedEgress, ServiceError> {
        Ok(SimulatedEgress { desk: Rc::clone(&self.0) })
    }

    fn subscribe_log(&mut self, _: &str, _: i32) -> Result<(), ContainerError> {
        Ok(())
    }

    fn log_image(&mut self, (): &mut (), session_id: i32) -> Result<Option<SimulatedImage>, ContainerError> {
        let index = usize::try_from(session_id).unwrap_or(usize::MAX);
        let Some(position) = self.0.borrow().join_positions.get(index).copied() else { return Ok(None) };
        Ok(Some(SimulatedImage { join_position: position, position, desk: Rc::clone(&self.0) }))
    }

    fn replay_snapshot(&mut self, recording_id: i64) -> Result<MemoryReplay, ServiceError> {
        let desk = self.0.borrow();
        let messages = desk.snapshots.get(&recording_id);
        let messages = messages.ok_or_else(|| ServiceError::message("the archive has no such recording"))?;
        Ok(MemoryReplay { messages: messages.clone().into(), now_ns: desk.now_ns })
    }

    fn record_snapshot(&mut self) -> Result<MemoryRecording, SnapshotError> {
        let mut desk = self.0.borrow_mut();
        let recording_id = desk.next_recording_id;
        desk.next_recording_id += 1;
        desk.snapshots.insert(recording_id, Vec::new());
        Ok(MemoryRecording { recording_id, desk: Rc::clone(&self.0) })
    }

    fn keep_alive(&mut self, _: i64) {}

    fn set_member_id(&mut self, _: i32) {}

    fn record_error(&mut self, error: &dyn Display) {
        self.0.borrow_mut().errors.push(error.to_string());
    }
}

#[derive(Debug)]
pub(super) struct SimulatedEgress {
    desk: Rc<RefCell<Desk>>,
}

impl Egress for SimulatedEgress {
    fn offer(&mut self, parts: &[&[u8]]) -> Result<i64, OfferError> {
        let mut desk = self.desk.borrow_mut();
        if desk.egress_waits > 0 {
            return Err(OfferError::BackPressured);
        }
        let header = parts.first().copied().unwrap_or_default();
        let field = |index: usize| {
            let bytes = header.get(HEADER_LENGTH + 8 * index..).and_then(|rest| rest.first_chunk());
            bytes.map_or(-1, |bytes| i64::from_le_bytes(*bytes))
        };
        let payload = parts.get(1..).unwrap_or_default().concat();
        desk.egress.push(EgressMessage { leadership_term_id: field(0), cluster_session_id: field(1), payload });
        Ok(1)
    }
}

#[derive(Debug)]
pub(super) struct SimulatedImage {
    join_position: i64,
    position: i64,
    desk: Rc<RefCell<Desk>>,
}

impl LogImage for SimulatedImage {
    fn join_position(&self) -> Result<i64, ContainerError> {
        Ok(self.join_position)
    }

    fn position(&self) -> i64 {
        self.position
    }

    fn has_ended(&self) -> bool {
        false
    }

    fn poll(
        &mut self,
        limit: i64,
        fragment_limit: usize,
        handler: &mut dyn FnMut(&Fragment<'_>) -> Flow,
    ) -> Result<usize, ContainerError> {
        let log = self.desk.borrow().log.clone();
        let mut polled = 0;
        self.position = log.read(self.position, limit, fragment_limit, |fragment| {
            polled += 1;
            handler(fragment) == Flow::Continue
        });
        Ok(polled)
    }
}

#[derive(Debug)]
pub(super) struct MemoryReplay {
    messages: VecDeque<Vec<u8>>,
    now_ns: i64,
}

impl SnapshotReplay for MemoryReplay {
    fn poll(&mut self, handler: &mut dyn FnMut(&Fragment<'_>) -> Flow) -> Result<usize, ServiceError> {
        let mut polled = 0;
        while polled < SNAPSHOT_POLL_LIMIT
            && let Some(payload) = self.messages.pop_front()
        {
            polled += 1;
            let fragment =
                Fragment { payload: &payload, flags: UNFRAGMENTED, session_id: 0, term_offset: 0, position: 0 };
            if handler(&fragment) == Flow::Break {
                break;
            }
        }
        Ok(polled)
    }

    fn check_end(&mut self) -> Result<bool, ServiceError> {
        Ok(self.messages.is_empty())
    }

    fn nano_time(&self) -> i64 {
        self.now_ns
    }
}

#[derive(Debug)]
pub(super) struct MemoryRecording {
    recording_id: i64,
    desk: Rc<RefCell<Desk>>,
}

impl SnapshotRecording for MemoryRecording {
    fn offer(&mut self, message: &[u8]) -> Result<i64, OfferError> {
        let mut desk = self.desk.borrow_mut();
        desk.snapshots.entry(self.recording_id).or_default().push(message.to_vec());
        Ok(1)
    }

    fn max_message_length(&self) -> usize {
        MAXIMUM_SNAPSHOT_MESSAGE
    }

    fn position(&self) -> i64 {
        self.desk.borrow().snapshots.get(&self.recording_id).map_or(0, Vec::len) as i64
    }

    fn recorded_position(&mut self) -> Result<Option<i64>, SnapshotError> {
        Ok(Some(self.position()))
    }

    fn recording_id(&self) -> i64 {
        self.recording_id
    }
}
