//! Joining one log after the other.

use aeron_support::{BEGIN_FRAGMENT_FLAG, END_FRAGMENT_FLAG};

use super::*;

#[test]
fn a_leader_joins_acks_and_changes_its_role() {
    let mut member = Member::new(nothing);
    member.world.borrow_mut().add_commit_position(0);
    member.world.borrow_mut().add_recovery_state(-1, 0, 0);
    member.receive(join_log(0, i64::MAX, false, LEADER, false));
    member.cycles(5).unwrap();
    let subscribed = ("aeron:udp?tags=1|alias=log-sc-0".to_owned(), 100);
    assert_eq!(member.world.borrow().subscriptions, [subscribed]);
    assert_eq!(member.sent(), [ack(0, 0, 0, CLIENT_ID)], "no ack before the image is there");
    member.open_log(0);
    member.cycles(2).unwrap();
    assert_eq!(member.sent(), [ack(0, 0, 1, -1)]);
    assert_eq!(member.calls(), ["start [] []", "role Leader"]);
    assert_eq!(member.world.borrow().member_id, Some(2));
    assert_eq!(member.agent.cluster.member_id(), 2);
}

/// The consensus module of a leader-to-be reads the counter when it has the ack.
#[test]
fn an_ack_leaves_when_the_counter_has_the_time_of_all_that_is_acked() {
    let mut member = Member::new(nothing);
    member.world.borrow_mut().add_commit_position(0);
    member.world.borrow_mut().add_recovery_state(-1, 0, 1_234);
    member.cycles(3).unwrap();
    assert_eq!(member.world.borrow().log_times_at_send, [1_234], "the time of the snapshot");
    member.receive(join_log(0, i64::MAX, false, FOLLOWER, false));
    member.open_log(0);
    member.cycles(4).unwrap();
    let end = member.append(&session_message(7, 5_678, b"a"));
    member.receive(join_log(end, i64::MAX, false, LEADER, false));
    member.cycles(2).unwrap();
    member.open_log(end);
    member.cycles(4).unwrap();
    assert_eq!(member.sent(), [ack(0, 1_234, 0, CLIENT_ID), ack(0, 1_234, 1, -1), ack(end, 5_678, 2, -1)]);
    assert_eq!(member.world.borrow().log_times_at_send, [1_234, 1_234, 5_678]);
}

#[test]
fn a_log_that_does_not_continue_at_the_service_s_position_is_an_error() {
    for (event_position, join_position, what) in [(64, 0, "event position"), (0, 64, "join position")] {
        let mut member = Member::new(nothing);
        member.world.borrow_mut().add_commit_position(0);
        member.world.borrow_mut().add_recovery_state(-1, 0, 0);
        member.receive(join_log(event_position, i64::MAX, false, FOLLOWER, false));
        member.open_log(join_position);
        match member.cycles(6).unwrap_err() {
            ContainerError::LogNotContiguous { what: found, expected: 0, found: 64 } => assert_eq!(found, what),
            other => panic!("{other}"),
        }
    }
}

#[test]
fn a_new_log_is_joined_when_the_old_one_has_been_read_to_its_position() {
    let mut member = Member::joined(LEADER, nothing);
    let first = member.append(&session_open(7, 10));
    let second = member.append(&session_message(7, 11, b"a"));
    member.cycles(1).unwrap();
    assert_eq!(member.world.borrow().egress_open, 1);
    member.append(&session_message(7, 12, b"never to be committed by the old log"));
    member.world.borrow_mut().commit(second);
    member.receive(join_log(second, i64::MAX, false, FOLLOWER, false));
    member.open_log(second);
    member.cycles(5).unwrap();
    assert!(first < second);
    assert_eq!(member.calls(), ["open 7 me @10", "message 7 a @11", "role Follower"]);
    assert_eq!(member.sent(), [ack(second, 11, 2, -1)]);
    assert_eq!(member.world.borrow().egress_open, 0);
}

