//! One instrument that is followed: loading, following, recovering.
//!
//! While the book is loaded, increments are kept. Each part of the book includes all increments up to some number: the
//! kept increments up to that number are applied to the parts that have been loaded already, and then the part is
//! added. So parts may be taken at different times. After the last part the remaining increments are applied, and from
//! then on each increment as it comes.
//!
//! Parts come as answers to requests in a session, or from a member's loop of snapshots. Those of a loop come unasked: one is taken
//! if it begins where the book has been loaded to, or before.
//!
//! A missing increment may still come, as another member's messages may overtake, or a replay have it (`missing`). If it does not come in
//! time, the book is loaded again.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;
use std::time::Duration;

use lugus_vocabulary::{
    Book, BookRequest, BookType, EndOfEvent, EpochNanos, InstrumentId, MAXIMUM_DEPTH, MarketData, MarketDataBody,
    MarketDataSequence,
};

use super::book::{Contradiction, FollowedBook, MAXIMUM_ENTRIES};
use super::gap::Origin;
use super::handler::{FeedHandler, FeedStatus, Trade};
use super::missing::{Missing, Recorded};

/// How long the answer to a request may take before the request is made again.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(1);
/// Pause between the end of one attempt to load a book and the next: requests go through the log, as orders do.
const RECOVERY_PAUSE: Duration = Duration::from_millis(50);
/// For how long a cluster may tell that it does not have an instrument that was live before: the instrument moves to
/// another cluster.
const MOVE_TIMEOUT: Duration = Duration::from_secs(30);
/// Largest number of kept increments. With one more, all are dropped and the book is loaded again.
const MAXIMUM_KEPT: usize = 1 << 16;
/// For how long no heartbeat of now may name an instrument before its book is loaded from a loop all the same: no member sends
/// increments, or they have none of it.
const UNTOLD_TIMEOUT: Duration = Duration::from_secs(1);
/// Largest number of parts of a loop that wait for increments. More are dropped, and come again in the next round.
const MAXIMUM_PARTS: usize = 64;
/// For how long nobody may tell of an instrument, without a session, before it counts as unknown.
const UNKNOWN_TIMEOUT: Duration = Duration::from_secs(3);

/// An instrument that is followed.
pub(super) struct Following {
    instrument: InstrumentId,
    book_type: BookType,
    book: FollowedBook,
    phase: Phase,
    /// Increments that cannot be applied yet, by number.
    kept: BTreeMap<MarketDataSequence, KeptIncrement>,
    /// Number of the last increment that is known to exist.
    last_known: MarketDataSequence,
    /// Parts of a loop that have not been looked at yet.
    parts: VecDeque<Book>,
    /// Increments that are missing.
    missing: Option<Missing>,
    /// When the book was last live, before it had to be loaded again.
    lost_at: Option<Duration>,
    /// When following began, until somebody tells of the instrument.
    unknown_since: Option<Duration>,
    /// Books are loaded from a loop from this time on, or once a member has said where the increments are now. A loop that nobody has
    /// listened to for a while begins with what it had not sent when its last listener left.
    loads_at: Duration,
    /// A log time up to which the book has all increments: what is missing is not older.
    complete_at: Option<EpochNanos>,
    /// Place of the member that last told of the instrument.
    source: usize,
}

struct KeptIncrement {
    time: EpochNanos,
    body: MarketDataBody,
    end_of_event: EndOfEvent,
}

enum Phase {
    /// The next part is requested at this time.
    Asking { at: Duration },
    /// A part has been requested.
    Asked { request_id: u64, at: Duration },
    /// A part has come, and includes an increment that has not come yet.
    Waiting { part: Box<Book> },
    /// The book is current, as far as is known.
    Live,
    /// The book is no longer followed.
    Ended,
}

impl Following {
    pub(super) fn new(instrument: InstrumentId, book_type: BookType, now: Duration) -> Self {
        Self {
            instrument,
            book_type,
            book: FollowedBook::new(book_type),
            phase: Phase::Asking { at: now },
            kept: BTreeMap::new(),
            last_known: MarketDataSequence(0),
            parts: VecDeque::new(),
            missing: None,
            lost_at: None,
            unknown_since: Some(now),
            loads_at: now + UNTOLD_TIMEOUT,
            complete_at: None,
            source: 0,
        }
    }

