//! The agent of the sessions with one cluster: tells their state machines what happens in Aeron, and does what the machines ask
//! for.

mod actions;

use std::time::{Duration, Instant};

use aeron_support::{AeronClient, Fragment, FragmentAssembler};
use rusteron_archive::bindings::aeron_controlled_fragment_handler_action_t as FragmentAction;
use rusteron_archive::{AeronHeader, AeronOfferError};

use crate::connection::Connection;
use crate::context::Context;
use crate::egress_adapter::decode;
use crate::egress_listener::{GroupListener, SessionIndex};
use crate::egress_subscription::EgressSubscription;
use crate::error::{ConnectProblem, OfferError};
use crate::ingress_publications::{IngressPublications, IngressState};
use crate::session::{Action, Now, Session, State};
use crate::sessions::{Received, Sessions};
use crate::shared_publications::PublicationId;

/// Fragments that a session may have taken from the egress images in one poll. Source: `AeronCluster.FRAGMENT_LIMIT`.
const FRAGMENT_LIMIT: usize = 10;

/// Greatest number of fragments taken in one poll for all sessions.
const MAX_FRAGMENTS: usize = 100;

/// Greatest number of polls in one duty cycle: one, and one more after each event that may have changed a session. A new leader
/// announces itself to each session.
const MAX_POLLS: usize = 32;

/// Egress images that may be in the middle of a message at once: those of an old leader and a new one, and those of IPC
/// egress, which clients of one media driver share.
const MAX_IMAGES: usize = 8;

/// Interval of the ticks of a session while all are connected. In other states each duty cycle does some.
const TICK_INTERVAL: Duration = Duration::from_millis(1);

/// Greatest number of sessions that tick in one duty cycle.
const TICKS_PER_CYCLE: usize = 16;

/// Time between two looks at how far the media driver has sent.
const CLOSE_PAUSE: Duration = Duration::from_micros(20);

/// What tells clusters apart: sessions with the same ingress share egress, as the ids of their sessions are unique.
#[derive(Debug, PartialEq, Eq)]
struct ClusterKey {
    ingress_channel: String,
    ingress_stream_id: i32,
    ingress_endpoints: Vec<(i32, String)>,
}

impl ClusterKey {
    fn of(context: &Context) -> Self {
        let mut ingress_endpoints = context.ingress_endpoints.clone();
        ingress_endpoints.sort();
        Self {
            ingress_channel: context.ingress_channel.clone(),
            ingress_stream_id: context.ingress_stream_id,
            ingress_endpoints,
        }
    }
}

/// The state machines of the sessions with one cluster, and what they need of Aeron.
pub(crate) struct ClusterAgent {
    key: ClusterKey,
    sessions: Sessions,
    /// At the places of the sessions.
    connections: Vec<Option<Connection>>,
    ingress: IngressPublications,
    egress: EgressSubscription,
    assembler: FragmentAssembler,
    request: Vec<u8>,
    ticks: Ticks,
    /// Sessions that wait for an answer, as counted when the round of ticks began, and since.
    sent_requests: usize,
    invalid_egress: u64,
}

/// Rounds in which all sessions tick.
struct Ticks {
    /// The place whose session ticks next; 0 between two rounds.
    next: usize,
    round_at: Now,
    /// Whether all sessions were connected in the last round, and since.
    all_connected: bool,
}

impl ClusterAgent {
    /// An agent for sessions whose contexts, which were concluded, name the same cluster as this one.
    pub(crate) fn new(context: &Context) -> Self {
        if context.is_egress_out_of_reach() {
            let egress_channel = &context.egress_channel;
            tracing::warn!(egress_channel, "egress is on loopback, which members on other hosts cannot reach");
        }
        Self {
            key: ClusterKey::of(context),
            sessions: Sessions::default(),
            connections: Vec::new(),
            ingress: IngressPublications::default(),
            egress: EgressSubscription::new(&context.egress_channel, context.egress_stream_id),
            assembler: FragmentAssembler::new(MAX_IMAGES),
            request: Vec::new(),
            ticks: Ticks { next: 0, round_at: Duration::ZERO, all_connected: false },
            sent_requests: 0,
            invalid_egress: 0,
        }
    }

