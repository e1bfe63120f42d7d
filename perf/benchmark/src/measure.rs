//! What a message costs: the book alone with nobody listening, and all of [`Engine::apply`].

use std::hint::black_box;

use lugus_engine::command::{
    Action, Command, Decimal, Definition, InstrumentState, NewOrder, OrderType, PostOnly, Replace, SelfTradePrevention,
    Side, TimeInForce, TradeType,
};
use lugus_engine::event::{EventSink, Reply, Report};
use lugus_engine::units::{ClientOrderId, ClientSequence, EpochNanos, InstrumentId, ParticipantId, Price, Quantity};
use lugus_engine::{Engine, EngineLimits};
use rustix::time::{ClockId, clock_gettime};

use crate::flow::Message;
use crate::matcher::{Matcher, Outcome};

/// Who sends the commands of [`commands`].
const PARTICIPANTS: u64 = 16;
/// One in so many messages comes before the clock runs: the first ones find all memory untouched.
const WARM_UP: usize = 5;
const INSTRUMENT: InstrumentId = InstrumentId(1);

/// Counts what happens, and no more.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    /// Trades.
    pub trades: u64,
    /// Everything else.
    pub others: u64,
}

impl Outcome for Tally {
    #[inline]
    fn accepted(&mut self, _: ClientOrderId, _: Side, _: Price, _: Quantity) {
        self.others += 1;
    }

    #[inline]
    fn traded(&mut self, _: ClientOrderId, _: ClientOrderId, _: Price, _: Quantity) {
        self.trades += 1;
    }

    #[inline]
    fn canceled(&mut self, _: ClientOrderId, _: Side, _: Price) {
        self.others += 1;
    }

    #[inline]
    fn modified(&mut self, _: ClientOrderId, _: Side, _: Price, _: Quantity) {
        self.others += 1;
    }

    #[inline]
    fn cancel_rejected(&mut self, _: ClientOrderId) {
        self.others += 1;
    }

    #[inline]
    fn modify_rejected(&mut self, _: ClientOrderId) {
        self.others += 1;
    }
}

impl EventSink for Tally {
    #[inline]
    fn report(&mut self, report: &Report) {
        self.others += 1;
        black_box(report);
    }

    fn reply(&mut self, reply: &Reply) {
        black_box(reply);
    }
}

/// What this thread has had of a processor, so that others on the machine count less.
pub(crate) fn thread_nanos() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 * 1e9 + time.tv_nsec as f64
}

/// Does a message.
#[inline]
pub fn apply(matcher: &mut Matcher, message: &Message, outcome: &mut impl Outcome) {
    match *message {
        Message::New { id, side, price, quantity, immediate } => {
            matcher.new_order(id, side, price, quantity, immediate, outcome);
        }
        Message::Cancel { id } => matcher.cancel(id, outcome),
        Message::Modify { id, price, quantity } => matcher.modify(id, price, quantity, outcome),
    }
}

/// Nanoseconds a message of the book alone, with room for so many orders, and what happened.
#[must_use]
pub fn book(messages: &[Message], orders: usize) -> (f64, Tally, usize) {
    let mut matcher = Matcher::new(orders);
    let mut tally = Tally::default();
    let (first, timed) = messages.split_at(messages.len() / WARM_UP);
    for message in first {
        apply(&mut matcher, message, &mut tally);
    }
    let start = thread_nanos();
    for message in timed {
        apply(&mut matcher, message, &mut tally);
    }
    ((thread_nanos() - start) / timed.len() as f64, tally, matcher.live())
}

/// Nanoseconds a command of the engine, and how many reports it told.
#[must_use]
pub fn engine(commands: &[Command]) -> (f64, u64) {
    let mut engine = Engine::new(EngineLimits::default());
    let mut tally = Tally::default();
    engine.apply(EpochNanos(1), &definition(), &mut tally);
    let (first, timed) = commands.split_at(commands.len() / WARM_UP);
    for command in first {
        engine.apply(EpochNanos(2), command, &mut tally);
    }
    let start = thread_nanos();
    for (now, command) in (3..).zip(timed) {
        engine.apply(EpochNanos(now), command, &mut tally);
    }
    let nanos = (thread_nanos() - start) / timed.len() as f64;
    black_box(engine.state_hash());
    (nanos, tally.others)
}

/// A flow as commands to an engine that has the instrument [`definition`] defines: an order's are all of the same one of
/// 16 participants, numbered in its scope.
#[must_use]
pub fn commands(messages: &[Message]) -> Vec<Command> {
    let mut sent = [0; PARTICIPANTS as usize + 1];
    messages
        .iter()
        .map(|message| {
            let (id, action) = action(message);
            let participant = ParticipantId(1 + (id.0 % PARTICIPANTS) as u32);
            let number = &mut sent[participant.0 as usize];
            *number += 1;
            Command { participant, instrument: INSTRUMENT, client_sequence: ClientSequence(*number), action }
        })
        .collect()
}

fn action(message: &Message) -> (ClientOrderId, Action) {
    match *message {
        Message::New { id, side, price, quantity, immediate } => {
            let order = NewOrder {
                client_order_id: id,
                side,
                order_type: OrderType::Limit,
                time_in_force: if immediate { TimeInForce::Ioc } else { TimeInForce::Gtc },
                price: Some(price),
                stop_price: None,
                quantity,
                display_quantity: Quantity(0),
                expire_time: None,
                post_only: PostOnly::No,
                self_trade_prevention: SelfTradePrevention::None,
            };
            (id, Action::New(order))
        }
        Message::Cancel { id } => (id, Action::Cancel { orig_client_order_id: id }),
        Message::Modify { id, price, quantity } => {
            let replace = Replace {
                orig_client_order_id: id,
                client_order_id: id,
                price: Some(price),
                stop_price: None,
                quantity,
                display_quantity: Quantity(0),
            };
            (id, Action::Replace(replace))
        }
    }
}

/// The operator defines the instrument of [`commands`]: any price goes.
#[must_use]
pub fn definition() -> Command {
    let definition = Definition {
        instrument: INSTRUMENT,
        base: *b"BTC\0\0\0\0\0",
        quote: *b"USDT\0\0\0\0",
        trade_type: TradeType::Spot,
        minimum_price: Price(i64::MIN),
        maximum_price: Price(i64::MAX),
        reference_price: Price(33_504),
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
