//! Firms: how many there may be, snapshots of them, and their events when an instrument moves.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail anywhere")]

mod venue;

use lugus_engine::{Engine, EngineLimits};
use lugus_vocabulary::*;
use venue::*;

const FIRM: u32 = 9;
const LIMITS: EngineLimits = EngineLimits {
    instruments: 4,
    participants: 1_000,
    orders: 200,
    retained_events: 20,
    retained_firm_events: 12,
    retained_trades: 16,
    steps: 4_096,
};

fn set_firm(target: u32, firm: Option<u32>) -> Action {
    Action::SetFirm { target: ParticipantId(target), firm: firm.map(ParticipantId) }
}

fn limits_of(firm: u32, limits: RiskLimits) -> Action {
    Action::SetFirmLimits { firm: ParticipantId(firm), limits }
}

/// Why the first thing told was refused.
fn reason(told: &[Told]) -> RejectReason {
    let Some(Told::Report(report)) = told.first() else { panic!("{told:?}") };
    match report.body {
        ReportBody::Reject { reason, .. } => reason,
        ReportBody::Execution(execution) => execution.reason,
        ReportBody::CancelReject { reason, .. } => reason,
        _ => RejectReason::None,
    }
}

/// Numbers and participants of the events that are told again.
fn events(engine: &Engine, firm: u32, last_seen: u64) -> Vec<(u64, u32)> {
    let (told, _) = told_of_firm(engine, firm, Some(last_seen));
    let event = |told: &Told| match told {
        Told::FirmReply(FirmReply::Again(event)) => Some((event.event_sequence.0, event.report.participant.0)),
        _ => None,
    };
    told.iter().filter_map(event).collect()
}

/// A venue in which participants 1 and 2 are of firm 9, which has every kind of limit and a kill switch, and have used them.
fn busy() -> Venue {
    busy_with(LIMITS)
}

fn busy_with(limits: EngineLimits) -> Venue {
    let mut venue = Venue::open(limits, definition(1));
    venue.send(0, 0, set_firm(1, Some(FIRM)));
    venue.send(0, 0, set_firm(2, Some(FIRM)));
    let limits = RiskLimits {
        maximum_quantity: Some(Quantity(15)),
        maximum_notional: Some(1_500),
        maximum_open_orders: Some(3),
        maximum_commands_per_second: Some(6),
        maximum_cancels_per_second: Some(2),
    };
    venue.send(0, 0, limits_of(FIRM, limits));
    let rules = FirmRules { self_trade_scope: Some(SelfTradeScope::Firm), ..FirmRules::default() };
    venue.send(FIRM, 0, Action::SetFirmRules { firm: ParticipantId(FIRM), rules });
    venue.order(1, limit(1, Side::Buy, 97, 5));
    venue.order(2, limit(1, Side::Buy, 98, 5));
    venue.order(2, limit(2, Side::Sell, 103, 5));
    venue.send(1, 1, cancel(1));
    venue
}

#[test]
fn the_number_of_firms_and_of_their_participants_is_bounded() {
    let mut venue = Venue::new(LIMITS);
    for firm in 1..=MAXIMUM_FIRMS as u32 {
        assert_eq!(reason(&venue.send(0, 0, set_firm(firm, Some(firm)))), RejectReason::None);
    }
    let one_more = MAXIMUM_FIRMS as u32 + 1;
    assert_eq!(reason(&venue.send(0, 0, set_firm(one_more, Some(one_more)))), RejectReason::LimitFirms);
    for participant in (one_more..).take(MAXIMUM_FIRM_PARTICIPANTS - 1) {
        assert_eq!(reason(&venue.send(0, 0, set_firm(participant, Some(1)))), RejectReason::None);
    }
    assert_eq!(reason(&venue.send(0, 0, set_firm(900, Some(1)))), RejectReason::LimitFirmParticipants);
    // A firm that ends makes room.
    venue.send(0, 0, set_firm(2, None));
    assert_eq!(reason(&venue.send(0, 0, set_firm(900, Some(900)))), RejectReason::None);
    // One that ends because its only participant goes to a new one does, too.
    assert_eq!(reason(&venue.send(0, 0, set_firm(900, Some(901)))), RejectReason::None);
    let loaded = restore(LIMITS, &snapshot(&venue.engine)).unwrap();
    assert_eq!(snapshot(&loaded), snapshot(&venue.engine));
}

