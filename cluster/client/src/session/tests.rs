//! The machine as tables: a state, an event, the state after it and the actions.

use super::*;
use crate::ingress_proxy::PROTOCOL_SEMANTIC_VERSION;

const TERM: i64 = 7;
const SESSION: i64 = 42;
const ENDPOINTS: &str = "0=a:1,1=b:1,2=c:1";

/// A machine and its clock.
struct Machine {
    session: Session,
    now: Now,
}

fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

fn udp(member: i32, endpoint: &str) -> Target {
    Target { member: Some(member), route: Route::Endpoint(endpoint.into()) }
}

fn open(ingress: u64, member: i32) -> Action {
    let endpoint = ["a:1", "b:1", "c:1"][usize::try_from(member).unwrap()];
    Action::OpenIngress { ingress: IngressId(ingress), target: udp(member, endpoint) }
}

fn close(ingress: u64) -> Action {
    Action::CloseIngress { ingress: IngressId(ingress) }
}

fn connect(ingress: u64) -> Action {
    Action::SendConnect { ingress: IngressId(ingress) }
}

fn header(leadership_term_id: i64) -> SessionHeader {
    SessionHeader { leadership_term_id, cluster_session_id: SESSION }
}

fn keep_alive(ingress: u64, term: i64) -> Action {
    Action::SendKeepAlive { ingress: IngressId(ingress), header: header(term) }
}

fn probe(ingress: u64) -> Action {
    Action::SendProbe { ingress: IngressId(ingress), header: header(TERM) }
}

fn connected(cluster_session_id: i64, leadership_term_id: i64, leader_member_id: i32) -> Action {
    Action::Report(Event::Connected(Connected { cluster_session_id, leadership_term_id, leader_member_id }))
}

fn new_leader(leadership_term_id: i64, leader_member_id: i32) -> Action {
    let event = NewLeader { cluster_session_id: SESSION, leadership_term_id, leader_member_id };
    Action::Report(Event::NewLeader(event))
}

fn disconnected(reason: DisconnectReason) -> Action {
    Action::Report(Event::Disconnected(reason))
}

fn event(code: SessionEventCode, correlation_id: i64, detail: &str) -> SessionEvent<'_> {
    SessionEvent {
        cluster_session_id: SESSION,
        correlation_id,
        leadership_term_id: TERM,
        leader_member_id: 0,
        code,
        version: Some(PROTOCOL_SEMANTIC_VERSION),
        detail,
    }
}

fn leader_event(leadership_term_id: i64, leader_member_id: i32) -> NewLeaderEvent<'static> {
    let ingress_endpoints = ENDPOINTS;
    NewLeaderEvent { cluster_session_id: SESSION, leadership_term_id, leader_member_id, ingress_endpoints }
}

fn machine(change: impl FnOnce(&mut Context)) -> Machine {
    let mut context = Context {
        ingress_endpoints: vec![(0, "a:1".into()), (1, "b:1".into()), (2, "c:1".into())],
        // Out of the way of what the tests are about.
        keep_alive_interval: ms(1_000_000),
        ..Context::default()
    };
    change(&mut context);
    Machine { session: Session::new(&context.conclude().unwrap(), 1), now: Duration::ZERO }
}

impl Machine {
    fn actions(&mut self) -> Vec<Action> {
        std::iter::from_fn(|| self.session.next_action()).collect()
    }

    #[track_caller]
    fn expect(&mut self, state: State, actions: &[Action]) {
        assert_eq!(self.actions(), actions);
        assert_eq!(self.session.state(), state);
    }

    /// Lets time pass, in ticks of a millisecond.
    fn after(&mut self, milliseconds: u64) -> &mut Self {
        for _ in 0..milliseconds {
            self.now += ms(1);
            self.session.on_tick(self.now);
        }
        self
    }

    /// Ingress to all members has been asked for, as 1, 2 and 3.
    fn connecting(mut self) -> Self {
        self.session.on_media_driver_ready(self.now);
        self.expect(State::Connecting, &[open(1, 0), open(2, 1), open(3, 2)]);
        self
    }

    /// A connect request to member 0 is out, with correlation id 100.
    fn asked(self) -> Self {
        let mut machine = self.connecting();
        machine.ingress_connected(1);
        machine.expect(State::Connecting, &[connect(1)]);
        machine.session.on_request_sent(IngressId(1), 100);
        machine
    }

