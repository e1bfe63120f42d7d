//! A price-time matcher for one instrument straight on the engine's book: what the engine does with limit orders, without
//! scopes, owners, hash and kept events. It is what the public benchmark asks of an engine, and shows what the book
//! alone costs.

use lugus_engine::book::{Book, RestingOrders};
use lugus_vocabulary::{ClientOrderId, Price, Quantity, Side};

/// Takes what happens, in order.
pub trait Outcome {
    /// A new order was taken.
    fn accepted(&mut self, id: ClientOrderId, side: Side, price: Price, quantity: Quantity);
    /// An incoming order traded with a resting one, at the resting one's price.
    fn traded(&mut self, maker: ClientOrderId, taker: ClientOrderId, price: Price, quantity: Quantity);
    /// An order ended.
    fn canceled(&mut self, id: ClientOrderId, side: Side, price: Price);
    /// An order was changed.
    fn modified(&mut self, id: ClientOrderId, side: Side, price: Price, quantity: Quantity);
    /// An order to cancel was not there.
    fn cancel_rejected(&mut self, id: ClientOrderId);
    /// An order to modify was not there.
    fn modify_rejected(&mut self, id: ClientOrderId);
}

/// Book and orders of an instrument; all orders are one owner's.
#[derive(Debug)]
pub struct Matcher {
    book: Book,
    orders: RestingOrders,
}

const OWNER: u32 = 0;

impl Matcher {
    /// Without orders; for so many.
    #[must_use]
    pub fn new(orders: usize) -> Self {
        Self { book: Book::new(), orders: RestingOrders::new(orders) }
    }

    /// Has memory for so many orders in place before they come.
    pub fn prefault(&mut self, orders: usize) {
        self.orders.prefault(orders);
    }

    /// A new order. One with the number of a resting one is not taken, and nor is one more than there is room for; the
    /// engine has a reject for that, the public benchmark has none.
    #[inline(always)]
    pub fn new_order(
        &mut self,
        id: ClientOrderId,
        side: Side,
        price: Price,
        quantity: Quantity,
        immediate: bool,
        outcome: &mut impl Outcome,
    ) {
        let Err(vacancy) = self.orders.look_up(OWNER, id) else { return };
        if self.orders.is_full() {
            return;
        }
        outcome.accepted(id, side, price, quantity);
        if self.book.would_trade(side, Some(price)) {
            self.trade_new(id, side, price, quantity, immediate, outcome);
        } else if immediate {
            outcome.canceled(id, side, price);
        } else if quantity.0 > 0 {
            let slot = self.orders.insert_at(vacancy, OWNER, id);
            self.book.side_mut(side).push_back(slot, price, quantity, &mut self.orders);
        }
    }

    /// A new order that trades: few do, so what most cost is not made dearer by it.
    #[inline(never)]
    fn trade_new(
        &mut self,
        id: ClientOrderId,
        side: Side,
        price: Price,
        quantity: Quantity,
        immediate: bool,
        outcome: &mut impl Outcome,
    ) {
        let left = self.take(id, side, price, quantity, outcome);
        if left.0 > 0 && immediate {
            outcome.canceled(id, side, price);
        } else if left.0 > 0 {
            let slot = self.orders.insert(OWNER, id);
            self.book.side_mut(side).push_back(slot, price, left, &mut self.orders);
        }
    }

    /// Ends an order.
    #[inline(always)]
    pub fn cancel(&mut self, id: ClientOrderId, outcome: &mut impl Outcome) {
        let Ok(found) = self.orders.look_up(OWNER, id) else { return outcome.cancel_rejected(id) };
        let (side, price) = self.book.remove(found.slot, &mut self.orders);
        self.orders.remove_found(found);
        outcome.canceled(id, side, price);
    }

    /// Changes an order, which loses its priority and may trade.
    #[inline(always)]
    pub fn modify(&mut self, id: ClientOrderId, price: Price, quantity: Quantity, outcome: &mut impl Outcome) {
        let Some(slot) = self.orders.find(OWNER, id) else { return outcome.modify_rejected(id) };
        let (side, _) = self.book.remove(slot, &mut self.orders);
        let mut left = quantity;
        if self.book.would_trade(side, Some(price)) {
            left = self.take(id, side, price, quantity, outcome);
        }
        if left.0 > 0 {
            self.book.side_mut(side).push_back(slot, price, left, &mut self.orders);
        } else {
            self.orders.remove(slot);
        }
        outcome.modified(id, side, price, quantity);
    }

    /// Trades as far as price and quantity go. What is left is the answer.
    #[inline(never)]
    fn take(
        &mut self,
        id: ClientOrderId,
        side: Side,
        limit: Price,
        quantity: Quantity,
        outcome: &mut impl Outcome,
    ) -> Quantity {
        let Self { book, orders } = self;
        let makers = book.side_mut(side.opposite());
        let mut left = quantity;
        while left.0 > 0
            && let Some((price, slot)) = makers.next_to_trade(Some(limit), orders)
        {
            let traded = left.min(orders.open(slot));
            outcome.traded(orders.client_order_id(slot), id, price, traded);
            left.0 -= traded.0;
            if makers.fill(slot, traded, orders) {
                orders.remove(slot);
            }
        }
        left
    }

    /// Best price of a side.
    #[must_use]
    pub fn best(&self, side: Side) -> Option<Price> {
        self.book.side(side).best()
    }

    /// Lots of a side at a price.
    #[must_use]
    pub fn quantity_at(&self, side: Side, price: Price) -> Quantity {
        self.book.quantity_at(side, price, &self.orders)
    }

    /// Resting orders.
    #[must_use]
    pub fn live(&self) -> usize {
        self.orders.live()
    }
}
