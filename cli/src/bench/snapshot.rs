//! `lugus bench snapshot`: how long trading stops while a cluster with many resting orders takes a snapshot, and how long a
//! member takes to start from one.

use std::thread;
use std::time::Duration;

use aeron_archive_files::{Recording, RecordingLog};
use lugus_client::InstrumentId;
use lugus_node::deployment_status::Status;
use lugus_node::member::SERVICE_ID;
use lugus_node::status::{SnapshotTimes, read_snapshot_times};
use lugus_results::{Measurement, Spread};
use lugus_topology::{ClusterSpec, MemberSpec};
use serde::Serialize;

use super::full_book::{
    AFTER, BEFORE, CATCH_UP_TIMEOUT, SPARE_ORDERS, TRADERS, WINDOW_OF_TRADERS, millis, place, resting, trade_for,
};
use super::rounds::Rounds;
use crate::arguments::Members;
use crate::failure::Failure;
use crate::output::Output;
use crate::private_cluster::PrivateCluster;
use crate::traders::Traders;
use crate::{audit, local_deployment, processes, snapshot};

/// The instrument with the resting orders.
const INSTRUMENT: InstrumentId = InstrumentId(1);

/// Longest wait for the end of a killed member.
const END_TIMEOUT: Duration = Duration::from_secs(10);

/// Figures of all snapshots; times in milliseconds.
#[derive(Debug, Serialize)]
struct Snapshots {
    orders: u32,
    members: u16,
    rounds: u32,
    /// Longest time that a command waited for its answer around a snapshot: median of all snapshots.
    pause_ms: f64,
    pause_ms_spread: Spread,
    /// Every snapshot's longest wait, in their order.
    each_ms: Vec<f64>,
    /// Longest wait in an equally long time without a snapshot.
    quiet_ms_spread: Spread,
    /// Time that the leader's service took for its snapshot, until the archive had all of it.
    service_ms: f64,
    service_ms_spread: Spread,
    /// Time that the service of a killed member took to start from the snapshot.
    load_ms: f64,
    load_ms_spread: Spread,
    /// Length of the recording of a snapshot.
    bytes: i64,
    commands: u64,
    /// Number of commands without an answer, missed events and missing resting orders.
    lost: u64,
    duplicated: u64,
    /// Number of snapshots, over all members, that were compared with what the log leads to.
    snapshots_compared: u64,
    /// Whether these are equal, and so are the states of all members, those that have started from a snapshot among them.
    hash_equal: bool,
    /// What differs first.
    #[serde(skip_serializing_if = "Option::is_none")]
    first_difference: Option<String>,
}

/// Measures snapshots, and prints the figures.
pub fn run(orders: u32, rounds: u32, members: Members, base_port: u16, output: Output) -> Result<(), Failure> {
    let result = measure(orders, &mut Rounds::all(rounds), members, base_port, output)?;
    output.answer(&result, result.text())?;
    result.check()
}

/// The figures of snapshots as results.
pub fn measurements(
    orders: u32,
    rounds: &mut Rounds,
    members: Members,
    base_port: u16,
    output: Output,
) -> Result<Vec<Measurement>, Failure> {
    let result = measure(orders, rounds, members, base_port, output)?;
    result.check()?;
    let measurement = Measurement::new("snapshot")
        .label("orders", orders)
        .label("members", members.count())
        .figure("pause_ms", result.pause_ms_spread)
        .figure("quiet_ms", result.quiet_ms_spread)
        .figure("service_ms", result.service_ms_spread)
        .figure("load_ms", result.load_ms_spread)
        .figure("snapshot_bytes", Spread::once(result.bytes as f64));
    Ok(vec![measurement])
}

fn measure(
    orders: u32,
    rounds: &mut Rounds,
    members: Members,
    base_port: u16,
    output: Output,
) -> Result<Snapshots, Failure> {
    let mut deployment = local_deployment::deployment(Some(members), base_port);
    deployment.engine.maximum_open_orders = orders.saturating_add(SPARE_ORDERS);
    // All snapshots are compared with the whole log at the end.
    deployment.retention.automatic_pruning = false;
    let mut cluster = PrivateCluster::of(deployment, "snapshot")?;
    let measured = measure_in(&cluster, orders, rounds, members, output);
    if measured.is_err() {
        cluster.keep();
        output.say(format!("the logs are in {}", cluster.folder().display()));
    }
    measured
}

