//! Follows the books that somebody views: one session as a reader, which is open while there are any.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use lugus_client::{
    BookType, ClientError, CommandNumber, EventHandler, ExchangeSession, FeedHandler, FeedStatus, FollowedBook,
    Instrument, MarketDataFeed, Trade,
};
use lugus_partition_map::PartitionMap;
use lugus_vocabulary::{InstrumentId, Price, Quantity, Report, TradeId};

use super::pace::Stop;
use super::shared::Shared;
use crate::ladder::{BookState, BookView, HeardTrade, Trades};
use crate::model::Moment;

/// Sleep between two duty cycles without work.
const IDLE: Duration = Duration::from_millis(1);
/// Sleep while nobody views a book.
const UNVIEWED: Duration = Duration::from_millis(50);
/// Time between two looks at which books are viewed, and between two pictures of a book.
const PICTURE_INTERVAL: Duration = Duration::from_millis(100);
/// Time between two attempts to connect.
const RETRY_INTERVAL: Duration = Duration::from_secs(2);

/// Opens what books are followed with. It knows as whom.
pub trait BookDoor: Send {
    /// A session as a participant that only reads, which takes over nobody's, and a feed beside it, both over the media driver in
    /// `aeron_dir`. It does not wait for the clusters.
    ///
    /// # Errors
    /// A text that says why there is none, for whoever views a book.
    fn open(&self, aeron_dir: &Path) -> Result<(ExchangeSession, MarketDataFeed), String>;
}

/// Follows until it is stopped.
pub(super) fn follow(door: &dyn BookDoor, aeron_dir: &Path, shared: &Arc<Shared>, stop: &Stop) {
    let mut following: Option<Following> = None;
    let mut retry_at = Instant::now();
    let mut looked_at: Option<Instant> = None;
    while !stop.is_stopped() {
        let now = Instant::now();
        if looked_at.is_none_or(|at| now.saturating_duration_since(at) >= PICTURE_INTERVAL) {
            looked_at = Some(now);
            let wanted = shared.books().wanted(now);
            if wanted.is_empty() {
                following = None;
            } else if following.is_none() && now >= retry_at {
                retry_at = now + RETRY_INTERVAL;
                match door.open(aeron_dir) {
                    Ok((session, feed)) => following = Some(Following::new(session, feed)),
                    Err(problem) => show_problem(shared, &wanted, &problem),
                }
            }
            if let Some(following) = &mut following {
                following.want(&wanted);
                following.show(shared);
            }
        }
        let Some(current) = &mut following else {
            std::thread::sleep(UNVIEWED);
            continue;
        };
        match current.poll(shared) {
            Ok(0) => std::thread::sleep(IDLE),
            Ok(_) => {}
            Err(error) => {
                show_problem(shared, &current.instruments(), &error.to_string());
                following = None;
                retry_at = now + RETRY_INTERVAL;
            }
        }
    }
}

fn show_problem(shared: &Shared, instruments: &[InstrumentId], problem: &str) {
    let mut books = shared.books();
    for instrument in instruments {
        books.show(BookView::without_book(*instrument, BookState::Failed, Some(problem.to_owned())));
    }
}

/// The books that are followed.
struct Following {
    // Before the session, whose driver both use.
    feed: MarketDataFeed,
    session: ExchangeSession,
    books: BTreeMap<InstrumentId, HeardBook>,
}

/// What was heard of one book.
#[derive(Default)]
struct HeardBook {
    trades: Trades,
    status: Option<FeedStatus>,
    has_changed: bool,
}

impl Following {
    fn new(session: ExchangeSession, feed: MarketDataFeed) -> Self {
        Self { feed, session, books: BTreeMap::new() }
    }

    fn instruments(&self) -> Vec<InstrumentId> {
        self.books.keys().copied().collect()
    }

    /// Follows these books, and no others.
    fn want(&mut self, wanted: &[InstrumentId]) {
        let unwanted: Vec<_> = self.books.keys().filter(|known| !wanted.contains(known)).copied().collect();
        for instrument in unwanted {
            self.feed.unfollow(instrument);
            self.books.remove(&instrument);
        }
        for instrument in wanted {
            if !self.books.contains_key(instrument) && self.feed.follow(*instrument, BookType::Levels).is_ok() {
                self.books.insert(*instrument, HeardBook { has_changed: true, ..HeardBook::default() });
            }
        }
    }

    fn poll(&mut self, shared: &Shared) -> Result<usize, ClientError> {
        let mut hearing = Hearing { books: &mut self.books, now_ms: Moment::now(shared.origin).epoch_ms };
        self.feed.poll(&mut self.session, &mut hearing)
    }

    /// Shows the books that have changed.
    fn show(&mut self, shared: &Shared) {
        let map = shared.model().map().cloned();
        for (id, heard) in &mut self.books {
            if !std::mem::take(&mut heard.has_changed) {
                continue;
            }
            let instrument = map.as_ref().and_then(|map| instrument(map, *id));
            let view = match (heard.status, self.feed.book(*id)) {
                (Some(FeedStatus::Unknown), _) => BookView::without_book(*id, BookState::Unknown, None),
                (Some(FeedStatus::TooLarge), _) => BookView::without_book(*id, BookState::TooLarge, None),
                (_, Some(book)) => BookView::of(*id, instrument.as_ref(), book, &heard.trades),
                (Some(FeedStatus::Recovering), None) => {
                    // It will have changed when it is there again.
                    let last = shared.books().view(*id);
                    BookView { state: BookState::Recovering, ..BookView::clone(&last) }
                }
                (_, None) => {
                    let problem = self.session.problem().map(|problem| problem.to_string());
                    heard.has_changed = true;
                    BookView::without_book(*id, BookState::Connecting, problem)
                }
            };
            shared.books().show(view);
        }
    }
}

fn instrument(map: &PartitionMap, id: InstrumentId) -> Option<Instrument> {
    map.partition(id).map(|partition| Instrument::from(&partition.instrument))
}

/// Notes what is heard during a duty cycle.
struct Hearing<'a> {
    books: &'a mut BTreeMap<InstrumentId, HeardBook>,
    now_ms: i64,
}

impl EventHandler for Hearing<'_> {
    fn on_report(&mut self, _report: &Report, _command: CommandNumber) {}
}

impl FeedHandler for Hearing<'_> {
    fn on_followed_book(&mut self, instrument: InstrumentId, _book: &FollowedBook) {
        if let Some(heard) = self.books.get_mut(&instrument) {
            heard.has_changed = true;
        }
    }

    fn on_trade(&mut self, instrument: InstrumentId, trade: &Trade) {
        if let Some(heard) = self.books.get_mut(&instrument) {
            let Trade { trade_id, price, quantity, aggressor } = *trade;
            heard.trades.add(HeardTrade {
                id: trade_id.0,
                at_ms: self.now_ms,
                price,
                quantity,
                side: aggressor,
                is_amended: false,
            });
            heard.has_changed = true;
        }
    }

    fn on_trade_addendum(&mut self, instrument: InstrumentId, trade_id: TradeId, price: Price, quantity: Quantity) {
        if let Some(heard) = self.books.get_mut(&instrument) {
            heard.trades.amend(trade_id.0, price, quantity);
            heard.has_changed = true;
        }
    }

    fn on_feed_status(&mut self, instrument: InstrumentId, status: FeedStatus) {
        if let Some(heard) = self.books.get_mut(&instrument) {
            (heard.status, heard.has_changed) = (Some(status), true);
        }
    }
}
