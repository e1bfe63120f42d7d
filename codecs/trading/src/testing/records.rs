//! Any record of a snapshot, and any value of a migration.

use std::num::NonZeroU32;

use lugus_vocabulary::{
    AuctionOrders, AuctionType, ClientSequence, DisconnectionRecord, ExportCursor, ExportKind, ExportManifest,
    ExportPlace, ExportRecord, FirmRecord, GraceTime, ImportRecord, InstrumentId, InstrumentRecord, MapEpoch,
    MarketDataSequence, MessageRate, MigrationId, MigrationStateKind, MigrationStateRecord, OrderId, OrderRecord,
    ParticipantRecord, ParticipantRole, ParticipantSession, Price, RateKind, RateRecord, ReferenceWindow, ReportBody,
    RetainedReport, ScopeRecord, SelfTradeScope, SessionAuthentication, SessionKey, SnapshotHeader, SnapshotRecord,
    StateHash, Statistics, TradeId, TradeParty, TradeRecord,
};
use proptest::prelude::*;
use proptest::sample::select;

use super::{
    client_order_id, client_sequence, definition, event_sequence, firm, firm_event, instrument, kill_switch_levels,
    new_order, optional, participant, quantity, quotes, report, risk_limits, time,
};

fn any_price() -> impl Strategy<Value = Price> {
    any::<i64>().prop_map(Price)
}

fn state_hash() -> impl Strategy<Value = StateHash> {
    any::<u64>().prop_map(StateHash)
}

pub(crate) fn migration() -> impl Strategy<Value = MigrationId> {
    any::<u64>().prop_map(MigrationId)
}

pub(crate) fn epoch() -> impl Strategy<Value = MapEpoch> {
    any::<u64>().prop_map(MapEpoch)
}

pub(crate) fn session() -> impl Strategy<Value = ParticipantSession> {
    let role = select(&ParticipantRole::ALL[..]);
    let choice = (optional(grace()), any::<bool>());
    let limits = (optional(authentication()), optional(message_rate()));
    let copies = (optional(instrument()), firm());
    (any::<i64>(), participant(), role, copies, limits, choice).prop_map(
        |(
            cluster_session_id,
            participant,
            role,
            (drop_copy, followed_firm),
            (authentication, message_rate),
            choice,
        )| {
            let (cancel_on_disconnect, inherits_choice) = choice;
            ParticipantSession {
                cluster_session_id,
                participant,
                role,
                drop_copy,
                authentication,
                message_rate,
                cancel_on_disconnect,
                inherits_choice,
                followed_firm,
            }
        },
    )
}

fn grace() -> impl Strategy<Value = GraceTime> {
    (0..=GraceTime::MAXIMUM.milliseconds()).prop_filter_map("within the limit", GraceTime::from_milliseconds)
}

fn disconnection() -> impl Strategy<Value = DisconnectionRecord> {
    (grace(), time(), any::<bool>()).prop_map(|(grace, deadline, is_done)| DisconnectionRecord {
        grace,
        deadline,
        is_done,
    })
}

fn message_rate() -> impl Strategy<Value = MessageRate> {
    (any::<NonZeroU32>(), time()).prop_map(|(maximum_per_second, full_at)| MessageRate { maximum_per_second, full_at })
}

fn authentication() -> impl Strategy<Value = SessionAuthentication> {
    (any::<[u8; SessionKey::LENGTH]>(), any::<u64>())
        .prop_map(|(key, last_counter)| SessionAuthentication { key: SessionKey::new(key), last_counter })
}

fn header() -> impl Strategy<Value = SnapshotHeader> {
    (any::<[u32; 6]>(), any::<u64>(), (state_hash(), state_hash())).prop_map(
        |([version, participants, instruments, scopes, orders, migration_states], reports, hashes)| SnapshotHeader {
            version,
            participants,
            instruments,
            scopes,
            orders,
            migration_states,
            reports,
            participants_hash: hashes.0,
            state_hash: hashes.1,
        },
    )
}

fn participant_record() -> impl Strategy<Value = ParticipantRecord> {
    let kill_switches = (kill_switch_levels(), kill_switch_levels());
    (participant(), risk_limits(), kill_switches, any::<u32>(), optional(disconnection()), firm()).prop_map(
        |(participant, limits, (kill_switch, kill_switch_keeps), rates, disconnection, firm)| ParticipantRecord {
            participant,
            limits,
            kill_switch,
            kill_switch_keeps,
            rates,
            disconnection,
            firm,
        },
    )
}

