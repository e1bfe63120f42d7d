//! An instrument as the partition map describes it: prices and quantities as people write them, to ticks and lots and back.

use std::fmt;

use lugus_partition_map::PartitionMap;
use lugus_topology as topology;
use lugus_vocabulary::{InstrumentId, InstrumentType, Price, Quantity};
use thiserror::Error;

/// Longest price or quantity that is read, in characters.
const MAXIMUM_LENGTH: usize = 40;

/// An instrument with its tick and lot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instrument {
    /// Its number, by which orders name it. It stays when the instrument moves.
    pub id: InstrumentId,
    /// `BASE/QUOTE`.
    pub symbol: String,
    /// Spot or futures.
    pub instrument_type: InstrumentType,
    /// One tick in the quote currency.
    pub tick_size: topology::Decimal,
    /// One lot in the base currency.
    pub lot_size: topology::Decimal,
}

/// There is no such instrument.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum UnknownPair {
    /// No partition map has come.
    #[error("no partition map has come from the coordinator yet: poll until one has")]
    NoMap,
    /// The map does not have it.
    #[error("partition map {epoch} has no {instrument_type:?} instrument {symbol}; it has {known}")]
    NotInMap {
        /// What was asked for.
        symbol: String,
        /// Likewise.
        instrument_type: InstrumentType,
        /// The map's number.
        epoch: u64,
        /// The pairs that it has of that type.
        known: String,
    },
}

/// A price or quantity that the instrument does not have.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum UnitError {
    /// No decimal number.
    #[error("{what} '{text}' is no decimal number such as 0.25")]
    Malformed {
        /// Price or quantity.
        what: &'static str,
        /// As given.
        text: String,
    },
    /// Between two ticks or lots.
    #[error("{what} {text} of {symbol} is not a whole number of {unit}s of {size}")]
    NotWhole {
        /// Price or quantity.
        what: &'static str,
        /// As given.
        text: String,
        /// The instrument.
        symbol: String,
        /// Tick or lot.
        unit: &'static str,
        /// Its size.
        size: topology::Decimal,
    },
    /// Too large, or a negative quantity.
    #[error("{what} {text} of {symbol} is out of range")]
    OutOfRange {
        /// Price or quantity.
        what: &'static str,
        /// As given.
        text: String,
        /// The instrument.
        symbol: String,
    },
}

impl Instrument {
    pub(crate) fn find(
        map: Option<&PartitionMap>,
        symbol: &str,
        instrument_type: InstrumentType,
    ) -> Result<Self, UnknownPair> {
        let map = map.ok_or(UnknownPair::NoMap)?;
        let wanted = match instrument_type {
            InstrumentType::Spot => topology::InstrumentType::Spot,
            InstrumentType::Futures => topology::InstrumentType::Futures,
        };
        let found = map.partition_of(symbol, wanted).ok_or_else(|| {
            let of_type = map.partitions.iter().filter(|partition| partition.instrument.instrument_type == wanted);
            let known: Vec<&str> = of_type.map(|partition| partition.instrument.symbol.as_str()).collect();
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            UnknownPair::NotInMap { symbol: symbol.to_owned(), instrument_type, epoch: map.epoch.0, known }
        })?;
        Ok(Self {
            id: InstrumentId(found.instrument.id),
            symbol: found.instrument.symbol.clone(),
            instrument_type,
            tick_size: found.instrument.tick_size,
            lot_size: found.instrument.lot_size,
        })
    }

    /// A price in the quote currency, such as `64000.01`, in ticks.
    ///
    /// # Errors
    /// [`UnitError`]: it is no number, or between two ticks.
    pub fn price(&self, text: &str) -> Result<Price, UnitError> {
        let ticks = self.whole(text, "price", "tick", self.tick_size)?;
        let ticks = i64::try_from(ticks).ok().filter(|ticks| *ticks != i64::MIN);
        ticks.map(Price).ok_or_else(|| self.out_of_range("price", text))
    }

