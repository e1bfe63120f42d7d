//! Market data: the book and its changes, as anyone may see them. Increments are numbered without a gap in their
//! instrument; one numbering goes over all kinds of them.

use crate::auction::AuctionIndicative;
use crate::instrument::InstrumentState;
use crate::order::Side;
use crate::units::{EpochNanos, InstrumentId, MarketDataSequence, OrderId, Price, Quantity, TradeId};
use crate::word::word;

/// An increment: one change of the market.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
pub struct MarketData {
    /// The instrument that changed.
    pub instrument: InstrumentId,
    /// Number of the increment in its instrument.
    pub sequence: MarketDataSequence,
    /// Log time of the change.
    pub time: EpochNanos,
    /// What changed.
    pub body: MarketDataBody,
}

/// What changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case", deny_unknown_fields)
)]
pub enum MarketDataBody {
    /// An order entered the book as the last one at its price.
    OrderAdded(DisplayedOrder),
    /// An order shows another quantity and keeps its priority.
    OrderChanged(DisplayedOrder),
    /// An order left the book. The next part of an iceberg is added again, as the last order at its price.
    OrderRemoved {
        /// The engine's number of the order.
        order_id: OrderId,
        /// Side of the order.
        side: Side,
        /// Price of the order, in ticks.
        price: Price,
    },
    /// A price level after a change.
    Level {
        /// Side of the level.
        side: Side,
        /// Price of the level, in ticks.
        price: Price,
        /// Displayed quantity of all its orders, in lots; 0 if the level is gone.
        quantity: Quantity,
        /// Number of its orders; 0 if the level is gone.
        orders: u32,
    },
    /// A trade.
    Trade {
        /// Number of the trade in its instrument.
        trade_id: TradeId,
        /// Price of the trade, in ticks.
        price: Price,
        /// Quantity of the trade, in lots.
        quantity: Quantity,
        /// Side of the incoming order; `None` in an auction.
        aggressor: Option<Side>,
    },
    /// The operator has corrected a trade, or canceled it.
    TradeAddendum {
        /// Number of the trade in its instrument.
        trade_id: TradeId,
        /// Price of the trade from now on, in ticks.
        price: Price,
        /// Quantity of the trade from now on, in lots; 0 if it is canceled.
        quantity: Quantity,
    },
    /// What the auction would give, at intervals while orders gather.
    Auction(AuctionIndicative),
    /// The statistics after trades.
    Statistics(Statistics),
    /// The instrument's state. When the state leaves CLOSED, the statistics are reset, except for the last price.
    State {
        /// State after the change.
        state: InstrumentState,
        /// Reference price after the change, in ticks.
        reference_price: Price,
    },
}

/// An order of the book, as anyone may see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
pub struct DisplayedOrder {
    /// The engine's number of the order.
    pub order_id: OrderId,
    /// Side of the order.
    pub side: Side,
    /// Price of the order, in ticks.
    pub price: Price,
    /// Displayed quantity, in lots.
    pub quantity: Quantity,
}

/// A price level: all orders of one side at one price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct PriceLevel {
    /// Price of the level, in ticks.
    pub price: Price,
    /// Displayed quantity of all its orders, in lots.
    pub quantity: Quantity,
    /// Number of its orders.
    pub orders: u32,
}

/// Statistics of the trades since the instrument was last closed. A price is `None` until there is a trade.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
pub struct Statistics {
    /// First price, in ticks.
    pub open: Option<Price>,
    /// Highest price, in ticks.
    pub high: Option<Price>,
    /// Lowest price, in ticks.
    pub low: Option<Price>,
    /// Last price, in ticks; it outlasts a close. Stop orders trigger by it.
    pub last: Option<Price>,
    /// Traded quantity in lots; it stays at the largest number that there is.
    pub volume: Quantity,
}

impl Statistics {
    /// Adds trades of `volume` lots in all, of which the first and the last had these prices and the others prices
    /// between them.
    #[inline]
    pub fn trade(&mut self, first: Price, last: Price, volume: Quantity) {
        let (low, high) = (first.min(last), first.max(last));
        self.open = self.open.or(Some(first));
        self.high = Some(self.high.map_or(high, |before| before.max(high)));
        self.low = Some(self.low.map_or(low, |before| before.min(low)));
        self.last = Some(last);
        self.volume.0 = self.volume.0.saturating_add(volume.0);
    }

