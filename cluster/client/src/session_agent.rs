//! The agent of a session: tells the state machine what happens in Aeron, and does what the machine asks for.

use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, Instant};

use aeron_support::{Fragment, FragmentAssembler};
use rusteron_archive::bindings::aeron_controlled_fragment_handler_action_t as FragmentAction;
use rusteron_archive::{AeronHeader, AeronOfferError};

use crate::context::{Context, MAX_CREDENTIALS_LENGTH};
use crate::egress_adapter::{Egress, decode};
use crate::egress_listener::{AdminResponse, EgressListener};
use crate::error::{ClientError, ConnectProblem, OfferError};
use crate::ingress_proxy::{ConnectRequest, SESSION_HEADER_LENGTH, SessionHeader, encode_challenge_response};
use crate::ingress_publications::{Ingress, IngressFact, IngressPublications, SenderCounter};
use crate::media_driver::{MediaDriver, MediaDriverFact};
use crate::session::{Action, ClosedEgress, Event, IngressId, Now, Session, State};
use crate::session_secrets::SessionSecrets;

/// Fragments taken from the egress images in one poll. Source: `AeronCluster.FRAGMENT_LIMIT`.
const FRAGMENT_LIMIT: usize = 10;

/// Greatest number of polls in one duty cycle: one, and one more after each event that may have changed the session.
const MAX_POLLS: usize = 4;

/// Egress images that may be in the middle of a message at once: those of an old leader and a new one, and those of IPC
/// egress, which clients of one media driver share.
const MAX_IMAGES: usize = 8;

/// Interval of the machine's tick while connected. In other states the machine ticks in every duty cycle.
const TICK_INTERVAL: Duration = Duration::from_millis(1);

/// Tries of a close request that nobody waits for. Source: `AeronCluster.SEND_ATTEMPTS`.
const CLOSE_ATTEMPTS: usize = 3;

/// Time between two looks at how far the media driver has sent.
const CLOSE_PAUSE: Duration = Duration::from_micros(20);

/// The state machine of a session, and what it needs of Aeron.
pub(crate) struct SessionAgent {
    context: Context,
    client_info: String,
    origin: Instant,
    session: Session,
    active: Option<Active>,
    ingress: IngressPublications,
    media_driver: MediaDriver,
    assembler: FragmentAssembler,
    request: Vec<u8>,
    tick_at: Now,
    /// The limit of the open session's ingress; `None` inside for IPC.
    sender_limit: Option<(IngressId, Option<SenderCounter>)>,
    invalid_egress: u64,
    secrets: SessionSecrets,
    /// Session id of the image by which the open session's leader announced itself.
    leader_image: Option<i32>,
}

/// Where the application's messages go, and the header that precedes each.
struct Active {
    ingress: IngressId,
    header: SessionHeader,
    message_header: [u8; SESSION_HEADER_LENGTH],
}

impl SessionAgent {
    /// An agent for a context that was concluded.
    pub(crate) fn new(context: Context) -> Self {
        if context.is_egress_out_of_reach() {
            let egress_channel = &context.egress_channel;
            tracing::warn!(egress_channel, "egress is on loopback, which members on other hosts cannot reach");
        }
        let seed = RandomState::new().hash_one(&context.client_name);
        Self {
            client_info: format!("name={} version={}", context.client_name, env!("CARGO_PKG_VERSION")),
            origin: Instant::now(),
            session: Session::new(&context, seed),
            active: None,
            ingress: IngressPublications::default(),
            media_driver: MediaDriver::new(&context),
            assembler: FragmentAssembler::new(MAX_IMAGES),
            request: Vec::new(),
            tick_at: Duration::ZERO,
            sender_limit: None,
            invalid_egress: 0,
            secrets: SessionSecrets::default(),
            leader_image: None,
            context,
        }
    }

    /// One duty cycle. Returns 0 when there was nothing to do.
    pub(crate) fn do_work<L: EgressListener + ?Sized>(&mut self, listener: &mut L) -> Result<usize, ClientError> {
        let now = self.origin.elapsed();
        let mut work_count = 0;
        self.poll_media_driver(now, &mut work_count);
        self.execute(now, listener, &mut work_count);
        self.poll_egress(now, listener, &mut work_count);
        if now >= self.tick_at || self.session.state() != State::Connected {
            self.tick_at = now + TICK_INTERVAL;
            self.poll_ingress(now, &mut work_count);
            self.poll_sender_limit(now);
            self.session.on_tick(now);
            self.execute(now, listener, &mut work_count);
        }
        match (self.session.take_fatal(), self.session.state()) {
            (Some(error), _) => {
                self.release();
                Err(error)
            }
            (None, State::Closed) => Err(ClientError::Closed),
            (None, _) => Ok(work_count),
        }
    }

