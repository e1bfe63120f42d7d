//! The resting orders of an instrument.

use lugus_vocabulary::{Price, Quantity, Side};

use super::cells::Slot;
use super::orders::RestingOrders;
use super::side::BookSide;

/// The bids and the asks of an instrument.
#[derive(Debug)]
pub struct Book {
    sides: [BookSide; 2],
}

impl Book {
    /// A book without orders.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "the engine spells out every construction")]
    pub fn new() -> Self {
        Self { sides: [BookSide::new(Side::Buy), BookSide::new(Side::Sell)] }
    }

    /// One side of the book.
    #[inline]
    #[must_use]
    pub fn side(&self, side: Side) -> &BookSide {
        &self.sides[place(side)]
    }

    /// One side of the book, for changes.
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

    /// Takes an order out of its queue; returns the side and the price at which it rested.
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

    /// Open quantity of one side at a price, in lots.
    #[must_use]
    pub fn quantity_at(&self, side: Side, price: Price, orders: &RestingOrders) -> Quantity {
        self.side(side).quantity_at(price, orders)
    }

    /// All orders: bids before asks, those of a side by priority.
    pub fn orders<'a>(&'a self, orders: &'a RestingOrders) -> impl Iterator<Item = Slot> + 'a {
        self.side(Side::Buy).orders(orders).chain(self.side(Side::Sell).orders(orders))
    }

    /// The first order of [`Book::orders`].
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
