//! `lugus bench migrate`: how long trading clients wait while their instrument, with many resting orders, moves to
//! another cluster.

use std::time::Duration;

use lugus_client::InstrumentId;
use lugus_node::deployment_status::Status;
use lugus_results::{Measurement, Spread};
use lugus_topology::{ClusterId, ClusterSpec};
use serde::Serialize;

use super::full_book::{
    AFTER, BEFORE, CATCH_UP_TIMEOUT, SPARE_ORDERS, TRADERS, WINDOW_OF_TRADERS, millis, place, resting, trade_for,
};
use super::rounds::Rounds;
use crate::arguments::Members;
use crate::failure::Failure;
use crate::local_deployment;
use crate::moving::{Moving, Pause};
use crate::output::Output;
use crate::private_cluster::PrivateCluster;
use crate::traders::{Traded, Traders};

/// The instrument that moves, and the two clusters of [`local_deployment::two_clusters`] between which it moves.
const SYMBOL: &str = "BTC/USDT";
const INSTRUMENT: InstrumentId = InstrumentId(1);
const CLUSTERS: [(ClusterId, &str); 2] = [(ClusterId(0), "A"), (ClusterId(1), "B")];

/// An instrument of the other cluster. It is traded too, so that this cluster is warm before the moves.
const OTHER_INSTRUMENT: InstrumentId = InstrumentId(3);
const WARM_UP: Duration = Duration::from_secs(3);

/// Figures of all moves; times in milliseconds.
#[derive(Debug, Serialize)]
struct Moves {
    orders: u32,
    /// Number of members of cluster A; cluster B has one.
    members: u16,
    rounds: u32,
    /// Longest time that a command waited for its answer around a move: median of all moves.
    pause_ms: f64,
    pause_ms_spread: Spread,
    /// Every move's longest wait, in the order of the moves.
    each_ms: Vec<f64>,
    /// Longest wait in an equally long time without a move.
    quiet_ms_spread: Spread,
    /// Time from the fence until the new cluster accepted commands, as the migrator reports it.
    migrator_pause_ms: f64,
    migrator_pause_ms_spread: Spread,
    /// Growth of the new cluster's log during a move, in bytes: median of all moves.
    bytes: u64,
    #[serde(skip)]
    bytes_spread: Spread,
    commands: u64,
    /// Number of commands without an answer, missed events and missing resting orders.
    lost: u64,
    duplicated: u64,
    /// Whether every move finished, which includes a comparison of the state hash, and all members of each cluster
    /// ended with the same state.
    hash_equal: bool,
}

/// Measures moves, and prints the figures.
pub fn run(orders: u32, rounds: u32, members: Members, base_port: u16, output: Output) -> Result<(), Failure> {
    let result = measure(orders, &mut Rounds::all(rounds), members, base_port, output)?;
    output.answer(&result, result.text())?;
    result.check()
}

/// The figures of moves as results.
pub fn measurements(
    orders: u32,
    rounds: &mut Rounds,
    members: Members,
    base_port: u16,
    output: Output,
) -> Result<Vec<Measurement>, Failure> {
    let result = measure(orders, rounds, members, base_port, output)?;
    result.check()?;
    let measurement = Measurement::new("migrate")
        .label("orders", orders)
        .label("members", members.count())
        .figure("pause_ms", result.pause_ms_spread)
        .figure("quiet_ms", result.quiet_ms_spread)
        .figure("migrator_pause_ms", result.migrator_pause_ms_spread)
        .figure("log_bytes", result.bytes_spread);
    Ok(vec![measurement])
}

