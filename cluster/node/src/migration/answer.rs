//! Answers to an operator's messages of a migration, encoded.

use lugus_codecs::order_entry::{
    export_place::ExportPlace as Place, exported_records_codec, migration_outcome::MigrationOutcome,
    migration_report_codec,
};
use lugus_codecs::{HEADER_LENGTH, message};
use lugus_engine::{MigrationRefusal, SnapshotFault};
use lugus_vocabulary::{ExportCursor, ExportManifest, ExportPlace};

use super::MigrationRequest;

/// What became of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) outcome: MigrationOutcome,
    pub(crate) detail: u64,
    pub(crate) manifest: ExportManifest,
}

impl Outcome {
    pub(crate) const DONE: Self = Self::new(MigrationOutcome::DONE, 0);
    pub(crate) const MORE: Self = Self::new(MigrationOutcome::MORE, 0);

    const fn new(outcome: MigrationOutcome, detail: u64) -> Self {
        let manifest = ExportManifest { state_hash: lugus_vocabulary::StateHash(0), scopes: 0, orders: 0, reports: 0 };
        Self { outcome, detail, manifest }
    }

    pub(crate) fn of_manifest(manifest: ExportManifest) -> Self {
        Self { manifest, ..Self::DONE }
    }

    /// Bytes that are no records, after so many that are.
    pub(crate) fn damaged(received: u64) -> Self {
        Self::new(MigrationOutcome::RECORD, received)
    }

    pub(crate) fn of_refusal(refusal: &MigrationRefusal) -> Self {
        let (outcome, detail) = match *refusal {
            MigrationRefusal::UnknownInstrument => (MigrationOutcome::UNKNOWN_INSTRUMENT, 0),
            MigrationRefusal::AlreadyHere => (MigrationOutcome::ALREADY_HERE, 0),
            MigrationRefusal::Over { last } => (MigrationOutcome::OVER, last.0),
            MigrationRefusal::OtherMigration { current } => (MigrationOutcome::OTHER_MIGRATION, current.0),
            MigrationRefusal::OutOfOrder => (MigrationOutcome::OUT_OF_ORDER, 0),
            MigrationRefusal::OtherManifest => (MigrationOutcome::OTHER_EXTENT, 0),
            MigrationRefusal::Gap { expected } => (MigrationOutcome::GAP, expected),
            MigrationRefusal::UnknownCursor => (MigrationOutcome::UNKNOWN_CURSOR, 0),
            MigrationRefusal::Checksum { calculated, .. } => (MigrationOutcome::CHECKSUM, calculated),
            MigrationRefusal::Record(SnapshotFault::Limit { .. }) | MigrationRefusal::LimitMigrationStates => {
                (MigrationOutcome::LIMIT, 0)
            }
            MigrationRefusal::Record(_) => (MigrationOutcome::RECORD, 0),
        };
        Self::new(outcome, detail)
    }
}

/// Encodes what became of a step.
pub(crate) fn report<'b>(request: &MigrationRequest<'_>, outcome: &Outcome, buffer: &'b mut Vec<u8>) -> &'b [u8] {
    buffer.clear();
    buffer.resize(HEADER_LENGTH + usize::from(migration_report_codec::SBE_BLOCK_LENGTH), 0);
    let length;
    message!(buffer, order_entry, migration_report_codec, MigrationReportEncoder, length)
        .correlation_id(request.correlation_id)
        .migration_id(request.migration.0)
        .detail(outcome.detail)
        .state_hash(outcome.manifest.state_hash.0)
        .reports(outcome.manifest.reports)
        .scopes(outcome.manifest.scopes)
        .orders(outcome.manifest.orders)
        .instrument_id(request.instrument.0)
        .outcome(outcome.outcome);
    &buffer[..length]
}

/// Part of an export.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Exported {
    pub(crate) first_record: u64,
    /// After it.
    pub(crate) cursor: ExportCursor,
}

/// Length of a message before its records.
const EXPORTED_PREFIX: usize = HEADER_LENGTH + exported_records_codec::SBE_BLOCK_LENGTH as usize + LENGTH_OF_RECORDS;
const LENGTH_OF_RECORDS: usize = 4;

/// Makes room for what comes before the records, which are to be appended.
pub(crate) fn begin_exported(buffer: &mut Vec<u8>) {
    buffer.clear();
    buffer.resize(EXPORTED_PREFIX, 0);
}

/// Encodes what comes before the records, which are in the buffer already.
pub(crate) fn exported<'b>(request: &MigrationRequest<'_>, part: &Exported, buffer: &'b mut Vec<u8>) -> &'b [u8] {
    let ExportCursor { records, checksum, place } = part.cursor;
    let (place, participant, number) = match place {
        ExportPlace::Start => (Place::START, 0, 0),
        ExportPlace::Instrument => (Place::INSTRUMENT, 0, 0),
        ExportPlace::Scope { participant, events } => (Place::SCOPE, participant.0, events.into()),
        ExportPlace::Order { participant, client_order_id } => (Place::ORDER, participant.0, client_order_id.0),
        ExportPlace::End => (Place::END, 0, 0),
    };
    let length = (buffer.len() - EXPORTED_PREFIX) as u32;
    buffer[EXPORTED_PREFIX - LENGTH_OF_RECORDS..EXPORTED_PREFIX].copy_from_slice(&length.to_le_bytes());
    let _end_of_block;
    message!(&mut buffer[..], order_entry, exported_records_codec, ExportedRecordsEncoder, _end_of_block)
        .correlation_id(request.correlation_id)
        .migration_id(request.migration.0)
        .first_record(part.first_record)
        .records(records)
        .checksum(checksum)
        .number(number)
        .participant_id(participant)
        .instrument_id(request.instrument.0)
        .place(place);
    buffer
}
