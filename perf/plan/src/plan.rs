//! The plan: what a load needs, what binds, and what to write into `cluster.toml`.

use lugus_topology::Deployment;
use serde::Serialize;

use crate::cluster_file::planned_deployment;
use crate::disk::{Disk, snapshot_records};
use crate::error::{PlanError, out_of_range};
use crate::load::{Layout, Load, PairLoad};
use crate::memory::{MemberMemory, Run};
use crate::network::Network;
use crate::placement::{greatest, place};
use crate::queueing::{burst_wait_us, drained_after_s, with_stalls_us};
use crate::recovery::Recovery;
use crate::service_times::{MeasuredCluster, ServiceTimes};

/// Greatest number of clusters of a deployment (`MAXIMUM_CLUSTERS` of `lugus-topology`).
const MAXIMUM_PARTITIONS: usize = lugus_topology::MAXIMUM_CLUSTERS;

/// Utilisation up to which a plan without a target is good: beyond it round trips and their spread grow fast.
pub const GOOD_UTILISATION: f64 = 0.7;

/// At the knee the p99 is so many times that without load.
pub const KNEE: f64 = 2.0;

/// Number of points of the curve.
const CURVE: u32 = 48;

/// What is known of the place where the plan is to run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Place {
    /// Cores of each machine.
    pub cores: u32,
    /// Round trip of the network between two machines, in microseconds; 0 on one machine.
    pub network_us: f64,
    /// Memory of each machine, in bytes, if it is to be checked.
    pub memory_bytes: Option<u64>,
    /// Size of each member's disk, in bytes, if it is to be checked.
    pub disk_bytes: Option<u64>,
    /// Number of clusters that there shall be; `None` for as few as carry the load.
    pub partitions: Option<usize>,
}

/// A stage of a command's way, and how much of it the load uses.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Stage {
    /// Process and thread, or the cores of a machine.
    pub name: String,
    /// Processor time of a command, in microseconds.
    pub us_per_command: f64,
    /// Share of its greatest rate, 1 for all.
    pub utilisation: f64,
    /// Greatest rate of commands of the busiest cluster, in commands a second, that it carries.
    pub greatest_per_second: f64,
}

/// A cluster of the plan.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Partition {
    /// Name in `cluster.toml`.
    pub cluster: String,
    /// Its pairs.
    pub pairs: Vec<String>,
    /// Its commands a second at the peak.
    pub per_second: f64,
    /// Utilisation of what binds it.
    pub utilisation: f64,
    /// p99 of its round trips in microseconds; `None` if it can't carry its load.
    pub p99_us: Option<f64>,
}

/// A point of the curve of round trips against the rate of the busiest cluster.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct CurvePoint {
    /// Commands a second.
    pub per_second: f64,
    /// Median in microseconds.
    pub p50_us: f64,
    /// 99 of 100, in microseconds.
    pub p99_us: f64,
}

/// What happens beside the usual.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Headroom {
    /// How many times the planned peak still meets target or [`GOOD_UTILISATION`].
    pub usual: f64,
    /// The same with one member lost; `None` if the cluster then has no majority.
    pub member_lost: Option<f64>,
    /// Longest wait of a command around a snapshot, in microseconds.
    pub snapshot_longest_us: f64,
    /// Time until the round trips around a snapshot are as usual again, in seconds.
    pub snapshot_over_s: Option<f64>,
    /// p99 of an hour in which snapshots are taken as planned, in microseconds.
    pub p99_with_snapshots_us: Option<f64>,
    /// Longest wait of a command of a pair that moves, in microseconds: the heaviest pair, with its part of the orders.
    pub move_longest_us: f64,
}

