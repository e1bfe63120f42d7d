//! `lugus bench migrate`: what a client that trades feels of a move of its instrument, with so many resting orders.

use std::time::{Duration, Instant};

use lugus_client::{BlockingExchange, Exchange, ExchangeConfig, InstrumentId, ParticipantId, Price, Side};
use lugus_media_driver::ClientDriver;
use lugus_topology::{ClusterId, ClusterSpec};
use serde::Serialize;

use super::Spread;
use crate::arguments::Members;
use crate::failure::Failure;
use crate::local_deployment;
use crate::moving::Moving;
use crate::output::Output;
use crate::participant::{self, TIMEOUT};
use crate::private_cluster::PrivateCluster;
use crate::status::Status;
use crate::traders::{PRICE, Traded, Traders};

/// What is moved, and between which clusters of [`local_deployment::two_clusters`].
const SYMBOL: &str = "BTC/USDT";
const INSTRUMENT: InstrumentId = InstrumentId(1);
const CLUSTERS: [(ClusterId, &str); 2] = [(ClusterId(0), "A"), (ClusterId(1), "B")];

/// Whose orders rest in the book; commands without an answer of each of them.
const OWNERS: [u32; 8] = [21, 22, 23, 24, 25, 26, 27, 28];
const WINDOW_OF_OWNERS: usize = 256;

/// Who trades meanwhile; commands without an answer of each of them: few, so that they wait for the cluster, and not for
/// each other.
const TRADERS: [u32; 2] = [11, 12];
const WINDOW_OF_TRADERS: usize = 2;

/// Price levels of each side: as many as one question tells of.
const LEVELS: u64 = lugus_client::vocabulary::MAXIMUM_DEPTH as u64;

/// Room for orders that do not rest.
const SPARE_ORDERS: u32 = 4_096;

/// Of the other cluster, which trades too, and is warm by that.
const OTHER_INSTRUMENT: InstrumentId = InstrumentId(3);
const WARM_UP: Duration = Duration::from_secs(3);

/// How long they trade before each move, to compare, and after it.
const BEFORE: Duration = Duration::from_secs(2);
const AFTER: Duration = Duration::from_millis(500);

/// How long members may take to apply the same log.
const CATCH_UP_TIMEOUT: Duration = Duration::from_secs(60);

/// What came of it; times in milliseconds.
#[derive(Debug, Serialize)]
struct Moves {
    orders: u32,
    /// Members of cluster A; B has one.
    members: u16,
    rounds: u32,
    /// Longest that a command waited for its answer, around the move: the median of all moves.
    pause_ms: f64,
    pause_ms_spread: Spread,
    /// All of them, in their order.
    each_ms: Vec<f64>,
    /// The same when nothing moves, for as long.
    quiet_ms_spread: Spread,
    /// From the fence until the new cluster took commands, as the migrator says.
    migrator_pause_ms: f64,
    migrator_pause_ms_spread: Spread,
    /// By which the new cluster's log grew during a move: the median.
    bytes: u64,
    commands: u64,
    /// Commands without an answer, events that were missed, and resting orders that are gone.
    lost: u64,
    duplicated: u64,
    /// Each move, which compares the state's hash, was finished, and all members of each cluster have the same state.
    hash_equal: bool,
}

/// Measures `rounds` moves, to and fro.
pub fn run(orders: u32, rounds: u32, members: Members, base_port: u16, output: Output) -> Result<(), Failure> {
    let mut deployment = local_deployment::two_clusters(base_port);
    deployment.clusters[0].members.truncate(usize::from(members.count()));
    deployment.engine.maximum_open_orders = orders.saturating_add(SPARE_ORDERS);
    let cluster = PrivateCluster::of(deployment, "migrate")?;
    output.say(cluster.start()?);
    let mut account = place(&cluster, orders, output)?;
    let mut moves = Bench { cluster: &cluster, output, felt: Felt::default() };
    account += moves.all_moves(rounds)?;
    let Felt { pauses, quiet, migrator, bytes } = moves.felt;
    account.lost += u64::from(orders).saturating_sub(resting(&cluster)?);
    let hash_equal = cluster.await_comparable(CATCH_UP_TIMEOUT)?.hashes_equal == Some(true);
    let (pause, migrator_pause) = (Spread::of(pauses.clone()), Spread::of(migrator));
    let result = Moves {
        orders,
        members: members.count(),
        rounds,
        pause_ms: pause.median,
        pause_ms_spread: pause,
        each_ms: pauses,
        quiet_ms_spread: Spread::of(quiet),
        migrator_pause_ms: migrator_pause.median,
        migrator_pause_ms_spread: migrator_pause,
        bytes: Spread::of(bytes).median as u64,
        commands: account.commands,
        lost: account.lost,
        duplicated: account.duplicated,
        hash_equal,
    };
    output.answer(&result, result.text())?;
    if result.lost == 0 && result.duplicated == 0 && hash_equal {
        Ok(())
    } else {
        Err(Failure::new("something was lost or repeated"))
    }
}

