//! The resting orders of an instrument.

use super::pool::{OrderPool, Slot};
use super::side::BookSide;
use crate::command::Side;
use crate::units::Price;

/// Bids and asks.
#[derive(Debug)]
pub(crate) struct Book {
    bids: BookSide,
    asks: BookSide,
}

impl Book {
    pub(crate) fn new() -> Self {
        Self { bids: BookSide::new(Side::Buy), asks: BookSide::new(Side::Sell) }
    }

    #[inline]
    pub(crate) fn side(&self, side: Side) -> &BookSide {
        match side {
            Side::Buy => &self.bids,
            Side::Sell => &self.asks,
        }
    }

    #[inline]
    pub(crate) fn side_mut(&mut self, side: Side) -> &mut BookSide {
        match side {
            Side::Buy => &mut self.bids,
            Side::Sell => &mut self.asks,
        }
    }

    /// Whether an order with this limit would trade at once.
    #[inline]
    pub(crate) fn would_trade(&self, side: Side, limit: Option<Price>) -> bool {
        self.side(side.opposite()).trades_at(limit)
    }

    /// All orders, bids before asks, each by priority.
    pub(crate) fn orders<'a>(&'a self, pool: &'a OrderPool) -> impl Iterator<Item = Slot> + 'a {
        self.bids.orders(pool).chain(self.asks.orders(pool))
    }

    /// The first of `orders`.
    pub(crate) fn first(&self) -> Option<Slot> {
        self.bids.first().or_else(|| self.asks.first())
    }
}
