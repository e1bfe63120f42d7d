//! Egress to clients that do not keep up.

use std::cell::Cell;

use super::*;

type Answers = Rc<RefCell<Vec<Result<i64, OfferError>>>>;

/// A leader whose service answers each message to session 7, and the results of these offers.
fn answering() -> (Member, Answers) {
    let results = Answers::default();
    let results_of_script = Rc::clone(&results);
    let member = Member::joined(LEADER, move |cluster, call| {
        if call == "message" {
            results_of_script.borrow_mut().push(cluster.offer_to(7, b"answer"));
        }
    });
    member.append(&session_open(7, 11));
    (member, results)
}

#[test]
fn a_client_that_takes_a_message_late_keeps_its_session() {
    let (mut member, results) = answering();
    member.world.borrow_mut().egress_results = [OfferError::BackPressured, OfferError::AdminAction].into();
    member.append(&session_message(7, 12, b"hello"));
    member.cycles(2).unwrap();
    assert_eq!(*results.borrow(), [Ok(96)]);
    assert_eq!(member.slow_closed.get(), 0);
    assert!(member.sent().is_empty() && member.errors().is_empty());
}

#[test]
fn a_client_that_does_not_keep_up_is_closed_within_the_limit() {
    let (mut member, results) = answering();
    member.world.borrow_mut().egress_is_stuck = true;
    // The consensus module is slow too, so the close is sent a little later.
    member.world.borrow_mut().send_results = [OfferError::BackPressured; 4].into();
    member.append(&session_message(7, 12, b"hello"));
    member.append(&session_message(7, 13, b"again"));
    let before_ns = member.world.borrow().now_ns;
    member.agent.do_work().unwrap();
    let waited_ns = member.world.borrow().now_ns - before_ns;
    assert!(waited_ns <= EGRESS_STALL_LIMIT_NS + 3 * MS, "{waited_ns}");
    assert_eq!(*results.borrow(), [Err(OfferError::SlowConsumer); 2], "what follows does not wait");
    assert_eq!(member.slow_closed.get(), 1);
    assert_eq!(member.errors(), ["a client did not keep up with its egress: its session was closed"]);
    assert!(member.sent().is_empty());
    member.cycles(3).unwrap();
    assert_eq!(member.sent(), [close(7)], "once");
}

#[test]
fn waits_add_up_unless_the_client_takes_enough() {
    for (length, survives) in [(100, false), (64 * 1024, true)] {
        let mut member = Member::joined(LEADER, move |cluster, call| {
            if call == "message" {
                let _ = cluster.offer_to(7, &vec![0; length]);
            }
        });
        member.append(&session_open(7, 11));
        for count in 0..4 {
            // Each message waits for nearly half of the limit.
            member.world.borrow_mut().egress_results = vec![OfferError::BackPressured; 20].into();
            member.append(&session_message(7, 12 + count, b"hello"));
            member.cycles(1).unwrap();
        }
        assert_eq!(member.slow_closed.get(), i64::from(!survives), "messages of {length} bytes");
    }
}

