//! When orders end by themselves: DAY with the log time's UTC day, GTD at their own time.
//!
//! The queue is a binary heap by (expire time, instrument, order id), so that what comes out depends on nothing but
//! the orders; each slot's place in it is kept, so that an order that ends earlier is taken out at once. Its memory is
//! reserved once for all orders. Orders of an instrument that is on its way to another cluster do not expire: those whose
//! time comes are put aside until it trades again.

use lugus_vocabulary::{EpochNanos, InstrumentId, NewOrder, OrderId, TimeInForce};

use crate::InvariantError;
use crate::book::Slot;

/// Due orders that expire before a command at most: with more, the rest stays live until the commands after it.
pub(crate) const MAXIMUM_EXPIRIES: usize = 1_024;

/// Place of a slot that is put aside.
const ASIDE: u32 = u32::MAX;

const NANOS_A_DAY: i64 = 86_400_000_000_000;

/// When an order that comes now will end; `None` if it does not end by itself.
pub(crate) fn expire_time(order: &NewOrder, now: EpochNanos) -> Option<EpochNanos> {
    match order.time_in_force {
        TimeInForce::Gtd => order.expire_time,
        TimeInForce::Day => Some(end_of_day(now)),
        TimeInForce::Gtc | TimeInForce::Ioc | TimeInForce::Fok => None,
    }
}

fn end_of_day(now: EpochNanos) -> EpochNanos {
    EpochNanos(now.0.div_euclid(NANOS_A_DAY).saturating_add(1).saturating_mul(NANOS_A_DAY))
}

/// Orders that will expire, the next one first.
#[derive(Debug)]
pub(crate) struct ExpiryQueue {
    heap: Vec<Entry>,
    /// By slot: where its entry is.
    places: Vec<u32>,
    /// Entries of slots that are put aside, and maybe of some that have ended since.
    aside: Vec<Entry>,
}

/// In the order of its fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Entry {
    pub(crate) time: EpochNanos,
    pub(crate) instrument: InstrumentId,
    pub(crate) order_id: OrderId,
    pub(crate) slot: Slot,
}

impl ExpiryQueue {
    /// Room for `limit` orders.
    pub(crate) fn new(limit: usize) -> Self {
        Self { heap: Vec::with_capacity(limit), places: vec![0; limit], aside: Vec::new() }
    }

    pub(crate) fn len(&self) -> usize {
        self.heap.len()
    }

    /// The next one, if its time has come.
    #[inline]
    pub(crate) fn due(&self, now: EpochNanos) -> Option<Entry> {
        self.heap.first().filter(|first| first.time <= now).copied()
    }

    /// The slot is not in it.
    pub(crate) fn insert(&mut self, entry: Entry) {
        self.heap.push(entry);
        self.rise(self.heap.len() - 1);
    }

    /// Puts the next one aside: until [`ExpiryQueue::put_back`], it is not due.
    pub(crate) fn put_first_aside(&mut self) {
        let Some(&first) = self.heap.first() else { return };
        self.remove(first.slot);
        self.places[first.slot as usize] = ASIDE;
        self.aside.push(first);
    }

    /// Those of an instrument that were put aside may be due again.
    pub(crate) fn put_back(&mut self, instrument: InstrumentId) {
        let (back, aside) =
            std::mem::take(&mut self.aside).into_iter().partition(|entry| entry.instrument == instrument);
        self.aside = aside;
        for entry in Vec::into_iter(back) {
            self.insert(entry);
        }
    }

    /// All orders of the instrument have ended.
    pub(crate) fn forget(&mut self, instrument: InstrumentId) {
        self.aside.retain(|entry| entry.instrument != instrument);
    }

    /// Whether the slot is put aside.
    pub(crate) fn is_aside(&self, slot: Slot) -> bool {
        self.places[slot as usize] == ASIDE
    }

    /// The slot is in it, or put aside.
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

    /// Checks the heap's order and places.
    pub(crate) fn verify(&self) -> Result<(), InvariantError> {
        for (place, entry) in self.heap.iter().enumerate() {
            let in_order = place == 0 || self.heap[(place - 1) / 2] < *entry;
            if !in_order || self.places[entry.slot as usize] as usize != place {
                return Err(InvariantError::Order { order_id: entry.order_id, what: "is wrong in the expiry queue" });
            }
        }
        Ok(())
    }

    /// Whether the slot is in it, with this time.
    pub(crate) fn holds(&self, slot: Slot, time: EpochNanos) -> bool {
        let place = self.places[slot as usize] as usize;
        self.heap.get(place).is_some_and(|entry| entry.slot == slot && entry.time == time)
    }

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

    fn put(&mut self, place: usize, entry: Entry) {
        self.heap[place] = entry;
        self.places[entry.slot as usize] = place as u32;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_ends_at_midnight_utc() {
        let ends = [(0, 1), (NANOS_A_DAY - 1, 1), (NANOS_A_DAY, 2), (-1, 0), (-NANOS_A_DAY, 0)];
        for (now, day) in ends {
            assert_eq!(end_of_day(EpochNanos(now)), EpochNanos(day * NANOS_A_DAY));
        }
        assert_eq!(end_of_day(EpochNanos(i64::MAX)), EpochNanos(i64::MAX));
    }

    #[test]
    fn comes_out_by_time_whatever_was_taken_out_before() {
        let mut queue = ExpiryQueue::new(200);
        let entry = |slot: u32| Entry {
            time: EpochNanos(i64::from(slot * 37 % 101)),
            instrument: InstrumentId(slot % 3),
            order_id: OrderId(slot.into()),
            slot,
        };
        (0..200).for_each(|slot| queue.insert(entry(slot)));
        (0..200).filter(|slot| slot % 7 == 0).for_each(|slot| queue.remove(slot));
        queue.verify().unwrap();
        let mut expected: Vec<Entry> = (0..200).filter(|slot| slot % 7 != 0).map(entry).collect();
        expected.sort_unstable();
        for next in expected {
            assert_eq!(queue.due(EpochNanos(next.time.0 - 1)), None);
            assert_eq!(queue.due(next.time), Some(next));
            queue.remove(next.slot);
            queue.verify().unwrap();
        }
        assert_eq!(queue.len(), 0);
    }
}
