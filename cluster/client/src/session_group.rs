//! Many sessions, with one cluster or several, that share an Aeron client.

use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, Instant};

use rusteron_archive::AeronOfferError;

use crate::cluster_agent::ClusterAgent;
use crate::connection::{Active, Connection};
use crate::context::{Context, NullCredentials};
use crate::egress_listener::{GroupListener, SessionIndex};
use crate::error::{ClientError, ConfigurationError, ConnectProblem, OfferError};
use crate::ingress_proxy::SESSION_HEADER_LENGTH;
use crate::media_driver::{MediaDriver, MediaDriverFact};
use crate::session::{Now, Session, State};

/// Greatest number of sessions of a [`SessionGroup`]. More than some hundreds are better in several groups, each with a thread
/// of its own.
pub const MAX_SESSIONS: usize = 1024;

/// Bound on the wait of [`SessionGroup::close`] until the media driver has sent the close requests. A driver that lives sends
/// them in its next duty cycle.
pub const CLOSE_TIMEOUT: Duration = Duration::from_millis(200);

/// Greatest number of parts of a message that [`SessionGroup::offer_parts`] takes: with the session header they are as many
/// as `rusteron_archive::MAX_OFFER_PARTS`.
pub const MAX_OFFER_PARTS: usize = rusteron_archive::MAX_OFFER_PARTS - 1;

/// Sessions, with one cluster or several, of one thread. Each is a session as [`AeronCluster`](crate::AeronCluster) has one: it is
/// opened, kept, follows its leader and is opened again by itself. They share:
///
/// - all of them, an Aeron client: one duty cycle, one set of mapped files, one heartbeat;
/// - those with the same cluster, an egress subscription, thus a port and an image of the leader's egress; and an ingress
///   publication to each member that is asked. Clusters are the same if the contexts name the same ingress.
///
/// So back pressure of an ingress publication, its end, and the loss of the leader's egress image concern all sessions with that
/// cluster. A session that is closed leaves them to the others.
pub struct SessionGroup {
    /// Where the session of an index is.
    places: Vec<Option<Place>>,
    agents: Vec<Option<ClusterAgent>>,
    media_driver: MediaDriver,
    settings: GroupSettings,
    origin: Instant,
    /// Invalid egress of clusters that have no session any more.
    invalid_egress: u64,
    is_closed: bool,
}

/// Where a session is: number of its cluster's agent, and its place there.
#[derive(Debug, Clone, Copy)]
struct Place {
    agent: usize,
    place: usize,
}

/// The settings that all sessions of a group share.
struct GroupSettings {
    aeron_dir: String,
    egress_channel: String,
    egress_stream_id: i32,
}

impl GroupSettings {
    fn of(context: &Context) -> Self {
        Self {
            aeron_dir: context.aeron_dir.display().to_string(),
            egress_channel: context.egress_channel.clone(),
            egress_stream_id: context.egress_stream_id,
        }
    }

    fn check(&self, context: &Context) -> Result<(), ConfigurationError> {
        let session = Self::of(context);
        let stream = |settings: &Self| settings.egress_stream_id.to_string();
        for (name, value, of_group) in [
            ("aeron_dir", session.aeron_dir.clone(), self.aeron_dir.clone()),
            ("egress_channel", session.egress_channel.clone(), self.egress_channel.clone()),
            ("egress_stream_id", stream(&session), stream(self)),
        ] {
            if value != of_group {
                return Err(ConfigurationError::OtherGroup { name, value, of_group });
            }
        }
        Ok(())
    }
}

impl SessionGroup {
    /// A group without sessions. `context` says what its sessions share: media driver and egress. The client's name and the
    /// driver time-out are this context's, too; all else is that of each session. This waits for nothing: media driver and
    /// clusters may start later.
    ///
    /// # Errors
    /// [`ClientError::Configuration`] when a setting of the context cannot work.
    pub fn new(context: &Context) -> Result<Self, ClientError> {
        let context = context.with_credentials(NullCredentials).conclude_group()?;
        Ok(Self {
            places: Vec::new(),
            agents: Vec::new(),
            media_driver: MediaDriver::new(&context),
            settings: GroupSettings::of(&context),
            origin: Instant::now(),
            invalid_egress: 0,
            is_closed: false,
        })
    }

    /// Adds a session, at any time. It begins to connect in the next duty cycle. Of the sessions with one cluster at most 32 are
    /// asked for at once.
    ///
    /// # Errors
    /// [`ClientError::Configuration`] when a setting of the context cannot work, media driver or egress are others than the
    /// group's, or the group has [`MAX_SESSIONS`]; [`ClientError::Closed`] when the group was closed.
    pub fn add(&mut self, context: Context) -> Result<SessionIndex, ClientError> {
        if self.is_closed {
            return Err(ClientError::Closed);
        }
        let context = context.conclude()?;
        self.settings.check(&context)?;
        let index = self.places.iter().position(Option::is_none).unwrap_or(self.places.len());
        if index >= MAX_SESSIONS {
            return Err(ConfigurationError::TooManySessions(MAX_SESSIONS).into());
        }
        let seed = RandomState::new().hash_one(&context.client_name);
        let now = self.now();
        let agent = self.agent_for(&context);
        let place = self.agents[agent].get_or_insert_with(|| ClusterAgent::new(&context)).add(
            SessionIndex(index),
            context,
            seed,
            now,
        );
        let place = Some(Place { agent, place });
        match self.places.get_mut(index) {
            Some(free) => *free = place,
            None => self.places.push(place),
        }
        Ok(SessionIndex(index))
    }

