//! The messages between the counter's client and its service: a number of 8 bytes, little endian, in either direction.

/// Length of a message, in bytes.
pub const LENGTH: usize = 8;

/// The message of an increment, or of a sum.
pub fn encode(number: u64) -> [u8; LENGTH] {
    number.to_le_bytes()
}

/// The number of a message; none when it is not one of the counter's.
pub fn decode(message: &[u8]) -> Option<u64> {
    message.try_into().ok().map(u64::from_le_bytes)
}
