//! Resting orders with the attributes that a book needs: owner, client order id, place in a queue, and open quantity.
//! All other attributes of an order are in `pool`, under the same slot.

use lugus_vocabulary::{ClientOrderId, Price, Quantity, Side};

use super::cells::{Cells, MAXIMUM_ORDERS, Slot};
use super::client_orders::{ClientOrders, Found, Vacancy};
use crate::invariant_error::InvariantError;

/// Orders of any number of books, found by slot or by (owner, client order id).
///
/// Address space for all orders is reserved once; memory is touched only when it is used: 32 bytes for an order and for
/// a price level, 4 for each price of a page, and 11 to 21 for a client order id.
#[derive(Debug)]
pub struct RestingOrders {
    pub(super) cells: Cells,
    client_orders: ClientOrders,
    live: usize,
}

impl RestingOrders {
    /// Room for `limit` orders, at most 2^28.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        let limit = limit.min(MAXIMUM_ORDERS);
        Self { cells: Cells::new(limit), client_orders: ClientOrders::new(limit), live: 0 }
    }

    /// Has the system map the memory of the first `orders` orders now. Otherwise it is mapped when they arrive, which
    /// costs about a microsecond for every hundred orders.
    pub fn prefault(&mut self, orders: usize) {
        self.cells.prefault(orders);
        self.client_orders.prefault(orders);
    }

    /// Makes room in the map of client order ids for this number of orders, if there are no orders yet. Otherwise the map grows
    /// as they arrive.
    pub(crate) fn reserve(&mut self, orders: usize) {
        if self.live == 0 {
            self.client_orders.reserve(orders);
        }
    }

    /// Number of live orders.
    #[must_use]
    pub fn live(&self) -> usize {
        self.live
    }

    /// Number of orders that there is room for; all slots are below it.
    pub(crate) fn limit(&self) -> usize {
        self.cells.limit()
    }

    /// Whether there is no room for another order.
    #[inline]
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.live >= self.cells.limit()
    }

    /// The owner's order with this number.
    #[inline(always)]
    #[must_use]
    pub fn find(&self, owner: u32, client_order_id: ClientOrderId) -> Option<Slot> {
        self.look_up(owner, client_order_id).ok().map(|found| found.slot)
    }

    /// The owner's order with this number, or the place where it would be entered. The answer is valid until an order
    /// is inserted, removed or renamed.
    #[inline(always)]
    pub fn look_up(&self, owner: u32, client_order_id: ClientOrderId) -> Result<Found, Vacancy> {
        self.client_orders.look_up(owner, client_order_id, &self.cells)
    }

    /// Inserts an order that is in no queue yet; returns its slot: the one freed last, or the next that was never used.
    ///
    /// There must be room, and the owner must have no order with this number.
    pub fn insert(&mut self, owner: u32, client_order_id: ClientOrderId) -> Slot {
        match self.look_up(owner, client_order_id) {
            Err(vacancy) => self.insert_at(vacancy, owner, client_order_id),
            Ok(found) => {
                debug_assert!(false, "the number is there already");
                found.slot
            }
        }
    }

    /// As [`RestingOrders::insert`], for a number that was just looked up.
    #[inline(always)]
    pub fn insert_at(&mut self, vacancy: Vacancy, owner: u32, client_order_id: ClientOrderId) -> Slot {
        debug_assert!(!self.is_full());
        let slot = self.cells.take(owner, client_order_id.0);
        self.client_orders.insert(vacancy, slot, self.live, &self.cells);
        self.live += 1;
        slot
    }

    /// Removes an order that is no longer in a queue.
    #[inline]
    pub fn remove(&mut self, slot: Slot) {
        self.remove_found(self.found(slot));
    }

    /// The entry of a live order, as a look-up would return it.
    #[must_use]
    pub fn found(&self, slot: Slot) -> Found {
        let (owner, client_order_id) = self.cells.key(slot);
        self.client_orders.found(owner, ClientOrderId(client_order_id), slot)
    }

    /// As [`RestingOrders::remove`], for an order that was just looked up.
    #[inline(always)]
    pub fn remove_found(&mut self, found: Found) {
        self.client_orders.remove(found, &self.cells);
        self.cells.free(found.slot);
        self.live -= 1;
    }

    /// Changes the number of an order to one that no other order of its owner has.
    pub fn rename(&mut self, slot: Slot, client_order_id: ClientOrderId) {
        let (owner, until_now) = self.cells.key(slot);
        if until_now != client_order_id.0 {
            self.client_orders.remove(self.client_orders.found(owner, ClientOrderId(until_now), slot), &self.cells);
            let vacancy = self.look_up(owner, client_order_id);
            self.cells.rename(slot, client_order_id.0);
            if let Err(vacancy) = vacancy {
                self.client_orders.insert(vacancy, slot, self.live - 1, &self.cells);
            }
        }
    }

    /// The client order id of an order.
    #[inline]
    #[must_use]
    pub fn client_order_id(&self, slot: Slot) -> ClientOrderId {
        ClientOrderId(self.cells.key(slot).1)
    }

    /// Open quantity of an order in a queue, in lots.
    #[inline]
    #[must_use]
    pub fn open(&self, slot: Slot) -> Quantity {
        self.cells.open(slot)
    }

    /// Side and price at which an order in a queue rests.
    #[inline]
    #[must_use]
    pub fn stand(&self, slot: Slot) -> (Side, Price) {
        let level = self.cells.level_of(slot);
        (self.cells.side(level), self.cells.price(level))
    }

    /// Number of slots that were ever used; all slots in use are below it.
    pub(super) fn used(&self) -> usize {
        self.cells.used()
    }

    /// Checks counts, free cells and the map for the live slots. Walks over all of them.
    pub(super) fn verify(&self, live: impl Iterator<Item = Slot>) -> Result<(), InvariantError> {
        let mut count = 0;
        for slot in live {
            count += 1;
            let (owner, client_order_id) = self.cells.key(slot);
            let found = self.find(owner, ClientOrderId(client_order_id)) == Some(slot);
            InvariantError::count("slot of a client order id", usize::from(found), 1)?;
        }
        InvariantError::count("live orders", count, self.live)?;
        InvariantError::count("client order ids", self.client_orders.len(), self.live)?;
        let free = self.cells.free_slots().take(self.used() + 1).count();
        InvariantError::count("free slots", free, self.used() - self.live)
    }
}
