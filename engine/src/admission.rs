//! Which new orders and replacements are taken. Everything here only checks; the first reason that applies is returned.

use lugus_vocabulary::{
    EpochNanos, InstrumentDefinition, InstrumentState, NewOrder, OrderType, PostOnly, Price, Quantity, RejectReason,
    Replace, RiskLimits, TimeInForce,
};

use crate::amendment::Amendment;
use crate::book::{Instructions, Order, OrderPool, Slot, Vacancy};
use crate::definition::takes_price;
use crate::fill_or_kill;
use crate::iceberg::{MAXIMUM_PARTS, shown};
use crate::instrument::Instrument;
use crate::notional::Exposure;
use crate::protection;
use crate::queues::{Queue, best_price};
use crate::risk;

/// Admits an order of the most frequent kind: a limit order that is good till canceled or immediate, with nothing else to
/// it, while trading is on, of a participant without limits. Returns its limit, and where its client order id goes.
/// `None` decides nothing: ask [`new_order`].
///
/// The conditions that hardly ever fail are joined without short circuits, so that they cost one branch.
#[inline(always)]
pub(crate) fn plain_limit(
    order: &NewOrder,
    limits: Option<&RiskLimits>,
    instrument: &Instrument,
    pool: &OrderPool,
    owner: u32,
) -> Option<(Price, Vacancy)> {
    let price = order.price?;
    let is_immediate = order.time_in_force == TimeInForce::Ioc;
    let is_plain = (order.order_type == OrderType::Limit)
        & (is_immediate | (order.time_in_force == TimeInForce::Gtc))
        & (order.post_only == PostOnly::No)
        & order.stop_price.is_none()
        & order.expire_time.is_none()
        & (order.display_quantity.0 == 0)
        & (order.client_order_id.0 != 0)
        & takes_plain(instrument, limits, price, order.quantity)
        & limits.is_none_or(|limits| limits.maximum_open_orders.is_none());
    if !is_plain {
        return None;
    }
    let queue = instrument.book.side(order.side);
    if !is_immediate && (pool.is_full() || !queue.has_room(price, order.quantity, &pool.resting)) {
        return None;
    }
    let vacancy = pool.look_up(owner, order.client_order_id).err()?;
    Some((price, vacancy))
}

/// Whether trading is on, and an order of `quantity` lots at `price` is taken where there are no price band, no price protection
/// and no risk limits on its size.
#[inline(always)]
fn takes_plain(instrument: &Instrument, limits: Option<&RiskLimits>, price: Price, quantity: Quantity) -> bool {
    let definition = &instrument.definition;
    (quantity.0.wrapping_sub(1) < definition.maximum_quantity.0)
        & (price >= definition.minimum_price)
        & (price <= definition.maximum_price)
        & instrument.takes_any_limit
        & (definition.state == InstrumentState::Open)
        & limits.is_none_or(|limits| limits.maximum_quantity.is_none() & limits.maximum_notional.is_none())
}

/// Checks a new order: instrument state, client order id, quantity, time in force, display quantity, prices, risk limits,
/// what it would find in the book, and room, in this order. `taken` is the order as it would be if it is taken.
pub(crate) fn new_order(
    order: &NewOrder,
    taken: &Order,
    now: EpochNanos,
    limits: &RiskLimits,
    instrument: &Instrument,
    pool: &OrderPool,
) -> Result<(), RejectReason> {
    let definition = &instrument.definition;
    let is_open = definition.state == InstrumentState::Open;
    let is_stop = matches!(order.order_type, OrderType::Stop | OrderType::StopLimit);
    // While an auction gathers, orders that would have to trade at once are not taken; a stop order waits anyway.
    if !(is_open || (definition.state == InstrumentState::Auction && (is_stop || !taken.is_immediate()))) {
        return Err(RejectReason::InstrumentState);
    }
    if order.client_order_id.0 == 0 {
        return Err(RejectReason::InvalidClientOrderId);
    }
    if pool.find(taken.owner, order.client_order_id).is_some() {
        return Err(RejectReason::DuplicateClientOrderId);
    }
    quantity(definition, order.quantity)?;
    time_in_force(order, protection::may_rest(taken, instrument), now)?;
    let is_for_auction = order.time_in_force.is_for_auction();
    if is_for_auction {
        for_auction(order, instrument, pool)?;
    }
    let display = order.display_quantity;
    if display > order.quantity || !takes_display(display, order.quantity, taken) {
        return Err(RejectReason::InvalidDisplayQuantity);
    }
    match order.order_type {
        OrderType::Limit | OrderType::StopLimit => limit_price(definition, order.price)?,
        _ if order.price.is_some() => return Err(RejectReason::InvalidPrice),
        _ => {}
    }
    if is_open && instrument.is_protected && order.order_type == OrderType::Limit && !is_for_auction {
        protection::check_limit(order.side, order.price, instrument, now)?;
    }
    trigger_price(definition, order.stop_price, is_stop)?;
    let lives = is_stop || !taken.is_immediate();
    risk::quantity(limits, order.quantity)?;
    let limit = taken.limit();
    let exposure =
        Exposure { side: order.side, limit, trigger: order.stop_price, open: order.quantity, is_for_auction };
    exposure.check(limits.maximum_notional, instrument, pool)?;
    if lives {
        risk::open_orders(limits, pool.open_orders(taken.owner))?;
    }
    if is_open && !is_stop {
        if order.post_only == PostOnly::Yes && instrument.book.would_trade(order.side, order.price) {
            return Err(RejectReason::PostOnlyWouldTrade);
        }
        if order.time_in_force == TimeInForce::Fok {
            let bounded = protection::within_band(taken, instrument, now);
            if !fill_or_kill::is_fillable(&bounded, instrument, pool) {
                return Err(RejectReason::FillOrKill);
            }
        }
    }
    if !lives {
        return Ok(());
    }
    // If the order's own side has a level at its price, the order finds nothing to trade with and rests whole; so all that
    // it shows must fit into the level.
    let price = if is_for_auction { taken.price } else { order.stop_price.or(limit).unwrap_or_default() };
    if pool.is_full() {
        return Err(RejectReason::LimitOrders);
    }
    if !instrument.has_room(Queue::of_entered(order), order.side, price, shown(order.quantity, display), pool) {
        return Err(RejectReason::LimitLevel);
    }
    Ok(())
}

