//! The memory of an engine, against what a real one allocates and touches. A test binary of its own, as it looks at the memory of its
//! process.

#![allow(clippy::expect_used, reason = "a test that fails panics")]

mod flows;

use std::fs;

use flows::Applied;
use lugus_engine::{EngineLimits, Survey};
use lugus_plan::memory::{EngineContents, EngineMemory, engine_memory};
use lugus_plan::traffic::Traffic;
use lugus_replay::flow::FIRST_INSTRUMENT;
use lugus_replay::synthetic::{Mix, SyntheticOptions};
use lugus_testing::allocations::CountingAllocator;
use lugus_vocabulary::{Action, ClientOrderId, NewOrder, ParticipantId, Price, Quantity, Side};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

/// Private resident memory of this process, in bytes.
fn resident() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).expect("RssAnon");
    line.trim().trim_end_matches(" kB").trim().parse::<u64>().expect("a number") * 1_024
}

fn told(limits: EngineLimits, contents: &EngineContents) -> EngineMemory {
    let engine = lugus_topology::Engine {
        retained_events: limits.retained_events as u32,
        maximum_open_orders: limits.orders as u32,
        retained_trades: limits.retained_trades as u32,
        retained_firm_events: limits.retained_firm_events as u32,
        ..lugus_topology::Engine::default()
    };
    engine_memory(&engine, contents)
}

/// One after the other, as threads of the test harness share the process.
#[test]
fn an_engine_takes_the_memory_that_was_told() {
    the_pools_touch_what_was_told();
    what_is_kept_takes_the_bytes_that_were_told();
}

/// What grows with use: kept events and trades, scopes, participants. The pools are allocated at once, so growth leaves them out.
fn what_is_kept_takes_the_bytes_that_were_told() {
    for (mix, participants, instruments, commands, retained_events, firms) in [
        (Mix::Market, 8, 8, 1_000_000, 4_096, 0),
        (Mix::Trades, 16, 2, 500_000, 4_096, 0),
        (Mix::Market, 100, 4, 1_000_000, 512, 0),
        (Mix::Quotes, 4, 1, 300_000, 1_024, 0),
        (Mix::Market, 100, 4, 1_000_000, 16, 10),
        (Mix::Trades, 16, 2, 500_000, 16, 4),
    ] {
        let retained_firm_events = 16_384;
        let limits = EngineLimits { retained_events, retained_firm_events, orders: 1 << 18, ..EngineLimits::default() };
        let options = SyntheticOptions { mix, participants, instruments, ..SyntheticOptions::default() };
        let traffic = Traffic::named(&mix.to_string()).expect("named");
        let mut applied = Applied::new(limits, options);
        let scopes = u64::from(participants * instruments);
        for participant in 1..=participants {
            if firms > 0 {
                applied.join_firm(ParticipantId(participant), ParticipantId(1_000 + participant % firms));
            }
        }
        let mut grown = 0;
        applied.run_counting(commands, &mut grown, CountingAllocator::live_bytes);
        let surveyed = applied.engine.survey(&mut Survey::default(), usize::MAX).expect("one round");
        let is_full = surveyed.retained_events >= scopes * retained_events as u64 * 99 / 100;
        let contents = EngineContents {
            orders: 0,
            orders_with_terms: 0,
            scopes,
            events_of_a_scope: if is_full { u64::MAX } else { surveyed.retained_events / scopes },
            detail_share: traffic.detail_share,
            instruments: instruments.into(),
            trades_of_an_instrument: (traffic.trades * commands as f64 / f64::from(instruments)) as u64,
            participants: (participants + firms).into(),
            firms: firms.into(),
            events_of_a_firm: u64::MAX,
        };
        let told = told(limits, &contents);
        let told_one = told.total() - told.orders;
        println!("{mix}: grown by {grown}, told {told_one} of {told:?}; {surveyed:?}");
        assert!(
            (told_one as f64 / grown as f64 - 1.0).abs() < 0.10,
            "{mix}: grown by {grown} bytes, and {told_one} were told: {told:?}"
        );
    }
}

/// What the pools of orders touch: at the start, and when orders fill them.
fn the_pools_touch_what_was_told() {
    let limits = EngineLimits { retained_events: 16, orders: 1 << 20, ..EngineLimits::default() };
    let options = SyntheticOptions { participants: 4, instruments: 1, ..SyntheticOptions::default() };
    let begun = resident();
    let mut applied = Applied::new(limits, options);
    applied.engine.prefault(1 << 16);
    let nothing = EngineContents {
        orders: 0,
        orders_with_terms: 0,
        scopes: 4,
        events_of_a_scope: 16,
        detail_share: 0.0,
        instruments: 1,
        trades_of_an_instrument: 0,
        participants: 4,
        firms: 0,
        events_of_a_firm: 0,
    };
    let at_start = resident() - begun;
    let told_at_start = told(limits, &nothing).orders;
    assert!(
        (told_at_start as f64 / at_start as f64 - 1.0).abs() < 0.10,
        "{at_start} bytes, and {told_at_start} were told"
    );
    for number in 1..=400_000_u32 {
        let price = Price(1_000_000 - i64::from(number % 3_000));
        let order = NewOrder::limit(ClientOrderId(number.into()), Side::Buy, price, Quantity(1));
        applied.apply(ParticipantId(1 + number % 4), FIRST_INSTRUMENT, Action::New(order));
    }
    let orders = applied.engine.usage().orders as u64;
    let touched = resident() - begun;
    let told = told(limits, &EngineContents { orders, ..nothing }).orders;
    println!("{orders} orders: {touched} bytes, told {told}");
    assert!(
        orders == 400_000 && (told as f64 / touched as f64 - 1.0).abs() < 0.10,
        "{orders} orders: {touched} bytes, and {told} were told"
    );
}
