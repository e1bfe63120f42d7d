//! A simulated cluster: an engine, and the answers of a leader to a mover.

#![allow(unreachable_pub, reason = "a part of a test")]

use lugus_coordinator::migration::{ClusterRequest, Exported, MAXIMUM_MESSAGES, Records};
use lugus_engine::EventSink;
use lugus_engine::{Engine, EngineLimits, MigrationRefusal, Progress};
use lugus_vocabulary::*;

pub const LIMITS: EngineLimits = EngineLimits {
    instruments: 3,
    participants: 4,
    orders: 200,
    retained_events: 8,
    retained_firm_events: 16_384,
    retained_trades: 4_096,
    steps: 4_096,
};
pub const INSTRUMENT: InstrumentId = InstrumentId(1);

/// Events and the last reply of one command.
#[derive(Debug, Default)]
pub struct Heard {
    pub events: usize,
    pub reply: Option<Reply>,
}

impl EventSink for Heard {
    fn report(&mut self, _: &Report) {
        self.events += 1;
    }
    fn reply(&mut self, reply: &Reply) {
        self.reply = Some(*reply);
    }
}

pub enum Answer {
    Report(MigrationReport),
    Exported(Vec<Exported>),
    Nothing,
}

pub struct Cluster {
    pub engine: Engine,
    /// Whether the cluster has no leader.
    pub is_down: bool,
    /// Whether the members are of an earlier version, which does not answer steps of a copy ahead.
    pub is_older: bool,
    /// Number of imports that were complete: those that were copied ahead, and those that were copied whole.
    pub imports: [u64; 2],
}

impl Cluster {
    pub fn new() -> Self {
        Self { engine: Engine::new(LIMITS), is_down: false, is_older: false, imports: [0; 2] }
    }

    pub fn apply(&mut self, now: u64, participant: u32, instrument: u32, number: u64, action: Action) -> Heard {
        let mut heard = Heard::default();
        let command = Command {
            participant: ParticipantId(participant),
            instrument: InstrumentId(instrument),
            client_sequence: ClientSequence(number),
            action,
        };
        self.engine.apply(EpochNanos(now as i64), &command, &mut heard);
        heard
    }

    /// Whether the cluster trades the instrument. The probe is a command whose number leaves a gap: it changes nothing, and
    /// its answer is `SequenceReject` only if the instrument is traded here.
    pub fn takes_commands(&mut self) -> bool {
        let cancel = Action::Cancel { orig_client_order_id: ClientOrderId(1) };
        let heard = self.apply(0, 1, INSTRUMENT.0, u64::MAX, cancel);
        matches!(heard.reply, Some(Reply::SequenceReject { .. }))
    }

