//! An incoming order meets the book: it trades, and what is left of it rests or is canceled.
//!
//! New orders, replacements that lose their priority, and stop orders that have triggered come in this way.

use lugus_vocabulary::{
    ClientSequence, DisplayedOrder, InstrumentState, MarketDataBody, OnBreach, OrderType, Price, RejectReason,
};

use crate::book::{Instructions, Order, OrderPool, Slot, Terms};
use crate::ended;
use crate::event_sink::EventSink;
use crate::execution;
use crate::iceberg;
use crate::instrument::Instrument;
use crate::market_data;
use crate::matching;
use crate::protection;
use crate::reporter::Reporter;

/// Brings an order, given as its owner knows it and in no queue, to the book: it trades if trading is on, and what is
/// left of it rests, or is canceled if it is immediate. `slot` is the order's place in the pool, if it has one already;
/// `answers` the command that its reports answer.
#[inline(never)]
pub(crate) fn enter<S: EventSink>(
    order: &mut Order,
    terms: Terms,
    slot: Option<Slot>,
    answers: ClientSequence,
    instrument: &mut Instrument,
    pool: &mut OrderPool,
    reporter: &mut Reporter<'_, S>,
) {
    let is_open = instrument.definition.state == InstrumentState::Open;
    let edge = if is_open & instrument.is_protected { edge_of_trading(order, instrument, reporter) } else { None };
    let limit = match edge {
        Some(edge) => Some(protection::stricter(order.side, order.limit(), edge)),
        None => order.limit(),
    };
    let is_cut = is_open && matching::take(order, limit, answers, instrument, pool, reporter);
    if order.leaves.0 == 0 {
        if let Some(slot) = slot {
            pool.remove(slot);
        }
    } else if is_cut {
        carry_over(order, terms, slot, answers, instrument, pool, reporter);
    } else if edge.is_some() && ended::would_trade(order.side, order.limit(), instrument, pool, reporter) {
        breach(order, terms, slot, answers, instrument, pool, reporter);
    } else if let Some(reason) = protection::canceled_rest(order, instrument) {
        cancel(order, slot, answers, reason, pool, reporter);
    } else {
        rest(order, terms, slot, answers, instrument, pool, reporter);
    }
}

/// The edge of the dynamic band, if there is one, for an order that is about to trade.
#[cold]
fn edge_of_trading<S: EventSink>(
    order: &Order,
    instrument: &mut Instrument,
    reporter: &Reporter<'_, S>,
) -> Option<Price> {
    protection::begin_trading(instrument, reporter.now());
    protection::band_edge(order.side, instrument, reporter.now())
}

/// What is left of an order could only trade beyond the dynamic band: it is canceled, or trading is interrupted, and it takes
/// part in the auction unless it is immediate.
#[cold]
fn breach<S: EventSink>(
    order: &mut Order,
    terms: Terms,
    slot: Option<Slot>,
    answers: ClientSequence,
    instrument: &mut Instrument,
    pool: &mut OrderPool,
    reporter: &mut Reporter<'_, S>,
) {
    let halts = instrument.definition.protection.on_breach == OnBreach::Halt;
    if halts {
        protection::halt(instrument, pool, reporter);
    }
    if halts && protection::canceled_rest(order, instrument).is_none() {
        rest(order, terms, slot, answers, instrument, pool, reporter);
    } else {
        cancel(order, slot, answers, RejectReason::PriceOutsideDynamicBand, pool, reporter);
    }
}

/// Keeps an order that has more to trade than the command at hand has steps for: it has the next turn, with the next command
/// of the instrument or the next timer.
#[cold]
fn carry_over<S: EventSink>(
    order: &Order,
    mut terms: Terms,
    slot: Option<Slot>,
    answers: ClientSequence,
    instrument: &mut Instrument,
    pool: &mut OrderPool,
    reporter: &mut Reporter<'_, S>,
) {
    // An immediate order needs no place until now. Nearly always the orders that it has filled have left one.
    if slot.is_none() && pool.is_full() {
        return cancel(order, slot, answers, RejectReason::LimitOrders, pool, reporter);
    }
    let mut kept = *order;
    kept.instructions = order.instructions.with(Instructions::ELECTED, true);
    terms.reserve.0 = 0;
    if kept.instructions.has(Instructions::ICEBERG) {
        iceberg::split(&mut kept, &mut terms);
    }
    let slot = match slot {
        Some(slot) => {
            pool.amend(slot, &kept, &terms);
            slot
        }
        None => pool.insert(&kept, &terms),
    };
    instrument.elected.push_front(slot, &mut pool.elected);
    pool.unfinished.note_instrument(instrument.definition.instrument);
}

/// Cancels an order that is in no queue.
pub(crate) fn cancel<S: EventSink>(
    order: &Order,
    slot: Option<Slot>,
    answers: ClientSequence,
    reason: RejectReason,
    pool: &mut OrderPool,
    reporter: &mut Reporter<'_, S>,
) {
    if let Some(slot) = slot {
        pool.remove(slot);
    }
    reporter.tell_execution(order.owner, answers, execution::canceled(order, reason));
}

#[inline(always)]
fn rest<S: EventSink>(
    order: &mut Order,
    mut terms: Terms,
    slot: Option<Slot>,
    answers: ClientSequence,
    instrument: &mut Instrument,
    pool: &mut OrderPool,
    reporter: &mut Reporter<'_, S>,
) {
    if order.instructions.has(Instructions::ICEBERG) {
        iceberg::split(order, &mut terms);
    }
    let queue = instrument.book.side(order.side);
    // Admission has checked that there is room, but an order that has had to wait, for its trigger or for its turn, may rest long after.
    let is_stop = matches!(order.instructions.order_type(), OrderType::Stop | OrderType::StopLimit);
    if (slot.is_some() || is_stop) && !queue.has_room(order.price, order.leaves, &pool.resting) {
        if order.instructions.has(Instructions::ICEBERG) {
            order.leaves.0 += terms.reserve.0;
        }
        return cancel(order, slot, answers, RejectReason::LimitLevel, pool, reporter);
    }
    let slot = match slot {
        Some(slot) => {
            pool.amend(slot, order, &terms);
            slot
        }
        None => pool.insert(order, &terms),
    };
    join_queue(slot, order, instrument, pool, reporter);
}

/// Puts an order that is in the pool at the end of the queue at its price.
#[inline(always)]
pub(crate) fn join_queue<S: EventSink>(
    slot: Slot,
    order: &Order,
    instrument: &mut Instrument,
    pool: &mut OrderPool,
    reporter: &mut Reporter<'_, S>,
) {
    let Order { order_id, side, price, leaves: quantity, .. } = *order;
    let Instrument { book, feed, .. } = instrument;
    let queue = book.side_mut(side);
    queue.push_back(slot, price, quantity, &mut pool.resting);
    reporter.publish(feed, || MarketDataBody::OrderAdded(DisplayedOrder { order_id, side, price, quantity }));
    reporter.publish(feed, || market_data::level(queue, side, price, &pool.resting));
}
