//! Auctions: what is told of one while orders gather, and the rules of an instrument's auctions.

use crate::order::{Side, TimeInForce};
use crate::schedule::DailySchedule;
use crate::units::{Price, Quantity};
use crate::word::word;

/// The rules of an instrument's auctions. The default publishes nothing, takes cancels until the end, and has no
/// schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default, deny_unknown_fields))]
pub struct AuctionRules {
    /// Interval of log time at which price, volume and imbalance of an auction are published while orders gather, in
    /// milliseconds; 0 publishes nothing.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "crate::json::is_default"))]
    pub indicative_milliseconds: u32,
    /// Length of the time before the end of an auction in which participants neither cancel nor replace orders, in
    /// milliseconds; 0 for none. Only an auction that a timer ends has such a time.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "crate::json::is_default"))]
    pub no_cancel_milliseconds: u32,
    /// When the instrument's state changes by itself.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "crate::json::is_default"))]
    pub schedule: DailySchedule,
}

impl AuctionRules {
    /// Nothing is published, and cancels are taken until the end.
    pub const NONE: Self =
        Self { indicative_milliseconds: 0, no_cancel_milliseconds: 0, schedule: DailySchedule::NONE };

    /// Whether there are no rules.
    pub fn is_none(&self) -> bool {
        *self == Self::NONE
    }

    /// Shortest interval of publications, in milliseconds.
    pub const MINIMUM_INTERVAL: u32 = 10;

    /// Longest time, in milliseconds: a day.
    pub const MAXIMUM_MILLISECONDS: u32 = 86_400_000;

    /// The first field with a value that does not fit: an interval is at least [`Self::MINIMUM_INTERVAL`] or 0, and no time is
    /// longer than [`Self::MAXIMUM_MILLISECONDS`]; and the schedule fits together.
    pub fn fault(&self) -> Option<&'static str> {
        let is_interval = |time| time == 0 || (Self::MINIMUM_INTERVAL..=Self::MAXIMUM_MILLISECONDS).contains(&time);
        if !is_interval(self.indicative_milliseconds) {
            Some("indicative_milliseconds")
        } else if self.no_cancel_milliseconds > Self::MAXIMUM_MILLISECONDS {
            Some("no_cancel_milliseconds")
        } else if !self.schedule.is_sound() {
            Some("schedule")
        } else {
            None
        }
    }
}

word! {
    /// The kinds of auctions.
    AuctionType: u8 {
        /// The one that the day begins with: by the schedule, or by the operator's command in a closed instrument.
        Opening = 1,
        /// The one that ends the day, by the schedule.
        Closing = 2,
        /// Any other: one that interrupts trading, or that the operator begins meanwhile.
        Intraday = 3,
    }
}

impl AuctionType {
    /// The orders that only auctions take, and that this one takes.
    pub const fn takes(self) -> AuctionOrders {
        match self {
            Self::Opening => AuctionOrders::AT_THE_OPENING.and(AuctionOrders::GOOD_FOR_AUCTION),
            Self::Closing => AuctionOrders::AT_THE_CLOSE.and(AuctionOrders::GOOD_FOR_AUCTION),
            Self::Intraday => AuctionOrders::GOOD_FOR_AUCTION,
        }
    }

    /// Those of them that are for auctions of this kind only.
    pub const fn own(self) -> AuctionOrders {
        match self {
            Self::Opening => AuctionOrders::AT_THE_OPENING,
            Self::Closing => AuctionOrders::AT_THE_CLOSE,
            Self::Intraday => AuctionOrders::NONE,
        }
    }
}

/// A set of orders that only auctions take, by their time in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AuctionOrders(u8);

impl AuctionOrders {
    /// None.
    pub const NONE: Self = Self(0);
    /// Those with [`TimeInForce::AtTheOpening`].
    pub const AT_THE_OPENING: Self = Self(1);
    /// Those with [`TimeInForce::AtTheClose`].
    pub const AT_THE_CLOSE: Self = Self(1 << 1);
    /// Those with [`TimeInForce::GoodForAuction`].
    pub const GOOD_FOR_AUCTION: Self = Self(1 << 2);

    /// The set with these bits: bit 0 at the opening, bit 1 at the close, bit 2 good for auction; `None` with any other bit.
    pub const fn from_bits(bits: u8) -> Option<Self> {
        if bits >> 3 == 0 { Some(Self(bits)) } else { None }
    }

    /// Its bits.
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// Those of either set.
    pub const fn and(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }

    /// Whether it has none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether it has orders with this time in force.
    pub const fn has(self, time_in_force: TimeInForce) -> bool {
        self.0 & Self::of(time_in_force).0 != 0
    }

    /// Those with this time in force.
    const fn of(time_in_force: TimeInForce) -> Self {
        match time_in_force {
            TimeInForce::AtTheOpening => Self::AT_THE_OPENING,
            TimeInForce::AtTheClose => Self::AT_THE_CLOSE,
            TimeInForce::GoodForAuction => Self::GOOD_FOR_AUCTION,
            _ => Self::NONE,
        }
    }
}

/// What an auction would give if it ended now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
pub struct AuctionIndicative {
    /// Price of the trades, in ticks; `None` if nothing would trade.
    pub price: Option<Price>,
    /// Lots that would trade; the largest number that there is also stands for more.
    pub volume: Quantity,
    /// Lots of orders that take this price and would be left unmatched, likewise.
    pub imbalance: Quantity,
    /// The side with the unmatched lots; `None` if there are none.
    pub imbalance_side: Option<Side>,
}
