//! A book as it is rebuilt from a snapshot and increments.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, VecDeque};

use lugus_vocabulary::{
    AuctionIndicative, Book, BookType, DisplayedOrder, EpochNanos, InstrumentState, MarketDataBody, MarketDataSequence,
    MarketDataSnapshot, OrderId, Price, PriceLevel, Quantity, Side,
};

/// Largest number of levels and orders of one followed book.
pub const MAXIMUM_ENTRIES: usize = 1 << 22;

/// The book of an instrument, rebuilt from a snapshot and increments.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FollowedBook {
    book_type: BookType,
    market: MarketDataSnapshot,
    loaded_at: EpochNanos,
    /// The last increment that told what the auction would give, while orders gather.
    auction: Option<AuctionIndicative>,
    bids: FollowedSide,
    offers: FollowedSide,
    orders: usize,
}

/// An increment or a part contradicts the book.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Contradiction;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct FollowedSide {
    /// By [`key`]: the best level first.
    levels: BTreeMap<u64, FollowedLevel>,
    loaded: Loaded,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct FollowedLevel {
    level: PriceLevel,
    /// Orders of the level by priority; none unless followed by order.
    orders: VecDeque<LevelOrder>,
}

/// An order of a level. It takes half the room of a [`DisplayedOrder`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct LevelOrder {
    order_id: OrderId,
    /// Displayed quantity, in lots.
    quantity: Quantity,
}

impl From<DisplayedOrder> for LevelOrder {
    fn from(DisplayedOrder { order_id, quantity, .. }: DisplayedOrder) -> Self {
        Self { order_id, quantity }
    }
}

/// How much of a side has been loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Loaded {
    #[default]
    Nothing,
    /// All levels up to this price, which is the price of a level.
    Through(Price),
    All,
}

impl FollowedBook {
    /// An empty book of which nothing has been loaded.
    pub(super) fn new(book_type: BookType) -> Self {
        Self { book_type, ..Self::default() }
    }

    /// Number of the last increment that the book includes.
    pub fn sequence(&self) -> MarketDataSequence {
        self.market.sequence
    }

    /// Log time of the last part that was loaded: since then the book has changed by increments alone.
    pub fn loaded_at(&self) -> EpochNanos {
        self.loaded_at
    }

    /// State, reference price and statistics of the instrument.
    pub fn market(&self) -> &MarketDataSnapshot {
        &self.market
    }

    /// What the auction would give, as the cluster published it last; `None` while no orders gather, and until it was published
    /// first. It counts the reserves of icebergs, which the levels do not show.
    pub fn auction(&self) -> Option<AuctionIndicative> {
        self.auction
    }

    /// Levels of a side, best first.
    pub fn levels(&self, side: Side) -> impl Iterator<Item = PriceLevel> + '_ {
        self.side(side).levels.values().map(|followed| followed.level).filter(|level| level.orders > 0)
    }

    /// Orders of a side by priority; none unless the book is followed by order.
    pub fn orders(&self, side: Side) -> impl Iterator<Item = DisplayedOrder> + '_ {
        self.side(side).levels.values().flat_map(move |FollowedLevel { level, orders }| {
            let price = level.price;
            orders.iter().map(move |&LevelOrder { order_id, quantity }| DisplayedOrder {
                order_id,
                side,
                price,
                quantity,
            })
        })
    }

    /// Number of levels and orders that are kept.
    pub(super) fn entries(&self) -> usize {
        self.bids.levels.len() + self.offers.levels.len() + self.orders
    }

    /// Whether the whole book has been loaded.
    pub(super) fn is_whole(&self) -> bool {
        (self.bids.loaded, self.offers.loaded) == (Loaded::All, Loaded::All)
    }

    /// Whether any part of the book has been loaded.
    pub(super) fn is_begun(&self) -> bool {
        self.bids.loaded != Loaded::Nothing
    }

    /// Prices of bids and offers after which the next part of the book begins.
    pub(super) fn next_part(&self) -> [Option<Price>; 2] {
        [&self.bids, &self.offers].map(|side| match side.loaded {
            Loaded::Nothing => None,
            Loaded::Through(price) => Some(price),
            Loaded::All => side.levels.values().next_back().map(|worst| worst.level.price),
        })
    }

    /// Whether a part begins where the book has been loaded to, or before.
    pub(super) fn continues_with(&self, part: &Book) -> bool {
        let sides = [(Side::Buy, self.bids.loaded), (Side::Sell, self.offers.loaded)];
        sides.into_iter().zip(part.after).all(|((side, loaded), after)| match loaded {
            Loaded::Nothing => false,
            Loaded::All => true,
            Loaded::Through(worst) => after.is_none_or(|after| key(side, after) <= key(side, worst)),
        })
    }

    /// Adds a part that includes the same increments as the book.
    pub(super) fn add_part(&mut self, part: &Book) -> Result<(), Contradiction> {
        if !self.is_begun() {
            self.market = part.market;
        }
        self.loaded_at = part.time;
        let mut orders = part.orders.iter().copied().map(LevelOrder::from);
        for (side, levels, is_end) in
            [(Side::Buy, &part.bids, part.is_end_of[0]), (Side::Sell, &part.offers, part.is_end_of[1])]
        {
            for level in levels {
                let count = if self.book_type == BookType::Orders { level.orders as usize } else { 0 };
                let queue: VecDeque<LevelOrder> = orders.by_ref().take(count).collect();
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
    pub(super) fn apply(
        &mut self,
        sequence: MarketDataSequence,
        increment: &MarketDataBody,
    ) -> Result<(), Contradiction> {
        self.market.sequence = sequence;
        match *increment {
            MarketDataBody::OrderAdded(order) if self.follows_order(order.side, order.price) => {
                self.level_at(order.side, order.price).orders.push_back(order.into());
                self.orders += 1;
            }
            MarketDataBody::OrderChanged(order) if self.follows_order(order.side, order.price) => {
                let queue = &mut self.level_at(order.side, order.price).orders;
                let found = queue.iter_mut().find(|found| found.order_id == order.order_id).ok_or(Contradiction)?;
                found.quantity = order.quantity;
            }
            MarketDataBody::OrderRemoved { order_id, side, price } if self.follows_order(side, price) => {
                self.remove_order(side, price, order_id)?;
            }
            MarketDataBody::Level { side, price, quantity, orders } if self.has_loaded(side, price) => {
                let followed = self.level_at(side, price);
                followed.level = PriceLevel { price, quantity, orders };
                if orders == 0 && followed.orders.is_empty() {
                    self.side_mut(side).levels.remove(&key(side, price));
                }
            }
            MarketDataBody::State { state, reference_price } => self.set_state(state, reference_price),
            MarketDataBody::Auction(auction) => self.auction = Some(auction),
            MarketDataBody::Statistics(statistics) => self.market.statistics = statistics,
            _ => {}
        }
        Ok(())
    }

    fn set_state(&mut self, state: InstrumentState, reference_price: Price) {
        let market = &mut self.market;
        if market.state == InstrumentState::Closed && state != InstrumentState::Closed {
            market.statistics.begin_session();
        }
        (market.state, market.reference_price) = (state, reference_price);
        if state != InstrumentState::Auction {
            self.auction = None;
        }
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
            level: PriceLevel { price, quantity: Quantity(0), orders: 0 },
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

/// A key by which the prices of a side are sorted, best first.
fn key(side: Side, price: Price) -> u64 {
    let ascending = price.0.cast_unsigned() ^ (1 << 63);
    match side {
        Side::Buy => !ascending,
        Side::Sell => ascending,
    }
}
