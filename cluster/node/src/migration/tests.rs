use std::time::Instant;

use aeron_cluster_service::testing::RecordingCluster;
use aeron_cluster_service::{Cluster, Role, TimeUnit};
use lugus_codecs::order_entry::{
    export_place::ExportPlace as Place, export_request_codec, exported_records_codec, import_begin_codec,
    import_records_codec, message_reject_codec, migration_outcome::MigrationOutcome, migration_request_codec,
    migration_step::MigrationStep, moved_codec,
};
use lugus_codecs::{DecodeError, Envelope, HEADER_LENGTH, block, message};
use lugus_engine::{Engine, EngineLimits};
use lugus_vocabulary::{ExportCursor, InstrumentId, MigrationId, Side, SnapshotRecord};
use proptest::prelude::*;

use super::MAXIMUM_EXPORTS;
use super::records::{MAXIMUM_LENGTH, RecordReader, RecordWriter};
use crate::service::{DropCopyPolicy, MatchingService};
use crate::snapshot::tests::busy_engine;
use crate::test_messages::{cancel_message, define_message, new_order_message};

const OPERATOR: i64 = 100;
const ALICE: i64 = 101;
const MIGRATION: u64 = 7;

/// A leader's service, and sessions of the operator and a participant.
struct Member {
    service: MatchingService,
    cluster: RecordingCluster,
}

impl Member {
    fn new(limits: EngineLimits) -> Self {
        let service = MatchingService::new(limits, DropCopyPolicy::Operator);
        let mut cluster = RecordingCluster::new(Role::Leader).with_time_unit(TimeUnit::Nanos);
        cluster.set_time(1_000);
        let mut member = Self { service, cluster };
        for (session, principal) in [(OPERATOR, "0"), (ALICE, "1")] {
            member.cluster.session_open(&mut member.service, session, principal.as_bytes());
        }
        member
    }

    /// With instrument 1 and so many orders of a participant.
    fn with_orders(limits: EngineLimits, orders: u64) -> Self {
        let mut member = Self::new(limits);
        member.says(OPERATOR, &define_message(1, 1));
        for number in 1..=orders {
            let price = 1_000 - (number % 900) as i64;
            member.says(ALICE, &new_order_message(1, number, number, Side::Buy, price, 1 + number % 50));
        }
        member
    }

    fn says(&mut self, session: i64, message: &[u8]) -> Vec<Vec<u8>> {
        self.cluster.take_sent();
        self.cluster.session_message(&mut self.service, session, message);
        self.cluster.take_sent().into_iter().map(|sent| sent.message).collect()
    }

    fn report(&mut self, message: &[u8]) -> Report {
        match &self.says(OPERATOR, message)[..] {
            [answer] => report(answer).unwrap(),
            answers => panic!("{} answers", answers.len()),
        }
    }

