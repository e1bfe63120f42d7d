//! From whatever state a sequence of events leads to, the machine opens a session when media driver and cluster are healthy
//! again, and no publication is left over.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::context::Context;

/// What may happen, in any order. Numbers choose among the publications, requests and sessions that there are.
#[derive(Debug, Clone)]
enum Incident {
    Time(u16),
    DriverReady,
    DriverLost,
    IngressConnected(u8),
    IngressDisconnected(u8),
    IngressFailed(u8),
    IngressExhausted,
    RequestsTaken(bool),
    KeepAlivesTaken(bool),
    SessionEvent { code: u8, ours: bool, correlation: u8, term: i8, leader: u8 },
    NewLeader { ours: bool, term: i8, leader: u8, garbage: bool },
    Challenge { correlation: u8 },
    Message { ours: bool },
    EgressClosed(u8),
    Read(u8),
}

fn incident() -> impl Strategy<Value = Incident> {
    use Incident::*;
    prop_oneof![
        8 => (1u16..3000).prop_map(Time),
        1 => Just(DriverReady),
        1 => Just(DriverLost),
        4 => any::<u8>().prop_map(IngressConnected),
        2 => any::<u8>().prop_map(IngressDisconnected),
        1 => any::<u8>().prop_map(IngressFailed),
        1 => Just(IngressExhausted),
        2 => any::<bool>().prop_map(RequestsTaken),
        2 => any::<bool>().prop_map(KeepAlivesTaken),
        4 => (0u8..6, any::<bool>(), 0u8..3, -2i8..3, 0u8..4)
            .prop_map(|(code, ours, correlation, term, leader)| SessionEvent { code, ours, correlation, term, leader }),
        2 => (any::<bool>(), -2i8..3, 0u8..4, any::<bool>())
            .prop_map(|(ours, term, leader, garbage)| NewLeader { ours, term, leader, garbage }),
        1 => (0u8..3).prop_map(|correlation| Challenge { correlation }),
        2 => any::<bool>().prop_map(|ours| Message { ours }),
        2 => (0u8..3).prop_map(EgressClosed),
        4 => any::<u8>().prop_map(Read),
    ]
}

/// A media driver, a cluster and an application, as the machine sees them.
struct World {
    session: Session,
    now: Now,
    driver: bool,
    ingress: BTreeMap<u64, (Target, bool)>,
    requests_taken: bool,
    keep_alives_taken: bool,
    correlation_id: i64,
    requests: Vec<(u64, i64)>,
    sessions: i64,
    sender_limit: i64,
    leader: i32,
    /// Session and term that the application was told of last.
    reported: Option<(i64, i64)>,
}

impl World {
    fn new(ipc: bool) -> Self {
        let context = Context {
            ingress_endpoints: (0..3).map(|member| (member, format!("host{member}:1"))).collect(),
            ipc_member: ipc.then_some(1),
            ..Context::default()
        };
        Self {
            session: Session::new(&context.conclude().unwrap(), 1, Duration::ZERO),
            now: Duration::ZERO,
            driver: false,
            ingress: BTreeMap::new(),
            requests_taken: true,
            keep_alives_taken: true,
            correlation_id: 0,
            requests: Vec::new(),
            sessions: 0,
            sender_limit: 0,
            leader: 0,
            reported: None,
        }
    }

    fn act(&mut self) {
        let mut actions = 0;
        while let Some(action) = self.session.next_action() {
            actions += 1;
            assert!(actions < 1000, "there is no end of actions");
            match action {
                Action::OpenIngress { ingress, target, opened_after } => {
                    assert!(self.driver, "ingress without a media driver");
                    assert!(opened_after <= self.now, "a publication of the future");
                    assert!(self.ingress.insert(ingress.0, (target, false)).is_none());
                    assert!(self.ingress.len() <= 16, "the number of publications grows");
                }
                Action::CloseIngress { ingress } => {
                    self.ingress.remove(&ingress.0);
                }
                Action::SendConnect { ingress } | Action::SendChallengeResponse { ingress, .. } => {
                    if self.requests_taken && self.ingress.get(&ingress.0).is_some_and(|(_, connected)| *connected) {
                        self.correlation_id += 1;
                        self.requests.push((ingress.0, self.correlation_id));
                        self.session.on_request_sent(ingress, self.correlation_id, self.now);
                    }
                }
                Action::SendKeepAlive { ingress, .. } => {
                    if self.keep_alives_taken && self.ingress.get(&ingress.0).is_some_and(|(_, connected)| *connected) {
                        self.session.on_keep_alive_sent(ingress, self.now);
                    }
                }
                Action::RenewEgress => {
                    assert!(self.session.header().is_none(), "a session loses its egress");
                    self.requests.clear();
                }
                Action::SendProbe { .. } | Action::SendClose { .. } => {}
                Action::Report(event) => self.report(&event),
            }
        }
        // The application knows each session that it can send to, and can send to each session that is connected.
        let usable = self.session.ingress().map(|(_, header)| (header.cluster_session_id, header.leadership_term_id));
        assert!(usable.is_none() || usable == self.reported);
        assert!(usable.is_some() || self.session.state() != State::Connected);
    }

