//! Two participants trade every instrument of the deployment through the SDK, whichever cluster trades it by the
//! coordinator's map, and count what is answered.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use lugus_client::{
    ClientOrderId, ClientSequence, EventHandler, EventSequence, Exchange, ExchangeConfig, ExchangeSession, ExecType,
    InstrumentId, NewOrder, ParticipantId, Price, Quantity, Report, ReportBody, SendError, Side, Status,
};
use lugus_media_driver::ClientDriver;
use lugus_partition_map::{Partition, PartitionMap};

use crate::deployment::Found;
use crate::failure::Failure;
use crate::participant;

/// Who offers, and who buys.
const MAKER: u32 = 11;
const TAKER: u32 = 12;

/// All orders have one price, in ticks, so that each purchase meets an offer.
const PRICE: Price = Price(1_000);

/// Commands without an answer, at most, of each participant.
const WINDOW: usize = 128;

/// Longest wait for a connection or an answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// What came of it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Traded {
    pub commands: u64,
    pub answered: u64,
    pub lost: u64,
    pub duplicated: u64,
    /// Trades, as the takers heard of them.
    pub trades: u64,
}

/// The participants and what they trade.
pub struct BothClusters {
    // The sessions go before the driver.
    traders: [Trader; 2],
    _exchange: Exchange,
    /// By the first map.
    instruments: Vec<InstrumentId>,
    _driver: ClientDriver,
}

struct Trader {
    session: ExchangeSession,
    tally: Tally,
    next_order: u64,
}

impl BothClusters {
    /// Follows the coordinator's map, and connects to each cluster of it.
    ///
    /// # Errors
    /// When that takes too long.
    pub fn connect(found: &Found) -> Result<Self, Failure> {
        let driver = ClientDriver::start(&found.deployment).map_err(Failure::new)?;
        let exchange = Exchange::connect(ExchangeConfig::of(&found.deployment, driver.aeron_dir().to_path_buf()));
        let open = |id| -> Result<Trader, Failure> {
            let credentials = participant::credentials(&found.deployment, id)?;
            let session = exchange.session(ParticipantId(id), credentials).map_err(Failure::new)?;
            Ok(Trader { session, tally: Tally::default(), next_order: 0 })
        };
        let traders = [open(MAKER)?, open(TAKER)?];
        let mut both = Self { traders, _exchange: exchange, instruments: Vec::new(), _driver: driver };
        both.poll_until("a session with each cluster", |both| {
            both.traders.iter().all(|trader| trader.session.is_connected())
        })?;
        both.instruments = both.map().map(|map| map.partitions.iter().map(instrument_of).collect()).unwrap_or_default();
        Ok(both)
    }

    /// The map in use.
    pub fn map(&self) -> Option<&Arc<PartitionMap>> {
        self.traders[0].session.map()
    }

    /// Sends so many commands, in turn for each instrument an offer and a purchase, and waits for all answers.
    ///
    /// # Errors
    /// When the clusters take no commands, or a session ends. Commands that find no answer are counted as lost.
    pub fn trade(&mut self, commands: u64) -> Result<(), Failure> {
        for turn in 0..commands / 2 {
            let pairs = self.instruments.len().max(1) as u64;
            let at = usize::try_from(turn % pairs).unwrap_or(0);
            let Some(&instrument) = self.instruments.get(at) else { return Ok(()) };
            self.send(0, instrument, Side::Sell)?;
            self.send(1, instrument, Side::Buy)?;
        }
        // Who found no answer in time is in the account.
        let _unanswered = self
            .poll_until("the last answers", |both| both.traders.iter().all(|trader| trader.session.outstanding() == 0));
        Ok(())
    }

    /// Closes the sessions; the account.
    pub fn close(self) -> Traded {
        let mut traded = Traded::default();
        for Trader { session, tally, .. } in self.traders {
            traded.commands += tally.sent;
            traded.answered += tally.answered;
            traded.lost += tally.sent.saturating_sub(tally.answered) + tally.missed_events;
            traded.duplicated += tally.repeated_events;
            traded.trades += tally.purchases;
            session.close();
        }
        traded
    }

    fn send(&mut self, trader: usize, instrument: InstrumentId, side: Side) -> Result<(), Failure> {
        self.poll_until("room for a command", |both| {
            both.traders.iter().all(|trader| trader.session.outstanding() < WINDOW)
        })?;
        self.poll_until("a command to be taken", |both| {
            let Some(trader) = both.traders.get_mut(trader) else { return true };
            trader.send(instrument, side)
        })
    }

    /// Polls until `done`, at least once.
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
                return Err(Failure::new(format!("waited {PATIENCE:?} in vain for {what}")));
            }
            if work == 0 {
                std::thread::yield_now();
            }
        }
    }
}

fn instrument_of(partition: &Partition) -> InstrumentId {
    InstrumentId(partition.instrument.id)
}

impl Trader {
    /// Whether the order was taken.
    fn send(&mut self, instrument: InstrumentId, side: Side) -> bool {
        let order = NewOrder::limit(ClientOrderId(self.next_order + 1), side, PRICE, Quantity(1));
        match self.session.new_order(instrument, &order) {
            Ok(_) => {
                self.next_order += 1;
                self.tally.sent += 1;
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

/// What a participant has sent and heard, each instrument for itself.
#[derive(Default)]
struct Tally {
    sent: u64,
    answered: u64,
    purchases: u64,
    missed_events: u64,
    repeated_events: u64,
    scopes: BTreeMap<InstrumentId, (EventSequence, ClientSequence)>,
    failure: Option<Failure>,
}

impl EventHandler for Tally {
    fn on_report(&mut self, report: &Report) {
        let (event, command) = self.scopes.entry(report.instrument).or_default();
        if report.event_sequence.0 <= event.0 {
            self.repeated_events += 1;
            return;
        }
        self.missed_events += report.event_sequence.0 - event.0 - 1;
        *event = report.event_sequence;
        // A command may have several reports; its first is the answer.
        if report.client_sequence > *command {
            *command = report.client_sequence;
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
        if let Status::GaveUp { instrument, client_sequence, .. } = status {
            self.failure =
                Some(Failure::new(format!("command {client_sequence} of instrument {instrument} was given up")));
        }
    }
}
