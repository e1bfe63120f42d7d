//! A live instrument goes to another cluster: the operator's requests, and their answers.
//!
//! `request` reads and `answer` writes the messages, `records` packs what is exported; here the engine does the steps.

pub(crate) mod answer;
pub(crate) mod records;
pub(crate) mod request;

use aeron_cluster_service::{Cluster, Role};
use answer::{Exported, Outcome};
use lugus_engine::{Engine, MigrationRefusal, Progress};
use lugus_vocabulary::{ExportCursor, ExportManifest, InstrumentId, MapEpoch, MigrationId};
use records::{RecordReader, RecordWriter};

/// Most messages that one export request is answered with: as much as a client's receive window and the members' idle
/// time are worth.
pub const MAXIMUM_EXPORTS: u16 = 32;

/// What an operator asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MigrationRequest<'a> {
    /// The asker's number.
    pub correlation_id: u64,
    /// Which instrument.
    pub instrument: InstrumentId,
    /// In which migration.
    pub migration: MigrationId,
    /// What is to be done.
    pub step: Step<'a>,
}

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step<'a> {
    /// Take no more commands.
    Fence,
    /// Take commands again.
    Unfence,
    /// Tell the state, from a cursor on, in so many messages at most.
    Export {
        /// Where it goes on.
        cursor: ExportCursor,
        /// How many.
        messages: u16,
    },
    /// So much is to come.
    ImportBegin {
        /// As the fence told it.
        manifest: ExportManifest,
    },
    /// Some of it.
    ImportRecords {
        /// Records before the first.
        first: u64,
        /// As exported.
        exported: &'a [u8],
    },
    /// All of it has been sent.
    ImportEnd {
        /// At the end of the export.
        checksum: u64,
    },
    /// Take commands of what was imported.
    Activate,
    /// Forget what has moved, as the map of this epoch says.
    Drop {
        /// Of the map.
        epoch: MapEpoch,
    },
    /// Forget what was imported.
    DropImport,
}

/// Does a step and answers it.
pub(crate) fn answer(
    engine: &mut Engine,
    cluster: &mut dyn Cluster,
    session_id: i64,
    request: &MigrationRequest<'_>,
    buffer: &mut Vec<u8>,
) {
    let MigrationRequest { instrument, migration, step, .. } = *request;
    let outcome = match step {
        Step::Export { cursor, messages } => {
            match export(engine, cluster, session_id, request, cursor, messages, buffer) {
                Ok(()) => return,
                Err(refusal) => Err(refusal),
            }
        }
        Step::Fence => engine.fence(instrument, migration).map(Outcome::of_manifest),
        Step::Unfence => engine.unfence(instrument, migration).map(|()| Outcome::DONE),
        Step::ImportBegin { manifest } => engine
            .import_begin(instrument, migration, manifest)
            .map(|received| Outcome { detail: received, ..Outcome::of_manifest(manifest) }),
        Step::ImportRecords { first, exported } => import(engine, instrument, migration, first, exported),
        Step::ImportEnd { checksum } => engine.import_end(instrument, migration, checksum).map(Outcome::of_manifest),
        Step::Activate => engine.activate(instrument, migration).map(|()| Outcome::DONE),
        Step::Drop { epoch } => engine.drop_instrument(instrument, migration, epoch).map(of_progress),
        Step::DropImport => engine.drop_import(instrument, migration).map(of_progress),
    };
    if let Err(refusal) = &outcome {
        tracing::warn!(instrument = instrument.0, migration = migration.0, %refusal, "a step of a migration is refused");
    }
    let outcome = outcome.unwrap_or_else(|refusal| Outcome::of_refusal(&refusal));
    if cluster.role() == Role::Leader {
        let _ = cluster.offer_to(session_id, answer::report(request, &outcome, buffer));
    }
}

fn of_progress(progress: Progress) -> Outcome {
    match progress {
        Progress::More => Outcome::MORE,
        Progress::Done => Outcome::DONE,
    }
}

/// Bytes that are no records leave those before them: the same request with good ones goes on.
fn import(
    engine: &mut Engine,
    instrument: InstrumentId,
    migration: MigrationId,
    first: u64,
    exported: &[u8],
) -> Result<Outcome, MigrationRefusal> {
    let mut reader = RecordReader::new(instrument, exported);
    let received = engine.import_records(instrument, migration, first, reader.by_ref())?;
    Ok(if reader.is_damaged() { Outcome::damaged(received) } else { Outcome { detail: received, ..Outcome::DONE } })
}

/// Sends records from a cursor on, until all are sent, or as many messages as asked for, or the session takes no more:
/// whoever asked goes on from the last message that came. Only the leader looks at them at all.
fn export(
    engine: &Engine,
    cluster: &mut dyn Cluster,
    session_id: i64,
    request: &MigrationRequest<'_>,
    cursor: ExportCursor,
    messages: u16,
    buffer: &mut Vec<u8>,
) -> Result<(), MigrationRefusal> {
    if cluster.role() != Role::Leader {
        return Ok(());
    }
    let mut export = engine.export(request.instrument, request.migration, cursor)?;
    for _ in 0..messages.clamp(1, MAXIMUM_EXPORTS) {
        let first_record = export.cursor().records;
        answer::begin_exported(buffer);
        let mut writer = RecordWriter::new(buffer);
        while writer.has_room() {
            let Some(record) = export.next() else { break };
            writer.put(&record);
        }
        let cursor = export.cursor();
        let is_end = cursor.place == lugus_vocabulary::ExportPlace::End;
        let message = answer::exported(request, &Exported { first_record, cursor }, buffer);
        if cluster.offer_to(session_id, message).is_err() || is_end {
            break;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
