//! The mover, stopped, killed and interrupted before each of its steps, with a registry and two engines that answer at once. At every moment
//! at most one cluster takes commands, and in the end the state is that of an instrument that never moved. Moves among all that may go
//! wrong at random are simulated with everything else (`testing/simulator`).

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail anywhere")]

mod cluster;
mod world;

use std::time::Duration;

use lugus_coordinator::apply;
use lugus_coordinator::migration::{Action, Ending, Intent, MoveError, MoveStep, Mover, Party, Timing};
use lugus_partition_map::{MapRefusal, MigrationPhase};
use lugus_vocabulary::{InstrumentId, MigrationOutcome};
use world::{FROM, TO, World};

#[test]
fn an_instrument_moves_there_and_back() {
    let mut world = World::new(7);
    world.start(Intent::MoveTo(TO));
    assert_eq!(world.run_to_end(0), Ok(Ending::Moved));
    assert_eq!(world.check_end(), TO);
    // A second move to the same cluster and a late undo do nothing; then the instrument moves back.
    world.start(Intent::MoveTo(TO));
    assert_eq!(world.run_to_end(1), Ok(Ending::Nothing));
    world.start(Intent::Undo);
    assert_eq!(world.run_to_end(2), Ok(Ending::Nothing));
    world.start(Intent::MoveTo(FROM));
    assert_eq!(world.run_to_end(3), Ok(Ending::Moved));
    assert_eq!(world.check_end(), FROM);
    assert_eq!(world.imports(), [2, 0]);
}

