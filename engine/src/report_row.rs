//! How a kept report lies in memory: a row of 64 bytes, and a trade detail of 56 more for what most executions do not
//! have.
//!
//! Rows are written with every report and hardly ever read, and writing them was the dearest part of a command while they
//! were whole [`Report`]s of more than twice the size. So this is one of the places where an execution is laid out by
//! hand; reading and writing stand side by side, in [`ReportRow::with_execution`] and [`ReportRow::execution`].

use lugus_vocabulary::{
    ClientOrderId, ClientSequence, ClientTag, EpochNanos, Execution, OrderId, OrderStatus, Price, Quantity,
    RejectReason, ReportBody, TradeId,
};

use crate::execution_kinds::ExecutionKinds;
use crate::report_heading::ReportHeading;

/// A kept report, without what its scope and its place say (participant, instrument, event sequence), and without what
/// its [`TradeDetail`] has, if it has one.
#[derive(Debug, Clone, Copy)]
#[repr(align(64))]
pub(crate) struct ReportRow {
    pub(crate) time: EpochNanos,
    /// The scope's last command applied when the report was told.
    pub(crate) applied: ClientSequence,
    /// Of an execution its order id and client order id; of a [`CANCEL_REJECT`] its original client order id and client
    /// order id.
    ids: [u64; 2],
    price: Price,
    quantity: Quantity,
    /// Number of the report's [`TradeDetail`]; if it has none, number of the next one to be written.
    pub(crate) detail: u32,
    /// The flags below.
    flags: u32,
    kinds: ExecutionKinds,
}

/// The fields of an execution that are not in its row: of trades, of orders that are filled in part, and of orders that
/// are replaced under another client order id, or that have a client tag.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct TradeDetail {
    orig_client_order_id: ClientOrderId,
    leaves_quantity: Quantity,
    cum_quantity: Quantity,
    trade_id: TradeId,
    last_quantity: Quantity,
    last_price: Price,
    client_tag: ClientTag,
}

// Flags of a row.
/// The report answers the command `applied`; otherwise it answers none.
const ANSWER: u32 = 1;
/// The report is [`ReportBody::CancelReject`].
const CANCEL_REJECT: u32 = 2;
/// The report's body is kept whole, elsewhere.
const OTHER: u32 = 4;
/// A [`CANCEL_REJECT`] has the order's status.
const STATUS: u32 = 8;
/// The leaves quantity is 0. Without this flag and without a trade detail it is the order's quantity.
const NOTHING_LEFT: u32 = 16;
/// The original client order id is the client order id. Without this flag and without a trade detail it is 0.
const SAME_ID: u32 = 32;
/// The report has a [`TradeDetail`].
const TRADE_DETAIL: u32 = 64;

impl Default for ReportRow {
    fn default() -> Self {
        Self::EMPTY
    }
}

impl ReportRow {
    /// A row without content, for places of a ring that are not in use.
    pub(crate) const EMPTY: Self = Self {
        time: EpochNanos(0),
        applied: ClientSequence(0),
        ids: [0; 2],
        price: Price(0),
        quantity: Quantity(0),
        detail: 0,
        flags: 0,
        kinds: ExecutionKinds::NONE,
    };

    /// The row of a report that is no longer kept, of which only this is remembered.
    pub(crate) fn of_lost(applied: ClientSequence, time: EpochNanos) -> Self {
        Self { applied, time, ..Self::EMPTY }
    }

    /// What the rows of all reports have in common.
    #[inline(always)]
    pub(crate) fn new(applied: ClientSequence, heading: &ReportHeading, detail: u32) -> Self {
        // A report answers the last command applied, or none.
        let flags = if heading.client_sequence.0 == 0 { 0 } else { ANSWER };
        Self { time: heading.time, applied, detail, flags, ..Self::EMPTY }
    }

    /// Whether an execution does not fit into a row alone.
    #[inline(always)]
    pub(crate) fn needs_detail(execution: &Execution) -> bool {
        let Execution { orig_client_order_id, client_order_id, quantity, leaves_quantity, .. } = *execution;
        let fits = execution.cum_quantity.0 == 0
            && (leaves_quantity.0 == 0 || leaves_quantity == quantity)
            && (orig_client_order_id.0 == 0 || orig_client_order_id == client_order_id)
            && execution.trade_id.0 == 0
            && execution.last_quantity.0 == 0
            && execution.last_price.is_none()
            && execution.client_tag.0 == 0;
        !fits
    }

