//! Forged snapshots: right in counts and checksum, wrong in one thing.

use std::convert::Infallible;

use lugus_testing::instruments::btc_usdt;
use lugus_vocabulary::*;

use super::*;
use crate::event_sink::EventSink;

struct Nowhere;

impl EventSink for Nowhere {
    fn report(&mut self, _: &Report) {}
    fn reply(&mut self, _: &Reply) {}
}

const LIMITS: EngineLimits = EngineLimits {
    instruments: 4,
    participants: 4,
    orders: 16,
    retained_events: 4,
    retained_firm_events: 4,
    retained_trades: 4_096,
    steps: 4_096,
};

fn define(instrument: u32) -> Action {
    Action::DefineInstrument(InstrumentDefinition {
        maximum_price: Price(1_000),
        reference_price: Price(100),
        maximum_quantity: Quantity(100),
        ..btc_usdt(InstrumentId(instrument))
    })
}

fn order(client_order_id: u64, side: Side, price: i64) -> Action {
    Action::New(NewOrder::limit(ClientOrderId(client_order_id), side, Price(price), Quantity(10)))
}

/// Two instruments; in the first, two participants with bids at 98 and 99 and asks at 101 and 102.
fn records() -> Vec<SnapshotRecord> {
    let mut engine = Engine::new(LIMITS);
    let script = [
        (0, 0, 1, define(1)),
        (0, 0, 2, define(2)),
        (1, 1, 1, order(1, Side::Buy, 98)),
        (1, 1, 2, order(2, Side::Sell, 101)),
        (2, 1, 1, order(1, Side::Buy, 99)),
        (2, 1, 2, order(2, Side::Sell, 102)),
        (1, 1, 3, order(2, Side::Sell, 102)),
        (1, 1, 4, order(2, Side::Sell, 102)),
        (1, 1, 5, order(2, Side::Sell, 102)),
    ];
    for (participant, instrument, number, action) in script {
        let command = Command {
            participant: ParticipantId(participant),
            instrument: InstrumentId(instrument),
            client_sequence: ClientSequence(number),
            action,
        };
        engine.apply(EpochNanos(i64::from(participant)), &command, &mut Nowhere);
    }
    let mut records = Vec::new();
    let Ok(()) = engine.snapshot(&mut |record| {
        records.push(*record);
        Ok::<(), Infallible>(())
    });
    records
}

/// With counts and checksum that are right.
fn sign(records: &mut Vec<SnapshotRecord>) {
    records.pop();
    let of = |kind| records.iter().filter(|record| record.kind() == kind).count() as u32;
    let counts = (of("participant"), of("instrument"), of("scope"), of("order"), of("kept event"));
    let trades = of("kept trade");
    if let Some(SnapshotRecord::Header(header)) = records.first_mut() {
        (header.participants, header.instruments, header.scopes, header.orders) =
            (counts.0, counts.1, counts.2, counts.3);
        header.reports = u64::from(counts.4) + u64::from(trades);
    }
    let checksum = records.iter().fold(0, checksum);
    records.push(SnapshotRecord::End { records: records.len() as u64, checksum });
}

fn load(records: &[SnapshotRecord]) -> Result<Engine, SnapshotError> {
    let mut restore = Restore::new(LIMITS);
    for record in records {
        restore.record(record)?;
    }
    restore.finish()
}

/// What a snapshot says that is forged in this way.
fn forged(forge: impl FnOnce(&mut Vec<SnapshotRecord>)) -> String {
    let mut records = records();
    forge(&mut records);
    sign(&mut records);
    match load(&records) {
        Ok(engine) => panic!("loaded: {:?}", engine.verify()),
        Err(error) => error.fault.to_string(),
    }
}

macro_rules! change {
    ($kind:ident, $nth:expr, $name:ident => $change:expr) => {
        |records: &mut Vec<SnapshotRecord>| {
            let mut of_kind = records.iter_mut().filter_map(|record| match record {
                SnapshotRecord::$kind($name) => Some($name),
                _ => None,
            });
            let $name = of_kind.nth($nth).unwrap();
            $change;
        }
    };
}

fn place(records: &[SnapshotRecord], kind: &str, nth: usize) -> usize {
    let mut places = (0..records.len()).filter(|&at| records[at].kind() == kind);
    places.nth(nth).unwrap()
}

#[test]
fn an_unchanged_snapshot_with_a_new_checksum_is_loaded() {
    let mut records = records();
    sign(&mut records);
    load(&records).unwrap().verify().unwrap();
}

