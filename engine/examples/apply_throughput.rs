//! How long `Engine::apply` takes, with all that belongs to it: scopes, kept events, hash. One thread, no I/O.
//!
//! `cargo run --release -p lugus-engine --example apply_throughput`
//!
//! Each flow is made once by a seeded generator, then applied to a fresh engine, round by round: the median counts, as
//! shared machines have slow spells. Last, a snapshot of a million orders is taken and loaded.

use std::convert::Infallible;
use std::error::Error;
use std::hint::black_box;
use std::time::Instant;

use lugus_engine::command::{
    Action, Command, Decimal, Definition, InstrumentState, NewOrder, OrderType, PostOnly, Replace, SelfTradePrevention,
    Side, TimeInForce, TradeType,
};
use lugus_engine::event::{EventSink, ExecType, OrderStatus, Reply, Report, ReportBody};
use lugus_engine::units::{ClientOrderId, ClientSequence, EpochNanos, InstrumentId, ParticipantId, Price, Quantity};
use lugus_engine::{Engine, EngineLimits, Restore};

const COMMANDS: usize = 500_000;
const ROUNDS: usize = 7;
const PARTICIPANTS: u64 = 16;
const INSTRUMENT: InstrumentId = InstrumentId(1);

/// Parts in a hundred, and how far from the middle orders are.
struct Flow {
    name: &'static str,
    cancels: u64,
    replacements: u64,
    takers: u64,
    depth: u64,
    resting_at_first: usize,
}

const FLOWS: [Flow; 4] = [
    Flow { name: "quotes near the touch", cancels: 48, replacements: 0, takers: 2, depth: 8, resting_at_first: 1_000 },
    Flow { name: "quotes replaced", cancels: 20, replacements: 50, takers: 5, depth: 20, resting_at_first: 1_000 },
    Flow { name: "much trading", cancels: 20, replacements: 5, takers: 35, depth: 10, resting_at_first: 1_000 },
    Flow { name: "deep book", cancels: 45, replacements: 5, takers: 5, depth: 5_000, resting_at_first: 100_000 },
];

fn main() -> Result<(), Box<dyn Error>> {
    println!("{:<24}{:>10}{:>10}{:>14}{:>12}{:>10}", "flow", "commands", "reports", "ns a command", "M/s", "resting");
    for flow in &FLOWS {
        let (setup, commands) = generate(flow);
        let mut times = Vec::new();
        let (mut reports, mut resting) = (0, 0);
        for _ in 0..ROUNDS {
            let mut engine = Engine::new(EngineLimits::default());
            let mut count = Count::default();
            setup.iter().for_each(|command| engine.apply(EpochNanos(1), command, &mut count));
            count = Count::default();
            let start = Instant::now();
            commands.iter().for_each(|command| engine.apply(EpochNanos(2), command, &mut count));
            times.push(start.elapsed().as_nanos() as f64 / commands.len() as f64);
            (reports, resting) = (count.reports, engine.live_orders());
            black_box(count);
        }
        times.sort_by(f64::total_cmp);
        let median = times[ROUNDS / 2];
        println!(
            "{:<24}{:>10}{:>10}{:>14.1}{:>12.2}{:>10}",
            flow.name,
            commands.len(),
            reports,
            median,
            1_000.0 / median,
            resting
        );
    }
    snapshot_of_a_million()
}

fn snapshot_of_a_million() -> Result<(), Box<dyn Error>> {
    let limits = EngineLimits { retained_events: 16, ..EngineLimits::default() };
    let flow = Flow { depth: 20_000, resting_at_first: 1_000_000, ..FLOWS[3] };
    let mut engine = Engine::new(limits);
    let mut generator = Generator::new(&flow);
    while engine.live_orders() < flow.resting_at_first {
        engine.apply(EpochNanos(1), &generator.new_order(TimeInForce::Gtc), &mut Count::default());
    }
    let mut records = Vec::new();
    let start = Instant::now();
    let Ok(()) = engine.snapshot(&mut |record| {
        records.push(*record);
        Ok::<(), Infallible>(())
    });
    let taken = start.elapsed();
    let start = Instant::now();
    let mut restore = Restore::new(limits);
    for record in &records {
        restore.record(record)?;
    }
    let loaded = restore.finish()?;
    println!("\nsnapshot of {} orders: taken in {taken:.0?}, loaded in {:.0?}", engine.live_orders(), start.elapsed());
    if loaded.state_hash() != engine.state_hash() {
        return Err("the loaded engine has another hash".into());
    }
    Ok(())
}

#[derive(Default)]
struct Count {
    reports: u64,
}

impl EventSink for Count {
    fn report(&mut self, report: &Report) {
        self.reports += 1;
        black_box(report.event_sequence);
    }

    fn reply(&mut self, reply: &Reply) {
        black_box(reply);
    }
}

/// Live orders, as the reports tell of them.
#[derive(Default)]
struct Live(Vec<(ParticipantId, ClientOrderId, Side)>);

