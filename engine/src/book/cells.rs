//! Orders in their queues, and the heads of the queues, in one array of 32-byte cells.
//!
//! The array's first part is for orders, the rest for pages: the heads of 256 neighbouring price levels of one side.
//! Links are indices into the array, and a queue is a ring through its level's cell: so an order always has a
//! neighbour on either side, and putting it in or taking it out asks nothing. The array is made once, as long as it can
//! ever get; memory that was never used is never touched. A cell freed last is used first, so that those in use stay
//! warm.

use super::zeroed::{Zeroed, Zeros};
use crate::command::Side;
use crate::units::{Price, Quantity};

/// A handle of an order; `NIL` is none.
pub type Slot = u32;

/// No order, and no level.
pub(crate) const NIL: Slot = Slot::MAX;

/// Most orders that there can be.
pub(crate) const MAXIMUM_ORDERS: usize = 1 << 31;

/// Price levels of a page.
pub(super) const PAGE_LEVELS: usize = 256;

/// A handle of a price level: the index of its cell.
pub(super) type LevelCell = u32;

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
    /// Of an order its level; of a level its side.
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
    count: u64,
    /// Of all its levels' keys the upper 56 bits; in a free page the next free one.
    pub(super) key: u64,
}

// SAFETY: whole numbers.
unsafe impl Zeros for Cell {}
// SAFETY: whole numbers.
unsafe impl Zeros for Page {}

/// All orders in queues, and all levels, of all books.
#[derive(Debug)]
pub(super) struct Cells {
    cells: Zeroed<Cell>,
    pages: Zeroed<Page>,
    /// Cells for orders.
    limit: u32,
    free: Slot,
    unused: Slot,
    free_page: u32,
    unused_page: u32,
    /// Pages with an order in them.
    occupied_pages: u32,
    /// Pages without, that still are in a tree.
    empty_pages: u32,
}

impl Page {
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The first level with orders, from this one on.
    #[inline]
    pub(super) fn occupied_from(&self, level: usize) -> Option<usize> {
        let mut word = level / 64;
        let mut bits = self.occupied.get(word)? & (u64::MAX << (level % 64));
        while bits == 0 {
            word += 1;
            bits = *self.occupied.get(word)?;
        }
        Some(word * 64 + bits.trailing_zeros() as usize)
    }
}

