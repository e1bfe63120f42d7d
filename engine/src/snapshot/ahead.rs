//! Orders of a queue, each a few steps after the system was asked for its memory.
//!
//! The orders of a large book lie anywhere in memory. A walk that reads each of them when it gets there waits for the memory
//! each time; this one waits for the links of the queue only.

use crate::book::{OrderPool, Slot};

/// Number of orders that are asked for ahead.
const AHEAD: usize = 16;

/// The same orders, some steps later.
pub(super) struct Ahead<'p, I> {
    orders: I,
    pool: &'p OrderPool,
    /// A ring of the next orders.
    next: [Slot; AHEAD],
    /// Place of the next order in the ring.
    first: usize,
    /// Number of orders in the ring.
    count: usize,
}

impl<'p, I: Iterator<Item = Slot>> Ahead<'p, I> {
    pub(super) fn new(orders: I, pool: &'p OrderPool) -> Self {
        let mut ahead = Self { orders, pool, next: [0; AHEAD], first: 0, count: 0 };
        while ahead.count < AHEAD && ahead.ask() {}
        ahead
    }

    /// Asks for one more order, if there is one.
    fn ask(&mut self) -> bool {
        let Some(slot) = self.orders.next() else { return false };
        self.pool.prefetch(slot);
        self.next[(self.first + self.count) % AHEAD] = slot;
        self.count += 1;
        true
    }
}

impl<I: Iterator<Item = Slot>> Iterator for Ahead<'_, I> {
    type Item = Slot;

    fn next(&mut self) -> Option<Slot> {
        if self.count == 0 {
            return None;
        }
        let slot = self.next[self.first];
        self.first = (self.first + 1) % AHEAD;
        self.count -= 1;
        self.ask();
        Some(slot)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_orders_come_in_their_order() {
        let pool = OrderPool::new(100, 4);
        for count in [0, 1, 15, 16, 17, 40] {
            let slots: Vec<Slot> = (0..count).map(|n| n * 37 % 100).collect();
            assert_eq!(Ahead::new(slots.iter().copied(), &pool).collect::<Vec<_>>(), slots);
        }
    }
}
