//! What participants do with orders: new, cancel, replace, mass cancel. An error is the reason why nothing was done;
//! whoever calls tells it.

use crate::admission;
use crate::book::{Order, OrderPool};
use crate::command::{NewOrder, Replace, Side, TimeInForce};
use crate::event::{EventSink, RejectReason, ReportBody};
use crate::execution;
use crate::instrument::Instrument;
use crate::matching;
use crate::sequences::Reporter;
use crate::units::{ClientOrderId, ParticipantId, Quantity};

/// A new order: taken, traded, and what is left of it rests or is canceled.
pub(crate) fn new_order<S: EventSink>(
    order: &NewOrder,
    instrument: &mut Instrument,
    pool: &mut OrderPool,
    reporter: &mut Reporter<'_, S>,
) -> Result<(), RejectReason> {
    let owner = reporter.scope();
    admission::new_order(order, owner, instrument, pool)?;
    let mut taker = Order::new(
        instrument.next_order_id(),
        order.client_order_id,
        owner,
        order.side,
        order.price.unwrap_or_default(),
        order.quantity,
        order.quantity,
        order.order_type,
        order.time_in_force,
        order.post_only,
    );
    reporter.answer(execution::new(&taker));
    matching::take(&mut taker, instrument, pool, reporter);
    if taker.leaves.0 > 0 {
        if taker.time_in_force == TimeInForce::Ioc {
            reporter.answer(execution::canceled(&taker, RejectReason::NoLiquidity));
        } else {
            let slot = pool.insert(taker);
            instrument.rest(pool, slot);
        }
    }
    Ok(())
}

/// Ends an order.
pub(crate) fn cancel<S: EventSink>(
    orig_client_order_id: ClientOrderId,
    instrument: &mut Instrument,
    pool: &mut OrderPool,
    reporter: &mut Reporter<'_, S>,
) -> Result<(), RejectReason> {
    let slot = pool.find(reporter.scope(), orig_client_order_id).ok_or(RejectReason::UnknownOrder)?;
    reporter.answer(execution::canceled(&instrument.end(pool, slot), RejectReason::None));
    Ok(())
}

/// Changes an order. If it may keep its priority it stays where it is; else it comes as if it were new, and may trade.
pub(crate) fn replace<S: EventSink>(
    replace: &Replace,
    instrument: &mut Instrument,
    pool: &mut OrderPool,
    reporter: &mut Reporter<'_, S>,
) -> Result<(), RejectReason> {
    let Replace { orig_client_order_id, client_order_id, quantity, .. } = *replace;
    admission::replaceable(replace, instrument)?;
    let slot = pool.find(reporter.scope(), orig_client_order_id).ok_or(RejectReason::UnknownOrder)?;
    admission::replacement(replace, pool.get(slot), instrument, pool)?;
    pool.rename(slot, client_order_id);
    let until_now = *pool.get(slot);
    let side = instrument.book.side_mut(until_now.side);
    let mut order = until_now;
    order.price = replace.price.unwrap_or(until_now.price);
    order.quantity = quantity;
    order.leaves = Quantity(quantity.0 - until_now.cum_quantity().0);
    if order.price == until_now.price && order.quantity <= until_now.quantity {
        side.reduce(slot, Quantity(until_now.quantity.0 - order.quantity.0), &mut pool.resting);
        pool.get_mut(slot).amend(&order);
        reporter.answer(execution::replaced(&order, orig_client_order_id));
        return Ok(());
    }
    side.remove(slot, &mut pool.resting);
    reporter.answer(execution::replaced(&order, orig_client_order_id));
    matching::take(&mut order, instrument, pool, reporter);
    if order.leaves.0 == 0 {
        pool.remove(slot);
    } else {
        pool.get_mut(slot).amend(&order);
        instrument.rest(pool, slot);
    }
    Ok(())
}

/// Ends all orders of a participant in the instrument, oldest first.
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
    let owner = reporter.scope_of(target, instrument.definition.instrument);
    let mut next = owner.and_then(|owner| pool.first_of(owner));
    let mut affected = 0;
    while let Some(slot) = next {
        next = pool.next_of_owner(slot);
        if side.is_none_or(|side| pool.get(slot).side == side) {
            let order = instrument.end(pool, slot);
            reporter.tell_owner(order.owner, execution::canceled(&order, RejectReason::MassCancel));
            affected += 1;
        }
    }
    reporter.answer(ReportBody::MassCancel { target, affected });
    Ok(())
}
