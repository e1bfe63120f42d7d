//! What the engine tells. Mirrors `schemas/order-entry.xml`, templates 21 to 34.

use crate::command::{InstrumentState, KillSwitch, OrderType, RiskLimits, Side, TimeInForce};
use crate::market_data::MarketData;
use crate::units::{
    ClientOrderId, ClientSequence, EpochNanos, EventSequence, InstrumentId, MapEpoch, OrderId, ParticipantId, Price,
    Quantity, TradeId,
};

/// Where [`crate::Engine`] puts what it tells, in order. All of it is borrowed: what must last is copied.
pub trait EventSink {
    /// Something happened: for its participant, now and at each `Resume`.
    fn report(&mut self, report: &Report);
    /// An answer to the sender of the command or request at hand, which changed nothing.
    fn reply(&mut self, reply: &Reply);
    /// The market changed as anyone may see it. Asked for only if [`EventSink::wants_market_data`].
    fn market_data(&mut self, market_data: &MarketData) {
        let _ = market_data;
    }
    /// Whether increments are to be made at all; their numbers go on without that.
    fn wants_market_data(&self) -> bool {
        false
    }
}

/// An event, numbered in its scope (participant, instrument).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
pub struct Report {
    /// Whom it concerns.
    pub participant: ParticipantId,
    /// With `participant` its scope; [`InstrumentId::NONE`] for what concerns the participant as such.
    pub instrument: InstrumentId,
    /// Its number in the scope.
    pub event_sequence: EventSequence,
    /// The command of the same scope that it answers; 0 for none (a resting order that trades, for one).
    pub client_sequence: ClientSequence,
    /// Log time.
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

impl From<Execution> for ReportBody {
    fn from(execution: Execution) -> Self {
        Self::Execution(execution)
    }
}

/// What happened to an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
pub struct Execution {
    /// What happened.
    pub exec_type: ExecType,
    /// How the order stands now.
    pub order_status: OrderStatus,
    /// The engine's number of it; 0 when it was rejected.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "crate::json::is_default"))]
    pub order_id: OrderId,
    /// The participant's number of it.
    pub client_order_id: ClientOrderId,
    /// Its number before a replacement; else 0.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "crate::json::is_default"))]
    pub orig_client_order_id: ClientOrderId,
    /// Of a trade, else 0.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "crate::json::is_default"))]
    pub trade_id: TradeId,
    /// Buy or sell.
    pub side: Side,
    /// Its kind.
    pub order_type: OrderType,
    /// How long it stands.
    pub time_in_force: TimeInForce,
    /// Its limit, ticks.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub price: Option<Price>,
    /// Its quantity, what is filled included, lots.
    pub quantity: Quantity,
    /// Price of this trade, ticks.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub last_price: Option<Price>,
    /// Lots of this trade; 0 when it is none.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "crate::json::is_default"))]
    pub last_quantity: Quantity,
    /// Lots still to be filled: 0 once it has ended.
    pub leaves_quantity: Quantity,
    /// Lots filled so far.
    pub cum_quantity: Quantity,
    /// Whether it rested or took.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "crate::json::is_default"))]
    pub liquidity: Liquidity,
    /// Why it was rejected or ended.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "crate::json::is_default"))]
    pub reason: RejectReason,
}

/// What happened to an order (FIX 150).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "SCREAMING_SNAKE_CASE"))]
pub enum ExecType {
    /// Taken.
    New = 0,
    /// Ended before it was filled.
    Canceled = 4,
    /// Changed at its owner's wish.
    Replaced = 5,
    /// Not taken.
    Rejected = 8,
    /// Its time is over.
    Expired = 12,
    /// Changed not at its owner's wish (a self-trade decrement, for one).
    Restated = 13,
    /// Traded.
    Trade = 15,
    /// A stop order became active.
    Triggered = 20,
}

/// How an order stands (FIX 39).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "SCREAMING_SNAKE_CASE"))]
pub enum OrderStatus {
    New = 0,
    PartiallyFilled = 1,
    Filled = 2,
    Canceled = 4,
    Rejected = 8,
    Expired = 12,
}

/// Which side of a trade an order was (FIX 851).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "SCREAMING_SNAKE_CASE"))]
pub enum Liquidity {
    /// No trade.
    #[default]
    None = 0,
    /// It rested.
    Added = 1,
    /// It took.
    Removed = 2,
    /// Both met in an auction.
    Auction = 3,
}

/// Kinds of commands; the numbers are the templates of `schemas/order-entry.xml`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "SCREAMING_SNAKE_CASE"))]
pub enum CommandKind {
    New = 1,
    Cancel = 2,
    Replace = 3,
    MassCancel = 4,
    DefineInstrument = 5,
    SetInstrumentState = 6,
    SetRiskLimits = 7,
    SetKillSwitch = 8,
}

/// Why a command was not done, or an order ended without its owner's wish. Meanings: `schemas/order-entry.xml`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[allow(missing_docs)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "SCREAMING_SNAKE_CASE"))]
pub enum RejectReason {
    #[default]
    None = 0,
    Unsupported = 1,
    UnknownInstrument = 2,
    InstrumentState = 3,
    UnknownOrder = 4,
    DuplicateClientOrderId = 5,
    InvalidClientOrderId = 6,
    InvalidQuantity = 7,
    InvalidDisplayQuantity = 8,
    InvalidPrice = 9,
    PriceOutsideBand = 10,
    InvalidStopPrice = 11,
    InvalidTimeInForce = 12,
    InvalidExpireTime = 13,
    PostOnlyWouldTrade = 14,
    NoLiquidity = 15,
    FillOrKill = 16,
    SelfTrade = 17,
    QuantityBelowFilled = 18,
    RiskQuantity = 19,
    RiskNotional = 20,
    RiskOpenOrders = 21,
    RiskRate = 22,
    RiskKillSwitch = 23,
    NotAuthorised = 24,
    DuplicateInstrument = 25,
    InvalidDefinition = 26,
    LimitOrders = 27,
    LimitInstruments = 28,
    LimitParticipants = 29,
    LimitCascade = 30,
    MassCancel = 31,
    InstrumentClosed = 32,
}

/// An answer that is no event: it has no number, is not kept, and nothing changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case", deny_unknown_fields)
)]
pub enum Reply {
    /// An event told before: it answers a repeated command, or `Resume`.
    Again(Report),
    /// There is a hole before this command.
    SequenceReject {
        /// The scope's instrument.
        instrument: InstrumentId,
        /// The command's number.
        received: ClientSequence,
        /// The number that would be applied.
        expected: ClientSequence,
    },
    /// Where a scope stands; ends the answer to `Resume`.
    ResumeComplete {
        /// The scope's instrument.
        instrument: InstrumentId,
        /// Last command applied.
        last_client_sequence: ClientSequence,
        /// Last event told.
        last_event_sequence: EventSequence,
    },
    /// Events asked for are no longer kept.
    EventGap {
        /// The scope's instrument.
        instrument: InstrumentId,
        /// The repeated command that asked for them; 0 for `Resume`.
        client_sequence: ClientSequence,
        /// Oldest event kept.
        first_retained: EventSequence,
        /// Last event told.
        last_event_sequence: EventSequence,
        /// Log time of the newest event lost.
        lost_through: EpochNanos,
    },
    /// There is no such scope, nor can be: unknown instrument, or too many participants.
    Refused {
        /// The scope's instrument.
        instrument: InstrumentId,
        /// The command's number.
        client_sequence: ClientSequence,
        /// Why.
        reason: RejectReason,
    },
    /// The instrument has moved to another cluster, or is about to: the command's number was not used.
    Moved {
        /// The scope's instrument.
        instrument: InstrumentId,
        /// The command's number; 0 for `Resume`.
        client_sequence: ClientSequence,
        /// The partition map that says more, or a later one.
        epoch: MapEpoch,
    },
}
