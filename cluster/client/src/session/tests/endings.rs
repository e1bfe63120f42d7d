//! Sessions and clients that end.

use super::*;

#[test]
fn a_session_that_was_never_usable_is_not_reported_as_lost() {
    let mut machine = machine(|_| {}).asked();
    let answer = SessionEvent { leader_member_id: 2, ..event(SessionEventCode::Ok, 100, "") };
    machine.session.on_session_event(&answer, machine.now);
    machine.actions();
    machine.session.on_session_event(&event(SessionEventCode::Closed, 100, "TIMEOUT"), machine.now);
    machine.expect(State::Connecting, &[close(4), open(5, 0), open(6, 1), open(7, 2)]);
}

#[test]
fn a_session_closed_by_the_cluster_is_replaced_after_a_pause() {
    for state in [Machine::connected as fn(Machine) -> Machine, Machine::connecting_to_new_leader] {
        let mut machine = state(machine(|_| {}));
        let ingress = machine.session.open().unwrap().ingress.0;
        let closed = SessionEvent { leadership_term_id: TERM + 1, ..event(SessionEventCode::Closed, 100, "TIMEOUT") };
        machine.session.on_session_event(&closed, machine.now);
        let reason = DisconnectReason::ClosedByCluster("TIMEOUT".into());
        let next = machine.session.outbox.last_ingress();
        machine.expect(
            State::Connecting,
            &[close(ingress), disconnected(reason), open(next - 2, 0), open(next - 1, 1), open(next, 2)],
        );
        machine.ingress_connected(next);
        machine.after(24).expect(State::Connecting, &[]);
        assert!(machine.after(26).actions().contains(&connect(next)));
    }
}

#[test]
fn the_pauses_grow_when_each_session_is_closed_at_once() {
    let mut machine = machine(|_| {}).connected();
    let mut longest = 0;
    for round in 0..8 {
        machine.session.on_session_event(&event(SessionEventCode::Closed, 100, "SERVICE_ACTION"), machine.now);
        let ingress = machine.session.outbox.last_ingress();
        machine.actions();
        machine.ingress_connected(ingress);
        let pause = (0..2000).find(|_| machine.after(1).actions().contains(&connect(ingress))).unwrap();
        longest = longest.max(pause);
        machine.session.on_request_sent(IngressId(ingress), 200 + round, machine.now);
        machine.session.on_session_event(
            &SessionEvent { leader_member_id: 2, ..event(SessionEventCode::Ok, 200 + round, "") },
            machine.now,
        );
        assert_eq!(machine.session.state(), State::Connected);
        machine.actions();
    }
    assert!(longest >= 490, "{longest}");
}

#[test]
fn a_lost_media_driver_ends_the_session_and_all_begins_anew() {
    for (state, reports) in [
        (Machine::connecting as fn(Machine) -> Machine, false),
        (Machine::connected, true),
        (Machine::silent, true),
        (Machine::connecting_to_new_leader, true),
    ] {
        let mut machine = state(machine(|_| {}));
        let expected = [disconnected(DisconnectReason::MediaDriverLost("gone".into()))];
        machine.session.on_media_driver_lost("gone", machine.now);
        machine.expect(State::AwaitMediaDriver, &expected[..usize::from(reports)]);
        machine.after(1000).expect(State::AwaitMediaDriver, &[]);
        machine.session.on_media_driver_ready(machine.now);
        assert_eq!(machine.actions().len(), 3);
        assert_eq!(machine.session.state(), State::Connecting);
    }
}

#[test]
fn without_reconnect_a_lost_session_is_the_end() {
    let never = |context: &mut Context| context.reconnect = Reconnect::Never;
    let mut closed = machine(never).connected();
    closed.session.on_session_event(&event(SessionEventCode::Closed, 100, "TIMEOUT"), closed.now);
    closed.expect(State::Closed, &[close(1), disconnected(DisconnectReason::ClosedByCluster("TIMEOUT".into()))]);
    assert!(matches!(closed.session.take_fatal(), Some(ClientError::Disconnected(_))));

    let mut silent = machine(never).connected();
    silent.after(6500);
    assert_eq!(silent.session.state(), State::Closed);
    assert!(silent.actions().ends_with(&[close(1), disconnected(DisconnectReason::NoNewLeader)]));

    let mut driver = machine(never).connected();
    driver.session.on_media_driver_lost("gone", driver.now);
    driver.expect(State::Closed, &[disconnected(DisconnectReason::MediaDriverLost("gone".into()))]);
    assert!(matches!(driver.session.take_fatal(), Some(ClientError::Disconnected(_))));
}

#[test]
fn the_overall_timeout_ends_the_search_and_names_the_problem() {
    let limited = |context: &mut Context| context.overall_connect_timeout = Some(ms(3000));
    let mut driverless = machine(limited);
    driverless.after(2999).expect(State::AwaitMediaDriver, &[]);
    driverless.after(1).expect(State::Closed, &[]);

    let mut machine = machine(limited).connecting();
    machine.after(3000).expect(State::Closed, &[close(1), close(2), close(3)]);
    let error = machine.session.take_fatal().unwrap().to_string();
    assert!(error.contains("3s") && error.contains("member 1 b:1"), "{error}");
}

#[test]
fn close_tells_the_cluster_when_it_can() {
    let mut open = machine(|_| {}).connected();
    open.session.close();
    open.expect(State::Closed, &[Action::SendClose { ingress: IngressId(1), header: header(TERM) }, close(1)]);
    let mut following = machine(|_| {}).connecting_to_new_leader();
    following.session.close();
    following.expect(State::Closed, &[close(4)]);
    let mut suspicious = machine(|_| {}).silent();
    suspicious.session.close();
    suspicious.expect(
        State::Closed,
        &[Action::SendClose { ingress: IngressId(1), header: header(TERM) }, close(1), close(5), close(6), close(7)],
    );
    suspicious.after(10_000).expect(State::Closed, &[]);
}

#[test]
fn an_exhausted_publication_ends_the_session() {
    let mut machine = machine(|_| {}).connected();
    machine.session.on_ingress_exhausted(IngressId(1), machine.now);
    machine.expect(
        State::Connecting,
        &[close(1), disconnected(DisconnectReason::IngressExhausted), open(4, 0), open(5, 1), open(6, 2)],
    );
}
