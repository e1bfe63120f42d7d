//! One side of a book: price levels, best first, each a queue of orders.
//!
//! Levels are found by *key*: the price with some bits flipped by a mask, so that on either side the best price has the
//! lowest key, as an unsigned number. The best level is remembered, and the second best as long as it is known: in a
//! moving market most resting orders open a new best level, and most of those soon end, so that the second best becomes
//! the best again without a search. A level that becomes empty is a cleared bit in its page. The page stays in the tree
//! until other pages are made, or until there are too many empty ones.

use std::hint::select_unpredictable;

use lugus_vocabulary::{Price, PriceLevel, Quantity, Side};

use super::cells::{Cells, LevelCell, NIL, PAGE_LEVELS, Position, Slot, mask};
use super::found::FoundPages;
use super::orders::RestingOrders;
use super::tree::PageTree;
use crate::invariant_error::InvariantError;

/// The price levels of a side.
#[derive(Debug)]
pub struct BookSide {
    side: Side,
    mask: u64,
    best: Remembered,
    second: Remembered,
    /// Bitwise or of the quantities of all orders that ever rested here, in lots. If none had 2^32 lots or more, no
    /// level's sum can overflow a `u64`, as there are fewer than 2^32 orders.
    sizes: Quantity,
    tree: PageTree,
    found: FoundPages,
    /// All pages of the tree, in no particular order.
    pages: Vec<u32>,
    /// Index in `pages` of the page that is examined next when a page is made.
    hand: usize,
}

/// A level with its key, or [`Remembered::NONE`], or [`Remembered::UNKNOWN`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Remembered {
    level: LevelCell,
    key: u64,
}

impl Remembered {
    /// There is no such level: every key is at least as good.
    const NONE: Self = Self { level: NIL, key: u64::MAX };
    /// It is not known whether there is such a level: no key is known to be better. (Only the best level can have the
    /// key 0.) Also the second best if there is no best.
    const UNKNOWN: Self = Self { level: NIL - 1, key: 0 };

    #[inline]
    fn select(first: bool, one: Self, other: Self) -> Self {
        Self {
            level: select_unpredictable(first, one.level, other.level),
            key: select_unpredictable(first, one.key, other.key),
        }
    }
}

/// Number of pages that a side keeps without looking for empty ones: 65,536 neighbouring prices, 272 KiB.
const PAGES_KEPT: usize = 256;

/// Number of pages that are examined when another page is made. With four, at most a third of the pages above
/// [`PAGES_KEPT`] stay empty for long.
const PAGES_LOOKED_AT: usize = 4;

impl BookSide {
    /// A side without orders: bids, highest price first, or asks, lowest price first.
    pub(crate) fn new(side: Side) -> Self {
        Self {
            side,
            mask: mask(side),
            best: Remembered::NONE,
            second: Remembered::NONE,
            sizes: Quantity(0),
            tree: PageTree::new(),
            found: FoundPages::new(),
            pages: Vec::new(),
            hand: 0,
        }
    }

    /// Best price, in ticks.
    #[inline]
    #[must_use]
    pub fn best(&self) -> Option<Price> {
        (self.best != Remembered::NONE).then_some(self.price(self.best.key))
    }

    /// Whether an incoming order of the other side with this limit would trade; `None` takes any price.
    #[inline]
    #[must_use]
    pub fn trades_at(&self, limit: Option<Price>) -> bool {
        let limit = limit.map_or(u64::MAX, |limit| self.key(limit));
        // One branch instead of two, as its outcome is hard to predict.
        (self.best.key <= limit) & (self.best.level != NIL)
    }

    /// The order that trades next, with its price, if an incoming order with this limit trades with it.
    #[inline(always)]
    #[must_use]
    pub fn next_to_trade(&self, limit: Option<Price>, orders: &RestingOrders) -> Option<(Price, Slot)> {
        self.trades_at(limit).then(|| (self.price(self.best.key), orders.cells.first(self.best.level)))
    }

