//! What participants do with orders: new orders, cancels, replacements, and mass cancels. Each returns the reason if
//! nothing was done; the caller reports it.

use lugus_vocabulary::{
    ClientOrderId, NewOrder, OrderId, OrderType, ParticipantId, PostOnly, Price, Quantity, RejectReason, Replace,
    ReportBody, RiskLimits, Side, TimeInForce,
};

use crate::admission;
use crate::auction_orders;
use crate::auction_phase;
use crate::book::{Instructions, Order, OrderPool, Slot, Terms, Vacancy};
use crate::event_sink::EventSink;
use crate::execution;
use crate::expiry;
use crate::iceberg;
use crate::incoming::{enter, join_queue};
use crate::instrument::Instrument;
use crate::market_data::{self, publish_order};
use crate::protection;
use crate::queues::{Queue, best_price, queue_price};
use crate::reporter::Reporter;
use crate::scopes::ScopeIndex;
use crate::stops;

/// Takes a new order: it waits for its trigger, gathers for an auction, or meets the book.
#[inline(always)]
pub(crate) fn new_order<S: EventSink>(
    order: &NewOrder,
    limits: Option<&RiskLimits>,
    instrument: &mut Instrument,
    pool: &mut OrderPool,
    reporter: &mut Reporter<'_, S>,
) -> Result<(), RejectReason> {
    match admission::plain_limit(order, limits, instrument, pool, reporter.scope()) {
        Some((price, vacancy)) => plain_order(order, price, vacancy, instrument, pool, reporter),
        None => return any_order(order, limits.unwrap_or(&RiskLimits::default()), instrument, pool, reporter),
    }
    Ok(())
}

/// Takes an order that [`admission::plain_limit`] has admitted.
#[inline(always)]
fn plain_order<S: EventSink>(
    order: &NewOrder,
    price: Price,
    vacancy: Vacancy,
    instrument: &mut Instrument,
    pool: &mut OrderPool,
    reporter: &mut Reporter<'_, S>,
) {
    let (prevention, on_disconnect) = (order.self_trade_prevention, order.on_disconnect);
    let instructions = Instructions::new(OrderType::Limit, PostOnly::No, prevention, on_disconnect);
    let taken = Order::new(order, price, instructions, instrument.next_order_id(), reporter.scope());
    let (scope, answers) = (reporter.scope(), reporter.client_sequence());
    reporter.tell_execution(scope, answers, execution::new(&taken));
    if instrument.book.would_trade(order.side, Some(price)) {
        // `enter` gets a copy, so that an order that rests at once need not be written to memory here.
        enter(&mut { taken }, Terms::default(), None, answers, instrument, pool, reporter);
    } else if order.time_in_force == TimeInForce::Gtc {
        let slot = pool.insert_at(vacancy, &taken, &Terms::default());
        join_queue(slot, &taken, instrument, pool, reporter);
    } else {
        reporter.tell_execution(scope, answers, execution::canceled(&taken, RejectReason::NoLiquidity));
    }
    stops::cascade(instrument, pool, reporter);
}

/// Takes a new order of any kind.
#[inline(never)]
fn any_order<S: EventSink>(
    order: &NewOrder,
    risk: &RiskLimits,
    instrument: &mut Instrument,
    pool: &mut OrderPool,
    reporter: &mut Reporter<'_, S>,
) -> Result<(), RejectReason> {
    let owner = reporter.scope();
    let expire_time = expiry::expire_time(order, reporter.now());
    let is_for_auction = order.time_in_force.is_for_auction();
    // A stop order has its limit here, also while it waits for its trigger.
    let price = if is_for_auction { queue_price(order) } else { order.price.unwrap_or_default() };
    let instructions = Instructions::of(order, expire_time);
    let mut taken = Order::new(order, price, instructions, instrument.last_order_id, owner);
    if instrument.is_protected {
        protection::protect_market(&mut taken, instrument);
    }
    admission::new_order(order, &taken, reporter.now(), risk, instrument, pool)?;
    taken.order_id = instrument.next_order_id();
    let terms = Terms::of(order, expire_time);
    reporter.tell_execution(reporter.scope(), reporter.client_sequence(), execution::new(&taken));
    let answers = reporter.client_sequence();
    match order.stop_price {
        Some(stop_price) => stops::place(taken, terms, stop_price, None, answers, instrument, pool, reporter),
        None if is_for_auction => auction_orders::place(&taken, None, instrument, pool),
        None => enter(&mut taken, terms, None, answers, instrument, pool, reporter),
    }
    stops::cascade(instrument, pool, reporter);
    Ok(())
}