#[test]
fn kept_trades_end_with_the_last_one() {
    let found = forged(|records| {
        let at = place(records, "instrument", 0);
        if let SnapshotRecord::Instrument(instrument) = &mut records[at] {
            instrument.last_trade_id = TradeId(5);
        }
        let party = |participant| TradeParty {
            order_id: OrderId(1),
            client_order_id: ClientOrderId(1),
            event_sequence: EventSequence(1),
            participant: ParticipantId(participant),
        };
        let (trade_id, price, quantity) = (TradeId(4), Price(100), Quantity(1));
        let trade = TradeRecord { trade_id, price, quantity, buyer: party(1), seller: party(2) };
        records.insert(at + 1, SnapshotRecord::Trade(trade));
    });
    assert_eq!(found, "kept trades that do not end with the last one");
}

/// Orders come by their priority; the lists of their owners are by number.
#[test]
fn a_loaded_owners_lists_are_in_the_order_of_the_order_ids() {
    let mut engine = Engine::new(LIMITS);
    let orders = [(Side::Buy, 97), (Side::Buy, 99), (Side::Sell, 103), (Side::Buy, 98)];
    let orders = (1_u64..).zip(orders).map(|(n, (side, price))| (1, 1, n, order(n, side, price)));
    for (participant, instrument, number, action) in [(0, 0, 1, define(1))].into_iter().chain(orders) {
        let command = Command {
            participant: ParticipantId(participant),
            instrument: InstrumentId(instrument),
            client_sequence: ClientSequence(number),
            action,
        };
        engine.apply(EpochNanos(1), &command, &mut Nowhere);
    }
    let mut restore = Restore::new(LIMITS);
    engine.snapshot(&mut |record| restore.record(record)).unwrap();
    let mut loaded = restore.finish().unwrap();
    loaded.verify().unwrap();
    let owner = loaded.scopes.find(ParticipantId(1), InstrumentId(1)).unwrap();
    let first = [Some(Side::Buy), Some(Side::Sell)].map(|side| loaded.pool.first_of(owner, side).unwrap());
    assert_eq!(first.map(|slot| loaded.pool.get(slot).client_order_id), [ClientOrderId(1), ClientOrderId(3)]);
}

#[test]
fn orders() {
    let invalid = [
        (forged(change!(Order, 0, order => order.order_id.0 = 0)), "an order with an impossible number"),
        (forged(change!(Order, 0, order => order.order_id.0 = 5)), "an order with an impossible number"),
        (forged(change!(Order, 0, order => order.order_id.0 = 1)), "an order id that is there twice in an instrument"),
        (forged(change!(Order, 0, order => order.order.client_order_id.0 = 0)), "an order with an impossible number"),
        (
            forged(change!(Order, 2, order => order.order.client_order_id.0 = 1)),
            "a client order id that is there twice",
        ),
        (forged(change!(Order, 0, order => order.participant.0 = 3)), "an order whose participant has no scope"),
        (
            // With a limit it is one that rests at its protection points.
            forged(change!(Order, 0, order => (order.order.order_type, order.order.price) = (OrderType::Market, None))),
            "an order of a kind that does not rest",
        ),
        (
            forged(change!(Order, 0, order => order.order.time_in_force = TimeInForce::Ioc)),
            "an order of a kind that does not rest",
        ),
        (forged(change!(Order, 0, order => order.leaves_quantity.0 = 0)), "an order with an impossible quantity"),
        (forged(change!(Order, 0, order => order.leaves_quantity.0 = 11)), "an order with an impossible quantity"),
        (forged(change!(Order, 0, order => order.order.quantity.0 = 101)), "an order with an impossible quantity"),
        (
            forged(change!(Order, 0, order => order.order.price = Some(Price(1_001)))),
            "an order with an impossible price",
        ),
        (
            forged(change!(Order, 0, order => order.order.price = Some(Price(97)))),
            "orders are not in the order of their priority",
        ),
        (
            forged(change!(Order, 2, order => order.order.price = Some(Price(103)))),
            "orders are not in the order of their priority",
        ),
        (
            forged(change!(Order, 0, order => order.order.side = Side::Sell)),
            "orders are not in the order of their priority",
        ),
        (forged(change!(Order, 2, order => order.order.price = Some(Price(99)))), "a bid that would trade with an ask"),
    ];
    for (found, expected) in invalid {
        assert_eq!(found, expected);
    }
}

