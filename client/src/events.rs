//! What the engine tells a participant: the events of its orders and commands.

use crate::orders::{InstrumentState, KillSwitch, OrderType, RiskLimits, Side, TimeInForce, words};
use crate::units::{
    ClientOrderId, ClientSequence, EpochNanos, EventSequence, InstrumentId, OrderId, ParticipantId, Price, Quantity,
    TradeId,
};

/// An event, numbered in its scope (participant, instrument).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Report {
    /// Whom it concerns.
    pub participant: ParticipantId,
    /// With `participant` its scope; [`InstrumentId::NONE`] for what concerns the participant as such.
    pub instrument: InstrumentId,
    /// Its number in the scope.
    pub event_sequence: EventSequence,
    /// The command of this session that it answers; [`ClientSequence::NONE`] for none (a resting order that trades,
    /// for one). In a drop copy the number on the wire.
    pub client_sequence: ClientSequence,
    /// Log time.
    pub time: EpochNanos,
    /// What happened.
    pub body: ReportBody,
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
pub enum ReportBody {
    /// To an order (FIX 8).
    Execution(Execution),
    /// A cancel or a replacement was not done (FIX 9).
    CancelReject {
        /// The order asked about.
        orig_client_order_id: ClientOrderId,
        /// The number that a replacement would have given it; 0 for a cancel.
        client_order_id: ClientOrderId,
        /// Why.
        reason: RejectReason,
    },
    /// A mass cancel was done, and its orders' reports came before (FIX r).
    MassCancel {
        /// Whose orders.
        target: ParticipantId,
        /// How many.
        affected: u32,
    },
    /// An instrument was defined or changed its state.
    Instrument {
        /// Which.
        instrument: InstrumentId,
        /// Its state now.
        state: InstrumentState,
        /// Its reference price now, ticks.
        reference_price: Price,
    },
    /// A participant's limits or kill switch were set.
    Risk {
        /// Whose.
        target: ParticipantId,
        /// Its limits now.
        limits: RiskLimits,
        /// Its kill switch now.
        kill_switch: KillSwitch,
    },
    /// Any other command that was not done (FIX j).
    Reject {
        /// Which kind of command.
        command: CommandKind,
        /// Why.
        reason: RejectReason,
    },
}

/// What happened to an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Execution {
    /// What happened.
    pub exec_type: ExecType,
    /// How the order stands now.
    pub order_status: OrderStatus,
    /// The engine's number of it; 0 when it was rejected.
    pub order_id: OrderId,
    /// The participant's number of it.
    pub client_order_id: ClientOrderId,
    /// Its number before a replacement; else 0.
    pub orig_client_order_id: ClientOrderId,
    /// Of a trade, else 0.
    pub trade_id: TradeId,
    /// Buy or sell.
    pub side: Side,
    /// Its kind.
    pub order_type: OrderType,
    /// How long it stands.
    pub time_in_force: TimeInForce,
    /// Its limit, ticks.
    pub price: Option<Price>,
    /// Its quantity, what is filled included, lots.
    pub quantity: Quantity,
    /// Price of this trade, ticks.
    pub last_price: Option<Price>,
    /// Lots of this trade; 0 when it is none.
    pub last_quantity: Quantity,
    /// Lots still to be filled: 0 once it has ended.
    pub leaves_quantity: Quantity,
    /// Lots filled so far.
    pub cum_quantity: Quantity,
    /// Whether it rested or took.
    pub liquidity: Liquidity,
    /// Why it was rejected or ended.
    pub reason: RejectReason,
}

words! {
    /// What happened to an order (FIX 150).
    ExecType {
        /// Taken.
        New,
        /// Ended before it was filled.
        Canceled,
        /// Changed at its owner's wish.
        Replaced,
        /// Not taken.
        Rejected,
        /// Its time is over.
        Expired,
        /// Changed not at its owner's wish (a self-trade decrement, for one).
        Restated,
        /// Traded.
        Trade,
        /// A stop order became active.
        Triggered,
    }
}
words! {
    /// How an order stands (FIX 39).
    OrderStatus { New, PartiallyFilled, Filled, Canceled, Rejected, Expired }
}
words! {
    /// Which side of a trade an order was (FIX 851).
    Liquidity {
        /// No trade.
        None,
        /// It rested.
        Added,
        /// It took.
        Removed,
        /// Both met in an auction.
        Auction,
    }
}
words! {
    /// Kinds of commands.
    CommandKind {
        New, Cancel, Replace, MassCancel, DefineInstrument, SetInstrumentState, SetRiskLimits, SetKillSwitch,
    }
}
words! {
    /// Why a command was not done, or an order ended without its owner's wish. Meanings: `schemas/order-entry.xml`.
    RejectReason {
        None, Unsupported, UnknownInstrument, InstrumentState, UnknownOrder, DuplicateClientOrderId,
        InvalidClientOrderId, InvalidQuantity, InvalidDisplayQuantity, InvalidPrice, PriceOutsideBand,
        InvalidStopPrice, InvalidTimeInForce, InvalidExpireTime, PostOnlyWouldTrade, NoLiquidity, FillOrKill,
        SelfTrade, QuantityBelowFilled, RiskQuantity, RiskNotional, RiskOpenOrders, RiskRate, RiskKillSwitch,
        NotAuthorised, DuplicateInstrument, InvalidDefinition, LimitOrders, LimitInstruments, LimitParticipants,
        LimitCascade, MassCancel, InstrumentClosed,
        /// One that a later version of the protocol has and this SDK does not know.
        Unknown,
    }
}
words! {
    /// Why a message was no command at all.
    MessageRejectReason {
        Truncated, WrongSchema, UnknownTemplate, WrongVersion, InvalidValue, Oversized, NoParticipant, NotAuthorised,
        LimitDropCopies,
        /// One that a later version of the protocol has and this SDK does not know.
        Unknown,
    }
}
