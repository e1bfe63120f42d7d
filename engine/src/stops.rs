//! Stop orders: an order waits until a trade reaches its trigger, and then comes in like a new order.
//!
//! A buy waits for a trade at its stop price or above, a sell for one at its stop price or below. After a command has
//! traded, the stop orders that its trades have reached trigger one after the other: buys before sells; of each the
//! order with the trigger nearest to where the market came from; at one trigger the order that has waited longest. Each
//! order trades before the next one triggers, and its trades may reach further stop orders. One command triggers
//! [`MAXIMUM_TRIGGERS`] stop orders at most, and the others that were reached are canceled: so a cascade ends, and no
//! stop order is left waiting although its trigger was reached.

use lugus_vocabulary::{ClientSequence, InstrumentState, Price, RejectReason, TimeInForce};

use crate::book::{Instructions, Order, OrderPool, Slot, Terms};
use crate::event_sink::EventSink;
use crate::execution;
use crate::fill_or_kill;
use crate::iceberg;
use crate::incoming;
use crate::instrument::Instrument;
use crate::notional::Exposure;
use crate::reporter::Reporter;
use crate::stop_queues::is_reached;

/// Number of stop orders that one command triggers at most.
pub(crate) const MAXIMUM_TRIGGERS: usize = 1_024;

/// Takes in a stop order, given as its owner knows it and already told of: it triggers if trading is on and the last
/// trade has reached its trigger, else it waits. `slot` is the order's place in the pool, if it has one already;
/// `answers` the command that its reports answer.
#[cold]
#[expect(clippy::too_many_arguments, reason = "an order, its place, and where it goes")]
pub(crate) fn place<S: EventSink>(
    order: Order,
    terms: Terms,
    stop_price: Price,
    slot: Option<Slot>,
    answers: ClientSequence,
    instrument: &mut Instrument,
    pool: &mut OrderPool,
    reporter: &mut Reporter<'_, S>,
) {
    let last = instrument.feed.statistics.last;
    let is_open = instrument.definition.state == InstrumentState::Open;
    if is_open && last.is_some_and(|last| is_reached(order.side, stop_price, last)) {
        return trigger(order, terms, slot, answers, instrument, pool, reporter);
    }
    let mut waiting = order;
    waiting.instructions = order.instructions.with(Instructions::WAITING, true);
    waiting.price = stop_price;
    let mut terms = Terms { limit: order.price, ..terms };
    // As in the book, an iceberg is kept as a part shown and a reserve; no other order has a reserve.
    terms.reserve.0 = 0;
    if waiting.instructions.has(Instructions::ICEBERG) {
        iceberg::split(&mut waiting, &mut terms);
    }
    let slot = match slot {
        Some(slot) => {
            pool.amend(slot, &waiting, &terms);
            slot
        }
        None => pool.insert(&waiting, &terms),
    };
    let Order { side, price, leaves, .. } = waiting;
    instrument.stops.side_mut(side).push_back(slot, price, leaves, &mut pool.resting);
}

/// Triggers the stop orders that the command's trades have reached.
#[inline]
pub(crate) fn cascade<S: EventSink>(instrument: &mut Instrument, pool: &mut OrderPool, reporter: &mut Reporter<'_, S>) {
    if let Some(range) = instrument.traded_range
        && instrument.stops.first_due(range, &pool.resting).is_some()
    {
        trigger_due(instrument, pool, reporter);
    }
    instrument.traded_range = None;
}

#[cold]
fn trigger_due<S: EventSink>(instrument: &mut Instrument, pool: &mut OrderPool, reporter: &mut Reporter<'_, S>) {
    let mut triggers = 0;
    while let Some(range) = instrument.traded_range
        && let Some(slot) = instrument.stops.first_due(range, &pool.resting)
    {
        let (order, terms) = (pool.whole(slot), pool.terms(slot));
        instrument.stops.side_mut(order.side).remove(slot, &mut pool.resting);
        if triggers == MAXIMUM_TRIGGERS {
            pool.remove(slot);
            reporter.tell_maker(order.owner, execution::canceled(&order, RejectReason::LimitCascade));
        } else {
            triggers += 1;
            trigger(order, terms, Some(slot), ClientSequence(0), instrument, pool, reporter);
        }
    }
}

/// Turns a stop order, given as its owner knows it and in no queue, into the market or limit order that it is without
/// its trigger, and brings it to the book.
fn trigger<S: EventSink>(
    mut order: Order,
    terms: Terms,
    slot: Option<Slot>,
    answers: ClientSequence,
    instrument: &mut Instrument,
    pool: &mut OrderPool,
    reporter: &mut Reporter<'_, S>,
) {
    order.instructions = order.instructions.with(Instructions::WAITING, false);
    reporter.tell(order.owner, answers, execution::triggered(&order));
    let exposure = Exposure { side: order.side, limit: order.limit(), trigger: None, open: order.leaves };
    let refused = if let Err(reason) = exposure.check(pool.maximum_notional(order.owner), instrument, pool) {
        Some(reason)
    } else if order.time_in_force == TimeInForce::Fok && !fill_or_kill::is_fillable(&order, instrument, pool) {
        Some(RejectReason::FillOrKill)
    } else if order.instructions.is_post_only() && instrument.book.would_trade(order.side, order.limit()) {
        Some(RejectReason::PostOnlyWouldTrade)
    } else {
        None
    };
    match refused {
        Some(reason) => incoming::cancel(&order, slot, answers, reason, pool, reporter),
        None => incoming::enter(&mut order, terms, slot, answers, instrument, pool, reporter),
    }
}