#[test]
fn a_client_that_takes_just_enough_or_comes_again_holds_up_the_log_for_a_share_of_the_time() {
    let to = Rc::new(Cell::new(7));
    let to_of_script = Rc::clone(&to);
    let mut member = Member::joined(LEADER, move |cluster, call| {
        if call == "message" {
            let _ = cluster.offer_to(to_of_script.get(), &vec![0; 64 * 1024]);
        }
    });
    // The first two sessions are one client's: that is in the first two bytes.
    for (id, principal) in [(7, b"me:a"), (8, b"me:b"), (9, b"us:c")] {
        member.append(&session_open_of(id, 11, principal));
    }
    let mut wait_for = |id: i64, ms: usize| {
        to.set(id);
        member.world.borrow_mut().egress_results = vec![OfferError::BackPressured; ms].into();
        member.append(&session_message(id, 12, b"hello"));
        let before_ns = member.world.borrow().now_ns;
        member.agent.do_work().unwrap();
        member.world.borrow_mut().egress_results.clear();
        (member.world.borrow().now_ns - before_ns, member.slow_closed.get())
    };
    let burst_ms = 2 * EGRESS_STALL_LIMIT_NS / MS;
    let mut held_ns = 0;
    let mut messages = 0;
    while messages < burst_ms {
        let (waited_ns, closed) = wait_for(7, 20);
        held_ns += waited_ns;
        messages += 1;
        if closed > 0 {
            break;
        }
    }
    assert!((burst_ms * MS..=burst_ms * MS * 11 / 10).contains(&held_ns), "{held_ns} ns in {messages} messages");
    let (waited_ns, closed) = wait_for(8, 20);
    assert!(waited_ns <= 2 * MS && closed == 2, "the same client's next session: {waited_ns} ns");
    let (waited_ns, closed) = wait_for(9, 20);
    assert!(waited_ns >= 20 * MS && closed == 2, "somebody else's session: {waited_ns} ns");
}

#[test]
fn a_new_leadership_resets_the_waits_of_clients() {
    let (mut member, results) = answering();
    member.world.borrow_mut().egress_is_stuck = true;
    let position = member.append(&session_message(7, 12, b"hello"));
    member.cycles(2).unwrap();
    member.receive(join_log(position, i64::MAX, false, LEADER, false));
    member.open_log(position);
    member.world.borrow_mut().egress_is_stuck = false;
    member.cycles(5).unwrap();
    member.append(&session_message(7, 13, b"hello"));
    member.cycles(1).unwrap();
    assert_eq!(*results.borrow(), [Err(OfferError::SlowConsumer), Ok(96)]);
    assert!(!member.agent.cluster.client_session(7).unwrap().is_closing());
}

#[test]
fn a_disconnected_client_costs_no_time() {
    let (mut member, results) = answering();
    member.append(&session_message(7, 12, b"hello"));
    member.append(&message(22, &[5, 7, 15], &[0], &[]));
    member.append(&session_message(7, 16, b"hello"));
    member.world.borrow_mut().egress_results = [OfferError::NotConnected].into();
    let before_ns = member.world.borrow().now_ns;
    member.agent.do_work().unwrap();
    assert_eq!(member.world.borrow().now_ns, before_ns);
    assert_eq!(*results.borrow(), [Err(OfferError::NotConnected), Err(OfferError::UnknownSession)]);
}

#[test]
fn a_stall_of_the_members_own_driver_closes_no_client() {
    let (mut member, results) = answering();
    member.world.borrow_mut().egress_is_stuck = true;
    member.world.borrow_mut().driver_is_stalled = true;
    // The driver works again after ten times the limit, and the client takes its message at once.
    let after_ns = member.world.borrow().now_ns + 10 * EGRESS_STALL_LIMIT_NS;
    member.world.borrow_mut().driver_works_at_ns = Some(after_ns);
    member.append(&session_message(7, 12, b"hello"));
    member.agent.do_work().unwrap();
    assert_eq!(*results.borrow(), [Ok(96)]);
    assert_eq!(member.slow_closed.get(), 0);
}

#[test]
fn a_driver_that_stands_still_for_good_ends_the_wait_with_the_container() {
    let (mut member, results) = answering();
    member.world.borrow_mut().egress_is_stuck = true;
    member.world.borrow_mut().driver_is_stalled = true;
    let after_ns = member.world.borrow().now_ns + 10 * EGRESS_STALL_LIMIT_NS;
    member.world.borrow_mut().client_closes_at_ns = Some(after_ns);
    member.append(&session_message(7, 12, b"hello"));
    assert!(matches!(member.agent.do_work(), Err(ContainerError::ClientClosed(_))));
    assert_eq!(*results.borrow(), [Err(OfferError::Closed)]);
    assert_eq!(member.slow_closed.get(), 0);
}