/// Checks a replacement of the live order in `slot` at log time `now`, and returns what it makes of the order. A replacement that lowers the
/// risk is not checked against price limits, price band, maximum quantity and risk limits, wherever they are now; others
/// are: the instrument's maximum quantity bounds the whole order, and the risk limits bound what is open.
pub(crate) fn replacement(
    replace: &Replace,
    slot: Slot,
    now: EpochNanos,
    limits: &RiskLimits,
    instrument: &Instrument,
    pool: &OrderPool,
) -> Result<Amendment, RejectReason> {
    let definition = &instrument.definition;
    let (kept, order) = (pool.get(slot), pool.whole(slot));
    let is_waiting = order.instructions.has(Instructions::WAITING);
    let is_for_auction = order.instructions.has(Instructions::AUCTION);
    if replace.client_order_id.0 == 0 {
        return Err(RejectReason::InvalidClientOrderId);
    }
    if replace.client_order_id != order.client_order_id && pool.find(order.owner, replace.client_order_id).is_some() {
        return Err(RejectReason::DuplicateClientOrderId);
    }
    let amendment = Amendment::of(replace, slot, pool);
    let Amendment { filled, leaves, display: shows, same_display, lowers, keeps_place } = amendment;
    if replace.quantity.0 == 0 || !lowers {
        quantity(definition, replace.quantity)?;
    }
    if replace.quantity < filled {
        return Err(RejectReason::QuantityBelowFilled);
    }
    if !(lowers && same_display) && (shows > replace.quantity || !takes_display(shows, leaves, &order)) {
        return Err(RejectReason::InvalidDisplayQuantity);
    }
    if !lowers {
        match order.limit() {
            Some(_) => limit_price(definition, replace.price)?,
            None if replace.price.is_some() => return Err(RejectReason::InvalidPrice),
            None => {}
        }
        if instrument.is_protected && definition.state == InstrumentState::Open && !is_waiting && !is_for_auction {
            protection::check_limit(order.side, replace.price, instrument, now)?;
        }
        trigger_price(definition, replace.stop_price, is_waiting)?;
        risk::quantity(limits, leaves)?;
        let (side, limit, trigger) = (order.side, replace.price, replace.stop_price);
        let exposure = Exposure { side, limit, trigger, open: leaves, is_for_auction };
        exposure.check(limits.maximum_notional, instrument, pool)?;
        if leaves.0 > 0
            && definition.state == InstrumentState::Open
            && !is_waiting
            && order.instructions.is_post_only()
            && instrument.book.would_trade(order.side, replace.price)
        {
            return Err(RejectReason::PostOnlyWouldTrade);
        }
    }
    if keeps_place || leaves.0 == 0 {
        return Ok(amendment);
    }
    let without_limit = if is_for_auction { best_price(order.side) } else { Price(0) };
    let price = replace.stop_price.or(replace.price).unwrap_or(without_limit);
    // At an unchanged price the order is a part of the level already, which gets only what it grows by.
    let is_elected = kept.instructions.has(Instructions::ELECTED);
    let own = if price == kept.price && !is_elected { kept.leaves.0 } else { 0 };
    let more = shown(leaves, shows).0.saturating_sub(own);
    // An elected order, which waits in no queue, is to meet the book or goes back to the stop orders.
    let has_room = instrument.has_room(Queue::of(kept), order.side, price, Quantity(more), pool);
    if has_room { Ok(amendment) } else { Err(RejectReason::LimitLevel) }
}

