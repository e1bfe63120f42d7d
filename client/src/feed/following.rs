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

use lugus_vocabulary::{Book, BookRequest, BookType, InstrumentId, MAXIMUM_DEPTH, MarketDataBody, MarketDataSequence};

use super::book::{Contradiction, FollowedBook, MAXIMUM_ENTRIES};
use super::{FeedHandler, FeedStatus, Trade};

/// How long a missing increment is waited for.
pub const PATIENCE: Duration = Duration::from_millis(20);
/// How long the answer to a request is waited for.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(1);
/// Between the end of one attempt to load a book and the next: requests go through the log, as orders do.
pub const RECOVERY_PAUSE: Duration = Duration::from_millis(50);
/// How long a cluster may say that it does not have an instrument that was followed already: it moves to another.
pub const MOVE_PATIENCE: Duration = Duration::from_secs(30);
/// Most increments that are kept; with one more the book is loaded anew, without them.
pub const MAXIMUM_KEPT: usize = 1 << 16;

/// One instrument that is followed.
pub(crate) struct Following {
    instrument: InstrumentId,
    book_type: BookType,
    book: FollowedBook,
    phase: Phase,
    /// Increments that can't be applied yet, by number.
    kept: BTreeMap<MarketDataSequence, Kept>,
    /// The last increment that is known to be.
    known: MarketDataSequence,
    /// Since when one is missing.
    missing_since: Option<Duration>,
    /// When it was live last, before it was loaded anew.
    lost_at: Option<Duration>,
}

