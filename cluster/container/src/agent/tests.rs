//! The agent without Aeron, with the messages that a consensus module sends.

#[cfg(feature = "testing")]
mod double;
mod end;
mod joining;
mod log;
mod sending;
mod slow_clients;
mod snapshots;
mod start;

use std::cell::RefCell;
use std::rc::Rc;

use super::fake_io::*;
use super::test_messages::*;
use super::*;
use crate::agent_io::SnapshotError;
use crate::cluster::{Cluster, MAX_OFFER_PARTS, MOCKED_OFFER, TimeUnit};
use crate::clustered_service::{CloseReason, Header, NewLeadershipTerm};
use crate::counters::{COMMIT_POSITION_TYPE_ID, DurationTracker, ServiceCounter};
use crate::message_times::MessageTimes;
use crate::service_error::ServiceError;
use crate::sessions::ClientSession;
use crate::snapshot::{SnapshotReader, SnapshotWriter};

const EGRESS_STALL_LIMIT_NS: i64 = 50 * MS;
const FOLLOWER: i32 = 0;
const LEADER: i32 = 2;

type Script = Box<dyn FnMut(&mut dyn Cluster, &str)>;
type SnapshotScript = Box<dyn FnMut(&mut dyn SnapshotWriter) -> Result<(), ServiceError>>;

/// A service that records its calls, and runs a script in each.
struct Recorder {
    calls: Rc<RefCell<Vec<String>>>,
    script: Script,
    on_snapshot: SnapshotScript,
    start_error: Option<&'static str>,
    /// Times of the messages.
    times: Rc<RefCell<Vec<Option<MessageTimes>>>>,
}

impl Recorder {
    fn call(&mut self, cluster: &mut dyn Cluster, name: &str, what: String) {
        self.calls.borrow_mut().push(format!("{name} {what}").trim().to_owned());
        (self.script)(cluster, name);
    }
}

impl ClusteredService for Recorder {
    fn on_start(
        &mut self,
        cluster: &mut dyn Cluster,
        snapshot: Option<&mut dyn SnapshotReader>,
    ) -> Result<(), ServiceError> {
        let mut state = Vec::new();
        if let Some(snapshot) = snapshot {
            snapshot.read_to_end(cluster, &mut |message| {
                state.push(String::from_utf8_lossy(message).into_owned());
                Ok(())
            })?;
        }
        let mut sessions = Vec::new();
        cluster.for_each_client_session(&mut |session| sessions.push(session.id()));
        self.call(cluster, "start", format!("{state:?} {sessions:?}"));
        self.start_error.map_or(Ok(()), |error| Err(ServiceError::message(error)))
    }

    fn on_session_open(&mut self, cluster: &mut dyn Cluster, session: &ClientSession, timestamp: i64) {
        let principal = String::from_utf8_lossy(session.encoded_principal()).into_owned();
        self.call(cluster, "open", format!("{} {principal} @{timestamp}", session.id()));
    }

    fn on_session_close(
        &mut self,
        cluster: &mut dyn Cluster,
        session: &ClientSession,
        timestamp: i64,
        why: CloseReason,
    ) {
        assert!(cluster.client_session(session.id()).is_none());
        self.call(cluster, "close", format!("{} {why:?} @{timestamp}", session.id()));
    }

    fn on_session_message(
        &mut self,
        cluster: &mut dyn Cluster,
        session_id: i64,
        timestamp: i64,
        message: &[u8],
        header: &Header,
    ) {
        assert_eq!((cluster.time(), cluster.log_position()), (timestamp, header.position));
        self.times.borrow_mut().push(header.times);
        let text = String::from_utf8_lossy(message).into_owned();
        self.call(cluster, "message", format!("{session_id} {text} @{timestamp}"));
    }

    fn on_timer_event(&mut self, cluster: &mut dyn Cluster, correlation_id: i64, timestamp: i64) {
        self.call(cluster, "timer", format!("{correlation_id} @{timestamp}"));
    }

    fn on_take_snapshot(
        &mut self,
        cluster: &dyn Cluster,
        snapshot: &mut dyn SnapshotWriter,
    ) -> Result<(), ServiceError> {
        self.calls.borrow_mut().push(format!("snapshot at {}", cluster.log_position()));
        (self.on_snapshot)(snapshot)
    }

    fn on_role_change(&mut self, cluster: &mut dyn Cluster, role: Role) {
        self.call(cluster, "role", format!("{role:?}"));
    }

    fn on_new_leadership_term_event(&mut self, cluster: &mut dyn Cluster, event: &NewLeadershipTerm) {
        assert_eq!(event.log_position, cluster.log_position());
        self.call(cluster, "term", format!("{} @{}", event.leadership_term_id, event.timestamp));
    }

    fn on_terminate(&mut self, cluster: &mut dyn Cluster) {
        self.call(cluster, "terminate", String::new());
    }
}

