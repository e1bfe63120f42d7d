//! A session without Aeron, for whoever sends it any bytes. It needs the feature `testing`.

use std::time::Duration;

use crate::context::Context;
use crate::egress_adapter::decode;
use crate::egress_listener::{GroupListener, SessionIndex};
use crate::session::{Action, IngressId, Now, Session, State};
use crate::sessions::Sessions;

/// Greatest number of actions that one message or a moment may lead to.
const MAXIMUM_ACTIONS: usize = 1_000;
/// Greatest number of publications that a session may have at once.
const MAXIMUM_INGRESS: usize = 16;

/// A session whose requests are all sent at once, and whose answers are what its caller likes.
#[derive(Debug)]
pub struct SimulatedSession {
    sessions: Sessions,
    place: usize,
    now: Now,
    ingress: Vec<IngressId>,
    requests: i64,
}

/// Hears what is for the application, and forgets it.
struct Application;

impl GroupListener for Application {
    fn on_message(&mut self, _: SessionIndex, _: i64, _: i64, _: &[u8]) {}
}

impl SimulatedSession {
    /// A session with three members that looks for its leader.
    ///
    /// # Panics
    /// The default settings are wrong.
    #[allow(clippy::expect_used, reason = "only tests use it")]
    pub fn new() -> Self {
        let context = Context {
            ingress_endpoints: (0..3).map(|member| (member, format!("host{member}:1"))).collect(),
            ..Context::default()
        };
        let session = Session::new(&context.conclude().expect("good settings"), 1, Duration::ZERO);
        let mut sessions = Sessions::default();
        let place = sessions.insert(SessionIndex(0), session);
        let mut simulated = Self { sessions, place, now: Duration::ZERO, ingress: Vec::new(), requests: 0 };
        simulated.with_session(Session::on_media_driver_ready);
        simulated
    }

    /// Takes a message that came by the image with this session id.
    pub fn hear(&mut self, message: &[u8], image: i32) {
        if let Ok(event) = decode(message) {
            let _ = self.sessions.receive(event, image, self.now, &mut Application);
        }
        self.act();
    }

    /// Lets time pass.
    pub fn pass(&mut self, time: Duration) {
        self.now += time;
        self.with_session(Session::on_tick);
    }

    /// Correlation id of the last request that was sent; they are numbered from 1.
    pub fn last_request(&self) -> i64 {
        self.requests
    }

    /// The state of the session.
    pub fn state(&self) -> Option<State> {
        self.sessions.get(self.place).map(|member| member.session.state())
    }

    fn with_session(&mut self, input: impl FnOnce(&mut Session, Now)) {
        if let Some(member) = self.sessions.get_mut(self.place) {
            input(&mut member.session, self.now);
        }
        self.act();
    }

    /// Does what the session asks for.
    fn act(&mut self) {
        let mut actions = 0;
        while let Some(member) = self.sessions.get_mut(self.place)
            && let Some(action) = member.session.next_action()
        {
            actions += 1;
            assert!(actions < MAXIMUM_ACTIONS, "there is no end of actions");
            let (session, now) = (&mut member.session, self.now);
            match action {
                Action::OpenIngress { ingress, .. } => {
                    self.ingress.push(ingress);
                    assert!(self.ingress.len() <= MAXIMUM_INGRESS, "the number of publications grows");
                    session.on_ingress_connected(ingress, now);
                }
                Action::CloseIngress { ingress } => self.ingress.retain(|open| *open != ingress),
                Action::SendConnect { ingress } | Action::SendChallengeResponse { ingress, .. } => {
                    self.requests += 1;
                    session.on_request_sent(ingress, self.requests, now);
                }
                Action::SendKeepAlive { ingress, .. } => session.on_keep_alive_sent(ingress, now),
                Action::SendProbe { .. } | Action::SendClose { .. } | Action::RenewEgress | Action::Report(_) => {}
            }
        }
        self.sessions.update(self.place);
    }
}

impl Default for SimulatedSession {
    fn default() -> Self {
        Self::new()
    }
}
