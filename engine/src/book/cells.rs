//! Orders in their queues, and the heads of the queues, in one array of 32-byte cells.
//!
//! The array's first half is for orders, the second for levels that have some. Links are indices into the array, and a
//! queue is a ring through its level's cell: so an order always has a neighbour on either side, and putting it in or
//! taking it out asks nothing. The array is made once, as long as it can ever get; memory that was never used is never
//! touched. A cell freed last is used first, so that those in use stay warm.
//!
//! A page is 256 neighbouring prices of one side: for each four bytes, which say where its level is. So a price that
//! the market passes costs little of the caches, however far it goes.

use super::zeroed::{Zeroed, Zeros};
use crate::command::Side;
use crate::units::{Price, Quantity};

/// A handle of an order; `NIL` is none.
pub type Slot = u32;

/// No order, and no level.
pub(crate) const NIL: Slot = Slot::MAX;

/// Most orders that there can be: so many that all positions are below 2^31.
pub(crate) const MAXIMUM_ORDERS: usize = 1 << 28;

/// Price levels of a page.
pub(super) const PAGE_LEVELS: usize = 256;

/// A handle of a price level: the index of its cell. Never 0.
pub(super) type LevelCell = u32;

/// A price on a page: 256 times the page, and the place there.
pub(super) type Position = u32;

/// A page that is none: no key leads to it.
pub(super) const NO_PAGE: u32 = 0;

/// How many searches may find a page empty before they no longer look at it.
pub(super) const MARKED: u32 = 8;

/// No level has orders at this position.
const VACANT: LevelCell = 0;

/// An order in its queue, or a level.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(32))]
struct Cell {
    /// Next in the ring: of the last order the level, of the level the first order. In a free one the next free one.
    next: u32,
    /// Before it in the ring.
    previous: u32,
    /// Of an order what is open of it; of a level the sum of that.
    quantity: u64,
    /// Of an order its client order id; of a level its price.
    number: u64,
    /// Of an order its level; of a level twice its position, and its side.
    above: u32,
    /// Of an order its owner; of a level how many orders it has.
    count: u32,
}

/// Which of a page's levels have orders, and where the page belongs.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
pub(super) struct Page {
    occupied: [u64; PAGE_LEVELS / 64],
    /// How many are.
    count: u32,
    /// How many more searches may find it empty before the tree no longer says that it may have orders; 0 when it does
    /// not say so.
    pub(super) marked: u32,
    /// Of all its levels' keys the upper 56 bits; in a free page the next free one.
    pub(super) key: u64,
}

// SAFETY: whole numbers.
unsafe impl Zeros for Cell {}
// SAFETY: whole numbers.
unsafe impl Zeros for Page {}
// SAFETY: a whole number.
unsafe impl Zeros for u32 {}

/// All orders in queues, and all levels, of all books.
#[derive(Debug)]
pub(super) struct Cells {
    cells: Zeroed<Cell>,
    pages: Zeroed<Page>,
    /// By position.
    levels: Zeroed<LevelCell>,
    /// Cells for orders, and as many for levels.
    limit: u32,
    free: Slot,
    unused: Slot,
    free_level: LevelCell,
    unused_level: LevelCell,
    free_page: u32,
    unused_page: u32,
    /// Pages in a tree.
    pages_in_use: u32,
    /// Those of them with an order.
    occupied_pages: u32,
    /// Most pages there may be with an order, and without.
    occupied_limit: u32,
    empty_limit: u32,
}

impl Page {
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The first level with orders, from this one on.
    #[inline]
    fn occupied_from(&self, level: usize) -> Option<usize> {
        first_from(&self.occupied, level)
    }
}

