//! Many sessions that share an Aeron client: each gets its own answers, through one port, whatever happens to the leader.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::CString;
use std::time::{Duration, Instant};

use aeron_cluster_client::{
    ClientError, ConfigurationError, Connected, Context, DisconnectReason, GroupListener, NewLeader, OfferError,
    SessionGroup, SessionIndex, State,
};
use rusteron_archive::AeronCnc;

use crate::java_cluster::{Cluster, Driver, alone};
use crate::notes::{SOON, START, context, log};

const SESSIONS: usize = 60;
/// Time without an answer after which a message is sent again.
const ASK_AGAIN: Duration = Duration::from_secs(1);
/// Time within which a closed publication and the image of a killed member are gone.
const LINGER: Duration = Duration::from_secs(20);
/// Time within which all messages have to be answered, also if there is an election on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// A leader's consensus module and its service share their publication, or have one each, for all sessions together.
const MAX_LEADER_IMAGES: usize = 2;

/// Type ids of the driver's counters. Source: `io.aeron.AeronCounters`.
const SENDER_POSITION: i32 = 2;
const SUBSCRIBER_POSITION: i32 = 4;
const RECEIVE_CHANNEL: i32 = 7;
const CLIENT_HEARTBEAT: i32 = 11;

/// What the sessions were told.
#[derive(Default)]
struct Heard {
    messages: Vec<(usize, Vec<u8>)>,
    connected: Vec<(usize, i64)>,
    new_leaders: Vec<usize>,
    disconnected: Vec<(usize, DisconnectReason)>,
    ended: Vec<(usize, ClientError)>,
}

impl GroupListener for Heard {
    fn on_connected(&mut self, session: SessionIndex, event: &Connected) {
        self.connected.push((session.get(), event.cluster_session_id));
    }

    fn on_message(&mut self, session: SessionIndex, _cluster_session_id: i64, _timestamp: i64, message: &[u8]) {
        self.messages.push((session.get(), message.to_vec()));
    }

    fn on_new_leader(&mut self, session: SessionIndex, _event: &NewLeader) {
        self.new_leaders.push(session.get());
    }

    fn on_disconnected(&mut self, session: SessionIndex, reason: DisconnectReason) {
        self.disconnected.push((session.get(), reason));
    }

    fn on_ended(&mut self, session: SessionIndex, error: ClientError) {
        self.ended.push((session.get(), error));
    }
}

struct Client {
    group: SessionGroup,
    heard: Heard,
    round: u32,
}

impl Client {
    fn wait(&mut self, what: &str, timeout: Duration, mut done: impl FnMut(&SessionGroup, &Heard) -> bool) {
        let start = Instant::now();
        while !done(&self.group, &self.heard) {
            if self.group.do_work(&mut self.heard) == 0 {
                std::thread::sleep(Duration::from_micros(50));
            }
            let problem = || self.group.sessions().find_map(|session| self.group.problem(session));
            assert!(start.elapsed() < timeout, "{what}: not within {timeout:?}: {:?}", problem());
        }
    }

    fn all_connected(&mut self, timeout: Duration) {
        self.wait("all sessions", timeout, |group, _| group.sessions().all(|s| group.state(s) == State::Connected));
    }

    /// Each session sends messages of its own, short and long, and gets them back and no others. What an election loses is sent
    /// again.
    fn echo(&mut self) {
        self.heard.messages.clear();
        self.round += 1;
        let sessions: Vec<SessionIndex> = self.group.sessions().collect();
        let mut missing = BTreeSet::new();
        for length in [40, 5_000] {
            for session in &sessions {
                let mut message = format!("{} in round {} ", session.get(), self.round).into_bytes();
                message.resize(length, b'.');
                missing.insert((session.get(), message));
            }
        }
        let expected = missing.clone();
        let begun = Instant::now();
        while !missing.is_empty() {
            assert!(begun.elapsed() < PATIENCE, "{} messages are not answered", missing.len());
            for session in &sessions {
                for (_, message) in missing.iter().filter(|(of, _)| *of == session.get()) {
                    // What is not taken now is offered again below.
                    let _ = self.group.offer(*session, message);
                }
            }
            let asked = Instant::now();
            while !missing.is_empty() && asked.elapsed() < ASK_AGAIN {
                self.group.do_work(&mut self.heard);
                for heard in self.heard.messages.drain(..) {
                    let is_of_earlier_round =
                        !heard.1.starts_with(format!("{} in round {} ", heard.0, self.round).as_bytes())
                            && heard.1.starts_with(format!("{} in round ", heard.0).as_bytes());
                    assert!(is_of_earlier_round || expected.contains(&heard), "session {} got another's", heard.0);
                    missing.remove(&heard);
                }
            }
        }
    }
}

/// Number of the driver's counters of each type.
fn counters(driver: &Driver) -> BTreeMap<i32, usize> {
    let mut counts = BTreeMap::new();
    let dir = CString::new(driver.dir.as_os_str().as_encoded_bytes()).unwrap();
    AeronCnc::read(&dir, |cnc| {
        cnc.counters_reader().foreach_counter_fn(|_, _, type_id, _, _| *counts.entry(type_id).or_default() += 1);
    })
    .unwrap();
    counts
}

