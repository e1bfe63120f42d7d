//! The state machine as tables: a state, an event, the state after it, and the actions that it asks for.

mod connecting;
mod egress;
mod endings;
mod leaders;
mod liveness;
mod sharing;

use std::time::Duration;

use super::*;
use crate::context::Context;
use crate::egress_listener::{Connected, NewLeader};
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
    opened(ingress, udp(member, endpoint))
}

/// Which publications may be shared is a test of its own, so that here `opened_after` is always the same.
fn opened(ingress: u64, target: Target) -> Action {
    Action::OpenIngress { ingress: IngressId(ingress), target, opened_after: Duration::ZERO }
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
        egress_channel: "aeron:udp?endpoint=me:0".into(),
        // Keep-alives would disturb the tests that are about something else.
        keep_alive_interval: ms(1_000_000),
        ..Context::default()
    };
    change(&mut context);
    Machine { session: Session::new(&context.conclude().unwrap(), 1, Duration::ZERO), now: Duration::ZERO }
}

impl Machine {
    fn actions(&mut self) -> Vec<Action> {
        let always_the_same = |action| match action {
            Action::OpenIngress { ingress: IngressId(ingress), target, .. } => opened(ingress, target),
            other => other,
        };
        std::iter::from_fn(|| self.session.next_action()).map(always_the_same).collect()
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

    /// Ingress to all members is being added, with ids 1, 2 and 3.
    fn connecting(mut self) -> Self {
        self.session.on_media_driver_ready(self.now);
        self.expect(State::Connecting, &[open(1, 0), open(2, 1), open(3, 2)]);
        self
    }

    /// A connect request was sent to member 0, with correlation id 100.
    fn asked(self) -> Self {
        let mut machine = self.connecting();
        machine.ingress_connected(1);
        machine.expect(State::Connecting, &[connect(1)]);
        machine.session.on_request_sent(IngressId(1), 100, machine.now);
        machine
    }

    /// A session is open with member 0, by ingress 1.
    fn connected(self) -> Self {
        let mut machine = self.asked();
        machine.session.on_session_event(&event(SessionEventCode::Ok, 100, ""), machine.now);
        machine.expect(State::Connected, &[close(2), close(3), connected(SESSION, TERM, 0)]);
        machine
    }

    /// The session was silent for the watchdog's time, and its leader not there: a new session is being tried by ingress 5, 6
    /// and 7.
    fn silent(self) -> Self {
        let mut machine = self.connected();
        machine.after(1500);
        assert_eq!(machine.actions(), [probe(1), open(4, 0), close(4), open(5, 0), open(6, 1), open(7, 2)]);
        assert_eq!(machine.session.state(), State::AwaitNewLeader);
        machine
    }

    /// Ingress 4 to the new leader, member 1, is being connected.
    fn connecting_to_new_leader(self) -> Self {
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
