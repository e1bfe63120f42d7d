//! Time-outs as text, in Aeron's notation: a whole number with `ns`, `us`, `ms` or `s`.

use std::time::Duration;

use serde::{Deserialize, Deserializer, Serializer, de::Error};

const UNITS: [(&str, u64); 4] = [("ns", 1), ("us", 1_000), ("ms", 1_000_000), ("s", 1_000_000_000)];

/// The duration as text for Aeron's properties, in the largest unit that gives a whole number: `150ms`, `2s`.
pub fn aeron_duration(duration: Duration) -> String {
    let nanos = duration.as_nanos();
    let (unit, length) =
        UNITS.iter().rev().find(|(_, length)| nanos.is_multiple_of(u128::from(*length))).unwrap_or(&UNITS[0]);
    format!("{}{unit}", nanos / u128::from(*length))
}

fn parse(text: &str) -> Result<Duration, String> {
    let bad = || format!("\"{text}\" is not a duration: write a whole number and ns, us, ms or s, such as \"150ms\"");
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let (_, length) = UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(bad)?;
    let number: u64 = number.parse().map_err(|_| bad())?;
    number.checked_mul(*length).filter(|nanos| *nanos <= i64::MAX as u64).map(Duration::from_nanos).ok_or_else(bad)
}

/// Writes a duration as text, for `#[serde(with = "duration")]`.
pub(crate) fn serialize<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&aeron_duration(*duration))
}

/// Reads a duration from text, for `#[serde(with = "duration")]`.
pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_survives_parsing_and_formatting() {
        for (text, nanos) in [("150ms", 150_000_000), ("2s", 2_000_000_000), ("1ns", 1), ("50us", 50_000), ("0s", 0)] {
            assert_eq!(parse(text), Ok(Duration::from_nanos(nanos)), "{text}");
            assert_eq!(aeron_duration(Duration::from_nanos(nanos)), text);
        }
        assert_eq!(aeron_duration(Duration::from_millis(1_500)), "1500ms");
    }

    #[test]
    fn an_invalid_duration_is_refused() {
        for text in ["", "150", "ms", "1.5s", "-1s", "1 s", "1m", "99999999999s", "18446744073709551616ns"] {
            assert!(parse(text).is_err(), "{text:?}");
        }
    }
}
