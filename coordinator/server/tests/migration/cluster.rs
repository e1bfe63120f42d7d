//! A simulated cluster: an engine, and the answers of a leader to a mover.

#![allow(unreachable_pub, reason = "a part of a test")]

use std::convert::Infallible;

use lugus_coordinator::migration::{ClusterRequest, Exported, MAXIMUM_MESSAGES, Records};
use lugus_engine::EventSink;
use lugus_engine::{Engine, EngineLimits, MigrationRefusal, Progress, Restore};
use lugus_vocabulary::*;

pub const LIMITS: EngineLimits = EngineLimits {
    instruments: 3,
    participants: 4,
    orders: 200,
    retained_events: 8,
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
}

pub struct Cluster {
    pub engine: Engine,
    pub limits: EngineLimits,
    /// Simulated time until which the cluster has no leader.
    pub down_until: u64,
}

impl Cluster {
    pub fn new() -> Self {
        Self { engine: Engine::new(LIMITS), limits: LIMITS, down_until: 0 }
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

    /// Replaces the engine with one restored from its snapshot, as when a restarted member becomes leader.
    pub fn restart(&mut self) {
        let mut records = Vec::new();
        let Ok(()) = self.engine.snapshot(&mut |record| {
            records.push(*record);
            Ok::<(), Infallible>(())
        });
        let mut restore = Restore::new(self.limits);
        records.iter().for_each(|record| restore.record(record).unwrap());
        let restored = restore.finish().unwrap();
        assert_eq!(restored.state_hash(), self.engine.state_hash());
        self.engine = restored;
    }

    /// Does a step. `library` holds the records of all parts; the bytes of a part are its index in `library`.
    pub fn answer(&mut self, request: &ClusterRequest, part: usize, library: &mut Vec<Vec<SnapshotRecord>>) -> Answer {
        let MigrationRequest { correlation_id, instrument, migration, ref step } = *request;
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
                assert_eq!(*messages, MAXIMUM_MESSAGES);
                match export(engine, request, *cursor, part, library) {
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
            MigrationStep::Activate => engine.activate(instrument, migration).and(done),
            MigrationStep::Drop { epoch } => engine.drop_instrument(instrument, migration, *epoch).map(of_progress),
            MigrationStep::DropImport => engine.drop_import(instrument, migration).map(of_progress),
        };
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
    engine: &Engine,
    request: &ClusterRequest,
    cursor: ExportCursor,
    part: usize,
    library: &mut Vec<Vec<SnapshotRecord>>,
) -> Result<Vec<Exported>, MigrationRefusal> {
    let MigrationRequest { correlation_id, instrument, migration, .. } = *request;
    let mut export = engine.export(instrument, migration, cursor)?;
    let mut parts = Vec::new();
    for _ in 0..MAXIMUM_MESSAGES {
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