impl Moves {
    fn text(&self) -> String {
        format!(
            "{} moves with {} resting orders, {} bytes each\n\
             longest wait of a command, ms:  {} around a move, {} without\n\
             fence to activation, ms:        {}\n\
             commands {}, lost {}, duplicated {}, hashes {}",
            self.rounds,
            self.orders,
            self.bytes,
            self.pause_ms_spread,
            self.quiet_ms_spread,
            self.migrator_pause_ms_spread,
            self.commands,
            self.lost,
            self.duplicated,
            if self.hash_equal { "equal" } else { "DIFFERENT" },
        )
    }
}

/// Fills the book.
fn place(cluster: &PrivateCluster, orders: u32, output: Output) -> Result<Traded, Failure> {
    let begun = Instant::now();
    let mut owners = Traders::connect(cluster.found(), &OWNERS, WINDOW_OF_OWNERS)?;
    for order in 0..u64::from(orders) {
        let away = 1 + (order / 2 % LEVELS).cast_signed();
        let (side, price) = if order % 2 == 0 { (Side::Buy, PRICE.0 - away) } else { (Side::Sell, PRICE.0 + away) };
        owners.order(order as usize / 2 % OWNERS.len(), INSTRUMENT, side, Price(price))?;
    }
    owners.settle();
    output.say(format!("{orders} orders placed in {:.1} s", begun.elapsed().as_secs_f64()));
    Ok(owners.close())
}

/// Orders in the book at the end.
fn resting(cluster: &PrivateCluster) -> Result<u64, Failure> {
    let deployment = &cluster.found().deployment;
    let driver = ClientDriver::start(deployment).map_err(Failure::new)?;
    let exchange = Exchange::connect(ExchangeConfig::of(deployment, driver.aeron_dir().to_path_buf()));
    let credentials = participant::credentials(deployment, TRADERS[0])?;
    let session = exchange.session(ParticipantId(TRADERS[0]), credentials).map_err(Failure::new)?;
    let mut session = BlockingExchange::over(session, (), TIMEOUT).map_err(Failure::new)?;
    let book = session.book(INSTRUMENT, LEVELS as u16).map_err(Failure::new)?;
    session.close();
    Ok(book.bids.iter().chain(&book.offers).map(|level| u64::from(level.orders)).sum())
}

/// The moves.
struct Bench<'c> {
    cluster: &'c PrivateCluster,
    output: Output,
    felt: Felt,
}

/// One figure a move.
#[derive(Default)]
struct Felt {
    pauses: Vec<f64>,
    quiet: Vec<f64>,
    migrator: Vec<f64>,
    bytes: Vec<f64>,
}

impl Bench<'_> {
    fn all_moves(&mut self, rounds: u32) -> Result<Traded, Failure> {
        let mut traders = Traders::connect(self.cluster.found(), &TRADERS, WINDOW_OF_TRADERS)?;
        trade_for(WARM_UP, &mut traders, OTHER_INSTRUMENT)?;
        for round in 1..=rounds {
            self.one_move(&mut traders, round)?;
        }
        traders.settle();
        Ok(traders.close())
    }

    fn one_move(&mut self, traders: &mut Traders, round: u32) -> Result<(), Failure> {
        let (to, name) = CLUSTERS[round as usize % CLUSTERS.len()];
        trade_for(BEFORE, traders, INSTRUMENT)?;
        self.felt.quiet.push(millis(traders.take_longest_wait(INSTRUMENT)));
        let log_before = self.log_position(to)?;
        let mut moving = Moving::start(self.cluster.found(), SYMBOL, name)?;
        while moving.goes_on()? {
            traders.trade(INSTRUMENT)?;
        }
        let migrator = moving.finish()?;
        let log_after = self.log_position(to)?;
        traders.await_owner(INSTRUMENT, to)?;
        trade_for(AFTER, traders, INSTRUMENT)?;
        let pause = millis(traders.take_longest_wait(INSTRUMENT));
        self.output.say(format!("move {round:>2} to {name}: {pause:.1} ms; the migrator's pause {migrator:.1} ms"));
        self.felt.pauses.push(pause);
        self.felt.migrator.push(migrator);
        self.felt.bytes.push((log_after - log_before) as f64);
        Ok(())
    }

    /// Of a cluster, as far as it is committed.
    fn log_position(&self, cluster: ClusterId) -> Result<i64, Failure> {
        let clusters: Vec<ClusterSpec> = self.cluster.found().deployment.cluster(cluster).into_iter().collect();
        let status = Status::read(&clusters)?;
        status
            .leader(cluster)
            .and_then(|leader| leader.commit_position)
            .ok_or_else(|| Failure::new(format!("cluster {cluster} has no leader")))
    }
}

fn trade_for(duration: Duration, traders: &mut Traders, instrument: InstrumentId) -> Result<(), Failure> {
    let begun = Instant::now();
    while begun.elapsed() < duration {
        traders.trade(instrument)?;
    }
    Ok(())
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}
