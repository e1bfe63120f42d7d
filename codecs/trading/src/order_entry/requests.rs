//! Requests without a number, to and from bytes. (The request for a book is market data's, and those for a participant's own
//! orders are in `order_status`, that for the events of a firm in `firm_events`.)

use lugus_vocabulary::{EventSequence, GraceTime, InstrumentId, ProtocolVersion, Request};
use sbe_message::Envelope;

use super::commands::CommandBuffer;
use super::firm_events::decode_follow_firm;
use super::firms::FIRMS_SINCE;
use super::order_status::{decode_order_mass_status_request, decode_order_status_request};
use crate::error::MessageError;
use crate::sbe_order_entry::{
    SBE_SCHEMA_ID, activate_protocol_version_codec, cancel_on_disconnect_request_codec, drop_copy_request_codec,
    follow_firm_request_codec, order_mass_status_request_codec, order_status_request_codec, resume_codec,
};
use crate::{block, message};

/// Decodes a request of order entry; `None` if the message is none.
///
/// # Errors
/// [`MessageError`], if the message is of another protocol, is cut off, or has a grace time that is too long.
pub fn decode_request(envelope: Envelope<'_>) -> Result<Option<Request>, MessageError> {
    let envelope = envelope.of_schema(SBE_SCHEMA_ID)?;
    match envelope.template_id {
        resume_codec::SBE_TEMPLATE_ID => decode_resume(envelope).map(Some),
        drop_copy_request_codec::SBE_TEMPLATE_ID => decode_drop_copy(envelope).map(Some),
        cancel_on_disconnect_request_codec::SBE_TEMPLATE_ID => decode_cancel_on_disconnect(envelope).map(Some),
        activate_protocol_version_codec::SBE_TEMPLATE_ID => decode_activation(envelope).map(Some),
        order_status_request_codec::SBE_TEMPLATE_ID => {
            Ok(Some(Request::OrderStatus(decode_order_status_request(envelope)?)))
        }
        order_mass_status_request_codec::SBE_TEMPLATE_ID => {
            Ok(Some(Request::OrderMassStatus(decode_order_mass_status_request(envelope)?)))
        }
        follow_firm_request_codec::SBE_TEMPLATE_ID if envelope.version >= FIRMS_SINCE => {
            decode_follow_firm(envelope).map(Some)
        }
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

/// Encodes [`Request::CancelOnDisconnect`]; returns the message.
pub fn encode_cancel_on_disconnect(grace: Option<GraceTime>, buffer: &mut CommandBuffer) -> &[u8] {
    let length;
    message!(buffer, sbe_order_entry, cancel_on_disconnect_request_codec, CancelOnDisconnectRequestEncoder, length)
        .grace_milliseconds_opt(grace.map(GraceTime::milliseconds));
    &buffer[..length]
}

fn decode_cancel_on_disconnect(envelope: Envelope<'_>) -> Result<Request, MessageError> {
    let request =
        block!(envelope, sbe_order_entry, cancel_on_disconnect_request_codec, CancelOnDisconnectRequestDecoder);
    let template_id = cancel_on_disconnect_request_codec::SBE_TEMPLATE_ID;
    Ok(Request::CancelOnDisconnect { grace: grace_time(request.grace_milliseconds(), template_id)? })
}

/// Encodes [`Request::ActivateProtocolVersion`]; returns the message.
pub fn encode_activate_protocol_version(version: ProtocolVersion, buffer: &mut CommandBuffer) -> &[u8] {
    let length;
    message!(buffer, sbe_order_entry, activate_protocol_version_codec, ActivateProtocolVersionEncoder, length)
        .protocol_version(version.0);
    &buffer[..length]
}

fn decode_activation(envelope: Envelope<'_>) -> Result<Request, MessageError> {
    let request = block!(envelope, sbe_order_entry, activate_protocol_version_codec, ActivateProtocolVersionDecoder);
    Ok(Request::ActivateProtocolVersion(ProtocolVersion(request.protocol_version())))
}

/// A grace time from its milliseconds.
///
/// # Errors
/// [`MessageError::Value`], if it is too long.
pub(super) fn grace_time(milliseconds: Option<u32>, template_id: u16) -> Result<Option<GraceTime>, MessageError> {
    let too_long = MessageError::Value { template_id, field: "graceMilliseconds" };
    milliseconds.map(|milliseconds| GraceTime::from_milliseconds(milliseconds).ok_or(too_long)).transpose()
}
