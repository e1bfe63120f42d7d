//! What protects the prices of an instrument, and the rules of its auctions, in a session with one cluster.

use lugus_vocabulary::{AuctionRules, InstrumentId, PriceProtection};

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

    /// Operator: sets the rules of an instrument's auctions, all of them, while it trades.
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent.
    pub fn set_auction_rules(
        &mut self,
        instrument: InstrumentId,
        rules: &AuctionRules,
    ) -> Result<CommandNumber, SendError> {
        let (session, mut ingress) = self.split();
        session.set_auction_rules(&mut ingress, instrument, rules)
    }
}