impl Cells {
    /// For `limit` orders, [`MAXIMUM_ORDERS`] at most, and the pages that go with so many.
    pub(super) fn new(limit: usize) -> Self {
        let limit = limit.min(MAXIMUM_ORDERS);
        let pages = page_limit(limit) + empty_page_limit(limit);
        // The first page is never taken: it is that of whoever knows none.
        let mut pages = Zeroed::<Page>::new(pages + 1);
        pages[NO_PAGE as usize].key = u64::MAX;
        Self {
            cells: Zeroed::new(limit * 2),
            levels: Zeroed::new(pages.len() * PAGE_LEVELS),
            pages,
            limit: limit as u32,
            free: NIL,
            unused: 0,
            free_level: NIL,
            unused_level: limit as LevelCell,
            free_page: NIL,
            unused_page: NO_PAGE + 1,
            pages_in_use: 0,
            occupied_pages: 0,
            occupied_limit: page_limit(limit) as u32,
            empty_limit: empty_page_limit(limit) as u32,
        }
    }

    #[inline]
    fn cell(&self, index: u32) -> &Cell {
        &self.cells[index as usize]
    }

    #[inline]
    fn cell_mut(&mut self, index: u32) -> &mut Cell {
        &mut self.cells[index as usize]
    }

    // Orders.

    /// How many orders there are cells for.
    #[inline]
    pub(super) fn limit(&self) -> usize {
        self.limit as usize
    }

    /// How many cells were ever used by orders: all their slots are below.
    #[inline]
    pub(super) fn used(&self) -> usize {
        self.unused as usize
    }

    /// A cell for an order, which is in no queue yet. It is not full.
    #[inline(always)]
    pub(super) fn take(&mut self, owner: u32, number: u64) -> Slot {
        let cells = &mut *self.cells;
        let slot = self.free;
        if slot == NIL {
            self.unused += 1;
            let slot = self.unused - 1;
            let cell = &mut cells[slot as usize];
            (cell.number, cell.count) = (number, owner);
            return slot;
        }
        let cell = &mut cells[slot as usize];
        self.free = cell.next;
        (cell.number, cell.count) = (number, owner);
        slot
    }

    /// Gives a cell back; its order is in no queue any more.
    #[inline(always)]
    pub(super) fn free(&mut self, slot: Slot) {
        let free = std::mem::replace(&mut self.free, slot);
        self.cell_mut(slot).next = free;
    }

