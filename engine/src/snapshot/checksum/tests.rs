//! Every field of every record counts for the checksum.

use std::collections::BTreeSet;

use lugus_testing::instruments::btc_usdt;
use lugus_vocabulary::*;

use super::*;

/// Checks that each change of a record gives a checksum of its own, unlike that of the record itself. The changes are by different
/// numbers where one of a word of a pair could look like one of the other word ([`state_hash`]).
fn counts<R: Copy>(record: impl Fn(R) -> SnapshotRecord, base: R, changes: &[fn(&mut R)]) {
    let changed = changes.iter().map(|change| {
        let mut changed = base;
        change(&mut changed);
        checksum(1, &record(changed))
    });
    let all: BTreeSet<u64> = changed.chain([checksum(1, &record(base))]).collect();
    assert_eq!(all.len(), changes.len() + 1, "{}", record(base).kind());
}

const NO_LEVEL: KillSwitchLevels = KillSwitchLevels::NONE;
const OPERATORS: KillSwitchLevels = NO_LEVEL.with(KillSwitchLevel::Operator);

#[test]
fn of_header_and_end() {
    let base = SnapshotHeader {
        version: 1,
        participants: 2,
        instruments: 3,
        scopes: 4,
        orders: 5,
        migration_states: 6,
        reports: 7,
        participants_hash: StateHash(8),
        state_hash: StateHash(9),
    };
    counts(
        SnapshotRecord::Header,
        base,
        &[
            |header| header.version += 1,
            |header| header.participants += 1,
            |header| header.instruments += 1,
            |header| header.scopes += 1,
            |header| header.orders += 1,
            |header| header.migration_states += 1,
            |header| header.reports += 1,
            |header| header.participants_hash.0 += 1,
            |header| header.state_hash.0 += 1,
        ],
    );
    counts(|records| SnapshotRecord::End { records, checksum: 0 }, 1, &[|records| *records += 1]);
}

#[test]
fn of_participants_and_what_they_have_used() {
    let base = ParticipantRecord {
        participant: ParticipantId(1),
        limits: RiskLimits::default(),
        kill_switch: NO_LEVEL,
        kill_switch_keeps: NO_LEVEL,
        rates: 0,
        disconnection: None,
        firm: None,
    };
    counts(
        SnapshotRecord::Participant,
        base,
        &[
            |record| record.participant.0 += 1,
            |record| record.limits.maximum_quantity = Some(Quantity(1)),
            |record| record.limits.maximum_notional = Some(1),
            |record| record.limits.maximum_open_orders = Some(1),
            |record| record.limits.maximum_commands_per_second = Some(1),
            |record| record.limits.maximum_cancels_per_second = Some(1),
            |record| record.kill_switch = OPERATORS,
            |record| (record.kill_switch, record.kill_switch_keeps) = (OPERATORS, OPERATORS),
            |record| record.rates += 1,
            |record| record.firm = Some(ParticipantId(1)),
            |record| record.disconnection = Some(disconnection(0, 0, false)),
            |record| record.disconnection = Some(disconnection(1, 0, false)),
            |record| record.disconnection = Some(disconnection(0, 1, false)),
            |record| record.disconnection = Some(disconnection(0, 0, true)),
        ],
    );
    let rate = RateRecord { kind: RateKind::Orders, time: EpochNanos(1), commands: 1 };
    counts(
        SnapshotRecord::Rate,
        rate,
        &[|rate| rate.kind = RateKind::Cancels, |rate| rate.time.0 += 1, |rate| rate.commands += 1],
    );
}

fn disconnection(grace: u32, deadline: i64, is_done: bool) -> DisconnectionRecord {
    let grace = GraceTime::from_milliseconds(grace).unwrap_or_default();
    DisconnectionRecord { grace, deadline: EpochNanos(deadline), is_done }
}

