//! Nanoseconds a message: the order book alone with a sink that only counts, and the whole engine ([`Engine::apply`]).

use std::hint::black_box;

use lugus_engine::EventSink;
use lugus_engine::{Engine, EngineLimits};
use lugus_vocabulary::{
    Action, AuctionRules, ClientOrderId, ClientSequence, Command, Decimal, EpochNanos, InstrumentDefinition,
    InstrumentId, InstrumentState, InstrumentType, NewOrder, ParticipantId, Price, PriceProtection, Quantity, Replace,
    Reply, Report, Side, Symbol, TimeInForce,
};
use rustix::time::{ClockId, clock_gettime};

use crate::flow::{Dice, Message};
use crate::matcher::{Matcher, Outcome};

/// Number of participants that send the commands of [`engine`].
pub(crate) const PARTICIPANTS: u64 = 16;
/// One in `WARM_UP` messages of a flow, from its beginning, runs before the clock starts, as these touch memory for the
/// first time.
const WARM_UP: usize = 5;
pub(crate) const INSTRUMENT: InstrumentId = InstrumentId(1);

/// Counts events and does nothing else.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    /// Number of trades.
    pub trades: u64,
    /// Number of other events; for the engine, of all reports.
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

/// Processor time of this thread in nanoseconds, which other processes on the machine affect less than wall-clock time.
pub(crate) fn thread_nanos() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 * 1e9 + time.tv_nsec as f64
}

/// Executes a message on the matcher.
#[inline(always)]
pub fn apply(matcher: &mut Matcher, message: &Message, outcome: &mut impl Outcome) {
    match *message {
        Message::New { id, side, price, quantity, immediate } => {
            matcher.new_order(id, side, price, quantity, immediate, outcome);
        }
        Message::Cancel { id } => matcher.cancel(id, outcome),
        Message::Modify { id, price, quantity } => matcher.modify(id, price, quantity, outcome),
    }
}

/// Nanoseconds a message on the book alone, with capacity for `orders` orders; the events; the number of resting orders
/// at the end.
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

/// A large standing book and the memory that it needs.
#[derive(Debug)]
pub struct LargeBook {
    matcher: Matcher,
    orders: u64,
    levels: i64,
    dice: Dice,
    tally: Tally,
    /// Memory of an order, in bytes, including its share of the levels.
    pub bytes_an_order: f64,
}

/// Number of ticks on either side of the middle in which [`LargeBook`] has no standing orders.
const GAP: i64 = 64;

impl LargeBook {
    /// Fills a book with `orders` orders on `levels` price levels, half of both on either side, in random order.
    #[must_use]
    pub fn new(orders: u64, levels: i64, seed: u64) -> Self {
        let before = resident_bytes();
        let (matcher, dice) = (Matcher::new(orders as usize + RECENT), Dice(seed));
        let mut book = Self { matcher, orders, levels, dice, tally: Tally::default(), bytes_an_order: 0.0 };
        for id in 1..=orders {
            book.rest(id);
        }
        book.bytes_an_order = (resident_bytes() - before) / orders as f64;
        book
    }

    /// Nanoseconds a message when new orders enter near the middle and are soon canceled.
    pub fn near_the_touch(&mut self, messages: usize) -> f64 {
        let mut recent = [0; RECENT];
        let start = thread_nanos();
        for n in 0..messages / 2 {
            let place = n % RECENT;
            if recent[place] != 0 {
                self.matcher.cancel(ClientOrderId(recent[place]), &mut self.tally);
            }
            recent[place] = self.orders + 1 + n as u64;
            let random = self.dice.word();
            let away = 1 + (random >> 32).cast_signed() % (GAP - 1);
            let (side, price) = if random & 1 == 0 { (Side::Buy, -away) } else { (Side::Sell, away) };
            let id = ClientOrderId(recent[place]);
            self.matcher.new_order(id, side, Price(price), Quantity(1), false, &mut self.tally);
        }
        let nanos = (thread_nanos() - start) / messages as f64;
        for id in recent.into_iter().filter(|&id| id != 0) {
            self.matcher.cancel(ClientOrderId(id), &mut self.tally);
        }
        nanos
    }

    /// Nanoseconds a message when any standing order may be canceled next, and a new order may enter anywhere.
    pub fn anywhere(&mut self, messages: usize) -> f64 {
        let start = thread_nanos();
        for _ in 0..messages / 2 {
            let id = 1 + self.dice.below(self.orders);
            self.matcher.cancel(ClientOrderId(id), &mut self.tally);
            self.rest(id);
        }
        (thread_nanos() - start) / messages as f64
    }

