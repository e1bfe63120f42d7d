//! What protects the prices of an instrument, and the rules of its auctions, in a session that waits.

use lugus_vocabulary::{AuctionRules, InstrumentId, PriceProtection, Report};

use super::{BlockingError, BlockingSession};
use crate::status::EventHandler;

impl<H: EventHandler> BlockingSession<H> {
    /// Operator: sets what protects the prices of an instrument, all of it; returns all reports that answer the command.
    ///
    /// # Errors
    /// As [`Self::new_order`].
    pub fn set_price_protection(
        &mut self,
        instrument: InstrumentId,
        protection: &PriceProtection,
    ) -> Result<Vec<Report>, BlockingError> {
        self.execute(instrument, |session| session.set_price_protection(instrument, protection))
    }

    /// Operator: sets the rules of an instrument's auctions, all of them; returns all reports that answer the command.
    ///
    /// # Errors
    /// As [`Self::new_order`].
    pub fn set_auction_rules(
        &mut self,
        instrument: InstrumentId,
        rules: &AuctionRules,
    ) -> Result<Vec<Report>, BlockingError> {
        self.execute(instrument, |session| session.set_auction_rules(instrument, rules))
    }
}
