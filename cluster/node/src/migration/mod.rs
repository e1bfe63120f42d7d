//! The move of a live instrument to another cluster: what the engine does for each step that the operator asks for.
//!
//! The messages are [`lugus_codecs::migration`]'s.

use aeron_cluster_service::{Cluster, Role};
use lugus_codecs::migration::records::reader::RecordReader;
use lugus_codecs::migration::records::writer::RecordWriter;
use lugus_codecs::migration::{encode_exported_records, encode_migration_report};
use lugus_engine::{Engine, MigrationRefusal, Progress};
use lugus_vocabulary::{
    ExportCursor, ExportKind, ExportManifest, ExportRecord, ExportedRecords, InstrumentId, MigrationId,
    MigrationOutcome, MigrationReport, MigrationRequest, MigrationStep,
};

/// Maximum number of messages that answer one export request: as many as a client's receive window takes, and as the
/// members' idle time is worth.
pub const MAXIMUM_EXPORTS: u16 = 32;

/// What became of a step: the outcome, a number that belongs to it, and a manifest where the step has one.
#[derive(Debug, Clone, Copy)]
struct StepResult {
    outcome: MigrationOutcome,
    detail: u64,
    manifest: ExportManifest,
}

impl StepResult {
    fn new(outcome: MigrationOutcome, detail: u64) -> Self {
        Self { outcome, detail, manifest: ExportManifest::default() }
    }

    fn done() -> Self {
        Self::new(MigrationOutcome::Done, 0)
    }

    fn with_manifest(manifest: ExportManifest) -> Self {
        Self { manifest, ..Self::done() }
    }

    fn of_progress(progress: Progress) -> Self {
        match progress {
            Progress::More => Self::new(MigrationOutcome::More, 0),
            Progress::Done => Self::done(),
        }
    }
}

/// Does a step, and answers the request.
pub(crate) fn answer(
    engine: &mut Engine,
    cluster: &mut dyn Cluster,
    session_id: i64,
    request: &MigrationRequest<&[u8]>,
    buffer: &mut Vec<u8>,
) {
    let MigrationRequest { correlation_id, instrument, migration, step } = *request;
    let result = match step {
        // Only the leader exports at all.
        MigrationStep::Export { .. } if cluster.role() != Role::Leader => return,
        MigrationStep::Export { cursor, messages } => {
            let export = if cursor.kind == ExportKind::Ahead { copy_ahead } else { export };
            match export(engine, cluster, session_id, request, cursor, messages, buffer) {
                Ok(()) => return,
                Err(refusal) => Err(refusal),
            }
        }
        MigrationStep::Fence => engine.fence(instrument, migration).map(StepResult::with_manifest),
        MigrationStep::Unfence => engine.unfence(instrument, migration).map(|()| StepResult::done()),
        MigrationStep::ImportBegin { manifest } => engine
            .import_begin(instrument, migration, manifest)
            .map(|received| StepResult { detail: received, ..StepResult::with_manifest(manifest) }),
        MigrationStep::ImportAhead => {
            engine.import_ahead(instrument, migration).map(|received| StepResult::new(MigrationOutcome::Done, received))
        }
        MigrationStep::ImportComplete { manifest, records, checksum } => {
            engine.import_complete(instrument, migration, manifest, records, checksum).map(StepResult::with_manifest)
        }
        MigrationStep::ImportRecords { first_record, records } => {
            import(engine, instrument, migration, first_record, records)
        }
        MigrationStep::ImportEnd { checksum } => {
            engine.import_end(instrument, migration, checksum).map(StepResult::with_manifest)
        }
        MigrationStep::Activate => engine.activate(instrument, migration).map(|()| StepResult::done()),
        MigrationStep::Drop { epoch } => {
            engine.drop_instrument(instrument, migration, epoch).map(StepResult::of_progress)
        }
        MigrationStep::DropImport => engine.drop_import(instrument, migration).map(StepResult::of_progress),
    };
    let StepResult { outcome, detail, manifest } = result.unwrap_or_else(|refusal| {
        tracing::warn!(instrument = instrument.0, migration = migration.0, %refusal, "refused a step of a migration");
        let (outcome, detail) = refusal.outcome();
        StepResult::new(outcome, detail)
    });
    if cluster.role() == Role::Leader {
        let report = MigrationReport { correlation_id, instrument, migration, outcome, detail, manifest };
        let _ = cluster.offer_to(session_id, encode_migration_report(&report, buffer));
    }
}