    fn hash(&self) -> Option<u64> {
        self.service.engine().instrument_state_hash(InstrumentId(1)).map(|hash| hash.0)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Report {
    outcome: MigrationOutcome,
    detail: u64,
    manifest: (u64, u32, u32, u64),
}

fn report(message: &[u8]) -> Result<Report, DecodeError> {
    let envelope = Envelope::open(message)?;
    let report = block!(envelope, order_entry, migration_report_codec, MigrationReportDecoder);
    assert_eq!((report.correlation_id(), report.migration_id(), report.instrument_id()), (5, MIGRATION, 1));
    let manifest = (report.state_hash(), report.scopes(), report.orders(), report.reports());
    Ok(Report { outcome: report.outcome(), detail: report.detail(), manifest })
}

fn step(step: MigrationStep) -> Vec<u8> {
    let mut buffer = vec![0; HEADER_LENGTH + usize::from(migration_request_codec::SBE_BLOCK_LENGTH)];
    let _length;
    message!(&mut buffer[..], order_entry, migration_request_codec, MigrationRequestEncoder, _length)
        .correlation_id(5)
        .migration_id(MIGRATION)
        .epoch(if step == MigrationStep::DROP { 9 } else { 0 })
        .instrument_id(1)
        .step(step);
    buffer
}

/// A cursor as the wire has it.
type Cursor = (u64, u64, u64, u32, Place);

fn export(cursor: Cursor, messages: u16) -> Vec<u8> {
    let mut buffer = vec![0; HEADER_LENGTH + usize::from(export_request_codec::SBE_BLOCK_LENGTH)];
    let _length;
    message!(&mut buffer[..], order_entry, export_request_codec, ExportRequestEncoder, _length)
        .correlation_id(5)
        .migration_id(MIGRATION)
        .records(cursor.0)
        .checksum(cursor.1)
        .number(cursor.2)
        .participant_id(cursor.3)
        .instrument_id(1)
        .messages(messages)
        .place(cursor.4);
    buffer
}

fn exported(message: &[u8]) -> Result<(u64, Cursor, &[u8]), DecodeError> {
    let envelope = Envelope::open(message)?;
    let part = block!(envelope, order_entry, exported_records_codec, ExportedRecordsDecoder);
    let body = envelope.body(exported_records_codec::SBE_TEMPLATE_ID, exported_records_codec::SBE_BLOCK_LENGTH)?;
    let (bytes, end) = body.var_data(body.end_of_block())?;
    assert_eq!(end, message.len());
    let cursor = (part.records(), part.checksum(), part.number(), part.participant_id(), part.place());
    Ok((part.first_record(), cursor, bytes))
}

fn begin(manifest: (u64, u32, u32, u64)) -> Vec<u8> {
    let mut buffer = vec![0; HEADER_LENGTH + usize::from(import_begin_codec::SBE_BLOCK_LENGTH)];
    let _length;
    message!(&mut buffer[..], order_entry, import_begin_codec, ImportBeginEncoder, _length)
        .correlation_id(5)
        .migration_id(MIGRATION)
        .state_hash(manifest.0)
        .scopes(manifest.1)
        .orders(manifest.2)
        .reports(manifest.3)
        .instrument_id(1);
    buffer
}

fn import(first: u64, bytes: &[u8]) -> Vec<u8> {
    let mut buffer = vec![0; HEADER_LENGTH + usize::from(import_records_codec::SBE_BLOCK_LENGTH)];
    let _length;
    message!(&mut buffer[..], order_entry, import_records_codec, ImportRecordsEncoder, _length)
        .correlation_id(5)
        .migration_id(MIGRATION)
        .first_record(first)
        .instrument_id(1);
    buffer.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
    buffer.extend_from_slice(bytes);
    buffer
}

fn end(checksum: u64) -> Vec<u8> {
    use lugus_codecs::order_entry::import_end_codec;
    let mut buffer = vec![0; HEADER_LENGTH + usize::from(import_end_codec::SBE_BLOCK_LENGTH)];
    let _length;
    message!(&mut buffer[..], order_entry, import_end_codec, ImportEndEncoder, _length)
        .correlation_id(5)
        .migration_id(MIGRATION)
        .checksum(checksum)
        .instrument_id(1);
    buffer
}

const START: Cursor = (0, 0, 0, 0, Place::START);

/// Export and import to the end; gives how many messages it took.
fn carry(from: &mut Member, to: &mut [&mut Member]) -> (usize, Cursor) {
    let (mut cursor, mut messages) = (START, 0);
    while cursor.4 != Place::END {
        for part in from.says(OPERATOR, &export(cursor, 3)) {
            let (first, next, bytes) = exported(&part).unwrap();
            assert_eq!(first, cursor.0, "parts follow one another");
            assert!(bytes.len() <= MAXIMUM_LENGTH);
            let records = import(first, bytes);
            for member in &mut *to {
                let done = Report { outcome: MigrationOutcome::DONE, detail: next.0, manifest: (0, 0, 0, 0) };
                match &member.says(OPERATOR, &records)[..] {
                    [] => assert_eq!(member.cluster.role(), Role::Follower),
                    answers => assert_eq!(report(&answers[0]).unwrap(), done),
                }
            }
            cursor = next;
            messages += 1;
        }
    }
    (messages, cursor)
}

#[test]
fn an_instrument_moves_by_messages_and_followers_do_the_same() {
    let mut from = Member::with_orders(EngineLimits::default(), 9_000);
    let (mut to, mut follower) = (Member::new(EngineLimits::default()), Member::new(EngineLimits::default()));
    follower.cluster.set_role(Role::Follower);
    let fenced = from.report(&step(MigrationStep::FENCE));
    assert_eq!((fenced.outcome, fenced.manifest), (MigrationOutcome::DONE, (from.hash().unwrap(), 1, 9_000, 4_096)));
    assert_eq!(from.report(&step(MigrationStep::FENCE)), fenced);
    for member in [&mut to, &mut follower] {
        member.says(OPERATOR, &begin(fenced.manifest));
    }
    let gap = to.report(&import(3, &[]));
    assert_eq!((gap.outcome, gap.detail), (MigrationOutcome::GAP, 0));
    let (messages, cursor) = carry(&mut from, &mut [&mut to, &mut follower]);
    assert!(messages > 5, "{messages} messages");
    assert_eq!(cursor.0, 1 + 1 + 9_000 + 4_096);
    let wrong = to.report(&end(cursor.1 ^ 1));
    assert_eq!((wrong.outcome, wrong.detail), (MigrationOutcome::CHECKSUM, cursor.1));
    follower.says(OPERATOR, &end(cursor.1 ^ 1));
    let ended = to.report(&end(cursor.1));
    assert_eq!((ended.outcome, ended.manifest), (MigrationOutcome::DONE, fenced.manifest));
    follower.says(OPERATOR, &end(cursor.1));
    let template = |messages: &[Vec<u8>]| Envelope::open(&messages[0]).unwrap().template_id;
    assert_eq!(template(&to.says(ALICE, &cancel_message(1, 9_001, 5))), moved_codec::SBE_TEMPLATE_ID);
    assert_eq!(to.report(&step(MigrationStep::ACTIVATE)).outcome, MigrationOutcome::DONE);
    follower.says(OPERATOR, &step(MigrationStep::ACTIVATE));
    assert_eq!(from.report(&step(MigrationStep::DROP)).outcome, MigrationOutcome::MORE);
    assert_eq!(from.report(&step(MigrationStep::DROP)).outcome, MigrationOutcome::DONE);
    assert_eq!(template(&from.says(ALICE, &cancel_message(1, 9_001, 5))), moved_codec::SBE_TEMPLATE_ID);
    assert_eq!(to.hash(), Some(fenced.manifest.0));
    to.service.engine().verify().unwrap();
    for member in [&mut to, &mut follower] {
        member.says(ALICE, &cancel_message(1, 9_001, 5));
    }
    assert_eq!(to.service.engine().live_orders(), 8_999);
    assert_eq!(to.service.engine().state_hash(), follower.service.engine().state_hash());
}

#[test]
fn an_export_is_asked_for_in_so_many_messages_and_stops_where_no_more_are_taken() {
    let mut from = Member::with_orders(EngineLimits::default(), 50_000);
    from.says(OPERATOR, &step(MigrationStep::FENCE));
    let all = from.says(OPERATOR, &export(START, u16::MAX)).len();
    assert!((2..=usize::from(MAXIMUM_EXPORTS)).contains(&all), "{all}");
    assert_eq!(from.says(OPERATOR, &export(START, 0)).len(), 1);
    let unknown = from.report(&export((0, 0, u64::MAX, 1, Place::ORDER), 1));
    assert_eq!(unknown.outcome, MigrationOutcome::UNKNOWN_CURSOR);
    from.cluster.set_role(Role::Follower);
    assert_eq!(from.says(OPERATOR, &export(START, 9)).len(), 0);
}

#[test]
fn only_the_operator_migrates() {
    let mut from = Member::with_orders(EngineLimits::default(), 10);
    let hash = from.service.engine().state_hash();
    for message in [step(MigrationStep::FENCE), export(START, 1), begin((0, 0, 0, 0)), import(0, &[1; 9_000]), end(0)] {
        let answers = from.says(ALICE, &message);
        assert_eq!(Envelope::open(&answers[0]).unwrap().template_id, message_reject_codec::SBE_TEMPLATE_ID);
    }
    assert_eq!(from.service.engine().state_hash(), hash);
}

/// Records of an instrument with all kinds of orders and events.
fn busy_records() -> Vec<SnapshotRecord> {
    let (mut engine, id) = (busy_engine(), InstrumentId(1));
    engine.fence(id, MigrationId(MIGRATION)).unwrap();
    engine.export(id, MigrationId(MIGRATION), ExportCursor::START).unwrap().collect()
}

fn written(records: &[SnapshotRecord]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut writer = RecordWriter::new(&mut bytes);
    records.iter().for_each(|record| writer.put(record));
    bytes
}

#[test]
fn records_are_read_as_they_were_written_from_any_on() {
    let records = busy_records();
    let kinds: std::collections::BTreeSet<_> =
        records.iter().map(std::mem::discriminant).map(|kind| format!("{kind:?}")).collect();
    assert_eq!(kinds.len(), 4);
    for from in [0, 1, 2, 50, records.len() - 3] {
        let bytes = written(&records[from..]);
        let mut reader = RecordReader::new(InstrumentId(1), &bytes);
        assert!(reader.by_ref().eq(records[from..].iter().copied()));
        assert!(!reader.is_damaged());
    }
    let mut bytes = Vec::new();
    for record in &records {
        bytes.clear();
        RecordWriter::new(&mut bytes).put(record);
        assert!(bytes.len() < 300, "{}", bytes.len());
    }
}

#[test]
fn records_cut_anywhere_are_damaged_or_fewer() {
    let records = busy_records();
    let bytes = written(&records[..60]);
    for length in 0..bytes.len() {
        let mut reader = RecordReader::new(InstrumentId(1), &bytes[..length]);
        let read: Vec<_> = reader.by_ref().collect();
        assert!(read.len() < 60 && read[..] == records[..read.len()]);
    }
}

proptest! {
    #[test]
    fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(prop_oneof![0..3_u8, any::<u8>()], 0..300)) {
        let mut to = Engine::new(EngineLimits { instruments: 2, participants: 2, orders: 8, retained_events: 4 });
        let manifest = lugus_vocabulary::ExportManifest { scopes: 1, orders: 2, reports: 2, ..Default::default() };
        to.import_begin(InstrumentId(1), MigrationId(3), manifest).unwrap();
        let _ = to.import_records(InstrumentId(1), MigrationId(3), 0, RecordReader::new(InstrumentId(1), &bytes));
        to.verify().unwrap();
    }
}

/// What a million orders cost each side's service: `cargo test --release -p lugus-node -- --ignored --nocapture cost`.
#[test]
#[ignore = "a measurement"]
fn cost_of_a_million_orders() {
    for orders in [10_000, 1_000_000] {
        let limits = EngineLimits::default();
        let mut from = Member::with_orders(limits, orders);
        let mut to = Member::new(limits);
        let begun = Instant::now();
        let fenced = from.report(&step(MigrationStep::FENCE));
        let fence = begun.elapsed();
        to.report(&begin(fenced.manifest));
        let (mut cursor, mut parts) = (START, Vec::new());
        let begun = Instant::now();
        while cursor.4 != Place::END {
            for part in from.says(OPERATOR, &export(cursor, MAXIMUM_EXPORTS)) {
                cursor = exported(&part).unwrap().1;
                parts.push(part);
            }
        }
        let exporting = begun.elapsed();
        let bytes: usize = parts.iter().map(Vec::len).sum();
        let begun = Instant::now();
        for part in &parts {
            let (first, _, bytes) = exported(part).unwrap();
            to.report(&import(first, bytes));
        }
        let importing = begun.elapsed();
        let begun = Instant::now();
        to.report(&end(cursor.1));
        to.report(&step(MigrationStep::ACTIVATE));
        let ending = begun.elapsed();
        let mut clearing = Vec::new();
        loop {
            let begun = Instant::now();
            let outcome = from.report(&step(MigrationStep::DROP)).outcome;
            clearing.push(begun.elapsed());
            if outcome == MigrationOutcome::DONE {
                break;
            }
        }
        let longest = clearing.iter().max().unwrap();
        println!(
            "{orders} orders: fence {fence:?}, export {exporting:?} ({bytes} bytes, {} messages), import {importing:?}, \
             end and activate {ending:?}, drop {} parts, longest {longest:?}",
            parts.len(),
            clearing.len(),
        );
    }
}