    /// Whether an order of this quantity can rest at this price: the level's sum must fit into a `u64`, and the level's
    /// page must be occupied already, or another page may become so.
    #[inline(always)]
    #[must_use]
    pub fn has_room(&self, price: Price, quantity: Quantity, orders: &RestingOrders) -> bool {
        (orders.cells.has_page() & !is_large(Quantity(self.sizes.0 | quantity.0)))
            || self.finds_room(price, quantity, &orders.cells)
    }

    #[cold]
    fn finds_room(&self, price: Price, quantity: Quantity, cells: &Cells) -> bool {
        match self.position(price, cells).filter(|position| !cells.page(position.page).is_empty()) {
            Some(position) => {
                let sum = cells.level(position).map_or(0, |level| cells.sums(level).0.0);
                sum.checked_add(quantity.0).is_some()
            }
            None => cells.has_page(),
        }
    }

    /// Appends an order with this open quantity to the queue at a price. There must be room.
    #[inline(always)]
    pub fn push_back(&mut self, slot: Slot, price: Price, open: Quantity, orders: &mut RestingOrders) {
        let cells = &mut orders.cells;
        let key = self.key(price);
        let position = self.find_or_add(key, cells);
        self.sizes.0 |= open.0;
        if let Some(until_now) = cells.level(position) {
            let level = cells.push_back(until_now, slot, open);
            if level != until_now {
                self.rename(until_now, level);
            }
        } else {
            if !cells.open_level(position, self.side, slot, open) {
                self.mark(position.page, cells);
            }
            self.remember(Remembered { level: slot, key });
        }
    }

    /// Takes an order out of its queue.
    #[inline(always)]
    pub fn remove(&mut self, slot: Slot, orders: &mut RestingOrders) {
        let cells = &mut orders.cells;
        match cells.alone(slot) {
            Some(stand) => self.close(slot, stand.position(), cells),
            None => self.leave_queue(slot, cells),
        }
    }

    /// As [`BookSide::remove`], for an order that is not its own level.
    #[inline(always)]
    pub(super) fn leave_queue(&mut self, slot: Slot, cells: &mut Cells) {
        if let Some(level) = cells.unlink(slot) {
            let position = cells.free_level(level);
            self.close(level, position, cells);
        }
    }

    /// Reduces the open quantity of an order, which keeps its priority. Some quantity must be left.
    #[inline]
    pub fn reduce(&mut self, slot: Slot, by: Quantity, orders: &mut RestingOrders) {
        orders.cells.reduce(slot, by);
    }

    /// Fills a part of an order, in lots. A filled order leaves its queue; returns whether it did.
    #[inline(always)]
    pub fn fill(&mut self, slot: Slot, by: Quantity, orders: &mut RestingOrders) -> bool {
        let filled = orders.cells.open(slot) == by;
        if filled {
            self.remove(slot, orders);
        } else {
            self.reduce(slot, by, orders);
        }
        filled
    }

    /// Total open quantity at a price, in lots.
    #[must_use]
    pub fn quantity_at(&self, price: Price, orders: &RestingOrders) -> Quantity {
        self.level_at(price, orders).quantity
    }

    /// The level at a price; without orders if there are none.
    #[must_use]
    pub fn level_at(&self, price: Price, orders: &RestingOrders) -> PriceLevel {
        let sums = self.level(price, &orders.cells).map(|level| orders.cells.sums(level));
        let (quantity, orders) = sums.unwrap_or((Quantity(0), 0));
        PriceLevel { price, quantity, orders }
    }

    /// The levels, best first.
    pub fn levels<'a>(&'a self, orders: &'a RestingOrders) -> impl Iterator<Item = PriceLevel> + 'a {
        let cells = &orders.cells;
        self.cells_of_levels(cells).map(|level| {
            let (quantity, orders) = cells.sums(level);
            PriceLevel { price: cells.price(level), quantity, orders }
        })
    }

