//! What the loop of snapshots costs the service's thread: the time of each of its parts, over a book of a million orders at
//! 20,000 prices.
//!
//! `cargo run --release -p lugus-node --example snapshot_loop_cost`

#![allow(clippy::unwrap_used, reason = "an example that fails panics")]

use std::time::Instant;

use lugus_engine::{Engine, EngineLimits, EventSink};
use lugus_node::market_data::{Audience, SnapshotLoop, snapshot_loop};
use lugus_testing::instruments::btc_usdt;
use lugus_vocabulary::{
    Action, ClientOrderId, ClientSequence, Command, EpochNanos, InstrumentId, NewOrder, ParticipantId, Price, Quantity,
    Reply, Report, Side,
};

const ORDERS: u64 = 1_000_000;
const PRICES_OF_SIDE: u64 = 10_000;
const MIDDLE: i64 = 100_000;

struct Nobody;

impl EventSink for Nobody {
    fn report(&mut self, _report: &Report) {}

    fn reply(&mut self, _reply: &Reply) {}
}

fn apply(engine: &mut Engine, participant: u32, instrument: u32, number: u64, action: Action) {
    let (participant, instrument) = (ParticipantId(participant), InstrumentId(instrument));
    let command = Command { participant, instrument, client_sequence: ClientSequence(number), action };
    engine.apply(EpochNanos(number as i64), &command, &mut Nobody);
}

fn main() {
    let mut engine = Engine::new(EngineLimits { orders: 1 << 20, ..EngineLimits::default() });
    let (minimum_price, maximum_price, reference_price) = (Price(1), Price(2 * MIDDLE), Price(MIDDLE));
    let definition = lugus_vocabulary::InstrumentDefinition {
        minimum_price,
        maximum_price,
        reference_price,
        price_band: Quantity(0),
        ..btc_usdt(InstrumentId(1))
    };
    apply(&mut engine, 0, 0, 1, Action::DefineInstrument(definition));
    for number in 1..=ORDERS {
        // Neighbours of a queue are far apart in memory, as they are in a book that has traded for long.
        let away = 1 + (number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) % PRICES_OF_SIDE;
        let (side, price) =
            if number % 2 == 0 { (Side::Buy, MIDDLE - away as i64) } else { (Side::Sell, MIDDLE + away as i64) };
        let order = NewOrder::limit(ClientOrderId(number), side, Price(price), Quantity(5));
        apply(&mut engine, 1, 1, number, Action::New(order));
    }
    println!("{} orders rest", engine.live_orders());
    let (writer, mut reader) = lugus_ring::ring(snapshot_loop::RING_CAPACITY);
    let mut snapshot_loop = SnapshotLoop::new(writer, Audience::new(true), u64::MAX);
    let (mut nanos, mut bytes) = (Vec::new(), 0);
    loop {
        let began = Instant::now();
        let work = snapshot_loop.do_work(&engine, EpochNanos(0), 0);
        let elapsed = began.elapsed();
        if work == 0 {
            break;
        }
        nanos.push(elapsed.as_nanos() as u64);
        reader.drain(usize::MAX, |datagram| bytes += datagram.message().len());
    }
    nanos.sort_unstable();
    let at = |share: f64| nanos[((nanos.len() - 1) as f64 * share) as usize];
    println!(
        "{} parts, {bytes} bytes: {} ns a part at the median, {} at the 99th percentile, {} the longest; {:.1} ms in all",
        nanos.len(),
        at(0.5),
        at(0.99),
        at(1.0),
        nanos.iter().sum::<u64>() as f64 / 1e6
    );
}
