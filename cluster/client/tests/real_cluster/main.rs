//! The client against Aeron's own consensus module and service container.

#![allow(clippy::unwrap_used, reason = "a test that cannot continue has to stop")]

mod busy_cluster;
mod group;
mod java_cluster;
mod lost_egress;
mod notes;
mod relay;

use std::time::{Duration, Instant};

use aeron_cluster_client::blocking::BlockingError;
use aeron_cluster_client::{
    AdminResponseCode, BlockingCluster, ClientError, Context, CredentialsSupplier, DisconnectReason, MAX_OFFER_PARTS,
    OfferError, State,
};
use java_cluster::{Cluster, Driver, alone, epoch};
use notes::{Notes, SOON, START, context, echo, log};

#[test]
fn one_member_comes_back_after_kill_9() {
    let _alone = alone();
    log();
    let start = Instant::now();
    let mut cluster = Cluster::start(1, 30000);
    let driver = Driver::start(&cluster.root().join("client"), &cluster.root().join("client.log"));
    let mut client = BlockingCluster::connect(context(&cluster, &driver), Notes::default(), START).unwrap();
    println!("connected {:?} after the start", start.elapsed());
    assert_eq!(client.cluster().session_secret(), b"", "there was no challenge");
    for length in [0, 1, 100, 1400, 100_000] {
        echo(&mut client, &vec![7; length]);
    }
    message_in_parts(&mut client);
    authentication(&cluster, &driver);
    snapshot_is_not_authorised(&mut client);
    let mut local = local_client(&cluster);
    quiet_session_stays(&mut client);
    suspended_cluster_keeps_the_session(&cluster, &mut client);

    cluster.kill_all();
    let killed = Instant::now();
    cluster.start_members();
    client.wait("a new session", START, |_, notes| notes.connected.len() == 2).unwrap();
    let up = cluster.leader_since(0).unwrap();
    println!(
        "new session {:?} after the kill, {:?} after the new leader",
        killed.elapsed(),
        epoch().saturating_sub(up)
    );
    assert!(epoch().saturating_sub(up) < Duration::from_secs(2));
    assert_eq!(client.listener.disconnected, [DisconnectReason::Watchdog]);
    assert_ne!(client.listener.connected[0].cluster_session_id, client.listener.connected[1].cluster_session_id);
    echo(&mut client, &[8; 100_000]);
    local_client_comes_back(&mut local);

    closed_by_the_service(&mut client);
    media_driver_restart(&mut client, driver);
    println!("done {:?} after the start", start.elapsed());
}

fn message_in_parts(client: &mut BlockingCluster<Notes>) {
    let long = vec![5; 50_000];
    let seven: [&[u8]; MAX_OFFER_PARTS] = [b"a"; MAX_OFFER_PARTS];
    let messages: [&[&[u8]]; 5] = [&[], &[b"one"], &[b"one ", b"", b"three"], &[&long, b"-", &long], &seven];
    for parts in messages {
        let count = client.listener.messages.len();
        client.wait("an offer", SOON, |cluster, _| cluster.offer_parts(parts).is_ok()).unwrap();
        client.wait("an echo", SOON, |_, notes| notes.messages.len() > count).unwrap();
        assert_eq!(client.listener.messages.last(), Some(&parts.concat()));
    }
    let too_many = OfferError::TooManyParts { parts: MAX_OFFER_PARTS + 1, maximum: MAX_OFFER_PARTS };
    assert_eq!(client.cluster().offer_parts(&[&seven[..], &[b"b"]].concat()), Err(too_many));
    let maximum = client.cluster().max_message_length().unwrap();
    let too_long = OfferError::MessageTooLong { length: maximum + 1, maximum };
    assert_eq!(client.cluster().offer_parts(&[&vec![0; maximum], b"x"]), Err(too_long));
}

struct Password(&'static [u8], &'static [u8]);

impl CredentialsSupplier for Password {
    fn encoded_credentials(&mut self) -> Vec<u8> {
        self.0.to_vec()
    }

    fn on_challenge(&mut self, encoded_challenge: &[u8]) -> Vec<u8> {
        assert_eq!(encoded_challenge, b"what is it?");
        self.1.to_vec()
    }

    fn session_secret(&mut self, encoded_challenge: &[u8]) -> Vec<u8> {
        [encoded_challenge, self.1].concat()
    }
}

fn authentication(cluster: &Cluster, driver: &Driver) {
    let with = |password| context(cluster, driver).credentials(password);
    let mut good = BlockingCluster::connect(with(Password(b"challenge me", b"this")), Notes::default(), SOON).unwrap();
    echo(&mut good, b"let in");
    assert_eq!(good.cluster().session_secret(), b"what is it?this");
    for bad in [Password(b"let me in", b""), Password(b"challenge me", b"that")] {
        let error = BlockingCluster::connect(with(bad), Notes::default(), SOON).err().unwrap();
        assert!(matches!(error, BlockingError::Client(ClientError::AuthenticationRejected(_))), "{error}");
    }
}

