//! What the oracle tells a participant of its own live orders: all of them that come after the place asked for.

use lugus_vocabulary::*;

use super::book::{Book, Resting, find, shown};
use super::state::Oracle;

/// Number after that of the last order of any instrument.
const ALL: OrderId = OrderId(u64::MAX);

impl Oracle {
    pub fn order_status(&self, participant: u32, request: &OrderStatusRequest, now: i64) -> OrderStatusReport {
        let OrderStatusRequest { request_id, instrument, client_order_id } = *request;
        let mut report = OrderStatusReport { request_id, time: EpochNanos(now), ..OrderStatusReport::default() };
        let Some(book) = self.instruments.get(&instrument.0) else {
            return OrderStatusReport { reason: RejectReason::UnknownInstrument, ..report };
        };
        report.next = StatusCursor { instrument, order_id: ALL, ..StatusCursor::default() };
        let order = find(book, participant, client_order_id).map(|at| &book.orders[at]);
        report.orders.extend(order.map(|order| self.open_order(book, order, now)));
        let mut status = OrderStatus::Rejected;
        if let Some(scope) = self.scopes.get(&(participant, instrument.0)) {
            let (event_sequence, orders) = (EventSequence(scope.events.len() as u64), report.orders.len() as u16);
            report.scopes.push(ScopeOrders { instrument, event_sequence, orders });
            (_, status) = self.how_it_stands(participant, instrument.0, client_order_id, RejectReason::UnknownOrder);
        }
        if status == OrderStatus::Rejected {
            report.reason = RejectReason::UnknownOrder;
        }
        OrderStatusReport { order_status: Some(status), ..report }
    }

    /// The oracle has so few orders that one report tells all of them.
    pub fn order_mass_status(&self, participant: u32, request: &OrderMassStatusRequest, now: i64) -> OrderStatusReport {
        let OrderMassStatusRequest { request_id, instrument, after } = *request;
        let mut report =
            OrderStatusReport { request_id, time: EpochNanos(now), next: after, ..OrderStatusReport::default() };
        let is_one = instrument != InstrumentId::NONE;
        if is_one && !self.instruments.contains_key(&instrument.0) {
            let after = if after.instrument == instrument { after } else { StatusCursor::default() };
            let reason = RejectReason::UnknownInstrument;
            return OrderStatusReport { reason, next: StatusCursor { instrument, ..after }, ..report };
        }
        let wanted = |id: &u32| if is_one { InstrumentId(*id) == instrument } else { *id >= after.instrument.0 };
        for (&id, book) in self.instruments.iter().filter(|(id, _)| wanted(id)) {
            let told = if after.instrument.0 == id { after.order_id } else { OrderId(0) };
            report.next = StatusCursor { instrument: InstrumentId(id), order_id: ALL, ..StatusCursor::default() };
            let Some(scope) = self.scopes.get(&(participant, id)).filter(|_| told != ALL) else { continue };
            let mut orders: Vec<_> = book.orders.iter().filter(|order| order.participant == participant).collect();
            orders.retain(|order| order.order_id > told.0);
            orders.sort_by_key(|order| order.order_id);
            report.scopes.push(ScopeOrders {
                instrument: InstrumentId(id),
                event_sequence: EventSequence(scope.events.len() as u64),
                orders: orders.len() as u16,
            });
            report.orders.extend(orders.into_iter().map(|order| self.open_order(book, order, now)));
        }
        report
    }

    fn open_order(&self, book: &Book, order: &Resting, now: i64) -> OpenOrder {
        let instrument = book.definition.instrument.0;
        let state = book.definition.state;
        let is_late = order.expires.is_some_and(|time| time <= now);
        let ends = is_late || self.decided(instrument, order).is_some() || state == InstrumentState::Closed;
        let working_state = match (ends, order.turn, order.waits) {
            (true, ..) => WorkingState::Ending,
            (false, Some(_), _) => WorkingState::Elected,
            (false, None, true) => WorkingState::Untriggered,
            _ if self.over(instrument, order).is_some() || state == InstrumentState::Halted => WorkingState::Suspended,
            _ if order.for_auction().is_some() && !book.takes_part(order) => WorkingState::Parked,
            _ if state == InstrumentState::Auction => WorkingState::Auction,
            _ => WorkingState::Working,
        };
        OpenOrder {
            order_id: OrderId(order.order_id),
            leaves_quantity: Quantity(order.leaves()),
            shown_quantity: Quantity(if order.turn.is_some() { shown(order) } else { order.shown }),
            working_state,
            order: NewOrder {
                stop_price: order.request.stop_price.filter(|_| order.waits),
                expire_time: order.expires.map(EpochNanos),
                ..order.request
            },
        }
    }
}
