//! Sessions with one cluster, without Aeron: to whom messages and events go.

use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::context::Context;
use crate::egress_adapter::{AdminEvent, NewLeaderEvent, SessionEventCode};
use crate::egress_listener::{AdminResponseCode, Connected, DisconnectReason, NewLeader};
use crate::ingress_proxy::PROTOCOL_SEMANTIC_VERSION;
use crate::session::{Action, Event, State};

/// Session id of the image of the leader, and of another member.
const LEADER: i32 = 7;
const OTHER: i32 = 8;
const TERM: i64 = 3;

/// Sessions, and what the application has heard.
struct World {
    sessions: Sessions,
    now: Now,
    heard: Heard,
    correlation_id: i64,
    /// Requests that the cluster has not answered: place and correlation id.
    requests: Vec<(usize, i64)>,
    renewals: usize,
}

#[derive(Default)]
struct Heard {
    messages: Vec<(usize, i64, Vec<u8>)>,
    admin: Vec<(usize, i64)>,
    connected: Vec<(usize, i64)>,
    new_leaders: Vec<usize>,
    disconnected: Vec<(usize, DisconnectReason)>,
}

impl GroupListener for Heard {
    fn on_message(&mut self, session: SessionIndex, cluster_session_id: i64, _timestamp: i64, message: &[u8]) {
        self.messages.push((session.get(), cluster_session_id, message.to_vec()));
    }

    fn on_admin_response(&mut self, session: SessionIndex, response: &AdminResponse<'_>) {
        self.admin.push((session.get(), response.correlation_id));
    }
}

impl World {
    /// Sessions that wait for the media driver.
    fn new(count: usize) -> Self {
        let mut world = Self {
            sessions: Sessions::default(),
            now: Duration::from_secs(1),
            heard: Heard::default(),
            correlation_id: 0,
            requests: Vec::new(),
            renewals: 0,
        };
        (0..count).for_each(|index| world.add(index));
        world
    }

    /// Sessions that are open; the cluster knows that at place `n` as `100 + n`.
    fn connected(count: usize) -> Self {
        let mut world = Self::new(count);
        for place in 0..count {
            world.ask(place);
            world.answer(place, 100 + place as i64);
        }
        world
    }

    fn add(&mut self, index: usize) {
        let context = Context { ingress_endpoints: vec![(0, "a:1".into())], ..Context::default() };
        let session = Session::new(&context.conclude().unwrap(), index as u64, self.now);
        self.sessions.insert(SessionIndex(index), session);
    }

    /// Does the actions of all machines, over ingress that takes everything at once.
    fn act(&mut self) {
        for place in 0..self.sessions.places() {
            while let Some(action) = self.sessions.get_mut(place).and_then(|member| member.session.next_action()) {
                self.act_one(place, action);
            }
            self.sessions.update(place);
        }
        if self.sessions.take_renewal(self.now) {
            self.renewals += 1;
            self.requests.clear();
        }
    }

    fn act_one(&mut self, place: usize, action: Action) {
        let member = self.sessions.get_mut(place).unwrap();
        let index = member.index.get();
        match action {
            Action::OpenIngress { ingress, .. } => member.session.on_ingress_connected(ingress, self.now),
            Action::SendConnect { ingress } => {
                self.correlation_id += 1;
                member.session.on_request_sent(ingress, self.correlation_id, self.now);
                self.requests.push((place, self.correlation_id));
            }
            Action::SendKeepAlive { ingress, .. } => member.session.on_keep_alive_sent(ingress, self.now),
            Action::RenewEgress => self.sessions.want_renewal(),
            Action::Report(Event::Connected(Connected { cluster_session_id, .. })) => {
                self.heard.connected.push((index, cluster_session_id));
            }
            Action::Report(Event::NewLeader(NewLeader { .. })) => self.heard.new_leaders.push(index),
            Action::Report(Event::Disconnected(reason)) => self.heard.disconnected.push((index, reason)),
            _ => {}
        }
    }

    /// Lets a session ask for a cluster session.
    fn ask(&mut self, place: usize) {
        self.sessions.get_mut(place).unwrap().session.on_media_driver_ready(self.now);
        self.act();
        assert!(self.requests.iter().any(|request| request.0 == place));
    }

    /// The cluster opens a session for the request of the session at a place.
    fn answer(&mut self, place: usize, cluster_session_id: i64) {
        let request = self.requests.iter().position(|request| request.0 == place).unwrap();
        let (_, correlation_id) = self.requests.remove(request);
        let received = self.receive(session_event(SessionEventCode::Ok, cluster_session_id, correlation_id), LEADER);
        assert_eq!(received, Received::Opened { place });
        assert_eq!(self.state(place), State::Connected);
    }

    fn receive(&mut self, event: Egress<'_>, image: i32) -> Received {
        let received = self.sessions.receive(event, image, self.now, &mut self.heard);
        self.act();
        received
    }

