//! Puts the fragments of a stream together to messages.
//!
//! Source: `FragmentAssembler` and `BufferBuilder` of Aeron's client; here for one publisher at a time.

/// First fragment of a message.
pub(crate) const BEGIN_FLAG: u8 = 0x80;
/// Last fragment of a message.
pub(crate) const END_FLAG: u8 = 0x40;
/// A message in one fragment.
pub(crate) const UNFRAGMENTED: u8 = BEGIN_FLAG | END_FLAG;

/// Length of a data frame's header, in bytes.
const FRAME_HEADER_LENGTH: usize = 32;
const FRAME_ALIGNMENT: usize = 32;
/// Longest message that Aeron can carry, in bytes: an eighth of its longest term, and at most this.
const MAX_MESSAGE_LENGTH: usize = 16 * 1024 * 1024;

/// One frame of a stream.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fragment<'a> {
    /// Its bytes after the frame's header.
    pub(crate) payload: &'a [u8],
    /// [`BEGIN_FLAG`] and [`END_FLAG`].
    pub(crate) flags: u8,
    /// Where the frame begins in its term, in bytes.
    pub(crate) term_offset: i32,
    /// Position in the stream after it, in bytes.
    pub(crate) position: i64,
}

impl Fragment<'_> {
    fn next_term_offset(&self) -> i32 {
        let length = (FRAME_HEADER_LENGTH + self.payload.len()).next_multiple_of(FRAME_ALIGNMENT);
        self.term_offset.wrapping_add(length as i32)
    }
}

/// A message being put together.
#[derive(Debug, Default)]
pub(crate) struct FragmentAssembler {
    buffer: Vec<u8>,
    /// Where the next fragment of the message must begin; `None` outside a message.
    next_term_offset: Option<i32>,
}

impl FragmentAssembler {
    /// The whole message that `fragment` ends, if it does. A message with a missing fragment is dropped.
    #[inline]
    pub(crate) fn assemble<'a>(&'a mut self, fragment: &Fragment<'a>) -> Option<&'a [u8]> {
        if fragment.flags & UNFRAGMENTED == UNFRAGMENTED {
            return Some(fragment.payload);
        }
        self.append(fragment)
    }

    fn append(&mut self, fragment: &Fragment<'_>) -> Option<&[u8]> {
        if fragment.flags & BEGIN_FLAG != 0 {
            self.buffer.clear();
        } else if self.next_term_offset != Some(fragment.term_offset) {
            self.next_term_offset = None;
            return None;
        }
        if self.buffer.len() + fragment.payload.len() > MAX_MESSAGE_LENGTH {
            self.next_term_offset = None;
            return None;
        }
        self.buffer.extend_from_slice(fragment.payload);
        if fragment.flags & END_FLAG != 0 {
            self.next_term_offset = None;
            return Some(&self.buffer);
        }
        self.next_term_offset = Some(fragment.next_term_offset());
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fragment(payload: &[u8], flags: u8, term_offset: i32) -> Fragment<'_> {
        Fragment { payload, flags, term_offset, position: 0 }
    }

    #[test]
    fn whole_messages_pass_through() {
        let mut assembler = FragmentAssembler::default();
        assert_eq!(assembler.assemble(&fragment(b"whole", UNFRAGMENTED, 0)), Some(&b"whole"[..]));
        assert_eq!(assembler.assemble(&fragment(b"", UNFRAGMENTED, 64)), Some(&b""[..]));
    }

    #[test]
    fn fragments_that_follow_each_other_make_a_message() {
        let mut assembler = FragmentAssembler::default();
        for _ in 0..2 {
            assert_eq!(assembler.assemble(&fragment(b"one ", BEGIN_FLAG, 96)), None);
            assert_eq!(assembler.assemble(&fragment(b"two ", 0, 160)), None, "36 bytes take up 64");
            assert_eq!(assembler.assemble(&fragment(b"three", END_FLAG, 224)), Some(&b"one two three"[..]));
        }
    }

    #[test]
    fn a_message_with_a_hole_is_dropped() {
        let mut assembler = FragmentAssembler::default();
        assert_eq!(assembler.assemble(&fragment(b"end", END_FLAG, 0)), None, "never began");
        assert_eq!(assembler.assemble(&fragment(b"one", BEGIN_FLAG, 0)), None);
        assert_eq!(assembler.assemble(&fragment(b"three", END_FLAG, 128)), None);
        assert_eq!(assembler.assemble(&fragment(b"two", END_FLAG, 64)), None, "the rest is dropped too");
        assert_eq!(assembler.assemble(&fragment(b"a", BEGIN_FLAG, 0)), None);
        assert_eq!(assembler.assemble(&fragment(b"b", BEGIN_FLAG, 64)), None, "another begins");
        assert_eq!(assembler.assemble(&fragment(b"c", END_FLAG, 128)), Some(&b"bc"[..]));
    }

    #[test]
    fn more_than_aeron_can_carry_is_dropped() {
        let mut assembler = FragmentAssembler::default();
        let half = vec![0; MAX_MESSAGE_LENGTH / 2];
        let step = (half.len() + FRAME_HEADER_LENGTH) as i32;
        assert_eq!(assembler.assemble(&fragment(&half, BEGIN_FLAG, 0)), None);
        assert_eq!(assembler.assemble(&fragment(&half, 0, step)), None);
        assert_eq!(assembler.assemble(&fragment(b"x", END_FLAG, 2 * step)), None);
    }
}
