//! The thread that publishes, with its own Aeron client and publications.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use aeron_support::{AeronClient, ClientSettings};
use lugus_ring::Reader;
use lugus_topology::IdleStrategy;
use lugus_vocabulary::MemberId;

use super::audience::Audience;
use super::follower_feed::FollowerFeed;
use super::item::Item;
use super::publisher::{Outlet, Publisher, Receivers};
use super::recorded_index::IndexWriter;
use super::snapshot_loop::Datagram;
use super::target::{MarketDataError, Target};
use crate::gauges::MarketDataGauges;

/// Largest number of items taken from the ring between two readings of the clock.
const ITEMS_AT_ONCE: usize = 1_024;
/// Largest number of messages of the loop of snapshots that are sent at once.
const DATAGRAMS_AT_ONCE: usize = 16;
/// Pause of the thread while nobody waits for it, as its member does not publish or nobody listens. The ring has room for the
/// increments that come meanwhile.
const UNHEARD_PAUSE: Duration = Duration::from_millis(1);
/// How long the media driver may take to add a publication.
const DRIVER_TIMEOUT: Duration = Duration::from_secs(10);
/// Name of the Aeron client, as the media driver's tools show it.
const CLIENT_NAME: &str = "lugus market data";

/// Where a member publishes.
#[derive(Debug, Clone)]
pub struct PublicationContext {
    /// Directory of the member's media driver.
    pub aeron_dir: PathBuf,
    /// The channels, to each of which all is published: UDP to all who announce themselves, and IPC.
    pub channels: Vec<String>,
    /// Stream id on each channel.
    pub stream_id: i32,
    /// The channels of the loop of snapshots, in the same manner; none without it.
    pub snapshot_channels: Vec<String>,
    /// Stream id on each of them.
    pub snapshot_stream_id: i32,
    /// Channel and stream of the increments that the archive records, if it does.
    pub recording: Option<(String, i32)>,
    /// Whether the member publishes while it follows.
    pub follower_feed: FollowerFeed,
    /// The member.
    pub member_id: MemberId,
    /// Largest number of instruments.
    pub instruments: usize,
    /// What the thread does when it is idle while the member leads: back-off parks at once, for the longest park, and
    /// longer while nobody listens.
    pub idle_strategy: IdleStrategy,
}

/// What the publishing thread shares with the service's.
pub struct PublishedRings {
    /// The increments.
    pub increments: Reader<Item>,
    /// Tells the service whether anybody listens to them.
    pub audience: Audience,
    /// The messages of the loop of snapshots, and what tells the service whether anybody listens to it; `None` without a loop.
    pub snapshots: Option<(Reader<Datagram>, Audience)>,
    /// Tells where the stream that is recorded is, if there is one.
    pub index: Option<IndexWriter>,
    /// What the thread counts.
    pub gauges: MarketDataGauges,
}

/// What runs on the publishing thread. It is made and used there, as Aeron's client belongs to one thread.
pub struct PublishingThread {
    client: AeronClient,
    outlet: Publications,
    snapshot_targets: Vec<Target>,
    publisher: Publisher,
    rings: PublishedRings,
    idle_strategy: IdleStrategy,
}

impl PublishingThread {
    /// Connects to the media driver and adds the publications.
    ///
    /// # Errors
    /// [`MarketDataError`].
    pub fn open(context: &PublicationContext, rings: PublishedRings) -> Result<Self, MarketDataError> {
        let client = AeronClient::connect(ClientSettings::new(&context.aeron_dir, CLIENT_NAME, DRIVER_TIMEOUT))?;
        let add = |channels: &[String], stream_id| {
            channels.iter().map(|channel| Target::add(&client, channel, stream_id)).collect::<Result<Vec<_>, _>>()
        };
        let targets = add(&context.channels, context.stream_id)?;
        let recording =
            context.recording.as_ref().map(|(channel, stream_id)| Target::add(&client, channel, *stream_id));
        let recording = recording.transpose()?.map(Target::for_archive);
        let snapshot_targets = add(&context.snapshot_channels, context.snapshot_stream_id)?;
        let publisher =
            Publisher::new(context.member_id, context.instruments).with_follower_feed(context.follower_feed);
        let outlet = Publications { targets, recording, leads: false, gauges: rings.gauges.clone() };
        Ok(Self { client, outlet, snapshot_targets, publisher, rings, idle_strategy: context.idle_strategy })
    }

    /// Publishes until `stop`.
    ///
    /// # Errors
    /// [`MarketDataError::Aeron`] when the media driver is gone.
    pub fn run(&mut self, stop: &AtomicBool) -> Result<(), MarketDataError> {
        let origin = Instant::now();
        while !stop.load(Ordering::Acquire) {
            let work = self.do_work(origin.elapsed())?;
            match self.idle_strategy {
                // Threads that park share their cores with others, so everything that has come is sent at once.
                IdleStrategy::BackOff { .. } if work >= ITEMS_AT_ONCE => {}
                IdleStrategy::Yield | IdleStrategy::BusySpin if work > 0 => {}
                _ if !self.publisher.publishes() => std::thread::sleep(UNHEARD_PAUSE),
                IdleStrategy::BackOff { .. } if !self.rings.audience.is_there() => std::thread::sleep(UNHEARD_PAUSE),
                IdleStrategy::BackOff { maximum_park, .. } => std::thread::sleep(maximum_park),
                IdleStrategy::Yield => std::thread::yield_now(),
                IdleStrategy::BusySpin => std::hint::spin_loop(),
            }
        }
        Ok(())
    }

    fn do_work(&mut self, now: Duration) -> Result<usize, MarketDataError> {
        self.client.do_work()?;
        let Self { publisher, outlet, snapshot_targets, rings, .. } = self;
        rings.audience.tell(outlet.is_heard());
        outlet.leads = publisher.leads();
        let mut count = rings.increments.drain(ITEMS_AT_ONCE, |item| publisher.take(item, outlet));
        if count < ITEMS_AT_ONCE {
            publisher.tick(now, outlet);
        }
        if let (Some(index), Some(recording)) = (&mut rings.index, outlet.recording.as_ref().filter(|to| to.is_heard()))
        {
            index.look(recording.position(), publisher.time());
        }
        if let Some((datagrams, audience)) = &mut rings.snapshots {
            audience.tell(snapshot_targets.iter().any(Target::is_heard));
            // Increments come first.
            count += datagrams.drain(DATAGRAMS_AT_ONCE, |datagram| {
                for target in snapshot_targets.iter_mut() {
                    if !target.send(datagram.message()) {
                        rings.gauges.dropped();
                    }
                }
                rings.gauges.sent_snapshot();
            });
        }
        Ok(count)
    }
}

/// All publications of the increments.
struct Publications {
    targets: Vec<Target>,
    recording: Option<Target>,
    leads: bool,
    gauges: MarketDataGauges,
}

impl Publications {
    /// Whether anybody listens, or the archive records.
    fn is_heard(&self) -> bool {
        self.targets.iter().chain(&self.recording).any(Target::is_heard)
    }
}

impl Outlet for Publications {
    #[inline]
    fn send(&mut self, message: &[u8], receivers: Receivers) {
        if receivers != Receivers::Recording {
            for target in &mut self.targets {
                if !target.send(message) {
                    self.gauges.dropped();
                }
            }
            self.gauges.sent(self.leads);
        }
        if receivers != Receivers::Listeners
            && let Some(recording) = &mut self.recording
            && !recording.send(message)
        {
            self.gauges.not_recorded();
        }
    }
}
