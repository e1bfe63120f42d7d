//! Participants that trade through the SDK on all clusters, as the coordinator's map assigns instruments to clusters.
//! They count commands and answers, and measure how long each answer took.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use lugus_client::{
    ClientOrderId, CommandNumber, EventHandler, EventSequence, Exchange, ExchangeConfig, ExchangeSession, ExecType,
    InstrumentId, NewOrder, ParticipantId, Price, Quantity, Report, ReportBody, SendError, Side, Status,
};
use lugus_media_driver::ClientDriver;
use lugus_partition_map::PartitionMap;
use lugus_topology::ClusterId;

use crate::deployment::DeploymentFile;
use crate::failure::Failure;
use crate::participant;

/// The price, in ticks, at which the participants trade with each other.
pub const PRICE: Price = Price(1_000);

/// Sleep between two duty cycles without work: the clusters need the cores of a small machine.
const IDLE: Duration = Duration::from_micros(20);

/// Longest wait for a connection or an answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// Sums over all participants.
#[derive(Debug, Clone, Copy, Default)]
pub struct Traded {
    pub commands: u64,
    pub answered: u64,
    pub lost: u64,
    pub duplicated: u64,
    /// Number of trades, as reported to the buyers.
    pub trades: u64,
}

impl std::ops::AddAssign for Traded {
    fn add_assign(&mut self, other: Self) {
        self.commands += other.commands;
        self.answered += other.answered;
        self.lost += other.lost;
        self.duplicated += other.duplicated;
        self.trades += other.trades;
    }
}

/// Participants, each with a session with all clusters.
pub struct Traders {
    // The sessions are declared first, as they must be dropped before their driver.
    traders: Vec<Trader>,
    _exchange: Exchange,
    /// Largest number of unanswered commands of each participant.
    window: usize,
    _driver: ClientDriver,
}

struct Trader {
    session: ExchangeSession,
    tally: Tally,
    next_order: u64,
}

impl Traders {
    /// Subscribes to the partition map, and connects each participant to every cluster in it.
    ///
    /// # Errors
    /// When connecting takes longer than the participants' patience.
    pub fn connect(found: &DeploymentFile, participants: &[u32], window: usize) -> Result<Self, Failure> {
        let driver = ClientDriver::start(&found.deployment).map_err(Failure::new)?;
        let config = ExchangeConfig::of(&found.deployment, driver.aeron_dir().to_path_buf());
        let exchange = participant::exchange(&found.deployment, config);
        let open = |id: &u32| -> Result<Trader, Failure> {
            let credentials = participant::credentials(&found.deployment, *id)?;
            let session = exchange.session(ParticipantId(*id), credentials).map_err(Failure::new)?;
            Ok(Trader { session, tally: Tally::default(), next_order: 0 })
        };
        let traders = participants.iter().map(open).collect::<Result<_, _>>()?;
        let mut all = Self { traders, _exchange: exchange, window, _driver: driver };
        all.poll_until("a session with each cluster", |all| {
            all.traders.iter().all(|trader| trader.session.is_connected())
        })?;
        Ok(all)
    }

    /// The partition map in use.
    pub fn map(&self) -> Option<&Arc<PartitionMap>> {
        self.traders.first()?.session.map()
    }

    /// Waits until every participant's map has `owner` as the owner of the instrument.
    ///
    /// # Errors
    /// When this takes too long.
    pub fn await_owner(&mut self, instrument: InstrumentId, owner: ClusterId) -> Result<(), Failure> {
        self.poll_until("the map of a move", |all| {
            all.traders.iter().all(|trader| trader.session.cluster_of(instrument) == Some(owner))
        })
    }

    /// Sends a sell order of the first participant and a buy order of the second that trade with each other. Waits for
    /// an answer only when the window is full.
    ///
    /// # Errors
    /// When the clusters accept no commands, or a session ends.
    pub fn trade(&mut self, instrument: InstrumentId) -> Result<(), Failure> {
        self.order(0, instrument, Side::Sell, PRICE)?;
        self.order(1, instrument, Side::Buy, PRICE)
    }

    /// Sends a limit order of one lot as the participant with index `at`.
    ///
    /// # Errors
    /// When the clusters accept no commands, or a session ends.
    pub fn order(&mut self, at: usize, instrument: InstrumentId, side: Side, price: Price) -> Result<(), Failure> {
        self.poll_until("room for a command", |all| {
            all.traders.iter().all(|trader| trader.session.outstanding() < all.window)
        })?;
        self.poll_until("a command to be taken", |all| {
            all.traders.get_mut(at).is_none_or(|trader| trader.send(instrument, side, price))
        })
    }