    /// Closes a session, without waiting, and forgets it. The others go on. An unknown session is ignored.
    pub fn remove(&mut self, session: SessionIndex) {
        let now = self.now();
        let Some(Place { agent, place }) = self.places.get_mut(session.0).and_then(Option::take) else { return };
        let Some(Some(of_cluster)) = self.agents.get_mut(agent) else { return };
        of_cluster.end(place, now);
        of_cluster.remove(place);
        if of_cluster.is_empty() {
            self.invalid_egress += of_cluster.invalid_egress_count();
            self.agents[agent] = None;
        }
    }

    /// The sessions, in the order of their indices.
    pub fn sessions(&self) -> impl Iterator<Item = SessionIndex> {
        self.places.iter().enumerate().filter(|(_, place)| place.is_some()).map(|(index, _)| SessionIndex(index))
    }

    /// One duty cycle: receives the messages of all sessions, keeps them alive, connects. Call it often, and at least every few
    /// seconds, or media driver and clusters take the client for dead; also while there is no session. Returns 0 when there was
    /// nothing to do, so that the caller may idle.
    #[inline]
    pub fn do_work<L: GroupListener + ?Sized>(&mut self, listener: &mut L) -> usize {
        let now = self.origin.elapsed();
        let mut work_count = 0;
        if let Some(fact) = self.media_driver.do_work(now, &mut work_count) {
            self.on_media_driver_fact(fact, now, listener, &mut work_count);
        }
        let client = self.media_driver.client();
        for agent in self.agents.iter_mut().flatten() {
            agent.do_work(client, now, listener, &mut work_count);
        }
        work_count
    }

    /// Sends `message` to the leader of the session's cluster. Returns the position in the ingress stream. The message is then on
    /// its way: if the leader dies, the message may be lost (see [`GroupListener::on_new_leader`]).
    ///
    /// # Errors
    /// Nothing was sent; see [`OfferError`].
    #[inline]
    pub fn offer(&mut self, session: SessionIndex, message: &[u8]) -> Result<i64, OfferError> {
        self.offer_parts(session, &[message])
    }

    /// Sends one message that consists of `parts`, at most [`MAX_OFFER_PARTS`], as [`offer`](Self::offer) does. The parts
    /// are put together in Aeron's log buffer, without a copy before.
    ///
    /// # Errors
    /// Nothing was sent; see [`OfferError`].
    #[inline]
    pub fn offer_parts(&mut self, session: SessionIndex, parts: &[&[u8]]) -> Result<i64, OfferError> {
        let Some(active) = self.active(session) else { return Err(self.no_ingress(session)) };
        if parts.len() > MAX_OFFER_PARTS {
            return Err(OfferError::TooManyParts { parts: parts.len(), maximum: MAX_OFFER_PARTS });
        }
        let length = parts.iter().map(|part| part.len()).sum();
        let maximum = active.offered_by.max_message_length;
        if length > maximum {
            return Err(OfferError::MessageTooLong { length, maximum });
        }
        let header: &[u8; SESSION_HEADER_LENGTH] = &active.message_header;
        let mut message: [&[u8]; 1 + MAX_OFFER_PARTS] = [header; 1 + MAX_OFFER_PARTS];
        message[1..=parts.len()].copy_from_slice(parts);
        let offered = active.offered_by.offer_parts(&message[..=parts.len()]);
        offered.map_err(|error| self.offer_failed(session, &error))
    }

    /// Asks the session's cluster to take a snapshot. The answer comes with
    /// [`on_admin_response`](GroupListener::on_admin_response). The cluster's authorisation service has to allow it.
    ///
    /// # Errors
    /// Nothing was sent; see [`OfferError`].
    pub fn send_admin_request_to_take_a_snapshot(
        &mut self,
        session: SessionIndex,
        correlation_id: i64,
    ) -> Result<i64, OfferError> {
        let Some(active) = self.active(session) else { return Err(self.no_ingress(session)) };
        let offered = active.offered_by.offer(&active.header().snapshot_request(correlation_id));
        offered.map_err(|error| self.offer_failed(session, &error))
    }

    /// Longest message in bytes that [`offer`](Self::offer) takes; `None` while the session is not connected.
    pub fn max_message_length(&self, session: SessionIndex) -> Option<usize> {
        self.active(session).map(|active| active.offered_by.max_message_length)
    }

    /// State of a session; [`State::Closed`] if there is no such session.
    pub fn state(&self, session: SessionIndex) -> State {
        self.session(session).map_or(State::Closed, Session::state)
    }

    /// The cluster's id of a session that is open.
    pub fn cluster_session_id(&self, session: SessionIndex) -> Option<i64> {
        self.session(session)?.header().map(|header| header.cluster_session_id)
    }

