//! The commands with the most work, over a book of very many orders: how long each holds the engine, and how many timers
//! finish what it leaves, with the longest of them.
//!
//! ```text
//! cargo run --release -p lugus-perf --example worst_commands -- [ORDERS]
//! ```

use std::time::{Duration, Instant};

use lugus_engine::{Deadline, Engine, EngineLimits, EventSink};
use lugus_vocabulary::{
    Action, AuctionRules, ClientOrderId, ClientSequence, Command, Decimal, EpochNanos, InstrumentDefinition,
    InstrumentId, InstrumentState, InstrumentType, KillSwitch, MassCancelTarget, NewOrder, OrderType, ParticipantId,
    Price, PriceProtection, Quantity, Reply, Report, Side, Symbol, TimeInForce, WorkingOrders,
};

/// Counts reports, as a sink that does nothing might be optimised away.
#[derive(Default)]
struct Counted(u64);

impl EventSink for Counted {
    fn report(&mut self, report: &Report) {
        self.0 += report.event_sequence.0;
    }

    fn reply(&mut self, _: &Reply) {
        self.0 += 1;
    }
}

struct Venue {
    engine: Engine,
    sent: [[u64; 2]; 8],
    now: i64,
    told: Counted,
}

const RESTING: u32 = 1;
const STOPS: u32 = 2;
const OTHER: u32 = 3;

impl Venue {
    fn new(orders: u64) -> Self {
        let limits = EngineLimits { orders: orders as usize + 4_096, ..EngineLimits::default() };
        let mut engine = Engine::new(limits);
        engine.prefault(orders as usize);
        let mut venue = Self { engine, sent: [[0; 2]; 8], now: 1, told: Counted::default() };
        let definition = InstrumentDefinition {
            instrument: InstrumentId(1),
            base: Symbol(*b"BTC\0\0\0\0\0"),
            quote: Symbol(*b"USDT\0\0\0\0"),
            instrument_type: InstrumentType::Spot,
            minimum_price: Price(1),
            maximum_price: Price(1 << 40),
            reference_price: Price(1_000),
            price_band: Quantity(0),
            maximum_quantity: Quantity(1 << 40),
            tick_size: Decimal { mantissa: 1, exponent: -2 },
            lot_size: Decimal { mantissa: 1, exponent: -6 },
            state: InstrumentState::Open,
            protection: PriceProtection::NONE,
            auctions: AuctionRules::NONE,
        };
        venue.send(0, 0, Action::DefineInstrument(definition));
        venue
    }

    fn send(&mut self, participant: u32, instrument: u32, action: Action) {
        let number = &mut self.sent[participant as usize][instrument as usize];
        *number += 1;
        let command = Command {
            participant: ParticipantId(participant),
            instrument: InstrumentId(instrument),
            client_sequence: ClientSequence(*number),
            action,
        };
        self.engine.apply(EpochNanos(self.now), &command, &mut self.told);
    }

    fn order(&mut self, participant: u32, order: NewOrder) {
        self.send(participant, 1, Action::New(order));
    }

    /// Sells of one lot, at `levels` prices from 1,001 up.
    fn offers(&mut self, orders: u64, levels: u64, expire_time: Option<EpochNanos>) {
        for id in 1..=orders {
            let price = Price((1_001 + id % levels).cast_signed());
            let time_in_force = if expire_time.is_some() { TimeInForce::Gtd } else { TimeInForce::Gtc };
            let order = NewOrder::limit(ClientOrderId(id), Side::Sell, price, Quantity(1));
            self.order(RESTING, NewOrder { time_in_force, expire_time, ..order });
        }
    }

    /// Stop orders that a trade at 1,001 elects, and the two orders that will trade there.
    fn stops(&mut self, orders: u64, spread: u64, time_in_force: TimeInForce, quantity: u64) {
        for id in 1..=orders {
            let stop = NewOrder {
                order_type: OrderType::Stop,
                time_in_force,
                price: None,
                stop_price: Some(Price((1_001 - id % spread).cast_signed())),
                ..NewOrder::limit(ClientOrderId(id), Side::Buy, Price(0), Quantity(quantity))
            };
            self.order(STOPS, stop);
        }
    }

