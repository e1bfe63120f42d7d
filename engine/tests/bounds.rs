//! Bounds of what one command does where many orders expire or trigger at the same time.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail anywhere")]

mod venue;

use lugus_engine::EngineLimits;
use lugus_vocabulary::*;
use venue::*;

const MANY: EngineLimits = EngineLimits { instruments: 2, participants: 3, orders: 5_000, retained_events: 10 };

fn count(told: &[Told], exec_type: ExecType, reason: RejectReason) -> usize {
    let hit = |told: &&Told| match told {
        Told::Report(Report { body: ReportBody::Execution(execution), .. }) => {
            execution.exec_type == exec_type && execution.reason == reason
        }
        _ => false,
    };
    told.iter().filter(hit).count()
}

#[test]
fn what_is_due_expires_in_portions_oldest_first() {
    let mut venue = Venue::open(MANY, boundless(1));
    venue.send(0, 0, Action::DefineInstrument(boundless(2)));
    let orders = 2_500;
    for id in 1..=orders {
        let expire_time = Some(EpochNanos(1_000_000 + (id % 3) as i64));
        let order = NewOrder { time_in_force: TimeInForce::Gtd, expire_time, ..limit(id, Side::Buy, 99, 1) };
        venue.now = 1_000;
        let command = command(1, 1 + (id % 2) as u32, id.div_ceil(2), Action::New(order));
        assert_eq!(told(&mut venue.engine, venue.now, &command).len(), 1);
    }
    let mut left = orders as usize;
    let mut expired: Vec<(i64, u32, u64)> = Vec::new();
    venue.now = 1_000_010;
    for portion in [1_024, 1_024, 452, 0] {
        // Orders expire before any command, even one that is refused.
        let told = venue.send_as(1, 7, 1, cancel(1));
        assert_eq!(told.len(), portion + 1);
        assert_eq!(count(&told, ExecType::Expired, RejectReason::None), portion);
        left -= portion;
        assert_eq!(venue.engine.live_orders(), left);
        for told in told {
            if let Told::Report(Report { instrument, body: ReportBody::Execution(execution), .. }) = told {
                let id = execution.client_order_id.0;
                expired.push((1_000_000 + (id % 3) as i64, instrument.0, execution.order_id.0));
            }
        }
    }
    assert!(expired.is_sorted() && expired.len() == orders as usize);
}

#[test]
fn a_timer_expires_without_a_command() {
    let mut venue = Venue::open(MANY, boundless(1));
    for id in 1..=1_500 {
        let expire_time = Some(EpochNanos(5_000));
        let order = NewOrder { time_in_force: TimeInForce::Gtd, expire_time, ..limit(id, Side::Buy, 99, 1) };
        told(&mut venue.engine, 1_000, &command(1, 1, id, Action::New(order)));
    }
    let mut recorder = Recorder::default();
    assert!(!venue.engine.expire(EpochNanos(4_999), &mut recorder));
    assert!(venue.engine.expire(EpochNanos(5_000), &mut recorder));
    assert!(!venue.engine.expire(EpochNanos(5_000), &mut recorder));
    assert_eq!((recorder.0.len(), venue.engine.live_orders()), (1_500, 0));
    venue.engine.verify().unwrap();
}

#[test]
fn a_cascade_ends() {
    let mut venue = Venue::open(MANY, boundless(1));
    let stops = 1_100;
    for id in 1..=stops {
        let stop = NewOrder {
            order_type: OrderType::Stop,
            price: None,
            stop_price: Some(Price(100 + id as i64)),
            ..limit(id, Side::Buy, 0, 1)
        };
        told(&mut venue.engine, 1_000, &command(1, 1, id, Action::New(stop)));
    }
    // The trade of each stop order reaches the trigger of the next one.
    for id in 0..=stops {
        let ask = limit(id + 1, Side::Sell, 101 + id as i64, 1);
        told(&mut venue.engine, 1_000, &command(2, 1, id + 1, Action::New(ask)));
    }
    let told = venue.order(3, market(1, Side::Buy, 1));
    assert_eq!(count(&told, ExecType::Triggered, RejectReason::None), 1_024);
    // The last trade has reached one more stop order, which is canceled. Nothing more trades, so the others wait.
    assert_eq!(count(&told, ExecType::Canceled, RejectReason::LimitCascade), 1);
    assert_eq!(venue.engine.live_orders(), (stops as usize - 1_025) + (stops as usize + 1 - 1_025));
    let told = venue.order(3, market(2, Side::Buy, 1));
    assert_eq!(count(&told, ExecType::Triggered, RejectReason::None), 75);
    assert_eq!(count(&told, ExecType::Canceled, RejectReason::LimitCascade), 0);
}
