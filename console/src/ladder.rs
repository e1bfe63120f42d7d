//! An instrument's book as it is shown: levels, trades, statistics, and what an auction would give.

use std::collections::VecDeque;

use lugus_client::{FollowedBook, Instrument};
use lugus_engine::Indicative;
use lugus_vocabulary::{InstrumentId, InstrumentState, Price, PriceLevel, Quantity, Side};
use serde::Serialize;

/// Greatest number of levels of each side that are shown.
pub const SHOWN_LEVELS: usize = 12;
/// Greatest number of trades that are shown.
pub const SHOWN_TRADES: usize = 24;

/// What is known of a book.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum BookState {
    /// Its cluster is being connected with, or the book is being loaded.
    Connecting,
    /// It is current.
    Live,
    /// Increments were missed, and it is loaded again.
    Recovering,
    /// There is no such instrument.
    Unknown,
    /// It has too many levels to be followed.
    TooLarge,
    /// As many other books are viewed as the console follows.
    Full,
    /// It can't be followed; the view has the reason.
    Failed,
}

/// A book as it is shown. Prices and quantities are decimals.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BookView {
    /// Number of the instrument.
    pub instrument: u32,
    /// Its symbol, if it is known.
    pub symbol: Option<String>,
    /// What is known of it.
    pub state: BookState,
    /// Why it can't be followed.
    pub problem: Option<String>,
    /// `OPEN`, `AUCTION`, `HALTED` or `CLOSED`.
    pub market: Option<String>,
    /// Number of the last increment that it includes.
    pub sequence: Option<u64>,
    /// Reference price.
    pub reference: Option<String>,
    /// First price since the instrument was last closed.
    pub open: Option<String>,
    /// Highest price since then.
    pub high: Option<String>,
    /// Lowest price since then.
    pub low: Option<String>,
    /// Last price.
    pub last: Option<String>,
    /// Quantity traded since then.
    pub volume: Option<String>,
    /// Buyers' levels, best first.
    pub bids: Vec<LevelView>,
    /// Sellers' levels, best first.
    pub offers: Vec<LevelView>,
    /// Number of levels of each side, shown or not.
    pub depth: [usize; 2],
    /// Best offer less best bid.
    pub spread: Option<String>,
    /// What an auction of what is displayed would give now, while one gathers.
    pub auction: Option<AuctionView>,
    /// The newest trades that were heard, newest first.
    pub trades: Vec<TradeView>,
}

/// A price level.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LevelView {
    /// Price.
    pub price: String,
    /// Displayed quantity.
    pub quantity: String,
    /// Number of orders.
    pub orders: u32,
    /// Quantity as a part of the largest one that is shown, from 0 to 1.
    pub part: f64,
}

/// What an auction would give.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AuctionView {
    /// Price of its trades.
    pub price: String,
    /// Quantity that would trade.
    pub volume: String,
    /// Quantity that would be left at this price.
    pub imbalance: String,
    /// `buy` or `sell`, if there is any.
    pub side: Option<&'static str>,
}

/// A trade.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TradeView {
    /// Number of the trade in its instrument.
    pub id: u64,
    /// When it was heard, in milliseconds since 1970.
    pub at_ms: i64,
    /// Price.
    pub price: String,
    /// Quantity; 0 if the operator has canceled it.
    pub quantity: String,
    /// Side of the incoming order; `None` in an auction.
    pub side: Option<&'static str>,
    /// Whether the operator has corrected or canceled it.
    pub is_amended: bool,
}

/// The newest trades of an instrument, as they were heard.
#[derive(Debug, Default)]
pub struct Trades(VecDeque<HeardTrade>);

/// A trade that was heard.
#[derive(Debug, Clone, Copy)]
pub struct HeardTrade {
    /// Number of the trade in its instrument.
    pub id: u64,
    /// When it was heard, in milliseconds since 1970.
    pub at_ms: i64,
    /// Price.
    pub price: Price,
    /// Quantity.
    pub quantity: Quantity,
    /// Side of the incoming order.
    pub side: Option<Side>,
    /// Whether the operator has changed it.
    pub is_amended: bool,
}

impl Trades {
    /// Takes a trade; the oldest one goes.
    pub fn add(&mut self, trade: HeardTrade) {
        self.0.truncate(SHOWN_TRADES - 1);
        self.0.push_front(trade);
    }

    /// The operator has changed a trade.
    pub fn amend(&mut self, id: u64, price: Price, quantity: Quantity) {
        if let Some(trade) = self.0.iter_mut().find(|trade| trade.id == id) {
            *trade = HeardTrade { price, quantity, is_amended: true, ..*trade };
        }
    }
}

