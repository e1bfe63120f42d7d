//! Members come back: one that was killed, all from a snapshot, all from the log alone, all after an ordered end. Each
//! time with the very same state.

#![allow(clippy::expect_used, clippy::panic, reason = "a test that fails panics")]

mod harness;

use std::time::Duration;

use harness::{Answer, INSTRUMENTS, LocalCluster, MAKER, RawSession, Traders, define_instruments, new_order};
use lugus_client::Book;
use lugus_topology::Deployment;

const COMMANDS: u32 = 300;

/// No instruments: `lugus up` would define them, and the state go on by that. And patience, so that a leader is not
/// lost because of others on this machine while a session without the SDK talks to it.
fn by_hand(deployment: &mut Deployment) {
    deployment.instruments.clear();
    deployment.timeouts.heartbeat_timeout = Duration::from_secs(1);
}

#[test]
fn a_killed_follower_catches_up() {
    let cluster = LocalCluster::start(3, |_| {});
    let mut traders = Traders::connect(&cluster);
    traders.trade(COMMANDS);
    traders.settle();

    let leader = cluster.await_leader();
    let follower = (leader + 1) % 3;
    cluster.kill(follower);
    traders.trade(COMMANDS);
    traders.settle();
    let behind = cluster.await_status("the others' position", |status| status.running().count() == 2);
    let position = behind.member(leader).state_hash_position;

    assert_eq!(cluster.up(), [i64::from(follower)]);
    let (_, common) = cluster.await_common_state();
    assert!(Some(common) >= position, "{common} {position:?}");
    traders.trade(COMMANDS);
    traders.settle();
    traders.check();
    let (hash, later) = cluster.await_common_state();
    assert!(later > common);
    println!("all members have {hash} at {later}");
}

#[test]
fn all_come_back_from_a_snapshot() {
    let cluster = LocalCluster::start(3, by_hand);
    define_instruments(&cluster);
    let first = first_order(&cluster);
    come_back(
        &cluster,
        |cluster| {
            let taken = cluster.lugus(&["--json", "snapshot"]).json();
            println!("{taken}");
        },
        |cluster| {
            cluster.kill_all(&[0, 1, 2]);
        },
    );
    // Its events are older than the snapshot, and are retained in it.
    let mut session = RawSession::connect(&cluster, FIRST);
    assert_eq!(session.ask(&first_message(), 1), [first], "a repeat is answered, not applied");
    let hole = new_order(INSTRUMENTS[0].0, 3, 2, 1);
    assert_eq!(session.ask(&hole, 1), [Answer::SequenceReject { expected: 2 }]);
}

#[test]
fn all_come_back_from_the_log_alone() {
    let cluster = LocalCluster::start(3, by_hand);
    define_instruments(&cluster);
    let first = first_order(&cluster);
    come_back(
        &cluster,
        |_| {},
        |cluster| {
            cluster.kill_all(&[0, 1, 2]);
        },
    );
    let mut session = RawSession::connect(&cluster, FIRST);
    assert_eq!(session.ask(&first_message(), 1), [first], "a repeat is answered, not applied");
}

#[test]
fn all_come_back_after_an_ordered_end() {
    let cluster = LocalCluster::start(3, by_hand);
    define_instruments(&cluster);
    come_back(
        &cluster,
        |_| {},
        |cluster| {
            cluster.down();
            assert!(cluster.left().is_empty(), "{:?}", cluster.left());
        },
    );
}

/// Trades, does `between`, trades, `end`s all members, starts them again: state, book and numbers are the same. Then
/// trades on.
fn come_back(cluster: &LocalCluster, between: impl FnOnce(&LocalCluster), end: impl FnOnce(&LocalCluster)) {
    let mut traders = Traders::connect(cluster);
    traders.trade(COMMANDS);
    between(cluster);
    traders.trade(COMMANDS);
    traders.settle();
    traders.check();
    let books = books(&mut traders);
    let past = traders.close();
    let before = cluster.await_common_state();

    end(cluster);
    assert_eq!(cluster.up(), [0, 1, 2]);
    assert_eq!(cluster.await_common_state(), before);
    println!("all members have {before:?} again");

    // Asserts that events go on without a hole.
    let mut traders = Traders::connect_again(cluster, past);
    assert_eq!(self::books(&mut traders), books);
    traders.trade(COMMANDS);
    traders.settle();
    traders.check();
    traders.close();
    let after = cluster.await_common_state();
    assert_ne!(after.0, before.0);
}

/// Both books, without what tells when they were asked for.
fn books(traders: &mut Traders) -> [Book; 2] {
    INSTRUMENTS.map(|instrument| Book { request_id: 0, time: Default::default(), ..traders.book(instrument) })
}

/// Who sends one order before all others.
const FIRST: u32 = MAKER + 100;

fn first_message() -> Vec<u8> {
    new_order(INSTRUMENTS[0].0, 1, 1, 1)
}

fn first_order(cluster: &LocalCluster) -> Answer {
    let mut session = RawSession::connect(cluster, FIRST);
    let answer = session.ask(&first_message(), 1)[0];
    assert!(matches!(answer, Answer::Execution { client_sequence: 1, event_sequence: 1, .. }), "{answer:?}");
    answer
}
