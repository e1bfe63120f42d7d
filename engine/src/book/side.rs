//! One side of a book: price levels, best first, each a queue of orders.
//!
//! Levels are kept by *rank*, not by price: `price` for asks and `!price` for bids, so that the best is the lowest on
//! either side. `!` turns the order of all `i64` around, without an overflow at the ends.

use std::collections::BTreeMap;

use super::pool::{NIL, Order, OrderPool, Slot, slot_or_none};
use crate::InvariantError;
use crate::command::Side;
use crate::units::{Price, Quantity};

/// A price level as others see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct PriceLevel {
    /// Ticks.
    pub price: Price,
    /// Lots of all its orders together.
    pub quantity: Quantity,
    /// How many orders.
    pub orders: u32,
}

/// The queue of the orders at a price, oldest first.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Level {
    first: Slot,
    last: Slot,
    orders: u32,
    quantity: Quantity,
}

/// The levels of a side.
#[derive(Debug)]
pub(crate) struct BookSide {
    side: Side,
    levels: BTreeMap<i64, Level>,
    /// The lowest rank of `levels`.
    best: Option<i64>,
}

impl BookSide {
    pub(crate) fn new(side: Side) -> Self {
        Self { side, levels: BTreeMap::new(), best: None }
    }

    /// Best price.
    #[inline]
    pub(crate) fn best(&self) -> Option<Price> {
        self.best.map(|rank| self.price(rank))
    }

    /// Whether somebody with this limit would find something to trade with.
    #[inline]
    pub(crate) fn trades_at(&self, limit: Option<Price>) -> bool {
        match (self.best, limit) {
            (Some(best), Some(limit)) => best <= self.rank(limit),
            (Some(_), None) => true,
            (None, _) => false,
        }
    }

    /// The best level and its price, if somebody with this limit trades with it.
    #[inline]
    pub(crate) fn best_level(&mut self, limit: Option<Price>) -> Option<(Price, &mut Level)> {
        let rank = self.best.filter(|_| self.trades_at(limit))?;
        let price = self.price(rank);
        self.levels.get_mut(&rank).map(|level| (price, level))
    }

    /// Takes the best level away if it has become empty.
    #[inline]
    pub(crate) fn drop_empty_best(&mut self) {
        if let Some(first) = self.levels.first_entry()
            && first.get().orders == 0
        {
            first.remove();
            self.best = self.levels.first_key_value().map(|(&rank, _)| rank);
        }
    }

    /// How many lots the level at this price can take: its sum must stay a `u64`.
    pub(crate) fn room(&self, price: Price) -> Quantity {
        Quantity(u64::MAX - self.level(price).quantity.0)
    }

    /// The level at this price, without orders if there is none.
    pub(crate) fn level(&self, price: Price) -> PriceLevel {
        let (quantity, orders) =
            self.levels.get(&self.rank(price)).map_or((Quantity(0), 0), |level| (level.quantity, level.orders));
        PriceLevel { price, quantity, orders }
    }

    /// Puts an order at the end of the queue at its price. There is room.
    pub(crate) fn push_back(&mut self, pool: &mut OrderPool, slot: Slot) {
        let Order { price, leaves, .. } = *pool.get(slot);
        let rank = self.rank(price);
        let empty = Level { first: NIL, last: NIL, orders: 0, quantity: Quantity(0) };
        let level = self.levels.entry(rank).or_insert(empty);
        let before = std::mem::replace(&mut level.last, slot);
        if before == NIL {
            level.first = slot;
        } else {
            pool.get_mut(before).next = slot;
        }
        let order = pool.get_mut(slot);
        (order.previous, order.next) = (before, NIL);
        level.orders += 1;
        level.quantity.0 += leaves.0;
        if self.best.is_none_or(|best| rank < best) {
            self.best = Some(rank);
        }
    }