fn measure_in(
    cluster: &PrivateCluster,
    orders: u32,
    rounds: &mut Rounds,
    members: Members,
    output: Output,
) -> Result<Snapshots, Failure> {
    output.say(cluster.start()?);
    let mut account = place(cluster.found(), INSTRUMENT, orders, output)?;
    // The sessions stay, so that they also hear what a member that was started again says.
    let mut traders = Traders::connect(cluster.found(), &TRADERS, WINDOW_OF_TRADERS)?;
    let mut bench = Bench { spec: cluster.found().cluster()?, cluster, output, figures: Figures::default() };
    for round in &mut *rounds {
        bench.one_snapshot(&mut traders, round)?;
    }
    trade_for(AFTER, &mut traders, INSTRUMENT)?;
    traders.settle();
    account += traders.close();
    let Figures { pauses, quiet, service, load, bytes } = bench.figures;
    account.lost += u64::from(orders).saturating_sub(resting(cluster.found(), INSTRUMENT)?);
    let are_members_equal = cluster.await_comparable(CATCH_UP_TIMEOUT)?.hashes_equal == Some(true);
    let (snapshots_compared, first_difference) = audit::first_difference(cluster.found())?;
    let all_compared = snapshots_compared == u64::from(rounds.begun()) * u64::from(members.count());
    let (pause, service, load) = (Spread::of(pauses.clone()), Spread::of(service), Spread::of(load));
    Ok(Snapshots {
        orders,
        members: members.count(),
        rounds: rounds.begun(),
        pause_ms: pause.median,
        pause_ms_spread: pause,
        each_ms: pauses,
        quiet_ms_spread: Spread::of(quiet),
        service_ms: service.median,
        service_ms_spread: service,
        load_ms: load.median,
        load_ms_spread: load,
        bytes,
        commands: account.commands,
        lost: account.lost,
        duplicated: account.duplicated,
        snapshots_compared,
        hash_equal: are_members_equal && all_compared && first_difference.is_none(),
        first_difference,
    })
}

impl Snapshots {
    /// Whether every command was executed once, and all states are equal.
    fn check(&self) -> Result<(), Failure> {
        if self.lost == 0 && self.duplicated == 0 && self.hash_equal {
            Ok(())
        } else {
            Err(Failure::new("commands were lost or executed twice, or states differ")
                .hint("the figures above say which"))
        }
    }

    fn text(&self) -> String {
        let difference = self.first_difference.as_ref().map(|what| format!("\n{what}")).unwrap_or_default();
        format!(
            "{} snapshots of {} resting orders, {} bytes each\n\
             longest wait of a command, ms:  {} around a snapshot, {} without\n\
             the leader's service, ms:       {}\n\
             load at a member's start, ms:   {}\n\
             commands {}, lost {}, duplicated {}, {} snapshots compared, hashes {}{difference}",
            self.rounds,
            self.orders,
            self.bytes,
            self.pause_ms_spread,
            self.quiet_ms_spread,
            self.service_ms_spread,
            self.load_ms_spread,
            self.commands,
            self.lost,
            self.duplicated,
            self.snapshots_compared,
            if self.hash_equal { "equal" } else { "DIFFERENT" },
        )
    }
}

/// The state of the benchmark.
struct Bench<'c> {
    spec: ClusterSpec,
    cluster: &'c PrivateCluster,
    output: Output,
    figures: Figures,
}

/// What each round measured.
#[derive(Default)]
struct Figures {
    pauses: Vec<f64>,
    quiet: Vec<f64>,
    service: Vec<f64>,
    load: Vec<f64>,
    bytes: i64,
}