    /// Keeps the sessions alive until `done` returns true.
    ///
    /// # Errors
    /// When this takes longer than the participants' patience, or a session ends.
    pub fn wait(&mut self, what: &str, mut done: impl FnMut() -> bool) -> Result<(), Failure> {
        self.poll_until(what, |_| done())
    }

    /// Waits for all answers. Those that do not come in time count as lost.
    pub fn settle(&mut self) {
        let _unanswered = self
            .poll_until("the last answers", |all| all.traders.iter().all(|trader| trader.session.outstanding() == 0));
    }

    /// Longest time that a command of the instrument waited for its answer since the previous call.
    pub fn take_longest_wait(&mut self, instrument: InstrumentId) -> Duration {
        let scopes = self.traders.iter_mut().filter_map(|trader| trader.tally.scopes.get_mut(&instrument));
        scopes.map(|scope| std::mem::take(&mut scope.longest_wait)).max().unwrap_or_default()
    }

    /// Closes the sessions and returns the sums.
    pub fn close(self) -> Traded {
        let mut traded = Traded::default();
        for Trader { session, tally, .. } in self.traders {
            traded += Traded {
                commands: tally.sent,
                answered: tally.answered,
                lost: tally.sent.saturating_sub(tally.answered) + tally.missed_events,
                duplicated: tally.repeated_events,
                trades: tally.purchases,
            };
            session.close();
        }
        traded
    }

    /// Polls until `done` returns true, at least once.
    fn poll_until(&mut self, what: &str, mut done: impl FnMut(&mut Self) -> bool) -> Result<(), Failure> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let mut work = 0;
            for Trader { session, tally, .. } in &mut self.traders {
                work += session.poll(tally).map_err(Failure::new)?;
            }
            if let Some(failure) = self.traders.iter_mut().find_map(|trader| trader.tally.failure.take()) {
                return Err(failure);
            }
            if done(self) {
                return Ok(());
            }
            if Instant::now() >= deadline {
                return Err(Failure::new(format!("timed out after {PATIENCE:?}, waiting for {what}")));
            }
            if work == 0 {
                std::thread::sleep(IDLE);
            }
        }
    }
}

impl Trader {
    /// Sends an order; returns whether the session accepted it.
    fn send(&mut self, instrument: InstrumentId, side: Side, price: Price) -> bool {
        let order = NewOrder::limit(ClientOrderId(self.next_order + 1), side, price, Quantity(1));
        match self.session.new_order(instrument, &order) {
            Ok(number) => {
                self.next_order += 1;
                self.tally.on_sent(instrument, number);
                true
            }
            Err(SendError::BackPressured | SendError::TooManyOutstanding { .. } | SendError::NotConnected) => false,
            Err(error) => {
                self.tally.failure = Some(Failure::new(error));
                false
            }
        }
    }
}

/// What one participant has sent and received.
#[derive(Default)]
struct Tally {
    sent: u64,
    answered: u64,
    purchases: u64,
    missed_events: u64,
    repeated_events: u64,
    scopes: BTreeMap<InstrumentId, Scope>,
    failure: Option<Failure>,
}

/// The commands and events of one instrument.
#[derive(Default)]
struct Scope {
    last_event: EventSequence,
    last_answered: CommandNumber,
    /// Unanswered commands, and when they were sent.
    waiting: VecDeque<(CommandNumber, Instant)>,
    longest_wait: Duration,
}

impl Tally {
    fn on_sent(&mut self, instrument: InstrumentId, number: CommandNumber) {
        self.sent += 1;
        self.scopes.entry(instrument).or_default().waiting.push_back((number, Instant::now()));
    }
}

impl Scope {
    fn on_answer(&mut self, number: CommandNumber) {
        self.last_answered = number;
        while let Some((_, sent)) = self.waiting.pop_front_if(|(waiting, _)| *waiting <= number) {
            self.longest_wait = self.longest_wait.max(sent.elapsed());
        }
    }
}

impl EventHandler for Tally {
    fn on_report(&mut self, report: &Report, command: CommandNumber) {
        let scope = self.scopes.entry(report.instrument).or_default();
        if report.event_sequence <= scope.last_event {
            self.repeated_events += 1;
            return;
        }
        self.missed_events += report.event_sequence.0 - scope.last_event.0 - 1;
        scope.last_event = report.event_sequence;
        // A command may have several reports, of which the first is its answer.
        if command > scope.last_answered {
            scope.on_answer(command);
            self.answered += 1;
        }
        if let ReportBody::Execution(execution) = &report.body
            && execution.exec_type == ExecType::Trade
            && execution.side == Side::Buy
        {
            self.purchases += 1;
        }
    }

    fn on_status(&mut self, status: &Status) {
        if let Status::GaveUp { instrument, command, .. } = status {
            self.failure = Some(Failure::new(format!("the SDK gave up command {command} of instrument {instrument}")));
        }
    }
}
