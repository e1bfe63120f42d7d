//! The I/O of the agent's tests, without Aeron.

use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::fmt::Display;
use std::rc::Rc;

use aeron_support::{BEGIN_FRAGMENT_FLAG, END_FRAGMENT_FLAG, Fragment, MAX_COUNTER_KEY_LENGTH, UNFRAGMENTED};

use crate::agent_io::{
    AgentIo, Egress, Flow, FoundCounter, LogImage, SnapshotError, SnapshotRecording, SnapshotReplay,
};
use crate::counters::{COMMIT_POSITION_TYPE_ID, RECOVERY_STATE_TYPE_ID, ServiceCounter};
use crate::error::ContainerError;
use crate::offer_error::OfferError;
use crate::service_error::ServiceError;

pub(super) const MS: i64 = 1_000_000;
pub(super) const CLIENT_ID: i64 = 4711;
pub(super) const RECORDING_ID: i64 = 77;

/// A stream to which a test appends.
#[derive(Debug, Default)]
pub(super) struct Stream {
    fragments: VecDeque<(Vec<u8>, u8, i64)>,
    /// Each stream has its own, as each leader's publication of the log has.
    session_id: i32,
    pub(super) start: i64,
    end: i64,
    pub(super) position: i64,
    pub(super) has_ended: bool,
}

impl Stream {
    pub(super) fn starting_at(position: i64) -> Self {
        Self { start: position, end: position, position, session_id: 9 + position as i32, ..Self::default() }
    }

    pub(super) fn append(&mut self, message: &[u8]) -> i64 {
        self.append_fragment(message, UNFRAGMENTED)
    }

    pub(super) fn append_in_two(&mut self, message: &[u8]) -> i64 {
        let (first, second) = message.split_at(message.len() / 2);
        self.append_fragment(first, BEGIN_FRAGMENT_FLAG);
        self.append_fragment(second, END_FRAGMENT_FLAG)
    }

    pub(super) fn append_fragment(&mut self, payload: &[u8], flags: u8) -> i64 {
        self.fragments.push_back((payload.to_vec(), flags, self.end));
        self.end += (32 + payload.len()).next_multiple_of(32) as i64;
        self.end
    }

    fn poll(&mut self, limit: i64, count: usize) -> Vec<(Vec<u8>, u8, i64)> {
        let mut taken = Vec::new();
        while taken.len() < count && self.fragments.front().is_some_and(|(_, _, begin)| *begin < limit) {
            taken.extend(self.fragments.pop_front());
        }
        taken
    }

    fn deliver(
        stream: &RefCell<Self>,
        limit: i64,
        count: usize,
        handler: &mut dyn FnMut(&Fragment<'_>) -> Flow,
    ) -> usize {
        let mut fragments: VecDeque<_> = stream.borrow_mut().poll(limit, count).into();
        let session_id = stream.borrow().session_id;
        let mut delivered = 0;
        while let Some((payload, flags, begin)) = fragments.pop_front() {
            let position = begin + (32 + payload.len()).next_multiple_of(32) as i64;
            delivered += 1;
            let flow = handler(&Fragment { payload: &payload, flags, session_id, term_offset: begin as i32, position });
            stream.borrow_mut().position = position;
            if flow == Flow::Break {
                break;
            }
        }
        let mut stream = stream.borrow_mut();
        fragments.into_iter().rev().for_each(|fragment| stream.fragments.push_front(fragment));
        delivered
    }
}

/// Everything that the agent can see, and a record of what it did.
#[derive(Debug, Default)]
pub(super) struct World {
    pub(super) now_ns: i64,
    /// Time by which an idle without work advances the clock, in nanoseconds.
    pub(super) idle_ns: i64,
    pub(super) client_closed: bool,
    pub(super) counters: HashMap<i32, (FoundCounter, i64)>,
    /// Counters of a consensus module that was killed, by their type ids.
    pub(super) stale_counters: Vec<(i32, FoundCounter)>,
    /// Whether the media driver stands still.
    pub(super) driver_is_stalled: bool,
    /// Time at which the media driver works again and all egress is taken, in nanoseconds.
    pub(super) driver_works_at_ns: Option<i64>,
    /// Time at which the Aeron client closes, in nanoseconds.
    pub(super) client_closes_at_ns: Option<i64>,
    pub(super) control: VecDeque<Vec<u8>>,
    pub(super) sent: Vec<Vec<u8>>,
    /// The container's counter of the log's time, and its values when messages were sent to the consensus module.
    pub(super) log_time: Option<ServiceCounter>,
    pub(super) log_times_at_send: Vec<i64>,
    /// Errors of the next offers to the consensus module. Offers succeed when it is empty.
    pub(super) send_results: VecDeque<OfferError>,
    pub(super) subscriptions: Vec<(String, i32)>,
    pub(super) log: Option<Rc<RefCell<Stream>>>,
    pub(super) egress_open: usize,
    pub(super) egress: Vec<Vec<u8>>,
    pub(super) egress_results: VecDeque<OfferError>,
    /// Whether all egress is back pressured.
    pub(super) egress_is_stuck: bool,
    pub(super) replay: Option<Rc<RefCell<Stream>>>,
    pub(super) recorded: Vec<Vec<u8>>,
    /// Number of messages after which the archive writes no more of a recording; `None` without a limit.
    pub(super) recorded_limit: Option<usize>,
    pub(super) record_error: Option<fn() -> SnapshotError>,
    pub(super) keep_alives: Vec<i64>,
    pub(super) member_id: Option<i32>,
    pub(super) errors: Vec<String>,
}

impl World {
    pub(super) fn add_commit_position(&mut self, value: i64) {
        let key = [0; MAX_COUNTER_KEY_LENGTH];
        self.counters.insert(COMMIT_POSITION_TYPE_ID, (FoundCounter { id: 30, registration_id: 300, key }, value));
    }