    /// Takes an order out of the queue at its price.
    pub(crate) fn remove(&mut self, pool: &mut OrderPool, slot: Slot) {
        let order = *pool.get(slot);
        let rank = self.rank(order.price);
        let Some(level) = self.levels.get_mut(&rank) else { return };
        level.unlink(pool, &order);
        level.quantity.0 -= order.leaves.0;
        if level.orders == 0 {
            self.levels.remove(&rank);
            if self.best == Some(rank) {
                self.best = self.levels.first_key_value().map(|(&rank, _)| rank);
            }
        }
    }

    /// An order in place has become smaller by so many lots.
    pub(crate) fn reduce(&mut self, price: Price, by: Quantity) {
        let rank = self.rank(price);
        if let Some(level) = self.levels.get_mut(&rank) {
            level.quantity.0 -= by.0;
        }
    }

    /// Levels, best first.
    pub(crate) fn levels(&self) -> impl Iterator<Item = PriceLevel> {
        self.levels.iter().map(|(&rank, level)| PriceLevel {
            price: self.price(rank),
            quantity: level.quantity,
            orders: level.orders,
        })
    }

    /// Orders by priority.
    pub(crate) fn orders<'a>(&'a self, pool: &'a OrderPool) -> impl Iterator<Item = Slot> + 'a {
        self.levels.values().flat_map(|level| {
            std::iter::successors(slot_or_none(level.first), |&slot| slot_or_none(pool.get(slot).next))
        })
    }

    /// The first order by priority.
    pub(crate) fn first(&self) -> Option<Slot> {
        self.levels.first_key_value().and_then(|(_, level)| slot_or_none(level.first))
    }

    /// Checks the best price, and every level against its orders, which are all `of` one side. Gives the number of
    /// orders.
    pub(crate) fn verify(&self, of: Side, pool: &OrderPool) -> Result<usize, InvariantError> {
        let error = |price, what| Err(InvariantError::Level { side: self.side, price, what });
        if self.best != self.levels.first_key_value().map(|(&rank, _)| rank) {
            return error(self.best().unwrap_or_default(), "is not the best");
        }
        let mut all = 0;
        for (&rank, level) in &self.levels {
            let (mut orders, mut quantity, mut before) = (0_u32, Quantity(0), NIL);
            let mut next = level.first;
            while next != NIL {
                let order = pool.get(next);
                if order.previous != before || order.side != of || self.rank(order.price) != rank {
                    return Err(InvariantError::Order { order_id: order.order_id, what: "is in a wrong level" });
                }
                orders += 1;
                quantity.0 = quantity.0.saturating_add(order.leaves.0);
                before = std::mem::replace(&mut next, order.next);
            }
            if level.last != before || orders == 0 || orders != level.orders || quantity != level.quantity {
                return error(self.price(rank), "is not the sum of its orders");
            }
            all += orders as usize;
        }
        Ok(all)
    }

    #[inline]
    fn rank(&self, price: Price) -> i64 {
        match self.side {
            Side::Buy => !price.0,
            Side::Sell => price.0,
        }
    }

    #[inline]
    fn price(&self, rank: i64) -> Price {
        // The same turn there and back.
        Price(self.rank(Price(rank)))
    }
}

impl Level {
    /// The oldest order.
    #[inline]
    pub(crate) fn first(&self) -> Option<Slot> {
        slot_or_none(self.first)
    }

    /// Its first order has traded so many lots, and leaves if nothing is left of it.
    #[inline]
    pub(crate) fn fill_first(&mut self, pool: &mut OrderPool, by: Quantity) {
        self.quantity.0 -= by.0;
        let order = *pool.get(self.first);
        if order.leaves.0 == 0 {
            self.unlink(pool, &order);
        }
    }

    #[inline]
    fn unlink(&mut self, pool: &mut OrderPool, order: &Order) {
        match order.previous {
            NIL => self.first = order.next,
            previous => pool.get_mut(previous).next = order.next,
        }
        match order.next {
            NIL => self.last = order.previous,
            next => pool.get_mut(next).previous = order.previous,
        }
        self.orders -= 1;
    }
}
