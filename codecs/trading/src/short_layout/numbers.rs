//! Numbers in as few bytes as their size needs: seven bits a byte, the lowest first, with the highest bit set in all bytes but
//! the last. A number is written as it is, or as its difference from one before, with the sign in the lowest bit.
//!
//! Source: the base-128 variable-length integers and the zigzag encoding of Protocol Buffers.

use lugus_vocabulary::ParticipantId;

/// Writes a number.
#[inline]
pub(crate) fn put_number(buffer: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        buffer.push(number as u8 | 0x80);
        number >>= 7;
    }
    buffer.push(number as u8);
}

/// Writes a signed number as its difference from the one before.
#[inline]
pub(crate) fn put_signed(buffer: &mut Vec<u8>, number: i64, before: i64) {
    let difference = number.wrapping_sub(before);
    put_number(buffer, (difference << 1 ^ difference >> 63).cast_unsigned());
}

/// Writes an unsigned number as its difference from the one before.
#[inline]
pub(crate) fn put_unsigned(buffer: &mut Vec<u8>, number: u64, before: u64) {
    put_signed(buffer, number.cast_signed(), before.cast_signed());
}

/// Writes a participant as its difference from the one before.
pub(crate) fn put_participant(buffer: &mut Vec<u8>, participant: ParticipantId, before: u32) {
    put_unsigned(buffer, participant.0.into(), before.into());
}

/// Reads numbers from bytes; each method returns `None` where the bytes end, or are no such number.
#[derive(Debug)]
pub(crate) struct NumberReader<'a> {
    pub(crate) bytes: &'a [u8],
}

impl NumberReader<'_> {
    #[inline]
    pub(crate) fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.bytes.split_first()?;
        self.bytes = rest;
        Some(*first)
    }

    #[inline]
    pub(crate) fn bytes<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (first, rest) = self.bytes.split_first_chunk()?;
        self.bytes = rest;
        Some(*first)
    }

    #[inline]
    pub(crate) fn number(&mut self) -> Option<u64> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                return None;
            }
            number |= bits << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    /// A number if it is present, or else what stands for it.
    #[inline]
    pub(crate) fn number_if(&mut self, is_present: bool, otherwise: u64) -> Option<u64> {
        if is_present { self.number() } else { Some(otherwise) }
    }

    #[inline]
    pub(crate) fn signed(&mut self, before: i64) -> Option<i64> {
        let number = self.number()?;
        let difference = (number >> 1).cast_signed() ^ -(number & 1).cast_signed();
        Some(before.wrapping_add(difference))
    }

    /// A signed number if it is present: the outer `None` as for all methods.
    #[inline]
    pub(crate) fn signed_if(&mut self, is_present: bool, before: i64) -> Option<Option<i64>> {
        if is_present { self.signed(before).map(Some) } else { Some(None) }
    }

    #[inline]
    pub(crate) fn unsigned(&mut self, before: u64) -> Option<u64> {
        self.signed(before.cast_signed()).map(i64::cast_unsigned)
    }

    pub(crate) fn participant(&mut self, before: u32) -> Option<ParticipantId> {
        u32::try_from(self.unsigned(before.into())?).ok().map(ParticipantId)
    }
}
