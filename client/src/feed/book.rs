//! A book as it is rebuilt from snapshot and increments.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, VecDeque};

use crate::market_data::{Book, BookOrder, BookType, Increment, Level, Market, Statistics};
use crate::orders::{InstrumentState, Side};
use crate::units::{OrderId, Price, Quantity};

/// Most levels and orders of one book.
pub const MAXIMUM_ENTRIES: usize = 1 << 22;

/// An instrument's book, rebuilt.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FollowedBook {
    book_type: BookType,
    sequence: u64,
    market: Market,
    bids: FollowedSide,
    offers: FollowedSide,
    orders: usize,
}

/// An order, as others see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct FollowedOrder {
    /// The engine's number of it.
    pub order_id: OrderId,
    /// Bid or offer.
    pub side: Side,
    /// Ticks.
    pub price: Price,
    /// Lots, as shown.
    pub quantity: Quantity,
}

/// An increment contradicts the book.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Contradiction;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct FollowedSide {
    /// By key: the best first.
    levels: BTreeMap<u64, FollowedLevel>,
    loaded: Loaded,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct FollowedLevel {
    level: Level,
    /// By priority.
    orders: VecDeque<BookOrder>,
}

/// How much of a side has been loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Loaded {
    #[default]
    Nothing,
    /// All levels up to this price, which is one.
    Through(Price),
    All,
}

impl FollowedBook {
    /// An empty book, of which nothing has been loaded.
    pub(crate) fn new(book_type: BookType) -> Self {
        Self { book_type, ..Self::default() }
    }

    /// Number of the last increment that is in it.
    pub fn sequence(&self) -> u64 {
        self.sequence
    }

    /// State, reference price and statistics.
    pub fn market(&self) -> &Market {
        &self.market
    }

