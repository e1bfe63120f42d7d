//! What the state machines ask for: publications, requests to the cluster, reports to the application.

use std::time::{Duration, Instant};

use aeron_support::AeronClient;
use rusteron_archive::AeronOfferError;

use super::ClusterAgent;
use crate::connection::Held;
use crate::context::{Context, MAX_CREDENTIALS_LENGTH};
use crate::egress_listener::{GroupListener, SessionIndex};
use crate::ingress_proxy::{ConnectRequest, SessionHeader, encode_challenge_response};
use crate::session::{Action, Event, IngressId, Now, Session, State};
use crate::shared_publications::PublicationId;

/// Greatest number of sessions of a group that wait for a cluster's answer to their requests at once. The others wait for them,
/// so that a group does not take all the places that a cluster has for sessions on their way.
const MAX_SENT_REQUESTS: usize = 32;

/// Tries of a close request that nobody waits for. Source: `AeronCluster.SEND_ATTEMPTS`.
const CLOSE_ATTEMPTS: usize = 3;

/// Actions of the state machines.
impl ClusterAgent {
    pub(super) fn execute_all<L: GroupListener + ?Sized>(
        &mut self,
        client: Option<&AeronClient>,
        now: Now,
        listener: &mut L,
        work_count: &mut usize,
    ) {
        for place in 0..self.sessions.places() {
            self.execute(place, client, now, listener, work_count);
        }
    }

    pub(super) fn execute<L: GroupListener + ?Sized>(
        &mut self,
        place: usize,
        client: Option<&AeronClient>,
        now: Now,
        listener: &mut L,
        work_count: &mut usize,
    ) {
        while let Some(action) = self.sessions.get_mut(place).and_then(|member| member.session.next_action()) {
            *work_count += 1;
            self.execute_one(place, action, client, now, listener);
        }
        self.sessions.update(place);
        let Some(member) = self.sessions.get_mut(place) else { return };
        if let Some(Some(connection)) = self.connections.get_mut(place) {
            connection.activate(&member.session, &self.ingress);
        }
        if member.session.state() != State::Connected && member.session.state() != State::Closed {
            self.ticks.all_connected = false;
        }
        if let Some(error) = member.session.take_fatal() {
            let index = member.index;
            self.release(place);
            listener.on_ended(index, error);
        }
    }

    pub(super) fn execute_one<L: GroupListener + ?Sized>(
        &mut self,
        place: usize,
        action: Action,
        client: Option<&AeronClient>,
        now: Now,
        listener: &mut L,
    ) {
        tracing::trace!(place, ?action, ?now);
        let Self { sessions, connections, ingress: publications, .. } = self;
        let (Some(member), Some(Some(connection))) = (sessions.get_mut(place), connections.get_mut(place)) else {
            return;
        };
        let session = &mut member.session;
        match action {
            Action::OpenIngress { ingress, target, opened_after } => {
                let Context { ingress_channel, ingress_stream_id, .. } = &connection.context;
                let opened = client.ok_or_else(|| "no media driver".to_owned()).and_then(|client| {
                    publications
                        .open(client, &target, ingress_channel, *ingress_stream_id, opened_after, now)
                        .map_err(|error| error.message)
                });
                match opened {
                    Ok(publication) => connection.publications.push(Held::new(ingress, publication)),
                    Err(reason) => session.on_ingress_failed(ingress, &reason, now),
                }
            }
            Action::CloseIngress { ingress } => connection.close(ingress, publications),
            Action::SendConnect { ingress } => self.send_connect(place, ingress, client, now),
            Action::SendChallengeResponse { ingress, cluster_session_id, encoded_challenge } => {
                self.send_challenge_response(place, ingress, cluster_session_id, &encoded_challenge, client, now);
            }
            Action::SendKeepAlive { ingress, header } => {
                if self.send(place, ingress, &header.keep_alive()) {
                    self.sent(place, |session| session.on_keep_alive_sent(ingress, now));
                }
            }
            Action::SendProbe { ingress, header } => {
                if let Some(client) = client {
                    self.send(place, ingress, &header.probe(client.aeron().next_correlation_id()));
                }
            }
            Action::RenewEgress => sessions.want_renewal(),
            Action::SendClose { ingress, header } => {
                self.send_close(place, ingress, &header, Duration::ZERO);
            }
            Action::Report(event) => report(member.index, &event, listener),
        }
    }

