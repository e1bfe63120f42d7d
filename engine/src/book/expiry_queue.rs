//! The orders that will expire, the next one first.
//!
//! The queue is a binary heap by (expire time, instrument, order id), so that the order of expiry depends on nothing but
//! the orders. Each slot's place in the heap is kept, so that an order that ends earlier is removed at once. Memory for
//! all orders is reserved once. Orders of an instrument that is on its way to another cluster do not expire: those whose
//! time comes are put aside until the instrument trades again.

use lugus_vocabulary::{EpochNanos, InstrumentId, OrderId};

use super::cells::Slot;
use crate::invariant_error::InvariantError;

/// In place of a slot's place in the heap: the slot's entry is put aside.
const ASIDE: u32 = u32::MAX;

/// The orders that will expire.
#[derive(Debug)]
pub(crate) struct ExpiryQueue {
    heap: Vec<Expiry>,
    /// By slot: place of the slot's entry in `heap`, or [`ASIDE`]; without meaning for a slot without an entry.
    places: Vec<u32>,
    /// Entries that are put aside; also some whose orders have ended since.
    aside: Vec<Expiry>,
}

/// An entry of the queue. Entries are in the order of their fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Expiry {
    /// Log time at which the order expires.
    pub(crate) time: EpochNanos,
    pub(crate) instrument: InstrumentId,
    pub(crate) order_id: OrderId,
    pub(crate) slot: Slot,
}

impl ExpiryQueue {
    /// An empty queue with room for `limit` orders.
    pub(crate) fn new(limit: usize) -> Self {
        Self { heap: Vec::with_capacity(limit), places: vec![0; limit], aside: Vec::new() }
    }

    pub(crate) fn len(&self) -> usize {
        self.heap.len()
    }

    /// The next entry, if its time has come.
    #[inline]
    pub(crate) fn due(&self, now: EpochNanos) -> Option<Expiry> {
        self.heap.first().filter(|first| first.time <= now).copied()
    }

    /// Puts in an entry whose slot is not in the queue.
    pub(crate) fn insert(&mut self, entry: Expiry) {
        self.heap.push(entry);
        self.rise(self.heap.len() - 1);
    }

    /// Puts the next entry aside: it is not due until [`ExpiryQueue::put_back`].
    pub(crate) fn put_first_aside(&mut self) {
        let Some(&first) = self.heap.first() else { return };
        self.remove(first.slot);
        self.places[first.slot as usize] = ASIDE;
        self.aside.push(first);
    }

