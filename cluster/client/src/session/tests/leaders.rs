//! A session that goes from leader to leader.

use super::*;

#[test]
fn a_new_leader_is_followed_from_every_state() {
    type Before = fn(Machine) -> Machine;
    let states: [(Before, Vec<Action>); 3] = [
        (Machine::connected, vec![close(1), open(4, 2)]),
        (Machine::silent, vec![close(5), close(6), close(7), close(1), open(8, 2)]),
        (Machine::connecting_to_new_leader, vec![close(4), open(5, 2)]),
    ];
    for (state, actions) in states {
        let mut machine = state(machine(|_| {}));
        machine.session.on_new_leader(&leader_event(TERM + 2, 2), machine.now);
        machine.expect(State::AwaitNewLeaderConnection, &actions);
        assert_eq!(machine.session.ingress(), None, "nothing is sent before the leader is connected");
        assert_eq!(machine.session.header(), Some(header(TERM + 2)));
        let Some(Action::OpenIngress { ingress, .. }) = actions.last() else { panic!("no ingress") };
        machine.after(100).expect(State::AwaitNewLeaderConnection, &[]);
        machine.session.on_ingress_connected(*ingress, machine.now);
        machine.expect(State::AwaitNewLeaderConnection, &[keep_alive(ingress.0, TERM + 2)]);
        machine.after(1).expect(State::AwaitNewLeaderConnection, &[keep_alive(ingress.0, TERM + 2)]);
        machine.session.on_keep_alive_sent(*ingress, machine.now);
        machine.expect(State::Connected, &[new_leader(TERM + 2, 2)]);
        assert_eq!(machine.session.ingress(), Some((*ingress, header(TERM + 2))));
        assert_eq!(machine.session.leader_member_id(), Some(2));
    }
}

#[test]
fn leaders_of_the_past_and_of_other_sessions_are_ignored() {
    for stale in [
        leader_event(TERM, 1),
        leader_event(TERM - 1, 1),
        NewLeaderEvent { cluster_session_id: SESSION + 1, ..leader_event(TERM + 1, 1) },
    ] {
        let mut machine = machine(|_| {}).connected();
        machine.session.on_new_leader(&stale, machine.now);
        machine.expect(State::Connected, &[]);
    }
    let mut machine = machine(|_| {}).asked();
    machine.session.on_new_leader(&leader_event(TERM + 1, 1), machine.now);
    machine.expect(State::Connecting, &[]);
}

#[test]
fn ok_in_a_new_term_is_a_new_leader_and_the_event_that_follows_is_no_second_one() {
    let mut machine = machine(|_| {}).connected();
    let ok = SessionEvent { leadership_term_id: TERM + 1, leader_member_id: 1, ..event(SessionEventCode::Ok, 100, "") };
    machine.session.on_session_event(&ok, machine.now);
    machine.expect(State::AwaitNewLeaderConnection, &[close(1), open(4, 1)]);
    machine.session.on_new_leader(&leader_event(TERM + 1, 1), machine.now);
    machine.expect(State::AwaitNewLeaderConnection, &[]);
    let ok_again = event(SessionEventCode::Ok, 100, "");
    machine.session.on_session_event(&ok_again, machine.now);
    machine.expect(State::AwaitNewLeaderConnection, &[]);
}

#[test]
fn a_new_leader_without_a_known_endpoint_is_looked_for() {
    let mut machine = machine(|_| {}).connected();
    let event = NewLeaderEvent { ingress_endpoints: "garbage", ..leader_event(TERM + 1, 9) };
    machine.session.on_new_leader(&event, machine.now);
    machine.expect(State::AwaitNewLeader, &[open(4, 0), open(5, 1), open(6, 2)]);
}

#[test]
fn a_new_leader_that_cannot_be_connected_is_given_up_in_time() {
    let mut machine = machine(|_| {}).connecting_to_new_leader();
    machine.after(4999).expect(State::AwaitNewLeaderConnection, &[]);
    machine.after(1).expect(State::AwaitNewLeader, &[open(5, 0), open(6, 1), open(7, 2)]);
}

#[test]
fn ingress_to_a_new_leader_that_cannot_be_added_is_tried_again_until_the_message_timeout() {
    type Loss = fn(&mut Machine, u64);
    let failed: Loss = |machine, ingress| {
        machine.session.on_ingress_failed(IngressId(ingress), "unknown host", machine.now);
        machine.expect(State::AwaitNewLeaderConnection, &[]);
        let problem = machine.session.problem().unwrap().to_string();
        assert!(problem.contains("member 1 b:1") && problem.contains("unknown host"), "{problem}");
    };
    let lost: Loss = |machine, ingress| {
        machine.ingress_lost(ingress);
        machine.expect(State::AwaitNewLeaderConnection, &[close(ingress)]);
    };
    for loss in [failed, lost] {
        let mut machine = machine(|_| {}).connecting_to_new_leader();
        for (ingress, pause) in [(4, 50), (5, 100), (6, 200), (7, 400)] {
            loss(&mut machine, ingress);
            let reopened = (0..=pause).any(|_| machine.after(1).actions() == [open(ingress + 1, 1)]);
            assert!(reopened, "not within {pause} ms");
        }
        machine.ingress_connected(8);
        machine.expect(State::AwaitNewLeaderConnection, &[keep_alive(8, TERM + 1)]);
        machine.session.on_keep_alive_sent(IngressId(8), machine.now);
        machine.expect(State::Connected, &[new_leader(TERM + 1, 1)]);
    }

    let mut machine = machine(|_| {}).connecting_to_new_leader();
    while machine.now < ms(5000) {
        let ingress = machine.session.open().unwrap().ingress;
        machine.session.on_ingress_failed(ingress, "unknown host", machine.now);
        machine.after(1);
    }
    assert_eq!(machine.session.state(), State::AwaitNewLeader);
}

#[test]
fn a_new_leader_that_connects_late_is_reported_all_the_same() {
    let mut machine = machine(|_| {}).connecting_to_new_leader();
    machine.after(5001);
    assert_eq!(machine.session.ingress(), None);
    machine.actions();
    machine.ingress_connected(4);
    assert!(machine.session.on_message(SESSION, machine.now));
    let actions = machine.actions();
    assert_eq!(actions.last(), Some(&new_leader(TERM + 1, 1)));
    assert_eq!(machine.session.ingress(), Some((IngressId(4), header(TERM + 1))));
}

#[test]
fn a_new_leader_on_this_host_is_reached_by_ipc_or_else_by_the_network() {
    let mut machine = machine(|context| context.ipc_member = Some(2));
    machine.session.on_media_driver_ready(machine.now);
    machine.actions();
    machine.ingress_connected(2);
    machine.session.on_request_sent(IngressId(2), 100, machine.now);
    machine.session.on_session_event(&event(SessionEventCode::Ok, 100, ""), machine.now);
    machine.actions();
    machine.session.on_new_leader(&leader_event(TERM + 1, 2), machine.now);
    let ipc = Target { member: Some(2), route: Route::Ipc };
    machine.expect(State::AwaitNewLeaderConnection, &[close(2), opened(5, ipc)]);
    machine.after(100).expect(State::AwaitNewLeaderConnection, &[close(5), open(6, 2)]);
}
