//! Calls of the service that send, and callbacks in which they are not allowed.

use super::*;

#[test]
fn only_the_leader_sends_egress_and_all_members_send_to_the_consensus_module() {
    for (role, egress) in [(LEADER, 1), (FOLLOWER, 0)] {
        let mut member = Member::joined(role, move |cluster, call| {
            if call == "message" {
                let position = cluster.offer_to(7, b"answer").unwrap();
                assert_eq!(position, if role == LEADER { 96 } else { MOCKED_OFFER });
                assert!(cluster.schedule_timer(1, 2) && cluster.cancel_timer(3));
                assert!(cluster.offer(b"own").is_ok());
                assert!(cluster.close_client_session(7) && cluster.close_client_session(7));
                assert!(!cluster.close_client_session(8));
                assert!(cluster.client_session(7).is_some_and(ClientSession::is_closing));
            }
        });
        member.append(&new_term(5, 10, 0, 1 << 16));
        member.append(&session_open(7, 11));
        member.append(&session_message(7, 12, b"hello"));
        member.cycles(1).unwrap();
        let answer = [message(1, &[5, 7, 12], &[], &[]), b"answer".to_vec()].concat();
        assert_eq!(member.world.borrow().egress, vec![answer; egress]);
        let own = [message(1, &[5, 0, 12], &[], &[]), b"own".to_vec()].concat();
        assert_eq!(member.sent(), [message(31, &[1, 2], &[], &[]), message(32, &[3], &[], &[]), own, close(7)]);
    }
}

#[test]
fn the_service_waits_out_back_pressure_of_the_consensus_module() {
    let mut member = Member::joined(LEADER, |cluster, call| match (call, cluster.time()) {
        ("message", 12) => {
            assert!(!cluster.schedule_timer(1, 2));
            cluster.idle(0);
            assert!(cluster.schedule_timer(1, 2));
        }
        ("message", _) => assert_eq!(cluster.offer(b"own"), Err(OfferError::BackPressured)),
        _ => {}
    });
    for time in [12, 13] {
        member.world.borrow_mut().send_results = [OfferError::BackPressured].into();
        member.append(&session_message(7, time, b"hello"));
        member.cycles(1).unwrap();
    }
    assert_eq!(member.sent(), [message(31, &[1, 2], &[], &[])]);
}

#[test]
fn loops_in_the_service_end_when_the_consensus_module_has_ended() {
    let mut member = Member::joined(LEADER, |cluster, call| {
        if call == "message" {
            while !cluster.schedule_timer(1, 2) {
                cluster.idle(0);
            }
            assert_eq!(cluster.offer(b"own"), Err(OfferError::Closed));
            assert_eq!(cluster.offer_to(7, b"answer"), Err(OfferError::Closed));
        }
    });
    member.world.borrow_mut().send_results = [OfferError::BackPressured, OfferError::Closed].into();
    member.append(&session_message(7, 12, b"hello"));
    member.append(&session_message(7, 13, b"not told"));
    let error = member.cycles(1).unwrap_err();
    assert!(matches!(error, ContainerError::ControlPublication { error: OfferError::Closed }), "{error}");
    assert_eq!(member.calls(), ["message 7 hello @12"]);
}

#[test]
fn sending_from_a_role_change_ends_the_container() {
    let mut member = Member::joined(LEADER, |cluster, call| {
        if call == "role" && cluster.role() == Role::Follower {
            assert_eq!(cluster.offer_to(7, b"bye"), Err(OfferError::NotAllowed));
        }
    });
    member.log().borrow_mut().has_ended = true;
    let error = member.cycles(2).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the service called offer_to from on_role_change, where nothing may be sent and no timer scheduled"
    );
}

#[test]
fn parts_become_one_message_and_too_many_are_refused_on_every_member() {
    for role in [LEADER, FOLLOWER] {
        let mut member = Member::joined(role, move |cluster, call| {
            if call == "message" {
                let seven = [&b"a"[..], b"", b"bc", b"d", b"e", b"f", b"g"];
                assert_eq!(seven.len(), MAX_OFFER_PARTS);
                assert!(cluster.offer_to_parts(7, &seven).is_ok() && cluster.offer_parts(&seven).is_ok());
                assert!(cluster.offer_to_parts(7, &[]).is_ok());
                let error = Err(OfferError::TooManyParts { parts: 8, maximum: 7 });
                assert_eq!(cluster.offer_to_parts(7, &[&b""[..]; 8]), error);
                assert_eq!(cluster.offer_parts(&[&b""[..]; 8]), error);
            }
        });
        member.append(&new_term(5, 10, 0, 1 << 16));
        member.append(&session_open(7, 11));
        member.append(&session_message(7, 12, b"hello"));
        member.cycles(1).unwrap();
        let sent = |session, payload: &[u8]| [message(1, &[5, session, 12], &[], &[]), payload.to_vec()].concat();
        let egress = if role == LEADER { vec![sent(7, b"abcdefg"), sent(7, b"")] } else { Vec::new() };
        assert_eq!(member.world.borrow().egress, egress);
        assert_eq!(member.sent(), [sent(0, b"abcdefg")]);
    }
}
