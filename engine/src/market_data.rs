//! The engine's side of market data: the numbers of an instrument's increments, and levels as increments.
//!
//! A late joiner takes [`crate::Engine::market_data_snapshot`] and [`crate::Engine::displayed_orders`] (or
//! [`crate::Engine::levels`]), then every increment with a higher number. Who wants only orders, or only levels, skips the
//! increments of the other kind. Between two commands both kinds are complete.

use lugus_vocabulary::{InstrumentId, MarketDataBody, MarketDataSequence, Price, Side, Statistics};

use crate::book::{BookSide, RestingOrders};

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