/// The plan. Its JSON is the answer of `lugus plan --json`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Plan {
    /// What was asked.
    pub load: Load,
    /// Where service times come from.
    pub service_times: String,
    /// Number of members with which they were measured.
    pub measured_members: u16,
    /// The stages, the busiest first.
    pub stages: Vec<Stage>,
    /// Name of the stage that binds.
    pub binding: String,
    /// Its utilisation.
    pub utilisation: f64,
    /// Median of the round trips of the busiest cluster in microseconds; `None` if it can't carry its load.
    pub p50_us: Option<f64>,
    /// 99 of 100.
    pub p99_us: Option<f64>,
    /// Error of the p99, in hundredths, as the calibration tells it: the greater of what a measurement that was left out shows and of the
    /// spread of equal measurements. `None` with fewer than three rates and one round.
    pub p99_error_percent: Option<f64>,
    /// Rate of the busiest cluster at which the p99 is twice that without load.
    pub knee_per_second: f64,
    /// Greatest rate of the busiest cluster at all.
    pub greatest_per_second: f64,
    /// What is left.
    pub headroom: Headroom,
    /// Memory of a leading member of the busiest cluster.
    pub memory: MemberMemory,
    /// All of it.
    pub memory_bytes: u64,
    /// All members of all clusters on one machine, if they share it.
    pub machine_memory_bytes: u64,
    /// Disk of a member of the busiest cluster.
    pub disk: Disk,
    /// What it writes in a day.
    pub disk_bytes_per_day: f64,
    /// Network of a leader of the busiest cluster.
    pub network: Network,
    /// Recovery of a member of the busiest cluster.
    pub recovery: Option<Recovery>,
    /// Seconds until a member that has ended works again, at worst; `None` if the log comes faster than it is applied.
    pub recovery_seconds: Option<f64>,
    /// The clusters and their pairs.
    pub partitions: Vec<Partition>,
    /// Round trips against the rate.
    pub curve: Vec<CurvePoint>,
    /// What this load can't have here; empty if it can.
    pub obstacles: Vec<String>,
    /// What the plan takes for granted.
    pub assumptions: Vec<String>,
    /// The file to write.
    pub cluster_toml: String,
}

/// Model of one cluster's round trips on a machine.
struct Model<'m> {
    measured: &'m MeasuredCluster,
    /// Microseconds of all cores for a command of any cluster, and how many cores share them.
    cores_us: f64,
    cores: f64,
    /// Microseconds of the busiest thread for a command of its cluster.
    thread_us: f64,
    /// Clusters on the machine.
    clusters_here: f64,
    burst: u32,
    network_us: f64,
}

impl Model<'_> {
    /// Greatest rate of a cluster, if all clusters on its machine have the same.
    fn greatest(&self) -> f64 {
        let cores = self.cores * 1e6 / (self.cores_us * self.clusters_here);
        if self.thread_us > 0.0 { cores.min(1e6 / self.thread_us) } else { cores }
    }

    /// A quantile at a rate of the cluster.
    fn at(&self, per_second: f64, quantile: f64) -> Option<f64> {
        let (greatest, network) = (self.greatest(), 2.0 * self.network_us);
        let queue = self.measured.curve.at(per_second / greatest, quantile)?;
        Some(queue + network + burst_wait_us(self.burst, greatest, quantile))
    }

    /// The greatest rate whose p99 is within a limit; `None` if none is.
    fn greatest_within(&self, limit_us: f64) -> Option<f64> {
        let beside = 2.0 * self.network_us + burst_wait_us(self.burst, self.greatest(), 0.99);
        self.measured.curve.greatest_within(limit_us - beside, 0.99).map(|utilisation| utilisation * self.greatest())
    }

    /// The greatest rate that is good: within the target if there is one, and otherwise at [`GOOD_UTILISATION`].
    fn good(&self, target_us: Option<f64>) -> Option<f64> {
        match target_us {
            Some(target) => self.greatest_within(target),
            None => Some(GOOD_UTILISATION * self.greatest()),
        }
    }
}

