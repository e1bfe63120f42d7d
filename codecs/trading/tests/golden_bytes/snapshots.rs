//! Golden bytes of the messages of a snapshot.

use std::num::NonZeroU32;

use lugus_codecs::snapshot::*;
use lugus_vocabulary::*;

use crate::golden::Golden;
use crate::{
    AUCTIONS, INSTRUMENT, LIMITS, MANIFEST, PARTICIPANT, TIME, definition, execution, new_order, price_protection,
    report, statistics,
};

#[test]
fn snapshot_records() {
    let golden = Golden::of("snapshot.");
    let import = ImportRecord {
        manifest: MANIFEST,
        records: 121,
        checksum: 122,
        scopes_left: 123,
        orders_left: 124,
        reports_left: 125,
        scope: Some((PARTICIPANT, 126)),
    };
    for (name, record) in [
        ("snapshot.header", {
            SnapshotRecord::Header(SnapshotHeader {
                version: 4,
                participants: 1,
                instruments: 2,
                scopes: 3,
                orders: 4,
                migration_states: 5,
                reports: 6,
                participants_hash: StateHash(7),
                state_hash: StateHash(8),
            })
        }),
        ("snapshot.participant", {
            SnapshotRecord::Participant(ParticipantRecord {
                participant: PARTICIPANT,
                limits: LIMITS,
                kill_switch: KillSwitchLevels::NONE.with(KillSwitchLevel::Operator),
                kill_switch_keeps: KillSwitchLevels::NONE,
                rates: 0,
                disconnection: None,
                firm: None,
            })
        }),
        ("snapshot.participant_with_rates", {
            SnapshotRecord::Participant(ParticipantRecord {
                participant: PARTICIPANT,
                limits: RiskLimits { maximum_cancels_per_second: Some(130), ..LIMITS },
                kill_switch: KillSwitchLevels::NONE,
                kill_switch_keeps: KillSwitchLevels::NONE,
                rates: 131,
                disconnection: None,
                firm: None,
            })
        }),
        ("snapshot.killed_participant", {
            let levels = KillSwitchLevels::NONE.with(KillSwitchLevel::Participant);
            SnapshotRecord::Participant(ParticipantRecord {
                participant: PARTICIPANT,
                limits: LIMITS,
                kill_switch: levels.with(KillSwitchLevel::Operator),
                kill_switch_keeps: levels,
                rates: 0,
                disconnection: None,
                firm: None,
            })
        }),
        ("snapshot.rate", { SnapshotRecord::Rate(RateRecord { kind: RateKind::Cancels, time: TIME, commands: 132 }) }),
        ("snapshot.migration_state", {
            SnapshotRecord::MigrationState(MigrationStateRecord {
                instrument: INSTRUMENT,
                kind: MigrationStateKind::Importing,
                migration: MigrationId(133),
                epoch: Some(MapEpoch(134)),
                import: Some(import),
            })
        }),
        ("snapshot.instrument", {
            SnapshotRecord::Instrument(InstrumentRecord {
                definition: definition(),
                last_order_id: OrderId(135),
                last_trade_id: TradeId(136),
                market_data_sequence: MarketDataSequence(137),
                last_arrival: 0,
                canceled_through: OrderId(0),
                electing: None,
                statistics: statistics(),
                auction_end: None,
                indicative_due: None,
                phase_due: None,
                auction_type: None,
                expiring: AuctionOrders::NONE,
                reference_window: None,
                state_hash: StateHash(138),
            })
        }),
        ("snapshot.kept_trade", {
            let party = |number| TradeParty {
                order_id: OrderId(number),
                client_order_id: ClientOrderId(number + 1),
                event_sequence: EventSequence(number + 2),
                participant: PARTICIPANT,
            };
            let (buyer, seller) = (party(171), party(174));
            let (price, quantity) = (Price(-169), Quantity(170));
            SnapshotRecord::Trade(TradeRecord { trade_id: TradeId(168), price, quantity, buyer, seller })
        }),
        ("snapshot.electing_instrument", {
            SnapshotRecord::Instrument(InstrumentRecord {
                definition: definition(),
                last_order_id: OrderId(135),
                last_trade_id: TradeId(136),
                market_data_sequence: MarketDataSequence(137),
                last_arrival: 153,
                canceled_through: OrderId(0),
                electing: Some((Price(-154), Price(155))),
                statistics: statistics(),
                auction_end: None,
                indicative_due: None,
                phase_due: None,
                auction_type: None,
                expiring: AuctionOrders::NONE,
                reference_window: None,
                state_hash: StateHash(138),
            })
        }),
        ("snapshot.instrument_canceled_whole", {
            SnapshotRecord::Instrument(InstrumentRecord {
                definition: definition(),
                last_order_id: OrderId(135),
                last_trade_id: TradeId(136),
                market_data_sequence: MarketDataSequence(137),
                last_arrival: 153,
                canceled_through: OrderId(134),
                electing: None,
                statistics: statistics(),
                auction_end: None,
                indicative_due: None,
                phase_due: None,
                auction_type: None,
                expiring: AuctionOrders::NONE,
                reference_window: None,
                state_hash: StateHash(138),
            })
        }),
        ("snapshot.protected_instrument", {
            let price = Some(Price(-181));
            SnapshotRecord::Instrument(InstrumentRecord {
                definition: InstrumentDefinition { protection: price_protection(), ..definition() },
                last_order_id: OrderId(135),
                last_trade_id: TradeId(136),
                market_data_sequence: MarketDataSequence(137),
                last_arrival: 153,
                canceled_through: OrderId(0),
                electing: None,
                statistics: statistics(),
                auction_end: Some(TIME),
                indicative_due: None,
                phase_due: None,
                auction_type: None,
                expiring: AuctionOrders::NONE,
                reference_window: Some(ReferenceWindow { number: 180, price }),
                state_hash: StateHash(138),
            })
        }),
        ("snapshot.instrument_with_auctions", {
            SnapshotRecord::Instrument(InstrumentRecord {
                definition: InstrumentDefinition { auctions: AUCTIONS, ..definition() },
                last_order_id: OrderId(135),
                last_trade_id: TradeId(136),
                market_data_sequence: MarketDataSequence(137),
                last_arrival: 153,
                canceled_through: OrderId(0),
                electing: None,
                statistics: statistics(),
                auction_end: Some(TIME),
                indicative_due: Some(EpochNanos(184)),
                phase_due: Some(EpochNanos(189)),
                auction_type: Some(AuctionType::Closing),
                expiring: AuctionOrders::AT_THE_OPENING,
                reference_window: None,
                state_hash: StateHash(138),
            })
        }),
        ("snapshot.canceling_scope", {
            SnapshotRecord::Scope(ScopeRecord {
                participant: PARTICIPANT,
                instrument: INSTRUMENT,
                last_client_sequence: ClientSequence(139),
                last_event_sequence: EventSequence(140),
                retained: 141,
                lost_client_sequence: ClientSequence(142),
                lost_through: TIME,
                canceled_buys: OrderId(156),
                canceled_sells: OrderId(157),
                canceled_on_disconnect: OrderId(0),
            })
        }),
        ("snapshot.scope", {
            SnapshotRecord::Scope(ScopeRecord {
                participant: PARTICIPANT,
                instrument: INSTRUMENT,
                last_client_sequence: ClientSequence(139),
                last_event_sequence: EventSequence(140),
                retained: 141,
                lost_client_sequence: ClientSequence(142),
                lost_through: TIME,
                canceled_buys: OrderId(0),
                canceled_sells: OrderId(0),
                canceled_on_disconnect: OrderId(0),
            })
        }),
        ("snapshot.report", {
            let applied = ClientSequence(143);
            SnapshotRecord::Report(RetainedReport { applied, report: report(ReportBody::Execution(execution())) })
        }),
        ("snapshot.order", {
            SnapshotRecord::Order(OrderRecord {
                order_id: OrderId(144),
                participant: PARTICIPANT,
                leaves_quantity: Quantity(149),
                shown_quantity: Quantity(148),
                arrival: 0,
                is_elected: false,
                order: new_order(),
            })
        }),
        ("snapshot.elected_order", {
            SnapshotRecord::Order(OrderRecord {
                order_id: OrderId(144),
                participant: PARTICIPANT,
                leaves_quantity: Quantity(149),
                shown_quantity: Quantity(148),
                arrival: 158,
                is_elected: true,
                order: new_order(),
            })
        }),
        ("snapshot.end", SnapshotRecord::End { records: 151, checksum: 152 }),
    ] {
        let mut buffer = [0; MAXIMUM_RECORD_LENGTH];
        let expected = SnapshotMessage::Record(record);
        golden.check(name, &expected, encode_record(&record, &mut buffer), read_snapshot);
    }
    let session = ParticipantSession {
        cluster_session_id: 153,
        participant: PARTICIPANT,
        role: ParticipantRole::Trader,
        drop_copy: Some(INSTRUMENT),
        authentication: None,
        message_rate: None,
        cancel_on_disconnect: None,
        inherits_choice: false,
        followed_firm: None,
    };
    let key = SessionKey::new([154; SessionKey::LENGTH]);
    let authentication = Some(SessionAuthentication { key, last_counter: 155 });
    let maximum_per_second = NonZeroU32::new(156).expect("not 0");
    let message_rate = Some(MessageRate { maximum_per_second, full_at: TIME });
    let role = ParticipantRole::Reader;
    for (name, session) in [
        ("snapshot.session", session),
        ("snapshot.readers_session", ParticipantSession { role, authentication, message_rate, ..session }),
        ("snapshot.authenticated_session", ParticipantSession { authentication, ..session }),
    ] {
        let mut buffer = [0; MAXIMUM_RECORD_LENGTH];
        let written = encode_session(&session, &mut buffer);
        golden.check(name, &SnapshotMessage::Session(session), written, read_snapshot);
    }
    let timer = ScheduledTimer { last_correlation_id: 159, deadline: Some(160) };
    let mut buffer = [0; MAXIMUM_RECORD_LENGTH];
    let written = encode_timer(&timer, &mut buffer);
    golden.check("snapshot.timer", &SnapshotMessage::Timer(timer), written, read_snapshot);
    let version = ProtocolVersion(161);
    let written = encode_protocol_version(version, &mut buffer);
    golden.check("snapshot.protocol_version", &SnapshotMessage::ProtocolVersion(version), written, read_snapshot);
    let records = run_of_an_instrument();
    golden.check("snapshot.run", &records, &packed(&records), |mut fragment| {
        let mut decoder = RecordDecoder::default();
        let mut read = Vec::new();
        while !fragment.is_empty() {
            let (message, rest) = decoder.decode(fragment).expect("a message of a snapshot");
            read.extend(message);
            fragment = rest;
        }
        read
    });
    golden.finish();
}

