//! Lengths in bytes as text, in Aeron's notation: `64k`, `16m`, `1g`.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

const UNITS: [(&str, u64); 4] = [("", 1), ("k", 1 << 10), ("m", 1 << 20), ("g", 1 << 30)];

/// A length in bytes. Its text, also in `cluster.toml`, has the largest unit that gives a whole number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Size(u64);

impl Size {
    /// A length of `n` bytes.
    pub const fn bytes(n: u64) -> Self {
        Self(n)
    }

    /// A length of `n` KiB.
    pub const fn kib(n: u64) -> Self {
        Self(n << 10)
    }

    /// A length of `n` MiB.
    pub const fn mib(n: u64) -> Self {
        Self(n << 20)
    }

    /// The length in bytes.
    pub const fn as_bytes(self) -> u64 {
        self.0
    }

    fn parse(text: &str) -> Result<Self, String> {
        let bad = || format!("\"{text}\" is not a length: write a whole number with k, m or g, such as \"16m\"");
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at(digits);
        let (_, length) = UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(bad)?;
        let number: u64 = number.parse().map_err(|_| bad())?;
        number.checked_mul(*length).filter(|bytes| *bytes <= i64::MAX as u64).map(Self).ok_or_else(bad)
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (unit, length) =
            UNITS.iter().rev().find(|(_, length)| self.0 != 0 && self.0.is_multiple_of(*length)).unwrap_or(&UNITS[0]);
        write!(f, "{}{unit}", self.0 / length)
    }
}

impl Serialize for Size {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_survives_parsing_and_formatting() {
        for (text, bytes) in [("64k", 65_536), ("16m", 16 << 20), ("1g", 1 << 30), ("1000", 1_000), ("0", 0)] {
            assert_eq!(Size::parse(text), Ok(Size(bytes)), "{text}");
            assert_eq!(Size(bytes).to_string(), text);
        }
        assert_eq!(Size::kib(2048), Size::mib(2));
    }

    #[test]
    fn an_invalid_length_is_refused() {
        for text in ["", "k", "1.5m", "-1k", "16M", "16mb", "99999999999g"] {
            assert!(Size::parse(text).is_err(), "{text:?}");
        }
    }
}
