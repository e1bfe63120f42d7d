//! A participant's own orders, asked for in parts: each part has a bound, whatever is there and whatever happens between
//! two parts.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail anywhere")]

mod venue;

use std::collections::BTreeSet;

use lugus_engine::EngineLimits;
use lugus_vocabulary::*;
use venue::{Venue, boundless, cancel, limit, restore, snapshot};

const ROOM: EngineLimits = EngineLimits {
    instruments: 200,
    participants: 3,
    orders: 30_000,
    retained_events: 10,
    retained_firm_events: 16_384,
    retained_trades: 10,
    steps: 4_096,
};
const ME: ParticipantId = ParticipantId(1);

/// A venue in which participant 1 has this many orders with client order ids from 1: in turn a buy and a sell that are
/// canceled on disconnect, and a buy and a sell that stay.
fn with_orders(orders: u64) -> Venue {
    let mut venue = Venue::open(ROOM, boundless(1));
    for id in 1..=orders {
        // The invariants of so many orders are checked once, at the end.
        let (side, price) = if id % 2 == 1 { (Side::Buy, 90) } else { (Side::Sell, 110) };
        let on_disconnect = if (id - 1) % 4 < 2 { OnDisconnect::Cancel } else { OnDisconnect::Stay };
        let order = NewOrder { on_disconnect, ..limit(id, side, price, 1) };
        let told = venue::told(&mut venue.engine, 5, &venue::command(1, 1, id, Action::New(order)));
        assert_eq!(told.len(), 1);
    }
    venue.engine.verify().unwrap();
    venue
}

fn ask(venue: &mut Venue, instrument: u32, after: StatusCursor) -> OrderStatusReport {
    let mut report = OrderStatusReport::default();
    let request = OrderMassStatusRequest { request_id: 3, instrument: InstrumentId(instrument), after };
    venue.engine.order_mass_status(ME, &request, EpochNanos(venue.now), &mut report);
    assert!(report.orders.len() <= MAXIMUM_STATUS_ORDERS && report.scopes.len() <= MAXIMUM_STATUS_SCOPES);
    assert_eq!(report.scopes.iter().map(|scope| usize::from(scope.orders)).sum::<usize>(), report.orders.len());
    report
}

fn ids(report: &OrderStatusReport) -> Vec<u64> {
    report.orders.iter().map(|order| order.order_id.0).collect()
}

/// Asks for all orders of instrument 1. `between` is done before each further part.
fn ask_all(venue: &mut Venue, mut between: impl FnMut(&mut Venue, &StatusCursor)) -> Vec<u64> {
    let mut report = ask(venue, 1, StatusCursor::default());
    let mut all = ids(&report);
    while report.last_report == LastReport::No {
        between(venue, &report.next);
        report = ask(venue, 1, report.next);
        all.extend(ids(&report));
        assert!(all.len() < 100_000, "no end");
    }
    all
}

#[test]
fn parts_tell_each_order_once_by_its_number() {
    // Of the greatest number, a place is too far away to be looked for without one of the orders that it is named by.
    for orders in [0, 1, 63, 64, 65, 128, 1_000, 20_000] {
        let mut venue = with_orders(orders);
        assert_eq!(ask_all(&mut venue, |_, _| {}), (1..=orders).collect::<Vec<_>>());
    }
}

#[test]
fn a_restored_engine_continues_where_the_other_one_was() {
    let mut venue = with_orders(300);
    let all = ask_all(&mut venue, |venue, _| venue.engine = restore(ROOM, &snapshot(&venue.engine)).unwrap());
    assert_eq!(all, (1..=300).collect::<Vec<_>>());
}

#[test]
fn orders_that_are_entered_between_two_parts_are_in_a_later_part() {
    let mut venue = with_orders(100);
    let mut next = 101;
    let all = ask_all(&mut venue, |venue, _| {
        if next < 200 {
            venue.send_as(1, 1, next, Action::New(limit(next, Side::Buy, 80, 1)));
            next += 1;
        }
    });
    assert_eq!(all, (1..next).collect::<Vec<_>>());
}

/// The place is found although the orders that it is named by have ended.
#[test]
fn a_place_whose_orders_have_ended_is_found() {
    let mut venue = with_orders(1_000);
    let mut number = 1_000;
    let all = ask_all(&mut venue, |venue, next| {
        for id in [next.buy, next.sell, next.staying_buy, next.staying_sell].map(|id| id.0) {
            number += 1;
            venue.send_as(1, 1, number, cancel(id));
        }
    });
    assert_eq!(all, (1..=1_000).collect::<Vec<_>>());
}