    fn message(&mut self, cluster_session_id: i64) {
        let payload = cluster_session_id.to_string();
        self.receive(Egress::Message { cluster_session_id, timestamp: 0, payload: payload.as_bytes() }, LEADER);
    }

    fn after(&mut self, milliseconds: u64) {
        for _ in 0..milliseconds {
            self.now += Duration::from_millis(1);
            for place in 0..self.sessions.places() {
                if let Some(member) = self.sessions.get_mut(place) {
                    member.session.on_tick(self.now);
                }
            }
            self.act();
        }
    }

    fn state(&self, place: usize) -> State {
        self.sessions.get(place).unwrap().session.state()
    }

    fn id(&self, place: usize) -> Option<i64> {
        self.sessions.get(place)?.session.header().map(|header| header.cluster_session_id)
    }

    /// The cluster answers all requests, the last first, with ids from `first` on.
    fn answer_all(&mut self, first: i64) {
        let mut id = first;
        while let Some((place, _)) = self.requests.last().copied() {
            self.answer(place, id);
            id += 1;
        }
    }
}

fn session_event(code: SessionEventCode, cluster_session_id: i64, correlation_id: i64) -> Egress<'static> {
    Egress::Session(SessionEvent {
        cluster_session_id,
        correlation_id,
        leadership_term_id: TERM,
        leader_member_id: 0,
        code,
        version: Some(PROTOCOL_SEMANTIC_VERSION),
        detail: "",
    })
}

fn new_leader(cluster_session_id: i64, leadership_term_id: i64) -> Egress<'static> {
    let ingress_endpoints = "0=a:1";
    Egress::NewLeader(NewLeaderEvent { cluster_session_id, leadership_term_id, leader_member_id: 0, ingress_endpoints })
}

#[test]
fn answers_go_to_who_asked_in_whatever_order_they_come() {
    let mut world = World::new(20);
    (0..20).for_each(|place| world.ask(place));
    assert_eq!(world.sessions.sent_requests(), 20);
    for place in [13, 0, 19, 7, 1] {
        world.answer(place, 1000 - place as i64);
        assert_eq!(world.heard.connected.last(), Some(&(place, 1000 - place as i64)));
    }
    assert_eq!(world.sessions.sent_requests(), 15);
    assert!((0..20).all(|place| world.id(place).is_some() == [13, 0, 19, 7, 1].contains(&place)));
    assert_eq!(world.receive(session_event(SessionEventCode::Ok, 5000, 4711), LEADER), Received::Delivered);
}

#[test]
fn a_message_reaches_its_session_and_no_other() {
    let mut world = World::connected(10);
    for id in [109, 100, 104, 99, 110, 104] {
        world.message(id);
    }
    let heard: Vec<_> = [(9, 109), (0, 100), (4, 104), (4, 104)].map(|(i, id)| (i, id, id.to_string().into())).into();
    assert_eq!(world.heard.messages, heard);
    let message = "";
    let (cluster_session_id, correlation_id, is_probe) = (103, 55, false);
    let admin = AdminEvent { cluster_session_id, correlation_id, is_probe, code: AdminResponseCode::Ok, message };
    world.receive(Egress::Admin(admin), LEADER);
    world.receive(Egress::Admin(AdminEvent { cluster_session_id: 99, ..admin }), LEADER);
    assert_eq!(world.heard.admin, [(3, 55)]);
}

#[test]
fn a_new_leader_is_followed_by_the_session_that_it_names() {
    let mut world = World::connected(3);
    assert!(world.sessions.is_of_new_term(0));
    assert!(!world.sessions.is_of_new_term(1), "the same term");
    assert_eq!(world.receive(new_leader(101, TERM + 1), OTHER), Received::Opened { place: 1 });
    assert!(world.sessions.is_of_new_term(1) && !world.sessions.is_of_new_term(0));
    assert_eq!(world.heard.new_leaders, [1]);
    assert!(world.sessions.is_leaders(LEADER) && world.sessions.is_leaders(OTHER));
    for id in [100, 102] {
        world.receive(new_leader(id, TERM + 1), OTHER);
    }
    assert!(!world.sessions.is_leaders(LEADER), "nobody waits for the rest of its messages");
    assert_eq!(world.receive(new_leader(99, TERM + 2), OTHER), Received::Delivered);
}

#[test]
fn a_session_that_is_removed_leaves_the_others_and_its_place() {
    let mut world = World::connected(4);
    world.sessions.remove(1);
    for id in 100..104 {
        world.message(id);
    }
    assert_eq!(world.heard.messages.iter().map(|heard| heard.0).collect::<Vec<_>>(), [0, 2, 3]);
    assert!(!world.sessions.is_of_new_term(1));
    world.add(17);
    world.ask(1);
    world.answer(1, 200);
    world.message(200);
    assert_eq!(world.heard.messages.last(), Some(&(17, 200, b"200".to_vec())));
    assert_eq!(world.sessions.places(), 4);
}

