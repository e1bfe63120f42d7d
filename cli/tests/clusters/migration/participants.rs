//! Participants that trade the instrument through the SDK all the time, on a thread of their own, and keep account of
//! it.
//!
//! Two of them trade with each other. Two others own resting orders in the book and stop orders beyond it, which
//! nothing touches until the end, when the test checks that their priority is unchanged.

#![allow(unreachable_pub, reason = "a part of a test")]

use std::collections::BTreeMap;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use lugus_client::{
    ClientOrderId, CommandNumber, Credentials, Exchange, ExchangeConfig, ExchangeSession, ExecType, NewOrder,
    OrderType, ParticipantId, Price, Quantity, SendError, Side, TimeInForce,
};
use lugus_media_driver::ClientDriver;
use lugus_topology::Deployment;

use super::pair::PAIR;
use crate::harness::{PATIENCE, SentCommand, Tally, total};

const MAKER: usize = 0;
const TAKER: usize = 1;
const FIRST_KEEPER: usize = 2;
const SECOND_KEEPER: usize = 3;

/// Numbers of the participants.
const NUMBERS: [u32; 4] = [41, 42, 43, 44];

const COMMANDS_PER_SECOND: u64 = 400;
/// Largest number of commands of a participant without an outcome; a move lasts for hundreds of commands.
const WINDOW: usize = 64;
/// Number of retries; a session retries for longer than any test waits, as killed processes come back.
const ATTEMPTS: u32 = 100;

const MIDDLE: i64 = 1_000;
/// A price at which nobody else trades.
const KEPT: i64 = 500;
const STOP: i64 = 2_000;

/// One side of a book: price, displayed lots and number of orders of each level.
pub type Levels = Vec<(i64, u64, u64)>;

/// The account when every command has its outcome.
#[derive(Debug)]
pub struct Settled {
    pub commands: usize,
    pub trades: usize,
    /// Bids and offers, each from the best price on, according to the participants' reports.
    pub book: [Levels; 2],
}

enum Ask {
    /// Send nothing more, and reply with the account when every command has its outcome.
    Settle(Sender<Settled>),
    GoOn,
    /// Send as many commands at once as the window allows, and reply with the number of commands without an outcome.
    Burst(Sender<usize>),
    /// Check that the kept orders have their priority, and end.
    Close,
}

/// The handle of the participants' thread.
pub struct Participants {
    asks: Sender<Ask>,
    thread: Option<JoinHandle<()>>,
}

impl Participants {
    /// Connects all participants, places the kept orders, and begins to trade.
    pub fn start(deployment: &Deployment) -> Self {
        let (asks, asked) = mpsc::channel();
        let deployment = deployment.clone();
        let thread = thread::spawn(move || {
            let driver = ClientDriver::start(&deployment).expect("a driver");
            let mut trading = Trading::connect(&deployment, &driver);
            trading.place_kept();
            trading.run(&asked);
        });
        Self { asks, thread: Some(thread) }
    }

    /// Waits until every command has its outcome. Nothing is sent until [`Self::go_on`].
    #[track_caller]
    pub fn settle(&mut self) -> Settled {
        self.ask_for(Ask::Settle)
    }

    /// Sends many commands at once; returns the number of commands without an outcome.
    #[track_caller]
    pub fn burst(&mut self) -> usize {
        self.ask_for(Ask::Burst)
    }

    #[track_caller]
    pub fn go_on(&mut self) {
        self.ask(Ask::GoOn);
    }

    /// Checks the kept orders' priority, and ends the thread.
    #[track_caller]
    pub fn close(mut self) {
        self.ask(Ask::Close);
        self.thread.take().expect("it runs").join().expect("all in order");
    }

    #[track_caller]
    fn ask_for<T>(&mut self, ask: impl FnOnce(Sender<T>) -> Ask) -> T {
        let (answer, answered) = mpsc::channel();
        self.ask(ask(answer));
        match answered.recv_timeout(PATIENCE) {
            Ok(answer) => answer,
            Err(_) => self.fail(),
        }
    }

    #[track_caller]
    fn ask(&mut self, ask: Ask) {
        if self.asks.send(ask).is_err() {
            self.fail();
        }
    }

    #[track_caller]
    fn fail(&mut self) -> ! {
        if let Some(thread) = self.thread.take_if(|thread| thread.is_finished()) {
            thread.join().expect("all in order");
        }
        panic!("the participants do not answer");
    }
}

