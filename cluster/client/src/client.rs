//! The client: drives the session's state machine with an Aeron client, publications and polls.
//!
//! Source: `io.aeron.cluster.client.AeronCluster`.

use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, Instant};

use rusteron_archive::bindings::aeron_controlled_fragment_handler_action_t as FragmentAction;
use rusteron_archive::{AeronHeader, AeronOfferError};

use crate::context::{Context, MAX_CREDENTIALS_LENGTH};
use crate::egress_adapter::{Egress, decode};
use crate::egress_listener::{AdminResponse, EgressListener};
use crate::error::{ClientError, ConnectProblem, OfferError};
pub use crate::ingress_proxy::SESSION_HEADER_LENGTH;
use crate::ingress_proxy::{ConnectRequest, SessionHeader, encode_challenge_response};
use crate::ingress_publications::{IngressFact, IngressPublications};
use crate::media_driver::{MediaDriver, MediaDriverFact};
use crate::reassembly::{Fragment, Reassembly};
use crate::session::{Action, Event, IngressId, Now, Session, State};

/// Fragments taken from the egress images in one poll (`AeronCluster.FRAGMENT_LIMIT`).
const FRAGMENT_LIMIT: usize = 10;

/// Polls in one duty cycle: one, and one more after each event that may have changed the session, up to this.
const MAX_POLLS: usize = 4;

/// Interval of the machine's tick while connected; otherwise it ticks in every duty cycle.
const TICK_INTERVAL: Duration = Duration::from_millis(1);

/// Tries of a close request that nobody waits for (`AeronCluster.SEND_ATTEMPTS`).
const CLOSE_ATTEMPTS: usize = 3;

/// Longest that [`AeronCluster::close`] waits until the media driver has sent the close request: it takes one duty cycle of
/// a driver that lives.
pub const CLOSE_TIMEOUT: Duration = Duration::from_millis(200);

/// Between two looks at how far the media driver is.
const CLOSE_PAUSE: Duration = Duration::from_micros(20);

/// A client of one Aeron Cluster. It opens a session, keeps it, follows the leader and opens a new session when the old
/// one is lost, all inside [`AeronCluster::do_work`]. To be used by the thread that made it.
pub struct AeronCluster {
    context: Context,
    client_info: String,
    origin: Instant,
    session: Session,
    active: Option<Active>,
    ingress: IngressPublications,
    media_driver: MediaDriver,
    reassembly: Reassembly,
    request: Vec<u8>,
    tick_at: Now,
    invalid_egress: u64,
}

/// Where the application's messages go, and what goes before them.
struct Active {
    ingress: IngressId,
    header: SessionHeader,
    message_header: [u8; SESSION_HEADER_LENGTH],
}

impl AeronCluster {
    /// A client that starts to connect with its first duty cycle. Waits for nothing: media driver and cluster may come later.
    ///
    /// # Errors
    /// [`ClientError::Configuration`] when the context cannot work.
    pub fn new(context: Context) -> Result<Self, ClientError> {
        let context = context.conclude()?;
        let seed = RandomState::new().hash_one(&context.client_name);
        Ok(Self {
            client_info: format!("name={} version={}", context.client_name, env!("CARGO_PKG_VERSION")),
            origin: Instant::now(),
            session: Session::new(&context, seed),
            active: None,
            ingress: IngressPublications::default(),
            media_driver: MediaDriver::new(&context),
            reassembly: Reassembly::default(),
            request: Vec::new(),
            tick_at: Duration::ZERO,
            invalid_egress: 0,
            context,
        })
    }

