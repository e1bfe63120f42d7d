//! Cancel on disconnect with real processes: a client is killed, hangs, or comes back, and a leader dies meanwhile.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use crate::harness::{
    LocalCluster, PATIENCE, QUIET, config, config_of, define_instruments, driver, kill, resume, stop, until,
};
use lugus_client::vocabulary::{GraceTime, OnDisconnect};
use lugus_client::{
    BlockingSession, ClientOrderId, CommandNumber, EpochNanos, EventHandler, NewOrder, Price, Quantity, Report, Side,
    Status, TimeInForce, TradingSession,
};
use lugus_media_driver::ClientDriver;
use lugus_topology::Deployment;

/// A client that is to be lost, one that has not asked for cancel on disconnect, and one that watches.
const MAKER: u32 = 7;
const CARELESS: u32 = 8;
const WATCHER: u32 = 9;

/// Without a message for this time a session is closed.
const SESSION_TIMEOUT: Duration = Duration::from_secs(4);

/// Prices of the makers' offers: one that is canceled on disconnect, and one that stays.
const CANCELED: i64 = 1_000;
const STAYING: i64 = 1_001;

// What the client program is told in its environment.
const CONFIG: &str = "LUGUS_TEST_CLIENT_CONFIG";
const PARTICIPANT: &str = "LUGUS_TEST_CLIENT_PARTICIPANT";
const GRACE: &str = "LUGUS_TEST_CLIENT_GRACE";

/// A client program: this test program, in which [`the_client_program`] runs.
struct Client {
    process: Child,
    output: BufReader<ChildStdout>,
}

impl Client {
    /// Starts the program, which asks for this grace time in milliseconds, and waits until its orders rest.
    fn start(cluster: &LocalCluster, participant: u32, grace: Option<u32>) -> Self {
        let mut command = Command::new(std::env::current_exe().expect("this program"));
        command.args(["--exact", "cancel_on_disconnect::the_client_program", "--ignored", "--nocapture"]);
        command.env(CONFIG, &cluster.config).env(PARTICIPANT, participant.to_string());
        if let Some(grace) = grace {
            command.env(GRACE, grace.to_string());
        }
        let mut process = command.stdout(Stdio::piped()).spawn().expect("a client");
        let output = BufReader::new(process.stdout.take().expect("its output"));
        let mut client = Self { process, output };
        client.await_line("READY");
        client
    }

    fn await_line(&mut self, what: &str) {
        let mut line = String::new();
        while !line.contains(what) {
            line.clear();
            let read = self.output.read_line(&mut line).expect("its output");
            assert!(read > 0, "the client has ended without saying {what}");
        }
    }

