//! Answers without a number, to and from bytes: replies, and what is told of a message or a session.

use lugus_vocabulary::{
    ClientSequence, EpochNanos, EventSequence, GraceTime, InstrumentId, MapEpoch, MessageRejectReason, ParticipantId,
    Reply,
};
use sbe_message::{Envelope, HEADER_LENGTH};

use super::reports::{MAXIMUM_REPORT_LENGTH, encode_report};
use super::requests::grace_time;
use crate::error::MessageError;
use crate::sbe_order_entry::{
    SBE_SCHEMA_ID, cancel_on_disconnect_report_codec, command_refused_codec, event_gap_codec, message_reject_codec,
    moved_codec, resume_complete_codec, sequence_reject_codec, session_replaced_codec,
};
use crate::word::{ToWire, word};
use crate::{block, message};

const _: () = {
    let blocks = [
        sequence_reject_codec::SBE_BLOCK_LENGTH,
        resume_complete_codec::SBE_BLOCK_LENGTH,
        event_gap_codec::SBE_BLOCK_LENGTH,
        command_refused_codec::SBE_BLOCK_LENGTH,
        moved_codec::SBE_BLOCK_LENGTH,
        message_reject_codec::SBE_BLOCK_LENGTH,
        session_replaced_codec::SBE_BLOCK_LENGTH,
        cancel_on_disconnect_report_codec::SBE_BLOCK_LENGTH,
    ];
    let mut at = 0;
    while at < blocks.len() {
        assert!(HEADER_LENGTH + blocks[at] as usize <= MAXIMUM_REPORT_LENGTH);
        at += 1;
    }
};

/// What the sender of a message is told that is no command and no request (FIX message 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MessageReject {
    /// Template id of the message; 0 if not even that can be read.
    pub template_id: u16,
    /// What is wrong with the message.
    pub reason: MessageRejectReason,
}

/// What an older session of a participant is told before it is closed: a newer one took over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionReplaced {
    /// The participant of both sessions.
    pub participant: ParticipantId,
}

/// What a session is told of its choice of what happens on disconnect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CancelOnDisconnect {
    /// The session's participant.
    pub participant: ParticipantId,
    /// The participant's orders are canceled after this time; `None` if they stay.
    pub grace: Option<GraceTime>,
}

/// Encodes a reply; returns the message. [`Reply::Again`] is the report itself.
#[inline]
pub fn encode_reply<'b, const N: usize>(reply: &Reply, buffer: &'b mut [u8; N]) -> &'b [u8] {
    const { assert!(N >= MAXIMUM_REPORT_LENGTH) }
    let length;
    match *reply {
        Reply::Again(ref report) => return encode_report(report, buffer),
        Reply::SequenceReject { instrument, received, expected } => {
            message!(buffer, sbe_order_entry, sequence_reject_codec, SequenceRejectEncoder, length)
                .client_sequence(received.0)
                .expected_client_sequence(expected.0)
                .instrument_id(instrument.0);
        }
        Reply::ResumeComplete { instrument, last_client_sequence, last_event_sequence } => {
            message!(buffer, sbe_order_entry, resume_complete_codec, ResumeCompleteEncoder, length)
                .last_client_sequence(last_client_sequence.0)
                .last_event_sequence(last_event_sequence.0)
                .instrument_id(instrument.0);
        }
        Reply::EventGap { instrument, client_sequence, first_retained, last_event_sequence, lost_through } => {
            message!(buffer, sbe_order_entry, event_gap_codec, EventGapEncoder, length)
                .client_sequence(client_sequence.0)
                .first_retained_event_sequence(first_retained.0)
                .last_event_sequence(last_event_sequence.0)
                .lost_through_time(lost_through.0)
                .instrument_id(instrument.0);
        }
        Reply::Refused { instrument, client_sequence, reason } => {
            message!(buffer, sbe_order_entry, command_refused_codec, CommandRefusedEncoder, length)
                .client_sequence(client_sequence.0)
                .instrument_id(instrument.0)
                .reason(reason.to_wire());
        }
        Reply::Moved { instrument, client_sequence, epoch } => {
            message!(buffer, sbe_order_entry, moved_codec, MovedEncoder, length)
                .client_sequence(client_sequence.0)
                .epoch(epoch.0)
                .instrument_id(instrument.0);
        }
    }
    &buffer[..length]
}

