//! Stop orders: an order waits until a trade reaches its trigger, and then comes in like a new order.
//!
//! A buy waits for a trade at its stop price or above, a sell for one at its stop price or below. A trade elects the stop
//! orders that it reaches: those of an earlier trade before those of a later one; of one trade, of either side, the one that
//! has waited longest first. Elected orders have their turns one after the other, and each trades before the next one
//! triggers; its trades may elect more.
//!
//! A command takes a bounded number of steps ([`crate::EngineLimits::steps`]). Orders that it has no step for stay elected,
//! in their order, and go on with the commands of the instrument and the timers that follow. One trade elects as many stop
//! orders as a command may take steps; of more, those with the triggers nearest to where the market came from are elected
//! first, buys before sells, and the others when these have had their turns.

use lugus_vocabulary::{ClientSequence, InstrumentState, Price, RejectReason, TimeInForce};

use crate::book::{Instructions, Order, OrderPool, Slot, Terms};
use crate::election;
use crate::ended;
use crate::event_sink::EventSink;
use crate::execution;
use crate::fill_or_kill;
use crate::iceberg;
use crate::incoming;
use crate::instrument::Instrument;
use crate::notional::Exposure;
use crate::protection;
use crate::reporter::Reporter;

/// Takes in a stop order, given as its owner knows it and already told of: it triggers if trading is on and the last
/// trade has reached its trigger, else it waits. Behind elected orders it waits for its turn. `slot` is the order's place in
/// the pool, if it has one already; `answers` the command that its reports answer.
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
    let is_open = instrument.definition.state == InstrumentState::Open;
    let is_due = is_open && instrument.has_reached(order.side, stop_price);
    if is_due && !instrument.has_elected() {
        return trigger(order, terms, stop_price, slot, answers, instrument, pool, reporter);
    }
    instrument.arrivals += 1;
    let mut waiting = order;
    waiting.instructions = order.instructions.with(Instructions::WAITING, true).with(Instructions::ELECTED, is_due);
    waiting.price = stop_price;
    let mut terms = Terms { limit: order.price, arrival: instrument.arrivals, ..terms };
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
    if is_due {
        instrument.elected.push_back(slot, &mut pool.elected);
    } else {
        let Order { side, price, leaves, .. } = waiting;
        instrument.stops.side_mut(side).push_back(slot, price, leaves, &mut pool.resting);
    }
}

/// Gives elected orders their turns, as far as the command at hand has steps left.
#[inline]
pub(crate) fn cascade<S: EventSink>(instrument: &mut Instrument, pool: &mut OrderPool, reporter: &mut Reporter<'_, S>) {
    if instrument.has_elected() {
        take_turns(instrument, pool, reporter);
    }
}

#[cold]
fn take_turns<S: EventSink>(instrument: &mut Instrument, pool: &mut OrderPool, reporter: &mut Reporter<'_, S>) {
    while instrument.definition.state == InstrumentState::Open {
        let Some(slot) = instrument.elected.first() else {
            let Instrument { stops, elected, due, .. } = &mut *instrument;
            election::elect_part(stops, elected, due, pool);
            if elected.is_empty() {
                break;
            }
            continue;
        };
        if !pool.unfinished.step() {
            break;
        }
        match pool.over(slot) {
            Some(ending) => ended::end(slot, ending, instrument, pool, reporter),
            None => take_turn(slot, instrument, pool, reporter),
        }
    }
    if instrument.has_elected() {
        pool.unfinished.note_instrument(instrument.definition.instrument);
    }
}

/// Brings an elected order to the book.
fn take_turn<S: EventSink>(
    slot: Slot,
    instrument: &mut Instrument,
    pool: &mut OrderPool,
    reporter: &mut Reporter<'_, S>,
) {
    instrument.elected.remove(slot, &mut pool.elected);
    let (mut order, terms) = (pool.whole(slot), pool.terms(slot));
    order.instructions = order.instructions.with(Instructions::ELECTED, false);
    if order.instructions.has(Instructions::WAITING) {
        let stop_price = pool.get(slot).price;
        trigger(order, terms, stop_price, Some(slot), ClientSequence(0), instrument, pool, reporter);
    } else {
        incoming::enter(&mut order, terms, Some(slot), ClientSequence(0), instrument, pool, reporter);
    }
}

/// Turns a stop order, given as its owner knows it and in no queue, into the market or limit order that it is without
/// its trigger `stop_price`, and brings it to the book.
#[expect(clippy::too_many_arguments, reason = "an order, its place, and where it goes")]
fn trigger<S: EventSink>(
    mut order: Order,
    terms: Terms,
    stop_price: Price,
    slot: Option<Slot>,
    answers: ClientSequence,
    instrument: &mut Instrument,
    pool: &mut OrderPool,
    reporter: &mut Reporter<'_, S>,
) {
    order.instructions = order.instructions.with(Instructions::WAITING, false);
    if instrument.is_protected {
        protection::protect_stop(&mut order, stop_price, instrument);
    }
    reporter.tell(order.owner, answers, execution::triggered(&order));
    let (side, limit, open) = (order.side, order.limit(), order.leaves);
    let exposure = Exposure { side, limit, trigger: None, open, is_for_auction: false };
    let limit = pool.maximum_notional(order.owner);
    let too_much = exposure.check(limit.map(|(most, _)| most), instrument, pool).err();
    let too_much = too_much.and(limit.map(|(_, reason)| reason));
    let is_fok = order.time_in_force == TimeInForce::Fok;
    if is_fok && too_much.is_none() {
        pool.unfinished.look();
    }
    let refused = if too_much.is_some() {
        too_much
    } else if is_fok
        && !fill_or_kill::is_fillable(&protection::within_band(&order, instrument, reporter.now()), instrument, pool)
    {
        Some(RejectReason::FillOrKill)
    } else if order.instructions.is_post_only()
        && ended::would_trade(order.side, order.limit(), instrument, pool, reporter)
    {
        Some(RejectReason::PostOnlyWouldTrade)
    } else {
        None
    };
    match refused {
        Some(reason) => incoming::cancel(&order, slot, answers, reason, pool, reporter),
        None => incoming::enter(&mut order, terms, slot, answers, instrument, pool, reporter),
    }
}