#[test]
fn sixty_sessions_share_a_client_and_a_port_and_come_back() {
    let _alone = alone();
    log();
    // A new leader adds the egress publication of each session before it gives its first heartbeat.
    let mut cluster = Cluster::start_with(3, 36000, "1s");
    let driver = Driver::start(&cluster.root().join("client"), &cluster.root().join("client.log"));
    let of_session = |session: usize| context(&cluster, &driver).client_name(format!("session {session}"));
    let mut client = Client { group: SessionGroup::new(&of_session(0)).unwrap(), heard: Heard::default(), round: 0 };
    let indices: Vec<usize> =
        (0..SESSIONS).map(|session| client.group.add(of_session(session)).unwrap().get()).collect();
    assert_eq!(indices, (0..SESSIONS).collect::<Vec<_>>());
    another_driver_is_refused(&mut client.group, of_session(0).aeron_dir("/dev/shm/another"));
    let started = Instant::now();
    client.all_connected(START);
    println!("{SESSIONS} sessions after {:?}", started.elapsed());
    client.echo();
    one_of_each(&mut client, &driver);

    let later = (of_session(7), of_session(100));
    some_go_and_come(&mut client, later.0, later.1);
    one_of_each(&mut client, &driver);

    let ids = ids(&client.group);
    let first = client.group.sessions().next().unwrap();
    let leader = client.group.leader_member_id(first).unwrap();
    cluster.kill(usize::try_from(leader).unwrap());
    let killed = Instant::now();
    client.wait("new leaders", PATIENCE, |group, _| {
        group
            .sessions()
            .all(|session| group.leader_member_id(session) != Some(leader) && group.state(session) == State::Connected)
    });
    println!("all have a new leader {:?} after the kill", killed.elapsed());
    assert!((0..SESSIONS).all(|session| client.heard.new_leaders.contains(&session)));
    client.echo();
    assert_eq!(self::ids(&client.group), ids, "the sessions continue");
    assert_eq!(client.heard.disconnected, []);
    one_of_each(&mut client, &driver);

    cluster.kill_all();
    let killed = Instant::now();
    cluster.start_members();
    client.wait("other sessions", START, |group, _| {
        let others = group.sessions().map(|session| group.cluster_session_id(session));
        others.zip(&ids).all(|(other, old)| other.is_some() && other != *old)
    });
    client.all_connected(START);
    println!("all are back {:?} after the kill of all members", killed.elapsed());
    client.echo();
    assert!(client.heard.ended.is_empty());
    one_of_each(&mut client, &driver);

    client.group.close();
    assert!(client.group.sessions().all(|session| client.group.state(session) == State::Closed));
    assert_eq!(client.group.add(context(&cluster, &driver)), Err(ClientError::Closed));
}

fn another_driver_is_refused(group: &mut SessionGroup, context: Context) {
    let refused = group.add(context).unwrap_err();
    assert!(matches!(refused, ClientError::Configuration(ConfigurationError::OtherGroup { name: "aeron_dir", .. })));
}

/// Half of the sessions are closed, and others opened in their place; those that stay notice nothing.
fn some_go_and_come(client: &mut Client, of_session: Context, another: Context) {
    let sessions: Vec<SessionIndex> = client.group.sessions().collect();
    let stay = |group: &SessionGroup| -> Vec<_> {
        sessions.iter().skip(1).step_by(2).map(|session| group.cluster_session_id(*session)).collect()
    };
    let ids = stay(&client.group);
    for session in sessions.iter().step_by(2) {
        client.group.remove(*session);
        assert_eq!(client.group.state(*session), State::Closed);
        assert_eq!(client.group.offer(*session, b"gone"), Err(OfferError::Closed));
    }
    client.echo();
    for _ in 1..SESSIONS / 2 {
        client.group.add(of_session.with_credentials(aeron_cluster_client::NullCredentials)).unwrap();
    }
    client.group.add(another).unwrap();
    client.all_connected(SOON);
    client.echo();
    assert_eq!(stay(&client.group), ids);
    assert_eq!(client.heard.disconnected, []);
}

fn ids(group: &SessionGroup) -> Vec<Option<i64>> {
    group.sessions().map(|session| group.cluster_session_id(session)).collect()
}

/// The driver has one client, one port for egress, the images of the leader's egress, and one ingress publication, once what
/// leads to other members has lingered.
fn one_of_each(client: &mut Client, driver: &Driver) {
    let begun = Instant::now();
    loop {
        let looked = Instant::now();
        client.wait("a moment", SOON, |_, _| looked.elapsed() > Duration::from_millis(100));
        let counts = counters(driver);
        let count = |type_id: i32| counts.get(&type_id).copied().unwrap_or_default();
        assert_eq!((count(CLIENT_HEARTBEAT), count(RECEIVE_CHANNEL)), (1, 1), "{counts:?}");
        if count(SENDER_POSITION) == 1 && count(SUBSCRIBER_POSITION) <= MAX_LEADER_IMAGES {
            return;
        }
        assert!(begun.elapsed() < LINGER, "publications and images by type: {counts:?}");
    }
}