    /// The levels behind a price, best first. Finding the first of them costs the same for each price, unless the page of the price
    /// has gone with its last level: then the levels before are walked over.
    pub fn levels_after<'a>(
        &'a self,
        price: Price,
        orders: &'a RestingOrders,
    ) -> impl Iterator<Item = PriceLevel> + 'a {
        let (cells, key) = (&orders.cells, self.key(price));
        let first = match self.position(price, cells) {
            Some(position) => self.level_behind(position, cells),
            None => self.cells_of_levels(cells).find(|&level| self.key(cells.price(level)) > key),
        };
        std::iter::successors(first, move |&level| self.next_level(level, cells)).map(move |level| {
            let (quantity, orders) = cells.sums(level);
            PriceLevel { price: cells.price(level), quantity, orders }
        })
    }

    /// The orders at a price, by priority.
    pub fn orders_at<'a>(&'a self, price: Price, orders: &'a RestingOrders) -> impl Iterator<Item = Slot> + 'a {
        self.level(price, &orders.cells).into_iter().flat_map(|level| orders.cells.queue(level))
    }

    /// All orders of the side, by priority.
    pub fn orders<'a>(&'a self, orders: &'a RestingOrders) -> impl Iterator<Item = Slot> + 'a {
        let cells = &orders.cells;
        self.cells_of_levels(cells).flat_map(|level| cells.queue(level))
    }

    /// The next order by priority, for walks that stop and continue later.
    pub(crate) fn after(&self, slot: Slot, orders: &RestingOrders) -> Option<Slot> {
        let cells = &orders.cells;
        cells.next(slot).or_else(|| {
            let level = self.next_level(cells.level_of(slot), cells);
            level.map(|level| cells.first(level))
        })
    }

    /// The next level.
    fn next_level(&self, level: LevelCell, cells: &Cells) -> Option<LevelCell> {
        self.level_behind(cells.position_of(level), cells)
    }

    /// The first level behind a position.
    fn level_behind(&self, position: Position, cells: &Cells) -> Option<LevelCell> {
        let (mut page, mut level) = (position.page, cells.level_after(position));
        while level.is_none() {
            page = self.tree.after(page, cells.pages())?;
            level = cells.first_level(page);
        }
        level
    }

    /// The first order at a price or behind it that is not copied, where the orders of a level that are copied come before the
    /// others, and no order behind the price is copied. Walks over the levels.
    pub(crate) fn uncopied_from(
        &self,
        price: Price,
        orders: &RestingOrders,
        is_copied: impl Fn(Slot) -> bool,
    ) -> Option<Slot> {
        let (cells, key) = (&orders.cells, self.key(price));
        let mut levels = self.cells_of_levels(cells).filter(|&level| self.key(cells.price(level)) >= key);
        levels.find_map(|level| uncopied(level, cells, &is_copied))
    }

    /// The next order that is not copied, after one that is not, or the first; the orders of a level that are copied come
    /// before the others. Walks over the levels in between.
    pub(crate) fn uncopied_after(
        &self,
        before: Option<Slot>,
        orders: &RestingOrders,
        is_copied: impl Fn(Slot) -> bool,
    ) -> Option<Slot> {
        let cells = &orders.cells;
        let mut level = match before {
            Some(slot) => {
                if let Some(next) = cells.next(slot) {
                    return Some(next);
                }
                self.next_level(cells.level_of(slot), cells)
            }
            None => (self.best != Remembered::NONE).then_some(self.best.level),
        };
        while let Some(at) = level {
            if let Some(slot) = uncopied(at, cells, &is_copied) {
                return Some(slot);
            }
            level = self.next_level(at, cells);
        }
        None
    }

    /// The levels, best first, each with its first and its last order.
    pub(crate) fn ends_of_levels<'a>(
        &'a self,
        orders: &'a RestingOrders,
    ) -> impl Iterator<Item = (PriceLevel, [Slot; 2])> + 'a {
        let cells = &orders.cells;
        self.cells_of_levels(cells).map(|level| {
            let (quantity, orders) = cells.sums(level);
            (PriceLevel { price: cells.price(level), quantity, orders }, [cells.first(level), cells.last(level)])
        })
    }

    /// Number of orders; walks over the levels.
    pub(crate) fn count(&self, orders: &RestingOrders) -> usize {
        let cells = &orders.cells;
        self.cells_of_levels(cells).map(|level| cells.sums(level).1 as usize).sum()
    }

    /// Checks the bitmaps, the remembered levels, and every level against its orders. Returns the number of orders.
    pub(crate) fn verify(&self, orders: &RestingOrders) -> Result<usize, InvariantError> {
        let cells = &orders.cells;
        let error = |price, what| Err(InvariantError::Level { side: self.side, price, what });
        let mut levels = self.cells_of_levels(cells);
        let remembered = |level| self.remembered(level, cells);
        let best = levels.next().map_or(Remembered::NONE, remembered);
        if self.best != best {
            return error(self.price(self.best.key), "is not the best");
        }
        if self.second != Remembered::UNKNOWN && self.second != levels.next().map_or(Remembered::NONE, remembered) {
            return error(self.price(self.second.key), "is not the second best");
        }
        let mut all = 0;
        for level in self.cells_of_levels(cells) {
            let count = cells.queue(level).count();
            let sum = cells.queue(level).map(|slot| u128::from(cells.open(slot).0)).sum::<u128>();
            let (quantity, orders) = cells.sums(level);
            let price = cells.price(level);
            if count == 0 || count != orders as usize || sum != u128::from(quantity.0) || !cells.is_ring(level) {
                return error(price, "is not the sum of its orders");
            }
            if self.level(price, cells) != Some(level) || cells.side(level) != self.side {
                return error(price, "is not where its price leads");
            }
            all += count;
        }
        InvariantError::count("pages of a side", self.tree.pages().len(), self.pages.len())?;
        Ok(all)
    }

    #[cfg(test)]
    pub(super) fn pages_in_use(&self) -> usize {
        self.pages.len()
    }

    #[inline]
    fn key(&self, price: Price) -> u64 {
        price.0.cast_unsigned() ^ self.mask
    }

    #[inline]
    fn price(&self, key: u64) -> Price {
        Price((key ^ self.mask).cast_signed())
    }

    /// The level at this price, if it has orders.
    #[inline(always)]
    fn level(&self, price: Price, cells: &Cells) -> Option<LevelCell> {
        cells.level(self.position(price, cells)?)
    }

    /// Position of a price, if its page exists.
    fn position(&self, price: Price, cells: &Cells) -> Option<Position> {
        let key = self.key(price);
        let page = self.tree.find(key / PAGE_LEVELS as u64, cells.pages())?;
        Some(Position { page, place: key as u8 })
    }

    /// Position of a key; makes its page if there is none.
    #[inline(always)]
    fn find_or_add(&mut self, key: u64, cells: &mut Cells) -> Position {
        let page_key = key / PAGE_LEVELS as u64;
        let mut page = self.found.among_few(page_key);
        if cells.page(page).key != page_key {
            page = self.find_in_tree_or_add(page_key, cells);
        }
        Position { page, place: key as u8 }
    }

    #[inline(never)]
    fn find_in_tree_or_add(&mut self, page_key: u64, cells: &mut Cells) -> u32 {
        let mut page = self.found.among_many(page_key);
        if cells.page(page).key != page_key {
            page = self.tree.find(page_key, cells.pages()).unwrap_or_else(|| self.add_page(page_key, cells));
        }
        self.found.put(page_key, page);
        page
    }

    /// Marks a page as occupied in the tree.
    #[inline(never)]
    fn mark(&mut self, page: u32, cells: &mut Cells) {
        self.tree.mark(page, cells.pages_mut());
    }

    /// Updates the remembered levels after a level was opened.
    #[inline(always)]
    fn remember(&mut self, opened: Remembered) {
        // Which of the three it is cannot be predicted, so conditional moves replace branches.
        let (best, second) = (self.best, self.second);
        let (is_best, is_second) = (opened.key <= best.key, opened.key <= second.key);
        let otherwise = Remembered::select(is_second, opened, second);
        self.second = Remembered::select(is_best, best, otherwise);
        self.best = Remembered::select(is_best, opened, best);
    }

    /// Updates the remembered levels after the handle of a level changed.
    #[inline]
    fn rename(&mut self, until_now: LevelCell, level: LevelCell) {
        for remembered in [&mut self.best, &mut self.second] {
            if remembered.level == until_now {
                remembered.level = level;
            }
        }
    }

    /// Closes the level at a position, which has lost its last order.
    #[inline(always)]
    pub(super) fn close(&mut self, level: LevelCell, position: Position, cells: &mut Cells) {
        cells.vacate(position);
        // Whether it is one of the two cannot be predicted either.
        let (best, second) = (self.best, self.second);
        let (was_best, was_second) = (level == best.level, level == second.level);
        self.second = Remembered::select(was_best | was_second, Remembered::UNKNOWN, second);
        self.best = Remembered::select(was_best, second, best);
        if self.best.level == Remembered::UNKNOWN.level {
            self.best = self.search(position, cells);
        }
        if cells.keeps_too_many() {
            self.give_back(position.page, cells);
        }
    }

    /// Frees a page if it is empty.
    #[cold]
    #[inline(never)]
    fn give_back(&mut self, page: u32, cells: &mut Cells) {
        if cells.page(page).is_empty() {
            let at = self.pages.iter().position(|&own| own == page);
            self.drop_page(at, cells);
        }
    }

    /// Finds the best level after the best level, at `gone`, was closed.
    #[inline]
    fn search(&mut self, gone: Position, cells: &mut Cells) -> Remembered {
        let level = cells.level_after(gone).or_else(|| self.search_tree(gone.page, cells));
        level.map_or(Remembered::NONE, |level| self.remembered(level, cells))
    }

    #[inline(never)]
    fn search_tree(&mut self, page: u32, cells: &mut Cells) -> Option<LevelCell> {
        let page = self.tree.occupied_after(page, cells.pages_mut())?;
        cells.first_level(page)
    }

    #[inline]
    fn remembered(&self, level: LevelCell, cells: &Cells) -> Remembered {
        Remembered { level, key: self.key(cells.price(level)) }
    }

    /// Makes a page for a key.
    #[cold]
    #[inline(never)]
    fn add_page(&mut self, key: u64, cells: &mut Cells) -> u32 {
        for _ in 0..PAGES_LOOKED_AT {
            if self.pages.len() < PAGES_KEPT && !cells.keeps_too_many() {
                break;
            }
            self.hand = if self.hand < self.pages.len() { self.hand } else { 0 };
            match self.pages.get(self.hand) {
                Some(&page) if cells.page(page).is_empty() => self.drop_page(Some(self.hand), cells),
                _ => self.hand += 1,
            }
        }
        let page = cells.take_page(key);
        self.pages.push(page);
        self.found.make_room(self.pages.len());
        self.tree.insert(page, cells.pages_mut());
        page
    }

    /// Frees an empty page, at this index of `pages`.
    #[cold]
    #[inline(never)]
    fn drop_page(&mut self, at: Option<usize>, cells: &mut Cells) {
        if let Some(at) = at {
            let page = self.pages.swap_remove(at);
            self.found.forget(cells.page(page).key, page);
            self.tree.remove(page, cells.pages());
            cells.free_page(page);
        }
    }

    /// Levels with orders, best first: walks the pages by key from the best level's page on, and the bits of each.
    fn cells_of_levels<'a>(&'a self, cells: &'a Cells) -> impl Iterator<Item = LevelCell> + 'a {
        let best = (self.best != Remembered::NONE).then(|| cells.position_of(self.best.level).page);
        std::iter::successors(best, |&page| self.tree.after(page, cells.pages())).flat_map(move |page| {
            std::iter::successors(cells.first_level(page), move |&level| cells.level_after(cells.position_of(level)))
        })
    }
}

/// The first order of a level that is not copied.
fn uncopied(level: LevelCell, cells: &Cells, is_copied: impl Fn(Slot) -> bool) -> Option<Slot> {
    let last = Some(cells.last(level)).filter(|&slot| !is_copied(slot));
    std::iter::successors(last, |&slot| cells.previous(slot).filter(|&slot| !is_copied(slot))).last()
}

#[inline]
fn is_large(quantity: Quantity) -> bool {
    quantity.0 >> 32 != 0
}
