//! An instrument as the partition map describes it: prices and quantities as people write them, to ticks and lots and
//! back.

use std::fmt;

use lugus_partition_map::{Partition, PartitionMap};
use lugus_vocabulary::{
    Decimal, InstrumentId, InstrumentSpecification, InstrumentType, MapEpoch, Price, Quantity, StepSize,
};
use thiserror::Error;

/// Longest price or quantity that is read, in characters.
const MAXIMUM_LENGTH: usize = 40;

/// An instrument with its tick and lot.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Instrument {
    /// Number of the instrument, by which orders name it. It stays when the instrument moves to another cluster.
    pub id: InstrumentId,
    /// `BASE/QUOTE`.
    pub symbol: String,
    /// Spot or futures.
    pub instrument_type: InstrumentType,
    /// Size of a tick in units of the quote currency.
    pub tick_size: StepSize,
    /// Size of a lot in units of the base currency.
    pub lot_size: StepSize,
}

/// How a price between two ticks is rounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rounding {
    /// To the tick below, so that a buyer never pays more.
    Down,
    /// To the tick above, so that a seller never gets less.
    Up,
    /// To the nearest tick; half a tick rounds away from zero.
    Nearest,
}

/// Why there is no such instrument.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum UnknownPair {
    /// No partition map has come.
    #[error("no partition map has come from the coordinator yet: poll until one has")]
    NoMap,
    /// The map does not have the pair.
    #[error("partition map {epoch} has no {instrument_type:?} instrument {symbol}; it has {known}")]
    NotInMap {
        /// The pair that was asked for.
        symbol: String,
        /// The type that was asked for.
        instrument_type: InstrumentType,
        /// Number of the map.
        epoch: MapEpoch,
        /// The pairs of that type in the map.
        known: String,
    },
}