impl Drop for Participants {
    fn drop(&mut self) {
        // The thread ends when the sender of requests is dropped.
        self.asks = mpsc::channel().0;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Participant {
    session: ExchangeSession,
    tally: Tally,
    last_order: u64,
}

struct Trading {
    participants: [Participant; 4],
    _exchange: Exchange,
    step: u64,
}

impl Trading {
    fn connect(deployment: &Deployment, driver: &ClientDriver) -> Self {
        let mut config = ExchangeConfig::of(deployment, driver.aeron_dir().to_path_buf());
        config.retry.attempts = ATTEMPTS;
        config.retry.moved_timeout = PATIENCE;
        let exchange = Exchange::connect(config);
        let participants = NUMBERS.map(|number| {
            let session = exchange.session(ParticipantId(number), Credentials::Open).expect("a session");
            Participant { session, tally: Tally::default(), last_order: 0 }
        });
        let mut trading = Self { participants, _exchange: exchange, step: 0 };
        trading.until("sessions", |all| all.iter().all(|one| one.session.is_connected()));
        trading
    }

    fn run(&mut self, asks: &Receiver<Ask>) {
        let mut is_trading = true;
        let mut due = Instant::now();
        loop {
            match asks.try_recv() {
                Ok(Ask::Settle(answer)) => {
                    is_trading = false;
                    let _ = answer.send(self.settle());
                }
                Ok(Ask::GoOn) => is_trading = true,
                Ok(Ask::Burst(answer)) => {
                    while self.trade() {}
                    let _ = answer.send(self.participants.iter().map(|one| one.tally.unanswered()).sum());
                }
                Ok(Ask::Close) => return self.check_kept(),
                Err(mpsc::TryRecvError::Disconnected) => return,
                Err(mpsc::TryRecvError::Empty) => {}
            }
            if is_trading && due <= Instant::now() {
                due = Instant::now() + Duration::from_secs(1) / COMMANDS_PER_SECOND as u32;
                self.trade();
            }
            self.poll();
        }
    }

    /// Sends the next command of the flow if the window allows it: one participant sells, one buys, both cancel.
    fn trade(&mut self) -> bool {
        let step = self.step;
        let trader = (step % 2) as usize;
        let one = &mut self.participants[trader];
        if one.session.outstanding() >= WINDOW {
            return false;
        }
        let is_taken = if step % 11 >= 9 {
            one.cancel(ClientOrderId(one.last_order.saturating_sub(3).max(1)))
        } else {
            let side = [Side::Sell, Side::Buy][trader];
            let price = Price(MIDDLE + (step * 37 % 7) as i64 - 3);
            let mut order = NewOrder::limit(one.next_order(), side, price, Quantity(1 + step % 4));
            if step % 6 == 1 {
                order.time_in_force = TimeInForce::Ioc;
            }
            one.order(&order)
        };
        self.step += u64::from(is_taken);
        is_taken
    }

    /// Places bids at one price: an order, an iceberg order that displays 3 lots, and another order. Seven lots of them
    /// are sold, so that the iceberg order displays 1 lot, behind the others. Also places stop orders above and below
    /// all other prices.
    fn place_kept(&mut self) {
        let bid = |quantity| NewOrder::limit(ClientOrderId(0), Side::Buy, Price(KEPT), Quantity(quantity));
        self.place(FIRST_KEEPER, bid(5));
        self.place(SECOND_KEEPER, NewOrder { display_quantity: Quantity(3), ..bid(9) });
        self.place(FIRST_KEEPER, bid(4));
        self.place(TAKER, NewOrder { side: Side::Sell, ..bid(13) });
        // 5 lots of the first order, 3 displayed lots of the iceberg order and 4 of the last; then 1 of the iceberg
        // order's next 3.
        self.place(FIRST_KEEPER, bid(6));
        assert_eq!(self.left(), [(FIRST_KEEPER, vec![6]), (SECOND_KEEPER, vec![5])]);
        for (side, stop) in [(Side::Buy, STOP), (Side::Sell, 1)] {
            let order_type = OrderType::StopLimit;
            let order =
                NewOrder { side, order_type, stop_price: Some(Price(stop)), price: Some(Price(stop)), ..bid(2) };
            self.place(SECOND_KEEPER, order);
        }
    }

    /// At the end, when the flow's own orders are gone: checks that the kept orders trade by their priority, and that
    /// the stop order is triggered.
    fn check_kept(&mut self) {
        self.settle();
        for trader in [MAKER, TAKER] {
            let resting: Vec<_> = self.participants[trader].resting().collect();
            for id in resting {
                self.until("a cancel to be taken", |all| all[trader].cancel(id));
            }
        }
        self.settle();
        let sell = |quantity| NewOrder::limit(ClientOrderId(0), Side::Sell, Price(KEPT), Quantity(quantity));
        // The 2 displayed lots of the iceberg order come first, then the order placed behind them, then the lots
        // displayed last.
        for (sold, left) in [(2, [vec![6], vec![3]]), (5, [vec![1], vec![3]]), (2, [vec![], vec![2]])] {
            self.place(TAKER, sell(sold));
            self.settle();
            let [first, second] = left;
            assert_eq!(self.left(), [(FIRST_KEEPER, first), (SECOND_KEEPER, second)], "{sold} sold");
        }
        self.place(MAKER, NewOrder { price: Some(Price(STOP)), ..sell(1) });
        self.place(TAKER, NewOrder { side: Side::Buy, price: Some(Price(STOP)), ..sell(1) });
        self.settle();
        let triggered = |execution: &&lugus_client::Execution| execution.exec_type == ExecType::Triggered;
        assert_eq!(self.participants[SECOND_KEEPER].tally.orders(PAIR).filter(triggered).count(), 1);
        for Participant { session, .. } in self.participants.iter_mut() {
            assert_eq!(session.outstanding(), 0);
        }
    }

    /// Places an order and waits for its outcome.
    fn place(&mut self, who: usize, order: NewOrder) {
        let order = NewOrder { client_order_id: self.participants[who].next_order(), ..order };
        self.until("an order to be taken", |all| all[who].order(&order));
        self.until("its outcome", |all| all[who].tally.unanswered() == 0);
    }

    /// Open quantity of the kept bids, in lots.
    fn left(&self) -> [(usize, Vec<u64>); 2] {
        [FIRST_KEEPER, SECOND_KEEPER].map(|keeper| {
            let orders = self.participants[keeper].tally.orders(PAIR);
            let bids = orders.filter(|order| order.order_type == OrderType::Limit && order.leaves_quantity.0 > 0);
            (keeper, bids.map(|order| order.leaves_quantity.0).collect())
        })
    }

    fn settle(&mut self) -> Settled {
        self.until("outcomes of all commands", |all| all.iter().all(|one| one.tally.unanswered() == 0));
        for one in &mut self.participants {
            one.session.resume(PAIR).expect("asked");
        }
        self.until("the rest of the events", |all| all.iter().all(|one| one.session.is_current(PAIR)));
        let tallies = self.participants.each_ref().map(|one| &one.tally);
        let total = total(&tallies, PAIR);
        let commands = tallies.iter().map(|tally| tally.commands()).sum();
        Settled { commands, trades: total.trades, book: [Side::Buy, Side::Sell].map(|side| self.levels(side)) }
    }

    fn levels(&self, side: Side) -> Levels {
        let mut levels: BTreeMap<i64, (u64, u64)> = BTreeMap::new();
        for (keeper, one) in self.participants.iter().enumerate() {
            for order in one.tally.orders(PAIR).filter(|order| order.side == side && order.leaves_quantity.0 > 0) {
                let (OrderType::Limit, Some(price)) = (order.order_type, order.price) else { continue };
                let (lots, orders) = levels.entry(price.0).or_default();
                // 2 of the iceberg order's 3 displayed lots are left.
                *lots += if keeper == SECOND_KEEPER { 2 } else { order.leaves_quantity.0 };
                *orders += 1;
            }
        }
        let levels = levels.into_iter().map(|(price, (lots, orders))| (price, lots, orders));
        if side == Side::Buy { levels.rev().collect() } else { levels.collect() }
    }

    fn poll(&mut self) -> usize {
        let polled =
            self.participants.iter_mut().map(|one| one.session.poll(&mut one.tally).expect("the session stays open"));
        let work = polled.sum();
        if work == 0 {
            thread::sleep(Duration::from_micros(100));
        }
        work
    }

    #[track_caller]
    fn until(&mut self, what: &str, mut is_so: impl FnMut(&mut [Participant; 4]) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !is_so(&mut self.participants) {
            if Instant::now() >= deadline {
                let told = self.participants.each_ref().map(|one| (one.tally.unanswered(), one.session.problem()));
                panic!("timed out, waiting for {what}: {told:?}");
            }
            self.poll();
        }
    }
}

impl Participant {
    fn next_order(&self) -> ClientOrderId {
        ClientOrderId(self.last_order + 1)
    }

    fn order(&mut self, order: &NewOrder) -> bool {
        let taken = self.session.new_order(PAIR, order);
        let is_taken = self.is_taken(taken, SentCommand::New(order.client_order_id));
        self.last_order += u64::from(is_taken);
        is_taken
    }

    fn cancel(&mut self, id: ClientOrderId) -> bool {
        let taken = self.session.cancel(PAIR, id);
        self.is_taken(taken, SentCommand::Cancel(id))
    }

    fn is_taken(&mut self, taken: Result<CommandNumber, SendError>, what: SentCommand) -> bool {
        match taken {
            Ok(number) => self.tally.sent(PAIR, number, what),
            Err(SendError::BackPressured | SendError::TooManyOutstanding { .. }) => return false,
            Err(error) => panic!("{what:?}: {error}"),
        }
        true
    }

    fn resting(&self) -> impl Iterator<Item = ClientOrderId> {
        let resting = self.tally.orders(PAIR).filter(|order| order.leaves_quantity.0 > 0);
        resting.map(|order| order.client_order_id)
    }
}
