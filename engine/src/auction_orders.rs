//! Orders that only auctions take: at the opening, at the close, or in the next auction of whatever kind.
//!
//! They wait in queues of their own ([`crate::queues`]), so that continuous trading neither meets nor shows them. The auction that
//! they are for takes them by price, an order without a limit before all others, and at one price by time ([`crate::auction`]).
//! When that auction is over, or the day goes on without one, they expire: at once as far as the command at hand has steps left,
//! the others with later commands and timers. Until then none of them trades, and no new ones of the kind are taken.

use lugus_vocabulary::{AuctionOrders, Side};

use crate::book::{Ending, Order, OrderPool, Slot, Terms};
use crate::ended;
use crate::event_sink::EventSink;
use crate::instrument::Instrument;
use crate::queues::{Queue, first};
use crate::reporter::Reporter;

/// Takes in an order, given as its owner knows it and already told of, at the end of the queue at its price. `slot` is the order's
/// place in the pool, if it has one already.
pub(crate) fn place(order: &Order, slot: Option<Slot>, instrument: &mut Instrument, pool: &mut OrderPool) {
    let terms = Terms { arrival: instrument.last_order_id.0, ..Terms::default() };
    let Order { side, price, leaves, .. } = *order;
    let slot = match slot {
        Some(slot) => {
            pool.amend(slot, order, &terms);
            slot
        }
        None => pool.insert(order, &terms),
    };
    instrument.queue_mut(Queue::of(order), side).push_back(slot, price, leaves, &mut pool.resting);
}

/// The auction that gathered orders is over: those that it took expire, and there is none.
pub(crate) fn end_auction<S: EventSink>(
    instrument: &mut Instrument,
    pool: &mut OrderPool,
    reporter: &mut Reporter<'_, S>,
) {
    if let Some(over) = instrument.auction_type.take() {
        end(over.takes(), instrument, pool, reporter);
    }
}

/// These orders expire, as there is no auction for them any more.
pub(crate) fn end<S: EventSink>(
    orders: AuctionOrders,
    instrument: &mut Instrument,
    pool: &mut OrderPool,
    reporter: &mut Reporter<'_, S>,
) {
    if instrument.auction_orders.is_some() {
        let id = instrument.definition.instrument;
        pool.unfinished.set_expiring(id, pool.unfinished.expiring(id).and(orders));
        expire(instrument, pool, reporter);
    }
}

/// Expires orders whose auction is over, as far as the command at hand has steps left.
pub(crate) fn expire<S: EventSink>(instrument: &mut Instrument, pool: &mut OrderPool, reporter: &mut Reporter<'_, S>) {
    let id = instrument.definition.instrument;
    let expiring = pool.unfinished.expiring(id);
    let is_over = |queue: &Queue| queue.for_auctions().is_some_and(|time_in_force| expiring.has(time_in_force));
    for queue in Queue::FOR_AUCTIONS.into_iter().filter(is_over) {
        for side in [Side::Buy, Side::Sell] {
            while let Some(slot) = instrument.queue(queue, side).and_then(|orders| first(orders, &pool.resting)) {
                if !pool.unfinished.step() {
                    return pool.unfinished.note_instrument(id);
                }
                ended::end(slot, Ending::Expired, instrument, pool, reporter);
            }
        }
    }
    pool.unfinished.set_expiring(id, AuctionOrders::NONE);
}
