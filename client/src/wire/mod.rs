//! SBE: commands to bytes and bytes to events. The only place where the SDK encodes or decodes.
//!
//! Source: `schemas/order-entry.xml` (schema 201) and `schemas/market-data.xml` (202).

mod book;
pub(crate) mod commands;
pub(crate) mod feed;
mod reports;
mod vocabulary;

use lugus_codecs::order_entry::{
    self, ReadBuf, command_refused_codec, event_gap_codec, message_reject_codec, moved_codec, resume_complete_codec,
    sequence_reject_codec, session_replaced_codec,
};
use lugus_codecs::{Envelope, HEADER_LENGTH, market_data};
use lugus_vocabulary::{
    Book, ClientSequence, EpochNanos, EventSequence, InstrumentId, MapEpoch, MessageRejectReason, Reply, Report,
};
use thiserror::Error;
use vocabulary::{reject_reason, rejection_of_message};

/// Why a message of the cluster cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum DecodeError {
    /// Its header or length is not that of a message known here.
    #[error(transparent)]
    Envelope(#[from] lugus_codecs::DecodeError),
    /// A field has a value that its enumeration lacks.
    #[error("template {template_id}: {field} has a value that the protocol lacks")]
    Value {
        /// SBE template id.
        template_id: u16,
        /// The field's name in the schema.
        field: &'static str,
    },
    /// A repeating group that does not fit into the message, or is too long.
    #[error("template {template_id}: group {group} with {count} entries of {block_length} bytes does not fit")]
    Group {
        /// SBE template id.
        template_id: u16,
        /// The group's name in the schema.
        group: &'static str,
        /// Entries that it announces.
        count: u16,
        /// Length of each, in bytes.
        block_length: u16,
    },
}

/// A message of the engine, as it was on the wire: sequences are the wire's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Inbound {
    /// An event; its client sequence is the wire's.
    Report(Report),
    /// An answer that is no event.
    Reply(Reply),
    /// A message could not be read.
    MessageReject { template_id: u16, reason: MessageRejectReason },
    /// A newer session took over.
    SessionReplaced,
    /// A book, written to where the caller wanted it.
    Book,
    /// A part of one, of which more is to come.
    BookPart,
    /// No such book.
    BookReject { request_id: u64, instrument: InstrumentId },
}

/// Opens the root block of one template: the generated decoder, safe to read.
macro_rules! block {
    ($envelope:expr, $codec:ident, $decoder:ident) => {{
        let body = $envelope.body($codec::SBE_TEMPLATE_ID, $codec::SBE_BLOCK_LENGTH)?;
        $codec::decoder::$decoder::default().wrap(
            ReadBuf::new(body.message),
            HEADER_LENGTH,
            body.block_length,
            body.version,
        )
    }};
}
pub(crate) use block;

/// Reads a message of the engine. A book goes into `book`, which on an error holds nothing of use.
///
/// # Errors
/// [`DecodeError`], for any bytes that are not a whole, valid message to a participant.
#[inline]
pub(crate) fn decode(message: &[u8], book: &mut Book) -> Result<Inbound, DecodeError> {
    let envelope = Envelope::open(message)?;
    if envelope.schema_id == market_data::SBE_SCHEMA_ID {
        return book::decode(envelope, book);
    }
    let envelope = envelope.of_schema(order_entry::SBE_SCHEMA_ID)?;
    match reports::decode(envelope)? {
        Some(report) => Ok(Inbound::Report(report)),
        None => answer(envelope),
    }
}

/// Reads an answer that is no event.
fn answer(envelope: Envelope<'_>) -> Result<Inbound, DecodeError> {
    Ok(match envelope.template_id {
        sequence_reject_codec::SBE_TEMPLATE_ID => {
            let reject = block!(envelope, sequence_reject_codec, SequenceRejectDecoder);
            Inbound::Reply(Reply::SequenceReject {
                instrument: InstrumentId(reject.instrument_id()),
                received: ClientSequence(reject.client_sequence()),
                expected: ClientSequence(reject.expected_client_sequence()),
            })
        }
        resume_complete_codec::SBE_TEMPLATE_ID => {
            let complete = block!(envelope, resume_complete_codec, ResumeCompleteDecoder);
            Inbound::Reply(Reply::ResumeComplete {
                instrument: InstrumentId(complete.instrument_id()),
                last_client_sequence: ClientSequence(complete.last_client_sequence()),
                last_event_sequence: EventSequence(complete.last_event_sequence()),
            })
        }
        event_gap_codec::SBE_TEMPLATE_ID => {
            let gap = block!(envelope, event_gap_codec, EventGapDecoder);
            Inbound::Reply(Reply::EventGap {
                instrument: InstrumentId(gap.instrument_id()),
                client_sequence: ClientSequence(gap.client_sequence()),
                first_retained: EventSequence(gap.first_retained_event_sequence()),
                last_event_sequence: EventSequence(gap.last_event_sequence()),
                lost_through: EpochNanos(gap.lost_through_time()),
            })
        }
        command_refused_codec::SBE_TEMPLATE_ID => {
            let refused = block!(envelope, command_refused_codec, CommandRefusedDecoder);
            Inbound::Reply(Reply::Refused {
                instrument: InstrumentId(refused.instrument_id()),
                client_sequence: ClientSequence(refused.client_sequence()),
                reason: reject_reason(refused.reason()),
            })
        }
        moved_codec::SBE_TEMPLATE_ID => {
            let moved = block!(envelope, moved_codec, MovedDecoder);
            Inbound::Reply(Reply::Moved {
                instrument: InstrumentId(moved.instrument_id()),
                client_sequence: ClientSequence(moved.client_sequence()),
                epoch: MapEpoch(moved.epoch()),
            })
        }
        message_reject_codec::SBE_TEMPLATE_ID => {
            let reject = block!(envelope, message_reject_codec, MessageRejectDecoder);
            let reason = rejection_of_message(reject.reason());
            Inbound::MessageReject { template_id: reject.ref_template_id(), reason }
        }
        session_replaced_codec::SBE_TEMPLATE_ID => {
            envelope.body(session_replaced_codec::SBE_TEMPLATE_ID, session_replaced_codec::SBE_BLOCK_LENGTH)?;
            Inbound::SessionReplaced
        }
        found => return Err(lugus_codecs::DecodeError::Template { found }.into()),
    })
}

#[cfg(test)]
mod tests;
