//! An owner's live orders by order id, from any place on.

use lugus_vocabulary::{ClientOrderId, OrderId};

use super::owners::place;
use super::{OrderPool, slot_or_none};
use crate::book::cells::Slot;

/// Largest number of orders that are passed over in one list to find a place whose own order has ended.
const MAXIMUM_PASSED: usize = 2_048;

/// A place among an owner's orders: the next order of each of its lists.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Listing {
    next: [Option<Slot>; 4],
}

impl OrderPool {
    /// The owner's orders with numbers above `after`. `last` has the last order of each list up to there, buys and sells
    /// that are canceled on disconnect and buys and sells that stay: if that order is still live, the place is found at
    /// once; otherwise from the first order on. `None` if the place is further away than [`MAXIMUM_PASSED`] orders. The
    /// owner's lists are sorted: see [`OrderPool::sort_if_needed`].
    pub(crate) fn listing(&self, owner: u32, after: OrderId, last: [ClientOrderId; 4]) -> Option<Listing> {
        let mut next = [None; 4];
        for (list, (next, last)) in next.iter_mut().zip(last).enumerate() {
            *next = self.place_after(owner, list, after, last)?;
        }
        Some(Listing { next })
    }

    /// The first order of a list with a number above `after`.
    fn place_after(&self, owner: u32, list: usize, after: OrderId, last: ClientOrderId) -> Option<Option<Slot>> {
        let is_before = |slot: Slot| self.get(slot).order_id <= after;
        let first = slot_or_none(self.owners[owner as usize].sides[list].first);
        // Another order may have the number of the last one by now; it will do if it comes before the place.
        let named = self.find(owner, last).filter(|&slot| place(self.get(slot)) == list && is_before(slot));
        let mut orders = std::iter::successors(named.or(first), |&slot| self.next_of_owner(slot)).enumerate();
        match orders.find(|&(passed, slot)| passed == MAXIMUM_PASSED || !is_before(slot)) {
            Some((MAXIMUM_PASSED, slot)) if is_before(slot) => None,
            found => Some(found.map(|(_, slot)| slot)),
        }
    }

    /// Sorts an owner's lists by order id, unless they are.
    pub(crate) fn sort_if_needed(&mut self, owner: u32) {
        if !self.owners[owner as usize].is_sorted {
            self.sort_owner(owner);
        }
    }

    /// Takes the next order of a listing.
    pub(crate) fn take_next(&self, listing: &mut Listing) -> Option<Slot> {
        let slot = self.peek_next(listing)?;
        listing.next[place(self.get(slot))] = self.next_of_owner(slot);
        Some(slot)
    }

    /// The next order of a listing.
    pub(crate) fn peek_next(&self, listing: &Listing) -> Option<Slot> {
        listing.next.iter().copied().flatten().min_by_key(|&slot| self.get(slot).order_id)
    }
}