fn firm_record() -> impl Strategy<Value = FirmRecord> {
    let rules = (kill_switch_levels(), kill_switch_levels(), select(SelfTradeScope::ALL));
    let events = (event_sequence(), any::<u32>(), time());
    (participant(), risk_limits(), rules, any::<u32>(), events).prop_map(
        |(
            firm,
            limits,
            (kill_switch, kill_switch_keeps, self_trade_scope),
            rates,
            (last_event_sequence, retained, lost_through),
        )| {
            FirmRecord {
                firm,
                limits,
                kill_switch,
                kill_switch_keeps,
                self_trade_scope,
                rates,
                last_event_sequence,
                retained,
                lost_through,
            }
        },
    )
}

fn rate() -> impl Strategy<Value = RateRecord> {
    (select(RateKind::ALL), time(), any::<u32>()).prop_map(|(kind, time, commands)| RateRecord { kind, time, commands })
}

pub(crate) fn manifest() -> impl Strategy<Value = ExportManifest> {
    (state_hash(), any::<u32>(), any::<u32>(), any::<u64>())
        .prop_map(|(state_hash, scopes, orders, reports)| ExportManifest { state_hash, scopes, orders, reports })
}

fn import() -> impl Strategy<Value = ImportRecord> {
    let left = (any::<u32>(), any::<u32>(), any::<u64>());
    (manifest(), any::<u64>(), any::<u64>(), left, optional((participant(), any::<u64>()))).prop_map(
        |(manifest, records, checksum, (scopes_left, orders_left, reports_left), scope)| ImportRecord {
            manifest,
            records,
            checksum,
            scopes_left,
            orders_left,
            reports_left,
            scope,
        },
    )
}

fn migration_state() -> impl Strategy<Value = MigrationStateRecord> {
    (instrument(), select(MigrationStateKind::ALL), migration(), optional(epoch()), optional(import())).prop_map(
        |(instrument, kind, migration, epoch, import)| MigrationStateRecord {
            instrument,
            kind,
            migration,
            epoch,
            import,
        },
    )
}

fn statistics() -> impl Strategy<Value = Statistics> {
    let price = || optional(any_price());
    (price(), price(), price(), price(), quantity()).prop_map(|(open, high, low, last, volume)| Statistics {
        open,
        high,
        low,
        last,
        volume,
    })
}

fn instrument_record() -> impl Strategy<Value = InstrumentRecord> {
    let window = (any::<i64>(), optional(any_price())).prop_map(|(number, price)| ReferenceWindow { number, price });
    let electing = optional((any_price(), any_price()));
    let kinds = (optional(select(AuctionType::ALL)), (0..8_u8).prop_filter_map("a set", AuctionOrders::from_bits));
    let times = (optional(time()), optional(time()), optional(time()), kinds);
    let state = (statistics(), state_hash(), times, optional(window));
    (definition(), any::<[u64; 5]>(), state, electing).prop_map(
        |(
            definition,
            [last_order_id, last_trade_id, sequence, last_arrival, canceled_through],
            (
                statistics,
                state_hash,
                (auction_end, indicative_due, phase_due, (auction_type, expiring)),
                reference_window,
            ),
            electing,
        )| {
            InstrumentRecord {
                definition,
                last_order_id: OrderId(last_order_id),
                last_trade_id: TradeId(last_trade_id),
                market_data_sequence: MarketDataSequence(sequence),
                last_arrival,
                canceled_through: OrderId(canceled_through),
                electing,
                statistics,
                auction_end,
                indicative_due,
                phase_due,
                auction_type,
                expiring,
                reference_window,
                state_hash,
            }
        },
    )
}

fn scope() -> impl Strategy<Value = ScopeRecord> {
    let last = (client_sequence(), event_sequence());
    // All bits set is SBE's null.
    let canceled = (0..u64::MAX, 0..u64::MAX, 0..u64::MAX);
    (participant(), instrument(), last, any::<u32>(), (client_sequence(), time()), canceled).prop_map(
        |(participant, instrument, last, retained, lost, canceled)| ScopeRecord {
            participant,
            instrument,
            last_client_sequence: last.0,
            last_event_sequence: last.1,
            retained,
            lost_client_sequence: lost.0,
            lost_through: lost.1,
            canceled_buys: OrderId(canceled.0),
            canceled_sells: OrderId(canceled.1),
            canceled_on_disconnect: OrderId(canceled.2),
        },
    )
}

fn order() -> impl Strategy<Value = OrderRecord> {
    (any::<u64>(), participant(), quantity(), quantity(), new_order(), (0..u64::MAX, any::<bool>())).prop_map(
        |(order_id, participant, leaves_quantity, shown_quantity, order, (arrival, is_elected))| OrderRecord {
            order_id: OrderId(order_id),
            participant,
            leaves_quantity,
            shown_quantity,
            arrival: if order.stop_price.is_some() { arrival } else { 0 },
            is_elected,
            order,
        },
    )
}