#[test]
fn a_log_that_ends_makes_it_a_follower_that_continues_at_the_images_position() {
    let mut member = Member::joined(LEADER, nothing);
    member.append(&session_open(7, 10));
    member.cycles(1).unwrap();
    let log = member.log();
    log.borrow_mut().has_ended = true;
    log.borrow_mut().position += 64;
    let position = log.borrow().position;
    member.cycles(2).unwrap();
    assert_eq!(member.calls(), ["open 7 me @10", "role Follower"]);
    assert_eq!(member.world.borrow().egress_open, 0);
    assert_eq!(member.agent.cluster.log_position(), position);
    member.receive(join_log(position, i64::MAX, false, LEADER, false));
    member.open_log(position);
    member.cycles(4).unwrap();
    assert_eq!(member.sent(), [ack(position, 10, 2, -1)]);
    assert_eq!(member.world.borrow().egress_open, 1, "a new leader connects to its sessions");
}

/// The commit position may be within a message when a leader dies, and the position up to which a restarted member replays its own log
/// too.
#[test]
fn a_message_whose_parts_are_in_two_logs_is_put_together() {
    let mut member = Member::joined(FOLLOWER, nothing);
    let message = session_message(7, 11, &[b'x'; 100]);
    let (first, second) = message.split_at(64);
    let within = member.log().borrow_mut().append_fragment(first, BEGIN_FRAGMENT_FLAG);
    member.world.borrow_mut().commit(within);
    member.receive(join_log(within, i64::MAX, false, FOLLOWER, false));
    member.cycles(3).unwrap();
    member.open_log(within);
    let end = member.log().borrow_mut().append_fragment(second, END_FRAGMENT_FLAG);
    member.world.borrow_mut().commit(end);
    member.cycles(4).unwrap();
    assert_eq!(member.calls(), [format!("message 7 {} @11", "x".repeat(100))]);
    assert_eq!(member.agent.cluster.log_position(), end);
}

#[test]
fn a_message_whose_rest_was_never_committed_is_forgotten() {
    let mut member = Member::joined(FOLLOWER, nothing);
    let message = session_message(7, 11, &[b'x'; 100]);
    let within = member.log().borrow_mut().append_fragment(&message[..64], BEGIN_FRAGMENT_FLAG);
    member.world.borrow_mut().commit(within);
    member.receive(join_log(within, i64::MAX, false, FOLLOWER, false));
    member.cycles(3).unwrap();
    member.open_log(within);
    member.append(&session_message(7, 12, b"a"));
    let text = "y".repeat(100);
    let end = member.log().borrow_mut().append_in_two(&session_message(7, 13, text.as_bytes()));
    member.world.borrow_mut().commit(end);
    member.cycles(4).unwrap();
    assert_eq!(member.calls(), ["message 7 a @12".to_owned(), format!("message 7 {text} @13")]);
}

#[test]
fn a_leader_at_the_cluster_s_start_does_not_connect_to_old_sessions() {
    let (begin, end) = (snapshot_mark(2, 0, 0, 1 << 16), snapshot_mark(2, 2, 0, 1 << 16));
    let mut member = with_snapshot(&[begin, snapshot_session(3), end], true);
    member.receive(join_log(640, i64::MAX, true, LEADER, false));
    member.open_log(640);
    member.cycles(6).unwrap();
    assert_eq!(member.calls().last().map(String::as_str), Some("role Leader"));
    assert_eq!(member.world.borrow().egress_open, 0);
}

/// A script whose calls see what has been sent to the consensus module, which the first result holds.
fn seeing_what_was_sent() -> (Member, Rc<RefCell<Vec<String>>>) {
    let world: Rc<RefCell<Option<SharedWorld>>> = Rc::default();
    let seen = Rc::new(RefCell::new(Vec::new()));
    let (world_of_script, seen_by_script) = (Rc::clone(&world), Rc::clone(&seen));
    let member = Member::new(move |cluster, call| {
        if let Some(world) = world_of_script.borrow().as_ref() {
            let sent = world.borrow().sent.len();
            seen_by_script.borrow_mut().push(format!("{call} {:?}: {sent} sent", cluster.role()));
        }
    });
    *world.borrow_mut() = Some(Rc::clone(&member.world));
    member.world.borrow_mut().add_commit_position(0);
    member.world.borrow_mut().add_recovery_state(-1, 0, 0);
    (member, seen)
}

