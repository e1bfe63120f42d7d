//! The thread that publishes, with its own Aeron client and publications.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use aeron_support::{AeronClient, AeronError, ClientSettings, failed};
use lugus_codecs::market_data::MAXIMUM_STREAM_LENGTH;
use lugus_ring::Reader;
use lugus_topology::IdleStrategy;
use lugus_vocabulary::MemberId;
use rusteron_archive::{AeronExclusivePublication, AeronOfferError};
use thiserror::Error;

use super::audience::Audience;
use super::item::Item;
use super::publisher::{Outlet, Publisher};
use crate::gauges::MarketDataGauges;

/// Largest number of items taken from the ring between two readings of the clock.
const ITEMS_AT_ONCE: usize = 1_024;
/// How long a message waits for a publication that is back-pressured. Later messages do not wait until that publication has
/// taken one.
const PATIENCE: Duration = Duration::from_millis(2);
/// Pause of the thread while nobody waits for it, as its member does not lead or nobody listens. The ring has room for the
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
    /// The member.
    pub member_id: MemberId,
    /// Largest number of instruments.
    pub instruments: usize,
    /// What the thread does when it is idle while the member leads: back-off parks at once, for the longest park, and
    /// longer while nobody listens.
    pub idle_strategy: IdleStrategy,
}

/// Why a member has no market-data stream.
#[derive(Debug, Error)]
pub enum MarketDataError {
    /// The media driver refused something, or has gone.
    #[error("market data: {0}")]
    Aeron(#[from] AeronError),
    /// Messages would be fragmented.
    #[error(
        "market data: {channel} takes fragments of {found} bytes, but {MAXIMUM_STREAM_LENGTH} are needed: raise the driver's MTU"
    )]
    Mtu {
        /// Channel of the publication.
        channel: String,
        /// Largest payload of one of its fragments, in bytes.
        found: usize,
    },
}

/// What runs on the publishing thread. It is made and used there, as Aeron's client belongs to one thread.
pub struct PublishingThread {
    client: AeronClient,
    outlet: Publications,
    publisher: Publisher,
    ring: Reader<Item>,
    audience: Audience,
    idle_strategy: IdleStrategy,
}

impl PublishingThread {
    /// Connects to the media driver and adds the publications.
    ///
    /// # Errors
    /// [`MarketDataError`].
    pub fn open(
        context: &PublicationContext,
        ring: Reader<Item>,
        audience: Audience,
        gauges: MarketDataGauges,
    ) -> Result<Self, MarketDataError> {
        let client = AeronClient::connect(ClientSettings::new(&context.aeron_dir, CLIENT_NAME, DRIVER_TIMEOUT))?;
        let mut publications = Vec::with_capacity(context.channels.len());
        for channel in &context.channels {
            let publication = add(&client, channel, context.stream_id)?;
            publications.push(Target { publication, is_stuck: false, dropped: 0 });
        }
        Ok(Self {
            client,
            outlet: Publications { targets: publications, gauges },
            publisher: Publisher::new(context.member_id, context.instruments),
            ring,
            audience,
            idle_strategy: context.idle_strategy,
        })
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
                _ if !self.publisher.leads() => std::thread::sleep(UNHEARD_PAUSE),
                IdleStrategy::BackOff { .. } if !self.audience.is_there() => std::thread::sleep(UNHEARD_PAUSE),
                IdleStrategy::BackOff { maximum_park, .. } => std::thread::sleep(maximum_park),
                IdleStrategy::Yield => std::thread::yield_now(),
                IdleStrategy::BusySpin => std::hint::spin_loop(),
            }
        }
        Ok(())
    }

    fn do_work(&mut self, now: Duration) -> Result<usize, MarketDataError> {
        self.client.do_work()?;
        self.audience.tell(self.outlet.is_heard());
        let Self { publisher, outlet, ring, .. } = self;
        let count = ring.drain(ITEMS_AT_ONCE, |item| publisher.take(item, outlet));
        if count < ITEMS_AT_ONCE {
            publisher.tick(now, outlet);
        }
        Ok(count)
    }
}

/// All publications of the stream.
struct Publications {
    targets: Vec<Target>,
    gauges: MarketDataGauges,
}

struct Target {
    publication: AeronExclusivePublication,
    /// Whether a message has waited for the publication longer than allowed, and none has been accepted since.
    is_stuck: bool,
    dropped: u64,
}

impl Publications {
    /// Whether anybody listens.
    fn is_heard(&self) -> bool {
        self.targets.iter().any(|target| target.publication.is_connected())
    }
}

impl Outlet for Publications {
    #[inline]
    fn send(&mut self, message: &[u8]) {
        for target in &mut self.targets {
            target.send(message, &self.gauges);
        }
        self.gauges.sent();
    }
}

impl Target {
    #[inline]
    fn send(&mut self, message: &[u8], gauges: &MarketDataGauges) {
        let mut began = None;
        loop {
            match self.publication.offer(message) {
                Ok(_) => {
                    self.is_stuck = false;
                    return;
                }
                // Nobody listens.
                Err(AeronOfferError::NotConnected) => return,
                Err(AeronOfferError::BackPressured | AeronOfferError::AdminAction)
                    if !self.is_stuck && began.get_or_insert_with(Instant::now).elapsed() < PATIENCE =>
                {
                    std::thread::yield_now();
                }
                Err(error) => {
                    gauges.dropped();
                    return self.drop_message(&error);
                }
            }
        }
    }

    #[cold]
    fn drop_message(&mut self, error: &AeronOfferError) {
        self.dropped += 1;
        if !std::mem::replace(&mut self.is_stuck, true) {
            tracing::warn!(%error, dropped = self.dropped, "market data is dropped; listeners recover with snapshots of the book");
        }
    }
}

fn add(client: &AeronClient, channel: &str, stream_id: i32) -> Result<AeronExclusivePublication, MarketDataError> {
    let publication = client.add_exclusive_publication(channel, stream_id)?;
    let constants = publication.get_constants().map_err(failed(format!("look at the publication {channel}")))?;
    let found = constants.max_payload_length();
    if found < MAXIMUM_STREAM_LENGTH {
        return Err(MarketDataError::Mtu { channel: channel.to_owned(), found });
    }
    Ok(publication)
}
