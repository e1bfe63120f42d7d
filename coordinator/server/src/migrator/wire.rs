//! A migration's messages to and from clusters (`schemas/order-entry.xml`, templates 13 to 17, 38 and 39).

use std::sync::Arc;

use lugus_codecs::order_entry::{
    self, export_place::ExportPlace, export_request_codec, exported_records_codec, import_begin_codec,
    import_end_codec, import_records_codec, migration_outcome::MigrationOutcome, migration_report_codec,
    migration_request_codec, migration_step::MigrationStep,
};
use lugus_codecs::{DecodeError, Envelope, HEADER_LENGTH, block, message};
use lugus_partition_map::MigrationId;
use thiserror::Error;

use crate::migration::{
    ClusterRequest, Cursor, CursorPlace, Exported, Extent, MAXIMUM_MESSAGES, Report, Step, StepOutcome,
};

/// What a cluster says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Inbound {
    Report(Report),
    Exported(Exported),
    /// Of no interest to a migrator.
    Other,
}

/// What is wrong with a cluster's message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(super) enum WireFault {
    #[error(transparent)]
    Envelope(#[from] DecodeError),
    #[error("a value that its enumeration does not have")]
    Value,
}

/// The message of a request.
pub(super) fn encode(request: &ClusterRequest) -> Vec<u8> {
    match &request.step {
        Step::Fence => step(request, MigrationStep::FENCE, 0),
        Step::Unfence => step(request, MigrationStep::UNFENCE, 0),
        Step::Activate => step(request, MigrationStep::ACTIVATE, 0),
        Step::Drop { epoch } => step(request, MigrationStep::DROP, *epoch),
        Step::DropImport => step(request, MigrationStep::DROP_IMPORT, 0),
        Step::Export { cursor } => export(request, cursor),
        Step::ImportBegin { extent } => import_begin(request, extent),
        Step::ImportRecords { first, records } => import_records(request, *first, records),
        Step::ImportEnd { checksum } => import_end(request, *checksum),
    }
}

fn buffer(block_length: u16) -> Vec<u8> {
    vec![0; HEADER_LENGTH + usize::from(block_length)]
}

fn step(request: &ClusterRequest, step: MigrationStep, epoch: u64) -> Vec<u8> {
    let mut buffer = buffer(migration_request_codec::SBE_BLOCK_LENGTH);
    let _length;
    message!(&mut buffer[..], order_entry, migration_request_codec, MigrationRequestEncoder, _length)
        .correlation_id(request.correlation_id)
        .migration_id(request.migration.0)
        .epoch(epoch)
        .instrument_id(request.instrument)
        .step(step);
    buffer
}

fn export(request: &ClusterRequest, cursor: &Cursor) -> Vec<u8> {
    let mut buffer = buffer(export_request_codec::SBE_BLOCK_LENGTH);
    let place = match cursor.place {
        CursorPlace::Start => ExportPlace::START,
        CursorPlace::Instrument => ExportPlace::INSTRUMENT,
        CursorPlace::Scope => ExportPlace::SCOPE,
        CursorPlace::Order => ExportPlace::ORDER,
        CursorPlace::End => ExportPlace::END,
    };
    let _length;
    message!(&mut buffer[..], order_entry, export_request_codec, ExportRequestEncoder, _length)
        .correlation_id(request.correlation_id)
        .migration_id(request.migration.0)
        .records(cursor.records)
        .checksum(cursor.checksum)
        .number(cursor.number)
        .participant_id(cursor.participant)
        .instrument_id(request.instrument)
        .messages(MAXIMUM_MESSAGES)
        .place(place);
    buffer
}

fn import_begin(request: &ClusterRequest, extent: &Extent) -> Vec<u8> {
    let mut buffer = buffer(import_begin_codec::SBE_BLOCK_LENGTH);
    let _length;
    message!(&mut buffer[..], order_entry, import_begin_codec, ImportBeginEncoder, _length)
        .correlation_id(request.correlation_id)
        .migration_id(request.migration.0)
        .state_hash(extent.state_hash)
        .reports(extent.reports)
        .scopes(extent.scopes)
        .orders(extent.orders)
        .instrument_id(request.instrument);
    buffer
}

