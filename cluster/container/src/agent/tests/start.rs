//! Starts without and with a snapshot.

use aeron_support::MAX_COUNTER_KEY_LENGTH;

use super::*;
use crate::agent_io::FoundCounter;
use crate::counters::RECOVERY_STATE_TYPE_ID;

#[test]
fn it_waits_for_the_consensus_module_and_then_starts_empty() {
    let mut member = Member::new(nothing);
    member.cycles(3).unwrap();
    member.world.borrow_mut().add_commit_position(0);
    member.cycles(3).unwrap();
    assert!(member.calls().is_empty() && member.sent().is_empty());
    member.world.borrow_mut().add_recovery_state(-1, 128, 42);
    member.cycles(3).unwrap();
    assert_eq!(member.calls(), ["start [] []"]);
    assert_eq!(member.sent(), [ack(128, 42, 0, CLIENT_ID)]);
}

#[test]
fn while_an_ack_cannot_be_sent_nothing_else_is_done() {
    let mut member = Member::new(nothing);
    member.world.borrow_mut().add_commit_position(0);
    member.world.borrow_mut().add_recovery_state(-1, 0, 0);
    member.world.borrow_mut().send_results = [OfferError::BackPressured, OfferError::AdminAction].into();
    member.receive(join_log(0, i64::MAX, false, FOLLOWER, false));
    member.cycles(3).unwrap();
    assert!(member.sent().is_empty());
    assert_eq!(member.world.borrow().control.len(), 1, "the next message is not read yet");
    member.cycles(2).unwrap();
    assert_eq!(member.sent(), [ack(0, 0, 0, CLIENT_ID)]);
    assert_eq!(member.world.borrow().control.len(), 0);
}

#[test]
fn a_consensus_module_that_does_not_receive_is_an_error() {
    let mut member = Member::new(nothing);
    member.world.borrow_mut().add_commit_position(0);
    member.world.borrow_mut().add_recovery_state(-1, 0, 0);
    member.world.borrow_mut().send_results = [OfferError::NotConnected].into();
    let error = member.cycles(4).unwrap_err();
    assert!(matches!(error, ContainerError::ControlPublication { error: OfferError::NotConnected }), "{error}");
}

#[test]
fn a_service_that_fails_to_start_is_reported_and_ends_the_container() {
    let mut member = Member::new(nothing);
    member.agent.service.start_error = Some("no licence");
    member.world.borrow_mut().add_commit_position(0);
    member.world.borrow_mut().add_recovery_state(-1, 0, 0);
    let error = member.cycles(4).unwrap_err();
    assert!(error.to_string().ends_with("no licence"), "{error}");
    assert_eq!(member.sent(), [ack(0, 0, 0, -1)]);
    member.agent.close();
    assert_eq!(member.calls(), ["start [] []"], "what never started is not terminated");
}

#[test]
fn sending_while_starting_is_a_fault_of_the_service() {
    let mut member = Member::new(|cluster, call| {
        if call == "start" {
            assert!(cluster.schedule_timer(1, 2), "the service must not try for ever");
        }
    });
    member.world.borrow_mut().add_commit_position(0);
    member.world.borrow_mut().add_recovery_state(-1, 0, 0);
    let error = member.cycles(4).unwrap_err();
    assert!(error.to_string().contains("called schedule_timer from on_start"), "{error}");
    assert_eq!(member.sent(), [ack(0, 0, 0, -1)]);
}