    fn send_connect(&mut self, place: usize, ingress: IngressId, client: Option<&AeronClient>, now: Now) {
        if self.sent_requests >= MAX_SENT_REQUESTS {
            return;
        }
        let (Some(client), Some(response_channel)) = (client, self.egress.response_channel()) else { return };
        let Some(Some(connection)) = self.connections.get_mut(place) else { return };
        let credentials = connection.context.credentials.encoded_credentials();
        let correlation_id = client.aeron().next_correlation_id();
        ConnectRequest {
            correlation_id,
            response_stream_id: connection.context.egress_stream_id,
            response_channel,
            encoded_credentials: bounded(&credentials),
            client_info: &connection.client_info,
        }
        .encode(&mut self.request);
        if self.send(place, ingress, &self.request) {
            self.sent_requests += 1;
            self.sent(place, |session| session.on_request_sent(ingress, correlation_id, now));
        }
    }

    fn send_challenge_response(
        &mut self,
        place: usize,
        ingress: IngressId,
        cluster_session_id: i64,
        encoded_challenge: &[u8],
        client: Option<&AeronClient>,
        now: Now,
    ) {
        let (Some(client), Some(Some(connection))) = (client, self.connections.get_mut(place)) else { return };
        let correlation_id = client.aeron().next_correlation_id();
        let credentials = connection.context.credentials.on_challenge(encoded_challenge);
        encode_challenge_response(&mut self.request, correlation_id, cluster_session_id, bounded(&credentials));
        if !self.send(place, ingress, &self.request) {
            return;
        }
        if let Some(Some(connection)) = self.connections.get_mut(place) {
            let secret = connection.context.credentials.session_secret(encoded_challenge);
            connection.secrets.keep(correlation_id, secret);
        }
        self.sent(place, |session| session.on_request_sent(ingress, correlation_id, now));
    }

    fn sent(&mut self, place: usize, tell: impl FnOnce(&mut Session)) {
        if let Some(member) = self.sessions.get_mut(place) {
            tell(&mut member.session);
        }
    }

    /// Whether the request was sent. That a publication is no longer connected shows in the next tick.
    fn send(&self, place: usize, ingress: IngressId, request: &[u8]) -> bool {
        let publication = self.connection(place).and_then(|connection| connection.held(ingress));
        publication.and_then(|id| self.ingress.get(id)).is_some_and(|ingress| ingress.offer(request).is_ok())
    }

    /// Tells the cluster that a session has ended. Returns the publication that it was told by, and its position then.
    pub(super) fn send_close(
        &self,
        place: usize,
        ingress: IngressId,
        header: &SessionHeader,
        patience: Duration,
    ) -> Option<(PublicationId, i64)> {
        let publication = self.connection(place)?.held(ingress)?;
        let ingress = self.ingress.get(publication)?;
        let request = header.close();
        let begun = Instant::now();
        let mut attempts = 0;
        loop {
            attempts += 1;
            match ingress.offer(&request) {
                Ok(position) => return Some((publication, position)),
                Err(AeronOfferError::BackPressured | AeronOfferError::AdminAction)
                    if attempts < CLOSE_ATTEMPTS || begun.elapsed() < patience => {}
                Err(_) => return None,
            }
        }
    }
}

fn report<L: GroupListener + ?Sized>(index: SessionIndex, event: &Event, listener: &mut L) {
    match event {
        Event::Connected(connected) => {
            tracing::info!(session = index.get(), ?connected);
            listener.on_connected(index, connected);
        }
        Event::NewLeader(new_leader) => {
            tracing::info!(session = index.get(), ?new_leader);
            listener.on_new_leader(index, new_leader);
        }
        Event::Disconnected(reason) => {
            tracing::warn!(session = index.get(), ?reason, "lost the session");
            listener.on_disconnected(index, reason.clone());
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
