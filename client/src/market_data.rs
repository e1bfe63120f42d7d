//! The book as anyone may see it.

use crate::orders::{InstrumentState, Side};
use crate::units::{EpochNanos, InstrumentId, OrderId, Price, Quantity, TradeId};

/// Most price levels of a side in one [`Book`].
pub const MAXIMUM_DEPTH: u16 = 256;

/// The book of an instrument when the request came up in the log.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Book {
    /// The asker's number.
    pub request_id: u64,
    /// Log time.
    pub time: EpochNanos,
    /// Which instrument.
    pub instrument: InstrumentId,
    /// Buyers' levels, best first.
    pub bids: Vec<Level>,
    /// Sellers' levels, best first.
    pub offers: Vec<Level>,
    /// Number of the last increment of the market-data stream that is in it.
    pub sequence: u64,
    /// The instrument's state then, its reference price, and its statistics.
    pub market: Market,
    /// Whether there are no bids, no offers after these.
    pub is_end_of: [bool; 2],
    /// If asked for, the levels' orders: bids before offers, level by level, those of a level by priority.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Vec::is_empty"))]
    pub orders: Vec<BookOrder>,
}

/// Asks for a book, or a part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BookRequest {
    /// The asker's number.
    pub request_id: u64,
    /// Which instrument.
    pub instrument: InstrumentId,
    /// Levels of each side, at most [`MAXIMUM_DEPTH`].
    pub depth: u16,
    /// Only bids below.
    pub bids_after: Option<Price>,
    /// Only offers above.
    pub offers_after: Option<Price>,
    /// In which detail. With orders a part ends at about 1,024 of them, with a whole level.
    pub book_type: BookType,
}

/// Detail of a book.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub enum BookType {
    /// By price level.
    #[default]
    Levels,
    /// Also by order.
    Orders,
}

/// An order of a book's level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct BookOrder {
    /// The engine's number of it.
    pub order_id: OrderId,
    /// Lots, as shown.
    pub quantity: Quantity,
}

/// How an instrument stands, beside its book.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Market {
    /// Its state.
    pub state: InstrumentState,
    /// Its reference price, ticks.
    pub reference_price: Price,
    /// Of its trades.
    pub statistics: Statistics,
}

impl Default for Market {
    fn default() -> Self {
        let (state, reference_price) = (InstrumentState::Closed, Price(0));
        Self { state, reference_price, statistics: Statistics::default() }
    }
}

/// Of the trades since the instrument was last closed; what has not been is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Statistics {
    /// First price.
    pub open: Option<Price>,
    /// Highest price.
    pub high: Option<Price>,
    /// Lowest price.
    pub low: Option<Price>,
    /// Last price, also from before a close.
    pub last: Option<Price>,
    /// Lots.
    pub volume: Quantity,
}

/// A trade, as anyone may see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Trade {
    /// Its number in the instrument.
    pub trade_id: TradeId,
    /// The incoming order's side; none in an auction.
    pub aggressor: Option<Side>,
    /// Ticks.
    pub price: Price,
    /// Lots.
    pub quantity: Quantity,
}

/// A change of the market, of the market-data stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Increment {
    /// An order is now the last of its price.
    OrderAdded(Side, Price, BookOrder),
    /// An order shows another quantity, and keeps its place.
    OrderChanged(Side, Price, BookOrder),
    /// An order is no longer in the book.
    OrderRemoved(Side, Price, OrderId),
    /// A price level as it is now; of 0 orders it is gone.
    Level(Side, Level),
    /// A trade.
    Trade(Trade),
    /// State and reference price.
    State(InstrumentState, Price),
    /// The statistics, after trades.
    Statistics(Statistics),
}

impl Book {
    /// An empty book with room for [`MAXIMUM_DEPTH`] levels a side.
    pub(crate) fn with_room() -> Self {
        let room = || Vec::with_capacity(usize::from(MAXIMUM_DEPTH));
        Self { bids: room(), offers: room(), ..Self::default() }
    }
}

/// All orders at one price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Level {
    /// Ticks.
    pub price: Price,
    /// Lots of all of them, as shown.
    pub quantity: Quantity,
    /// How many there are.
    pub orders: u32,
}