    fn pid(&self) -> u32 {
        self.process.id()
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What the client program is told.
#[derive(Default)]
struct Told {
    connected: usize,
    confirmed: Option<Option<GraceTime>>,
    reports: usize,
}

impl EventHandler for Told {
    fn on_report(&mut self, _report: &Report, _command: CommandNumber) {
        self.reports += 1;
    }

    fn on_status(&mut self, status: &Status) {
        match status {
            Status::Connected { .. } => {
                self.connected += 1;
                say(&format!("CONNECTED {}", self.connected));
            }
            Status::CancelOnDisconnect { grace } => {
                self.confirmed = Some(*grace);
                say(&format!("CONFIRMED {}", self.connected));
            }
            _ => {}
        }
    }
}

fn say(line: &str) {
    let mut output = std::io::stdout().lock();
    writeln!(output, "{line}").and_then(|()| output.flush()).expect("a line");
}

/// No test, but the program that [`Client`] starts: it places two offers, and keeps its session until it is killed.
#[test]
#[ignore = "the client program of the other tests"]
fn the_client_program() {
    let Some(path) = std::env::var_os(CONFIG) else { return };
    let number = |name| std::env::var(name).ok().map(|text: String| text.parse::<u32>().expect("a number"));
    let participant = number(PARTICIPANT).expect("a participant");
    let grace = number(GRACE).map(|grace| GraceTime::from_milliseconds(grace).expect("a grace time"));
    let deployment = Deployment::load(Path::new(&path)).expect("a deployment");
    let driver = ClientDriver::start(&deployment).expect("a driver");
    let mut config = config_of(&deployment, &driver, participant);
    config.cancel_on_disconnect = grace;
    let mut session = TradingSession::connect(config).expect("a session");
    let mut told = Told::default();
    let mut await_it = |session: &mut TradingSession, is_it: &dyn Fn(&Told) -> bool| {
        while !is_it(&told) {
            if session.poll(&mut told).expect("a session") == 0 {
                std::thread::sleep(Duration::from_micros(100));
            }
        }
    };
    await_it(&mut session, &|told| told.connected > 0 && (grace.is_none() || told.confirmed == Some(grace)));
    for (id, price, on_disconnect) in [(1, CANCELED, OnDisconnect::Cancel), (2, STAYING, OnDisconnect::Stay)] {
        let order = NewOrder::limit(ClientOrderId(id), Side::Sell, Price(price), Quantity(1));
        session.new_order(QUIET, &NewOrder { on_disconnect, ..order }).expect("an order");
    }
    await_it(&mut session, &|told| told.reports == 2);
    say("READY");
    await_it(&mut session, &|_| false);
}

/// A session that looks at the book, and at the time of the log.
struct Watcher {
    // Declared before the driver, which must outlive it.
    session: BlockingSession<()>,
    orders: u64,
    _driver: ClientDriver,
}

impl Watcher {
    fn connect(cluster: &LocalCluster) -> Self {
        let driver = driver(cluster);
        let session = BlockingSession::connect(config(cluster, &driver, WATCHER), (), PATIENCE).expect("a session");
        Self { session, orders: 0, _driver: driver }
    }

    /// Number of orders at each offered price, the best first.
    fn offers(&mut self) -> Vec<(i64, u32)> {
        let book = self.session.book(QUIET, 8).expect("a book");
        book.offers.iter().map(|level| (level.price.0, level.orders)).collect()
    }

    fn await_offers(&mut self, expected: &[(i64, u32)]) {
        until("the offers that stay", || (self.offers() == expected).then_some(()));
    }

    /// The log's time now: that of an order that finds nothing to trade with.
    fn log_time(&mut self) -> EpochNanos {
        self.orders += 1;
        let order = NewOrder::limit(ClientOrderId(self.orders), Side::Buy, Price(1), Quantity(1));
        let order = NewOrder { time_in_force: TimeInForce::Ioc, ..order };
        let reports = self.session.new_order(QUIET, &order).expect("an answer");
        reports.first().expect("a report").time
    }

    /// Waits until the log is this much further.
    fn let_log_time_pass(&mut self, time: Duration) {
        let end = EpochNanos(self.log_time().0 + i64::try_from(time.as_nanos()).expect("a short time"));
        until("the time of the log to pass", || (self.log_time() >= end).then_some(()));
    }

    /// Waits until no other session is open.
    fn await_alone(&mut self, cluster: &LocalCluster) {
        until("the end of the other sessions", || {
            self.offers();
            let status = cluster.status()?;
            let mut leaders = status.members.iter().filter(|member| member.sessions.is_some());
            leaders.all(|member| member.sessions == Some(1)).then_some(())
        });
    }
}

fn start(members: u16) -> (LocalCluster, Watcher) {
    let cluster = LocalCluster::start(members, |deployment| {
        deployment.instruments.clear();
        // As long as the time-out of sessions allows, so that a busy machine causes no election.
        deployment.timeouts.session_timeout = SESSION_TIMEOUT;
        deployment.timeouts.heartbeat_timeout = SESSION_TIMEOUT / 2;
        deployment.timeouts.startup_canvass_timeout = SESSION_TIMEOUT;
        deployment.timeouts.service_progress_timeout = SESSION_TIMEOUT / 2;
        deployment.client.silence_timeout = SESSION_TIMEOUT;
    });
    define_instruments(&cluster);
    let watcher = Watcher::connect(&cluster);
    (cluster, watcher)
}

#[test]
fn orders_of_a_killed_client_end_if_it_has_asked_for_it() {
    const GRACE: Duration = Duration::from_millis(500);
    let (cluster, mut watcher) = start(1);
    let maker = Client::start(&cluster, MAKER, Some(GRACE.as_millis() as u32));
    let careless = Client::start(&cluster, CARELESS, None);
    assert_eq!(watcher.offers(), [(CANCELED, 2), (STAYING, 2)]);
    kill(maker.pid());
    kill(careless.pid());
    watcher.await_offers(&[(CANCELED, 1), (STAYING, 2)]);
    watcher.await_alone(&cluster);
    watcher.let_log_time_pass(2 * GRACE);
    assert_eq!(watcher.offers(), [(CANCELED, 1), (STAYING, 2)]);
}

#[test]
fn orders_of_a_client_that_hangs_end_under_the_next_leader() {
    let (cluster, mut watcher) = start(3);
    let leader = cluster.await_leader();
    let maker = Client::start(&cluster, MAKER, Some(500));
    let careless = Client::start(&cluster, CARELESS, None);
    cluster.await_common_state();
    stop(maker.pid());
    stop(careless.pid());
    cluster.kill(leader);
    watcher.await_offers(&[(CANCELED, 1), (STAYING, 2)]);
    assert_ne!(cluster.await_leader(), leader);
    assert_eq!(cluster.up(), [i64::from(leader)]);
    watcher.await_alone(&cluster);
    assert_eq!(watcher.offers(), [(CANCELED, 1), (STAYING, 2)]);
    let (hash, position) = cluster.await_common_state();
    println!("all members have {hash} at {position}");
}

#[test]
fn orders_stay_if_the_client_is_back_within_its_grace_time() {
    const GRACE: Duration = Duration::from_secs(20);
    let (cluster, mut watcher) = start(1);
    let mut maker = Client::start(&cluster, MAKER, Some(GRACE.as_millis() as u32));
    stop(maker.pid());
    // Shorter than the time after which its media driver gives up a client that hangs, which is 10 seconds.
    watcher.let_log_time_pass(SESSION_TIMEOUT + Duration::from_secs(1));
    resume(maker.pid());
    maker.await_line("CONFIRMED 2");
    assert_eq!(watcher.offers(), [(CANCELED, 1), (STAYING, 1)]);
    watcher.let_log_time_pass(GRACE + SESSION_TIMEOUT);
    assert_eq!(watcher.offers(), [(CANCELED, 1), (STAYING, 1)]);
}
