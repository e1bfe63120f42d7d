//! What a participant is told of its own live orders. Nothing changes by it, and one answer has a bound: of orders, of
//! scopes, of instruments that are looked up, and of orders that are passed over to find the place to continue at.

use lugus_vocabulary::{
    AuctionOrders, EpochNanos, InstrumentId, InstrumentState, LastReport, MAXIMUM_STATUS_ORDERS, MAXIMUM_STATUS_SCOPES,
    NewOrder, OnDisconnect, OpenOrder, OrderMassStatusRequest, OrderStatus, OrderStatusReport, OrderStatusRequest,
    ParticipantId, Quantity, RejectReason, ScopeOrders, Side, StatusCursor, WorkingState,
};

use crate::book::{Instructions, Order, OrderPool, Slot};
use crate::engine::Engine;
use crate::execution::status_of_live;
use crate::instrument::Instrument;
use crate::instruments::Listed;
use crate::migration::migration_states::Availability;
use crate::scopes::ScopeIndex;

/// Largest number of instruments that are looked up for one answer.
const MAXIMUM_LOOKED_UP: usize = 1_024;

impl Engine {
    /// Answers a request for one of the participant's own orders, at log time `now`. `report` is overwritten.
    pub fn order_status(
        &self,
        participant: ParticipantId,
        request: &OrderStatusRequest,
        now: EpochNanos,
        report: &mut OrderStatusReport,
    ) {
        let OrderStatusRequest { request_id, instrument, client_order_id } = *request;
        begin(report, request_id, now);
        let Some(shown) = self.shown_instrument(instrument) else {
            report.reason = RejectReason::UnknownInstrument;
            return;
        };
        report.next = StatusCursor::after_all_of(instrument);
        let scope = self.scopes.find(participant, instrument);
        let slot = scope.and_then(|owner| self.pool.find(owner, client_order_id));
        let status = match (scope, slot) {
            (_, Some(slot)) => {
                report.orders.push(open_order(slot, shown, &self.pool, now));
                Some(status_of_live(&self.pool.whole(slot)))
            }
            (Some(owner), None) => self.scopes.get(owner).retained.ended_order(client_order_id),
            (None, None) => None,
        };
        if let Some(owner) = scope {
            self.put_scope(owner, report.orders.len(), report);
        }
        report.order_status = Some(status.unwrap_or(OrderStatus::Rejected));
        if status.is_none() {
            report.reason = RejectReason::UnknownOrder;
        }
    }

    /// Answers a request for the participant's own live orders with those after the cursor, at log time `now`. `report` is
    /// overwritten. No state changes; after an import, the participant's orders are sorted first, which a mass cancel does
    /// otherwise.
    pub fn order_mass_status(
        &mut self,
        participant: ParticipantId,
        request: &OrderMassStatusRequest,
        now: EpochNanos,
        report: &mut OrderStatusReport,
    ) {
        let OrderMassStatusRequest { request_id, instrument, after } = *request;
        begin(report, request_id, now);
        if instrument != InstrumentId::NONE {
            let after = if after.instrument == instrument { after } else { StatusCursor::default() };
            report.next = StatusCursor { instrument, ..after };
            match self.shown_instrument(instrument) {
                Some(_) => report.last_report = self.list(participant, instrument, now, report),
                None => report.reason = RejectReason::UnknownInstrument,
            }
            return;
        }
        report.next = after;
        let mut from = after.instrument;
        for _ in 0..MAXIMUM_LOOKED_UP {
            let Some(listed) = self.instruments.iter_from(from).next() else { return };
            let instrument = listed.instrument.definition.instrument;
            if instrument != report.next.instrument {
                report.next = StatusCursor { instrument, ..StatusCursor::default() };
            }
            if self.list(participant, instrument, now, report) == LastReport::No {
                report.last_report = LastReport::No;
                return;
            }
            let Some(next) = instrument.0.checked_add(1) else { return };
            from = InstrumentId(next);
        }
        report.last_report = LastReport::No;
    }

    /// Adds the participant's orders of an instrument from the report's cursor on, and moves the cursor. Returns whether
    /// these are all.
    fn list(
        &mut self,
        participant: ParticipantId,
        instrument: InstrumentId,
        now: EpochNanos,
        report: &mut OrderStatusReport,
    ) -> LastReport {
        let done = StatusCursor::after_all_of(instrument);
        let Some(owner) = self.scopes.find(participant, instrument).filter(|_| report.next.order_id != done.order_id)
        else {
            report.next = done;
            return LastReport::Yes;
        };
        self.pool.sort_if_needed(owner);
        let Some(shown) = self.shown_instrument(instrument) else {
            report.next = done;
            return LastReport::Yes;
        };
        if report.scopes.len() == MAXIMUM_STATUS_SCOPES {
            return LastReport::No;
        }
        let StatusCursor { order_id, buy, sell, staying_buy, staying_sell, .. } = report.next;
        let Some(mut listing) = self.pool.listing(owner, order_id, [buy, sell, staying_buy, staying_sell]) else {
            // The place cannot be found within the bound. The orders are told again.
            report.next = StatusCursor { instrument, ..StatusCursor::default() };
            return LastReport::No;
        };
        let before = report.orders.len();
        while report.orders.len() < MAXIMUM_STATUS_ORDERS
            && let Some(slot) = self.pool.take_next(&mut listing)
        {
            let order = open_order(slot, shown, &self.pool, now);
            go_on_after(&mut report.next, &order);
            report.orders.push(order);
        }
        self.put_scope(owner, report.orders.len() - before, report);
        if self.pool.peek_next(&listing).is_some() {
            return LastReport::No;
        }
        report.next = done;
        LastReport::Yes
    }