impl Bench<'_> {
    /// Has the cluster take a snapshot while participants trade, kills a member, and starts it again: a follower, or the only
    /// one.
    fn one_snapshot(&mut self, traders: &mut Traders, round: u32) -> Result<(), Failure> {
        let found = self.cluster.found();
        trade_for(BEFORE, traders, INSTRUMENT)?;
        let quiet = millis(traders.take_longest_wait(INSTRUMENT));
        let spec = &self.spec;
        thread::scope(|scope| -> Result<(), Failure> {
            let taking = scope.spawn(|| snapshot::of_cluster(found, spec));
            while !taking.is_finished() {
                traders.trade(INSTRUMENT)?;
            }
            taking.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })?;
        trade_for(AFTER, traders, INSTRUMENT)?;
        let pause = millis(traders.take_longest_wait(INSTRUMENT));
        traders.settle();
        let (leader, other) = self.leader_and_another()?;
        let service = self.times(leader)?.newest.ok_or_else(|| self.untold(leader, "the time of its snapshot"))?;
        let bytes = snapshot_length(leader)?;
        self.kill(other)?;
        let cluster = self.cluster;
        thread::scope(|scope| -> Result<(), Failure> {
            let starting = scope.spawn(|| cluster.start().map(drop));
            traders.wait("the start of a member", || starting.is_finished())?;
            starting.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })?;
        let load = self.times(other)?.load.ok_or_else(|| self.untold(other, "a start from a snapshot"))?;
        let (service, load) = (millis(service), millis(load));
        self.output.say(format!(
            "snapshot {round:>2}: clients waited {pause:.1} ms, the leader's service {service:.1} ms; member {} has loaded it in \
             {load:.1} ms",
            other.id
        ));
        self.figures.pauses.push(pause);
        self.figures.quiet.push(quiet);
        self.figures.service.push(service);
        self.figures.load.push(load);
        self.figures.bytes = bytes;
        // What came of the restart is not the next snapshot's.
        trade_for(AFTER, traders, INSTRUMENT)?;
        traders.take_longest_wait(INSTRUMENT);
        Ok(())
    }

    /// The leader, and a follower, or the leader again if it is alone.
    fn leader_and_another(&self) -> Result<(&MemberSpec, &MemberSpec), Failure> {
        let no_leader = || Failure::new(format!("{} has no leader", self.spec.name));
        let status = Status::read(std::slice::from_ref(&self.spec))?;
        let id = status.leader(self.spec.id).ok_or_else(no_leader)?.id;
        let mut leader = None;
        let mut other = None;
        for member in &self.spec.members {
            let place = if member.id.0 == id { &mut leader } else { &mut other };
            *place = Some(member);
        }
        let leader = leader.ok_or_else(no_leader)?;
        Ok((leader, other.unwrap_or(leader)))
    }

    fn times(&self, member: &MemberSpec) -> Result<SnapshotTimes, Failure> {
        read_snapshot_times(&member.aeron_dir, self.spec.id.0).map_err(Failure::new)
    }

    fn untold(&self, member: &MemberSpec, what: &str) -> Failure {
        Failure::new(format!("member {} of {} does not tell {what}", member.id, self.spec.name))
    }

    fn kill(&self, member: &MemberSpec) -> Result<(), Failure> {
        let gone = || Failure::new(format!("member {} of {} does not run", member.id, self.spec.name));
        let pid = processes::pid(&member.dir).ok_or_else(gone)?;
        processes::kill_tree(pid)?;
        if processes::await_end(&member.dir, pid, END_TIMEOUT) {
            Ok(())
        } else {
            Err(Failure::new(format!("member {} of {} did not end when it was killed", member.id, self.spec.name)))
        }
    }
}

/// Length of the recording of the newest snapshot of a member's service, in bytes.
fn snapshot_length(member: &MemberSpec) -> Result<i64, Failure> {
    let none = || Failure::new(format!("member {} has no snapshot", member.id));
    let log = RecordingLog::read(&member.cluster_dir).map_err(Failure::new)?;
    let snapshot = log.snapshots_of(SERVICE_ID).next_back().ok_or_else(none)?;
    let recording = Recording::find(&member.archive_dir, snapshot.recording_id).map_err(Failure::new)?;
    Ok(recording.stop_position.unwrap_or_default() - recording.start_position)
}
