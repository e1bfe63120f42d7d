//! The envelope of an SBE message: its 8-byte header, and the checks that make the generated decoders safe to use on
//! bytes from outside.
//!
//! The decoders that sbe-tool generates read at fixed offsets and panic when the buffer is too short. So every message
//! goes through [`Envelope::open`] first, then [`Envelope::body`] with the schema and the template that its reader is
//! about to use: it proves that the whole root block is there. Variable-length data is read with
//! [`Body::var_data`] or checked with [`Body::check_var_data`], which bounds it.
//!
//! Source: the Simple Binary Encoding standard 1.0 (FIX Trading Community), sections on the message header, schema
//! extension (later versions append fields to a block; readers skip by the block length on the wire) and data fields.

use thiserror::Error;

/// Length of the standard SBE message header, in bytes: block length, template id, schema id and version, each a little-endian
/// `u16`.
pub const HEADER_LENGTH: usize = 8;

/// Length in bytes of the `u32` that precedes each variable-length field.
pub const VAR_DATA_HEADER_LENGTH: usize = 4;

/// Why a message is refused before any of its fields is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum DecodeError {
    /// The message has fewer bytes than its header needs, or than the header announces for the root block.
    #[error("message too short: {available} bytes, {needed} needed")]
    Short {
        /// Number of bytes from the start of the message to the end of the part being read.
        needed: usize,
        /// Length of the message, in bytes.
        available: usize,
    },
    /// The message belongs to another protocol.
    #[error("wrong schema id {found}, expected {expected}")]
    Schema {
        /// Schema id in the header.
        found: u16,
        /// Schema id of the protocol that was expected.
        expected: u16,
    },
    /// The protocol has no such template, or the reader expected another.
    #[error("unknown template id {found}")]
    Template {
        /// Template id in the header.
        found: u16,
    },
    /// The root block is shorter than in the version known here: the sender's version is older than the first that is
    /// supported, or the header is wrong.
    #[error(
        "template {template} of version {version} with a block of {block_length} bytes, at least {minimum} expected"
    )]
    Version {
        /// Template id in the header.
        template: u16,
        /// Version in the header.
        version: u16,
        /// Block length in the header, in bytes.
        block_length: u16,
        /// Block length of the version known here, in bytes.
        minimum: u16,
    },
    /// A variable-length field runs past the end of the message.
    #[error("variable-length field of {length} bytes at offset {offset} runs past the end at {available}")]
    VarData {
        /// Offset of the field's length from the start of the message, in bytes.
        offset: usize,
        /// Length of the field as the message has it, in bytes.
        length: usize,
        /// Length of the message, in bytes.
        available: usize,
    },
}

/// A message of which only the header has been read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Envelope<'a> {
    message: &'a [u8],
    /// Length of the root block on the wire, in bytes. Groups and variable-length data begin after it, also where the block is
    /// longer than in the version known here.
    pub block_length: u16,
    /// Template id: which message of the schema this is.
    pub template_id: u16,
    /// Schema id: which protocol this is.
    pub schema_id: u16,
    /// Version of the schema that the sender used.
    pub version: u16,
}

/// Writes the header of a message at the start of `buffer`, and returns the length of header and root block. The generated
/// encoder then fills the buffer from [`HEADER_LENGTH`] on.
///
/// # Panics
/// When the buffer is shorter than the header. The caller chooses the buffer, so that is a fault of the program.
#[inline]
pub fn write_header(buffer: &mut [u8], block_length: u16, template_id: u16, schema_id: u16, version: u16) -> usize {
    for (at, field) in [block_length, template_id, schema_id, version].into_iter().enumerate() {
        buffer[2 * at..2 * at + 2].copy_from_slice(&field.to_le_bytes());
    }
    HEADER_LENGTH + usize::from(block_length)
}

/// A message whose root block is complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Body<'a> {
    /// The whole message, header included.
    pub message: &'a [u8],
    /// Length of the root block on the wire, in bytes: pass it to the decoder's `wrap`.
    pub block_length: u16,
    /// Version of the sender: pass it to the decoder's `wrap`.
    pub version: u16,
}

impl<'a> Envelope<'a> {
    /// Reads the header of `message`.
    ///
    /// # Errors
    /// [`DecodeError::Short`] with fewer than [`HEADER_LENGTH`] bytes.
    #[inline]
    pub fn open(message: &'a [u8]) -> Result<Self, DecodeError> {
        let Some(header) = message.first_chunk::<HEADER_LENGTH>() else {
            return Err(DecodeError::Short { needed: HEADER_LENGTH, available: message.len() });
        };
        let field = |at: usize| u16::from_le_bytes([header[at], header[at + 1]]);
        Ok(Self { message, block_length: field(0), template_id: field(2), schema_id: field(4), version: field(6) })
    }

    /// Checks that the message belongs to the protocol `schema_id`.
    ///
    /// # Errors
    /// [`DecodeError::Schema`] when it belongs to another.
    #[inline]
    pub fn of_schema(self, schema_id: u16) -> Result<Self, DecodeError> {
        if self.schema_id == schema_id {
            Ok(self)
        } else {
            Err(DecodeError::Schema { found: self.schema_id, expected: schema_id })
        }
    }

