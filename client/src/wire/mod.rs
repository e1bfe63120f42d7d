//! SBE: commands to bytes and bytes to events. The only place where the SDK encodes or decodes.
//!
//! Source: `schemas/order-entry.xml` (schema 201) and `schemas/market-data.xml` (202).

mod book;
pub(crate) mod commands;
mod reports;
mod vocabulary;

use thiserror::Error;

use lugus_codecs::order_entry::{
    self, ReadBuf, command_refused_codec, event_gap_codec, message_reject_codec, moved_codec, resume_complete_codec,
    sequence_reject_codec, session_replaced_codec,
};
use lugus_codecs::{Envelope, HEADER_LENGTH, market_data};

use crate::events::{MessageRejectReason, RejectReason, Report};
use crate::market_data::Book;
use crate::units::InstrumentId;
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
    /// A hole before a command.
    SequenceReject { instrument: InstrumentId, expected: u64 },
    /// Where a scope stands.
    ResumeComplete { instrument: InstrumentId, last_client_sequence: u64, last_event_sequence: u64 },
    /// Events are no longer kept; `client_sequence` is 0 in answer to `Resume`.
    EventGap { instrument: InstrumentId, client_sequence: u64, first_retained: u64, last_event: u64, lost_through: i64 },
    /// There can be no such scope; `client_sequence` is 0 in answer to `Resume`.
    CommandRefused { instrument: InstrumentId, client_sequence: u64, reason: RejectReason },
    /// Another cluster has, or is about to have, the instrument: a map of at least `epoch` tells. `client_sequence` is 0
    /// in answer to `Resume`.
    Moved { instrument: InstrumentId, client_sequence: u64, epoch: u64 },
    /// A message could not be read.
    MessageReject { template_id: u16, reason: MessageRejectReason },
    /// A newer session took over.
    SessionReplaced,
    /// A book, written to where the caller wanted it.
    Book,
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
            Inbound::SequenceReject {
                instrument: InstrumentId(reject.instrument_id()),
                expected: reject.expected_client_sequence(),
            }
        }
        resume_complete_codec::SBE_TEMPLATE_ID => {
            let complete = block!(envelope, resume_complete_codec, ResumeCompleteDecoder);
            Inbound::ResumeComplete {
                instrument: InstrumentId(complete.instrument_id()),
                last_client_sequence: complete.last_client_sequence(),
                last_event_sequence: complete.last_event_sequence(),
            }
        }
        event_gap_codec::SBE_TEMPLATE_ID => {
            let gap = block!(envelope, event_gap_codec, EventGapDecoder);
            Inbound::EventGap {
                instrument: InstrumentId(gap.instrument_id()),
                client_sequence: gap.client_sequence(),
                first_retained: gap.first_retained_event_sequence(),
                last_event: gap.last_event_sequence(),
                lost_through: gap.lost_through_time(),
            }
        }
        command_refused_codec::SBE_TEMPLATE_ID => {
            let refused = block!(envelope, command_refused_codec, CommandRefusedDecoder);
            Inbound::CommandRefused {
                instrument: InstrumentId(refused.instrument_id()),
                client_sequence: refused.client_sequence(),
                reason: reject_reason(refused.reason()),
            }
        }
        moved_codec::SBE_TEMPLATE_ID => {
            let moved = block!(envelope, moved_codec, MovedDecoder);
            Inbound::Moved {
                instrument: InstrumentId(moved.instrument_id()),
                client_sequence: moved.client_sequence(),
                epoch: moved.epoch(),
            }
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
