//! Which stop orders a trade elects, and in which order they have their turns: see `stops`.

use crate::book::{ElectedQueue, Instructions, OrderPool};
use crate::stop_queues::StopQueues;
use crate::traded::TradedRange;

/// Elects the stop orders that a trade within `range` reaches. While earlier trades have more to elect, the range is added
/// to theirs.
#[inline]
pub(crate) fn elect(
    range: TradedRange,
    stops: &mut StopQueues,
    elected: &mut ElectedQueue,
    due: &mut Option<TradedRange>,
    pool: &mut OrderPool,
) {
    if stops.first_due(range, &pool.resting).is_some() {
        elect_due(range, stops, elected, due, pool);
    }
}

#[cold]
fn elect_due(
    range: TradedRange,
    stops: &mut StopQueues,
    elected: &mut ElectedQueue,
    due: &mut Option<TradedRange>,
    pool: &mut OrderPool,
) {
    match due {
        Some(due) => due.include(range),
        None => {
            *due = Some(range);
            elect_part(stops, elected, due, pool);
        }
    }
}

/// Elects stop orders within the range `due`, as many as the command at hand still may.
pub(crate) fn elect_part(
    stops: &mut StopQueues,
    elected: &mut ElectedQueue,
    due: &mut Option<TradedRange>,
    pool: &mut OrderPool,
) {
    let Some(range) = *due else { return };
    pool.electing.clear();
    let mut left = pool.unfinished.elections;
    *due = loop {
        let Some(slot) = stops.first_due(range, &pool.resting) else { break None };
        if left == 0 {
            break Some(range);
        }
        left -= 1;
        let side = pool.get(slot).side;
        stops.side_mut(side).remove(slot, &mut pool.resting);
        pool.note_end(slot);
        let order = pool.get_mut(slot);
        order.instructions = order.instructions.with(Instructions::ELECTED, true);
        let arrival = pool.terms(slot).arrival;
        pool.electing.push((arrival, slot));
    };
    pool.unfinished.elections = left;
    pool.electing.sort_unstable();
    for &(_, slot) in &pool.electing {
        elected.push_back(slot, &mut pool.elected);
    }
}
