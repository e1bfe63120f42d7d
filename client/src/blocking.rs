//! Sessions for simple programs that may wait: the command line, tests, scripts.

mod all_clusters;
mod protection;
mod quotes;

use std::time::{Duration, Instant};

use lugus_topology::ClusterId;
use lugus_vocabulary::{
    Book, ClientOrderId, FirmEvent, FirmRules, InstrumentDefinition, InstrumentId, InstrumentState, KillSwitch,
    MassCancelTarget, NewOrder, OrderStatusReport, ParticipantId, Price, RejectReason, Replace, Report, RiskLimits,
    Side, TradeAmendment, TradeId, WorkingOrders,
};
use thiserror::Error;

use crate::command_number::CommandNumber;
use crate::config::Config;
use crate::error::{ClientError, SendError};
use crate::exchange::ExchangeSession;
use crate::open_orders::{OpenOrders, OpenOrdersPart};
use crate::order_entry::OrderEntry;
use crate::problem::Problem;
use crate::status::{EventHandler, Status};
use crate::trading::TradingSession;

/// Number of duty cycles without work after which the thread yields.
const SPINS: u32 = 10;
/// Number of duty cycles without work after which the thread sleeps.
const YIELDS: u32 = 30;
/// How long the thread sleeps at a time.
const PARK: Duration = Duration::from_micros(50);
/// How long a call waits for the answer to a request before it makes the request again.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(1);

/// Why a call that waits has failed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum BlockingError {
    /// The session has ended for good.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The command or request was not taken.
    #[error(transparent)]
    Send(#[from] SendError),
    /// The command was not applied: there is no such instrument, no room for the participant, or it may not send commands.
    #[error("command {command} of instrument {instrument} was refused: {reason:?}")]
    Refused {
        /// The instrument of the command's scope.
        instrument: InstrumentId,
        /// The command's number.
        command: CommandNumber,
        /// Why the command was not applied.
        reason: RejectReason,
    },
    /// The command was not answered.
    #[error(
        "command {command} of instrument {instrument} was not answered; it {}",
        if *may_have_been_applied { "may have been applied" } else { "was not applied" }
    )]
    GaveUp {
        /// The instrument of the command's scope.
        instrument: InstrumentId,
        /// The command's number.
        command: CommandNumber,
        /// `false`: the command was not applied and will not be. `true`: that is not known.
        may_have_been_applied: bool,
    },
    /// There is no such instrument, so there is no book of it.
    #[error("there is no instrument {0}")]
    NoBook(InstrumentId),
    /// The open orders are not told: the cluster does not have the instrument, or is of a version that cannot tell them.
    #[error("the cluster does not tell the open orders of instrument {instrument}: {reason:?}")]
    NoOpenOrders {
        /// The instrument; [`InstrumentId::NONE`] for all instruments.
        instrument: InstrumentId,
        /// Why not.
        reason: RejectReason,
    },
    /// What the call waited for did not happen in time. If that was the answer to a command, the command may yet be
    /// applied.
    #[error("{what} did not happen within {timeout:?}{}", problem.as_ref().map(|problem| format!(": {problem}")).unwrap_or_default())]
    TimedOut {
        /// What the call waited for.
        what: &'static str,
        /// How long the call waited.
        timeout: Duration,
        /// Why the session was not open at the last attempt.
        problem: Option<Problem>,
    },
}

/// A session with one cluster, or ([`BlockingExchange`]) with all of them, whose calls wait for their outcome.
/// Everything that happens is told to the handler as well; a program that wants to hear nothing else gives `()`.
pub struct BlockingSession<H, S = TradingSession> {
    session: S,
    /// The handler that hears everything; its state is the program's own.
    pub handler: H,
    timeout: Duration,
    next_request: u64,
    idle_cycles: u32,
}

/// A session with all clusters of a deployment, whose calls wait for their outcome.
pub type BlockingExchange<H> = BlockingSession<H, ExchangeSession>;

impl<H: EventHandler> BlockingSession<H> {
    /// Opens a session. `timeout` bounds this and every further call.
    ///
    /// # Errors
    /// When the configuration cannot work, the cluster refuses the session, or it is not open in time.
    pub fn connect(config: Config, handler: H, timeout: Duration) -> Result<Self, BlockingError> {
        Self::over(TradingSession::connect(config)?, handler, timeout)
    }
}

