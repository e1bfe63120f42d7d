//! The constants of the traffic of each mix, against flows through a real engine and the real codecs.

#![allow(clippy::expect_used, reason = "a test that fails panics")]

mod flows;

use flows::{Applied, Told};
use lugus_engine::EngineLimits;
use lugus_plan::traffic::Traffic;
use lugus_replay::synthetic::{Mix, SyntheticOptions};

fn is_near(constant: f64, found: f64) -> bool {
    (constant / found - 1.0).abs() < 0.03
}

#[test]
fn the_traffic_of_each_mix_is_that_of_its_flow() {
    let mut are_all_near = true;
    for mix in Mix::ALL {
        let constants = Traffic::named(&mix.to_string()).expect("each mix has its traffic");
        let mut applied =
            Applied::new(EngineLimits::default(), SyntheticOptions { mix, ..SyntheticOptions::default() });
        // The number of resting orders has settled after these.
        applied.run(50_000);
        applied.run(200_000);
        let Told { commands, log_bytes, events, egress_bytes, fills, details, market_data_bytes, .. } = applied.told;
        let each = |count: u64| count as f64 / commands as f64;
        let found = Traffic {
            log_bytes: each(log_bytes),
            events: each(events),
            egress_bytes: each(egress_bytes),
            detail_share: details as f64 / events as f64,
            trades: each(fills) / 2.0,
            market_data_bytes: each(market_data_bytes),
        };
        println!("{mix}: {found:?}");
        let bytes = is_near(constants.log_bytes, found.log_bytes)
            && is_near(constants.egress_bytes, found.egress_bytes)
            && is_near(constants.market_data_bytes, found.market_data_bytes);
        let shares = is_near(constants.events, found.events)
            && (constants.detail_share - found.detail_share).abs() < 0.02
            && (constants.trades - found.trades).abs() < 0.01;
        are_all_near &= bytes && shares;
    }
    assert!(are_all_near, "the constants differ from what is printed above");
}
