//! Snapshots of the service: written, read back, and refused when they are damaged.

use std::num::NonZeroU32;

use aeron_cluster_service::Role;
use aeron_cluster_service::testing::{RecordedSnapshot, RecordingCluster};
use lugus_codecs::HEADER_LENGTH;
use lugus_codecs::order_entry::{KNOWN_PROTOCOL_VERSION, MAXIMUM_REPORT_LENGTH, encode_report};
use lugus_codecs::snapshot::{MAXIMUM_RECORD_LENGTH, SBE_SCHEMA_VERSION, encode_protocol_version, encode_record};
use lugus_engine::EventSink;
use lugus_testing::instruments::btc_usdt;
use lugus_vocabulary::{
    Action, BeyondPoints, ClientOrderId, ClientSequence, Command, EpochNanos, ExportCursor, ExportManifest, GraceTime,
    InstrumentId, KillSwitch, MessageRate, MigrationId, NewOrder, OnBreach, OrderType, ParticipantId, ParticipantRole,
    ParticipantSession, PostOnly, Price, PriceProtection, PriceWidth, ProtocolVersion, Quantity, Reply, Report,
    RiskLimits, SNAPSHOT_VERSION, ScheduledTimer, SelfTradePrevention, SessionAuthentication, SessionKey, Side,
    SnapshotHeader, SnapshotRecord, StateHash, TimeInForce, WorkingOrders,
};

use super::*;

/// Longest fragment of the tests' snapshots, so that they have several.
const TEST_LENGTH: usize = 2 * 1024;

/// The active version of order entry.
const PROTOCOL: ProtocolVersion = KNOWN_PROTOCOL_VERSION;

struct Nobody;

impl EventSink for Nobody {
    fn report(&mut self, _report: &Report) {}
    fn reply(&mut self, _reply: &Reply) {}
}

/// An engine with two instruments, some hundred orders of three participants, of all kinds that can live, trades and
/// rejects.
pub(crate) fn busy_engine() -> Engine {
    let mut engine = Engine::new(EngineLimits::default());
    let mut sequence = [[0u64; 3]; 4];
    let mut apply = |participant: u32, instrument: u32, action: Action| {
        let number = &mut sequence[participant as usize][instrument as usize];
        *number += 1;
        let command = Command {
            participant: ParticipantId(participant),
            instrument: InstrumentId(instrument),
            client_sequence: ClientSequence(*number),
            action,
        };
        engine.apply(EpochNanos(*number as i64), &command, &mut Nobody);
    };
    for instrument in [1, 2] {
        apply(0, 0, Action::DefineInstrument(btc_usdt(InstrumentId(instrument))));
    }
    let limits = RiskLimits {
        maximum_quantity: Some(Quantity(1_000)),
        maximum_notional: None,
        maximum_open_orders: Some(500),
        maximum_commands_per_second: Some(10_000),
        maximum_cancels_per_second: Some(5_000),
    };
    apply(0, 0, Action::SetRiskLimits { target: ParticipantId(2), limits });
    apply(
        0,
        0,
        Action::SetKillSwitch {
            target: ParticipantId(9),
            kill_switch: KillSwitch::Engaged,
            working_orders: WorkingOrders::Keep,
        },
    );
    for round in 0..400u64 {
        let participant = 1 + (round % 3) as u32;
        let side = if round % 2 == 0 { Side::Buy } else { Side::Sell };
        let away = (round * 7 % 40) as i64;
        let price = if side == Side::Buy { 1_005 - away } else { 1_000 + away };
        let id = round + 1;
        let order = NewOrder::limit(ClientOrderId(id), side, Price(price), Quantity(1 + id % 9));
        let order = match round % 7 {
            0 => NewOrder { time_in_force: TimeInForce::Gtd, expire_time: Some(EpochNanos(i64::MAX)), ..order },
            1 => NewOrder { time_in_force: TimeInForce::Day, post_only: PostOnly::Yes, ..order },
            2 => NewOrder { display_quantity: Quantity(1), quantity: Quantity(9), ..order },
            3 => NewOrder { order_type: OrderType::StopLimit, stop_price: Some(Price(1_100)), ..order },
            4 => NewOrder { order_type: OrderType::Stop, stop_price: Some(Price(900)), price: None, ..order },
            5 => NewOrder { self_trade_prevention: SelfTradePrevention::Decrement, ..order },
            _ => order,
        };
        apply(participant, 1 + (round % 2) as u32, Action::New(order));
        if round % 5 == 0 {
            let action = Action::Cancel { orig_client_order_id: ClientOrderId(round / 2) };
            apply(participant, 1 + (round % 2) as u32, action);
        }
    }
    let protection = PriceProtection {
        dynamic_band: Some(PriceWidth::Ticks(1)),
        reference_window_milliseconds: 5,
        on_breach: OnBreach::Halt,
        auction_milliseconds: 9,
        protection_points: Quantity(1),
        beyond_points: BeyondPoints::Rest,
        ..PriceProtection::NONE
    };
    apply(0, 1, Action::SetPriceProtection(protection));
    // It trades, and halts: the snapshot has the window of the reference price and the end of the auction.
    apply(3, 1, Action::New(NewOrder::limit(ClientOrderId(900), Side::Buy, Price(1_500), Quantity(900))));
    engine.fence(InstrumentId(2), MigrationId(7)).unwrap();
    engine.drop_import(InstrumentId(8), MigrationId(7)).unwrap();
    let manifest = ExportManifest { state_hash: StateHash(1), scopes: 2, orders: 3, reports: 4 };
    engine.import_begin(InstrumentId(9), MigrationId(8), manifest).unwrap();
    engine
}