#[test]
fn instruments() {
    let invalid = [
        (
            forged(change!(Instrument, 0, record => record.definition.base = Symbol([0; 8]))),
            "an instrument with an impossible definition",
        ),
        (
            forged(change!(Instrument, 1, record => record.definition.instrument.0 = 1)),
            "instruments are not in the order of their ids",
        ),
        (
            forged(change!(Instrument, 0, record => record.last_order_id.0 = u64::MAX)),
            "an instrument with impossible numbers",
        ),
        (forged(change!(Instrument, 0, record => record.last_order_id.0 = 3)), "an order with an impossible number"),
    ];
    for (found, expected) in invalid {
        assert_eq!(found, expected);
    }
    assert!(forged(change!(Instrument, 1, record => record.state_hash.0 += 1)).starts_with("state hash"));
}

#[test]
fn scopes_and_events() {
    let invalid = [
        (
            forged(change!(Participant, 0, record => record.participant.0 = 3)),
            "the first participant is not the operator",
        ),
        (
            forged(change!(Participant, 2, record => record.participant.0 = 1)),
            "participants are not in the order of their ids",
        ),
        (forged(change!(Scope, 0, scope => scope.participant.0 = 3)), "a scope of an unknown participant"),
        (
            forged(change!(Scope, 2, scope => scope.participant.0 = 1)),
            "scopes are not in the order of their participants",
        ),
        (forged(change!(Scope, 1, scope => scope.instrument.0 = 2)), "a scope of another instrument"),
        (
            forged(change!(Scope, 1, scope => scope.last_client_sequence.0 = u64::MAX)),
            "a scope with impossible numbers",
        ),
        (forged(change!(Scope, 1, scope => scope.last_event_sequence.0 = 1)), "a scope with impossible numbers"),
        (forged(change!(Scope, 1, scope => scope.last_event_sequence.0 = 9)), "kept events have a gap"),
        (forged(change!(Scope, 2, scope => scope.lost_client_sequence.0 = 1)), "a scope has lost events and has all"),
        (
            forged(change!(Scope, 1, scope => scope.retained = 5)),
            "5 kept events, but the limit is 4: raise it on all members",
        ),
        (forged(change!(Scope, 1, scope => scope.retained = 3)), "kept events have a gap"),
        (forged(change!(Scope, 2, scope => scope.retained = 1)), "kept events have a gap"),
        (forged(change!(Report, 3, kept => kept.report.participant.0 = 2)), "an event of another scope"),
        (forged(change!(Report, 3, kept => kept.report.event_sequence.0 += 1)), "kept events have a gap"),
        (forged(change!(Report, 3, kept => kept.applied.0 = 1)), "kept events are not in the order of their commands"),
        (forged(change!(Report, 3, kept => kept.applied.0 = 6)), "kept events are not in the order of their commands"),
        (
            forged(change!(Report, 3, kept => kept.report.client_sequence.0 = 2)),
            "an event that answers a command of another time",
        ),
    ];
    for (found, expected) in invalid {
        assert_eq!(found, expected);
    }
}

#[test]
fn the_order_of_records() {
    let swapped = |kind: &'static str, with: &'static str| {
        forged(move |records| {
            let (one, other) = (place(records, kind, 0), place(records, with, 0));
            records.swap(one, other);
        })
    };
    assert_eq!(swapped("participant", "instrument"), "a record of kind participant does not belong here");
    assert_eq!(swapped("scope", "participant"), "a record of kind participant does not belong here");
    assert_eq!(swapped("order", "instrument"), "a record of kind order does not belong here");
    let late_scope = forged(|records| {
        let (from, to) = (place(records, "scope", 2), place(records, "order", 0));
        records[from..=to].rotate_right(1);
    });
    assert_eq!(late_scope, "an order whose participant has no scope");
    let no_header = forged(|records| records.rotate_left(1));
    assert_eq!(no_header, "a record of kind participant does not belong here");
    let twice = forged(|records| records.insert(1, records[0]));
    assert_eq!(twice, "a record of kind header does not belong here");
    let version = forged(change!(Header, 0, header => header.version = 1));
    assert_eq!(
        version,
        format!("version 1 is not supported; this engine reads {OLDEST_SNAPSHOT_VERSION} to {SNAPSHOT_VERSION}")
    );
}

/// The records of version 8 lack only what is absent or 0 then.
#[test]
fn a_snapshot_of_the_version_before_is_loaded() {
    let mut before = records();
    if let Some(SnapshotRecord::Header(header)) = before.first_mut() {
        header.version = OLDEST_SNAPSHOT_VERSION;
    }
    sign(&mut before);
    load(&before).unwrap().verify().unwrap();
}

