//! `lugus bench fail-over`: how long clients get no answers after the leader is killed.

use std::fmt;
use std::time::Duration;

use lugus_client::OlderSession;
use lugus_replay::replay::{ReplayOptions, Replayed};
use lugus_results::{Measurement, Spread};
use lugus_topology::Timeouts;
use serde::Serialize;

use super::election_phases::ElectionWatch;
use super::rounds::Rounds;
use crate::arguments::{Hdr, Members};
use crate::failure::Failure;
use crate::leader_killer::LeaderKiller;
use crate::local_deployment;
use crate::output::Output;
use crate::private_cluster::PrivateCluster;
use crate::replay::{synthetic, through_cluster, write_histograms};

const CATCH_UP_TIMEOUT: Duration = Duration::from_secs(30);

/// Fail-over times as clients see them, in milliseconds.
#[derive(Debug, Serialize)]
struct FailOvers {
    kills: u32,
    rate: u32,
    /// From the kill to the new leader's first answer.
    first_answer_ms: Spread,
    /// Longest time without an answer around the kill.
    longest_silence_ms: Spread,
    /// Where the time goes.
    phases: Phases,
    /// Every fail-over's time to the first answer, in the order of the kills.
    each_ms: Vec<f64>,
    commands: u64,
    lost: u64,
    duplicated: u64,
    /// Number of elections beyond the one that each kill needs.
    extra_leaders: u64,
    hashes_equal: bool,
}

/// Times from one event of a fail-over to the next, in milliseconds.
#[derive(Debug, Serialize)]
struct Phases {
    /// From the kill until a survivor misses the leader.
    detected_ms: Spread,
    /// Until one of them is elected.
    elected_ms: Spread,
    /// Until it has completed its log, and its service has applied it.
    completed_ms: Spread,
    /// Until another member follows it, and it leads.
    leads_ms: Spread,
    /// Until the client has heard of it.
    heard_ms: Spread,
    /// Until its first answer has come.
    answered_ms: Spread,
}

impl Phases {
    /// The phases with their names, in the order in which they come.
    fn in_order(&self) -> [(&'static str, &Spread); 6] {
        let Self { detected_ms, elected_ms, completed_ms, leads_ms, heard_ms, answered_ms } = self;
        [
            ("leader missed", detected_ms),
            ("new leader elected", elected_ms),
            ("log complete", completed_ms),
            ("new leader leads", leads_ms),
            ("client has heard", heard_ms),
            ("first answer", answered_ms),
        ]
    }
}

impl fmt::Display for Phases {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { detected_ms, elected_ms, completed_ms, leads_ms, heard_ms, answered_ms } = self;
        write!(
            f,
            "missed {detected_ms}, elected {elected_ms}, log complete {completed_ms}, leads {leads_ms}, heard {heard_ms}, \
             answered {answered_ms}"
        )
    }
}

/// Measures fail-overs, and prints the figures.
pub fn run(kills: u32, rate: u32, fast: bool, base_port: u16, hdr: &Hdr, output: Output) -> Result<(), Failure> {
    let result = measure(&mut Rounds::all(kills), rate, fast, base_port, hdr, output)?;
    output.answer(&result, result.text())?;
    result.check()
}

/// The figures of fail-overs with the default time-outs as results: one measurement of all of it, and one of each phase.
pub fn measurements(
    kills: &mut Rounds,
    rate: u32,
    base_port: u16,
    hdr: &Hdr,
    output: Output,
) -> Result<Vec<Measurement>, Failure> {
    let result = measure(kills, rate, false, base_port, hdr, output)?;
    result.check()?;
    let labelled = || Measurement::new("fail-over").label("members", 3).label("rate", rate);
    let phases = result.phases.in_order();
    let phases = phases.map(|(name, spread)| labelled().label("phase", name).figure("duration_ms", spread.clone()));
    let mut all = labelled()
        .figure("first_answer_ms", result.first_answer_ms.clone())
        .figure("longest_silence_ms", result.longest_silence_ms.clone());
    if hdr.folder.is_some() {
        all.histograms = (1..=kills.begun()).map(|kill| format!("{}.hgrm", histogram(kill))).collect();
    }
    Ok([all].into_iter().chain(phases).collect())
}

/// Name of the files of the round trips around a kill.
fn histogram(kill: u32) -> String {
    format!("fail-over-{kill}")
}

