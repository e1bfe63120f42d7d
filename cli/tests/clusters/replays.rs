//! A member's archive records its market data, and replays it to whoever asks, within limits: what is kept, how many replays at a time,
//! and how often one listener gets one. The listener here asks by hand, without the SDK.

use std::collections::BTreeMap;
use std::net::{SocketAddr, UdpSocket};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::harness::{INSTRUMENTS, LocalCluster, Traders, driver, until, without_elections};
use aeron_support::{AeronClient, ClientSettings, channel};
use lugus_codecs::Envelope;
use lugus_codecs::market_data::{MAXIMUM_STREAM_LENGTH, ReplayRequest, decode_increments, encode_replay_request};
use lugus_media_driver::ClientDriver;
use lugus_node::gauges::{Gauge, MemberReading};
use lugus_topology::{Deployment, Size};
use lugus_vocabulary::{EpochNanos, InstrumentId, MarketData};
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

    /// The increments that have come.
    fn hear(&self) -> Vec<MarketData> {
        let mut all = Vec::new();
        self.client.do_work().expect("a driver");
        let mut take = |message: &[u8], _: AeronHeader| {
            let mut increments = Vec::new();
            decode_increments(Envelope::open(message).expect("a message"), &mut increments)
                .expect("increments")
                .expect("increments, and nothing else");
            all.extend(increments);
        };
        self.replays.poll_fn(&mut take, 64).expect("polled");
        all
    }

    /// Checks that nothing comes for a second.
    #[track_caller]
    fn hear_nothing(&self) {
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(1) {
            assert_eq!(self.hear(), []);
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// Asks for what there is since a moment until it comes, up to the numbers of the cluster's books, and checks that it has no gap and
    /// leaves none to what there was at that moment.
    #[track_caller]
    fn ask_and_check(&self, since: &Moment, last: &Moment) {
        let mut heard = BTreeMap::<InstrumentId, u64>::new();
        let mut asked = None;
        until("everything since then", || {
            // Who asks for the same again gets it after a while.
            if asked.is_none_or(|asked: Instant| asked.elapsed() > 2 * PATIENCE_OF_ARCHIVE) {
                heard.clear();
                self.ask(since.time, self.receiver);
                asked = Some(Instant::now());
            }
            for increment in self.hear() {
                let (instrument, sequence) = (increment.instrument, increment.sequence.0);
                match heard.insert(instrument, sequence) {
                    Some(before) => assert_eq!(sequence, before + 1, "{instrument:?}"),
                    None => {
                        assert!(sequence <= since.sequences[&instrument] + 1, "{instrument:?}: {sequence}, {since:?}")
                    }
                }
            }
            (heard == last.sequences).then_some(())
        });
    }
}

/// A moment, and the numbers of the last increments until then.
#[derive(Debug)]
struct Moment {
    time: EpochNanos,
    sequences: BTreeMap<InstrumentId, u64>,
}

/// Trades, and returns what there is then.
fn trade(traders: &mut Traders) -> Moment {
    traders.trade(COMMANDS);
    traders.settle();
    now(traders)
}

fn now(traders: &mut Traders) -> Moment {
    let sequences = INSTRUMENTS.map(|instrument| (instrument, traders.book(instrument).market.sequence.0)).into();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    Moment { time: EpochNanos(i64::try_from(now.as_nanos()).expect("before 2262")), sequences }
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
    let first_begin = trade(&mut traders);
    let last = trade(&mut traders);
    let first = Asking::connect(&cluster, &driver);
    first.ask_and_check(&first_begin, &last);

    // The same again at once: once in five seconds is enough.
    let second = Asking::connect(&cluster, &driver);
    second.ask_and_check(&first_begin, &last);
    let [refused, granted] = [Gauge::RefusedMarketDataReplays, Gauge::MarketDataReplays].map(|of| count(&cluster, of));
    for _ in 0..20 {
        second.ask(first_begin.time, second.receiver);
    }
    second.hear_nothing();
    assert_eq!(count(&cluster, Gauge::RefusedMarketDataReplays), refused + 20);
    assert_eq!(count(&cluster, Gauge::MarketDataReplays), granted);
    drop((first, second));

    // What was purged is not replayed, and what is kept is no longer than it says.
    for _ in 0..3 {
        trade_until_purged(&cluster, &mut traders);
        let recorded = count(&cluster, Gauge::RecordedMarketDataBytes);
        assert!(recorded >= RECORDED.as_bytes(), "{recorded}");
    }
    until("what is purged to be gone", || {
        (on_disk(&cluster) <= RECORDED.as_bytes() + 2 * SEGMENT.as_bytes()).then_some(())
    });
    let begin = now(&mut traders);
    let last = trade(&mut traders);
    let third = Asking::connect(&cluster, &driver);
    await_refusal(&cluster, &third, first_begin.time);
    third.ask_and_check(&begin, &last);
    assert_eq!(count(&cluster, Gauge::UnrecordedMarketDataMessages), 0);
    drop(third);

    // A member that starts has forgotten what it recorded before, and the disk, too.
    let (closed, _) = traders.close(&cluster);
    cluster.down();
    cluster.up();
    let mut traders = Traders::connect_again(&cluster, closed);
    let begin = trade(&mut traders);
    let last = trade(&mut traders);
    until("the recording", || (count(&cluster, Gauge::RecordedMarketDataBytes) > 0).then_some(()));
    assert!(on_disk(&cluster) <= RECORDED.as_bytes() + 2 * SEGMENT.as_bytes());
    let fourth = Asking::connect(&cluster, &driver);
    await_refusal(&cluster, &fourth, first_begin.time);
    fourth.ask_and_check(&begin, &last);
}

/// Asks for what is no longer kept.
fn await_refusal(cluster: &LocalCluster, asking: &Asking, begin: EpochNanos) {
    let refused = count(cluster, Gauge::RefusedMarketDataReplays);
    asking.ask(begin, asking.receiver);
    until("a refusal", || {
        assert_eq!(asking.hear(), []);
        (count(cluster, Gauge::RefusedMarketDataReplays) == refused + 1).then_some(())
    });
    asking.hear_nothing();
}

/// Listeners that do not answer keep their places for a while. Then others get theirs, and the member has recorded meanwhile.
#[test]
fn listeners_that_do_not_answer_take_no_more_than_their_places() {
    let cluster = LocalCluster::start(1, recorded);
    let driver = driver(&cluster);
    let mut traders = Traders::connect(&cluster);
    let begin = trade(&mut traders);
    trade(&mut traders);
    let silent: Vec<_> = (0..12).map(|_| UdpSocket::bind("127.0.0.1:0").expect("a port")).collect();
    let asking = Asking::connect(&cluster, &driver);
    let began = Instant::now();
    for socket in &silent {
        asking.ask(begin.time, socket.local_addr().expect("an address"));
    }
    until("all requests to be looked at", || {
        asking.hear();
        let looked_at = count(&cluster, Gauge::MarketDataReplays) + count(&cluster, Gauge::RefusedMarketDataReplays);
        (looked_at == silent.len() as u64).then_some(())
    });
    // Later than that, the first places are free again.
    if began.elapsed() < PATIENCE_OF_ARCHIVE {
        assert_eq!(count(&cluster, Gauge::MarketDataReplays), AT_A_TIME);
    }
    drop(asking);
    let last = trade(&mut traders);
    let asking = Asking::connect(&cluster, &driver);
    asking.ask_and_check(&begin, &last);
    assert!(!cluster.log(0).contains("market data can't be replayed"), "the recording was not begun anew");
    traders.check();
}
