//! The memory layout of queues: orders and price levels in one array of 32-byte cells.
//!
//! The first half of the array holds orders, the second half holds levels that have had two or more orders. Links are
//! indices into the array. A queue is a ring through the cell of its level, so an order always has a neighbour on
//! either side, and linking or unlinking it needs no branch. The first order at a price is its own level and has no
//! cell for the level until a second order joins it: in a moving market most orders are alone at their price until they
//! end. The array is allocated once at its largest length; memory that was never used is never touched. The cell freed
//! last is used first, so that the cells in use stay in the caches.
//!
//! A page covers 256 neighbouring prices of one side, with four bytes for each, which say where the level is. So a
//! price that the market passes costs little cache, however far the market moves.

use lugus_vocabulary::{Price, Quantity, Side};

use super::zeroed::{Zeroed, Zeros};

/// Handle of an order; `NIL` means no order.
pub type Slot = u32;

/// No order, and no level.
pub(crate) const NIL: Slot = Slot::MAX;

/// Largest number of orders: with it all positions are below 2^31.
pub(crate) const MAXIMUM_ORDERS: usize = 1 << 28;

/// Number of prices that a page covers.
pub(super) const PAGE_LEVELS: usize = 256;

/// Handle of a price level: the index of its cell, which is the order's own cell as long as the order is alone.
pub(super) type LevelCell = u32;

/// Position of a price: its page, and its place on the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Position {
    pub(super) page: u32,
    /// The last byte of the price's key.
    pub(super) place: u8,
}

/// Handle of no page: no key leads to it.
pub(super) const NO_PAGE: u32 = 0;

/// Number of searches that may find a page empty before the tree no longer leads searches to it.
pub(super) const MARKED: u32 = 8;

/// Entry of a page for a price without orders.
const VACANT: u32 = 0;

/// Value of `Cell::previous` for an order that is its own level.
const ALONE: u32 = u32::MAX;

/// An order in its queue, or a price level.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(32))]
struct Cell {
    /// Next cell in the ring: the level follows the last order, the first order follows the level. In a free cell the
    /// next free cell. In an order that is its own level a [`Stand`].
    next: u32,
    /// Previous cell in the ring, or [`ALONE`].
    previous: u32,
    /// Open quantity of an order; total open quantity of a level, in lots.
    quantity: u64,
    /// Client order id of an order; price of a level, in ticks.
    number: u64,
    /// Level of an order in a ring; [`Stand`] of a level.
    above: u32,
    /// Owner of an order; number of orders of a level.
    count: u32,
}

/// A page: the levels of 256 neighbouring prices, and a bitmap of those that have orders.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
pub(super) struct Page {
    occupied: [u64; PAGE_LEVELS / 64],
    /// Number of prices with orders.
    count: u32,
    /// Number of searches that may still find the page empty before its mark in the tree is cleared; 0 while the tree
    /// does not mark it as occupied.
    pub(super) marked: u32,
    /// The upper 56 bits of the keys of all its prices; in a free page the next free page.
    pub(super) key: u64,
    /// Handle of each level plus one, or [`VACANT`].
    levels: [u32; PAGE_LEVELS],
}

// SAFETY: all fields are whole numbers, for which all bits zero is a value.
unsafe impl Zeros for Cell {}
// SAFETY: all fields are whole numbers, for which all bits zero is a value.
unsafe impl Zeros for Page {}

/// Position and side of a level in 32 bits, as a cell stores them: bit 0 is the side, bits 1 to 8 the place on the
/// page, and the bits above the page.
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

/// All orders in queues and all levels, of all books.
#[derive(Debug)]
pub(super) struct Cells {
    cells: Zeroed<Cell>,
    pages: Zeroed<Page>,
    /// Number of cells for orders, and of cells for levels.
    limit: u32,
    free: Slot,
    unused: Slot,
    free_level: LevelCell,
    unused_level: LevelCell,
    free_page: u32,
    unused_page: u32,
    /// Number of pages that are in a tree.
    pages_in_use: u32,
    /// Number of pages with an order.
    occupied_pages: u32,
    /// While fewer pages than this are occupied, too many are empty.
    crowded_below: u32,
    /// Largest numbers of pages with an order, and of empty pages.
    occupied_limit: u32,
    empty_limit: u32,
}

impl Page {
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The first place with orders, from this one on.
    #[inline]
    fn occupied_from(&self, level: usize) -> Option<usize> {
        first_from(&self.occupied, level)
    }
}

impl Cells {
    /// Room for `limit` orders, at most [`MAXIMUM_ORDERS`], and for the pages that belong to them.
    pub(super) fn new(limit: usize) -> Self {
        let limit = limit.min(MAXIMUM_ORDERS);
        let pages = page_limit(limit) + empty_page_limit(limit);
        // The first page is never used: its handle is `NO_PAGE`.
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

    /// Has the system map the memory of the first `orders` orders, and of an eighth as many levels of several orders.
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

    /// Number of orders that there are cells for.
    #[inline]
    pub(super) fn limit(&self) -> usize {
        self.limit as usize
    }

    /// Number of cells that orders ever used; all slots in use are below it.
    #[inline]
    pub(super) fn used(&self) -> usize {
        self.unused as usize
    }

    /// Takes a cell for an order that is in no queue yet. There must be one.
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

    /// Frees the cell of an order that is no longer in a queue.
    #[inline(always)]
    pub(super) fn free(&mut self, slot: Slot) {
        let free = std::mem::replace(&mut self.free, slot);
        self.cell_mut(slot).next = free;
    }

    /// The free cells; walks over them.
    pub(super) fn free_slots(&self) -> impl Iterator<Item = Slot> + '_ {
        let link = |slot: Slot| (slot != NIL).then_some(slot);
        std::iter::successors(link(self.free), move |&slot| link(self.cell(slot).next))
    }