#[test]
fn a_snapshot_gives_sessions_and_time_unit_and_the_rest_to_the_service() {
    let (begin, end) = (snapshot_mark(2, 0, 2, 1 << 16), snapshot_mark(2, 2, 2, 1 << 16));
    let messages = [begin, snapshot_session(3), snapshot_session(8), end, b"a".to_vec(), b"b".to_vec(), b"c".to_vec()];
    let mut member = with_snapshot(&messages, true);
    member.agent.service.script = Box::new(|cluster, _| cluster.idle(0));
    member.cycles(4).unwrap();
    assert_eq!(member.calls(), [r#"start ["a", "b", "c"] [3, 8]"#]);
    assert_eq!(member.sent(), [ack(640, 99, 0, CLIENT_ID)]);
    let cluster = &member.agent.cluster;
    assert_eq!((cluster.time_unit(), cluster.leadership_term_id(), cluster.time()), (TimeUnit::Nanos, 4, 99));
    assert_eq!(member.world.borrow().egress_open, 0, "restored sessions are not connected");
    assert_eq!((member.newest_snapshot.get(), member.snapshot_load.get()), (0, MS), "the service idles once");
}

#[test]
fn a_snapshot_that_cannot_be_used_fails_the_start() {
    let (begin, end) = (snapshot_mark(2, 0, 0, 1 << 16), snapshot_mark(2, 2, 0, 1 << 16));
    let cases = [
        (vec![snapshot_mark(1, 0, 0, 1 << 16)], "unexpected snapshot type 1"),
        (vec![begin.clone(), begin.clone()], "the snapshot begins twice"),
        (vec![end.clone()], "the snapshot ends before it begins"),
        (vec![begin.clone(), snapshot_session(3)], "the snapshot ended before its sessions did"),
        (
            vec![snapshot_mark(2, 0, 0, 2 << 16), end.clone()],
            "application version 1.0.2 is not compatible with the snapshot's 2.0.0",
        ),
        (vec![begin.clone(), snapshot_session(3), snapshot_session(3), end], "the snapshot has session 3 twice"),
        (vec![begin[..20].to_vec()], "the snapshot is damaged: message too short: 20 bytes, 48 needed"),
    ];
    for (messages, expected) in cases {
        let mut member = with_snapshot(&messages, true);
        let error = member.cycles(4).unwrap_err();
        assert!(error.to_string().ends_with(expected), "{error} instead of {expected}");
        assert_eq!(member.sent(), [ack(640, 99, 0, -1)]);
    }
}

#[test]
fn a_snapshot_that_makes_no_progress_is_given_up() {
    let mut member = with_snapshot(&[snapshot_mark(2, 0, 0, 1 << 16)], false);
    let error = member.cycles(4).unwrap_err();
    assert!(error.to_string().ends_with("the archive replays no further: no progress for 1000 ms"), "{error}");

    let (begin, end) = (snapshot_mark(2, 0, 0, 1 << 16), snapshot_mark(2, 2, 0, 1 << 16));
    let mut member = with_snapshot(&[begin, end, b"a".to_vec()], false);
    let error = member.cycles(4).unwrap_err();
    assert!(error.to_string().ends_with("the archive replays no further: no progress for 1000 ms"), "{error}");
}

#[test]
fn a_panic_at_the_start_is_answered_as_an_error_is() {
    let mut member = Member::new(|_, call| {
        if call == "start" {
            panic!("no book");
        }
    });
    member.world.borrow_mut().add_commit_position(0);
    member.world.borrow_mut().add_recovery_state(-1, 0, 0);
    let error = member.cycles(4).unwrap_err();
    let ContainerError::Start { error, .. } = &error else { panic!("{error}") };
    assert!(matches!(error.downcast_ref(), Some(ContainerError::Panic(text)) if text == "no book"), "{error}");
    assert_eq!(member.sent(), [ack(0, 0, 0, -1)]);
    member.agent.close();
    assert_eq!(member.calls(), ["start [] []"], "what never started is not terminated");
}

#[test]
fn the_counters_of_a_consensus_module_that_was_killed_are_not_taken_for_those_of_the_next() {
    let mut member = Member::new(nothing);
    let stale = |id, registration_id| FoundCounter { id, registration_id, key: [0; MAX_COUNTER_KEY_LENGTH] };
    member.world.borrow_mut().stale_counters =
        vec![(COMMIT_POSITION_TYPE_ID, stale(20, 200)), (RECOVERY_STATE_TYPE_ID, stale(21, 210))];
    // The next consensus module has its commit position, and not yet its recovery state.
    member.world.borrow_mut().add_commit_position(128);
    member.cycles(3).unwrap();
    assert!(member.calls().is_empty(), "the recovery state is older than the commit position");
    member.world.borrow_mut().add_recovery_state(-1, 128, 42);
    member.cycles(2).unwrap();
    assert_eq!(member.sent(), [ack(128, 42, 0, CLIENT_ID)]);
    assert_eq!(member.agent.cluster.liveness.commit_position(), 128);
    // The media driver frees the old ones when it has noticed the death of their client.
    member.world.borrow_mut().stale_counters.clear();
    member.cycles(2).unwrap();
}
