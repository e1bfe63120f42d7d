//! The subscriptions of a feed, over its own Aeron client: to the increments of all members, and to loops of snapshots as needed.

use std::ops::Range;
use std::time::Duration;

use aeron_support::{AeronClient, AeronError, ClientSettings};
use lugus_vocabulary::{EpochNanos, MemberId};

use super::channel::Channel;
use super::context::{FeedContext, SnapshotLoops};
use super::loop_choice::LoopChoice;
use super::replays::ReplayRequests;

/// How long the start of a client may wait for the driver; a session over the same driver has found it already.
const DRIVER_TIMEOUT: Duration = Duration::from_secs(1);
/// Name of the Aeron client, as the media driver's tools show it.
const CLIENT_NAME: &str = "lugus market data feed";

/// All subscriptions of a feed.
pub(super) struct Subscriptions {
    /// Of each member, in the order of the context.
    increments: Vec<Channel>,
    /// Of each cluster, in the order of the context.
    loops: Vec<Loop>,
    /// While increments are missing, and for a while after.
    replays: Option<ReplayRequests>,
    client: AeronClient,
}

/// What is listened to of a cluster's loops.
#[derive(Default)]
struct Loop {
    choice: LoopChoice,
    /// The chosen member, and the subscription to its loop.
    open: Option<(usize, Channel)>,
}

impl Subscriptions {
    pub(super) fn open(context: &FeedContext) -> Result<Self, AeronError> {
        let client = AeronClient::connect(ClientSettings::new(&context.aeron_dir, CLIENT_NAME, DRIVER_TIMEOUT))?;
        let add = |channel: &String| Channel::add(&client, channel, context.stream_id);
        let increments = context.channels.iter().map(add).collect::<Result<_, _>>()?;
        let loops = context.loops.iter().map(|_| Loop::default()).collect();
        Ok(Self { increments, loops, replays: None, client })
    }

    /// Lets the client work, and passes on the increments that have come, each with its member's place. Returns their number.
    pub(super) fn poll_increments(&mut self, mut take: impl FnMut(usize, &[u8])) -> Result<usize, AeronError> {
        let mut work = self.client.do_work()?;
        for (source, channel) in self.increments.iter_mut().enumerate() {
            work += channel.poll(&mut |message| take(source, message))?;
        }
        Ok(work)
    }

    /// Listens to a loop of each cluster if they are of use, and passes on what has come, with the cluster's place.
    pub(super) fn poll_loops(
        &mut self,
        context: &FeedContext,
        now: Duration,
        is_wanted: bool,
        leader: Option<MemberId>,
        mut take: impl FnMut(usize, &[u8]),
    ) -> Result<usize, AeronError> {
        let mut work = 0;
        for (source, (of_cluster, loops)) in self.loops.iter_mut().zip(&context.loops).enumerate() {
            let (members, preferred) = (&loops.members, preferred(loops, leader));
            let chosen = of_cluster.choice.look(now, is_wanted, members.len(), preferred);
            if of_cluster.open.as_ref().map(|(member, _)| *member) != chosen {
                of_cluster.open = None;
                if let Some((member, (_, channel))) = chosen.and_then(|member| Some((member, members.get(member)?))) {
                    of_cluster.open = Some((member, Channel::add(&self.client, channel, context.loop_stream_id)?));
                }
                work += 1;
            }
            let Some((_, channel)) = &mut of_cluster.open else { continue };
            let count = channel.poll(&mut |message| take(source, message))?;
            if count > 0 {
                of_cluster.choice.heard(now);
            }
            work += count;
        }
        Ok(work)
    }
}

impl Subscriptions {
    /// Asks for replays of what is missing, and passes on what is replayed. `feed` is asked for what is missing of each cluster, and told if no
    /// member of it has that.
    pub(super) fn poll_replays(
        &mut self,
        context: &FeedContext,
        now: Duration,
        feed: &mut impl MissingIncrements,
    ) -> Result<usize, AeronError> {
        let Some(of_context) = &context.replays else { return Ok(0) };
        for (cluster, members) in of_context.clusters.iter().enumerate() {
            let wanted = feed.wanted(&members.places);
            let replays = match &mut self.replays {
                Some(replays) => replays,
                None if wanted.is_none() => continue,
                none => none.insert(ReplayRequests::open(&self.client, of_context, now)?),
            };
            if replays.ask(&self.client, of_context, cluster, now, wanted, feed.leader())? {
                feed.give_up(&members.places);
            }
        }
        let Some(replays) = &mut self.replays else { return Ok(0) };
        let work = replays.poll(&self.client, |message| feed.take(message))?;
        if replays.is_idle(now) {
            self.replays = None;
        }
        Ok(work)
    }
}

/// What a feed misses, and what becomes of it.
pub(super) trait MissingIncrements {
    /// The log time from which on increments are missing of instruments that these members trade.
    fn wanted(&self, places: &Range<usize>) -> Option<EpochNanos>;
    /// The member that leads, as was told last.
    fn leader(&self) -> Option<MemberId>;
    /// A message that is replayed.
    fn take(&mut self, message: &[u8]);
    /// None of these members has what is missing.
    fn give_up(&mut self, places: &Range<usize>);
}

/// The member after the leader, which follows. With several clusters the leader may be another's: then any member is as good.
fn preferred(loops: &SnapshotLoops, leader: Option<MemberId>) -> usize {
    let place = loops.members.iter().position(|(member, _)| Some(*member) == leader);
    place.map_or(0, |place| place + 1)
}
