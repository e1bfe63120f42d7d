//! The events of a firm, to and from bytes: the request for them, and its answers.

use lugus_vocabulary::{EpochNanos, EventSequence, FirmEvent, FirmReply, ParticipantId, Request};
use sbe_message::{Envelope, HEADER_LENGTH};

use super::commands::CommandBuffer;
use super::reports::{MAXIMUM_REPORT_LENGTH, decode_report, encode_report};
use crate::error::MessageError;
use crate::sbe_order_entry::{SBE_SCHEMA_ID, firm_event_codec, firm_event_gap_codec, firm_resume_complete_codec};
use crate::{block, message};

/// Length of a firm's event before the report in it, in bytes: header, block, and length of the report.
const BEGIN_LENGTH: usize = HEADER_LENGTH + firm_event_codec::SBE_BLOCK_LENGTH as usize + LENGTH_LENGTH;
const LENGTH_LENGTH: usize = 4;

/// Length of the longest message about the events of a firm with its header, in bytes.
pub const MAXIMUM_FIRM_EVENT_LENGTH: usize = BEGIN_LENGTH + MAXIMUM_REPORT_LENGTH;

const _: () = {
    assert!(HEADER_LENGTH + firm_event_gap_codec::SBE_BLOCK_LENGTH as usize <= MAXIMUM_FIRM_EVENT_LENGTH);
    assert!(HEADER_LENGTH + firm_resume_complete_codec::SBE_BLOCK_LENGTH as usize <= MAXIMUM_FIRM_EVENT_LENGTH);
};

/// Encodes [`Request::FollowFirm`]; returns the message.
pub fn encode_follow_firm(
    firm: ParticipantId,
    last_event_sequence: Option<EventSequence>,
    buffer: &mut CommandBuffer,
) -> &[u8] {
    let length;
    message!(buffer, sbe_order_entry, follow_firm_request_codec, FollowFirmRequestEncoder, length)
        .last_event_sequence_opt(last_event_sequence.map(|sequence| sequence.0))
        .firm_id(firm.0);
    &buffer[..length]
}

pub(super) fn decode_follow_firm(envelope: Envelope<'_>) -> Result<Request, MessageError> {
    let wire = block!(envelope, sbe_order_entry, follow_firm_request_codec, FollowFirmRequestDecoder);
    Ok(Request::FollowFirm {
        firm: ParticipantId(wire.firm_id()),
        last_event_sequence: wire.last_event_sequence().map(EventSequence),
    })
}

/// Encodes an event of a firm; returns the message. The buffer must be as long as [`MAXIMUM_FIRM_EVENT_LENGTH`], or longer.
pub fn encode_firm_event<'b, const N: usize>(event: &FirmEvent, buffer: &'b mut [u8; N]) -> &'b [u8] {
    const { assert!(N >= MAXIMUM_FIRM_EVENT_LENGTH) }
    let _end_of_block;
    message!(buffer, sbe_order_entry, firm_event_codec, FirmEventEncoder, _end_of_block)
        .event_sequence(event.event_sequence.0)
        .firm_id(event.firm.0);
    let (begin, rest) = buffer.split_at_mut(BEGIN_LENGTH);
    let length =
        rest.first_chunk_mut().map_or(0, |room| encode_report::<MAXIMUM_REPORT_LENGTH>(&event.report, room).len());
    begin[BEGIN_LENGTH - LENGTH_LENGTH..].copy_from_slice(&(length as u32).to_le_bytes());
    &buffer[..BEGIN_LENGTH + length]
}

/// Encodes an answer to [`Request::FollowFirm`]; returns the message. [`FirmReply::Again`] is the event itself.
pub fn encode_firm_reply<'b, const N: usize>(reply: &FirmReply, buffer: &'b mut [u8; N]) -> &'b [u8] {
    const { assert!(N >= MAXIMUM_FIRM_EVENT_LENGTH) }
    let length;
    match *reply {
        FirmReply::Again(ref event) => return encode_firm_event(event, buffer),
        FirmReply::ResumeComplete { firm, through, last_event_sequence } => {
            message!(buffer, sbe_order_entry, firm_resume_complete_codec, FirmResumeCompleteEncoder, length)
                .through_event_sequence(through.0)
                .last_event_sequence(last_event_sequence.0)
                .firm_id(firm.0);
        }
        FirmReply::EventGap { firm, first_retained, last_event_sequence, lost_through } => {
            message!(buffer, sbe_order_entry, firm_event_gap_codec, FirmEventGapEncoder, length)
                .first_retained_event_sequence(first_retained.0)
                .last_event_sequence(last_event_sequence.0)
                .lost_through_time(lost_through.0)
                .firm_id(firm.0);
        }
    }
    &buffer[..length]
}

