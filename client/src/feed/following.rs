//! One instrument that is followed: loading, following, recovering.
//!
//! While it loads, increments are kept. A part of the book stands at some increment: what was kept is applied up to
//! there, to the parts that are there already, and then the part is added. So parts may be taken at different times. With
//! the last part the rest is applied, and from then on each increment as it comes.
//!
//! An increment that is missing may still come: another member's messages may overtake. After [`PATIENCE`] it is lost,
//! and the book is loaded anew.

use std::collections::BTreeMap;
use std::time::Duration;

use super::book::{Contradiction, FollowedBook, MAXIMUM_ENTRIES};
use super::{FeedHandler, FeedStatus};
use crate::market_data::{Book, BookRequest, BookType, Increment, MAXIMUM_DEPTH};
use crate::units::InstrumentId;

/// How long a missing increment is waited for.
pub const PATIENCE: Duration = Duration::from_millis(20);
/// How long the answer to a request is waited for.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(1);
/// Between the end of one attempt to load a book and the next: requests go through the log, as orders do.
pub const RECOVERY_PAUSE: Duration = Duration::from_millis(50);
/// Most increments that are kept; with one more the book is loaded anew, without them.
pub const MAXIMUM_KEPT: usize = 1 << 16;

/// One instrument that is followed.
pub(crate) struct Following {
    instrument: InstrumentId,
    book_type: BookType,
    book: FollowedBook,
    phase: Phase,
    /// Increments that can't be applied yet, by number.
    kept: BTreeMap<u64, Kept>,
    /// The last increment that is known to be.
    known: u64,
    /// Since when one is missing.
    missing_since: Option<Duration>,
}

struct Kept {
    increment: Increment,
    is_end_of_command: bool,
}

enum Phase {
    /// The next part is to be asked for.
    Asking {
        at: Duration,
    },
    /// It has been asked for.
    Asked {
        request_id: u64,
        at: Duration,
    },
    /// It has come, and stands after an increment that has not.
    Waiting {
        part: Box<Book>,
    },
    Live,
    /// No longer followed.
    Ended,
}

impl Following {
    pub(crate) fn new(instrument: InstrumentId, book_type: BookType, now: Duration) -> Self {
        Self {
            instrument,
            book_type,
            book: FollowedBook::new(book_type),
            phase: Phase::Asking { at: now },
            kept: BTreeMap::new(),
            known: 0,
            missing_since: None,
        }
    }

    pub(crate) fn instrument(&self) -> InstrumentId {
        self.instrument
    }

    /// The book, while it is current as far as is known.
    pub(crate) fn book(&self) -> Option<&FollowedBook> {
        let is_current = matches!(self.phase, Phase::Live) && self.missing_since.is_none();
        is_current.then_some(&self.book)
    }

    #[inline]
    pub(crate) fn on_increment(
        &mut self,
        sequence: u64,
        increment: &Increment,
        is_end_of_command: bool,
        now: Duration,
        handler: &mut impl FeedHandler,
    ) {
        self.known = self.known.max(sequence);
        match self.phase {
            Phase::Ended => {}
            _ if self.book.is_begun() && sequence <= self.book.sequence() => {}
            Phase::Live if sequence == self.book.sequence() + 1 => {
                if self.apply(sequence, increment, is_end_of_command, now, handler) {
                    self.apply_kept(now, handler);
                }
            }
            _ => self.keep(sequence, increment, is_end_of_command, now, handler),
        }
    }

    /// The instrument's last increment has this number, at least.
    pub(crate) fn on_position(&mut self, sequence: u64, now: Duration) {
        self.known = self.known.max(sequence);
        self.look_for_gap(now);
    }

    /// The answer to a request of its own.
    pub(crate) fn on_part(&mut self, part: &Book, now: Duration, handler: &mut impl FeedHandler) {
        let Phase::Asked { request_id, .. } = self.phase else { return };
        if request_id != part.request_id {
            return;
        }
        if !self.book.is_begun() {
            self.kept = self.kept.split_off(&(part.sequence + 1));
            self.known = self.known.max(part.sequence);
            return self.add_part(part, now, handler);
        }
        self.phase = Phase::Waiting { part: Box::new(part.clone()) };
        self.settle(now, handler);
    }

    /// There is no such instrument, yet.
    pub(crate) fn on_refused(&mut self, request_id: u64, now: Duration, handler: &mut impl FeedHandler) {
        if matches!(self.phase, Phase::Asked { request_id: own, .. } if own == request_id) {
            handler.on_feed_status(self.instrument, FeedStatus::Unknown);
            self.phase = Phase::Asking { at: now + REQUEST_TIMEOUT };
        }
    }