    /// Takes lots off the volume, of trades that were canceled or corrected. The prices stay: what they have elected and
    /// triggered stays so, too.
    pub fn take_off(&mut self, volume: Quantity) {
        self.volume.0 = self.volume.0.saturating_sub(volume.0);
    }

    /// Begins a new session after a close: only the last price stays.
    pub fn begin_session(&mut self) {
        *self = Self { last: self.last, ..Self::default() };
    }
}

/// The market data of an instrument beside its orders: with which a late joiner begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct MarketDataSnapshot {
    /// The instrument.
    pub instrument: InstrumentId,
    /// Number of the last increment that the snapshot includes.
    pub sequence: MarketDataSequence,
    /// State of the instrument.
    pub state: InstrumentState,
    /// Reference price of the instrument, in ticks.
    pub reference_price: Price,
    /// Statistics of the instrument.
    pub statistics: Statistics,
}

/// No instrument: closed, without prices and trades.
impl Default for MarketDataSnapshot {
    fn default() -> Self {
        Self {
            instrument: InstrumentId::NONE,
            sequence: MarketDataSequence(0),
            state: InstrumentState::Closed,
            reference_price: Price(0),
            statistics: Statistics::default(),
        }
    }
}

/// Largest number of levels of each side in one [`Book`].
pub const MAXIMUM_DEPTH: u16 = 256;

/// The book of an instrument, or a part of it, as it was when the request came up in the log: the answer to a
/// [`BookRequest`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Book {
    /// The number that the sender of the request chose.
    pub request_id: u64,
    /// Log time of the answer.
    pub time: EpochNanos,
    /// The instrument, its state, its statistics, and the last increment that the book includes.
    #[cfg_attr(feature = "serde", serde(flatten))]
    pub market: MarketDataSnapshot,
    /// Buyers' levels, best first.
    pub bids: Vec<PriceLevel>,
    /// Sellers' levels, best first.
    pub offers: Vec<PriceLevel>,
    /// Whether no bids, and whether no offers, follow those of this book.
    pub is_end_of: [bool; 2],
    /// Prices of bids and offers after which this part of a book begins, in ticks; `None` for the best.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "begins_with_the_best"))]
    pub after: [Option<Price>; 2],
    /// If [`BookType::Orders`] was asked for, the orders of the levels: bids before offers, level by level, those of a
    /// level by priority.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Vec::is_empty"))]
    pub orders: Vec<DisplayedOrder>,
}

/// Whether a part of a book is its first one.
#[cfg(feature = "serde")]
fn begins_with_the_best(after: &[Option<Price>; 2]) -> bool {
    *after == [None; 2]
}

impl Book {
    /// An empty book of no instrument, with room for [`MAXIMUM_DEPTH`] levels of each side. Answers are decoded into it.
    pub fn with_room() -> Self {
        let room = || Vec::with_capacity(usize::from(MAXIMUM_DEPTH));
        Self { bids: room(), offers: room(), ..Self::default() }
    }
}

/// Asks for a book, or a part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BookRequest {
    /// A number that the sender chooses; the answer carries it.
    pub request_id: u64,
    /// The instrument asked for.
    pub instrument: InstrumentId,
    /// Largest number of levels of each side, at most [`MAXIMUM_DEPTH`].
    pub depth: u16,
    /// Asks only for bids below this price, in ticks.
    pub bids_after: Option<Price>,
    /// Asks only for offers above this price, in ticks.
    pub offers_after: Option<Price>,
    /// Detail of the answer.
    pub book_type: BookType,
}

word! {
    /// Detail of a book (FIX 266, AggregatedBook, as a word).
    #[derive(Default)]
    BookType: u8 {
        /// By price level.
        #[default]
        Levels = 0,
        /// By order, within the levels. A part of a book ends at about 1,024 orders, with a whole level.
        Orders = 1,
    }
}

word! {
    /// Whether all increments of a command are known with an increment, so that the book is whole (CME's tag 5799, end of event).
    #[derive(Default)]
    EndOfEvent: u8 {
        /// More increments of the command follow.
        #[default]
        No = 0,
        /// The increment is the last of its command.
        Yes = 1,
    }
}
