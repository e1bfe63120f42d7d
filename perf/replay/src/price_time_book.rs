//! A simple book with price-time priority: the book that a flow expects the venue to have, when the flow must know the
//! state of its orders without answers. It shares no code with the engine, so tests also compare the engine with it. It
//! is not fast: removing an order takes time in proportion to the length of its level.

use std::collections::{BTreeMap, HashMap, VecDeque};

use lugus_vocabulary::{ClientOrderId, Price, Quantity, Side};

/// The resting orders of one instrument, of all owners. Client order ids must be unique among them.
#[derive(Debug, Default)]
pub(crate) struct PriceTimeBook {
    orders: HashMap<ClientOrderId, RestingOrder>,
    bids: BTreeMap<Price, VecDeque<ClientOrderId>>,
    asks: BTreeMap<Price, VecDeque<ClientOrderId>>,
}

/// State of a resting order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RestingOrder {
    pub(crate) side: Side,
    pub(crate) price: Price,
    pub(crate) leaves: Quantity,
    pub(crate) filled: Quantity,
}

/// A fill of a resting order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fill {
    pub(crate) order: ClientOrderId,
    pub(crate) price: Price,
    pub(crate) quantity: Quantity,
}

impl PriceTimeBook {
    pub(crate) fn get(&self, id: ClientOrderId) -> Option<RestingOrder> {
        self.orders.get(&id).copied()
    }

    pub(crate) fn best(&self, side: Side) -> Option<Price> {
        match side {
            Side::Buy => self.bids.last_key_value(),
            Side::Sell => self.asks.first_key_value(),
        }
        .map(|(&price, _)| price)
    }

    /// Whether an order with this limit would trade at once; `None` is a market order.
    pub(crate) fn would_trade(&self, side: Side, limit: Option<Price>) -> bool {
        self.best(side.opposite()).is_some_and(|best| within(side, limit, best))
    }

    /// Adds an order, which must not be in the book, behind the others at its price.
    pub(crate) fn rest(&mut self, id: ClientOrderId, order: RestingOrder) {
        self.orders.insert(id, order);
        self.side_mut(order.side).entry(order.price).or_default().push_back(id);
    }

    pub(crate) fn remove(&mut self, id: ClientOrderId) -> Option<RestingOrder> {
        let order = self.orders.remove(&id)?;
        let side = self.side_mut(order.side);
        if let Some(level) = side.get_mut(&order.price) {
            level.retain(|&other| other != id);
            if level.is_empty() {
                side.remove(&order.price);
            }
        }
        Some(order)
    }

    /// Gives an order another id; the order keeps its priority.
    pub(crate) fn rename(&mut self, from: ClientOrderId, to: ClientOrderId) {
        let Some(order) = self.orders.remove(&from) else { return };
        self.orders.insert(to, order);
        let level = self.side_mut(order.side).get_mut(&order.price);
        if let Some(id) = level.and_then(|level| level.iter_mut().find(|id| **id == from)) {
            *id = to;
        }
    }

    /// Reduces an order's open quantity; the order keeps its priority.
    pub(crate) fn reduce(&mut self, id: ClientOrderId, leaves: Quantity) {
        if let Some(order) = self.orders.get_mut(&id) {
            order.leaves = leaves;
        }
    }

    /// Trades against the other side's orders by price and time, as far as limit and quantity allow. Returns the
    /// quantity that is left.
    pub(crate) fn take(
        &mut self,
        side: Side,
        limit: Option<Price>,
        mut quantity: Quantity,
        fills: &mut Vec<Fill>,
    ) -> Quantity {
        while quantity.0 > 0 && self.would_trade(side, limit) {
            let Some((order, price)) = self.first(side.opposite()) else { break };
            let Some(resting) = self.orders.get_mut(&order) else { break };
            let filled = Quantity(quantity.0.min(resting.leaves.0));
            quantity.0 -= filled.0;
            resting.leaves.0 -= filled.0;
            resting.filled.0 += filled.0;
            let ended = resting.leaves.0 == 0;
            fills.push(Fill { order, price, quantity: filled });
            if ended {
                self.remove(order);
            }
        }
        quantity
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// The order of a side that would trade first, and its price.
    pub(crate) fn first(&self, side: Side) -> Option<(ClientOrderId, Price)> {
        let (&price, level) = match side {
            Side::Buy => self.bids.last_key_value(),
            Side::Sell => self.asks.first_key_value(),
        }?;
        level.front().map(|&id| (id, price))
    }

    fn side_mut(&mut self, side: Side) -> &mut BTreeMap<Price, VecDeque<ClientOrderId>> {
        match side {
            Side::Buy => &mut self.bids,
            Side::Sell => &mut self.asks,
        }
    }
}

fn within(side: Side, limit: Option<Price>, price: Price) -> bool {
    match (side, limit) {
        (_, None) => true,
        (Side::Buy, Some(limit)) => price <= limit,
        (Side::Sell, Some(limit)) => price >= limit,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(side: Side, price: i64, leaves: u64) -> RestingOrder {
        RestingOrder { side, price: Price(price), leaves: Quantity(leaves), filled: Quantity(0) }
    }

    #[test]
    fn takes_the_best_price_first_and_the_first_at_a_price() {
        let mut book = PriceTimeBook::default();
        book.rest(ClientOrderId(1), order(Side::Sell, 11, 5));
        book.rest(ClientOrderId(2), order(Side::Sell, 10, 2));
        book.rest(ClientOrderId(3), order(Side::Sell, 10, 4));
        let mut fills = Vec::new();
        let left = book.take(Side::Buy, Some(Price(10)), Quantity(3), &mut fills);
        assert_eq!(left, Quantity(0));
        let fill =
            |id, price, quantity| Fill { order: ClientOrderId(id), price: Price(price), quantity: Quantity(quantity) };
        assert_eq!(fills, [fill(2, 10, 2), fill(3, 10, 1)]);
        assert_eq!(book.get(ClientOrderId(2)), None);
        let partly = book.get(ClientOrderId(3)).unwrap();
        assert_eq!((partly.leaves, partly.filled), (Quantity(3), Quantity(1)));

        fills.clear();
        let left = book.take(Side::Buy, None, Quantity(10), &mut fills);
        assert_eq!((left, fills.len(), book.best(Side::Sell)), (Quantity(2), 2, None));
    }

    #[test]
    fn a_limit_holds_on_both_sides() {
        let mut book = PriceTimeBook::default();
        book.rest(ClientOrderId(1), order(Side::Buy, 10, 5));
        assert!(!book.would_trade(Side::Sell, Some(Price(11))));
        assert!(book.would_trade(Side::Sell, Some(Price(10))));
        assert!(!book.would_trade(Side::Buy, None));
        book.remove(ClientOrderId(1));
        assert!(!book.would_trade(Side::Sell, None));
    }
}
