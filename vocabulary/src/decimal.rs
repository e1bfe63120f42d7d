//! Exact decimal numbers: the sizes of ticks and lots. Nothing here uses floats.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// Largest number of decimal places of a [`StepSize`], and of zeros at its end.
const MAXIMUM_EXPONENT: i8 = 18;

/// A decimal number as messages carry it: `mantissa * 10^exponent`. Nothing is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
pub struct Decimal {
    /// The digits, with their sign.
    pub mantissa: i64,
    /// The power of ten.
    pub exponent: i8,
}

/// The size of a tick or a lot in units of a currency: a positive decimal number with at most 18 decimal places, without
/// trailing zeros in its mantissa (`0.010` is `1e-2`), so that equal sizes are equal values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct StepSize {
    mantissa: i64,
    exponent: i8,
}

/// A text or a [`Decimal`] that is no [`StepSize`].
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("\"{0}\" is not a positive decimal number of at most 18 digits, such as \"0.01\"")]
pub struct DecimalError(pub String);

impl StepSize {
    /// One.
    pub const ONE: Self = Self { mantissa: 1, exponent: 0 };

    /// `10^-places`: 0.01 for 2.
    pub const fn places(places: i8) -> Self {
        Self { mantissa: 1, exponent: -places }
    }

    /// `mantissa * 10^exponent`; `None` if that is not positive, or has more than 18 decimal places or trailing zeros.
    pub fn new(mantissa: i64, exponent: i8) -> Option<Self> {
        let is_written = mantissa > 0 && exponent.unsigned_abs() <= MAXIMUM_EXPONENT.unsigned_abs();
        let size = is_written.then(|| Self { mantissa, exponent }.without_trailing_zeros())?;
        (size.exponent <= MAXIMUM_EXPONENT).then_some(size)
    }

    /// The digits, greater than 0.
    pub const fn mantissa(self) -> i64 {
        self.mantissa
    }

    /// The power of ten.
    pub const fn exponent(self) -> i8 {
        self.exponent
    }

    fn without_trailing_zeros(mut self) -> Self {
        while self.mantissa % 10 == 0 {
            self.mantissa /= 10;
            self.exponent += 1;
        }
        self
    }
}

impl From<StepSize> for Decimal {
    fn from(size: StepSize) -> Self {
        Self { mantissa: size.mantissa, exponent: size.exponent }
    }
}

impl TryFrom<Decimal> for StepSize {
    type Error = DecimalError;

    fn try_from(decimal: Decimal) -> Result<Self, DecimalError> {
        let Decimal { mantissa, exponent } = decimal;
        Self::new(mantissa, exponent).ok_or_else(|| DecimalError(format!("{mantissa}e{exponent}")))
    }
}

impl FromStr for StepSize {
    type Err = DecimalError;

    fn from_str(text: &str) -> Result<Self, DecimalError> {
        let bad = || DecimalError(text.to_owned());
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
}

impl fmt::Display for StepSize {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.exponent >= 0 {
            return write!(formatter, "{}{:0<2$}", self.mantissa, "", usize::from(self.exponent.unsigned_abs()));
        }
        let places = usize::from(self.exponent.unsigned_abs());
        let digits = format!("{:0>1$}", self.mantissa, places + 1);
        let (whole, fraction) = digits.split_at(digits.len() - places);
        write!(formatter, "{whole}.{fraction}")
    }
}

/// As text, such as `"0.01"`.
#[cfg(feature = "serde")]
impl serde::Serialize for StepSize {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for StepSize {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_survives_parsing_and_formatting() {
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
            let size: StepSize = text.parse().expect(text);
            assert_eq!((size.mantissa(), size.exponent()), (mantissa, exponent), "{text}");
            assert_eq!(size.to_string(), shown);
        }
    }

    #[test]
    fn parts_make_a_size_or_none() {
        assert_eq!(StepSize::new(10, -3), Some(StepSize::places(2)));
        assert_eq!(StepSize::new(i64::MAX, -18).map(StepSize::mantissa), Some(i64::MAX));
        for (mantissa, exponent) in [(0, 0), (-1, 0), (1, 19), (10, 18), (1, -19), (1, i8::MIN)] {
            assert_eq!(StepSize::new(mantissa, exponent), None, "{mantissa}e{exponent}");
            assert!(StepSize::try_from(Decimal { mantissa, exponent }).is_err(), "{mantissa}e{exponent}");
        }
    }

    #[test]
    fn a_text_that_is_not_a_positive_decimal_is_refused() {
        for text in ["", "0", "0.0", "-1", "1e-2", ".5", "1.", "1.2.3", "0.0000000000000000001", "9999999999999999999"]
        {
            assert!(text.parse::<StepSize>().is_err(), "{text:?}");
        }
    }
}