fn party() -> impl Strategy<Value = TradeParty> {
    (any::<u64>(), client_order_id(), event_sequence(), participant()).prop_map(
        |(order_id, client_order_id, event_sequence, participant)| TradeParty {
            order_id: OrderId(order_id),
            client_order_id,
            event_sequence,
            participant,
        },
    )
}

fn trade() -> impl Strategy<Value = TradeRecord> {
    (any::<u64>(), any_price(), quantity(), party(), party()).prop_map(|(trade_id, price, quantity, buyer, seller)| {
        TradeRecord { trade_id: TradeId(trade_id), price, quantity, buyer, seller }
    })
}

fn kept() -> impl Strategy<Value = SnapshotRecord> {
    (client_sequence(), report())
        .prop_map(|(applied, report)| SnapshotRecord::Report(RetainedReport { applied, report }))
}

pub(crate) fn record() -> impl Strategy<Value = SnapshotRecord> {
    prop_oneof![
        header().prop_map(SnapshotRecord::Header),
        participant_record().prop_map(SnapshotRecord::Participant),
        rate().prop_map(SnapshotRecord::Rate),
        quotes::set_record().prop_map(SnapshotRecord::QuoteSet),
        quotes::trades_record().prop_map(SnapshotRecord::QuoteTrades),
        firm_record().prop_map(SnapshotRecord::Firm),
        firm_event().prop_map(SnapshotRecord::FirmEvent),
        migration_state().prop_map(SnapshotRecord::MigrationState),
        instrument_record().prop_map(SnapshotRecord::Instrument),
        trade().prop_map(SnapshotRecord::Trade),
        scope().prop_map(SnapshotRecord::Scope),
        kept(),
        order().prop_map(SnapshotRecord::Order),
        (any::<u64>(), any::<u64>()).prop_map(|(records, checksum)| SnapshotRecord::End { records, checksum }),
    ]
}

/// A record of an export of this instrument. A kept execution answers its scope's last applied command, or none.
pub(crate) fn exported_record(id: InstrumentId) -> impl Strategy<Value = ExportRecord> {
    let kept = (kept(), any::<bool>()).prop_map(move |(mut record, answers)| {
        if let SnapshotRecord::Report(RetainedReport { applied, report }) = &mut record
            && matches!(report.body, ReportBody::Execution(_))
        {
            report.instrument = id;
            report.client_sequence = if answers { *applied } else { ClientSequence(0) };
        }
        record
    });
    prop_oneof![
        1 => instrument_record().prop_map(|record| SnapshotRecord::Instrument(record).into()),
        2 => trade().prop_map(|record| SnapshotRecord::Trade(record).into()),
        1 => scope().prop_map(|record| SnapshotRecord::Scope(record).into()),
        4 => kept.prop_map(ExportRecord::from),
        4 => order().prop_map(|record| SnapshotRecord::Order(record).into()),
        1 => (any::<u64>(), any::<u64>()).prop_map(|(after, forgotten)| {
            ExportRecord::Trades { after: TradeId(after), forgotten: TradeId(forgotten) }
        }),
        1 => any::<u32>().prop_map(|number| ExportRecord::Ended { number }),
        2 => (any::<u32>(), order()).prop_map(|(number, order)| ExportRecord::Changed { number, order }),
    ]
}

pub(crate) fn cursor() -> impl Strategy<Value = ExportCursor> {
    let place = prop_oneof![
        Just(ExportPlace::Start),
        Just(ExportPlace::Instrument),
        any::<u64>().prop_map(|trade_id| ExportPlace::Trade { trade_id: TradeId(trade_id) }),
        (participant(), any::<u32>()).prop_map(|(participant, events)| ExportPlace::Scope { participant, events }),
        (participant(), client_order_id())
            .prop_map(|(participant, client_order_id)| ExportPlace::Order { participant, client_order_id }),
        Just(ExportPlace::End),
        any::<u32>().prop_map(|number| ExportPlace::Ended { number }),
        any::<u32>().prop_map(|number| ExportPlace::Changed { number }),
    ];
    let kind = select(&[ExportKind::Whole, ExportKind::Ahead, ExportKind::Rest][..]);
    (kind, any::<u64>(), any::<u64>(), place).prop_map(|(kind, records, checksum, place)| {
        let (kind, place) = match (kind, place) {
            (ExportKind::Ahead, _) => (kind, ExportPlace::Start),
            (_, ExportPlace::Ended { .. } | ExportPlace::Changed { .. }) => (ExportKind::Rest, place),
            (kind, place) => (kind, place),
        };
        ExportCursor { kind, records, checksum, place }
    })
}
