//! The queues of an instrument in the order of an export, and a digest of their levels.

use lugus_vocabulary::Side;

use crate::book::{BookSide, Order, OrderPool};
use crate::instrument::Instrument;
use crate::queues::Queue;
use crate::state_hash::{self, WORDS};

/// Number of queues: both sides of each.
pub(crate) const QUEUES: usize = 2 * Queue::ALL.len();

/// Bids, asks, buy stops, sell stops, and so on: `None` for one that was never used.
pub(crate) fn queues(instrument: &Instrument) -> [Option<&BookSide>; QUEUES] {
    let mut all = [None; QUEUES];
    for (queue, side, orders) in instrument.queues() {
        all[place(queue, side)] = Some(orders);
    }
    all
}

/// Place of an order's queue among them, of one that is not elected.
pub(crate) fn place_of(order: &Order) -> usize {
    place(Queue::of(order), order.side)
}

fn place(queue: Queue, side: Side) -> usize {
    queue as usize * 2 + usize::from(side == Side::Sell)
}

/// Digest over the levels of all queues: of each its price, its sums, and its first and last order. It compares two books
/// quickly after a copy ahead; that the orders themselves are the same follows from the records.
pub(crate) fn levels_digest(before: u64, instrument: &Instrument, pool: &OrderPool) -> u64 {
    let mut digest = before;
    for (queue, side) in (0_u64..).zip(queues(instrument)) {
        let levels = side.into_iter().flat_map(|side| side.ends_of_levels(&pool.resting));
        for (level, ends) in levels {
            let [first, last] = ends.map(|slot| pool.get(slot).order_id.0);
            let mut words = [0; WORDS];
            words[0] = queue << 32 | u64::from(level.orders);
            (words[1], words[2]) = (level.price.0.cast_unsigned(), level.quantity.0);
            (words[3], words[4]) = (first, last);
            digest = state_hash::fold(digest, &words);
        }
    }
    digest
}
