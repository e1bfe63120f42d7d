//! A cluster that takes its time: with a snapshot, and with the decision whom it lets in; and one that only seems to.

use std::thread;
use std::time::{Duration, Instant};

use aeron_cluster_client::{BlockingCluster, CredentialsSupplier, DisconnectReason, State};

use crate::java_cluster::{Cluster, Driver, alone, epoch};
use crate::notes::{Notes, SOON, START, context, echo, log};

/// As long as `EchoService.onTakeSnapshot` takes.
const SNAPSHOT: Duration = Duration::from_secs(8);
/// As long as `TestAuthenticator` takes with these credentials.
const SLOW: &[u8] = b"take your time";
const AUTHENTICATION: Duration = Duration::from_millis(1500);
/// Time for which a busy cluster is waited for. Source: `Context::session_timeout`.
const SESSION_TIMEOUT: Duration = Duration::from_secs(10);

struct Slowly;

impl CredentialsSupplier for Slowly {
    fn encoded_credentials(&mut self) -> Vec<u8> {
        SLOW.to_vec()
    }

    fn on_challenge(&mut self, _encoded_challenge: &[u8]) -> Vec<u8> {
        Vec::new()
    }
}

/// The consensus module counts connect requests by the ids of the sessions that it makes of them, wanted or not.
fn next_session_id(cluster: &Cluster, driver: &Driver) -> i64 {
    let client = BlockingCluster::connect(context(cluster, driver), Notes::default(), SOON).unwrap();
    client.listener.connected[0].cluster_session_id
}

#[test]
fn a_busy_cluster_is_waited_for() {
    let _alone = alone();
    log();
    let cluster = Cluster::start(1, 30400);
    let driver = Driver::start(&cluster.root().join("client"), &cluster.root().join("client.log"));
    let mut client = BlockingCluster::connect(context(&cluster, &driver), Notes::default(), START).unwrap();
    snapshot(&cluster, &driver, &mut client);
    slow_authenticator(&cluster, &driver);
}

fn snapshot(cluster: &Cluster, driver: &Driver, client: &mut BlockingCluster<Notes>) {
    let first = client.cluster().cluster_session_id().unwrap();
    echo(client, b"before the snapshot");
    let started = Instant::now();
    thread::scope(|scope| {
        let tool = scope.spawn(|| cluster.tool(0, "snapshot"));
        client.wait("silence", SOON, |cluster, _| cluster.state() == State::AwaitNewLeader).unwrap();
        client.wait("the snapshot", SNAPSHOT + SOON, |cluster, _| cluster.state() == State::Connected).unwrap();
        client.wait("the tool", SOON, |_, _| tool.is_finished()).unwrap();
    });
    println!("silent until {:?} after the snapshot was asked for", started.elapsed());
    assert!(started.elapsed() > SNAPSHOT);
    echo(client, b"after the snapshot");
    assert_eq!(client.listener.disconnected, []);
    assert_eq!(client.listener.connected.len(), 1);
    assert_eq!(next_session_id(cluster, driver), first + 1, "nobody has asked for a session meanwhile");
}

fn slow_authenticator(cluster: &Cluster, driver: &Driver) {
    let first = next_session_id(cluster, driver);
    let started = Instant::now();
    let context = context(cluster, driver).credentials(Slowly);
    let mut client = BlockingCluster::connect(context, Notes::default(), SOON).unwrap();
    println!("let in after {:?}", started.elapsed());
    assert!(started.elapsed() > AUTHENTICATION);
    // A session whose ingress image is gone is closed by the cluster within its image liveness time-out at most.
    let connected = Instant::now();
    client.wait("a second and more", SOON, |_, _| connected.elapsed() > Duration::from_millis(1500)).unwrap();
    echo(&mut client, b"let in");
    assert_eq!(client.listener.connected.len(), 1);
    assert_eq!(client.listener.disconnected, []);
    assert_eq!(next_session_id(cluster, driver), first + 2, "one request has led to the session");
}

/// The client's application pauses, so that it does not see that the members were away. They are there again, and read what the
/// client sends, but have closed its session when they started.
#[test]
fn a_cluster_that_has_restarted_unseen_is_not_waited_for() {
    let _alone = alone();
    log();
    let mut cluster = Cluster::start(1, 30300);
    let patient = [("AERON_CLIENT_LIVENESS_TIMEOUT", "10s")];
    let driver = Driver::start_with(&cluster.root().join("client"), &cluster.root().join("client.log"), &patient);
    let mut client = BlockingCluster::connect(context(&cluster, &driver), Notes::default(), START).unwrap();
    echo(&mut client, b"before the restart");
    cluster.kill_all();
    let killed = epoch();
    cluster.start_members();
    while cluster.leader_since(0).is_none_or(|since| since < killed) {
        assert!(epoch() < killed + START, "the member does not lead");
        thread::sleep(Duration::from_millis(10));
    }
    let looked = Instant::now();
    client.wait("a new session", START, |_, notes| notes.connected.len() == 2).unwrap();
    println!("new session {:?} after the pause", looked.elapsed());
    assert!(looked.elapsed() < SESSION_TIMEOUT / 2, "{:?}", looked.elapsed());
    assert_eq!(client.listener.disconnected, [DisconnectReason::Watchdog]);
    echo(&mut client, b"after the restart");
}
