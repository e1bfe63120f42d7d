//! Whoever reaches the ports on which a member hears the others tells it, in the names of both, that its state is wrong. Without a
//! members' key it fences itself; with one it does not.

use std::fs;
use std::net::UdpSocket;
use std::thread;
use std::time::{Duration, Instant};

use crate::harness::{
    FRAME_ALIGNMENT, LocalCluster, PATIENCE, Traders, by_hand, data, define_instruments, driver, labels, setup,
};
use lugus_codecs::member_status::{MAXIMUM_MEMBER_REPORT_LENGTH, encode_member_report};
use lugus_node::watch::hear_members;
use lugus_topology::{ClusterId, Key, MemberId};
use lugus_vocabulary::{
    EpochNanos, HeardMember, LogPosition, MemberReport, MemberStatus, SNAPSHOT_VERSION, StateAt, StateHash,
};

/// Type of the counters whose labels are a driver's receiving addresses (`AERON_COUNTER_LOCAL_SOCKADDR_NAME`), and how these begin.
const LOCAL_ADDRESS_TYPE_ID: i32 = 14;
const RECEIVING: &str = "rcv-local-sockaddr: ";
/// Length of a frame's header, in bytes.
const FRAME_HEADER: usize = 32;
/// Length of the terms of the status stream, in bytes.
const TERM_LENGTH: i32 = 1 << 16;
/// Session id of the first forged publication, far from those that a driver counts up from a random number, most likely.
const SESSION: i32 = 2_000_000;
/// Pause between the SETUP frames of two ports. Most lead to no image, as nobody subscribes to the stream at the port; a driver lets
/// few such frames of one source wait.
const PAUSE: Duration = Duration::from_millis(400);
/// Number of times that each report is sent in a publication. The frames are repeated, as a driver drops those that come before
/// it has made an image.
const REPEATS: usize = 16;

#[test]
fn a_member_believes_anybody_where_members_have_no_key() {
    let cluster = LocalCluster::start(3, by_hand);
    let victim = forged(&cluster, None, |victim| cluster.pid(victim).is_none());
    assert!(cluster.log(victim).contains("a majority of the members has another state than this one"));
}

#[test]
fn forged_reports_fence_no_member_where_members_have_a_key() {
    let cluster = LocalCluster::prepare(3, |deployment| {
        by_hand(deployment);
        deployment.authentication.members_key_file = Some("members.key".into());
    });
    let key = key("5a");
    fs::write(cluster.folder().join("members.key"), key.to_hex()).expect("written");
    cluster.up();
    // The member hears the others at one port each, so one publication alone could bring twice the repeats.
    let is_told = |victim| {
        let log = cluster.log(victim);
        let told = log.lines().filter(|line| line.contains("reports without the members' key were passed over"));
        let numbers = told.filter_map(|line| line.split("unproven=").nth(1)?.split_whitespace().next()?.parse().ok());
        numbers.max().is_some_and(|unproven: usize| unproven > 2 * REPEATS)
    };
    let victim = forged(&cluster, Some(key), is_told);
    let status = cluster.await_status("equal members", |status| status.common_state().is_some());
    assert!(status.members.iter().all(|member| member.differing_members == Some(0)), "{status:?}");
    assert!(cluster.pid(victim).is_some());
}

fn key(digits: &str) -> Key {
    Key::parse(&digits.repeat(16)).expect("a key")
}

/// Forges reports in the names of both others of a follower, until this is so; returns the follower.
fn forged(cluster: &LocalCluster, key: Option<Key>, is_so: impl Fn(i32) -> bool) -> i32 {
    define_instruments(cluster);
    let mut traders = Traders::connect(cluster);
    traders.trade(100);
    traders.settle();
    drop(traders);
    let (_, position) = cluster.await_no_sessions();
    let victim = (cluster.await_leader() + 1) % 3;
    let others = [(victim + 1) % 3, (victim + 2) % 3].map(MemberId);
    let spec = cluster.spec();

    // What the forger knows: the member's start and position, which it tells to everybody.
    let driver = driver(cluster);
    let wanted = [(ClusterId(0), MemberId(victim))];
    let heard = hear_members(driver.aeron_dir(), &[spec], key, &wanted, PATIENCE).expect("heard");
    let started = heard.iter().find(|report| report.member == MemberId(victim)).expect("the member").started;
    let heard = HeardMember { member: MemberId(victim), started };
    let states = vec![StateAt { position: LogPosition(position), hash: StateHash(0xf0f) }];
    let reports = others.map(|member| MemberReport {
        cluster: ClusterId(0),
        member,
        started: EpochNanos(i64::MAX),
        engine_version: SNAPSHOT_VERSION,
        status: MemberStatus::default(),
        states: states.clone(),
        heard: vec![heard],
    });
    let messages: Vec<Vec<u8>> = reports
        .iter()
        .map(|report| {
            let message = encode_member_report(report, &mut [0; MAXIMUM_MEMBER_REPORT_LENGTH]).to_vec();
            // A proof of another key is as good as none.
            let proof = self::key("5b").sign(&message);
            if cluster.deployment.has_members_key() { [&message[..], &proof].concat() } else { message }
        })
        .collect();

    let labels = labels(&cluster.member(victim).aeron_dir, LOCAL_ADDRESS_TYPE_ID);
    let addresses: Vec<&str> = labels
        .iter()
        .filter_map(|label| label.strip_prefix(RECEIVING)?.split_whitespace().last())
        .filter(|address| address.starts_with("127.0.0.1:"))
        .collect();
    assert!(addresses.len() > 2, "{labels:?}");
    let socket = UdpSocket::bind(("127.0.0.1", 0)).expect("a socket");
    let stream = cluster.deployment.streams.status;
    let began = Instant::now();
    for set_up in addresses.iter().cycle() {
        if is_so(victim) {
            break;
        }
        for (session, message) in (SESSION..).zip(&messages) {
            let _ = socket.send_to(&setup(session, stream, TERM_LENGTH), set_up);
            let length = FRAME_HEADER + message.len();
            let offset =
                |repeat: usize| i32::try_from(repeat * length.next_multiple_of(FRAME_ALIGNMENT)).expect("small");
            for report in (0..REPEATS).map(|repeat| data(session, stream, offset(repeat), message, length)) {
                for address in &addresses {
                    let _ = socket.send_to(&report, address);
                }
            }
        }
        assert!(began.elapsed() < PATIENCE, "no effect; sent to {addresses:?}");
        thread::sleep(PAUSE);
    }
    victim
}
