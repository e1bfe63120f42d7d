//! A participant's own live orders, asked for: the requests, and the report that answers them.
//!
//! A request for all orders is answered in parts, each as the state is when its request comes up in the log. The parts go
//! through instruments by number, and through the orders of an instrument by [`OrderId`], so that an order that is entered
//! meanwhile is in a later part.

use crate::order::NewOrder;
use crate::reason::RejectReason;
use crate::report::OrderStatus;
use crate::units::{ClientOrderId, EpochNanos, EventSequence, InstrumentId, OrderId, Quantity};
use crate::word::word;

/// Largest number of orders in one report.
pub const MAXIMUM_STATUS_ORDERS: usize = 64;

/// Largest number of scopes in one report.
pub const MAXIMUM_STATUS_SCOPES: usize = 64;

/// Asks for one of the participant's orders (FIX message H).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
pub struct OrderStatusRequest {
    /// Number that the sender chooses; the answer repeats it.
    #[cfg_attr(feature = "serde", serde(default))]
    pub request_id: u64,
    /// Instrument of the order.
    pub instrument: InstrumentId,
    /// The participant's number of the order.
    pub client_order_id: ClientOrderId,
}

/// Asks for a part of the participant's live orders (FIX message AF).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
pub struct OrderMassStatusRequest {
    /// Number that the sender chooses; the answer repeats it.
    #[cfg_attr(feature = "serde", serde(default))]
    pub request_id: u64,
    /// Instrument of the orders; [`InstrumentId::NONE`] means all instruments of the cluster.
    #[cfg_attr(feature = "serde", serde(default))]
    pub instrument: InstrumentId,
    /// Place after which the part begins: that of the previous part, or the default to begin with the first order.
    #[cfg_attr(feature = "serde", serde(default))]
    pub after: StatusCursor,
}

/// A place among a participant's orders: after all orders of instruments with lower numbers, and after the orders of
/// `instrument` with numbers up to `order_id`. The default is before all orders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
pub struct StatusCursor {
    /// Instrument that was told last.
    pub instrument: InstrumentId,
    /// Last order that was told of it. The largest number there is means that all of the instrument was told.
    pub order_id: OrderId,
    /// Last buy order that was told of it, among those that are canceled on disconnect; 0 if there is none. With it and the
    /// next three the cluster finds the place without looking at the orders before it.
    pub buy: ClientOrderId,
    /// The same of sell orders.
    pub sell: ClientOrderId,
    /// Last buy order that was told of it, among those that stay on disconnect; 0 if there is none.
    pub staying_buy: ClientOrderId,
    /// The same of sell orders.
    pub staying_sell: ClientOrderId,
}

impl StatusCursor {
    /// The place after all orders of an instrument.
    pub const fn after_all_of(instrument: InstrumentId) -> Self {
        const NONE: ClientOrderId = ClientOrderId(0);
        let order_id = OrderId(u64::MAX);
        Self { instrument, order_id, buy: NONE, sell: NONE, staying_buy: NONE, staying_sell: NONE }
    }
}

/// What a participant is told of its live orders.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
pub struct OrderStatusReport {
    /// Number of the request.
    pub request_id: u64,
    /// Log time of the request.
    pub time: EpochNanos,
    /// [`RejectReason::UnknownInstrument`] or [`RejectReason::UnknownOrder`] if the request named what is not here.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "crate::json::is_default"))]
    pub reason: RejectReason,
    /// Answer to [`OrderStatusRequest`]: status of the order, also if it ended lately; [`OrderStatus::Rejected`] if it is
    /// unknown, as FIX says. `None` in parts of all orders, and if the instrument is unknown.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub order_status: Option<OrderStatus>,
    /// The instruments that this report tells of: those in which the participant ever sent a command, by number.
    pub scopes: Vec<ScopeOrders>,
    /// Orders of the scopes, in the order of these, and of a scope by [`OrderId`].
    pub orders: Vec<OpenOrder>,
    /// Place after the last order of this report. If the place of the request's cursor cannot be found any more, it is
    /// the start of an instrument, so that orders may be told again.
    pub next: StatusCursor,
    /// Whether this report ends the answer.
    pub last_report: LastReport,
}

impl OrderStatusReport {
    /// An empty report with room for all that one report can hold.
    pub fn with_room() -> Self {
        Self {
            scopes: Vec::with_capacity(MAXIMUM_STATUS_SCOPES),
            orders: Vec::with_capacity(MAXIMUM_STATUS_ORDERS),
            ..Self::default()
        }
    }

    /// Each scope with its orders.
    pub fn by_scope(&self) -> impl Iterator<Item = (&ScopeOrders, &[OpenOrder])> {
        let mut rest = self.orders.as_slice();
        self.scopes.iter().map(move |scope| {
            let (orders, after) = rest.split_at(rest.len().min(usize::from(scope.orders)));
            rest = after;
            (scope, orders)
        })
    }
}

/// A scope (participant, instrument) in a report of live orders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
pub struct ScopeOrders {
    /// The instrument.
    pub instrument: InstrumentId,
    /// Last event of the scope: its orders are as they were after it, and events with higher numbers happened afterwards.
    pub event_sequence: EventSequence,
    /// Number of orders of the scope in this report.
    pub orders: u16,
}

/// A live order as its owner knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
pub struct OpenOrder {
    /// The engine's number of the order.
    pub order_id: OrderId,
    /// Open quantity in lots, displayed or hidden.
    pub leaves_quantity: Quantity,
    /// The part of the open quantity that the order displays now, or would if it were in the book, in lots.
    pub shown_quantity: Quantity,
    /// Where the order stands.
    pub working_state: WorkingState,
    /// The order as it would be entered now: with the client order id, prices and quantities of its last replacement, the
    /// total quantity including what is filled, an expire time also if it is good for the day, and no trigger price once it
    /// is triggered.
    pub order: NewOrder,
}

impl OpenOrder {
    /// Filled quantity in lots.
    pub const fn filled_quantity(&self) -> Quantity {
        Quantity(self.order.quantity.0.saturating_sub(self.leaves_quantity.0))
    }

    /// The part of the open quantity that is not displayed, in lots.
    pub const fn hidden_quantity(&self) -> Quantity {
        Quantity(self.leaves_quantity.0.saturating_sub(self.shown_quantity.0))
    }

    /// Status of the order (FIX 39).
    pub const fn status(&self) -> OrderStatus {
        if self.filled_quantity().0 == 0 { OrderStatus::New } else { OrderStatus::PartiallyFilled }
    }
}

word! {
    /// Where a live order stands, and whether it can trade now.
    #[derive(Default)]
    WorkingState: u8 {
        /// It rests in the book and can trade.
        #[default]
        Working = 0,
        /// The stop order waits for its trigger.
        Untriggered = 1,
        /// It is to meet the book and has not had its turn.
        Elected = 2,
        /// It rests in the book, and trades when the auction ends.
        Auction = 3,
        /// It rests in the book and cannot trade: the instrument is halted, or a kill switch that keeps orders is engaged.
        Suspended = 4,
        /// Its end is decided, and it does not trade any more: its time is over, or a mass cancel, a kill switch, a
        /// disconnect or the close of its instrument cancels it. Its last event follows.
        Ending = 5,
        /// It waits for the auction that it is for, which does not gather orders now.
        Parked = 6,
    }
}

word! {
    /// Whether a report ends the answer to a request (FIX 912).
    #[derive(Default)]
    LastReport: u8 {
        /// More orders follow: the next request is to have the cursor of this report.
        No = 0,
        /// The answer is complete.
        #[default]
        Yes = 1,
    }
}
