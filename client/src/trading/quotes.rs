//! Quotes of a market maker in a session with one cluster, and what protects them.

use lugus_vocabulary::{MarketMakerProtection, MassQuote, QuoteCancel, QuoteSetId};

use super::TradingSession;
use crate::command_number::CommandNumber;
use crate::error::SendError;

/// Quotes. The commands are numbered in the scope of [`InstrumentId::NONE`](lugus_vocabulary::InstrumentId::NONE).
impl TradingSession {
    /// Enters, changes and withdraws quotes of several instruments of the cluster (FIX message i): each entry whole, or not at all.
    /// The reports of their sides come in the scopes of their instruments, which the session follows from then on, before the answer
    /// ([`ReportBody::MassQuote`](crate::vocabulary::ReportBody::MassQuote)).
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent.
    pub fn mass_quote(&mut self, quote: &MassQuote) -> Result<CommandNumber, SendError> {
        let (session, mut ingress) = self.split();
        session.mass_quote(&mut ingress, quote)
    }

    /// Cancels the participant's quotes (FIX message Z): of one instrument or of all of the cluster, of one set or of all.
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent.
    pub fn quote_cancel(&mut self, cancel: &QuoteCancel) -> Result<CommandNumber, SendError> {
        let (session, mut ingress) = self.split();
        session.quote_cancel(&mut ingress, cancel)
    }

    /// Sets what pulls the participant's quotes of a set, all of it. It counts from nothing, and quotes are taken again. Each
    /// cluster has its own.
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent.
    pub fn set_market_maker_protection(
        &mut self,
        quote_set: QuoteSetId,
        protection: &MarketMakerProtection,
    ) -> Result<CommandNumber, SendError> {
        let (session, mut ingress) = self.split();
        session.set_market_maker_protection(&mut ingress, quote_set, protection)
    }

    /// Lets the participant's quotes of a set be taken again after they were pulled.
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent.
    pub fn reset_market_maker_protection(&mut self, quote_set: QuoteSetId) -> Result<CommandNumber, SendError> {
        let (session, mut ingress) = self.split();
        session.reset_market_maker_protection(&mut ingress, quote_set)
    }
}
