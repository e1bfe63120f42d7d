//! Numbers used by others, refusals, endings, requests without a number, and messages that are none.

use super::*;

#[test]
fn numbers_that_another_process_used_are_not_used_again() {
    let mut bench = Bench::open();
    bench.orders(1);
    bench.event(1, 1);
    bench.disconnect();
    bench.orders(1);
    bench.connect();
    bench.sent();
    bench.event(2, 2);
    bench.event(3, 3);
    bench.hear(&cluster_messages::resume_complete(5, 3, 3));
    assert_eq!(bench.sent(), [order(4, 2)]);
    bench.event(4, 4);
    assert_eq!(bench.reports(), [(5, 1, 1), (5, 2, 0), (5, 3, 0), (5, 4, 2)]);
}

#[test]
fn refused_commands_free_their_numbers() {
    let refused = |number| Status::CommandRefused {
        instrument: InstrumentId(5),
        command: CommandNumber(number),
        reason: lugus_client::RejectReason::UnknownInstrument,
    };
    let mut bench = Bench::open();
    bench.orders(2);
    bench.hear(&cluster_messages::refused(5, 1));
    bench.orders(1);
    assert_eq!(bench.sent(), [order(1, 1), order(2, 2)], "the third waits for the second's refusal");
    bench.hear(&cluster_messages::refused(5, 2));
    assert_eq!((bench.sent(), bench.statuses()), (vec![order(1, 3)], vec![refused(1), refused(2)]));

    // After a re-send a copy may be under way, so nothing is certain until a new session has told.
    bench.session.on_new_leader(MemberId(1), &mut bench.heard);
    bench.work();
    bench.hear(&cluster_messages::refused(5, 1));
    assert!(bench.session.take_wants_new_session());
    assert_eq!(bench.session.outstanding(), 1);
}

/// The number of a refused command is the next one's. What the old leader has told may still come when the session has gone on with
/// another one, and is not about the command that has the number now.
#[test]
fn a_refusal_by_an_old_leader_settles_nothing() {
    let mut bench = Bench::open();
    bench.orders(1);
    bench.hear(&cluster_messages::refused(5, 1));
    assert_eq!(bench.statuses().len(), 1);
    bench.session.on_new_leader(MemberId(1), &mut bench.heard);
    bench.orders(1);
    bench.work();
    assert!(bench.sent().contains(&order(1, 2)), "sent once, under the free number");
    bench.hear(&cluster_messages::refused(5, 1));
    let is_refused = |status: &Status| matches!(status, Status::CommandRefused { .. });
    assert!(!bench.statuses().iter().any(is_refused) && bench.session.outstanding() == 1);
    assert!(bench.session.take_wants_new_session(), "a new session tells what is true");
}

#[test]
fn a_newer_session_ends_this_one() {
    for notice in
        [cluster_messages::session_replaced(1), cluster_messages::message_reject(0, MessageRejectReason::NoParticipant)]
    {
        let mut bench = Bench::open();
        bench.orders(1);
        bench.hear(&notice);
        let statuses = bench.statuses();
        assert_eq!(statuses[statuses.len() - 2..], [Status::SessionReplaced, gave_up(1, true)]);
        assert!(bench.session.has_ended() && !bench.session.take_wants_new_session());
        assert_eq!(bench.order(5), Err(SendError::Ended));
        bench.connect();
        assert!(!bench.session.is_connected(), "for good");
    }
}

#[test]
fn a_session_that_keeps_an_older_one_ends_and_says_why() {
    let rejected = cluster_messages::message_reject(0, MessageRejectReason::ParticipantConnected);
    let mut bench = Bench::open();
    bench.orders(1);
    bench.hear(&rejected);
    assert!(bench.session.has_ended() && bench.session.was_refused());
    assert_eq!(bench.order(5), Err(SendError::Ended));

    // The older session may be one that this process had requested itself: that one ends soon.
    let mut bench = Bench::open();
    bench.session.on_unanswered_connect_request();
    bench.hear(&rejected);
    assert!(!bench.session.has_ended());
    bench.pass(SECOND * 6);
    bench.hear(&rejected);
    assert!(bench.session.was_refused());

    let mut bench = Bench::open();
    bench.hear(&cluster_messages::session_replaced(1));
    assert!(bench.session.has_ended() && !bench.session.was_refused(), "taken over is something else");
}

#[test]
fn a_session_that_we_requested_is_not_taken_for_another_process() {
    let mut bench = Bench::open();
    bench.session.on_unanswered_connect_request();
    bench.hear(&cluster_messages::session_replaced(1));
    assert!(!bench.session.has_ended());
    bench.pass(SECOND * 6);
    bench.hear(&cluster_messages::session_replaced(1));
    assert!(bench.session.has_ended());
}

#[test]
fn drop_copies_are_asked_for_in_every_session_until_refused() {
    let mut bench = Bench::new();
    bench.session.request_drop_copy(InstrumentId(0)).unwrap();
    bench.connect();
    let request = Sent::DropCopy { instrument: 0 };
    assert_eq!(bench.sent(), [request]);
    bench.hear(&cluster_messages::report(&Event { participant: 2, instrument: 9, event: 40, ..Event::default() }));
    assert_eq!((bench.heard.drop_copies.clone(), bench.sent()), (vec![2], vec![]));
    bench.session.on_new_leader(MemberId(1), &mut bench.heard);
    bench.work();
    assert_eq!(bench.sent(), [request]);
    bench.hear(&cluster_messages::message_reject(12, MessageRejectReason::NotAuthorised));
    let rejected = Status::MessageRejected { template_id: 12, reason: MessageRejectReason::NotAuthorised };
    assert_eq!(bench.statuses().last(), Some(&rejected));
    bench.disconnect();
    bench.connect();
    assert_eq!(bench.sent(), []);
}