/// Decodes a reply other than [`Reply::Again`], which nothing distinguishes from the report when it was first sent; `None` if
/// the message is none.
///
/// # Errors
/// [`MessageError`], if the message is of another protocol or is cut off.
pub fn decode_reply(envelope: Envelope<'_>) -> Result<Option<Reply>, MessageError> {
    let envelope = envelope.of_schema(SBE_SCHEMA_ID)?;
    Ok(Some(match envelope.template_id {
        sequence_reject_codec::SBE_TEMPLATE_ID => {
            let reject = block!(envelope, sbe_order_entry, sequence_reject_codec, SequenceRejectDecoder);
            Reply::SequenceReject {
                instrument: InstrumentId(reject.instrument_id()),
                received: ClientSequence(reject.client_sequence()),
                expected: ClientSequence(reject.expected_client_sequence()),
            }
        }
        resume_complete_codec::SBE_TEMPLATE_ID => {
            let complete = block!(envelope, sbe_order_entry, resume_complete_codec, ResumeCompleteDecoder);
            Reply::ResumeComplete {
                instrument: InstrumentId(complete.instrument_id()),
                last_client_sequence: ClientSequence(complete.last_client_sequence()),
                last_event_sequence: EventSequence(complete.last_event_sequence()),
            }
        }
        event_gap_codec::SBE_TEMPLATE_ID => {
            let gap = block!(envelope, sbe_order_entry, event_gap_codec, EventGapDecoder);
            Reply::EventGap {
                instrument: InstrumentId(gap.instrument_id()),
                client_sequence: ClientSequence(gap.client_sequence()),
                first_retained: EventSequence(gap.first_retained_event_sequence()),
                last_event_sequence: EventSequence(gap.last_event_sequence()),
                lost_through: EpochNanos(gap.lost_through_time()),
            }
        }
        command_refused_codec::SBE_TEMPLATE_ID => {
            let refused = block!(envelope, sbe_order_entry, command_refused_codec, CommandRefusedDecoder);
            Reply::Refused {
                instrument: InstrumentId(refused.instrument_id()),
                client_sequence: ClientSequence(refused.client_sequence()),
                reason: word(refused.reason(), command_refused_codec::SBE_TEMPLATE_ID, "reason")?,
            }
        }
        moved_codec::SBE_TEMPLATE_ID => {
            let moved = block!(envelope, sbe_order_entry, moved_codec, MovedDecoder);
            Reply::Moved {
                instrument: InstrumentId(moved.instrument_id()),
                client_sequence: ClientSequence(moved.client_sequence()),
                epoch: MapEpoch(moved.epoch()),
            }
        }
        _ => return Ok(None),
    }))
}

/// Encodes why a message was neither command nor request; returns the message.
pub fn encode_message_reject<const N: usize>(reject: MessageReject, buffer: &mut [u8; N]) -> &[u8] {
    const { assert!(N >= MAXIMUM_REPORT_LENGTH) }
    let length;
    message!(buffer, sbe_order_entry, message_reject_codec, MessageRejectEncoder, length)
        .ref_template_id(reject.template_id)
        .reason(reject.reason.to_wire());
    &buffer[..length]
}

/// Decodes why a message was neither command nor request; `None` if the message is of another template. A reason of a later
/// version is read as [`MessageRejectReason::Unknown`].
///
/// # Errors
/// [`MessageError`], if the message is of another protocol or is cut off.
pub fn decode_message_reject(envelope: Envelope<'_>) -> Result<Option<MessageReject>, MessageError> {
    let envelope = envelope.of_schema(SBE_SCHEMA_ID)?;
    if envelope.template_id != message_reject_codec::SBE_TEMPLATE_ID {
        return Ok(None);
    }
    let reject = block!(envelope, sbe_order_entry, message_reject_codec, MessageRejectDecoder);
    Ok(Some(MessageReject {
        template_id: reject.ref_template_id(),
        reason: word(reject.reason(), message_reject_codec::SBE_TEMPLATE_ID, "reason")?,
    }))
}

/// Encodes what an older session is told before it is closed; returns the message.
pub fn encode_session_replaced<const N: usize>(replaced: SessionReplaced, buffer: &mut [u8; N]) -> &[u8] {
    const { assert!(N >= MAXIMUM_REPORT_LENGTH) }
    let length;
    message!(buffer, sbe_order_entry, session_replaced_codec, SessionReplacedEncoder, length)
        .participant_id(replaced.participant.0);
    &buffer[..length]
}

/// Decodes what an older session is told before it is closed; `None` if the message is of another template.
///
/// # Errors
/// [`MessageError`], if the message is of another protocol or is cut off.
pub fn decode_session_replaced(envelope: Envelope<'_>) -> Result<Option<SessionReplaced>, MessageError> {
    let envelope = envelope.of_schema(SBE_SCHEMA_ID)?;
    if envelope.template_id != session_replaced_codec::SBE_TEMPLATE_ID {
        return Ok(None);
    }
    let replaced = block!(envelope, sbe_order_entry, session_replaced_codec, SessionReplacedDecoder);
    Ok(Some(SessionReplaced { participant: ParticipantId(replaced.participant_id()) }))
}

/// Encodes what a session is told of its choice; returns the message.
pub fn encode_cancel_on_disconnect_report<const N: usize>(choice: CancelOnDisconnect, buffer: &mut [u8; N]) -> &[u8] {
    const { assert!(N >= MAXIMUM_REPORT_LENGTH) }
    let length;
    message!(buffer, sbe_order_entry, cancel_on_disconnect_report_codec, CancelOnDisconnectReportEncoder, length)
        .grace_milliseconds_opt(choice.grace.map(GraceTime::milliseconds))
        .participant_id(choice.participant.0);
    &buffer[..length]
}

/// Decodes what a session is told of its choice; `None` if the message is of another template.
///
/// # Errors
/// [`MessageError`], if the message is of another protocol, is cut off, or has a grace time that is too long.
pub fn decode_cancel_on_disconnect_report(envelope: Envelope<'_>) -> Result<Option<CancelOnDisconnect>, MessageError> {
    let envelope = envelope.of_schema(SBE_SCHEMA_ID)?;
    let template_id = cancel_on_disconnect_report_codec::SBE_TEMPLATE_ID;
    if envelope.template_id != template_id {
        return Ok(None);
    }
    let report = block!(envelope, sbe_order_entry, cancel_on_disconnect_report_codec, CancelOnDisconnectReportDecoder);
    let grace = grace_time(report.grace_milliseconds(), template_id)?;
    Ok(Some(CancelOnDisconnect { participant: ParticipantId(report.participant_id()), grace }))
}
