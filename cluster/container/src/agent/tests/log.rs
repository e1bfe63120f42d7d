//! Consuming a log.

use super::*;

#[test]
fn each_event_moves_position_and_time_before_the_service_gets_it() {
    let seen = Rc::new(RefCell::new(Vec::new()));
    let seen_by_script = Rc::clone(&seen);
    let mut member = Member::joined(FOLLOWER, move |cluster, _| {
        seen_by_script.borrow_mut().push((cluster.log_position(), cluster.time()));
    });
    seen.borrow_mut().clear();
    let positions = [
        member.append(&new_term(5, 10, 1, 1 << 16)),
        member.append(&session_open(7, 11)),
        member.append(&session_message(7, 12, b"hello")),
        member.append(&session_message(-3, 13, b"own")),
        member.append(&message(20, &[5, 66, 14], &[], &[])),
        member.append(&message(22, &[5, 7, 15], &[2], &[])),
    ];
    member.cycles(1).unwrap();
    let expected = ["term 5 @10", "open 7 me @11", "message 7 hello @12", "message -3 own @13", "timer 66 @14"];
    assert_eq!(member.calls()[..5], expected);
    let times = positions.into_iter().zip(10..16).collect::<Vec<_>>();
    assert_eq!(*seen.borrow(), times);
    let cluster = &member.agent.cluster;
    assert_eq!((cluster.time_unit(), cluster.leadership_term_id()), (TimeUnit::Micros, 5));
    assert!(member.errors().is_empty());
}

#[test]
fn nothing_beyond_the_commit_position_is_read() {
    let mut member = Member::joined(FOLLOWER, nothing);
    let committed = member.append(&session_message(7, 10, b"a"));
    member.append(&session_message(7, 11, b"b"));
    member.world.borrow_mut().commit(committed);
    member.cycles(3).unwrap();
    assert_eq!(member.calls(), ["message 7 a @10"]);
    member.world.borrow_mut().commit(committed + 32);
    member.cycles(1).unwrap();
    assert_eq!(member.calls(), ["message 7 b @11"]);
}

#[test]
fn a_timed_message_has_the_times_of_its_commit_and_of_its_poll() {
    let mut member = Member::joined(FOLLOWER, nothing);
    let begin = member.world.borrow().now_ns;
    // Ten are read in a duty cycle, and these come 2 ms apart.
    (0..11).for_each(|n| _ = member.append(&session_message(7, n, b"a")));
    member.cycles(2).unwrap();
    let times = |polled_ns| Some(MessageTimes { committed_ns: begin, polled_ns });
    let expected: Vec<_> = std::iter::repeat_n(times(begin), 10).chain([times(begin + 2 * MS)]).collect();
    assert_eq!(*member.times.borrow(), expected);
    member.agent.timed = None;
    member.append(&session_message(7, 12, b"b"));
    member.cycles(1).unwrap();
    assert_eq!(member.times.borrow()[11..], [None]);
}

#[test]
fn fragments_are_put_together() {
    let mut member = Member::joined(FOLLOWER, nothing);
    let text = "x".repeat(100);
    let position = member.log().borrow_mut().append_in_two(&session_message(7, 10, text.as_bytes()));
    member.world.borrow_mut().commit(position);
    member.cycles(1).unwrap();
    assert_eq!(member.calls(), [format!("message 7 {text} @10")]);
    assert_eq!(member.agent.cluster.log_position(), position);
}

#[test]
fn unknown_messages_are_skipped_and_bad_ones_counted() {
    let mut member = Member::joined(FOLLOWER, nothing);
    let mut other_schema = session_message(7, 10, b"a");
    other_schema[4] = 5;
    member.append(&message(25, &[1, 2, 3], &[], &[]));
    member.append(&message(250, &[], &[], &[]));
    member.append(&other_schema);
    member.append(&session_message(7, 10, b"a")[..20]);
    member.append(b"x");
    member.append(&session_open(7, 10)[..50]);
    member.append(&message(22, &[5, 9, 10], &[0], &[]));
    member.append(&session_message(7, 11, b"good"));
    member.receive(b"garbage!".to_vec());
    member.receive(join_log(0, 0, false, 7, false));
    member.cycles(3).unwrap();
    assert_eq!(member.calls(), ["message 7 good @11"]);
    assert_eq!(
        member.errors(),
        [
            "message of the consensus module: wrong schema id 26465, expected 111",
            "message of the log skipped: wrong schema id 5, expected 111",
            "message of the log skipped: message too short: 20 bytes, 32 needed",
            "message of the log skipped: message too short: 1 bytes, 8 needed",
            "message of the log skipped: variable-length field of 22 bytes at offset 44 runs past the end at 50",
            "the log closes session 9, which is not open (ClientAction)",
            "JoinLog of the consensus module with role 7",
        ]
    );
}

#[test]
fn a_session_that_opens_twice_and_a_term_of_another_version_are_errors() {
    let mut member = Member::joined(FOLLOWER, nothing);
    member.append(&session_open(7, 10));
    member.append(&session_open(7, 11));
    assert!(matches!(member.cycles(1), Err(ContainerError::SessionClash { cluster_session_id: 7, .. })));

    let mut member = Member::joined(FOLLOWER, nothing);
    member.append(&new_term(5, 10, 0, 2 << 16 | 1));
    let error = member.cycles(1).unwrap_err();
    assert_eq!(
        error.to_string(),
        "application version 1.0.2 is not compatible with the log's 2.0.1: the major versions differ"
    );
    assert!(member.calls().is_empty());
}

#[test]
fn a_counter_tells_up_to_where_the_log_is_done_with() {
    let seen = Rc::new(RefCell::new(Vec::new()));
    let seen_by_script = Rc::clone(&seen);
    let counter: Rc<RefCell<Option<ServiceCounter>>> = Rc::default();
    let counter_of_script = Rc::clone(&counter);
    let mut member = Member::joined(LEADER, move |_, _| {
        seen_by_script.borrow_mut().extend(counter_of_script.borrow().as_ref().map(ServiceCounter::get));
    });
    *counter.borrow_mut() = Some(member.log_position.clone());
    assert_eq!(member.log_position.get(), 0, "the position at which the log was joined");
    let first = member.append(&session_message(7, 10, b"a"));
    let second = member.append(&session_message(7, 11, b"b"));
    let skipped = member.append(&message(25, &[1, 2, 3], &[], &[]));
    member.cycles(1).unwrap();
    assert_eq!(*seen.borrow(), [0, first], "a message counts when the service has done with it");
    assert_eq!(member.log_position.get(), skipped);
    assert_eq!(member.agent.cluster.log_position(), second);
    // Padding: the image moves, and no fragment is read.
    member.log().borrow_mut().position = skipped + 96;
    member.cycles(1).unwrap();
    assert_eq!(member.log_position.get(), skipped + 96);
    member.log().borrow_mut().has_ended = true;
    member.cycles(1).unwrap();
    assert_eq!(member.log_position.get(), -1, "between two logs");
}

#[test]
fn a_counter_tells_the_time_of_the_last_entry_that_was_applied() {
    let mut member = Member::joined(LEADER, nothing);
    member.append(&session_message(7, 10, b"a"));
    let committed = member.append(&message(20, &[5, 66, 11], &[], &[]));
    member.append(&session_message(7, 12, b"not committed"));
    member.world.borrow_mut().commit(committed);
    member.cycles(3).unwrap();
    assert_eq!(member.log_time.get(), 11);
    member.world.borrow_mut().commit(committed + 64);
    member.cycles(1).unwrap();
    assert_eq!(member.log_time.get(), 12);
}
