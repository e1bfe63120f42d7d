//! Orders as a participant asks for them, and the attributes that orders and reports share.

use crate::connection::OnDisconnect;
use crate::units::{ClientOrderId, ClientTag, EpochNanos, Price, Quantity};
use crate::word::word;

/// A new order (FIX message D).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
pub struct NewOrder {
    /// The participant's number of the order; not 0, and not that of another live order of the participant in the
    /// instrument.
    pub client_order_id: ClientOrderId,
    /// Buy or sell.
    pub side: Side,
    /// Market, limit, stop or stop-limit.
    pub order_type: OrderType,
    /// How long the order stands.
    pub time_in_force: TimeInForce,
    /// Limit price in ticks: present in limit and stop-limit orders, absent in all others.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub price: Option<Price>,
    /// Trigger price in ticks: present in stop and stop-limit orders, absent in all others.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub stop_price: Option<Price>,
    /// Quantity in lots.
    pub quantity: Quantity,
    /// Iceberg orders: the quantity shown at a time, in lots. 0 shows the whole order.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "crate::json::is_default"))]
    pub display_quantity: Quantity,
    /// Log time at which the order expires: present with [`TimeInForce::Gtd`], absent otherwise.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub expire_time: Option<EpochNanos>,
    /// Whether the order may trade at once.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "crate::json::is_default"))]
    pub post_only: PostOnly,
    /// What happens when the order would trade with another one of its own participant.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "crate::json::is_default"))]
    pub self_trade_prevention: SelfTradePrevention,
    /// The participant's tag of the order, for which the engine has no use; replacements keep it.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "crate::json::is_default"))]
    pub client_tag: ClientTag,
    /// Whether the order is canceled when its participant is disconnected; replacements keep it.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "crate::json::is_default"))]
    pub on_disconnect: OnDisconnect,
}

impl NewOrder {
    /// A limit order that is good till canceled. Other fields can be set afterwards.
    pub const fn limit(client_order_id: ClientOrderId, side: Side, price: Price, quantity: Quantity) -> Self {
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
            client_tag: ClientTag(0),
            on_disconnect: OnDisconnect::Cancel,
        }
    }

    /// A market order that is immediate or cancel: what finds no counterparty is canceled.
    pub const fn market(client_order_id: ClientOrderId, side: Side, quantity: Quantity) -> Self {
        Self {
            order_type: OrderType::Market,
            time_in_force: TimeInForce::Ioc,
            price: None,
            ..Self::limit(client_order_id, side, Price(0), quantity)
        }
    }
}

/// A change of an order (FIX message G). A smaller quantity at the same price keeps the order's priority, and is never
/// refused because of a limit; any other change loses the priority. With the quantity that is filled the order ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
pub struct Replace {
    /// The order's number before the replacement.
    pub orig_client_order_id: ClientOrderId,
    /// The order's number after the replacement; may be the same.
    pub client_order_id: ClientOrderId,
    /// Limit price in ticks, as for a new order.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub price: Option<Price>,
    /// Trigger price in ticks, as for a new order, as long as the order has not triggered.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub stop_price: Option<Price>,
    /// Quantity of the whole order in lots, including what has been filled (FIX 38).
    pub quantity: Quantity,
    /// Iceberg orders: the quantity shown at a time, as for a new order. An unchanged one may be above `quantity`, which it
    /// then shrinks to.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "crate::json::is_default"))]
    pub display_quantity: Quantity,
}

word! {
    /// Side of an order (FIX 54).
    Side: u8 {
        /// A bid.
        Buy = 1,
        /// An offer.
        Sell = 2,
    }
}

impl Side {
    /// The side of the counterparty.
    #[inline]
    pub const fn opposite(self) -> Self {
        match self {
            Self::Buy => Self::Sell,
            Self::Sell => Self::Buy,
        }
    }
}

word! {
    /// Type of an order (FIX 40).
    OrderType: u8 {
        /// Trades at any price.
        Market = 1,
        /// Trades at its limit price or better.
        Limit = 2,
        /// Becomes a market order when a trade reaches its trigger price.
        Stop = 3,
        /// Becomes a limit order when a trade reaches its trigger price.
        StopLimit = 4,
    }
}

word! {
    /// How long an order stands (FIX 59). Market orders are IOC, FOK or for an auction, unless what is beyond their protection points
    /// rests ([`BeyondPoints::Rest`](crate::BeyondPoints::Rest)); post-only orders are none of these.
    TimeInForce: u8 {
        /// Good until the end of the log time's UTC day.
        Day = 0,
        /// Good till canceled.
        Gtc = 1,
        /// Only the opening auction takes the order, and what it leaves of it expires. Until then the order waits, and nobody else is
        /// told of it.
        AtTheOpening = 2,
        /// Immediate or cancel: what does not trade at once is canceled.
        Ioc = 3,
        /// Fill or kill: trades whole at once, or not at all.
        Fok = 4,
        /// Good till date: until the order's expire time.
        Gtd = 6,
        /// As [`TimeInForce::AtTheOpening`], for the closing auction of an instrument whose schedule has one.
        AtTheClose = 7,
        /// As [`TimeInForce::AtTheOpening`], for the next auction of whatever kind (FIX 59 = B).
        GoodForAuction = 11,
    }
}

impl TimeInForce {
    /// Whether only auctions take the order.
    #[inline]
    pub const fn is_for_auction(self) -> bool {
        matches!(self, Self::AtTheOpening | Self::AtTheClose | Self::GoodForAuction)
    }
}

word! {
    /// What happens instead of a trade of a participant with itself. The incoming order's choice decides; in an auction no
    /// order is incoming, and all orders trade with each other.
    #[derive(Default)]
    SelfTradePrevention: u8 {
        /// The orders trade.
        #[default]
        None = 0,
        /// The rest of the incoming order is canceled.
        CancelNewest = 1,
        /// The resting order is canceled, and matching continues.
        CancelOldest = 2,
        /// Both orders are canceled.
        CancelBoth = 3,
        /// Both orders are reduced by the smaller one's quantity.
        Decrement = 4,
    }
}

word! {
    /// Whether an order is post-only (FIX 18, "participate don't initiate").
    #[derive(Default)]
    PostOnly: u8 {
        /// The order may trade at once.
        #[default]
        No = 0,
        /// The order is rejected if it would trade at once.
        Yes = 1,
    }
}
