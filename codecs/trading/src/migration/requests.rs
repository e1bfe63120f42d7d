//! The operator's requests, to and from bytes.

use lugus_vocabulary::{InstrumentId, MapEpoch, MigrationId, MigrationRequest, MigrationStep};
use sbe_message::{Envelope, HEADER_LENGTH};

use super::manifest::{read_cursor, read_manifest, write_cursor, write_manifest};
use crate::error::MessageError;
use crate::sbe_order_entry::migration_step::MigrationStep as WireStep;
use crate::sbe_order_entry::{
    SBE_SCHEMA_ID, export_request_codec, import_begin_codec, import_complete_codec, import_end_codec,
    import_records_codec, migration_request_codec,
};
use crate::{block, message};

/// Writes the fields that all requests have into any of their encoders.
macro_rules! write_request {
    ($encoder:expr, $request:expr) => {
        $encoder
            .correlation_id($request.correlation_id)
            .migration_id($request.migration.0)
            .instrument_id($request.instrument.0)
    };
}

/// A request of a step and the fields that all requests have, from any of their decoders.
macro_rules! read_request {
    ($decoder:expr, $step:expr) => {
        MigrationRequest {
            correlation_id: $decoder.correlation_id(),
            instrument: InstrumentId($decoder.instrument_id()),
            migration: MigrationId($decoder.migration_id()),
            step: $step,
        }
    };
}

/// Encodes a request.
pub fn encode_migration_request(request: &MigrationRequest<impl AsRef<[u8]>>) -> Vec<u8> {
    match &request.step {
        MigrationStep::Fence => encode_step(request, WireStep::FENCE, MapEpoch(0)),
        MigrationStep::Unfence => encode_step(request, WireStep::UNFENCE, MapEpoch(0)),
        MigrationStep::Activate => encode_step(request, WireStep::ACTIVATE, MapEpoch(0)),
        MigrationStep::Drop { epoch } => encode_step(request, WireStep::DROP, *epoch),
        MigrationStep::DropImport => encode_step(request, WireStep::DROP_IMPORT, MapEpoch(0)),
        MigrationStep::ImportAhead => encode_step(request, WireStep::IMPORT_AHEAD, MapEpoch(0)),
        MigrationStep::Export { cursor, messages } => {
            let mut buffer = buffer(export_request_codec::SBE_BLOCK_LENGTH);
            let _length;
            let mut wire =
                message!(&mut buffer[..], sbe_order_entry, export_request_codec, ExportRequestEncoder, _length);
            write_request!(wire, request);
            write_cursor!(wire, cursor).messages(*messages);
            buffer
        }
        MigrationStep::ImportBegin { manifest } => {
            let mut buffer = buffer(import_begin_codec::SBE_BLOCK_LENGTH);
            let _length;
            let mut wire = message!(&mut buffer[..], sbe_order_entry, import_begin_codec, ImportBeginEncoder, _length);
            write_request!(wire, request);
            write_manifest!(wire, manifest);
            buffer
        }
        MigrationStep::ImportRecords { first_record, records } => {
            let mut buffer = buffer(import_records_codec::SBE_BLOCK_LENGTH);
            let _end_of_block;
            let mut wire =
                message!(&mut buffer[..], sbe_order_entry, import_records_codec, ImportRecordsEncoder, _end_of_block);
            write_request!(wire, request).first_record(*first_record);
            append_records(&mut buffer, records.as_ref());
            buffer
        }
        MigrationStep::ImportEnd { checksum } => {
            let mut buffer = buffer(import_end_codec::SBE_BLOCK_LENGTH);
            let _length;
            let mut wire = message!(&mut buffer[..], sbe_order_entry, import_end_codec, ImportEndEncoder, _length);
            write_request!(wire, request).checksum(*checksum);
            buffer
        }
        MigrationStep::ImportComplete { manifest, records, checksum } => {
            let mut buffer = buffer(import_complete_codec::SBE_BLOCK_LENGTH);
            let _length;
            let mut wire =
                message!(&mut buffer[..], sbe_order_entry, import_complete_codec, ImportCompleteEncoder, _length);
            write_request!(wire, request).records(*records).checksum(*checksum);
            write_manifest!(wire, manifest);
            buffer
        }
    }
}

/// Whether a template of order entry is one of those that [`decode_migration_request`] reads.
pub fn is_migration_request(template_id: u16) -> bool {
    matches!(
        template_id,
        migration_request_codec::SBE_TEMPLATE_ID
            | export_request_codec::SBE_TEMPLATE_ID
            | import_begin_codec::SBE_TEMPLATE_ID
            | import_records_codec::SBE_TEMPLATE_ID
            | import_end_codec::SBE_TEMPLATE_ID
            | import_complete_codec::SBE_TEMPLATE_ID
    )
}