    /// What to ask for now, if anything.
    pub(crate) fn do_work(
        &mut self,
        now: Duration,
        request_id: u64,
        handler: &mut impl FeedHandler,
    ) -> Option<BookRequest> {
        if self.missing_since.is_some_and(|since| now >= since + PATIENCE) {
            self.recover(now, handler);
        }
        match self.phase {
            Phase::Asking { at } if now >= at => {}
            // A request is not kept by the session: it is asked again.
            Phase::Asked { at, .. } if now >= at + REQUEST_TIMEOUT => {}
            _ => return None,
        }
        let [bids_after, offers_after] = self.book.next_part();
        let (instrument, book_type) = (self.instrument, self.book_type);
        Some(BookRequest { request_id, instrument, depth: MAXIMUM_DEPTH, bids_after, offers_after, book_type })
    }

    /// A request has been sent.
    pub(crate) fn on_asked(&mut self, request_id: u64, now: Duration) {
        self.phase = Phase::Asked { request_id, at: now };
    }

    fn keep(
        &mut self,
        sequence: u64,
        increment: &Increment,
        is_end_of_command: bool,
        now: Duration,
        handler: &mut impl FeedHandler,
    ) {
        if self.kept.len() >= MAXIMUM_KEPT {
            self.kept.clear();
            return self.recover(now, handler);
        }
        self.kept.insert(sequence, Kept { increment: *increment, is_end_of_command });
        match self.phase {
            Phase::Waiting { .. } => self.settle(now, handler),
            Phase::Live => self.look_for_gap(now),
            _ => {}
        }
    }

    /// Applies what was kept up to where the part stands, and adds that.
    fn settle(&mut self, now: Duration, handler: &mut impl FeedHandler) {
        let Phase::Waiting { part } = &self.phase else { return };
        let target = part.sequence;
        while self.book.sequence() < target {
            let sequence = self.book.sequence() + 1;
            let Some(kept) = self.kept.remove(&sequence) else {
                self.missing_since.get_or_insert(now);
                return;
            };
            if self.book.apply(sequence, &kept.increment).is_err() {
                return self.recover(now, handler);
            }
        }
        self.missing_since = None;
        if let Phase::Waiting { part } = std::mem::replace(&mut self.phase, Phase::Asking { at: now }) {
            if self.book.sequence() == part.sequence {
                self.add_part(&part, now, handler);
            } else {
                self.recover(now, handler);
            }
        }
    }

    fn add_part(&mut self, part: &Book, now: Duration, handler: &mut impl FeedHandler) {
        if self.book.add_part(part) == Err(Contradiction) {
            return self.recover(now, handler);
        }
        if self.is_too_large(handler) {
            return;
        }
        if !self.book.is_whole() {
            self.phase = Phase::Asking { at: now };
            return;
        }
        self.phase = Phase::Live;
        self.missing_since = None;
        handler.on_feed_status(self.instrument, FeedStatus::Live);
        handler.on_followed_book(self.instrument, &self.book);
        self.apply_kept(now, handler);
    }

    fn apply_kept(&mut self, now: Duration, handler: &mut impl FeedHandler) {
        while let Some(entry) = self.kept.first_entry() {
            let sequence = *entry.key();
            if sequence > self.book.sequence() + 1 {
                break;
            }
            let kept = entry.remove();
            if sequence == self.book.sequence() + 1
                && !self.apply(sequence, &kept.increment, kept.is_end_of_command, now, handler)
            {
                return;
            }
        }
        self.missing_since = None;
        self.look_for_gap(now);
    }

    /// Applies the next increment to a book that is live; returns whether it still is.
    #[inline]
    fn apply(
        &mut self,
        sequence: u64,
        increment: &Increment,
        is_end_of_command: bool,
        now: Duration,
        handler: &mut impl FeedHandler,
    ) -> bool {
        if self.book.apply(sequence, increment).is_err() {
            self.recover(now, handler);
            return false;
        }
        if let Increment::Trade(trade) = increment {
            handler.on_trade(self.instrument, trade);
        }
        if is_end_of_command {
            handler.on_followed_book(self.instrument, &self.book);
        }
        !self.is_too_large(handler)
    }

    fn look_for_gap(&mut self, now: Duration) {
        if matches!(self.phase, Phase::Live) && self.known > self.book.sequence() {
            self.missing_since.get_or_insert(now);
        }
    }

    fn is_too_large(&mut self, handler: &mut impl FeedHandler) -> bool {
        if self.book.entries() <= MAXIMUM_ENTRIES {
            return false;
        }
        (self.book, self.kept) = (FollowedBook::new(self.book_type), BTreeMap::new());
        (self.phase, self.missing_since) = (Phase::Ended, None);
        handler.on_feed_status(self.instrument, FeedStatus::TooLarge);
        true
    }

    /// Begins anew. What was kept may be needed after the first part.
    fn recover(&mut self, now: Duration, handler: &mut impl FeedHandler) {
        self.book = FollowedBook::new(self.book_type);
        self.missing_since = None;
        self.phase = Phase::Asking { at: now + RECOVERY_PAUSE };
        handler.on_feed_status(self.instrument, FeedStatus::Recovering);
    }
}
