//! A price-time matcher for one instrument directly on the engine's book. It does with limit orders what the engine
//! does, without scopes, owners, state hash and retained events. The public benchmark asks no more of an engine, and
//! the matcher shows what the book alone costs.

use lugus_engine::book::{Book, RestingOrders};
use lugus_vocabulary::{ClientOrderId, Price, Quantity, Side};

/// Receives what the matcher does, in order.
pub trait Outcome {
    /// A new order was accepted.
    fn accepted(&mut self, id: ClientOrderId, side: Side, price: Price, quantity: Quantity);
    /// An incoming order (taker) traded with a resting one (maker) at the maker's price.
    fn traded(&mut self, maker: ClientOrderId, taker: ClientOrderId, price: Price, quantity: Quantity);
    /// An order was canceled.
    fn canceled(&mut self, id: ClientOrderId, side: Side, price: Price);
    /// An order was modified.
    fn modified(&mut self, id: ClientOrderId, side: Side, price: Price, quantity: Quantity);
    /// The order to cancel does not exist.
    fn cancel_rejected(&mut self, id: ClientOrderId);
    /// The order to modify does not exist.
    fn modify_rejected(&mut self, id: ClientOrderId);
}

/// Book and orders of one instrument; all orders belong to the same owner.
#[derive(Debug)]
pub struct Matcher {
    book: Book,
    orders: RestingOrders,
}

const OWNER: u32 = 0;

impl Matcher {
    /// An empty matcher with capacity for this number of orders.
    #[must_use]
    pub fn new(orders: usize) -> Self {
        Self { book: Book::new(), orders: RestingOrders::new(orders) }
    }

    /// Touches the memory of this number of orders before they come, so that no page fault happens later.
    pub fn prefault(&mut self, orders: usize) {
        self.orders.prefault(orders);
    }

    /// Executes a new order. An order with the id of a resting order, or one beyond the capacity, is ignored: the
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

    /// Executes a new order that trades at once. It is a separate function because few orders trade, and the common
    /// path stays small without it.
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

    /// Cancels an order.
    #[inline(always)]
    pub fn cancel(&mut self, id: ClientOrderId, outcome: &mut impl Outcome) {
        let Ok(found) = self.orders.look_up(OWNER, id) else { return outcome.cancel_rejected(id) };
        let (side, price) = self.book.remove(found.slot, &mut self.orders);
        self.orders.remove_found(found);
        outcome.canceled(id, side, price);
    }

    /// Modifies an order, which loses its priority and may trade.
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

    /// Trades with the opposite side as far as price and quantity allow; returns the quantity that is left.
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

    /// Quantity of a side at a price, in lots.
    #[must_use]
    pub fn quantity_at(&self, side: Side, price: Price) -> Quantity {
        self.book.quantity_at(side, price, &self.orders)
    }

    /// Number of resting orders.
    #[must_use]
    pub fn live(&self) -> usize {
        self.orders.live()
    }
}
