//! The notional of orders where a golden file is too short: deep books, and prices below 0.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail anywhere")]

mod venue;

use lugus_engine::EngineLimits;
use lugus_vocabulary::*;
use venue::*;

const LIMITS: EngineLimits = EngineLimits {
    instruments: 1,
    participants: 3,
    orders: 1_100,
    retained_events: 10,
    retained_firm_events: 16_384,
    retained_trades: 4_096,
    steps: 4_096,
};

/// A venue in which participant 2 has this largest notional.
fn limited(definition: InstrumentDefinition, maximum_notional: u64) -> Venue {
    let mut venue = Venue::open(LIMITS, definition);
    let limits = RiskLimits { maximum_notional: Some(maximum_notional), ..RiskLimits::default() };
    venue.send(0, 0, Action::SetRiskLimits { target: ParticipantId(2), limits });
    venue
}

fn is_above_limit(venue: &mut Venue, order: NewOrder) -> bool {
    let told = venue.order(2, order);
    let Some(Told::Report(Report { body: ReportBody::Execution(execution), .. })) = told.first() else {
        panic!("no execution: {told:?}")
    };
    execution.reason == RejectReason::RiskNotional
}

#[test]
fn an_order_that_1_024_levels_do_not_fill_counts_at_the_highest_price() {
    let definition = InstrumentDefinition {
        maximum_price: Price(10_000),
        maximum_quantity: Quantity(10_000),
        price_band: Quantity(0),
        ..definition(1)
    };
    let mut venue = limited(definition, 1_200_000);
    for number in 0..1_025 {
        venue.engine.apply(
            EpochNanos(venue.now),
            &command(1, 1, number + 1, Action::New(limit(number + 1, Side::Sell, 100 + number as i64, 1))),
            &mut Recorder::default(),
        );
    }
    // All lots cost less than the limit at their worst price, 1,124.
    assert!(is_above_limit(&mut venue, market(1, Side::Buy, 1_025)));
    assert!(!is_above_limit(&mut venue, market(1, Side::Buy, 1_024)));
}

#[test]
fn below_0_the_price_furthest_from_0_counts_of_those_that_the_limit_allows() {
    let definition = InstrumentDefinition { reference_price: Price(0), ..boundless(1) };
    let mut venue = limited(definition, 100);
    venue.order(1, limit(1, Side::Buy, -1, 1));
    venue.order(1, limit(2, Side::Buy, -50, 5));
    // A market sell pays 50 for each lot beyond the first.
    assert!(is_above_limit(&mut venue, market(1, Side::Sell, 3)));
    assert!(is_above_limit(&mut venue, limit(1, Side::Sell, -50, 3)));
    assert!(!is_above_limit(&mut venue, limit(1, Side::Sell, -2, 3)));
    venue.order(1, limit(3, Side::Sell, -45, 1));
    // A buy gets 45 for a lot if it trades with the offer, whatever its own limit is.
    assert!(is_above_limit(&mut venue, limit(2, Side::Buy, 10, 3)));
    assert!(!is_above_limit(&mut venue, limit(2, Side::Buy, -46, 2)));
}
