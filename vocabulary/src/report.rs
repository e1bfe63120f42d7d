//! Reports: the events that the engine tells a participant, numbered in their scope and retained for `Resume`.

use crate::command::{CommandKind, MassCancelTarget};
use crate::connection::OnDisconnect;
use crate::firm::{FirmLimits, FirmReport};
use crate::instrument::InstrumentState;
use crate::order::{NewOrder, OrderType, Side, TimeInForce};
use crate::quote::{MarketMakerProtectionReport, MassQuoteAcknowledgement, QuoteStatusReport};
use crate::reason::RejectReason;
use crate::risk::{KillSwitch, KillSwitchLevels, RiskLimits};
use crate::units::{
    ClientOrderId, ClientSequence, ClientTag, EpochNanos, EventSequence, InstrumentId, OrderId, ParticipantId, Price,
    Quantity, TradeId,
};
use crate::word::word;

/// An event, numbered in its scope (participant, instrument).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
pub struct Report {
    /// The participant that the event concerns.
    pub participant: ParticipantId,
    /// With `participant` the event's scope; [`InstrumentId::NONE`] for the participant scope.
    pub instrument: InstrumentId,
    /// Number of the event in its scope.
    pub event_sequence: EventSequence,
    /// The command of the same scope that the event answers; [`ClientSequence::NONE`] if it answers none, as when a
    /// resting order trades.
    pub client_sequence: ClientSequence,
    /// Log time of the event.
    pub time: EpochNanos,
    /// What happened.
    pub body: ReportBody,
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case", deny_unknown_fields)
)]
pub enum ReportBody {
    /// Something happened to an order (FIX message 8).
    Execution(Execution),
    /// A cancel or a replacement was not done (FIX message 9).
    CancelReject {
        /// The order that was to be canceled or replaced.
        orig_client_order_id: ClientOrderId,
        /// The number that a replacement would have given the order; 0 for a cancel.
        client_order_id: ClientOrderId,
        /// Why it was not done.
        reason: RejectReason,
        /// State of the order (FIX 39); [`OrderStatus::Rejected`] if it is unknown, as FIX says. Clusters before version 3 of
        /// the protocol do not tell it.
        #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
        order_status: Option<OrderStatus>,
    },
    /// A mass cancel was done; the reports of its orders came before (FIX message r).
    MassCancel {
        /// Whose orders were canceled.
        target: ParticipantId,
        /// Number of orders canceled.
        affected: u32,
    },
    /// A mass cancel of many books is decided: none of these orders trades any more. The reports of the orders follow, in the
    /// scopes of their instruments; those of many orders come with later commands and timers.
    MassCancelAll {
        /// Whose orders are canceled.
        target: MassCancelTarget,
        /// Number of orders canceled.
        affected: u32,
        /// Number of instruments that they are in.
        instruments: u32,
        /// Number of instruments in which the target had orders that stay, because the instrument is being moved to another
        /// cluster and takes no commands. Of [`MassCancelTarget::Everybody`] all such instruments with orders count.
        moving: u32,
    },
    /// An instrument was defined or its state changed.
    Instrument {
        /// The instrument concerned.
        instrument: InstrumentId,
        /// Its state after the change.
        state: InstrumentState,
        /// Its reference price after the change, in ticks.
        reference_price: Price,
    },
    /// A participant's limits or kill switch were set. It is told to who set them and to the participant.
    Risk {
        /// The participant concerned.
        target: ParticipantId,
        /// Its limits after the change.
        limits: RiskLimits,
        /// Its kill switch after the change.
        kill_switch: KillSwitch,
        /// The levels at which it is engaged.
        #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "crate::json::is_default"))]
        kill_switch_levels: KillSwitchLevels,
    },
    /// A participant's firm or the rules of a firm were set. It is told to who set them, to the participant, and to the firm's own
    /// participant.
    Firm(FirmReport),
    /// The limits of a firm were set. It is told to the operator, and to the firm's own participant.
    FirmLimits(FirmLimits),
    /// The operator has canceled or corrected a trade. It is told to the operator and to both sides.
    TradeAddendum(TradeAddendum),
    /// What became of each entry of a mass quote.
    MassQuote(MassQuoteAcknowledgement),
    /// Quotes are canceled.
    QuoteStatus(QuoteStatusReport),
    /// The market-maker protection of a quote set was set or reset, or has pulled the quotes.
    MarketMakerProtection(MarketMakerProtectionReport),
    /// Any other command was not done (FIX message j).
    Reject {
        /// Kind of the command.
        command: CommandKind,
        /// Why it was not done.
        reason: RejectReason,
    },
}

