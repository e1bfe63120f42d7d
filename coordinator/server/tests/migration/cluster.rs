//! A cluster of the world: an engine, and what a leader answers to a mover.

#![allow(unreachable_pub, reason = "a part of a test")]

use std::convert::Infallible;
use std::sync::Arc;

use lugus_coordinator::migration::{
    ClusterRequest, Cursor, CursorPlace, Exported, Extent, MAXIMUM_MESSAGES, Report, Step, StepOutcome,
};
use lugus_engine::EventSink;
use lugus_engine::{Engine, EngineLimits, MigrationRefusal, Progress, Restore, SnapshotFault};
use lugus_vocabulary::*;

pub const LIMITS: EngineLimits = EngineLimits { instruments: 3, participants: 4, orders: 200, retained_events: 8 };
pub const INSTRUMENT: InstrumentId = InstrumentId(1);

/// What a sink was told last.
#[derive(Debug, Default)]
pub struct Heard {
    pub events: usize,
    pub reply: Option<Reply>,
}

impl EventSink for Heard {
    fn report(&mut self, _: &lugus_vocabulary::Report) {
        self.events += 1;
    }
    fn reply(&mut self, reply: &Reply) {
        self.reply = Some(*reply);
    }
}

pub enum Answer {
    Report(Report),
    Exported(Vec<Exported>),
}

pub struct Cluster {
    pub engine: Engine,
    pub limits: EngineLimits,
    /// Without a leader until then.
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

    /// A command that would be a hole changes nothing, and is answered otherwise while the instrument moves.
    pub fn takes_commands(&mut self) -> bool {
        let cancel = Action::Cancel { orig_client_order_id: ClientOrderId(1) };
        let heard = self.apply(0, 1, INSTRUMENT.0, u64::MAX, cancel);
        matches!(heard.reply, Some(Reply::SequenceReject { .. }))
    }

    /// A member that starts from a snapshot leads.
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

    /// `library` holds the records of all parts; its bytes on the wire are a place in it.
    pub fn answer(&mut self, request: &ClusterRequest, part: usize, library: &mut Vec<Vec<SnapshotRecord>>) -> Answer {
        let (id, migration) = (InstrumentId(request.instrument), MigrationId(request.migration.0));
        let engine = &mut self.engine;
        let extent = |extent: lugus_vocabulary::ExportManifest| Extent {
            state_hash: extent.state_hash.0,
            scopes: extent.scopes,
            orders: extent.orders,
            reports: extent.reports,
        };
        let done = Ok((StepOutcome::Done, 0, Extent::default()));
        let of_progress = |progress| match progress {
            Progress::More => (StepOutcome::More, 0, Extent::default()),
            Progress::Done => (StepOutcome::Done, 0, Extent::default()),
        };
        let result = match &request.step {
            Step::Export { cursor } => match export(engine, request, *cursor, part, library) {
                Ok(parts) => return Answer::Exported(parts),
                Err(refusal) => Err(refusal),
            },
            Step::Fence => engine.fence(id, migration).map(|of| (StepOutcome::Done, 0, extent(of))),
            Step::Unfence => engine.unfence(id, migration).and(done),
            Step::ImportBegin { extent: of } => {
                let all = lugus_vocabulary::ExportManifest {
                    state_hash: StateHash(of.state_hash),
                    scopes: of.scopes,
                    orders: of.orders,
                    reports: of.reports,
                };
                engine.import_begin(id, migration, all).map(|received| (StepOutcome::Done, received, *of))
            }
            Step::ImportRecords { first, records } => {
                let place = u64::from_le_bytes((**records).try_into().unwrap());
                let records = library[place as usize].iter().copied();
                let received = engine.import_records(id, migration, *first, records);
                received.map(|received| (StepOutcome::Done, received, Extent::default()))
            }
            Step::ImportEnd { checksum } => {
                engine.import_end(id, migration, *checksum).map(|of| (StepOutcome::Done, 0, extent(of)))
            }
            Step::Activate => engine.activate(id, migration).and(done),
            Step::Drop { epoch } => engine.drop_instrument(id, migration, MapEpoch(*epoch)).map(of_progress),
            Step::DropImport => engine.drop_import(id, migration).map(of_progress),
        };
        if request.correlation_id.is_multiple_of(16) {
            engine.verify().unwrap();
        }
        let (outcome, detail, extent) = result.unwrap_or_else(|refusal| {
            let (outcome, detail) = of_refusal(&refusal);
            (outcome, detail, Extent::default())
        });
        let (correlation_id, migration) = (request.correlation_id, request.migration);
        Answer::Report(Report { correlation_id, migration, outcome, detail, extent })
    }
}

