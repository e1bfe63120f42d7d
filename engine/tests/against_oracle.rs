//! Random streams of commands, given to the engine, to an engine that is loaded from a snapshot now and then, and to the
//! oracle: all tell the same and have the same books, the market data gives the same books, and the invariants hold.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail anywhere")]

mod comparison;
mod follower;
mod oracle;
mod venue;

use comparison::check;
use comparison::mixtures::{cascading, governing};
use comparison::steps::{Number, Spread, Step, limits, protection, quoting, step};
use lugus_engine::EngineLimits;
use lugus_vocabulary::*;
use proptest::prelude::*;
use venue::{boundless, definition, limit};

/// The steps that an order which rests at once leaves go to the order that was cut before.
#[test]
fn an_order_that_was_cut_goes_on_after_an_order_that_rests() {
    let limits = EngineLimits { steps: 1, ..EngineLimits::default() };
    let order = |participant, order| {
        let (number, action) = (Number::Next, Action::New(order));
        Step::Command { participant, instrument: 1, number, action }
    };
    let steps = [
        order(1, limit(1, Side::Buy, 98, 1)),
        order(1, limit(2, Side::Buy, 97, 1)),
        order(1, limit(3, Side::Buy, 97, 1)),
        order(2, limit(1, Side::Sell, 97, 3)),
        order(1, limit(4, Side::Buy, 96, 1)),
    ];
    check(limits, [boundless(1), boundless(2)], &steps);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(lugus_testing::cases(192)) })]

    #[test]
    fn prices_that_are_protected(
        limits in limits(),
        protections in (protection(Spread::Near), protection(Spread::Near)),
        steps in proptest::collection::vec(step(Spread::Near), 1..250),
    ) {
        let protected = |instrument, protection| {
            let protection = if PriceProtection::is_sound(&protection) { protection } else { PriceProtection::NONE };
            InstrumentDefinition { price_band: Quantity(0), protection, ..definition(instrument) }
        };
        check(limits, [protected(1, protections.0), protected(2, protections.1)], &steps);
    }

    #[test]
    fn quotes(
        limits in limits(),
        steps in proptest::collection::vec(prop_oneof![1 => step(Spread::Near), 1 => quoting(Spread::Near)], 1..250),
    ) {
        let unbanded = InstrumentDefinition { price_band: Quantity(0), ..definition(2) };
        check(limits, [definition(1), unbanded], &steps);
    }

    #[test]
    fn work_that_is_left_to_later_commands(
        limits in limits(),
        few in 1..=3_usize,
        steps in proptest::collection::vec(prop_oneof![1 => step(Spread::Near), 4 => cascading()], 1..250),
    ) {
        check(EngineLimits { steps: few, ..limits }, [boundless(1), boundless(2)], &steps);
    }

    #[test]
    fn operators_and_firms_that_decide_much(
        limits in limits(),
        steps in proptest::collection::vec(prop_oneof![2 => step(Spread::Near), 1 => governing(Spread::Near)], 1..250),
    ) {
        let unbanded = InstrumentDefinition { price_band: Quantity(0), ..definition(2) };
        check(limits, [definition(1), unbanded], &steps);
    }

    #[test]
    fn prices_near_each_other(limits in limits(), steps in proptest::collection::vec(step(Spread::Near), 1..250)) {
        let unbanded = InstrumentDefinition { price_band: Quantity(0), ..definition(2) };
        check(limits, [definition(1), unbanded], &steps);
    }

    #[test]
    fn numbers_at_the_ends_of_their_types(
        limits in limits(),
        steps in proptest::collection::vec(step(Spread::Extreme), 1..120),
    ) {
        let banded = InstrumentDefinition { price_band: Quantity(u64::MAX), reference_price: Price(i64::MIN), ..boundless(2) };
        check(limits, [boundless(1), banded], &steps);
    }
}
