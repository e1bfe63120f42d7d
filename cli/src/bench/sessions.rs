//! `lugus bench sessions`: many sessions of as many participants on one cluster: how long logging on takes, whether all are served alike,
//! what it costs, and what happens at the limit.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use lugus_load::cluster_sessions::ClusterSessions;
use lugus_load::commands::Commands;
use lugus_load::load::{Load, Pace};
use lugus_load::measured::Times;
use lugus_load::processor_time::ProcessorTime;
use lugus_node::deployment_status::Status;
use lugus_node::member::container_idle_strategy;
use lugus_replay::synthetic::{Mix, SyntheticFlow, SyntheticOptions};
use lugus_results::Spread;
use lugus_topology::Profile;
use lugus_vocabulary::ParticipantId;
use serde::Serialize;

use super::round_trip::subjects::Subject;
use crate::arguments::{Members, Service, Transport};
use crate::failure::Failure;
use crate::local_deployment;
use crate::output::Output;

/// Time within which all members have applied the logons.
const COUNTED_WITHIN: Duration = Duration::from_secs(5);
/// Time within which all sessions have to be open.
const LOGON_TIMEOUT: Duration = Duration::from_secs(120);

/// For how long a session beyond the limit is tried.
const REFUSED_FOR: Duration = Duration::from_secs(3);

/// Commands of the first run, which is not measured.
const WARM_UP: Duration = Duration::from_secs(2);

/// The figures; times in microseconds unless their names say otherwise.
#[derive(Debug, Serialize)]
struct Sessions {
    sessions: u32,
    members: u16,
    rate: u32,
    commands: u64,
    answered: u64,
    /// Until the last of all sessions was open, all of them logging on at once, in milliseconds.
    all_logons_ms: f64,
    /// How long each logon took, counted from the begin of all, in milliseconds.
    logon_ms: Spread,
    /// Logons a second.
    logon_rate: f64,
    /// Round trips of all sessions.
    p50_us: f64,
    p99_us: f64,
    maximum_us: f64,
    /// Each session's median and 99th percentile: the spread tells how evenly sessions are served.
    p50_us_by_session: Spread,
    p99_us_by_session: Spread,
    /// Jain's index of the sessions' medians: 1 if all are equal, 1/n if one has it all.
    fairness: f64,
    /// Processor time of each part of the system, microseconds a command.
    processor_us: BTreeMap<String, f64>,
    /// What a session beyond the limit is told.
    refusal: String,
    /// Commands that were answered while it was refused, of those sent.
    answered_meanwhile: [u64; 2],
    /// Whether the sessions that members count are those that were opened.
    counted_by_members: Vec<Option<i64>>,
}

/// Measures many sessions, and prints the figures.
pub fn run(
    sessions: u32,
    rate: u32,
    seconds: u32,
    members: Members,
    base_port: u16,
    output: Output,
) -> Result<(), Failure> {
    let result = measure(sessions, rate, Duration::from_secs(seconds.into()), members, base_port, output)?;
    output.answer(&result, result.text())?;
    if result.answered < result.commands {
        return Err(Failure::new(format!("{} commands were not answered", result.commands - result.answered)).hint(
            "an election loses what is in flight, as these sessions send nothing again: measure on a quiet machine",
        ));
    }
    Ok(())
}

fn measure(
    count: u32,
    rate: u32,
    duration: Duration,
    members: Members,
    base_port: u16,
    output: Output,
) -> Result<Sessions, Failure> {
    let mut deployment = local_deployment::deployment(Some(members), base_port);
    deployment.consensus.maximum_sessions = count;
    let subject = Subject::of(deployment, Service::Lugus, Transport::Udp)?;
    subject.open_instruments(count)?;
    let mut commands = Commands::new(flow(count));
    output.say(format!("{count} sessions log on"));
    let begun = Instant::now();
    let endpoint = subject.connect_within(LOGON_TIMEOUT, commands.participants())?;
    let all_logons = begun.elapsed();
    let logons: Vec<f64> = endpoint.logons().map(|logon| logon.as_secs_f64() * 1e3).collect();
    let counted_by_members = count_by_members(&subject, count)?;

    let runs = [WARM_UP, duration, REFUSED_FOR];
    let most = |time: Duration| (f64::from(rate) * time.as_secs_f64()) as usize;
    let total = commands.prepare(runs.iter().map(|time| most(*time)).sum()).map_err(Failure::new)?;
    let mut load = Load::new(endpoint, subject.answers, container_idle_strategy(Profile::Shared));
    let run = |load: &mut Load<ClusterSessions>, first: usize, time: Duration| {
        load.run(&commands, first..(first + most(time)).min(total), Pace::Rate(rate), time).map_err(Failure::new)
    };
    let warm = run(&mut load, 0, WARM_UP)?;
    output.say(format!("{rate} commands a second for {} s", duration.as_secs()));
    let before = processor_time(&subject);
    let times = run(&mut load, warm.commands(), duration)?;
    let used = processor_time(&subject).since(&before);
    // The thread that sends goes on while another one tries to get in.
    let next = warm.commands() + times.commands();
    let (meanwhile, refusal) = std::thread::scope(|scope| {
        let refused = scope.spawn(|| refusal(&subject, count));
        let meanwhile = run(&mut load, next, REFUSED_FOR);
        (meanwhile, refused.join())
    });
    let meanwhile = meanwhile?;
    let refusal = refusal.map_err(|_| Failure::new("the thread of the refused session has panicked"))??;
    let figures = times.figures().map_err(Failure::new)?;
    let (medians, tails) = by_session(&commands, &times);
    let answered = times.answered() as u64;
    let of_command = |nanos: u64| nanos as f64 / 1e3 / (answered.max(1) as f64);
    Ok(Sessions {
        sessions: count,
        members: members.count(),
        rate,
        commands: times.commands() as u64,
        answered,
        all_logons_ms: all_logons.as_secs_f64() * 1e3,
        logon_rate: f64::from(count) / all_logons.as_secs_f64(),
        logon_ms: Spread::of(logons),
        p50_us: figures.p50_us,
        p99_us: figures.p99_us,
        maximum_us: figures.maximum_us,
        fairness: fairness(&medians),
        p50_us_by_session: Spread::of(medians),
        p99_us_by_session: Spread::of(tails),
        processor_us: used.parts().into_iter().map(|(part, nanos)| (part.to_owned(), of_command(nanos))).collect(),
        refusal,
        answered_meanwhile: [meanwhile.answered() as u64, meanwhile.commands() as u64],
        counted_by_members,
    })
}