#[test]
fn an_engine_from_a_snapshot_judges_and_numbers_as_the_one_that_wrote_it() {
    let mut venue = busy();
    let records = snapshot(&venue.engine);
    let mut loaded = restore(LIMITS, &records).unwrap();
    loaded.verify().unwrap();
    assert_eq!(snapshot(&loaded), records);
    assert_eq!(events(&loaded, FIRM, 2), events(&venue.engine, FIRM, 2));
    let mut number = 1;
    for (order, expected) in [
        (limit(3, Side::Buy, 96, 16), RejectReason::FirmQuantity),
        (limit(3, Side::Sell, 105, 15), RejectReason::FirmNotional),
        (limit(3, Side::Buy, 96, 5), RejectReason::None),
        (limit(4, Side::Buy, 96, 5), RejectReason::FirmRate),
    ] {
        number += 1;
        venue.now += 1;
        // The third and the fourth command are the last ones of the rate.
        let command = command(1, 1, number + 1, Action::New(order));
        let both = [&mut venue.engine, &mut loaded].map(|engine| told(engine, venue.now, &command));
        assert_eq!(both[0], both[1]);
        assert_eq!(reason(&both[0]), expected, "{order:?}");
    }
    assert_eq!(venue.engine.state_hash(), loaded.state_hash());
}

/// The firm does not trade with itself, and what it has lost is told as before.
#[test]
fn an_engine_from_a_snapshot_knows_what_a_firm_has_chosen_and_lost() {
    let few = EngineLimits { retained_firm_events: 2, ..LIMITS };
    let mut venue = busy_with(few);
    let mut loaded = restore(few, &snapshot(&venue.engine)).unwrap();
    let gap = told_of_firm(&venue.engine, FIRM, Some(1));
    assert!(matches!(gap.0[..], [Told::FirmReply(FirmReply::EventGap { lost_through, .. })] if lost_through.0 > 0));
    assert_eq!(told_of_firm(&loaded, FIRM, Some(1)), gap);
    let order = NewOrder { self_trade_prevention: SelfTradePrevention::CancelNewest, ..limit(9, Side::Sell, 98, 1) };
    venue.now += 1;
    let command = command(1, 1, 3, Action::New(order));
    for engine in [&mut venue.engine, &mut loaded] {
        let told = told(engine, venue.now, &command);
        let is_prevented = |told: &Told| {
            let Told::Report(Report { body: ReportBody::Execution(execution), .. }) = told else { return false };
            execution.reason == RejectReason::SelfTrade
        };
        assert!(told.iter().any(is_prevented), "{told:?}");
    }
}

#[test]
fn open_orders_of_the_whole_firm_count() {
    let mut venue = busy();
    venue.send(0, 0, limits_of(FIRM, RiskLimits { maximum_commands_per_second: Some(0), ..RiskLimits::default() }));
    assert_eq!(reason(&venue.order(1, limit(5, Side::Buy, 95, 1))), RejectReason::None);
    for participant in [1, 2, FIRM] {
        assert_eq!(reason(&venue.order(participant, limit(6, Side::Buy, 95, 1))), RejectReason::FirmOpenOrders);
    }
    // An order that never rests is none, and who leaves takes its orders along.
    assert_eq!(reason(&venue.order(1, market(6, Side::Buy, 1))), RejectReason::None);
    venue.send(0, 0, set_firm(2, None));
    assert_eq!(reason(&venue.order(1, limit(6, Side::Buy, 95, 1))), RejectReason::None);
    assert_eq!(reason(&venue.order(2, limit(6, Side::Buy, 95, 1))), RejectReason::None);
}

#[test]
fn forged_records_of_firms_are_refused() {
    let records = snapshot(&busy().engine);
    let firm_at = records.iter().position(|record| matches!(record, SnapshotRecord::Firm(_))).unwrap();
    let forged = |change: &dyn Fn(&mut FirmRecord)| {
        let mut forged = records.clone();
        let SnapshotRecord::Firm(firm) = &mut forged[firm_at] else { panic!("a firm") };
        change(firm);
        restore(LIMITS, &forged).unwrap_err().to_string()
    };
    let keeps = KillSwitchLevels::NONE.with(KillSwitchLevel::Operator);
    for (told, expected) in [
        (forged(&|firm| firm.firm = ParticipantId(1)), "a firm without its own participant"),
        (forged(&|firm| firm.limits.maximum_notional = Some(0)), "a limit of 0"),
        (forged(&|firm| firm.kill_switch_keeps = keeps), "a kill switch that keeps orders and is not engaged"),
        (forged(&|firm| firm.retained = 13), "kept events of a firm"),
        (forged(&|firm| firm.last_event_sequence = EventSequence(3)), "a firm with impossible numbers"),
        (forged(&|firm| firm.lost_through = EpochNanos(1)), "a firm has lost events and has all"),
        (forged(&|firm| firm.retained -= 1), "kept events of a firm have a gap"),
        (forged(&|firm| firm.retained += 1), "a firm with impossible numbers"),
        (forged(&|firm| firm.rates += 1), "rates"),
    ] {
        assert!(told.contains(expected), "{expected}: {told}");
    }
    let without = |gone: &dyn Fn(&SnapshotRecord) -> bool| {
        let mut left: Vec<_> = records.iter().filter(|record| !gone(record)).copied().collect();
        let all = left.len() as u64 - 1;
        let Some(SnapshotRecord::End { records, .. }) = left.last_mut() else { panic!("an end") };
        *records = all;
        restore(LIMITS, &left).unwrap_err().to_string()
    };
    let is_event =
        |record: &SnapshotRecord| matches!(record, SnapshotRecord::FirmEvent(event) if event.event_sequence.0 == 4);
    assert!(without(&is_event).contains("kept events of a firm have a gap"));
    let is_of_firm = |record: &SnapshotRecord| matches!(record, SnapshotRecord::Firm(_) | SnapshotRecord::FirmEvent(_));
    let told = without(&|record| is_of_firm(record) || matches!(record, SnapshotRecord::Rate(_)));
    assert!(told.contains("firms"), "{told}");
}

