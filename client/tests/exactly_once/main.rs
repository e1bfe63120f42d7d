//! Exactly once: sessions with one cluster, and with several between which instruments move, against a model of the
//! engine's sequencing, over a network that does its worst. There are thousands of seeded runs; a run that fails names
//! its seed.
//!
//! Checked in every run: each command is applied at most once, in the order given, and has exactly one outcome, which
//! is true; each event is told exactly once, in order, with the number of the command that it answers; and in the end
//! nothing is stuck.

// Helpers of tests, which may fail loudly as tests do.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod cluster;
#[path = "../cluster_messages/mod.rs"]
mod cluster_messages;
mod engine;
mod migration;
mod network;
mod process;
mod world;

use std::time::Duration;

use lugus_client::{Limits, RetryPolicy};

use network::Chaos;
use process::{Outcome, Process};
use world::{Plan, World};

const LIMITS: Limits = {
    let mut limits = Limits::new();
    (limits.maximum_outstanding, limits.maximum_instruments) = (40, 8);
    limits
};

/// Time-outs for a network whose messages take milliseconds. Commands are never given up.
const PATIENT: RetryPolicy = {
    let mut policy = RetryPolicy::new();
    policy.attempts = u32::MAX;
    policy.timeout = Duration::from_millis(40);
    policy.maximum_timeout = Duration::from_millis(320);
    policy.disconnected_timeout = Duration::from_secs(60);
    policy.moved_timeout = Duration::from_secs(60);
    policy.moved_interval = Duration::from_millis(2);
    policy.maximum_moved_interval = Duration::from_millis(40);
    policy.verify_interval = Duration::from_millis(100);
    policy.maximum_verify_interval = Duration::from_millis(800);
    policy
};

/// Commands are given up soon, and often.
const IMPATIENT: RetryPolicy = {
    let mut policy = PATIENT;
    policy.attempts = 3;
    policy.disconnected_timeout = Duration::from_millis(70);
    policy.moved_timeout = Duration::from_millis(50);
    policy
};

/// A bit of everything.
const CHAOS: Chaos = Chaos {
    drop: 100,
    duplicate: 200,
    back_pressure: 300,
    kill_leader: 30,
    stall_leader: 20,
    cut_session: 40,
    partition: 0,
    restart_process: 0,
    define_instrument: 0,
    migrate: 0,
    undo_migration: 0,
    kill_migrator: 0,
    coordinator_away: 0,
    map_behind: 0,
    other_epoch: 0,
};

/// Instruments move, with everything that may happen to a move. Moves begin often, and are undone now and then.
const MOVES: Chaos = Chaos { migrate: 200, kill_migrator: 100, coordinator_away: 30, other_epoch: 100, ..QUIET };

/// Nothing happens.
const QUIET: Chaos =
    Chaos { drop: 0, duplicate: 0, back_pressure: 0, kill_leader: 0, stall_leader: 0, cut_session: 0, ..CHAOS };

/// Everything at once.
const MOVES_IN_CHAOS: Chaos = Chaos {
    partition: 30,
    migrate: MOVES.migrate,
    kill_migrator: MOVES.kill_migrator,
    coordinator_away: MOVES.coordinator_away,
    other_epoch: MOVES.other_epoch,
    ..CHAOS
};

/// One cluster.
const ONE: Plan = Plan { clusters: 1, policy: PATIENT, limits: LIMITS, retained: ALL, participants: &[1, 2] };

/// Three clusters.
const THREE: Plan = Plan { clusters: 3, ..ONE };

/// What happened in many runs, to check that rare things did happen.
#[derive(Debug, Default)]
struct Tally {
    answered: usize,
    gave_up: usize,
    gave_up_unapplied: usize,
    refused: usize,
    lost_events: u64,
    events: usize,
    moves: usize,
    holds: usize,
    finished: usize,
    undone: usize,
    unheard_returns: usize,
}

