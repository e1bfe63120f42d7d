//! What a program hears of the books that it follows.

use lugus_vocabulary::{AuctionIndicative, InstrumentDefinition, InstrumentId, Price, Quantity, Side, TradeId};

use super::book::FollowedBook;
use super::gap::Gap;

/// Hears what happens to followed books, during [`MarketDataFeed::poll`](super::MarketDataFeed::poll).
pub trait FeedHandler {
    /// A book is current, and whole between two commands: after it was loaded, and after each command that changed it.
    fn on_followed_book(&mut self, instrument: InstrumentId, book: &FollowedBook);

    /// A trade. Trades that happen while a book is loaded or recovers may not be told; the statistics count them.
    fn on_trade(&mut self, instrument: InstrumentId, trade: &Trade) {
        let _ = (instrument, trade);
    }

    /// The operator has corrected a trade, which has this price and quantity from now on, or canceled it, which leaves it no
    /// quantity. As for trades, some may not be told; the statistics count them.
    fn on_trade_addendum(&mut self, instrument: InstrumentId, trade_id: TradeId, price: Price, quantity: Quantity) {
        let _ = (instrument, trade_id, price, quantity);
    }

    /// What an auction would give if it ended now: at intervals while orders gather. [`FollowedBook::auction`] keeps the last one.
    fn on_auction(&mut self, instrument: InstrumentId, auction: &AuctionIndicative) {
        let _ = (instrument, auction);
    }

    /// The state of following an instrument has changed.
    fn on_feed_status(&mut self, instrument: InstrumentId, status: FeedStatus) {
        let _ = (instrument, status);
    }

    /// Increments of a live book were missing, and it is known what became of them.
    fn on_gap(&mut self, instrument: InstrumentId, gap: &Gap) {
        let _ = (instrument, gap);
    }

    /// The definition of an instrument, followed or not, as a loop of snapshots tells it; again in each of its rounds.
    fn on_definition(&mut self, definition: &InstrumentDefinition) {
        let _ = definition;
    }
}

impl<H: FeedHandler + ?Sized> FeedHandler for &mut H {
    fn on_followed_book(&mut self, instrument: InstrumentId, book: &FollowedBook) {
        (**self).on_followed_book(instrument, book);
    }

    fn on_trade(&mut self, instrument: InstrumentId, trade: &Trade) {
        (**self).on_trade(instrument, trade);
    }

    fn on_trade_addendum(&mut self, instrument: InstrumentId, trade_id: TradeId, price: Price, quantity: Quantity) {
        (**self).on_trade_addendum(instrument, trade_id, price, quantity);
    }

    fn on_auction(&mut self, instrument: InstrumentId, auction: &AuctionIndicative) {
        (**self).on_auction(instrument, auction);
    }

    fn on_feed_status(&mut self, instrument: InstrumentId, status: FeedStatus) {
        (**self).on_feed_status(instrument, status);
    }

    fn on_gap(&mut self, instrument: InstrumentId, gap: &Gap) {
        (**self).on_gap(instrument, gap);
    }

    fn on_definition(&mut self, definition: &InstrumentDefinition) {
        (**self).on_definition(definition);
    }
}

/// State of following an instrument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FeedStatus {
    /// The book is current, and changes with each increment.
    Live,
    /// Increments were missed, or contradict the book, so it is loaded again.
    Recovering,
    /// There is no such instrument. The book is asked for again until there is.
    Unknown,
    /// The book has more than [`MAXIMUM_ENTRIES`](super::MAXIMUM_ENTRIES) levels and orders: it is no longer followed.
    TooLarge,
}

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
