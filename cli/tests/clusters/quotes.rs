//! A market maker in two clusters of three members: its quotes keep their place over the death of a leader, protection that was set
//! before pulls them after it, an instrument moves with them, and `lugus quote` enters, protects and cancels others.

use crate::harness::{LocalCluster, PATIENCE, until};
use lugus_client::{
    BlockingExchange, ByEntry, ClientOrderId, ClusterCommand, ClusterId, CommandNumber, Credentials, EventHandler,
    Exchange, ExchangeConfig, ExchangeSession, InstrumentId, MarketMakerProtection, MassQuote, NewOrder, ParticipantId,
    PostOnly, Price, ProtectionTrigger, Quantity, QuoteCancel, QuoteEntry, QuoteId, QuoteSetId, RejectReason, Report,
    ReportBody, SelfTradePrevention, Side,
};
use lugus_media_driver::ClientDriver;

/// Instruments of cluster A, of which the second moves to cluster B.
const TRADED: InstrumentId = InstrumentId(1);
const MOVED: InstrumentId = InstrumentId(2);
/// The instrument of cluster B.
const OTHER: InstrumentId = InstrumentId(3);
const A: ClusterId = ClusterId(0);
const B: ClusterId = ClusterId(1);
const MAKER: u32 = 1;
const RIVAL: u32 = 2;
const TAKER: u32 = 3;
const BY_HAND: &str = "4";
/// Trades within the window that pull the maker's quotes.
const TRADES: u32 = 3;

/// What the maker was told.
#[derive(Default)]
struct Heard(Vec<(ClusterId, CommandNumber, Report)>);

impl EventHandler for Heard {
    fn on_report(&mut self, _report: &Report, _command: CommandNumber) {}

    fn on_cluster_report(&mut self, cluster: ClusterId, report: &Report, command: CommandNumber) {
        self.0.push((cluster, command, *report));
    }
}

/// A market maker that quotes a set.
struct Maker {
    session: ExchangeSession,
    heard: Heard,
    quotes: u64,
}

impl Maker {
    fn connect(cluster: &LocalCluster, driver: &ClientDriver) -> Self {
        let mut maker = Self { session: session(cluster, driver, MAKER), heard: Heard::default(), quotes: 0 };
        until("the session of the maker", || {
            maker.poll();
            maker.session.is_connected().then_some(())
        });
        maker
    }

    fn poll(&mut self) {
        self.session.poll(&mut self.heard).expect("a session");
    }

    /// The answers to commands, one of each cluster that has taken one.
    fn answers(&mut self, sent: &[ClusterCommand]) -> Vec<(ClusterId, Report)> {
        let awaited: Vec<(ClusterId, CommandNumber)> =
            sent.iter().map(|command| (command.cluster, command.sent.expect("a number"))).collect();
        until("answers of the clusters", || {
            self.poll();
            let answer = |&(of, number): &(ClusterId, CommandNumber)| {
                let is_it = |&&(cluster, command, report): &&(ClusterId, CommandNumber, Report)| {
                    (cluster, command, report.instrument) == (of, number, InstrumentId::NONE)
                };
                self.heard.0.iter().find(is_it).map(|&(cluster, _, report)| (cluster, report))
            };
            awaited.iter().map(answer).collect()
        })
    }

    /// Quotes 5 lots at 100 and at 110 in these instruments; returns the cluster, instrument and reason of each entry.
    fn quote(&mut self, instruments: &[InstrumentId]) -> Vec<(ClusterId, InstrumentId, RejectReason)> {
        self.quotes += 1;
        let mut entries = ByEntry::default();
        for &instrument in instruments {
            let entry = QuoteEntry {
                instrument,
                bid_price: Price(100),
                bid_quantity: Quantity(5),
                offer_price: Price(110),
                offer_quantity: Quantity(5),
            };
            entries.push(entry).expect("few");
        }
        let quote = MassQuote {
            quote_id: QuoteId(self.quotes),
            quote_set: QuoteSetId::default(),
            post_only: PostOnly::Yes,
            self_trade_prevention: SelfTradePrevention::None,
            entries,
        };
        let sent = self.session.mass_quote(&quote).expect("a map");
        let mut told = Vec::new();
        for (cluster, report) in self.answers(&sent) {
            let ReportBody::MassQuote(answer) = report.body else { panic!("{report:?}") };
            assert_eq!(answer.quote_id, quote.quote_id);
            told.extend(answer.results.iter().map(|result| (cluster, result.instrument, result.reason)));
        }
        told
    }