    /// The application is told of sessions in order: never of two at once, and never of a new leader without a session.
    fn report(&mut self, event: &Event) {
        match event {
            Event::Connected(connected) => {
                let known = self.reported.replace((connected.cluster_session_id, connected.leadership_term_id));
                assert_eq!(known, None);
            }
            Event::NewLeader(new_leader) => {
                let known = self.reported.replace((new_leader.cluster_session_id, new_leader.leadership_term_id));
                assert!(known.is_some_and(|(session, _)| session == new_leader.cluster_session_id));
            }
            Event::Disconnected(_) => assert!(self.reported.take().is_some()),
        }
    }

    fn ingress_id(&self, choice: u8) -> IngressId {
        let ids: Vec<u64> = self.ingress.keys().copied().collect();
        IngressId(if ids.is_empty() { u64::from(choice) } else { ids[usize::from(choice) % ids.len()] })
    }

    fn session_id(&self, ours: bool) -> i64 {
        let ours_id = self.session.header().map(|header| header.cluster_session_id);
        if ours { ours_id.unwrap_or(self.sessions) } else { 1000 + self.sessions }
    }

    fn term(&self, difference: i8) -> i64 {
        self.session.header().map_or(5, |header| header.leadership_term_id) + i64::from(difference)
    }

    fn apply(&mut self, incident: &Incident) {
        match *incident {
            Incident::Time(ms) => {
                self.now += Duration::from_millis(u64::from(ms));
                self.session.on_tick(self.now);
            }
            Incident::DriverReady => {
                self.driver = true;
                self.session.on_media_driver_ready(self.now);
            }
            Incident::DriverLost => {
                self.driver = false;
                self.ingress.clear();
                self.session.on_media_driver_lost("chaos", self.now);
            }
            Incident::IngressConnected(choice) => self.connect(self.ingress_id(choice)),
            Incident::IngressDisconnected(choice) => {
                let ingress = self.ingress_id(choice);
                if let Some((_, connected)) = self.ingress.get_mut(&ingress.0) {
                    *connected = false;
                }
                self.session.on_ingress_disconnected(ingress, self.now);
            }
            Incident::IngressFailed(choice) => {
                let ingress = self.ingress_id(choice);
                self.ingress.remove(&ingress.0);
                self.session.on_ingress_failed(ingress, "chaos", self.now);
            }
            Incident::IngressExhausted => {
                if let Some((ingress, _)) = self.session.ingress() {
                    self.session.on_ingress_exhausted(ingress, self.now);
                }
            }
            Incident::RequestsTaken(taken) => self.requests_taken = taken,
            Incident::Read(length) => {
                self.sender_limit += i64::from(length);
                if let Some(ingress) = self.session.connected_ingress() {
                    self.session.on_sender_limit(ingress, self.sender_limit, self.now);
                }
            }
            Incident::KeepAlivesTaken(taken) => self.keep_alives_taken = taken,
            Incident::SessionEvent { code, ours, correlation, term, leader } => {
                self.session_event(code, ours, correlation, term, leader);
            }
            Incident::NewLeader { ours, term, leader, garbage } => {
                let event = NewLeaderEvent {
                    cluster_session_id: self.session_id(ours),
                    leadership_term_id: self.term(term),
                    leader_member_id: i32::from(leader),
                    ingress_endpoints: if garbage { "=,;" } else { "0=host0:1,1=host1:1,2=host2:1" },
                };
                self.session.on_new_leader(&event, self.now);
            }
            Incident::Challenge { correlation } => {
                let correlation_id = self.correlation_id - i64::from(correlation);
                self.session.on_challenge(correlation_id, 1, b"who", self.now);
            }
            Incident::Message { ours } => {
                let session_id = self.session_id(ours);
                let open = self.session.header().is_some_and(|header| header.cluster_session_id == session_id);
                assert_eq!(self.session.on_message(session_id, self.now), open);
            }
            Incident::EgressClosed(of) => {
                let closed = [ClosedEgress::LeaderEnded, ClosedEgress::LeaderLost, ClosedEgress::OtherLost];
                self.session.on_egress_closed(closed[usize::from(of)], self.now);
            }
        }
        self.act();
    }

