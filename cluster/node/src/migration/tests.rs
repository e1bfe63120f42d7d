//! Steps of a migration through a member's service.

use std::time::Instant;

use aeron_cluster_service::testing::RecordingCluster;
use aeron_cluster_service::{Cluster, Role, TimeUnit};
use lugus_codecs::Envelope;
use lugus_codecs::migration::records::MAXIMUM_RUN_LENGTH;
use lugus_codecs::migration::records::reader::RecordReader;
use lugus_codecs::migration::records::writer::RecordWriter;
use lugus_codecs::migration::{MigrationAnswer, decode_migration_answer, encode_migration_request};
use lugus_codecs::order_entry::template_id;
use lugus_engine::{Engine, EngineLimits};
use lugus_vocabulary::{
    ClientOrderId, ExportCursor, ExportKind, ExportManifest, ExportPlace, ExportRecord, ExportedRecords, InstrumentId,
    MapEpoch, MigrationId, MigrationOutcome, MigrationReport, MigrationRequest, MigrationStep, ParticipantId, Side,
    SnapshotRecord, StateHash, TradeId,
};
use proptest::prelude::*;

use super::MAXIMUM_EXPORTS;
use crate::service::{DropCopyPolicy, MatchingService};
use crate::snapshot::tests::busy_engine;
use crate::test_messages::{cancel_message, define_message, new_order_message};

const OPERATOR: i64 = 100;
const ALICE: i64 = 101;
const INSTRUMENT: InstrumentId = InstrumentId(1);
const MIGRATION: MigrationId = MigrationId(7);
const CORRELATION_ID: u64 = 5;
const DROP: Step<'static> = MigrationStep::Drop { epoch: MapEpoch(9) };

type Step<'a> = MigrationStep<&'a [u8]>;

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

    /// An engine with instrument 1 and `orders` orders of a participant.
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

    fn asked(&mut self, step: Step<'_>) -> Vec<Vec<u8>> {
        self.says(OPERATOR, &message(step))
    }

    fn report(&mut self, step: Step<'_>) -> MigrationReport {
        match &self.asked(step)[..] {
            [answer] => report(answer),
            answers => panic!("{} answers", answers.len()),
        }
    }

    fn hash(&self) -> Option<StateHash> {
        self.service.engine().instrument_state_hash(INSTRUMENT)
    }
}

fn message(step: Step<'_>) -> Vec<u8> {
    let (correlation_id, instrument, migration) = (CORRELATION_ID, INSTRUMENT, MIGRATION);
    encode_migration_request(&MigrationRequest { correlation_id, instrument, migration, step })
}

fn export(cursor: ExportCursor, messages: u16) -> Step<'static> {
    MigrationStep::Export { cursor, messages }
}

fn import(first_record: u64, records: &[u8]) -> Step<'_> {
    MigrationStep::ImportRecords { first_record, records }
}

fn end(checksum: u64) -> Step<'static> {
    MigrationStep::ImportEnd { checksum }
}

fn answer(message: &[u8]) -> MigrationAnswer<&[u8]> {
    decode_migration_answer(Envelope::open(message).unwrap()).unwrap().unwrap()
}

fn report(message: &[u8]) -> MigrationReport {
    let MigrationAnswer::Report(report) = answer(message) else { panic!("not a report") };
    assert_eq!((report.correlation_id, report.migration, report.instrument), (CORRELATION_ID, MIGRATION, INSTRUMENT));
    report
}

fn exported(message: &[u8]) -> ExportedRecords<&[u8]> {
    let MigrationAnswer::Exported(exported) = answer(message) else { panic!("no records") };
    exported
}

fn order(participant: u32, client_order_id: u64) -> ExportCursor {
    let (participant, client_order_id) = (ParticipantId(participant), ClientOrderId(client_order_id));
    ExportCursor { place: ExportPlace::Order { participant, client_order_id }, ..ExportCursor::START }
}

