//! A load on a temporary cluster, for what plans are made of and what they are compared with: paces one after the other, each in some
//! windows.

use std::collections::BTreeMap;
use std::time::Duration;

use lugus_load::cluster_sessions::ClusterSessions;
use lugus_load::commands::{Answers, Commands};
use lugus_load::load::{Load, Pace};
use lugus_load::processor_time::ProcessorTime;
use lugus_node::member::container_idle_strategy;
use lugus_replay::synthetic::{Mix, SyntheticFlow, SyntheticOptions};
use lugus_results::{Measurement, Spread};
use lugus_topology::Deployment;

use crate::arguments::{Members, Service, Transport};
use crate::bench::round_trip::phases::{MAXIMUM_IN_FLIGHT, pace_name};
use crate::bench::round_trip::subjects::Subject;
use crate::failure::Failure;
use crate::local_deployment;

/// Length of the first warm-up of a cluster, in which its JVMs compile, and of those before each pace.
const COLD: Duration = Duration::from_secs(4);
const WARM_UP: Duration = Duration::from_secs(1);
/// Pace of the first one.
const COLD_PACE: Pace = Pace::Rate(20_000);

/// Commands a second that are made ready for a pace without a rate of its own.
const CLOSED_LOOP_RATE: u32 = 250_000;
const ONE_IN_FLIGHT_RATE: u32 = 10_000;

/// Commands that are made ready at most for one window.
const MOST_IN_A_WINDOW: usize = 1_500_000;

/// Quantiles that are told besides those of every benchmark.
const QUANTILES: [(&str, f64); 6] =
    [("p50_us", 0.5), ("p90_us", 0.9), ("p95_us", 0.95), ("p99_us", 0.99), ("p995_us", 0.995), ("p999_us", 0.999)];

/// What is sent, and to what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Shape {
    /// Members of the cluster.
    pub members: u16,
    /// Sessions, each of its own participant, in one client process.
    pub sessions: u32,
    /// Pairs that the flow trades.
    pub instruments: u32,
    /// Orders that rest in each of them, about.
    pub resting_orders: u32,
    /// What kinds of commands, as the place in [`Mix::ALL`].
    pub mix: usize,
    /// Events that are kept for each participant in each pair.
    pub retained_events: u32,
}

impl Shape {
    /// Sessions of a cluster with four pairs.
    pub fn new(members: u16, sessions: u32, mix: Mix) -> Self {
        let mix = Mix::ALL.iter().position(|one| *one == mix).unwrap_or_default();
        Self { members, sessions, instruments: 4, resting_orders: 1_000, mix, retained_events: 4_096 }
    }

    /// What kinds of commands.
    pub fn mix(&self) -> Mix {
        Mix::ALL[self.mix]
    }

    /// The flow, endless or of so many commands.
    fn flow(&self, steps: u64) -> SyntheticFlow {
        SyntheticFlow::new(SyntheticOptions {
            steps,
            participants: self.sessions,
            instruments: self.instruments,
            resting_orders: self.resting_orders,
            mix: self.mix(),
            ..SyntheticOptions::default()
        })
    }

    /// The deployment that is measured.
    pub fn deployment(&self, base_port: u16) -> Deployment {
        let members = if self.members == 1 { Members::One } else { Members::Three };
        let mut deployment = local_deployment::deployment(Some(members), base_port);
        deployment.engine.retained_events = self.retained_events;
        deployment
    }
}

/// A cluster under a load.
pub struct LoadedCluster {
    pub subject: Subject,
    load: Load<ClusterSessions>,
    commands: Commands<SyntheticFlow>,
    leader: i32,
    /// Number of commands sent so far.
    pub sent: usize,
}

/// What one pace measured, window by window.
#[derive(Debug, Default, Clone)]
pub struct PaceFigures {
    /// Each figure by its name.
    pub figures: BTreeMap<&'static str, Vec<f64>>,
    /// Processor time of all windows, by role and thread, in microseconds a command.
    pub threads: BTreeMap<(String, String), f64>,
    /// Elections and unanswered commands.
    pub disturbed: bool,
}

impl LoadedCluster {
    /// Starts a cluster, opens the sessions and warms both up.
    pub fn start(shape: Shape, base_port: u16) -> Result<Self, Failure> {
        let mut cluster = Self::cold(shape, base_port)?;
        cluster.run(COLD_PACE, COLD)?;
        Ok(cluster)
    }

    /// Starts a cluster and opens the sessions.
    pub fn cold(shape: Shape, base_port: u16) -> Result<Self, Failure> {
        let deployment = shape.deployment(base_port);
        let profile = deployment.profile;
        let mut subject = Subject::of(deployment, Service::Lugus, Transport::Udp)?;
        subject.open_flow(&mut shape.flow(0))?;
        let commands = Commands::new(shape.flow(u64::MAX));
        let sessions = subject.connect(commands.participants())?;
        let leader = sessions.leader_member_id().ok_or_else(|| Failure::new("the session has no leader"))?;
        let load = Load::new(sessions, Answers::Reports, container_idle_strategy(profile));
        Ok(Self { subject, load, commands, leader, sent: 0 })
    }

