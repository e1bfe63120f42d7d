//! What the operator does with a trade that should not have been: it cancels or corrects the trade, and both sides and the
//! market are told ([`TradeAddendum`](crate::report::TradeAddendum)).

use crate::units::{ClientOrderId, EventSequence, OrderId, ParticipantId, Price, Quantity};

/// What the operator does with a trade (FIX 487, TradeReportTransType).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case", deny_unknown_fields)
)]
pub enum TradeAmendment {
    /// Cancels the trade: it is busted.
    Cancel,
    /// Corrects the trade.
    Correct {
        /// The price that the trade should have had, in ticks; `None` leaves it as it is.
        #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
        price: Option<Price>,
        /// The quantity that the trade should have had, in lots: no more than it has; `None` leaves it as it is.
        #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
        quantity: Option<Quantity>,
    },
}

/// A side of a trade, as the engine remembers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TradeParty {
    /// The engine's number of the order.
    pub order_id: OrderId,
    /// The participant's number of the order when it traded.
    pub client_order_id: ClientOrderId,
    /// Number of the event that told the participant the trade.
    pub event_sequence: EventSequence,
    /// The participant whose order it was.
    pub participant: ParticipantId,
}
