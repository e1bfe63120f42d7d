//! The container with a real media driver, archive and consensus module, and with Aeron's own client and tools.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod member;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use aeron_cluster_service::{
    ClientSession, CloseReason, Cluster, ClusteredService, ContainerError, Header, MarkFileError, NewLeadershipTerm,
    Role, ServiceCounter, ServiceError, SnapshotReader, SnapshotWriter, Termination, TimeUnit,
};
use member::{Member, RunningContainer, until};

/// Type id of the service's counter, outside the range of Aeron's own.
const COUNTER_TYPE_ID: i32 = 20_001;
/// Length of a message of many fragments, longer than the receive window of a client, in bytes.
const LARGE: usize = 300_000;

/// What the test can see of the service.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
struct Seen {
    started_with: Option<u64>,
    messages: u64,
    bytes: u64,
    sessions: Vec<i64>,
    closed: Vec<CloseReason>,
    roles: Vec<Role>,
    terms: Vec<i64>,
    is_terminated: bool,
}

/// A service that echoes messages, and obeys "timer MS", "cancel MS", "close" and "panic".
#[derive(Default)]
struct TestService {
    seen: Arc<Mutex<Seen>>,
    timer_session: i64,
    counter: Option<ServiceCounter>,
}

impl TestService {
    fn see(&self, f: impl FnOnce(&mut Seen)) {
        f(&mut self.seen.lock().unwrap());
    }

    fn answer(&self, cluster: &mut dyn Cluster, session_id: i64, message: &[u8]) {
        let (first, second) = message.split_at(message.len() / 2);
        if let Err(error) = cluster.offer_to_parts(session_id, &[first, second]) {
            // In a replay, the clients of an earlier run have gone.
            assert!(cluster.role() == Role::Leader, "{error}");
        }
    }
}

impl ClusteredService for TestService {
    fn on_start(
        &mut self,
        cluster: &mut dyn Cluster,
        snapshot: Option<&mut dyn SnapshotReader>,
    ) -> Result<(), ServiceError> {
        let counter = cluster.add_counter(COUNTER_TYPE_ID, &[1, 2, 3], "a counter of the service")?;
        counter.set(1);
        self.counter = Some(counter);
        let mut messages = Vec::new();
        if let Some(snapshot) = snapshot {
            snapshot.read_to_end(cluster, &mut |message| {
                messages.push(message.to_vec());
                Ok(())
            })?;
            if messages.len() != 2 || messages[1] != vec![7; LARGE] {
                return Err(ServiceError::message("the snapshot is not what was written"));
            }
        }
        let count = messages.first().map(|message| u64::from_le_bytes(message.as_slice().try_into().unwrap()));
        self.see(|seen| {
            seen.started_with = Some(count.unwrap_or(0));
            seen.messages = count.unwrap_or(0);
        });
        Ok(())
    }

    fn on_session_open(&mut self, cluster: &mut dyn Cluster, session: &ClientSession, _: i64) {
        assert!(cluster.client_session(session.id()).is_some());
        self.see(|seen| seen.sessions.push(session.id()));
    }

    fn on_session_close(&mut self, _: &mut dyn Cluster, _: &ClientSession, _: i64, reason: CloseReason) {
        self.see(|seen| seen.closed.push(reason));
    }

    fn on_session_message(
        &mut self,
        cluster: &mut dyn Cluster,
        session_id: i64,
        timestamp: i64,
        message: &[u8],
        header: &Header,
    ) {
        assert_eq!(header.position, cluster.log_position());
        self.see(|seen| {
            seen.messages += 1;
            seen.bytes += message.len() as u64;
        });
        let text = std::str::from_utf8(message).unwrap_or_default();
        match text.split_once(' ').unwrap_or((text, "")) {
            ("timer", delay) => {
                self.timer_session = session_id;
                let deadline = timestamp + delay.parse::<i64>().unwrap();
                while !cluster.schedule_timer(deadline, deadline) {
                    cluster.idle(0);
                }
            }
            ("cancel", delay) => {
                let deadline = timestamp + delay.parse::<i64>().unwrap();
                while !cluster.schedule_timer(1, deadline) || !cluster.cancel_timer(1) {
                    cluster.idle(0);
                }
            }
            ("close", _) => assert!(cluster.close_client_session(session_id)),
            ("panic", _) => panic!("asked to"),
            _ => self.answer(cluster, session_id, message),
        }
    }

    fn on_timer_event(&mut self, cluster: &mut dyn Cluster, correlation_id: i64, timestamp: i64) {
        assert_ne!(correlation_id, 1, "was cancelled");
        assert!(timestamp >= correlation_id, "fired before its deadline");
        self.answer(cluster, self.timer_session, b"fired");
    }

