//! How values look in JSON where the derived form would not read well.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::instrument::Symbol;
use crate::protection::PriceWidth;

/// Whether a field has its default value, which need not be written.
pub(crate) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// As text, such as `"50"` for ticks or `"2.5%"`.
impl Serialize for PriceWidth {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for PriceWidth {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// As a word of up to 8 ASCII letters, without the padding.
impl Serialize for Symbol {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Symbol {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        let error = || de::Error::custom(format_args!("`{name}`: a symbol has at most 8 ASCII letters"));
        Self::new(&name).ok_or_else(error)
    }
}