impl<H: EventHandler, S: OrderEntry> BlockingSession<H, S> {
    /// Waits until a session is connected. `timeout` bounds this and every further call.
    ///
    /// # Errors
    /// When the session has ended, or is not open in time.
    pub fn over(session: S, handler: H, timeout: Duration) -> Result<Self, BlockingError> {
        let mut blocking = Self { session, handler, timeout, next_request: 0, idle_cycles: 0 };
        blocking.wait("connecting to the cluster", |session, _| session.is_connected())?;
        Ok(blocking)
    }

    /// The session itself, for calls that do not wait.
    pub fn session(&mut self) -> &mut S {
        &mut self.session
    }

    /// Enters an order; returns all reports that answer the command.
    ///
    /// # Errors
    /// When the command has no outcome, or was refused. A reject by the engine is a report.
    pub fn new_order(&mut self, instrument: InstrumentId, order: &NewOrder) -> Result<Vec<Report>, BlockingError> {
        self.execute(instrument, |session| session.new_order(instrument, order))
    }

    /// Cancels an order; returns all reports that answer the command.
    ///
    /// # Errors
    /// As [`Self::new_order`].
    pub fn cancel(
        &mut self,
        instrument: InstrumentId,
        orig_client_order_id: ClientOrderId,
    ) -> Result<Vec<Report>, BlockingError> {
        self.execute(instrument, |session| session.cancel(instrument, orig_client_order_id))
    }

    /// Changes an order; returns all reports that answer the command.
    ///
    /// # Errors
    /// As [`Self::new_order`].
    pub fn replace(&mut self, instrument: InstrumentId, replace: &Replace) -> Result<Vec<Report>, BlockingError> {
        self.execute(instrument, |session| session.replace(instrument, replace))
    }

    /// Cancels the participant's own orders in the instrument, of one side or (`None`) of both; returns all reports
    /// that answer the command.
    ///
    /// # Errors
    /// As [`Self::new_order`].
    pub fn mass_cancel(&mut self, instrument: InstrumentId, side: Option<Side>) -> Result<Vec<Report>, BlockingError> {
        self.execute(instrument, |session| session.mass_cancel(instrument, side))
    }

    /// The book of an instrument, with `depth` levels of each side.
    ///
    /// # Errors
    /// When there is no such instrument, or no answer in time.
    pub fn book(&mut self, instrument: InstrumentId, depth: u16) -> Result<Book, BlockingError> {
        let deadline = Instant::now() + self.timeout;
        let mut collected = Collected { instrument, ..Collected::default() };
        let mut ask_at = Instant::now();
        self.wait_until(deadline, "the answer with the book", &mut collected, |session, collected, request| {
            if collected.book.is_none() && Instant::now() >= ask_at {
                // The session does not keep requests, so an unanswered one is made again.
                match session.request_book(instrument, depth, request) {
                    Ok(()) => ask_at = Instant::now() + REQUEST_TIMEOUT,
                    Err(SendError::NotConnected | SendError::BackPressured) => {}
                    Err(error) => return Err(error.into()),
                }
                collected.request = Some(request);
            }
            Ok(collected.book.is_some())
        })?;
        collected.book.ok_or(BlockingError::NoBook(instrument))
    }

    /// The participant's own open orders in an instrument, or with [`InstrumentId::NONE`] in all instruments, as they are
    /// after the events that the handler has heard.
    ///
    /// # Errors
    /// When a cluster does not have the instrument or cannot tell, or no answer in time.
    pub fn open_orders(&mut self, instrument: InstrumentId) -> Result<OpenOrders, BlockingError> {
        let deadline = Instant::now() + self.timeout;
        let mut collected = Collected { instrument, ..Collected::default() };
        let mut is_asked = false;
        self.wait_until(deadline, "the answer with the open orders", &mut collected, |session, collected, _| {
            if !is_asked {
                session.rebuild(instrument)?;
                (is_asked, collected.open_orders) = (true, Some(OpenOrders::default()));
            }
            Ok(!session.is_rebuilding())
        })?;
        // A session that has just ended does not rebuild either; it says so now.
        self.session.poll(&mut Collecting { handler: &mut self.handler, collected: &mut collected })?;
        Ok(collected.open_orders.unwrap_or_default())
    }

