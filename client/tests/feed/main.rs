//! Books are followed over a network that loses, repeats and delays messages. Whenever a book is told as current, it
//! equals the engine's book at that number; in the end it equals the engine's last book.

#![allow(clippy::unwrap_used, clippy::panic, unreachable_pub, reason = "a test that fails panics")]

mod alone;
mod market;
mod replayed;
mod world;

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use lugus_client::sans_io::{Feed, SnapshotRequests};
use lugus_client::{
    Book, BookRequest, BookType, ClientOrderId, CommandNumber, EventHandler, FeedHandler, FeedStatus, FollowedBook,
    Gap, InstrumentDefinition, InstrumentId, InstrumentState, MarketDataSequence, NewOrder, Price, Quantity, Report,
    Side,
};
use lugus_engine::Engine;
use market::{BTC, Market};

/// The book of the engine as text that can be compared: levels, orders, statistics.
fn of_engine(engine: &Engine, book_type: BookType) -> (MarketDataSequence, String) {
    let snapshot = engine.market_data_snapshot(BTC).unwrap();
    let mut text = String::new();
    for side in [Side::Buy, Side::Sell] {
        for level in engine.levels(BTC, side).unwrap() {
            text += &format!("{} {} {}\n", level.price.0, level.quantity.0, level.orders);
        }
    }
    if book_type == BookType::Orders {
        for order in engine.displayed_orders(BTC).unwrap() {
            text += &format!("{} {} {}\n", order.order_id.0, order.price.0, order.quantity.0);
        }
    }
    let statistics = snapshot.statistics;
    let prices = [statistics.open, statistics.high, statistics.low, statistics.last].map(|p| p.map(|p| p.0));
    text += &format!("{prices:?} {} {:?} {}", statistics.volume.0, snapshot.state, snapshot.reference_price.0);
    (snapshot.sequence, text)
}

fn of_feed(book: &FollowedBook) -> String {
    let mut text = String::new();
    for side in [Side::Buy, Side::Sell] {
        for level in book.levels(side) {
            text += &format!("{} {} {}\n", level.price.0, level.quantity.0, level.orders);
        }
    }
    for side in [Side::Buy, Side::Sell] {
        for order in book.orders(side) {
            text += &format!("{} {} {}\n", order.order_id.0, order.price.0, order.quantity.0);
        }
    }
    let (market, statistics) = (book.market(), book.market().statistics);
    let prices = [statistics.open, statistics.high, statistics.low, statistics.last].map(|p| p.map(|p| p.0));
    text += &format!("{prices:?} {} {:?} {}", statistics.volume.0, market.state, market.reference_price.0);
    text
}

/// Compares each book that is told with the engine's book at that number.
#[derive(Default)]
struct Checker {
    history: BTreeMap<MarketDataSequence, String>,
    told: usize,
    recoveries: usize,
    gaps: Vec<Gap>,
    definitions: usize,
}

impl FeedHandler for Checker {
    fn on_followed_book(&mut self, _instrument: InstrumentId, book: &FollowedBook) {
        self.told += 1;
        assert_eq!(Some(&of_feed(book)), self.history.get(&book.sequence()), "at {}", book.sequence());
    }

    fn on_feed_status(&mut self, _instrument: InstrumentId, status: FeedStatus) {
        self.recoveries += usize::from(status == FeedStatus::Recovering);
    }

    fn on_gap(&mut self, _instrument: InstrumentId, gap: &Gap) {
        self.gaps.push(*gap);
    }

    fn on_definition(&mut self, definition: &InstrumentDefinition) {
        assert_eq!(definition.instrument, BTC);
        self.definitions += 1;
    }
}

struct Hearing<'a> {
    feed: &'a mut Feed,
    checker: &'a mut Checker,
    now: Duration,
}

impl EventHandler for Hearing<'_> {
    fn on_report(&mut self, _report: &Report, _command: CommandNumber) {}

    fn on_book(&mut self, book: &Book) {
        assert!(self.feed.on_book(book, self.now, self.checker));
    }
}

#[derive(Default)]
struct Requested(Vec<BookRequest>);

impl SnapshotRequests for Requested {
    fn request(&mut self, request: &BookRequest) -> bool {
        self.0.push(*request);
        true
    }
}

/// A seeded stream of numbers (xorshift).
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }

    fn happens(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
}

/// A random command, at a price in a range of `spread` ticks.
fn trade(market: &mut Market, chance: &mut Chance, next_order: &mut u64, spread: u64) {
    let choice = chance.below(100);
    if choice < 25 && *next_order > 0 {
        let id = ClientOrderId(1 + chance.below(*next_order));
        market.command(|session, log| session.cancel(log, BTC, id));
    } else if choice < 27 {
        let state = [InstrumentState::Open, InstrumentState::Open, InstrumentState::Auction][chance.below(3) as usize];
        market.command(|session, log| session.set_instrument_state(log, BTC, state, None));
    } else {
        *next_order += 1;
        let quantity = 1 + chance.below(50);
        let side = if chance.happens(50) { Side::Buy } else { Side::Sell };
        let away = chance.below(spread) as i64 - 3;
        let price = Price(if side == Side::Buy { 10_000 - away } else { 10_000 + away });
        let order = NewOrder {
            display_quantity: Quantity(if chance.happens(20) { quantity.min(5) } else { 0 }),
            ..NewOrder::limit(ClientOrderId(*next_order), side, price, Quantity(quantity))
        };
        market.command(|session, log| session.new_order(log, BTC, &order));
    }
}

