//! What protects the prices of an instrument, in a session with one cluster.

use lugus_vocabulary::{InstrumentId, PriceProtection};

use super::TradingSession;
use crate::command_number::CommandNumber;
use crate::error::SendError;

impl TradingSession {
    /// Operator: sets what protects the prices of an instrument, all of it, while it trades.
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent.
    pub fn set_price_protection(
        &mut self,
        instrument: InstrumentId,
        protection: &PriceProtection,
    ) -> Result<CommandNumber, SendError> {
        let (session, mut ingress) = self.split();
        session.set_price_protection(&mut ingress, instrument, protection)
    }
}
