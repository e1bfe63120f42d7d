//! Icebergs: orders that show a part of their open quantity at a time.
//!
//! What an iceberg shows, its part, stands in the queue like any other order; the rest is its reserve
//! ([`Terms::reserve`]). When the part has traded, the next one is taken from the reserve and goes to the end of the
//! queue at the same price.

use lugus_vocabulary::{DisplayedOrder, MarketDataBody, Quantity};

use crate::book::{BookSide, Instructions, Order, OrderPool, Slot, Terms};
use crate::event_sink::EventSink;
use crate::feed::Feed;
use crate::reporter::Reporter;

/// Number of parts of an iceberg at most. It bounds what the trades of one order may cost.
pub(crate) const MAXIMUM_PARTS: u64 = 100;

/// Lots that an order with `leaves` open lots shows; a `display` of 0 shows all.
pub(crate) fn shown(leaves: Quantity, display: Quantity) -> Quantity {
    if display.0 == 0 { leaves } else { leaves.min(display) }
}

/// Splits an iceberg that is about to rest, given as its owner knows it, into the part shown and the reserve.
pub(crate) fn split(order: &mut Order, terms: &mut Terms) {
    let shown = order.leaves.min(terms.display);
    terms.reserve.0 = order.leaves.0 - shown.0;
    order.leaves = shown;
}

/// Shows the next part of an iceberg whose part has traded and which is in no queue: puts it at the end of the queue at
/// its price.
#[cold]
pub(crate) fn refresh<S: EventSink>(
    slot: Slot,
    makers: &mut BookSide,
    pool: &mut OrderPool,
    feed: &mut Feed,
    reporter: &mut Reporter<'_, S>,
) {
    let in_queue = makers.quantity_at(pool.get(slot).price, &pool.resting);
    let room = Quantity(u64::MAX - in_queue.0);
    let Order { order_id, side, price, leaves: quantity, .. } = pool.refresh(slot, room);
    makers.push_back(slot, price, quantity, &mut pool.resting);
    reporter.publish(feed, || MarketDataBody::OrderAdded(DisplayedOrder { order_id, side, price, quantity }));
}

/// Makes a resting order smaller in the pool, so that its owner knows it as `whole`, with these terms but for the reserve;
/// of an iceberg the reserve goes first, and gets what the part shows beyond its display quantity. Returns by how many lots
/// the quantity shown, which the order's queue still has to be reduced by, went down.
pub(crate) fn reduce(slot: Slot, whole: &Order, mut terms: Terms, pool: &mut OrderPool) -> Quantity {
    let mut kept = *pool.get(slot);
    let display = if whole.instructions.has(Instructions::ICEBERG) { terms.display } else { Quantity(0) };
    let shown = kept.leaves.min(shown(whole.leaves, display));
    let gone = Quantity(kept.leaves.0 - shown.0);
    terms.reserve = Quantity(whole.leaves.0 - shown.0);
    (kept.quantity, kept.leaves, kept.instructions) = (whole.quantity, shown, whole.instructions);
    pool.amend(slot, &kept, &terms);
    gone
}
