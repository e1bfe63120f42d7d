//! What a command costs on a machine, read from a file of results: `lugus plan --calibrate`, or `lugus bench all`.

use std::collections::BTreeMap;

use lugus_results::{Measurement, Results, Spread};
use serde::Serialize;

use crate::error::PlanError;
use crate::queueing::{LatencyCurve, MeasuredLatency};
use crate::traffic::Traffic;

/// Benchmark of round trips, and labels of its measurements that are of use here.
const ROUND_TRIP: &str = "round-trip";
/// Benchmark of what else a plan needs: starts and replays.
pub const PLAN: &str = "plan";

/// Quantiles and the figures that have them.
const QUANTILES: [(&str, f64); 6] =
    [("p50_us", 0.5), ("p90_us", 0.9), ("p95_us", 0.95), ("p99_us", 0.99), ("p995_us", 0.995), ("p999_us", 0.999)];

/// Below this cost a thread is left out: it is no stage of a command's way. In microseconds a command.
const LEAST_COST_US: f64 = 0.005;

/// The costs of commands on one machine.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ServiceTimes {
    /// Where the results come from, for people.
    pub origin: String,
    /// Cores of the machine on which all processes ran, the clients among them.
    pub cores: u32,
    /// What was measured for each number of members.
    pub clusters: BTreeMap<u16, MeasuredCluster>,
    /// A snapshot.
    pub snapshot: SnapshotTimes,
    /// A move of a pair: seconds of its pause without orders, and for each order.
    pub move_pause: Linear,
    /// A start.
    pub start: StartTimes,
}

/// A straight line.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Linear {
    /// Value for nothing.
    pub fixed: f64,
    /// Increase for each one.
    pub each: f64,
}

impl Linear {
    /// The value for so many.
    pub fn at(self, count: f64) -> f64 {
        self.fixed + self.each * count
    }
}

/// What a snapshot takes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct SnapshotTimes {
    /// Seconds in which the service stands still, by the records of the snapshot.
    pub pause_s: Linear,
    /// Seconds of loading it, by its records.
    pub load_s: Linear,
    /// Whether this was measured on the machine; otherwise it is of another one.
    pub is_measured: bool,
}

/// What a member's start takes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct StartTimes {
    /// Seconds from the start of a member's processes until it follows or leads, without log and snapshot.
    pub start_s: f64,
    /// Commands a second that a starting member applies from its log.
    pub replayed_per_second: f64,
    /// Whether this was measured on the machine; otherwise it is of another one.
    pub is_measured: bool,
}

/// What was measured with one number of members.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MeasuredCluster {
    capacities: Capacities,
    /// Round trips against the utilisation.
    pub curve: LatencyCurve,
    /// Median of a command that meets an idle cluster, in microseconds; `None` if it was not measured.
    pub idle_p50_us: Option<f64>,
    /// Processor time of the threads at the greatest rate.
    pub threads: Vec<ThreadCost>,
}

/// Greatest rates, by sessions.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct Capacities(Vec<Capacity>);

/// A greatest rate: closed loop, with so many in flight that something is busy all the time.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
struct Capacity {
    sessions: u32,
    events: f64,
    per_second: f64,
}

/// What a thread takes for a command when it has much to do.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ThreadCost {
    /// Name of the process, with the role of its member if that is known: `services of the leader`.
    pub process: String,
    /// Name of the thread; that of the process if threads were not told apart.
    pub thread: String,
    /// Processor time, in microseconds a command. Of several members, the mean of one.
    pub us: f64,
}

impl ThreadCost {
    /// Whether the thread belongs to a client.
    pub fn is_clients(&self) -> bool {
        self.process.starts_with("client")
    }

    /// Whether the thread belongs to a follower.
    pub fn is_followers(&self) -> bool {
        self.process.ends_with("of a follower")
    }
}

