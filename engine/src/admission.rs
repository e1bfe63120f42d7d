//! Which orders are taken. Checks only: nothing changes here, and the first reason that applies is the answer.

use crate::book::{Order, OrderPool};
use crate::command::{
    Definition, InstrumentState, NewOrder, OrderType, PostOnly, Replace, SelfTradePrevention, TimeInForce,
};
use crate::event::RejectReason;
use crate::instrument::{Instrument, takes_price};
use crate::units::{Price, Quantity};

/// Whether a new order of this owner is taken: state, features, ids, quantity, times, prices, the book, room; in this
/// order.
pub(crate) fn new_order(
    order: &NewOrder,
    owner: u32,
    instrument: &Instrument,
    pool: &OrderPool,
) -> Result<(), RejectReason> {
    let definition = &instrument.definition;
    open(definition)?;
    supported(order)?;
    if order.client_order_id.0 == 0 {
        return Err(RejectReason::InvalidClientOrderId);
    }
    if pool.find(owner, order.client_order_id).is_some() {
        return Err(RejectReason::DuplicateClientOrderId);
    }
    quantity(definition, order.quantity)?;
    time_in_force(order)?;
    match order.order_type {
        OrderType::Limit => limit_price(definition, order.price)?,
        _ if order.price.is_some() => return Err(RejectReason::InvalidPrice),
        _ => {}
    }
    if order.stop_price.is_some() {
        return Err(RejectReason::InvalidStopPrice);
    }
    if order.post_only == PostOnly::Yes && instrument.book.would_trade(order.side, order.price) {
        return Err(RejectReason::PostOnlyWouldTrade);
    }
    room(order, instrument, pool)
}

/// Whether this live order is replaced so.
pub(crate) fn replacement(
    replace: &Replace,
    order: &Order,
    instrument: &Instrument,
    pool: &OrderPool,
) -> Result<(), RejectReason> {
    let definition = &instrument.definition;
    if replace.client_order_id.0 == 0 {
        return Err(RejectReason::InvalidClientOrderId);
    }
    if replace.client_order_id != order.client_order_id && pool.find(order.owner, replace.client_order_id).is_some() {
        return Err(RejectReason::DuplicateClientOrderId);
    }
    quantity(definition, replace.quantity)?;
    if replace.quantity <= order.cum_quantity() {
        return Err(RejectReason::QuantityBelowFilled);
    }
    limit_price(definition, replace.price)?;
    if replace.stop_price.is_some() {
        return Err(RejectReason::InvalidStopPrice);
    }
    if order.post_only == PostOnly::Yes && instrument.book.would_trade(order.side, replace.price) {
        return Err(RejectReason::PostOnlyWouldTrade);
    }
    let leaves = replace.quantity.0 - order.cum_quantity().0;
    // At its own price it is part of the level already: only what it grows by is new there.
    let more = if replace.price == Some(order.price) { leaves.saturating_sub(order.leaves.0) } else { leaves };
    let price = replace.price.unwrap_or(order.price);
    if instrument.book.side(order.side).has_room(price, Quantity(more), &pool.resting) {
        Ok(())
    } else {
        Err(RejectReason::LimitOrders)
    }
}

/// Whether a live order may be replaced at all, whichever it is.
pub(crate) fn replaceable(replace: &Replace, instrument: &Instrument) -> Result<(), RejectReason> {
    open(&instrument.definition)?;
    if replace.display_quantity.0 > 0 { Err(RejectReason::Unsupported) } else { Ok(()) }
}

fn open(definition: &Definition) -> Result<(), RejectReason> {
    match definition.state {
        InstrumentState::Open => Ok(()),
        _ => Err(RejectReason::InstrumentState),
    }
}

fn supported(order: &NewOrder) -> Result<(), RejectReason> {
    let supported = matches!(order.order_type, OrderType::Market | OrderType::Limit)
        && matches!(order.time_in_force, TimeInForce::Gtc | TimeInForce::Ioc)
        && order.display_quantity.0 == 0
        && order.self_trade_prevention == SelfTradePrevention::None;
    if supported { Ok(()) } else { Err(RejectReason::Unsupported) }
}

fn quantity(definition: &Definition, quantity: Quantity) -> Result<(), RejectReason> {
    if quantity.0 == 0 || quantity > definition.maximum_quantity {
        return Err(RejectReason::InvalidQuantity);
    }
    Ok(())
}

/// A market order never rests, and a post-only order must.
fn time_in_force(order: &NewOrder) -> Result<(), RejectReason> {
    let immediate = order.time_in_force == TimeInForce::Ioc;
    if (order.order_type == OrderType::Market && !immediate) || (order.post_only == PostOnly::Yes && immediate) {
        return Err(RejectReason::InvalidTimeInForce);
    }
    if order.expire_time.is_some() { Err(RejectReason::InvalidExpireTime) } else { Ok(()) }
}

fn limit_price(definition: &Definition, price: Option<Price>) -> Result<(), RejectReason> {
    let price = price.filter(|&price| takes_price(definition, price)).ok_or(RejectReason::InvalidPrice)?;
    let band = definition.price_band.0;
    if band > 0 && price.0.abs_diff(definition.reference_price.0) > band {
        return Err(RejectReason::PriceOutsideBand);
    }
    Ok(())
}

/// An order that may rest needs a free slot, and its level must be able to sum it up. Where there is a level at its
/// price it finds nothing to trade with, so all of it would rest.
fn room(order: &NewOrder, instrument: &Instrument, pool: &OrderPool) -> Result<(), RejectReason> {
    let rests = order.time_in_force != TimeInForce::Ioc;
    match order.price {
        Some(price)
            if rests && (pool.is_full() || !instrument.book.side(order.side).has_room(price, order.quantity, &pool.resting)) =>
        {
            Err(RejectReason::LimitOrders)
        }
        _ => Ok(()),
    }
}
