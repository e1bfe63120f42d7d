//! The feed, which has its own Aeron client beside that of the trading session.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use aeron_support::{AeronClient, AeronError, ClientSettings, Pending, failed};
use lugus_topology::{ClusterId, Deployment};
use lugus_vocabulary::{Book, BookRequest, BookType, FirmEvent, InstrumentId, OrderStatusReport, Report};
use rusteron_archive::{AeronHeader, AeronSubscription};

use super::book::FollowedBook;
use super::handler::FeedHandler;
use super::machine::{Feed, FeedError, SnapshotRequests};
use crate::command_number::CommandNumber;
use crate::error::ClientError;
use crate::open_orders::OpenOrdersPart;
use crate::order_entry::OrderEntry;
use crate::status::{EventHandler, Status};

/// Largest number of fragments that are taken from one channel in a duty cycle.
const FRAGMENT_LIMIT: usize = 64;
/// Pause before the media driver is tried again.
const RETRY_INTERVAL: Duration = Duration::from_millis(500);
/// How long the start of a client may wait for the driver; the session over the same driver has found it already.
const DRIVER_TIMEOUT: Duration = Duration::from_secs(1);
/// Name of the Aeron client, as the media driver's tools show it.
const CLIENT_NAME: &str = "lugus market data feed";

/// Where a feed listens for the market-data stream. Make it with [`FeedContext::of`] or [`FeedContext::new`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct FeedContext {
    /// Directory of the media driver, which is that of the session.
    pub aeron_dir: PathBuf,
    /// One channel for each member of every cluster that an instrument may be in.
    pub channels: Vec<String>,
    /// Stream on each channel.
    pub stream_id: i32,
}

impl FeedContext {
    /// Listens on `channels`, over the media driver in `aeron_dir`.
    pub fn new(aeron_dir: PathBuf, channels: Vec<String>, stream_id: i32) -> Self {
        Self { aeron_dir, channels, stream_id }
    }

    /// Listens to all members of all clusters of a deployment, over the media driver in `aeron_dir`. `None` if the
    /// deployment has no market-data stream.
    pub fn of(deployment: &Deployment, aeron_dir: PathBuf) -> Option<Self> {
        if !deployment.market_data.enabled {
            return None;
        }
        let clusters = deployment.cluster_specs();
        let channels = clusters.iter().flat_map(|cluster| cluster.market_data_subscriptions(&aeron_dir)).collect();
        Some(Self { aeron_dir, channels, stream_id: deployment.streams.market_data })
    }
}

/// Follows books, beside a session through which it asks for snapshots. It is bound to the thread that made it.
///
/// ```no_run
/// use lugus_client::{
///     BookType, CommandNumber, EventHandler, ExchangeSession, FeedContext, FeedHandler, FollowedBook, InstrumentId,
///     MarketDataFeed, Report, Side,
/// };
///
/// struct Prices;
///
/// impl EventHandler for Prices {
///     fn on_report(&mut self, _report: &Report, _command: CommandNumber) {}
/// }
///
/// impl FeedHandler for Prices {
///     fn on_followed_book(&mut self, instrument: InstrumentId, book: &FollowedBook) {
///         println!("{instrument}: {:?} / {:?}", book.levels(Side::Buy).next(), book.levels(Side::Sell).next());
///     }
/// }
///
/// fn follow(context: FeedContext, mut session: ExchangeSession) -> Result<(), Box<dyn std::error::Error>> {
///     let mut feed = MarketDataFeed::new(context);
///     feed.follow(InstrumentId(1), BookType::Levels)?;
///     loop {
///         // Instead of the session's own `poll`.
///         feed.poll(&mut session, &mut Prices)?;
///     }
/// }
/// ```
pub struct MarketDataFeed {
    context: FeedContext,
    origin: Instant,
    feed: Feed,
    connection: Connection,
}

enum Connection {
    Closed {
        /// Time of the next attempt to open it.
        retry_at: Duration,
    },
    Open {
        client: AeronClient,
        channels: Vec<Channel>,
    },
}

enum Channel {
    Adding(Pending<AeronSubscription>),
    Added(AeronSubscription),
}

impl MarketDataFeed {
    /// A feed that begins to listen with its first [`poll`](Self::poll).
    pub fn new(context: FeedContext) -> Self {
        let (origin, feed) = (Instant::now(), Feed::default());
        Self { context, origin, feed, connection: Connection::Closed { retry_at: Duration::ZERO } }
    }

    /// Begins to follow an instrument. If it is followed already, its book is loaded again.
    ///
    /// # Errors
    /// [`FeedError`].
    pub fn follow(&mut self, instrument: InstrumentId, book_type: BookType) -> Result<(), FeedError> {
        self.feed.follow(instrument, book_type, self.origin.elapsed())
    }

    /// Stops following an instrument.
    pub fn unfollow(&mut self, instrument: InstrumentId) {
        self.feed.unfollow(instrument);
    }

    /// The book of an instrument; `None` while it is loaded or recovers.
    pub fn book(&self, instrument: InstrumentId) -> Option<&FollowedBook> {
        self.feed.book(instrument)
    }

    /// How long ago the stream was last heard; `None` if never. A leader sends every 100 ms: if the stream is silent
    /// for longer, books may be old.
    pub fn silence(&self) -> Option<Duration> {
        Some(self.origin.elapsed().saturating_sub(self.feed.heard_at()?))
    }

