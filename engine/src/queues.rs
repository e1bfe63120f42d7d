//! The queues that an instrument's orders wait in: the book, the stop orders, and those that only auctions take.

use lugus_vocabulary::{NewOrder, Price, Side, TimeInForce};

use crate::book::{BookSide, Instructions, Order, RestingOrders, Slot};

/// A queue of either side, in the order of snapshots.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Queue {
    /// Orders that continuous trading meets.
    Book,
    /// Stop orders that wait for their trigger.
    Stops,
    /// Orders for the opening auction.
    AtTheOpening,
    /// Orders for the closing auction.
    AtTheClose,
    /// Orders for the next auction.
    GoodForAuction,
}

impl Queue {
    /// All of them.
    pub(crate) const ALL: [Self; 5] =
        [Self::Book, Self::Stops, Self::AtTheOpening, Self::AtTheClose, Self::GoodForAuction];

    /// Those of orders that only auctions take.
    pub(crate) const FOR_AUCTIONS: [Self; 3] = [Self::AtTheOpening, Self::AtTheClose, Self::GoodForAuction];

    /// The queue of an order of the pool that is not elected.
    pub(crate) fn of(order: &Order) -> Self {
        if order.instructions.has(Instructions::WAITING) { Self::Stops } else { Self::resting(order.time_in_force) }
    }

    /// The queue of an order as it is entered, once it waits.
    pub(crate) fn of_entered(order: &NewOrder) -> Self {
        if order.stop_price.is_some() { Self::Stops } else { Self::resting(order.time_in_force) }
    }

    fn resting(time_in_force: TimeInForce) -> Self {
        match time_in_force {
            TimeInForce::AtTheOpening => Self::AtTheOpening,
            TimeInForce::AtTheClose => Self::AtTheClose,
            TimeInForce::GoodForAuction => Self::GoodForAuction,
            _ => Self::Book,
        }
    }

    /// The time in force of its orders, if only auctions take them.
    pub(crate) fn for_auctions(self) -> Option<TimeInForce> {
        match self {
            Self::Book | Self::Stops => None,
            Self::AtTheOpening => Some(TimeInForce::AtTheOpening),
            Self::AtTheClose => Some(TimeInForce::AtTheClose),
            Self::GoodForAuction => Some(TimeInForce::GoodForAuction),
        }
    }

    /// Its place among those of orders that only auctions take.
    fn place(self) -> Option<usize> {
        Self::FOR_AUCTIONS.iter().position(|&queue| queue == self)
    }
}

/// Price at which an order without a limit stands in the queue of an auction: the best that there is, so that it comes first.
pub(crate) const fn best_price(side: Side) -> Price {
    match side {
        Side::Buy => Price(i64::MAX),
        Side::Sell => Price(i64::MIN),
    }
}

/// Price at which an order, as it is entered, waits in its queue: its trigger, its limit, or the best price.
pub(crate) fn queue_price(order: &NewOrder) -> Price {
    let without_limit = || if order.time_in_force.is_for_auction() { best_price(order.side) } else { Price(0) };
    order.stop_price.or(order.price).unwrap_or_else(without_limit)
}

/// The queues of orders that only auctions take.
#[derive(Debug)]
pub(crate) struct AuctionQueues {
    queues: [[BookSide; 2]; 3],
}

impl AuctionQueues {
    /// No orders.
    pub(crate) fn new() -> Self {
        Self { queues: [(); 3].map(|()| [BookSide::new(Side::Buy), BookSide::new(Side::Sell)]) }
    }

    /// One side of a queue; `None` of one that has other orders.
    pub(crate) fn side(&self, queue: Queue, side: Side) -> Option<&BookSide> {
        Some(&self.queues[queue.place()?][usize::from(side == Side::Sell)])
    }

    /// One side of a queue, for changes.
    pub(crate) fn side_mut(&mut self, queue: Queue, side: Side) -> Option<&mut BookSide> {
        Some(&mut self.queues[queue.place()?][usize::from(side == Side::Sell)])
    }

    /// All sides of all queues, for changes.
    pub(crate) fn all_mut(&mut self) -> impl Iterator<Item = &mut BookSide> {
        self.queues.iter_mut().flatten()
    }

    /// The first of all orders, queue by queue, buys first.
    pub(crate) fn first(&self, orders: &RestingOrders) -> Option<Slot> {
        self.queues.iter().flatten().find_map(|side| first(side, orders))
    }

    /// All orders, in the same order.
    pub(crate) fn orders<'a>(&'a self, orders: &'a RestingOrders) -> impl Iterator<Item = Slot> + 'a {
        self.queues.iter().flatten().flat_map(|side| side.orders(orders))
    }
}

/// The first order of a side.
pub(crate) fn first(side: &BookSide, orders: &RestingOrders) -> Option<Slot> {
    side.next_to_trade(None, orders).map(|(_, slot)| slot)
}