impl EventSink for Live {
    fn report(&mut self, report: &Report) {
        if let ReportBody::Execution(execution) = &report.body {
            let order = (report.participant, execution.client_order_id, execution.side);
            match (execution.exec_type, execution.order_status) {
                (ExecType::New, _) if execution.time_in_force == TimeInForce::Gtc => self.0.push(order),
                (_, OrderStatus::Filled | OrderStatus::Canceled) => {
                    if let Some(at) = self.0.iter().rposition(|live| *live == order) {
                        self.0.swap_remove(at);
                    }
                }
                _ => {}
            }
        }
    }

    fn reply(&mut self, _: &Reply) {}
}

/// The commands that fill the book, and those that are timed.
fn generate(flow: &Flow) -> (Vec<Command>, Vec<Command>) {
    let mut engine = Engine::new(EngineLimits::default());
    let mut generator = Generator::new(flow);
    let mut live = Live::default();
    let mut setup = Vec::new();
    while setup.len() <= flow.resting_at_first {
        setup.push(generator.new_order(TimeInForce::Gtc));
        engine.apply(EpochNanos(1), &setup[setup.len() - 1], &mut live);
    }
    let mut commands = Vec::with_capacity(COMMANDS);
    while commands.len() < COMMANDS {
        let command = generator.next(&live.0);
        engine.apply(EpochNanos(2), &command, &mut live);
        commands.push(command);
    }
    (setup, commands)
}

struct Generator<'a> {
    flow: &'a Flow,
    state: u64,
    sent: Vec<u64>,
    last_id: u64,
}

impl<'a> Generator<'a> {
    fn new(flow: &'a Flow) -> Self {
        Self { flow, state: 23, sent: vec![0; PARTICIPANTS as usize + 1], last_id: 0 }
    }

    fn next(&mut self, live: &[(ParticipantId, ClientOrderId, Side)]) -> Command {
        let Flow { cancels, replacements, takers, .. } = *self.flow;
        let dice = self.below(100);
        if dice < takers {
            return self.new_order(TimeInForce::Ioc);
        }
        let cancel = dice < takers + cancels && live.len() > self.flow.resting_at_first;
        let replace = (takers + cancels..takers + cancels + replacements).contains(&dice) && !live.is_empty();
        if !cancel && !replace {
            return self.new_order(TimeInForce::Gtc);
        }
        // Mostly one of the newest.
        let back = if self.below(4) > 0 { self.below(32) } else { self.below(live.len() as u64) };
        let (participant, id, side) = live[live.len() - 1 - (back as usize).min(live.len() - 1)];
        let action = if cancel {
            Action::Cancel { orig_client_order_id: id }
        } else {
            Action::Replace(Replace {
                orig_client_order_id: id,
                client_order_id: id,
                price: Some(self.price(side)),
                stop_price: None,
                quantity: Quantity(1 + self.below(100)),
                display_quantity: Quantity(0),
            })
        };
        self.command(participant, action)
    }

    fn new_order(&mut self, time_in_force: TimeInForce) -> Command {
        if self.sent[0] == 0 {
            self.sent[0] = 1;
            return define();
        }
        let participant = ParticipantId(1 + self.below(PARTICIPANTS) as u32);
        let side = if self.below(2) == 0 { Side::Buy } else { Side::Sell };
        self.last_id += 1;
        let limit = match time_in_force {
            TimeInForce::Ioc if side == Side::Buy => Price(i64::MAX),
            TimeInForce::Ioc => Price(i64::MIN),
            _ => self.price(side),
        };
        let order = NewOrder {
            client_order_id: ClientOrderId(self.last_id),
            side,
            order_type: OrderType::Limit,
            time_in_force,
            price: Some(limit),
            stop_price: None,
            quantity: Quantity(1 + self.below(100)),
            display_quantity: Quantity(0),
            expire_time: None,
            post_only: PostOnly::No,
            self_trade_prevention: SelfTradePrevention::None,
        };
        self.command(participant, Action::New(order))
    }

    /// More often near the middle; never across it.
    fn price(&mut self, side: Side) -> Price {
        let distance = self.below(self.flow.depth).min(self.below(self.flow.depth)) as i64;
        Price(if side == Side::Buy { 9_999 - distance } else { 10_001 + distance })
    }

    fn command(&mut self, participant: ParticipantId, action: Action) -> Command {
        let number = &mut self.sent[participant.0 as usize];
        *number += 1;
        Command { participant, instrument: INSTRUMENT, client_sequence: ClientSequence(*number), action }
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.state % bound
    }
}

fn define() -> Command {
    let definition = Definition {
        instrument: INSTRUMENT,
        base: *b"BTC\0\0\0\0\0",
        quote: *b"USDT\0\0\0\0",
        trade_type: TradeType::Spot,
        minimum_price: Price(i64::MIN),
        maximum_price: Price(i64::MAX),
        reference_price: Price(10_000),
        price_band: Quantity(0),
        maximum_quantity: Quantity(1_000_000),
        tick_size: Decimal { mantissa: 1, exponent: -2 },
        lot_size: Decimal { mantissa: 1, exponent: -6 },
        state: InstrumentState::Open,
    };
    Command {
        participant: ParticipantId::OPERATOR,
        instrument: InstrumentId::NONE,
        client_sequence: ClientSequence(1),
        action: Action::DefineInstrument(definition),
    }
}
