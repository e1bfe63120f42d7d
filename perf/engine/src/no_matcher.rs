//! A stub that reports and does not match. In the place of [`Matcher`](crate::matcher::Matcher) it shows what the
//! public benchmark's harness and the reports' way to it cost.

use lugus_vocabulary::{ClientOrderId, Price, Quantity, Side};

use crate::matcher::Outcome;

/// Accepts every new order, and stores none.
pub(crate) struct NoMatcher;

impl NoMatcher {
    pub(crate) fn new(_orders: usize) -> Self {
        Self
    }

    pub(crate) fn prefault(&mut self, _orders: usize) {}

    #[inline(always)]
    pub(crate) fn new_order(
        &mut self,
        id: ClientOrderId,
        side: Side,
        price: Price,
        quantity: Quantity,
        _immediate: bool,
        outcome: &mut impl Outcome,
    ) {
        outcome.accepted(id, side, price, quantity);
    }

    #[inline(always)]
    pub(crate) fn cancel(&mut self, id: ClientOrderId, outcome: &mut impl Outcome) {
        outcome.cancel_rejected(id);
    }

    #[inline(always)]
    pub(crate) fn modify(&mut self, id: ClientOrderId, _price: Price, _quantity: Quantity, outcome: &mut impl Outcome) {
        outcome.modify_rejected(id);
    }

    pub(crate) fn best(&self, _side: Side) -> Option<Price> {
        None
    }

    pub(crate) fn quantity_at(&self, _side: Side, _price: Price) -> Quantity {
        Quantity(0)
    }
}
