//! The agent against messages as the consensus module sends them, without Aeron.

use std::cell::RefCell;
use std::rc::Rc;

use super::fake_io::*;
use super::*;
use crate::cluster::{CloseReason, Cluster, MOCKED_OFFER, NewLeadershipTerm, SnapshotWriter, TimeUnit};
use crate::counters::{DurationTracker, ServiceCounter};
use crate::sessions::ClientSession;

const EGRESS_STALL_LIMIT_NS: i64 = 50 * MS;
const FOLLOWER: i32 = 0;
const LEADER: i32 = 2;

type Script = Box<dyn FnMut(&mut dyn Cluster, &str)>;
type SnapshotScript = Box<dyn FnMut(&mut dyn SnapshotWriter) -> Result<(), ServiceError>>;

/// Notes its calls, and runs a script in each.
struct Recorder {
    calls: Rc<RefCell<Vec<String>>>,
    script: Script,
    on_snapshot: SnapshotScript,
    start_error: Option<&'static str>,
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
        self.start_error.map_or(Ok(()), |error| Err(error.into()))
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

    fn on_session_message(&mut self, cluster: &mut dyn Cluster, session_id: i64, timestamp: i64, message: &[u8]) {
        assert_eq!(cluster.time(), timestamp);
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

/// An agent in its world.
struct Member {
    agent: Agent<Recorder, FakeIo>,
    world: SharedWorld,
    calls: Rc<RefCell<Vec<String>>>,
    slow_closed: ServiceCounter,
}

impl Member {
    fn new(script: impl FnMut(&mut dyn Cluster, &str) + 'static) -> Self {
        let world = SharedWorld::default();
        world.borrow_mut().idle_ns = MS;
        let calls = Rc::default();
        let service = Recorder {
            calls: Rc::clone(&calls),
            script: Box::new(script),
            on_snapshot: Box::new(|snapshot| snapshot.offer(b"state")),
            start_error: None,
        };
        let tracker =
            || DurationTracker::new(ServiceCounter::detached(), ServiceCounter::detached(), EGRESS_STALL_LIMIT_NS);
        let slow_closed = ServiceCounter::detached();
        let counters =
            ContainerCounters { cycle: tracker(), snapshot: tracker(), slow_sessions_closed: slow_closed.clone() };
        let settings = AgentSettings {
            cluster_id: 0,
            service_id: 0,
            app_version: 1 << 16 | 2,
            is_responding_service: true,
            log_fragment_limit: 10,
            egress_stall_limit_ns: EGRESS_STALL_LIMIT_NS,
            snapshot_progress_timeout_ns: 1_000 * MS,
        };
        let agent = Agent::new(service, FakeIo(Rc::clone(&world)), settings, counters);
        Self { agent, world, calls, slow_closed }
    }

    /// One that has started empty and joined a log at position 0, with its calls and acks forgotten.
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

    /// Duty cycles, 2 ms apart.
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

    /// Appends to the log and commits; returns the position.
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

fn nothing(_: &mut dyn Cluster, _: &str) {}

// --- start

#[test]
fn it_waits_for_the_consensus_module_and_then_starts_empty() {
    let mut member = Member::new(nothing);
    member.cycles(3).unwrap();
    member.world.borrow_mut().add_commit_position(0);
    member.cycles(3).unwrap();
    assert!(member.calls().is_empty() && member.sent().is_empty());
    member.world.borrow_mut().add_recovery_state(-1, 128, 42);
    member.cycles(3).unwrap();
    assert_eq!(member.calls(), ["start [] []"]);
    assert_eq!(member.sent(), [ack(128, 42, 0, CLIENT_ID)]);
}

#[test]
fn while_an_ack_cannot_be_sent_nothing_else_is_done() {
    let mut member = Member::new(nothing);
    member.world.borrow_mut().add_commit_position(0);
    member.world.borrow_mut().add_recovery_state(-1, 0, 0);
    member.world.borrow_mut().send_results = [OfferError::BackPressured, OfferError::AdminAction].into();
    member.receive(join_log(0, i64::MAX, false, FOLLOWER, false));
    member.cycles(4).unwrap();
    assert!(member.sent().is_empty());
    assert_eq!(member.world.borrow().control.len(), 1, "the next message is not read yet");
    member.cycles(2).unwrap();
    assert_eq!(member.sent(), [ack(0, 0, 0, CLIENT_ID)]);
    assert_eq!(member.world.borrow().control.len(), 0);
}

#[test]
fn a_consensus_module_that_does_not_receive_is_an_error() {
    let mut member = Member::new(nothing);
    member.world.borrow_mut().add_commit_position(0);
    member.world.borrow_mut().add_recovery_state(-1, 0, 0);
    member.world.borrow_mut().send_results = [OfferError::NotConnected].into();
    let error = member.cycles(4).unwrap_err();
    assert!(matches!(error, ContainerError::ControlPublication { error: OfferError::NotConnected }), "{error}");
}

#[test]
fn a_service_that_fails_to_start_is_reported_and_ends_the_container() {
    let mut member = Member::new(nothing);
    member.agent.service.start_error = Some("no licence");
    member.world.borrow_mut().add_commit_position(0);
    member.world.borrow_mut().add_recovery_state(-1, 0, 0);
    let error = member.cycles(4).unwrap_err();
    assert!(error.to_string().ends_with("no licence"), "{error}");
    assert_eq!(member.sent(), [ack(0, 0, 0, -1)]);
    member.agent.close();
    assert_eq!(member.calls(), ["start [] []"], "what never started is not terminated");
}

#[test]
fn sending_while_starting_is_a_fault_of_the_service() {
    let mut member = Member::new(|cluster, call| {
        if call == "start" {
            assert!(cluster.schedule_timer(1, 2), "the service must not try for ever");
        }
    });
    member.world.borrow_mut().add_commit_position(0);
    member.world.borrow_mut().add_recovery_state(-1, 0, 0);
    let error = member.cycles(4).unwrap_err();
    assert!(error.to_string().contains("called schedule_timer from on_start"), "{error}");
    assert_eq!(member.sent(), [ack(0, 0, 0, -1)]);
}

// --- start from a snapshot

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

#[test]
fn a_snapshot_gives_sessions_and_time_unit_and_the_rest_to_the_service() {
    let (begin, end) = (snapshot_mark(2, 0, 2, 1 << 16), snapshot_mark(2, 2, 2, 1 << 16));
    let messages = [begin, snapshot_session(3), snapshot_session(8), end, b"a".to_vec(), b"b".to_vec(), b"c".to_vec()];
    let mut member = with_snapshot(&messages, true);
    member.cycles(4).unwrap();
    assert_eq!(member.calls(), [r#"start ["a", "b", "c"] [3, 8]"#]);
    assert_eq!(member.sent(), [ack(640, 99, 0, CLIENT_ID)]);
    let cluster = &member.agent.cluster;
    assert_eq!((cluster.time_unit(), cluster.leadership_term_id(), cluster.time()), (TimeUnit::Nanos, 4, 99));
    assert_eq!(member.world.borrow().egress_open, 0, "restored sessions are not connected");
}

#[test]
fn a_snapshot_that_cannot_be_used_fails_the_start() {
    let (begin, end) = (snapshot_mark(2, 0, 0, 1 << 16), snapshot_mark(2, 2, 0, 1 << 16));
    let cases = [
        (vec![snapshot_mark(1, 0, 0, 1 << 16)], "unexpected snapshot type 1"),
        (vec![begin.clone(), begin.clone()], "the snapshot begins twice"),
        (vec![end.clone()], "the snapshot ends before it begins"),
        (vec![begin.clone(), snapshot_session(3)], "the snapshot ended before its sessions did"),
        (
            vec![snapshot_mark(2, 0, 0, 2 << 16), end.clone()],
            "application version 1.0.2 does not go with the snapshot's 2.0.0",
        ),
        (vec![begin.clone(), snapshot_session(3), snapshot_session(3), end], "the snapshot has session 3 twice"),
        (vec![begin[..20].to_vec()], "the snapshot is damaged: message too short: 20 bytes, 48 needed"),
    ];
    for (messages, expected) in cases {
        let mut member = with_snapshot(&messages, true);
        let error = member.cycles(4).unwrap_err();
        assert!(error.to_string().ends_with(expected), "{error} instead of {expected}");
        assert_eq!(member.sent(), [ack(640, 99, 0, -1)]);
    }
}

#[test]
fn a_snapshot_that_does_not_go_on_is_given_up() {
    let mut member = with_snapshot(&[snapshot_mark(2, 0, 0, 1 << 16)], false);
    let error = member.cycles(4).unwrap_err();
    assert!(error.to_string().ends_with("the archive replays no further: no progress for 1000 ms"), "{error}");

    let (begin, end) = (snapshot_mark(2, 0, 0, 1 << 16), snapshot_mark(2, 2, 0, 1 << 16));
    let mut member = with_snapshot(&[begin, end, b"a".to_vec()], false);
    let error = member.cycles(4).unwrap_err();
    assert!(error.to_string().ends_with("the archive replays no further: no progress for 1000 ms"), "{error}");
}

// --- joining logs

#[test]
fn a_leader_joins_acks_and_changes_its_role() {
    let mut member = Member::new(nothing);
    member.world.borrow_mut().add_commit_position(0);
    member.world.borrow_mut().add_recovery_state(-1, 0, 0);
    member.receive(join_log(0, i64::MAX, false, LEADER, false));
    member.cycles(5).unwrap();
    let subscribed = ("aeron:udp?tags=1|alias=log-sc-0".to_owned(), 100);
    assert_eq!(member.world.borrow().subscriptions, [subscribed]);
    assert_eq!(member.sent(), [ack(0, 0, 0, CLIENT_ID)], "no ack before the image is there");
    member.open_log(0);
    member.cycles(2).unwrap();
    assert_eq!(member.sent(), [ack(0, 0, 1, -1)]);
    assert_eq!(member.calls(), ["start [] []", "role Leader"]);
    assert_eq!(member.world.borrow().member_id, Some(2));
    assert_eq!(member.agent.cluster.member_id(), 2);
}

#[test]
fn a_log_that_does_not_go_on_where_the_service_is_is_an_error() {
    for (event_position, join_position, what) in [(64, 0, "event position"), (0, 64, "join position")] {
        let mut member = Member::new(nothing);
        member.world.borrow_mut().add_commit_position(0);
        member.world.borrow_mut().add_recovery_state(-1, 0, 0);
        member.receive(join_log(event_position, i64::MAX, false, FOLLOWER, false));
        member.open_log(join_position);
        match member.cycles(6).unwrap_err() {
            ContainerError::LogNotContiguous { what: found, expected: 0, found: 64 } => assert_eq!(found, what),
            other => panic!("{other}"),
        }
    }
}

#[test]
fn a_new_log_is_joined_when_the_old_one_has_been_read_to_its_position() {
    let mut member = Member::joined(LEADER, nothing);
    let first = member.append(&session_open(7, 10));
    let second = member.append(&session_message(7, 11, b"a"));
    member.cycles(1).unwrap();
    assert_eq!(member.world.borrow().egress_open, 1);
    member.append(&session_message(7, 12, b"never to be committed by the old log"));
    member.world.borrow_mut().commit(second);
    member.receive(join_log(second, i64::MAX, false, FOLLOWER, false));
    member.open_log(second);
    member.cycles(5).unwrap();
    assert!(first < second);
    assert_eq!(member.calls(), ["open 7 me @10", "message 7 a @11", "role Follower"]);
    assert_eq!(member.sent(), [ack(second, 11, 2, -1)]);
    assert_eq!(member.world.borrow().egress_open, 0);
}

#[test]
fn a_log_that_ends_makes_it_a_follower_that_goes_on_at_the_images_position() {
    let mut member = Member::joined(LEADER, nothing);
    member.append(&session_open(7, 10));
    member.cycles(1).unwrap();
    let log = member.log();
    log.borrow_mut().has_ended = true;
    log.borrow_mut().position += 64;
    let position = log.borrow().position;
    member.cycles(2).unwrap();
    assert_eq!(member.calls(), ["open 7 me @10", "role Follower"]);
    assert_eq!(member.world.borrow().egress_open, 0);
    assert_eq!(member.agent.cluster.log_position(), position);
    member.receive(join_log(position, i64::MAX, false, LEADER, false));
    member.open_log(position);
    member.cycles(4).unwrap();
    assert_eq!(member.sent(), [ack(position, 10, 2, -1)]);
    assert_eq!(member.world.borrow().egress_open, 1, "a new leader connects to its sessions");
}

#[test]
fn a_leader_at_the_cluster_s_start_does_not_connect_to_old_sessions() {
    let (begin, end) = (snapshot_mark(2, 0, 0, 1 << 16), snapshot_mark(2, 2, 0, 1 << 16));
    let mut member = with_snapshot(&[begin, snapshot_session(3), end], true);
    member.receive(join_log(640, i64::MAX, true, LEADER, false));
    member.open_log(640);
    member.cycles(6).unwrap();
    assert_eq!(member.calls().last().map(String::as_str), Some("role Leader"));
    assert_eq!(member.world.borrow().egress_open, 0);
}

// --- the log

#[test]
fn each_event_moves_position_and_time_before_it_is_told() {
    let seen = Rc::new(RefCell::new(Vec::new()));
    let seen_by_script = Rc::clone(&seen);
    let mut member = Member::joined(FOLLOWER, move |cluster, _| {
        seen_by_script.borrow_mut().push((cluster.log_position(), cluster.time()));
    });
    seen.borrow_mut().clear();
    let positions = [
        member.append(&new_term(5, 10, 1, 1 << 16)),
        member.append(&session_open(7, 11)),
        member.append(&session_message(7, 12, b"hello")),
        member.append(&session_message(-3, 13, b"own")),
        member.append(&message(20, &[5, 66, 14], &[], &[])),
        member.append(&message(22, &[5, 7, 15], &[2], &[])),
    ];
    member.cycles(1).unwrap();
    let expected = ["term 5 @10", "open 7 me @11", "message 7 hello @12", "message -3 own @13", "timer 66 @14"];
    assert_eq!(member.calls()[..5], expected);
    let times = positions.into_iter().zip(10..16).collect::<Vec<_>>();
    assert_eq!(*seen.borrow(), times);
    let cluster = &member.agent.cluster;
    assert_eq!((cluster.time_unit(), cluster.leadership_term_id()), (TimeUnit::Micros, 5));
    assert!(member.errors().is_empty());
}

#[test]
fn nothing_beyond_the_commit_position_is_read() {
    let mut member = Member::joined(FOLLOWER, nothing);
    let committed = member.append(&session_message(7, 10, b"a"));
    member.append(&session_message(7, 11, b"b"));
    member.world.borrow_mut().commit(committed);
    member.cycles(3).unwrap();
    assert_eq!(member.calls(), ["message 7 a @10"]);
    member.world.borrow_mut().commit(committed + 32);
    member.cycles(1).unwrap();
    assert_eq!(member.calls(), ["message 7 b @11"]);
}

#[test]
fn fragments_are_put_together() {
    let mut member = Member::joined(FOLLOWER, nothing);
    let text = "x".repeat(100);
    let position = member.log().borrow_mut().append_in_two(&session_message(7, 10, text.as_bytes()));
    member.world.borrow_mut().commit(position);
    member.cycles(1).unwrap();
    assert_eq!(member.calls(), [format!("message 7 {text} @10")]);
    assert_eq!(member.agent.cluster.log_position(), position);
}

#[test]
fn unknown_messages_are_skipped_and_bad_ones_counted() {
    let mut member = Member::joined(FOLLOWER, nothing);
    let mut other_schema = session_message(7, 10, b"a");
    other_schema[4] = 5;
    member.append(&message(25, &[1, 2, 3], &[], &[]));
    member.append(&message(250, &[], &[], &[]));
    member.append(&other_schema);
    member.append(&session_message(7, 10, b"a")[..20]);
    member.append(b"x");
    member.append(&session_open(7, 10)[..50]);
    member.append(&message(22, &[5, 9, 10], &[0], &[]));
    member.append(&session_message(7, 11, b"good"));
    member.receive(b"garbage!".to_vec());
    member.receive(join_log(0, 0, false, 7, false));
    member.cycles(3).unwrap();
    assert_eq!(member.calls(), ["message 7 good @11"]);
    assert_eq!(
        member.errors(),
        [
            "message of the consensus module: wrong schema id 26465, expected 111",
            "message of the log skipped: wrong schema id 5, expected 111",
            "message of the log skipped: message too short: 20 bytes, 32 needed",
            "message of the log skipped: message too short: 1 bytes, 8 needed",
            "message of the log skipped: variable-length field of 22 bytes at offset 44 runs past the end at 50",
            "the log closes session 9, which is not open (ClientAction)",
            "JoinLog of the consensus module with role 7",
        ]
    );
}

#[test]
fn a_session_that_opens_twice_and_a_term_of_another_version_are_errors() {
    let mut member = Member::joined(FOLLOWER, nothing);
    member.append(&session_open(7, 10));
    member.append(&session_open(7, 11));
    assert!(matches!(member.cycles(1), Err(ContainerError::SessionClash { cluster_session_id: 7, .. })));

    let mut member = Member::joined(FOLLOWER, nothing);
    member.append(&new_term(5, 10, 0, 2 << 16 | 1));
    let error = member.cycles(1).unwrap_err();
    assert_eq!(
        error.to_string(),
        "application version 1.0.2 does not go with the log's 2.0.1: the major versions differ"
    );
    assert!(member.calls().is_empty());
}

// --- sending

#[test]
fn only_the_leader_sends_egress_and_all_members_send_to_the_consensus_module() {
    for (role, egress) in [(LEADER, 1), (FOLLOWER, 0)] {
        let mut member = Member::joined(role, move |cluster, call| {
            if call == "message" {
                let position = cluster.offer_to(7, b"answer").unwrap();
                assert_eq!(position, if role == LEADER { 96 } else { MOCKED_OFFER });
                assert!(cluster.schedule_timer(1, 2) && cluster.cancel_timer(3));
                assert!(cluster.offer(b"own").is_ok());
                assert!(cluster.close_client_session(7) && cluster.close_client_session(7));
                assert!(!cluster.close_client_session(8));
                assert!(cluster.client_session(7).is_some_and(ClientSession::is_closing));
            }
        });
        member.append(&new_term(5, 10, 0, 1 << 16));
        member.append(&session_open(7, 11));
        member.append(&session_message(7, 12, b"hello"));
        member.cycles(1).unwrap();
        let answer = [message(1, &[5, 7, 12], &[], &[]), b"answer".to_vec()].concat();
        assert_eq!(member.world.borrow().egress, vec![answer; egress]);
        let own = [message(1, &[5, 0, 12], &[], &[]), b"own".to_vec()].concat();
        assert_eq!(member.sent(), [message(31, &[1, 2], &[], &[]), message(32, &[3], &[], &[]), own, close(7)]);
    }
}

fn close(session_id: i64) -> Vec<u8> {
    message(30, &[session_id], &[], &[])
}

#[test]
fn back_pressure_of_the_consensus_module_is_the_service_s_to_wait_out() {
    let mut member = Member::joined(LEADER, |cluster, call| match (call, cluster.time()) {
        ("message", 12) => {
            assert!(!cluster.schedule_timer(1, 2));
            cluster.idle(0);
            assert!(cluster.schedule_timer(1, 2));
        }
        ("message", _) => assert_eq!(cluster.offer(b"own"), Err(OfferError::BackPressured)),
        _ => {}
    });
    for time in [12, 13] {
        member.world.borrow_mut().send_results = [OfferError::BackPressured].into();
        member.append(&session_message(7, time, b"hello"));
        member.cycles(1).unwrap();
    }
    assert_eq!(member.sent(), [message(31, &[1, 2], &[], &[])]);
}

#[test]
fn a_consensus_module_that_is_gone_ends_loops_in_the_service() {
    let mut member = Member::joined(LEADER, |cluster, call| {
        if call == "message" {
            while !cluster.schedule_timer(1, 2) {
                cluster.idle(0);
            }
            assert_eq!(cluster.offer(b"own"), Err(OfferError::Closed));
            assert_eq!(cluster.offer_to(7, b"answer"), Err(OfferError::Closed));
        }
    });
    member.world.borrow_mut().send_results = [OfferError::BackPressured, OfferError::Closed].into();
    member.append(&session_message(7, 12, b"hello"));
    member.append(&session_message(7, 13, b"not told"));
    let error = member.cycles(1).unwrap_err();
    assert!(matches!(error, ContainerError::ControlPublication { error: OfferError::Closed }), "{error}");
    assert_eq!(member.calls(), ["message 7 hello @12"]);
}

#[test]
fn sending_from_a_role_change_ends_the_container() {
    let mut member = Member::joined(LEADER, |cluster, call| {
        if call == "role" && cluster.role() == Role::Follower {
            assert_eq!(cluster.offer_to(7, b"bye"), Err(OfferError::NotAllowed));
        }
    });
    member.log().borrow_mut().has_ended = true;
    let error = member.cycles(2).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the service called offer_to from on_role_change, where nothing may be sent and no timer scheduled"
    );
}

// --- slow clients

type Answers = Rc<RefCell<Vec<Result<i64, OfferError>>>>;

/// A leader whose service answers each message to session 7, with what became of the answers.
fn answering() -> (Member, Answers) {
    let results = Answers::default();
    let results_of_script = Rc::clone(&results);
    let member = Member::joined(LEADER, move |cluster, call| {
        if call == "message" {
            results_of_script.borrow_mut().push(cluster.offer_to(7, b"answer"));
        }
    });
    member.append(&session_open(7, 11));
    (member, results)
}

#[test]
fn a_client_that_takes_a_message_late_keeps_its_session() {
    let (mut member, results) = answering();
    member.world.borrow_mut().egress_results = [OfferError::BackPressured, OfferError::AdminAction].into();
    member.append(&session_message(7, 12, b"hello"));
    member.cycles(2).unwrap();
    assert_eq!(*results.borrow(), [Ok(96)]);
    assert_eq!(member.slow_closed.get(), 0);
    assert!(member.sent().is_empty() && member.errors().is_empty());
}

#[test]
fn a_client_that_does_not_keep_up_is_closed_within_the_limit() {
    let (mut member, results) = answering();
    member.world.borrow_mut().egress_is_stuck = true;
    // the consensus module is slow too: the close is sent a little later
    member.world.borrow_mut().send_results = [OfferError::BackPressured; 4].into();
    member.append(&session_message(7, 12, b"hello"));
    member.append(&session_message(7, 13, b"again"));
    let before_ns = member.world.borrow().now_ns;
    member.agent.do_work().unwrap();
    let waited_ns = member.world.borrow().now_ns - before_ns;
    assert!(waited_ns <= EGRESS_STALL_LIMIT_NS + 3 * MS, "{waited_ns}");
    assert_eq!(*results.borrow(), [Err(OfferError::SlowConsumer); 2], "what follows does not wait");
    assert_eq!(member.slow_closed.get(), 1);
    assert_eq!(member.errors(), ["a client did not keep up with its egress: its session was closed"]);
    assert!(member.sent().is_empty());
    member.cycles(3).unwrap();
    assert_eq!(member.sent(), [close(7)], "once");
}

#[test]
fn waits_add_up_unless_the_client_takes_enough() {
    for (length, survives) in [(100, false), (64 * 1024, true)] {
        let mut member = Member::joined(LEADER, move |cluster, call| {
            if call == "message" {
                let _ = cluster.offer_to(7, &vec![0; length]);
            }
        });
        member.append(&session_open(7, 11));
        for count in 0..4 {
            // each message waits for nearly half of the limit
            member.world.borrow_mut().egress_results = vec![OfferError::BackPressured; 20].into();
            member.append(&session_message(7, 12 + count, b"hello"));
            member.cycles(1).unwrap();
        }
        assert_eq!(member.slow_closed.get(), i64::from(!survives), "messages of {length} bytes");
    }
}

#[test]
fn a_new_leadership_forgives() {
    let (mut member, results) = answering();
    member.world.borrow_mut().egress_is_stuck = true;
    let position = member.append(&session_message(7, 12, b"hello"));
    member.cycles(2).unwrap();
    member.receive(join_log(position, i64::MAX, false, LEADER, false));
    member.open_log(position);
    member.world.borrow_mut().egress_is_stuck = false;
    member.cycles(5).unwrap();
    member.append(&session_message(7, 13, b"hello"));
    member.cycles(1).unwrap();
    assert_eq!(*results.borrow(), [Err(OfferError::SlowConsumer), Ok(96)]);
    assert!(!member.agent.cluster.client_session(7).unwrap().is_closing());
}

#[test]
fn a_client_that_is_gone_costs_no_time() {
    let (mut member, results) = answering();
    member.append(&session_message(7, 12, b"hello"));
    member.append(&message(22, &[5, 7, 15], &[0], &[]));
    member.append(&session_message(7, 16, b"hello"));
    member.world.borrow_mut().egress_results = [OfferError::NotConnected].into();
    let before_ns = member.world.borrow().now_ns;
    member.agent.do_work().unwrap();
    assert_eq!(member.world.borrow().now_ns, before_ns);
    assert_eq!(*results.borrow(), [Err(OfferError::NotConnected), Err(OfferError::UnknownSession)]);
}

// --- snapshots

#[test]
fn a_snapshot_is_acked_with_its_recording_once_it_is_recorded() {
    let mut member = Member::joined(FOLLOWER, nothing);
    member.append(&new_term(5, 9, 2, 1 << 16));
    member.append(&session_open(8, 10));
    member.append(&session_open(7, 11));
    let position = member.append(&snapshot_action(12, i32::MIN));
    member.append(&session_message(7, 13, b"after"));
    member.cycles(1).unwrap();
    let marks = |mark| message(100, &[2, position, 5], &[0, mark, 2, 1 << 16 | 2], &[]);
    let recorded = [marks(0), snapshot_session(7), snapshot_session(8), marks(2), b"state".to_vec()];
    assert_eq!(member.world.borrow().recorded, recorded);
    assert_eq!(member.calls().last(), Some(&format!("snapshot at {position}")), "the log waits");
    member.cycles(1).unwrap();
    assert_eq!(member.sent(), [ack(position, 12, 2, RECORDING_ID)]);
    assert_eq!(member.calls(), ["message 7 after @13"]);
    assert!(member.errors().is_empty());
}

#[test]
fn a_long_snapshot_keeps_the_container_alive_and_notices_its_end() {
    let mut member = Member::joined(FOLLOWER, nothing);
    let world = Rc::clone(&member.world);
    member.agent.service.on_snapshot = Box::new(move |snapshot| {
        for _ in 0..5 {
            world.borrow_mut().now_ns += 1_000 * MS;
            snapshot.offer(b"part")?;
        }
        world.borrow_mut().counters.remove(&COMMIT_POSITION_TYPE_ID);
        world.borrow_mut().now_ns += 1_000 * MS;
        snapshot.offer(b"part")
    });
    member.append(&snapshot_action(12, 0));
    let before = member.world.borrow().keep_alives.len();
    assert!(matches!(member.cycles(1), Err(ContainerError::ConsensusModuleGone)));
    assert_eq!(member.world.borrow().keep_alives.len() - before, 5);
}

#[test]
fn a_snapshot_that_fails_is_acked_all_the_same() {
    let mut member = Member::joined(FOLLOWER, nothing);
    member.world.borrow_mut().recorded_limit = Some(2);
    let position = member.append(&snapshot_action(12, 0));
    member.append(&session_message(7, 13, b"after"));
    member.cycles(3).unwrap();
    assert_eq!(member.sent(), [ack(position, 12, 2, -1)]);
    assert_eq!(member.errors(), ["snapshot failed: the archive records no further: no progress for 1000 ms"]);
    assert_eq!(member.calls().last().map(String::as_str), Some("message 7 after @13"), "the service goes on");
}

#[test]
fn an_archive_that_fails_while_a_snapshot_is_written_is_told_from_one_that_is_full() {
    let mut member = Member::joined(FOLLOWER, nothing);
    member.world.borrow_mut().record_error = Some(|| ServiceError::from("recording stopped").into());
    member.append(&snapshot_action(12, 0));
    member.cycles(2).unwrap();
    assert_eq!(member.errors(), ["snapshot failed: recording stopped"]);

    let mut member = Member::joined(FOLLOWER, nothing);
    member.world.borrow_mut().record_error = Some(|| SnapshotError::StorageFull("no space".to_owned()));
    let position = member.append(&snapshot_action(12, 0));
    let error = member.cycles(2).unwrap_err();
    assert_eq!(error.to_string(), "the archive has no room for a snapshot: no space");
    assert_eq!(member.sent(), [ack(position, 12, 2, -1)], "the consensus module is told first");
}

#[test]
fn standby_snapshots_are_for_standby_members_and_other_actions_for_nobody() {
    for (is_standby, flags, takes) in
        [(false, 0, true), (false, 1, false), (true, 1, true), (true, 0, true), (true, 2, false)]
    {
        let mut member = Member::joined(FOLLOWER, nothing);
        member.receive(join_log(0, i64::MAX, false, FOLLOWER, is_standby));
        member.cycles(5).unwrap();
        member.sent();
        member.append(&snapshot_action(12, flags));
        member.append(&message(23, &[5, 0, 13], &[0, 0], &[]));
        member.cycles(2).unwrap();
        assert_eq!(member.sent().len(), usize::from(takes), "standby {is_standby}, flags {flags}");
    }
    // of a version before flags
    let mut member = Member::joined(FOLLOWER, nothing);
    let mut action = message(23, &[5, 0, 12], &[2], &[]);
    action[6] = 10;
    member.append(&action);
    member.cycles(2).unwrap();
    assert_eq!(member.sent().len(), 1);
}

// --- the end

#[test]
fn it_ends_at_the_position_that_the_consensus_module_gives() {
    let mut member = Member::joined(LEADER, nothing);
    let position = member.append(&session_message(7, 12, b"last"));
    member.world.borrow_mut().commit(0);
    member.receive(message(42, &[position], &[], &[]));
    assert_eq!(member.cycles(3).unwrap(), Progress::Work(0), "not there yet");
    member.world.borrow_mut().commit(position);
    member.world.borrow_mut().send_results = [OfferError::BackPressured].into();
    assert_eq!(member.cycles(5).unwrap(), Progress::Ended(Termination::Cluster));
    assert_eq!(member.calls(), ["message 7 last @12", "terminate"]);
    assert_eq!(member.sent(), [ack(position, 12, 2, -1)]);
    member.agent.close();
    assert!(member.calls().is_empty(), "terminated once");
}

#[test]
fn the_end_does_not_wait_for_a_consensus_module_that_does_not_take_its_ack() {
    let mut member = Member::joined(LEADER, nothing);
    member.receive(message(42, &[0], &[], &[]));
    member.world.borrow_mut().send_results = [OfferError::BackPressured; 20].into();
    assert_eq!(member.cycles(10).unwrap(), Progress::Ended(Termination::Cluster));
    assert_eq!(member.world.borrow().send_results.len(), 15);
    assert_eq!(member.errors(), ["cannot tell the consensus module of the end: back pressured"]);
}

#[test]
fn a_position_to_end_at_that_has_passed_is_an_error_after_its_ack() {
    let mut member = Member::joined(LEADER, nothing);
    let position = member.append(&session_message(7, 12, b"more"));
    member.cycles(1).unwrap();
    member.receive(message(42, &[position - 32], &[], &[]));
    let error = member.cycles(3).unwrap_err();
    assert!(matches!(error, ContainerError::TerminationPassed { .. }), "{error}");
    assert_eq!(member.sent(), [ack(position, 12, 2, -1)]);
}

#[test]
fn an_ack_that_is_asked_for_is_given_at_its_position() {
    let mut member = Member::joined(FOLLOWER, nothing);
    let position = member.append(&session_message(7, 12, b"a"));
    member.world.borrow_mut().commit(0);
    member.receive(message(108, &[position], &[], &[]));
    member.cycles(3).unwrap();
    assert!(member.sent().is_empty());
    member.world.borrow_mut().commit(position);
    member.cycles(4).unwrap();
    assert_eq!(member.sent(), [ack(position, 12, 2, -1)]);
    assert!(member.errors().is_empty());
}

#[test]
fn without_consensus_module_or_client_it_ends() {
    let mut member = Member::joined(LEADER, nothing);
    member.world.borrow_mut().counters.remove(&COMMIT_POSITION_TYPE_ID);
    assert!(matches!(member.cycles(1), Err(ContainerError::ConsensusModuleGone)));
    member.agent.close();
    assert_eq!(member.calls(), ["terminate"]);

    let mut member = Member::joined(LEADER, nothing);
    member.world.borrow_mut().add_commit_position(0);
    if let Some((counter, _)) = member.world.borrow_mut().counters.get_mut(&COMMIT_POSITION_TYPE_ID) {
        counter.registration_id += 1;
    }
    assert!(matches!(member.cycles(1), Err(ContainerError::ConsensusModuleGone)), "another's counter by now");

    let mut member = Member::joined(LEADER, nothing);
    member.world.borrow_mut().client_closed = true;
    let error = member.cycles(1).unwrap_err();
    assert!(error.to_string().ends_with("driver gone"), "{error}");
}

#[test]
fn an_end_inside_a_callback_is_noticed_after_it() {
    let world: Rc<RefCell<Option<SharedWorld>>> = Rc::default();
    let world_of_script = Rc::clone(&world);
    let mut member = Member::joined(LEADER, move |cluster, call| {
        if call == "message" {
            if let Some(world) = world_of_script.borrow().as_ref() {
                world.borrow_mut().client_closed = true;
            }
            cluster.idle(0);
            assert_eq!(cluster.offer(b"x"), Err(OfferError::Closed));
        }
    });
    *world.borrow_mut() = Some(Rc::clone(&member.world));
    member.append(&session_message(7, 12, b"a"));
    member.append(&session_message(7, 13, b"b"));
    assert!(matches!(member.cycles(1), Err(ContainerError::ClientClosed(_))));
    assert_eq!(member.calls(), ["message 7 a @12"]);
}

#[test]
fn the_mark_file_is_kept_alive_every_second() {
    let mut member = Member::joined(FOLLOWER, nothing);
    member.world.borrow_mut().keep_alives.clear();
    let begin_ms = member.world.borrow().now_ns / MS;
    member.cycles(1500).unwrap();
    let times = &member.world.borrow().keep_alives;
    assert_eq!(times.len(), 3, "{times:?}");
    assert!(times.iter().all(|time| *time > begin_ms) && times.windows(2).all(|pair| pair[1] - pair[0] == 1000));
}
