//! How values look in JSON where serde's derived form would not read well.

/// What is as it mostly is needs not be written.
pub(crate) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// `[u8; 8]` as a word of up to 8 ASCII letters.
pub(crate) mod symbol {
    use serde::de::Error as _;
    use serde::{Deserialize, Deserializer, Serializer};

    /// Without the zeros at the end; what is not ASCII is shown as `?`.
    pub(crate) fn serialize<S: Serializer>(symbol: &[u8; 8], serializer: S) -> Result<S::Ok, S::Error> {
        let mut word = [0; 8];
        let mut length = 0;
        for &byte in symbol.iter().take_while(|&&byte| byte != 0) {
            word[length] = if byte.is_ascii() { byte } else { b'?' };
            length += 1;
        }
        serializer.serialize_str(std::str::from_utf8(&word[..length]).unwrap_or_default())
    }

    /// Padded with zeros.
    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<[u8; 8], D::Error> {
        let word = String::deserialize(deserializer)?;
        let mut symbol = [0; 8];
        match symbol.get_mut(..word.len()) {
            Some(start) if word.is_ascii() => start.copy_from_slice(word.as_bytes()),
            _ => return Err(D::Error::custom(format_args!("`{word}`: a symbol has at most 8 ASCII letters"))),
        }
        Ok(symbol)
    }
}
