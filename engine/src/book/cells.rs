//! Orders in their queues, and the heads of the queues, in one array of 32-byte cells.
//!
//! The array's first half is for orders, the second for levels that have had two or more. Links are indices into the
//! array, and a queue is a ring through its level's cell: so an order always has a neighbour on either side, and putting
//! it in or taking it out asks nothing. An order that comes where there is none is its own level until another joins it:
//! where the market moves nearly all are alone until they end. The array is made once, as long as it can ever get;
//! memory that was never used is never touched. A cell freed last is used first, so that those in use stay warm.
//!
//! A page is 256 neighbouring prices of one side: for each four bytes, which say where its level is. So a price that
//! the market passes costs little of the caches, however far it goes.

use lugus_vocabulary::{Price, Quantity, Side};

use super::zeroed::{Zeroed, Zeros};

/// A handle of an order; `NIL` is none.
pub type Slot = u32;

/// No order, and no level.
pub(crate) const NIL: Slot = Slot::MAX;

/// Most orders that there can be: so many that all positions are below 2^31.
pub(crate) const MAXIMUM_ORDERS: usize = 1 << 28;

/// Price levels of a page.
pub(super) const PAGE_LEVELS: usize = 256;

/// A handle of a price level: the index of its cell, which may be that of its only order.
pub(super) type LevelCell = u32;

/// A price on a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Position {
    pub(super) page: u32,
    /// Its key's last byte.
    pub(super) place: u8,
}

/// A page that is none: no key leads to it.
pub(super) const NO_PAGE: u32 = 0;

/// How many searches may find a page empty before they no longer look at it.
pub(super) const MARKED: u32 = 8;

/// In a page: there is no level.
const VACANT: u32 = 0;

/// In the place of the link back of an order: it is its own level.
const ALONE: u32 = u32::MAX;

/// An order in its queue, or a level.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(32))]
struct Cell {
    /// Next in the ring: of the last order the level, of the level the first order. In a free one the next free one. Of an
    /// order that is its own level a [`Stand`].
    next: u32,
    /// Before it in the ring, or [`ALONE`].
    previous: u32,
    /// Of an order what is open of it; of a level the sum of that.
    quantity: u64,
    /// Of an order its client order id; of a level its price.
    number: u64,
    /// Of an order in a ring its level; of a level a [`Stand`].
    above: u32,
    /// Of an order its owner; of a level how many orders it has.
    count: u32,
}

/// Where a page's levels are, which of them have orders, and where the page belongs.
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
    /// Of those with orders one more than the handles, else [`VACANT`].
    levels: [u32; PAGE_LEVELS],
}

// SAFETY: whole numbers.
unsafe impl Zeros for Cell {}
// SAFETY: whole numbers.
unsafe impl Zeros for Page {}

/// A level's position and side, as they are in a cell: twice 256 times the page and the place there, and the side.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stand(u32);

impl Stand {
    #[inline]
    fn new(position: Position, side: Side) -> Self {
        Self((position.page * PAGE_LEVELS as u32 + u32::from(position.place)) * 2 + (side as u32 - BUY as u32))
    }

    #[inline]
    pub(super) fn position(self) -> Position {
        Position { page: self.0 / 2 / PAGE_LEVELS as u32, place: (self.0 / 2) as u8 }
    }

    #[inline]
    pub(super) fn side(self) -> Side {
        if self.0.is_multiple_of(2) { BUY } else { BUY.opposite() }
    }
}

