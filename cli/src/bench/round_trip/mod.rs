//! `lugus bench round-trip`: round-trip times and processor time of commands through the cluster, beside clusters whose service
//! only echoes, and beside Aeron alone. All of them get the same messages in the same sessions.

mod lines;
pub mod phases;
pub mod subjects;

use std::collections::BTreeMap;
use std::time::Duration;

use lugus_load::commands::{Answers, Commands};
use lugus_load::load::{Load, Pace};
use lugus_load::ping_pong::PingPong;
use lugus_node::member::container_idle_strategy;
use lugus_replay::synthetic::{Mix, SyntheticFlow, SyntheticOptions};
use lugus_results::Measurement;

use super::rounds::Rounds;
use crate::arguments::{Members, RoundTrip, Service, Transport};
use crate::failure::Failure;
use crate::output::Output;
use lines::{Line, Place, stages_table, table};
use phases::{MAXIMUM_IN_FLIGHT, Measured, measure, pace_name};
use subjects::{Floor, Subject};

/// Number of attempts at one measurement.
const ATTEMPTS: u32 = 3;

/// Measures everything that is asked for, and prints the tables.
pub fn run(what: &RoundTrip, output: Output) -> Result<(), Failure> {
    let lines = measure_in_turn(what, &mut Rounds::all(what.rounds), output)?;
    if let Some(stages) = stages_table(&lines) {
        output.say(format!("{stages}\n"));
    }
    output.answer(&lines, table(&lines))
}

/// Everything that is asked for, in these rounds, as results.
pub fn measurements(what: &RoundTrip, rounds: &mut Rounds, output: Output) -> Result<Vec<Measurement>, Failure> {
    Ok(measure_in_turn(what, rounds, output)?.iter().flat_map(Line::measurements).collect())
}

/// Measures everything that is asked for, in each of the rounds in turn.
fn measure_in_turn(what: &RoundTrip, rounds: &mut Rounds, output: Output) -> Result<Vec<Line>, Failure> {
    let mut paces: Vec<Pace> = what.rates.iter().map(|&rate| Pace::Rate(rate)).collect();
    paces.extend([Pace::InFlight(1), Pace::InFlight(MAXIMUM_IN_FLIGHT)]);
    let mut measured: BTreeMap<Place, Vec<Measured>> = BTreeMap::new();
    for round in &mut *rounds {
        for &transport in &what.transports {
            for (service, members) in subjects_of(what) {
                let count = members.map_or(0, Members::count);
                output.say(format!("round {round}: {service}, {count} members, {transport}"));
                let all = undisturbed(|| once(what, service, members, transport, &paces, output), output)?;
                for (pace, one) in all.into_iter().enumerate() {
                    let place = Place { members: count, transport, pace, service };
                    if let Some(folder) = &what.hdr.folder {
                        let name = histogram(place, one.pace, round);
                        one.round_trips.write(folder, &name).map_err(Failure::new)?;
                        if let Some(stages) = &one.stages {
                            stages.write(folder, &name).map_err(Failure::new)?;
                        }
                    }
                    measured.entry(place).or_default().push(one);
                }
            }
        }
    }
    let files = |place: Place| match &what.hdr.folder {
        Some(_) => {
            (1..=rounds.begun()).map(|round| format!("{}.hgrm", histogram(place, paces[place.pace], round))).collect()
        }
        None => Vec::new(),
    };
    Ok(measured.iter().map(|(&place, rounds)| Line::of(place, what.sessions, what.mix, rounds, files(place))).collect())
}

/// Name of the files of the round trips at one place in one round.
fn histogram(place: Place, pace: Pace, round: u32) -> String {
    let Place { service, members, transport, .. } = place;
    let name = format!("{service} {members} members {transport} {} round {round}", pace_name(pace));
    name.to_lowercase().replace(',', "").replace(' ', "-")
}

/// Each service with each size of cluster. Aeron alone has no members.
fn subjects_of(what: &RoundTrip) -> Vec<(Service, Option<Members>)> {
    let of = |service| match service {
        Service::PingPong => vec![(service, None)],
        _ => what.members.iter().map(|&members| (service, Some(members))).collect(),
    };
    what.services.iter().copied().flat_map(of).collect()
}

/// Repeats a measurement that an election disturbed, as happens on an overloaded machine, or in which answers are missing: messages
/// that are in flight during an election are lost, so that the figures would cover only the surviving ones.
fn undisturbed(measure: impl Fn() -> Result<Vec<Measured>, Failure>, output: Output) -> Result<Vec<Measured>, Failure> {
    for _ in 0..ATTEMPTS {
        let measured = measure()?;
        if measured.iter().all(|one| one.leader_changes == 0 && one.unanswered == 0) {
            return Ok(measured);
        }
        output.say("  an election, or lost answers: measuring again");
    }
    Err(Failure::new(format!("each of {ATTEMPTS} runs had an election or lost answers"))
        .hint("measure with nothing else running on the machine; `lugus doctor` says what spoils a measurement"))
}

fn once(
    what: &RoundTrip,
    service: Service,
    members: Option<Members>,
    transport: Transport,
    paces: &[Pace],
    output: Output,
) -> Result<Vec<Measured>, Failure> {
    let (sessions, duration) = (what.sessions, Duration::from_secs(what.seconds.into()));
    let mut commands = Commands::new(flow(sessions, what.mix));
    let Some(members) = members else {
        let floor = Floor::start(what.profile, transport, what.base_port, sessions as usize)?;
        let endpoint = PingPong::connect(&floor.sides).map_err(Failure::new)?;
        let mut load = Load::new(endpoint, Answers::Echoes, container_idle_strategy(what.profile));
        return measure(&mut load, &mut commands, paces, duration, &floor, output);
    };
    let mut subject = Subject::start(what, service, members, transport)?;
    subject.open_instruments(sessions)?;
    let endpoint = subject.connect(commands.participants())?;
    let mut load = Load::new(endpoint, subject.answers, container_idle_strategy(what.profile));
    measure(&mut load, &mut commands, paces, duration, &subject, output)
}

/// The flow that everything gets: one participant for each session.
fn flow(sessions: u32, mix: Mix) -> SyntheticFlow {
    SyntheticFlow::new(SyntheticOptions { steps: u64::MAX, participants: sessions, mix, ..SyntheticOptions::default() })
}