/// Kills the leader of a three-member cluster once a round under a flow of `rate` commands a second. Each killed
/// member is restarted and catches up before the next kill.
fn measure(
    kills: &mut Rounds,
    rate: u32,
    fast: bool,
    base_port: u16,
    hdr: &Hdr,
    output: Output,
) -> Result<FailOvers, Failure> {
    let mut deployment = local_deployment::deployment(Some(Members::Three), base_port);
    if fast {
        deployment.timeouts = Timeouts::fast();
    }
    let cluster = PrivateCluster::of(deployment, "fail-over")?;
    let (mut first_answers, mut silences) = (Vec::new(), Vec::new());
    let mut times: Vec<[f64; 6]> = Vec::new();
    let (mut commands, mut lost, mut duplicated, mut extra_leaders, mut hashes_equal) = (0, 0, 0, 0, true);
    for kill in &mut *kills {
        cluster.start()?;
        cluster.await_comparable(CATCH_UP_TIMEOUT)?;
        // The flow lasts three seconds: one before the kill and two after it.
        let mut flow = synthetic(u64::from(rate) * 3, u64::from(kill), 1_024);
        let mut killer = LeaderKiller::new(cluster.found().cluster()?, u64::from(rate));
        let watch = ElectionWatch::start(cluster.found().cluster()?)?;
        let options = ReplayOptions { rate: Some(rate), ..ReplayOptions::default() };
        let replayed = through_cluster(cluster.found(), &mut flow, options, OlderSession::Replace, &mut killer)?;
        write_histograms(hdr, &histogram(kill), &replayed)?;
        let Replayed { report, timeline, .. } = replayed;
        let killed = killer.killed()?;
        let election = watch.election(killed)?;
        let fail_over = timeline.fail_over(killed.at).ok_or_else(|| {
            Failure::new("no new leader answered after the kill")
                .hint("the members' logs tell why there was no election")
        })?;
        let millis = |duration: Duration| duration.as_secs_f64() * 1e3;
        output.say(format!("kill {kill:>2}: member {}, {:.0} ms", killed.member, millis(fail_over.first_answer)));
        let [missed, elected, completed, leads] =
            [election.missed, election.elected, election.completed, election.leads].map(|at| at - killed.at);
        let ends = [missed, elected, completed, leads, fail_over.heard, fail_over.first_answer].map(millis);
        times.push(std::array::from_fn(|i| ends[i] - if i == 0 { 0.0 } else { ends[i - 1] }));
        first_answers.push(millis(fail_over.first_answer));
        silences.push(millis(fail_over.longest_silence));
        commands += report.commands;
        lost += report.lost;
        duplicated += report.duplicated;
        extra_leaders += report.leader_changes.saturating_sub(1);
    }
    cluster.start()?;
    hashes_equal &= cluster.await_comparable(CATCH_UP_TIMEOUT)?.hashes_equal == Some(true);
    let phase = |i: usize| Spread::of(times.iter().map(|times| times[i]).collect());
    let phases = Phases {
        detected_ms: phase(0),
        elected_ms: phase(1),
        completed_ms: phase(2),
        leads_ms: phase(3),
        heard_ms: phase(4),
        answered_ms: phase(5),
    };
    Ok(FailOvers {
        kills: kills.begun(),
        rate,
        first_answer_ms: Spread::of(first_answers.clone()),
        longest_silence_ms: Spread::of(silences),
        phases,
        each_ms: first_answers,
        commands,
        lost,
        duplicated,
        extra_leaders,
        hashes_equal,
    })
}

impl FailOvers {
    fn text(&self) -> String {
        format!(
            "{} kills at {} commands a second\n\
             kill to first answer, ms:  {}\nlongest silence, ms:       {}\n\
             of that: {}\n\
             commands {}, lost {}, duplicated {}, extra leaders {}, hashes {}",
            self.kills,
            self.rate,
            self.first_answer_ms,
            self.longest_silence_ms,
            self.phases,
            self.commands,
            self.lost,
            self.duplicated,
            self.extra_leaders,
            if self.hashes_equal { "equal" } else { "DIFFERENT" },
        )
    }

    /// Whether every command was executed once, on all members.
    fn check(&self) -> Result<(), Failure> {
        if self.lost == 0 && self.duplicated == 0 && self.hashes_equal {
            Ok(())
        } else {
            Err(Failure::new("commands were lost or executed twice").hint("the figures above say how many"))
        }
    }
}
