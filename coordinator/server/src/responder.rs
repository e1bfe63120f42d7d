//! Sends answers to the requesters. Each requester has a publication, which is added at its first request and closed once
//! the requester has been quiet for a while.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use aeron_support::{AeronClient, Pending};
use lugus_codecs::partition_map::{ANSWER_LENGTH, encode_map_answer};
use lugus_partition_map::{MapAnswer, MapRequestHeader};
use rusteron_archive::AeronPublication;

/// Maximum number of requesters with a publication. A further one replaces the requester that has been quiet for longest.
const MAXIMUM_REQUESTERS: usize = 32;
/// Maximum number of answers that wait for their requester. A further one replaces the oldest, whose requester asks again.
const MAXIMUM_WAITING: usize = 128;
/// Time that an answer waits for its requester to connect.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(2);
/// Time without a request after which the publication of a requester is closed.
const QUIET_TIMEOUT: Duration = Duration::from_secs(30);

/// Sends answers without blocking.
#[derive(Default)]
pub(crate) struct Responder {
    requesters: Vec<Requester>,
    waiting: VecDeque<Waiting>,
}

struct Requester {
    channel: String,
    stream: i32,
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
    answer: [u8; ANSWER_LENGTH],
    deadline: Instant,
}

impl Responder {
    /// Sends an answer as soon as its requester is connected.
    pub(crate) fn answer(&mut self, client: &AeronClient, header: &MapRequestHeader, answer: &MapAnswer) {
        let (channel, stream) = (header.response_channel.clone(), header.response_stream);
        self.requester(client, &channel, stream);
        if self.waiting.len() == MAXIMUM_WAITING {
            self.waiting.pop_front();
        }
        let deadline = Instant::now() + ANSWER_TIMEOUT;
        self.waiting.push_back(Waiting { channel, stream, answer: encode_map_answer(answer), deadline });
    }

    /// One duty cycle. Returns the number of answers that were sent or given up.
    pub(crate) fn do_work(&mut self) -> usize {
        let now = Instant::now();
        let before = self.waiting.len();
        let requesters = &mut self.requesters;
        self.waiting.retain(|waiting| {
            let requester = requesters.iter_mut().find(|requester| requester.is(&waiting.channel, waiting.stream));
            let is_sent = requester.is_none_or(|requester| requester.send(&waiting.answer));
            if !is_sent && now >= waiting.deadline {
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

    /// Makes sure that this requester has a publication.
    fn requester(&mut self, client: &AeronClient, channel: &str, stream: i32) {
        if let Some(known) = self.requesters.iter_mut().find(|requester| requester.is(channel, stream)) {
            known.used_at = Instant::now();
            return;
        }
        if self.requesters.len() == MAXIMUM_REQUESTERS
            && let Some(quietest) = (0..MAXIMUM_REQUESTERS).min_by_key(|at| self.requesters[*at].used_at)
        {
            self.requesters.swap_remove(quietest);
        }
        let adding = client.async_add_publication(channel, stream);
        let publication = adding.map_or(Publication::Refused, Publication::Adding);
        self.requesters.push(Requester { channel: channel.to_owned(), stream, used_at: Instant::now(), publication });
    }
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