    pub(super) fn commit(&mut self, position: i64) {
        if let Some((_, value)) = self.counters.get_mut(&COMMIT_POSITION_TYPE_ID) {
            *value = position;
        }
    }

    pub(super) fn add_recovery_state(&mut self, term: i64, log_position: i64, timestamp: i64) {
        let mut key = [0; MAX_COUNTER_KEY_LENGTH];
        for (at, field) in [(0, term), (8, log_position), (16, timestamp), (32, RECORDING_ID)] {
            key[at..at + 8].copy_from_slice(&field.to_le_bytes());
        }
        key[28] = 1;
        self.counters.insert(RECOVERY_STATE_TYPE_ID, (FoundCounter { id: 31, registration_id: 310, key }, 0));
    }
}

pub(super) type SharedWorld = Rc<RefCell<World>>;

#[derive(Debug)]
pub(super) struct FakeIo(pub(super) SharedWorld);

impl AgentIo for FakeIo {
    type Egress = FakeEgress;
    type LogSubscription = ();
    type LogImage = FakeStream;
    type SnapshotReplay = FakeStream;
    type SnapshotRecording = FakeRecording;

    fn nano_time(&self) -> i64 {
        self.0.borrow().now_ns
    }

    fn epoch_ms(&self) -> i64 {
        self.0.borrow().now_ns / MS
    }

    fn epoch_ns(&self) -> i64 {
        self.0.borrow().now_ns
    }

    fn idle(&mut self, work: usize) {
        let mut world = self.0.borrow_mut();
        world.now_ns += if work == 0 { world.idle_ns } else { 0 };
        let now_ns = world.now_ns;
        if world.driver_works_at_ns.is_some_and(|at_ns| now_ns >= at_ns) {
            (world.driver_is_stalled, world.egress_is_stuck) = (false, false);
        }
        world.client_closed |= world.client_closes_at_ns.is_some_and(|at_ns| now_ns >= at_ns);
    }

    fn invoke_client(&mut self) -> Result<(), ContainerError> {
        match self.0.borrow().client_closed {
            true => Err(ContainerError::ClientClosed("driver gone".to_owned())),
            false => Ok(()),
        }
    }

    fn client_id(&self) -> i64 {
        CLIENT_ID
    }

    fn find_counters(&self, type_id: i32) -> Vec<FoundCounter> {
        let world = self.0.borrow();
        let stale = world.stale_counters.iter().filter(|(stale_type_id, _)| *stale_type_id == type_id);
        let current = world.counters.get(&type_id).map(|(counter, _)| *counter);
        stale.map(|(_, counter)| *counter).chain(current).collect()
    }

    fn probe_driver(&mut self) -> bool {
        !self.0.borrow().driver_is_stalled
    }

    fn counter_value(&self, counter_id: i32) -> i64 {
        let world = self.0.borrow();
        world.counters.values().find(|(counter, _)| counter.id == counter_id).map_or(0, |(_, value)| *value)
    }

    fn is_counter_active(&self, counter: &FoundCounter) -> bool {
        self.0.borrow().counters.values().any(|(other, _)| other == counter)
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
        let mut world = self.0.borrow_mut();
        match world.send_results.pop_front() {
            Some(error) => Err(error),
            None => {
                world.sent.push(parts.concat());
                let log_time = world.log_time.as_ref().map(ServiceCounter::get);
                world.log_times_at_send.extend(log_time);
                Ok(1)
            }
        }
    }