    fn session_event(&mut self, code: u8, ours: bool, correlation: u8, term: i8, leader: u8) {
        use SessionEventCode::*;
        // Final answers are left out, because they end the client.
        let code = [Ok, Error, Redirect, Closed, Unknown, Ok][usize::from(code)];
        self.sessions += 1;
        let event = SessionEvent {
            cluster_session_id: self.session_id(ours),
            correlation_id: self.correlation_id - i64::from(correlation),
            leadership_term_id: self.term(term),
            leader_member_id: i32::from(leader),
            code,
            version: None,
            detail: if leader == 3 { "garbage" } else { "0=host0:1,1=host1:1,2=host2:2" },
        };
        self.session.on_session_event(&event, self.now);
    }

    fn connect(&mut self, ingress: IngressId) {
        if let Some((_, connected)) = self.ingress.get_mut(&ingress.0) {
            *connected = true;
            self.session.on_ingress_connected(ingress, self.now);
        }
    }

    /// Ten milliseconds in which all is healthy: publications get connected, the leader answers OK and the others redirect.
    fn run_healthy(&mut self) {
        self.driver = true;
        self.requests_taken = true;
        self.keep_alives_taken = true;
        self.session.on_media_driver_ready(self.now);
        self.act();
        let opening: Vec<u64> =
            self.ingress.iter().filter(|(_, (_, connected))| !connected).map(|(id, _)| *id).collect();
        for ingress in opening {
            let (target, _) = &self.ingress[&ingress];
            let reachable = target.route != Route::Endpoint("host2:2".into())
                && (target.route != Route::Ipc || target.member == Some(self.leader));
            if reachable {
                self.connect(IngressId(ingress));
                self.act();
            }
        }
        for (ingress, correlation_id) in std::mem::take(&mut self.requests) {
            let Some((target, _)) = self.ingress.get(&ingress) else { continue };
            self.sessions += 1;
            let leads = target.member == Some(self.leader);
            let event = SessionEvent {
                cluster_session_id: if leads { 1_000_000 + self.sessions } else { -1 },
                correlation_id,
                leadership_term_id: 1_000_000,
                leader_member_id: self.leader,
                code: if leads { SessionEventCode::Ok } else { SessionEventCode::Redirect },
                version: None,
                detail: if leads { "" } else { "0=host0:1,1=host1:1,2=host2:1" },
            };
            self.session.on_session_event(&event, self.now);
            self.act();
        }
        self.now += Duration::from_millis(10);
        self.session.on_tick(self.now);
        self.act();
    }

    /// Whether the open session is one that [`run_healthy`](Self::run_healthy) has answered with.
    fn has_healthy_session(&self) -> bool {
        self.session.state() == State::Connected
            && self.session.header().is_some_and(|header| header.cluster_session_id > 1_000_000)
    }
}

proptest! {
    #[test]
    fn a_session_is_opened_from_any_state(
        incidents in proptest::collection::vec(incident(), 0..120),
        leader in 0..3i32,
        ipc in any::<bool>(),
    ) {
        let mut world = World::new(ipc);
        for incident in &incidents {
            world.apply(incident);
        }
        world.leader = leader;
        world.requests.clear();
        let start = world.now;
        while !world.has_healthy_session() {
            world.run_healthy();
            prop_assert!(world.now - start < Duration::from_secs(15), "stuck in {:?}", world.session.state());
        }
        prop_assert_eq!(world.ingress.len(), 1, "publications are left over");
        world.session.close();
        world.act();
        prop_assert!(world.ingress.is_empty());
    }
}
