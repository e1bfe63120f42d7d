//! Snapshots: the state of a partition's service (schema 204).
//!
//! | file | records |
//! |---|---|
//! | `records` | sessions, the header and the end, participants, scopes, orders |
//! | `instruments` | instruments with their statistics |
//! | `firms` | firms and their kept events |
//! | `trades` | kept trades |
//! | `migration_states` | how far migrations are |
//! | `runs` | executions, orders and kept trades in runs, many in one message |
//! | `fragments` | which of them is written how, and where fragments end |
//!
//! A snapshot is a sequence of messages, which its writer divides into fragments anywhere between two of them. Every record
//! has its message, except kept events and orders, which have two: `RetainedReport` or `FirmEvent` and the report, `RestingOrder` and the
//! `NewOrderSingle` that would enter the order, the second as order entry's message. Since version 3 executions, orders and
//! kept trades are in runs instead, which take a tenth of the bytes; what is rare has its own message as before.

mod firms;
mod fragments;
mod instruments;
mod migration_states;
mod quotes;
mod records;
mod runs;
mod trades;

#[cfg(test)]
mod tests;

use lugus_vocabulary::{
    Action, ClientSequence, EventSequence, FirmEvent, InstrumentId, OrderRecord, ParticipantId, ParticipantSession,
    ProtocolVersion, RetainedReport, ScheduledTimer, SnapshotRecord,
};
use sbe_message::{DecodeError, Envelope, HEADER_LENGTH};
use thiserror::Error;

pub use self::fragments::FragmentPacker;
use self::records::Resting;
use self::runs::RunReader;
use crate::error::MessageError;
use crate::order_entry::{
    CommandBuffer, MAXIMUM_COMMAND_LENGTH, MAXIMUM_REPORT_LENGTH, decode_command, decode_report, encode_new_order,
    encode_report, set_client_sequence,
};
use crate::sbe_order_entry;
pub use crate::sbe_snapshot::{SBE_SCHEMA_ID, SBE_SCHEMA_VERSION};
use crate::sbe_snapshot::{
    active_protocol_version_codec, firm_codec, firm_event_codec, instrument_codec, kept_trade_codec,
    migration_state_codec, participant_codec, participant_session_codec, quote_set_codec, quote_trades_codec,
    rate_use_codec, record_run_codec, resting_order_codec, retained_report_codec, scope_codec, snapshot_end_codec,
    snapshot_header_codec, timer_codec,
};

/// Length of `RetainedReport` with its header, in bytes.
const RETAINED_LENGTH: usize = HEADER_LENGTH + retained_report_codec::SBE_BLOCK_LENGTH as usize;

/// Length of the snapshot's `FirmEvent` with its header, in bytes.
const FIRM_EVENT_LENGTH: usize = HEADER_LENGTH + firm_event_codec::SBE_BLOCK_LENGTH as usize;

/// Length of `RestingOrder` with its header, in bytes.
const RESTING_LENGTH: usize = HEADER_LENGTH + resting_order_codec::SBE_BLOCK_LENGTH as usize;

/// Length of the longest record with all its headers, in bytes.
pub const MAXIMUM_RECORD_LENGTH: usize = {
    let blocks = [
        participant_session_codec::SBE_BLOCK_LENGTH,
        snapshot_header_codec::SBE_BLOCK_LENGTH,
        participant_codec::SBE_BLOCK_LENGTH,
        rate_use_codec::SBE_BLOCK_LENGTH,
        quote_set_codec::SBE_BLOCK_LENGTH,
        quote_trades_codec::SBE_BLOCK_LENGTH,
        firm_codec::SBE_BLOCK_LENGTH,
        migration_state_codec::SBE_BLOCK_LENGTH,
        instrument_codec::SBE_BLOCK_LENGTH,
        kept_trade_codec::SBE_BLOCK_LENGTH,
        scope_codec::SBE_BLOCK_LENGTH,
        snapshot_end_codec::SBE_BLOCK_LENGTH,
    ];
    let (kept, order) = (RETAINED_LENGTH + MAXIMUM_REPORT_LENGTH, RESTING_LENGTH + MAXIMUM_COMMAND_LENGTH);
    let firm_event = FIRM_EVENT_LENGTH + MAXIMUM_REPORT_LENGTH;
    let mut maximum = if kept > order { kept } else { order };
    if firm_event > maximum {
        maximum = firm_event;
    }
    let mut at = 0;
    while at < blocks.len() {
        let length = HEADER_LENGTH + blocks[at] as usize;
        if length > maximum {
            maximum = length;
        }
        at += 1;
    }
    maximum
};

