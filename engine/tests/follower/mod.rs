//! A follower of market data: it knows of an engine nothing but increments, and rebuilds the books by order and by level.

#![allow(dead_code, unreachable_pub, reason = "each test uses a part of it")]

use std::collections::BTreeMap;

use lugus_engine::{Engine, EventSink};
use lugus_vocabulary::{
    AuctionIndicative, Command, DisplayedOrder, EpochNanos, FirmEvent, GraceTime, InstrumentId, InstrumentState,
    MarketData, MarketDataBody, ParticipantId, Price, Quantity, Reply, Report, Side, Statistics, TradeId,
};

use crate::venue::{Recorder, Told, levels};

/// The books of all instruments as market data tells them.
#[derive(Default)]
pub struct Follower {
    books: BTreeMap<u32, FollowedBook>,
    /// What was published of auctions, with the instrument.
    pub published: Vec<(u32, AuctionIndicative)>,
}

/// What market data tells of one instrument.
struct FollowedBook {
    sequence: u64,
    /// In the order in which they came into their queues.
    orders: Vec<DisplayedOrder>,
    levels: BTreeMap<(Side, i64), (u64, u32)>,
    statistics: Statistics,
    state: InstrumentState,
    reference_price: Price,
    last_trade: Option<TradeId>,
    /// Lots traded since the last increment of statistics.
    traded: u64,
    /// Whether a trade was amended with the last increment.
    is_amended: bool,
}

impl Follower {
    /// A late joiner, which begins with the engine's market-data snapshots.
    pub fn join(engine: &Engine) -> Self {
        let books = engine.instruments().map(|id| (id.0, FollowedBook::join(engine, id)));
        Self { books: books.collect(), published: Vec::new() }
    }

    /// Checks that the rebuilt books are those of the engine.
    pub fn verify(&self, engine: &Engine) {
        assert_eq!(
            self.books.keys().copied().collect::<Vec<_>>(),
            engine.instruments().map(|id| id.0).collect::<Vec<_>>()
        );
        for (&id, book) in &self.books {
            let snapshot = engine.market_data_snapshot(InstrumentId(id)).unwrap();
            assert_eq!(book.sequence, snapshot.sequence.0);
            assert_eq!(
                (book.state, book.reference_price, book.statistics),
                (snapshot.state, snapshot.reference_price, snapshot.statistics)
            );
            assert_eq!(book.by_priority(), engine.displayed_orders(InstrumentId(id)).unwrap().collect::<Vec<_>>());
            for side in [Side::Buy, Side::Sell] {
                let of_side = book.levels.iter().filter(|((of, _), _)| *of == side);
                let mut followed: Vec<_> =
                    of_side.map(|(&(_, price), &(quantity, orders))| (price, quantity, orders)).collect();
                if side == Side::Buy {
                    followed.reverse();
                }
                assert_eq!(Some(followed), levels(engine, id, side));
            }
            assert_eq!(book.traded, 0, "trades without statistics");
        }
    }

    fn follow(&mut self, data: &MarketData) {
        let book = self.books.entry(data.instrument.0).or_insert_with(FollowedBook::new);
        book.sequence += 1;
        assert_eq!(data.sequence.0, book.sequence, "a gap");
        book.follow(&data.body);
        if let MarketDataBody::Auction(auction) = data.body {
            assert_eq!(book.state, InstrumentState::Auction);
            self.published.push((data.instrument.0, auction));
        }
    }
}

impl FollowedBook {
    fn new() -> Self {
        Self {
            sequence: 0,
            orders: Vec::new(),
            levels: BTreeMap::new(),
            statistics: Statistics::default(),
            state: InstrumentState::Closed,
            reference_price: Price(0),
            last_trade: None,
            traded: 0,
            is_amended: false,
        }
    }

    fn join(engine: &Engine, id: InstrumentId) -> Self {
        let snapshot = engine.market_data_snapshot(id).unwrap();
        let mut levels = BTreeMap::new();
        for side in [Side::Buy, Side::Sell] {
            for level in engine.levels(id, side).unwrap() {
                levels.insert((side, level.price.0), (level.quantity.0, level.orders));
            }
        }
        Self {
            sequence: snapshot.sequence.0,
            orders: engine.displayed_orders(id).unwrap().collect(),
            levels,
            statistics: snapshot.statistics,
            state: snapshot.state,
            reference_price: snapshot.reference_price,
            ..Self::new()
        }
    }