    /// A session with member 0, by ingress 1.
    fn connected(self) -> Self {
        let mut machine = self.asked();
        machine.session.on_session_event(&event(SessionEventCode::Ok, 100, ""), machine.now);
        machine.expect(State::Connected, &[close(2), close(3), connected(SESSION, TERM, 0)]);
        machine
    }

    /// Nothing heard of the session for the watchdog's time: a new one is being tried by ingress 4, 5 and 6.
    fn suspicious(self) -> Self {
        let mut machine = self.connected();
        machine.after(1500);
        assert!(machine.actions().ends_with(&[probe(1), open(4, 0), open(5, 1), open(6, 2)]));
        assert_eq!(machine.session.state(), State::AwaitNewLeader);
        machine
    }

    /// Ingress 4 to the new leader, member 1, is being connected.
    fn following(self) -> Self {
        let mut machine = self.connected();
        machine.session.on_new_leader(&leader_event(TERM + 1, 1), machine.now);
        machine.expect(State::AwaitNewLeaderConnection, &[close(1), open(4, 1)]);
        machine
    }

    fn ingress_connected(&mut self, ingress: u64) {
        self.session.on_ingress_connected(IngressId(ingress), self.now);
    }

    fn ingress_lost(&mut self, ingress: u64) {
        self.session.on_ingress_disconnected(IngressId(ingress), self.now);
    }
}

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
    machine.session.on_request_sent(IngressId(2), 100);
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
            Some(ClientError::IncompatibleVersion("its major version is 1, ours 0".into())),
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
        machine.session.on_request_sent(IngressId(1), correlation_id + 1);
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
    machine.session.on_request_sent(IngressId(1), 101);
    machine.session.on_session_event(&event(SessionEventCode::Ok, 100, ""), machine.now);
    machine.after(900).expect(State::Connecting, &[]);
    machine.session.on_session_event(&event(SessionEventCode::Ok, 101, ""), machine.now);
    machine.expect(State::Connected, &[close(2), close(3), connected(SESSION, TERM, 0)]);
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
    machine.session.on_request_sent(IngressId(1), 100);
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
        machine.session.on_request_sent(IngressId(ingress), correlation_id + 1);
    }
    let redirect = SessionEvent { leader_member_id: 0, ..event(SessionEventCode::Redirect, 103, ENDPOINTS) };
    machine.session.on_session_event(&redirect, machine.now);
    machine.after(24).expect(State::Connecting, &[]);
}