fn import_records(request: &ClusterRequest, first: u64, records: &[u8]) -> Vec<u8> {
    let mut buffer = buffer(import_records_codec::SBE_BLOCK_LENGTH);
    let _end_of_block;
    message!(&mut buffer[..], order_entry, import_records_codec, ImportRecordsEncoder, _end_of_block)
        .correlation_id(request.correlation_id)
        .migration_id(request.migration.0)
        .first_record(first)
        .instrument_id(request.instrument);
    buffer.extend_from_slice(&(records.len() as u32).to_le_bytes());
    buffer.extend_from_slice(records);
    buffer
}

fn import_end(request: &ClusterRequest, checksum: u64) -> Vec<u8> {
    let mut buffer = buffer(import_end_codec::SBE_BLOCK_LENGTH);
    let _length;
    message!(&mut buffer[..], order_entry, import_end_codec, ImportEndEncoder, _length)
        .correlation_id(request.correlation_id)
        .migration_id(request.migration.0)
        .checksum(checksum)
        .instrument_id(request.instrument);
    buffer
}

/// What a cluster's message says.
pub(super) fn decode(message: &[u8]) -> Result<Inbound, WireFault> {
    let envelope = Envelope::open(message)?;
    match (envelope.schema_id, envelope.template_id) {
        (order_entry::SBE_SCHEMA_ID, migration_report_codec::SBE_TEMPLATE_ID) => report(envelope).map(Inbound::Report),
        (order_entry::SBE_SCHEMA_ID, exported_records_codec::SBE_TEMPLATE_ID) => {
            exported(envelope).map(Inbound::Exported)
        }
        _ => Ok(Inbound::Other),
    }
}

fn report(envelope: Envelope<'_>) -> Result<Report, WireFault> {
    let report = block!(envelope, order_entry, migration_report_codec, MigrationReportDecoder);
    let outcome = match report.outcome() {
        MigrationOutcome::DONE => StepOutcome::Done,
        MigrationOutcome::MORE => StepOutcome::More,
        MigrationOutcome::UNKNOWN_INSTRUMENT => StepOutcome::UnknownInstrument,
        MigrationOutcome::ALREADY_HERE => StepOutcome::AlreadyHere,
        MigrationOutcome::OVER => StepOutcome::Over,
        MigrationOutcome::OTHER_MIGRATION => StepOutcome::OtherMigration,
        MigrationOutcome::OUT_OF_ORDER => StepOutcome::OutOfOrder,
        MigrationOutcome::OTHER_MANIFEST => StepOutcome::OtherExtent,
        MigrationOutcome::GAP => StepOutcome::Gap,
        MigrationOutcome::UNKNOWN_CURSOR => StepOutcome::UnknownCursor,
        MigrationOutcome::CHECKSUM => StepOutcome::Checksum,
        MigrationOutcome::RECORD => StepOutcome::Record,
        MigrationOutcome::LIMIT => StepOutcome::Limit,
        MigrationOutcome::NullVal => return Err(WireFault::Value),
    };
    Ok(Report {
        correlation_id: report.correlation_id(),
        migration: MigrationId(report.migration_id()),
        outcome,
        detail: report.detail(),
        extent: Extent {
            state_hash: report.state_hash(),
            scopes: report.scopes(),
            orders: report.orders(),
            reports: report.reports(),
        },
    })
}

fn exported(envelope: Envelope<'_>) -> Result<Exported, WireFault> {
    let part = block!(envelope, order_entry, exported_records_codec, ExportedRecordsDecoder);
    let body = envelope.body(exported_records_codec::SBE_TEMPLATE_ID, exported_records_codec::SBE_BLOCK_LENGTH)?;
    let (records, _) = body.var_data(body.end_of_block())?;
    let place = match part.place() {
        ExportPlace::START => CursorPlace::Start,
        ExportPlace::INSTRUMENT => CursorPlace::Instrument,
        ExportPlace::SCOPE => CursorPlace::Scope,
        ExportPlace::ORDER => CursorPlace::Order,
        ExportPlace::END => CursorPlace::End,
        ExportPlace::NullVal => return Err(WireFault::Value),
    };
    Ok(Exported {
        correlation_id: part.correlation_id(),
        migration: MigrationId(part.migration_id()),
        first: part.first_record(),
        cursor: Cursor {
            records: part.records(),
            checksum: part.checksum(),
            number: part.number(),
            participant: part.participant_id(),
            place,
        },
        records: Arc::from(records),
    })
}