/// Aeron's default authorisation refuses the request: this tests that request and answer arrive.
fn snapshot_is_not_authorised(client: &mut BlockingCluster<Notes>) {
    client.cluster().send_admin_request_to_take_a_snapshot(4711).unwrap();
    client.wait("an admin response", SOON, |_, notes| !notes.admin.is_empty()).unwrap();
    assert_eq!(client.listener.admin, [(4711, AdminResponseCode::UnauthorisedAccess)]);
}

/// A client on the member's host, which shares its media driver. It knows no address at which a member is, so it is connected
/// by IPC or not at all.
fn local_client(cluster: &Cluster) -> BlockingCluster<Notes> {
    let context = Context::default()
        .aeron_dir(cluster.driver_dir(0))
        .ingress_channel("aeron:udp?term-length=2m")
        .ingress_endpoints([(0, "127.0.0.1:9")])
        .ipc_member(Some(0));
    let mut client = BlockingCluster::connect(context, Notes::default(), SOON).unwrap();
    echo_by_ipc(&mut client);
    client
}

/// The longest message shows that IPC has the ingress channel's term length (an eighth of it is the longest message), and not
/// the media driver's.
fn echo_by_ipc(client: &mut BlockingCluster<Notes>) {
    let longest = client.cluster().max_message_length().unwrap();
    assert!((250_000..=262_144).contains(&longest), "{longest}");
    echo(client, &[3; 100_000]);
}

fn local_client_comes_back(client: &mut BlockingCluster<Notes>) {
    client.wait("a new session by IPC", SOON, |_, notes| notes.connected.len() == 2).unwrap();
    assert!(matches!(client.listener.disconnected.last(), Some(DisconnectReason::MediaDriverLost(_))));
    echo_by_ipc(client);
}

/// Probes are answered, so nothing happens to a session without messages.
fn quiet_session_stays(client: &mut BlockingCluster<Notes>) {
    let start = Instant::now();
    client.wait("silence", SOON, |_, _| start.elapsed() > Duration::from_millis(2500)).unwrap();
    assert_eq!(client.cluster().state(), State::Connected);
    assert_eq!(client.listener.disconnected, []);
    echo(client, b"still here");
}

/// A suspended consensus module reads no ingress, so it answers no probe, here for longer than the watchdog waits.
fn suspended_cluster_keeps_the_session(cluster: &Cluster, client: &mut BlockingCluster<Notes>) {
    cluster.tool(0, "suspend");
    client.wait("the watchdog", SOON, |cluster, _| cluster.state() == State::AwaitNewLeader).unwrap();
    let silent_since = Instant::now();
    client.wait("half a second", SOON, |_, _| silent_since.elapsed() > Duration::from_millis(500)).unwrap();
    cluster.tool(0, "resume");
    client.wait("a sign of life", SOON, |cluster, _| cluster.state() == State::Connected).unwrap();
    assert_eq!((client.listener.connected.len(), client.listener.disconnected.len()), (1, 0));
    echo(client, b"the same session");
}

fn closed_by_the_service(client: &mut BlockingCluster<Notes>) {
    let sessions = client.listener.connected.len();
    client.send(b"close me", SOON).unwrap();
    client.wait("a session after the closed one", SOON, |_, notes| notes.connected.len() > sessions).unwrap();
    let reason = client.listener.disconnected.last();
    assert_eq!(reason, Some(&DisconnectReason::ClosedByCluster("SERVICE_ACTION".into())));
    echo(client, b"back again");
}

fn media_driver_restart(client: &mut BlockingCluster<Notes>, driver: Driver) {
    let sessions = client.listener.connected.len();
    let dir = driver.dir.clone();
    drop(driver);
    let driver = Driver::start(&dir, &dir.with_extension("log"));
    let restarted = Instant::now();
    client.wait("a session after the driver's restart", SOON, |_, notes| notes.connected.len() > sessions).unwrap();
    println!("new session {:?} after the restart of the client's media driver", restarted.elapsed());
    assert!(matches!(client.listener.disconnected.last(), Some(DisconnectReason::MediaDriverLost(_))));
    echo(client, b"with another driver");

    // The driver is killed and not restarted: only its old heartbeat shows that it has gone.
    drop(driver);
    client.wait("the loss of the driver", SOON, |cluster, _| cluster.state() == State::AwaitMediaDriver).unwrap();
    let _driver = Driver::start(&dir, &dir.with_extension("log"));
    client.wait("a session with the third driver", SOON, |cluster, _| cluster.state() == State::Connected).unwrap();
    echo(client, b"with the third driver");

    // The application pauses for longer than the driver allows (AERON_CLIENT_LIVENESS_TIMEOUT).
    std::thread::sleep(Duration::from_millis(2500));
    client.wait("a session after the pause", SOON, |_, notes| notes.connected.len() > sessions + 2).unwrap();
    echo(client, b"with a new Aeron client");
    client.cluster().close();
    assert_eq!(client.cluster().state(), State::Closed);
}