    /// One duty cycle of the feed and of the session. `handler` hears what happens to both, except the answers to the
    /// feed's own requests. Returns 0 if there was nothing to do. An [`ExchangeSession`](crate::ExchangeSession) asks
    /// each instrument's owner for its book, as the partition map tells.
    ///
    /// # Errors
    /// The session has ended for good: gaps can no longer be closed.
    pub fn poll<H: EventHandler + FeedHandler>(
        &mut self,
        session: &mut impl OrderEntry,
        handler: &mut H,
    ) -> Result<usize, ClientError> {
        let now = self.origin.elapsed();
        let mut work = self.listen(now, handler);
        work += session.poll(&mut SessionHandler { feed: &mut self.feed, now, handler })?;
        work += self.feed.do_work(now, &mut Requests(session), handler);
        Ok(work)
    }

    fn listen(&mut self, now: Duration, handler: &mut impl FeedHandler) -> usize {
        match &mut self.connection {
            Connection::Closed { retry_at } if now < *retry_at => 0,
            Connection::Closed { .. } => {
                self.connection = open(&self.context).unwrap_or_else(|error| {
                    tracing::warn!(%error, "can't listen to market data yet; trying again");
                    Connection::Closed { retry_at: now + RETRY_INTERVAL }
                });
                1
            }
            Connection::Open { client, channels } => match receive(client, channels, &mut self.feed, now, handler) {
                Ok(work) => work,
                Err(error) => {
                    tracing::warn!(%error, "lost the subscription to market data; subscribing again");
                    self.connection = Connection::Closed { retry_at: now + RETRY_INTERVAL };
                    0
                }
            },
        }
    }
}

fn open(context: &FeedContext) -> Result<Connection, AeronError> {
    let client = AeronClient::connect(ClientSettings::new(&context.aeron_dir, CLIENT_NAME, DRIVER_TIMEOUT))?;
    let add = |channel: &String| client.async_add_subscription(channel, context.stream_id).map(Channel::Adding);
    let channels = context.channels.iter().map(add).collect::<Result<_, _>>()?;
    Ok(Connection::Open { client, channels })
}

fn receive(
    client: &AeronClient,
    channels: &mut [Channel],
    feed: &mut Feed,
    now: Duration,
    handler: &mut impl FeedHandler,
) -> Result<usize, AeronError> {
    let mut work = client.do_work()?;
    for channel in channels {
        match channel {
            Channel::Adding(adding) => {
                if let Some(subscription) = adding.poll()? {
                    *channel = Channel::Added(subscription);
                    work += 1;
                }
            }
            Channel::Added(subscription) => {
                // A message is never longer than a fragment.
                let mut take = |message: &[u8], _: AeronHeader| feed.on_message(message, now, handler);
                let polled = subscription.poll_fn(&mut take, FRAGMENT_LIMIT);
                let fragments = polled.map_err(failed("poll a subscription"))?;
                work += usize::try_from(fragments).unwrap_or(0);
            }
        }
    }
    Ok(work)
}

/// Passes on the requests of the feed to the leader.
struct Requests<'a, S>(&'a mut S);

impl<S: OrderEntry> SnapshotRequests for Requests<'_, S> {
    fn request(&mut self, request: &BookRequest) -> bool {
        self.0.request_part_of_book(request).is_ok()
    }
}

/// Passes on what the session tells, except the answers to the feed's own requests.
struct SessionHandler<'a, H> {
    feed: &'a mut Feed,
    now: Duration,
    handler: &'a mut H,
}

impl<H: EventHandler + FeedHandler> EventHandler for SessionHandler<'_, H> {
    fn on_report(&mut self, report: &Report, command: CommandNumber) {
        self.handler.on_report(report, command);
    }

    fn on_drop_copy(&mut self, report: &Report) {
        self.handler.on_drop_copy(report);
    }

    fn on_firm_event(&mut self, event: &FirmEvent) {
        self.handler.on_firm_event(event);
    }

    fn on_cluster_firm_event(&mut self, cluster: ClusterId, event: &FirmEvent) {
        self.handler.on_cluster_firm_event(cluster, event);
    }

    fn on_book(&mut self, book: &Book) {
        if !self.feed.on_book(book, self.now, self.handler) {
            self.handler.on_book(book);
        }
    }

    fn on_cluster_status(&mut self, cluster: ClusterId, status: &Status) {
        if !self.takes(status) {
            self.handler.on_cluster_status(cluster, status);
        }
    }

    fn on_open_orders(&mut self, part: &OpenOrdersPart<'_>) {
        self.handler.on_open_orders(part);
    }

    fn on_order_status(&mut self, report: &OrderStatusReport) {
        self.handler.on_order_status(report);
    }

    fn on_status(&mut self, status: &Status) {
        if !self.takes(status) {
            self.handler.on_status(status);
        }
    }
}

impl<H: FeedHandler> SessionHandler<'_, H> {
    /// Whether the status answers a request of the feed.
    fn takes(&mut self, status: &Status) -> bool {
        if let Status::BookRefused { request_id, instrument } = *status {
            return self.feed.on_book_refused(request_id, instrument, self.now, self.handler);
        }
        false
    }
}
