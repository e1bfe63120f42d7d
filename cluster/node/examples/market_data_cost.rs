//! What the market-data stream costs a command in the service's thread: limit orders and cancels near the touch, with and
//! without the stream, while a thread drains the ring. On a busy machine look at the least of the rounds, which is printed
//! too.
//!
//! `cargo run --release -p lugus-node --example market_data_cost`

#![allow(clippy::unwrap_used, reason = "an example that fails panics")]

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use lugus_engine::EventSink;
use lugus_engine::{Engine, EngineLimits};
use lugus_node::market_data::{Audience, MarketDataWriter};
use lugus_testing::instruments::btc_usdt;
use lugus_vocabulary::{
    Action, ClientOrderId, ClientSequence, Command, EpochNanos, InstrumentId, MarketData, NewOrder, ParticipantId,
    Price, Quantity, Reply, Report, Side,
};

const COMMANDS: u64 = 1_000_000;
/// Commands that one duty cycle of the container finds in the log.
const COMMANDS_A_CYCLE: u64 = 20;
const ROUNDS: usize = 7;

/// Pause of an idle publisher in the profile `shared`.
const PAUSE: Duration = Duration::from_micros(50);

/// Hears nothing but market data, if there is a stream.
struct Sink {
    writer: Option<MarketDataWriter>,
    wants: bool,
    increments: u64,
}

impl EventSink for Sink {
    fn report(&mut self, _report: &Report) {}

    fn reply(&mut self, _reply: &Reply) {}

    #[inline]
    fn market_data(&mut self, increment: &MarketData) {
        self.increments += 1;
        if let Some(writer) = &mut self.writer {
            writer.put(increment);
        }
    }

    #[inline]
    fn wants_market_data(&self) -> bool {
        self.wants
    }
}

fn command(participant: u32, instrument: u32, number: u64, action: Action) -> Command {
    Command {
        participant: ParticipantId(participant),
        instrument: InstrumentId(instrument),
        client_sequence: ClientSequence(number),
        action,
    }
}

/// New orders on both sides of 1,000 that sometimes trade; two in five commands cancel an order of a while ago.
fn flow() -> Vec<Command> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = move |limit: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % limit
    };
    (1..=COMMANDS)
        .map(|number| {
            if number > 100 && random(5) < 2 {
                let orig_client_order_id = ClientOrderId(number - 1 - random(100));
                return command(1, 1, number, Action::Cancel { orig_client_order_id });
            }
            let side = if random(2) == 0 { Side::Buy } else { Side::Sell };
            let away = random(12) as i64 - 1;
            let price = if side == Side::Buy { 1_000 - away } else { 1_000 + away };
            let order = NewOrder::limit(ClientOrderId(number), side, Price(price), Quantity(1 + random(20)));
            command(1, 1, number, Action::New(order))
        })
        .collect()
}

/// Nanoseconds a command, increments a command, increments lost.
fn measure(commands: &[Command], writer: Option<MarketDataWriter>, wants: bool) -> (f64, f64, u64) {
    let mut engine = Engine::new(EngineLimits::default());
    let mut sink = Sink { writer, wants, increments: 0 };
    let definition = btc_usdt(InstrumentId(1));
    engine.apply(EpochNanos(1), &command(0, 0, 1, Action::DefineInstrument(definition)), &mut sink);
    if let Some(writer) = &mut sink.writer {
        writer.end_of_command();
        writer.do_work(&engine);
    }
    let began = Instant::now();
    for (number, command) in commands.iter().enumerate() {
        engine.apply(EpochNanos(number as i64 + 2), command, &mut sink);
        if let Some(writer) = &mut sink.writer {
            writer.end_of_command();
            if (number as u64).is_multiple_of(COMMANDS_A_CYCLE) {
                writer.do_work(&engine);
            }
        }
    }
    let nanos = began.elapsed().as_nanos() as f64 / commands.len() as f64;
    (nanos, sink.increments as f64 / commands.len() as f64, sink.writer.map_or(0, |writer| writer.lost()))
}

/// Ends the thread that drains the ring when it is dropped.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

fn main() {
    let commands = flow();
    let (mut without, mut made, mut with) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        without.push(measure(&commands, None, false).0);
        made.push(measure(&commands, None, true).0);
        let (writer, mut reader) = lugus_ring::ring(1 << 16);
        let stop = AtomicBool::new(false);
        let figures = std::thread::scope(|scope| {
            // Also when the measurement panics: the scope waits for the thread.
            let _stops_at_the_end = Stop(&stop);
            scope.spawn(|| {
                while !stop.load(Ordering::Acquire) {
                    if reader.drain(1_024, |item| {
                        std::hint::black_box(item);
                    }) == 0
                    {
                        std::thread::sleep(PAUSE);
                    }
                }
            });
            measure(&commands, Some(MarketDataWriter::new(writer, Audience::new(true))), true)
        });
        with.push(figures);
    }
    without.sort_by(f64::total_cmp);
    made.sort_by(f64::total_cmp);
    with.sort_by(|a, b| a.0.total_cmp(&b.0));
    for (name, round) in [("least", 0), ("median", ROUNDS / 2)] {
        let (without, made, (with, increments, lost)) = (without[round], made[round], with[round]);
        let cost = with - without;
        println!(
            "{name}: {without:.1} ns a command without, {made:.1} ns with increments that nobody keeps, {with:.1} ns with the ring: {cost:.1} ns for {increments:.2} increments, {lost} lost"
        );
    }
}
