//! Sends answers to the requesters. Each requester has a publication, which is added at its first request and closed once
//! the requester has been quiet for a while.
//!
//! A stranger is who has proved nothing, and gets a challenge. Strangers can't take a publication or a place in the queue from
//! somebody else, and only a few of them a second get a publication, because adding one costs the media driver time.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use aeron_support::{AeronClient, Pending};
use lugus_codecs::authenticated_request::{RequestChallenge, encode_request_challenge};
use lugus_codecs::partition_map::encode_map_answer;
use lugus_partition_map::{MapAnswer, MapRequestHeader};
use rusteron_archive::AeronPublication;

use crate::request_door::RequesterStanding;

/// Maximum number of requesters with a publication. A further one replaces the requester that has been quiet for longest.
const MAXIMUM_REQUESTERS: usize = 32;
/// Maximum number of answers that wait for their requester. A further one replaces the oldest, whose requester asks again.
const MAXIMUM_WAITING: usize = 128;
/// Time that an answer waits for its requester to connect.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(2);
/// Time without a request after which the publication of a requester is closed.
const QUIET_TIMEOUT: Duration = Duration::from_secs(30);
/// Time for which a stranger's publication is not replaced by another stranger's.
const STRANGERS_TIME: Duration = Duration::from_secs(2);

/// Sends answers without blocking.
#[derive(Default)]
pub(crate) struct Responder {
    requesters: Vec<Requester>,
    waiting: VecDeque<Waiting>,
}

struct Requester {
    channel: String,
    stream: i32,
    standing: RequesterStanding,
    added_at: Instant,
    used_at: Instant,
    publication: Publication,
}

enum Publication {
    Adding(Pending<AeronPublication>),
    Open(AeronPublication),
    /// The driver refused the publication, because the channel is malformed or its host is unknown.
    Refused,
}

struct Waiting {
    channel: String,
    stream: i32,
    standing: RequesterStanding,
    answer: Vec<u8>,
    deadline: Instant,
}

impl Responder {
    /// Sends an answer as soon as its requester is connected.
    pub(crate) fn answer(&mut self, client: &AeronClient, header: &MapRequestHeader, answer: &MapAnswer) {
        self.send(client, header, RequesterStanding::Known, encode_map_answer(answer).to_vec());
    }

    /// Sends a challenge as soon as its requester is connected. A stranger gets it only if there is room.
    pub(crate) fn challenge(
        &mut self,
        client: &AeronClient,
        header: &MapRequestHeader,
        requester: RequesterStanding,
        challenge: &RequestChallenge,
    ) {
        self.send(client, header, requester, encode_request_challenge(challenge).to_vec());
    }

    fn send(&mut self, client: &AeronClient, header: &MapRequestHeader, standing: RequesterStanding, answer: Vec<u8>) {
        let (channel, stream) = (header.response_channel.clone(), header.response_stream);
        if !is_plain(&channel) {
            tracing::debug!(channel, "no answer to a requester whose channel is not UDP to an address in digits");
            return;
        }
        if !self.requester(client, &channel, stream, standing) {
            return;
        }
        if self.waiting.len() == MAXIMUM_WAITING {
            match self.waiting.iter().position(|waiting| waiting.standing == RequesterStanding::Stranger) {
                Some(at) => drop(self.waiting.remove(at)),
                None if standing == RequesterStanding::Stranger => return,
                None => drop(self.waiting.pop_front()),
            }
        }
        let deadline = Instant::now() + ANSWER_TIMEOUT;
        self.waiting.push_back(Waiting { channel, stream, standing, answer, deadline });
    }

    /// One duty cycle. Returns the number of answers that were sent or given up.
    pub(crate) fn do_work(&mut self) -> usize {
        let now = Instant::now();
        let before = self.waiting.len();
        let requesters = &mut self.requesters;
        self.waiting.retain(|waiting| {
            let requester = requesters.iter_mut().find(|requester| requester.is(&waiting.channel, waiting.stream));
            let is_sent = requester.is_none_or(|requester| requester.send(&waiting.answer));
            if !is_sent && now >= waiting.deadline && waiting.standing == RequesterStanding::Known {
                tracing::warn!(channel = waiting.channel, "gave up an answer: its requester did not connect in time");
            }
            !is_sent && now < waiting.deadline
        });
        let waiting = &self.waiting;
        requesters.retain(|requester| {
            now < requester.used_at + QUIET_TIMEOUT
                || waiting.iter().any(|waiting| requester.is(&waiting.channel, waiting.stream))
        });
        before - self.waiting.len()
    }