    /// Puts the entries of an instrument that were put aside back into the queue, if their order is still the one in their slot.
    pub(crate) fn put_back(&mut self, instrument: InstrumentId, is_there: impl Fn(&Expiry) -> bool) {
        let (mut back, aside): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.aside).into_iter().partition(|entry| entry.instrument == instrument);
        self.aside = aside;
        // An order that was copied again while its instrument moved may be there twice.
        back.sort_unstable();
        back.dedup();
        for entry in back {
            if self.is_aside(entry.slot) && is_there(&entry) {
                self.insert(entry);
            }
        }
    }

    /// Forgets the entries of an instrument that were put aside: all its orders have ended.
    pub(crate) fn forget(&mut self, instrument: InstrumentId) {
        self.aside.retain(|entry| entry.instrument != instrument);
    }

    /// Whether the slot's entry is put aside.
    pub(crate) fn is_aside(&self, slot: Slot) -> bool {
        self.places[slot as usize] == ASIDE
    }

    /// Removes the entry of a slot that is in the queue. An entry that is put aside stays where it is: see
    /// [`ExpiryQueue::forget`].
    pub(crate) fn remove(&mut self, slot: Slot) {
        let place = self.places[slot as usize] as usize;
        if place == ASIDE as usize {
            return;
        }
        self.heap.swap_remove(place);
        if place < self.heap.len() {
            let place = self.rise(place);
            self.sink(place);
        }
    }

    /// Checks the order of the heap, and the places of its slots.
    pub(crate) fn verify(&self) -> Result<(), InvariantError> {
        for (place, entry) in self.heap.iter().enumerate() {
            let in_order = place == 0 || self.heap[(place - 1) / 2] < *entry;
            if !in_order || self.places[entry.slot as usize] as usize != place {
                return Err(InvariantError::Order { order_id: entry.order_id, what: "is wrong in the expiry queue" });
            }
        }
        Ok(())
    }

    /// Whether the slot is in the queue with this expire time.
    pub(crate) fn holds(&self, slot: Slot, time: EpochNanos) -> bool {
        let place = self.places[slot as usize] as usize;
        self.heap.get(place).is_some_and(|entry| entry.slot == slot && entry.time == time)
    }

    /// Moves the entry at a place up the heap to where it belongs; returns its new place.
    fn rise(&mut self, mut place: usize) -> usize {
        let entry = self.heap[place];
        while place > 0 {
            let parent = (place - 1) / 2;
            if self.heap[parent] < entry {
                break;
            }
            self.put(place, self.heap[parent]);
            place = parent;
        }
        self.put(place, entry);
        place
    }

    /// Moves the entry at a place down the heap to where it belongs.
    fn sink(&mut self, mut place: usize) {
        let entry = self.heap[place];
        loop {
            let mut child = place * 2 + 1;
            if child + 1 < self.heap.len() && self.heap[child + 1] < self.heap[child] {
                child += 1;
            }
            if child >= self.heap.len() || entry < self.heap[child] {
                break;
            }
            self.put(place, self.heap[child]);
            place = child;
        }
        self.put(place, entry);
    }

    fn put(&mut self, place: usize, entry: Expiry) {
        self.heap[place] = entry;
        self.places[entry.slot as usize] = place as u32;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_come_out_by_time_whatever_was_removed_before() {
        let mut queue = ExpiryQueue::new(200);
        let entry = |slot: u32| Expiry {
            time: EpochNanos(i64::from(slot * 37 % 101)),
            instrument: InstrumentId(slot % 3),
            order_id: OrderId(slot.into()),
            slot,
        };
        (0..200).for_each(|slot| queue.insert(entry(slot)));
        (0..200).filter(|slot| slot % 7 == 0).for_each(|slot| queue.remove(slot));
        queue.verify().unwrap();
        let mut expected: Vec<Expiry> = (0..200).filter(|slot| slot % 7 != 0).map(entry).collect();
        expected.sort_unstable();
        for next in expected {
            assert_eq!(queue.due(EpochNanos(next.time.0 - 1)), None);
            assert_eq!(queue.due(next.time), Some(next));
            queue.remove(next.slot);
            queue.verify().unwrap();
        }
        assert_eq!(queue.len(), 0);
    }

    /// As at a cluster to which an instrument is copied while its orders come to their time, end, and come again.
    #[test]
    fn what_has_ended_aside_does_not_come_back() {
        let mut queue = ExpiryQueue::new(3);
        let (instrument, time) = (InstrumentId(1), EpochNanos(10));
        let entry = |order_id, slot| Expiry { time, instrument, order_id: OrderId(order_id), slot };
        let aside = |queue: &mut ExpiryQueue, entry: Expiry| {
            queue.insert(entry);
            queue.put_first_aside();
        };
        for (order_id, slot) in [(1, 0), (2, 1), (3, 2)] {
            aside(&mut queue, entry(order_id, slot));
        }
        // Order 1 ends, and order 4, which never expires, gets its slot; order 2 ends and comes again; order 3 stays.
        queue.remove(0);
        queue.remove(1);
        aside(&mut queue, entry(2, 1));
        queue.put_back(instrument, |entry| entry.order_id != OrderId(1));
        queue.verify().unwrap();
        assert_eq!((queue.len(), queue.aside.len()), (2, 0));
        queue.remove(1);
        assert_eq!(queue.due(time), Some(entry(3, 2)));
    }
}
