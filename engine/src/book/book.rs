//! The resting orders of an instrument.

use lugus_vocabulary::{Price, Quantity, Side};

use super::cells::Slot;
use super::orders::RestingOrders;
use super::side::BookSide;

/// Bids and asks.
#[derive(Debug)]
pub struct Book {
    sides: [BookSide; 2],
}

impl Book {
    /// Without orders.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "said in full, as all of the engine is")]
    pub fn new() -> Self {
        Self { sides: [BookSide::new(Side::Buy), BookSide::new(Side::Sell)] }
    }

    /// Bids or asks.
    #[inline]
    #[must_use]
    pub fn side(&self, side: Side) -> &BookSide {
        &self.sides[place(side)]
    }

    /// Bids or asks, to change them.
    #[inline]
    pub fn side_mut(&mut self, side: Side) -> &mut BookSide {
        &mut self.sides[place(side)]
    }

    /// Whether an order with this limit would trade at once.
    #[inline]
    #[must_use]
    pub fn would_trade(&self, side: Side, limit: Option<Price>) -> bool {
        self.side(side.opposite()).trades_at(limit)
    }

    /// Takes an order out of its queue, and says where it stood.
    #[inline(always)]
    pub fn remove(&mut self, slot: Slot, orders: &mut RestingOrders) -> (Side, Price) {
        if let Some(stand) = orders.cells.alone(slot) {
            let (side, price) = (stand.side(), orders.cells.price_at(stand));
            self.side_mut(side).close(slot, stand.position(), &mut orders.cells);
            (side, price)
        } else {
            let (side, price) = orders.stand(slot);
            self.side_mut(side).leave_queue(slot, &mut orders.cells);
            (side, price)
        }
    }

    /// Lots on a side at a price.
    #[must_use]
    pub fn quantity_at(&self, side: Side, price: Price, orders: &RestingOrders) -> Quantity {
        self.side(side).quantity_at(price, orders)
    }

    /// All orders, bids before asks, each by priority.
    pub fn orders<'a>(&'a self, orders: &'a RestingOrders) -> impl Iterator<Item = Slot> + 'a {
        self.side(Side::Buy).orders(orders).chain(self.side(Side::Sell).orders(orders))
    }

    /// The first of `orders`.
    #[must_use]
    pub fn first(&self, orders: &RestingOrders) -> Option<Slot> {
        let first = |side: Side| self.side(side).next_to_trade(None, orders).map(|(_, slot)| slot);
        first(Side::Buy).or_else(|| first(Side::Sell))
    }
}

#[inline]
fn place(side: Side) -> usize {
    side as usize - Side::Buy as usize
}
