//! What participants ask of the engine. Mirrors `schemas/order-entry.xml`, templates 1 to 8.

use crate::units::{ClientOrderId, ClientSequence, EpochNanos, InstrumentId, ParticipantId, Price, Quantity};

/// One entry of the log for the engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
pub struct Command {
    /// Who sent it.
    pub participant: ParticipantId,
    /// With `participant` the scope that numbers it: the instrument concerned, or [`InstrumentId::NONE`] for
    /// [`Action::DefineInstrument`], [`Action::SetRiskLimits`] and [`Action::SetKillSwitch`].
    #[cfg_attr(feature = "serde", serde(default))]
    pub instrument: InstrumentId,
    /// Its number in the scope.
    pub client_sequence: ClientSequence,
    /// What is to be done.
    pub action: Action,
}

/// What a command asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case", deny_unknown_fields)
)]
pub enum Action {
    /// A new order (FIX D).
    New(NewOrder),
    /// End an order (FIX F).
    Cancel {
        /// The order.
        orig_client_order_id: ClientOrderId,
    },
    /// Change an order (FIX G).
    Replace(Replace),
    /// End all orders of a participant in the instrument (FIX q).
    MassCancel {
        /// Whose orders; another's only for the operator.
        target: ParticipantId,
        /// Of which side; `None` is both.
        #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
        side: Option<Side>,
    },
    /// Operator: begin to trade an instrument.
    DefineInstrument(Definition),
    /// Operator: move an instrument in its life cycle.
    SetInstrumentState {
        /// The state from now on.
        state: InstrumentState,
        /// A new reference price; `None` leaves it.
        #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
        reference_price: Option<Price>,
    },
    /// Operator: a participant's limits.
    SetRiskLimits {
        /// Whose.
        target: ParticipantId,
        /// The limits from now on.
        limits: RiskLimits,
    },
    /// Operator, or a participant for itself: stop or allow new orders.
    SetKillSwitch {
        /// Whose.
        target: ParticipantId,
        /// From now on.
        kill_switch: KillSwitch,
    },
}

/// A new order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
pub struct NewOrder {
    /// The participant's number for it; not 0, not that of another live order of its in the instrument.
    pub client_order_id: ClientOrderId,
    /// Buy or sell.
    pub side: Side,
    /// Its kind.
    pub order_type: OrderType,
    /// How long it stands.
    pub time_in_force: TimeInForce,
    /// Limit price in ticks: with limit and stop-limit orders, and only with them.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub price: Option<Price>,
    /// Trigger price in ticks: with stop and stop-limit orders, and only with them.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub stop_price: Option<Price>,
    /// Lots.
    pub quantity: Quantity,
    /// Iceberg: lots shown at a time; 0 shows all.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "crate::json::is_default"))]
    pub display_quantity: Quantity,
    /// With [`TimeInForce::Gtd`], and only with it.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub expire_time: Option<EpochNanos>,
    /// Rejected when it would trade at once.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "crate::json::is_default"))]
    pub post_only: PostOnly,
    /// What to do when it would trade with its own participant.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "crate::json::is_default"))]
    pub self_trade_prevention: SelfTradePrevention,
}

/// A change of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
pub struct Replace {
    /// The order's number until now.
    pub orig_client_order_id: ClientOrderId,
    /// The order's number from now on; may be the same.
    pub client_order_id: ClientOrderId,
    /// Limit price in ticks, as for a new order.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub price: Option<Price>,
    /// Trigger price in ticks, as for a new order, while it has not triggered.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub stop_price: Option<Price>,
    /// Lots, what is filled included (FIX 38).
    pub quantity: Quantity,
    /// As for a new order.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "crate::json::is_default"))]
    pub display_quantity: Quantity,
}