    /// Waits until `done` returns `true`. `what` names that in the error.
    ///
    /// # Errors
    /// When the session has ended, or `done` does not return `true` in time.
    pub fn wait(
        &mut self,
        what: &'static str,
        mut done: impl FnMut(&mut S, &mut H) -> bool,
    ) -> Result<(), BlockingError> {
        let deadline = Instant::now() + self.timeout;
        while !done(&mut self.session, &mut self.handler) {
            self.poll()?;
            self.check(deadline, what)?;
        }
        Ok(())
    }

    /// One duty cycle, and a pause if there was nothing to do.
    ///
    /// # Errors
    /// When the session has ended for good.
    pub fn poll(&mut self) -> Result<usize, ClientError> {
        let work = self.session.poll(&mut self.handler)?;
        self.idle(work);
        Ok(work)
    }

    /// Closes the session, and returns the handler.
    pub fn close(self) -> H {
        self.session.close();
        self.handler
    }
}

/// Commands that are for one cluster.
impl<H: EventHandler> BlockingSession<H> {
    /// Operator: cancels the orders of `target` in the instrument, of one side or (`None`) of both; returns all reports
    /// that answer the command.
    ///
    /// # Errors
    /// As [`Self::new_order`].
    pub fn mass_cancel_of(
        &mut self,
        instrument: InstrumentId,
        target: ParticipantId,
        side: Option<Side>,
    ) -> Result<Vec<Report>, BlockingError> {
        self.execute(instrument, |session| session.mass_cancel_of(instrument, target, side))
    }

    /// Cancels the participant's own orders in all instruments of the cluster, of one side or (`None`) of both; returns the
    /// answer. The reports of the orders are told to the handler.
    ///
    /// # Errors
    /// As [`Self::new_order`].
    pub fn mass_cancel_all(&mut self, side: Option<Side>) -> Result<Vec<Report>, BlockingError> {
        self.execute(InstrumentId::NONE, |session| session.mass_cancel_all(side))
    }

    /// Operator: cancels the orders of `target` in an instrument, or with [`InstrumentId::NONE`] in all instruments of the
    /// cluster, of one side or (`None`) of both; returns the answer.
    ///
    /// # Errors
    /// As [`Self::new_order`].
    pub fn mass_cancel_all_of(
        &mut self,
        instrument: InstrumentId,
        target: MassCancelTarget,
        side: Option<Side>,
    ) -> Result<Vec<Report>, BlockingError> {
        self.execute(instrument, |session| session.mass_cancel_all_of(instrument, target, side))
    }

    /// Operator: defines an instrument, which begins to trade; returns all reports that answer the command.
    ///
    /// # Errors
    /// As [`Self::new_order`].
    pub fn define_instrument(&mut self, definition: &InstrumentDefinition) -> Result<Vec<Report>, BlockingError> {
        self.execute(InstrumentId::NONE, |session| session.define_instrument(definition))
    }

    /// Operator: changes the state of an instrument; returns all reports that answer the command. A `reference_price`
    /// of `None` keeps the present one.
    ///
    /// # Errors
    /// As [`Self::new_order`].
    pub fn set_instrument_state(
        &mut self,
        instrument: InstrumentId,
        state: InstrumentState,
        reference_price: Option<Price>,
    ) -> Result<Vec<Report>, BlockingError> {
        self.execute(instrument, |session| session.set_instrument_state(instrument, state, reference_price))
    }

    /// Operator: puts a participant into a firm, which is named by its own participant, or (`None`) takes it out of its firm;
    /// returns the answer.
    ///
    /// # Errors
    /// As [`Self::new_order`].
    pub fn set_firm(
        &mut self,
        target: ParticipantId,
        firm: Option<ParticipantId>,
    ) -> Result<Vec<Report>, BlockingError> {
        self.execute(InstrumentId::NONE, |session| session.set_firm(target, firm))
    }

