//! Which publications of other sessions do: those that were opened after what puts older ones in doubt.

use super::*;

impl Machine {
    /// After which time each publication that is now asked for has to be opened.
    fn opened_after(&mut self) -> Vec<Now> {
        std::iter::from_fn(|| self.session.next_action())
            .filter_map(|action| match action {
                Action::OpenIngress { opened_after, .. } => Some(opened_after),
                _ => None,
            })
            .collect()
    }
}

#[test]
fn whoever_has_no_session_takes_any() {
    let mut machine = machine(|_| {});
    machine.session.on_media_driver_ready(machine.now);
    assert_eq!(machine.opened_after(), [ms(0); 3]);
    let mut closed = machine.asked_again();
    closed.session.on_session_event(&event(SessionEventCode::Closed, 100, "TIMEOUT"), closed.now);
    assert_eq!(closed.opened_after(), [ms(0); 3], "the leader has just spoken");
}

#[test]
fn after_a_silence_none_is_taken_that_may_lead_to_who_is_silent() {
    let mut machine = machine(|_| {}).connected();
    machine.after(200);
    machine.session.on_message(SESSION, machine.now);
    machine.after(1500);
    // The check takes what was opened since the first probe, the attempt what was opened since the last message.
    assert_eq!(machine.opened_after(), [ms(700), ms(200), ms(200), ms(200)]);
}

#[test]
fn after_the_loss_of_egress_none_is_taken_from_before_the_last_message() {
    let mut machine = machine(|_| {}).connected();
    machine.after(300);
    machine.session.on_message(SESSION, machine.now);
    machine.after(100);
    machine.session.on_egress_closed(ClosedEgress::LeaderLost, machine.now);
    assert_eq!(machine.opened_after(), [ms(300); 3]);
}

#[test]
fn a_request_without_an_answer_is_repeated_by_one_that_is_younger_than_it() {
    let mut machine = machine(|_| {}).asked();
    machine.after(4_999);
    assert_eq!(machine.opened_after(), []);
    machine.after(11);
    assert_eq!(machine.opened_after(), [ms(0)], "the request was sent at 0 ms");
    let mut late = self::machine(|_| {}).connecting();
    late.after(2_000);
    late.ingress_connected(1);
    late.actions();
    late.session.on_request_sent(IngressId(1), 100, late.now);
    late.after(5_000);
    assert_eq!(late.opened_after(), [ms(2_000)]);
}

impl Machine {
    /// The session of a machine that was asked for ingress to all members is open, by ingress 1.
    fn asked_again(mut self) -> Self {
        self.ingress_connected(1);
        self.actions();
        self.session.on_request_sent(IngressId(1), 100, self.now);
        self.session.on_session_event(&event(SessionEventCode::Ok, 100, ""), self.now);
        self.actions();
        self
    }
}
