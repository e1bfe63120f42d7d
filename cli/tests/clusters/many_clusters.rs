//! The default deployment of `lugus up`: cluster A with three members, cluster B with one, and the coordinator, which
//! may die and come back while participants trade.

use std::thread;
use std::time::{Duration, Instant};

use crate::harness::{LocalCluster, PATIENCE, Status, is_alive, tree, until};
use lugus_client::{
    ClientOrderId, CommandNumber, Credentials, EventHandler, Exchange, ExchangeConfig, ExchangeSession, InstrumentId,
    NewOrder, ParticipantId, Price, Quantity, Report, Side,
};
use lugus_media_driver::ClientDriver;
use serde_json::{Value, json};

/// An instrument of cluster A and one of cluster B.
const BITCOIN: InstrumentId = InstrumentId(1);
const SOLANA: InstrumentId = InstrumentId(3);

/// Longest time for a command that has nothing to wait for.
const AT_ONCE: Duration = Duration::from_secs(5);

#[test]
fn two_clusters_trade_with_and_without_their_coordinator() {
    let cluster = LocalCluster::default_deployment();
    let status = cluster.await_status("both clusters whole", |status| status.hashes_equal == Some(true));
    let map = all_is_told(&status);
    each_pair_is_traded_by_its_cluster(&cluster);
    events_of_both_are_watched(&cluster);

    let driver = ClientDriver::start(&cluster.deployment).expect("a driver");
    let mut trader = Trader::connect(&cluster, &driver);
    trader.trade();
    cluster.kill_coordinator();
    trader.trade();
    without_coordinator(&cluster);
    trader.trade();

    let started = cluster.lugus(&["--json", "up"]).json();
    assert_eq!((&started["started"], &started["coordinator_started"]), (&json!([]), &json!(true)), "{started}");
    let status = cluster.status().expect("a status");
    assert_eq!(status.map.as_ref(), Some(&map), "the same map");
    trader.trade();
    trader.session.close();
    drop(driver);

    let processes = tree(cluster.coordinator_pid().expect("it runs"));
    let ended = cluster.lugus(&["--json", "down"]).json();
    assert_eq!(ended, json!({ "members": [0, 1, 2, 0], "coordinator": true, "killed": [] }));
    assert!(processes.iter().all(|process| !is_alive(process.pid)), "{processes:?}");
    assert!(cluster.left().is_empty(), "`lugus down` has returned: {:?}", cluster.left());
}

/// Checks that the status shows members by cluster, leaders, the coordinator and its map; returns the map.
#[track_caller]
fn all_is_told(status: &Status) -> Value {
    let members: Vec<(i32, i32)> = status.members.iter().map(|member| (member.cluster, member.id)).collect();
    assert_eq!(members, [(0, 0), (0, 1), (0, 2), (1, 0)]);
    let names: Vec<&str> = status.clusters.iter().map(|cluster| cluster.name.as_str()).collect();
    assert_eq!(names, ["A", "B"]);
    for cluster in &status.clusters {
        assert!(cluster.leader.is_some() && cluster.hashes_equal == Some(true), "{status:?}");
    }
    assert_eq!(status.coordinator.as_ref().expect("a coordinator")["state"], "running", "{status:?}");
    let map = status.map.clone().expect("a map");
    assert_eq!(map["epoch"], 1, "{map}");
    let owners: Vec<(&Value, &Value)> = map["partitions"]
        .as_array()
        .expect("partitions")
        .iter()
        .map(|partition| (&partition["instrument"]["symbol"], &partition["instrument"]["cluster"]))
        .collect();
    let expected = [(json!("BTC/USDT"), json!(0)), (json!("ETH/USDT"), json!(0)), (json!("SOL/USDT"), json!(1))];
    assert_eq!(owners, expected.iter().map(|(symbol, owner)| (symbol, owner)).collect::<Vec<_>>());
    map
}