#[test]
fn of_quote_sets() {
    counts(
        SnapshotRecord::QuoteSet,
        QuoteSetRecord::default(),
        &[
            |set| set.quote_set = QuoteSetId::new(1).unwrap_or_default(),
            |set| set.protection.window_milliseconds = 1,
            |set| set.protection.frozen_milliseconds = 1,
            |set| set.protection.maximum_trades = Some(1),
            |set| set.protection.maximum_quantity = Some(Quantity(1)),
            |set| set.protection.maximum_delta = Some(Quantity(1)),
            |set| set.trigger = ProtectionTrigger::Trades,
            |set| set.frozen_until = Some(EpochNanos(0)),
            |set| set.frozen_until = Some(EpochNanos(1)),
            |set| set.canceling = Some(RejectReason::None),
            |set| set.canceling = Some(RejectReason::MarketMakerProtection),
            |set| set.trades = 1,
        ],
    );
    counts(
        SnapshotRecord::QuoteTrades,
        QuoteTradesRecord::default(),
        &[
            |record| record.time.0 += 1,
            |record| record.trades += 1,
            |record| record.bought.0 += 1,
            |record| record.sold.0 += 1,
        ],
    );
}

#[test]
fn of_firms_and_their_events() {
    counts(
        SnapshotRecord::Firm,
        FirmRecord::default(),
        &[
            |firm| firm.firm.0 += 1,
            |firm| firm.limits.maximum_quantity = Some(Quantity(1)),
            |firm| firm.limits.maximum_notional = Some(1),
            |firm| firm.limits.maximum_open_orders = Some(1),
            |firm| firm.limits.maximum_commands_per_second = Some(1),
            |firm| firm.limits.maximum_cancels_per_second = Some(1),
            |firm| firm.kill_switch = OPERATORS,
            |firm| (firm.kill_switch, firm.kill_switch_keeps) = (OPERATORS, OPERATORS),
            |firm| firm.self_trade_scope = SelfTradeScope::Firm,
            |firm| firm.rates += 1,
            |firm| firm.last_event_sequence.0 += 1,
            |firm| firm.retained += 1,
            |firm| firm.lost_through.0 += 1,
        ],
    );
    let event = FirmEvent { firm: ParticipantId(1), event_sequence: EventSequence(2), report: report() };
    counts(
        SnapshotRecord::FirmEvent,
        event,
        &[
            |event| event.firm.0 += 1,
            |event| event.event_sequence.0 += 1,
            |event| event.report.participant.0 += 1,
            |event| event.report.event_sequence.0 += 1,
        ],
    );
    let kept = RetainedReport { applied: ClientSequence(1), report: report() };
    counts(SnapshotRecord::Report, kept, &[|kept| kept.applied.0 += 1, |kept| kept.report.event_sequence.0 += 1]);
}

fn report() -> Report {
    Report {
        participant: ParticipantId(1),
        instrument: InstrumentId(2),
        event_sequence: EventSequence(3),
        client_sequence: ClientSequence(4),
        time: EpochNanos(5),
        body: ReportBody::MassCancel { target: ParticipantId(6), affected: 7 },
    }
}

#[test]
fn of_migration_states() {
    let import = ImportRecord::default();
    let base = MigrationStateRecord {
        instrument: InstrumentId(1),
        kind: MigrationStateKind::Importing,
        migration: MigrationId(2),
        epoch: None,
        import: Some(import),
    };
    counts(
        SnapshotRecord::MigrationState,
        base,
        &[
            |state| state.instrument.0 += 1,
            |state| state.kind = MigrationStateKind::Imported,
            |state| state.migration.0 += 1,
            |state| state.epoch = Some(MapEpoch(0)),
            |state| state.epoch = Some(MapEpoch(1)),
            |state| state.import = None,
        ],
    );
    counts(
        |import| SnapshotRecord::MigrationState(MigrationStateRecord { import: Some(import), ..base }),
        import,
        &[
            |import| import.manifest.state_hash.0 += 1,
            |import| import.manifest.scopes += 3,
            |import| import.manifest.orders += 1,
            |import| import.manifest.reports += 1,
            |import| import.records += 1,
            |import| import.checksum += 1,
            |import| import.scopes_left += 3,
            |import| import.orders_left += 1,
            |import| import.reports_left += 3,
            |import| import.scope = Some((ParticipantId(0), 0)),
            |import| import.scope = Some((ParticipantId(1), 0)),
            |import| import.scope = Some((ParticipantId(0), 1)),
        ],
    );
}

