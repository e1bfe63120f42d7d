//! A member's archive records its market data, and replays it to whoever asks, within limits: what is kept, how many replays at a time,
//! and how often one listener gets one. The listener here asks by hand, without the SDK.

#![allow(clippy::expect_used, clippy::panic, reason = "a test that fails panics")]

mod harness;

use std::collections::BTreeMap;
use std::net::{SocketAddr, UdpSocket};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use aeron_support::{AeronClient, ClientSettings, channel};
use harness::{INSTRUMENTS, LocalCluster, Traders, driver, until, without_elections};
use lugus_codecs::Envelope;
use lugus_codecs::market_data::{MAXIMUM_STREAM_LENGTH, ReplayRequest, decode_increments, encode_replay_request};
use lugus_media_driver::ClientDriver;
use lugus_node::gauges::{Gauge, MemberReading};
use lugus_topology::{Deployment, Size};
use lugus_vocabulary::{EpochNanos, MarketData};
use rusteron_archive::{AeronExclusivePublication, AeronHeader, AeronSubscription};
use serde_json::Value;

/// Length of a term and of a segment file.
const SEGMENT: Size = Size::kib(256);
/// Length of the recording that is kept.
const RECORDED: Size = Size::kib(512);
/// Number of commands that are sent at a time.
const COMMANDS: u32 = 1_000;
/// Replays of listeners at a time.
const AT_A_TIME: u64 = 8;
/// For how long a replay to somebody who does not answer keeps its place, and the same is not replayed again.
const PATIENCE_OF_ARCHIVE: Duration = Duration::from_secs(5);
const TIMEOUT: Duration = Duration::from_secs(10);

fn recorded(deployment: &mut Deployment) {
    without_elections(deployment);
    deployment.term_length.log = SEGMENT;
    deployment.term_length.ipc = SEGMENT;
    deployment.archive.segment_length = SEGMENT;
    deployment.market_data.recorded_length = RECORDED;
}

fn count(cluster: &LocalCluster, gauge: Gauge) -> u64 {
    MemberReading::read(&cluster.member(0).gauges_file()).expect("the member's file").get(gauge)
}

fn now() -> EpochNanos {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    EpochNanos(i64::try_from(now.as_nanos()).expect("before 2262"))
}

/// A program that asks for replays, at a port of its own.
struct Asking {
    requests: AeronExclusivePublication,
    replays: AeronSubscription,
    receiver: SocketAddr,
    client: AeronClient,
}

impl Asking {
    fn connect(cluster: &LocalCluster, driver: &ClientDriver) -> Self {
        let (spec, streams) = (cluster.spec(), &cluster.deployment.streams);
        let client =
            AeronClient::connect(ClientSettings::new(driver.aeron_dir(), "asking", TIMEOUT)).expect("a client");
        let replays = client.add_subscription(&spec.replay_subscription(), streams.market_data_replay);
        let replays = replays.expect("a subscription");
        let resolved = client.resolve_channel(&replays).expect("a port");
        let receiver = channel::parameter(&resolved, "endpoint").expect("an endpoint").parse().expect("an address");
        let requests = spec.replay_request_channel(&cluster.member(0)).expect("recorded");
        let requests = client.add_exclusive_publication(&requests, streams.market_data_requests);
        let asking = Self { requests: requests.expect("a publication"), replays, receiver, client };
        until("the member to be reached", || {
            asking.client.do_work().expect("a driver");
            asking.requests.is_connected().then_some(())
        });
        asking
    }

    fn ask(&self, begin: EpochNanos, receiver: SocketAddr) {
        let mut buffer = [0; MAXIMUM_STREAM_LENGTH];
        let request = encode_replay_request(&ReplayRequest { begin, receiver }, &mut buffer);
        until("a request to be taken", || {
            self.client.do_work().expect("a driver");
            self.requests.offer(request).is_ok().then_some(())
        });
    }

    /// The increments that come until none has for a second.
    fn hear(&self) -> Vec<MarketData> {
        let (mut all, mut last_at) = (Vec::new(), Instant::now());
        while last_at.elapsed() < Duration::from_secs(1) {
            self.client.do_work().expect("a driver");
            let mut take = |message: &[u8], _: AeronHeader| {
                let mut increments = Vec::new();
                decode_increments(Envelope::open(message).expect("a message"), &mut increments)
                    .expect("increments")
                    .expect("increments, and nothing else");
                all.extend(increments);
            };
            if self.replays.poll_fn(&mut take, 64).expect("polled") > 0 {
                last_at = Instant::now();
            } else {
                thread::sleep(Duration::from_millis(1));
            }
        }
        all
    }
}

/// Checks that increments have no gap, begin before a time, and end with the cluster's books.
#[track_caller]
fn check(increments: &[MarketData], begin: EpochNanos, traders: &mut Traders) {
    let first = increments.iter().map(|increment| increment.time).min().expect("increments");
    assert!(first < begin, "from {first:?} on, and not from {begin:?}");
    let mut last = BTreeMap::new();
    for increment in increments {
        if let Some(before) = last.insert(increment.instrument, increment.sequence.0) {
            assert_eq!(increment.sequence.0, before + 1, "{:?}", increment.instrument);
        }
    }
    for instrument in INSTRUMENTS {
        assert_eq!(last.get(&instrument), Some(&traders.book(instrument).market.sequence.0), "{instrument:?}");
    }
}

