//! What protects the prices of an instrument: a band that moves with the market, protection points of orders without a
//! limit, and a collar of auctions.

use std::fmt;
use std::str::FromStr;

use crate::units::{Price, Quantity};
use crate::word::word;

/// What protects the prices of an instrument, beside its static price band. The default protects nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default, deny_unknown_fields))]
pub struct PriceProtection {
    /// Greatest distance from the dynamic reference price at which an incoming order trades in continuous trading: a buy no
    /// higher than that, a sell no lower. `None` for no band.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub dynamic_band: Option<PriceWidth>,
    /// 0: the dynamic reference price is that of the last trade. Otherwise log time is divided into windows of this length, and
    /// it is that of the last trade before the current window. Without such a trade it is the instrument's reference price.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "crate::json::is_default"))]
    pub reference_window_milliseconds: u32,
    /// What happens when an order would trade beyond the dynamic band.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "crate::json::is_default"))]
    pub on_breach: OnBreach,
    /// Length of the auction with which a breach interrupts trading, and of each of its extensions.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "crate::json::is_default"))]
    pub auction_milliseconds: u32,
    /// Greatest distance of the price of an auction from the last trade, or from the reference price that the operator names
    /// when it ends the auction. An auction whose price lies beyond does not end. `None` for no collar.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub auction_collar: Option<PriceWidth>,
    /// Protection points, in ticks: a market order trades no further than these from the best price of the other side, a stop
    /// order without a limit no further than these from its trigger. 0 for none.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "crate::json::is_default"))]
    pub protection_points: Quantity,
    /// What happens to that part of such an order which could only trade beyond its protection points.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "crate::json::is_default"))]
    pub beyond_points: BeyondPoints,
}

impl PriceProtection {
    /// No protection.
    pub const NONE: Self = Self {
        dynamic_band: None,
        reference_window_milliseconds: 0,
        on_breach: OnBreach::Reject,
        auction_milliseconds: 0,
        auction_collar: None,
        protection_points: Quantity(0),
        beyond_points: BeyondPoints::Cancel,
    };

    /// Longest window and longest auction, in milliseconds: a day.
    pub const MAXIMUM_MILLISECONDS: u32 = 86_400_000;

    /// The first field with a value that does not fit: times are at most [`Self::MAXIMUM_MILLISECONDS`], widths above 0, and an
    /// auction that a breach begins has an end.
    pub fn fault(&self) -> Option<&'static str> {
        let is_width = |width: Option<PriceWidth>| width.is_none_or(|width| width.number() > 0);
        let has_end = self.on_breach == OnBreach::Reject || self.auction_milliseconds > 0;
        [
            ("dynamic_band", is_width(self.dynamic_band)),
            ("reference_window_milliseconds", self.reference_window_milliseconds <= Self::MAXIMUM_MILLISECONDS),
            ("auction_milliseconds", has_end && self.auction_milliseconds <= Self::MAXIMUM_MILLISECONDS),
            ("auction_collar", is_width(self.auction_collar)),
        ]
        .into_iter()
        .find_map(|(field, fits)| (!fits).then_some(field))
    }

    /// Whether nothing is protected.
    pub fn is_none(&self) -> bool {
        *self == Self::NONE
    }

    /// Whether all values fit.
    pub fn is_sound(&self) -> bool {
        self.fault().is_none()
    }
}

/// A distance between prices. As text it is a number of ticks, such as `50`, or a percentage with up to two decimal places, such
/// as `2.5%`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PriceWidth {
    /// In ticks.
    Ticks(u64),
    /// In hundredths of a percent of the price that it is measured from, rounded down to ticks, at least one tick.
    BasisPoints(u64),
}

impl PriceWidth {
    /// The number of ticks or basis points.
    pub const fn number(self) -> u64 {
        match self {
            Self::Ticks(number) | Self::BasisPoints(number) => number,
        }
    }

    /// The distance in ticks, measured from this price.
    pub fn ticks(self, from: Price) -> u64 {
        match self {
            Self::Ticks(ticks) => ticks,
            Self::BasisPoints(points) => {
                let ticks = u128::from(from.0.unsigned_abs()) * u128::from(points) / 10_000;
                u64::try_from(ticks).unwrap_or(u64::MAX).max(1)
            }
        }
    }

    /// The highest price that is no further from this one than the width, as far as there are prices.
    pub fn above(self, from: Price) -> Price {
        Price(from.0.saturating_add_unsigned(self.ticks(from)))
    }

    /// The lowest price that is no further from this one than the width, as far as there are prices.
    pub fn below(self, from: Price) -> Price {
        Price(from.0.saturating_sub_unsigned(self.ticks(from)))
    }

    /// Its unit.
    pub const fn unit(self) -> PriceWidthUnit {
        match self {
            Self::Ticks(_) => PriceWidthUnit::Ticks,
            Self::BasisPoints(_) => PriceWidthUnit::BasisPoints,
        }
    }
}

impl fmt::Display for PriceWidth {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Ticks(ticks) => write!(formatter, "{ticks}"),
            Self::BasisPoints(points) => match (points / 100, points % 100) {
                (whole, 0) => write!(formatter, "{whole}%"),
                (whole, part) if part % 10 == 0 => write!(formatter, "{whole}.{}%", part / 10),
                (whole, part) => write!(formatter, "{whole}.{part:02}%"),
            },
        }
    }
}