#[test]
fn a_lost_leaders_image_brings_all_back_by_another_subscription() {
    let mut world = World::connected(50);
    world.sessions.on_egress_closed(LEADER, false, world.now);
    world.act();
    assert_eq!(world.renewals, 1, "one for all");
    let lost: Vec<_> = (0..50).map(|index| (index, DisconnectReason::EgressLost)).collect();
    assert_eq!(world.heard.disconnected, lost);
    world.after(100);
    assert_eq!(world.requests.len(), 50, "all ask again");
    world.answer_all(500);
    assert!((0..50).all(|place| world.state(place) == State::Connected));
    assert_eq!(world.renewals, 1);
}

/// A member that was killed is noticed long after its sessions have gone to another leader.
#[test]
fn the_loss_of_another_members_image_costs_no_session_also_when_one_begins_anew() {
    let mut world = World::connected(5);
    world.sessions.on_egress_closed(OTHER, false, world.now);
    world.act();
    world.receive(session_event(SessionEventCode::Closed, 102, 0), LEADER);
    world.after(100);
    assert_eq!(world.renewals, 0, "the others would lose their egress");
    assert_eq!(world.heard.disconnected.iter().map(|lost| lost.0).collect::<Vec<_>>(), [2]);
    world.answer(2, 300);
    for id in [100, 101, 103, 104, 300] {
        world.receive(session_event(SessionEventCode::Closed, id, 0), LEADER);
    }
    assert_eq!(world.renewals, 1, "now nobody would");
    world.after(500);
    world.answer_all(400);
    assert!((0..5).all(|place| world.state(place) == State::Connected));
}

#[test]
fn a_request_that_a_renewed_subscription_cannot_hear_the_answer_of_is_sent_again() {
    let mut world = World::new(2);
    world.ask(0);
    world.ask(1);
    world.sessions.get_mut(0).unwrap().session.on_egress_closed(ClosedEgress::OtherLost, world.now);
    world.act();
    assert_eq!((world.renewals, world.requests.len(), world.sessions.sent_requests()), (1, 0, 0));
    world.after(100);
    world.answer_all(100);
    assert!((0..2).all(|place| world.state(place) == State::Connected));
}

/// The members were started again without their data, so that session ids begin anew.
#[test]
fn an_answer_with_the_id_of_a_session_that_has_gone_is_for_who_asked() {
    let mut world = World::connected(2);
    world.add(2);
    world.ask(2);
    world.answer(2, 101);
    world.message(101);
    assert_eq!(world.heard.messages, [(2, 101, b"101".to_vec())]);
    // The old one finds out by its watchdog, and takes nothing from the new one.
    world.sessions.remove(1);
    world.message(101);
    assert_eq!(world.heard.messages.len(), 2);
}

#[test]
fn the_end_of_the_media_driver_concerns_all() {
    let mut world = World::connected(3);
    world.sessions.on_media_driver_lost("gone", world.now);
    world.act();
    assert!((0..3).all(|place| world.state(place) == State::AwaitMediaDriver));
    assert_eq!(world.heard.disconnected.len(), 3);
    world.message(100);
    assert_eq!(world.heard.messages, []);
    world.requests.clear();
    (0..3).for_each(|place| world.ask(place));
    world.answer_all(100);
    assert!((0..3).all(|place| world.state(place) == State::Connected));
}

proptest! {
    /// Whatever sessions come, go and are lost, the table agrees with the machines.
    #[test]
    fn each_message_reaches_the_session_that_has_its_id(
        steps in proptest::collection::vec((0u8..5, 0usize..6), 1..60),
    ) {
        let mut world = World::connected(3);
        let (mut next_index, mut next_id) = (3, 1000);
        for (step, place) in steps {
            match step {
                0 => {
                    world.add(next_index);
                    next_index += 1;
                }
                1 => {
                    world.sessions.remove(place);
                    world.requests.retain(|request| request.0 != place);
                }
                2 => {
                    if let Some(id) = world.id(place) {
                        world.receive(session_event(SessionEventCode::Closed, id, 0), LEADER);
                    }
                }
                3 => world.after(50),
                _ => {
                    let awaited = world.sessions.iter().position(|m| m.session.state() == State::AwaitMediaDriver);
                    if awaited.is_some() {
                        for place in 0..world.sessions.places() {
                            if let Some(member) = world.sessions.get_mut(place) {
                                member.session.on_media_driver_ready(world.now);
                            }
                        }
                        world.act();
                    }
                    world.answer_all(next_id);
                    next_id += 100;
                }
            }
            let open: Vec<_> = (0..world.sessions.places()).filter_map(|p| Some((p, world.id(p)?))).collect();
            prop_assert_eq!(world.sessions.ids.len(), open.len(), "an id that has gone stays in the table");
            world.heard.messages.clear();
            let mut expected = Vec::new();
            for (place, id) in open {
                world.message(id);
                expected.push((world.sessions.get(place).unwrap().index.get(), id, id.to_string().into_bytes()));
            }
            prop_assert_eq!(&world.heard.messages, &expected);
        }
    }
}