/// A buffer for a record.
pub type RecordBuffer = [u8; MAXIMUM_RECORD_LENGTH];

/// What a message of a snapshot says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SnapshotMessage {
    /// A session that may trade; sessions come before all records.
    Session(ParticipantSession),
    /// The timer of the service; it comes before all records.
    Timer(ScheduledTimer),
    /// The active version of order entry; it comes before all records.
    ProtocolVersion(ProtocolVersion),
    /// A record of the engine's state.
    Record(SnapshotRecord),
}

/// Why a run of messages cannot be read as a snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SnapshotMessageError {
    /// A message cannot be read.
    #[error(transparent)]
    Message(#[from] MessageError),
    /// A message is of a later version of its schema than this program knows. It may have fields that are part of the state, so
    /// it must not be read without them.
    #[error(
        "the snapshot was written by a later version of the program: its messages of schema {schema} have version {found}, and \
         {known} is the last one that this program knows"
    )]
    Later {
        /// The schema's id.
        schema: u16,
        /// Version of the message.
        found: u16,
        /// The last version of the schema that this program knows.
        known: u16,
    },
    /// A kept event or an order has only one of its two messages.
    #[error(
        "a report must follow its RetainedReport, and an order its RestingOrder: one of the two messages is missing"
    )]
    Unpaired,
}

impl From<DecodeError> for SnapshotMessageError {
    fn from(error: DecodeError) -> Self {
        Self::Message(error.into())
    }
}

/// Encodes a session; returns the message.
pub fn encode_session<'b>(session: &ParticipantSession, buffer: &'b mut RecordBuffer) -> &'b [u8] {
    let length = records::encode_session(session, buffer);
    &buffer[..length]
}

/// Encodes the timer of the service; returns the message.
pub fn encode_timer<'b>(timer: &ScheduledTimer, buffer: &'b mut RecordBuffer) -> &'b [u8] {
    let length = records::encode_timer(timer, buffer);
    &buffer[..length]
}

/// Encodes the active version of order entry; returns the message.
pub fn encode_protocol_version(version: ProtocolVersion, buffer: &mut RecordBuffer) -> &[u8] {
    let length = records::encode_protocol_version(version, buffer);
    &buffer[..length]
}

/// Encodes a record; returns its message, or the two messages of a kept event or an order.
pub fn encode_record<'b>(record: &SnapshotRecord, buffer: &'b mut RecordBuffer) -> &'b [u8] {
    let length = match record {
        SnapshotRecord::Header(header) => records::encode_header(header, buffer),
        SnapshotRecord::Participant(participant) => records::encode_participant(participant, buffer),
        SnapshotRecord::Rate(rate) => records::encode_rate(rate, buffer),
        SnapshotRecord::QuoteSet(set) => quotes::encode_quote_set(set, buffer),
        SnapshotRecord::QuoteTrades(trades) => quotes::encode_quote_trades(trades, buffer),
        SnapshotRecord::Firm(firm) => firms::encode_firm(firm, buffer),
        SnapshotRecord::FirmEvent(event) => encode_firm_event(event, buffer),
        SnapshotRecord::MigrationState(state) => migration_states::encode_migration_state(state, buffer),
        SnapshotRecord::Instrument(instrument) => instruments::encode_instrument(instrument, buffer),
        SnapshotRecord::Trade(trade) => trades::encode_trade(trade, buffer),
        SnapshotRecord::Scope(scope) => records::encode_scope(scope, buffer),
        SnapshotRecord::Report(kept) => encode_kept(kept, buffer),
        SnapshotRecord::Order(order) => encode_order(order, buffer),
        SnapshotRecord::End { records, checksum } => records::encode_end(*records, *checksum, buffer),
    };
    &buffer[..length]
}

