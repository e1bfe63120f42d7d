//! Quotes of a market maker, and what protects them.

use lugus_codecs::order_entry::{
    encode_mass_quote, encode_quote_cancel, encode_reset_market_maker_protection, encode_set_market_maker_protection,
};
use lugus_vocabulary::{InstrumentId, MarketMakerProtection, MassQuote, QuoteCancel, QuoteSetId};

use super::Session;
use crate::command_number::CommandNumber;
use crate::error::SendError;
use crate::ingress::Ingress;

/// Quotes. The commands are numbered in the scope of [`InstrumentId::NONE`].
impl Session {
    /// Enters, changes and withdraws quotes (FIX message i). The reports of their sides come in the scopes of their instruments,
    /// which the session follows from then on, before the answer
    /// ([`ReportBody::MassQuote`](crate::vocabulary::ReportBody::MassQuote)).
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent. [`SendError::BackPressured`] also if the session could not yet ask where the events of an
    /// instrument are that it has not followed until now: try again.
    pub fn mass_quote(&mut self, ingress: &mut impl Ingress, quote: &MassQuote) -> Result<CommandNumber, SendError> {
        let mut is_new = false;
        for entry in quote.entries.iter() {
            if self.scope(entry.instrument).is_none() {
                self.find_or_open(entry.instrument, &mut ())?;
                is_new = true;
            }
        }
        // The quotes must not overtake the question where the events of their instruments are: their first events would count as
        // those of before.
        if is_new && self.is_connected() {
            self.flush(ingress);
            if !self.queue.is_empty() {
                return Err(SendError::BackPressured);
            }
        }
        self.submit(ingress, InstrumentId::NONE, |buffer| encode_mass_quote(quote, buffer))
    }

    /// Cancels the participant's quotes (FIX message Z): of one instrument or of all of the cluster, of one set or of all.
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent.
    pub fn quote_cancel(
        &mut self,
        ingress: &mut impl Ingress,
        cancel: &QuoteCancel,
    ) -> Result<CommandNumber, SendError> {
        self.submit(ingress, InstrumentId::NONE, |buffer| encode_quote_cancel(cancel, buffer))
    }

    /// Sets what pulls the participant's quotes of a set, all of it. It counts from nothing, and quotes are taken again.
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent.
    pub fn set_market_maker_protection(
        &mut self,
        ingress: &mut impl Ingress,
        quote_set: QuoteSetId,
        protection: &MarketMakerProtection,
    ) -> Result<CommandNumber, SendError> {
        self.submit(ingress, InstrumentId::NONE, |buffer| {
            encode_set_market_maker_protection(quote_set, protection, buffer)
        })
    }

    /// Lets the participant's quotes of a set be taken again after they were pulled.
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent.
    pub fn reset_market_maker_protection(
        &mut self,
        ingress: &mut impl Ingress,
        quote_set: QuoteSetId,
    ) -> Result<CommandNumber, SendError> {
        self.submit(ingress, InstrumentId::NONE, |buffer| encode_reset_market_maker_protection(quote_set, buffer))
    }
}
