//! What a session with one cluster and one with all of them have in common, for programs that take either.

use aeron_cluster_client::ConnectProblem;
use lugus_vocabulary::{BookRequest, ClientOrderId, InstrumentId, NewOrder, Replace};

use crate::command_number::CommandNumber;
use crate::error::{ClientError, SendError};
use crate::exchange::ExchangeSession;
use crate::status::EventHandler;
use crate::trading::TradingSession;

/// A session that takes orders. Each method is as its session's of the same name.
pub trait OrderEntry {
    /// One duty cycle.
    ///
    /// # Errors
    /// The session has ended.
    fn poll(&mut self, handler: &mut impl EventHandler) -> Result<usize, ClientError>;

    /// A new order.
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent.
    fn new_order(&mut self, instrument: InstrumentId, order: &NewOrder) -> Result<CommandNumber, SendError>;

    /// Ends an order.
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent.
    fn cancel(
        &mut self,
        instrument: InstrumentId,
        orig_client_order_id: ClientOrderId,
    ) -> Result<CommandNumber, SendError>;

    /// Changes an order.
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent.
    fn replace(&mut self, instrument: InstrumentId, replace: &Replace) -> Result<CommandNumber, SendError>;

    /// Asks for a book once.
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent.
    fn request_book(&mut self, instrument: InstrumentId, depth: u16, request_id: u64) -> Result<(), SendError>;

    /// Asks for a part of a book once.
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent.
    fn request_part_of_book(&mut self, request: &BookRequest) -> Result<(), SendError>;

    /// Asks whether events were missed.
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent.
    fn resume(&mut self, instrument: InstrumentId) -> Result<(), SendError>;

    /// Whether every event has been delivered that there was when it was last asked.
    fn is_current(&self, instrument: InstrumentId) -> bool;

    /// Whether the session is open, with every cluster that it knows.
    fn is_connected(&self) -> bool;

    /// What stood last in the way of a session.
    fn last_problem(&self) -> Option<ConnectProblem>;

    /// Closes the session.
    fn close(self);
}

/// Passes on to the session's own methods.
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

            fn request_book(&mut self, instrument: InstrumentId, depth: u16, request_id: u64) -> Result<(), SendError> {
                self.request_book(instrument, depth, request_id)
            }

            fn request_part_of_book(&mut self, request: &BookRequest) -> Result<(), SendError> {
                self.request_part_of_book(request)
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

            fn last_problem(&self) -> Option<ConnectProblem> {
                let problem: fn(&Self) -> Option<&ConnectProblem> = $problem;
                problem(self).cloned()
            }

            fn close(self) {
                self.close();
            }
        }
    };
}

order_entry!(TradingSession, |session| session.problem());
order_entry!(ExchangeSession, |session| session.problem().map(|(_, problem)| problem));
