//! What takes part in an auction: of each side the lots of orders without a limit, and those at each limit that can matter for the
//! price.
//!
//! A limit matters if it crosses that of the other side. Beyond that it matters only for orders of the other side without a limit,
//! and only as far as it takes to fill them: the first limit after that is the last one, since at all prices from there on no more
//! lots trade and more are left.

use std::cell::Cell;
use std::iter::Peekable;

use lugus_vocabulary::{Price, Quantity, Side};

use crate::book::{BookSide, OrderPool, Slot};
use crate::instrument::Instrument;
use crate::queues::{Queue, best_price};

/// Number of orders, and of price levels, of a side that are looked at for what is published while orders gather.
pub(crate) const MAXIMUM_LOOKS: usize = 4_096;

/// More orders or price levels take part than may be looked at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TooMany;

/// What is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Detail {
    /// Every order where levels may show more or less than would trade.
    Orders,
    /// Levels only: what they show counts.
    Levels,
}

/// What one side would trade.
#[derive(Debug, Clone, Default)]
pub(crate) struct Interest {
    /// Lots of orders without a limit.
    pub(crate) at_any_price: u128,
    /// Lots by limit, best price first.
    pub(crate) levels: Vec<(Price, u128)>,
}

/// What both sides would trade, buys first; with no more than `most` orders or levels of a side.
///
/// # Errors
/// [`TooMany`].
pub(crate) fn interests(
    instrument: &Instrument,
    pool: &OrderPool,
    detail: Detail,
    most: usize,
) -> Result<[Interest; 2], TooMany> {
    let sides = [Side::Buy, Side::Sell].map(|side| Partakers::of(side, instrument, pool, detail));
    let at_any_price = [sides[0].at_any_price(most)?, sides[1].at_any_price(most)?];
    let best = [sides[0].best_limit(), sides[1].best_limit()];
    Ok([
        Interest { at_any_price: at_any_price[0], levels: sides[0].levels(best[1], at_any_price, most)? },
        Interest {
            at_any_price: at_any_price[1],
            levels: sides[1].levels(best[0], [at_any_price[1], at_any_price[0]], most)?,
        },
    ])
}

/// The queues of a side that take part.
struct Partakers<'a> {
    side: Side,
    queues: Vec<&'a BookSide>,
    pool: &'a OrderPool,
    /// Orders are looked at, and not levels only.
    by_orders: bool,
}

impl<'a> Partakers<'a> {
    fn of(side: Side, instrument: &'a Instrument, pool: &'a OrderPool, detail: Detail) -> Self {
        let for_auctions = taking_part(instrument).filter_map(|queue| instrument.queue(queue, side));
        let queues = std::iter::once(instrument.book.side(side)).chain(for_auctions).collect();
        let by_orders = detail == Detail::Orders && (pool.has_icebergs() || pool.is_doubtful());
        Self { side, queues, pool, by_orders }
    }

    /// Lots of orders without a limit.
    fn at_any_price(&self, most: usize) -> Result<u128, TooMany> {
        let looks = Cell::new(0);
        let mut lots = 0;
        // The first queue is the book, which has none.
        for queue in self.queues.iter().skip(1) {
            let level = Levels::new(queue, self, &looks, most).next();
            lots += level.filter(|&(price, _)| price == best_price(self.side)).map_or(0, |(_, lots)| lots);
        }
        if looks.get() > most { Err(TooMany) } else { Ok(lots) }
    }

    /// The best limit.
    fn best_limit(&self) -> Option<Price> {
        let limit = |(at, queue): (usize, &&BookSide)| {
            let mut levels = queue.levels(&self.pool.resting).map(|level| level.price);
            levels.find(|&price| at == 0 || price != best_price(self.side))
        };
        self.queues.iter().enumerate().filter_map(limit).min_by_key(|&price| self.rank(price))
    }

    /// Ascending from the best price.
    fn rank(&self, price: Price) -> i64 {
        if self.side == Side::Buy { !price.0 } else { price.0 }
    }