/// A price or quantity that the instrument does not have.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum UnitError {
    /// The text is not a decimal number.
    #[error("{what} '{text}' is not a decimal number such as 0.25")]
    Malformed {
        /// Price or quantity.
        what: &'static str,
        /// The text as given.
        text: String,
    },
    /// The number is between two ticks or lots.
    #[error("{what} {text} of {symbol} is not a whole number of {unit}s of {size}")]
    NotWhole {
        /// Price or quantity.
        what: &'static str,
        /// The number as given.
        text: String,
        /// The instrument.
        symbol: String,
        /// Tick or lot.
        unit: &'static str,
        /// Size of the tick or lot.
        size: StepSize,
    },
    /// The number is too large, or a negative quantity.
    #[error("{what} {text} of {symbol} is out of range")]
    OutOfRange {
        /// Price or quantity.
        what: &'static str,
        /// The number as given.
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
        let found = map.partition_of(symbol, instrument_type).ok_or_else(|| {
            let is_of_type = |partition: &&Partition| partition.instrument.instrument_type == instrument_type;
            let of_type = map.partitions.iter().filter(is_of_type);
            let known: Vec<&str> = of_type.map(|partition| partition.instrument.symbol.as_str()).collect();
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            UnknownPair::NotInMap { symbol: symbol.to_owned(), instrument_type, epoch: map.epoch, known }
        })?;
        Ok(Self::from(&found.instrument))
    }

    /// A price in the quote currency, such as `64000.01`, in ticks.
    ///
    /// # Errors
    /// [`UnitError`]: the text is no number, out of range, or between two ticks ([`Self::price_rounded`] rounds
    /// instead).
    pub fn price(&self, text: &str) -> Result<Price, UnitError> {
        self.ticks(Number::parse("price", text)?, None)
    }

    /// A price in the quote currency, such as `64000.0123`, rounded to a whole number of ticks.
    ///
    /// # Errors
    /// [`UnitError`]: the text is no number, or out of range.
    pub fn price_rounded(&self, text: &str, rounding: Rounding) -> Result<Price, UnitError> {
        self.ticks(Number::parse("price", text)?, Some(rounding))
    }

    /// A price in the quote currency, as a calculated decimal number, rounded to a whole number of ticks.
    ///
    /// # Errors
    /// [`UnitError`]: the number is out of range.
    pub fn price_of(&self, number: Decimal, rounding: Rounding) -> Result<Price, UnitError> {
        self.ticks(Number::of("price", number), Some(rounding))
    }

    /// A quantity in the base currency, such as `0.25`, in lots.
    ///
    /// # Errors
    /// [`UnitError`]: the text is no number, negative, out of range, or between two lots
    /// ([`Self::quantity_rounded_down`] rounds instead).
    pub fn quantity(&self, text: &str) -> Result<Quantity, UnitError> {
        self.lots(Number::parse("quantity", text)?, None)
    }

    /// A quantity in the base currency, such as `0.2512345`, rounded down to a whole number of lots, which may be 0.
    ///
    /// # Errors
    /// [`UnitError`]: the text is no number, negative, or out of range.
    pub fn quantity_rounded_down(&self, text: &str) -> Result<Quantity, UnitError> {
        self.lots(Number::parse("quantity", text)?, Some(Rounding::Down))
    }

    /// A quantity in the base currency, as a calculated decimal number, rounded down to a whole number of lots, which
    /// may be 0.
    ///
    /// # Errors
    /// [`UnitError`]: the number is negative, or out of range.
    pub fn quantity_of(&self, number: Decimal) -> Result<Quantity, UnitError> {
        self.lots(Number::of("quantity", number), Some(Rounding::Down))
    }

    /// A price in the quote currency, as text for people.
    pub fn display_price(&self, price: Price) -> impl fmt::Display {
        Scaled::new(i128::from(price.0), self.tick_size)
    }

    /// A quantity in the base currency, as text for people.
    pub fn display_quantity(&self, quantity: Quantity) -> impl fmt::Display {
        Scaled::new(i128::from(quantity.0), self.lot_size)
    }

    fn ticks(&self, number: Number, rounding: Option<Rounding>) -> Result<Price, UnitError> {
        let ticks = self.count(&number, "tick", self.tick_size, rounding)?;
        // The smallest `i64` means no price on the wire.
        let ticks = i64::try_from(ticks).ok().filter(|ticks| *ticks != i64::MIN);
        ticks.map(Price).ok_or_else(|| self.out_of_range(&number))
    }

    fn lots(&self, number: Number, rounding: Option<Rounding>) -> Result<Quantity, UnitError> {
        let lots = self.count(&number, "lot", self.lot_size, rounding)?;
        // A negative quantity is none, even if it rounds to 0.
        let lots = u64::try_from(lots).ok().filter(|_| number.mantissa >= 0);
        lots.map(Quantity).ok_or_else(|| self.out_of_range(&number))
    }

    /// How many times `size` a number is. Without a rounding it must be a whole number of times.
    fn count(
        &self,
        number: &Number,
        unit: &'static str,
        size: StepSize,
        rounding: Option<Rounding>,
    ) -> Result<i128, UnitError> {
        // number / size = mantissa * 10^(exponent - size.exponent) / size.mantissa
        let power = number.exponent - i32::from(size.exponent());
        let scale = 10i128.checked_pow(power.unsigned_abs());
        let size_mantissa = i128::from(size.mantissa());
        let fraction = if power >= 0 {
            scale.and_then(|scale| number.mantissa.checked_mul(scale)).map(|numerator| (numerator, size_mantissa))
        } else {
            scale.and_then(|scale| size_mantissa.checked_mul(scale)).map(|denominator| (number.mantissa, denominator))
        };
        let (numerator, denominator) = fraction.ok_or_else(|| self.out_of_range(number))?;
        let below = numerator.div_euclid(denominator);
        let rest = numerator.rem_euclid(denominator);
        match rounding {
            _ if rest == 0 => Ok(below),
            None => Err(UnitError::NotWhole {
                what: number.what,
                text: number.text.clone(),
                symbol: self.symbol.clone(),
                unit,
                size,
            }),
            Some(Rounding::Down) => Ok(below),
            Some(Rounding::Up) => Ok(below + 1),
            Some(Rounding::Nearest) => {
                // Twice the rest could overflow; the rest of the way up can't.
                let above = denominator - rest;
                let is_up = rest > above || (rest == above && numerator > 0);
                Ok(below + i128::from(is_up))
            }
        }
    }

    fn out_of_range(&self, number: &Number) -> UnitError {
        UnitError::OutOfRange { what: number.what, text: number.text.clone(), symbol: self.symbol.clone() }
    }
}

impl From<&InstrumentSpecification> for Instrument {
    fn from(specification: &InstrumentSpecification) -> Self {
        Self {
            id: specification.id,
            symbol: specification.symbol.clone(),
            instrument_type: specification.instrument_type,
            tick_size: specification.tick_size,
            lot_size: specification.lot_size,
        }
    }
}

/// A decimal number as a program gave it: `mantissa * 10^exponent`.
struct Number {
    /// Price or quantity, for an error.
    what: &'static str,
    /// As given, for an error.
    text: String,
    mantissa: i128,
    exponent: i32,
}

