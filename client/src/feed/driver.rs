//! The feed, which has its own Aeron client beside that of a trading session, if there is one.

use std::ops::Range;
use std::time::{Duration, Instant};

use aeron_support::AeronError;
use lugus_topology::ClusterId;
use lugus_vocabulary::{
    Book, BookRequest, BookType, EpochNanos, FirmEvent, InstrumentId, MemberId, OrderStatusReport, Report,
};

use super::book::FollowedBook;
use super::context::FeedContext;
use super::gap::FeedCounts;
use super::handler::FeedHandler;
use super::machine::{Feed, FeedError, SnapshotRequests};
use super::subscriptions::{MissingIncrements, Subscriptions};
use crate::command_number::CommandNumber;
use crate::error::ClientError;
use crate::open_orders::OpenOrdersPart;
use crate::order_entry::OrderEntry;
use crate::status::{EventHandler, Status};

/// Pause before the media driver is tried again.
const RETRY_INTERVAL: Duration = Duration::from_millis(500);

/// Follows books: alone, if the members send loops of snapshots ([`listen`](Self::listen)), or beside a session through which it asks
/// for snapshots ([`poll`](Self::poll)). It is bound to the thread that made it.
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
    Open(Box<Subscriptions>),
}

impl MarketDataFeed {
    /// A feed that begins to listen with its first [`poll`](Self::poll).
    pub fn new(context: FeedContext) -> Self {
        let (origin, feed) = (Instant::now(), Feed::of_recorded(context.replays.is_some()));
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

    /// Whether the deployment has no loops of snapshots, so that books are loaded through a session only.
    pub fn needs_session(&self) -> bool {
        !self.context.has_loops()
    }

    /// What was heard so far: increments, repeats from other members, gaps.
    pub fn counts(&self) -> &FeedCounts {
        self.feed.counts()
    }

    /// How long ago the stream was last heard; `None` if never. A member that publishes sends every 100 ms: if the stream is
    /// silent for longer, books may be old.
    pub fn silence(&self) -> Option<Duration> {
        Some(self.origin.elapsed().saturating_sub(self.feed.heard_at()?))
    }

    /// One duty cycle of the feed, without a session: books are loaded from the members' loops of snapshots. If the deployment has none,
    /// no book becomes live. Returns 0 if there was nothing to do.
    ///
    /// A loop is listened to while a book is being loaded: of each cluster that of one member, a follower's if there is one that
    /// answers.
    pub fn listen(&mut self, handler: &mut impl FeedHandler) -> usize {
        let now = self.origin.elapsed();
        let mut work = self.receive(now, handler);
        work += self.receive_replays(now, handler);
        work += self.receive_loops(now, handler);
        self.feed.do_work_alone(now, handler);
        work
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
        let mut work = self.receive(now, handler);
        work += self.receive_replays(now, handler);
        work += session.poll(&mut SessionHandler { feed: &mut self.feed, now, handler })?;
        work += self.feed.do_work(now, &mut Requests(session), handler);
        Ok(work)
    }

    fn receive(&mut self, now: Duration, handler: &mut impl FeedHandler) -> usize {
        let Self { context, feed, connection, .. } = self;
        let polled = match connection {
            Connection::Closed { retry_at } if now < *retry_at => return 0,
            Connection::Closed { .. } => {
                *connection = match Subscriptions::open(context) {
                    Ok(subscriptions) => Connection::Open(Box::new(subscriptions)),
                    Err(error) => {
                        tracing::warn!(%error, "can't listen to market data yet; trying again");
                        Connection::Closed { retry_at: now + RETRY_INTERVAL }
                    }
                };
                return 1;
            }
            Connection::Open(subscriptions) => {
                subscriptions.poll_increments(|source, message| feed.on_message(source, message, now, handler))
            }
        };
        polled.unwrap_or_else(|error| self.lost(&error, now))
    }

    fn receive_replays(&mut self, now: Duration, handler: &mut impl FeedHandler) -> usize {
        let Self { context, feed, connection, .. } = self;
        let Connection::Open(subscriptions) = connection else { return 0 };
        let polled = subscriptions.poll_replays(context, now, &mut Missing { feed, now, handler });
        polled.unwrap_or_else(|error| self.lost(&error, now))
    }

    fn receive_loops(&mut self, now: Duration, handler: &mut impl FeedHandler) -> usize {
        let Self { context, feed, connection, .. } = self;
        let Connection::Open(subscriptions) = connection else { return 0 };
        let (is_wanted, leader) = (feed.wants_snapshots(), feed.leader());
        let take = |source: usize, message: &[u8]| feed.on_loop_message(source, message, now, handler);
        let polled = subscriptions.poll_loops(context, now, is_wanted, leader, take);
        polled.unwrap_or_else(|error| self.lost(&error, now))
    }

    #[cold]
    fn lost(&mut self, error: &AeronError, now: Duration) -> usize {
        tracing::warn!(%error, "lost the subscription to market data; subscribing again");
        self.connection = Connection::Closed { retry_at: now + RETRY_INTERVAL };
        0
    }
}

/// What the feed misses, on its way to those who may have recorded it.
struct Missing<'a, H> {
    feed: &'a mut Feed,
    now: Duration,
    handler: &'a mut H,
}

impl<H: FeedHandler> MissingIncrements for Missing<'_, H> {
    fn wanted(&self, places: &Range<usize>) -> Option<EpochNanos> {
        self.feed.replay_wanted(self.now, places)
    }

    fn leader(&self) -> Option<MemberId> {
        self.feed.leader()
    }

    fn take(&mut self, message: &[u8]) {
        self.feed.on_replayed(message, self.now, self.handler);
    }

    fn give_up(&mut self, places: &Range<usize>) {
        self.feed.on_no_replay(self.now, places, self.handler);
    }
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
