//! Asks members for recorded increments, and receives their replays.

use std::net::SocketAddr;
use std::time::Duration;

use aeron_support::{AeronClient, AeronError, Pending, channel};
use lugus_codecs::market_data::{MAXIMUM_STREAM_LENGTH, ReplayRequest, encode_replay_request};
use lugus_vocabulary::{EpochNanos, MemberId};
use rusteron_archive::{AeronExclusivePublication, AeronOfferError};

use super::channel::Channel;
use super::context::{ReplayMembers, Replays};
use super::replay_choice::{ReplayChoice, Step};

/// How long all of this stays open after it was last of use: what is missing is often more than once.
const LINGER: Duration = Duration::from_secs(10);

/// Where replays come, and how members are asked.
pub(super) struct ReplayRequests {
    replays: Channel,
    /// Where replays are sent to, once the media driver has said the port.
    receiver: Option<SocketAddr>,
    /// Of each cluster of the context, once one of its members was to be asked.
    clusters: Vec<Option<Cluster>>,
    /// When something was last missing.
    wanted_at: Duration,
}

/// How the members of a cluster are asked.
struct Cluster {
    choice: ReplayChoice,
    publications: Vec<Publication>,
}

enum Publication {
    Adding(Pending<AeronExclusivePublication>),
    Added(AeronExclusivePublication),
    /// The media driver refused it.
    Refused,
}

impl ReplayRequests {
    pub(super) fn open(client: &AeronClient, context: &Replays, now: Duration) -> Result<Self, AeronError> {
        Ok(Self {
            replays: Channel::add(client, &context.channel, context.stream_id)?,
            receiver: None,
            clusters: context.clusters.iter().map(|_| None).collect(),
            wanted_at: now,
        })
    }

    /// Whether nothing was missing for long.
    pub(super) fn is_idle(&self, now: Duration) -> bool {
        now >= self.wanted_at + LINGER
    }

    /// Passes on what is replayed. Returns its number.
    pub(super) fn poll(&mut self, client: &AeronClient, mut take: impl FnMut(&[u8])) -> Result<usize, AeronError> {
        if self.receiver.is_none()
            && let Some(subscription) = self.replays.subscription()
            && let Some(resolved) = client.try_resolve_channel(subscription)?
        {
            self.receiver = channel::parameter(&resolved, "endpoint").and_then(|endpoint| endpoint.parse().ok());
        }
        self.replays.poll(&mut take)
    }

    /// Asks a member of the cluster with this place for all from the log time `wanted` on, and the next one if nothing of it comes. Returns
    /// whether all have been asked for nothing.
    pub(super) fn ask(
        &mut self,
        client: &AeronClient,
        context: &Replays,
        cluster: usize,
        now: Duration,
        wanted: Option<EpochNanos>,
        leader: Option<MemberId>,
    ) -> Result<bool, AeronError> {
        let (Some(of_cluster), Some(members)) = (self.clusters.get_mut(cluster), context.clusters.get(cluster)) else {
            return Ok(false);
        };
        if wanted.is_some() {
            self.wanted_at = now;
        } else if of_cluster.is_none() {
            return Ok(false);
        }
        let Cluster { choice, publications } = match of_cluster {
            Some(open) => open,
            none => none.insert(Cluster::open(client, members, context.request_stream_id, now)?),
        };
        publications.iter_mut().for_each(Publication::look);
        let receiver = self.receiver;
        let is_reached =
            |member: usize| receiver.is_some() && publications.get(member).is_some_and(Publication::is_connected);
        match choice.look(now, wanted, members.preferred(leader), is_reached) {
            Step::Wait => Ok(false),
            Step::GiveUp => Ok(true),
            Step::Ask(member, begin) => {
                if let (Some(publication), Some(receiver)) = (publications.get_mut(member), receiver) {
                    publication.send(&ReplayRequest { begin, receiver });
                }
                Ok(false)
            }
        }
    }
}

impl Cluster {
    fn open(client: &AeronClient, of: &ReplayMembers, stream_id: i32, now: Duration) -> Result<Self, AeronError> {
        let publications = of
            .members
            .iter()
            .map(|(_, channel)| client.async_add_exclusive_publication(channel, stream_id).map(Publication::Adding));
        Ok(Self {
            choice: ReplayChoice::new(of.members.len(), now),
            publications: publications.collect::<Result<_, _>>()?,
        })
    }
}

impl Publication {
    fn look(&mut self) {
        let Self::Adding(adding) = self else { return };
        match adding.poll() {
            Ok(Some(publication)) => *self = Self::Added(publication),
            Ok(None) => {}
            Err(error) => {
                tracing::debug!(%error, "a member can't be asked for replays");
                *self = Self::Refused;
            }
        }
    }

    fn is_connected(&self) -> bool {
        matches!(self, Self::Added(publication) if publication.is_connected())
    }

    /// Sends a request. One that is not taken is as good as one that is not answered.
    fn send(&mut self, request: &ReplayRequest) {
        let Self::Added(publication) = self else { return };
        let mut buffer = [0; MAXIMUM_STREAM_LENGTH];
        if let Err(AeronOfferError::Closed) = publication.offer(encode_replay_request(request, &mut buffer)) {
            *self = Self::Refused;
        }
    }
}

impl ReplayMembers {
    /// The member after the leader, which follows: its archive has less to do.
    fn preferred(&self, leader: Option<MemberId>) -> usize {
        self.members.iter().position(|(member, _)| Some(*member) == leader).map_or(0, |place| place + 1)
    }
}