impl From<Execution> for ReportBody {
    #[inline]
    fn from(execution: Execution) -> Self {
        Self::Execution(execution)
    }
}

impl From<TradeAddendum> for ReportBody {
    fn from(addendum: TradeAddendum) -> Self {
        Self::TradeAddendum(addendum)
    }
}

/// What happened to an order (FIX message 8).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
pub struct Execution {
    /// What happened.
    pub exec_type: ExecType,
    /// State of the order after the event.
    pub order_status: OrderStatus,
    /// The engine's number of the order; 0 if it was rejected.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "crate::json::is_default"))]
    pub order_id: OrderId,
    /// The participant's number of the order.
    pub client_order_id: ClientOrderId,
    /// The order's number before a replacement; 0 otherwise.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "crate::json::is_default"))]
    pub orig_client_order_id: ClientOrderId,
    /// Number of the trade; 0 if there was none.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "crate::json::is_default"))]
    pub trade_id: TradeId,
    /// Buy or sell.
    pub side: Side,
    /// Market, limit, stop or stop-limit.
    pub order_type: OrderType,
    /// How long the order stands.
    pub time_in_force: TimeInForce,
    /// Limit price of the order, in ticks.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub price: Option<Price>,
    /// Quantity of the order in lots, including what has been filled.
    pub quantity: Quantity,
    /// Price of this trade, in ticks.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub last_price: Option<Price>,
    /// Quantity of this trade, in lots; 0 if there was none.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "crate::json::is_default"))]
    pub last_quantity: Quantity,
    /// Quantity that is still to be filled, in lots; 0 once the order has ended.
    pub leaves_quantity: Quantity,
    /// Quantity filled until now, in lots.
    pub cum_quantity: Quantity,
    /// Whether the order added or removed liquidity.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "crate::json::is_default"))]
    pub liquidity: Liquidity,
    /// Why the order was rejected or ended.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "crate::json::is_default"))]
    pub reason: RejectReason,
    /// The participant's tag of the order; 0 if it gave none.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "crate::json::is_default"))]
    pub client_tag: ClientTag,
    /// Whether the order is canceled when its participant is disconnected.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "crate::json::is_default"))]
    pub on_disconnect: OnDisconnect,
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

impl Execution {
    /// The report that an order is accepted, of which nothing is filled yet. Other fields can be set afterwards.
    pub const fn accepted(order_id: OrderId, order: &NewOrder) -> Self {
        Self {
            exec_type: ExecType::New,
            order_status: OrderStatus::New,
            order_id,
            client_order_id: order.client_order_id,
            orig_client_order_id: ClientOrderId(0),
            trade_id: TradeId(0),
            side: order.side,
            order_type: order.order_type,
            time_in_force: order.time_in_force,
            price: order.price,
            quantity: order.quantity,
            last_price: None,
            last_quantity: Quantity(0),
            leaves_quantity: order.quantity,
            cum_quantity: Quantity(0),
            liquidity: Liquidity::None,
            reason: RejectReason::None,
            client_tag: order.client_tag,
            on_disconnect: order.on_disconnect,
        }
    }
}

word! {
    /// What happened to an order (FIX 150; letters are numbered on from 10 for `A`).
    ExecType: u8 {
        /// The order was accepted.
        New = 0,
        /// The order ended before it was filled.
        Canceled = 4,
        /// The order was changed at its owner's wish.
        Replaced = 5,
        /// The order was not accepted.
        Rejected = 8,
        /// The order's time is over.
        Expired = 12,
        /// The order was changed without its owner's wish, as by self-trade prevention.
        Restated = 13,
        /// The order traded.
        Trade = 15,
        /// The operator has corrected a trade of the order.
        TradeCorrect = 16,
        /// The operator has canceled a trade of the order.
        TradeCancel = 17,
        /// The stop order became active.
        Triggered = 21,
    }
}

word! {
    /// State of an order (FIX 39; letters are numbered on from 10 for `A`).
    OrderStatus: u8 {
        /// Live, and nothing is filled.
        New = 0,
        /// Live, and a part is filled.
        PartiallyFilled = 1,
        /// Ended: all of it is filled.
        Filled = 2,
        /// Ended: canceled.
        Canceled = 4,
        /// Never accepted.
        Rejected = 8,
        /// Ended: its time is over.
        Expired = 12,
    }
}

word! {
    /// Whether an order added or removed liquidity in a trade (FIX 851).
    #[derive(Default)]
    Liquidity: u8 {
        /// There was no trade.
        #[default]
        None = 0,
        /// The order rested in the book.
        Added = 1,
        /// The order was incoming.
        Removed = 2,
        /// Both orders met in an auction.
        Auction = 4,
    }
}