/// Sessions that each member counts, once all have come to all of them, or after [`COUNTED_WITHIN`].
fn count_by_members(subject: &Subject, count: u32) -> Result<Vec<Option<i64>>, Failure> {
    let deadline = Instant::now() + COUNTED_WITHIN;
    loop {
        let status = Status::read(std::slice::from_ref(subject.cluster()))?;
        let counted: Vec<_> = status.members.iter().map(|member| member.sessions).collect();
        if counted.iter().all(|&sessions| sessions == Some(count.into())) || Instant::now() >= deadline {
            return Ok(counted);
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn processor_time(subject: &Subject) -> ProcessorTime {
    use super::round_trip::phases::Probe;
    Probe::<SyntheticFlow>::processor_time(subject)
}

/// One participant for each session.
fn flow(sessions: u32) -> SyntheticFlow {
    let (steps, participants) = (u64::MAX, sessions);
    SyntheticFlow::new(SyntheticOptions { steps, participants, mix: Mix::default(), ..SyntheticOptions::default() })
}

/// What one session more than the limit allows is told.
fn refusal(subject: &Subject, count: u32) -> Result<String, Failure> {
    match subject.connect_within(REFUSED_FOR, &[ParticipantId(count + 1)]) {
        Ok(_) => Err(Failure::new("a session beyond the limit was opened")),
        Err(refused) => Ok(refused.to_string()),
    }
}

/// Median and 99th percentile of each session's round trips, in microseconds.
fn by_session<F>(commands: &Commands<F>, times: &Times) -> (Vec<f64>, Vec<f64>) {
    let mut sessions: BTreeMap<usize, Vec<u64>> = BTreeMap::new();
    for (place, (due, heard)) in times.due.iter().zip(&times.heard).enumerate() {
        if let Some(session) = commands.session_of(times.first + place)
            && *heard != u64::MAX
        {
            sessions.entry(session).or_default().push(heard.saturating_sub(*due));
        }
    }
    let quantile = |sorted: &[u64], hundredths: usize| {
        let at = (sorted.len() * hundredths / 100).min(sorted.len().saturating_sub(1));
        sorted.get(at).copied().unwrap_or_default() as f64 / 1e3
    };
    sessions
        .into_values()
        .map(|mut trips| {
            trips.sort_unstable();
            (quantile(&trips, 50), quantile(&trips, 99))
        })
        .unzip()
}

/// Jain's fairness index.
fn fairness(values: &[f64]) -> f64 {
    let (sum, squares) = values.iter().fold((0.0, 0.0), |(sum, squares), value| (sum + value, squares + value * value));
    if squares == 0.0 { 1.0 } else { sum * sum / (values.len() as f64 * squares) }
}

impl Sessions {
    fn text(&self) -> String {
        let used: Vec<String> = self.processor_us.iter().map(|(part, us)| format!("{part} {us:.1}")).collect();
        format!(
            "{} sessions of as many participants, {} members\n\
             all logged on in {:.0} ms, {:.0} a second; each, ms: {}\n\
             {} commands at {} a second: p50 {:.0} us, p99 {:.0} us, longest {:.0} us\n\
             p50 by session, us: {}\np99 by session, us: {}\nfairness of medians {:.4}\n\
             processor time, us a command: {}\n\
             one session more: {}\n\
             meanwhile {} of {} commands were answered",
            self.sessions,
            self.members,
            self.all_logons_ms,
            self.logon_rate,
            self.logon_ms,
            self.commands,
            self.rate,
            self.p50_us,
            self.p99_us,
            self.maximum_us,
            self.p50_us_by_session,
            self.p99_us_by_session,
            self.fairness,
            used.join(", "),
            self.refusal,
            self.answered_meanwhile[0],
            self.answered_meanwhile[1],
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fairness_is_one_if_all_are_equal_and_less_if_one_waits() {
        assert!((fairness(&[5.0; 10]) - 1.0).abs() < 1e-12);
        let mut one_waits = [1.0; 10];
        one_waits[3] = 100.0;
        assert!(fairness(&one_waits) < 0.2);
        assert!((fairness(&[]) - 1.0).abs() < 1e-12);
    }
}
