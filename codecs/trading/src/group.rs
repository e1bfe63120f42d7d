//! Repeating groups: the check that makes the generated group decoders safe to use on bytes from outside.

use sbe_message::{Body, DecodeError};

use crate::error::MessageError;

/// Length of a group's header in bytes: block length and number of entries, each `u16`.
pub(crate) const GROUP_HEADER_LENGTH: usize = 4;

/// What is known of a group before it is read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Group {
    /// Name of the group in the schema.
    pub(crate) name: &'static str,
    /// Length of an entry in the oldest supported version, in bytes. A later version's entries are longer.
    pub(crate) block_length: u16,
    /// Largest number of entries that is read.
    pub(crate) maximum: u16,
}

impl Group {
    /// Checks that the group at `offset` of the message is whole; returns the offset of what follows it.
    ///
    /// # Errors
    /// [`DecodeError::Short`] if the group's header is cut off, [`MessageError::Group`] if its entries are, or if they are too
    /// short or too many.
    pub(crate) fn check(&self, body: &Body<'_>, template_id: u16, offset: usize) -> Result<usize, MessageError> {
        let start = offset + GROUP_HEADER_LENGTH;
        let Some(header) = body.message.get(offset..start) else {
            return Err(DecodeError::Short { needed: start, available: body.message.len() }.into());
        };
        let block_length = u16::from_le_bytes([header[0], header[1]]);
        let count = u16::from_le_bytes([header[2], header[3]]);
        let end = start + usize::from(block_length) * usize::from(count);
        if block_length < self.block_length || count > self.maximum || end > body.message.len() {
            return Err(MessageError::Group { template_id, group: self.name, count, block_length });
        }
        Ok(end)
    }
}