/// Whether a message is the request that carries records. It may be longer than all others.
pub fn carries_records(envelope: Envelope<'_>) -> bool {
    envelope.schema_id == SBE_SCHEMA_ID && envelope.template_id == import_records_codec::SBE_TEMPLATE_ID
}

/// Decodes a request; `None` if the message is none.
///
/// # Errors
/// [`MessageError`], if the message is of another protocol, is cut off, or has an impossible value.
pub fn decode_migration_request(envelope: Envelope<'_>) -> Result<Option<MigrationRequest<&[u8]>>, MessageError> {
    let envelope = envelope.of_schema(SBE_SCHEMA_ID)?;
    Ok(Some(match envelope.template_id {
        migration_request_codec::SBE_TEMPLATE_ID => decode_step(envelope)?,
        export_request_codec::SBE_TEMPLATE_ID => {
            let wire = block!(envelope, sbe_order_entry, export_request_codec, ExportRequestDecoder);
            let cursor = read_cursor!(wire, export_request_codec::SBE_TEMPLATE_ID);
            read_request!(wire, MigrationStep::Export { cursor, messages: wire.messages() })
        }
        import_begin_codec::SBE_TEMPLATE_ID => {
            let wire = block!(envelope, sbe_order_entry, import_begin_codec, ImportBeginDecoder);
            read_request!(wire, MigrationStep::ImportBegin { manifest: read_manifest!(wire) })
        }
        import_records_codec::SBE_TEMPLATE_ID => {
            let wire = block!(envelope, sbe_order_entry, import_records_codec, ImportRecordsDecoder);
            let body = envelope.body(import_records_codec::SBE_TEMPLATE_ID, import_records_codec::SBE_BLOCK_LENGTH)?;
            let (records, _) = body.var_data(body.end_of_block())?;
            read_request!(wire, MigrationStep::ImportRecords { first_record: wire.first_record(), records })
        }
        import_end_codec::SBE_TEMPLATE_ID => {
            let wire = block!(envelope, sbe_order_entry, import_end_codec, ImportEndDecoder);
            read_request!(wire, MigrationStep::ImportEnd { checksum: wire.checksum() })
        }
        import_complete_codec::SBE_TEMPLATE_ID => {
            let wire = block!(envelope, sbe_order_entry, import_complete_codec, ImportCompleteDecoder);
            let (manifest, records, checksum) = (read_manifest!(wire), wire.records(), wire.checksum());
            read_request!(wire, MigrationStep::ImportComplete { manifest, records, checksum })
        }
        _ => return Ok(None),
    }))
}

/// The step without anything that belongs to it but the epoch of a drop, which is 0 for all other steps.
fn encode_step(request: &MigrationRequest<impl AsRef<[u8]>>, step: WireStep, epoch: MapEpoch) -> Vec<u8> {
    let mut buffer = buffer(migration_request_codec::SBE_BLOCK_LENGTH);
    let _length;
    let mut wire =
        message!(&mut buffer[..], sbe_order_entry, migration_request_codec, MigrationRequestEncoder, _length);
    write_request!(wire, request).epoch(epoch.0).step(step);
    buffer
}

fn decode_step(envelope: Envelope<'_>) -> Result<MigrationRequest<&[u8]>, MessageError> {
    let wire = block!(envelope, sbe_order_entry, migration_request_codec, MigrationRequestDecoder);
    let step = match wire.step() {
        WireStep::FENCE => MigrationStep::Fence,
        WireStep::UNFENCE => MigrationStep::Unfence,
        WireStep::ACTIVATE => MigrationStep::Activate,
        WireStep::DROP => MigrationStep::Drop { epoch: MapEpoch(wire.epoch()) },
        WireStep::DROP_IMPORT => MigrationStep::DropImport,
        WireStep::IMPORT_AHEAD => MigrationStep::ImportAhead,
        WireStep::NullVal => {
            return Err(MessageError::Value { template_id: migration_request_codec::SBE_TEMPLATE_ID, field: "step" });
        }
    };
    Ok(read_request!(wire, step))
}

/// A buffer of the length of a message whose root block has this length, in bytes.
fn buffer(block_length: u16) -> Vec<u8> {
    vec![0; HEADER_LENGTH + usize::from(block_length)]
}

fn append_records(buffer: &mut Vec<u8>, records: &[u8]) {
    buffer.extend_from_slice(&(records.len() as u32).to_le_bytes());
    buffer.extend_from_slice(records);
}
