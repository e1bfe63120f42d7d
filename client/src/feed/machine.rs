//! All instruments that are followed: messages of the streams and answers of the session in, requests out; without I/O.

use std::ops::Range;
use std::time::Duration;

use lugus_codecs::market_data::{
    BookProgress, decode_book, decode_heartbeat, decode_increments, decode_security_definition,
};
use lugus_codecs::{DecodeError, Envelope, MessageError};
use lugus_vocabulary::{
    Book, BookRequest, BookType, EndOfEvent, EpochNanos, InstrumentDefinition, InstrumentId, MarketData,
    MarketDataSequence, MemberId, Price, Quantity, TradeId,
};
use thiserror::Error;

use super::book::FollowedBook;
use super::following::Following;
use super::gap::{FeedCounts, Gap, Origin};
use super::handler::{FeedHandler, FeedStatus, Trade};
use super::missing::Recorded;

/// Largest number of instruments that one feed follows.
pub const MAXIMUM_FOLLOWED: usize = 1_024;

/// Largest number of members that one feed listens to; the messages of more are not told apart.
const MAXIMUM_SOURCES: usize = 4_096;
/// For how long after its first heartbeat a member may tell what it had to say before anybody listened: that lies in its log buffer, and
/// comes at the speed of the network.
const BACKLOG: Duration = Duration::from_millis(150);

/// Lowest number of a feed's own requests; the program may use the numbers below for its requests.
pub const FIRST_REQUEST_ID: u64 = 1 << 63;

/// Why an instrument is not followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum FeedError {
    /// The feed follows as many instruments as it can.
    #[error("the feed already follows {MAXIMUM_FOLLOWED} instruments, the maximum")]
    TooManyInstruments,
}

/// Takes a feed's requests for books on their way to the cluster.
pub trait SnapshotRequests {
    /// Sends a request. Returns `false` if that is not possible now: the feed makes the request again.
    #[must_use]
    fn request(&mut self, request: &BookRequest) -> bool;
}

/// All instruments that are followed: the state machine of a [`MarketDataFeed`](super::MarketDataFeed).
pub struct Feed {
    followed: Vec<Following>,
    /// Increments of the last message; its room is used again.
    increments: Vec<MarketData>,
    /// Instruments of the last heartbeat, each with the number of its last increment; its room is used again.
    positions: Vec<(InstrumentId, MarketDataSequence)>,
    /// The part of a book that each loop of snapshots is telling.
    parts: Vec<Book>,
    next_request_id: u64,
    heard_at: Option<Duration>,
    /// When the first heartbeat of each source was heard.
    first_heartbeats: Vec<Option<Duration>>,
    /// When a part of a book or a definition was last heard.
    loop_heard_at: Option<Duration>,
    leader: Option<MemberId>,
    recorded: Recorded,
    counts: FeedCounts,
}

impl Default for Feed {
    fn default() -> Self {
        Self {
            followed: Vec::new(),
            increments: Vec::new(),
            positions: Vec::new(),
            parts: Vec::new(),
            next_request_id: FIRST_REQUEST_ID,
            heard_at: None,
            first_heartbeats: Vec::new(),
            loop_heard_at: None,
            leader: None,
            recorded: Recorded::No,
            counts: FeedCounts::default(),
        }
    }
}

impl Feed {
    /// A feed of members that record increments, if `is_recorded`: what is missing is asked for ([`Feed::replay_wanted`]) before it
    /// counts as lost.
    pub fn of_recorded(is_recorded: bool) -> Self {
        Self { recorded: if is_recorded { Recorded::Yes } else { Recorded::No }, ..Self::default() }
    }

    /// Begins to follow an instrument. If it is followed already, its book is loaded again.
    ///
    /// # Errors
    /// [`FeedError`].
    pub fn follow(&mut self, instrument: InstrumentId, book_type: BookType, now: Duration) -> Result<(), FeedError> {
        self.unfollow(instrument);
        if self.followed.len() == MAXIMUM_FOLLOWED {
            return Err(FeedError::TooManyInstruments);
        }
        self.followed.push(Following::new(instrument, book_type, now));
        Ok(())
    }

    /// Stops following an instrument.
    pub fn unfollow(&mut self, instrument: InstrumentId) {
        self.followed.retain(|following| following.instrument() != instrument);
    }

    /// An instrument's book; `None` while it is loaded or recovers.
    pub fn book(&self, instrument: InstrumentId) -> Option<&FollowedBook> {
        self.followed.iter().find(|following| following.instrument() == instrument)?.book()
    }

    /// When the stream was last heard. A member that publishes sends every 100 ms: if the stream is silent for longer, books may
    /// be old.
    pub fn heard_at(&self) -> Option<Duration> {
        self.heard_at
    }

