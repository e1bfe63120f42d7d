//! Several services of one member, members in Rust and in Java of one cluster, and Aeron's backup of our snapshots.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod member;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use aeron_cluster_service::{
    Cluster, ClusteredService, Context, Header, ServiceError, SnapshotReader, SnapshotWriter, Termination,
};
use member::{Member, Process, RunningContainer, until};

/// A service has not started.
const NOT_STARTED: i64 = -1;

/// Counts messages, sends each back, and answers "count" with their number.
struct CountingService {
    /// Number of messages, for the test to see; [`NOT_STARTED`] before the start.
    count: Arc<AtomicI64>,
}

impl ClusteredService for CountingService {
    fn on_start(
        &mut self,
        cluster: &mut dyn Cluster,
        snapshot: Option<&mut dyn SnapshotReader>,
    ) -> Result<(), ServiceError> {
        let mut count = 0;
        if let Some(snapshot) = snapshot {
            snapshot.read_to_end(cluster, &mut |message| {
                count = i64::from_le_bytes(message.try_into()?);
                Ok(())
            })?;
        }
        self.count.store(count, Ordering::SeqCst);
        Ok(())
    }

    fn on_session_message(
        &mut self,
        cluster: &mut dyn Cluster,
        session_id: i64,
        _timestamp: i64,
        message: &[u8],
        _header: &Header,
    ) {
        let count = self.count.fetch_add(1, Ordering::SeqCst) + 1;
        let _ = match message {
            b"count" => cluster.offer_to(session_id, count.to_string().as_bytes()),
            _ => cluster.offer_to(session_id, message),
        };
    }

    fn on_take_snapshot(&mut self, _: &dyn Cluster, snapshot: &mut dyn SnapshotWriter) -> Result<(), ServiceError> {
        snapshot.offer(&self.count.load(Ordering::SeqCst).to_le_bytes())
    }
}

/// Starts a container with a new service. Returns the number of its messages as well.
fn start(context: Context) -> (RunningContainer, Arc<AtomicI64>) {
    let count = Arc::new(AtomicI64::new(NOT_STARTED));
    let count_of_service = Arc::clone(&count);
    (RunningContainer::start(context, || CountingService { count: count_of_service }), count)
}

fn await_count(count: &AtomicI64, expected: i64) {
    until(&format!("{expected} messages"), || count.load(Ordering::SeqCst) == expected);
}

fn tool(member: &Member, command: &str, expected: &str) {
    let (output, succeeds) = member.cluster_tool(&[command]);
    assert!(succeeds && output.contains(expected), "{command}: {output}");
}

#[test]
fn a_member_has_several_services() {
    let mut member = Member::new(10);
    member.set("aeron.cluster.service.count", 2);
    let member = member;
    let _driver = member.start_driver();
    let start_both = || {
        // The client gets its answers from the first service alone.
        [start(member.context()), start(member.context().service_id(1).is_responding_service(false))]
    };
    let [(first, first_count), (second, second_count)] = start_both();
    let mut consensus_module = member.start_consensus_module();
    let mut client = member.connect_client();
    client.ask("send 100 100", "sent 100 got 10000 bytes");
    client.ask("text count", "answer 101");
    await_count(&second_count, 101);
    tool(&member, "snapshot", "SNAPSHOT applied successfully");
    client.ask("text count", "answer 102");
    tool(&member, "shutdown", "SHUTDOWN applied successfully");
    assert_eq!(first.await_end().unwrap(), Termination::Cluster);
    assert_eq!(second.await_end().unwrap(), Termination::Cluster);
    consensus_module.await_exit();
    assert_eq!(first_count.load(Ordering::SeqCst), second_count.load(Ordering::SeqCst));

    let [(_first, first_count), (_second, second_count)] = start_both();
    let _consensus_module = member.start_consensus_module();
    await_count(&first_count, 102);
    await_count(&second_count, 102);
    let mut client = member.connect_client();
    client.ask("text count", "answer 103");
    await_count(&second_count, 103);
}