struct Kept {
    increment: MarketDataBody,
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
            known: MarketDataSequence(0),
            missing_since: None,
            lost_at: None,
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
        sequence: MarketDataSequence,
        increment: &MarketDataBody,
        is_end_of_command: bool,
        now: Duration,
        handler: &mut impl FeedHandler,
    ) {
        self.known = self.known.max(sequence);
        match self.phase {
            Phase::Ended => {}
            _ if self.book.is_begun() && sequence <= self.book.sequence() => {}
            Phase::Live if sequence == next(self.book.sequence()) => {
                if self.apply(sequence, increment, is_end_of_command, now, handler) {
                    self.apply_kept(now, handler);
                }
            }
            _ => self.keep(sequence, increment, is_end_of_command, now, handler),
        }
    }

    /// The instrument's last increment has this number, at least.
    pub(crate) fn on_position(&mut self, sequence: MarketDataSequence, now: Duration) {
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
            self.kept = self.kept.split_off(&next(part.market.sequence));
            self.known = self.known.max(part.market.sequence);
            return self.add_part(part, now, handler);
        }
        self.phase = Phase::Waiting { part: Box::new(part.clone()) };
        self.settle(now, handler);
    }

    /// There is no such instrument, yet; or it has left that cluster, and will be in another.
    pub(crate) fn on_refused(&mut self, request_id: u64, now: Duration, handler: &mut impl FeedHandler) {
        if !matches!(self.phase, Phase::Asked { request_id: own, .. } if own == request_id) {
            return;
        }
        if self.lost_at.is_some_and(|lost_at| now < lost_at + MOVE_PATIENCE) {
            self.phase = Phase::Asking { at: now + RECOVERY_PAUSE };
            return;
        }
        handler.on_feed_status(self.instrument, FeedStatus::Unknown);
        self.phase = Phase::Asking { at: now + REQUEST_TIMEOUT };
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
        sequence: MarketDataSequence,
        increment: &MarketDataBody,
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
        let target = part.market.sequence;
        while self.book.sequence() < target {
            let sequence = next(self.book.sequence());
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
            if self.book.sequence() == part.market.sequence {
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
        (self.missing_since, self.lost_at) = (None, None);
        handler.on_feed_status(self.instrument, FeedStatus::Live);
        handler.on_followed_book(self.instrument, &self.book);
        self.apply_kept(now, handler);
    }

    fn apply_kept(&mut self, now: Duration, handler: &mut impl FeedHandler) {
        while let Some(entry) = self.kept.first_entry() {
            let sequence = *entry.key();
            if sequence > next(self.book.sequence()) {
                break;
            }
            let kept = entry.remove();
            if sequence == next(self.book.sequence())
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
        sequence: MarketDataSequence,
        increment: &MarketDataBody,
        is_end_of_command: bool,
        now: Duration,
        handler: &mut impl FeedHandler,
    ) -> bool {
        if self.book.apply(sequence, increment).is_err() {
            self.recover(now, handler);
            return false;
        }
        if let MarketDataBody::Trade { trade_id, price, quantity, aggressor } = *increment {
            handler.on_trade(self.instrument, &Trade { trade_id, price, quantity, aggressor });
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
        if matches!(self.phase, Phase::Live) {
            self.lost_at = Some(now);
        }
        self.book = FollowedBook::new(self.book_type);
        self.missing_since = None;
        self.phase = Phase::Asking { at: now + RECOVERY_PAUSE };
        handler.on_feed_status(self.instrument, FeedStatus::Recovering);
    }
}

/// Number of the increment after this one.
fn next(sequence: MarketDataSequence) -> MarketDataSequence {
    MarketDataSequence(sequence.0.saturating_add(1))
}

#[cfg(test)]
mod tests {
    use lugus_vocabulary::{MarketDataSnapshot, Price, Quantity, Side};

    use super::*;

    const BITCOIN: InstrumentId = InstrumentId(1);

    #[derive(Default)]
    struct Heard {
        statuses: Vec<FeedStatus>,
        sequence: u64,
    }

    impl FeedHandler for Heard {
        fn on_followed_book(&mut self, _instrument: InstrumentId, book: &FollowedBook) {
            self.sequence = book.sequence().0;
        }

        fn on_feed_status(&mut self, _instrument: InstrumentId, status: FeedStatus) {
            self.statuses.push(status);
        }
    }

    fn millis(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    fn bids(orders: u32) -> MarketDataBody {
        MarketDataBody::Level { side: Side::Buy, price: Price(9), quantity: Quantity(1), orders }
    }

    fn whole_book(request_id: u64, sequence: u64) -> Book {
        let sequence = MarketDataSequence(sequence);
        let market = MarketDataSnapshot { instrument: BITCOIN, sequence, ..MarketDataSnapshot::default() };
        Book { request_id, market, is_end_of: [true; 2], ..Book::default() }
    }

    /// Live, at increment 10.
    fn live(heard: &mut Heard) -> Following {
        let mut following = Following::new(BITCOIN, BookType::Levels, millis(0));
        assert!(following.do_work(millis(0), 1, heard).is_some());
        following.on_asked(1, millis(0));
        following.on_part(&whole_book(1, 10), millis(1), heard);
        assert_eq!(heard.statuses, [FeedStatus::Live]);
        following
    }

    #[test]
    fn the_next_cluster_of_an_instrument_goes_on_with_its_numbers() {
        let mut heard = Heard::default();
        let mut following = live(&mut heard);
        // The old one tells once more where it stood, and the new one where it begins.
        following.on_position(MarketDataSequence(10), millis(100));
        following.on_position(MarketDataSequence(10), millis(110));
        following.on_increment(MarketDataSequence(11), &bids(1), true, millis(120), &mut heard);
        assert_eq!((heard.sequence, &heard.statuses[..]), (11, &[FeedStatus::Live][..]));
        assert!(following.do_work(millis(200), 2, &mut heard).is_none(), "nothing is missing");
    }

    #[test]
    fn an_old_owner_that_has_no_book_any_more_is_not_the_end() {
        let mut heard = Heard::default();
        let mut following = live(&mut heard);
        // Increment 11 was lost on the way; the map does not yet say who has the book.
        following.on_increment(MarketDataSequence(12), &bids(2), true, millis(100), &mut heard);
        assert!(following.do_work(millis(121), 2, &mut heard).is_none());
        assert!(following.do_work(millis(171), 2, &mut heard).is_some());
        following.on_asked(2, millis(171));
        following.on_refused(2, millis(175), &mut heard);
        assert!(following.do_work(millis(200), 3, &mut heard).is_none());
        assert!(following.do_work(millis(225), 3, &mut heard).is_some());
        following.on_asked(3, millis(225));
        following.on_part(&whole_book(3, 12), millis(230), &mut heard);
        assert_eq!(heard.sequence, 12);
        assert_eq!(heard.statuses, [FeedStatus::Live, FeedStatus::Recovering, FeedStatus::Live]);
    }

    #[test]
    fn a_book_that_nobody_has_for_long_is_unknown() {
        let mut heard = Heard::default();
        let mut following = live(&mut heard);
        following.on_position(MarketDataSequence(11), millis(100));
        let mut now = millis(120);
        let mut request = 2;
        while heard.statuses.last() != Some(&FeedStatus::Unknown) {
            assert!(now < MOVE_PATIENCE * 2, "{:?}", heard.statuses);
            if following.do_work(now, request, &mut heard).is_some() {
                following.on_asked(request, now);
                following.on_refused(request, now, &mut heard);
                request += 1;
            }
            now += millis(10);
        }
        assert!(now >= MOVE_PATIENCE);
    }
}