/// The events of before stay where they were told, and the new cluster goes on with its own numbers.
#[test]
fn events_stay_in_their_cluster_when_an_instrument_moves() {
    let instrument = InstrumentId(1);
    let mut from = Venue::open(LIMITS, definition(1));
    let mut to = Venue::new(LIMITS);
    for venue in [&mut from, &mut to] {
        venue.send(0, 0, set_firm(1, Some(FIRM)));
    }
    from.order(1, limit(1, Side::Buy, 97, 5));
    let migration = MigrationId(10);
    let manifest = from.engine.fence(instrument, migration).unwrap();
    to.engine.import_begin(instrument, migration, manifest).unwrap();
    let mut export = from.engine.export(instrument, migration, ExportCursor::START).unwrap();
    to.engine.import_records(instrument, migration, 0, export.by_ref()).unwrap();
    to.engine.import_end(instrument, migration, export.cursor().checksum).unwrap();
    to.engine.activate(instrument, migration).unwrap();
    to.send_as(1, 1, 2, cancel(1));
    assert_eq!(events(&from.engine, FIRM, 0), [(1, 1), (2, FIRM), (3, 1)]);
    assert_eq!(events(&to.engine, FIRM, 0), [(1, 1), (2, FIRM), (3, 1)]);
    let (told, _) = told_of_firm(&to.engine, FIRM, Some(2));
    let Some(Told::FirmReply(FirmReply::Again(event))) = told.first() else { panic!("{told:?}") };
    assert_eq!((event.report.instrument, event.report.event_sequence), (instrument, EventSequence(2)));
    from.engine.verify().unwrap();
}

/// A mass cancel goes on by steps: one with the command, one before the next. What it is for takes no room in the firm once a quote has met it, as it takes none for an order.
#[test]
fn a_quote_is_judged_after_what_it_meets_has_ended() {
    let mut venue = Venue::open(EngineLimits { steps: 1, ..LIMITS }, definition(1));
    venue.send(0, 0, set_firm(1, Some(FIRM)));
    venue.send(0, 0, set_firm(2, Some(FIRM)));
    for id in 1..=3 {
        venue.send(2, 1, Action::New(limit(id, Side::Sell, 101, 1)));
    }
    venue.send(0, 0, limits_of(FIRM, RiskLimits { maximum_open_orders: Some(2), ..RiskLimits::default() }));
    venue.send(0, 0, Action::MassCancelAll { target: MassCancelTarget::Everybody, side: None });
    let entry = QuoteEntry {
        instrument: InstrumentId(1),
        bid_price: Price(99),
        bid_quantity: Quantity(1),
        offer_price: Price(102),
        offer_quantity: Quantity(1),
    };
    let quote = MassQuote {
        quote_id: QuoteId(1),
        quote_set: QuoteSetId::default(),
        post_only: PostOnly::No,
        self_trade_prevention: SelfTradePrevention::None,
        entries: ByEntry::of(&[entry]).unwrap(),
    };
    let told = venue.send(1, 0, Action::MassQuote(quote));
    let results = told.iter().find_map(|told| match told {
        Told::Report(Report { body: ReportBody::MassQuote(answer), .. }) => Some(answer.results),
        _ => None,
    });
    assert_eq!(results.unwrap().iter().map(|result| result.reason).collect::<Vec<_>>(), [RejectReason::None]);
    assert_eq!(levels(&venue.engine, 1, Side::Sell), Some(vec![(102, 1, 1)]));
}
