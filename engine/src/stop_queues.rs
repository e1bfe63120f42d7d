//! The queues of stop orders that wait for their trigger.

use lugus_vocabulary::{Price, Side};

use crate::book::{BookSide, RestingOrders, Slot};
use crate::traded::TradedRange;

/// Stop orders of an instrument that wait. In these queues an order's price is its trigger.
#[derive(Debug)]
pub(crate) struct StopQueues {
    /// Buys, lowest trigger first.
    buys: BookSide,
    /// Sells, highest trigger first.
    sells: BookSide,
}

impl StopQueues {
    /// No stop orders.
    pub(crate) fn new() -> Self {
        // Asks are sorted by the lowest price first, bids by the highest.
        Self { buys: BookSide::new(Side::Sell), sells: BookSide::new(Side::Buy) }
    }

    #[inline]
    pub(crate) fn side(&self, side: Side) -> &BookSide {
        match side {
            Side::Buy => &self.buys,
            Side::Sell => &self.sells,
        }
    }

    #[inline]
    pub(crate) fn side_mut(&mut self, side: Side) -> &mut BookSide {
        match side {
            Side::Buy => &mut self.buys,
            Side::Sell => &mut self.sells,
        }
    }

    /// All orders, buys before sells, each in the order in which they would trigger.
    pub(crate) fn orders<'a>(&'a self, orders: &'a RestingOrders) -> impl Iterator<Item = Slot> + 'a {
        self.buys.orders(orders).chain(self.sells.orders(orders))
    }

    /// The first of [`StopQueues::orders`].
    pub(crate) fn first(&self, orders: &RestingOrders) -> Option<Slot> {
        let first = |stops: &BookSide| stops.next_to_trade(None, orders).map(|(_, slot)| slot);
        first(&self.buys).or_else(|| first(&self.sells))
    }

    /// The next order that trades within `range` elect; buys come before sells.
    #[inline]
    pub(crate) fn first_due(&self, range: TradedRange, orders: &RestingOrders) -> Option<Slot> {
        let due = |stops: &BookSide, price| stops.next_to_trade(Some(price), orders).map(|(_, slot)| slot);
        due(&self.buys, range.high).or_else(|| due(&self.sells, range.low))
    }
}

/// Whether a trade at `last` triggers a stop order with the trigger `stop_price`: a buy is triggered at its trigger and
/// above, a sell at its trigger and below.
#[inline]
pub(crate) fn is_reached(side: Side, stop_price: Price, last: Price) -> bool {
    match side {
        Side::Buy => last >= stop_price,
        Side::Sell => last <= stop_price,
    }
}