    /// Owner and client order id of an order.
    #[inline]
    pub(super) fn key(&self, slot: Slot) -> (u32, u64) {
        let cell = self.cell(slot);
        (cell.count, cell.number)
    }

    #[inline]
    pub(super) fn rename(&mut self, slot: Slot, number: u64) {
        self.cell_mut(slot).number = number;
    }

    /// Open quantity of an order in a queue, in lots.
    #[inline]
    pub(super) fn open(&self, slot: Slot) -> Quantity {
        Quantity(self.cell(slot).quantity)
    }

    /// The level of an order in a queue.
    #[inline]
    pub(super) fn level_of(&self, slot: Slot) -> LevelCell {
        let cell = self.cell(slot);
        if cell.previous == ALONE { slot } else { cell.above }
    }

    /// Whether a level is an order that is its own level.
    #[inline]
    fn is_order(&self, level: LevelCell) -> bool {
        level < self.limit
    }

    // Queues.

    /// Appends an order to the queue of a level. Returns the level, whose handle changes if it was its only order.
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

    /// Gives a level its own cell; until now its only order was the level.
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

    /// Position and side of an order that is its own level; `None` for all other orders.
    #[inline(always)]
    pub(super) fn alone(&self, slot: Slot) -> Option<Stand> {
        let cell = self.cell(slot);
        (cell.previous == ALONE).then_some(Stand(cell.next))
    }

    /// Unlinks an order that is not its own level from its queue. If it is the only order of the level, nothing is
    /// unlinked and the level is returned: the caller closes it.
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

    /// Reduces the open quantity of an order in a queue.
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

    /// The last order of a level that has orders.
    pub(super) fn last(&self, level: LevelCell) -> Slot {
        if self.is_order(level) { level } else { self.cell(level).previous }
    }

    /// The order before this one in the same level.
    pub(super) fn previous(&self, slot: Slot) -> Option<Slot> {
        let Cell { previous, above, .. } = *self.cell(slot);
        (previous != ALONE && previous != above).then_some(previous)
    }

    /// The next order of the same level.
    #[inline]
    pub(super) fn next(&self, slot: Slot) -> Option<Slot> {
        let Cell { next, previous, above, .. } = *self.cell(slot);
        (previous != ALONE && next != above).then_some(next)
    }

    /// The orders of a level by priority.
    pub(super) fn queue(&self, level: LevelCell) -> impl Iterator<Item = Slot> + '_ {
        std::iter::successors(Some(self.first(level)), move |&slot| self.next(slot))
    }

    /// Whether the backward links of a level mirror the forward links and all its orders point to it, or it is its only
    /// order.
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

    /// Total open quantity of a level in lots, and number of its orders.
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

    /// The first level with orders of a page.
    #[inline]
    pub(super) fn first_level(&self, page: u32) -> Option<LevelCell> {
        self.level_from(page, 0)
    }

    /// The first level with orders after this position on the same page.
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

    /// Whether another page may become occupied.
    #[inline]
    pub(super) fn has_page(&self) -> bool {
        self.occupied_pages < self.occupied_limit
    }

    /// Opens a level for the first order at a position: the order is its own level. Returns whether the tree marks the
    /// page as occupied.
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

    /// Frees the cell of a level that had several orders and has none left. Returns its position.
    #[inline]
    pub(super) fn free_level(&mut self, level: LevelCell) -> Position {
        let free = std::mem::replace(&mut self.free_level, level);
        let cell = self.cell_mut(level);
        cell.next = free;
        Stand(cell.above).position()
    }

    /// Removes the level at a position from its page.
    #[inline(always)]
    pub(super) fn vacate(&mut self, position: Position) {
        let (page, place) = (&mut self.pages[position.page as usize], position.place as usize);
        page.levels[place] = VACANT;
        page.occupied[place / 64] &= !(1 << (place % 64));
        page.count -= 1;
        self.occupied_pages -= u32::from(page.is_empty());
    }

    /// Whether there are as many empty pages as may be, so that one must be freed.
    #[inline]
    pub(super) fn keeps_too_many(&self) -> bool {
        self.occupied_pages < self.crowded_below
    }

    /// Takes an empty page for the prices whose keys begin with these 56 bits. There is one: while fewer pages are
    /// occupied than may be, fewer are empty than may be.
    pub(super) fn take_page(&mut self, key: u64) -> u32 {
        let page = if self.free_page == NIL {
            self.unused_page += 1;
            self.unused_page - 1
        } else {
            let page = self.free_page;
            self.free_page = self.pages[page as usize].key as u32;
            page
        };
        // All other fields of a freed page are as in a new one.
        (self.pages[page as usize].key, self.pages[page as usize].marked) = (key, 0);
        self.set_pages_in_use(self.pages_in_use + 1);
        page
    }

    /// Frees an empty page that is no longer in a tree.
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

/// The side of a [`Stand`] whose bit 0 is 0.
const BUY: Side = Side::Buy;

/// The mask that turns prices of a side into keys and back. The best price has the lowest key, as an unsigned number.
#[inline]
pub(super) fn mask(side: Side) -> u64 {
    // Flipping the sign bit maps signed to unsigned order; flipping all bits reverses that order.
    let sign = 1 << 63;
    if side == Side::Buy { !sign } else { sign }
}

/// The first bit that is set, from this bit on.
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

/// Largest number of pages with orders: one for 64 orders, and at least 1,024. A page takes 1 KiB.
fn page_limit(orders: usize) -> usize {
    (orders / 64).max(1_024)
}

/// Largest number of empty pages that are kept for later orders.
fn empty_page_limit(orders: usize) -> usize {
    page_limit(orders) / 2
}