#[test]
fn no_record_is_accepted_after_an_error_or_the_end() {
    let records = records();
    let mut restore = Restore::new(LIMITS);
    let first = restore.record(&records[1]).unwrap_err();
    assert_eq!(first, SnapshotError { record: 0, fault: SnapshotFault::Unexpected { found: "participant" } });
    assert_eq!(restore.record(&records[0]).unwrap_err().fault, SnapshotFault::Failed);
    assert_eq!(restore.finish().unwrap_err().fault, SnapshotFault::Failed);

    let mut restore = Restore::new(LIMITS);
    records.iter().for_each(|record| restore.record(record).unwrap());
    assert!(restore.record(&records[0]).is_err());
    assert!(restore.finish().is_err());
}

/// What kinds of orders with terms may not be.
#[test]
fn terms_of_orders() {
    let gtd = |order: &mut OrderRecord| order.order.time_in_force = TimeInForce::Gtd;
    let stop_limit = |order: &mut OrderRecord, stop_price| {
        order.order.order_type = OrderType::StopLimit;
        order.order.stop_price = Some(Price(stop_price));
    };
    // The last one of the book, so that a stop order is in its place.
    let last = 3;
    let invalid = [
        (forged(change!(Order, last, order => gtd(order))), "an order with an impossible expire time"),
        (
            forged(change!(Order, last, order => order.order.expire_time = Some(EpochNanos(9)))),
            "an order with an impossible expire time",
        ),
        (
            forged(change!(Order, last, order => order.shown_quantity.0 = 9)),
            "an order that shows an impossible quantity",
        ),
        (
            forged(change!(Order, last, order => order.order.display_quantity.0 = 9)),
            "an order that shows an impossible quantity",
        ),
        (
            forged(change!(Order, last, order => order.order.stop_price = Some(Price(5)))),
            "an order of a kind that does not rest",
        ),
        (forged(change!(Order, last, order => stop_limit(order, 1_001))), "an order with an impossible price"),
        (forged(change!(Order, 0, order => stop_limit(order, 50))), "orders are not in the order of their priority"),
        (forged(change!(Order, last, order => order.arrival = 1)), "an order with an impossible arrival"),
        (forged(change!(Participant, 1, record => record.limits.maximum_notional = Some(0))), "a limit of 0"),
        (
            forged(
                change!(Participant, 1, record => record.kill_switch_keeps = KillSwitchLevels::NONE.with(KillSwitchLevel::Firm)),
            ),
            "a kill switch that keeps orders and is not engaged",
        ),
    ];
    for (found, expected) in invalid {
        assert_eq!(found, expected);
    }
    let due = forged(|records| {
        change!(Instrument, 0, record => record.statistics.last = Some(Price(70)))(records);
        change!(Order, last, order => stop_limit(order, 80))(records);
    });
    assert_eq!(due, "a stop order that should have triggered");
}

#[test]
fn a_crossed_book_is_loaded_unless_the_instrument_is_open() {
    let cross = change!(Order, 2, order => order.order.price = Some(Price(99)));
    assert_eq!(forged(cross), "a bid that would trade with an ask");
    for state in [InstrumentState::Auction, InstrumentState::Halted] {
        let mut records = records();
        cross(&mut records);
        change!(Instrument, 0, record => record.definition.state = state)(&mut records);
        sign(&mut records);
        load(&records).unwrap().verify().unwrap();
    }
}

/// The numbers of a firm's events are in the state hash: an engine that has lost count of them is found.
#[test]
fn an_engine_that_counts_a_firms_events_otherwise_has_another_hash() {
    let mut engine = Engine::new(LIMITS);
    let send = |engine: &mut Engine, participant, instrument, number, action| {
        let (participant, instrument) = (ParticipantId(participant), InstrumentId(instrument));
        let command = Command { participant, instrument, client_sequence: ClientSequence(number), action };
        engine.apply(EpochNanos(1), &command, &mut Nowhere);
    };
    send(&mut engine, 0, 0, 1, define(1));
    send(&mut engine, 0, 0, 2, Action::SetFirm { target: ParticipantId(1), firm: Some(ParticipantId(2)) });
    send(&mut engine, 1, 1, 1, order(1, Side::Buy, 98));
    let loaded = |count_more: u64| {
        let mut records = Vec::new();
        let Ok(()) = engine.snapshot(&mut |record| {
            records.push(*record);
            Ok::<(), Infallible>(())
        });
        for record in &mut records {
            match record {
                SnapshotRecord::Firm(firm) => firm.last_event_sequence.0 += count_more,
                SnapshotRecord::FirmEvent(event) => event.event_sequence.0 += count_more,
                _ => {}
            }
        }
        sign(&mut records);
        let mut loaded = load(&records).unwrap();
        send(&mut loaded, 1, 1, 2, order(2, Side::Buy, 99));
        loaded.state_hash()
    };
    assert_eq!(loaded(0), loaded(0));
    assert_ne!(loaded(0), loaded(1));
}
