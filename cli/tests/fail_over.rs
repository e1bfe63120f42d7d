//! The leader, or one of its processes, dies in the middle of trading: the other members continue, and every command is
//! answered exactly once.

#![allow(clippy::expect_used, clippy::panic, reason = "a test that fails panics")]

mod harness;

use std::time::{Duration, Instant};

use harness::{LocalCluster, Traders, is_alive, kill, until};

const COMMANDS_PER_SECOND: u32 = 400;
const A_WHILE: Duration = Duration::from_secs(1);

/// Number of commands in flight when the leader dies.
const OUTSTANDING: u32 = 50;

/// Longest time for which the other processes of a member may outlive the one that died.
const WHOLE_MEMBER_DIES_WITHIN: Duration = Duration::from_secs(1);

#[test]
fn no_command_is_lost_or_executed_twice_when_the_leader_is_killed() {
    let cluster = LocalCluster::start(3, |_| {});
    let mut traders = traders_of_all_members(&cluster);
    let leader = cluster.await_leader();
    traders.burst(OUTSTANDING);
    assert!(traders.unanswered() > 0);
    let killed = cluster.kill(leader);
    go_on(&cluster, &mut traders, leader, killed);
}

#[test]
fn the_whole_leader_ends_when_its_consensus_module_dies() {
    one_process_dies("io.lugus.ClusteredArchiveProcess", Some("the consensus module has ended"));
}

#[test]
fn the_whole_leader_ends_when_its_media_driver_dies() {
    one_process_dies("lugus-media-driver", Some("the media driver has ended"));
}

#[test]
fn the_whole_leader_ends_when_its_engine_dies() {
    // A killed engine can't report anything itself.
    one_process_dies(" node --cluster 0 ", None);
}

fn one_process_dies(program: &str, message: Option<&str>) {
    let cluster = LocalCluster::start(3, |_| {});
    let mut traders = traders_of_all_members(&cluster);
    let leader = cluster.await_leader();
    let processes = cluster.processes(leader);
    let victim = processes.iter().find(|process| process.command.contains(program)).expect("one of its processes");
    traders.burst(OUTSTANDING);
    let killed = Instant::now();
    kill(victim.pid);
    until("the end of the whole member", || processes.iter().all(|process| !is_alive(process.pid)).then_some(()));
    let lasted = killed.elapsed();
    eprintln!("the whole member ended {lasted:?} after its {program} was killed");
    assert!(lasted < WHOLE_MEMBER_DIES_WITHIN, "{lasted:?}");
    if let Some(message) = message {
        let log = cluster.log(leader);
        let told = format!("lugus: member {leader} of cluster-0 ends: {message} (signal: 9 (SIGKILL))");
        assert!(log.contains(&told), "{log}");
    }

    go_on(&cluster, &mut traders, leader, killed);
}

/// Connects and trades until every member is a follower or the leader: a member that is still joining when the leader
/// dies would delay the election.
fn traders_of_all_members(cluster: &LocalCluster) -> Traders {
    let mut traders = Traders::connect(cluster);
    traders.trade_for(A_WHILE, COMMANDS_PER_SECOND);
    traders.settle();
    cluster.await_common_state();
    traders.trade_for(A_WHILE, COMMANDS_PER_SECOND);
    traders
}

/// Trades on without member `dead`, restarts it, and checks the whole account.
fn go_on(cluster: &LocalCluster, traders: &mut Traders, dead: i32, killed: Instant) {
    let first_answer =
        |traders: &Traders| traders.tallies().iter().filter_map(|tally| tally.first_answer_after(killed)).min();
    while first_answer(traders).is_none() {
        assert!(killed.elapsed() < harness::PATIENCE, "no answer since member {dead} was killed");
        traders.trade_for(Duration::from_millis(10), COMMANDS_PER_SECOND);
    }
    println!("first answer of the next leader after {:?}", first_answer(traders).expect("just seen"));
    for tally in traders.tallies() {
        println!("session: {}", tally.session_since(killed));
    }
    traders.trade_for(A_WHILE, COMMANDS_PER_SECOND);
    traders.settle();
    assert_ne!(cluster.await_leader(), dead);

    assert_eq!(cluster.up(), [i64::from(dead)]);
    traders.trade_for(A_WHILE, COMMANDS_PER_SECOND);
    traders.settle();
    let totals = traders.check();
    let commands = traders.commands();
    assert!(commands > 500 && totals.iter().all(|total| total.trades > 50), "{commands} commands: {totals:?}");
    let (hash, position) = cluster.await_common_state();
    println!("{commands} commands, each answered once: {totals:?}; all members have {hash} at {position}");
}
