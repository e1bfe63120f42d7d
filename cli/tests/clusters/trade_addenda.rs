//! The operator corrects and cancels a trade with `lugus trade`: both sides are told with the number of the event that had
//! told the trade, and so are those who follow the market.

use std::time::Instant;

use crate::harness::{LocalCluster, MAKER, PATIENCE, QUIET, TAKER, config, define_instruments, driver};
use lugus_client::{
    BlockingSession, BookType, ClientOrderId, CommandNumber, EventHandler, ExecType, FeedContext, FeedHandler,
    FollowedBook, InstrumentId, MarketDataFeed, NewOrder, Price, Quantity, Report, ReportBody, Side, Trade,
    TradeAddendum, TradeId, TradingSession,
};

/// What a participant hears of trades and of their addenda, and what the market hears.
#[derive(Default)]
struct Heard {
    /// Number of the event that told the trade.
    trade: Option<(TradeId, u64)>,
    addenda: Vec<TradeAddendum>,
    market: Vec<(TradeId, i64, u64)>,
    is_following: bool,
    has_traded: bool,
}

impl EventHandler for Heard {
    fn on_report(&mut self, report: &Report, _command: CommandNumber) {
        match report.body {
            ReportBody::Execution(execution) if execution.exec_type == ExecType::Trade => {
                self.trade = Some((execution.trade_id, report.event_sequence.0));
            }
            ReportBody::TradeAddendum(addendum) => self.addenda.push(addendum),
            _ => {}
        }
    }
}

impl FeedHandler for Heard {
    fn on_followed_book(&mut self, _instrument: InstrumentId, _book: &FollowedBook) {
        self.is_following = true;
    }

    fn on_trade(&mut self, _instrument: InstrumentId, _trade: &Trade) {
        self.has_traded = true;
    }

    fn on_trade_addendum(&mut self, instrument: InstrumentId, trade_id: TradeId, price: Price, quantity: Quantity) {
        assert_eq!(instrument, QUIET);
        self.market.push((trade_id, price.0, quantity.0));
    }
}

/// Follows the market until this is so, and the leader's stream is heard: the book may come before the stream does, and what is traded
/// in between is in the book that comes again and is not told.
fn follow(feed: &mut MarketDataFeed, session: &mut TradingSession, heard: &mut Heard, done: impl Fn(&Heard) -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !done(heard) || feed.silence().is_none() {
        feed.poll(session, heard).expect("the session is open");
        assert!(Instant::now() < deadline, "timed out: {:?}", heard.market);
    }
}

#[test]
fn a_trade_is_corrected_and_canceled_and_both_sides_and_the_market_are_told() {
    let cluster = LocalCluster::start(3, crate::harness::by_hand);
    define_instruments(&cluster);
    let driver = driver(&cluster);
    let connect = |participant| {
        BlockingSession::connect(config(&cluster, &driver, participant), Heard::default(), PATIENCE).expect("a session")
    };
    let (mut maker, mut taker) = (connect(MAKER), connect(TAKER));
    let mut watcher = TradingSession::connect(config(&cluster, &driver, 9)).expect("a session");
    let context = FeedContext::of(&cluster.deployment, driver.aeron_dir().to_path_buf()).expect("a stream");
    let (mut feed, mut seen) = (MarketDataFeed::new(context), Heard::default());
    feed.follow(QUIET, BookType::Levels).expect("followed");
    follow(&mut feed, &mut watcher, &mut seen, |seen| seen.is_following);

    for (session, side) in [(&mut maker, Side::Sell), (&mut taker, Side::Buy)] {
        let order = NewOrder::limit(ClientOrderId(1), side, Price(1_000), Quantity(10));
        session.new_order(QUIET, &order).expect("an answer");
    }
    for session in [&mut maker, &mut taker] {
        session.wait("the trade", |_, heard| heard.trade.is_some()).expect("told");
    }
    let Some((trade, _)) = taker.handler.trade else { panic!("no trade") };
    let (instrument, id) = (QUIET.0.to_string(), trade.0.to_string());

    // The leader that corrects the trade is another than the one that made it, and has told the market of it: what a leader has not
    // sent when it dies is a gap, and a listener that recovers from one is not told the addenda before.
    follow(&mut feed, &mut watcher, &mut seen, |seen| seen.has_traded);
    cluster.kill(cluster.await_leader());
    let correct = ["--json", "trade", "correct", "--raw", "-i", &instrument, &id, "--price", "1001", "--quantity", "8"];
    let corrected = cluster.lugus(&correct).json();
    let answer = &corrected["reports"][0]["body"]["trade_addendum"];
    assert_eq!((&answer["exec_type"], &answer["last_price"]), (&"TRADE_CORRECT".into(), &1_001.into()), "{corrected}");
    let canceled = cluster.lugus(&["--json", "trade", "cancel", "--raw", "-i", &instrument, &id]).json();
    assert_eq!(canceled["reports"][0]["body"]["trade_addendum"]["exec_type"], "TRADE_CANCEL", "{canceled}");
    let again = cluster.lugus(&["--json", "trade", "cancel", "--raw", "-i", &instrument, &id]).json();
    assert_eq!(again["reports"][0]["body"]["reject"]["reason"], "TRADE_CANCELED", "{again}");

    for (session, side) in [(&mut maker, Side::Sell), (&mut taker, Side::Buy)] {
        session.wait("both addenda", |_, heard| heard.addenda.len() >= 2).expect("told");
        let Some((_, event)) = session.handler.trade else { panic!("no trade") };
        let told: Vec<_> = session
            .handler
            .addenda
            .iter()
            .map(|addendum| {
                assert_eq!((addendum.trade_id, addendum.side, addendum.exec_ref.0), (trade, Some(side), event));
                assert_eq!(addendum.client_order_id, ClientOrderId(1));
                (addendum.exec_type, addendum.last_price.0, addendum.last_quantity.0)
            })
            .collect();
        assert_eq!(told, [(ExecType::TradeCorrect, 1_001, 8), (ExecType::TradeCancel, 1_001, 8)]);
    }
    follow(&mut feed, &mut watcher, &mut seen, |seen| seen.market.len() >= 2);
    assert_eq!(seen.market[..2], [(trade, 1_001, 8), (trade, 1_001, 0)]);
}