impl Tally {
    fn add_world(&mut self, world: &World) {
        world.processes().for_each(|process| self.add(process));
        self.finished += world.coordinator.finished;
        self.undone += world.coordinator.undone;
        self.unheard_returns += world.coordinator.unheard_returns;
    }

    fn assert_nothing_lost(&self) {
        let lost = (self.gave_up, self.gave_up_unapplied, self.refused, self.lost_events);
        assert_eq!(lost, (0, 0, 0, 0), "{self:?}");
    }

    fn add(&mut self, process: &Process) {
        self.moves += process.record.moves;
        self.holds += process.record.holds;
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

/// The number of runs is multiplied by this: `LUGUS_SOAK=100 cargo test --release -p lugus-client --test exactly_once`.
fn soak() -> u64 {
    std::env::var("LUGUS_SOAK").ok().and_then(|times| times.parse().ok()).unwrap_or(1)
}

fn run(seeds: u64, chaos: Chaos, plan: Plan) -> Tally {
    let mut tally = Tally::default();
    for seed in 0..seeds * soak() {
        let result = std::panic::catch_unwind(|| {
            let mut world = World::new(seed, chaos, plan);
            world.run(400);
            world.settle();
            world.check();
            world
        });
        match result {
            Ok(world) => tally.add_world(&world),
            Err(_) => panic!("seed {seed} of {chaos:?}"),
        }
    }
    println!("{tally:?}");
    tally
}

const ALL: usize = usize::MAX;

#[test]
fn without_faults_every_command_is_answered() {
    let tally = run(100, QUIET, ONE);
    assert!(tally.answered > 50_000);
    tally.assert_nothing_lost();
}

#[test]
fn with_all_faults_every_command_is_answered_and_no_event_lost() {
    let tally = run(1_500, CHAOS, ONE);
    assert!(tally.answered > 100_000);
    tally.assert_nothing_lost();
}

#[test]
fn with_many_faults_nothing_is_stuck() {
    let chaos = Chaos { drop: 3_000, duplicate: 2_000, kill_leader: 100, cut_session: 200, ..CHAOS };
    run(500, chaos, ONE).assert_nothing_lost();
}

#[test]
fn what_is_given_up_was_applied_at_most_once_or_not_at_all() {
    let tally = run(1_500, Chaos { stall_leader: 60, ..CHAOS }, Plan { policy: IMPATIENT, ..ONE });
    assert!(tally.gave_up > 1_000 && tally.gave_up_unapplied > 1_000, "{tally:?}");
}

#[test]
fn events_no_longer_retained_are_reported_as_a_gap() {
    let tally = run(1_000, CHAOS, Plan { retained: 4, ..ONE });
    assert!(tally.lost_events > 1_000 && tally.gave_up > 100, "{tally:?}");
}

#[test]
fn a_new_process_continues_where_the_old_one_stopped() {
    let chaos = Chaos { restart_process: 30, ..CHAOS };
    run(1_000, chaos, ONE);
    run(500, chaos, Plan { policy: IMPATIENT, retained: 4, ..ONE });
}

/// The network makes no duplicates here: a copy of a refused command would be applied if the instrument is defined
/// meanwhile. Aeron makes none, and this test is about copies by re-sending.
#[test]
fn refused_commands_leave_no_gap() {
    let chaos = Chaos { define_instrument: 60, duplicate: 0, ..CHAOS };
    let tally = run(1_000, chaos, ONE);
    assert!(tally.refused > 1_000, "{tally:?}");
    run(500, Chaos { restart_process: 30, ..chaos }, Plan { policy: IMPATIENT, retained: 4, ..ONE });
}

#[test]
fn a_move_is_a_pause_and_nothing_else() {
    let tally = run(500, MOVES, THREE);
    assert!(tally.moves > 2_000 && tally.holds > 1_000 && tally.finished > 1_000, "{tally:?}");
    tally.assert_nothing_lost();
}

#[test]
fn moves_in_the_middle_of_all_faults_lose_nothing() {
    let tally = run(1_500, MOVES_IN_CHAOS, THREE);
    assert!(tally.moves > 5_000, "{tally:?}");
    tally.assert_nothing_lost();
    // There and back: what was sent to the old owner may come late, when it is the new owner again.
    run(1_000, Chaos { migrate: 500, ..MOVES_IN_CHAOS }, Plan { clusters: 2, ..ONE }).assert_nothing_lost();
}

#[test]
fn a_move_that_is_undone_loses_nothing() {
    let chaos = Chaos { undo_migration: 500, ..MOVES_IN_CHAOS };
    let tally = run(1_000, chaos, THREE);
    assert!(tally.undone > 1_000, "{tally:?}");
    tally.assert_nothing_lost();
}

/// No connection is cut here for longer than it takes to give up: what was sent on such a connection to a cluster that
/// the instrument leaves and comes back to could be applied under a number that stands for another command by then.
#[test]
fn what_is_given_up_in_a_move_was_applied_at_most_once_or_not_at_all() {
    let chaos = Chaos { undo_migration: 100, kill_migrator: 500, partition: 0, ..MOVES_IN_CHAOS };
    let tally = run(1_500, chaos, Plan { policy: IMPATIENT, ..THREE });
    assert!(tally.gave_up > 1_000 && tally.gave_up_unapplied > 1_000, "{tally:?}");
}

/// Instruments move there and back within the same sessions, and numbers come to stand for other commands.
#[test]
fn what_is_given_up_does_no_harm_when_the_instrument_comes_back() {
    let chaos = Chaos { migrate: 500, undo_migration: 100, kill_migrator: 500, partition: 0, ..MOVES_IN_CHAOS };
    run(1_000, chaos, Plan { policy: IMPATIENT, clusters: 2, retained: 4, ..ONE });
}

/// What an old owner still has of an instrument, and the state with which it is fenced, must not be taken for the
/// truth.
#[test]
fn a_client_that_misses_two_moves_does_not_use_old_state() {
    let chaos = Chaos { migrate: 2_000, map_behind: 100, other_epoch: 0, ..MOVES_IN_CHAOS };
    let plan = Plan { clusters: 2, ..ONE };
    let tally = run(1_000, chaos, plan);
    assert!(tally.unheard_returns > 500, "{tally:?}");
    tally.assert_nothing_lost();
    let quiet = Chaos { migrate: 2_000, map_behind: 100, kill_migrator: 0, ..MOVES };
    let tally = run(500, quiet, plan);
    assert!(tally.unheard_returns > 500, "{tally:?}");
    tally.assert_nothing_lost();
    let chaos = Chaos { restart_process: 30, partition: 0, ..chaos };
    run(500, chaos, Plan { policy: IMPATIENT, retained: 4, ..plan });
}

#[test]
fn a_new_process_finds_what_has_moved() {
    let chaos = Chaos { restart_process: 30, ..MOVES_IN_CHAOS };
    run(1_000, chaos, THREE);
    run(500, chaos, Plan { policy: IMPATIENT, retained: 4, ..THREE });
}

/// Nothing is lost, cut or moved here, and the map comes soon: otherwise a process would take over by opening a session
/// late, or by leaving a session for a new one.
#[test]
fn the_newer_of_two_processes_of_a_participant_continues() {
    let chaos = Chaos { duplicate: 200, back_pressure: 300, other_epoch: 100, ..QUIET };
    let plan = Plan { participants: &[1, 2, 1], ..THREE };
    for seed in 0..500 * soak() {
        let mut world = World::new(seed, chaos, plan);
        world.run(400);
        world.settle();
        world.check();
        let replaced: Vec<bool> = world.processes().map(|process| process.record.is_replaced).collect();
        assert_eq!(replaced, [true, false, false], "seed {seed}");
    }
}