    /// Whether a session with this context is one with this agent's cluster.
    pub(crate) fn is_of(&self, context: &Context) -> bool {
        self.key == ClusterKey::of(context)
    }

    /// Adds a session. Returns its place.
    pub(crate) fn add(&mut self, index: SessionIndex, context: Context, seed: u64, now: Now) -> usize {
        let place = self.sessions.insert(index, Session::new(&context, seed, now));
        let connection = Some(Connection::new(context));
        match self.connections.get_mut(place) {
            Some(free) => *free = connection,
            None => self.connections.push(connection),
        }
        self.ticks.all_connected = false;
        place
    }

    /// Takes out a session that has ended.
    pub(crate) fn remove(&mut self, place: usize) {
        self.release(place);
        self.sessions.remove(place);
        if let Some(connection) = self.connections.get_mut(place) {
            *connection = None;
        }
    }

    /// Whether there is no session any more.
    pub(crate) fn is_empty(&self) -> bool {
        self.sessions.iter().next().is_none()
    }

    /// The state machine at a place.
    #[inline]
    pub(crate) fn session(&self, place: usize) -> Option<&Session> {
        self.sessions.get(place).map(|member| &member.session)
    }

    /// What the session at a place has of Aeron.
    #[inline]
    pub(crate) fn connection(&self, place: usize) -> Option<&Connection> {
        self.connections.get(place)?.as_ref()
    }

    pub(crate) fn invalid_egress_count(&self) -> u64 {
        self.invalid_egress
    }

    /// One duty cycle, without a client while no media driver runs.
    #[inline]
    pub(crate) fn do_work<L: GroupListener + ?Sized>(
        &mut self,
        client: Option<&AeronClient>,
        now: Now,
        listener: &mut L,
        work_count: &mut usize,
    ) {
        if let Some(client) = client {
            self.poll_egress_subscription(client, now, listener, work_count);
            self.poll_egress(client, now, listener, work_count);
        }
        if self.ticks.next > 0 || now >= self.ticks.round_at || !self.ticks.all_connected {
            self.tick_some(client, now, listener, work_count);
        }
    }

    /// What an offer of the session at this place failed with, and the consequences of it.
    #[cold]
    pub(crate) fn offer_failed(&mut self, place: usize, error: &AeronOfferError) -> OfferError {
        match error {
            AeronOfferError::BackPressured => OfferError::BackPressured,
            AeronOfferError::AdminAction => OfferError::AdminAction,
            AeronOfferError::MaxPositionExceeded => {
                if let Some(publication) = self.connection(place).and_then(Connection::active_publication) {
                    self.ingress.exhausted(publication);
                }
                self.ticks.round_at = Duration::ZERO;
                OfferError::MaxPositionExceeded
            }
            _ => {
                self.ticks.round_at = Duration::ZERO;
                OfferError::NotConnected
            }
        }
    }

    /// Notes what stands in the way of all sessions.
    pub(crate) fn note(&mut self, problem: &ConnectProblem) {
        for place in 0..self.sessions.places() {
            if let Some(member) = self.sessions.get_mut(place) {
                member.session.note(problem.clone());
            }
        }
    }

    /// The media driver has gone, and with it all publications and the egress subscription.
    pub(crate) fn on_media_driver_lost<L: GroupListener + ?Sized>(
        &mut self,
        reason: &str,
        now: Now,
        listener: &mut L,
        work_count: &mut usize,
    ) {
        self.connections.iter_mut().flatten().for_each(Connection::clear);
        self.drop_aeron();
        self.sessions.on_media_driver_lost(reason, now);
        self.execute_all(None, now, listener, work_count);
    }

    fn drop_aeron(&mut self) {
        self.ingress.clear();
        self.egress.clear();
        self.assembler.clear();
    }
}

/// Facts for the state machines.
impl ClusterAgent {
    fn poll_egress_subscription<L: GroupListener + ?Sized>(
        &mut self,
        client: &AeronClient,
        now: Now,
        listener: &mut L,
        work_count: &mut usize,
    ) {
        match self.egress.do_work(client, now) {
            Ok(true) => self.ticks.round_at = Duration::ZERO,
            Ok(false) => {}
            Err(error) => self.note(&ConnectProblem::MediaDriver(error.to_string())),
        }
        while let Some(image) = self.egress.next_closed_image() {
            tracing::debug!(?image, "egress image closed");
            self.sessions.on_egress_closed(image.session_id, image.is_end_of_stream, now);
            self.execute_all(Some(client), now, listener, work_count);
        }
    }