    /// A quantity in the base currency, such as `0.25`, in lots.
    ///
    /// # Errors
    /// [`UnitError`]: it is no number, negative, or between two lots.
    pub fn quantity(&self, text: &str) -> Result<Quantity, UnitError> {
        let lots = self.whole(text, "quantity", "lot", self.lot_size)?;
        u64::try_from(lots).map(Quantity).map_err(|_| self.out_of_range("quantity", text))
    }

    /// A price in the quote currency, for people.
    pub fn display_price(&self, price: Price) -> impl fmt::Display {
        Scaled::new(i128::from(price.0), self.tick_size)
    }

    /// A quantity in the base currency, for people.
    pub fn display_quantity(&self, quantity: Quantity) -> impl fmt::Display {
        Scaled::new(i128::from(quantity.0), self.lot_size)
    }

    fn whole(
        &self,
        text: &str,
        what: &'static str,
        unit: &'static str,
        size: topology::Decimal,
    ) -> Result<i128, UnitError> {
        let malformed = || UnitError::Malformed { what, text: text.chars().take(MAXIMUM_LENGTH).collect() };
        let (mantissa, exponent) = decimal(text).ok_or_else(malformed)?;
        let not_whole = || {
            let (text, symbol) = (text.to_owned(), self.symbol.clone());
            UnitError::NotWhole { what, text, symbol, unit, size }
        };
        // value / size = mantissa * 10^(exponent - size.exponent) / size.mantissa
        let power = exponent - i32::from(size.exponent());
        let scale = 10i128.checked_pow(power.unsigned_abs()).ok_or_else(|| self.out_of_range(what, text))?;
        let (numerator, denominator) = if power >= 0 {
            (mantissa.checked_mul(scale), Some(i128::from(size.mantissa())))
        } else {
            (Some(mantissa), i128::from(size.mantissa()).checked_mul(scale))
        };
        let (Some(numerator), Some(denominator)) = (numerator, denominator) else {
            return Err(self.out_of_range(what, text));
        };
        if numerator % denominator == 0 { Ok(numerator / denominator) } else { Err(not_whole()) }
    }

    fn out_of_range(&self, what: &'static str, text: &str) -> UnitError {
        UnitError::OutOfRange { what, text: text.to_owned(), symbol: self.symbol.clone() }
    }
}

/// Mantissa and power of ten of a decimal number, without zeros at its end.
fn decimal(text: &str) -> Option<(i128, i32)> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if text.len() > MAXIMUM_LENGTH || whole.is_empty() || digits.ends_with('.') || !plain(whole) || !plain(fraction) {
        return None;
    }
    let fraction = fraction.trim_end_matches('0');
    let mantissa: i128 = format!("{whole}{fraction}").parse().ok()?;
    let exponent = -i32::try_from(fraction.len()).ok()?;
    Some((if text.starts_with('-') { -mantissa } else { mantissa }, exponent))
}

/// A number of ticks or lots, shown in its currency with the digits that the size has.
struct Scaled {
    mantissa: i128,
    exponent: i8,
}

impl Scaled {
    fn new(count: i128, size: topology::Decimal) -> Self {
        Self { mantissa: count * i128::from(size.mantissa()), exponent: size.exponent() }
    }
}

impl fmt::Display for Scaled {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let places = usize::from(self.exponent.min(0).unsigned_abs());
        let sign = if self.mantissa < 0 { "-" } else { "" };
        let digits = format!("{:0>1$}", self.mantissa.unsigned_abs(), places + 1);
        if places == 0 {
            let zeros = if self.mantissa == 0 { 0 } else { usize::from(self.exponent.unsigned_abs()) };
            return formatter.pad(&format!("{sign}{digits}{:0<zeros$}", ""));
        }
        let (whole, fraction) = digits.split_at(digits.len() - places);
        formatter.pad(&format!("{sign}{whole}.{fraction}"))
    }
}

#[cfg(test)]
mod tests {
    use lugus_partition_map::{DeploymentId, Partition};