    /// Checks that the message is of `template_id` and that its root block is complete: at least `block_length` bytes, which is
    /// its length in the version known here. A longer block comes from a later version, whose extra fields are skipped.
    ///
    /// # Errors
    /// [`DecodeError::Template`], [`DecodeError::Version`] or [`DecodeError::Short`].
    #[inline]
    pub fn body(self, template_id: u16, block_length: u16) -> Result<Body<'a>, DecodeError> {
        if self.template_id != template_id {
            return Err(DecodeError::Template { found: self.template_id });
        }
        if self.block_length < block_length {
            return Err(DecodeError::Version {
                template: template_id,
                version: self.version,
                block_length: self.block_length,
                minimum: block_length,
            });
        }
        let needed = HEADER_LENGTH + usize::from(self.block_length);
        if self.message.len() < needed {
            return Err(DecodeError::Short { needed, available: self.message.len() });
        }
        Ok(Body { message: self.message, block_length: self.block_length, version: self.version })
    }
}

impl<'a> Body<'a> {
    /// Offset in the message of the first byte after the root block.
    #[inline]
    pub fn end_of_block(&self) -> usize {
        HEADER_LENGTH + usize::from(self.block_length)
    }

    /// Reads the variable-length field at `offset` of the message: the field's bytes, and the offset of what follows the field.
    ///
    /// # Errors
    /// [`DecodeError::Short`] when the field's length (a `u32`) is cut off, [`DecodeError::VarData`] when its bytes are.
    #[inline]
    pub fn var_data(&self, offset: usize) -> Result<(&'a [u8], usize), DecodeError> {
        let available = self.message.len();
        let start = offset.saturating_add(VAR_DATA_HEADER_LENGTH);
        let Some(length) = self.message.get(offset..start).and_then(|bytes| bytes.first_chunk::<4>()) else {
            return Err(DecodeError::Short { needed: start, available });
        };
        let length = u32::from_le_bytes(*length) as usize;
        let end = start.saturating_add(length);
        match self.message.get(start..end) {
            Some(data) => Ok((data, end)),
            None => Err(DecodeError::VarData { offset, length, available }),
        }
    }

    /// Checks that this number of variable-length fields follows the root block within the message, and returns the offset of
    /// what follows them.
    ///
    /// # Errors
    /// The same as for [`Body::var_data`].
    pub fn check_var_data(&self, fields: usize) -> Result<usize, DecodeError> {
        let mut offset = self.end_of_block();
        for _ in 0..fields {
            offset = self.var_data(offset)?.1;
        }
        Ok(offset)
    }
}

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn message(block_length: u16, template: u16, schema: u16, version: u16, rest: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0; HEADER_LENGTH];
        write_header(&mut bytes, block_length, template, schema, version);
        bytes.extend_from_slice(rest);
        bytes
    }

    #[test]
    fn a_whole_message_is_opened_and_a_later_version_skipped_over() {
        let bytes = message(12, 7, 201, 3, &[0; 12]);
        let body = Envelope::open(&bytes).unwrap().of_schema(201).unwrap().body(7, 8).unwrap();
        assert_eq!((body.block_length, body.version, body.end_of_block()), (12, 3, 20));
    }

    #[test]
    fn each_fault_has_its_error() {
        let bytes = message(8, 7, 201, 0, &[0; 8]);
        assert_eq!(Envelope::open(&bytes[..7]), Err(DecodeError::Short { needed: 8, available: 7 }));
        let envelope = Envelope::open(&bytes).unwrap();
        assert_eq!(envelope.of_schema(111), Err(DecodeError::Schema { found: 201, expected: 111 }));
        assert_eq!(envelope.body(8, 8), Err(DecodeError::Template { found: 7 }));
        assert_eq!(
            envelope.body(7, 9),
            Err(DecodeError::Version { template: 7, version: 0, block_length: 8, minimum: 9 })
        );
        assert_eq!(
            Envelope::open(&bytes[..15]).unwrap().body(7, 8),
            Err(DecodeError::Short { needed: 16, available: 15 })
        );
    }

    #[test]
    fn variable_length_data_is_bounded() {
        let bytes = message(0, 1, 1, 0, &[2, 0, 0, 0, b'a', b'b', 255, 255, 255, 255, b'c']);
        let body = Envelope::open(&bytes).unwrap().body(1, 0).unwrap();
        assert_eq!(body.var_data(8), Ok((&b"ab"[..], 14)));
        assert_eq!(
            body.check_var_data(2),
            Err(DecodeError::VarData { offset: 14, length: u32::MAX as usize, available: 19 })
        );
        assert_eq!(body.var_data(17), Err(DecodeError::Short { needed: 21, available: 19 }));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64), offset in 0usize..80) {
            if let Ok(envelope) = Envelope::open(&bytes)
                && let Ok(body) = envelope.body(envelope.template_id, envelope.block_length)
            {
                prop_assert!(body.end_of_block() <= bytes.len());
                if let Ok((data, end)) = body.var_data(offset) {
                    prop_assert!(end <= bytes.len() && data.len() <= end);
                }
            }
        }
    }
}
