//! What a participant may ask for, and the words that orders and events share. Names and numbers are FIX's where FIX has
//! them; the meaning of each is in `schemas/order-entry.xml`.

use crate::units::{ClientOrderId, EpochNanos, InstrumentId, Price, Quantity};

/// A new order (FIX D).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
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
    pub price: Option<Price>,
    /// Trigger price in ticks: with stop and stop-limit orders, and only with them.
    pub stop_price: Option<Price>,
    /// Lots.
    pub quantity: Quantity,
    /// Iceberg: lots shown at a time; 0 shows all.
    pub display_quantity: Quantity,
    /// With [`TimeInForce::Gtd`], and only with it.
    pub expire_time: Option<EpochNanos>,
    /// Whether it may trade at once.
    pub post_only: PostOnly,
    /// What to do when it would trade with its own participant.
    pub self_trade_prevention: SelfTradePrevention,
}

impl NewOrder {
    /// A limit order that stands until it is canceled. Set other fields as needed.
    pub fn limit(client_order_id: ClientOrderId, side: Side, price: Price, quantity: Quantity) -> Self {
        Self {
            client_order_id,
            side,
            order_type: OrderType::Limit,
            time_in_force: TimeInForce::Gtc,
            price: Some(price),
            stop_price: None,
            quantity,
            display_quantity: Quantity(0),
            expire_time: None,
            post_only: PostOnly::No,
            self_trade_prevention: SelfTradePrevention::None,
        }
    }

    /// A market order, of which the rest is canceled when nothing more is there to trade with.
    pub fn market(client_order_id: ClientOrderId, side: Side, quantity: Quantity) -> Self {
        Self {
            order_type: OrderType::Market,
            time_in_force: TimeInForce::Ioc,
            price: None,
            ..Self::limit(client_order_id, side, Price(0), quantity)
        }
    }
}

/// A change of an order (FIX G). A decrease of the quantity at the same price keeps the order's priority, all else loses it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Replace {
    /// The order's number until now.
    pub orig_client_order_id: ClientOrderId,
    /// The order's number from now on; may be the same.
    pub client_order_id: ClientOrderId,
    /// Limit price in ticks, as for a new order.
    pub price: Option<Price>,
    /// Trigger price in ticks, as for a new order, while it has not triggered.
    pub stop_price: Option<Price>,
    /// Lots, what is filled included (FIX 38).
    pub quantity: Quantity,
    /// As for a new order.
    pub display_quantity: Quantity,
}

/// An instrument's specification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct InstrumentDefinition {
    /// Its number; not 0.
    pub instrument: InstrumentId,
    /// Base currency or contract, ASCII, padded with zeros.
    pub base: [u8; 8],
    /// Quote currency, likewise.
    pub quote: [u8; 8],
    /// Spot or futures.
    pub instrument_type: InstrumentType,
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
    /// Tick in units of the quote currency.
    pub tick_size: Decimal,
    /// Lot in units of the base currency.
    pub lot_size: Decimal,
    /// State to begin in.
    pub state: InstrumentState,
}

/// `mantissa * 10^exponent`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Decimal {
    /// Digits.
    pub mantissa: i64,
    /// Power of ten.
    pub exponent: i8,
}

/// A participant's limits. `None` is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct RiskLimits {
    /// Lots of one order.
    pub maximum_quantity: Option<Quantity>,
    /// Ticks times lots of one order, by absolute value.
    pub maximum_notional: Option<u64>,
    /// Live orders, over all instruments.
    pub maximum_open_orders: Option<u32>,
    /// Commands in one second of log time, over all instruments; cancels always pass.
    pub maximum_commands_per_second: Option<u32>,
}

/// An enumeration that is spoken as its FIX name.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$word_doc:meta])* $word:ident),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "SCREAMING_SNAKE_CASE"))]
        #[allow(missing_docs)]
        pub enum $name {
            $($(#[$word_doc])* $word),+
        }
    };
}
pub(crate) use words;

words! {
    /// Buy or sell (FIX 54).
    Side { Buy, Sell }
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

words! {
    /// Kind of an order (FIX 40).
    OrderType { Market, Limit, Stop, StopLimit }
}
words! {
    /// How long an order stands (FIX 59).
    TimeInForce {
        /// Until the end of the log time's UTC day.
        Day,
        /// Until canceled.
        Gtc,
        /// What does not trade at once is canceled.
        Ioc,
        /// Trades whole at once, or not at all.
        Fok,
        /// Until its expire time.
        Gtd,
    }
}
words! {
    /// Whether an order may take liquidity (FIX 18, "participate don't initiate").
    PostOnly {
        /// It may trade at once.
        No,
        /// It is rejected when it would.
        Yes,
    }
}
words! {
    /// What happens instead of a trade with oneself; the incoming order's choice counts.
    SelfTradePrevention {
        /// Nothing: it trades.
        None,
        /// The incoming order's rest is canceled.
        CancelNewest,
        /// The resting order is canceled, and matching goes on.
        CancelOldest,
        /// Both are canceled.
        CancelBoth,
        /// Both are reduced by the smaller one's quantity.
        Decrement,
    }
}
words! {
    /// Spot or futures.
    InstrumentType { Spot, Futures }
}
words! {
    /// An instrument's place in its life cycle.
    InstrumentState {
        /// No orders taken, and none stand.
        Closed,
        /// Continuous trading.
        Open,
        /// Orders stand, only cancels are taken.
        Halted,
        /// Orders gather for a call auction; going to `Open` uncrosses.
        Auction,
    }
}
words! {
    /// Whether a participant's new orders are stopped.
    KillSwitch {
        /// Orders are taken.
        Released,
        /// Only cancels are taken.
        Engaged,
    }
}