    /// Waits until the trades of its quotes and the ends of them are this many in an instrument.
    #[track_caller]
    fn await_trades(&mut self, instrument: InstrumentId, trades: usize) {
        until("trades of the quotes", || {
            self.poll();
            let told =
                self.heard.0.iter().map(|(_, _, report)| report).filter(|report| report.instrument == instrument);
            (told.filter(|report| is_trade(report)).count() >= trades).then_some(())
        });
    }
}

fn is_trade(report: &Report) -> bool {
    matches!(report.body, ReportBody::Execution(execution) if execution.exec_type == lugus_client::ExecType::Trade)
}

fn session(cluster: &LocalCluster, driver: &ClientDriver, participant: u32) -> ExchangeSession {
    let config = ExchangeConfig::of(&cluster.deployment, driver.aeron_dir().to_path_buf());
    Exchange::connect(config).session(ParticipantId(participant), Credentials::Open).expect("a session")
}

/// Enters a limit order; returns the reports that answer it.
fn order(
    session: &mut BlockingExchange<()>,
    at: InstrumentId,
    id: u64,
    side: Side,
    price: i64,
    lots: u64,
) -> Vec<Report> {
    let order = NewOrder::limit(ClientOrderId(id), side, Price(price), Quantity(lots));
    session.new_order(at, &order).expect("an answer")
}

/// The levels of an instrument's sides, as price and lots.
fn book(cluster: &LocalCluster, instrument: InstrumentId) -> [Vec<(i64, u64)>; 2] {
    let told = cluster.lugus(&["--json", "book", "--raw", "-i", &instrument.0.to_string()]).json();
    let level = |level: &serde_json::Value| Some((level["price"].as_i64()?, level["quantity"].as_u64()?));
    ["bids", "offers"].map(|side| {
        let levels = told[side].as_array().unwrap_or_else(|| panic!("{told}")).iter();
        levels.map(|it| level(it).unwrap_or_else(|| panic!("{told}"))).collect()
    })
}

/// The book with the sides of one quote, whole.
fn quoted() -> [Vec<(i64, u64)>; 2] {
    [vec![(100, 5)], vec![(110, 5)]]
}

/// The book with the offer of one.
fn offered() -> [Vec<(i64, u64)>; 2] {
    [Vec::new(), vec![(110, 5)]]
}

fn empty() -> [Vec<(i64, u64)>; 2] {
    [Vec::new(), Vec::new()]
}

#[test]
fn quotes_keep_their_place_are_pulled_and_move_over_a_fail_over() {
    let cluster = LocalCluster::default_deployment();
    cluster.await_status("both clusters whole", |status| status.hashes_equal == Some(true));
    let driver = ClientDriver::start(&cluster.deployment).expect("a driver");
    let mut maker = Maker::connect(&cluster, &driver);
    let protection = MarketMakerProtection {
        maximum_trades: Some(TRADES),
        window_milliseconds: 60_000,
        ..MarketMakerProtection::NONE
    };
    let sent = maker.session.set_market_maker_protection(QuoteSetId::default(), &protection).expect("a map");
    let told: Vec<ClusterId> = maker.answers(&sent).iter().map(|&(cluster, _)| cluster).collect();
    assert_eq!(told, [A, B], "each cluster counts for itself");
    let all = [OTHER, TRADED, MOVED];
    let done = [(A, TRADED, RejectReason::None), (A, MOVED, RejectReason::None), (B, OTHER, RejectReason::None)];
    assert_eq!(maker.quote(&all), done, "each cluster gets its own");

    // A rival comes to the same price; then the leader dies, and the maker says again what it has said.
    let blocking =
        |participant| BlockingExchange::over(session(&cluster, &driver, participant), (), PATIENCE).expect("connected");
    let (mut rival, mut taker) = (blocking(RIVAL), blocking(TAKER));
    order(&mut rival, TRADED, 1, Side::Sell, 110, 5);
    cluster.kill(cluster.await_leader());
    assert_eq!(maker.quote(&all), done);
    for id in 1..=u64::from(TRADES) {
        let reports = order(&mut taker, TRADED, id, Side::Buy, 110, 1);
        assert!(reports.iter().any(is_trade), "{reports:?}");
    }
    maker.await_trades(TRADED, TRADES as usize);

    // It was the first at its price, so all trades were its own, and the last one has pulled what it has in cluster A.
    until("the pulling", || {
        maker.poll();
        let pulled = |(cluster, _, report): &(ClusterId, CommandNumber, Report)| match report.body {
            ReportBody::MarketMakerProtection(told) => {
                (*cluster == A && told.trigger == ProtectionTrigger::Trades).then_some(told)
            }
            _ => None,
        };
        maker.heard.0.iter().find_map(pulled)
    });
    until("the ends of the quotes", || (book(&cluster, MOVED) == empty()).then_some(()));
    assert_eq!(
        [TRADED, OTHER].map(|instrument| book(&cluster, instrument)),
        [offered(), quoted()],
        "of the rival, and of B"
    );
    let refused = RejectReason::MarketMakerProtection;
    assert_eq!(maker.quote(&all), [(A, TRADED, refused), (A, MOVED, refused), (B, OTHER, RejectReason::None)]);
    let sent = maker.session.reset_market_maker_protection(QuoteSetId::default()).expect("a map");
    maker.answers(&sent);
    assert_eq!(maker.quote(&all), done);

    // An instrument moves with its quotes, and the next ones follow it.
    let moved = cluster.lugus(&["migrate", "ETH/USDT", "--to", "B"]);
    assert_eq!(moved.code, Some(0), "{moved:?}");
    assert_eq!(book(&cluster, MOVED), quoted());
    order(&mut rival, MOVED, 2, Side::Buy, 100, 5);
    until("the new map", || {
        maker.poll();
        let told = maker.quote(&all);
        (told.contains(&(B, MOVED, RejectReason::None))).then_some(())
    });
    order(&mut taker, MOVED, 10, Side::Sell, 100, 5);
    maker.await_trades(MOVED, 1);
    let sent = maker.session.quote_cancel(&QuoteCancel::default()).expect("a map");
    maker.answers(&sent);
    // The maker came first there, too, so that the rival's bid is what is left.
    let left = [offered(), [vec![(100, 5)], Vec::new()], empty()];
    until("the ends of the quotes", || ([TRADED, MOVED, OTHER].map(|id| book(&cluster, id)) == left).then_some(()));
    cluster.await_status("one state", |status| status.hashes_equal == Some(true));
}

