//! All instruments that are followed: messages of the stream and answers of the session in, requests out. Without I/O.

use std::time::Duration;

use lugus_vocabulary::{Book, BookRequest, BookType, InstrumentId, MarketDataSequence, MemberId};
use thiserror::Error;

use super::FeedHandler;
use super::book::FollowedBook;
use super::following::Following;
use crate::wire::DecodeError;
use crate::wire::feed::{StreamMessage, StreamRoom, decode};

/// Most instruments that one feed follows.
pub const MAXIMUM_FOLLOWED: usize = 1_024;

/// A feed's requests have numbers from here on, so that the program may use those below for its own.
pub const FIRST_REQUEST_ID: u64 = 1 << 63;

/// Why an instrument is not followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum FeedError {
    /// There is a limit.
    #[error("{MAXIMUM_FOLLOWED} instruments are followed already, the most that one feed can")]
    TooManyInstruments,
}

/// Where requests for books go.
pub trait SnapshotRequests {
    /// Sends a request, or (`false`) can't now.
    fn request(&mut self, request: &BookRequest) -> bool;
}

/// All instruments that are followed.
pub struct Feed {
    followed: Vec<Following>,
    room: StreamRoom,
    next_request_id: u64,
    invalid: u64,
    heard_at: Option<Duration>,
    leader: Option<MemberId>,
}

impl Default for Feed {
    fn default() -> Self {
        let (followed, room) = (Vec::new(), StreamRoom::default());
        Self { followed, room, next_request_id: FIRST_REQUEST_ID, invalid: 0, heard_at: None, leader: None }
    }
}

impl Feed {
    /// Begins to follow an instrument; anew, if it is followed already.
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

    /// Follows an instrument no more.
    pub fn unfollow(&mut self, instrument: InstrumentId) {
        self.followed.retain(|following| following.instrument() != instrument);
    }

    /// An instrument's book; `None` while it is loaded or recovers.
    pub fn book(&self, instrument: InstrumentId) -> Option<&FollowedBook> {
        self.followed.iter().find(|following| following.instrument() == instrument)?.book()
    }

    /// When the stream was last heard. A leader is heard every 100 ms: when it has been silent for longer, books may be old.
    pub fn heard_at(&self) -> Option<Duration> {
        self.heard_at
    }

    /// The member that said last that it leads.
    pub fn leader(&self) -> Option<MemberId> {
        self.leader
    }

    /// Messages of the stream that could not be read, and were passed over.
    pub fn invalid_messages(&self) -> u64 {
        self.invalid
    }

    /// A message of the stream, of any member.
    #[inline]
    pub fn on_message(&mut self, message: &[u8], now: Duration, handler: &mut impl FeedHandler) {
        match decode(message, &mut self.room) {
            Ok(StreamMessage::Increments { instrument, sequence, is_end_of_command }) => {
                self.heard_at = Some(now);
                let Some(following) = self.followed.iter_mut().find(|found| found.instrument() == instrument) else {
                    return;
                };
                let last = self.room.increments.len().wrapping_sub(1);
                for (place, increment) in self.room.increments.iter().enumerate() {
                    let is_end = is_end_of_command && place == last;
                    let sequence = MarketDataSequence(sequence.0.saturating_add(place as u64));
                    following.on_increment(sequence, increment, is_end, now, handler);
                }
            }
            Ok(StreamMessage::Heartbeat { member }) => {
                (self.heard_at, self.leader) = (Some(now), Some(member));
                for following in &mut self.followed {
                    let of_it = self.room.positions.iter().find(|(id, _)| *id == following.instrument());
                    if let Some(&(_, sequence)) = of_it {
                        following.on_position(sequence, now);
                    }
                }
            }
            Err(error) => self.pass_over(&error),
        }
    }

    /// A book that came in the session; returns whether it was asked for here.
    pub fn on_book(&mut self, book: &Book, now: Duration, handler: &mut impl FeedHandler) -> bool {
        if book.request_id < FIRST_REQUEST_ID {
            return false;
        }
        if let Some(following) = self.followed.iter_mut().find(|found| found.instrument() == book.market.instrument) {
            following.on_part(book, now, handler);
        }
        true
    }

    /// There is no such book; returns whether it was asked for here.
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

    /// Looks at the clock, and asks for what is due. Returns how many requests went out.
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

    #[cold]
    fn pass_over(&mut self, error: &DecodeError) {
        tracing::debug!(%error, "invalid message of the market-data stream");
        self.invalid += 1;
    }
}