/// Takes records in. Bytes that are no record do not undo the records before them: the same request with sound bytes goes
/// on from there.
fn import(
    engine: &mut Engine,
    instrument: InstrumentId,
    migration: MigrationId,
    first_record: u64,
    records: &[u8],
) -> Result<StepResult, MigrationRefusal> {
    let mut reader = RecordReader::new(instrument, records);
    let received = engine.import_records(instrument, migration, first_record, reader.by_ref())?;
    let outcome = if reader.is_damaged() { MigrationOutcome::Record } else { MigrationOutcome::Done };
    Ok(StepResult::new(outcome, received))
}

/// Sends records from a cursor on, until all are sent, the request's number of messages is reached, or the session takes no
/// more. The requester continues after the last message that it received.
fn export(
    engine: &mut Engine,
    cluster: &mut dyn Cluster,
    session_id: i64,
    request: &MigrationRequest<&[u8]>,
    cursor: ExportCursor,
    messages: u16,
    buffer: &mut Vec<u8>,
) -> Result<(), MigrationRefusal> {
    let MigrationRequest { correlation_id, instrument, migration, .. } = *request;
    let mut export = engine.export(instrument, migration, cursor)?;
    let mut records = Vec::new();
    for _ in 0..messages.clamp(1, MAXIMUM_EXPORTS) {
        let first_record = export.cursor().records;
        fill(&mut records, &mut export);
        let cursor = export.cursor();
        let part = ExportedRecords { correlation_id, instrument, migration, first_record, cursor, records: &records };
        if cluster.offer_to(session_id, encode_exported_records(&part, buffer)).is_err() || cursor.is_end() {
            break;
        }
    }
    Ok(())
}

/// Sends records of an instrument that is traded, as [`export`] does those of a fenced one. What is sent is noted only once the
/// session has taken it. The leader alone knows how far the copy is.
fn copy_ahead(
    engine: &mut Engine,
    cluster: &mut dyn Cluster,
    session_id: i64,
    request: &MigrationRequest<&[u8]>,
    cursor: ExportCursor,
    messages: u16,
    buffer: &mut Vec<u8>,
) -> Result<(), MigrationRefusal> {
    let MigrationRequest { correlation_id, instrument, migration, .. } = *request;
    engine.copy_ahead(instrument, migration, cursor)?;
    let mut first_record = cursor.records;
    let mut records = Vec::new();
    for _ in 0..messages.clamp(1, MAXIMUM_EXPORTS) {
        let mut export = engine.export_ahead(instrument, migration)?;
        fill(&mut records, &mut export);
        let part = export.end();
        let cursor = part.cursor();
        let message =
            ExportedRecords { correlation_id, instrument, migration, first_record, cursor, records: &records };
        if cluster.offer_to(session_id, encode_exported_records(&message, buffer)).is_err() {
            break;
        }
        engine.note_copied(part);
        first_record = cursor.records;
        if cursor.kind == ExportKind::Rest {
            break;
        }
    }
    Ok(())
}

/// Replaces the records of a message with as many of the next ones as it has room for.
fn fill(records: &mut Vec<u8>, export: &mut impl Iterator<Item = ExportRecord>) {
    records.clear();
    let mut writer = RecordWriter::new(records);
    while writer.has_room() {
        let Some(record) = export.next() else { break };
        writer.put(&record);
    }
}

#[cfg(test)]
mod tests;