#[cfg(test)]
mod tests {
    use lugus_codecs::order_entry::{
        export_place::ExportPlace as Place, migration_outcome::MigrationOutcome as Outcome,
    };
    use proptest::prelude::*;

    use super::*;

    /// As a cluster writes it, with the raw values of its enumerations last.
    fn report_message(numbers: [u64; 5], outcome: u8) -> Vec<u8> {
        let mut message = buffer(migration_report_codec::SBE_BLOCK_LENGTH);
        let _length;
        message!(&mut message[..], order_entry, migration_report_codec, MigrationReportEncoder, _length)
            .correlation_id(numbers[0])
            .migration_id(numbers[1])
            .detail(numbers[2])
            .state_hash(numbers[3])
            .reports(numbers[4])
            .scopes(7)
            .orders(8)
            .instrument_id(9)
            .outcome(Outcome::from(outcome));
        message
    }

    fn exported_message(numbers: [u64; 5], place: u8, records: &[u8]) -> Vec<u8> {
        let mut message = buffer(exported_records_codec::SBE_BLOCK_LENGTH);
        let _end_of_block;
        message!(&mut message[..], order_entry, exported_records_codec, ExportedRecordsEncoder, _end_of_block)
            .correlation_id(numbers[0])
            .migration_id(numbers[1])
            .first_record(numbers[2])
            .records(numbers[3])
            .checksum(numbers[4])
            .number(7)
            .participant_id(8)
            .instrument_id(9)
            .place(Place::from(place));
        message.extend_from_slice(&(records.len() as u32).to_le_bytes());
        message.extend_from_slice(records);
        message
    }

    proptest! {
        #[test]
        fn reports_are_read_as_written(numbers: [u64; 5], outcome: u8) {
            match decode(&report_message(numbers, outcome)) {
                Ok(Inbound::Report(Report { correlation_id, migration, detail, extent, .. })) => {
                    let found = [correlation_id, migration.0, detail, extent.state_hash, extent.reports];
                    prop_assert_eq!((found, extent.scopes, extent.orders), (numbers, 7, 8));
                }
                other => {
                    prop_assert_eq!(other, Err(WireFault::Value));
                    prop_assert_eq!(Outcome::from(outcome), Outcome::NullVal);
                }
            }
        }

        #[test]
        fn parts_are_read_as_written(numbers: [u64; 5], place in 0u8..6, records: Vec<u8>) {
            match decode(&exported_message(numbers, place, &records)) {
                Ok(Inbound::Exported(Exported { correlation_id, migration, first, cursor, records: found })) => {
                    let all = [correlation_id, migration.0, first, cursor.records, cursor.checksum];
                    prop_assert_eq!((all, cursor.number, cursor.participant), (numbers, 7, 8));
                    prop_assert_eq!(&*found, records.as_slice());
                }
                other => {
                    prop_assert_eq!(other, Err(WireFault::Value));
                    prop_assert_eq!(Place::from(place), Place::NullVal);
                }
            }
        }

        /// A length that goes beyond the message, a message that ends early, bytes changed anywhere: an error, or values.
        #[test]
        fn damage_is_no_panic(
            is_report: bool,
            numbers: [u64; 5],
            kind: u8,
            records: Vec<u8>,
            damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
            end: prop::sample::Index,
        ) {
            let mut message =
                if is_report { report_message(numbers, kind) } else { exported_message(numbers, kind, &records) };
            for (at, byte) in damage {
                let at = at.index(message.len());
                message[at] = byte;
            }
            let _ = decode(&message);
            let _ = decode(&message[..end.index(message.len())]);
        }

        #[test]
        fn any_bytes_are_no_panic(bytes: Vec<u8>) {
            let _ = decode(&bytes);
        }
    }
}
