//! Floods of a member's ports, and of a client's, by somebody who needs no key: no process ends, and those who trade go on.
//!
//! `LUGUS_FLOOD_SECONDS` makes each flood longer than 3 s, to measure.

use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::harness::{Flood, LocalCluster, Process, RawSession, Traders, counter, counters, until};
use lugus_topology::{Deployment, Endpoint, MemberSpec};

/// Address of this machine from which the floods come; the clients are at 127.0.0.1.
const STRANGER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

/// Frames a second of publications that do not exist. A driver in one thread without a bound waits for itself for ever after two
/// seconds of them (docs/security.md).
const FRAMES_PER_SECOND: u64 = 20_000;

/// So few that a flood of 3 s reaches the driver's limit of publications.
const MAXIMUM_SESSIONS: u32 = 20;

/// Type of the driver's counter of destinations to which a port sends (`AERON_COUNTER_CHANNEL_NUM_DESTINATIONS_TYPE_ID`).
const DESTINATIONS_TYPE_ID: i32 = 18;

/// Greatest number of listeners at one address (docs/security.md).
const LISTENERS_OF_ADDRESS: i64 = 32;

/// Connects a second without credentials, at which a leader without a bound ended.
const CONNECTS_PER_SECOND: u64 = 2_400;

/// Type of the counter of connects that a member has dropped (`IngressDoor`).
const REFUSED_CONNECTS_TYPE_ID: i32 = 2021;

fn duration() -> Duration {
    let seconds = std::env::var("LUGUS_FLOOD_SECONDS").ok().and_then(|text| text.parse().ok());
    Duration::from_secs(seconds.unwrap_or(3))
}

/// Trades for a while, and returns the median and the 99th percentile of the times to an answer.
fn trade(traders: &mut Traders, duration: Duration) -> (Duration, Duration) {
    let began = Instant::now();
    traders.trade_for(duration, 500);
    traders.settle();
    let mut times: Vec<Duration> = traders.tallies().iter().flat_map(|tally| tally.answer_times_since(began)).collect();
    times.sort();
    (times[times.len() / 2], times[times.len() * 99 / 100])
}

/// Trades while all of these floods run, and returns the times to an answer.
fn trade_in<F: FnOnce(&AtomicBool) -> u64 + Send>(traders: &mut Traders, floods: Vec<F>) -> (Duration, Duration) {
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let floods: Vec<_> = floods.into_iter().map(|flood| scope.spawn(|| flood(&stop))).collect();
        let flooded = trade(traders, duration());
        stop.store(true, Ordering::Relaxed);
        let sent: u64 = floods.into_iter().map(|flood| flood.join().expect("sent")).sum();
        assert!(sent > 0);
        flooded
    })
}

fn processes(cluster: &LocalCluster) -> Vec<u32> {
    let pid = |process: Process| process.pid;
    (0..3).flat_map(|member| cluster.processes(member)).map(pid).collect()
}

/// A cluster whose clients have traded for a while, and are warm.
struct Undisturbed {
    cluster: LocalCluster,
    traders: Traders,
    /// Median and 99th percentile of the times to an answer.
    times: (Duration, Duration),
    processes: Vec<u32>,
}

impl Undisturbed {
    fn start(adjust: impl FnOnce(&mut Deployment)) -> Self {
        let cluster = LocalCluster::start(3, adjust);
        let mut traders = Traders::connect(&cluster);
        trade(&mut traders, Duration::from_secs(2));
        let times = trade(&mut traders, duration());
        let processes = processes(&cluster);
        Self { cluster, traders, times, processes }
    }
}

/// Nothing is lost or done twice, and the members agree.
fn end(cluster: &LocalCluster, mut traders: Traders) {
    traders.check();
    cluster.await_common_state();
    traders.close(cluster);
}