    fn on_take_snapshot(&mut self, _: &dyn Cluster, snapshot: &mut dyn SnapshotWriter) -> Result<(), ServiceError> {
        assert!(snapshot.max_message_length() > LARGE);
        let messages = self.seen.lock().unwrap().messages;
        snapshot.offer(&messages.to_le_bytes())?;
        snapshot.offer(&[7; LARGE])
    }

    fn on_role_change(&mut self, _: &mut dyn Cluster, role: Role) {
        self.see(|seen| seen.roles.push(role));
    }

    fn on_new_leadership_term_event(&mut self, cluster: &mut dyn Cluster, event: &NewLeadershipTerm) {
        assert_eq!((cluster.time_unit(), cluster.member_id()), (TimeUnit::Millis, 0));
        self.see(|seen| seen.terms.push(event.leadership_term_id));
    }

    fn on_terminate(&mut self, _: &mut dyn Cluster) {
        self.see(|seen| seen.is_terminated = true);
    }
}

/// Starts a container with a new service. Returns what is seen of the service as well.
fn start_leader(member: &Member) -> (RunningContainer, Arc<Mutex<Seen>>) {
    let seen = Arc::new(Mutex::new(Seen::default()));
    let seen_by_service = Arc::clone(&seen);
    let service = || TestService { seen: seen_by_service, ..TestService::default() };
    let container = RunningContainer::start(member.context(), service);
    (container, seen)
}

fn await_leader(seen: &Mutex<Seen>) {
    until("the leader's role", || seen.lock().unwrap().roles.last() == Some(&Role::Leader));
}

#[test]
fn clients_tools_and_a_restart_from_a_snapshot() {
    let member = Member::new(0);
    let driver = member.start_driver();
    let (container, seen) = start_leader(&member);
    let mut consensus_module = member.start_consensus_module();
    await_leader(&seen);

    let second = RunningContainer::start(member.context(), TestService::default).await_end();
    assert!(matches!(second, Err(ContainerError::MarkFile(MarkFileError::Active { .. }))), "{second:?}");

    let mut client = member.connect_client();
    let counters = member.counters();
    for (type_id, label) in [
        (215, "Cluster Container Errors - clusterId=0 serviceId=0 version="),
        (218, "Cluster container max cycle time in ns - clusterId=0 serviceId=0"),
        (219, "Cluster container work cycle time exceeded count: threshold=100ms - clusterId=0 serviceId=0"),
        (236, "Clustered service max snapshot duration in ns - clusterId=0 serviceId=0"),
        (237, "Clustered service max snapshot duration exceeded count: threshold=1s - clusterId=0 serviceId=0"),
        (COUNTER_TYPE_ID, "a counter of the service"),
    ] {
        assert!(counters.iter().any(|(other, text)| *other == type_id && text.starts_with(label)), "{counters:?}");
    }

    client.ask("send 1000 100", "sent 1000 got 100000 bytes");
    client.ask(&format!("send 20 {LARGE}"), "sent 20 got 6000000 bytes");
    client.ask("text hello", "answer hello");
    client.tell("text cancel 1");
    client.ask("text timer 20", "answer fired");
    assert_eq!(seen.lock().unwrap().messages, 1023);

    let tool = |arguments: &[&str], expected: &str| {
        let (output, succeeds) = member.cluster_tool(arguments);
        assert!(succeeds && output.contains(expected), "{arguments:?}: {output}");
    };
    tool(&["describe"], "componentType=CONTAINER");
    tool(&["list-members"], "leaderMemberId=0, memberId=0");
    tool(&["errors"], "Type: CONTAINER");
    tool(&["suspend"], "SUSPEND applied successfully");
    tool(&["resume"], "RESUME applied successfully");
    tool(&["snapshot"], "SNAPSHOT applied successfully");
    tool(&["recovery-plan", "1"], "serviceId=0");
    client.ask("text after the snapshot", "answer after the snapshot");
    client.ask("text close", "closed");
    until("the close in the log", || seen.lock().unwrap().closed == [CloseReason::ServiceAction]);
    tool(&["shutdown"], "SHUTDOWN applied successfully");
    assert_eq!(container.await_end().unwrap(), Termination::Cluster);
    consensus_module.await_exit();
    let before = seen.lock().unwrap().clone();
    assert!(before.is_terminated);
    assert_eq!((before.messages, before.terms.as_slice(), before.sessions.len()), (1025, &[0][..], 1));

    // A driver that runs on keeps the counters of the old consensus module for a while.
    drop(driver);
    let mut driver = member.start_driver();
    let (container, seen) = start_leader(&member);
    let _consensus_module = member.start_consensus_module();
    await_leader(&seen);
    assert_eq!(seen.lock().unwrap().started_with, Some(1025));
    let mut client = member.connect_client();
    client.ask("text again", "answer again");
    assert_eq!(seen.lock().unwrap().messages, 1026);

    driver.kill();
    let result = container.await_end();
    assert!(matches!(result, Err(ContainerError::ClientClosed(_))), "{result:?}");
}

