//! Keep-alives, probes, the watchdog, and time-outs.

use super::*;

#[test]
fn keep_alives_go_out_at_their_interval_and_again_when_they_could_not() {
    let mut machine = machine(|context| {
        context.watchdog = ms(60_000);
        context.keep_alive_interval = ms(1000);
    })
    .connected();
    machine.after(999).expect(State::Connected, &[]);
    machine.after(2).expect(State::Connected, &[keep_alive(1, TERM)]);
    machine.after(1).expect(State::Connected, &[keep_alive(1, TERM)]);
    machine.session.on_keep_alive_sent(IngressId(1), machine.now);
    machine.after(999).expect(State::Connected, &[]);
    machine.after(1).expect(State::Connected, &[keep_alive(1, TERM)]);
}

#[test]
fn a_silent_session_is_probed_and_then_replaced_when_a_new_one_is_open() {
    let mut machine = machine(|_| {}).connected();
    machine.after(499).expect(State::Connected, &[]);
    machine.after(1).expect(State::Connected, &[probe(1)]);
    machine.after(499).expect(State::Connected, &[]);
    machine.after(1).expect(State::Connected, &[probe(1)]);
    machine.after(500).expect(State::AwaitNewLeader, &[probe(1), open(4, 0), open(5, 1), open(6, 2)]);
    assert_eq!(machine.session.ingress(), Some((IngressId(1), header(TERM))), "the old session is still usable");
    machine.ingress_connected(5);
    machine.expect(State::AwaitNewLeader, &[connect(5)]);
    machine.session.on_request_sent(IngressId(5), 200);
    let answer = SessionEvent {
        cluster_session_id: 43,
        leadership_term_id: TERM + 1,
        leader_member_id: 1,
        ..event(SessionEventCode::Ok, 200, "")
    };
    machine.session.on_session_event(&answer, machine.now);
    machine.expect(
        State::Connected,
        &[
            Action::SendClose { ingress: IngressId(5), header: header(TERM + 1) },
            close(1),
            disconnected(DisconnectReason::Watchdog),
            close(4),
            close(6),
            connected(43, TERM + 1, 1),
        ],
    );
}

#[test]
fn any_sign_of_life_keeps_the_session() {
    let mut machine = machine(|_| {}).connected();
    for _ in 0..20 {
        machine.after(490);
        assert!(machine.session.on_message(SESSION, machine.now));
        assert!(!machine.session.on_message(SESSION + 1, machine.now));
    }
    assert!(!machine.actions().contains(&probe(1)), "a session that is heard is not probed");
    machine.after(510);
    assert!(machine.actions().contains(&probe(1)));
}

#[test]
fn a_sign_of_life_ends_the_attempt_at_a_new_session() {
    let mut machine = machine(|_| {}).silent();
    assert!(machine.session.on_message(SESSION, machine.now));
    machine.expect(State::Connected, &[close(4), close(5), close(6)]);
}

#[test]
fn a_pause_of_the_application_is_not_taken_for_silence() {
    let mut machine = machine(|_| {}).connected();
    machine.now += ms(60_000);
    machine.after(1);
    assert_eq!(machine.session.state(), State::Connected);
    assert!(machine.actions().contains(&probe(1)));
    machine.after(998);
    assert_eq!(machine.session.state(), State::Connected);
    machine.after(2);
    assert_eq!(machine.session.state(), State::AwaitNewLeader);
}

#[test]
fn lost_ingress_waits_for_a_new_leader_before_a_new_session_is_tried() {
    let mut machine = machine(|_| {}).connected();
    machine.ingress_lost(1);
    machine.after(1499).expect(State::AwaitNewLeader, &[]);
    machine.after(1).expect(State::AwaitNewLeader, &[open(4, 0), open(5, 1), open(6, 2)]);
    machine.after(3499).expect(State::AwaitNewLeader, &[]);
    machine.after(1).expect(State::Connecting, &[close(1), disconnected(DisconnectReason::NoNewLeader)]);
    machine.ingress_connected(6);
    machine.expect(State::Connecting, &[connect(6)]);
}

#[test]
fn ingress_that_comes_back_makes_the_session_whole() {
    let mut machine = machine(|_| {}).connected();
    machine.ingress_lost(1);
    machine.after(1400);
    machine.ingress_connected(1);
    machine.expect(State::AwaitNewLeader, &[probe(1)]);
    assert!(machine.session.on_message(SESSION, machine.now));
    machine.expect(State::Connected, &[]);
}