    pub(crate) fn session(&self) -> &Session {
        &self.session
    }

    pub(crate) fn invalid_egress_count(&self) -> u64 {
        self.invalid_egress
    }

    /// The supplier's secret of the open session; empty if there is none.
    pub(crate) fn session_secret(&self) -> &[u8] {
        self.secrets.of_open_session()
    }

    /// The ingress publication to the leader of the open session, and the header of a message to it.
    #[inline]
    pub(crate) fn active_ingress(&self) -> Option<(&Ingress, &[u8; SESSION_HEADER_LENGTH])> {
        let active = self.active.as_ref()?;
        Some((self.ingress.get(active.ingress)?, &active.message_header))
    }

    /// The open session, while its leader takes messages.
    pub(crate) fn active_session(&self) -> Option<SessionHeader> {
        self.active.as_ref().map(|active| active.header)
    }

    /// Why there is no ingress to offer to.
    #[cold]
    pub(crate) fn no_ingress(&self) -> OfferError {
        if self.session.state() == State::Closed { OfferError::Closed } else { OfferError::NotConnected }
    }

    /// What an offer to the active ingress failed with, and the consequences of it.
    #[cold]
    pub(crate) fn offer_failed(&mut self, error: &AeronOfferError) -> OfferError {
        match error {
            AeronOfferError::BackPressured => OfferError::BackPressured,
            AeronOfferError::AdminAction => OfferError::AdminAction,
            AeronOfferError::MaxPositionExceeded => {
                if let Some(active) = &self.active {
                    self.session.on_ingress_exhausted(active.ingress, self.origin.elapsed());
                }
                OfferError::MaxPositionExceeded
            }
            _ => {
                self.tick_at = Duration::ZERO;
                OfferError::NotConnected
            }
        }
    }

    /// Ends the session and releases all resources. Waits up to `patience` until the media driver has sent the close
    /// request.
    pub(crate) fn end(&mut self, patience: Duration) {
        self.session.close();
        self.session.take_fatal();
        let now = self.origin.elapsed();
        while let Some(action) = self.session.next_action() {
            match action {
                Action::SendClose { ingress, header } => self.send_close(ingress, &header, patience),
                other => self.execute_one(other, now, &mut NoListener),
            }
        }
        self.release();
    }
}

/// Facts for the state machine.
impl SessionAgent {
    fn poll_media_driver(&mut self, now: Now, work_count: &mut usize) {
        match self.media_driver.do_work(now, work_count) {
            None => {}
            Some(MediaDriverFact::Ready) => self.session.on_media_driver_ready(now),
            Some(MediaDriverFact::Absent) => {
                self.session.note(ConnectProblem::NoMediaDriver(self.context.aeron_dir.clone()));
            }
            Some(MediaDriverFact::Refused(reason)) => self.session.note(ConnectProblem::MediaDriver(reason)),
            Some(MediaDriverFact::Lost(reason)) => {
                self.sender_limit = None;
                self.ingress.clear();
                self.assembler.clear();
                self.secrets = SessionSecrets::default();
                self.session.on_media_driver_lost(&reason, now);
            }
            Some(MediaDriverFact::EgressClosed(image)) => {
                tracing::debug!(?image, "egress image closed");
                let is_leaders = self.session.header().is_some() && self.leader_image == Some(image.session_id);
                match (is_leaders, image.is_end_of_stream) {
                    (true, true) => self.session.on_egress_closed(ClosedEgress::LeaderEnded, now),
                    (true, false) => self.session.on_egress_closed(ClosedEgress::LeaderLost, now),
                    (false, true) => {}
                    (false, false) => self.session.on_egress_closed(ClosedEgress::OtherLost, now),
                }
            }
        }
    }

    fn poll_ingress(&mut self, now: Now, work_count: &mut usize) {
        while let Some(fact) = self.ingress.poll() {
            *work_count += 1;
            match fact {
                IngressFact::Connected(ingress) => self.session.on_ingress_connected(ingress, now),
                IngressFact::Disconnected(ingress) => self.session.on_ingress_disconnected(ingress, now),
                IngressFact::Failed(ingress, reason) => self.session.on_ingress_failed(ingress, &reason, now),
            }
        }
    }

    /// Tells the machine what the flow control of the session's ingress shows. The counter is looked for once, as that goes
    /// through all counters of the media driver.
    fn poll_sender_limit(&mut self, now: Now) {
        let ingress = self.session.connected_ingress();
        if self.sender_limit.as_ref().map(|(of, _)| *of) != ingress {
            let client = self.media_driver.client();
            self.sender_limit = ingress.and_then(|id| Some((id, self.ingress.get(id)?.sender_limit(client?))));
        }
        if let Some((ingress, Some(counter))) = &self.sender_limit
            && let Some(limit) = counter.position()
        {
            self.session.on_sender_limit(*ingress, limit, now);
        }
    }

