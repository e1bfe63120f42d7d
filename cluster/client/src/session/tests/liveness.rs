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
    machine.after(249).expect(State::Connected, &[]);
    machine.after(1).expect(State::Connected, &[open(4, 0)]);
    machine.after(250).expect(State::Connected, &[probe(1)]);
    machine.after(1).expect(State::Connected, &[close(4)]);
    machine.after(499).expect(State::AwaitNewLeader, &[probe(1), open(5, 0), open(6, 1), open(7, 2)]);
    assert_eq!(machine.session.ingress(), Some((IngressId(1), header(TERM))), "the old session is still usable");
    machine.ingress_connected(6);
    machine.expect(State::AwaitNewLeader, &[connect(6)]);
    machine.session.on_request_sent(IngressId(6), 200, machine.now);
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
            Action::SendClose { ingress: IngressId(6), header: header(TERM + 1) },
            close(1),
            disconnected(DisconnectReason::Watchdog),
            close(5),
            close(7),
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
    machine.expect(State::Connected, &[close(5), close(6), close(7)]);
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

/// A session whose leader is there, and answers nothing for the watchdog's time.
fn busy() -> Machine {
    let mut machine = machine(|_| {}).connected();
    machine.after(760);
    machine.ingress_connected(4);
    machine.after(740);
    assert_eq!(machine.actions(), [probe(1), open(4, 0)]);
    assert_eq!(machine.session.state(), State::AwaitNewLeader);
    machine
}

#[test]
fn a_leader_that_is_there_and_busy_keeps_the_session_until_the_session_timeout() {
    let mut snapshot = busy();
    snapshot.after(8999);
    assert!(snapshot.actions().iter().all(|action| *action == probe(1)), "no other session is tried");
    assert_eq!(snapshot.session.ingress(), Some((IngressId(1), header(TERM))), "the session can be used");
    assert!(snapshot.session.on_message(SESSION, snapshot.now));
    snapshot.expect(State::Connected, &[close(4)]);

    let mut hung = busy();
    hung.after(8999).actions();
    assert_eq!(hung.session.state(), State::AwaitNewLeader);
    let lost = [close(1), close(4), disconnected(DisconnectReason::NoNewLeader), open(5, 0), open(6, 1), open(7, 2)];
    assert!(hung.after(1).actions().ends_with(&lost));
    assert_eq!(hung.session.state(), State::Connecting);
}

#[test]
fn a_busy_leader_that_goes_away_is_not_waited_for() {
    type Loss = fn(&mut Machine);
    let losses: [(Loss, &[Action]); 2] =
        [(|machine| machine.ingress_lost(1), &[]), (|machine| machine.ingress_lost(4), &[close(4)])];
    for (loss, closed) in losses {
        let mut machine = busy();
        machine.after(1000).actions();
        loss(&mut machine);
        let actions = [closed, &[open(5, 0), open(6, 1), open(7, 2)]].concat();
        machine.expect(State::AwaitNewLeader, &actions);
        machine.after(5000);
        assert_eq!(machine.session.state(), State::Connecting);
    }
}

fn limit(machine: &mut Machine, ingress: u64, limit: i64) {
    machine.session.on_sender_limit(IngressId(ingress), limit, machine.now);
}

#[test]
fn a_leader_that_reads_and_answers_nothing_does_not_know_the_session() {
    let mut machine = machine(|_| {}).connected();
    limit(&mut machine, 1, 1000);
    machine.after(490);
    limit(&mut machine, 1, 2000);
    machine.after(270);
    machine.ingress_connected(4);
    machine.after(740).actions();
    assert_eq!(machine.session.state(), State::AwaitNewLeader);
    limit(&mut machine, 1, 2000);
    limit(&mut machine, 4, 9000);
    machine.after(2000).actions();
    limit(&mut machine, 1, 2096);
    machine.after(249).actions();
    limit(&mut machine, 1, 2192);
    machine.after(1).expect(State::AwaitNewLeader, &[close(4), open(5, 0), open(6, 1), open(7, 2)]);
    machine.ingress_connected(6);
    machine.expect(State::AwaitNewLeader, &[connect(6)]);
}

#[test]
fn a_leader_that_reads_again_and_answers_in_time_keeps_the_session() {
    let mut machine = busy();
    limit(&mut machine, 1, 1000);
    machine.after(3000).actions();
    limit(&mut machine, 1, 2000);
    machine.after(249);
    assert!(machine.session.on_message(SESSION, machine.now));
    machine.after(2);
    assert_eq!(machine.session.state(), State::Connected);
    assert!(machine.actions().contains(&close(4)));
}

#[test]
fn a_leader_that_has_restarted_while_the_application_paused_is_not_waited_for() {
    let mut machine = machine(|_| {}).connected();
    limit(&mut machine, 1, 1000);
    machine.now += ms(5000);
    limit(&mut machine, 1, 1096);
    machine.after(1).expect(State::Connected, &[probe(1)]);
    machine.after(250).expect(State::Connected, &[open(4, 0)]);
    machine.ingress_connected(4);
    machine.after(750);
    let actions = machine.actions();
    assert!(actions.ends_with(&[close(4), open(5, 0), open(6, 1), open(7, 2)]), "{actions:?}");
}

#[test]
fn a_leader_that_comes_late_is_another_one() {
    let mut machine = machine(|_| {}).connected();
    machine.after(1000).actions();
    machine.now += ms(1);
    machine.ingress_connected(4);
    machine.expect(State::Connected, &[close(4)]);
    machine.after(499);
    assert!(machine.actions().ends_with(&[open(5, 0), open(6, 1), open(7, 2)]));
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
