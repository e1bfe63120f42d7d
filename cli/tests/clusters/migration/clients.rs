//! Clients with outdated knowledge while an instrument moves: an old map, or no knowledge of another process that
//! trades for the same participant.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use lugus_client::partition_map::{MapContext, MapError, MapSubscription, PartitionMap, RecordedMap};
use lugus_client::{
    ClientError, ClientOrderId, CommandNumber, Credentials, EventHandler, Exchange, ExchangeConfig, ExchangeSession,
    FixedMap, NewOrder, ParticipantId, Price, Quantity, Report, Side, Status,
};
use lugus_media_driver::ClientDriver;

use super::held_move::HeldMove;
use super::pair::{CLUSTERS, PAIR, SYMBOL};
use crate::harness::{LocalCluster, PATIENCE};

const TWICE: u32 = 51;
const LATE: u32 = 52;
const LOST: u32 = 53;

/// Patience of the client that waits for a map that never comes.
const SHORT: Duration = Duration::from_secs(2);

/// Two sessions of one participant: the older session is told that it was replaced while the instrument moves, and the
/// newer session continues to trade, first in cluster A and then in B.
pub(super) fn two_of_one_participant(cluster: &LocalCluster) {
    let driver = ClientDriver::start(&cluster.deployment).expect("a driver");
    let recorded = || RecordedMap::new(MapContext::new(&cluster.deployment, driver.aeron_dir().to_path_buf()));
    let mut older = Client::connect(cluster, &driver, TWICE, PATIENCE, recorded());
    older.order(1);
    older.until("an answer", |received| received.answered == 1);
    let mut held = HeldMove::start(cluster, &[SYMBOL, "--to", "B"], "commit");
    older.order(2);
    older.until("the fence to be told", |received| received.moving == 1);

    let mut newer = Client::connect(cluster, &driver, TWICE, PATIENCE, recorded());
    newer.order(3);
    let failure = older.until_it_fails();
    assert_eq!(failure, ClientError::SessionReplaced { participant: ParticipantId(TWICE) });
    assert_eq!(
        (older.received.answered, older.received.given_up),
        (1, [true].to_vec()),
        "what it had sent may be applied"
    );
    held.go_on();
    assert_eq!(held.end()["outcome"], "moved");
    newer.until("an answer", |received| received.answered == 1);
    assert_eq!(newer.session.cluster_of(PAIR), Some(CLUSTERS[1]));
    let bids = cluster.lugus(&["--json", "book", "-i", SYMBOL]).json()["bids"].clone();
    assert_eq!(
        bids,
        serde_json::json!([{ "price": 3, "quantity": 1, "orders": 1 }, { "price": 1, "quantity": 1, "orders": 1 }])
    );
    newer.session.close();
}

/// The instrument has moved to B, the coordinator is down, and two clients have the map from before the move: one goes
/// on when the new map comes, the other learns that its order was not applied.
pub(super) fn with_an_old_map(cluster: &LocalCluster) {
    cluster.kill_coordinator();
    let driver = ClientDriver::start(&cluster.deployment).expect("a driver");
    let old = || FixedMap::of(&cluster.deployment);
    let recorded = RecordedMap::new(MapContext::new(&cluster.deployment, driver.aeron_dir().to_path_buf()));
    let mut late = Client::connect(cluster, &driver, LATE, PATIENCE, OldThenNew(old(), recorded));
    let mut lost = Client::connect(cluster, &driver, LOST, SHORT, old());
    late.order(7);
    lost.order(8);
    late.until("Moved", |received| received.moving == 1);
    lost.until("the end of its patience", |received| !received.given_up.is_empty());
    assert_eq!((lost.received.given_up, lost.received.answered), (vec![false], 0), "it was not applied");
    lost.session.close();

    cluster.up();
    late.until("an answer", |received| received.answered == 1);
    assert_eq!((late.session.cluster_of(PAIR), late.received.given_up), (Some(CLUSTERS[1]), vec![]));
    let bids = cluster.lugus(&["--json", "book", "-i", SYMBOL]).json()["bids"].clone();
    let prices: Vec<&serde_json::Value> =
        bids.as_array().expect("levels").iter().map(|level| &level["price"]).collect();
    assert_eq!(prices, [7, 3, 1]);
    late.session.close();
}

/// First a map that is known in advance, then the coordinator's maps.
struct OldThenNew(FixedMap, RecordedMap);

impl MapSubscription for OldThenNew {
    fn poll(&mut self) -> Result<Option<Arc<PartitionMap>>, MapError> {
        match self.0.poll()? {
            Some(map) => Ok(Some(map)),
            None => self.1.poll(),
        }
    }
}

struct Client {
    session: ExchangeSession,
    received: ReceivedEvents,
    _exchange: Exchange,
}

#[derive(Default)]
struct ReceivedEvents {
    answered: usize,
    moving: usize,
    /// For each given-up command, whether it may have been applied.
    given_up: Vec<bool>,
}

impl EventHandler for ReceivedEvents {
    fn on_report(&mut self, _report: &Report, _command: CommandNumber) {
        self.answered += 1;
    }

    fn on_status(&mut self, status: &Status) {
        match status {
            Status::InstrumentMoving { .. } => self.moving += 1,
            Status::GaveUp { may_have_been_applied, .. } => self.given_up.push(*may_have_been_applied),
            _ => {}
        }
    }
}

impl Client {
    #[track_caller]
    fn connect(
        cluster: &LocalCluster,
        driver: &ClientDriver,
        participant: u32,
        moved_timeout: Duration,
        maps: impl MapSubscription + 'static,
    ) -> Self {
        let mut config = ExchangeConfig::of(&cluster.deployment, driver.aeron_dir().to_path_buf());
        config.retry.moved_timeout = moved_timeout;
        let exchange = Exchange::with_maps(config, maps);
        let session = exchange.session(ParticipantId(participant), Credentials::Open).expect("a session");
        let mut client = Self { session, received: ReceivedEvents::default(), _exchange: exchange };
        let deadline = Instant::now() + PATIENCE;
        while !client.session.is_connected() {
            assert!(Instant::now() < deadline, "no session: {:?}", client.session.problem());
            client.poll().expect("the session stays open");
        }
        client
    }

    /// Sends an order for one lot; the price is also the client order id.
    #[track_caller]
    fn order(&mut self, number: u64) {
        let order = NewOrder::limit(ClientOrderId(number), Side::Buy, Price(number as i64), Quantity(1));
        self.session.new_order(PAIR, &order).expect("taken");
    }

    fn poll(&mut self) -> Result<(), ClientError> {
        if self.session.poll(&mut self.received)? == 0 {
            thread::sleep(Duration::from_micros(100));
        }
        Ok(())
    }

    #[track_caller]
    fn until(&mut self, what: &str, is_so: impl Fn(&ReceivedEvents) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !is_so(&self.received) {
            assert!(Instant::now() < deadline, "timed out, waiting for {what}");
            self.poll().expect("the session stays open");
        }
    }

    #[track_caller]
    fn until_it_fails(&mut self) -> ClientError {
        let deadline = Instant::now() + PATIENCE;
        loop {
            assert!(Instant::now() < deadline, "it goes on");
            if let Err(failure) = self.poll() {
                return failure;
            }
        }
    }
}