    /// The leading member's number.
    pub fn leader(&self) -> i32 {
        self.leader
    }

    /// Measures a pace in so many windows.
    pub fn measure(&mut self, pace: Pace, windows: u32, length: Duration) -> Result<PaceFigures, Failure> {
        self.run(pace, WARM_UP)?;
        let mut measured = PaceFigures::default();
        let mut count = 0;
        let mut used: BTreeMap<(String, String), u64> = BTreeMap::new();
        for _ in 0..windows {
            self.prepare(pace, length)?;
            let before = self.subject.processor_time_by_role(self.leader);
            let times = self.run(pace, length)?;
            add(&mut used, &self.subject.processor_time_by_role(self.leader).since(&before));
            let figures = times.figures().map_err(Failure::new)?;
            let histograms = times.histograms().map_err(Failure::new)?;
            for (name, quantile) in QUANTILES {
                let us = histograms.all().value_at_quantile(quantile) as f64 / 1e3;
                measured.figures.entry(name).or_default().push(us);
            }
            measured.figures.entry("rate_per_second").or_default().push(figures.rate);
            measured.disturbed |= times.leader_changes > 0 || times.unanswered() > 0;
            count += times.commands();
        }
        let each = |nanos: u64| nanos as f64 / 1e3 / count.max(1) as f64;
        measured.threads = used.into_iter().map(|(thread, nanos)| (thread, each(nanos))).collect();
        Ok(measured)
    }

    /// Sends so many commands, as fast as they are answered.
    pub fn send(&mut self, commands: usize) -> Result<(), Failure> {
        let end = self.sent + commands;
        while self.sent < end {
            let until = (self.sent + MOST_IN_A_WINDOW).min(end);
            let prepared = self.commands.prepare(until).map_err(Failure::new)?.min(until);
            let pace = Pace::InFlight(MAXIMUM_IN_FLIGHT);
            let times = self
                .load
                .run(&self.commands, self.sent..prepared, pace, Duration::from_secs(600))
                .map_err(Failure::new)?;
            if times.unanswered() > 0 || times.commands() == 0 {
                return Err(Failure::new("commands were not answered: an election, or a machine that is too busy"));
            }
            self.sent += times.commands();
        }
        Ok(())
    }

    fn prepare(&mut self, pace: Pace, length: Duration) -> Result<usize, Failure> {
        let rate = match pace {
            Pace::Rate(rate) => rate,
            Pace::InFlight(1) => ONE_IN_FLIGHT_RATE,
            Pace::InFlight(_) => CLOSED_LOOP_RATE,
        };
        let count = ((f64::from(rate) * length.as_secs_f64()).ceil() as usize).min(MOST_IN_A_WINDOW);
        let end = self.commands.prepare(self.sent + count).map_err(Failure::new)?;
        Ok(end.min(self.sent + count))
    }

    fn run(&mut self, pace: Pace, length: Duration) -> Result<lugus_load::measured::Times, Failure> {
        let end = self.prepare(pace, length)?;
        let times = self.load.run(&self.commands, self.sent..end, pace, length).map_err(Failure::new)?;
        self.sent += times.commands();
        Ok(times)
    }

    /// The cluster without its sessions, and the number of commands that it has applied.
    pub fn close(self) -> (Subject, usize) {
        (self.subject, self.sent)
    }
}

fn add(sum: &mut BTreeMap<(String, String), u64>, used: &ProcessorTime) {
    for (part, thread, nanos) in used.threads() {
        *sum.entry((part.to_owned(), thread.to_owned())).or_default() += nanos;
    }
}

impl PaceFigures {
    /// The figures of another round, behind these.
    pub fn append(&mut self, other: Self) {
        for (name, figures) in other.figures {
            self.figures.entry(name).or_default().extend(figures);
        }
        for (thread, us) in other.threads {
            // The mean of two rounds, and of more nearly so.
            self.threads.entry(thread).and_modify(|mine| *mine = f64::midpoint(*mine, us)).or_insert(us);
        }
        self.disturbed |= other.disturbed;
    }

    /// The median of a figure over all windows.
    pub fn median(&self, name: &str) -> f64 {
        self.figures.get(name).map_or(0.0, |figures| Spread::of(figures.clone()).median)
    }

    /// As results, with the labels of `lugus bench round-trip`.
    pub fn measurements(&self, shape: &Shape, pace: Pace) -> Vec<Measurement> {
        let labelled = || {
            Measurement::new("round-trip")
                .label("service", Service::Lugus)
                .label("members", shape.members)
                .label("transport", Transport::Udp)
                .label("sessions", shape.sessions)
                .label("mix", shape.mix())
                .label("pace", pace_name(pace))
        };
        let whole =
            self.figures.iter().fold(labelled(), |all, (name, figures)| all.figure(name, Spread::of(figures.clone())));
        let threads = self.threads.iter().map(|((process, thread), us)| {
            labelled().label("process", process).label("thread", thread).figure("cpu_us_per_command", Spread::once(*us))
        });
        std::iter::once(whole).chain(threads).collect()
    }
}