    fn rest(&mut self, id: u64) {
        let random = self.dice.word();
        let away = GAP + ((random >> 1) % (self.levels.cast_unsigned() / 2)).cast_signed();
        let (side, price) = if random & 1 == 0 { (Side::Buy, -away) } else { (Side::Sell, away) };
        self.matcher.new_order(ClientOrderId(id), side, Price(price), Quantity(1), false, &mut self.tally);
    }
}

/// Time of a random read in `bytes` bytes of memory, in nanoseconds, when the address of each read depends on the read
/// before. It shows what such a walk costs on this machine.
#[must_use]
pub fn dependent_read(bytes: usize, reads: usize) -> f64 {
    #[derive(Clone, Copy)]
    #[repr(align(64))]
    struct CacheLine(u32);
    let mut lines: Vec<CacheLine> = (0..(bytes / size_of::<CacheLine>()).max(2) as u32).map(CacheLine).collect();
    // The reads follow one cycle through all words (Sattolo, "An algorithm to generate a random cyclic permutation",
    // 1986).
    let mut dice = Dice(1);
    for last in (1..lines.len()).rev() {
        lines.swap(last, dice.below(last as u64) as usize);
    }
    let start = thread_nanos();
    let at = (0..reads).fold(0, |at, _| lines[at as usize].0);
    let nanos = (thread_nanos() - start) / reads as f64;
    black_box(at);
    nanos
}

/// Number of orders near the touch at a time.
const RECENT: usize = 64;

/// Resident memory of this process in bytes; 0 where the system does not report it.
fn resident_bytes() -> f64 {
    let pages = std::fs::read_to_string("/proc/self/statm")
        .ok()
        .and_then(|numbers| numbers.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()));
    pages.unwrap_or_default() as f64 * rustix::param::page_size() as f64
}

/// Number of orders for which memory is touched before the clock starts, as the node does.
const PREFAULTED: usize = 1 << 16;

/// Nanoseconds a message in the whole engine, and the number of reports. All commands of one order are sent by the same one of 16
/// participants, and numbered in that participant's scope in the instrument of [`definition`]. Each is made of its message in
/// one place just before it is applied, as the node decodes it, and the nanosecond that takes counts.
#[must_use]
pub fn engine(messages: &[Message]) -> (f64, u64) {
    let mut engine = Engine::new(EngineLimits::default());
    engine.prefault(PREFAULTED);
    let mut tally = Tally::default();
    engine.apply(EpochNanos(1), &definition(), &mut tally);
    let mut sent = [0; PARTICIPANTS as usize + 1];
    let mut now = 1;
    let mut apply = |messages: &[Message]| {
        for message in messages {
            let (id, action) = action(message);
            let participant = ParticipantId(1 + (id.0 % PARTICIPANTS) as u32);
            let number = &mut sent[participant.0 as usize];
            *number += 1;
            let client_sequence = ClientSequence(*number);
            let command = Command { participant, instrument: INSTRUMENT, client_sequence, action };
            now += 1;
            engine.apply(EpochNanos(now), black_box(&command), &mut tally);
        }
    };
    let (first, timed) = messages.split_at(messages.len() / WARM_UP);
    apply(first);
    let start = thread_nanos();
    apply(timed);
    let nanos = thread_nanos() - start;
    black_box(engine.state_hash());
    (nanos / timed.len() as f64, tally.others)
}

#[inline(always)]
fn action(message: &Message) -> (ClientOrderId, Action) {
    match *message {
        Message::New { id, side, price, quantity, immediate } => {
            let time_in_force = if immediate { TimeInForce::Ioc } else { TimeInForce::Gtc };
            let order = NewOrder { time_in_force, ..NewOrder::limit(id, side, price, quantity) };
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

/// The operator's command that defines the instrument of [`engine`], which accepts any price.
#[must_use]
pub fn definition() -> Command {
    let definition = InstrumentDefinition {
        instrument: INSTRUMENT,
        base: Symbol(*b"BTC\0\0\0\0\0"),
        quote: Symbol(*b"USDT\0\0\0\0"),
        instrument_type: InstrumentType::Spot,
        minimum_price: Price(i64::MIN),
        maximum_price: Price(i64::MAX),
        reference_price: Price(33_504),
        price_band: Quantity(0),
        maximum_quantity: Quantity(1_000_000),
        tick_size: Decimal { mantissa: 1, exponent: -2 },
        lot_size: Decimal { mantissa: 1, exponent: -6 },
        state: InstrumentState::Open,
        protection: PriceProtection::NONE,
        auctions: AuctionRules::NONE,
    };
    Command {
        participant: ParticipantId::OPERATOR,
        instrument: InstrumentId::NONE,
        client_sequence: ClientSequence(1),
        action: Action::DefineInstrument(definition),
    }
}