#[test]
fn quotes_are_entered_protected_and_canceled_by_hand() {
    let cluster = LocalCluster::start(1, |_| ());
    let lugus = |arguments: &[&str]| cluster.lugus(&[&["quote"], arguments, &["--participant", BY_HAND]].concat());
    let entered = lugus(&["enter", "--id", "7", "--raw", "BTC/USDT:5@100/5@110"]);
    assert_eq!(entered.code, Some(0), "{entered:?}");
    assert_eq!(book(&cluster, TRADED), quoted());
    // One side goes, and the other stays.
    assert_eq!(lugus(&["enter", "--raw", "BTC/USDT:-/5@110"]).code, Some(0));
    assert_eq!(book(&cluster, TRADED), offered());
    let crossed = lugus(&["enter", "--raw", "BTC/USDT:5@110/5@110"]);
    assert_eq!(crossed.code, Some(1), "{crossed:?}");
    assert!(crossed.stderr.contains("InvalidSpread"), "{crossed:?}");
    for (bad, why) in
        [("BTC/USDT", "is no quote"), ("BTC/USDT:5@100", "is no quote"), ("BTC/USDT:5/5@1", "is no quote")]
    {
        let refused = lugus(&["enter", "--raw", bad]);
        assert!(refused.code == Some(1) && refused.message().contains(why), "{refused:?}");
    }
    assert_eq!(lugus(&["protect", "--trades", "1", "--window", "1000"]).code, Some(0));
    let trade = cluster.lugus(&["order", "-i", "BTC/USDT", "--participant", "5", "--raw", "buy", "1", "110"]);
    assert_eq!(trade.code, Some(0), "{trade:?}");
    until("the pulled quote", || (book(&cluster, TRADED) == empty()).then_some(()));
    let pulled = lugus(&["enter", "--raw", "BTC/USDT:5@100/5@110"]);
    assert!(pulled.stderr.contains("MarketMakerProtection"), "{pulled:?}");
    assert_eq!(lugus(&["reset"]).code, Some(0));
    assert_eq!(lugus(&["enter", "--set", "3", "--raw", "BTC/USDT:5@100/5@110"]).code, Some(0));
    assert_eq!(lugus(&["cancel", "--set", "2"]).code, Some(0));
    assert_eq!(book(&cluster, TRADED), quoted(), "quotes of another set");
    let canceled = lugus(&["cancel", "-i", "BTC/USDT"]);
    assert_eq!(canceled.code, Some(0), "{canceled:?}");
    until("the canceled quote", || (book(&cluster, TRADED) == empty()).then_some(()));
}