    fn put_scope(&self, owner: ScopeIndex, orders: usize, report: &mut OrderStatusReport) {
        let scope = self.scopes.get(owner);
        let (instrument, event_sequence) = (scope.instrument, scope.last_event_sequence);
        report.scopes.push(ScopeOrders { instrument, event_sequence, orders: orders as u16 });
    }

    /// An instrument whose state is whole here, and this engine's to tell.
    fn shown_instrument(&self, instrument: InstrumentId) -> Option<&Instrument> {
        let is_shown = |listed: &&Listed| listed.availability != Availability::Unavailable;
        self.instruments.find(instrument).filter(is_shown).map(|listed| &listed.instrument)
    }
}

/// Empties a report for an answer that begins.
fn begin(report: &mut OrderStatusReport, request_id: u64, now: EpochNanos) {
    (report.request_id, report.time) = (request_id, now);
    (report.reason, report.order_status) = (RejectReason::None, None);
    (report.next, report.last_report) = (StatusCursor::default(), LastReport::Yes);
    report.scopes.clear();
    report.orders.clear();
}

/// Moves a cursor after an order of its instrument.
fn go_on_after(cursor: &mut StatusCursor, told: &OpenOrder) {
    let OpenOrder { order_id, order: NewOrder { client_order_id, side, on_disconnect, .. }, .. } = *told;
    cursor.order_id = order_id;
    let last = match (side, on_disconnect) {
        (Side::Buy, OnDisconnect::Cancel) => &mut cursor.buy,
        (Side::Sell, OnDisconnect::Cancel) => &mut cursor.sell,
        (Side::Buy, OnDisconnect::Stay) => &mut cursor.staying_buy,
        (Side::Sell, OnDisconnect::Stay) => &mut cursor.staying_sell,
    };
    *last = client_order_id;
}

/// A live order as its owner knows it.
fn open_order(slot: Slot, instrument: &Instrument, pool: &OrderPool, now: EpochNanos) -> OpenOrder {
    let (kept, order, terms) = (pool.get(slot), pool.whole(slot), pool.terms(slot));
    let stop_price = order.instructions.has(Instructions::WAITING).then_some(kept.price);
    let entered = order.as_entered(&terms, stop_price);
    // An elected order is in no queue that shows anything.
    let shown_quantity = match (order.instructions.has(Instructions::ELECTED), entered.display_quantity) {
        (false, _) => kept.leaves,
        (true, Quantity(0)) => order.leaves,
        (true, display) => display.min(order.leaves),
    };
    OpenOrder {
        order_id: order.order_id,
        leaves_quantity: order.leaves,
        shown_quantity,
        working_state: working_state(slot, instrument, pool, now),
        order: entered,
    }
}

fn working_state(slot: Slot, instrument: &Instrument, pool: &OrderPool, now: EpochNanos) -> WorkingState {
    let state = instrument.definition.state;
    let (instructions, terms) = (pool.get(slot).instructions, pool.terms(slot));
    let is_late = instructions.has(Instructions::EXPIRES) && terms.expire_time <= now;
    // The end of an order that a kill switch keeps is not decided: it ends only if it would trade.
    let (is_decided, is_over) = (pool.decided(slot).is_some(), pool.over(slot).is_some());
    if is_late || is_decided || state == InstrumentState::Closed {
        WorkingState::Ending
    } else if instructions.has(Instructions::ELECTED) {
        WorkingState::Elected
    } else if instructions.has(Instructions::WAITING) {
        WorkingState::Untriggered
    } else if is_over || state == InstrumentState::Halted {
        WorkingState::Suspended
    } else if is_parked(pool.get(slot), instrument) {
        WorkingState::Parked
    } else if state == InstrumentState::Auction {
        WorkingState::Auction
    } else {
        WorkingState::Working
    }
}

/// Whether an order waits for an auction that does not gather orders now.
fn is_parked(order: &Order, instrument: &Instrument) -> bool {
    let takes = instrument.auction_type.map_or(AuctionOrders::NONE, |auction| auction.takes());
    order.instructions.has(Instructions::AUCTION) && !takes.has(order.time_in_force)
}
