//! A live order from its record: whether it is possible, and what it is in the pool.

use lugus_vocabulary::{
    InstrumentDefinition, InstrumentState, NewOrder, OrderRecord, OrderType, PostOnly, Price, Quantity, TimeInForce,
};

use super::checks::{Checked, require};
use crate::book::{Instructions, Order, Terms};
use crate::definition::takes_price;
use crate::instrument::Instrument;
use crate::scopes::ScopeIndex;
use crate::stop_queues;

/// The order as the pool has it, at the price of its queue: the limit, or the trigger of a stop order.
pub(super) fn order_of(record: &OrderRecord, owner: ScopeIndex, price: Price) -> (Order, Terms) {
    let OrderRecord { order_id, leaves_quantity, shown_quantity, order: ref entered, .. } = *record;
    let instructions = Instructions::of(entered, entered.expire_time)
        .with(Instructions::PROTECTED, is_protected(entered))
        .with(Instructions::WAITING, entered.stop_price.is_some())
        .with(Instructions::ELECTED, record.is_elected);
    let terms = Terms {
        reserve: Quantity(leaves_quantity.0 - shown_quantity.0),
        limit: entered.price.unwrap_or_default(),
        arrival: record.arrival,
        ..Terms::of(entered, entered.expire_time)
    };
    let order = Order { leaves: shown_quantity, ..Order::new(entered, price, instructions, order_id, owner) };
    (order, terms)
}

/// Whether the limit of the order is that of its protection points.
fn is_protected(order: &NewOrder) -> bool {
    let has_limit = matches!(order.order_type, OrderType::Limit | OrderType::StopLimit);
    order.price.is_some() && order.stop_price.is_none() && !has_limit
}

/// Whether the order is possible in an instrument with this definition.
pub(super) fn check_order(record: &OrderRecord, definition: &InstrumentDefinition) -> Checked {
    let order = &record.order;
    let numbered = record.order_id.0 > 0;
    require(numbered && order.client_order_id.0 > 0, "an order with an impossible number")?;
    let immediate = matches!(order.time_in_force, TimeInForce::Ioc | TimeInForce::Fok);
    let has_limit = matches!(order.order_type, OrderType::Limit | OrderType::StopLimit) || is_protected(order);
    let is_for_auction = order.time_in_force.is_for_auction();
    let is_plain = order.stop_price.is_none()
        && !record.is_elected
        && order.display_quantity.0 == 0
        && order.post_only == PostOnly::No
        && matches!(order.order_type, OrderType::Market | OrderType::Limit);
    require(is_plain || !is_for_auction, "an order of a kind that is for no auction")?;
    let lives = record.is_elected
        || match order.stop_price {
            Some(_) => matches!(order.order_type, OrderType::Stop | OrderType::StopLimit),
            None => (has_limit || is_for_auction) && !immediate,
        };
    let may_rest = has_limit && !immediate;
    let is_stop = matches!(order.order_type, OrderType::Stop | OrderType::StopLimit);
    require(order.stop_price.is_none() || is_stop, "an order of a kind that does not rest")?;
    require(lives && (may_rest || order.post_only == PostOnly::No), "an order of a kind that does not rest")?;
    let arrives = record.arrival == 0 || order.stop_price.is_some() || is_for_auction;
    require(arrives, "an order with an impossible arrival")?;
    let ends = matches!(order.time_in_force, TimeInForce::Day | TimeInForce::Gtd);
    require(ends == order.expire_time.is_some(), "an order with an impossible expire time")?;
    let (leaves, shown, display) = (record.leaves_quantity.0, record.shown_quantity.0, order.display_quantity.0);
    let sized = (1..=order.quantity.0).contains(&leaves) && order.quantity <= definition.maximum_quantity;
    require(sized, "an order with an impossible quantity")?;
    let showing = if display == 0 { shown == leaves } else { may_rest && (1..=leaves.min(display)).contains(&shown) };
    require(showing, "an order that shows an impossible quantity")?;
    let priced = order.price.is_some() == has_limit && order.price.is_none_or(|price| takes_price(definition, price));
    require(priced, "an order with an impossible price")?;
    let triggers = order.stop_price.is_none_or(|price| takes_price(definition, price));
    require(triggers, "an order with an impossible price")
}

/// Whether the order is possible in the instrument as it is.
pub(super) fn check_in_book(record: &OrderRecord, instrument: &Instrument) -> Checked {
    let (definition, order) = (&instrument.definition, &record.order);
    require(record.order_id <= instrument.last_order_id, "an order with an impossible number")?;
    let is_for_auction = order.time_in_force.is_for_auction();
    let arrivals = if is_for_auction { instrument.last_order_id.0 } else { instrument.arrivals };
    require(record.arrival <= arrivals, "an order with an impossible arrival")?;
    if let Some(stop_price) = order.stop_price {
        let reached = |last| stop_queues::is_reached(order.side, stop_price, last);
        let is_open = definition.state == InstrumentState::Open;
        let is_settled = instrument.due.is_none() && !record.is_elected;
        let due = is_open && is_settled && instrument.feed.statistics.last.is_some_and(reached);
        require(!due, "a stop order that should have triggered")
    } else {
        let rests = definition.state == InstrumentState::Open && !record.is_elected && !is_for_auction;
        let trades = rests && instrument.book.would_trade(order.side, order.price);
        require(!trades, "a bid that would trade with an ask")
    }
}