/// Text that is no [`PriceWidth`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceWidthError(String);

impl fmt::Display for PriceWidthError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{:?} is neither a number of ticks, such as 50, nor a percentage with up to two decimal places, such as 2.5%",
            self.0
        )
    }
}

impl std::error::Error for PriceWidthError {}

impl FromStr for PriceWidth {
    type Err = PriceWidthError;

    fn from_str(text: &str) -> Result<Self, PriceWidthError> {
        let number = |digits: &str| {
            let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
            digits.parse::<u64>().ok().filter(|_| is_number)
        };
        let width = match text.strip_suffix('%') {
            None => number(text).map(Self::Ticks),
            Some(percent) => {
                let (whole, part) = percent.split_once('.').unwrap_or((percent, "0"));
                let part = match part.len() {
                    1 => number(part).map(|tenths| tenths * 10),
                    2 => number(part),
                    _ => None,
                };
                number(whole).and_then(|whole| whole.checked_mul(100)?.checked_add(part?)).map(Self::BasisPoints)
            }
        };
        width.ok_or_else(|| PriceWidthError(text.to_owned()))
    }
}

/// As text, such as `"50"` for ticks or `"2.5%"`.
#[cfg(feature = "serde")]
impl serde::Serialize for PriceWidth {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for PriceWidth {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <String as serde::Deserialize>::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

word! {
    /// Unit of a [`PriceWidth`].
    PriceWidthUnit: u8 {
        /// Ticks.
        Ticks = 1,
        /// Hundredths of a percent.
        BasisPoints = 2,
    }
}

impl PriceWidthUnit {
    /// A width in this unit.
    pub const fn width(self, number: u64) -> PriceWidth {
        match self {
            Self::Ticks => PriceWidth::Ticks(number),
            Self::BasisPoints => PriceWidth::BasisPoints(number),
        }
    }
}

word! {
    /// What happens when an order would trade beyond the dynamic band.
    #[derive(Default)]
    OnBreach: u8 {
        /// A limit order whose limit lies beyond the band is rejected; of any other order what could only trade beyond it is
        /// canceled.
        #[default]
        Reject = 0,
        /// Trading is interrupted by an auction, in which what is left of the order takes part unless it is immediate.
        Halt = 1,
    }
}

word! {
    /// What happens to that part of an order which could only trade beyond its protection points.
    #[derive(Default)]
    BeyondPoints: u8 {
        /// It is canceled.
        #[default]
        Cancel = 0,
        /// It rests at the price of the protection points, unless the order is IOC or FOK. Only then a market order may have
        /// another time in force than these.
        Rest = 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_width_in_basis_points_is_rounded_down_and_at_least_a_tick() {
        let five_percent = PriceWidth::BasisPoints(500);
        for (from, ticks) in [(1_000, 50), (1_019, 50), (1_020, 51), (-1_000, 50), (19, 1), (0, 1)] {
            assert_eq!(five_percent.ticks(Price(from)), ticks, "from {from}");
        }
        assert_eq!((five_percent.below(Price(1_000)), five_percent.above(Price(1_000))), (Price(950), Price(1_050)));
    }

    #[test]
    fn a_width_is_read_as_it_is_written() {
        for (width, text) in [
            (PriceWidth::Ticks(50), "50"),
            (PriceWidth::Ticks(u64::MAX), "18446744073709551615"),
            (PriceWidth::BasisPoints(500), "5%"),
            (PriceWidth::BasisPoints(250), "2.5%"),
            (PriceWidth::BasisPoints(1), "0.01%"),
            (PriceWidth::BasisPoints(u64::MAX), "184467440737095516.15%"),
        ] {
            assert_eq!((width.to_string().as_str(), text.parse()), (text, Ok(width)));
        }
        for wrong in ["", "%", "5.%", ".5%", "1.005%", "-1", "+1", "1.5", "5 %", "184467440737095516.16%", "1x"] {
            assert!(wrong.parse::<PriceWidth>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn widths_end_where_prices_end() {
        for width in [PriceWidth::Ticks(u64::MAX), PriceWidth::BasisPoints(u64::MAX)] {
            assert_eq!(width.above(Price(i64::MAX)), Price(i64::MAX));
            assert_eq!(width.below(Price(i64::MIN)), Price(i64::MIN));
        }
        assert_eq!(PriceWidth::Ticks(u64::MAX).above(Price(i64::MIN)), Price(i64::MAX));
    }

    #[test]
    fn an_auction_that_a_breach_begins_has_an_end() {
        let halts = PriceProtection { on_breach: OnBreach::Halt, auction_milliseconds: 1, ..PriceProtection::NONE };
        assert!(PriceProtection::NONE.is_sound() && halts.is_sound());
        for wrong in [
            PriceProtection { auction_milliseconds: 0, ..halts },
            PriceProtection { auction_milliseconds: PriceProtection::MAXIMUM_MILLISECONDS + 1, ..halts },
            PriceProtection { reference_window_milliseconds: u32::MAX, ..halts },
            PriceProtection { dynamic_band: Some(PriceWidth::Ticks(0)), ..halts },
            PriceProtection { auction_collar: Some(PriceWidth::BasisPoints(0)), ..halts },
        ] {
            assert!(!wrong.is_sound(), "{wrong:?}");
        }
    }
}