    fn poll_egress<L: EgressListener + ?Sized>(&mut self, now: Now, listener: &mut L, work_count: &mut usize) {
        for _ in 0..MAX_POLLS {
            let Self { session, assembler, invalid_egress, media_driver, leader_image, .. } = self;
            let Some(egress) = media_driver.egress() else { return };
            let mut changed = false;
            let mut on_fragment = |payload: &[u8], header: AeronHeader| {
                let fragment = Fragment::new(payload, &header);
                let Some(message) = assembler.assemble(&fragment) else {
                    return FragmentAction::AERON_ACTION_CONTINUE;
                };
                let header = session.header();
                match decode(message) {
                    // The messages that follow may belong to the new state, so the actions of this one are done first.
                    Ok(event) if dispatch(session, event, now, listener) => {
                        if session.header() != header {
                            // The session or its leader is another: what the other images began is out of date.
                            assembler.keep_only(fragment.session_id);
                            *leader_image = Some(fragment.session_id);
                        }
                        changed = true;
                        FragmentAction::AERON_ACTION_BREAK
                    }
                    Ok(_) => FragmentAction::AERON_ACTION_CONTINUE,
                    Err(error) => {
                        tracing::debug!(%error, "ignored an invalid egress message");
                        *invalid_egress += 1;
                        FragmentAction::AERON_ACTION_CONTINUE
                    }
                }
            };
            match egress.controlled_poll_fn(&mut on_fragment, FRAGMENT_LIMIT) {
                Ok(fragments) => *work_count += usize::try_from(fragments).unwrap_or(0),
                Err(error) => tracing::warn!(%error, "can't read egress"),
            }
            if !changed {
                return;
            }
            self.execute(now, listener, work_count);
        }
    }
}

/// Gives an event to the machine or to the application. Returns true when the event may have changed the session.
#[inline]
fn dispatch<L: EgressListener + ?Sized>(session: &mut Session, event: Egress<'_>, now: Now, listener: &mut L) -> bool {
    match event {
        Egress::Message { cluster_session_id, timestamp, payload } => {
            if session.on_message(cluster_session_id, now) {
                listener.on_message(cluster_session_id, timestamp, payload);
            }
            return false;
        }
        Egress::Admin(event) => {
            if session.on_message(event.cluster_session_id, now) && !event.is_probe {
                let response =
                    AdminResponse { correlation_id: event.correlation_id, code: event.code, message: event.message };
                listener.on_admin_response(&response);
            }
            return false;
        }
        Egress::Other => return false,
        Egress::Session(event) => {
            tracing::trace!(?event, ?now);
            session.on_session_event(&event, now);
        }
        Egress::NewLeader(event) => {
            tracing::trace!(?event, ?now);
            session.on_new_leader(&event, now);
        }
        Egress::Challenge { correlation_id, cluster_session_id, encoded_challenge } => {
            session.on_challenge(correlation_id, cluster_session_id, encoded_challenge, now);
        }
    }
    true
}

/// Actions of the state machine.
impl SessionAgent {
    fn execute<L: EgressListener + ?Sized>(&mut self, now: Now, listener: &mut L, work_count: &mut usize) {
        while let Some(action) = self.session.next_action() {
            *work_count += 1;
            self.execute_one(action, now, listener);
        }
        self.activate();
    }

    fn execute_one<L: EgressListener + ?Sized>(&mut self, action: Action, now: Now, listener: &mut L) {
        tracing::trace!(?action, ?now);
        match action {
            Action::OpenIngress { ingress, target } => {
                let Self { context, media_driver, ingress: publications, .. } = self;
                let opened = media_driver.client().ok_or_else(|| "no media driver".to_owned()).and_then(|client| {
                    publications
                        .open(client, ingress, &target, &context.ingress_channel, context.ingress_stream_id)
                        .map_err(|error| error.message)
                });
                if let Err(reason) = opened {
                    self.session.on_ingress_failed(ingress, &reason, now);
                }
            }
            Action::CloseIngress { ingress } => self.ingress.close(ingress),
            Action::SendConnect { ingress } => self.send_connect(ingress, now),
            Action::SendChallengeResponse { ingress, cluster_session_id, encoded_challenge } => {
                self.send_challenge_response(ingress, cluster_session_id, &encoded_challenge, now);
            }
            Action::SendKeepAlive { ingress, header } => {
                if self.send(ingress, &header.keep_alive()) {
                    self.session.on_keep_alive_sent(ingress, now);
                }
            }
            Action::SendProbe { ingress, header } => {
                if let Some(correlation_id) = self.next_correlation_id() {
                    self.send(ingress, &header.probe(correlation_id));
                }
            }
            Action::RenewEgress => {
                self.assembler.clear();
                self.media_driver.renew_egress(now);
            }
            Action::SendClose { ingress, header } => self.send_close(ingress, &header, Duration::ZERO),
            Action::Report(event) => report(&event, listener),
        }
    }