#[test]
fn a_member_that_does_not_answer_gets_a_new_publication_and_the_next_one_is_asked() {
    let mut machine = machine(|_| {}).asked();
    machine.ingress_connected(2);
    machine.after(1000).expect(State::Connecting, &[close(1), open(4, 0)]);
    assert_eq!(machine.session.problem(), Some(&ConnectProblem::NoAnswer("member 0 a:1".into())));
    assert!(machine.after(50).actions().contains(&connect(2)));
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
fn a_session_that_was_never_usable_is_not_reported_as_lost() {
    let mut machine = machine(|_| {}).asked();
    let answer = SessionEvent { leader_member_id: 2, ..event(SessionEventCode::Ok, 100, "") };
    machine.session.on_session_event(&answer, machine.now);
    machine.actions();
    machine.session.on_session_event(&event(SessionEventCode::Closed, 100, "TIMEOUT"), machine.now);
    machine.expect(State::Connecting, &[close(4), open(5, 0), open(6, 1), open(7, 2)]);
}

#[test]
fn a_late_session_is_welcome_while_there_is_none() {
    let mut machine = machine(|_| {}).asked();
    machine.after(1000).expect(State::Connecting, &[close(1), open(4, 0)]);
    machine.session.on_session_event(&event(SessionEventCode::Ok, 100, ""), machine.now);
    machine.expect(State::AwaitNewLeaderConnection, &[close(4), close(2), close(3), open(5, 0)]);
    machine.ingress_connected(5);
    machine.session.on_keep_alive_sent(IngressId(5), machine.now);
    machine.expect(State::Connected, &[keep_alive(5, TERM), connected(SESSION, TERM, 0)]);
}

#[test]
fn a_late_session_is_closed_when_there_is_another() {
    let mut machine = machine(|_| {}).suspicious();
    machine.ingress_connected(5);
    machine.expect(State::AwaitNewLeader, &[connect(5)]);
    machine.session.on_request_sent(IngressId(5), 200);
    assert!(machine.session.on_message(SESSION, machine.now));
    machine.expect(State::Connected, &[close(4), close(5), close(6)]);
    let late = SessionEvent { cluster_session_id: 43, ..event(SessionEventCode::Ok, 200, "") };
    machine.session.on_session_event(&late, machine.now);
    let header = SessionHeader { leadership_term_id: TERM, cluster_session_id: 43 };
    machine.expect(State::Connected, &[Action::SendClose { ingress: IngressId(1), header }]);
    machine.session.on_session_event(&late, machine.now);
    machine.expect(State::Connected, &[]);
}

#[test]
fn keep_alives_go_out_at_their_interval_and_again_when_they_could_not() {
    let mut machine = machine(|context| {
        context.watchdog = None;
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
    let mut machine = machine(|_| {}).suspicious();
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

#[test]
fn a_new_leader_is_followed_from_every_state() {
    type Before = fn(Machine) -> Machine;
    let states: [(Before, Vec<Action>); 3] = [
        (Machine::connected, vec![close(1), open(4, 2)]),
        (Machine::suspicious, vec![close(4), close(5), close(6), close(1), open(7, 2)]),
        (Machine::following, vec![close(4), open(5, 2)]),
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
    let mut machine = machine(|_| {}).following();
    machine.after(4999).expect(State::AwaitNewLeaderConnection, &[]);
    machine.after(1).expect(State::AwaitNewLeader, &[open(5, 0), open(6, 1), open(7, 2)]);

    let mut machine = self::machine(|_| {}).following();
    machine.session.on_ingress_failed(IngressId(4), "unknown host", machine.now);
    machine.expect(State::AwaitNewLeader, &[open(5, 0), open(6, 1), open(7, 2)]);
}

#[test]
fn a_session_closed_by_the_cluster_is_replaced_after_a_pause() {
    for state in [Machine::connected as fn(Machine) -> Machine, Machine::following] {
        let mut machine = state(machine(|_| {}));
        let ingress = machine.session.open().unwrap().ingress.0;
        let closed = SessionEvent { leadership_term_id: TERM + 1, ..event(SessionEventCode::Closed, 100, "TIMEOUT") };
        machine.session.on_session_event(&closed, machine.now);
        let reason = DisconnectReason::ClosedByCluster("TIMEOUT".into());
        let next = machine.session.outbox.next_ingress;
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
        let ingress = machine.session.outbox.next_ingress;
        machine.actions();
        machine.ingress_connected(ingress);
        let pause = (0..2000).find(|_| machine.after(1).actions().contains(&connect(ingress))).unwrap();
        longest = longest.max(pause);
        machine.session.on_request_sent(IngressId(ingress), 200 + round);
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
        (Machine::suspicious, true),
        (Machine::following, true),
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
    let mut following = machine(|_| {}).following();
    following.session.close();
    following.expect(State::Closed, &[close(4)]);
    let mut suspicious = machine(|_| {}).suspicious();
    suspicious.session.close();
    suspicious.expect(
        State::Closed,
        &[Action::SendClose { ingress: IngressId(1), header: header(TERM) }, close(1), close(4), close(5), close(6)],
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

#[test]
fn ipc_is_preferred_while_its_member_leads_and_not_waited_for_long() {
    let ipc = || Action::OpenIngress { ingress: IngressId(1), target: Target { member: Some(0), route: Route::Ipc } };
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

#[test]
fn a_new_leader_on_this_host_is_reached_by_ipc_or_else_by_the_network() {
    let mut machine = machine(|context| context.ipc_member = Some(2));
    machine.session.on_media_driver_ready(machine.now);
    machine.actions();
    machine.ingress_connected(2);
    machine.session.on_request_sent(IngressId(2), 100);
    machine.session.on_session_event(&event(SessionEventCode::Ok, 100, ""), machine.now);
    machine.actions();
    machine.session.on_new_leader(&leader_event(TERM + 1, 2), machine.now);
    let ipc = Target { member: Some(2), route: Route::Ipc };
    machine.expect(
        State::AwaitNewLeaderConnection,
        &[close(2), Action::OpenIngress { ingress: IngressId(5), target: ipc }],
    );
    machine.after(100).expect(State::AwaitNewLeaderConnection, &[close(5), open(6, 2)]);
}
