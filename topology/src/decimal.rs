//! Tick and lot sizes: exact decimal numbers, written as text.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

/// Decimal places that a [`Decimal`] may have, and zeros that it may end in.
const MAXIMUM_EXPONENT: i8 = 18;

/// A positive decimal number, `mantissa * 10^exponent`, without trailing zeros in the mantissa: `0.010` is `1e-2`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Decimal {
    mantissa: i64,
    exponent: i8,
}

impl Decimal {
    /// One.
    pub const ONE: Self = Self { mantissa: 1, exponent: 0 };

    /// `10^-places`, such as 0.01 for 2.
    pub const fn places(places: i8) -> Self {
        Self { mantissa: 1, exponent: -places }
    }

    /// `mantissa * 10^exponent`, unless that is not positive or has more than 18 decimal places or final zeros.
    pub fn new(mantissa: i64, exponent: i8) -> Option<Self> {
        let written = mantissa > 0 && exponent.unsigned_abs() <= MAXIMUM_EXPONENT.unsigned_abs();
        let decimal = written.then(|| Self { mantissa, exponent }.without_trailing_zeros())?;
        (decimal.exponent <= MAXIMUM_EXPONENT).then_some(decimal)
    }

    /// Its digits; greater than 0.
    pub const fn mantissa(self) -> i64 {
        self.mantissa
    }

    /// Its power of ten.
    pub const fn exponent(self) -> i8 {
        self.exponent
    }

    fn parse(text: &str) -> Result<Self, String> {
        let bad = || format!("\"{text}\" is not a positive decimal number of at most 18 digits, such as \"0.01\"");
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || text.ends_with('.') || !digits(whole) || !digits(fraction) {
            return Err(bad());
        }
        let places = i8::try_from(fraction.len()).ok().filter(|places| *places <= MAXIMUM_EXPONENT).ok_or_else(bad)?;
        let mantissa: i64 = format!("{whole}{fraction}").parse().map_err(|_| bad())?;
        if mantissa == 0 {
            return Err(bad());
        }
        Ok(Self { mantissa, exponent: -places }.without_trailing_zeros())
    }

    fn without_trailing_zeros(mut self) -> Self {
        while self.mantissa % 10 == 0 {
            self.mantissa /= 10;
            self.exponent += 1;
        }
        self
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.exponent >= 0 {
            return write!(f, "{}{:0<2$}", self.mantissa, "", usize::from(self.exponent.unsigned_abs()));
        }
        let places = usize::from(self.exponent.unsigned_abs());
        let digits = format!("{:0>1$}", self.mantissa, places + 1);
        let (whole, fraction) = digits.split_at(digits.len() - places);
        write!(f, "{whole}.{fraction}")
    }
}

impl Serialize for Decimal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_back() {
        for (text, mantissa, exponent, shown) in [
            ("0.01", 1, -2, "0.01"),
            ("0.25", 25, -2, "0.25"),
            ("0.010", 1, -2, "0.01"),
            ("1", 1, 0, "1"),
            ("50", 5, 1, "50"),
            ("100.0", 1, 2, "100"),
            ("12.5", 125, -1, "12.5"),
            ("0.000000000000000001", 1, -18, "0.000000000000000001"),
        ] {
            let decimal = Decimal::parse(text).expect(text);
            assert_eq!((decimal.mantissa(), decimal.exponent()), (mantissa, exponent), "{text}");
            assert_eq!(decimal.to_string(), shown);
        }
    }

    #[test]
    fn parts_make_a_decimal_or_none() {
        assert_eq!(Decimal::new(10, -3), Some(Decimal::places(2)));
        assert_eq!(Decimal::new(i64::MAX, -18).map(Decimal::mantissa), Some(i64::MAX));
        for (mantissa, exponent) in [(0, 0), (-1, 0), (1, 19), (10, 18), (1, -19), (1, i8::MIN)] {
            assert_eq!(Decimal::new(mantissa, exponent), None, "{mantissa}e{exponent}");
        }
    }

    #[test]
    fn what_is_no_positive_decimal_is_refused() {
        for text in ["", "0", "0.0", "-1", "1e-2", ".5", "1.", "1.2.3", "0.0000000000000000001", "9999999999999999999"]
        {
            assert!(Decimal::parse(text).is_err(), "{text:?}");
        }
    }
}
