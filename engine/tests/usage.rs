//! How much of its limits an engine uses, as a survey in small steps and a count of what was told find it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail anywhere")]

mod venue;

use lugus_engine::{Engine, EngineLimits, Survey, Surveyed, Usage};
use lugus_vocabulary::*;
use venue::{Venue, boundless, connected, disconnected, limit};

/// The result of one round in steps of `steps`.
fn surveyed(engine: &Engine, steps: usize) -> Surveyed {
    let mut survey = Survey::default();
    (0..1_000).find_map(|_| engine.survey(&mut survey, steps)).unwrap()
}

#[test]
fn usage_and_survey_are_what_orders_and_participants_make() {
    let limits = EngineLimits { orders: 1_000, participants: 100, retained_events: 4, ..venue::LIMITS };
    let mut venue = Venue::open(limits, boundless(1));
    let Usage { participants: known, scopes, .. } = venue.engine.usage();
    let before = surveyed(&venue.engine, 1);
    for participant in 1..=20 {
        // One event an order; the fifth makes the first be forgotten.
        for id in 1..=u64::from(participant % 6) {
            venue.order(participant, limit(id, Side::Sell, 100, 1));
        }
    }
    let with_orders = (1..=20).filter(|participant| participant % 6 > 0).count();
    let orders = (1..=20).map(|participant| participant % 6).sum::<usize>();
    let usage = venue.engine.usage();
    assert_eq!((usage.orders, usage.instruments), (orders, 1));
    assert_eq!((usage.participants, usage.scopes), (known + with_orders, scopes + with_orders));
    let kept: u64 = (1..=20_u64).map(|participant| (participant % 6).min(4)).sum();
    for steps in [1, 3, 8, 1_000] {
        let found = surveyed(&venue.engine, steps);
        assert_eq!(found.retained_events, before.retained_events + kept, "in steps of {steps}");
        assert_eq!((found.kill_switches, found.disconnected), (0, 0));
    }

    let now = venue.now;
    for participant in [2, 4, 5] {
        disconnected(&mut venue.engine, now, participant, GraceTime::from_milliseconds(1_000).unwrap());
    }
    connected(&mut venue.engine, now, 4);
    assert_eq!(surveyed(&venue.engine, 8).disconnected, 2);
    assert_eq!(venue.engine.limits().orders, 1_000);
}