impl ServiceTimes {
    /// What these results say.
    ///
    /// # Errors
    /// When they have no greatest rate, or no round trips at lower rates.
    pub fn from_results(results: &Results) -> Result<Self, PlanError> {
        let members: Vec<u16> = {
            let mut members: Vec<u16> = of_lugus(results).filter_map(|one| label(one, "members")).collect();
            members.sort_unstable();
            members.dedup();
            members
        };
        let mut clusters = BTreeMap::new();
        for members in members {
            clusters.insert(members, MeasuredCluster::of(results, members)?);
        }
        if clusters.is_empty() {
            return Err(PlanError::NotMeasured {
                what: "round trips of Lugus (benchmark round-trip, service lugus)".to_owned(),
            });
        }
        let commit = results.commit.as_deref().unwrap_or("not known");
        let machine = &results.machine;
        Ok(Self {
            origin: format!("{}, {} cores, commit {commit}, {}", machine.cpu_model, machine.cores, results.begun),
            cores: u32::try_from(machine.cores).unwrap_or(u32::MAX).max(1),
            clusters,
            snapshot: SnapshotTimes::of(results),
            move_pause: move_pause(results),
            start: StartTimes::of(results),
        })
    }

    /// What was measured with this number of members, or with the nearest one.
    pub fn cluster(&self, members: u16) -> Option<(u16, &MeasuredCluster)> {
        let nearest = self.clusters.iter().min_by_key(|(measured, _)| measured.abs_diff(members));
        nearest.map(|(&members, cluster)| (members, cluster))
    }

    /// Processor time of a command with all that is on the machine, in microseconds: the cores' time at the greatest rate. For a number of
    /// members that was not measured it is on the line through those that were.
    pub fn cores_us(&self, members: u16, traffic: &Traffic, sessions: u32) -> Option<f64> {
        let cost = |cluster: &MeasuredCluster| f64::from(self.cores) * 1e6 / cluster.capacity(traffic, sessions);
        if let Some(cluster) = self.clusters.get(&members) {
            return Some(cost(cluster));
        }
        let mut measured = self.clusters.iter().map(|(&members, cluster)| (f64::from(members), cost(cluster)));
        let (x1, y1) = measured.next()?;
        let Some((x2, y2)) = measured.next_back() else {
            // One number alone: the leader costs about what all followers of three do.
            return Some(y1 * (1.0 + f64::from(members)) / (1.0 + x1));
        };
        Some((y1 + (y2 - y1) * (f64::from(members) - x1) / (x2 - x1)).max(y1.min(y2) / 2.0))
    }
}

impl MeasuredCluster {
    fn of(results: &Results, members: u16) -> Result<Self, PlanError> {
        let ours = || of_lugus(results).filter(move |one| label::<u16>(one, "members") == Some(members));
        let whole =
            || ours().filter(|one| !["process", "stage", "thread"].iter().any(|part| one.labels.contains_key(*part)));
        let mut capacities: Vec<Capacity> =
            whole().filter(|one| pace(one) == Pace::Maximum).filter_map(capacity).collect();
        capacities.sort_by_key(|capacity| capacity.sessions);
        if capacities.is_empty() {
            return Err(PlanError::NotMeasured {
                what: format!("greatest rate with {members} members (pace maximum)"),
            });
        }
        let capacities = Capacities(capacities);
        let idle_p50_us = whole().find(|one| pace(one) == Pace::OneInFlight).and_then(|one| figure(one, "p50_us"));
        let curve = LatencyCurve::new(whole().filter_map(|one| measured_latency(one, &capacities)).collect())?;
        Ok(Self { capacities, curve, idle_p50_us, threads: threads(ours(), members) })
    }

    /// Greatest rate of a traffic in so many sessions, in commands a second: the time of a command is on the line through the measured ones,
    /// by its events, and by the logarithm of the number of sessions.
    pub fn capacity(&self, traffic: &Traffic, sessions: u32) -> f64 {
        self.capacities.of(traffic, sessions)
    }
}