/// All processes and containers of a cluster of three members, of which the last has its service in Aeron's Java container.
struct MixedCluster {
    containers: [(RunningContainer, Arc<AtomicI64>); 2],
    _java_service: Process,
    _consensus_modules: Vec<Process>,
    _drivers: Vec<Process>,
}

impl MixedCluster {
    fn start(members: &mut [Member], leader: usize) -> Self {
        for member in members.iter_mut() {
            member.set("aeron.cluster.appointed.leader.id", leader);
            // A busy machine must not cause an election, in which the client would lose messages.
            member.set("aeron.cluster.leader.heartbeat.timeout", "4s");
            member.set("aeron.cluster.startup.canvass.timeout", "8s");
        }
        let drivers = members.iter().map(Member::start_driver).collect();
        let consensus_modules = members.iter().map(Member::start_consensus_module).collect();
        Self {
            containers: [start(members[0].context()), start(members[1].context())],
            _java_service: members[2].start_java_service(),
            _consensus_modules: consensus_modules,
            _drivers: drivers,
        }
    }

    /// Waits until the containers have counted `expected` messages and all `members` have the same log. The member that is to
    /// lead next would not be elected with less of the log than the others have.
    fn await_count(&self, members: &[Member], expected: i64) {
        self.containers.iter().for_each(|(_, count)| await_count(count, expected));
        until("one commit position", || {
            let positions: Vec<_> = members.iter().map(Member::commit_position).collect();
            positions.iter().all(|position| *position == positions[0])
        });
    }
}

#[test]
fn a_java_member_and_rust_members_are_one_cluster() {
    let mut members = Member::cluster(11, 3);
    let cluster = MixedCluster::start(&mut members, 2);
    let mut client = members[0].connect_client();
    client.ask("send 100 100", "sent 100 got 10000 bytes");
    client.ask("text count", "answer 101");
    cluster.await_count(&members, 101);
    tool(&members[2], "is-leader", "");
    tool(&members[2], "snapshot", "SNAPSHOT applied successfully");
    client.ask("send 50 100", "sent 50 got 5000 bytes");
    cluster.await_count(&members, 151);
    drop((client, cluster));

    // Each comes back from its own snapshot and the log after it, and a Rust member leads.
    let cluster = MixedCluster::start(&mut members, 0);
    cluster.await_count(&members, 151);
    let mut client = members[2].connect_client();
    client.ask("text count", "answer 152");
    cluster.await_count(&members, 152);
    tool(&members[0], "is-leader", "");
    drop((client, cluster));

    // The Java service has seen the same again.
    let cluster = MixedCluster::start(&mut members, 2);
    let mut client = members[1].connect_client();
    client.ask("text count", "answer 153");
    cluster.await_count(&members, 153);
}

#[test]
fn aeron_s_backup_has_what_a_service_starts_from() {
    let member = Member::new(14);
    let driver = member.start_driver();
    let (container, _) = start(member.context());
    let consensus_module = member.start_consensus_module();
    let mut client = member.connect_client();
    client.ask("send 100 100", "sent 100 got 10000 bytes");
    client.ask("text count", "answer 101");
    tool(&member, "snapshot", "SNAPSHOT applied successfully");

    let spare = Member::new(15);
    let backup = spare.start_backup_of(&member);
    let has_snapshot = || {
        let (output, succeeds) = spare.cluster_tool(&["recording-log"]);
        succeeds && output.contains("serviceId=0") && output.contains("serviceId=-1")
    };
    until("the snapshot in the backup", has_snapshot);
    drop((client, container, consensus_module, driver, backup));

    // A member in the backup's directory begins where the snapshot was taken.
    let _driver = spare.start_driver();
    let (_container, count) = start(spare.context());
    let _consensus_module = spare.start_consensus_module();
    until("the start from the snapshot", || count.load(Ordering::SeqCst) >= 101);
    let mut client = spare.connect_client();
    client.ask("text count", "answer 102");
}