    /// The free cells: a walk.
    pub(super) fn free_slots(&self) -> impl Iterator<Item = Slot> + '_ {
        let link = |slot: Slot| (slot != NIL).then_some(slot);
        std::iter::successors(link(self.free), move |&slot| link(self.cell(slot).next))
    }

    /// An order's owner and client order id.
    #[inline]
    pub(super) fn key(&self, slot: Slot) -> (u32, u64) {
        let cell = self.cell(slot);
        (cell.count, cell.number)
    }

    #[inline]
    pub(super) fn rename(&mut self, slot: Slot, number: u64) {
        self.cell_mut(slot).number = number;
    }

    /// What is open of an order in its queue.
    #[inline]
    pub(super) fn open(&self, slot: Slot) -> Quantity {
        Quantity(self.cell(slot).quantity)
    }

    /// The level of an order in its queue.
    #[inline]
    pub(super) fn level_of(&self, slot: Slot) -> LevelCell {
        self.cell(slot).above
    }

    // Queues.

    /// Puts an order at the end of a level's queue.
    #[inline(always)]
    pub(super) fn push_back(&mut self, level: LevelCell, slot: Slot, open: Quantity) {
        let cells = &mut *self.cells;
        let head = &mut cells[level as usize];
        let last = std::mem::replace(&mut head.previous, slot);
        head.quantity += open.0;
        head.count += 1;
        cells[last as usize].next = slot;
        let cell = &mut cells[slot as usize];
        (cell.previous, cell.next, cell.above, cell.quantity) = (last, level, level, open.0);
    }

    /// Takes an order out of its level's queue. Tells whether it was the last there.
    #[inline(always)]
    pub(super) fn unlink(&mut self, slot: Slot) -> bool {
        let cells = &mut *self.cells;
        let Cell { next, previous, above, quantity, .. } = cells[slot as usize];
        cells[previous as usize].next = next;
        cells[next as usize].previous = previous;
        let head = &mut cells[above as usize];
        head.quantity -= quantity;
        head.count -= 1;
        head.count == 0
    }

    /// Makes an order in its queue smaller.
    #[inline]
    pub(super) fn reduce(&mut self, slot: Slot, by: Quantity) {
        let cell = self.cell_mut(slot);
        cell.quantity -= by.0;
        let level = cell.above;
        self.cell_mut(level).quantity -= by.0;
    }

    /// The first order of a level that has orders.
    #[inline]
    pub(super) fn first(&self, level: LevelCell) -> Slot {
        self.cell(level).next
    }

    /// The order after this one in its level.
    #[inline]
    pub(super) fn next(&self, slot: Slot) -> Option<Slot> {
        let Cell { next, above, .. } = *self.cell(slot);
        (next != above).then_some(next)
    }

    /// The orders of a level, first to last.
    pub(super) fn queue(&self, level: LevelCell) -> impl Iterator<Item = Slot> + '_ {
        let inside = move |cell: u32| (cell != level).then_some(cell);
        std::iter::successors(inside(self.first(level)), move |&slot| inside(self.cell(slot).next))
    }

    /// Whether the links back are those forth turned around, and lead to the level.
    pub(super) fn is_ring(&self, level: LevelCell) -> bool {
        let mut before = level;
        for slot in self.queue(level) {
            let cell = self.cell(slot);
            if cell.previous != before || cell.above != level {
                return false;
            }
            before = slot;
        }
        self.cell(level).previous == before
    }

    // Levels.

    #[inline]
    pub(super) fn price(&self, level: LevelCell) -> Price {
        Price(self.cell(level).number.cast_signed())
    }

    #[inline]
    pub(super) fn side(&self, level: LevelCell) -> Side {
        if self.cell(level).above % 2 == BUY { Side::Buy } else { Side::Sell }
    }

    #[inline]
    pub(super) fn position_of(&self, level: LevelCell) -> Position {
        self.cell(level).above / 2
    }

    /// Lots and orders.
    #[inline]
    pub(super) fn sums(&self, level: LevelCell) -> (Quantity, u32) {
        let head = self.cell(level);
        (Quantity(head.quantity), head.count)
    }

    // Pages.

    /// The level at a position, if it has orders.
    #[inline]
    pub(super) fn level(&self, position: Position) -> Option<LevelCell> {
        let level = self.levels[position as usize];
        (level != VACANT).then_some(level)
    }

    /// The first level of a page that has orders, from this place on.
    #[inline]
    pub(super) fn level_from(&self, page: u32, place: usize) -> Option<LevelCell> {
        let place = self.page(page).occupied_from(place)?;
        self.level(position(page, place as u64))
    }

    #[inline]
    pub(super) fn page(&self, page: u32) -> &Page {
        &self.pages[page as usize]
    }

    #[inline]
    pub(super) fn pages(&self) -> &[Page] {
        &self.pages
    }

    #[inline]
    pub(super) fn pages_mut(&mut self) -> &mut [Page] {
        &mut self.pages
    }

    /// Whether an order may still go to a page that has none.
    #[inline]
    pub(super) fn has_page(&self) -> bool {
        self.occupied_pages < self.occupied_limit
    }

    /// A level with its first order, where there was none: one for the price at this position, on this side. Tells also
    /// whether the tree says that the page may have orders.
    #[inline(always)]
    pub(super) fn open_level(
        &mut self,
        position: Position,
        price: Price,
        side: Side,
        slot: Slot,
        open: Quantity,
    ) -> (LevelCell, bool) {
        let cells = &mut *self.cells;
        let mut level = self.free_level;
        if level == NIL {
            level = self.unused_level;
            self.unused_level += 1;
        } else {
            self.free_level = cells[level as usize].next;
        }
        let above = position * 2 + if side == Side::Buy { BUY } else { 1 - BUY };
        let number = price.0.cast_unsigned();
        cells[level as usize] = Cell { next: slot, previous: slot, quantity: open.0, number, above, count: 1 };
        let cell = &mut cells[slot as usize];
        (cell.previous, cell.next, cell.above, cell.quantity) = (level, level, level, open.0);
        self.levels[position as usize] = level;
        let (page, place) = page_and_place(position);
        let page = &mut self.pages[page as usize];
        page.occupied[place / 64] |= 1 << (place % 64);
        self.occupied_pages += u32::from(page.count == 0);
        page.count += 1;
        let is_marked = page.marked != 0;
        page.marked = MARKED;
        (level, is_marked)
    }

    /// Gives back a level that has no orders any more. Tells where it was, and whether no other of its page has any and
    /// there are too many such pages.
    #[inline(always)]
    pub(super) fn close_level(&mut self, level: LevelCell) -> (Position, bool) {
        let cell = &mut self.cells[level as usize];
        let position = cell.above / 2;
        cell.next = std::mem::replace(&mut self.free_level, level);
        self.levels[position as usize] = VACANT;
        let (page, place) = page_and_place(position);
        let page = &mut self.pages[page as usize];
        page.occupied[place / 64] &= !(1 << (place % 64));
        page.count -= 1;
        let last = u32::from(page.is_empty());
        self.occupied_pages -= last;
        // One thing to ask that is hardly ever so, not two of which one often is.
        (position, last * (self.pages_in_use - self.occupied_pages) >= self.empty_limit)
    }

    /// Whether there are as many empty pages as there is room for, so that one must be given back.
    #[inline]
    pub(super) fn keeps_too_many(&self) -> bool {
        self.pages_in_use - self.occupied_pages >= self.empty_limit
    }

    /// A page for the prices whose keys begin with these 56 bits. It is empty, and there is one: while fewer are occupied
    /// than may be, fewer are empty than may be.
    pub(super) fn take_page(&mut self, key: u64) -> u32 {
        let page = if self.free_page == NIL {
            self.unused_page += 1;
            self.unused_page - 1
        } else {
            let page = self.free_page;
            self.free_page = self.pages[page as usize].key as u32;
            page
        };
        self.pages[page as usize] = Page { occupied: [0; PAGE_LEVELS / 64], count: 0, marked: 0, key };
        self.pages_in_use += 1;
        page
    }

    /// Gives a page back, which is empty, and in no tree any more.
    pub(super) fn free_page(&mut self, page: u32) {
        self.pages[page as usize].key = u64::from(self.free_page);
        self.free_page = page;
        self.pages_in_use -= 1;
    }
}

/// The bit that says that a level is one of bids.
const BUY: u32 = 0;

/// A price's position: its page's, and its key's last byte.
#[inline]
pub(super) fn position(page: u32, key: u64) -> Position {
    page * PAGE_LEVELS as u32 + key as u32 % PAGE_LEVELS as u32
}

/// A position's page, and its place there.
#[inline]
pub(super) fn page_and_place(position: Position) -> (u32, usize) {
    (position / PAGE_LEVELS as u32, position as usize % PAGE_LEVELS)
}

/// The first bit that is set, from this one on.
#[inline]
pub(super) fn first_from(words: &[u64; 4], from: usize) -> Option<usize> {
    let mut word = from / 64;
    let mut bits = words.get(word)? & (u64::MAX << (from % 64));
    while bits == 0 {
        word += 1;
        bits = *words.get(word)?;
    }
    Some(word * 64 + bits.trailing_zeros() as usize)
}

/// How many pages may have orders in them: one for 64 orders, 1,024 at least. A page is 1 KiB.
fn page_limit(orders: usize) -> usize {
    (orders / 64).max(1_024)
}

/// How many pages without orders may wait for some to come.
fn empty_page_limit(orders: usize) -> usize {
    page_limit(orders) / 2
}