    /// Operator, or a firm's own participant: sets what holds for all participants of the firm; returns the answer.
    ///
    /// # Errors
    /// As [`Self::new_order`].
    pub fn set_firm_rules(&mut self, firm: ParticipantId, rules: &FirmRules) -> Result<Vec<Report>, BlockingError> {
        self.execute(InstrumentId::NONE, |session| session.set_firm_rules(firm, rules))
    }

    /// Operator: sets limits of a firm, and leaves those that are `None` as they are; returns the answer.
    ///
    /// # Errors
    /// As [`Self::new_order`].
    pub fn set_firm_limits(&mut self, firm: ParticipantId, limits: &RiskLimits) -> Result<Vec<Report>, BlockingError> {
        self.execute(InstrumentId::NONE, |session| session.set_firm_limits(firm, limits))
    }

    /// Operator: cancels or corrects a trade of the instrument; returns all reports that answer the command.
    ///
    /// # Errors
    /// As [`Self::new_order`].
    pub fn amend_trade(
        &mut self,
        instrument: InstrumentId,
        trade_id: TradeId,
        amendment: TradeAmendment,
    ) -> Result<Vec<Report>, BlockingError> {
        self.execute(instrument, |session| session.amend_trade(instrument, trade_id, amendment))
    }

    /// Operator: sets a participant's limits; returns all reports that answer the command.
    ///
    /// # Errors
    /// As [`Self::new_order`].
    pub fn set_risk_limits(
        &mut self,
        target: ParticipantId,
        limits: &RiskLimits,
    ) -> Result<Vec<Report>, BlockingError> {
        self.execute(InstrumentId::NONE, |session| session.set_risk_limits(target, limits))
    }

    /// Operator, or a participant for itself: engages or releases a kill switch; `working_orders` says what
    /// happens to live orders when it is engaged. Returns all reports that answer the command.
    ///
    /// # Errors
    /// As [`Self::new_order`].
    pub fn set_kill_switch(
        &mut self,
        target: ParticipantId,
        kill_switch: KillSwitch,
        working_orders: WorkingOrders,
    ) -> Result<Vec<Report>, BlockingError> {
        self.execute(InstrumentId::NONE, |session| session.set_kill_switch(target, kill_switch, working_orders))
    }
}

/// Details.
impl<H: EventHandler, S: OrderEntry> BlockingSession<H, S> {
    /// Sends a command, waits for its answer, and then for the rest of its reports. A command may have many reports;
    /// only the answer to a `Resume` that was sent after the command tells that there are no more.
    fn execute(
        &mut self,
        instrument: InstrumentId,
        mut submit: impl FnMut(&mut S) -> Result<CommandNumber, SendError>,
    ) -> Result<Vec<Report>, BlockingError> {
        let deadline = Instant::now() + self.timeout;
        let mut collected = Collected { instrument, ..Collected::default() };
        self.wait_until(deadline, "sending the command", &mut collected, |session, collected, _| {
            match submit(session) {
                Ok(number) => collected.command = number,
                Err(SendError::BackPressured | SendError::TooManyOutstanding { .. }) => return Ok(false),
                Err(error) => return Err(error.into()),
            }
            Ok(true)
        })?;
        self.wait_until(deadline, "the answer to the command", &mut collected, |_, collected, _| {
            Ok(!collected.reports.is_empty())
        })?;
        self.session.resume(instrument)?;
        self.wait_until(deadline, "the rest of the answer", &mut collected, |session, _, _| {
            Ok(session.is_current(instrument))
        })?;
        Ok(collected.reports)
    }

    fn wait_until(
        &mut self,
        deadline: Instant,
        what: &'static str,
        collected: &mut Collected,
        mut done: impl FnMut(&mut S, &mut Collected, u64) -> Result<bool, BlockingError>,
    ) -> Result<(), BlockingError> {
        self.next_request += 1;
        while !done(&mut self.session, collected, self.next_request)? {
            let work = self.session.poll(&mut Collecting { handler: &mut self.handler, collected })?;
            if let Some(failure) = collected.failure.take() {
                // A session that has ended says why, which is the cause of this.
                self.session.poll(&mut Collecting { handler: &mut self.handler, collected })?;
                return Err(failure);
            }
            self.idle(work);
            self.check(deadline, what)?;
        }
        Ok(())
    }

