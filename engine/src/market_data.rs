//! The book as anyone may see it: increments, numbered without a gap in their instrument, and what a late joiner begins
//! with.
//!
//! A late joiner takes [`crate::Engine::market_data_snapshot`] and [`crate::Engine::displayed_orders`] (or
//! [`crate::Engine::levels`]), then every increment with a higher number. One numbering goes over all kinds; who wants
//! only orders, or only levels, passes over the rest. Between two commands both are complete.

use crate::book::{BookSide, RestingOrders};
use crate::command::{InstrumentState, Side};
use crate::units::{EpochNanos, InstrumentId, MarketDataSequence, OrderId, Price, Quantity, TradeId};

/// An increment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
pub struct MarketData {
    /// Of which instrument.
    pub instrument: InstrumentId,
    /// Its number there.
    pub sequence: MarketDataSequence,
    /// Log time.
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
    /// An order is now the last of its price.
    OrderAdded(DisplayedOrder),
    /// An order shows another quantity, and keeps its place.
    OrderChanged(DisplayedOrder),
    /// An order is no longer in the book; a part of an iceberg that traded away is added again as the last.
    OrderRemoved {
        /// Which.
        order_id: OrderId,
        /// Where it was.
        side: Side,
        /// Where it was, ticks.
        price: Price,
    },
    /// A price level as it is now.
    Level {
        /// Of which side.
        side: Side,
        /// Ticks.
        price: Price,
        /// Lots shown; 0 if it is gone.
        quantity: Quantity,
        /// Orders; 0 if it is gone.
        orders: u32,
    },
    /// A trade.
    Trade {
        /// Its number in the instrument.
        trade_id: TradeId,
        /// Ticks.
        price: Price,
        /// Lots.
        quantity: Quantity,
        /// The incoming order's side; none in an auction.
        aggressor: Option<Side>,
    },
    /// The statistics, after trades.
    Statistics(Statistics),
    /// The instrument's state. Another one than CLOSED after CLOSED begins the statistics anew.
    State {
        /// As it is now.
        state: InstrumentState,
        /// As it is now, ticks.
        reference_price: Price,
    },
}

/// An order as others see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
pub struct DisplayedOrder {
    /// The engine's number of it.
    pub order_id: OrderId,
    /// Bid or ask.
    pub side: Side,
    /// Ticks.
    pub price: Price,
    /// Lots shown.
    pub quantity: Quantity,
}

/// Of the trades since the instrument was last closed; what has not been is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
pub struct Statistics {
    /// First price.
    pub open: Option<Price>,
    /// Highest price.
    pub high: Option<Price>,
    /// Lowest price.
    pub low: Option<Price>,
    /// Last price, also from before a close: stop orders trigger by it.
    pub last: Option<Price>,
    /// Lots; stays at the highest number there is.
    pub volume: Quantity,
}

impl Statistics {
    /// Trades of so many lots, the first and the last at these prices and the others between them.
    #[inline]
    pub(crate) fn trade(&mut self, first: Price, last: Price, volume: Quantity) {
        let (low, high) = (first.min(last), first.max(last));
        self.open = self.open.or(Some(first));
        self.high = Some(self.high.map_or(high, |before| before.max(high)));
        self.low = Some(self.low.map_or(low, |before| before.min(low)));
        self.last = Some(last);
        self.volume.0 = self.volume.0.saturating_add(volume.0);
    }

    /// After a close.
    pub(crate) fn begin_session(&mut self) {
        *self = Self { last: self.last, ..Self::default() };
    }
}

/// What a late joiner begins with, beside the orders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MarketDataSnapshot {
    /// Of which instrument.
    pub instrument: InstrumentId,
    /// Number of the last increment that is in it.
    pub sequence: MarketDataSequence,
    /// State now.
    pub state: InstrumentState,
    /// Reference price now, ticks.
    pub reference_price: Price,
    /// Statistics now.
    pub statistics: Statistics,
}

/// Numbers an instrument's increments.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Feed {
    pub(crate) instrument: InstrumentId,
    pub(crate) sequence: MarketDataSequence,
    pub(crate) statistics: Statistics,
}

impl Feed {
    pub(crate) fn new(instrument: InstrumentId) -> Self {
        Self { instrument, sequence: MarketDataSequence(0), statistics: Statistics::default() }
    }
}

/// The level at this price as it is now.
pub(crate) fn level(side: &BookSide, of: Side, price: Price, orders: &RestingOrders) -> MarketDataBody {
    let level = side.level_at(price, orders);
    MarketDataBody::Level { side: of, price, quantity: level.quantity, orders: level.orders }
}