#[test]
fn the_ack_of_a_joined_log_leaves_before_the_service_is_called_with_its_role() {
    let (mut member, seen) = seeing_what_was_sent();
    member.receive(join_log(0, i64::MAX, false, LEADER, false));
    member.open_log(0);
    member.cycles(6).unwrap();
    assert_eq!(*seen.borrow(), ["start Follower: 0 sent", "role Leader: 2 sent"]);
    assert_eq!(member.sent(), [ack(0, 0, 0, CLIENT_ID), ack(0, 0, 1, -1)]);
}

#[test]
fn a_role_and_the_log_wait_for_an_ack_that_cannot_be_sent_yet() {
    let (mut member, seen) = seeing_what_was_sent();
    member.cycles(4).unwrap();
    member.sent();
    member.receive(join_log(0, i64::MAX, false, LEADER, false));
    member.open_log(0);
    member.append(&session_message(7, 11, b"a"));
    member.world.borrow_mut().send_results = [OfferError::BackPressured; 3].into();
    member.cycles(4).unwrap();
    assert_eq!(seen.borrow().len(), 1, "only the start");
    assert_eq!(member.agent.cluster.role(), Role::Follower);
    member.cycles(2).unwrap();
    assert_eq!(seen.borrow()[1..], ["role Leader: 1 sent", "message Leader: 1 sent"]);

    let (mut member, _) = seeing_what_was_sent();
    member.cycles(4).unwrap();
    member.receive(join_log(0, i64::MAX, false, LEADER, false));
    member.open_log(0);
    member.world.borrow_mut().send_results = [OfferError::NotConnected].into();
    let error = member.cycles(4).unwrap_err();
    assert!(matches!(error, ContainerError::ControlPublication { error: OfferError::NotConnected }), "{error}");
}

#[test]
fn a_log_that_closed_before_it_was_read_asks_for_a_restart() {
    let mut member = Member::joined(FOLLOWER, nothing);
    let read = member.append(&session_message(7, 11, b"read"));
    member.cycles(1).unwrap();
    // A replay that was stopped: what had been committed and not read is gone with the image.
    member.log().borrow_mut().has_ended = true;
    member.world.borrow_mut().commit(read + 640);
    member.receive(join_log(read + 640, i64::MAX, false, FOLLOWER, false));
    let error = member.cycles(5).unwrap_err();
    assert!(
        matches!(error, ContainerError::LogClosedUnread { log_position, next_log_position }
            if (log_position, next_log_position) == (read, read + 640)),
        "{error}"
    );
    assert!(error.wants_restart());

    // A log that begins before the position of the service is another matter.
    let mut member = Member::joined(FOLLOWER, nothing);
    let read = member.append(&session_message(7, 11, b"read"));
    member.cycles(1).unwrap();
    member.log().borrow_mut().has_ended = true;
    member.receive(join_log(read - 32, i64::MAX, false, FOLLOWER, false));
    let error = member.cycles(5).unwrap_err();
    assert!(matches!(error, ContainerError::LogNotContiguous { .. }) && !error.wants_restart(), "{error}");
}

#[test]
fn the_image_of_a_log_is_not_awaited_for_ever() {
    let mut member = Member::joined(FOLLOWER, nothing);
    let log = member.world.borrow_mut().log.take().unwrap();
    log.borrow_mut().has_ended = true;
    member.receive(join_log(0, i64::MAX, false, FOLLOWER, false));
    // The limit is a second.
    member.cycles(400).unwrap();
    let error = member.cycles(200).unwrap_err();
    assert!(matches!(error, ContainerError::LogImageTimeout { log_session_id: 9, log_position: 0, .. }), "{error}");
    assert!(error.wants_restart());
}