    /// Measures the command, and the timers until nothing is left.
    fn measure(mut self, what: &str, participant: u32, instrument: u32, action: Action) {
        let begin = Instant::now();
        self.send(participant, instrument, action);
        let command = begin.elapsed();
        let (mut timers, mut longest, mut all) = (0, Duration::ZERO, Duration::ZERO);
        while self.engine.next_deadline() == Some(Deadline::Now) {
            let begin = Instant::now();
            self.engine.on_timer(EpochNanos(self.now), &mut self.told);
            let took = begin.elapsed();
            (timers, longest, all) = (timers + 1, longest.max(took), all + took);
        }
        println!(
            "{what:<44} {:>9.3} ms, then {timers:>4} timers, the longest {:>7.3} ms, all {:>8.1} ms",
            command.as_secs_f64() * 1e3,
            longest.as_secs_f64() * 1e3,
            all.as_secs_f64() * 1e3,
        );
    }
}

fn ioc(id: u64, side: Side, price: i64, quantity: u64) -> Action {
    let order = NewOrder::limit(ClientOrderId(id), side, Price(price), Quantity(quantity));
    Action::New(NewOrder { time_in_force: TimeInForce::Ioc, ..order })
}

fn main() {
    let orders = std::env::args().nth(1).and_then(|word| word.parse().ok()).unwrap_or(1_000_000_u64);
    println!("{orders} orders");
    let resting = |levels, expire_time| {
        let mut venue = Venue::new(orders);
        venue.offers(orders, levels, expire_time);
        venue
    };
    resting(1_000, None).measure("an order that fills them all", OTHER, 1, ioc(1, Side::Buy, 1 << 30, orders));
    let fok = |quantity| {
        let order = NewOrder::limit(ClientOrderId(1), Side::Buy, Price(1 << 30), Quantity(quantity));
        Action::New(NewOrder { time_in_force: TimeInForce::Fok, ..order })
    };
    resting(orders, None).measure("fill-or-kill, a level for each order", OTHER, 1, fok(orders + 1));
    let target = ParticipantId(RESTING);
    resting(1_000, None).measure("a mass cancel", RESTING, 1, Action::MassCancel { target, side: None });
    let all = |target| Action::MassCancelAll { target, side: None };
    resting(1_000, None).measure(
        "a mass cancel of all instruments",
        RESTING,
        0,
        all(MassCancelTarget::Participant(target)),
    );
    resting(1_000, None).measure("a mass cancel of everybody", 0, 0, all(MassCancelTarget::Everybody));
    let kill_switch = KillSwitch::Engaged;
    let kill = Action::SetKillSwitch { target, kill_switch, working_orders: WorkingOrders::Cancel };
    resting(1_000, None).measure("a kill switch", 0, 0, kill);
    let close = Action::SetInstrumentState { state: InstrumentState::Closed, reference_price: None };
    resting(1_000, None).measure("closing the instrument", 0, 1, close);
    let mut venue = resting(1_000, Some(EpochNanos(100)));
    venue.now = 100;
    venue.measure("an order that meets only expired ones", OTHER, 1, ioc(1, Side::Buy, 1 << 30, 10));
    let mut venue = Venue::new(orders);
    venue.stops(orders - 10, 900, TimeInForce::Gtc, 1);
    venue.offers(2, 1, None);
    venue.measure("a trade that elects stop orders", OTHER, 1, ioc(1, Side::Buy, 1_001, 1));
    for resting in [2_000, 20_000, 200_000] {
        let mut venue = Venue::new(resting + 2_048);
        venue.stops(1_024, 1, TimeInForce::Fok, 10 * resting);
        venue.offers(resting, 500, None);
        let what = format!("1,024 fill-or-kill stops over {resting} orders");
        venue.measure(&what, OTHER, 1, ioc(1, Side::Buy, 1_001, 1));
    }
}