    fn add_egress(&mut self, channel: &str, stream_id: i32) -> Result<FakeEgress, ServiceError> {
        assert_eq!((channel, stream_id), ("aeron:udp?endpoint=c:1", 102));
        self.0.borrow_mut().egress_open += 1;
        Ok(FakeEgress(Rc::clone(&self.0)))
    }

    fn subscribe_log(&mut self, channel: &str, stream_id: i32) -> Result<(), ContainerError> {
        self.0.borrow_mut().subscriptions.push((channel.to_owned(), stream_id));
        Ok(())
    }

    fn log_image(&mut self, _: &mut (), session_id: i32) -> Result<Option<FakeStream>, ContainerError> {
        assert_eq!(session_id, 9);
        let world = self.0.borrow();
        Ok(world.log.as_ref().map(|stream| FakeStream(Rc::clone(stream), Rc::clone(&self.0))))
    }

    fn replay_snapshot(&mut self, recording_id: i64) -> Result<FakeStream, ServiceError> {
        assert_eq!(recording_id, RECORDING_ID);
        let replay = self.0.borrow().replay.clone().ok_or_else(|| ServiceError::message("unknown recording"))?;
        Ok(FakeStream(replay, Rc::clone(&self.0)))
    }

    fn record_snapshot(&mut self) -> Result<FakeRecording, SnapshotError> {
        Ok(FakeRecording(Rc::clone(&self.0)))
    }

    fn keep_alive(&mut self, now_ms: i64) {
        self.0.borrow_mut().keep_alives.push(now_ms);
    }

    fn set_member_id(&mut self, member_id: i32) {
        self.0.borrow_mut().member_id = Some(member_id);
    }

    fn record_error(&mut self, error: &dyn Display) {
        self.0.borrow_mut().errors.push(error.to_string());
    }
}

#[derive(Debug)]
pub(super) struct FakeEgress(SharedWorld);

impl Egress for FakeEgress {
    fn offer(&mut self, parts: &[&[u8]]) -> Result<i64, OfferError> {
        let mut world = self.0.borrow_mut();
        if world.egress_is_stuck {
            return Err(OfferError::BackPressured);
        }
        match world.egress_results.pop_front() {
            Some(error) => Err(error),
            None => {
                world.egress.push(parts.concat());
                Ok(96)
            }
        }
    }
}

impl Drop for FakeEgress {
    fn drop(&mut self) {
        self.0.borrow_mut().egress_open -= 1;
    }
}

#[derive(Debug)]
pub(super) struct FakeStream(Rc<RefCell<Stream>>, SharedWorld);

impl LogImage for FakeStream {
    fn join_position(&self) -> Result<i64, ContainerError> {
        Ok(self.0.borrow().start)
    }

    fn position(&self) -> i64 {
        self.0.borrow().position
    }

    fn has_ended(&self) -> bool {
        self.0.borrow().has_ended
    }

    fn poll(
        &mut self,
        limit: i64,
        fragment_limit: usize,
        handler: &mut dyn FnMut(&Fragment<'_>) -> Flow,
    ) -> Result<usize, ContainerError> {
        Ok(Stream::deliver(&self.0, limit, fragment_limit, handler))
    }
}

impl SnapshotReplay for FakeStream {
    fn poll(&mut self, handler: &mut dyn FnMut(&Fragment<'_>) -> Flow) -> Result<usize, ServiceError> {
        Ok(Stream::deliver(&self.0, i64::MAX, 2, handler))
    }

    fn check_end(&mut self) -> Result<bool, ServiceError> {
        let stream = self.0.borrow();
        match (stream.has_ended, stream.fragments.is_empty()) {
            (true, false) => Err(ServiceError::message("the replay was cut off")),
            (has_ended, _) => Ok(has_ended),
        }
    }

    fn nano_time(&self) -> i64 {
        self.1.borrow().now_ns
    }
}

#[derive(Debug)]
pub(super) struct FakeRecording(SharedWorld);

impl SnapshotRecording for FakeRecording {
    fn offer(&mut self, message: &[u8]) -> Result<i64, OfferError> {
        let mut world = self.0.borrow_mut();
        if world.record_error.is_some() {
            return Err(OfferError::BackPressured);
        }
        world.recorded.push(message.to_vec());
        Ok(1)
    }

    fn max_message_length(&self) -> usize {
        1024
    }

    fn position(&self) -> i64 {
        self.0.borrow().recorded.len() as i64
    }

    fn recorded_position(&mut self) -> Result<Option<i64>, SnapshotError> {
        let world = self.0.borrow();
        match world.record_error {
            // The recording fails a while after it began.
            Some(error) if world.now_ns > 500 * MS => Err(error()),
            _ => Ok(Some(world.recorded.len().min(world.recorded_limit.unwrap_or(usize::MAX)) as i64)),
        }
    }

    fn recording_id(&self) -> i64 {
        RECORDING_ID
    }
}