#[test]
fn of_instruments() {
    let base = InstrumentRecord {
        definition: btc_usdt(InstrumentId(1)),
        last_order_id: OrderId(1),
        last_trade_id: TradeId(2),
        market_data_sequence: MarketDataSequence(3),
        last_arrival: 4,
        canceled_through: OrderId(0),
        electing: None,
        statistics: Statistics::default(),
        auction_end: None,
        indicative_due: None,
        phase_due: None,
        auction_type: None,
        expiring: AuctionOrders::NONE,
        reference_window: None,
        state_hash: StateHash(5),
    };
    counts(
        SnapshotRecord::Instrument,
        base,
        &[
            |record| record.definition.state = InstrumentState::Halted,
            |record| record.definition.protection.protection_points = Quantity(1),
            |record| record.definition.auctions.no_cancel_milliseconds = 1,
            |record| record.last_order_id.0 += 1,
            |record| record.last_trade_id.0 += 1,
            |record| record.market_data_sequence.0 += 1,
            |record| record.last_arrival += 1,
            |record| record.canceled_through.0 += 1,
            |record| record.electing = Some((Price(0), Price(0))),
            |record| record.electing = Some((Price(-1), Price(0))),
            |record| record.electing = Some((Price(0), Price(1))),
            |record| record.statistics.open = Some(Price(0)),
            |record| record.statistics.high = Some(Price(0)),
            |record| record.statistics.low = Some(Price(0)),
            |record| record.statistics.last = Some(Price(0)),
            |record| record.statistics.open = Some(Price(1)),
            |record| record.statistics.high = Some(Price(1)),
            |record| record.statistics.low = Some(Price(1)),
            |record| record.statistics.last = Some(Price(1)),
            |record| record.statistics.volume.0 += 1,
            |record| record.auction_end = Some(EpochNanos(0)),
            |record| record.auction_end = Some(EpochNanos(1)),
            |record| record.indicative_due = Some(EpochNanos(0)),
            |record| record.indicative_due = Some(EpochNanos(1)),
            |record| record.phase_due = Some(EpochNanos(0)),
            |record| record.phase_due = Some(EpochNanos(1)),
            |record| record.auction_type = Some(AuctionType::Opening),
            |record| record.auction_type = Some(AuctionType::Intraday),
            |record| record.expiring = AuctionOrders::AT_THE_OPENING,
            |record| record.expiring = AuctionOrders::GOOD_FOR_AUCTION,
            |record| record.reference_window = Some(ReferenceWindow { number: 0, price: None }),
            |record| record.reference_window = Some(ReferenceWindow { number: 1, price: None }),
            |record| record.reference_window = Some(ReferenceWindow { number: 0, price: Some(Price(0)) }),
            |record| record.reference_window = Some(ReferenceWindow { number: 0, price: Some(Price(1)) }),
            |record| record.state_hash.0 += 1,
        ],
    );
    let gathering = InstrumentRecord {
        electing: Some((Price(0), Price(0))),
        auction_end: Some(EpochNanos(0)),
        indicative_due: Some(EpochNanos(0)),
        phase_due: Some(EpochNanos(0)),
        auction_type: Some(AuctionType::Opening),
        expiring: AuctionOrders::GOOD_FOR_AUCTION,
        reference_window: Some(ReferenceWindow { number: 0, price: Some(Price(0)) }),
        ..base
    };
    counts(
        SnapshotRecord::Instrument,
        gathering,
        &[
            |record| record.electing = None,
            |record| record.auction_end = None,
            |record| record.indicative_due = None,
            |record| record.phase_due = None,
            |record| record.auction_type = None,
            |record| record.expiring = AuctionOrders::NONE,
            |record| record.reference_window = None,
            |record| record.reference_window = Some(ReferenceWindow { number: 0, price: None }),
        ],
    );
}

