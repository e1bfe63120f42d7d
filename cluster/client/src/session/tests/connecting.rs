//! From nothing to a session.

use super::*;

#[test]
fn nothing_happens_before_there_is_a_media_driver() {
    let mut machine = machine(|_| {});
    machine.after(10_000).expect(State::AwaitMediaDriver, &[]);
    machine.connecting();
}

#[test]
fn the_first_member_that_is_connected_is_asked() {
    let mut machine = machine(|_| {}).connecting();
    machine.after(3000).expect(State::Connecting, &[]);
    assert!(
        matches!(machine.session.problem(), Some(ConnectProblem::NotReachable(members)) if members.contains("c:1"))
    );
    machine.ingress_connected(2);
    machine.after(2).expect(State::Connecting, &[connect(2)]);
    machine.after(1).expect(State::Connecting, &[connect(2)]);
    machine.session.on_request_sent(IngressId(2), 100, machine.now);
    machine.ingress_connected(1);
    machine.after(5).expect(State::Connecting, &[]);
}

#[test]
fn answers_to_a_connect_request() {
    use SessionEventCode::*;
    type Answer = (SessionEvent<'static>, State, Vec<Action>, Option<ClientError>);
    let all_closed = || vec![close(1), close(2), close(3)];
    let answers: Vec<Answer> = vec![
        (event(Ok, 100, ""), State::Connected, vec![close(2), close(3), connected(SESSION, TERM, 0)], None),
        (event(Ok, 99, ""), State::Connecting, vec![], None),
        (event(Error, 99, "concurrent session limit"), State::Connecting, vec![], None),
        (event(Error, 100, "concurrent session limit"), State::Connecting, vec![], None),
        (event(Error, 100, "something else"), State::Connecting, vec![], None),
        (event(Closed, 100, "election"), State::Connecting, vec![], None),
        (event(Unknown, 100, ""), State::Connecting, vec![], None),
        (
            event(AuthenticationRejected, 100, "who are you"),
            State::Closed,
            all_closed(),
            Some(ClientError::AuthenticationRejected("who are you".into())),
        ),
        (
            event(Error, 100, "invalid client version 0.3.0, cluster is 1.0.0"),
            State::Closed,
            all_closed(),
            Some(ClientError::IncompatibleVersion("invalid client version 0.3.0, cluster is 1.0.0".into())),
        ),
        (
            SessionEvent { version: Some(1 << 16), ..event(Ok, 100, "") },
            State::Closed,
            all_closed(),
            Some(ClientError::IncompatibleVersion("its major version is 1, this client's is 0".into())),
        ),
        (
            SessionEvent { version: None, ..event(Ok, 100, "") },
            State::Connected,
            vec![close(2), close(3), connected(SESSION, TERM, 0)],
            None,
        ),
    ];
    for (answer, state, actions, fatal) in answers {
        let mut machine = machine(|_| {}).asked();
        machine.session.on_session_event(&answer, machine.now);
        machine.expect(state, &actions);
        assert_eq!(machine.session.take_fatal(), fatal, "{answer:?}");
    }
}

#[test]
fn refusals_are_named_and_asked_again_after_a_back_off() {
    let mut machine = machine(|_| {}).asked();
    for (correlation_id, shortest) in [(100, 25), (101, 50), (102, 100), (103, 200), (104, 400), (105, 500), (106, 500)]
    {
        machine
            .session
            .on_session_event(&event(SessionEventCode::Error, correlation_id, "concurrent session limit"), machine.now);
        assert!(matches!(machine.session.problem(), Some(ConnectProblem::SessionLimit(_))));
        machine.after(shortest - 1).expect(State::Connecting, &[]);
        let asked = (0..=shortest + 1).any(|_| machine.after(1).actions() == [connect(1)]);
        assert!(asked, "not within twice {shortest} ms");
        machine.session.on_request_sent(IngressId(1), correlation_id + 1, machine.now);
    }
}

#[test]
fn a_challenge_is_answered_and_its_answer_followed() {
    let mut machine = machine(|_| {}).asked();
    machine.session.on_challenge(99, SESSION, b"stale", machine.now);
    machine.expect(State::Connecting, &[]);
    machine.after(900);
    machine.session.on_challenge(100, SESSION, b"prove it", machine.now);
    let response = Action::SendChallengeResponse {
        ingress: IngressId(1),
        cluster_session_id: SESSION,
        encoded_challenge: b"prove it".to_vec(),
    };
    machine.expect(State::Connecting, std::slice::from_ref(&response));
    machine.after(1).expect(State::Connecting, &[response]);
    machine.session.on_request_sent(IngressId(1), 101, machine.now);
    machine.session.on_session_event(&event(SessionEventCode::Ok, 100, ""), machine.now);
    machine.after(900).expect(State::Connecting, &[]);
    machine.session.on_session_event(&event(SessionEventCode::Ok, 101, ""), machine.now);
    machine.expect(State::Connected, &[close(2), close(3), connected(SESSION, TERM, 0)]);
}

/// An old and a new leader challenge the client for sessions of the same number.
#[test]
fn of_two_answered_challenges_that_of_the_open_session_is_known() {
    for opened in [201, 202] {
        let mut machine = machine(|_| {}).asked();
        machine.session.on_challenge(100, SESSION, b"old leader", machine.now);
        machine.session.on_request_sent(IngressId(1), 201, machine.now);
        machine.ingress_connected(2);
        machine.after(1_000).actions();
        machine.session.on_request_sent(IngressId(2), 101, machine.now);
        machine.session.on_challenge(101, SESSION, b"new leader", machine.now);
        machine.session.on_request_sent(IngressId(2), 202, machine.now);
        assert_eq!(machine.session.correlation_id(), None);
        machine.session.on_session_event(&event(SessionEventCode::Ok, opened, ""), machine.now);
        assert_eq!(
            machine.session.state(),
            if opened == 201 { State::Connected } else { State::AwaitNewLeaderConnection }
        );
        assert_eq!(machine.session.correlation_id(), Some(opened));
    }
}

#[test]
fn a_redirect_is_followed_at_once_when_the_leader_is_connected() {
    let mut machine = machine(|_| {}).asked();
    machine.ingress_connected(3);
    let redirect = SessionEvent { leader_member_id: 2, ..event(SessionEventCode::Redirect, 100, ENDPOINTS) };
    machine.session.on_session_event(&redirect, machine.now);
    machine.expect(State::Connecting, &[connect(3)]);
}

#[test]
fn a_redirect_to_an_unknown_endpoint_opens_it_and_waits_for_it() {
    let mut machine = machine(|context| context.ingress_endpoints.truncate(1));
    machine.session.on_media_driver_ready(machine.now);
    machine.expect(State::Connecting, &[open(1, 0)]);
    machine.ingress_connected(1);
    machine.session.on_request_sent(IngressId(1), 100, machine.now);
    machine.expect(State::Connecting, &[connect(1)]);
    let redirect = SessionEvent { leader_member_id: 1, ..event(SessionEventCode::Redirect, 100, "0=a:1,1=b:1") };
    machine.session.on_session_event(&redirect, machine.now);
    machine.expect(State::Connecting, &[open(2, 1)]);
    machine.after(500).expect(State::Connecting, &[]);
    machine.ingress_connected(2);
    machine.expect(State::Connecting, &[connect(2)]);
}

#[test]
fn a_leader_that_cannot_be_reached_is_not_waited_for_longer_than_the_connect_timeout() {
    let mut machine = machine(|_| {}).asked();
    machine.ingress_connected(2);
    let redirect = SessionEvent { leader_member_id: 2, ..event(SessionEventCode::Redirect, 100, ENDPOINTS) };
    machine.session.on_session_event(&redirect, machine.now);
    machine.after(999).expect(State::Connecting, &[]);
    machine.after(1).expect(State::Connecting, &[connect(2)]);
    assert!(matches!(machine.session.problem(), Some(ConnectProblem::NoLeader(_))));
}

#[test]
fn members_that_redirect_to_each_other_are_not_asked_without_pause() {
    let mut machine = machine(|_| {}).asked();
    machine.ingress_connected(2);
    for correlation_id in 100..103 {
        let leader_member_id = i32::try_from((correlation_id + 1) % 2).unwrap();
        let redirect =
            SessionEvent { leader_member_id, ..event(SessionEventCode::Redirect, correlation_id, ENDPOINTS) };
        machine.session.on_session_event(&redirect, machine.now);
        let ingress = u64::try_from(leader_member_id).unwrap() + 1;
        machine.expect(State::Connecting, &[connect(ingress)]);
        machine.session.on_request_sent(IngressId(ingress), correlation_id + 1, machine.now);
    }
    let redirect = SessionEvent { leader_member_id: 0, ..event(SessionEventCode::Redirect, 103, ENDPOINTS) };
    machine.session.on_session_event(&redirect, machine.now);
    machine.after(24).expect(State::Connecting, &[]);
}

#[test]
fn a_member_that_does_not_answer_gets_a_new_publication_and_the_next_one_is_asked() {
    let mut machine = machine(|_| {}).asked();
    machine.ingress_connected(2);
    machine.after(999).expect(State::Connecting, &[]);
    machine.after(1).expect(State::Connecting, &[connect(2)]);
    machine.session.on_request_sent(IngressId(2), 101, machine.now);
    machine.after(3999).expect(State::Connecting, &[]);
    machine.after(1).expect(State::Connecting, &[close(1), open(4, 0)]);
    assert_eq!(machine.session.problem(), Some(&ConnectProblem::NoAnswer("member 0 a:1".into())));
}

#[test]
fn a_member_that_takes_its_time_is_asked_once_and_its_publication_kept() {
    let mut machine = machine(|_| {}).asked();
    machine.after(4900).expect(State::Connecting, &[]);
    machine.session.on_session_event(&event(SessionEventCode::Ok, 100, ""), machine.now);
    machine.expect(State::Connected, &[close(2), close(3), connected(SESSION, TERM, 0)]);
}

#[test]
fn a_leader_that_is_asked_already_is_not_asked_again_for_a_redirect_to_it() {
    let mut machine = machine(|_| {}).asked();
    machine.ingress_connected(2);
    for correlation_id in 101..105 {
        machine.after(1000).expect(State::Connecting, &[connect(2)]);
        machine.session.on_request_sent(IngressId(2), correlation_id, machine.now);
        let redirect = event(SessionEventCode::Redirect, correlation_id, ENDPOINTS);
        machine.session.on_session_event(&redirect, machine.now);
        machine.expect(State::Connecting, &[]);
    }
    assert_eq!(machine.session.problem(), None);
    machine.session.on_session_event(&event(SessionEventCode::Ok, 100, ""), machine.now);
    machine.expect(State::Connected, &[close(2), close(3), connected(SESSION, TERM, 0)]);
}

#[test]
fn a_request_that_cannot_be_sent_does_not_hold_up_the_others() {
    let mut machine = machine(|_| {}).connecting();
    machine.ingress_connected(1);
    machine.ingress_connected(2);
    machine.after(999);
    assert!(machine.actions().iter().all(|action| *action == connect(1)));
    machine.after(1).expect(State::Connecting, &[close(1), open(4, 0)]);
    assert!(machine.after(50).actions().contains(&connect(2)));
}

#[test]
fn a_missing_answer_to_egress_on_loopback_comes_with_a_hint() {
    let on_loopback = |context: &mut Context| context.egress_channel = "aeron:udp?endpoint=127.0.0.1:0".into();
    let mut machine = machine(on_loopback).asked();
    machine.after(5000);
    let problem = machine.session.problem().unwrap().to_string();
    assert!(problem.contains("member 0 a:1") && problem.contains("on loopback"), "{problem}");
}

#[test]
fn a_lost_publication_is_replaced() {
    let mut machine = machine(|_| {}).asked();
    machine.ingress_lost(1);
    machine.expect(State::Connecting, &[close(1)]);
    machine.after(49).expect(State::Connecting, &[]);
    machine.after(1).expect(State::Connecting, &[open(4, 0)]);
    machine.session.on_ingress_failed(IngressId(4), "unknown host", machine.now);
    assert!(
        matches!(machine.session.problem(), Some(ConnectProblem::Ingress { reason, .. }) if reason == "unknown host")
    );
    machine.after(999).expect(State::Connecting, &[]);
    machine.after(1).expect(State::Connecting, &[open(5, 0)]);
}

#[test]
fn an_answer_by_another_leader_than_the_one_asked_is_followed_there() {
    let mut machine = machine(|_| {}).asked();
    let answer = SessionEvent { leader_member_id: 2, ..event(SessionEventCode::Ok, 100, "") };
    machine.session.on_session_event(&answer, machine.now);
    machine.expect(State::AwaitNewLeaderConnection, &[close(1), close(2), close(3), open(4, 2)]);
    machine.ingress_connected(4);
    machine.session.on_keep_alive_sent(IngressId(4), machine.now);
    machine.expect(State::Connected, &[keep_alive(4, TERM), connected(SESSION, TERM, 2)]);
}

#[test]
fn a_late_session_is_welcome_while_there_is_none() {
    let mut machine = machine(|_| {}).asked();
    machine.after(5000).expect(State::Connecting, &[close(1), open(4, 0)]);
    machine.session.on_session_event(&event(SessionEventCode::Ok, 100, ""), machine.now);
    machine.expect(State::AwaitNewLeaderConnection, &[close(4), close(2), close(3), open(5, 0)]);
    machine.ingress_connected(5);
    machine.session.on_keep_alive_sent(IngressId(5), machine.now);
    machine.expect(State::Connected, &[keep_alive(5, TERM), connected(SESSION, TERM, 0)]);
}

#[test]
fn a_late_session_is_closed_when_there_is_another() {
    let mut machine = machine(|_| {}).silent();
    machine.ingress_connected(6);
    machine.expect(State::AwaitNewLeader, &[connect(6)]);
    machine.session.on_request_sent(IngressId(6), 200, machine.now);
    assert!(machine.session.on_message(SESSION, machine.now));
    machine.expect(State::Connected, &[close(5), close(6), close(7)]);
    let late = SessionEvent { cluster_session_id: 43, ..event(SessionEventCode::Ok, 200, "") };
    machine.session.on_session_event(&late, machine.now);
    let header = SessionHeader { leadership_term_id: TERM, cluster_session_id: 43 };
    machine.expect(State::Connected, &[Action::SendClose { ingress: IngressId(1), header }]);
    machine.session.on_session_event(&late, machine.now);
    machine.expect(State::Connected, &[]);
}

#[test]
fn ipc_is_preferred_while_its_member_leads_and_not_waited_for_long() {
    let ipc = || opened(1, Target { member: Some(0), route: Route::Ipc });
    let start = || {
        let mut machine = machine(|context| context.ipc_member = Some(0));
        machine.session.on_media_driver_ready(machine.now);
        machine.expect(State::Connecting, &[ipc(), open(2, 0), open(3, 1), open(4, 2)]);
        machine
    };
    let mut by_ipc = start();
    by_ipc.ingress_connected(2);
    by_ipc.after(50).expect(State::Connecting, &[]);
    by_ipc.ingress_connected(1);
    by_ipc.expect(State::Connecting, &[connect(1)]);

    let mut not_allowed = start();
    not_allowed.ingress_connected(2);
    not_allowed.after(100).expect(State::Connecting, &[connect(2)]);

    let mut another_member = start();
    another_member.ingress_connected(3);
    another_member.expect(State::Connecting, &[connect(3)]);
}
