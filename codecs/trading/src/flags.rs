//! Bytes of flags that tell which optional fields of a message are present.

use crate::error::MessageError;

/// A byte with one bit for each flag, the first flag in the lowest bit.
pub(crate) fn flags<const N: usize>(flags: [bool; N]) -> u8 {
    flags.into_iter().rev().fold(0, |byte, flag| byte << 1 | u8::from(flag))
}

/// The value of an optional field, by the flag that tells whether it is present.
///
/// # Errors
/// [`MessageError::Value`] if the field is absent, but not 0: only one message may stand for a value.
pub(crate) fn if_flagged<T: PartialEq + Default>(
    flags: u8,
    bit: u8,
    value: T,
    template_id: u16,
    field: &'static str,
) -> Result<Option<T>, MessageError> {
    match flags >> bit & 1 {
        1 => Ok(Some(value)),
        _ if value == T::default() => Ok(None),
        _ => Err(MessageError::Value { template_id, field }),
    }
}