    pub(super) fn instrument(&self) -> InstrumentId {
        self.instrument
    }

    /// The book, if it is current as far as is known.
    pub(super) fn book(&self) -> Option<&FollowedBook> {
        let is_current = matches!(self.phase, Phase::Live) && self.missing.is_none();
        is_current.then_some(&self.book)
    }

    /// Whether a book is being loaded.
    pub(super) fn wants_parts(&self) -> bool {
        matches!(self.phase, Phase::Asking { .. } | Phase::Waiting { .. })
    }

    /// Takes an increment. Returns whether it comes for the first time, as far as is known.
    #[inline]
    pub(super) fn on_increment(
        &mut self,
        increment: &MarketData,
        end_of_event: EndOfEvent,
        origin: Origin,
        now: Duration,
        handler: &mut impl FeedHandler,
    ) -> bool {
        let sequence = increment.sequence;
        match origin {
            Origin::Feed(source) => self.source = source,
            Origin::Replay => self.note_replayed(sequence),
        }
        self.last_known = self.last_known.max(sequence);
        self.unknown_since = None;
        match self.phase {
            Phase::Ended => false,
            _ if self.book.is_begun() && sequence <= self.book.sequence() => false,
            Phase::Live if sequence == next(self.book.sequence()) => {
                if self.apply(sequence, (increment.time, &increment.body), end_of_event, now, handler) {
                    self.apply_kept(now, handler);
                }
                true
            }
            _ => self.keep(increment, end_of_event, now, handler),
        }
    }

    fn note_replayed(&mut self, sequence: MarketDataSequence) {
        if let Some(missing) = &mut self.missing
            && sequence > self.book.sequence()
            && !self.kept.contains_key(&sequence)
        {
            missing.note_replayed(sequence);
        }
    }

    /// The number of the instrument's last increment is at least this one, and was this one at the log time `time`, as the member with the
    /// place `source` tells; `is_of_now` if that was not said before anybody listened.
    pub(super) fn on_position(
        &mut self,
        sequence: MarketDataSequence,
        source: usize,
        time: Option<EpochNanos>,
        now: Duration,
        is_of_now: bool,
    ) {
        if is_of_now {
            self.loads_at = self.loads_at.min(now);
        }
        self.source = source;
        if self.book.is_begun() && sequence == self.book.sequence() {
            self.complete_at = self.complete_at.max(time);
        }
        self.last_known = self.last_known.max(sequence);
        self.unknown_since = None;
        self.look_for_gap(now);
    }

    /// A part of the book has come from a member's loop.
    pub(super) fn on_loop_part(&mut self, part: &Book, now: Duration, handler: &mut impl FeedHandler) {
        self.unknown_since = None;
        if !self.wants_parts() {
            return;
        }
        let loads = now >= self.loads_at;
        if !loads && self.parts.len() == MAXIMUM_PARTS {
            self.parts.pop_front();
        }
        if self.parts.len() < MAXIMUM_PARTS {
            self.parts.push_back(part.clone());
        }
        if loads {
            self.take_parts(now, handler);
        }
    }

    /// Takes parts of a loop, until one has to wait for an increment.
    fn take_parts(&mut self, now: Duration, handler: &mut impl FeedHandler) {
        while matches!(self.phase, Phase::Asking { .. }) {
            let Some(part) = self.parts.pop_front() else { return };
            if !self.can_take(&part) {
                continue;
            }
            let told_orders =
                !part.orders.is_empty() || part.bids.iter().chain(&part.offers).all(|level| level.orders == 0);
            if self.book_type == BookType::Orders && !told_orders {
                return self.end(handler);
            }
            if self.book.is_begun() {
                self.phase = Phase::Waiting { part: Box::new(part) };
                self.settle(now, handler);
            } else {
                self.begin(&part, now, handler);
            }
        }
        if !self.wants_parts() {
            self.parts.clear();
        }
    }

    /// Whether a part of a loop goes on from what is loaded. The increment after a first part must be kept, if there is one.
    fn can_take(&self, part: &Book) -> bool {
        if self.book.is_begun() {
            return part.market.sequence >= self.book.sequence() && self.book.continues_with(part);
        }
        let sequence = part.market.sequence;
        let is_new_enough = sequence >= self.last_known || self.kept.contains_key(&next(sequence));
        part.after == [None; 2] && is_new_enough
    }

