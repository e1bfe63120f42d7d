//! The end of a service, whether the consensus module asked for it or not.

use super::*;

#[test]
fn it_ends_at_the_position_that_the_consensus_module_gives() {
    let mut member = Member::joined(LEADER, nothing);
    let position = member.append(&session_message(7, 12, b"last"));
    member.world.borrow_mut().commit(0);
    member.receive(message(42, &[position], &[], &[]));
    assert_eq!(member.cycles(3).unwrap(), Progress::Work(0), "not there yet");
    member.world.borrow_mut().commit(position);
    member.world.borrow_mut().send_results = [OfferError::BackPressured].into();
    assert_eq!(member.cycles(5).unwrap(), Progress::Ended(Termination::Cluster));
    assert_eq!(member.calls(), ["message 7 last @12", "terminate"]);
    assert_eq!(member.sent(), [ack(position, 12, 2, -1)]);
    member.agent.close();
    assert!(member.calls().is_empty(), "terminated once");
}

#[test]
fn the_end_does_not_wait_for_a_consensus_module_that_does_not_take_its_ack() {
    let mut member = Member::joined(LEADER, nothing);
    member.receive(message(42, &[0], &[], &[]));
    member.world.borrow_mut().send_results = [OfferError::BackPressured; 20].into();
    assert_eq!(member.cycles(10).unwrap(), Progress::Ended(Termination::Cluster));
    assert_eq!(member.world.borrow().send_results.len(), 15);
    assert_eq!(member.errors(), ["cannot tell the consensus module of the end: back pressured"]);
}

#[test]
fn a_position_to_end_at_that_has_passed_is_an_error_after_its_ack() {
    let mut member = Member::joined(LEADER, nothing);
    let position = member.append(&session_message(7, 12, b"more"));
    member.cycles(1).unwrap();
    member.receive(message(42, &[position - 32], &[], &[]));
    let error = member.cycles(3).unwrap_err();
    assert!(matches!(error, ContainerError::TerminationPassed { .. }), "{error}");
    assert_eq!(member.sent(), [ack(position, 12, 2, -1)]);
}

#[test]
fn an_ack_that_is_asked_for_is_given_at_its_position() {
    let mut member = Member::joined(FOLLOWER, nothing);
    let position = member.append(&session_message(7, 12, b"a"));
    member.world.borrow_mut().commit(0);
    member.receive(message(108, &[position], &[], &[]));
    member.cycles(3).unwrap();
    assert!(member.sent().is_empty());
    member.world.borrow_mut().commit(position);
    member.cycles(4).unwrap();
    assert_eq!(member.sent(), [ack(position, 12, 2, -1)]);
    assert!(member.errors().is_empty());
}

#[test]
fn without_consensus_module_or_client_it_ends() {
    let mut member = Member::joined(LEADER, nothing);
    member.world.borrow_mut().counters.remove(&COMMIT_POSITION_TYPE_ID);
    assert!(matches!(member.cycles(1), Err(ContainerError::ConsensusModuleGone)));
    member.agent.close();
    assert_eq!(member.calls(), ["terminate"]);

    let mut member = Member::joined(LEADER, nothing);
    member.world.borrow_mut().add_commit_position(0);
    if let Some((counter, _)) = member.world.borrow_mut().counters.get_mut(&COMMIT_POSITION_TYPE_ID) {
        counter.registration_id += 1;
    }
    assert!(matches!(member.cycles(1), Err(ContainerError::ConsensusModuleGone)), "another's counter by now");

    let mut member = Member::joined(LEADER, nothing);
    member.world.borrow_mut().client_closed = true;
    let error = member.cycles(1).unwrap_err();
    assert!(error.to_string().ends_with("driver gone"), "{error}");
}

#[test]
fn an_end_inside_a_callback_is_noticed_after_it() {
    let world: Rc<RefCell<Option<SharedWorld>>> = Rc::default();
    let world_of_script = Rc::clone(&world);
    let mut member = Member::joined(LEADER, move |cluster, call| {
        if call == "message" {
            if let Some(world) = world_of_script.borrow().as_ref() {
                world.borrow_mut().client_closed = true;
            }
            cluster.idle(0);
            assert_eq!(cluster.offer(b"x"), Err(OfferError::Closed));
        }
    });
    *world.borrow_mut() = Some(Rc::clone(&member.world));
    member.append(&session_message(7, 12, b"a"));
    member.append(&session_message(7, 13, b"b"));
    assert!(matches!(member.cycles(1), Err(ContainerError::ClientClosed(_))));
    assert_eq!(member.calls(), ["message 7 a @12"]);
}

#[test]
fn the_mark_file_is_kept_alive_every_second() {
    let mut member = Member::joined(FOLLOWER, nothing);
    member.world.borrow_mut().keep_alives.clear();
    let begin_ms = member.world.borrow().now_ns / MS;
    member.cycles(1500).unwrap();
    let times = &member.world.borrow().keep_alives;
    assert_eq!(times.len(), 3, "{times:?}");
    assert!(times.iter().all(|time| *time > begin_ms) && times.windows(2).all(|pair| pair[1] - pair[0] == 1000));
}

#[test]
fn a_consensus_module_that_is_closing_itself_gets_no_ack() {
    // Version 17 of the schema: `ackRequired` after the position.
    let termination = |ack_required: i32| {
        let mut message = message(42, &[0], &[ack_required], &[]);
        message[6] = 17;
        message
    };
    for (ack_required, acks) in [(0, 0), (1, 1)] {
        let mut member = Member::joined(LEADER, nothing);
        member.receive(termination(ack_required));
        assert_eq!(member.cycles(3).unwrap(), Progress::Ended(Termination::Cluster), "ack required: {ack_required}");
        assert_eq!(member.calls(), ["terminate"]);
        assert_eq!(member.sent().len(), acks);
    }
    let mut member = Member::joined(LEADER, nothing);
    let position = member.append(&session_message(7, 12, b"more"));
    member.cycles(1).unwrap();
    member.receive(termination(0));
    let error = member.cycles(3).unwrap_err();
    assert!(matches!(error, ContainerError::TerminationPassed { log_position, .. } if log_position == position));
    assert!(member.sent().is_empty());
}
