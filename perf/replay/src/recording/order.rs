//! An order of the exchange.

use lugus_vocabulary::{ClientOrderId, NewOrder, Price, Quantity, Side, TimeInForce};

use crate::flow::limit_order;

/// An order in the state that the exchange gives it after an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Order {
    pub(super) id: ClientOrderId,
    pub(super) side: Side,
    pub(super) price: Price,
    pub(super) leaves: Quantity,
}

impl Order {
    /// The command that enters the order into the engine's book.
    pub(super) fn new_order(&self, time_in_force: TimeInForce) -> NewOrder {
        limit_order(self.id, self.side, self.price, self.leaves, time_in_force)
    }
}