    fn check(&self, deadline: Instant, what: &'static str) -> Result<(), BlockingError> {
        if Instant::now() < deadline {
            return Ok(());
        }
        Err(BlockingError::TimedOut { what, timeout: self.timeout, problem: self.session.last_problem() })
    }

    fn idle(&mut self, work: usize) {
        self.idle_cycles = pause(self.idle_cycles, work);
    }
}

/// Waits a little after a duty cycle without work, the longer the more of them there were. Returns their number.
fn pause(idle_cycles: u32, work: usize) -> u32 {
    let idle_cycles = if work > 0 { 0 } else { idle_cycles.saturating_add(1) };
    match idle_cycles {
        0 => {}
        cycles if cycles <= SPINS => std::hint::spin_loop(),
        cycles if cycles <= YIELDS => std::thread::yield_now(),
        _ => std::thread::sleep(PARK),
    }
    idle_cycles
}

/// What a call waits for, and the result so far.
#[derive(Default)]
struct Collected {
    instrument: InstrumentId,
    command: CommandNumber,
    reports: Vec<Report>,
    request: Option<u64>,
    book: Option<Book>,
    /// Present while a call waits for open orders.
    open_orders: Option<OpenOrders>,
    failure: Option<BlockingError>,
}

impl Collected {
    fn note(&mut self, status: &Status) {
        let is_own =
            |instrument: InstrumentId, command: CommandNumber| instrument == self.instrument && command == self.command;
        match *status {
            Status::CommandRefused { instrument, command, reason } if is_own(instrument, command) => {
                self.failure = Some(BlockingError::Refused { instrument, command, reason });
            }
            Status::GaveUp { instrument, command, may_have_been_applied } if is_own(instrument, command) => {
                self.failure = Some(BlockingError::GaveUp { instrument, command, may_have_been_applied });
            }
            Status::BookRefused { request_id, instrument } if self.request == Some(request_id) => {
                self.failure = Some(BlockingError::NoBook(instrument));
            }
            Status::RebuildRefused { instrument, reason } if self.open_orders.is_some() => {
                self.failure = Some(BlockingError::NoOpenOrders { instrument, reason });
            }
            _ => {}
        }
    }
}

/// Passes everything on to the handler, and collects what a call waits for.
struct Collecting<'a, H> {
    handler: &'a mut H,
    collected: &'a mut Collected,
}

impl<H: EventHandler> EventHandler for Collecting<'_, H> {
    fn on_report(&mut self, report: &Report, command: CommandNumber) {
        let collected = &mut *self.collected;
        let is_answer = command != CommandNumber::NONE;
        if is_answer && (report.instrument, command) == (collected.instrument, collected.command) {
            collected.reports.push(*report);
        }
        if let Some(orders) = &mut collected.open_orders {
            orders.on_report(report);
        }
        self.handler.on_report(report, command);
    }

    fn on_drop_copy(&mut self, report: &Report) {
        self.handler.on_drop_copy(report);
    }

    fn on_firm_event(&mut self, event: &FirmEvent) {
        self.handler.on_firm_event(event);
    }

    fn on_cluster_firm_event(&mut self, cluster: ClusterId, event: &FirmEvent) {
        self.handler.on_cluster_firm_event(cluster, event);
    }

    fn on_book(&mut self, book: &Book) {
        if self.collected.request == Some(book.request_id) {
            self.collected.book = Some(book.clone());
        }
        self.handler.on_book(book);
    }

    fn on_open_orders(&mut self, part: &OpenOrdersPart<'_>) {
        if let Some(orders) = &mut self.collected.open_orders {
            orders.on_open_orders(part);
        }
        self.handler.on_open_orders(part);
    }

    fn on_order_status(&mut self, report: &OrderStatusReport) {
        self.handler.on_order_status(report);
    }

    fn on_status(&mut self, status: &Status) {
        self.collected.note(status);
        self.handler.on_status(status);
    }
}
