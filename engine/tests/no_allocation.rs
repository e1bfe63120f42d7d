//! In steady state the engine allocates no memory, wherever the market goes.
//!
//! Only allocations of the test's own thread count.

use lugus_engine::{Engine, EngineLimits, EventSink};
use lugus_testing::allocations::CountingAllocator;
use lugus_testing::instruments::boundless;
use lugus_vocabulary::{
    Action, ClientOrderId, ClientSequence, Command, EpochNanos, InstrumentDefinition, InstrumentId, NewOrder,
    OrderType, ParticipantId, Price, Quantity, Replace, Reply, Report, SelfTradePrevention, Side, TimeInForce,
};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

const PARTICIPANTS: u64 = 8;
const INSTRUMENT: InstrumentId = InstrumentId(1);
/// Ticks between the market's lowest and highest price: hundreds of pages of price levels.
const SWING: i64 = 200_000;

#[derive(Default)]
struct Counted {
    reports: u64,
    replies: u64,
}

impl EventSink for Counted {
    fn report(&mut self, _: &Report) {
        self.reports += 1;
    }

    fn reply(&mut self, _: &Reply) {
        self.replies += 1;
    }
}

struct Market {
    engine: Engine,
    sent: [u64; PARTICIPANTS as usize + 1],
    random: u64,
    last_id: u64,
    told: Counted,
}

impl Market {
    fn send(&mut self, participant: u64, action: Action) {
        let instrument = if participant == 0 { InstrumentId::NONE } else { INSTRUMENT };
        self.sent[participant as usize] += 1;
        let client_sequence = ClientSequence(self.sent[participant as usize]);
        let participant = ParticipantId(participant as u32);
        let command = Command { participant, instrument, client_sequence, action };
        self.engine.apply(EpochNanos(1), &command, &mut self.told);
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random % bound
    }

    /// The market goes up by [`SWING`] ticks and down again, with some hundred resting orders at a time.
    fn swing(&mut self) {
        let steps = 40_000;
        for step in 0..steps {
            let way = if step < steps / 2 { step } else { steps - step };
            let middle = way * SWING / (steps / 2);
            let participant = 1 + self.below(PARTICIPANTS);
            let id = self.last_id.saturating_sub(8 * self.below(12)) / 8 * 8 + participant - 1;
            let side = if self.below(2) == 0 { Side::Buy } else { Side::Sell };
            let away = self.below(40).cast_signed() - 3;
            let price = Some(Price(if side == Side::Buy { middle - away } else { middle + away }));
            let quantity = Quantity(1 + self.below(100));
            let (orig_client_order_id, client_order_id) = (ClientOrderId(id), ClientOrderId(id));
            let action = match self.below(10) {
                0..4 => Action::Cancel { orig_client_order_id },
                4 => Action::Replace(Replace {
                    orig_client_order_id,
                    client_order_id,
                    price,
                    stop_price: None,
                    quantity,
                    display_quantity: Quantity(0),
                }),
                _ => self.new_order(participant, side, price, quantity),
            };
            self.send(participant, action);
            if step % 500 == 0 {
                self.send(participant, Action::MassCancel { target: ParticipantId(participant as u32), side: None });
            }
        }
    }

    fn new_order(&mut self, participant: u64, side: Side, price: Option<Price>, quantity: Quantity) -> Action {
        self.last_id += 8;
        let time_in_force = match self.below(16) {
            0 | 1 => TimeInForce::Ioc,
            2 => TimeInForce::Fok,
            3 => TimeInForce::Day,
            _ => TimeInForce::Gtc,
        };
        let waits = self.below(16) == 0;
        let shows_a_part = time_in_force == TimeInForce::Gtc && self.below(8) == 0;
        let id = ClientOrderId(self.last_id / 8 * 8 + participant - 1);
        Action::New(NewOrder {
            order_type: if waits { OrderType::StopLimit } else { OrderType::Limit },
            time_in_force,
            price,
            stop_price: price.filter(|_| waits),
            display_quantity: if shows_a_part { Quantity(1 + quantity.0 / 3) } else { Quantity(0) },
            self_trade_prevention: if self.below(4) == 0 {
                SelfTradePrevention::CancelOldest
            } else {
                SelfTradePrevention::None
            },
            ..NewOrder::limit(id, side, Price(0), quantity)
        })
    }
}

#[test]
fn nothing_is_allocated_once_the_market_has_gone_up_and_down() {
    let limits =
        EngineLimits { orders: 10_000, retained_events: 100, retained_trades: 1_000, ..EngineLimits::default() };
    let sent = [0; PARTICIPANTS as usize + 1];
    let mut market = Market { engine: Engine::new(limits), sent, random: 7, last_id: 8, told: Counted::default() };
    let definition = InstrumentDefinition { maximum_quantity: Quantity(1_000_000), ..boundless(INSTRUMENT) };
    market.send(0, Action::DefineInstrument(definition));
    // Memory for kept events grows, a chunk at a time, until the rarest mixtures of short and long ones have come up.
    for _ in 0..20 {
        market.swing();
    }
    let before = (CountingAllocator::allocations(), market.told.reports);
    for _ in 0..5 {
        market.swing();
    }
    let allocated = CountingAllocator::allocations() - before.0;
    assert!(market.told.reports - before.1 > 200_000 && market.told.replies == 0, "the market has traded");
    assert_eq!(allocated, 0);
    assert_eq!(market.engine.verify(), Ok(()));
}