    #[inline]
    fn poll_egress<L: GroupListener + ?Sized>(
        &mut self,
        client: &AeronClient,
        now: Now,
        listener: &mut L,
        work_count: &mut usize,
    ) {
        let limit = (FRAGMENT_LIMIT * self.sessions.places()).min(MAX_FRAGMENTS);
        for _ in 0..MAX_POLLS {
            let Self { sessions, assembler, invalid_egress, egress, .. } = self;
            let Some(subscription) = egress.get() else { return };
            let mut received = Received::Delivered;
            let mut on_fragment = |payload: &[u8], header: AeronHeader| {
                let fragment = Fragment::new(payload, &header);
                let Some(message) = assembler.assemble(&fragment) else {
                    return FragmentAction::AERON_ACTION_CONTINUE;
                };
                match decode(message) {
                    Ok(event) => received = sessions.receive(event, fragment.session_id, now, listener),
                    Err(error) => {
                        tracing::debug!(%error, "ignored an invalid egress message");
                        *invalid_egress += 1;
                    }
                }
                // The messages that follow may belong to a new state, so the actions of this one are done first.
                match received {
                    Received::Delivered => FragmentAction::AERON_ACTION_CONTINUE,
                    Received::Event { .. } | Received::Opened { .. } => FragmentAction::AERON_ACTION_BREAK,
                }
            };
            match subscription.controlled_poll_fn(&mut on_fragment, limit) {
                Ok(fragments) => *work_count += usize::try_from(fragments).unwrap_or(0),
                Err(error) => tracing::warn!(%error, "can't read egress"),
            }
            match received {
                Received::Delivered => return,
                Received::Event { place } => self.execute(place, Some(client), now, listener, work_count),
                Received::Opened { place } => {
                    self.opened(place, now);
                    self.execute(place, Some(client), now, listener, work_count);
                }
            }
        }
    }

    /// A session, or its leader, is another: what images began that are no leader's is out of date.
    fn opened(&mut self, place: usize, now: Now) {
        let Self { sessions, assembler, ingress, connections, .. } = self;
        assembler.retain(|image| sessions.is_leaders(image));
        if sessions.is_of_new_term(place) {
            let open = sessions.get(place).and_then(|member| member.session.open_ingress());
            let connection = connections.get(place).and_then(Option::as_ref);
            ingress.on_new_leader(open.zip(connection).and_then(|(id, connection)| connection.held(id)), now);
        }
    }

    fn tick_some<L: GroupListener + ?Sized>(
        &mut self,
        client: Option<&AeronClient>,
        now: Now,
        listener: &mut L,
        work_count: &mut usize,
    ) {
        if self.ticks.next == 0 {
            self.ticks.round_at = now + TICK_INTERVAL;
            *work_count += self.ingress.poll();
            if !self.ticks.all_connected {
                self.sent_requests = self.sessions.sent_requests();
                let is_connected = |session: &Session| session.state() == State::Connected;
                self.ticks.all_connected = self.sessions.iter().all(|member| is_connected(&member.session));
            }
        }
        let end = (self.ticks.next + TICKS_PER_CYCLE).min(self.sessions.places());
        for place in self.ticks.next..end {
            self.tick(place, client, now, listener, work_count);
        }
        self.ticks.next = if end < self.sessions.places() { end } else { 0 };
        if self.sessions.take_renewal(now) {
            self.assembler.clear();
            self.egress.renew(now);
            self.execute_all(client, now, listener, work_count);
        }
    }

    fn tick<L: GroupListener + ?Sized>(
        &mut self,
        place: usize,
        client: Option<&AeronClient>,
        now: Now,
        listener: &mut L,
        work_count: &mut usize,
    ) {
        let (Some(member), Some(Some(connection))) = (self.sessions.get_mut(place), self.connections.get_mut(place))
        else {
            return;
        };
        let session = &mut member.session;
        if let Some(client) = client {
            if session.state() == State::AwaitMediaDriver && self.egress.get().is_some() {
                session.on_media_driver_ready(now);
            }
            *work_count += poll_ingress(session, connection, &mut self.ingress, now);
            poll_sender_limit(session, connection, &mut self.ingress, client, now);
        }
        session.on_tick(now);
        self.execute(place, client, now, listener, work_count);
    }
}

