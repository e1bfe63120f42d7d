//! An order in the engine, and what it has of the order that a participant entered.
//!
//! The two ways stand side by side: [`Order::new`] and [`Order::as_entered`].

use lugus_vocabulary::{ClientOrderId, ClientTag, NewOrder, OrderId, PostOnly, Price, Quantity, Side, TimeInForce};

use super::terms::{Instructions, Terms};

/// An order, incoming or resting.
///
/// In the pool, price and open quantity are those of the order's place in its queue: an iceberg has the shown quantity,
/// a waiting stop order the trigger price. [`super::OrderPool::whole`] returns the order as its owner knows it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Order {
    pub(crate) order_id: OrderId,
    pub(crate) client_order_id: ClientOrderId,
    pub(crate) client_tag: ClientTag,
    /// Limit price in ticks; 0 for a market order, and its place in the queue for one that only auctions take.
    pub(crate) price: Price,
    /// Quantity in lots, including what has been filled.
    pub(crate) quantity: Quantity,
    /// Quantity still to be filled, in lots; 0 in a free slot.
    pub(crate) leaves: Quantity,
    /// Scope of the order: its participant in its instrument.
    pub(crate) owner: u32,
    pub(crate) side: Side,
    pub(crate) time_in_force: TimeInForce,
    pub(crate) instructions: Instructions,
}

impl Order {
    /// A new order at this price, of which nothing is filled.
    #[inline(always)]
    pub(crate) fn new(
        entered: &NewOrder,
        price: Price,
        instructions: Instructions,
        order_id: OrderId,
        owner: u32,
    ) -> Self {
        let NewOrder { client_order_id, client_tag, side, time_in_force, quantity, .. } = *entered;
        let leaves = quantity;
        Self {
            order_id,
            client_order_id,
            client_tag,
            price,
            quantity,
            leaves,
            owner,
            side,
            time_in_force,
            instructions,
        }
    }

    /// An order as its owner knows it, as it would be entered now: with its terms, and the trigger price for which it waits.
    pub(crate) fn as_entered(&self, terms: &Terms, stop_price: Option<Price>) -> NewOrder {
        let Self { client_order_id, client_tag, quantity, side, time_in_force, instructions, .. } = *self;
        NewOrder {
            client_order_id,
            side,
            order_type: instructions.order_type(),
            time_in_force,
            price: self.limit(),
            stop_price,
            quantity,
            display_quantity: if instructions.has(Instructions::ICEBERG) { terms.display } else { Quantity(0) },
            expire_time: instructions.has(Instructions::EXPIRES).then_some(terms.expire_time),
            post_only: if instructions.is_post_only() { PostOnly::Yes } else { PostOnly::No },
            self_trade_prevention: instructions.self_trade_prevention(),
            client_tag,
            on_disconnect: instructions.on_disconnect(),
        }
    }

    /// Worst price at which the order trades; `None` for any price.
    #[inline]
    pub(crate) fn limit(&self) -> Option<Price> {
        self.instructions.has_limit().then_some(self.price)
    }

    /// Whether the order never rests: what does not trade at once is canceled.
    #[inline]
    pub(crate) fn is_immediate(&self) -> bool {
        matches!(self.time_in_force, TimeInForce::Ioc | TimeInForce::Fok) || !self.instructions.may_wait()
    }

    /// Filled quantity in lots, of an order as its owner knows it.
    #[inline]
    pub(crate) fn cum_quantity(&self) -> Quantity {
        Quantity(self.quantity.0 - self.leaves.0)
    }
}
