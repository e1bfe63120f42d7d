//! The simulator's checks find what is wrong: each test breaks one thing, and a run with a low seed tells of it.

#![allow(clippy::panic, reason = "a test may fail anywhere")]

use lugus_simulator::{Failure, Options, Sabotage, run, shrink};

/// The first failure of a run with this fault.
fn caught(sabotage: Sabotage) -> Failure {
    let options = Options { sabotage: Some(sabotage), ..Options::default() };
    let failure = (1..=400).find_map(|seed| run(seed, &options).err());
    *failure.unwrap_or_else(|| panic!("{sabotage:?} is not caught"))
}

/// The same, which must say one of these.
fn is_caught(sabotage: Sabotage, ways: &[&str]) {
    let Failure { seed, violation, .. } = caught(sabotage);
    assert!(ways.iter().any(|way| violation.contains(way)), "seed {seed}: {violation}");
}

const DIFFERS: &str = "differs at position";

#[test]
fn a_message_that_is_applied_twice_after_a_restart_is_caught() {
    is_caught(Sabotage::AppliesTwiceAfterRestart, &[DIFFERS]);
}

#[test]
fn a_message_that_a_member_skips_is_caught() {
    is_caught(Sabotage::SkipsMessages, &[DIFFERS]);
}

#[test]
fn a_member_with_a_clock_of_its_own_is_caught() {
    is_caught(Sabotage::UsesItsOwnClock, &[DIFFERS]);
}

#[test]
fn a_timer_that_is_forgotten_is_caught() {
    is_caught(Sabotage::ForgetsTimers, &["no timer"]);
}

#[test]
fn a_snapshot_without_one_of_its_messages_is_caught() {
    is_caught(Sabotage::SnapshotLacksAMessage, &["failed to start"]);
}

#[test]
fn an_answer_before_the_commit_is_caught() {
    is_caught(Sabotage::AnswersBeforeCommit, &["where nothing was committed", "but the log has None", "has a hole"]);
}

#[test]
fn a_leader_that_lacks_what_was_committed_is_caught() {
    is_caught(Sabotage::ElectsTheShortestLog, &["where nothing was committed", DIFFERS, "has a hole"]);
}

#[test]
fn a_command_that_is_sent_again_under_another_number_is_caught() {
    is_caught(Sabotage::SendsAgainWithNewNumber, &["was applied without a reason", "the answer to", "to what was not"]);
}

#[test]
fn an_event_that_is_altered_is_caught() {
    is_caught(Sabotage::AltersAnEvent, &["but the log has", "told event"]);
}

#[test]
fn an_old_cluster_that_trades_on_after_a_move_is_caught() {
    is_caught(Sabotage::UnfencesInsteadOfDropping, &["belongs to", "has something left", "nothing comes to rest"]);
}

#[test]
fn a_commit_of_a_move_that_is_taken_back_is_caught() {
    is_caught(Sabotage::TakesACommitBack, &["nothing comes to rest", "was committed", "is committed", "belongs to"]);
}

#[test]
fn a_failure_is_made_short_and_can_be_repeated() {
    let failure = caught(Sabotage::SkipsMessages);
    let shortest = shrink(failure.clone());
    assert!(shortest.faults.len() <= failure.faults.len() && shortest.options.steps.is_some(), "{shortest}");
    assert!(shortest.faults.is_empty(), "the fault needs no other: {shortest}");
    assert_eq!(run(shortest.seed, &shortest.options).map_err(|again| *again), Err(shortest));
}