/// Cancels an order.
#[inline(always)]
pub(crate) fn cancel<S: EventSink>(
    orig_client_order_id: ClientOrderId,
    instrument: &mut Instrument,
    pool: &mut OrderPool,
    reporter: &mut Reporter<'_, S>,
) -> Result<(), RejectReason> {
    let found = pool.look_up(reporter.scope(), orig_client_order_id).map_err(|_| RejectReason::UnknownOrder)?;
    let order = instrument.end(found, pool, reporter);
    reporter.tell_execution(
        reporter.scope(),
        reporter.client_sequence(),
        execution::canceled(&order, RejectReason::None),
    );
    Ok(())
}

/// Replaces an order. If the order keeps its priority it stays where it is; otherwise it comes in like a new order, and
/// may trade.
#[inline(always)]
pub(crate) fn replace<S: EventSink>(
    replace: &Replace,
    limits: Option<&RiskLimits>,
    instrument: &mut Instrument,
    pool: &mut OrderPool,
    reporter: &mut Reporter<'_, S>,
) -> Result<(), RejectReason> {
    match admission::plain_replacement(replace, limits, instrument, pool, reporter.scope()) {
        Some((slot, order, price)) => replace_plain(replace, slot, &order, price, instrument, pool, reporter),
        None => return replace_any(replace, limits.unwrap_or(&RiskLimits::default()), instrument, pool, reporter),
    }
    Ok(())
}

/// Replaces an order as [`admission::plain_replacement`] has admitted. `until_now` is the order before.
#[inline(always)]
fn replace_plain<S: EventSink>(
    replace: &Replace,
    slot: Slot,
    until_now: &Order,
    price: Price,
    instrument: &mut Instrument,
    pool: &mut OrderPool,
    reporter: &mut Reporter<'_, S>,
) {
    let quantity = replace.quantity;
    let leaves = Quantity(quantity.0 - until_now.cum_quantity().0);
    let order = Order { price, quantity, leaves, ..*until_now };
    instrument.take_out(slot, until_now, pool, reporter);
    pool.note_end(slot);
    let answers = reporter.client_sequence();
    reporter.tell_execution(reporter.scope(), answers, execution::replaced(&order, replace.orig_client_order_id));
    if instrument.book.would_trade(order.side, Some(price)) {
        enter(&mut { order }, Terms::default(), Some(slot), answers, instrument, pool, reporter);
    } else {
        *pool.get_mut(slot) = order;
        join_queue(slot, &order, instrument, pool, reporter);
    }
    stops::cascade(instrument, pool, reporter);
}

/// Replaces an order of any kind.
#[inline(never)]
fn replace_any<S: EventSink>(
    replace: &Replace,
    risk: &RiskLimits,
    instrument: &mut Instrument,
    pool: &mut OrderPool,
    reporter: &mut Reporter<'_, S>,
) -> Result<(), RejectReason> {
    let orig_client_order_id = replace.orig_client_order_id;
    admission::replaceable(instrument)?;
    auction_phase::check_cancels(instrument, reporter.now())?;
    let slot = pool.find(reporter.scope(), orig_client_order_id).ok_or(RejectReason::UnknownOrder)?;
    let amendment = admission::replacement(replace, slot, reporter.now(), risk, instrument, pool)?;
    pool.rename(slot, replace.client_order_id);
    let (mut order, mut terms) = (pool.whole(slot), pool.terms(slot));
    let is_for_auction = order.instructions.has(Instructions::AUCTION);
    let without_limit = if is_for_auction { best_price(order.side) } else { Price(0) };
    order.price = replace.price.unwrap_or(without_limit);
    order.quantity = replace.quantity;
    order.leaves = amendment.leaves;
    order.instructions = order.instructions.with(Instructions::ICEBERG, amendment.display.0 > 0);
    terms.display = amendment.display;
    if amendment.leaves.0 == 0 {
        instrument.end(pool.found(slot), pool, reporter);
        reporter.answer(execution::replaced(&order, orig_client_order_id));
        return Ok(());
    }
    if amendment.keeps_place {
        decrease(slot, &order, terms, instrument, pool, reporter);
        reporter.answer(execution::replaced(&order, orig_client_order_id));
        return Ok(());
    }
    let in_queue = *pool.get(slot);
    instrument.take_out(slot, &in_queue, pool, reporter);
    pool.note_end(slot);
    order.instructions = order.instructions.with(Instructions::ELECTED, false);
    reporter.tell_execution(
        reporter.scope(),
        reporter.client_sequence(),
        execution::replaced(&order, orig_client_order_id),
    );
    let answers = reporter.client_sequence();
    match replace.stop_price {
        Some(stop_price) => stops::place(order, terms, stop_price, Some(slot), answers, instrument, pool, reporter),
        None if is_for_auction => auction_orders::place(&order, Some(slot), instrument, pool),
        None => enter(&mut order, terms, Some(slot), answers, instrument, pool, reporter),
    }
    stops::cascade(instrument, pool, reporter);
    Ok(())
}