    /// Does a step. `library` holds the records of all parts; the bytes of a part are its index in `library`.
    pub fn answer(&mut self, request: &ClusterRequest, part: usize, library: &mut Vec<Vec<ExportRecord>>) -> Answer {
        let MigrationRequest { correlation_id, instrument, migration, ref step } = *request;
        let is_new = match step {
            MigrationStep::ImportAhead | MigrationStep::ImportComplete { .. } => true,
            MigrationStep::Export { cursor, .. } => cursor.kind != ExportKind::Whole,
            _ => false,
        };
        if is_new && self.is_older {
            return Answer::Nothing;
        }
        let engine = &mut self.engine;
        let nothing = ExportManifest::default();
        let done = Ok((MigrationOutcome::Done, 0, nothing));
        let of_progress = |progress| match progress {
            Progress::More => (MigrationOutcome::More, 0, nothing),
            Progress::Done => (MigrationOutcome::Done, 0, nothing),
        };
        let with_manifest = |manifest| (MigrationOutcome::Done, 0, manifest);
        let result = match step {
            MigrationStep::Export { cursor, messages } => {
                assert!(*messages <= MAXIMUM_MESSAGES);
                let export = if cursor.kind == ExportKind::Ahead { copy_ahead } else { export };
                match export(engine, request, *cursor, *messages, part, library) {
                    Ok(parts) => return Answer::Exported(parts),
                    Err(refusal) => Err(refusal),
                }
            }
            MigrationStep::Fence => engine.fence(instrument, migration).map(with_manifest),
            MigrationStep::Unfence => engine.unfence(instrument, migration).and(done),
            MigrationStep::ImportBegin { manifest } => engine
                .import_begin(instrument, migration, *manifest)
                .map(|received| (MigrationOutcome::Done, received, *manifest)),
            MigrationStep::ImportRecords { first_record, records } => {
                let index = u64::from_le_bytes((**records).try_into().unwrap());
                let records = library[index as usize].iter().copied();
                let received = engine.import_records(instrument, migration, *first_record, records);
                received.map(|received| (MigrationOutcome::Done, received, nothing))
            }
            MigrationStep::ImportEnd { checksum } => {
                engine.import_end(instrument, migration, *checksum).map(with_manifest)
            }
            MigrationStep::ImportAhead => {
                engine.import_ahead(instrument, migration).map(|received| (MigrationOutcome::Done, received, nothing))
            }
            MigrationStep::ImportComplete { manifest, records, checksum } => {
                engine.import_complete(instrument, migration, *manifest, *records, *checksum).map(with_manifest)
            }
            MigrationStep::Activate => engine.activate(instrument, migration).and(done),
            MigrationStep::Drop { epoch } => engine.drop_instrument(instrument, migration, *epoch).map(of_progress),
            MigrationStep::DropImport => engine.drop_import(instrument, migration).map(of_progress),
        };
        match step {
            MigrationStep::ImportComplete { .. } => self.imports[0] += u64::from(result.is_ok()),
            MigrationStep::ImportEnd { .. } => self.imports[1] += u64::from(result.is_ok()),
            _ => {}
        }
        if correlation_id.is_multiple_of(16) {
            engine.verify().unwrap();
        }
        let (outcome, detail, manifest) = result.unwrap_or_else(|refusal| {
            let (outcome, detail) = refusal.outcome();
            (outcome, detail, nothing)
        });
        Answer::Report(MigrationReport { correlation_id, instrument, migration, outcome, detail, manifest })
    }
}

fn export(
    engine: &mut Engine,
    request: &ClusterRequest,
    cursor: ExportCursor,
    messages: u16,
    part: usize,
    library: &mut Vec<Vec<ExportRecord>>,
) -> Result<Vec<Exported>, MigrationRefusal> {
    let MigrationRequest { correlation_id, instrument, migration, .. } = *request;
    let mut export = engine.export(instrument, migration, cursor)?;
    let mut parts = Vec::new();
    for _ in 0..messages {
        let first_record = export.cursor().records;
        library.push(export.by_ref().take(part).collect());
        let cursor = export.cursor();
        let records: Records = Records::from((library.len() as u64 - 1).to_le_bytes());
        parts.push(Exported { correlation_id, instrument, migration, first_record, cursor, records });
        if cursor.is_end() {
            break;
        }
    }
    Ok(parts)
}

/// Sends parts of a copy ahead of the fence; one in ten finds no room in the session.
fn copy_ahead(
    engine: &mut Engine,
    request: &ClusterRequest,
    cursor: ExportCursor,
    messages: u16,
    part: usize,
    library: &mut Vec<Vec<ExportRecord>>,
) -> Result<Vec<Exported>, MigrationRefusal> {
    let MigrationRequest { correlation_id, instrument, migration, .. } = *request;
    engine.copy_ahead(instrument, migration, cursor)?;
    let (mut parts, mut first_record) = (Vec::new(), cursor.records);
    for number in 0..messages {
        let mut export = engine.export_ahead(instrument, migration)?;
        library.push(export.by_ref().take(part).collect());
        let copied = export.end();
        let cursor = copied.cursor();
        if (correlation_id + u64::from(number)).is_multiple_of(10) {
            break;
        }
        engine.note_copied(copied);
        let records: Records = Records::from((library.len() as u64 - 1).to_le_bytes());
        parts.push(Exported { correlation_id, instrument, migration, first_record, cursor, records });
        first_record = cursor.records;
        if cursor.kind == ExportKind::Rest {
            break;
        }
    }
    Ok(parts)
}
