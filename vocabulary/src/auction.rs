//! Auctions: what is told of one while orders gather, and the rules of an instrument's auctions.

use crate::order::Side;
use crate::schedule::DailySchedule;
use crate::units::{Price, Quantity};

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
