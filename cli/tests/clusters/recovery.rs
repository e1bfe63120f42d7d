//! Members recover: one that was killed, all members from a snapshot, all from the log alone, and all after an orderly
//! stop. The state is the same every time.

use std::thread;

use crate::harness::{
    Answer, INSTRUMENTS, LocalCluster, MAKER, QUIET, RawSession, Status, Traders, by_hand, define_instruments,
    new_order, until,
};
use lugus_client::Book;
use lugus_media_driver::{FolderLock, cluster_tool};

const COMMANDS: u32 = 300;

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

/// The lock of a killed member's folder stays until the last of the member's threads has ended.
#[test]
fn a_member_that_is_still_dying_is_started_as_soon_as_it_is_gone() {
    let cluster = LocalCluster::prepare(3, |_| {});
    let dying = FolderLock::take(&cluster.member(0).dir).expect("the folder");
    let started = thread::scope(|scope| {
        let up = scope.spawn(|| cluster.up());
        until("the others", || (cluster.pid(1).is_some() && cluster.pid(2).is_some()).then_some(()));
        drop(dying);
        up.join().expect("up")
    });
    assert_eq!(started, [1, 2, 0]);
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
            let positions = [0, 1, 2].map(|member| snapshot_position(cluster, member));
            assert!(positions.iter().all(|position| *position == positions[0]), "{positions:?}");
        },
        |cluster| {
            cluster.kill_all(&[0, 1, 2]);
        },
    );
    // The participant's events are older than the snapshot, which must retain them.
    let mut session = RawSession::connect(&cluster, FIRST);
    assert_eq!(session.ask(&first_message(), 1), [first], "a repeat is answered, not applied");
    let hole = new_order(QUIET.0, 3, 2, 1);
    assert_eq!(session.ask(&hole, 1), [Answer::SequenceReject { expected: 2 }]);
}

/// A member that starts from a snapshot gets no later message from which it could learn the position of the last one.
#[test]
fn a_member_from_a_snapshot_can_be_compared_with_the_others_at_once() {
    let cluster = LocalCluster::start(3, by_hand);
    define_instruments(&cluster);
    first_order(&cluster);
    assert_eq!(cluster.lugus(&["snapshot"]).code, Some(0));
    let before = cluster.await_common_state();
    let follower = (cluster.await_leader() + 1) % 3;
    cluster.kill(follower);
    assert_eq!(cluster.up(), [i64::from(follower)]);
    assert_eq!(cluster.status().expect("a status").common_state(), Some(before));
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
            assert!(cluster.left().is_empty(), "`lugus down` has returned: {:?}", cluster.left());
        },
    );
}

/// Trades, calls `between`, trades, stops all members with `end` and starts them again: state, books and event numbers
/// are the same. Then trades on.
fn come_back(cluster: &LocalCluster, between: impl FnOnce(&LocalCluster), end: impl FnOnce(&LocalCluster)) {
    let mut traders = Traders::connect(cluster);
    traders.trade(COMMANDS);
    between(cluster);
    traders.trade(COMMANDS);
    traders.settle();
    traders.check();
    let books = books(&mut traders);
    let (past, before) = traders.close(cluster);

    end(cluster);
    assert_eq!(cluster.up(), [0, 1, 2]);
    // Before this, all members may be at the position of the snapshot.
    let all_applied = |status: &Status| status.common_state().is_some_and(|(_, position)| position >= before.1);
    let status = cluster.await_status("all members to have applied their logs", all_applied);
    assert_eq!(status.common_state().as_ref(), Some(&before));
    println!("all members have {before:?} again");

    // Also checks that the event numbers continue without a gap.
    let mut traders = Traders::connect_again(cluster, past);
    assert_eq!(self::books(&mut traders), books);
    traders.trade(COMMANDS);
    traders.settle();
    traders.check();
    let (_, after) = traders.close(cluster);
    assert_ne!(after.0, before.0);
}

/// Log position of the snapshot from which a member will start, as Aeron's own tool prints it.
fn snapshot_position(cluster: &LocalCluster, member: i32) -> i64 {
    let mut tool = cluster_tool(&cluster.spec(), &cluster.member(member)).expect("a command");
    let output = tool.args(["recovery-plan", "1"]).output().expect("run");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let snapshots = text.split("snapshots=[").nth(1).and_then(|rest| rest.split("], log=").next()).unwrap_or_default();
    assert!(snapshots.contains("serviceId=-1]") && snapshots.contains("serviceId=0]"), "{output:?}");
    let position = snapshots.split(" logPosition=").nth(1).and_then(|rest| rest.split(',').next());
    position.and_then(|position| position.parse().ok()).unwrap_or_else(|| panic!("no position: {output:?}"))
}

/// Both books, without the time of the request.
fn books(traders: &mut Traders) -> [Book; 2] {
    INSTRUMENTS.map(|instrument| Book { request_id: 0, time: Default::default(), ..traders.book(instrument) })
}

/// The participant that sends one order before all others, in an instrument that nobody else trades.
const FIRST: u32 = MAKER + 100;

fn first_message() -> Vec<u8> {
    new_order(QUIET.0, 1, 1, 1)
}

fn first_order(cluster: &LocalCluster) -> Answer {
    let mut session = RawSession::connect(cluster, FIRST);
    let answer = session.ask(&first_message(), 1)[0];
    assert!(matches!(answer, Answer::Execution { client_sequence: 1, event_sequence: 1, .. }), "{answer:?}");
    session.close(cluster);
    answer
}
