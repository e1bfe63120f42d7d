//! Books that are followed: a snapshot, then every increment.
//!
//! [`MarketDataFeed`] listens to all members of all clusters; of each cluster only the one that leads sends. Increments are
//! numbered by instrument, and the numbers go on with the next leader, and with the next cluster when the instrument moves, so
//! that the same increment from two members is known to be one, and a missing one shows. Then the book is asked for anew, in
//! parts, through a session: an [`ExchangeSession`](crate::ExchangeSession) asks the cluster that has the instrument.
//!
//! | module | what it is |
//! |---|---|
//! | [`book`] | the book as it is rebuilt, by level and by order |
//! | [`following`] | one instrument: loading, following, recovering; without I/O |
//! | [`machine`] | all instruments, messages in, requests out; without I/O |
//! | [`driver`] | the same with an Aeron client and a session |

pub mod book;
pub mod driver;
pub mod following;
pub mod machine;

pub use book::FollowedBook;
pub use driver::{FeedContext, MarketDataFeed};
use lugus_vocabulary::{InstrumentId, Price, Quantity, Side, TradeId};
pub use machine::{Feed, FeedError, SnapshotRequests};

/// A trade, as anyone may see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Trade {
    /// Number of the trade in its instrument.
    pub trade_id: TradeId,
    /// Price of the trade, in ticks.
    pub price: Price,
    /// Quantity of the trade, in lots.
    pub quantity: Quantity,
    /// Side of the incoming order; `None` in an auction.
    pub aggressor: Option<Side>,
}

/// Hears what happens to followed books.
pub trait FeedHandler {
    /// A book is current, and whole between two commands: after it was loaded, and after each command that changed it.
    fn on_followed_book(&mut self, instrument: InstrumentId, book: &FollowedBook);

    /// A trade. Trades that happened while a book was loaded or recovered may not be told; the statistics count them.
    fn on_trade(&mut self, instrument: InstrumentId, trade: &Trade) {
        let _ = (instrument, trade);
    }

    /// How following goes.
    fn on_feed_status(&mut self, instrument: InstrumentId, status: FeedStatus) {
        let _ = (instrument, status);
    }
}

impl<H: FeedHandler + ?Sized> FeedHandler for &mut H {
    fn on_followed_book(&mut self, instrument: InstrumentId, book: &FollowedBook) {
        (**self).on_followed_book(instrument, book);
    }

    fn on_trade(&mut self, instrument: InstrumentId, trade: &Trade) {
        (**self).on_trade(instrument, trade);
    }

    fn on_feed_status(&mut self, instrument: InstrumentId, status: FeedStatus) {
        (**self).on_feed_status(instrument, status);
    }
}

/// How following an instrument goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FeedStatus {
    /// The book is current, and changes with each increment.
    Live,
    /// Increments were missed, or contradict the book: it is loaded anew.
    Recovering,
    /// There is no such instrument: it is asked for again until there is.
    Unknown,
    /// The book has more than [`book::MAXIMUM_ENTRIES`]: it is no longer followed.
    TooLarge,
}
