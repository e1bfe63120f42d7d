//! Random streams of commands, given to the engine, to an engine that is loaded from a snapshot now and then, and to the
//! oracle: all tell the same and have the same books, the market data gives the same books, and the invariants hold.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail anywhere")]

mod comparison;
mod follower;
mod oracle;
mod venue;

use comparison::check;
use comparison::steps::{Spread, limits, step};
use lugus_vocabulary::*;
use proptest::prelude::*;
use venue::{boundless, definition};

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(192) })]

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