/// Whatever takes away what was copied ahead, the instrument moves, and is copied whole.
#[test]
fn an_instrument_moves_without_what_was_copied_ahead() {
    type Interruption = (&'static str, fn(&mut World));
    let interruptions: [Interruption; 5] = [
        ("an older old cluster", |world| world.make_older(FROM)),
        ("an older new cluster", |world| world.make_older(TO)),
        ("a new leader of the old cluster", |world| world.change_leader(FROM)),
        ("a snapshot of the new cluster", |world| world.snapshot(TO)),
        ("another mover", |world| {
            world.kill_mover(0);
            world.start(Intent::MoveTo(TO));
        }),
    ];
    for (what, interrupt) in interruptions {
        let (mut ahead, mut whole) = (0, 0);
        for step in 0..100 {
            let mut world = World::new(step + 1);
            world.start(Intent::MoveTo(TO));
            for _ in 0..step {
                world.step();
            }
            interrupt(&mut world);
            let ending = world.run_to_end(world.newest_mover());
            assert!(matches!(ending, Ok(Ending::Moved | Ending::Nothing)), "{what} after step {step}: {ending:?}");
            assert_eq!(world.check_end(), TO);
            let imports = world.imports();
            (ahead, whole) = (ahead + imports[0], whole + imports[1]);
        }
        assert!(ahead > 0 && whole > 0, "{what}: {ahead} copied ahead, {whole} copied whole");
    }
}

/// A mover dies after each of its first messages. The next mover finishes the move, or undoes it unless it is committed.
#[test]
fn another_mover_finishes_or_undoes_the_move_of_a_dead_one() {
    let mut undone = 0;
    let mut too_late = 0;
    for step in 0..200 {
        for intent in [Intent::MoveTo(TO), Intent::Undo] {
            let mut world = World::new(step + 1);
            world.start(Intent::MoveTo(TO));
            for _ in 0..step {
                world.step();
            }
            world.kill_mover(0);
            world.start(intent);
            match (world.run_to_end(1), intent) {
                (Ok(Ending::Moved), Intent::MoveTo(_)) => assert_eq!(world.check_end(), TO),
                (Ok(Ending::Nothing), Intent::MoveTo(_)) => assert_eq!(world.check_end(), TO),
                (Ok(Ending::Undone | Ending::Nothing), Intent::Undo) => {
                    world.check_end();
                    undone += 1;
                }
                (Err(MoveError::Committed { to: TO, .. }), Intent::Undo) => too_late += 1,
                (found, _) => panic!("step {step}, {intent:?}: {found:?}"),
            }
        }
    }
    assert!(undone > 20 && too_late > 2, "{undone} undone, {too_late} too late to undo");
}

#[test]
fn a_move_to_a_cluster_without_room_is_undone() {
    let mut world = World::new(3);
    world.cramp(TO);
    world.start(Intent::MoveTo(TO));
    let ended = world.run_to_end(0);
    let Err(MoveError::Undone { party: Party::To, outcome: MigrationOutcome::Limit, .. }) = ended else {
        panic!("{ended:?}")
    };
    assert_eq!(world.check_end(), FROM);
}

/// A subscription to the map first gives old maps, whose moves may have ended long ago.
#[test]
fn an_old_map_does_not_end_a_move() {
    let mut world = World::new(9);
    for (mover, to) in [TO, FROM].into_iter().enumerate() {
        world.start(Intent::MoveTo(to));
        assert_eq!(world.run_to_end(mover), Ok(Ending::Moved));
    }
    let (newest, older) = world.maps().split_last().unwrap();
    for intent in [Intent::MoveTo(TO), Intent::MoveTo(FROM), Intent::Undo] {
        let mut mover = Mover::new(InstrumentId(1), intent, Timing::default(), 1, Duration::ZERO);
        let mut actions = Vec::new();
        mover.poll(Duration::ZERO, &mut actions);
        let Action::Coordinator { correlation_id, ref request, expected } = actions[0] else { panic!("{actions:?}") };
        let refusal = apply(newest, request, expected).unwrap_err();
        mover.on_answer(Duration::ZERO, correlation_id, Err(refusal));
        for map in older {
            mover.on_map(Duration::ZERO, map);
            assert_eq!(mover.ending(), None);
        }
        actions.clear();
        mover.poll(Duration::ZERO, &mut actions);
        assert_eq!(actions, [Action::LookAtMap { least_epoch: newest.epoch }], "{intent:?}");
        mover.on_map(Duration::ZERO, newest);
        assert_eq!(mover.ending(), (intent != Intent::MoveTo(TO)).then_some(Ok(Ending::Nothing)));
    }
}

#[test]
fn a_mover_does_not_take_over_a_move_to_another_cluster() {
    let mut world = World::new(5);
    world.start(Intent::MoveTo(TO));
    while world
        .map()
        .partition(InstrumentId(1))
        .unwrap()
        .migration
        .is_none_or(|migration| migration.phase != MigrationPhase::Begun)
    {
        world.step();
    }
    world.kill_mover(0);
    world.start(Intent::MoveTo(FROM));
    assert_eq!(world.run_to_end(1), Err(MoveError::OtherMove { instrument: InstrumentId(1), to: TO }));
    world.start(Intent::MoveTo(lugus_topology::ClusterId(9)));
    assert_eq!(world.run_to_end(2), Err(MoveError::OtherMove { instrument: InstrumentId(1), to: TO }));
    world.start(Intent::Undo);
    assert_eq!(world.run_to_end(3), Ok(Ending::Undone));
    world.start(Intent::MoveTo(lugus_topology::ClusterId(9)));
    let unknown = MapRefusal::UnknownCluster(lugus_topology::ClusterId(9));
    assert_eq!(world.run_to_end(4), Err(MoveError::Refused(unknown)));
}

#[test]
fn a_mover_without_an_answer_gives_up_and_names_the_silent_party() {
    let mut world = World::new(5);
    world.start(Intent::MoveTo(TO));
    world.take_down(TO);
    let Err(MoveError::NoAnswer { party: Party::To, waited, .. }) = world.run_to_end(0) else { panic!("answered") };
    assert!(waited >= Timing::default().give_up);
    world.bring_up(TO);
    world.start(Intent::Undo);
    assert_eq!(world.run_to_end(1), Ok(Ending::Undone));
    assert_eq!(world.check_end(), FROM);
}

/// While a mover is held, nothing is done, and it does not give up, however long it takes.
#[test]
fn a_held_mover_waits_before_each_step() {
    let mut world = World::new(13);
    let steps = MoveStep::ALL;
    world.start_held(Intent::MoveTo(TO), steps);
    for step in steps.into_iter().take_while(|step| *step <= MoveStep::Finish) {
        world.run_until_held(0, step);
        let state = |world: &mut World| ([FROM, TO].map(|cluster| world.takes_commands(cluster)), world.map().clone());
        let before = state(&mut world);
        world.pass(2 * Timing::default().give_up);
        world.run_until_held(0, step);
        assert_eq!(state(&mut world), before);
        let expected = match step {
            MoveStep::Begin | MoveStep::CopyAhead | MoveStep::Fence => [true, false],
            MoveStep::Drop | MoveStep::Finish => [false, true],
            _ => [false, false],
        };
        assert_eq!(before.0, expected, "before {step}");
        world.let_go(0);
    }
    assert_eq!(world.run_to_end(0), Ok(Ending::Moved));
    assert_eq!(world.check_end(), TO);
}

/// A commit that arrives after the move is undone has no effect.
#[test]
fn a_late_commit_of_a_dead_mover_is_refused() {
    let mut world = World::new(11);
    world.start(Intent::MoveTo(TO));
    let commit = world.hold_back_commit();
    world.kill_mover(0);
    world.start(Intent::Undo);
    while !world.takes_commands(FROM) {
        world.step();
    }
    world.deliver(commit);
    assert_eq!(world.run_to_end(1), Ok(Ending::Undone));
    assert_eq!(world.check_end(), FROM);
}

#[test]
fn a_new_mover_has_no_progress_and_no_ending() {
    let mover = Mover::new(InstrumentId(1), Intent::Undo, Timing::default(), 0, Duration::ZERO);
    assert_eq!((mover.progress().records, mover.ending(), mover.clusters()), (0, None, None));
}