    /// Begins a book with its first part.
    fn begin(&mut self, part: &Book, now: Duration, handler: &mut impl FeedHandler) {
        self.kept = self.kept.split_off(&next(part.market.sequence));
        self.complete_at = Some(part.time);
        self.last_known = self.last_known.max(part.market.sequence);
        self.add_part(part, now, handler);
    }

    /// A part of a book has come.
    pub(super) fn on_part(&mut self, part: &Book, now: Duration, handler: &mut impl FeedHandler) {
        let Phase::Asked { request_id, .. } = self.phase else { return };
        if request_id != part.request_id {
            return;
        }
        if !self.book.is_begun() {
            return self.begin(part, now, handler);
        }
        self.phase = Phase::Waiting { part: Box::new(part.clone()) };
        self.settle(now, handler);
    }

    /// There is no such instrument yet; or the instrument has left that cluster, and will be in another.
    pub(super) fn on_refused(&mut self, request_id: u64, now: Duration, handler: &mut impl FeedHandler) {
        if !matches!(self.phase, Phase::Asked { request_id: requested, .. } if requested == request_id) {
            return;
        }
        if self.lost_at.is_some_and(|lost_at| now < lost_at + MOVE_TIMEOUT) {
            self.phase = Phase::Asking { at: now + RECOVERY_PAUSE };
            return;
        }
        handler.on_feed_status(self.instrument, FeedStatus::Unknown);
        self.phase = Phase::Asking { at: now + REQUEST_TIMEOUT };
    }

    /// The log time from which on increments are asked for, as some are missing of a live book of a cluster with these members.
    pub(super) fn replay_wanted(&self, now: Duration, places: &Range<usize>) -> Option<EpochNanos> {
        let missing = self.missing.filter(|missing| missing.is_asked_for(now))?;
        let is_live = matches!(self.phase, Phase::Live) && missing.is_above(self.book.sequence());
        self.complete_at.filter(|_| is_live && places.contains(&self.source))
    }

    /// No member of the cluster has recorded what is missing.
    pub(super) fn on_no_replay(&mut self, now: Duration, places: &Range<usize>, handler: &mut impl FeedHandler) {
        if self.replay_wanted(now, places).is_some() {
            self.recover(now, handler);
        }
    }

    /// Advances the time. What is missing for too long is lost.
    pub(super) fn tick(&mut self, recorded: Recorded, now: Duration, handler: &mut impl FeedHandler) {
        // Parts of a book come again: nobody is asked for increments between them.
        let recorded = if matches!(self.phase, Phase::Live) { recorded } else { Recorded::No };
        if self.missing.is_some_and(|missing| missing.is_lost(recorded, now)) {
            self.recover(now, handler);
        }
    }

    /// Advances the time without a session.
    pub(super) fn tick_alone(&mut self, recorded: Recorded, now: Duration, handler: &mut impl FeedHandler) {
        self.tick(recorded, now, handler);
        if self.unknown_since.is_some_and(|since| now >= since + UNKNOWN_TIMEOUT) {
            self.unknown_since = None;
            handler.on_feed_status(self.instrument, FeedStatus::Unknown);
        }
    }

    /// Advances the time, and returns the request that is due, if any.
    pub(super) fn do_work(
        &mut self,
        recorded: Recorded,
        now: Duration,
        request_id: u64,
        handler: &mut impl FeedHandler,
    ) -> Option<BookRequest> {
        self.tick(recorded, now, handler);
        match self.phase {
            Phase::Asking { at } if now >= at => {}
            // The session does not keep requests: a lost one has to be made again.
            Phase::Asked { at, .. } if now >= at + REQUEST_TIMEOUT => {}
            _ => return None,
        }
        let [bids_after, offers_after] = self.book.next_part();
        let (instrument, book_type) = (self.instrument, self.book_type);
        Some(BookRequest { request_id, instrument, depth: MAXIMUM_DEPTH, bids_after, offers_after, book_type })
    }

    /// The request has been sent.
    pub(super) fn on_asked(&mut self, request_id: u64, now: Duration) {
        self.phase = Phase::Asked { request_id, at: now };
    }