    /// When a loop of snapshots was last heard.
    pub fn loop_heard_at(&self) -> Option<Duration> {
        self.loop_heard_at
    }

    /// The member that leads, as was told last, of any cluster.
    pub fn leader(&self) -> Option<MemberId> {
        self.leader
    }

    /// What was heard so far.
    pub fn counts(&self) -> &FeedCounts {
        &self.counts
    }

    /// Whether a book is being loaded, so that a loop of snapshots is of use.
    pub fn wants_snapshots(&self) -> bool {
        self.followed.iter().any(Following::wants_parts)
    }

    /// The log time from which on increments are missing, if a replay of them is of use; of instruments that were last heard of from
    /// members with these places.
    pub fn replay_wanted(&self, now: Duration, places: &Range<usize>) -> Option<EpochNanos> {
        if self.recorded == Recorded::No {
            return None;
        }
        self.followed.iter().filter_map(|following| following.replay_wanted(now, places)).min()
    }

    /// A message of a replay.
    pub fn on_replayed(&mut self, message: &[u8], now: Duration, handler: &mut impl FeedHandler) {
        if let Err(error) = self.read(Origin::Replay, message, now, handler) {
            skipped(&error);
        }
    }

    /// None of the members with these places has recorded what is missing: books are loaded again.
    pub fn on_no_replay(&mut self, now: Duration, places: &Range<usize>, handler: &mut impl FeedHandler) {
        for following in &mut self.followed {
            following.on_no_replay(now, places, &mut Counting { counts: &mut self.counts, handler });
        }
    }

    /// A message of the stream of increments, from the member with the place `source` among those that are listened to.
    #[inline]
    pub fn on_message(&mut self, source: usize, message: &[u8], now: Duration, handler: &mut impl FeedHandler) {
        if let Err(error) = self.read(Origin::Feed(source.min(MAXIMUM_SOURCES)), message, now, handler) {
            skipped(&error);
        }
    }

    #[inline]
    fn read(
        &mut self,
        origin: Origin,
        message: &[u8],
        now: Duration,
        handler: &mut impl FeedHandler,
    ) -> Result<(), MessageError> {
        let envelope = Envelope::open(message)?;
        if let Some(end_of_event) = decode_increments(envelope, &mut self.increments)? {
            if origin != Origin::Replay {
                self.heard_at = Some(now);
            }
            self.on_increments(origin, end_of_event, now, handler);
        } else if let Some(heartbeat) = decode_heartbeat(envelope, &mut self.positions)? {
            // One that is replayed would be old.
            if let Origin::Feed(source) = origin {
                self.heard_at = Some(now);
                self.leader = heartbeat.leader.or(self.leader);
                let is_of_now = self.is_of_now(source, now);
                self.on_positions(source, heartbeat.time, now, is_of_now);
            }
        } else {
            return Err(DecodeError::Template { found: envelope.template_id }.into());
        }
        Ok(())
    }

    #[inline]
    fn on_increments(
        &mut self,
        origin: Origin,
        end_of_event: EndOfEvent,
        now: Duration,
        handler: &mut impl FeedHandler,
    ) {
        let Some((last, before)) = self.increments.split_last() else { return };
        let Some(following) = self.followed.iter_mut().find(|found| found.instrument() == last.instrument) else {
            return;
        };
        let counts = &mut self.counts;
        for increment in before {
            let is_new =
                following.on_increment(increment, EndOfEvent::No, origin, now, &mut Counting { counts, handler });
            counts.increment(origin, is_new);
        }
        let is_new = following.on_increment(last, end_of_event, origin, now, &mut Counting { counts, handler });
        counts.increment(origin, is_new);
    }

    /// Whether a heartbeat of this source was made since somebody listens. What the member had not sent before comes at once when
    /// somebody does; a heartbeat that comes later is a new one.
    fn is_of_now(&mut self, source: usize, now: Duration) -> bool {
        if self.first_heartbeats.len() <= source {
            self.first_heartbeats.resize(source + 1, None);
        }
        self.first_heartbeats.get_mut(source).is_some_and(|first| now >= *first.get_or_insert(now) + BACKLOG)
    }

    fn on_positions(&mut self, source: usize, time: Option<EpochNanos>, now: Duration, is_of_now: bool) {
        for following in &mut self.followed {
            let position = self.positions.iter().find(|(id, _)| *id == following.instrument());
            if let Some(&(_, sequence)) = position {
                following.on_position(sequence, source, time, now, is_of_now);
            }
        }
    }

    /// A message of a loop of snapshots, from the member with the place `source` among those that are listened to.
    pub fn on_loop_message(&mut self, source: usize, message: &[u8], now: Duration, handler: &mut impl FeedHandler) {
        if let Err(error) = self.read_loop(source.min(MAXIMUM_SOURCES), message, now, handler) {
            skipped(&error);
        }
    }