    fn send_connect(&mut self, ingress: IngressId, now: Now) {
        let Some(correlation_id) = self.next_correlation_id() else { return };
        let credentials = self.context.credentials.encoded_credentials();
        let Some(response_channel) = self.media_driver.response_channel() else { return };
        ConnectRequest {
            correlation_id,
            response_stream_id: self.context.egress_stream_id,
            response_channel,
            encoded_credentials: bounded(&credentials),
            client_info: &self.client_info,
        }
        .encode(&mut self.request);
        if self.send(ingress, &self.request) {
            self.session.on_request_sent(ingress, correlation_id, now);
        }
    }

    fn send_challenge_response(
        &mut self,
        ingress: IngressId,
        cluster_session_id: i64,
        encoded_challenge: &[u8],
        now: Now,
    ) {
        let Some(correlation_id) = self.next_correlation_id() else { return };
        let credentials = self.context.credentials.on_challenge(encoded_challenge);
        encode_challenge_response(&mut self.request, correlation_id, cluster_session_id, bounded(&credentials));
        if self.send(ingress, &self.request) {
            self.secrets.keep(correlation_id, self.context.credentials.session_secret(encoded_challenge));
            self.session.on_request_sent(ingress, correlation_id, now);
        }
    }

    /// Whether the request was sent. That a publication is no longer connected shows in the next tick.
    fn send(&self, ingress: IngressId, request: &[u8]) -> bool {
        self.ingress.get(ingress).is_some_and(|ingress| ingress.offer(request).is_ok())
    }

    /// Tells the cluster that a session has ended. With patience, this also waits until the media driver has sent it.
    fn send_close(&self, ingress: IngressId, header: &SessionHeader, patience: Duration) {
        let Some(ingress) = self.ingress.get(ingress) else { return };
        let request = header.close();
        let begun = Instant::now();
        let mut attempts = 0;
        let position = loop {
            attempts += 1;
            match ingress.offer(&request) {
                Ok(position) => break position,
                Err(AeronOfferError::BackPressured | AeronOfferError::AdminAction)
                    if attempts < CLOSE_ATTEMPTS || begun.elapsed() < patience => {}
                Err(_) => return,
            }
        };
        let sender = self.media_driver.client().and_then(|client| ingress.sender_position(client));
        let Some(sender) = sender else { return };
        while begun.elapsed() < patience && sender.position().is_some_and(|sent| sent < position) {
            std::thread::sleep(CLOSE_PAUSE);
        }
    }

    /// A number that is unique among all clients of the media driver.
    fn next_correlation_id(&self) -> Option<i64> {
        self.media_driver.client().map(|client| client.aeron().next_correlation_id())
    }

    /// Prepares what an offer needs, when the session or its leader has changed.
    fn activate(&mut self) {
        self.secrets.open(self.session.correlation_id());
        let wanted = self.session.ingress();
        if wanted != self.active.as_ref().map(|active| (active.ingress, active.header)) {
            self.active =
                wanted.map(|(ingress, header)| Active { ingress, header, message_header: header.message_header() });
        }
    }

    fn release(&mut self) {
        self.active = None;
        self.sender_limit = None;
        self.ingress.clear();
        self.media_driver.close();
    }
}

fn report<L: EgressListener + ?Sized>(event: &Event, listener: &mut L) {
    match event {
        Event::Connected(connected) => {
            tracing::info!(?connected);
            listener.on_connected(connected);
        }
        Event::NewLeader(new_leader) => {
            tracing::info!(?new_leader);
            listener.on_new_leader(new_leader);
        }
        Event::Disconnected(reason) => {
            tracing::warn!(?reason, "lost the session");
            listener.on_disconnected(reason.clone());
        }
    }
}

fn bounded(credentials: &[u8]) -> &[u8] {
    if credentials.len() > MAX_CREDENTIALS_LENGTH {
        tracing::warn!(
            length = credentials.len(),
            maximum = MAX_CREDENTIALS_LENGTH,
            "the credentials are too long: sent none"
        );
        return &[];
    }
    credentials
}

/// Ignores what the last actions of a client report that is being closed.
struct NoListener;

impl EgressListener for NoListener {
    fn on_message(&mut self, _cluster_session_id: i64, _timestamp: i64, _message: &[u8]) {}
}