impl Capacities {
    fn of(&self, traffic: &Traffic, sessions: u32) -> f64 {
        let us = |capacity: &Capacity| 1e6 / capacity.per_second;
        let fewest = self.0.first().map_or(1, |capacity| capacity.sessions);
        let by_events = |events: f64| {
            let of_fewest = self.0.iter().filter(|capacity| capacity.sessions == fewest);
            rising_line(of_fewest.map(|capacity| (capacity.events, us(capacity))), events)
        };
        let by_sessions = self
            .0
            .iter()
            .map(|capacity| (f64::from(capacity.sessions).ln(), us(capacity) / by_events(capacity.events)));
        1e6 / (by_events(traffic.events) * rising_line(by_sessions, f64::from(sessions.max(1)).ln()))
    }
}

fn measured_latency(measurement: &Measurement, capacities: &Capacities) -> Option<MeasuredLatency> {
    let Pace::Rate(rate) = pace(measurement) else { return None };
    let utilisation = rate / capacities.of(&traffic(measurement)?, label(measurement, "sessions")?);
    let quantiles: Vec<(f64, f64)> =
        QUANTILES.iter().filter_map(|&(name, quantile)| Some((quantile, figure(measurement, name)?))).collect();
    let spread = measurement.figures.get("p99_us").map_or(1.0, ratio);
    (utilisation < 1.0).then_some(MeasuredLatency { utilisation, quantiles, spread })
}

impl SnapshotTimes {
    /// Of another machine (two virtual cores, AMD EPYC; docs/benchmarks.md): a million orders.
    const ELSEWHERE: Self = Self {
        pause_s: Linear { fixed: 0.01, each: 87e-9 },
        load_s: Linear { fixed: 0.05, each: 200e-9 },
        is_measured: false,
    };

    fn of(results: &Results) -> Self {
        let measured = results.measurements.iter().find(|one| one.benchmark == "snapshot");
        let of = |one: &Measurement| {
            let orders: f64 = label(one, "orders")?;
            let line = |name, fixed: f64| {
                let seconds = figure(one, name)? / 1e3;
                Some(Linear { fixed: fixed.min(seconds), each: (seconds - fixed).max(0.0) / orders.max(1.0) })
            };
            let Self { pause_s, load_s, .. } = Self::ELSEWHERE;
            Some(Self {
                pause_s: line("service_ms", pause_s.fixed)?,
                load_s: line("load_ms", load_s.fixed)?,
                is_measured: true,
            })
        };
        measured.and_then(of).unwrap_or(Self::ELSEWHERE)
    }
}

impl StartTimes {
    /// Of another machine, as above.
    const ELSEWHERE: Self = Self { start_s: 1.0, replayed_per_second: 500_000.0, is_measured: false };

    fn of(results: &Results) -> Self {
        let measured =
            results.measurements.iter().find(|one| one.benchmark == PLAN && one.figures.contains_key("start_s"));
        let of = |one: &Measurement| {
            let replayed_per_second = figure(one, "replayed_per_second").filter(|rate| *rate > 0.0)?;
            Some(Self { start_s: figure(one, "start_s")?, replayed_per_second, is_measured: true })
        };
        measured.and_then(of).unwrap_or(Self::ELSEWHERE)
    }
}

/// Of `lugus bench migrate`, otherwise of another machine (docs/benchmarks.md: 10,000 and a million orders).
fn move_pause(results: &Results) -> Linear {
    let elsewhere = Linear { fixed: 0.034, each: 1.6e-6 };
    let measured = results.measurements.iter().find(|one| one.benchmark == "migrate");
    let of = |one: &Measurement| {
        let (seconds, orders) = (figure(one, "pause_ms")? / 1e3, label::<f64>(one, "orders")?);
        let fixed = elsewhere.fixed.min(seconds);
        Some(Linear { fixed, each: ((seconds - fixed) / orders.max(1.0)).max(elsewhere.each) })
    };
    measured.and_then(of).unwrap_or(elsewhere)
}

