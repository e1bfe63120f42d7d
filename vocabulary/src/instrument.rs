//! What is traded: the definition of an instrument, its type, and the states of its life cycle.

use std::fmt;

use crate::auction::AuctionRules;
use crate::decimal::Decimal;
use crate::protection::PriceProtection;
use crate::units::{InstrumentId, Price, Quantity};
use crate::word::word;

/// The specification of an instrument.
///
/// It is sound if its number and symbols are not empty, minimum <= reference <= maximum price, and maximum quantity,
/// tick size and lot size are above 0; and if its price protection is sound, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
pub struct InstrumentDefinition {
    /// Number of the instrument; not 0.
    pub instrument: InstrumentId,
    /// Base currency or contract.
    pub base: Symbol,
    /// Quote currency.
    pub quote: Symbol,
    /// Spot or futures.
    #[cfg_attr(feature = "serde", serde(rename = "trade_type", alias = "instrument_type"))]
    pub instrument_type: InstrumentType,
    /// Lowest limit price that is accepted, in ticks.
    pub minimum_price: Price,
    /// Highest limit price that is accepted, in ticks.
    pub maximum_price: Price,
    /// Middle of the price band, and the price of an auction that nothing else decides, in ticks.
    pub reference_price: Price,
    /// Width of the price band on either side of the reference price, in ticks; 0 means no band.
    pub price_band: Quantity,
    /// Largest quantity of one order, in lots.
    pub maximum_quantity: Quantity,
    /// Size of a tick in units of the quote currency. For people: the engine does not calculate with it.
    pub tick_size: Decimal,
    /// Size of a lot in units of the base currency. For people: the engine does not calculate with it.
    pub lot_size: Decimal,
    /// State in which the instrument begins.
    pub state: InstrumentState,
    /// What protects its prices beside the price band.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "PriceProtection::is_none"))]
    pub protection: PriceProtection,
    /// The rules of its auctions.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "AuctionRules::is_none"))]
    pub auctions: AuctionRules,
}

word! {
    /// Type of an instrument. With the symbols it identifies the instrument to people.
    InstrumentType: u8 {
        /// The pair is settled at once.
        Spot = 1,
        /// A contract that is settled later.
        Futures = 2,
    }
}

word! {
    /// Where an instrument is in its life cycle.
    InstrumentState: u8 {
        /// No orders are accepted, and none rest.
        Closed = 0,
        /// Continuous trading.
        Open = 1,
        /// Orders rest, and only cancels are accepted.
        Halted = 2,
        /// Orders gather for a call auction; the change to `Open` uncrosses them.
        Auction = 3,
    }
}

/// A currency or contract: up to 8 ASCII letters, padded with zeros.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Symbol(pub [u8; 8]);

impl Symbol {
    /// The symbol with this name; `None` if it is not ASCII or longer than 8 letters.
    pub fn new(name: &str) -> Option<Self> {
        let mut symbol = [0; 8];
        let start = symbol.get_mut(..name.len()).filter(|_| name.is_ascii())?;
        start.copy_from_slice(name.as_bytes());
        Some(Self(symbol))
    }
}

/// The letters up to the first zero; a byte that is not ASCII is shown as `?`.
impl fmt::Display for Symbol {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut name = [0; 8];
        let mut length = 0;
        for &byte in self.0.iter().take_while(|&&byte| byte != 0) {
            name[length] = if byte.is_ascii() { byte } else { b'?' };
            length += 1;
        }
        formatter.pad(std::str::from_utf8(&name[..length]).unwrap_or_default())
    }
}

/// As a word of up to 8 ASCII letters, without the padding.
#[cfg(feature = "serde")]
impl serde::Serialize for Symbol {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for Symbol {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = <String as serde::Deserialize>::deserialize(deserializer)?;
        let error = || serde::de::Error::custom(format_args!("`{name}`: a symbol has at most 8 ASCII letters"));
        Self::new(&name).ok_or_else(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_symbol_is_up_to_eight_ascii_letters() {
        assert_eq!(Symbol::new("BTC"), Some(Symbol(*b"BTC\0\0\0\0\0")));
        assert_eq!(Symbol::new("ETHEREUM").map(|symbol| symbol.to_string()), Some("ETHEREUM".to_owned()));
        assert_eq!((Symbol::new("ETHEREUMS"), Symbol::new("B\u{e9}")), (None, None));
        assert_eq!(Symbol([b'A', 0xff, b'C', 0, b'D', 0, 0, 0]).to_string(), "A?C");
    }
}
