//! A short run of what `fuzz/` does for long: no bytes make the engine panic or break an invariant.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail anywhere")]

mod arbitrary_commands;
mod venue;

use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(lugus_testing::cases(400)) })]

    #[test]
    fn nothing_breaks_the_engine(bytes in proptest::collection::vec(any::<u8>(), 0..4_000)) {
        // First of all an instrument that takes any price and quantity, so that most runs get as far as trading.
        let bytes = [&[0, 1, 1, 3, 5, 3, 3, 7, 7, 1, 1][..], &bytes].concat();
        let engine = arbitrary_commands::apply(&bytes);
        prop_assert!(engine.definition(lugus_vocabulary::InstrumentId(1)).is_some());
        let records = venue::snapshot(&engine);
        let loaded = venue::restore(arbitrary_commands::LIMITS, &records).unwrap();
        prop_assert_eq!(loaded.state_hash(), engine.state_hash());
        prop_assert_eq!(venue::snapshot(&loaded), records);
    }
}