struct World {
    market: Market,
    feed: Feed,
    checker: Checker,
    chance: Chance,
    book_type: BookType,
    now: Duration,
    next_order: u64,
    stream: VecDeque<Vec<u8>>,
    egress: VecDeque<Vec<u8>>,
    faults: u64,
    /// Width of the range of prices, in ticks.
    spread: u64,
}

impl World {
    fn new(seed: u64, book_type: BookType, faults: u64, spread: u64, ring: usize) -> Self {
        let mut feed = Feed::default();
        feed.follow(BTC, book_type, Duration::ZERO).unwrap();
        let mut world = Self {
            market: Market::new(ring),
            feed,
            checker: Checker::default(),
            chance: Chance(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1),
            book_type,
            now: Duration::ZERO,
            next_order: 0,
            stream: VecDeque::new(),
            egress: VecDeque::new(),
            faults,
            spread,
        };
        world.record();
        world
    }

    fn record(&mut self) {
        let (sequence, text) = of_engine(self.market.engine(), self.book_type);
        self.checker.history.insert(sequence, text);
    }

    fn trade(&mut self) {
        trade(&mut self.market, &mut self.chance, &mut self.next_order, self.spread);
        self.record();
    }

    /// Advances the time; some of the messages under way arrive.
    fn step(&mut self) {
        self.now += Duration::from_millis(1 + self.chance.below(5));
        for message in self.market.published(self.now) {
            if self.chance.happens(self.faults) {
                continue;
            }
            if self.chance.happens(self.faults) {
                self.stream.push_back(message.clone());
            }
            self.stream.push_back(message);
        }
        for _ in 0..self.chance.below(8) {
            let overtakes = self.stream.len() > 1 && self.chance.happens(self.faults);
            let Some(message) = self.stream.remove(usize::from(overtakes)) else { break };
            self.feed.on_message(0, &message, self.now, &mut self.checker);
        }
        for _ in 0..self.chance.below(3) {
            let Some(message) = self.egress.pop_front() else { break };
            let Self { market, feed, checker, now, .. } = self;
            market.hear(&message, &mut Hearing { feed, checker, now: *now });
        }
        let mut requested = Requested::default();
        self.feed.do_work(self.now, &mut requested, &mut self.checker);
        for request in requested.0 {
            let answers = self.market.request(&request);
            if !self.chance.happens(self.faults) {
                self.egress.extend(answers);
            }
        }
    }

    fn run(&mut self, steps: usize, commands_a_step: u64) {
        for _ in 0..steps {
            for _ in 0..self.chance.below(commands_a_step + 1) {
                self.trade();
            }
            self.step();
        }
    }

    /// The network recovers: in the end the followed book equals the engine's.
    fn verify(&mut self) {
        self.faults = 0;
        let (sequence, text) = of_engine(self.market.engine(), self.book_type);
        for _ in 0..20_000 {
            self.step();
            if self.feed.book(BTC).is_some_and(|book| book.sequence() == sequence) {
                assert_eq!(of_feed(self.feed.book(BTC).unwrap()), text);
                return;
            }
        }
        panic!("never current: at {:?} of {sequence}", self.feed.book(BTC).map(FollowedBook::sequence));
    }
}

#[test]
fn books_are_rebuilt_over_a_bad_network() {
    let mut recoveries = 0;
    for seed in 0..60 {
        let book_type = if seed % 2 == 0 { BookType::Orders } else { BookType::Levels };
        let mut world = World::new(seed, book_type, seed % 12, 40, 1 << 12);
        world.run(150, 3);
        world.verify();
        recoveries += world.checker.recoveries;
        assert!(world.checker.told > 0);
    }
    assert!(recoveries > 100, "{recoveries}");
}

#[test]
fn a_book_of_many_parts_is_loaded_while_it_trades() {
    for (seed, book_type) in [(1, BookType::Orders), (2, BookType::Levels), (3, BookType::Orders)] {
        let mut world = World::new(seed, book_type, 0, 3_000, 1 << 16);
        for _ in 0..4_000 {
            world.trade();
        }
        world.stream.clear();
        world.run(200, 3);
        world.verify();
        assert!(world.checker.told > 0);
        world.faults = 3;
        world.run(200, 3);
        world.verify();
    }
}

#[test]
fn a_full_ring_causes_only_a_gap() {
    let mut world = World::new(5, BookType::Orders, 0, 40, 64);
    world.run(50, 1);
    world.verify();
    for _ in 0..500 {
        world.trade();
    }
    world.verify();
    assert!(world.checker.recoveries > 0);
}

#[test]
fn a_heartbeat_reveals_a_lost_last_increment() {
    let mut world = World::new(6, BookType::Levels, 0, 40, 1 << 12);
    world.run(50, 1);
    world.verify();
    world.trade();
    world.market.published(Duration::ZERO);
    world.verify();
    assert_eq!(world.checker.recoveries, 1);
}
