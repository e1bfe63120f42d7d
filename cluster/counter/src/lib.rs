//! The messages between the counter's client and its service: a number of 8 bytes, little endian, in either direction.

use std::array::TryFromSliceError;

/// Length of a message, in bytes.
pub const LENGTH: usize = 8;

/// The message of an increment, or of a sum.
pub fn encode(number: u64) -> [u8; LENGTH] {
    number.to_le_bytes()
}

/// The number of a message.
///
/// # Errors
/// When the message has another length, so that it is not one of the counter's.
pub fn decode(message: &[u8]) -> Result<u64, TryFromSliceError> {
    message.try_into().map(u64::from_le_bytes)
}
