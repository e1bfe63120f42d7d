//! Egress images that are closed.

use super::*;

#[test]
fn the_loss_of_the_leaders_image_is_the_loss_of_the_session_and_egress_begins_anew() {
    let mut machine = machine(|_| {}).connected();
    machine.session.on_egress_closed(ClosedEgress::LeaderLost, machine.now);
    machine.expect(
        State::Connecting,
        &[
            Action::SendClose { ingress: IngressId(1), header: header(TERM) },
            close(1),
            disconnected(DisconnectReason::EgressLost),
            open(4, 0),
            open(5, 1),
            open(6, 2),
            Action::RenewEgress,
        ],
    );
    machine.ingress_connected(4);
    assert!(machine.after(100).actions().contains(&connect(4)));
}

#[test]
fn requests_that_a_lost_subscription_cannot_hear_the_answer_of_are_asked_again() {
    let mut machine = machine(|_| {}).silent();
    machine.ingress_connected(6);
    machine.session.on_request_sent(IngressId(6), 200, machine.now);
    machine.actions();
    machine.session.on_egress_closed(ClosedEgress::LeaderLost, machine.now);
    let actions = machine.actions();
    assert_eq!(actions.iter().filter(|action| **action == Action::RenewEgress).count(), 1);
    assert!(!actions.iter().any(|action| matches!(action, Action::OpenIngress { .. })), "ingress stays: {actions:?}");
    assert!(machine.after(100).actions().contains(&connect(6)));
}

#[test]
fn a_leader_that_ends_its_stream_is_followed_by_another() {
    let mut machine = machine(|_| {}).connected();
    machine.session.on_egress_closed(ClosedEgress::LeaderEnded, machine.now);
    machine.expect(State::AwaitNewLeader, &[]);
    assert_eq!(machine.session.ingress(), Some((IngressId(1), header(TERM))));
    machine.after(300);
    machine.actions();
    machine.session.on_new_leader(&leader_event(TERM + 1, 1), machine.now);
    machine.expect(State::AwaitNewLeaderConnection, &[close(1), open(4, 1)]);
}

#[test]
fn the_image_of_another_member_costs_no_session() {
    let mut machine = machine(|_| {}).connected();
    machine.session.on_egress_closed(ClosedEgress::OtherLost, machine.now);
    machine.expect(State::Connected, &[]);
    // That member would not be heard again, so a session that is lost later is looked for with another subscription.
    machine.session.on_session_event(&event(SessionEventCode::Closed, 100, "TIMEOUT"), machine.now);
    assert_eq!(machine.actions().last(), Some(&Action::RenewEgress));
}

#[test]
fn without_a_session_a_lost_image_renews_egress_at_once_and_only_once() {
    let mut machine = machine(|_| {}).asked();
    machine.session.on_egress_closed(ClosedEgress::OtherLost, machine.now);
    machine.expect(State::Connecting, &[Action::RenewEgress]);
    assert!(machine.after(100).actions().contains(&connect(1)), "the first request cannot be answered any more");
    machine.session.on_request_sent(IngressId(1), 101, machine.now);
    machine.session.on_session_event(&event(SessionEventCode::Ok, 101, ""), machine.now);
    machine.expect(State::Connected, &[close(2), close(3), connected(SESSION, TERM, 0)]);
    machine.session.on_session_event(&event(SessionEventCode::Closed, 101, "TIMEOUT"), machine.now);
    assert!(!machine.actions().contains(&Action::RenewEgress));
}

#[test]
fn without_reconnect_the_loss_of_the_leaders_image_is_the_end() {
    let mut machine = machine(|context| context.reconnect = Reconnect::Never).connected();
    machine.session.on_egress_closed(ClosedEgress::LeaderLost, machine.now);
    assert_eq!(machine.session.state(), State::Closed);
    assert!(matches!(machine.session.take_fatal(), Some(ClientError::Disconnected(_))));
}