fn sessions() -> Sessions {
    let mut sessions = Sessions::default();
    for (id, participant, drop_copy) in [(3, 1, None), (5, 2, Some(InstrumentId::NONE)), (9, 3, Some(InstrumentId(2)))]
    {
        let participant = ParticipantId(participant);
        let key = SessionKey::new([id as u8; SessionKey::LENGTH]);
        let authentication = drop_copy.map(|_| SessionAuthentication { key, last_counter: 77 });
        let role = if id == 9 { ParticipantRole::Reader } else { ParticipantRole::Trader };
        let message_rate = drop_copy.map(|_| MessageRate::begin(NonZeroU32::MIN, EpochNanos(id)));
        sessions.open(ParticipantSession {
            cluster_session_id: id,
            participant,
            role,
            drop_copy,
            authentication,
            message_rate,
            cancel_on_disconnect: drop_copy.and_then(|_| GraceTime::from_milliseconds(id as u32)),
            inherits_choice: id == 9,
            followed_firm: (id == 9).then_some(ParticipantId(4)),
        });
    }
    sessions
}

fn written(engine: &Engine) -> RecordedSnapshot {
    let mut snapshot = RecordedSnapshot::with_max_message_length(TEST_LENGTH);
    let timer = EngineTimer::of(ScheduledTimer { last_correlation_id: 7, deadline: Some(8) });
    take(engine, &sessions(), &timer, PROTOCOL, &mut snapshot).unwrap();
    snapshot
}

fn loaded(snapshot: &RecordedSnapshot) -> Result<State, ServiceError> {
    load(EngineLimits::default(), &mut RecordingCluster::new(Role::Follower), &mut snapshot.reader())
}

