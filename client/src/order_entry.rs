//! What a session with one cluster and a session with all clusters have in common, for programs that take either.

use lugus_vocabulary::{BookRequest, ClientOrderId, InstrumentId, NewOrder, Replace, Side};

use crate::command_number::CommandNumber;
use crate::error::{ClientError, SendError};
use crate::exchange::ExchangeSession;
use crate::problem::Problem;
use crate::status::EventHandler;
use crate::trading::TradingSession;

/// A session that takes orders. Each method does what the session's own method of the same name does.
pub trait OrderEntry {
    /// One duty cycle. Returns 0 if there was nothing to do.
    ///
    /// # Errors
    /// The session has ended for good.
    fn poll(&mut self, handler: &mut impl EventHandler) -> Result<usize, ClientError>;

    /// Enters an order (FIX message D).
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent.
    fn new_order(&mut self, instrument: InstrumentId, order: &NewOrder) -> Result<CommandNumber, SendError>;

    /// Cancels an order (FIX message F).
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent.
    fn cancel(
        &mut self,
        instrument: InstrumentId,
        orig_client_order_id: ClientOrderId,
    ) -> Result<CommandNumber, SendError>;

    /// Changes an order (FIX message G).
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent.
    fn replace(&mut self, instrument: InstrumentId, replace: &Replace) -> Result<CommandNumber, SendError>;

    /// Cancels the participant's own orders in the instrument, of one side or (`None`) of both (FIX message q).
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent.
    fn mass_cancel(&mut self, instrument: InstrumentId, side: Option<Side>) -> Result<CommandNumber, SendError>;

    /// Asks once for the book of an instrument.
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent.
    fn request_book(&mut self, instrument: InstrumentId, depth: u16, request_id: u64) -> Result<(), SendError>;

    /// Asks once for any part of a book, in any detail.
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent.
    fn request_part_of_book(&mut self, request: &BookRequest) -> Result<(), SendError>;

    /// Asks for the participant's own open orders in an instrument, or with [`InstrumentId::NONE`] in all instruments.
    ///
    /// # Errors
    /// [`SendError`]; nothing was asked.
    fn rebuild(&mut self, instrument: InstrumentId) -> Result<(), SendError>;

    /// Whether open orders are still to be told.
    fn is_rebuilding(&self) -> bool;

    /// Begins to follow the participant's own events in an instrument, or asks whether any were missed.
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent.
    fn resume(&mut self, instrument: InstrumentId) -> Result<(), SendError>;

    /// Whether every event of `instrument` has been delivered that the cluster had when it was last asked.
    fn is_current(&self, instrument: InstrumentId) -> bool;

    /// Whether the session is open, with every cluster that it knows.
    fn is_connected(&self) -> bool;

    /// Why the session was not open at the last attempt.
    fn last_problem(&self) -> Option<Problem>;

    /// Closes the session.
    fn close(self);
}

/// Implements [`OrderEntry`] by the session's own methods.
macro_rules! order_entry {
    ($session:ty, $problem:expr) => {
        impl OrderEntry for $session {
            fn poll(&mut self, handler: &mut impl EventHandler) -> Result<usize, ClientError> {
                self.poll(handler)
            }

            fn new_order(&mut self, instrument: InstrumentId, order: &NewOrder) -> Result<CommandNumber, SendError> {
                self.new_order(instrument, order)
            }

            fn cancel(
                &mut self,
                instrument: InstrumentId,
                orig_client_order_id: ClientOrderId,
            ) -> Result<CommandNumber, SendError> {
                self.cancel(instrument, orig_client_order_id)
            }

            fn replace(&mut self, instrument: InstrumentId, replace: &Replace) -> Result<CommandNumber, SendError> {
                self.replace(instrument, replace)
            }

            fn mass_cancel(
                &mut self,
                instrument: InstrumentId,
                side: Option<Side>,
            ) -> Result<CommandNumber, SendError> {
                self.mass_cancel(instrument, side)
            }

            fn request_book(&mut self, instrument: InstrumentId, depth: u16, request_id: u64) -> Result<(), SendError> {
                self.request_book(instrument, depth, request_id)
            }

            fn request_part_of_book(&mut self, request: &BookRequest) -> Result<(), SendError> {
                self.request_part_of_book(request)
            }

            fn rebuild(&mut self, instrument: InstrumentId) -> Result<(), SendError> {
                self.rebuild(instrument)
            }

            fn is_rebuilding(&self) -> bool {
                self.is_rebuilding()
            }

            fn resume(&mut self, instrument: InstrumentId) -> Result<(), SendError> {
                self.resume(instrument)
            }

            fn is_current(&self, instrument: InstrumentId) -> bool {
                self.is_current(instrument)
            }

            fn is_connected(&self) -> bool {
                self.is_connected()
            }

            fn last_problem(&self) -> Option<Problem> {
                let problem: fn(&Self) -> Option<Problem> = $problem;
                problem(self)
            }

            fn close(self) {
                self.close();
            }
        }
    };
}

order_entry!(TradingSession, |session| Some(Problem::Cluster { cluster: None, problem: session.problem()?.clone() }));
order_entry!(ExchangeSession, |session| session.problem());