    fn read_loop(
        &mut self,
        source: usize,
        message: &[u8],
        now: Duration,
        handler: &mut impl FeedHandler,
    ) -> Result<(), MessageError> {
        let envelope = Envelope::open(message)?;
        self.loop_heard_at = Some(now);
        if let Some(definition) = decode_security_definition(envelope)? {
            handler.on_definition(&definition);
            return Ok(());
        }
        if self.parts.len() <= source {
            self.parts.resize_with(source + 1, Book::with_room);
        }
        let Some(part) = self.parts.get_mut(source) else { return Ok(()) };
        match decode_book(envelope, part)? {
            Some(BookProgress::Complete) => {}
            Some(BookProgress::Partial) => return Ok(()),
            None => return Err(DecodeError::Template { found: envelope.template_id }.into()),
        }
        if let Some(following) = self.followed.iter_mut().find(|found| found.instrument() == part.market.instrument) {
            following.on_loop_part(part, now, &mut Counting { counts: &mut self.counts, handler });
        }
        Ok(())
    }

    /// A book that came in the session; returns whether it answers a request of this feed.
    pub fn on_book(&mut self, book: &Book, now: Duration, handler: &mut impl FeedHandler) -> bool {
        if book.request_id < FIRST_REQUEST_ID {
            return false;
        }
        if let Some(following) = self.followed.iter_mut().find(|found| found.instrument() == book.market.instrument) {
            following.on_part(book, now, &mut Counting { counts: &mut self.counts, handler });
        }
        true
    }

    /// A request for a book was refused in the session; returns whether it was a request of this feed.
    pub fn on_book_refused(
        &mut self,
        request_id: u64,
        instrument: InstrumentId,
        now: Duration,
        handler: &mut impl FeedHandler,
    ) -> bool {
        if request_id < FIRST_REQUEST_ID {
            return false;
        }
        if let Some(following) = self.followed.iter_mut().find(|found| found.instrument() == instrument) {
            following.on_refused(request_id, now, &mut Counting { counts: &mut self.counts, handler });
        }
        true
    }

    /// Advances the time, and sends the requests that are due. Returns the number of requests that were sent.
    pub fn do_work(
        &mut self,
        now: Duration,
        requests: &mut impl SnapshotRequests,
        handler: &mut impl FeedHandler,
    ) -> usize {
        let mut sent = 0;
        for following in &mut self.followed {
            let request_id = self.next_request_id;
            let handler = &mut Counting { counts: &mut self.counts, handler };
            let Some(request) = following.do_work(self.recorded, now, request_id, handler) else { continue };
            if requests.request(&request) {
                following.on_asked(request_id, now);
                self.next_request_id = request_id.checked_add(1).unwrap_or(FIRST_REQUEST_ID);
                sent += 1;
            }
        }
        sent
    }

    /// Advances the time, without a session: books are loaded from loops of snapshots alone.
    pub fn do_work_alone(&mut self, now: Duration, handler: &mut impl FeedHandler) {
        for following in &mut self.followed {
            following.tick_alone(self.recorded, now, &mut Counting { counts: &mut self.counts, handler });
        }
    }
}

/// Counts what a handler hears.
struct Counting<'a, H> {
    counts: &'a mut FeedCounts,
    handler: &'a mut H,
}

impl<H: FeedHandler> FeedHandler for Counting<'_, H> {
    #[inline]
    fn on_followed_book(&mut self, instrument: InstrumentId, book: &FollowedBook) {
        self.handler.on_followed_book(instrument, book);
    }

    #[inline]
    fn on_trade(&mut self, instrument: InstrumentId, trade: &Trade) {
        self.handler.on_trade(instrument, trade);
    }

    fn on_trade_addendum(&mut self, instrument: InstrumentId, trade_id: TradeId, price: Price, quantity: Quantity) {
        self.handler.on_trade_addendum(instrument, trade_id, price, quantity);
    }

    fn on_feed_status(&mut self, instrument: InstrumentId, status: FeedStatus) {
        self.counts.loaded_books += u64::from(status == FeedStatus::Live);
        self.handler.on_feed_status(instrument, status);
    }

    fn on_gap(&mut self, instrument: InstrumentId, gap: &Gap) {
        self.counts.gap(gap);
        self.handler.on_gap(instrument, gap);
    }

    fn on_definition(&mut self, definition: &InstrumentDefinition) {
        self.handler.on_definition(definition);
    }
}

#[cold]
fn skipped(error: &MessageError) {
    tracing::debug!(%error, "ignored an invalid message of the market-data stream");
}