    fn follow(&mut self, body: &MarketDataBody) {
        match *body {
            MarketDataBody::OrderAdded(order) => {
                assert!(order.quantity > Quantity(0) && self.place(order.order_id.0).is_none());
                self.orders.push(order);
            }
            MarketDataBody::OrderChanged(order) => {
                let at = self.place(order.order_id.0).unwrap();
                let before = std::mem::replace(&mut self.orders[at], order);
                assert_eq!((before.side, before.price), (order.side, order.price));
                assert!(order.quantity <= before.quantity && order.quantity > Quantity(0));
            }
            MarketDataBody::OrderRemoved { order_id, side, price } => {
                let at = self.place(order_id.0).unwrap();
                let gone = self.orders.remove(at);
                assert_eq!((gone.side, gone.price), (side, price));
            }
            MarketDataBody::Level { side, price, quantity, orders } => {
                assert_eq!(quantity.0 == 0, orders == 0);
                if orders == 0 {
                    self.levels.remove(&(side, price.0));
                } else {
                    self.levels.insert((side, price.0), (quantity.0, orders));
                }
            }
            MarketDataBody::Trade { trade_id, quantity, .. } => {
                assert!(self.last_trade.is_none_or(|last| trade_id.0 == last.0 + 1));
                (self.last_trade, self.is_amended) = (Some(trade_id), false);
                self.traded = self.traded.saturating_add(quantity.0);
            }
            MarketDataBody::TradeAddendum { trade_id, .. } => {
                assert!(self.traded == 0 && self.last_trade.is_none_or(|last| trade_id <= last));
                self.is_amended = true;
            }
            MarketDataBody::Auction(_) => {}
            MarketDataBody::Statistics(statistics) => {
                if self.is_amended {
                    assert!(statistics.volume <= self.statistics.volume);
                    let prices = |of: Statistics| (of.open, of.high, of.low, of.last);
                    assert_eq!(prices(statistics), prices(self.statistics));
                } else {
                    assert_eq!(statistics.volume.0, self.statistics.volume.0.saturating_add(self.traded));
                }
                (self.traded, self.is_amended) = (0, false);
                self.statistics = statistics;
            }
            MarketDataBody::State { state, reference_price } => {
                if self.state == InstrumentState::Closed && state != InstrumentState::Closed {
                    self.statistics = Statistics { last: self.statistics.last, ..Statistics::default() };
                }
                (self.state, self.reference_price) = (state, reference_price);
            }
        }
    }

    fn place(&self, order_id: u64) -> Option<usize> {
        self.orders.iter().position(|order| order.order_id.0 == order_id)
    }

    /// Bids before asks, best first; at one price the order that has been there longest first.
    fn by_priority(&self) -> Vec<DisplayedOrder> {
        let mut sorted = self.orders.clone();
        sorted.sort_by_key(|order| {
            let price = i128::from(order.price.0);
            (order.side, if order.side == Side::Buy { -price } else { price })
        });
        sorted
    }
}

/// A sink that records reports and replies, and hands market data to a follower.
struct Watcher<'a> {
    recorder: Recorder,
    follower: &'a mut Follower,
}

impl EventSink for Watcher<'_> {
    fn report(&mut self, report: &Report) {
        self.recorder.report(report);
    }

    fn reply(&mut self, reply: &Reply) {
        self.recorder.reply(reply);
    }

    fn firm_event(&mut self, event: &FirmEvent) {
        self.recorder.firm_event(event);
    }

    fn market_data(&mut self, market_data: &MarketData) {
        self.follower.follow(market_data);
    }

    fn wants_market_data(&self) -> bool {
        true
    }
}

/// Lets a timer fire, and follows the increments.
pub fn fired_and_followed(engine: &mut Engine, follower: &mut Follower, now: i64) -> Vec<Told> {
    let mut watcher = Watcher { recorder: Recorder::default(), follower };
    engine.on_timer(EpochNanos(now), &mut watcher);
    watcher.recorder.0
}

/// Tells the engine that a participant is disconnected, and follows the increments.
pub fn disconnected_and_followed(
    engine: &mut Engine,
    follower: &mut Follower,
    now: i64,
    (participant, grace): (u32, GraceTime),
) -> Vec<Told> {
    let mut watcher = Watcher { recorder: Recorder::default(), follower };
    engine.disconnect(EpochNanos(now), ParticipantId(participant), grace, &mut watcher);
    watcher.recorder.0
}

/// Tells the engine that a participant is connected again, and follows the increments.
pub fn connected_and_followed(
    engine: &mut Engine,
    follower: &mut Follower,
    now: i64,
    participant: u32,
) -> (Vec<Told>, Option<GraceTime>) {
    let mut watcher = Watcher { recorder: Recorder::default(), follower };
    let grace = engine.connect(EpochNanos(now), ParticipantId(participant), &mut watcher);
    (watcher.recorder.0, grace)
}

/// Applies a command at log time `now` while a follower listens, and returns what was told.
pub fn told_and_followed(engine: &mut Engine, follower: &mut Follower, now: i64, command: &Command) -> Vec<Told> {
    let mut watcher = Watcher { recorder: Recorder::default(), follower };
    engine.apply(EpochNanos(now), command, &mut watcher);
    watcher.recorder.0
}
