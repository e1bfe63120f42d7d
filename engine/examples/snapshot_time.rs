//! Measures how long it takes to visit all records of an engine with many resting orders, and to load them again:
//!
//! ```text
//! cargo run --release -p lugus-engine --example snapshot_time -- [ORDERS]
//! ```

use std::convert::Infallible;
use std::process::ExitCode;
use std::time::Instant;

use lugus_engine::{Engine, EngineLimits, EventSink, Restore, SnapshotError};
use lugus_testing::instruments::btc_usdt;
use lugus_vocabulary::{
    Action, ClientOrderId, ClientSequence, Command, EpochNanos, InstrumentId, NewOrder, ParticipantId, Price, Quantity,
    Reply, Report, Side, TimeInForce,
};

/// A sink that drops everything.
struct Discard;

impl EventSink for Discard {
    fn report(&mut self, _: &Report) {}
    fn reply(&mut self, _: &Reply) {}
}

fn main() -> ExitCode {
    match measure() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("snapshot_time: {error}");
            ExitCode::FAILURE
        }
    }
}

fn measure() -> Result<(), SnapshotError> {
    let orders = std::env::args().nth(1).and_then(|word| word.parse().ok()).unwrap_or(1_000_000);
    let limits = EngineLimits { orders: orders as usize, ..EngineLimits::default() };
    let mut engine = Engine::new(limits);
    let mut apply = |participant: u32, instrument: u32, number: u64, action: Action| {
        let command = Command {
            participant: ParticipantId(participant),
            instrument: InstrumentId(instrument),
            client_sequence: ClientSequence(number),
            action,
        };
        engine.apply(EpochNanos(0), &command, &mut Discard);
    };
    apply(0, 0, 1, Action::DefineInstrument(btc_usdt(InstrumentId(1))));
    for order in 0..orders {
        apply(1 + (order % 100) as u32, 1, 1 + order / 100, Action::New(nth(order)));
    }
    let begin = Instant::now();
    let mut records = 0;
    let Ok(()) = engine.snapshot(&mut |record| {
        records += 1;
        std::hint::black_box(record);
        Ok::<(), Infallible>(())
    });
    let visited = begin.elapsed();
    let mut restore = Restore::new(limits);
    let begin = Instant::now();
    engine.snapshot(&mut |record| restore.record(record))?;
    let loaded = restore.finish()?;
    let both = begin.elapsed();
    let same = loaded.state_hash() == engine.state_hash();
    println!(
        "{} orders, {records} records: visited in {visited:.0?}; visited and loaded in {both:.0?}; equal: {same}",
        engine.live_orders(),
    );
    Ok(())
}

/// The nth order. A third of the orders are icebergs, and a third expire with the day; their prices are spread over
/// 20,000 levels.
fn nth(order: u64) -> NewOrder {
    let side = if order.is_multiple_of(2) { Side::Buy } else { Side::Sell };
    let away = (order.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 50) as i64 % 10_000;
    let price = Price(if side == Side::Buy { 99_999 - away } else { 100_001 + away });
    NewOrder {
        time_in_force: if order.is_multiple_of(3) { TimeInForce::Day } else { TimeInForce::Gtc },
        display_quantity: Quantity(if order % 3 == 1 { 2 } else { 0 }),
        ..NewOrder::limit(ClientOrderId(order + 1), side, price, Quantity(10))
    }
}