fn load_error(messages: Vec<Vec<u8>>) -> String {
    match loaded(&messages.into()) {
        Ok(_) => panic!("a damaged snapshot was loaded"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn what_is_loaded_is_what_was_written() {
    let engine = busy_engine();
    assert!(engine.live_orders() > 50, "the test needs a book worth the name");
    let loaded = loaded(&written(&engine)).unwrap();
    assert_eq!(loaded.engine.state_hash(), engine.state_hash());
    loaded.engine.verify().unwrap();
    assert!(loaded.sessions.iter().eq(sessions().iter()));
    assert_eq!(loaded.protocol, PROTOCOL);
    assert_eq!(loaded.timer.state(), &ScheduledTimer { last_correlation_id: 7, deadline: Some(8) });
    assert_eq!(written(&loaded.engine).messages, written(&engine).messages, "byte for byte");
}

#[test]
fn a_half_done_import_is_loaded_and_continues() {
    let (mut from, id, migration) = (busy_engine(), InstrumentId(1), MigrationId(7));
    let manifest = from.fence(id, migration).unwrap();
    let records: Vec<_> = from.export(id, migration, ExportCursor::START).unwrap().collect();
    for came in [0, 1, 2, 9, records.len() / 2, records.len() - 5, records.len()] {
        let mut to = Engine::new(EngineLimits::default());
        to.import_begin(id, migration, manifest).unwrap();
        to.import_records(id, migration, 0, records[..came].iter().copied()).unwrap();
        let mut loaded = loaded(&written(&to)).unwrap().engine;
        assert_eq!(written(&loaded).messages, written(&to).messages);
        let rest = records[came..].iter().copied();
        assert_eq!(loaded.import_records(id, migration, came as u64, rest), Ok(manifest.records()));
        loaded.verify().unwrap();
    }
}

#[test]
fn records_are_packed_and_no_fragment_is_too_long() {
    let snapshot = written(&busy_engine());
    assert!(snapshot.messages.len() > 1);
    for fragment in &snapshot.messages {
        assert!(fragment.len() <= TEST_LENGTH);
    }
    assert!(snapshot.messages.iter().rev().skip(1).all(|fragment| fragment.len() > TEST_LENGTH - 320));
}

#[test]
fn a_snapshot_cut_anywhere_is_refused() {
    let whole = written(&busy_engine());
    for kept in 0..whole.messages.len() {
        load_error(whole.messages[..kept].to_vec());
    }
    let last = whole.messages.len() - 1;
    for cut in [1, 8, 17] {
        let mut fragments = whole.messages.clone();
        let length = fragments[last].len();
        fragments[last].truncate(length - cut);
        assert!(load_error(fragments).contains("message"), "says where");
    }
}

#[test]
fn every_changed_byte_is_noticed() {
    let whole = written(&busy_engine());
    // Sessions come first and are not the engine's: damage is sought after them.
    let start = 3 * (HEADER_LENGTH + 42);
    for at in (start..whole.messages[0].len()).step_by(97) {
        let mut fragments = whole.messages.clone();
        fragments[0][at] ^= 0x40;
        // A byte of a header that changes nothing (its version, say) may pass, if the engine is the same.
        if let Ok(state) = loaded(&fragments.into()) {
            assert_eq!(written(&state.engine).messages, whole.messages, "byte {at}");
        }
    }
}

/// As this program wrote them before records came in runs.
#[test]
fn a_snapshot_of_messages_only_is_loaded() {
    let engine = busy_engine();
    let mut fragments = vec![Vec::new()];
    let mut buffer = [0; MAXIMUM_RECORD_LENGTH];
    engine
        .snapshot(&mut |record| {
            let message = encode_record(record, &mut buffer).to_vec();
            if fragments.last().is_some_and(|last| last.len() > TEST_LENGTH) {
                fragments.push(Vec::new());
            }
            fragments.last_mut().unwrap().extend(message);
            Ok::<(), ()>(())
        })
        .unwrap();
    let loaded = loaded(&fragments.into()).unwrap();
    loaded.engine.verify().unwrap();
    assert_eq!(written(&loaded.engine).messages, written(&engine).messages);
    assert_eq!(loaded.protocol, ProtocolVersion::FIRST_ACTIVE);
}

#[test]
fn a_snapshot_of_a_later_program_is_refused_as_such() {
    let whole = written(&busy_engine()).messages;
    let mut later_schema = whole.clone();
    later_schema[0][6..8].copy_from_slice(&(SBE_SCHEMA_VERSION + 1).to_le_bytes());
    let header = SnapshotHeader {
        version: SNAPSHOT_VERSION + 1,
        participants: 0,
        instruments: 0,
        scopes: 0,
        orders: 0,
        migration_states: 0,
        reports: 0,
        participants_hash: StateHash(0),
        state_hash: StateHash(0),
    };
    let later_records = vec![encode_record(&SnapshotRecord::Header(header), &mut [0; MAXIMUM_RECORD_LENGTH]).to_vec()];
    let unknown = ProtocolVersion(KNOWN_PROTOCOL_VERSION.0 + 1);
    let later_protocol = vec![encode_protocol_version(unknown, &mut [0; MAXIMUM_RECORD_LENGTH]).to_vec()];
    for (snapshot, told) in [
        (later_schema, "recover a backup from before the upgrade"),
        (later_records, "recover a backup from before the upgrade"),
        (later_protocol, "install the version of Lugus that the other members have"),
    ] {
        let Err(error) = loaded(&snapshot.into()) else { panic!("it was loaded: {told}") };
        assert!(is_of_other_version(&error), "{error}");
        assert!(error.to_string().contains(told), "{error}");
    }
    let mut damaged = whole;
    damaged[0][2..4].copy_from_slice(&999_u16.to_le_bytes());
    let Err(error) = loaded(&damaged.into()) else { panic!("it was loaded") };
    assert!(!is_of_other_version(&error), "{error}");
}

#[test]
fn an_event_without_its_first_part_is_refused() {
    let engine = busy_engine();
    let mut report = None;
    engine
        .snapshot(&mut |record| {
            if let SnapshotRecord::Report(kept) = record {
                report = Some(kept.report);
            }
            Ok::<(), ()>(())
        })
        .unwrap();
    let fragment = encode_report(&report.unwrap(), &mut [0; MAXIMUM_REPORT_LENGTH]).to_vec();
    let error = load_error(vec![fragment]);
    assert!(error.contains("must follow its RetainedReport"), "{error}");
}