    /// Lots by limit as far as they matter: `best` is the best limit of the other side, `at_any_price` the lots without a limit, of
    /// this side and of the other one.
    fn levels(&self, best: Option<Price>, at_any_price: [u128; 2], most: usize) -> Result<Vec<(Price, u128)>, TooMany> {
        let [own, wanted] = at_any_price;
        let crosses = |price| best.is_some_and(|best| self.rank(price) <= self.rank(best));
        let looks = Cell::new(0);
        let levels = |queue: &&'a BookSide| Levels::new(queue, self, &looks, most).peekable();
        let mut queues: Vec<Peekable<Levels<'_>>> = self.queues.iter().map(levels).collect();
        // Orders without a limit are not at a limit.
        for queue in queues.iter_mut().skip(1) {
            queue.next_if(|&(price, _)| price == best_price(self.side));
        }
        let (mut found, mut sum): (Vec<(Price, u128)>, u128) = (Vec::new(), own);
        while let Some(price) =
            queues.iter_mut().filter_map(|queue| Some(queue.peek()?.0)).min_by_key(|&price| self.rank(price))
        {
            if !crosses(price) && wanted == 0 {
                break;
            }
            let at = queues.iter_mut().filter_map(|queue| queue.next_if(|&(of, _)| of == price));
            let lots: u128 = at.map(|(_, lots)| lots).sum();
            found.push((price, lots));
            if !crosses(price) && sum >= wanted {
                break;
            }
            sum += lots;
        }
        if looks.get() > most { Err(TooMany) } else { Ok(found) }
    }
}

/// The queues of orders that only auctions take, and that take part in the instrument's auction.
pub(crate) fn taking_part(instrument: &Instrument) -> impl Iterator<Item = Queue> + use<> {
    let takes = instrument.auction_orders.as_ref().and(instrument.auction_type).map(|auction| auction.takes());
    let takes_part = move |queue: &Queue| {
        takes.is_some_and(|takes| queue.for_auctions().is_some_and(|time_in_force| takes.has(time_in_force)))
    };
    Queue::FOR_AUCTIONS.into_iter().filter(takes_part)
}

/// Lots by price, best first. It ends early when more was looked at than may be.
struct Levels<'a> {
    side: &'a BookSide,
    pool: &'a OrderPool,
    by_orders: bool,
    looks: &'a Cell<usize>,
    most: usize,
    /// The order that comes next, by orders; or the price of the level before, by levels.
    next: Option<Slot>,
    levels: Box<dyn Iterator<Item = (Price, Quantity)> + 'a>,
}

impl<'a> Levels<'a> {
    fn new(side: &'a BookSide, of: &Partakers<'a>, looks: &'a Cell<usize>, most: usize) -> Self {
        let Partakers { pool, by_orders, .. } = *of;
        let next = if by_orders { side.next_to_trade(None, &pool.resting).map(|(_, slot)| slot) } else { None };
        let levels = side.levels(&pool.resting).map(|level| (level.price, level.quantity));
        Self { side, pool, by_orders, looks, most, next, levels: Box::new(levels) }
    }

    fn may_look(&self) -> bool {
        self.looks.set(self.looks.get() + 1);
        self.looks.get() <= self.most
    }
}

impl Iterator for Levels<'_> {
    type Item = (Price, u128);

    fn next(&mut self) -> Option<(Price, u128)> {
        if !self.by_orders {
            let (price, quantity) = self.levels.next()?;
            return self.may_look().then_some((price, quantity.0.into()));
        }
        let mut level: Option<(Price, u128)> = None;
        while let Some(slot) = self.next {
            let order = self.pool.whole(slot);
            if level.is_some_and(|(price, _)| price != order.price) || !self.may_look() {
                break;
            }
            self.next = self.side.after(slot, &self.pool.resting);
            // Whether an order is over does not change while the auction trades. A limit that only such orders have does not matter.
            if !self.pool.is_doubtful() || self.pool.over(slot).is_none() {
                let (_, sum) = level.get_or_insert((order.price, 0));
                *sum += u128::from(order.leaves.0);
            }
        }
        level
    }
}