/// Processor time of each kind of thread, or of each process if threads were not told apart, at the greatest rate of the fewest sessions.
fn threads<'r>(measurements: impl Iterator<Item = &'r Measurement> + Clone, members: u16) -> Vec<ThreadCost> {
    let at_maximum = measurements.filter(|one| pace(one) == Pace::Maximum && is_market(one));
    let least: Option<u32> = at_maximum.clone().filter_map(|one| label(one, "sessions")).min();
    let at_maximum = at_maximum.filter(|one| label(one, "sessions") == least);
    let of_threads = at_maximum.clone().any(|one| one.labels.contains_key("thread"));
    let cost = |one: &Measurement| {
        let process = one.labels.get("process")?.clone();
        let thread = one.labels.get("thread");
        if thread.is_some() != of_threads {
            return None;
        }
        let us = figure(one, "cpu_us_per_command")?;
        let count = match () {
            () if process.starts_with("client") || process.ends_with("of the leader") => 1.0,
            () if process.ends_with("of a follower") => f64::from(members.saturating_sub(1).max(1)),
            () => f64::from(members.max(1)),
        };
        let cost = ThreadCost { thread: thread.unwrap_or(&process).clone(), process, us: us / count };
        (cost.us >= LEAST_COST_US).then_some(cost)
    };
    at_maximum.filter_map(cost).collect()
}

/// How commands were sent.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Pace {
    OneInFlight,
    Maximum,
    Rate(f64),
    Other,
}

fn pace(measurement: &Measurement) -> Pace {
    match measurement.labels.get("pace").map_or("", String::as_str) {
        "1 in flight" => Pace::OneInFlight,
        "maximum" => Pace::Maximum,
        text => match text.strip_suffix(" a second").and_then(|rate| rate.replace(',', "").parse().ok()) {
            Some(rate) => Pace::Rate(rate),
            None => Pace::Other,
        },
    }
}

fn capacity(measurement: &Measurement) -> Option<Capacity> {
    let per_second = figure(measurement, "rate_per_second").filter(|rate| *rate > 0.0)?;
    Some(Capacity { sessions: label(measurement, "sessions")?, events: traffic(measurement)?.events, per_second })
}

fn of_lugus(results: &Results) -> impl Iterator<Item = &Measurement> + Clone {
    let is_ours = |one: &&Measurement| {
        let is = |name: &str, value: &str| one.labels.get(name).is_some_and(|label| label == value);
        one.benchmark == ROUND_TRIP && is("service", "lugus") && is("transport", "UDP")
    };
    results.measurements.iter().filter(is_ours)
}

fn is_market(measurement: &Measurement) -> bool {
    measurement.labels.get("mix").is_some_and(|mix| mix == "market")
}

fn traffic(measurement: &Measurement) -> Option<Traffic> {
    Traffic::named(measurement.labels.get("mix")?)
}

fn label<T: std::str::FromStr>(measurement: &Measurement, name: &str) -> Option<T> {
    measurement.labels.get(name)?.parse().ok()
}

fn figure(measurement: &Measurement, name: &str) -> Option<f64> {
    measurement.figures.get(name).map(|spread| spread.median)
}

fn ratio(spread: &Spread) -> f64 {
    if spread.minimum > 0.0 { spread.maximum / spread.minimum } else { 1.0 }
}

/// The value at `x` of the line through the points with the lowest and the highest `x`, which does not fall: what costs less for more is
/// noise. At least half of the lowest value; 1 without points.
fn rising_line(points: impl Iterator<Item = (f64, f64)>, x: f64) -> f64 {
    let mut points: Vec<_> = points.collect();
    points.sort_by(|one, other| one.0.total_cmp(&other.0));
    let (Some(&(x1, y1)), Some(&(x2, y2))) = (points.first(), points.last()) else { return 1.0 };
    if x2 <= x1 || y2 <= y1 {
        return y1;
    }
    (y1 + (y2 - y1) * (x - x1) / (x2 - x1)).max(y1 / 2.0)
}

#[cfg(test)]
#[path = "service_times_tests.rs"]
pub(crate) mod tests;