/// Admits a replacement of the most frequent kind: of a limit order that is good till canceled and has no terms, that
/// keeps its client order id and goes to the end of a queue, while trading is on, of a participant without limits. Returns
/// the order's slot, the order as its owner knows it, and its new limit. `None` decides nothing: ask [`replacement`].
#[inline(always)]
pub(crate) fn plain_replacement(
    replace: &Replace,
    limits: Option<&RiskLimits>,
    instrument: &Instrument,
    pool: &OrderPool,
    owner: u32,
) -> Option<(Slot, Order, Price)> {
    let price = replace.price?;
    let is_plain = (replace.client_order_id == replace.orig_client_order_id)
        & replace.stop_price.is_none()
        & (replace.display_quantity.0 == 0)
        & takes_plain(instrument, limits, price, replace.quantity);
    if !is_plain {
        return None;
    }
    let slot = pool.find(owner, replace.orig_client_order_id)?;
    let order = *pool.get(slot);
    let is_plain = (order.instructions.order_type() == OrderType::Limit)
        & (order.time_in_force == TimeInForce::Gtc)
        & !order.instructions.has_terms()
        & !order.instructions.is_post_only()
        & (replace.quantity > order.cum_quantity())
        & ((price != order.price) | (replace.quantity > order.quantity));
    let has_room = || instrument.book.side(order.side).has_room(price, replace.quantity, &pool.resting);
    (is_plain && has_room()).then_some((slot, order, price))
}

/// Checks whether orders of the instrument can be replaced in its state.
pub(crate) fn replaceable(instrument: &Instrument) -> Result<(), RejectReason> {
    match instrument.definition.state {
        InstrumentState::Open | InstrumentState::Auction => Ok(()),
        InstrumentState::Halted | InstrumentState::Closed => Err(RejectReason::InstrumentState),
    }
}

/// Checks the quantity of an order.
pub(crate) fn quantity(definition: &InstrumentDefinition, quantity: Quantity) -> Result<(), RejectReason> {
    if quantity.0 == 0 || quantity > definition.maximum_quantity {
        return Err(RejectReason::InvalidQuantity);
    }
    Ok(())
}

/// A market order must be immediate or for an auction, unless it may rest at the price of its protection points; a post-only order
/// must be neither, and must have a limit; a stop order is for no auction. A GTD order has an expire time in the future, and no other order has one.
fn time_in_force(order: &NewOrder, may_rest: bool, now: EpochNanos) -> Result<(), RejectReason> {
    let immediate = matches!(order.time_in_force, TimeInForce::Ioc | TimeInForce::Fok);
    let has_limit = matches!(order.order_type, OrderType::Limit | OrderType::StopLimit);
    let is_for_auction = order.time_in_force.is_for_auction();
    let is_stop = matches!(order.order_type, OrderType::Stop | OrderType::StopLimit);
    if (order.order_type == OrderType::Market && !immediate && !may_rest && !is_for_auction)
        || (is_stop && is_for_auction)
    {
        return Err(RejectReason::InvalidTimeInForce);
    }
    if order.post_only == PostOnly::Yes && (immediate || is_for_auction || !has_limit) {
        return Err(RejectReason::InvalidPostOnly);
    }
    match (order.time_in_force, order.expire_time) {
        (TimeInForce::Gtd, Some(time)) if time > now => Ok(()),
        (TimeInForce::Gtd, _) | (_, Some(_)) => Err(RejectReason::InvalidExpireTime),
        _ => Ok(()),
    }
}

/// Checks whether the instrument takes an order that only auctions take: for the close only if its schedule has a closing auction,
/// and none while those before expire.
#[cold]
fn for_auction(order: &NewOrder, instrument: &Instrument, pool: &OrderPool) -> Result<(), RejectReason> {
    let definition = &instrument.definition;
    if order.time_in_force == TimeInForce::AtTheClose && definition.auctions.schedule.closing_auction.is_none() {
        return Err(RejectReason::InvalidTimeInForce);
    }
    if pool.unfinished.expiring(definition.instrument).has(order.time_in_force) {
        return Err(RejectReason::InstrumentState);
    }
    Ok(())
}

/// Whether an order with `open` lots may show `display` lots at a time: only an order that can rest in the book may be an iceberg,
/// and it must not have too many parts.
fn takes_display(display: Quantity, open: Quantity, order: &Order) -> bool {
    let rests = !order.is_immediate() && !order.instructions.has(Instructions::AUCTION);
    display.0 == 0 || (rests && open.0.div_ceil(display.0) <= MAXIMUM_PARTS)
}

/// Checks a limit against the limits of the instrument's prices and its static band.
pub(crate) fn limit_price(definition: &InstrumentDefinition, price: Option<Price>) -> Result<(), RejectReason> {
    let price = price.filter(|&price| takes_price(definition, price)).ok_or(RejectReason::InvalidPrice)?;
    let band = definition.price_band.0;
    if band > 0 && price.0.abs_diff(definition.reference_price.0) > band {
        return Err(RejectReason::PriceOutsideBand);
    }
    Ok(())
}

/// A stop order that waits has a trigger, and no other order has one. The price band does not apply to triggers: whether
/// the market gets there is for the market to decide.
fn trigger_price(definition: &InstrumentDefinition, price: Option<Price>, waits: bool) -> Result<(), RejectReason> {
    let takes = match price {
        Some(price) => waits && takes_price(definition, price),
        None => !waits,
    };
    if takes { Ok(()) } else { Err(RejectReason::InvalidStopPrice) }
}