/// Tells a machine what has happened to its publications.
fn poll_ingress(
    session: &mut Session,
    connection: &mut Connection,
    ingress: &mut IngressPublications,
    now: Now,
) -> usize {
    let mut facts = 0;
    let mut index = 0;
    while let Some(held) = connection.publications.get_mut(index) {
        index += 1;
        match (ingress.state(held.publication), held.is_connected) {
            (Some(IngressState::Connected), false) => {
                held.is_connected = true;
                session.on_ingress_connected(held.ingress, now);
            }
            (Some(IngressState::Disconnected), true) => {
                held.is_connected = false;
                session.on_ingress_disconnected(held.ingress, now);
            }
            (Some(IngressState::Exhausted), true) => {
                held.is_connected = false;
                session.on_ingress_exhausted(held.ingress, now);
            }
            (Some(IngressState::Failed(reason)), _) => {
                let (failed, reason) = (held.ingress, reason.clone());
                index -= 1;
                connection.close(failed, ingress);
                session.on_ingress_failed(failed, &reason, now);
            }
            _ => continue,
        }
        facts += 1;
    }
    facts
}

/// Tells a machine what the flow control of its ingress shows.
fn poll_sender_limit(
    session: &mut Session,
    connection: &Connection,
    ingress: &mut IngressPublications,
    client: &AeronClient,
    now: Now,
) {
    if let Some(id) = session.connected_ingress()
        && let Some(publication) = connection.held(id)
        && let Some(limit) = ingress.sender_limit(publication, client)
    {
        session.on_sender_limit(id, limit, now);
    }
}

/// Ends of sessions.
impl ClusterAgent {
    /// Ends a session, and tells the cluster.
    pub(crate) fn end(&mut self, place: usize, now: Now) {
        self.end_one(place, Duration::ZERO, now);
        self.release(place);
    }

    /// Ends all sessions, and tells the cluster. Waits up to `patience` until the media driver has sent it, if `client` is there.
    pub(crate) fn end_all(&mut self, client: Option<&AeronClient>, patience: Duration, now: Now) {
        let begun = Instant::now();
        let left = || patience.saturating_sub(begun.elapsed());
        let mut told: Vec<(PublicationId, i64)> = Vec::new();
        for place in 0..self.sessions.places() {
            let Some((publication, position)) = self.end_one(place, left(), now) else { continue };
            told.retain(|(other, _)| *other != publication);
            told.push((publication, position));
        }
        for (publication, position) in told {
            let sender = client.zip(self.ingress.get(publication)).and_then(|(c, ingress)| ingress.sender_position(c));
            let Some(sender) = sender else { continue };
            while !left().is_zero() && sender.position().is_some_and(|sent| sent < position) {
                std::thread::sleep(CLOSE_PAUSE);
            }
        }
        for place in 0..self.sessions.places() {
            self.release(place);
        }
        self.drop_aeron();
    }

    /// Closes the session at this place; its publications stay.
    fn end_one(&mut self, place: usize, patience: Duration, now: Now) -> Option<(PublicationId, i64)> {
        let session = &mut self.sessions.get_mut(place)?.session;
        session.close();
        session.take_fatal();
        let mut told = None;
        while let Some(action) = self.sessions.get_mut(place).and_then(|member| member.session.next_action()) {
            match action {
                Action::SendClose { ingress, header } => {
                    told = self.send_close(place, ingress, &header, patience).or(told);
                }
                // The publications are closed when what was sent by them has gone.
                Action::CloseIngress { .. } => {}
                other => self.execute_one(place, other, None, now, &mut NoListener),
            }
        }
        self.sessions.update(place);
        told
    }

    /// Gives up what a session that has ended has of Aeron.
    fn release(&mut self, place: usize) {
        if let Some(Some(connection)) = self.connections.get_mut(place) {
            connection.release(&mut self.ingress);
        }
    }
}

/// Ignores what the last actions of a session report that is being closed.
struct NoListener;

impl GroupListener for NoListener {
    fn on_message(&mut self, _session: SessionIndex, _cluster_session_id: i64, _timestamp: i64, _message: &[u8]) {}
}