#[test]
fn a_flood_of_new_publications_ends_no_process() {
    let Undisturbed { cluster, mut traders, times: before, processes: all } =
        Undisturbed::start(|deployment| deployment.consensus.maximum_sessions = MAXIMUM_SESSIONS);
    let leader = cluster.await_leader();
    let follower = cluster.member((leader + 1) % 3).endpoints;
    let leader = cluster.member(leader).endpoints;
    let streams = &cluster.deployment.streams;
    let egress = Endpoint { host: "127.0.0.1".to_owned(), port: traders.egress_port() };
    for (name, to, stream) in [
        ("ingress", leader.ingress, streams.ingress),
        ("archive", leader.archive, streams.archive_control),
        ("consensus", leader.consensus, streams.consensus),
        ("log", follower.log, streams.log),
        ("catch-up", follower.catch_up, streams.log),
        ("market data", leader.market_data, streams.market_data),
        ("egress", egress, streams.egress),
    ] {
        let flood = Flood { from: STRANGER, to, rate: FRAMES_PER_SECOND };
        let setups = |stop: &AtomicBool| flood.of_setups(stop, stream, 1 << 16);
        let announced = trade_in(&mut traders, vec![setups]);
        let data = |stop: &AtomicBool| flood.of_unannounced_data(stop, stream);
        let unannounced = trade_in(&mut traders, vec![data]);
        println!("{name}: (p50, p99) {before:?} before, SETUP frames {announced:?}, data frames {unannounced:?}");
        assert_eq!(processes(&cluster), all, "{name}: no process has ended");
    }
    // Who comes now finds a place.
    end(&cluster, traders);
}

#[test]
fn a_flood_of_listeners_makes_few_destinations() {
    let Undisturbed { cluster, mut traders, times: before, processes: all } = Undisturbed::start(|_| {});
    let leader = cluster.member(cluster.await_leader());
    let destinations = || counters(&leader.aeron_dir, DESTINATIONS_TYPE_ID);
    let honest = destinations().into_iter().max().expect("ports with listeners");
    let streams = &cluster.deployment.streams;
    for (name, to, stream) in [
        ("market data", &leader.endpoints.market_data, streams.market_data),
        ("status", &leader.endpoints.status, streams.status),
    ] {
        let flood = Flood { from: STRANGER, to: to.clone(), rate: FRAMES_PER_SECOND };
        let flooded = trade_in(&mut traders, vec![|stop: &AtomicBool| flood.of_listeners(stop, stream)]);
        let most = destinations().into_iter().max().expect("ports with listeners");
        println!("{name}: (p50, p99) {before:?} before, {flooded:?} meanwhile, with {most} destinations");
        assert!((LISTENERS_OF_ADDRESS..=LISTENERS_OF_ADDRESS + honest).contains(&most), "{name}: {most}");
        assert_eq!(processes(&cluster), all, "{name}: no process has ended");
    }
    end(&cluster, traders);
}

#[test]
fn connects_without_credentials_leave_room_for_others() {
    let Undisturbed { cluster, mut traders, times: before, processes: all } = Undisturbed::start(|_| {});
    let members = [0, 1, 2].map(|member| cluster.member(member));
    let stream = cluster.deployment.streams.ingress;
    let refused = |member: &MemberSpec| counter(&member.aeron_dir, REFUSED_CONNECTS_TYPE_ID).expect("a counter");
    assert_eq!(members.each_ref().map(refused), [0; 3], "no client of ours is refused");

    // From one address, to all members.
    let flood = |from: Ipv4Addr, member: &MemberSpec, rate| {
        let flood = Flood { from, to: member.endpoints.ingress.clone(), rate };
        move |stop: &AtomicBool| flood.of_connects(stop, stream)
    };
    let stop = AtomicBool::new(false);
    let flooded = thread::scope(|scope| {
        for member in &members {
            let (flood, stop) = (flood(STRANGER, member, CONNECTS_PER_SECOND), &stop);
            scope.spawn(move || flood(stop));
        }
        until("the stranger's places to be taken", || members.iter().all(|member| refused(member) > 0).then_some(()));
        drop(RawSession::connect(&cluster, 9));
        let flooded = trade(&mut traders, duration());
        stop.store(true, Ordering::Relaxed);
        flooded
    });
    println!(
        "from one address: (p50, p99) {before:?} before, {flooded:?} meanwhile; refused: {:?}",
        members.each_ref().map(refused)
    );
    assert_eq!(processes(&cluster), all, "no process has ended");

    // From 100 addresses, to the leader: nobody else comes in, but those who trade go on.
    let leader = &members[usize::try_from(cluster.await_leader()).expect("a number")];
    let floods = (0..100).map(|number| flood(Ipv4Addr::new(127, 0, 1, number), leader, CONNECTS_PER_SECOND / 100));
    let flooded = trade_in(&mut traders, floods.collect());
    println!("from 100 addresses: (p50, p99) {before:?} before, {flooded:?} meanwhile");
    assert_eq!(processes(&cluster), all, "no process has ended");
    // Places are free again after a while.
    drop(RawSession::connect(&cluster, 9));
    end(&cluster, traders);
}
