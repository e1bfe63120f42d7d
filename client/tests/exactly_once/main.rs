//! Exactly once: the session against a model of the engine's sequencing, over a network that does its worst. Thousands of
//! seeded runs; a run that fails names its seed.
//!
//! Checked in every run: each command is applied at most once, in the order given, and has exactly one outcome, which is
//! true; each event is told exactly once, in order, with the number of the command that it answers; and in the end nothing
//! is stuck.

// Helpers of tests, which may fail loudly as tests do.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../cluster_messages/mod.rs"]
mod cluster_messages;
mod engine;
mod process;
mod world;

use std::time::Duration;

use lugus_client::{Limits, RetryPolicy};

use process::{Outcome, Process};
use world::{Chaos, World};

const LIMITS: Limits = Limits { maximum_outstanding: 40, maximum_instruments: 8 };

/// Time-outs of a network whose messages take milliseconds. Never gives up.
const PATIENT: RetryPolicy = RetryPolicy {
    attempts: u32::MAX,
    timeout: Duration::from_millis(40),
    maximum_timeout: Duration::from_millis(320),
    disconnected_timeout: Duration::from_secs(60),
    moved_timeout: Duration::from_secs(60),
    moved_interval: Duration::from_millis(2),
    maximum_moved_interval: Duration::from_millis(40),
    verify_interval: Duration::from_millis(100),
    maximum_verify_interval: Duration::from_millis(800),
};

/// Gives up soon, and often.
const IMPATIENT: RetryPolicy = RetryPolicy { attempts: 3, disconnected_timeout: Duration::from_millis(70), ..PATIENT };

/// A bit of everything.
const CHAOS: Chaos = Chaos {
    drop: 100,
    duplicate: 200,
    back_pressure: 300,
    kill_leader: 30,
    stall_leader: 20,
    cut_session: 40,
    restart_process: 0,
    define_instrument: 0,
};

/// What came of many runs: that the rare really happened.
#[derive(Debug, Default)]
struct Tally {
    answered: usize,
    gave_up: usize,
    gave_up_unapplied: usize,
    refused: usize,
    lost_events: u64,
    events: usize,
}

impl Tally {
    fn add(&mut self, process: &Process) {
        for followed in process.record.followed.values() {
            self.events += followed.told.len();
            self.lost_events += followed.lost;
            for command in &followed.commands {
                match command.outcome {
                    Outcome::Answered => self.answered += 1,
                    Outcome::GaveUp { may_have_been_applied: true } => self.gave_up += 1,
                    Outcome::GaveUp { may_have_been_applied: false } => self.gave_up_unapplied += 1,
                    Outcome::Refused => self.refused += 1,
                    Outcome::None => {}
                }
            }
        }
    }
}

/// How many times as many runs as usual: `LUGUS_SOAK=100 cargo test --release -p lugus-client --test exactly_once`.
fn soak() -> u64 {
    std::env::var("LUGUS_SOAK").ok().and_then(|times| times.parse().ok()).unwrap_or(1)
}

fn run(seeds: u64, chaos: Chaos, policy: RetryPolicy, retained: usize) -> Tally {
    let mut tally = Tally::default();
    for seed in 0..seeds * soak() {
        let result = std::panic::catch_unwind(|| {
            let mut world = World::new(seed, chaos, policy, LIMITS, retained);
            world.run(400);
            world.settle();
            world.check();
            world
        });
        match result {
            Ok(world) => world.processes().for_each(|process| tally.add(process)),
            Err(_) => panic!("seed {seed} of {chaos:?}"),
        }
    }
    println!("{tally:?}");
    tally
}

const ALL: usize = usize::MAX;

#[test]
fn without_faults_every_command_is_answered() {
    let tally = run(100, Chaos::default(), PATIENT, ALL);
    assert!(tally.answered > 50_000);
    assert_eq!((tally.gave_up, tally.gave_up_unapplied, tally.refused, tally.lost_events), (0, 0, 0, 0));
}

#[test]
fn with_all_faults_every_command_is_answered_and_no_event_lost() {
    let tally = run(1_500, CHAOS, PATIENT, ALL);
    assert!(tally.answered > 100_000);
    assert_eq!((tally.gave_up, tally.gave_up_unapplied, tally.refused, tally.lost_events), (0, 0, 0, 0));
}

#[test]
fn with_many_faults_nothing_is_stuck() {
    let chaos = Chaos { drop: 3_000, duplicate: 2_000, kill_leader: 100, cut_session: 200, ..CHAOS };
    let tally = run(500, chaos, PATIENT, ALL);
    assert_eq!((tally.gave_up, tally.gave_up_unapplied, tally.refused, tally.lost_events), (0, 0, 0, 0));
}

#[test]
fn what_is_given_up_was_applied_at_most_once_or_not_at_all() {
    let tally = run(1_500, Chaos { stall_leader: 60, ..CHAOS }, IMPATIENT, ALL);
    assert!(tally.gave_up > 1_000 && tally.gave_up_unapplied > 1_000, "{tally:?}");
}

#[test]
fn events_no_longer_retained_are_a_gap_that_is_told() {
    let tally = run(1_000, CHAOS, PATIENT, 4);
    assert!(tally.lost_events > 1_000 && tally.gave_up > 100, "{tally:?}");
}

#[test]
fn a_new_process_goes_on_where_the_old_one_was() {
    run(1_000, Chaos { restart_process: 30, ..CHAOS }, PATIENT, ALL);
    run(500, Chaos { restart_process: 30, ..CHAOS }, IMPATIENT, 4);
}

/// No duplicates here: a copy that the network made of a refused command would be applied when the instrument is defined
/// meanwhile. Aeron makes none, and copies by re-sending are what this is about.
#[test]
fn refused_commands_leave_no_hole() {
    let chaos = Chaos { define_instrument: 60, duplicate: 0, ..CHAOS };
    let tally = run(1_000, chaos, PATIENT, ALL);
    assert!(tally.refused > 1_000, "{tally:?}");
    run(500, Chaos { restart_process: 30, ..chaos }, IMPATIENT, 4);
}
