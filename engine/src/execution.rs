//! The executions that reports tell of an order, one function for each event.
//!
//! This is where the engine makes an [`Execution`], field by field. The functions are inlined where the execution is told,
//! so that its fields are written once, in place.

use lugus_vocabulary::{
    ClientOrderId, ExecType, Execution, Liquidity, NewOrder, OrderId, OrderStatus, Price, Quantity, RejectReason,
    TradeId,
};

use crate::book::Order;

/// The order is taken.
#[inline(always)]
pub(crate) fn new(order: &Order) -> Execution {
    live(order, ExecType::New)
}

/// The order is not taken.
pub(crate) fn rejected(order: &NewOrder, reason: RejectReason) -> Execution {
    Execution {
        exec_type: ExecType::Rejected,
        order_status: OrderStatus::Rejected,
        leaves_quantity: Quantity(0),
        reason,
        ..Execution::accepted(OrderId(0), order)
    }
}

/// The order has traded; `order` is the order after the trade.
#[inline(always)]
pub(crate) fn trade(order: &Order, trade_id: TradeId, price: Price, quantity: Quantity, how: Liquidity) -> Execution {
    Execution {
        trade_id,
        last_price: Some(price),
        last_quantity: quantity,
        liquidity: how,
        ..live(order, ExecType::Trade)
    }
}

/// The order is replaced; `order` is the order after the replacement, `from` its client order id before.
#[inline(always)]
pub(crate) fn replaced(order: &Order, from: ClientOrderId) -> Execution {
    Execution { orig_client_order_id: from, ..live(order, ExecType::Replaced) }
}

/// The stop order's trigger is reached.
pub(crate) fn triggered(order: &Order) -> Execution {
    live(order, ExecType::Triggered)
}

/// The order is changed without its owner's wish; `order` is the order after the change.
pub(crate) fn restated(order: &Order, reason: RejectReason) -> Execution {
    Execution { reason, ..live(order, ExecType::Restated) }
}

/// The order's time is over.
pub(crate) fn expired(order: &Order) -> Execution {
    Execution { order_status: OrderStatus::Expired, leaves_quantity: Quantity(0), ..live(order, ExecType::Expired) }
}

/// The open quantity of the order is canceled.
#[inline(always)]
pub(crate) fn canceled(order: &Order, reason: RejectReason) -> Execution {
    Execution {
        order_status: OrderStatus::Canceled,
        leaves_quantity: Quantity(0),
        reason,
        ..live(order, ExecType::Canceled)
    }
}

/// Status of an order that has been taken, before it ends in another way than by being filled.
#[inline(always)]
pub(crate) fn status_of_live(order: &Order) -> OrderStatus {
    match (order.leaves.0, order.cum_quantity().0) {
        (0, _) => OrderStatus::Filled,
        (_, 0) => OrderStatus::New,
        _ => OrderStatus::PartiallyFilled,
    }
}

/// What all events of an order that has been taken have in common.
#[inline(always)]
fn live(order: &Order, exec_type: ExecType) -> Execution {
    let cum_quantity = order.cum_quantity();
    Execution {
        exec_type,
        order_status: status_of_live(order),
        order_id: order.order_id,
        client_order_id: order.client_order_id,
        orig_client_order_id: ClientOrderId(0),
        trade_id: TradeId(0),
        side: order.side,
        order_type: order.instructions.order_type(),
        time_in_force: order.time_in_force,
        price: order.limit(),
        quantity: order.quantity,
        last_price: None,
        last_quantity: Quantity(0),
        leaves_quantity: order.leaves,
        cum_quantity,
        liquidity: Liquidity::None,
        reason: RejectReason::None,
        client_tag: order.client_tag,
        on_disconnect: order.instructions.on_disconnect(),
    }
}