fn encode_kept(kept: &RetainedReport, buffer: &mut RecordBuffer) -> usize {
    let retained = records::encode_retained(kept.applied, buffer);
    append(retained, buffer, |second| encode_report::<MAXIMUM_REPORT_LENGTH>(&kept.report, second).len())
}

fn encode_firm_event(event: &FirmEvent, buffer: &mut RecordBuffer) -> usize {
    let begin = firms::encode_kept(event, buffer);
    append(begin, buffer, |second| encode_report::<MAXIMUM_REPORT_LENGTH>(&event.report, second).len())
}

fn encode_order(order: &OrderRecord, buffer: &mut RecordBuffer) -> usize {
    let resting = records::encode_resting(order, buffer);
    append(resting, buffer, |second: &mut CommandBuffer| {
        let length = encode_new_order(InstrumentId::NONE, &order.order, second);
        set_client_sequence(second, ClientSequence(0));
        length
    })
}

/// Encodes the second message of a record after its first, which has this length; returns the length of both.
fn append<const N: usize>(
    first: usize,
    buffer: &mut RecordBuffer,
    encode: impl FnOnce(&mut [u8; N]) -> usize,
) -> usize {
    let (_, rest) = buffer.split_at_mut(first);
    first + rest.first_chunk_mut().map_or(0, encode)
}

/// Reads the messages of a snapshot one after another. A fragment may end between the two messages of a record: the next
/// fragment goes on there.
#[derive(Debug, Default)]
pub struct RecordDecoder {
    /// The first message of a record whose second message is awaited.
    begun: Option<Begun>,
    /// The message with many records that is being read.
    run: Option<RunReader>,
}

/// The first of the two messages of a record.
#[derive(Debug, Clone, Copy)]
enum Begun {
    Kept { applied: ClientSequence },
    FirmEvent { firm: ParticipantId, event_sequence: EventSequence },
    Order(Resting),
}