    use super::*;

    fn map() -> PartitionMap {
        let mut map = PartitionMap::empty(DeploymentId(1));
        map.partitions.push(Partition::new(topology::Instrument::spot(1, "BTC/USDT", 2, 5)));
        map
    }

    fn bitcoin() -> Instrument {
        Instrument::find(Some(&map()), "BTC/USDT", InstrumentType::Spot).unwrap()
    }

    #[test]
    fn pairs_are_found_or_named() {
        assert_eq!(bitcoin().id, InstrumentId(1));
        let error = Instrument::find(Some(&map()), "BTC/EUR", InstrumentType::Spot).unwrap_err().to_string();
        assert_eq!(error, "partition map 0 has no Spot instrument BTC/EUR; it has BTC/USDT");
        let error = Instrument::find(Some(&map()), "BTC/USDT", InstrumentType::Futures).unwrap_err().to_string();
        assert!(error.ends_with("it has none"), "{error}");
        assert_eq!(Instrument::find(None, "BTC/USDT", InstrumentType::Spot), Err(UnknownPair::NoMap));
    }

    #[test]
    fn whole_ticks_and_lots_are_read_and_shown() {
        for (text, ticks) in [("64000.01", 6_400_001), ("64000", 6_400_000), ("0.010", 1), ("-0.5", -50), ("0", 0)] {
            assert_eq!(bitcoin().price(text), Ok(Price(ticks)), "{text}");
        }
        assert_eq!(bitcoin().quantity("0.25"), Ok(Quantity(25_000)));
        assert_eq!(bitcoin().display_price(Price(-50)).to_string(), "-0.50");
        assert_eq!(bitcoin().display_price(Price(6_400_001)).to_string(), "64000.01");
        assert_eq!(bitcoin().display_quantity(Quantity(1)).to_string(), "0.00001");
    }

    #[test]
    fn what_is_between_two_ticks_or_lots_is_refused() {
        let error = bitcoin().price("64000.015").unwrap_err().to_string();
        assert_eq!(error, "price 64000.015 of BTC/USDT is not a whole number of ticks of 0.01");
        assert!(matches!(bitcoin().quantity("0.000001"), Err(UnitError::NotWhole { unit: "lot", .. })));
        assert!(matches!(bitcoin().quantity("-1"), Err(UnitError::OutOfRange { .. })));
        assert!(matches!(bitcoin().price("92233720368547758.08"), Err(UnitError::OutOfRange { .. })));
        for text in ["", ".", "1.", ".5", "1e3", "--1", "1.2.3", "1 000", &"9".repeat(41)] {
            assert!(matches!(bitcoin().price(text), Err(UnitError::Malformed { .. })), "{text}");
        }
    }

    #[test]
    fn a_tick_may_be_any_decimal() {
        let mut instrument = bitcoin();
        let quarter = "[[instrument]]\nid = 1\nsymbol = \"A/B\"\ntick_size = \"0.25\"\nlot_size = \"50\"\n";
        let deployment = "[[cluster]]\nid = 0\n[[cluster.member]]\nid = 0\nhost = \"127.0.0.1\"\nport = 20100\n";
        let text = format!("{deployment}{quarter}");
        let parsed = topology::Deployment::parse(&text, std::path::Path::new("/")).unwrap();
        instrument.tick_size = parsed.instruments[0].tick_size;
        instrument.lot_size = parsed.instruments[0].lot_size;
        assert_eq!(instrument.price("10.75"), Ok(Price(43)));
        assert!(matches!(instrument.price("10.7"), Err(UnitError::NotWhole { .. })));
        assert_eq!(instrument.quantity("150"), Ok(Quantity(3)));
        assert!(matches!(instrument.quantity("75"), Err(UnitError::NotWhole { .. })));
        assert_eq!(instrument.display_price(Price(43)).to_string(), "10.75");
        assert_eq!(instrument.display_quantity(Quantity(3)).to_string(), "150");
    }
}
