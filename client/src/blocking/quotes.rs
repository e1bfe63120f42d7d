//! Quotes of a market maker in a session that waits, and what protects them.

use lugus_vocabulary::{InstrumentId, MarketMakerProtection, MassQuote, QuoteCancel, QuoteSetId, Report};

use super::{BlockingError, BlockingSession};
use crate::status::EventHandler;

impl<H: EventHandler> BlockingSession<H> {
    /// Enters, changes and withdraws quotes of several instruments of the cluster; returns the answer. The reports of their sides are
    /// told to the handler.
    ///
    /// # Errors
    /// As [`Self::new_order`].
    pub fn mass_quote(&mut self, quote: &MassQuote) -> Result<Vec<Report>, BlockingError> {
        self.execute(InstrumentId::NONE, |session| session.mass_quote(quote))
    }

    /// Cancels the participant's quotes: of one instrument or of all of the cluster, of one set or of all; returns the answer.
    ///
    /// # Errors
    /// As [`Self::new_order`].
    pub fn quote_cancel(&mut self, cancel: &QuoteCancel) -> Result<Vec<Report>, BlockingError> {
        self.execute(InstrumentId::NONE, |session| session.quote_cancel(cancel))
    }

    /// Sets what pulls the participant's quotes of a set, all of it; returns the answer.
    ///
    /// # Errors
    /// As [`Self::new_order`].
    pub fn set_market_maker_protection(
        &mut self,
        quote_set: QuoteSetId,
        protection: &MarketMakerProtection,
    ) -> Result<Vec<Report>, BlockingError> {
        self.execute(InstrumentId::NONE, |session| session.set_market_maker_protection(quote_set, protection))
    }

    /// Lets the participant's quotes of a set be taken again after they were pulled; returns the answer.
    ///
    /// # Errors
    /// As [`Self::new_order`].
    pub fn reset_market_maker_protection(&mut self, quote_set: QuoteSetId) -> Result<Vec<Report>, BlockingError> {
        self.execute(InstrumentId::NONE, |session| session.reset_market_maker_protection(quote_set))
    }
}