/// Checks that an order of each instrument rests in that instrument's book.
fn each_pair_is_traded_by_its_cluster(cluster: &LocalCluster) {
    for (pair, price) in [("BTC/USDT", 100), ("SOL/USDT", 7)] {
        let price_text = price.to_string();
        let order = ["--json", "order", "-i", pair, "--id", "1", "--raw", "buy", "5", &price_text];
        let outcome = cluster.lugus(&order).json();
        assert_eq!(outcome["reports"][0]["body"]["execution"]["exec_type"], "NEW", "{outcome}");
        let book = cluster.lugus(&["--json", "book", "-i", pair]).json();
        assert_eq!(book["bids"], json!([{ "price": price, "quantity": 5, "orders": 1 }]), "{pair}: {book}");
    }
    let canceled = cluster.lugus(&["--json", "cancel", "-i", "sol/usdt", "1"]).json();
    assert_eq!(canceled["reports"][0]["body"]["execution"]["exec_type"], "CANCELED", "{canceled}");
    let unknown = cluster.lugus(&["order", "-i", "99", "buy", "1", "1"]);
    assert!(unknown.message().contains("there is no instrument 99"), "{unknown:?}");

    let taken = cluster.lugus(&["--json", "snapshot", "-i", "SOL/USDT"]).json();
    let snapshots = taken["snapshots"].as_array().expect("snapshots");
    assert!(snapshots.len() == 1 && snapshots[0]["cluster"] == 1 && snapshots[0]["leader"] == 0, "{taken}");
}

/// Checks that one `lugus watch` prints events of both clusters. Orders are sent until it has printed enough, as the
/// test can't see when the watch has begun.
fn events_of_both_are_watched(cluster: &LocalCluster) {
    let told = thread::scope(|scope| {
        let watch = scope.spawn(|| cluster.lugus(&["--json", "watch", "--count", "4"]));
        until("events to be watched", || {
            for pair in ["BTC/USDT", "SOL/USDT"] {
                assert_eq!(cluster.lugus(&["order", "-i", pair, "--raw", "buy", "1", "5"]).code, Some(0));
            }
            watch.is_finished().then_some(())
        });
        watch.join().expect("watched")
    });
    assert_eq!(told.code, Some(0), "{told:?}");
    let instruments: Vec<Value> = told
        .stdout
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("JSON")["instrument"].clone())
        .collect();
    assert!(instruments.contains(&json!(1)) && instruments.contains(&json!(3)), "{told:?}");
}

/// Checks that without a coordinator, commands that need a map fail at once, and those that need none work.
fn without_coordinator(cluster: &LocalCluster) {
    let begun = Instant::now();
    let order = cluster.lugus(&["order", "-i", "BTC/USDT", "buy", "1", "100"]);
    let message = order.message();
    assert!(message.contains("the coordinator is not running") && message.contains("`lugus up`"), "{message}");
    assert!(begun.elapsed() < AT_ONCE, "it waited for a coordinator that can't be there: {:?}", begun.elapsed());
    let status = cluster.status().expect("a status");
    assert_eq!(status.coordinator.as_ref().expect("a coordinator")["state"], "down", "{status:?}");
    assert!(status.map.is_none() && status.clusters.iter().all(|cluster| cluster.leader.is_some()), "{status:?}");
}

/// A participant with a session on both clusters.
struct Trader {
    session: ExchangeSession,
    received: ReceivedEvents,
    orders: u64,
    _exchange: Exchange,
}

#[derive(Default)]
struct ReceivedEvents {
    answered: Vec<InstrumentId>,
}

impl EventHandler for ReceivedEvents {
    fn on_report(&mut self, report: &Report, _command: CommandNumber) {
        self.answered.push(report.instrument);
    }
}

impl Trader {
    fn connect(cluster: &LocalCluster, driver: &ClientDriver) -> Self {
        let config = ExchangeConfig::of(&cluster.deployment, driver.aeron_dir().to_path_buf());
        let exchange = Exchange::connect(config);
        let session = exchange.session(ParticipantId(21), Credentials::Open).expect("a session");
        let mut trader = Self { session, received: ReceivedEvents::default(), orders: 0, _exchange: exchange };
        trader.poll_until("both clusters", |trader| trader.session.is_connected());
        trader
    }

    /// Sends an order to each cluster, and waits for the answers.
    #[track_caller]
    fn trade(&mut self) {
        self.received.answered.clear();
        self.orders += 1;
        let order = NewOrder::limit(ClientOrderId(self.orders), Side::Buy, Price(1), Quantity(1));
        for instrument in [BITCOIN, SOLANA] {
            self.session.new_order(instrument, &order).expect("taken");
        }
        self.poll_until("both answers", |trader| trader.received.answered.len() == 2);
        self.received.answered.sort();
        assert_eq!(self.received.answered, [BITCOIN, SOLANA]);
    }

    #[track_caller]
    fn poll_until(&mut self, what: &str, done: impl Fn(&Self) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !done(self) {
            assert!(Instant::now() < deadline, "timed out, waiting for: {what}");
            if self.session.poll(&mut self.received).expect("a good session") == 0 {
                thread::yield_now();
            }
        }
    }
}
