//! Two participants that trade with each other in two instruments at a given rate.

use std::time::{Duration, Instant};

use lugus_client::{
    BlockingSession, Book, ClientOrderId, Config, Credentials, InstrumentDefinition, InstrumentId, NewOrder,
    ParticipantId, Price, Quantity, SendError, Side, TimeInForce,
};
use lugus_media_driver::ClientDriver;
use lugus_testing::instruments::btc_usdt;
use lugus_topology::{ClusterId, Deployment};

use super::connection::{context_in, driver};
use super::counters::labels;
use super::local_cluster::LocalCluster;
use super::tally::{SentCommand, Tally, Total, total};
use super::{PATIENCE, until};

/// Numbers of the participants.
pub const MAKER: u32 = 7;
pub const TAKER: u32 = 8;

/// The instruments that they trade.
pub const INSTRUMENTS: [InstrumentId; 2] = [InstrumentId(1), InstrumentId(2)];

/// An instrument that they do not trade, for other participants.
pub const QUIET: InstrumentId = InstrumentId(3);

/// Number of retries; the session keeps retrying for longer than any test waits, as a busy machine is slow but not
/// dead.
const ATTEMPTS: u32 = 100;

const OPERATOR: u32 = 0;
const MIDDLE: i64 = 1_000;
const DEPTH: u16 = 256;

/// Two sessions, each with its tally.
pub struct Traders {
    // Declared before the driver, which must outlive them.
    sessions: [BlockingSession<Tally>; 2],
    step: u64,
    driver: ClientDriver,
}

impl Traders {
    /// Opens both sessions, of participants that are new to the cluster.
    pub fn connect(cluster: &LocalCluster) -> Self {
        Self::connect_again(cluster, ClosedTraders::default())
    }

    /// Opens new sessions of participants whose earlier sessions are closed; their tallies continue.
    pub fn connect_again(cluster: &LocalCluster, past: ClosedTraders) -> Self {
        let driver = driver(cluster);
        let [maker, taker] = past.tallies;
        let sessions = [(MAKER, maker), (TAKER, taker)].map(|(participant, tally)| {
            BlockingSession::connect(config(cluster, &driver, participant), tally, PATIENCE).expect("a session")
        });
        Self { sessions, step: past.step, driver }
    }

    /// Trades for some time at a given rate.
    pub fn trade_for(&mut self, duration: Duration, commands_per_second: u32) {
        let began = Instant::now();
        let mut sent = 0;
        while began.elapsed() < duration {
            let due = (began.elapsed().as_secs_f64() * f64::from(commands_per_second)) as u64;
            while sent < due && self.send() {
                sent += 1;
            }
            sent = due;
            self.poll();
        }
    }

    /// Sends this number of commands as fast as the cluster accepts them.
    pub fn trade(&mut self, commands: u32) {
        for _ in 0..commands {
            until("a command to be taken", || self.send_or_poll().then_some(()));
        }
    }

    /// Sends this number of commands without polling, so that they are in flight.
    pub fn burst(&mut self, commands: u32) {
        for _ in 0..commands {
            self.send();
        }
    }

    /// Waits until every command is answered and all events have arrived.
    #[track_caller]
    pub fn settle(&mut self) {
        for index in 0..self.sessions.len() {
            self.wait("answers to all commands", |sessions| sessions[index].handler.unanswered() == 0);
            for instrument in INSTRUMENTS {
                self.sessions[index].session().resume(instrument).expect("asked");
            }
            self.wait("the rest of the events", |sessions| {
                INSTRUMENTS.iter().all(|instrument| sessions[index].session().is_current(*instrument))
            });
        }
    }

    /// After [`Self::settle`]: checks that nothing was executed twice or lost, and that the books agree with the
    /// reports.
    #[track_caller]
    pub fn check(&mut self) -> [Total; 2] {
        INSTRUMENTS.map(|instrument| {
            let book = self.book(instrument);
            let total = total(&self.tallies(), instrument);
            let lots =
                [&book.bids, &book.offers].map(|levels| levels.iter().map(|level| level.quantity.0).sum::<u64>());
            assert_eq!(lots, total.resting, "the book of {instrument} and what was told: {book:?}");
            total
        })
    }

    pub fn tallies(&self) -> [&Tally; 2] {
        [&self.sessions[0].handler, &self.sessions[1].handler]
    }

    /// Port at which one of the sessions receives.
    pub fn egress_port(&self) -> u16 {
        const LOCAL_SOCKET_ADDRESS: i32 = 14;
        let labels = labels(self.driver.aeron_dir(), LOCAL_SOCKET_ADDRESS);
        let receives = labels.iter().find(|label| label.starts_with("rcv-local-sockaddr")).expect("a subscription");
        let (_, port) = receives.trim().rsplit_once(':').expect("an address with a port");
        port.parse().expect("a port")
    }

    /// Number of commands sent by both participants.
    pub fn commands(&self) -> usize {
        self.tallies().iter().map(|tally| tally.commands()).sum()
    }

