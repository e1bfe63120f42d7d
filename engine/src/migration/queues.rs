//! The queues of an instrument in the order of an export, and a digest of their levels.

use lugus_vocabulary::Side;

use crate::book::{BookSide, OrderPool};
use crate::instrument::Instrument;
use crate::state_hash::{self, WORDS};

/// Bids, asks, buy stops, sell stops.
pub(crate) fn queues(instrument: &Instrument) -> [&BookSide; 4] {
    let Instrument { book, stops, .. } = instrument;
    [book.side(Side::Buy), book.side(Side::Sell), stops.side(Side::Buy), stops.side(Side::Sell)]
}

/// Digest over the levels of all queues: of each its price, its sums, and its first and last order. It compares two books
/// quickly after a copy ahead; that the orders themselves are the same follows from the records.
pub(crate) fn levels_digest(before: u64, instrument: &Instrument, pool: &OrderPool) -> u64 {
    let mut digest = before;
    for (queue, side) in (0_u64..).zip(queues(instrument)) {
        for (level, ends) in side.ends_of_levels(&pool.resting) {
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
