//! The book of a LOBSTER recording as its messages and rows tell it: every order with its open quantity.

use std::collections::{BTreeMap, HashMap, VecDeque};

use lugus_vocabulary::Side;

/// First number of the orders that stand for what the recording does not name.
const FIRST_OWN_ORDER: u64 = 1 << 62;

/// An order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tracked {
    pub(super) side: Side,
    /// Price in dollars times 10,000.
    pub(super) price: i64,
    pub(super) size: u64,
}

#[derive(Debug, Default)]
pub(super) struct TrackedBook {
    orders: HashMap<u64, Tracked>,
    /// Orders of each level, first the one that trades first.
    levels: BTreeMap<(Side, i64), VecDeque<u64>>,
    own_orders: u64,
}

impl TrackedBook {
    pub(super) fn add(&mut self, id: u64, order: Tracked) {
        self.remove(id);
        self.orders.insert(id, order);
        self.levels.entry((order.side, order.price)).or_default().push_back(id);
    }

    /// Adds an order that the recording does not name; returns its number.
    pub(super) fn add_own(&mut self, order: Tracked) -> u64 {
        let id = FIRST_OWN_ORDER + self.own_orders;
        self.own_orders += 1;
        self.add(id, order);
        id
    }

    pub(super) fn get(&self, id: u64) -> Option<Tracked> {
        self.orders.get(&id).copied()
    }

    /// The order with this number, or else the first one at a level that stands for unnamed ones.
    pub(super) fn named_or_own(&self, id: u64, side: Side, price: i64) -> Option<u64> {
        if self.orders.contains_key(&id) {
            return Some(id);
        }
        let level = self.levels.get(&(side, price))?;
        level.iter().copied().find(|id| *id >= FIRST_OWN_ORDER)
    }

    /// Takes a quantity off an order; returns what is left of it.
    pub(super) fn reduce(&mut self, id: u64, quantity: u64) -> u64 {
        let Some(order) = self.orders.get_mut(&id) else { return 0 };
        order.size = order.size.saturating_sub(quantity);
        let left = order.size;
        if left == 0 {
            self.remove(id);
        }
        left
    }

    pub(super) fn remove(&mut self, id: u64) {
        let Some(order) = self.orders.remove(&id) else { return };
        if let Some(level) = self.levels.get_mut(&(order.side, order.price)) {
            level.retain(|other| *other != id);
            if level.is_empty() {
                self.levels.remove(&(order.side, order.price));
            }
        }
    }

    /// The last order at a level.
    pub(super) fn last(&self, side: Side, price: i64) -> Option<u64> {
        self.levels.get(&(side, price))?.back().copied()
    }

    /// Quantity of a level.
    pub(super) fn quantity(&self, side: Side, price: i64) -> u64 {
        let level = self.levels.get(&(side, price)).into_iter().flatten();
        level.filter_map(|id| self.orders.get(id)).map(|order| order.size).sum()
    }

    /// Prices of a side's levels from the best one to `worst`.
    pub(super) fn prices_to(&self, side: Side, worst: i64) -> Vec<i64> {
        let range = match side {
            Side::Buy => (side, worst)..=(side, i64::MAX),
            Side::Sell => (side, i64::MIN)..=(side, worst),
        };
        self.levels.range(range).map(|((_, price), _)| *price).collect()
    }
}