/// All orders in queues, and all levels, of all books.
#[derive(Debug)]
pub(super) struct Cells {
    cells: Zeroed<Cell>,
    pages: Zeroed<Page>,
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
    /// With fewer of them there are too many without.
    crowded_below: u32,
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
            crowded_below: 0,
            occupied_limit: page_limit(limit) as u32,
            empty_limit: empty_page_limit(limit) as u32,
        }
    }

    /// Has memory for so many orders in place, and for an eighth as many levels of several.
    pub(super) fn prefault(&mut self, orders: usize) {
        let (orders, limit) = (orders.min(self.limit()), self.limit());
        self.cells.prefault(0..orders);
        self.cells.prefault(limit..limit + orders / 8);
        self.pages.prefault(0..page_limit(orders));
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
        let cell = self.cell(slot);
        if cell.previous == ALONE { slot } else { cell.above }
    }

    /// Whether a level is its only order.
    #[inline]
    fn is_order(&self, level: LevelCell) -> bool {
        level < self.limit
    }

    // Queues.

    /// Puts an order at the end of a level's queue. Gives the level, which has another handle if it was its only order.
    #[inline(always)]
    pub(super) fn push_back(&mut self, level: LevelCell, slot: Slot, open: Quantity) -> LevelCell {
        let level = if self.is_order(level) { self.make_ring(level) } else { level };
        let cells = &mut *self.cells;
        let head = &mut cells[level as usize];
        let last = std::mem::replace(&mut head.previous, slot);
        head.quantity += open.0;
        head.count += 1;
        cells[last as usize].next = slot;
        let cell = &mut cells[slot as usize];
        (cell.previous, cell.next, cell.above, cell.quantity) = (last, level, level, open.0);
        level
    }

    /// A level with a cell of its own for an order that was its own level.
    #[inline]
    fn make_ring(&mut self, slot: Slot) -> LevelCell {
        let number = self.price(slot).0.cast_unsigned();
        let cells = &mut *self.cells;
        let mut level = self.free_level;
        if level == NIL {
            level = self.unused_level;
            self.unused_level += 1;
        } else {
            self.free_level = cells[level as usize].next;
        }
        let cell = &mut cells[slot as usize];
        let (above, quantity) = (cell.next, cell.quantity);
        (cell.previous, cell.next, cell.above) = (level, level, level);
        cells[level as usize] = Cell { next: slot, previous: slot, quantity, number, above, count: 1 };
        let Position { page, place } = Stand(above).position();
        self.pages[page as usize].levels[place as usize] = level + 1;
        level
    }

    /// Where an order stands that is its own level.
    #[inline(always)]
    pub(super) fn alone(&self, slot: Slot) -> Option<Stand> {
        let cell = self.cell(slot);
        (cell.previous == ALONE).then_some(Stand(cell.next))
    }

    /// Takes an order that is not its own level out of its level's queue; or gives that level, to be closed, if no other is
    /// there.
    #[inline(always)]
    pub(super) fn unlink(&mut self, slot: Slot) -> Option<LevelCell> {
        let cells = &mut *self.cells;
        let Cell { next, previous, above, quantity, .. } = cells[slot as usize];
        if next == previous {
            return Some(above);
        }
        cells[previous as usize].next = next;
        cells[next as usize].previous = previous;
        let head = &mut cells[above as usize];
        head.quantity -= quantity;
        head.count -= 1;
        None
    }

    /// Makes an order in its queue smaller.
    #[inline]
    pub(super) fn reduce(&mut self, slot: Slot, by: Quantity) {
        let cell = self.cell_mut(slot);
        cell.quantity -= by.0;
        if cell.previous != ALONE {
            let level = cell.above;
            self.cell_mut(level).quantity -= by.0;
        }
    }

    /// The first order of a level that has orders.
    #[inline]
    pub(super) fn first(&self, level: LevelCell) -> Slot {
        if self.is_order(level) { level } else { self.cell(level).next }
    }

    /// The order after this one in its level.
    #[inline]
    pub(super) fn next(&self, slot: Slot) -> Option<Slot> {
        let Cell { next, previous, above, .. } = *self.cell(slot);
        (previous != ALONE && next != above).then_some(next)
    }

    /// The orders of a level, first to last.
    pub(super) fn queue(&self, level: LevelCell) -> impl Iterator<Item = Slot> + '_ {
        std::iter::successors(Some(self.first(level)), move |&slot| self.next(slot))
    }

    /// Whether the links back are those forth turned around, and lead to the level; or it is its only order.
    pub(super) fn is_ring(&self, level: LevelCell) -> bool {
        if self.is_order(level) {
            return self.cell(level).previous == ALONE;
        }
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
    fn stand(&self, level: LevelCell) -> Stand {
        let cell = self.cell(level);
        Stand(if self.is_order(level) { cell.next } else { cell.above })
    }

    #[inline]
    pub(super) fn price(&self, level: LevelCell) -> Price {
        let cell = self.cell(level);
        if !self.is_order(level) {
            return Price(cell.number.cast_signed());
        }
        self.price_at(Stand(cell.next))
    }

    #[inline(always)]
    pub(super) fn price_at(&self, stand: Stand) -> Price {
        let Position { page, place } = stand.position();
        let key = self.page(page).key * PAGE_LEVELS as u64 + u64::from(place);
        Price((key ^ mask(stand.side())).cast_signed())
    }

    #[inline]
    pub(super) fn side(&self, level: LevelCell) -> Side {
        self.stand(level).side()
    }

    #[inline]
    pub(super) fn position_of(&self, level: LevelCell) -> Position {
        self.stand(level).position()
    }

    /// Lots and orders.
    #[inline]
    pub(super) fn sums(&self, level: LevelCell) -> (Quantity, u32) {
        let cell = self.cell(level);
        (Quantity(cell.quantity), if self.is_order(level) { 1 } else { cell.count })
    }

    // Pages.

    /// The level at a position, if it has orders.
    #[inline(always)]
    pub(super) fn level(&self, position: Position) -> Option<LevelCell> {
        let level = self.pages[position.page as usize].levels[position.place as usize];
        (level != VACANT).then(|| level - 1)
    }

    /// The first level of a page that has orders.
    #[inline]
    pub(super) fn first_level(&self, page: u32) -> Option<LevelCell> {
        self.level_from(page, 0)
    }

    /// The first level that has orders on a position's page, and after it.
    #[inline]
    pub(super) fn level_after(&self, position: Position) -> Option<LevelCell> {
        self.level_from(position.page, position.place as usize + 1)
    }

    #[inline]
    fn level_from(&self, page: u32, place: usize) -> Option<LevelCell> {
        let place = self.page(page).occupied_from(place)? as u8;
        self.level(Position { page, place })
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

    /// An order comes where there is none, at this position, on this side: it is its own level. Tells whether the tree says
    /// that the page may have orders.
    #[inline(always)]
    pub(super) fn open_level(&mut self, position: Position, side: Side, slot: Slot, open: Quantity) -> bool {
        let cell = &mut self.cells[slot as usize];
        (cell.previous, cell.next, cell.quantity) = (ALONE, Stand::new(position, side).0, open.0);
        let (page, place) = (&mut self.pages[position.page as usize], position.place as usize);
        page.levels[place] = slot + 1;
        page.occupied[place / 64] |= 1 << (place % 64);
        self.occupied_pages += u32::from(page.count == 0);
        page.count += 1;
        let is_marked = page.marked != 0;
        page.marked = MARKED;
        is_marked
    }

    /// Gives back the cell of a level whose orders were several, and of which none is left. Tells where it was.
    #[inline]
    pub(super) fn free_level(&mut self, level: LevelCell) -> Position {
        let free = std::mem::replace(&mut self.free_level, level);
        let cell = self.cell_mut(level);
        cell.next = free;
        Stand(cell.above).position()
    }

    /// There is no level at a position any more.
    #[inline(always)]
    pub(super) fn vacate(&mut self, position: Position) {
        let (page, place) = (&mut self.pages[position.page as usize], position.place as usize);
        page.levels[place] = VACANT;
        page.occupied[place / 64] &= !(1 << (place % 64));
        page.count -= 1;
        self.occupied_pages -= u32::from(page.is_empty());
    }

    /// Whether there are as many empty pages as there is room for, so that one must be given back.
    #[inline]
    pub(super) fn keeps_too_many(&self) -> bool {
        self.occupied_pages < self.crowded_below
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
        // Nothing else is left of its life before.
        (self.pages[page as usize].key, self.pages[page as usize].marked) = (key, 0);
        self.set_pages_in_use(self.pages_in_use + 1);
        page
    }

    /// Gives a page back, which is empty, and in no tree any more.
    pub(super) fn free_page(&mut self, page: u32) {
        self.pages[page as usize].key = u64::from(self.free_page);
        self.free_page = page;
        self.set_pages_in_use(self.pages_in_use - 1);
    }

    fn set_pages_in_use(&mut self, pages: u32) {
        self.pages_in_use = pages;
        self.crowded_below = (pages + 1).saturating_sub(self.empty_limit);
    }
}

/// Of a stand whose last bit is 0.
const BUY: Side = Side::Buy;

/// What makes prices of a side keys, and keys prices: the best is the lowest, as an unsigned number.
#[inline]
pub(super) fn mask(side: Side) -> u64 {
    // The sign's bit turned makes signed prices unsigned ones; all others turned as well, the order is the other.
    let sign = 1 << 63;
    if side == Side::Buy { !sign } else { sign }
}

/// The first bit that is set, from this one on.
#[inline]
fn first_from(words: &[u64; 4], from: usize) -> Option<usize> {
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