    /// Keeps an increment. Returns whether it comes for the first time.
    fn keep(
        &mut self,
        increment: &MarketData,
        end_of_event: EndOfEvent,
        now: Duration,
        handler: &mut impl FeedHandler,
    ) -> bool {
        if self.kept.len() >= MAXIMUM_KEPT {
            self.kept.clear();
            // A book that has no part yet begins with increments as well as before.
            if self.book.is_begun() {
                self.recover(now, handler);
            }
            return true;
        }
        let kept = KeptIncrement { time: increment.time, body: increment.body, end_of_event };
        let is_new = self.kept.insert(increment.sequence, kept).is_none();
        match self.phase {
            Phase::Waiting { .. } => {
                self.settle(now, handler);
                self.take_parts(now, handler);
            }
            Phase::Live => self.look_for_gap(now),
            _ => {}
        }
        is_new
    }

    /// Applies the kept increments that the waiting part includes, and adds the part.
    fn settle(&mut self, now: Duration, handler: &mut impl FeedHandler) {
        let Phase::Waiting { part } = &self.phase else { return };
        let target = part.market.sequence;
        while self.book.sequence() < target {
            let sequence = next(self.book.sequence());
            let Some(kept) = self.kept.remove(&sequence) else {
                self.missing.get_or_insert(Missing::new(sequence, target, now));
                return;
            };
            if self.book.apply(sequence, &kept.body).is_err() {
                return self.recover(now, handler);
            }
        }
        self.missing = None;
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
        (self.missing, self.lost_at) = (None, None);
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
                && !self.apply(sequence, (kept.time, &kept.body), kept.end_of_event, now, handler)
            {
                return;
            }
        }
        self.close_gap(now, handler);
        self.look_for_gap(now);
    }

    /// Tells of a gap that is filled, and notes progress in one that is not.
    #[inline]
    fn close_gap(&mut self, now: Duration, handler: &mut impl FeedHandler) {
        let Some(missing) = &mut self.missing else { return };
        if let Some(gap) = missing.on_progress(self.book.sequence(), now) {
            self.missing = None;
            handler.on_gap(self.instrument, &gap);
        }
    }

    /// Applies the next increment to a live book; returns whether the book is still live.
    #[inline]
    fn apply(
        &mut self,
        sequence: MarketDataSequence,
        (time, body): (EpochNanos, &MarketDataBody),
        end_of_event: EndOfEvent,
        now: Duration,
        handler: &mut impl FeedHandler,
    ) -> bool {
        if self.book.apply(sequence, body).is_err() {
            self.recover(now, handler);
            return false;
        }
        self.complete_at = self.complete_at.max(Some(time));
        if let MarketDataBody::Trade { trade_id, price, quantity, aggressor } = *body {
            handler.on_trade(self.instrument, &Trade { trade_id, price, quantity, aggressor });
        }
        if let MarketDataBody::Auction(auction) = body {
            handler.on_auction(self.instrument, auction);
        }
        if let MarketDataBody::TradeAddendum { trade_id, price, quantity } = *body {
            handler.on_trade_addendum(self.instrument, trade_id, price, quantity);
        }
        if end_of_event == EndOfEvent::Yes {
            handler.on_followed_book(self.instrument, &self.book);
        }
        !self.is_too_large(handler)
    }

    fn look_for_gap(&mut self, now: Duration) {
        if !matches!(self.phase, Phase::Live) || self.last_known <= self.book.sequence() || self.missing.is_some() {
            return;
        }
        let before_kept = self.kept.first_key_value().map(|(first, _)| MarketDataSequence(first.0.saturating_sub(1)));
        let (first, last) = (next(self.book.sequence()), before_kept.unwrap_or(self.last_known));
        self.missing = Some(Missing::new(first, last, now));
    }

    fn is_too_large(&mut self, handler: &mut impl FeedHandler) -> bool {
        if self.book.entries() <= MAXIMUM_ENTRIES {
            return false;
        }
        self.end(handler);
        true
    }

    fn end(&mut self, handler: &mut impl FeedHandler) {
        (self.book, self.kept) = (FollowedBook::new(self.book_type), BTreeMap::new());
        (self.phase, self.missing) = (Phase::Ended, None);
        self.parts.clear();
        handler.on_feed_status(self.instrument, FeedStatus::TooLarge);
    }

    /// Loads the book again. Kept increments may be needed after the first part.
    fn recover(&mut self, now: Duration, handler: &mut impl FeedHandler) {
        if matches!(self.phase, Phase::Live) {
            self.lost_at = Some(now);
            if let Some(missing) = self.missing {
                handler.on_gap(self.instrument, &missing.lost(next(self.book.sequence()), now));
            }
        }
        self.book = FollowedBook::new(self.book_type);
        self.missing = None;
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

    /// Increment `sequence`: a level with this number of orders.
    fn bids(sequence: u64, orders: u32) -> MarketData {
        let body = MarketDataBody::Level { side: Side::Buy, price: Price(9), quantity: Quantity(1), orders };
        MarketData { instrument: BITCOIN, sequence: MarketDataSequence(sequence), time: EpochNanos(0), body }
    }

    fn whole_book(request_id: u64, sequence: u64) -> Book {
        let sequence = MarketDataSequence(sequence);
        let market = MarketDataSnapshot { instrument: BITCOIN, sequence, ..MarketDataSnapshot::default() };
        Book { request_id, market, is_end_of: [true; 2], ..Book::default() }
    }

    /// Live, at increment 10.
    fn live(heard: &mut Heard) -> Following {
        let mut following = Following::new(BITCOIN, BookType::Levels, millis(0));
        assert!(following.do_work(Recorded::No, millis(0), 1, heard).is_some());
        following.on_asked(1, millis(0));
        following.on_part(&whole_book(1, 10), millis(1), heard);
        assert_eq!(heard.statuses, [FeedStatus::Live]);
        following
    }

    #[test]
    fn the_next_cluster_of_an_instrument_continues_its_numbers() {
        let mut heard = Heard::default();
        let mut following = live(&mut heard);
        // The old one tells once more where it stood, and the new one where it begins.
        following.on_position(MarketDataSequence(10), 0, None, millis(100), true);
        following.on_position(MarketDataSequence(10), 0, None, millis(110), true);
        following.on_increment(&bids(11, 1), EndOfEvent::Yes, Origin::Feed(0), millis(120), &mut heard);
        assert_eq!((heard.sequence, &heard.statuses[..]), (11, &[FeedStatus::Live][..]));
        assert!(following.do_work(Recorded::No, millis(200), 2, &mut heard).is_none(), "nothing is missing");
    }

    #[test]
    fn an_old_owner_without_the_book_does_not_end_following() {
        let mut heard = Heard::default();
        let mut following = live(&mut heard);
        // Increment 11 was lost on the way; the map does not yet say who has the book.
        following.on_increment(&bids(12, 2), EndOfEvent::Yes, Origin::Feed(0), millis(100), &mut heard);
        assert!(following.do_work(Recorded::No, millis(121), 2, &mut heard).is_none());
        assert!(following.do_work(Recorded::No, millis(171), 2, &mut heard).is_some());
        following.on_asked(2, millis(171));
        following.on_refused(2, millis(175), &mut heard);
        assert!(following.do_work(Recorded::No, millis(200), 3, &mut heard).is_none());
        assert!(following.do_work(Recorded::No, millis(225), 3, &mut heard).is_some());
        following.on_asked(3, millis(225));
        following.on_part(&whole_book(3, 12), millis(230), &mut heard);
        assert_eq!(heard.sequence, 12);
        assert_eq!(heard.statuses, [FeedStatus::Live, FeedStatus::Recovering, FeedStatus::Live]);
    }

    #[test]
    fn a_book_that_nobody_has_for_long_is_unknown() {
        let mut heard = Heard::default();
        let mut following = live(&mut heard);
        following.on_position(MarketDataSequence(11), 0, None, millis(100), true);
        let mut now = millis(120);
        let mut request = 2;
        while heard.statuses.last() != Some(&FeedStatus::Unknown) {
            assert!(now < MOVE_TIMEOUT * 2, "{:?}", heard.statuses);
            if following.do_work(Recorded::No, now, request, &mut heard).is_some() {
                following.on_asked(request, now);
                following.on_refused(request, now, &mut heard);
                request += 1;
            }
            now += millis(10);
        }
        assert!(now >= MOVE_TIMEOUT);
    }
}