/// Plans a load at a place, with these service times. What `template` says of anything that the plan does not decide stays as it is.
///
/// # Errors
/// When the load contradicts itself, or was not measured. That the place can't carry it is no error: [`Plan::obstacles`] says so.
pub fn plan(load: &Load, template: &Deployment, times: &ServiceTimes, place_: &Place) -> Result<Plan, PlanError> {
    load.check()?;
    if place_.cores == 0 {
        return Err(out_of_range("the number of cores", 0, "1 or more"));
    }
    let not_measured = || PlanError::NotMeasured { what: "round trips of a cluster".to_owned() };
    let (measured_members, measured) = times.cluster(load.members).ok_or_else(not_measured)?;
    let cores_us = cores_us(load, times).ok_or_else(not_measured)?;
    let model = |clusters: usize| Model {
        measured,
        cores_us,
        cores: f64::from(place_.cores),
        thread_us: measured
            .threads
            .iter()
            .filter(|thread| !thread.is_clients())
            .map(|thread| thread.us)
            .fold(0.0, f64::max),
        clusters_here: if load.layout == Layout::OneMachine { clusters as f64 } else { 1.0 },
        burst: load.burst,
        network_us: if load.layout == Layout::OneMachine { 0.0 } else { place_.network_us },
    };
    let mut obstacles = Vec::new();
    let count = place_.partitions.unwrap_or_else(|| fewest(load, &model)).clamp(1, MAXIMUM_PARTITIONS);
    let of = place(&load.pairs, count);
    let here = model(count);
    let partitions = partitions(load, &of, count, &here);
    let busiest = greatest(&load.pairs, &of, count);
    let of_busiest = part_of(load, &of, count, busiest);
    let stages = stages(&of_busiest, measured, &here);
    let [p50_us, p99_us] = [0.5, 0.99].map(|quantile| here.at(busiest, quantile));
    let base_p99 = here.at(0.0, 0.99);
    let knee_per_second = base_p99.and_then(|base| here.greatest_within(base * KNEE)).unwrap_or_default();
    let good = here.good(load.target_p99_us);
    tell_obstacles(&mut obstacles, load, &here, busiest, base_p99, p99_us);
    let memory = MemberMemory::of_leader(template, &of_busiest, Run::of_a_day(&of_busiest));
    let memory_bytes = memory.total();
    let members_here = if load.layout == Layout::OneMachine { count as u64 * u64::from(load.members) } else { 1 };
    let machine_memory_bytes = memory_bytes * members_here;
    if let Some(most) = place_.memory_bytes.filter(|most| machine_memory_bytes > *most) {
        obstacles.push(format!("memory: {machine_memory_bytes} bytes are needed, and a machine has {most}"));
    }
    let disk = Disk::of(template, &of_busiest);
    if let Some(most) = place_.disk_bytes.filter(|most| disk.needed_bytes > *most as f64) {
        obstacles.push(format!("disk: a member needs {:.0} bytes, and has {most}", disk.needed_bytes));
    }
    let recovery = Recovery::of(template, &of_busiest, times);
    if recovery.is_none() {
        obstacles.push(
            "a starting member applies its log more slowly than the log grows, or the log is never cut by a snapshot"
                .to_owned(),
        );
    }
    let stages_first = stages.first();
    let binding = stages_first.map_or_else(String::new, |stage| stage.name.clone());
    let utilisation = stages_first.map_or(0.0, |stage| stage.utilisation);
    let deployment = planned_deployment(template, load, &of, count)?;
    let cluster_toml = deployment.to_toml().map_err(|error| PlanError::Deployment(error.to_string()))?;
    Ok(Plan {
        service_times: times.origin.clone(),
        measured_members,
        binding,
        utilisation,
        p50_us,
        p99_us,
        p99_error_percent: p99_error(measured),
        knee_per_second,
        greatest_per_second: here.greatest(),
        headroom: headroom(template, &of_busiest, times, &here, busiest, good),
        memory_bytes,
        machine_memory_bytes,
        memory,
        disk_bytes_per_day: disk.bytes_per_day(),
        disk,
        network: Network::of(&of_busiest),
        recovery_seconds: recovery.map(|recovery| recovery.member_s),
        recovery,
        partitions,
        curve: curve(&here),
        obstacles,
        assumptions: assumptions(template, load, times, measured, measured_members, busiest / here.greatest()),
        cluster_toml,
        stages,
        load: load.clone(),
    })
}

/// Microseconds of a machine's cores for a command: of all members and clients if they share it, of the leader alone otherwise.
fn cores_us(load: &Load, times: &ServiceTimes) -> Option<f64> {
    let all = times.cores_us(load.members, &load.traffic, load.sessions)?;
    if load.layout == Layout::OneMachine {
        return Some(all);
    }
    let (_, measured) = times.cluster(load.members)?;
    let sum = |of: &dyn Fn(&crate::service_times::ThreadCost) -> bool| {
        measured.threads.iter().filter(|one| of(one)).map(|one| one.us).sum::<f64>()
    };
    let (followers, clients) = (sum(&|one| one.is_followers()), sum(&|one| one.is_clients()));
    let leader = sum(&|_| true) - followers - clients;
    let everything = leader + followers * f64::from(load.members.saturating_sub(1)) + clients;
    // Without threads all that is known is the whole: then the leader is taken to cost all of it.
    Some(if everything > 0.0 { all * leader / everything } else { all })
}