#[test]
fn of_trades_scopes_and_orders() {
    let trade = TradeRecord {
        trade_id: TradeId(1),
        price: Price(2),
        quantity: Quantity(3),
        buyer: TradeParty::default(),
        seller: TradeParty::default(),
    };
    counts(
        SnapshotRecord::Trade,
        trade,
        &[
            |trade| trade.trade_id.0 += 1,
            |trade| trade.price.0 += 1,
            |trade| trade.quantity.0 += 1,
            |trade| trade.buyer.order_id.0 += 1,
            |trade| trade.buyer.client_order_id.0 += 1,
            |trade| trade.buyer.event_sequence.0 += 1,
            |trade| trade.buyer.participant.0 += 3,
            |trade| trade.seller.order_id.0 += 1,
            |trade| trade.seller.client_order_id.0 += 1,
            |trade| trade.seller.event_sequence.0 += 1,
            |trade| trade.seller.participant.0 += 1,
        ],
    );
    let scope = ScopeRecord {
        participant: ParticipantId(1),
        instrument: InstrumentId(2),
        last_client_sequence: ClientSequence(3),
        last_event_sequence: EventSequence(4),
        retained: 0,
        lost_client_sequence: ClientSequence(0),
        lost_through: EpochNanos(0),
        canceled_buys: OrderId(0),
        canceled_sells: OrderId(0),
        canceled_on_disconnect: OrderId(0),
    };
    counts(
        SnapshotRecord::Scope,
        scope,
        &[
            |scope| scope.participant.0 += 1,
            |scope| scope.instrument.0 += 1,
            |scope| scope.last_client_sequence.0 += 1,
            |scope| scope.last_event_sequence.0 += 1,
            |scope| scope.retained += 1,
            |scope| scope.lost_client_sequence.0 += 1,
            |scope| scope.lost_through.0 += 1,
            |scope| scope.canceled_buys.0 += 1,
            |scope| scope.canceled_sells.0 += 1,
            |scope| scope.canceled_on_disconnect.0 += 1,
        ],
    );
    let order = OrderRecord {
        order_id: OrderId(1),
        participant: ParticipantId(2),
        leaves_quantity: Quantity(3),
        shown_quantity: Quantity(3),
        arrival: 0,
        is_elected: false,
        order: NewOrder::market(ClientOrderId(4), Side::Buy, Quantity(5)),
    };
    counts(
        SnapshotRecord::Order,
        order,
        &[
            |record| record.order_id.0 += 1,
            |record| record.participant.0 += 1,
            |record| record.leaves_quantity.0 += 1,
            |record| record.shown_quantity.0 += 1,
            |record| record.arrival += 1,
            |record| record.is_elected = true,
            |record| record.order.client_order_id.0 += 1,
            |record| record.order.side = Side::Sell,
            |record| record.order.order_type = OrderType::Limit,
            |record| record.order.time_in_force = TimeInForce::Gtd,
            |record| record.order.price = Some(Price(0)),
            |record| record.order.price = Some(Price(1)),
            |record| record.order.stop_price = Some(Price(0)),
            |record| record.order.stop_price = Some(Price(1)),
            |record| record.order.quantity.0 += 1,
            |record| record.order.display_quantity.0 += 1,
            |record| record.order.expire_time = Some(EpochNanos(0)),
            |record| record.order.expire_time = Some(EpochNanos(1)),
            |record| record.order.post_only = PostOnly::Yes,
            |record| record.order.self_trade_prevention = SelfTradePrevention::CancelBoth,
            |record| record.order.on_disconnect = OnDisconnect::Stay,
            |record| record.order.client_tag.0 += 1,
        ],
    );
}