/// Measures a move a round, alternately to the other cluster and back.
fn measure(
    orders: u32,
    rounds: &mut Rounds,
    members: Members,
    base_port: u16,
    output: Output,
) -> Result<Moves, Failure> {
    let mut deployment = local_deployment::two_clusters(base_port);
    deployment.clusters[0].members.truncate(usize::from(members.count()));
    deployment.engine.maximum_open_orders = orders.saturating_add(SPARE_ORDERS);
    let cluster = PrivateCluster::of(deployment, "migrate")?;
    output.say(cluster.start()?);
    let mut account = place(cluster.found(), INSTRUMENT, orders, output)?;
    let mut moves = Bench { cluster: &cluster, output, measurements: Measurements::default() };
    account += moves.all_moves(rounds)?;
    let Measurements { pauses, quiet, migrator, bytes } = moves.measurements;
    account.lost += u64::from(orders).saturating_sub(resting(cluster.found(), INSTRUMENT)?);
    let hash_equal = cluster.await_comparable(CATCH_UP_TIMEOUT)?.hashes_equal == Some(true);
    let (pause, migrator_pause, bytes) = (Spread::of(pauses.clone()), Spread::of(migrator), Spread::of(bytes));
    Ok(Moves {
        orders,
        members: members.count(),
        rounds: rounds.begun(),
        pause_ms: pause.median,
        pause_ms_spread: pause,
        each_ms: pauses,
        quiet_ms_spread: Spread::of(quiet),
        migrator_pause_ms: migrator_pause.median,
        migrator_pause_ms_spread: migrator_pause,
        bytes: bytes.median as u64,
        bytes_spread: bytes,
        commands: account.commands,
        lost: account.lost,
        duplicated: account.duplicated,
        hash_equal,
    })
}

impl Moves {
    /// Whether every command was executed once, on all members.
    fn check(&self) -> Result<(), Failure> {
        if self.lost == 0 && self.duplicated == 0 && self.hash_equal {
            Ok(())
        } else {
            Err(Failure::new("commands were lost or executed twice").hint("the figures above say how many"))
        }
    }

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

/// The state of the benchmark while it moves the instrument.
struct Bench<'c> {
    cluster: &'c PrivateCluster,
    output: Output,
    measurements: Measurements,
}

/// What clients and the migrator measured in one move.
#[derive(Default)]
struct Measurements {
    pauses: Vec<f64>,
    quiet: Vec<f64>,
    migrator: Vec<f64>,
    bytes: Vec<f64>,
}

impl Bench<'_> {
    fn all_moves(&mut self, rounds: &mut Rounds) -> Result<Traded, Failure> {
        let mut traders = Traders::connect(self.cluster.found(), &TRADERS, WINDOW_OF_TRADERS)?;
        trade_for(WARM_UP, &mut traders, OTHER_INSTRUMENT)?;
        for round in rounds {
            self.one_move(&mut traders, round)?;
        }
        traders.settle();
        Ok(traders.close())
    }

    fn one_move(&mut self, traders: &mut Traders, round: u32) -> Result<(), Failure> {
        let (to, name) = CLUSTERS[round as usize % CLUSTERS.len()];
        trade_for(BEFORE, traders, INSTRUMENT)?;
        self.measurements.quiet.push(millis(traders.take_longest_wait(INSTRUMENT)));
        let log_before = self.log_position(to)?;
        let mut moving = Moving::start(self.cluster.found(), SYMBOL, name)?;
        while moving.goes_on()? {
            traders.trade(INSTRUMENT)?;
        }
        let Pause { ms: migrator, steps } = moving.finish()?;
        let log_after = self.log_position(to)?;
        traders.await_owner(INSTRUMENT, to)?;
        trade_for(AFTER, traders, INSTRUMENT)?;
        let pause = millis(traders.take_longest_wait(INSTRUMENT));
        let steps: Vec<_> = steps.iter().map(|(step, ms)| format!("{step} {ms:.1}")).collect();
        self.output.say(format!(
            "move {round:>2} to {name}: clients waited {pause:.1} ms, the migrator's pause was {migrator:.1} ms ({})",
            steps.join(", ")
        ));
        self.measurements.pauses.push(pause);
        self.measurements.migrator.push(migrator);
        self.measurements.bytes.push((log_after - log_before) as f64);
        Ok(())
    }

    /// Commit position of a cluster's log.
    fn log_position(&self, cluster: ClusterId) -> Result<i64, Failure> {
        let clusters: Vec<ClusterSpec> = self.cluster.found().deployment.cluster(cluster).into_iter().collect();
        let status = Status::read(&clusters)?;
        status
            .leader(cluster)
            .and_then(|leader| leader.commit_position)
            .ok_or_else(|| Failure::new(format!("cluster {cluster} has no leader")))
    }
}