impl Number {
    fn parse(what: &'static str, text: &str) -> Result<Self, UnitError> {
        let text: String = text.chars().take(MAXIMUM_LENGTH + 1).collect();
        match decimal(&text) {
            Some((mantissa, exponent)) => Ok(Self { what, text, mantissa, exponent }),
            None => Err(UnitError::Malformed { what, text: text.chars().take(MAXIMUM_LENGTH).collect() }),
        }
    }

    fn of(what: &'static str, number: Decimal) -> Self {
        let Decimal { mantissa, exponent } = number;
        let text = format!("{mantissa}e{exponent}");
        Self { what, text, mantissa: i128::from(mantissa), exponent: i32::from(exponent) }
    }
}

/// Mantissa and power of ten of a decimal number, without trailing zeros in its fraction.
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

/// A number of ticks or lots, shown in its currency with as many decimal places as the size has.
struct Scaled {
    mantissa: i128,
    exponent: i8,
}

impl Scaled {
    fn new(count: i128, size: StepSize) -> Self {
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
    use lugus_partition_map::DeploymentId;

    use super::*;

    fn map() -> PartitionMap {
        let mut map = PartitionMap::empty(DeploymentId(1));
        map.partitions.push(Partition::new(InstrumentSpecification::spot(InstrumentId(1), "BTC/USDT", 2, 5)));
        map
    }

    fn bitcoin() -> Instrument {
        Instrument::find(Some(&map()), "BTC/USDT", InstrumentType::Spot).unwrap()
    }

    #[test]
    fn an_unknown_pair_is_named_in_the_error() {
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
    fn what_is_between_two_ticks_or_lots_can_be_rounded() {
        let bitcoin = bitcoin();
        for (text, down, nearest, up) in [
            ("64000.01", 6_400_001, 6_400_001, 6_400_001),
            ("0.014", 1, 1, 2),
            ("0.015", 1, 2, 2),
            ("0.0150000001", 1, 2, 2),
            ("-0.014", -2, -1, -1),
            ("-0.015", -2, -2, -1),
            ("-0.016", -2, -2, -1),
            ("0.000000000000000000000000000000001", 0, 0, 1),
        ] {
            let rounded = |rounding| bitcoin.price_rounded(text, rounding);
            assert_eq!(rounded(Rounding::Down), Ok(Price(down)), "{text}");
            assert_eq!(rounded(Rounding::Nearest), Ok(Price(nearest)), "{text}");
            assert_eq!(rounded(Rounding::Up), Ok(Price(up)), "{text}");
        }
        assert_eq!(bitcoin.price_of(Decimal { mantissa: 15, exponent: -3 }, Rounding::Up), Ok(Price(2)));
        assert_eq!(bitcoin.price_of(Decimal { mantissa: 2, exponent: 3 }, Rounding::Down), Ok(Price(200_000)));
        assert_eq!(bitcoin.quantity_rounded_down("0.2512399"), Ok(Quantity(25_123)));
        assert_eq!(bitcoin.quantity_rounded_down("0.000009"), Ok(Quantity(0)));
        assert_eq!(bitcoin.quantity_of(Decimal { mantissa: 19, exponent: -6 }), Ok(Quantity(1)));
        for error in [
            bitcoin.quantity_rounded_down("-0.000001").unwrap_err(),
            bitcoin.quantity_of(Decimal { mantissa: -1, exponent: 0 }).unwrap_err(),
            bitcoin.price_rounded("92233720368547758.074", Rounding::Up).unwrap_err(),
            bitcoin.price_of(Decimal { mantissa: i64::MAX, exponent: i8::MAX }, Rounding::Nearest).unwrap_err(),
        ] {
            assert!(matches!(error, UnitError::OutOfRange { .. }), "{error}");
        }
        assert!(matches!(bitcoin.price_rounded("1e3", Rounding::Up), Err(UnitError::Malformed { .. })));
    }

    #[test]
    fn a_tick_may_be_any_decimal() {
        let mut instrument = bitcoin();
        let quarter = "[[instrument]]\nid = 1\nsymbol = \"A/B\"\ntick_size = \"0.25\"\nlot_size = \"50\"\n";
        let deployment = "[[cluster]]\nid = 0\n[[cluster.member]]\nid = 0\nhost = \"127.0.0.1\"\nport = 20100\n";
        let text = format!("{deployment}{quarter}");
        let parsed = lugus_topology::Deployment::parse(&text, std::path::Path::new("/")).unwrap();
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