/// An instrument, and a kept trade, an event and an order of it, which are in one run.
fn run_of_an_instrument() -> Vec<SnapshotMessage> {
    let party = |number| TradeParty {
        order_id: OrderId(number),
        client_order_id: ClientOrderId(number + 1),
        event_sequence: EventSequence(number + 2),
        participant: PARTICIPANT,
    };
    let applied = ClientSequence(143);
    let event = Report { client_sequence: applied, ..report(ReportBody::Execution(execution())) };
    let definition = InstrumentDefinition { instrument: event.instrument, ..definition() };
    let records = [
        SnapshotRecord::Instrument(InstrumentRecord {
            definition,
            last_order_id: OrderId(135),
            last_trade_id: TradeId(136),
            market_data_sequence: MarketDataSequence(137),
            last_arrival: 0,
            canceled_through: OrderId(0),
            electing: None,
            statistics: statistics(),
            auction_end: None,
            indicative_due: None,
            phase_due: None,
            auction_type: None,
            expiring: AuctionOrders::NONE,
            reference_window: None,
            state_hash: StateHash(138),
        }),
        SnapshotRecord::Trade(TradeRecord {
            trade_id: TradeId(168),
            price: Price(-169),
            quantity: Quantity(170),
            buyer: party(171),
            seller: party(174),
        }),
        SnapshotRecord::Report(RetainedReport { applied, report: event }),
        SnapshotRecord::Order(OrderRecord {
            order_id: OrderId(144),
            participant: PARTICIPANT,
            leaves_quantity: Quantity(149),
            shown_quantity: Quantity(148),
            arrival: 0,
            is_elected: false,
            order: new_order(),
        }),
    ];
    records.map(SnapshotMessage::Record).to_vec()
}

fn packed(messages: &[SnapshotMessage]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut offer = |fragment: &[u8]| {
        bytes.extend_from_slice(fragment);
        Ok::<(), ()>(())
    };
    let mut packer = FragmentPacker::new(4_096);
    for message in messages {
        if let SnapshotMessage::Record(record) = message {
            packer.record(record, &mut offer).expect("it fits");
        }
    }
    packer.finish(&mut offer).expect("it fits");
    bytes
}

/// The last of the messages: a kept event has two.
pub(crate) fn read_snapshot(mut run: &[u8]) -> SnapshotMessage {
    let mut decoder = RecordDecoder::default();
    let mut last = None;
    while !run.is_empty() {
        let (message, rest) = decoder.decode(run).expect("a message of a snapshot");
        (last, run) = (message, rest);
    }
    last.expect("a whole message")
}