#[test]
fn three_members() {
    let _alone = alone();
    log();
    let start = Instant::now();
    let mut cluster = Cluster::start(3, 31000);
    let driver = Driver::start(&cluster.root().join("client"), &cluster.root().join("client.log"));
    let mut client = BlockingCluster::connect(context(&cluster, &driver), Notes::default(), START).unwrap();
    println!("connected {:?} after the start", start.elapsed());
    let leader = client.cluster().leader_member_id().unwrap();
    drop(client);

    // The client knows a follower only, which redirects it.
    let follower = (0..3).find(|id| *id != leader).unwrap();
    let endpoint = cluster.ingress_endpoint(usize::try_from(follower).unwrap());
    let by_follower = context(&cluster, &driver).ingress_endpoints([(follower, endpoint)]);
    let redirected = Instant::now();
    let mut client = BlockingCluster::connect(by_follower, Notes::default(), SOON).unwrap();
    println!("connected by a redirect in {:?}", redirected.elapsed());
    assert_eq!(client.cluster().leader_member_id(), Some(leader));
    echo(&mut client, &[1; 100]);

    leader_steps_down(&cluster, &mut client);
    let leader = client.cluster().leader_member_id().unwrap();
    fail_over(&mut cluster, &mut client, usize::try_from(leader).unwrap());
    all_members_restart(&mut cluster, &mut client);
    println!("done {:?} after the start", start.elapsed());
}

/// Without followers the leader ends its egress streams before there is another leader.
fn leader_steps_down(cluster: &Cluster, client: &mut BlockingCluster<Notes>) {
    let session = client.cluster().cluster_session_id();
    let leader = usize::try_from(client.cluster().leader_member_id().unwrap()).unwrap();
    let followers = || (0..3).filter(|id| *id != leader);
    followers().for_each(|id| cluster.suspend(id));
    client.wait("no leader", SOON, |cluster, _| cluster.state() == State::AwaitNewLeader).unwrap();
    followers().for_each(|id| cluster.resume(id));
    client.wait("a leader of a new term", SOON, |_, notes| !notes.new_leaders.is_empty()).unwrap();
    echo(client, b"the same session");
    assert_eq!(client.cluster().cluster_session_id(), session);
    assert_eq!(client.listener.disconnected, []);
    client.listener.new_leaders.clear();
    client.listener.new_leader_at.clear();
}

fn fail_over(cluster: &mut Cluster, client: &mut BlockingCluster<Notes>, leader: usize) {
    let session = client.cluster().cluster_session_id();
    cluster.kill(leader);
    let killed = Instant::now();
    // Lost with the old leader, so sent again when the new one is there.
    let lost = client.cluster().offer(b"unanswered");
    client.wait("a new leader", SOON, |_, notes| !notes.new_leaders.is_empty()).unwrap();
    let new_leader_at = client.listener.new_leader_at[0].duration_since(killed);
    echo(client, b"unanswered");
    println!(
        "offered to the dead leader: {lost:?}; new leader {new_leader_at:?}, first answer {:?} after the kill",
        killed.elapsed()
    );
    assert!(killed.elapsed() < Duration::from_secs(2));
    assert_eq!(client.cluster().cluster_session_id(), session, "the session continues");
    assert_eq!(client.listener.disconnected, []);
}

fn all_members_restart(cluster: &mut Cluster, client: &mut BlockingCluster<Notes>) {
    let session = client.cluster().cluster_session_id();
    cluster.kill_all();
    let killed = Instant::now();
    cluster.start_members();
    client.wait("a session after the restart of all", START, |_, notes| notes.connected.len() == 2).unwrap();
    let up = (0..3).filter_map(|id| cluster.leader_since(id)).max().unwrap();
    println!(
        "new session {:?} after the kill, {:?} after the new leader",
        killed.elapsed(),
        epoch().saturating_sub(up)
    );
    assert!(epoch().saturating_sub(up) < Duration::from_secs(2));
    assert_ne!(client.cluster().cluster_session_id(), session);
    echo(client, &[9; 100]);
}