impl RecordDecoder {
    /// Decodes the first message of these, or the next record of a run. Returns what it says (`None` for the first of two
    /// messages, and for the begin of a run), and the rest.
    ///
    /// # Errors
    /// [`SnapshotMessageError`], if the message is cut off, is not of a snapshot, or has an impossible value.
    pub fn decode<'a>(&mut self, run: &'a [u8]) -> Result<(Option<SnapshotMessage>, &'a [u8]), SnapshotMessageError> {
        if let Some(records) = &mut self.run {
            let (record, rest) = records.next(run)?;
            if records.has_ended() {
                self.run = None;
            }
            return Ok((Some(SnapshotMessage::Record(record)), rest));
        }
        self.message_of(run)
    }

    fn message_of<'a>(&mut self, run: &'a [u8]) -> Result<(Option<SnapshotMessage>, &'a [u8]), SnapshotMessageError> {
        let envelope = Envelope::open(run)?;
        check_version(envelope)?;
        if (envelope.schema_id, envelope.template_id) == (SBE_SCHEMA_ID, record_run_codec::SBE_TEMPLATE_ID) {
            if self.begun.is_some() {
                return Err(SnapshotMessageError::Unpaired);
            }
            let (records, rest) = RunReader::open(envelope)?;
            self.run = records;
            return Ok((None, rest));
        }
        let needed = HEADER_LENGTH + usize::from(envelope.block_length);
        let Some((_, rest)) = run.split_at_checked(needed) else {
            return Err(DecodeError::Short { needed, available: run.len() }.into());
        };
        Ok((self.message(envelope)?, rest))
    }

    fn message(&mut self, envelope: Envelope<'_>) -> Result<Option<SnapshotMessage>, SnapshotMessageError> {
        match (envelope.schema_id == sbe_order_entry::SBE_SCHEMA_ID, self.begun.take()) {
            (true, Some(begun)) => return begun.ended_by(envelope).map(SnapshotMessage::Record).map(Some),
            (false, None) => {}
            _ => return Err(SnapshotMessageError::Unpaired),
        }
        let envelope = envelope.of_schema(SBE_SCHEMA_ID)?;
        let record = match envelope.template_id {
            participant_session_codec::SBE_TEMPLATE_ID => {
                return Ok(Some(SnapshotMessage::Session(records::decode_session(envelope)?)));
            }
            timer_codec::SBE_TEMPLATE_ID => {
                return Ok(Some(SnapshotMessage::Timer(records::decode_timer(envelope)?)));
            }
            active_protocol_version_codec::SBE_TEMPLATE_ID => {
                return Ok(Some(SnapshotMessage::ProtocolVersion(records::decode_protocol_version(envelope)?)));
            }
            retained_report_codec::SBE_TEMPLATE_ID => {
                self.begun = Some(Begun::Kept { applied: records::decode_retained(envelope)? });
                return Ok(None);
            }
            firm_event_codec::SBE_TEMPLATE_ID => {
                let (firm, event_sequence) = firms::decode_kept(envelope)?;
                self.begun = Some(Begun::FirmEvent { firm, event_sequence });
                return Ok(None);
            }
            resting_order_codec::SBE_TEMPLATE_ID => {
                self.begun = Some(Begun::Order(records::decode_resting(envelope)?));
                return Ok(None);
            }
            snapshot_header_codec::SBE_TEMPLATE_ID => SnapshotRecord::Header(records::decode_header(envelope)?),
            participant_codec::SBE_TEMPLATE_ID => SnapshotRecord::Participant(records::decode_participant(envelope)?),
            rate_use_codec::SBE_TEMPLATE_ID => SnapshotRecord::Rate(records::decode_rate(envelope)?),
            quote_set_codec::SBE_TEMPLATE_ID => SnapshotRecord::QuoteSet(quotes::decode_quote_set(envelope)?),
            quote_trades_codec::SBE_TEMPLATE_ID => SnapshotRecord::QuoteTrades(quotes::decode_quote_trades(envelope)?),
            firm_codec::SBE_TEMPLATE_ID => SnapshotRecord::Firm(firms::decode_firm(envelope)?),
            migration_state_codec::SBE_TEMPLATE_ID => {
                SnapshotRecord::MigrationState(migration_states::decode_migration_state(envelope)?)
            }
            instrument_codec::SBE_TEMPLATE_ID => SnapshotRecord::Instrument(instruments::decode_instrument(envelope)?),
            kept_trade_codec::SBE_TEMPLATE_ID => SnapshotRecord::Trade(trades::decode_trade(envelope)?),
            scope_codec::SBE_TEMPLATE_ID => SnapshotRecord::Scope(records::decode_scope(envelope)?),
            snapshot_end_codec::SBE_TEMPLATE_ID => records::decode_end(envelope)?,
            found => return Err(DecodeError::Template { found }.into()),
        };
        Ok(Some(SnapshotMessage::Record(record)))
    }
}

/// Checks that a message is of no later version than this program knows.
fn check_version(envelope: Envelope<'_>) -> Result<(), SnapshotMessageError> {
    let known = match envelope.schema_id {
        SBE_SCHEMA_ID => SBE_SCHEMA_VERSION,
        sbe_order_entry::SBE_SCHEMA_ID => sbe_order_entry::SBE_SCHEMA_VERSION,
        // It is refused as a message of another protocol.
        _ => u16::MAX,
    };
    if envelope.version > known {
        return Err(SnapshotMessageError::Later { schema: envelope.schema_id, found: envelope.version, known });
    }
    Ok(())
}

impl Begun {
    /// The record whose second message this is.
    fn ended_by(self, envelope: Envelope<'_>) -> Result<SnapshotRecord, SnapshotMessageError> {
        let found = envelope.template_id;
        match self {
            Self::Kept { applied } => match decode_report(envelope)? {
                Some(report) => Ok(SnapshotRecord::Report(RetainedReport { applied, report })),
                None => Err(DecodeError::Template { found }.into()),
            },
            Self::FirmEvent { firm, event_sequence } => match decode_report(envelope)? {
                Some(report) => Ok(SnapshotRecord::FirmEvent(FirmEvent { firm, event_sequence, report })),
                None => Err(DecodeError::Template { found }.into()),
            },
            // The participant of the order is in its first message.
            Self::Order(resting) => {
                match decode_command(ParticipantId::default(), envelope)?.map(|command| command.action) {
                    Some(Action::New(order)) => Ok(SnapshotRecord::Order(resting.with(order))),
                    _ => Err(DecodeError::Template { found }.into()),
                }
            }
        }
    }
}
