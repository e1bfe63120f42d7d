//! The header of a frame, as a recording has it.
//!
//! Source: `DataHeaderFlyweight` of Aeron.

use crate::catalog::Recording;
use crate::error::Fault;
use crate::little_endian::i32_at;

/// Length of a frame's header, in bytes.
pub(crate) const HEADER_LENGTH: usize = 32;
/// A frame begins at a multiple of this many bytes.
pub(crate) const ALIGNMENT: usize = 32;
/// Longest frame with data, in bytes: no MTU is greater. Source: `Configuration.MAX_UDP_PAYLOAD_LENGTH`.
pub(crate) const MAX_FRAME_LENGTH: usize = 65_504;

const PADDING: u16 = 0;
const DATA: u16 = 1;

/// A header whose fields are those that belong where it stands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FrameHeader {
    /// Length of header and payload, in bytes.
    pub(crate) length: usize,
    pub(crate) flags: u8,
    pub(crate) is_padding: bool,
    pub(crate) term_offset: i32,
    /// Session id, in whose place an archive with checksums writes that of the payload.
    pub(crate) session_id: i32,
}

impl FrameHeader {
    /// Reads the header at `position` of `recording`; `bytes` begins with it.
    pub(crate) fn read(recording: &Recording, position: i64, bytes: &[u8]) -> Result<Self, Fault> {
        let field = |offset| i32_at(bytes, offset).ok_or(Fault::FileEnds);
        let length = field(0)?;
        let kind = u16::from_le_bytes([field_byte(bytes, 6)?, field_byte(bytes, 7)?]);
        let term_offset = position & (recording.term_length - 1);
        let rest = recording.term_length - term_offset;
        let maximum = if kind == PADDING { rest } else { rest.min(MAX_FRAME_LENGTH as i64) };
        if length < HEADER_LENGTH as i32 || i64::from(length) > maximum {
            return Err(Fault::Length(length));
        }
        let terms = position >> recording.term_length.trailing_zeros();
        let term_id = recording.initial_term_id.wrapping_add(terms as i32);
        let is_of_this_place = i64::from(field(8)?) == term_offset
            && field(20)? == term_id
            && field(16)? == recording.stream_id
            && field_byte(bytes, 4)? == 0;
        if !is_of_this_place {
            return Err(Fault::Header);
        }
        if kind != PADDING && kind != DATA {
            return Err(Fault::Type(kind));
        }
        Ok(Self {
            length: length as usize,
            flags: field_byte(bytes, 5)?,
            is_padding: kind == PADDING,
            term_offset: term_offset as i32,
            session_id: field(12)?,
        })
    }

    /// Length of the frame with what fills it up to the next, in bytes.
    pub(crate) fn aligned_length(&self) -> usize {
        self.length.next_multiple_of(ALIGNMENT)
    }
}

fn field_byte(bytes: &[u8], offset: usize) -> Result<u8, Fault> {
    bytes.get(offset).copied().ok_or(Fault::FileEnds)
}