    /// One duty cycle: receives, keeps alive, connects. To be called often, and at least every few seconds, else media driver
    /// and cluster take the client for dead. Returns 0 when there was nothing to do, so that the caller may idle.
    ///
    /// # Errors
    /// The client has ended; it stays so.
    pub fn do_work<L: EgressListener + ?Sized>(&mut self, listener: &mut L) -> Result<usize, ClientError> {
        let now = self.origin.elapsed();
        let mut work_count = 0;
        self.poll_media_driver(now, &mut work_count);
        self.execute(now, listener, &mut work_count);
        self.poll_egress(now, listener, &mut work_count);
        if now >= self.tick_at || self.session.state() != State::Connected {
            self.tick_at = now + TICK_INTERVAL;
            self.poll_ingress(now, &mut work_count);
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

    /// Sends `message` to the cluster's leader. Returns the position in the ingress stream. Sent means on its way: a leader
    /// that dies may lose it (see [`EgressListener::on_new_leader`]).
    ///
    /// # Errors
    /// Nothing has been sent; see [`OfferError`].
    #[inline]
    pub fn offer(&mut self, message: &[u8]) -> Result<i64, OfferError> {
        let Some(active) = &self.active else { return Err(self.no_ingress()) };
        let Some(ingress) = self.ingress.get(active.ingress) else { return Err(OfferError::NotConnected) };
        if message.len() > ingress.max_message_length {
            return Err(OfferError::MessageTooLong { length: message.len(), maximum: ingress.max_message_length });
        }
        match ingress.offer(&active.message_header, message) {
            Ok(position) => Ok(position),
            Err(error) => Err(self.offer_failed(&error)),
        }
    }

    /// Asks the cluster to take a snapshot; the answer comes with
    /// [`on_admin_response`](EgressListener::on_admin_response). The cluster's authorisation service has to allow it.
    ///
    /// # Errors
    /// Nothing has been sent.
    pub fn send_admin_request_to_take_a_snapshot(&mut self, correlation_id: i64) -> Result<i64, OfferError> {
        let Some(active) = &self.active else { return Err(self.no_ingress()) };
        let Some(ingress) = self.ingress.get(active.ingress) else { return Err(OfferError::NotConnected) };
        match ingress.offer_request(&active.header.snapshot_request(correlation_id)) {
            Ok(position) => Ok(position),
            Err(error) => Err(self.offer_failed(&error)),
        }
    }

    /// Longest message in bytes that [`AeronCluster::offer`] takes; `None` while not connected.
    pub fn max_message_length(&self) -> Option<usize> {
        let active = self.active.as_ref()?;
        Some(self.ingress.get(active.ingress)?.max_message_length)
    }

    /// Where the client stands.
    pub fn state(&self) -> State {
        self.session.state()
    }

    /// The open session.
    pub fn cluster_session_id(&self) -> Option<i64> {
        self.session.header().map(|header| header.cluster_session_id)
    }

    /// The leadership term that the open session is in.
    pub fn leadership_term_id(&self) -> Option<i64> {
        self.session.header().map(|header| header.leadership_term_id)
    }

    /// The member that leads that term.
    pub fn leader_member_id(&self) -> Option<i32> {
        self.session.leader_member_id()
    }

    /// What stood last in the way of a session, for a person who wonders why there is none.
    pub fn problem(&self) -> Option<&ConnectProblem> {
        self.session.problem()
    }

    /// Egress messages that were no valid messages of the protocol, and were dropped.
    pub fn invalid_egress_count(&self) -> u64 {
        self.invalid_egress
    }

    /// Closes the session and releases all resources. When the cluster can be told, this waits until the media driver has
    /// sent the request, for [`CLOSE_TIMEOUT`] at most: a program may end its driver next, and a session of which the
    /// cluster does not know that it has ended lives on until its time-out. Dropping the client does the same.
    pub fn close(&mut self) {
        self.end(CLOSE_TIMEOUT);
    }

    /// As [`close`](Self::close) without waiting: for a program that goes on with the same media driver.
    pub fn abandon(&mut self) {
        self.end(Duration::ZERO);
    }

    fn end(&mut self, patience: Duration) {
        self.session.close();
        self.session.take_fatal();
        let now = self.origin.elapsed();
        while let Some(action) = self.session.next_action() {
            match action {
                Action::SendClose { ingress, header } => self.send_close(ingress, &header, patience),
                other => self.execute_one(other, now, &mut Deaf),
            }
        }
        self.release();
    }
}

impl Drop for AeronCluster {
    fn drop(&mut self) {
        self.close();
    }
}

/// Facts in.
impl AeronCluster {
    fn poll_media_driver(&mut self, now: Now, work_count: &mut usize) {
        match self.media_driver.do_work(now, work_count) {
            None => {}
            Some(MediaDriverFact::Ready) => self.session.on_media_driver_ready(now),
            Some(MediaDriverFact::Absent) => {
                self.session.note(ConnectProblem::NoMediaDriver(self.context.aeron_dir.clone()));
            }
            Some(MediaDriverFact::Refused(reason)) => self.session.note(ConnectProblem::MediaDriver(reason)),
            Some(MediaDriverFact::Lost(reason)) => {
                self.ingress.clear();
                self.reassembly = Reassembly::default();
                self.session.on_media_driver_lost(&reason, now);
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

    fn poll_egress<L: EgressListener + ?Sized>(&mut self, now: Now, listener: &mut L, work_count: &mut usize) {
        for _ in 0..MAX_POLLS {
            let Self { session, reassembly, invalid_egress, media_driver, .. } = self;
            let Some(egress) = media_driver.egress() else { return };
            let mut changed = false;
            let mut on_fragment = |data: &[u8], header: AeronHeader| {
                let Some(fragment) = fragment(&header) else { return FragmentAction::AERON_ACTION_CONTINUE };
                let Some(message) = reassembly.on_fragment(fragment, data) else {
                    return FragmentAction::AERON_ACTION_CONTINUE;
                };
                let header = session.header();
                match decode(message) {
                    // What follows in the stream may belong to the new state, so that comes first.
                    Ok(event) if dispatch(session, event, now, listener) => {
                        if session.header() != header {
                            // Another session or leader: the other images are the past.
                            reassembly.keep_only(fragment.image);
                        }
                        changed = true;
                        FragmentAction::AERON_ACTION_BREAK
                    }
                    Ok(_) => FragmentAction::AERON_ACTION_CONTINUE,
                    Err(error) => {
                        tracing::debug!(%error, "invalid egress message");
                        *invalid_egress += 1;
                        FragmentAction::AERON_ACTION_CONTINUE
                    }
                }
            };
            match egress.controlled_poll_fn(&mut on_fragment, FRAGMENT_LIMIT) {
                Ok(fragments) => *work_count += usize::try_from(fragments).unwrap_or(0),
                Err(error) => tracing::warn!(%error, "egress poll"),
            }
            if !changed {
                return;
            }
            self.execute(now, listener, work_count);
        }
    }
}

/// Gives an event to the machine or to the application; true when it may have changed the session.
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

/// Actions out.
impl AeronCluster {
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
                let opened = media_driver.aeron().ok_or_else(|| "no media driver".to_owned()).and_then(|aeron| {
                    publications.open(aeron, ingress, &target, &context.ingress_channel, context.ingress_stream_id)
                });
                if let Err(reason) = opened {
                    self.session.on_ingress_failed(ingress, &reason, now);
                }
            }
            Action::CloseIngress { ingress } => self.ingress.close(ingress),
            Action::SendConnect { ingress } => self.send_connect(ingress),
            Action::SendChallengeResponse { ingress, cluster_session_id, encoded_challenge } => {
                let credentials = self.context.credentials.on_challenge(&encoded_challenge);
                self.send_challenge_response(ingress, cluster_session_id, &credentials);
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
            Action::SendClose { ingress, header } => self.send_close(ingress, &header, Duration::ZERO),
            Action::Report(event) => report(&event, listener),
        }
    }

    fn send_connect(&mut self, ingress: IngressId) {
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
            self.session.on_request_sent(ingress, correlation_id);
        }
    }

    fn send_challenge_response(&mut self, ingress: IngressId, cluster_session_id: i64, credentials: &[u8]) {
        let Some(correlation_id) = self.next_correlation_id() else { return };
        encode_challenge_response(&mut self.request, correlation_id, cluster_session_id, bounded(credentials));
        if self.send(ingress, &self.request) {
            self.session.on_request_sent(ingress, correlation_id);
        }
    }

    /// Whether the request went out. A publication that is not connected any more shows in the next tick.
    fn send(&self, ingress: IngressId, request: &[u8]) -> bool {
        self.ingress.get(ingress).is_some_and(|ingress| ingress.offer_request(request).is_ok())
    }

    /// Tells the cluster that a session is over; with patience also waits until the media driver has sent it.
    fn send_close(&self, ingress: IngressId, header: &SessionHeader, patience: Duration) {
        let Some(ingress) = self.ingress.get(ingress) else { return };
        let request = header.close();
        let begun = Instant::now();
        let mut attempts = 0;
        let position = loop {
            attempts += 1;
            match ingress.offer_request(&request) {
                Ok(position) => break position,
                Err(AeronOfferError::BackPressured | AeronOfferError::AdminAction)
                    if attempts < CLOSE_ATTEMPTS || begun.elapsed() < patience => {}
                Err(_) => return,
            }
        };
        let Some(sender) = self.media_driver.aeron().and_then(|aeron| ingress.sender_position(aeron)) else { return };
        while begun.elapsed() < patience && sender.get() < position {
            std::thread::sleep(CLOSE_PAUSE);
        }
    }

    /// Unique among all clients of the media driver.
    fn next_correlation_id(&self) -> Option<i64> {
        self.media_driver.aeron().map(|aeron| aeron.next_correlation_id())
    }

    /// Prepares what `offer` needs.
    fn activate(&mut self) {
        let wanted = self.session.ingress();
        if wanted != self.active.as_ref().map(|active| (active.ingress, active.header)) {
            self.active =
                wanted.map(|(ingress, header)| Active { ingress, header, message_header: header.message_header() });
        }
    }

    fn release(&mut self) {
        self.active = None;
        self.ingress.clear();
        self.media_driver.close();
    }

    #[cold]
    fn no_ingress(&self) -> OfferError {
        if self.session.state() == State::Closed { OfferError::Closed } else { OfferError::NotConnected }
    }

    #[cold]
    fn offer_failed(&mut self, error: &AeronOfferError) -> OfferError {
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
            tracing::warn!(?reason, "disconnected");
            listener.on_disconnected(reason.clone());
        }
    }
}

/// Where the fragment stands in its stream.
#[inline]
fn fragment(header: &AeronHeader) -> Option<Fragment> {
    let values = header.get_values().ok()?;
    let frame = values.frame();
    Some(Fragment {
        image: frame.session_id(),
        flags: frame.flags(),
        term_offset: frame.term_offset(),
        next_term_offset: header.next_term_offset(),
    })
}

fn bounded(credentials: &[u8]) -> &[u8] {
    if credentials.len() > MAX_CREDENTIALS_LENGTH {
        tracing::warn!(length = credentials.len(), maximum = MAX_CREDENTIALS_LENGTH, "credentials too long, none sent");
        return &[];
    }
    credentials
}

/// Hears nothing: for the last actions of a client that is being closed.
struct Deaf;

impl EgressListener for Deaf {
    fn on_message(&mut self, _cluster_session_id: i64, _timestamp: i64, _message: &[u8]) {}
}
