//! An instrument's definition as anyone may see it, to and from bytes.

use lugus_vocabulary::InstrumentDefinition;
use sbe_message::{Envelope, HEADER_LENGTH};

use super::{MAXIMUM_STREAM_LENGTH, StreamBuffer};
use crate::definition::{read_definition, write_definition};
use crate::error::MessageError;
use crate::sbe_market_data::{SBE_SCHEMA_ID, security_definition_codec};
use crate::{block, message};

const _: () = assert!(HEADER_LENGTH + security_definition_codec::SBE_BLOCK_LENGTH as usize <= MAXIMUM_STREAM_LENGTH);

/// Encodes an instrument's definition; returns the message.
pub fn encode_security_definition<'b>(definition: &InstrumentDefinition, buffer: &'b mut StreamBuffer) -> &'b [u8] {
    let length;
    let mut wire = message!(buffer, sbe_market_data, security_definition_codec, SecurityDefinitionEncoder, length);
    write_definition!(wire, definition);
    &buffer[..length]
}

/// Decodes an instrument's definition; `None` if the message is none.
///
/// # Errors
/// [`MessageError`], if the message is of another protocol, is cut off, or has a value that the vocabulary lacks.
pub fn decode_security_definition(envelope: Envelope<'_>) -> Result<Option<InstrumentDefinition>, MessageError> {
    let envelope = envelope.of_schema(SBE_SCHEMA_ID)?;
    let template_id = security_definition_codec::SBE_TEMPLATE_ID;
    if envelope.template_id != template_id {
        return Ok(None);
    }
    let wire =
        block!(envelope, sbe_market_data, security_definition_codec, SecurityDefinitionDecoder, before 4 it had 116);
    Ok(Some(read_definition!(wire, template_id, protected since 3, auctions since 4, in envelope)))
}