impl Cells {
    /// For `limit` orders, [`MAXIMUM_ORDERS`] at most, and the pages that go with so many.
    pub(super) fn new(limit: usize) -> Self {
        let limit = limit.min(MAXIMUM_ORDERS);
        let pages = page_limit(limit) + empty_page_limit(limit);
        let (cells, pages) = (Zeroed::new(limit + pages * PAGE_LEVELS), Zeroed::new(pages));
        Self {
            cells,
            pages,
            limit: limit as u32,
            free: NIL,
            unused: 0,
            free_page: NIL,
            unused_page: 0,
            occupied_pages: 0,
            empty_pages: 0,
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

    /// Whether there is no cell for one more order.
    #[inline]
    pub(super) fn is_full(&self) -> bool {
        self.free == NIL && self.unused == self.limit
    }

    /// How many cells were ever used by orders: all their slots are below.
    #[inline]
    pub(super) fn used(&self) -> usize {
        self.unused as usize
    }

    /// A cell for an order, which is in no queue yet. It is not full.
    #[inline(always)]
    pub(super) fn take(&mut self, owner: u32, number: u64) -> Slot {
        let slot = self.free;
        let slot = if slot == NIL {
            self.unused += 1;
            self.unused - 1
        } else {
            self.free = self.cell(slot).next;
            slot
        };
        let cell = self.cell_mut(slot);
        (cell.number, cell.count, cell.above) = (number, owner, NIL);
        slot
    }

    /// Gives a cell back; its order is in no queue any more.
    #[inline(always)]
    pub(super) fn free(&mut self, slot: Slot) {
        let free = std::mem::replace(&mut self.free, slot);
        let cell = self.cell_mut(slot);
        (cell.next, cell.number) = (free, 0);
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

    /// Puts an order at the end of a level's queue. Tells whether it is the first there.
    #[inline(always)]
    pub(super) fn push_back(&mut self, level: LevelCell, slot: Slot, open: Quantity) -> bool {
        let head = self.cell_mut(level);
        let last = std::mem::replace(&mut head.previous, slot);
        head.quantity += open.0;
        head.count += 1;
        let first = head.count == 1;
        self.cell_mut(last).next = slot;
        let cell = self.cell_mut(slot);
        (cell.previous, cell.next, cell.above, cell.quantity) = (last, level, level, open.0);
        first
    }

    /// Takes an order out of its level's queue. Tells whether it was the last there.
    #[inline(always)]
    pub(super) fn unlink(&mut self, slot: Slot) -> bool {
        let Cell { next, previous, above, quantity, .. } = *self.cell(slot);
        self.cell_mut(previous).next = next;
        self.cell_mut(next).previous = previous;
        let head = self.cell_mut(above);
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
        if self.cell(level).above == Side::Buy as u32 { Side::Buy } else { Side::Sell }
    }

    /// Lots and orders.
    #[inline]
    pub(super) fn sums(&self, level: LevelCell) -> (Quantity, u32) {
        let head = self.cell(level);
        (Quantity(head.quantity), head.count)
    }

    // Pages.

    /// The level at this place of a page.
    #[inline]
    pub(super) fn level(&self, page: u32, place: usize) -> LevelCell {
        self.limit + page * PAGE_LEVELS as u32 + place as u32
    }

    /// A level's page, and its place there.
    #[inline]
    pub(super) fn page_of(&self, level: LevelCell) -> (u32, usize) {
        let place = level - self.limit;
        (place / PAGE_LEVELS as u32, place as usize % PAGE_LEVELS)
    }

    #[inline]
    pub(super) fn page(&self, page: u32) -> &Page {
        &self.pages[page as usize]
    }

    #[inline]
    pub(super) fn pages(&self) -> &[Page] {
        &self.pages
    }

    /// Whether an order may still go to a page that has none.
    #[inline]
    pub(super) fn has_page(&self) -> bool {
        (self.occupied_pages as usize) < page_limit(self.limit as usize)
    }

    /// Says that a level has orders now.
    #[inline(always)]
    pub(super) fn occupy(&mut self, level: LevelCell) {
        let (page, place) = self.page_of(level);
        let page = &mut self.pages[page as usize];
        page.occupied[place / 64] |= 1 << (place % 64);
        page.count += 1;
        let first = page.count == 1;
        self.occupied_pages += u32::from(first);
        self.empty_pages -= u32::from(first);
    }

    /// Says that a level has no orders any more. Tells whether no other of the page has.
    #[inline(always)]
    pub(super) fn vacate(&mut self, level: LevelCell) -> bool {
        let (page, place) = self.page_of(level);
        let page = &mut self.pages[page as usize];
        page.occupied[place / 64] &= !(1 << (place % 64));
        page.count -= 1;
        let last = page.is_empty();
        self.occupied_pages -= u32::from(last);
        self.empty_pages += u32::from(last);
        last
    }

    /// Whether there are as many empty pages as there is room for, so that one must be given back.
    #[inline]
    pub(super) fn keeps_too_many(&self) -> bool {
        self.empty_pages as usize >= empty_page_limit(self.limit as usize)
    }

    /// A page for a side's levels whose keys begin with these 56 bits, `key << 8 | place` being `price ^ mask`. It is
    /// empty, and there is one: while fewer are occupied than may be, fewer are empty than may be.
    pub(super) fn take_page(&mut self, key: u64, mask: u64, side: Side) -> u32 {
        let page = if self.free_page == NIL {
            self.unused_page += 1;
            self.unused_page - 1
        } else {
            let page = self.free_page;
            self.free_page = self.pages[page as usize].key as u32;
            page
        };
        self.pages[page as usize] = Page { occupied: [0; PAGE_LEVELS / 64], count: 0, key };
        let first = self.level(page, 0);
        for (place, cell) in self.cells[first as usize..][..PAGE_LEVELS].iter_mut().enumerate() {
            let level = first + place as u32;
            let number = (key << 8 | place as u64) ^ mask;
            *cell = Cell { next: level, previous: level, quantity: 0, number, above: side as u32, count: 0 };
        }
        self.empty_pages += 1;
        page
    }

    /// Gives a page back, which is empty, and in no tree any more.
    pub(super) fn free_page(&mut self, page: u32) {
        self.pages[page as usize].key = u64::from(self.free_page);
        self.free_page = page;
        self.empty_pages -= 1;
    }
}

/// How many pages may have orders in them: one for 64 orders, 1,024 at least. A page is 8 KiB.
fn page_limit(orders: usize) -> usize {
    (orders / 64).max(1_024)
}

/// How many pages without orders may wait for some to come.
fn empty_page_limit(orders: usize) -> usize {
    page_limit(orders) / 2
}