    /// This row with an execution of these kinds, all of it but its trade detail.
    #[inline(always)]
    pub(crate) fn with_execution(self, execution: &Execution, kinds: ExecutionKinds, has_detail: bool) -> Self {
        let Execution { orig_client_order_id, client_order_id, .. } = *execution;
        let mut flags = self.flags;
        flags |= if execution.leaves_quantity.0 == 0 { NOTHING_LEFT } else { 0 };
        flags |= if orig_client_order_id == client_order_id { SAME_ID } else { 0 };
        flags |= if has_detail { TRADE_DETAIL } else { 0 };
        Self {
            ids: [execution.order_id.0, client_order_id.0],
            price: execution.price.unwrap_or_default(),
            quantity: execution.quantity,
            flags,
            kinds,
            ..self
        }
    }

    /// This row with [`ReportBody::CancelReject`].
    pub(crate) fn with_cancel_reject(
        self,
        orig_client_order_id: ClientOrderId,
        client_order_id: ClientOrderId,
        reason: RejectReason,
        order_status: Option<OrderStatus>,
    ) -> Self {
        let status_flag = if order_status.is_some() { STATUS } else { 0 };
        Self {
            ids: [orig_client_order_id.0, client_order_id.0],
            flags: self.flags | CANCEL_REJECT | status_flag,
            kinds: ExecutionKinds::of_cancel_reject(reason, order_status.unwrap_or(OrderStatus::New)),
            ..self
        }
    }

    /// The order's status, if this is an execution of the order with this client order id.
    pub(crate) fn status_of(&self, client_order_id: ClientOrderId) -> Option<OrderStatus> {
        let is_its = self.flags & (CANCEL_REJECT | OTHER) == 0 && self.ids[1] == client_order_id.0;
        is_its.then(|| self.kinds.order_status())
    }

    /// This row for a body that is kept whole, elsewhere.
    pub(crate) fn with_other_body(self) -> Self {
        Self { flags: self.flags | OTHER, ..self }
    }

    /// The command that the report answers, or 0.
    pub(crate) fn client_sequence(&self) -> ClientSequence {
        if self.has(ANSWER) { self.applied } else { ClientSequence(0) }
    }

    /// Whether the report has a [`TradeDetail`], whose number is `detail`.
    pub(crate) fn has_detail(&self) -> bool {
        self.has(TRADE_DETAIL)
    }

    /// The report's body, given its trade detail if it has one; `None` if the body is kept elsewhere.
    pub(crate) fn body(&self, detail: Option<&TradeDetail>) -> Option<ReportBody> {
        if self.has(OTHER) {
            return None;
        }
        if self.has(CANCEL_REJECT) {
            let [orig_client_order_id, client_order_id] = self.ids.map(ClientOrderId);
            let reason = self.kinds.reason();
            let order_status = self.has(STATUS).then(|| self.kinds.order_status());
            return Some(ReportBody::CancelReject { orig_client_order_id, client_order_id, reason, order_status });
        }
        Some(ReportBody::Execution(self.execution(detail)))
    }

    fn execution(&self, detail: Option<&TradeDetail>) -> Execution {
        let [order_id, client_order_id] = self.ids;
        let detail = detail.copied().unwrap_or(TradeDetail {
            orig_client_order_id: ClientOrderId(if self.has(SAME_ID) { client_order_id } else { 0 }),
            leaves_quantity: if self.has(NOTHING_LEFT) { Quantity(0) } else { self.quantity },
            ..TradeDetail::default()
        });
        Execution {
            exec_type: self.kinds.exec_type(),
            order_status: self.kinds.order_status(),
            order_id: OrderId(order_id),
            client_order_id: ClientOrderId(client_order_id),
            orig_client_order_id: detail.orig_client_order_id,
            trade_id: detail.trade_id,
            side: self.kinds.side(),
            order_type: self.kinds.order_type(),
            time_in_force: self.kinds.time_in_force(),
            price: self.kinds.has_price().then_some(self.price),
            quantity: self.quantity,
            last_price: self.kinds.has_last_price().then_some(detail.last_price),
            last_quantity: detail.last_quantity,
            leaves_quantity: detail.leaves_quantity,
            cum_quantity: detail.cum_quantity,
            liquidity: self.kinds.liquidity(),
            reason: self.kinds.reason(),
            client_tag: detail.client_tag,
            on_disconnect: self.kinds.on_disconnect(),
        }
    }

    fn has(&self, flag: u32) -> bool {
        self.flags & flag != 0
    }
}

impl TradeDetail {
    #[inline(always)]
    pub(crate) fn of(execution: &Execution) -> Self {
        Self {
            orig_client_order_id: execution.orig_client_order_id,
            leaves_quantity: execution.leaves_quantity,
            cum_quantity: execution.cum_quantity,
            trade_id: execution.trade_id,
            last_quantity: execution.last_quantity,
            last_price: execution.last_price.unwrap_or_default(),
            client_tag: execution.client_tag,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_64_bytes_or_120() {
        assert_eq!((size_of::<ReportRow>(), size_of::<TradeDetail>()), (64, 56));
    }
}
