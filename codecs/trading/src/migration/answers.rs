//! A cluster's answers, to and from bytes.

use lugus_vocabulary::{ExportedRecords, InstrumentId, MigrationId, MigrationReport};
use sbe_message::{Envelope, HEADER_LENGTH};

use super::manifest::{read_cursor, read_manifest, write_cursor, write_manifest};
use crate::error::MessageError;
use crate::sbe_order_entry::{SBE_SCHEMA_ID, exported_records_codec, migration_report_codec};
use crate::word::{ToWire, word};
use crate::{block, message};

/// What a cluster answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MigrationAnswer<Records> {
    /// What became of a step.
    Report(MigrationReport),
    /// Records of an export.
    Exported(ExportedRecords<Records>),
}

/// Encodes what became of a step; returns the message.
pub fn encode_migration_report<'b>(report: &MigrationReport, buffer: &'b mut Vec<u8>) -> &'b [u8] {
    make_room(buffer, migration_report_codec::SBE_BLOCK_LENGTH);
    let _length;
    let mut wire = message!(&mut buffer[..], sbe_order_entry, migration_report_codec, MigrationReportEncoder, _length);
    wire.correlation_id(report.correlation_id)
        .migration_id(report.migration.0)
        .detail(report.detail)
        .instrument_id(report.instrument.0)
        .outcome(report.outcome.to_wire());
    write_manifest!(wire, report.manifest);
    buffer
}

/// Encodes records of an export; returns the message.
pub fn encode_exported_records<'b>(exported: &ExportedRecords<impl AsRef<[u8]>>, buffer: &'b mut Vec<u8>) -> &'b [u8] {
    make_room(buffer, exported_records_codec::SBE_BLOCK_LENGTH);
    let _end_of_block;
    let mut wire =
        message!(&mut buffer[..], sbe_order_entry, exported_records_codec, ExportedRecordsEncoder, _end_of_block);
    wire.correlation_id(exported.correlation_id)
        .migration_id(exported.migration.0)
        .first_record(exported.first_record)
        .instrument_id(exported.instrument.0);
    write_cursor!(wire, exported.cursor);
    let records = exported.records.as_ref();
    buffer.extend_from_slice(&(records.len() as u32).to_le_bytes());
    buffer.extend_from_slice(records);
    buffer
}

/// Decodes an answer; `None` if the message is none.
///
/// # Errors
/// [`MessageError`], if the message is of another protocol, is cut off, or has an impossible value.
pub fn decode_migration_answer(envelope: Envelope<'_>) -> Result<Option<MigrationAnswer<&[u8]>>, MessageError> {
    let envelope = envelope.of_schema(SBE_SCHEMA_ID)?;
    Ok(Some(match envelope.template_id {
        migration_report_codec::SBE_TEMPLATE_ID => MigrationAnswer::Report(decode_report(envelope)?),
        exported_records_codec::SBE_TEMPLATE_ID => MigrationAnswer::Exported(decode_exported(envelope)?),
        _ => return Ok(None),
    }))
}

fn decode_report(envelope: Envelope<'_>) -> Result<MigrationReport, MessageError> {
    let wire = block!(envelope, sbe_order_entry, migration_report_codec, MigrationReportDecoder);
    Ok(MigrationReport {
        correlation_id: wire.correlation_id(),
        instrument: InstrumentId(wire.instrument_id()),
        migration: MigrationId(wire.migration_id()),
        outcome: word(wire.outcome(), migration_report_codec::SBE_TEMPLATE_ID, "outcome")?,
        detail: wire.detail(),
        manifest: read_manifest!(wire),
    })
}

fn decode_exported(envelope: Envelope<'_>) -> Result<ExportedRecords<&[u8]>, MessageError> {
    let wire = block!(envelope, sbe_order_entry, exported_records_codec, ExportedRecordsDecoder);
    let template_id = exported_records_codec::SBE_TEMPLATE_ID;
    let body = envelope.body(template_id, exported_records_codec::SBE_BLOCK_LENGTH)?;
    let (records, _) = body.var_data(body.end_of_block())?;
    Ok(ExportedRecords {
        correlation_id: wire.correlation_id(),
        instrument: InstrumentId(wire.instrument_id()),
        migration: MigrationId(wire.migration_id()),
        first_record: wire.first_record(),
        cursor: read_cursor!(wire, template_id),
        records,
    })
}

/// Makes the buffer as long as a message whose root block has this length, in bytes.
fn make_room(buffer: &mut Vec<u8>, block_length: u16) {
    buffer.clear();
    buffer.resize(HEADER_LENGTH + usize::from(block_length), 0);
}