/// An instrument's specification. Sound: minimum <= reference <= maximum price, a maximum quantity, symbols, tick and
/// lot size above 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
pub struct Definition {
    /// Its number; not 0.
    pub instrument: InstrumentId,
    /// Base currency or contract, ASCII, padded with zeros.
    #[cfg_attr(feature = "serde", serde(with = "crate::json::symbol"))]
    pub base: [u8; 8],
    /// Quote currency, likewise.
    #[cfg_attr(feature = "serde", serde(with = "crate::json::symbol"))]
    pub quote: [u8; 8],
    /// Spot or futures.
    pub trade_type: TradeType,
    /// Lowest price taken, ticks.
    pub minimum_price: Price,
    /// Highest price taken, ticks.
    pub maximum_price: Price,
    /// Middle of the price band, and the auction's last resort, ticks.
    pub reference_price: Price,
    /// Ticks on either side of the reference price; 0 is no band.
    pub price_band: Quantity,
    /// Most lots of one order.
    pub maximum_quantity: Quantity,
    /// Tick in units of the quote currency. For people: the engine does not calculate with it.
    pub tick_size: Decimal,
    /// Lot in units of the base currency. For people: the engine does not calculate with it.
    pub lot_size: Decimal,
    /// State to begin in.
    pub state: InstrumentState,
}

/// `mantissa * 10^exponent`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
pub struct Decimal {
    /// Digits.
    pub mantissa: i64,
    /// Power of ten.
    pub exponent: i8,
}

/// A participant's limits. `None` is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
pub struct RiskLimits {
    /// Lots of one order.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub maximum_quantity: Option<Quantity>,
    /// Ticks times lots of one order, by absolute value.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub maximum_notional: Option<u64>,
    /// Live orders, over all instruments.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub maximum_open_orders: Option<u32>,
    /// Commands in one second of log time, over all instruments; cancels always pass.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub maximum_commands_per_second: Option<u32>,
}

/// Buy or sell (FIX 54).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "SCREAMING_SNAKE_CASE"))]
pub enum Side {
    Buy = 1,
    Sell = 2,
}

impl Side {
    /// The side it trades with.
    #[inline]
    pub fn opposite(self) -> Self {
        match self {
            Self::Buy => Self::Sell,
            Self::Sell => Self::Buy,
        }
    }
}

/// Kind of an order (FIX 40).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "SCREAMING_SNAKE_CASE"))]
pub enum OrderType {
    Market = 1,
    Limit = 2,
    Stop = 3,
    StopLimit = 4,
}

/// How long an order stands (FIX 59). A market order is IOC or FOK; a post-only one is neither.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "SCREAMING_SNAKE_CASE"))]
pub enum TimeInForce {
    /// Until the end of the log time's UTC day.
    Day = 0,
    /// Until canceled.
    Gtc = 1,
    /// What does not trade at once is canceled.
    Ioc = 3,
    /// Trades whole at once, or not at all.
    Fok = 4,
    /// Until its expire time.
    Gtd = 6,
}

/// Whether an order may take liquidity (FIX 18, "participate don't initiate").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "SCREAMING_SNAKE_CASE"))]
pub enum PostOnly {
    /// It may trade at once.
    #[default]
    No,
    /// It is rejected when it would.
    Yes,
}

/// What happens instead of a trade with oneself; the incoming order's choice counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "SCREAMING_SNAKE_CASE"))]
pub enum SelfTradePrevention {
    /// Nothing: it trades.
    #[default]
    None = 0,
    /// The incoming order's rest is canceled.
    CancelNewest = 1,
    /// The resting order is canceled, and matching goes on.
    CancelOldest = 2,
    /// Both are canceled.
    CancelBoth = 3,
    /// Both are reduced by the smaller one's quantity.
    Decrement = 4,
}

/// Spot or futures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "SCREAMING_SNAKE_CASE"))]
pub enum TradeType {
    Spot = 1,
    Futures = 2,
}

/// An instrument's place in its life cycle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "SCREAMING_SNAKE_CASE"))]
pub enum InstrumentState {
    /// No orders taken, and none stand.
    Closed = 0,
    /// Continuous trading.
    Open = 1,
    /// Orders stand, only cancels are taken.
    Halted = 2,
    /// Orders gather for a call auction; going to `Open` uncrosses.
    Auction = 3,
}

/// Whether a participant's new orders are stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "SCREAMING_SNAKE_CASE"))]
pub enum KillSwitch {
    /// Orders are taken.
    #[default]
    Released = 0,
    /// Only cancels are taken.
    Engaged = 1,
}