    /// Levels of a side, best first.
    pub fn levels(&self, side: Side) -> impl Iterator<Item = Level> + '_ {
        self.side(side).levels.values().map(|followed| followed.level).filter(|level| level.orders > 0)
    }

    /// Orders of a side by priority; none unless followed by order.
    pub fn orders(&self, side: Side) -> impl Iterator<Item = FollowedOrder> + '_ {
        self.side(side).levels.values().flat_map(move |FollowedLevel { level, orders }| {
            let price = level.price;
            orders.iter().map(move |&BookOrder { order_id, quantity }| FollowedOrder {
                order_id,
                side,
                price,
                quantity,
            })
        })
    }

    /// Levels and orders that are kept.
    pub(crate) fn entries(&self) -> usize {
        self.bids.levels.len() + self.offers.levels.len() + self.orders
    }

    /// Whether all of it has been loaded.
    pub(crate) fn is_whole(&self) -> bool {
        (self.bids.loaded, self.offers.loaded) == (Loaded::All, Loaded::All)
    }

    /// Whether any of it has been loaded.
    pub(crate) fn is_begun(&self) -> bool {
        self.bids.loaded != Loaded::Nothing
    }

    /// After which prices the next part of it begins.
    pub(crate) fn next_part(&self) -> [Option<Price>; 2] {
        [&self.bids, &self.offers].map(|side| match side.loaded {
            Loaded::Nothing => None,
            Loaded::Through(price) => Some(price),
            Loaded::All => side.levels.values().next_back().map(|worst| worst.level.price),
        })
    }

    /// Adds a part that stands where the book stands.
    pub(crate) fn add_part(&mut self, part: &Book) -> Result<(), Contradiction> {
        if !self.is_begun() {
            self.market = part.market;
            self.sequence = part.sequence;
        }
        let mut orders = part.orders.iter().copied();
        for (side, levels, is_end) in
            [(Side::Buy, &part.bids, part.is_end_of[0]), (Side::Sell, &part.offers, part.is_end_of[1])]
        {
            for level in levels {
                let count = if self.book_type == BookType::Orders { level.orders as usize } else { 0 };
                let queue: VecDeque<BookOrder> = orders.by_ref().take(count).collect();
                if queue.len() != count {
                    return Err(Contradiction);
                }
                self.orders += count;
                let followed = FollowedLevel { level: *level, orders: queue };
                if let Some(before) = self.side_mut(side).levels.insert(key(side, level.price), followed) {
                    self.orders -= before.orders.len();
                }
            }
            let loaded = &mut self.side_mut(side).loaded;
            *loaded = match (levels.last(), *loaded) {
                (_, Loaded::All) => Loaded::All,
                _ if is_end => Loaded::All,
                (Some(last), _) => Loaded::Through(last.price),
                (None, _) => return Err(Contradiction),
            };
        }
        Ok(())
    }

    /// Applies the next increment to what has been loaded.
    pub(crate) fn apply(&mut self, sequence: u64, increment: &Increment) -> Result<(), Contradiction> {
        self.sequence = sequence;
        match *increment {
            Increment::OrderAdded(side, price, order) if self.follows_order(side, price) => {
                self.level_at(side, price).orders.push_back(order);
                self.orders += 1;
            }
            Increment::OrderChanged(side, price, order) if self.follows_order(side, price) => {
                let queue = &mut self.level_at(side, price).orders;
                let found = queue.iter_mut().find(|found| found.order_id == order.order_id).ok_or(Contradiction)?;
                found.quantity = order.quantity;
            }
            Increment::OrderRemoved(side, price, order_id) if self.follows_order(side, price) => {
                self.remove_order(side, price, order_id)?;
            }
            Increment::Level(side, level) if self.has_loaded(side, level.price) => {
                let followed = self.level_at(side, level.price);
                followed.level = level;
                if level.orders == 0 && followed.orders.is_empty() {
                    self.side_mut(side).levels.remove(&key(side, level.price));
                }
            }
            Increment::State(state, reference_price) => self.set_state(state, reference_price),
            Increment::Statistics(statistics) => self.market.statistics = statistics,
            _ => {}
        }
        Ok(())
    }

    fn set_state(&mut self, state: InstrumentState, reference_price: Price) {
        let market = &mut self.market;
        if market.state == InstrumentState::Closed && state != InstrumentState::Closed {
            market.statistics = Statistics { last: market.statistics.last, ..Statistics::default() };
        }
        (market.state, market.reference_price) = (state, reference_price);
    }

    fn remove_order(&mut self, side: Side, price: Price, order_id: OrderId) -> Result<(), Contradiction> {
        let Entry::Occupied(mut entry) = self.side_mut(side).levels.entry(key(side, price)) else {
            return Err(Contradiction);
        };
        let FollowedLevel { level, orders } = entry.get_mut();
        let place = orders.iter().position(|order| order.order_id == order_id).ok_or(Contradiction)?;
        orders.remove(place);
        if level.orders == 0 && orders.is_empty() {
            entry.remove();
        }
        self.orders -= 1;
        Ok(())
    }

    fn follows_order(&self, side: Side, price: Price) -> bool {
        self.book_type == BookType::Orders && self.has_loaded(side, price)
    }

    fn has_loaded(&self, side: Side, price: Price) -> bool {
        match self.side(side).loaded {
            Loaded::Nothing => false,
            Loaded::Through(worst) => key(side, price) <= key(side, worst),
            Loaded::All => true,
        }
    }

    fn level_at(&mut self, side: Side, price: Price) -> &mut FollowedLevel {
        self.side_mut(side).levels.entry(key(side, price)).or_insert_with(|| FollowedLevel {
            level: Level { price, quantity: Quantity(0), orders: 0 },
            orders: VecDeque::new(),
        })
    }

    fn side(&self, side: Side) -> &FollowedSide {
        match side {
            Side::Buy => &self.bids,
            Side::Sell => &self.offers,
        }
    }

    fn side_mut(&mut self, side: Side) -> &mut FollowedSide {
        match side {
            Side::Buy => &mut self.bids,
            Side::Sell => &mut self.offers,
        }
    }
}

/// Orders prices of a side, best first.
fn key(side: Side, price: Price) -> u64 {
    let ascending = price.0.cast_unsigned() ^ (1 << 63);
    match side {
        Side::Buy => !ascending,
        Side::Sell => ascending,
    }
}