/// Before everything else in each session, and again to a new leader, to whom it may not have come.
#[test]
fn the_choice_of_cancel_on_disconnect_comes_first_in_every_session() {
    let grace = GraceTime::from_milliseconds(250).unwrap();
    let choice = Sent::CancelOnDisconnect { grace: Some(250) };
    let mut bench = Bench::new();
    bench.session =
        Session::new(ParticipantId(1), LIMITS, &RetryPolicy::default(), 1).with_cancel_on_disconnect(Some(grace));
    bench.session.resume(InstrumentId(5)).unwrap();
    bench.orders(1);
    bench.connect();
    assert_eq!(bench.sent(), [choice, resume(None)]);
    bench.statuses();
    bench.hear(&cluster_messages::choice_confirmed(1, grace));
    assert_eq!(bench.statuses(), [Status::CancelOnDisconnect { grace: Some(grace) }]);
    bench.hear(&cluster_messages::resume_complete(5, 0, 0));
    assert_eq!(bench.sent(), [order(1, 1)]);
    bench.session.on_new_leader(MemberId(1), &mut bench.heard);
    // Not even what would go out at once overtakes it.
    bench.orders(1);
    assert_eq!(bench.session.request_book(&mut bench.wire, InstrumentId(9), 10, 77), Err(SendError::BackPressured));
    assert_eq!(bench.sent(), []);
    bench.wire.answer = Offered::BackPressured;
    bench.work();
    bench.wire.answer = Offered::Sent;
    bench.work();
    assert_eq!(bench.sent().first(), Some(&choice));
    bench.disconnect();
    bench.connect();
    assert_eq!(bench.sent().first(), Some(&choice));
}

#[test]
fn books_are_asked_for_once() {
    let mut bench = Bench::new();
    let ask = |bench: &mut Bench| bench.session.request_book(&mut bench.wire, InstrumentId(9), 10, 77);
    assert_eq!(ask(&mut bench), Err(SendError::NotConnected));
    bench.connect();
    assert_eq!(ask(&mut bench), Ok(()));
    assert_eq!(bench.sent(), [Sent::Book { instrument: 9, depth: 10, request_id: 77 }]);
    bench.hear(&cluster_messages::book_reject(9, 77));
    let refused = Status::BookRefused { request_id: 77, instrument: InstrumentId(9) };
    assert_eq!(bench.statuses().last(), Some(&refused));
    bench.wire.answer = Offered::BackPressured;
    assert_eq!(ask(&mut bench), Err(SendError::BackPressured));
}

#[test]
fn an_event_of_an_unused_instrument_is_told_and_followed() {
    let mut bench = Bench::new();
    bench.connect();
    bench.event(41, 12);
    assert_eq!((bench.reports(), bench.sent()), (vec![(5, 41, 0)], vec![resume(41)]));
    bench.hear(&cluster_messages::resume_complete(5, 12, 41));
    bench.orders(1);
    assert_eq!(bench.sent(), [order(13, 1)]);
}

#[test]
fn messages_of_other_sessions_and_garbage_change_nothing() {
    let mut bench = Bench::open();
    bench.session.on_message(SESSION - 1, &cluster_messages::session_replaced(1), &mut bench.heard);
    bench.hear(b"garbage");
    assert!(matches!(bench.statuses()[..], [Status::MessageDropped { reason: DropReason::Malformed(_) }]));
    for instrument in 6..9 {
        let event = Event { participant: 1, instrument, event: 1, ..Event::default() };
        bench.hear(&cluster_messages::report(&event));
    }
    let reason = DropReason::TooManyInstruments(InstrumentId(8));
    assert_eq!(bench.statuses(), [Status::MessageDropped { reason }]);
}

#[test]
fn a_pause_of_the_program_is_no_time_out() {
    let mut bench = Bench::open();
    bench.orders(1);
    bench.sent();
    bench.now += 100 * SECOND;
    bench.work();
    assert_eq!(bench.sent(), []);
}

/// Any message that a cluster could send, with any numbers.
fn any_message() -> impl Strategy<Value = Vec<u8>> {
    let number = || prop_oneof![0u64..12, any::<u64>()];
    (0u8..7, 4u32..7, number(), number(), number()).prop_map(|(kind, instrument, a, b, c)| match kind {
        0 => cluster_messages::resume_complete(instrument, a, b),
        1 => cluster_messages::event_gap(instrument, a, b, c),
        2 => cluster_messages::sequence_reject(instrument, a, b),
        3 => cluster_messages::refused(instrument, a),
        4 => cluster_messages::message_reject(1, MessageRejectReason::InvalidValue),
        _ => {
            let (participant, order_id) = (1, 1);
            cluster_messages::report(&Event {
                participant,
                instrument,
                event: a,
                number: b,
                client_order_id: c,
                order_id,
            })
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// A broken cluster can lie, but it cannot make the session panic or tell two outcomes.
    #[test]
    fn no_sequence_of_answers_makes_it_panic(messages in proptest::collection::vec((any_message(), 0u8..8), 0..60)) {
        let mut bench = Bench::open();
        for (message, step) in messages {
            match step {
                0 => bench.disconnect(),
                1 => bench.connect(),
                2 => bench.session.on_new_leader(MemberId(1), &mut bench.heard),
                3 => bench.pass(SECOND),
                _ => drop(bench.order(5)),
            }
            bench.hear(&message);
        }
        let gave_up = |status: &&Status| matches!(status, Status::GaveUp { .. } | Status::CommandRefused { .. });
        let settled = bench.heard.statuses.iter().filter(gave_up).count();
        prop_assert!(settled + bench.session.outstanding() <= bench.next_order as usize);
    }
}