/// The fewest clusters whose busiest one is good; if no number is, the fewest with which it has the least utilisation.
fn fewest<'m>(load: &Load, model: &impl Fn(usize) -> Model<'m>) -> usize {
    let mut best = (f64::INFINITY, 1);
    for count in 1..=load.pairs.len().clamp(1, MAXIMUM_PARTITIONS) {
        let busiest = greatest(&load.pairs, &place(&load.pairs, count), count);
        let model = model(count);
        if model.good(load.target_p99_us).is_some_and(|good| busiest <= good) {
            return count;
        }
        let utilisation = busiest / model.greatest();
        // Less by rounding is no less.
        if utilisation < best.0 * (1.0 - 1e-9) {
            best = (utilisation, count);
        }
    }
    best.1
}

/// The part of the load that the busiest cluster has: its pairs, and of all else a share by its pairs or by its rate.
fn part_of(load: &Load, of: &[usize], count: usize, busiest: f64) -> Load {
    let rate = |cluster: usize| {
        load.pairs.iter().zip(of).filter(|(_, of)| **of == cluster).map(|(pair, _)| pair.per_second).sum::<f64>()
    };
    let most = (0..count).max_by(|&one, &other| rate(one).total_cmp(&rate(other))).unwrap_or_default();
    let pairs: Vec<PairLoad> =
        load.pairs.iter().zip(of).filter(|(_, of)| **of == most).map(|(pair, _)| pair.clone()).collect();
    let (by_rate, by_pairs) = (busiest / load.peak_per_second, pairs.len() as f64 / load.pairs.len() as f64);
    Load {
        peak_per_second: busiest,
        mean_per_second: load.mean_per_second * by_rate,
        pairs_of_a_participant: load.pairs_of_a_participant * by_pairs,
        open_orders: (f64::from(load.open_orders) * by_rate).ceil() as u32,
        pairs,
        ..load.clone()
    }
}

fn partitions(load: &Load, of: &[usize], count: usize, model: &Model<'_>) -> Vec<Partition> {
    let partition = |cluster: usize| {
        let pairs: Vec<&PairLoad> =
            load.pairs.iter().zip(of).filter(|(_, of)| **of == cluster).map(|(pair, _)| pair).collect();
        let per_second = pairs.iter().map(|pair| pair.per_second).sum();
        Partition {
            cluster: crate::cluster_file::cluster_name(cluster),
            pairs: pairs.into_iter().map(|pair| pair.symbol.clone()).collect(),
            per_second,
            utilisation: per_second / model.greatest(),
            p99_us: model.at(per_second, 0.99),
        }
    };
    (0..count).map(partition).collect()
}

/// The stages of the busiest cluster, the busiest first.
fn stages(load: &Load, measured: &MeasuredCluster, model: &Model<'_>) -> Vec<Stage> {
    let stage = |name: String, us: f64, servers: f64| Stage {
        name,
        us_per_command: us,
        utilisation: load.peak_per_second * us / (servers * 1e6),
        greatest_per_second: if us > 0.0 { servers * 1e6 / us } else { f64::INFINITY },
    };
    let cores =
        stage(format!("all {} cores of the machine", model.cores), model.cores_us * model.clusters_here, model.cores);
    let on_machine = measured.threads.iter().filter(|thread| load.layout == Layout::OneMachine || !thread.is_clients());
    let threads = on_machine.map(|thread| {
        let name = if thread.thread == thread.process {
            thread.process.clone()
        } else {
            format!("{}: {}", thread.process, thread.thread)
        };
        stage(name, thread.us, 1.0)
    });
    let mut stages: Vec<Stage> = std::iter::once(cores).chain(threads).collect();
    stages.sort_by(|one, other| other.utilisation.total_cmp(&one.utilisation));
    stages
}

fn tell_obstacles(
    obstacles: &mut Vec<String>,
    load: &Load,
    model: &Model<'_>,
    busiest: f64,
    base_p99: Option<f64>,
    p99: Option<f64>,
) {
    if p99.is_none() {
        obstacles.push(format!(
            "the rate: the busiest cluster gets {busiest:.0} commands a second, and carries {:.0}; more or faster cores, or more machines with \
             `--layout machine-each`, or fewer pairs in one cluster",
            model.greatest()
        ));
    }
    let Some(target) = load.target_p99_us else { return };
    match base_p99 {
        Some(base) if base > target => obstacles.push(format!(
            "the target: 99 of 100 commands take {base:.0} us here without any load, which is above {target:.0} us; a machine with more cores, or \
             `profile = \"dedicated\"` or `\"pinned\"`"
        )),
        _ if p99.is_some_and(|p99| p99 > target) => obstacles.push(format!(
            "the target: the p99 is {:.0} us at this rate, which is above {target:.0} us; it is within up to {:.0} commands a second a cluster",
            p99.unwrap_or_default(),
            model.greatest_within(target).unwrap_or_default()
        )),
        _ => {}
    }
}