    /// Number of unanswered commands of both participants.
    pub fn unanswered(&self) -> usize {
        self.tallies().iter().map(|tally| tally.unanswered()).sum()
    }

    /// The whole book of an instrument.
    pub fn book(&mut self, instrument: InstrumentId) -> Book {
        self.sessions[0].book(instrument, DEPTH).expect("a book")
    }

    /// Polls both sessions.
    pub fn poll(&mut self) {
        for session in &mut self.sessions {
            session.poll().expect("the session continues");
        }
    }

    /// Closes both sessions, and waits until all members know; also returns the members' state hash.
    #[track_caller]
    pub fn close(self, cluster: &LocalCluster) -> (ClosedTraders, (String, i64)) {
        let tallies = self.sessions.map(|session| session.close().in_next_session());
        // The driver must still run, as it sends the close requests.
        let state = cluster.await_no_sessions();
        (ClosedTraders { tallies, step: self.step }, state)
    }

    #[track_caller]
    fn wait(&mut self, what: &str, mut is_so: impl FnMut(&mut [BlockingSession<Tally>; 2]) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !is_so(&mut self.sessions) {
            assert!(Instant::now() < deadline, "timed out, waiting for: {what}: {:?}", self.problems());
            self.poll();
        }
    }

    fn problems(&mut self) -> Vec<String> {
        let told = |session: &mut BlockingSession<Tally>| {
            format!("{} unanswered, {:?}", session.handler.unanswered(), session.session().problem())
        };
        self.sessions.iter_mut().map(told).collect()
    }

    fn send_or_poll(&mut self) -> bool {
        let is_sent = self.send();
        self.poll();
        is_sent
    }

    /// Sends the next command of the flow and returns whether it was accepted: the maker sells, the taker buys, both
    /// cancel.
    fn send(&mut self) -> bool {
        let step = self.step;
        let instrument = INSTRUMENTS[(step / 2 % 2) as usize];
        let session = &mut self.sessions[(step % 2) as usize];
        // An order of the same participant in the same instrument, which may have traded in the meantime.
        let (what, taken) = if step % 11 >= 9 {
            let id = ClientOrderId(step - 7);
            (SentCommand::Cancel(id), session.session().cancel(instrument, id))
        } else {
            let id = ClientOrderId(step + 1);
            (SentCommand::New(id), session.session().new_order(instrument, &order(id, step)))
        };
        match taken {
            Ok(number) => session.handler.sent(instrument, number, what),
            Err(SendError::BackPressured | SendError::TooManyOutstanding { .. }) => return false,
            Err(error) => panic!("{what:?}: {error}"),
        }
        self.step += 1;
        true
    }
}

/// The participants' tallies between two sessions.
#[derive(Debug, Default)]
pub struct ClosedTraders {
    pub tallies: [Tally; 2],
    step: u64,
}

/// Defines all instruments in a cluster whose deployment has none.
pub fn define_instruments(cluster: &LocalCluster) {
    let driver = driver(cluster);
    let mut operator = BlockingSession::connect(config(cluster, &driver, OPERATOR), (), PATIENCE).expect("a session");
    for instrument in INSTRUMENTS.into_iter().chain([QUIET]) {
        let reports = operator.define_instrument(&definition(instrument)).expect("defined");
        assert_eq!(reports.len(), 1, "{reports:?}");
    }
    operator.close();
    cluster.await_no_sessions();
}

/// Configuration of a session of `participant` over `driver`.
pub fn config(cluster: &LocalCluster, driver: &ClientDriver, participant: u32) -> Config {
    config_of(&cluster.deployment, driver, participant)
}

/// Like `config`, for a program that did not start the cluster.
pub fn config_of(deployment: &Deployment, driver: &ClientDriver, participant: u32) -> Config {
    let spec = deployment.cluster(ClusterId(0)).expect("the first cluster");
    let mut config = Config::new(context_in(deployment, &spec, driver, participant), ParticipantId(participant));
    config.retry.attempts = ATTEMPTS;
    let keys = deployment.participant_keys().expect("readable keys");
    if let Some((_, key)) = keys.into_iter().find(|(id, _)| *id == participant) {
        config.credentials = Credentials::Key(key.as_bytes().to_vec());
    }
    config
}

/// A limit order around the middle, so that about half of the orders trade at once.
fn order(id: ClientOrderId, step: u64) -> NewOrder {
    let side = if step.is_multiple_of(2) { Side::Sell } else { Side::Buy };
    let price = MIDDLE + (step * 37 % 7) as i64 - 3;
    let mut order = NewOrder::limit(id, side, Price(price), Quantity(1 + step % 4));
    if step % 6 == 1 {
        order.time_in_force = TimeInForce::Ioc;
    }
    order
}

fn definition(instrument: InstrumentId) -> InstrumentDefinition {
    InstrumentDefinition { reference_price: Price(MIDDLE), ..btc_usdt(instrument) }
}
