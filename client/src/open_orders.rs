//! The participant's own open orders as a list that stays true: parts of a rebuilding, and the events before, between and
//! after them.

use std::collections::BTreeMap;

use lugus_vocabulary::{
    EventSequence, ExecType, Execution, InstrumentId, NewOrder, OpenOrder, OrderId, PostOnly, Quantity, Report,
    ReportBody, SelfTradePrevention, WorkingState,
};

/// Open orders of an instrument, as they are after the event `event_sequence`, which has been told, and before the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct OpenOrdersPart<'a> {
    /// The instrument.
    pub instrument: InstrumentId,
    /// Last event of the scope (participant, instrument).
    pub event_sequence: EventSequence,
    /// The orders, whole, by [`OrderId`].
    pub orders: &'a [OpenOrder],
    /// Whether this is the first part of the instrument.
    pub is_first: bool,
    /// Whether this is the last part of the instrument: what no part has told, and no event since the first part has
    /// entered, is not open.
    pub is_last: bool,
}

/// Open orders by instrument and [`OrderId`]. Give it the parts ([`EventHandler::on_open_orders`]) and the reports
/// ([`EventHandler::on_report`]) as they come.
///
/// Parts tell orders whole. A report does not tell stop price, display quantity, expire time, post-only and self-trade
/// prevention: an order that a report enters is without them, and one that is replaced keeps those that it had. The program
/// that entered or replaced the order knows them.
///
/// [`EventHandler::on_open_orders`]: crate::EventHandler::on_open_orders
/// [`EventHandler::on_report`]: crate::EventHandler::on_report
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OpenOrders {
    orders: BTreeMap<(InstrumentId, OrderId), Entry>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Entry {
    order: OpenOrder,
    /// Whether a part or a report has told it since the first part of the instrument.
    is_confirmed: bool,
}

impl OpenOrders {
    /// All orders, by instrument and number.
    pub fn iter(&self) -> impl Iterator<Item = (InstrumentId, &OpenOrder)> {
        self.orders.iter().map(|(&(instrument, _), entry)| (instrument, &entry.order))
    }

    /// Number of orders.
    pub fn len(&self) -> usize {
        self.orders.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.orders.is_empty()
    }

    /// An order by the engine's number.
    pub fn get(&self, instrument: InstrumentId, order_id: OrderId) -> Option<&OpenOrder> {
        self.orders.get(&(instrument, order_id)).map(|entry| &entry.order)
    }

    /// A part of a rebuilding.
    pub fn on_open_orders(&mut self, part: &OpenOrdersPart<'_>) {
        let of_instrument = (part.instrument, OrderId(0))..=(part.instrument, OrderId(u64::MAX));
        if part.is_first {
            self.orders.range_mut(of_instrument).for_each(|(_, entry)| entry.is_confirmed = false);
        }
        for &order in part.orders {
            self.orders.insert((part.instrument, order.order_id), Entry { order, is_confirmed: true });
        }
        if part.is_last {
            self.orders.retain(|&(instrument, _), entry| instrument != part.instrument || entry.is_confirmed);
        }
    }

    /// An event of the participant's own.
    pub fn on_report(&mut self, report: &Report) {
        let ReportBody::Execution(execution) = &report.body else { return };
        let key = (report.instrument, execution.order_id);
        if execution.exec_type == ExecType::Rejected {
            return;
        }
        if execution.leaves_quantity == Quantity(0) {
            self.orders.remove(&key);
            return;
        }
        let entry = self.orders.entry(key).or_insert_with(|| Entry { order: entered(execution), is_confirmed: true });
        entry.is_confirmed = true;
        apply(execution, &mut entry.order);
    }
}

/// An order as its first report tells it.
fn entered(execution: &Execution) -> OpenOrder {
    OpenOrder {
        order_id: execution.order_id,
        leaves_quantity: execution.leaves_quantity,
        shown_quantity: execution.leaves_quantity,
        // Reports do not tell when an auction gathers orders.
        working_state: if execution.time_in_force.is_for_auction() {
            WorkingState::Parked
        } else {
            WorkingState::Working
        },
        order: NewOrder {
            client_order_id: execution.client_order_id,
            side: execution.side,
            order_type: execution.order_type,
            time_in_force: execution.time_in_force,
            price: execution.price,
            stop_price: None,
            quantity: execution.quantity,
            display_quantity: Quantity(0),
            expire_time: None,
            post_only: PostOnly::No,
            self_trade_prevention: SelfTradePrevention::None,
            client_tag: execution.client_tag,
            on_disconnect: execution.on_disconnect,
        },
    }
}

/// Changes an order as a report tells.
fn apply(execution: &Execution, order: &mut OpenOrder) {
    let leaves = execution.leaves_quantity;
    order.shown_quantity = match (order.order.display_quantity, execution.last_quantity) {
        (Quantity(0), _) => leaves,
        // An iceberg shows its next part when the shown one is filled.
        (_, traded) if traded > Quantity(0) && traded < order.shown_quantity => {
            Quantity(order.shown_quantity.0 - traded.0).min(leaves)
        }
        (display, traded) if traded > Quantity(0) => display.min(leaves),
        (display, _) if execution.exec_type == ExecType::Replaced => display.min(leaves),
        _ => order.shown_quantity.min(leaves),
    };
    order.leaves_quantity = leaves;
    order.order.client_order_id = execution.client_order_id;
    order.order.price = execution.price;
    order.order.quantity = execution.quantity;
    if matches!(execution.exec_type, ExecType::Triggered | ExecType::Trade) {
        order.order.stop_price = None;
        if !execution.time_in_force.is_for_auction() {
            order.working_state = WorkingState::Working;
        }
    }
}