/// Makes a live order smaller, so that its owner knows it as `order`, with these terms. It keeps its priority.
pub(crate) fn decrease<S: EventSink>(
    slot: Slot,
    order: &Order,
    terms: Terms,
    instrument: &mut Instrument,
    pool: &mut OrderPool,
    reporter: &mut Reporter<'_, S>,
) {
    let at: Price = pool.get(slot).price;
    let gone = iceberg::reduce(slot, order, terms, pool);
    if order.instructions.has(Instructions::ELECTED) {
        return;
    }
    if order.instructions.has(Instructions::WAITING | Instructions::AUCTION) {
        instrument.queue_mut(Queue::of(order), order.side).reduce(slot, gone, &mut pool.resting);
        return;
    }
    let Instrument { book, feed, .. } = instrument;
    let queue = book.side_mut(order.side);
    queue.reduce(slot, gone, &mut pool.resting);
    if gone.0 > 0 {
        publish_order(order, at, pool.get(slot).leaves, feed, reporter);
        reporter.publish(feed, || market_data::level(queue, order.side, at, &pool.resting));
    }
}

/// Cancels all orders of a participant in the instrument, or those of one side, oldest first. Of many orders some are ended
/// with the commands and timers that follow; none of them trades meanwhile.
pub(crate) fn mass_cancel<S: EventSink>(
    target: ParticipantId,
    side: Option<Side>,
    instrument: &mut Instrument,
    pool: &mut OrderPool,
    reporter: &mut Reporter<'_, S>,
) -> Result<(), RejectReason> {
    let sender = reporter.participant();
    if target != sender && sender != ParticipantId::OPERATOR {
        return Err(RejectReason::NotAuthorised);
    }
    if sender != ParticipantId::OPERATOR {
        auction_phase::check_cancels(instrument, reporter.now())?;
    }
    let id = instrument.definition.instrument;
    let mut affected = 0;
    if let Some(owner) = reporter.scope_of(target, id) {
        affected = pool.orders_of(owner, side);
        while let Some(slot) = pool.first_of(owner, side) {
            if !pool.unfinished.step() {
                pool.set_canceled(owner, side, instrument.last_order_id);
                pool.unfinished.note_mass_cancel(id, target);
                break;
            }
            let order = instrument.end(pool.found(slot), pool, reporter);
            reporter.tell_owner(order.owner, execution::canceled(&order, RejectReason::MassCancel));
        }
    }
    reporter.answer(ReportBody::MassCancel { target, affected });
    Ok(())
}

/// Continues mass cancels of an owner, and what a disconnect before its last one has left, as far as the command at hand has steps left. Returns whether all are done.
pub(crate) fn continue_mass_cancel<S: EventSink>(
    owner: ScopeIndex,
    instrument: &mut Instrument,
    pool: &mut OrderPool,
    reporter: &mut Reporter<'_, S>,
) -> bool {
    while let Some((slot, reason)) = pool.first_canceled(owner) {
        if !pool.unfinished.step() {
            return false;
        }
        let order = instrument.end(pool.found(slot), pool, reporter);
        reporter.tell_maker(order.owner, execution::canceled(&order, reason));
    }
    pool.set_canceled(owner, None, OrderId(0));
    pool.set_disconnected(owner, OrderId(0));
    true
}