impl BookView {
    /// Nothing but what is known of the book.
    pub fn without_book(instrument: InstrumentId, state: BookState, problem: Option<String>) -> Self {
        Self {
            instrument: instrument.0,
            symbol: None,
            state,
            problem,
            market: None,
            sequence: None,
            reference: None,
            open: None,
            high: None,
            low: None,
            last: None,
            volume: None,
            bids: Vec::new(),
            offers: Vec::new(),
            depth: [0; 2],
            spread: None,
            auction: None,
            trades: Vec::new(),
        }
    }

    /// A book that is followed.
    pub fn of(id: InstrumentId, instrument: Option<&Instrument>, book: &FollowedBook, trades: &Trades) -> Self {
        let notation = Notation(instrument);
        let levels = |side| book.levels(side).collect::<Vec<_>>();
        let (bids, offers) = (levels(Side::Buy), levels(Side::Sell));
        let market = book.market();
        let statistics = market.statistics;
        let price = |price: Option<Price>| price.map(|price| notation.price(price));
        let gathers = market.state == InstrumentState::Auction;
        // What the cluster publishes counts what levels hide; without it the levels have to do.
        let auction = match book.auction() {
            Some(published) => published.price.map(|price| Indicative {
                price,
                volume: published.volume.0.into(),
                imbalance: published.imbalance.0.into(),
                imbalance_side: published.imbalance_side,
            }),
            None => gathers.then(|| Indicative::of_levels(&bids, &offers, market.reference_price)).flatten(),
        };
        let best = bids.first().zip(offers.first());
        let spread = best.and_then(|(bid, offer)| offer.price.0.checked_sub(bid.price.0)).map(Price);
        let shown = |levels: &[PriceLevel]| levels.iter().take(SHOWN_LEVELS).copied().collect::<Vec<_>>();
        let (shown_bids, shown_offers) = (shown(&bids), shown(&offers));
        let largest = shown_bids.iter().chain(&shown_offers).map(|level| level.quantity.0).max().unwrap_or(0).max(1);
        let level = |level: &PriceLevel| LevelView {
            price: notation.price(level.price),
            quantity: notation.quantity(level.quantity),
            orders: level.orders,
            part: level.quantity.0 as f64 / largest as f64,
        };
        Self {
            symbol: instrument.map(|known| known.symbol.clone()),
            market: Some(format!("{:?}", market.state).to_uppercase()),
            sequence: Some(market.sequence.0),
            reference: Some(notation.price(market.reference_price)),
            open: price(statistics.open),
            high: price(statistics.high),
            low: price(statistics.low),
            last: price(statistics.last),
            volume: Some(notation.quantity(statistics.volume)),
            bids: shown_bids.iter().map(level).collect(),
            offers: shown_offers.iter().map(level).collect(),
            depth: [bids.len(), offers.len()],
            spread: price(spread),
            auction: auction.map(|found| notation.auction(found)),
            trades: trades.0.iter().map(|trade| notation.trade(trade)).collect(),
            ..Self::without_book(id, BookState::Live, None)
        }
    }
}

/// Decimals of an instrument; ticks and lots if it is not on the map.
#[derive(Clone, Copy)]
struct Notation<'a>(Option<&'a Instrument>);

impl Notation<'_> {
    fn price(self, price: Price) -> String {
        self.0.map_or_else(|| price.to_string(), |known| known.display_price(price).to_string())
    }

    fn quantity(self, quantity: Quantity) -> String {
        self.0.map_or_else(|| quantity.to_string(), |known| known.display_quantity(quantity).to_string())
    }

    /// A sum of quantities, which may be more than any quantity is.
    fn sum(self, lots: u128) -> String {
        self.quantity(Quantity(u64::try_from(lots).unwrap_or(u64::MAX)))
    }

    fn auction(self, found: Indicative) -> AuctionView {
        AuctionView {
            price: self.price(found.price),
            volume: self.sum(found.volume),
            imbalance: self.sum(found.imbalance),
            side: found.imbalance_side.map(side_name),
        }
    }

    fn trade(self, trade: &HeardTrade) -> TradeView {
        TradeView {
            id: trade.id,
            at_ms: trade.at_ms,
            price: self.price(trade.price),
            quantity: self.quantity(trade.quantity),
            side: trade.side.map(side_name),
            is_amended: trade.is_amended,
        }
    }
}

fn side_name(side: Side) -> &'static str {
    match side {
        Side::Buy => "buy",
        Side::Sell => "sell",
    }
}