    /// Leadership term of a session that is open.
    pub fn leadership_term_id(&self, session: SessionIndex) -> Option<i64> {
        self.session(session)?.header().map(|header| header.leadership_term_id)
    }

    /// Member that leads in that term.
    pub fn leader_member_id(&self, session: SessionIndex) -> Option<i32> {
        self.session(session)?.leader_member_id()
    }

    /// Secret that the session's [`CredentialsSupplier`](crate::CredentialsSupplier) gave for the challenge that the open session
    /// was authenticated with; empty if there was none.
    pub fn session_secret(&self, session: SessionIndex) -> &[u8] {
        self.connection(session).map_or(&[], |connection| connection.secrets.of_open_session())
    }

    /// What stood last in the way of a session, for a person who wonders why there is none.
    pub fn problem(&self, session: SessionIndex) -> Option<&ConnectProblem> {
        self.session(session)?.problem()
    }

    /// Number of egress messages that were dropped because they are no valid messages of the protocol.
    pub fn invalid_egress_count(&self) -> u64 {
        let agents = self.agents.iter().flatten();
        self.invalid_egress + agents.map(ClusterAgent::invalid_egress_count).sum::<u64>()
    }

    /// Closes all sessions and releases all resources, for good. If a cluster can be told, this waits until the media driver has
    /// sent the requests, for [`CLOSE_TIMEOUT`] at most: a program may end its driver next, and a session of whose end the
    /// cluster does not know lives until its time-out. Dropping the group does the same.
    pub fn close(&mut self) {
        self.end(CLOSE_TIMEOUT);
    }

    /// Closes all sessions as [`close`](Self::close) does, but without waiting: for a program that continues with the same
    /// media driver.
    pub fn abandon(&mut self) {
        self.end(Duration::ZERO);
    }

    fn end(&mut self, patience: Duration) {
        self.is_closed = true;
        let (begun, now) = (Instant::now(), self.now());
        for agent in self.agents.iter_mut().flatten() {
            agent.end_all(self.media_driver.client(), patience.saturating_sub(begun.elapsed()), now);
        }
        self.media_driver.close();
    }

    fn now(&self) -> Now {
        self.origin.elapsed()
    }

    /// Number of the agent for a session's cluster, or of a free place for one.
    fn agent_for(&mut self, context: &Context) -> usize {
        let same = |agent: &Option<ClusterAgent>| agent.as_ref().is_some_and(|agent| agent.is_of(context));
        if let Some(agent) = self.agents.iter().position(same) {
            return agent;
        }
        self.agents.iter().position(Option::is_none).unwrap_or_else(|| {
            self.agents.push(None);
            self.agents.len() - 1
        })
    }

    #[inline]
    fn place(&self, session: SessionIndex) -> Option<(&ClusterAgent, usize)> {
        let Place { agent, place } = (*self.places.get(session.0)?)?;
        Some((self.agents.get(agent)?.as_ref()?, place))
    }

    #[inline]
    fn session(&self, session: SessionIndex) -> Option<&Session> {
        self.place(session).and_then(|(agent, place)| agent.session(place))
    }

    #[inline]
    fn connection(&self, session: SessionIndex) -> Option<&Connection> {
        self.place(session).and_then(|(agent, place)| agent.connection(place))
    }

    #[inline]
    fn active(&self, session: SessionIndex) -> Option<&Active> {
        self.connection(session).and_then(Connection::active)
    }

    /// Why there is no ingress to offer to.
    #[cold]
    fn no_ingress(&self, session: SessionIndex) -> OfferError {
        if self.state(session) == State::Closed { OfferError::Closed } else { OfferError::NotConnected }
    }

    #[cold]
    fn offer_failed(&mut self, session: SessionIndex, error: &AeronOfferError) -> OfferError {
        let Some(Some(Place { agent, place })) = self.places.get(session.0) else { return OfferError::Closed };
        match self.agents.get_mut(*agent) {
            Some(Some(of_cluster)) => of_cluster.offer_failed(*place, error),
            _ => OfferError::Closed,
        }
    }

    #[cold]
    fn on_media_driver_fact<L: GroupListener + ?Sized>(
        &mut self,
        fact: MediaDriverFact,
        now: Now,
        listener: &mut L,
        work_count: &mut usize,
    ) {
        let agents = self.agents.iter_mut().flatten();
        match fact {
            MediaDriverFact::Absent => {
                let problem = ConnectProblem::NoMediaDriver(self.media_driver.aeron_dir().to_owned());
                agents.for_each(|agent| agent.note(&problem));
            }
            MediaDriverFact::Refused(reason) => {
                let problem = ConnectProblem::MediaDriver(reason);
                agents.for_each(|agent| agent.note(&problem));
            }
            MediaDriverFact::Lost(reason) => {
                agents.for_each(|agent| agent.on_media_driver_lost(&reason, now, listener, work_count));
                self.media_driver.forget(now);
            }
        }
    }
}

impl Drop for SessionGroup {
    fn drop(&mut self) {
        self.close();
    }
}