/// A place that is too far away to be looked for is the beginning, so that nothing is left out.
#[test]
fn a_place_that_cannot_be_found_is_the_beginning() {
    let mut venue = with_orders(20_000);
    let far = StatusCursor { instrument: InstrumentId(1), order_id: OrderId(10_000), ..StatusCursor::default() };
    let report = ask(&mut venue, 1, far);
    let start = StatusCursor { instrument: InstrumentId(1), ..StatusCursor::default() };
    assert_eq!((report.orders.len(), report.next, report.last_report), (0, start, LastReport::No));
    let (buy, sell) = (ClientOrderId(9_997), ClientOrderId(9_998));
    let known =
        StatusCursor { buy, sell, staying_buy: ClientOrderId(9_999), staying_sell: ClientOrderId(10_000), ..far };
    assert_eq!(ids(&ask(&mut venue, 1, known)), (10_001..=10_064).collect::<Vec<_>>());
    // A number that another order has by now misleads nobody: one behind the place, or of another list.
    for other in [19_001, 9_998, 9_999] {
        let misled = StatusCursor { buy: ClientOrderId(other), ..known };
        assert_eq!(ask(&mut venue, 1, misled).next, start);
    }
}

#[test]
fn instruments_are_gone_through_by_number_with_and_without_orders() {
    let mut venue = Venue::new(ROOM);
    let mut expected = BTreeSet::new();
    for instrument in (1..=150).rev() {
        venue.send(0, 0, Action::DefineInstrument(boundless(instrument)));
        // In every third instrument the participant has never sent a command, and in every third one it has no order.
        match instrument % 3 {
            0 => {}
            1 => drop(venue.send(1, instrument, cancel(9))),
            _ => {
                venue.send(1, instrument, Action::New(limit(1, Side::Buy, 90, 1)));
                venue.send(2, instrument, Action::New(limit(1, Side::Buy, 90, 1)));
            }
        }
        if instrument % 3 != 0 {
            expected.insert((instrument, u16::from(instrument % 3 == 2)));
        }
    }
    let mut told = Vec::new();
    let mut report = ask(&mut venue, 0, StatusCursor::default());
    let mut parts = 1;
    loop {
        told.extend(report.scopes.iter().map(|scope| (scope.instrument.0, scope.orders)));
        assert!(report.scopes.iter().all(|scope| scope.event_sequence == EventSequence(1)));
        if report.last_report == LastReport::Yes {
            break;
        }
        report = ask(&mut venue, 0, report.next);
        parts += 1;
    }
    assert_eq!((told, parts), (expected.into_iter().collect(), 2));
}

/// The instruments that one answer looks at are bounded, whether they have orders or not.
#[test]
fn instruments_without_orders_are_looked_up_in_parts() {
    let mut venue = Venue::new(EngineLimits { instruments: 1_025, ..ROOM });
    for instrument in 1..=1_025 {
        let define = Action::DefineInstrument(boundless(instrument));
        venue::told(&mut venue.engine, 1, &venue::command(0, 0, u64::from(instrument), define));
    }
    let first = ask(&mut venue, 0, StatusCursor::default());
    assert_eq!((first.next.instrument, first.last_report), (InstrumentId(1_024), LastReport::No));
    assert_eq!(ask(&mut venue, 0, first.next).last_report, LastReport::Yes);
}

/// An order that a command had no steps left for is in no queue. Of an iceberg is told what it will show.
#[test]
fn an_elected_iceberg_shows_a_part() {
    let mut venue = Venue::open(EngineLimits { steps: 1, ..ROOM }, boundless(1));
    for id in 1..=3 {
        venue.order(2, limit(id, Side::Sell, 100, 1));
    }
    venue.order(1, NewOrder { display_quantity: Quantity(3), ..limit(1, Side::Buy, 100, 10) });
    let report = ask(&mut venue, 1, StatusCursor::default());
    let told = report.orders.iter().map(|order| (order.working_state, order.leaves_quantity, order.shown_quantity));
    assert_eq!(told.collect::<Vec<_>>(), [(WorkingState::Elected, Quantity(9), Quantity(3))]);
}