fn export(
    engine: &Engine,
    request: &ClusterRequest,
    cursor: Cursor,
    part: usize,
    library: &mut Vec<Vec<SnapshotRecord>>,
) -> Result<Vec<Exported>, MigrationRefusal> {
    let participant = ParticipantId(cursor.participant);
    let place = match cursor.place {
        CursorPlace::Start => ExportPlace::Start,
        CursorPlace::Instrument => ExportPlace::Instrument,
        CursorPlace::Scope => ExportPlace::Scope { participant, events: cursor.number as u32 },
        CursorPlace::Order => ExportPlace::Order { participant, client_order_id: ClientOrderId(cursor.number) },
        CursorPlace::End => ExportPlace::End,
    };
    let from = ExportCursor { records: cursor.records, checksum: cursor.checksum, place };
    let mut export = engine.export(InstrumentId(request.instrument), MigrationId(request.migration.0), from)?;
    let mut parts = Vec::new();
    for _ in 0..MAXIMUM_MESSAGES {
        let first = export.cursor().records;
        let records: Vec<_> = export.by_ref().take(part).collect();
        let after = export.cursor();
        let (place, participant, number) = match after.place {
            ExportPlace::Start => (CursorPlace::Start, 0, 0),
            ExportPlace::Instrument => (CursorPlace::Instrument, 0, 0),
            ExportPlace::Scope { participant, events } => (CursorPlace::Scope, participant.0, events.into()),
            ExportPlace::Order { participant, client_order_id } => {
                (CursorPlace::Order, participant.0, client_order_id.0)
            }
            ExportPlace::End => (CursorPlace::End, 0, 0),
        };
        let cursor = Cursor { records: after.records, checksum: after.checksum, number, participant, place };
        library.push(records);
        let records: Arc<[u8]> = Arc::from((library.len() as u64 - 1).to_le_bytes());
        parts.push(Exported {
            correlation_id: request.correlation_id,
            migration: request.migration,
            first,
            cursor,
            records,
        });
        if place == CursorPlace::End {
            break;
        }
    }
    Ok(parts)
}

fn of_refusal(refusal: &MigrationRefusal) -> (StepOutcome, u64) {
    match *refusal {
        MigrationRefusal::UnknownInstrument => (StepOutcome::UnknownInstrument, 0),
        MigrationRefusal::AlreadyHere => (StepOutcome::AlreadyHere, 0),
        MigrationRefusal::Over { last } => (StepOutcome::Over, last.0),
        MigrationRefusal::OtherMigration { current } => (StepOutcome::OtherMigration, current.0),
        MigrationRefusal::OutOfOrder => (StepOutcome::OutOfOrder, 0),
        MigrationRefusal::OtherManifest => (StepOutcome::OtherExtent, 0),
        MigrationRefusal::Gap { expected } => (StepOutcome::Gap, expected),
        MigrationRefusal::UnknownCursor => (StepOutcome::UnknownCursor, 0),
        MigrationRefusal::Checksum { calculated, .. } => (StepOutcome::Checksum, calculated),
        MigrationRefusal::Record(SnapshotFault::Limit { .. }) | MigrationRefusal::LimitMigrationStates => {
            (StepOutcome::Limit, 0)
        }
        MigrationRefusal::Record(_) => (StepOutcome::Record, 0),
    }
}