/// Exports and imports to the end; returns the number of messages, and the cursor at the end.
fn carry(from: &mut Member, to: &mut [&mut Member]) -> (usize, ExportCursor) {
    let (mut cursor, mut messages) = (ExportCursor::START, 0);
    while !cursor.is_end() {
        for part in from.asked(export(cursor, 3)) {
            let part = exported(&part);
            assert_eq!(part.first_record, cursor.records, "parts follow one another");
            assert!(part.records.len() <= MAXIMUM_RUN_LENGTH);
            for member in &mut *to {
                match &member.asked(import(part.first_record, part.records))[..] {
                    [] => assert_eq!(member.cluster.role(), Role::Follower),
                    answers => {
                        let MigrationReport { outcome, detail, manifest, .. } = report(&answers[0]);
                        let done = (MigrationOutcome::Done, part.cursor.records, ExportManifest::default());
                        assert_eq!((outcome, detail, manifest), done);
                    }
                }
            }
            cursor = part.cursor;
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
    let fenced = from.report(MigrationStep::Fence);
    let manifest = ExportManifest { state_hash: from.hash().unwrap(), scopes: 1, orders: 9_000, reports: 4_096 };
    assert_eq!((fenced.outcome, fenced.manifest), (MigrationOutcome::Done, manifest));
    assert_eq!(from.report(MigrationStep::Fence), fenced);
    for member in [&mut to, &mut follower] {
        member.asked(MigrationStep::ImportBegin { manifest: fenced.manifest });
    }
    let gap = to.report(import(3, &[]));
    assert_eq!((gap.outcome, gap.detail), (MigrationOutcome::Gap, 0));
    let (messages, cursor) = carry(&mut from, &mut [&mut to, &mut follower]);
    assert!(messages > 5, "{messages} messages");
    assert_eq!(cursor.records, 1 + 1 + 9_000 + 4_096);
    let wrong = to.report(end(cursor.checksum ^ 1));
    assert_eq!((wrong.outcome, wrong.detail), (MigrationOutcome::Checksum, cursor.checksum));
    follower.asked(end(cursor.checksum ^ 1));
    let ended = to.report(end(cursor.checksum));
    assert_eq!((ended.outcome, ended.manifest), (MigrationOutcome::Done, fenced.manifest));
    follower.asked(end(cursor.checksum));
    let template = |messages: &[Vec<u8>]| Envelope::open(&messages[0]).unwrap().template_id;
    assert_eq!(template(&to.says(ALICE, &cancel_message(1, 9_001, 5))), template_id::MOVED);
    assert_eq!(to.report(MigrationStep::Activate).outcome, MigrationOutcome::Done);
    follower.asked(MigrationStep::Activate);
    assert_eq!(from.report(DROP).outcome, MigrationOutcome::More);
    assert_eq!(from.report(DROP).outcome, MigrationOutcome::Done);
    assert_eq!(template(&from.says(ALICE, &cancel_message(1, 9_001, 5))), template_id::MOVED);
    assert_eq!(to.hash(), Some(fenced.manifest.state_hash));
    to.service.engine().verify().unwrap();
    for member in [&mut to, &mut follower] {
        member.says(ALICE, &cancel_message(1, 9_001, 5));
    }
    assert_eq!(to.service.engine().live_orders(), 8_999);
    assert_eq!(to.service.engine().state_hash(), follower.service.engine().state_hash());
}

/// A step of what is copied ahead of the fence, with its own number.
fn message_ahead(step: Step<'_>) -> Vec<u8> {
    let (correlation_id, instrument, migration) = (CORRELATION_ID, INSTRUMENT, MIGRATION.ahead());
    encode_migration_request(&MigrationRequest { correlation_id, instrument, migration, step })
}

/// The outcome and the detail of such a step.
fn ahead(member: &mut Member, step: Step<'_>) -> (MigrationOutcome, u64) {
    let answers = member.says(OPERATOR, &message_ahead(step));
    let MigrationAnswer::Report(MigrationReport { outcome, detail, .. }) = answer(&answers[0]) else {
        panic!("not a report")
    };
    (outcome, detail)
}

/// Copies up to `messages` messages from a cursor on, and returns the cursor after them.
fn copy(from: &mut Member, to: &mut [&mut Member], mut cursor: ExportCursor, messages: u16) -> ExportCursor {
    for part in from.asked(export(cursor, messages)) {
        let part = exported(&part);
        assert_eq!(part.first_record, cursor.records, "parts follow one another");
        for member in &mut *to {
            let copied = import(part.first_record, part.records);
            if member.cluster.role() == Role::Follower {
                member.says(OPERATOR, &message_ahead(copied));
            } else {
                assert_eq!(ahead(member, copied), (MigrationOutcome::Done, part.cursor.records));
            }
        }
        cursor = part.cursor;
    }
    cursor
}

#[test]
fn an_instrument_is_copied_ahead_by_messages_while_it_is_traded() {
    let mut from = Member::with_orders(EngineLimits::default(), 9_000);
    let (mut to, mut follower) = (Member::new(EngineLimits::default()), Member::new(EngineLimits::default()));
    follower.cluster.set_role(Role::Follower);
    assert_eq!(ahead(&mut to, MigrationStep::ImportAhead), (MigrationOutcome::Done, 0));
    follower.says(OPERATOR, &message_ahead(MigrationStep::ImportAhead));
    let (mut cursor, mut number) = (ExportCursor::START_AHEAD, 9_000);
    while cursor.kind == ExportKind::Ahead {
        cursor = copy(&mut from, &mut [&mut to, &mut follower], cursor, 2);
        for canceled in [number - 8_999, number - 4_000] {
            number += 1;
            from.says(ALICE, &cancel_message(1, number, canceled));
        }
        number += 1;
        from.says(ALICE, &new_order_message(1, number, number, Side::Buy, 7, 1));
    }
    let ahead_of_fence = cursor.records;
    let behind = from.report(export(ExportCursor { records: 1, ..ExportCursor::START_AHEAD }, 1));
    assert_eq!((behind.outcome, behind.detail), (MigrationOutcome::UnknownCursor, ahead_of_fence));
    let fenced = from.report(MigrationStep::Fence);
    while !cursor.is_end() {
        cursor = copy(&mut from, &mut [&mut to, &mut follower], cursor, 2);
    }
    assert!(cursor.records - ahead_of_fence < 100, "the rest is {} records", cursor.records - ahead_of_fence);
    let (records, checksum) = (cursor.records, cursor.checksum);
    let complete = MigrationStep::ImportComplete { manifest: fenced.manifest, records, checksum };
    follower.asked(complete);
    let completed = to.report(complete);
    assert_eq!((completed.outcome, completed.manifest), (MigrationOutcome::Done, fenced.manifest));
    assert_eq!(to.report(complete), completed);
    follower.asked(complete);
    to.report(MigrationStep::Activate);
    follower.asked(MigrationStep::Activate);
    to.service.engine().verify().unwrap();
    assert_eq!(to.hash(), Some(fenced.manifest.state_hash));
    assert_eq!(to.service.engine().state_hash(), follower.service.engine().state_hash());
    assert_eq!(to.service.engine().live_orders(), fenced.manifest.orders as usize);
}

/// A member that starts from the snapshot has the same state as one that has taken it.
#[test]
fn a_snapshot_removes_what_was_copied_ahead_on_all_members() {
    let mut from = Member::with_orders(EngineLimits::default(), 3_000);
    let mut to = Member::new(EngineLimits::default());
    ahead(&mut to, MigrationStep::ImportAhead);
    let cursor = copy(&mut from, &mut [&mut to], ExportCursor::START_AHEAD, 2);
    assert!(to.service.engine().live_orders() > 0 || cursor.records > 1);
    let Member { cluster, service } = &mut to;
    let snapshot = cluster.take_snapshot(service).unwrap();
    assert_eq!(to.service.engine().live_orders(), 0);
    let mut loaded = MatchingService::new(EngineLimits::default(), DropCopyPolicy::Everybody);
    to.cluster.restarted().start(&mut loaded, Some(&snapshot)).unwrap();
    assert_eq!(loaded.engine().state_hash(), to.service.engine().state_hash());
    let late = ahead(&mut to, import(cursor.records, &[]));
    assert_eq!(late, (MigrationOutcome::Over, MIGRATION.ahead().0));
    let fenced = from.report(MigrationStep::Fence);
    to.report(MigrationStep::ImportBegin { manifest: fenced.manifest });
    let (_, end_cursor) = carry(&mut from, &mut [&mut to]);
    assert_eq!(to.report(end(end_cursor.checksum)).outcome, MigrationOutcome::Done);
}

/// A member that becomes leader has copied nothing ahead, and says so.
#[test]
fn a_new_leader_does_not_go_on_with_a_copy_ahead() {
    let mut from = Member::with_orders(EngineLimits::default(), 3_000);
    let first = exported(&from.asked(export(ExportCursor::START_AHEAD, 1))[0]).cursor;
    let Member { cluster, service } = &mut from;
    cluster.role_change(service, Role::Follower);
    cluster.role_change(service, Role::Leader);
    assert_eq!(from.report(export(first, 1)).outcome, MigrationOutcome::UnknownCursor);
    from.report(MigrationStep::Fence);
    assert_eq!(from.report(export(first.start_of_rest(), 1)).outcome, MigrationOutcome::UnknownCursor);
    assert_eq!(from.report(export(ExportCursor::START_AHEAD, 1)).outcome, MigrationOutcome::OutOfOrder);
}

#[test]
fn an_export_has_the_requested_number_of_messages_and_stops_when_an_offer_fails() {
    let mut from = Member::with_orders(EngineLimits::default(), 50_000);
    from.asked(MigrationStep::Fence);
    let all = from.asked(export(ExportCursor::START, u16::MAX)).len();
    assert!((2..=usize::from(MAXIMUM_EXPORTS)).contains(&all), "{all}");
    assert_eq!(from.asked(export(ExportCursor::START, 0)).len(), 1);
    let unknown = from.report(export(order(1, u64::MAX), 1));
    assert_eq!(unknown.outcome, MigrationOutcome::UnknownCursor);
    from.cluster.set_role(Role::Follower);
    assert_eq!(from.asked(export(ExportCursor::START, 9)).len(), 0);
}

#[test]
fn only_the_operator_migrates() {
    let mut from = Member::with_orders(EngineLimits::default(), 10);
    let hash = from.service.engine().state_hash();
    let begin = MigrationStep::ImportBegin { manifest: ExportManifest::default() };
    for step in [MigrationStep::Fence, export(ExportCursor::START, 1), begin, import(0, &[1; 9_000]), end(0)] {
        let answers = from.says(ALICE, &message(step));
        assert_eq!(Envelope::open(&answers[0]).unwrap().template_id, template_id::MESSAGE_REJECT);
    }
    assert_eq!(from.service.engine().state_hash(), hash);
}

/// Records of an instrument with all kinds of orders and events.
fn busy_records() -> Vec<ExportRecord> {
    let (mut engine, id) = (busy_engine(), InstrumentId(1));
    engine.fence(id, MIGRATION).unwrap();
    engine.export(id, MIGRATION, ExportCursor::START).unwrap().collect()
}

fn written(records: &[ExportRecord]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut writer = RecordWriter::new(&mut bytes);
    records.iter().for_each(|record| writer.put(record));
    bytes
}

#[test]
fn records_are_read_as_they_were_written_from_any_record_on() {
    let records = busy_records();
    let kinds: std::collections::BTreeSet<_> = records.iter().map(ExportRecord::kind).collect();
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
        assert!(bytes.len() < 320, "{}", bytes.len());
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
    fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(prop_oneof![0..4_u8, 16..19_u8, any::<u8>()], 0..300)) {
        let mut to = Engine::new(EngineLimits { instruments: 2, participants: 2, orders: 8, retained_events: 4, retained_firm_events: 4, retained_trades: 4_096, steps: 4_096 });
        let manifest = ExportManifest { scopes: 1, orders: 2, reports: 2, ..Default::default() };
        to.import_begin(InstrumentId(1), MigrationId(3), manifest).unwrap();
        let _ = to.import_records(InstrumentId(1), MigrationId(3), 0, RecordReader::new(InstrumentId(1), &bytes));
        to.verify().unwrap();
    }
}

/// A record after those that were copied ahead: the end or the change of an order, or the record of something else again.
fn forged_record() -> impl Strategy<Value = ExportRecord> {
    let records = busy_records();
    let orders: Vec<_> = records
        .iter()
        .filter_map(|record| match record {
            ExportRecord::Snapshot(SnapshotRecord::Order(order)) => Some(*order),
            _ => None,
        })
        .collect();
    let count = orders.len();
    let is_order = |record: &ExportRecord| matches!(record, ExportRecord::Snapshot(SnapshotRecord::Order(_)));
    let others: Vec<_> = records.into_iter().filter(|record| !is_order(record)).collect();
    let changed =
        (0..count, 0..count, 0..9_u64, 0..3_u64, 0..3_u8).prop_map(move |(order, number, less, id, mixed)| {
            let number = if mixed == 0 { number } else { order };
            let mut order = orders[order];
            order.leaves_quantity.0 = order.leaves_quantity.0.saturating_sub(less);
            order.shown_quantity.0 = order.shown_quantity.0.saturating_sub(less);
            order.order.client_order_id.0 += id;
            ExportRecord::Changed { number: number as u32, order }
        });
    prop_oneof![
        2 => (0..count as u32 + 2).prop_map(|number| ExportRecord::Ended { number }),
        4 => changed,
        1 => (0..others.len()).prop_map(move |at| others[at]),
        1 => (0..9_u64, 0..9_u64).prop_map(|(after, forgotten)| ExportRecord::Trades { after: TradeId(after), forgotten: TradeId(forgotten) }),
    ]
}

proptest! {
    #[test]
    fn no_rest_breaks_an_engine(rest in proptest::collection::vec(forged_record(), 1..60)) {
        let (id, ahead, records) = (InstrumentId(1), MIGRATION.ahead(), busy_records());
        let limits = EngineLimits { orders: 1_000, ..EngineLimits::default() };
        let mut to = Engine::new(limits);
        to.import_ahead(id, ahead).unwrap();
        let mut came = to.import_records(id, ahead, 0, records.into_iter()).unwrap();
        for record in rest {
            came = to.import_records(id, ahead, came, std::iter::once(record)).unwrap_or(came);
            to.verify().unwrap();
        }
        to.import_complete(id, MIGRATION, ExportManifest::default(), came, 0).unwrap_err();
        to.prepare_snapshot();
        prop_assert_eq!((to.live_orders(), to.has_import_ahead()), (0, false));
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
        let fenced = from.report(MigrationStep::Fence);
        let fence = begun.elapsed();
        to.report(MigrationStep::ImportBegin { manifest: fenced.manifest });
        let (mut cursor, mut parts) = (ExportCursor::START, Vec::new());
        let begun = Instant::now();
        while !cursor.is_end() {
            for part in from.asked(export(cursor, MAXIMUM_EXPORTS)) {
                cursor = exported(&part).cursor;
                parts.push(part);
            }
        }
        let exporting = begun.elapsed();
        let bytes: usize = parts.iter().map(Vec::len).sum();
        let begun = Instant::now();
        for part in &parts {
            let part = exported(part);
            to.report(import(part.first_record, part.records));
        }
        let importing = begun.elapsed();
        let begun = Instant::now();
        to.report(end(cursor.checksum));
        to.report(MigrationStep::Activate);
        let ending = begun.elapsed();
        let mut clearing = Vec::new();
        loop {
            let begun = Instant::now();
            let outcome = from.report(DROP).outcome;
            clearing.push(begun.elapsed());
            if outcome == MigrationOutcome::Done {
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
