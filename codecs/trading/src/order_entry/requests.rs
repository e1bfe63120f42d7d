//! Requests that change nothing, to and from bytes. (The request for a book is market data's.)

use lugus_vocabulary::{EventSequence, InstrumentId, Request};
use sbe_message::Envelope;

use super::commands::CommandBuffer;
use crate::error::MessageError;
use crate::sbe_order_entry::{SBE_SCHEMA_ID, drop_copy_request_codec, resume_codec};
use crate::{block, message};

/// Decodes [`Request::Resume`] or [`Request::DropCopy`]; `None` if the message is neither.
///
/// # Errors
/// [`MessageError`], if the message is of another protocol or is cut off.
pub fn decode_request(envelope: Envelope<'_>) -> Result<Option<Request>, MessageError> {
    let envelope = envelope.of_schema(SBE_SCHEMA_ID)?;
    match envelope.template_id {
        resume_codec::SBE_TEMPLATE_ID => decode_resume(envelope).map(Some),
        drop_copy_request_codec::SBE_TEMPLATE_ID => decode_drop_copy(envelope).map(Some),
        _ => Ok(None),
    }
}

/// Encodes [`Request::Resume`]; returns the message.
pub fn encode_resume(
    instrument: InstrumentId,
    last_event_sequence: Option<EventSequence>,
    buffer: &mut CommandBuffer,
) -> &[u8] {
    let length;
    message!(buffer, sbe_order_entry, resume_codec, ResumeEncoder, length)
        .last_event_sequence_opt(last_event_sequence.map(|sequence| sequence.0))
        .instrument_id(instrument.0);
    &buffer[..length]
}

fn decode_resume(envelope: Envelope<'_>) -> Result<Request, MessageError> {
    let resume = block!(envelope, sbe_order_entry, resume_codec, ResumeDecoder);
    Ok(Request::Resume {
        instrument: InstrumentId(resume.instrument_id()),
        last_event_sequence: resume.last_event_sequence().map(EventSequence),
    })
}

/// Encodes [`Request::DropCopy`]; returns the message.
pub fn encode_drop_copy(instrument: InstrumentId, buffer: &mut CommandBuffer) -> &[u8] {
    let length;
    message!(buffer, sbe_order_entry, drop_copy_request_codec, DropCopyRequestEncoder, length)
        .instrument_id(instrument.0);
    &buffer[..length]
}

fn decode_drop_copy(envelope: Envelope<'_>) -> Result<Request, MessageError> {
    let request = block!(envelope, sbe_order_entry, drop_copy_request_codec, DropCopyRequestDecoder);
    Ok(Request::DropCopy { instrument: InstrumentId(request.instrument_id()) })
}
