//! The leader, or one of its processes, dies or hangs in the middle of trading: the other members continue, and every
//! command is answered exactly once.

use std::fs;
use std::time::{Duration, Instant};

use crate::harness::{LocalCluster, Traders, is_alive, kill, stop, until};
use lugus_topology::LogFormat;
use serde_json::Value;

const COMMANDS_PER_SECOND: u32 = 400;
/// Rate of commands while a leader is missing for seconds.
const COMMANDS_OF_A_WAIT_PER_SECOND: u32 = 50;
const A_WHILE: Duration = Duration::from_secs(1);

/// Number of commands in flight when the leader dies.
const OUTSTANDING: u32 = 50;

/// Longest time for which the other processes of a member may outlive the one that died.
const WHOLE_MEMBER_DIES_WITHIN: Duration = Duration::from_secs(1);

/// Longest time until a leader whose service hangs has ended: a watchdog notices after half a second. Without the watchdog the media
/// driver gives up the service after ten seconds.
const HUNG_LEADER_ENDS_WITHIN: Duration = Duration::from_secs(5);

#[test]
fn no_command_is_lost_or_executed_twice_when_the_leader_is_killed() {
    let cluster = LocalCluster::start(3, |deployment| deployment.log.format = LogFormat::Json);
    let mut traders = traders_of_all_members(&cluster);
    let leader = cluster.await_leader();
    traders.burst(OUTSTANDING);
    assert!(traders.unanswered() > 0);
    let killed = cluster.kill(leader);
    go_on(&cluster, &mut traders, leader, killed);
    the_logs_tell_of_it(&cluster, leader);
}

/// All members agree on where the next leader's term begins, and the next leader says when it got its role.
fn the_logs_tell_of_it(cluster: &LocalCluster, dead: i32) {
    let lines = |id: i32| -> Vec<Value> {
        let log = cluster.log(id);
        log.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"))).collect()
    };
    let last = |id: i32, message: &str| {
        let line = lines(id).into_iter().rfind(|line| line["message"] == message);
        line.unwrap_or_else(|| panic!("member {id} does not say: {message}"))
    };
    let next = cluster.await_leader();
    let terms = [0, 1, 2].map(|id| last(id, "a new term"));
    for (id, term) in terms.iter().enumerate() {
        assert_eq!(
            (&term["leader"], &term["begins_at"], &term["member"]),
            (&next.into(), &terms[0]["begins_at"], &id.into())
        );
        assert_eq!(term["term"], terms[0]["term"]);
    }
    let role = last(next, "the member has a role");
    assert_eq!((&role["role"], &role["cluster"]), (&"Leader".into(), &cluster.spec().name.into()));
    assert_ne!(next, dead);
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

#[test]
fn a_leader_whose_service_hangs_is_replaced_and_comes_back_by_itself() {
    let cluster = supervised();
    let mut traders = traders_of_all_members(&cluster);
    let leader = cluster.await_leader();
    let hung = cluster.pid(leader).expect("it runs");
    let ended = hang(&cluster, &mut traders, leader);
    println!("the member ended {ended:?} after its service was stopped");
    assert!(ended < HUNG_LEADER_ENDS_WITHIN, "{ended:?}");
    until("the member, started again", || cluster.pid(leader).filter(|pid| *pid != hung));
    // In this order: the log is renamed when the member starts again.
    let dir = cluster.member(leader).dir;
    let logs = ["consensus-module.log", "consensus-module.log.old"].map(|name| fs::read_to_string(dir.join(name)));
    let told = "the service of this leader has made no progress for 500 ms";
    assert!(logs.iter().flatten().any(|log| log.contains(told)), "{logs:?}");
    come_back(&cluster, traders);
}

/// Only its media driver notices, after ten seconds.
#[test]
fn a_follower_whose_service_hangs_ends_and_comes_back_by_itself() {
    let cluster = supervised();
    let mut traders = traders_of_all_members(&cluster);
    let follower = (cluster.await_leader() + 1) % 3;
    let hung = cluster.pid(follower).expect("it runs");
    let ended = hang(&cluster, &mut traders, follower);
    println!("the member ended {ended:?} after its service was stopped");
    until("the member, started again", || cluster.pid(follower).filter(|pid| *pid != hung));
    come_back(&cluster, traders);
}

/// A busy machine must not cause an election, in which a hung leader would lose its leadership before the watchdog notices.
fn supervised() -> LocalCluster {
    LocalCluster::start(3, |deployment| {
        deployment.supervision.restart = true;
        deployment.timeouts.heartbeat_timeout = Duration::from_secs(2);
        deployment.timeouts.startup_canvass_timeout = Duration::from_secs(4);
        deployment.client.silence_timeout = Duration::from_secs(4);
    })
}

/// Stops a member's node, which nobody lets go on, and trades until all processes of the member have ended; returns the time that
/// it took.
fn hang(cluster: &LocalCluster, traders: &mut Traders, member: i32) -> Duration {
    let processes = cluster.processes(member);
    traders.burst(OUTSTANDING);
    let stopped = Instant::now();
    stop(cluster.pid(member).expect("it runs"));
    while processes.iter().any(|process| is_alive(process.pid)) {
        assert!(stopped.elapsed() < crate::harness::PATIENCE, "the hung member {member} does not end");
        traders.trade_for(Duration::from_millis(100), COMMANDS_OF_A_WAIT_PER_SECOND);
    }
    stopped.elapsed()
}

/// Checks the whole account, and that supervisors end with the members that they have started again.
fn come_back(cluster: &LocalCluster, mut traders: Traders) {
    traders.trade_for(A_WHILE, COMMANDS_PER_SECOND);
    traders.settle();
    traders.check();
    let (hash, position) = cluster.await_common_state();
    println!("all members have {hash} at {position}");
    // With their media driver.
    drop(traders);
    cluster.down();
    assert!(cluster.left().is_empty(), "{:?}", cluster.left());
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
    println!("first answer of the next leader after {:?}", answer_after(traders, dead, killed));
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

/// Trades until a command that was sent after the moment `after` is answered; returns the time from that moment.
fn answer_after(traders: &mut Traders, gone: i32, after: Instant) -> Duration {
    loop {
        if let Some(answered) = traders.tallies().iter().filter_map(|tally| tally.first_answer_after(after)).min() {
            return answered;
        }
        assert!(after.elapsed() < crate::harness::PATIENCE, "no answer since member {gone} is gone");
        traders.trade_for(Duration::from_millis(10), COMMANDS_PER_SECOND);
    }
}