/// Decodes an event of a firm, told for the first time or again, or the end of an answer; `None` if the message is none.
///
/// # Errors
/// [`MessageError`], if the message is of another protocol, is cut off, or holds what is no report.
pub fn decode_firm_reply(envelope: Envelope<'_>) -> Result<Option<FirmReply>, MessageError> {
    let envelope = envelope.of_schema(SBE_SCHEMA_ID)?;
    Ok(Some(match envelope.template_id {
        firm_event_codec::SBE_TEMPLATE_ID => FirmReply::Again(decode_firm_event(envelope)?),
        firm_resume_complete_codec::SBE_TEMPLATE_ID => {
            let wire = block!(envelope, sbe_order_entry, firm_resume_complete_codec, FirmResumeCompleteDecoder);
            FirmReply::ResumeComplete {
                firm: ParticipantId(wire.firm_id()),
                through: EventSequence(wire.through_event_sequence()),
                last_event_sequence: EventSequence(wire.last_event_sequence()),
            }
        }
        firm_event_gap_codec::SBE_TEMPLATE_ID => {
            let wire = block!(envelope, sbe_order_entry, firm_event_gap_codec, FirmEventGapDecoder);
            FirmReply::EventGap {
                firm: ParticipantId(wire.firm_id()),
                first_retained: EventSequence(wire.first_retained_event_sequence()),
                last_event_sequence: EventSequence(wire.last_event_sequence()),
                lost_through: EpochNanos(wire.lost_through_time()),
            }
        }
        _ => return Ok(None),
    }))
}

fn decode_firm_event(envelope: Envelope<'_>) -> Result<FirmEvent, MessageError> {
    let wire = block!(envelope, sbe_order_entry, firm_event_codec, FirmEventDecoder);
    let template_id = firm_event_codec::SBE_TEMPLATE_ID;
    let body = envelope.body(template_id, firm_event_codec::SBE_BLOCK_LENGTH)?;
    let (event, _) = body.var_data(body.end_of_block())?;
    let report = decode_report(Envelope::open(event)?)?;
    Ok(FirmEvent {
        firm: ParticipantId(wire.firm_id()),
        event_sequence: EventSequence(wire.event_sequence()),
        report: report.ok_or(MessageError::Value { template_id, field: "event" })?,
    })
}

#[cfg(test)]
mod tests {
    use lugus_vocabulary::{Action, ClientSequence, Command, InstrumentId, MassCancelTarget, RiskLimits};
    use proptest::prelude::*;

    use super::super::commands::{MAXIMUM_COMMAND_LENGTH, decode_command, encode_command};
    use super::super::decode_request;
    use super::*;
    use crate::testing::{Codec, damage, firm_reply, optional, participant};

    const REPLIES: Codec<FirmReply> = Codec {
        encode: |reply| encode_firm_reply(reply, &mut [0xaa; MAXIMUM_FIRM_EVENT_LENGTH]).to_vec(),
        decode: |bytes| decode_firm_reply(Envelope::open(bytes)?),
    };

    const REQUESTS: Codec<Request> = Codec {
        encode: |request| {
            let &Request::FollowFirm { firm, last_event_sequence } = request else { unreachable!("not here") };
            encode_follow_firm(firm, last_event_sequence, &mut [0xaa; MAXIMUM_COMMAND_LENGTH]).to_vec()
        },
        decode: |bytes| {
            let request = decode_request(Envelope::open(bytes)?)?;
            Ok(request.filter(|request| matches!(request, Request::FollowFirm { .. })))
        },
    };

    proptest! {
        #[test]
        fn what_is_told_of_a_firm_survives_encoding_and_decoding(reply in firm_reply(), damage in damage()) {
            REPLIES.check(&reply, &damage);
        }

        #[test]
        fn requests_survive_encoding_and_decoding(
            firm in participant(), last in optional(0..u64::MAX), damage in damage()
        ) {
            REQUESTS.check(&Request::FollowFirm { firm, last_event_sequence: last.map(EventSequence) }, &damage);
        }
    }

    /// A member of an earlier version does not know them, so no member may read them before their version is active, whatever
    /// the header says.
    #[test]
    fn what_firms_brought_is_not_read_in_messages_of_earlier_versions() {
        let firm = ParticipantId(9);
        let (participant, instrument, client_sequence) = (ParticipantId(0), InstrumentId::NONE, ClientSequence(1));
        let rules = lugus_vocabulary::FirmRules::default();
        for action in [
            Action::SetFirm { target: ParticipantId(1), firm: Some(firm) },
            Action::SetFirmRules { firm, rules },
            Action::SetFirmLimits { firm, limits: RiskLimits::default() },
            Action::MassCancelAll { target: MassCancelTarget::Firm(firm), side: None },
        ] {
            let command = Command { participant, instrument, client_sequence, action };
            let mut message = encode_command(&command, &mut [0; MAXIMUM_COMMAND_LENGTH]).to_vec();
            let read = |message: &[u8]| decode_command(participant, Envelope::open(message).unwrap());
            assert_eq!(read(&message), Ok(Some(command)));
            message[6] = 4;
            assert!(matches!(read(&message), Ok(None) | Err(MessageError::Value { .. })), "{command:?}");
        }
        let mut request = encode_follow_firm(firm, None, &mut [0; MAXIMUM_COMMAND_LENGTH]).to_vec();
        assert!(decode_request(Envelope::open(&request).unwrap()).is_ok_and(|read| read.is_some()));
        request[6] = 4;
        assert_eq!(decode_request(Envelope::open(&request).unwrap()), Ok(None));
    }
}