    /// Makes sure that this requester has a publication. Returns whether it has one.
    fn requester(&mut self, client: &AeronClient, channel: &str, stream: i32, standing: RequesterStanding) -> bool {
        let now = Instant::now();
        if let Some(known) = self.requesters.iter_mut().find(|requester| requester.is(channel, stream)) {
            known.used_at = now;
            known.standing = known.standing.max(standing);
            return true;
        }
        if self.requesters.len() == MAXIMUM_REQUESTERS {
            let replaceable = |requester: &Requester| {
                standing == RequesterStanding::Known
                    || (requester.standing == RequesterStanding::Stranger && now >= requester.added_at + STRANGERS_TIME)
            };
            let replaced = (0..MAXIMUM_REQUESTERS)
                .filter(|at| replaceable(&self.requesters[*at]))
                .min_by_key(|at| (self.requesters[*at].standing, self.requesters[*at].used_at));
            let Some(replaced) = replaced else { return false };
            self.requesters.swap_remove(replaced);
        }
        let adding = client.async_add_publication(channel, stream);
        let publication = adding.map_or(Publication::Refused, Publication::Adding);
        let channel = channel.to_owned();
        self.requesters.push(Requester { channel, stream, standing, added_at: now, used_at: now, publication });
        true
    }
}

/// Whether a channel is UDP to a port of one address in digits (or `localhost`), and has no other parameter. With a name the
/// media driver would wait for a name server and do nothing else meanwhile, and a parameter such as `linger` would keep the
/// publication.
fn is_plain(channel: &str) -> bool {
    let Some(endpoint) = channel.strip_prefix("aeron:udp?endpoint=") else { return false };
    let endpoint = endpoint.strip_prefix("localhost:").map_or(endpoint.to_owned(), |port| format!("127.0.0.1:{port}"));
    endpoint.parse::<SocketAddr>().is_ok_and(|address| {
        let ip = address.ip();
        let is_broadcast = matches!(ip, std::net::IpAddr::V4(ip) if ip.is_broadcast());
        address.port() != 0 && !ip.is_multicast() && !ip.is_unspecified() && !is_broadcast
    })
}

impl Requester {
    fn is(&self, channel: &str, stream: i32) -> bool {
        self.stream == stream && self.channel == channel
    }

    /// Sends an answer. Returns `true` if it was sent, or can never be sent; `false` if it must be tried again.
    fn send(&mut self, answer: &[u8]) -> bool {
        if let Publication::Adding(adding) = &self.publication {
            match adding.poll() {
                Ok(None) => return false,
                Ok(Some(publication)) => self.publication = Publication::Open(publication),
                Err(error) => {
                    tracing::warn!(%error, "can't answer a requester");
                    self.publication = Publication::Refused;
                }
            }
        }
        match &self.publication {
            Publication::Open(publication) => publication.offer(answer).is_ok(),
            Publication::Adding(_) => false,
            Publication::Refused => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_goes_to_one_address_in_digits() {
        for channel in
            ["aeron:udp?endpoint=10.0.0.1:40123", "aeron:udp?endpoint=[fe80::1]:9", "aeron:udp?endpoint=localhost:9"]
        {
            assert!(is_plain(channel), "{channel}");
        }
        for channel in [
            "",
            "aeron:ipc",
            "aeron:udp?endpoint=slow.example:9",
            "aeron:udp?endpoint=10.0.0.1:0",
            "aeron:udp?endpoint=10.0.0.1",
            "aeron:udp?endpoint=224.0.1.1:9",
            "aeron:udp?endpoint=0.0.0.0:9",
            "aeron:udp?endpoint=255.255.255.255:9",
            "aeron:udp?endpoint=10.0.0.1:9|linger=1h",
            "aeron:udp?control=10.0.0.1:9|control-mode=dynamic",
        ] {
            assert!(!is_plain(channel), "{channel}");
        }
    }
}