/// Length of the segment files on the disk, as `lugus recordings` lists what is recorded of market data.
#[track_caller]
fn on_disk(cluster: &LocalCluster) -> u64 {
    let listed = cluster.lugus(&["--json", "recordings"]).json();
    let recordings = listed["members"][0]["recordings"].as_array().expect("a list").clone();
    let mut of_market_data = recordings.iter().filter(|recording| recording["content"] == "market_data");
    let (one, none) = (of_market_data.next(), of_market_data.next());
    assert_eq!(none, None::<&Value>, "one recording: {listed}");
    one.and_then(|recording| recording["bytes"].as_u64()).unwrap_or_else(|| panic!("{listed}"))
}

/// Trades until the recording was purged at least once more.
fn trade_until_purged(cluster: &LocalCluster, traders: &mut Traders) {
    let mut before = count(cluster, Gauge::RecordedMarketDataBytes);
    until("a purge", || {
        traders.trade(COMMANDS);
        traders.settle();
        let recorded = count(cluster, Gauge::RecordedMarketDataBytes);
        let is_purged = recorded < std::mem::replace(&mut before, recorded);
        is_purged.then_some(())
    });
}

#[test]
fn a_member_replays_what_it_keeps_and_nothing_else() {
    let cluster = LocalCluster::start(1, recorded);
    let driver = driver(&cluster);
    let mut traders = Traders::connect(&cluster);
    traders.trade(COMMANDS);
    traders.settle();
    let first_begin = now();
    let begin = first_begin;
    traders.trade(COMMANDS);
    traders.settle();
    let first = Asking::connect(&cluster, &driver);
    first.ask(begin, first.receiver);
    check(&first.hear(), begin, &mut traders);

    // The same again at once: once in five seconds is enough.
    let refused = count(&cluster, Gauge::RefusedMarketDataReplays);
    for _ in 0..20 {
        first.ask(begin, first.receiver);
    }
    assert_eq!(first.hear(), []);
    assert_eq!(count(&cluster, Gauge::RefusedMarketDataReplays), refused + 20);
    assert_eq!(count(&cluster, Gauge::MarketDataReplays), 1);

    // What was purged is not replayed, and what is kept is no longer than it says.
    for _ in 0..3 {
        trade_until_purged(&cluster, &mut traders);
        let recorded = count(&cluster, Gauge::RecordedMarketDataBytes);
        assert!(recorded >= RECORDED.as_bytes(), "{recorded}");
    }
    until("what is purged to be gone", || {
        (on_disk(&cluster) <= RECORDED.as_bytes() + 2 * SEGMENT.as_bytes()).then_some(())
    });
    let second = Asking::connect(&cluster, &driver);
    let refused = count(&cluster, Gauge::RefusedMarketDataReplays);
    second.ask(begin, second.receiver);
    assert_eq!(second.hear(), []);
    assert_eq!(count(&cluster, Gauge::RefusedMarketDataReplays), refused + 1);
    let begin = now();
    traders.trade(COMMANDS);
    traders.settle();
    second.ask(begin, second.receiver);
    check(&second.hear(), begin, &mut traders);
    assert_eq!(count(&cluster, Gauge::UnrecordedMarketDataMessages), 0);

    // A member that starts has forgotten what it recorded before, and the disk, too.
    let (closed, _) = traders.close(&cluster);
    drop((first, second));
    cluster.down();
    cluster.up();
    let mut traders = Traders::connect_again(&cluster, closed);
    traders.trade(COMMANDS);
    traders.settle();
    let third = Asking::connect(&cluster, &driver);
    assert!(on_disk(&cluster) < RECORDED.as_bytes());
    third.ask(first_begin, third.receiver);
    assert_eq!(third.hear(), []);
    let begin = now();
    traders.trade(COMMANDS);
    traders.settle();
    third.ask(begin, third.receiver);
    check(&third.hear(), begin, &mut traders);
}

/// Listeners that do not answer keep their places for a while. Then others get theirs, and the cluster has gone on meanwhile.
#[test]
fn listeners_that_do_not_answer_take_no_more_than_their_places() {
    let cluster = LocalCluster::start(1, recorded);
    let driver = driver(&cluster);
    let mut traders = Traders::connect(&cluster);
    traders.trade(COMMANDS);
    traders.settle();
    let begin = now();
    traders.trade(COMMANDS);
    traders.settle();
    let asking = Asking::connect(&cluster, &driver);
    let silent: Vec<_> = (0..12).map(|_| UdpSocket::bind("127.0.0.1:0").expect("a port")).collect();
    let began = Instant::now();
    for socket in &silent {
        asking.ask(begin, socket.local_addr().expect("an address"));
    }
    until("all requests to be looked at", || {
        let looked_at = count(&cluster, Gauge::MarketDataReplays) + count(&cluster, Gauge::RefusedMarketDataReplays);
        (looked_at == silent.len() as u64).then_some(())
    });
    assert!(began.elapsed() < PATIENCE_OF_ARCHIVE, "too slow to tell");
    assert_eq!(count(&cluster, Gauge::MarketDataReplays), AT_A_TIME);
    asking.ask(begin, asking.receiver);
    until("one more refusal", || {
        (count(&cluster, Gauge::RefusedMarketDataReplays) == silent.len() as u64 - AT_A_TIME + 1).then_some(())
    });
    traders.trade(COMMANDS);
    traders.settle();
    let increments = until("a place", || {
        asking.ask(begin, asking.receiver);
        Some(asking.hear()).filter(|increments| !increments.is_empty())
    });
    check(&increments, begin, &mut traders);
    assert!(began.elapsed() > PATIENCE_OF_ARCHIVE / 2, "places are kept");
    assert!(!cluster.log(0).contains("market data can't be replayed"), "the recording was not begun anew");
    traders.check();
}