/// An agent with its I/O.
struct Member {
    agent: Agent<Recorder, FakeIo>,
    world: SharedWorld,
    calls: Rc<RefCell<Vec<String>>>,
    times: Rc<RefCell<Vec<Option<MessageTimes>>>>,
    slow_closed: ServiceCounter,
    log_position: ServiceCounter,
    log_time: ServiceCounter,
    newest_snapshot: ServiceCounter,
    snapshot_load: ServiceCounter,
}

impl Member {
    fn new(script: impl FnMut(&mut dyn Cluster, &str) + 'static) -> Self {
        let world = SharedWorld::default();
        world.borrow_mut().idle_ns = MS;
        let (calls, times) = (Rc::default(), Rc::default());
        let service = Recorder {
            calls: Rc::clone(&calls),
            script: Box::new(script),
            on_snapshot: Box::new(|snapshot| snapshot.offer(b"state")),
            start_error: None,
            times: Rc::clone(&times),
        };
        let tracker =
            || DurationTracker::new(ServiceCounter::detached(), ServiceCounter::detached(), EGRESS_STALL_LIMIT_NS);
        let slow_closed = ServiceCounter::detached();
        let (log_position, log_time) = (ServiceCounter::detached(), ServiceCounter::detached());
        let (newest_snapshot, snapshot_load) = (ServiceCounter::detached(), ServiceCounter::detached());
        let counters = ContainerCounters {
            cycle: tracker(),
            snapshot: tracker(),
            log_position: log_position.clone(),
            log_time: log_time.clone(),
            newest_snapshot: newest_snapshot.clone(),
            snapshot_load: snapshot_load.clone(),
            slow_sessions_closed: slow_closed.clone(),
        };
        world.borrow_mut().log_time = Some(log_time.clone());
        let settings = AgentSettings {
            cluster_id: 0,
            service_id: 0,
            app_version: 1 << 16 | 2,
            is_responding_service: true,
            log_fragment_limit: 10,
            timed_messages: 1,
            egress_stall_limit_ns: EGRESS_STALL_LIMIT_NS,
            client_of_principal: |principal| &principal[..2],
            snapshot_progress_timeout_ns: 1_000 * MS,
            log_image_timeout_ns: 1_000 * MS,
        };
        let agent = Agent::new(service, FakeIo(Rc::clone(&world)), settings, counters);
        Self { agent, world, calls, times, slow_closed, log_position, log_time, newest_snapshot, snapshot_load }
    }

    /// A member that has started empty and joined a log at position 0. What it did so far is not recorded.
    fn joined(role: i32, script: impl FnMut(&mut dyn Cluster, &str) + 'static) -> Self {
        let mut member = Self::new(script);
        member.world.borrow_mut().add_commit_position(0);
        member.world.borrow_mut().add_recovery_state(-1, 0, 0);
        member.cycles(4).unwrap();
        member.receive(join_log(0, i64::MAX, false, role, false));
        member.open_log(0);
        member.cycles(4).unwrap();
        assert_eq!(member.sent(), [ack(0, 0, 0, CLIENT_ID), ack(0, 0, 1, -1)]);
        member.calls();
        member
    }

    /// Runs duty cycles, 2 ms apart.
    fn cycles(&mut self, count: usize) -> Result<Progress, ContainerError> {
        let mut progress = Progress::Work(0);
        for _ in 0..count {
            progress = self.agent.do_work()?;
            if let Progress::Ended(_) = progress {
                break;
            }
            self.world.borrow_mut().now_ns += 2 * MS;
        }
        Ok(progress)
    }

    fn receive(&self, message: Vec<u8>) {
        self.world.borrow_mut().control.push_back(message);
    }

    fn open_log(&self, position: i64) {
        self.world.borrow_mut().log = Some(Rc::new(RefCell::new(Stream::starting_at(position))));
    }

    fn log(&self) -> Rc<RefCell<Stream>> {
        Rc::clone(self.world.borrow().log.as_ref().unwrap())
    }

    /// Appends to the log, and commits it. Returns the position after the message.
    fn append(&self, message: &[u8]) -> i64 {
        let position = self.log().borrow_mut().append(message);
        self.world.borrow_mut().commit(position);
        position
    }

    fn sent(&self) -> Vec<Vec<u8>> {
        std::mem::take(&mut self.world.borrow_mut().sent)
    }

    fn calls(&self) -> Vec<String> {
        std::mem::take(&mut self.calls.borrow_mut())
    }

    fn errors(&self) -> Vec<String> {
        std::mem::take(&mut self.world.borrow_mut().errors)
    }
}

/// A member that will start from a snapshot of these messages.
fn with_snapshot(messages: &[Vec<u8>], has_ended: bool) -> Member {
    let member = Member::new(nothing);
    let mut stream = Stream::starting_at(0);
    for message in messages {
        stream.append(message);
    }
    stream.has_ended = has_ended;
    member.world.borrow_mut().replay = Some(Rc::new(RefCell::new(stream)));
    member.world.borrow_mut().add_commit_position(640);
    member.world.borrow_mut().add_recovery_state(4, 640, 99);
    member
}

fn nothing(_: &mut dyn Cluster, _: &str) {}
