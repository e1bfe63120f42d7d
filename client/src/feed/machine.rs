//! All instruments that are followed: messages of the stream and answers of the session in, requests out; without I/O.

use std::time::Duration;

use lugus_codecs::market_data::{decode_heartbeat, decode_increments};
use lugus_codecs::{DecodeError, Envelope, MessageError};
use lugus_vocabulary::{
    Book, BookRequest, BookType, EndOfEvent, InstrumentId, MarketData, MarketDataSequence, MemberId,
};
use thiserror::Error;

use super::book::FollowedBook;
use super::following::Following;
use super::handler::FeedHandler;

/// Largest number of instruments that one feed follows.
pub const MAXIMUM_FOLLOWED: usize = 1_024;

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
    next_request_id: u64,
    heard_at: Option<Duration>,
    leader: Option<MemberId>,
}

impl Default for Feed {
    fn default() -> Self {
        Self {
            followed: Vec::new(),
            increments: Vec::new(),
            positions: Vec::new(),
            next_request_id: FIRST_REQUEST_ID,
            heard_at: None,
            leader: None,
        }
    }
}

impl Feed {
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

    /// When the stream was last heard. A leader sends every 100 ms: if the stream is silent for longer, books may be
    /// old.
    pub fn heard_at(&self) -> Option<Duration> {
        self.heard_at
    }

    /// The member that was last to tell that it leads.
    pub fn leader(&self) -> Option<MemberId> {
        self.leader
    }

    /// A message of the stream, from any member.
    #[inline]
    pub fn on_message(&mut self, message: &[u8], now: Duration, handler: &mut impl FeedHandler) {
        if let Err(error) = self.read(message, now, handler) {
            skipped(&error);
        }
    }

    #[inline]
    fn read(&mut self, message: &[u8], now: Duration, handler: &mut impl FeedHandler) -> Result<(), MessageError> {
        let envelope = Envelope::open(message)?;
        if let Some(end_of_event) = decode_increments(envelope, &mut self.increments)? {
            self.heard_at = Some(now);
            self.on_increments(end_of_event, now, handler);
        } else if let Some(leader) = decode_heartbeat(envelope, &mut self.positions)? {
            (self.heard_at, self.leader) = (Some(now), Some(leader));
            self.on_positions(now);
        } else {
            return Err(DecodeError::Template { found: envelope.template_id }.into());
        }
        Ok(())
    }

    #[inline]
    fn on_increments(&mut self, end_of_event: EndOfEvent, now: Duration, handler: &mut impl FeedHandler) {
        let Some((last, before)) = self.increments.split_last() else { return };
        let Some(following) = self.followed.iter_mut().find(|found| found.instrument() == last.instrument) else {
            return;
        };
        for increment in before {
            following.on_increment(increment, EndOfEvent::No, now, handler);
        }
        following.on_increment(last, end_of_event, now, handler);
    }

    fn on_positions(&mut self, now: Duration) {
        for following in &mut self.followed {
            let position = self.positions.iter().find(|(id, _)| *id == following.instrument());
            if let Some(&(_, sequence)) = position {
                following.on_position(sequence, now);
            }
        }
    }

    /// A book that came in the session; returns whether it answers a request of this feed.
    pub fn on_book(&mut self, book: &Book, now: Duration, handler: &mut impl FeedHandler) -> bool {
        if book.request_id < FIRST_REQUEST_ID {
            return false;
        }
        if let Some(following) = self.followed.iter_mut().find(|found| found.instrument() == book.market.instrument) {
            following.on_part(book, now, handler);
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
            following.on_refused(request_id, now, handler);
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
            let Some(request) = following.do_work(now, request_id, handler) else { continue };
            if requests.request(&request) {
                following.on_asked(request_id, now);
                self.next_request_id = request_id.checked_add(1).unwrap_or(FIRST_REQUEST_ID);
                sent += 1;
            }
        }
        sent
    }
}

#[cold]
fn skipped(error: &MessageError) {
    tracing::debug!(%error, "ignored an invalid message of the market-data stream");
}
