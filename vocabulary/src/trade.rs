//! What the operator does with a trade that should not have been: it cancels or corrects the trade, and both sides and the
//! market are told.

use crate::order::Side;
use crate::report::ExecType;
use crate::units::{ClientOrderId, EventSequence, OrderId, ParticipantId, Price, Quantity, TradeId};

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

/// A trade was canceled or corrected (FIX message 8 with 150 = H or G). Neither changes an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
pub struct TradeAddendum {
    /// [`ExecType::TradeCancel`] or [`ExecType::TradeCorrect`].
    pub exec_type: ExecType,
    /// Number of the trade.
    pub trade_id: TradeId,
    /// Side of the participant's order; `None` in the answer to the operator.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub side: Option<Side>,
    /// The engine's number of the participant's order; 0 in the answer to the operator.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "crate::json::is_default"))]
    pub order_id: OrderId,
    /// The participant's number of its order when it traded; 0 in the answer to the operator.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "crate::json::is_default"))]
    pub client_order_id: ClientOrderId,
    /// Price of the trade in ticks: the corrected one, or that of the trade that is canceled.
    pub last_price: Price,
    /// Quantity of the trade in lots: the corrected one, or that of the trade that is canceled.
    pub last_quantity: Quantity,
    /// Number of the event, in the same scope, that told the trade (FIX 19, ExecRefID); 0 in the answer to the operator.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "crate::json::is_default"))]
    pub exec_ref: EventSequence,
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