#[test]
fn a_killed_consensus_module_and_a_replay_of_the_whole_log() {
    let member = Member::new(1);
    let _driver = member.start_driver();
    let mut consensus_module = member.start_consensus_module();
    let (container, seen) = start_leader(&member);
    await_leader(&seen);
    let mut client = member.connect_client();
    client.ask("send 500 100", "sent 500 got 50000 bytes");
    client.ask(&format!("send 3 {LARGE}"), "sent 3 got 900000 bytes");
    consensus_module.kill();
    let result = container.await_end();
    assert!(matches!(result, Err(ContainerError::ConsensusModuleGone)), "{result:?}");
    let before = seen.lock().unwrap().clone();
    drop(client);

    let (_container, seen) = start_leader(&member);
    let _consensus_module = member.start_consensus_module();
    await_leader(&seen);
    until("the old session's end", || seen.lock().unwrap().closed == [CloseReason::Timeout]);
    let after = seen.lock().unwrap().clone();
    assert_eq!((after.started_with, after.messages, after.bytes), (Some(0), before.messages, before.bytes));
    assert_eq!((after.messages, after.sessions, after.terms), (503, before.sessions, vec![0, 1]));
    let mut client = member.connect_client();
    client.ask("text again", "answer again");
}

#[test]
fn a_service_that_panics_ends_with_an_error_that_tools_show() {
    let member = Member::new(2);
    let _driver = member.start_driver();
    let _consensus_module = member.start_consensus_module();
    let (container, seen) = start_leader(&member);
    await_leader(&seen);
    let mut client = member.connect_client();
    client.tell("text panic");
    let result = container.await_end();
    assert!(matches!(&result, Err(ContainerError::Panic(text)) if text == "asked to"), "{result:?}");
    assert!(!seen.lock().unwrap().is_terminated, "it is told nothing more");
    let (output, succeeds) = member.cluster_tool(&["errors"]);
    assert!(succeeds && output.contains("the service panicked: asked to"), "{output}");
    let mark_file = std::fs::read(member.cluster_dir().join("cluster-mark-service-0.dat")).unwrap();
    assert_eq!(mark_file[16..24], (-1_i64).to_le_bytes(), "released");
}

#[test]
fn a_killed_media_driver_ends_the_container() {
    let member = Member::new(3);
    let mut driver = member.start_driver();
    let container = RunningContainer::start(member.context(), TestService::default);
    until("the container to be ready", || member.is_container_ready());
    driver.kill();
    let error = container.await_end().unwrap_err();
    assert!(error.to_string().contains("MediaDriver keepalive"), "{error}");
}

#[test]
fn without_a_media_driver_it_says_so_and_with_a_stop_it_stops() {
    let member = Member::new(4);
    let context = member.context().driver_timeout(Duration::from_millis(100));
    let error = RunningContainer::start(context, TestService::default).await_end().unwrap_err();
    assert!(error.to_string().starts_with("cannot connect to the media driver in /dev/shm/"), "{error}");

    let _driver = member.start_driver();
    let container = RunningContainer::start(member.context(), TestService::default);
    assert_eq!(container.stop().unwrap(), Termination::Stopped);
}

#[test]
fn a_launch_waits_for_the_driver_that_replaces_a_dead_one() {
    let member = Member::new(5);
    member.start_driver().kill();
    assert!(!member.counters().is_empty(), "the files of the dead driver are there");
    let container = RunningContainer::start(member.context(), TestService::default);
    std::thread::sleep(Duration::from_secs(1));
    assert!(!member.is_container_ready());
    let _driver = member.start_driver();
    until("the container to be ready", || member.is_container_ready());
    assert_eq!(container.stop().unwrap(), Termination::Stopped);
}

#[test]
fn a_launch_does_not_wait_for_ever_for_a_dead_driver() {
    let member = Member::new(6);
    member.start_driver().kill();
    let error = RunningContainer::start(member.context(), TestService::default).await_end().unwrap_err();
    assert!(error.to_string().contains("no media driver runs there: no "), "{error}");
}