fn headroom(
    template: &Deployment,
    load: &Load,
    times: &ServiceTimes,
    model: &Model<'_>,
    busiest: f64,
    good: Option<f64>,
) -> Headroom {
    let usual = good.unwrap_or_default() / busiest;
    let left = load.members - 1;
    // The leader must have a majority of all members.
    let member_lost = (left * 2 > load.members).then(|| {
        if load.layout == Layout::MachineEach {
            return usual;
        }
        let with = times.cores_us(load.members, &load.traffic, load.sessions).unwrap_or_default();
        let without = times.cores_us(left, &load.traffic, load.sessions).unwrap_or(with);
        if without > 0.0 { usual * (with / without).max(1.0) } else { usual }
    });
    let utilisation = busiest / model.greatest();
    let pause_s = times.snapshot.pause_s.at(snapshot_records(template, load));
    let usual_p99 = model.at(busiest, 0.99);
    let snapshots = Disk::of(template, load).snapshots_per_day;
    // At the peak, the log is written so much faster than in the day's mean.
    let interval_s = if snapshots > 0.0 { 86_400.0 / snapshots } else { f64::INFINITY };
    let (heaviest, all) =
        load.pairs.iter().fold((0.0_f64, 0.0), |(most, sum), pair| (most.max(pair.per_second), sum + pair.per_second));
    let orders = f64::from(load.open_orders) * if all > 0.0 { heaviest / all } else { 0.0 };
    Headroom {
        usual,
        member_lost,
        snapshot_longest_us: pause_s * 1e6 + model.at(busiest, 0.5).unwrap_or_default(),
        snapshot_over_s: drained_after_s(pause_s, utilisation),
        p99_with_snapshots_us: usual_p99.map(|usual| {
            if interval_s.is_finite() {
                with_stalls_us(usual, pause_s * 1e6, interval_s * 1e6, utilisation, 0.99)
            } else {
                usual
            }
        }),
        move_longest_us: times.move_pause.at(orders) * 1e6,
    }
}

fn curve(model: &Model<'_>) -> Vec<CurvePoint> {
    let greatest = model.greatest();
    let point = |nth: u32| {
        let per_second = greatest * f64::from(nth) / f64::from(CURVE);
        Some(CurvePoint { per_second, p50_us: model.at(per_second, 0.5)?, p99_us: model.at(per_second, 0.99)? })
    };
    (1..CURVE).filter_map(point).collect()
}

fn p99_error(measured: &MeasuredCluster) -> Option<f64> {
    let spread = measured.curve.spread_percent();
    let left_out = measured.curve.left_out_error_percent(0.99);
    let known = left_out.unwrap_or(0.0).max(spread);
    (known > 0.0).then_some(known)
}

fn assumptions(
    template: &Deployment,
    load: &Load,
    times: &ServiceTimes,
    measured: &MeasuredCluster,
    members: u16,
    utilisation: f64,
) -> Vec<String> {
    let mut all = Vec::new();
    if members != load.members {
        all.push(format!(
            "round trips were measured with {members} members, not with {}: their curve is taken as it is",
            load.members
        ));
    }
    if load.layout == Layout::MachineEach {
        all.push("members on machines of their own were not measured: their curve is that of the shared machine, at the leader's utilisation, with two round trips of the network".to_owned());
    }
    let (lowest, highest) = measured.curve.measured();
    if utilisation > highest || utilisation < lowest {
        all.push(format!("utilisation {utilisation:.2} is outside of what was measured ({lowest:.2} to {highest:.2})"));
    }
    if !times.snapshot.is_measured {
        all.push("the time of a snapshot is that of another machine (docs/benchmarks.md): `lugus bench all --only snapshot` measures it".to_owned());
    }
    if !times.start.is_measured {
        all.push("the time of a start is that of another machine: `lugus plan --calibrate` measures it".to_owned());
    }
    if template.market_data.is_recorded() {
        all.push(
            "the processor time of recording market data is not in the calibration (docs/benchmarks.md)".to_owned(),
        );
    }
    all.push(format!(
        "each of {} scopes is taken to keep {} events",
        load.scopes(),
        load.events_of_a_scope
            .map_or_else(|| "all that engine.retained_events allows".to_owned(), |events| events.to_string())
    ));
    all
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
