//! Quotes of a market maker over all clusters.

use std::sync::Arc;

use lugus_vocabulary::{
    ByEntry, InstrumentId, MarketMakerProtection, MassQuote, PartitionMap, QuoteCancel, QuoteSetId,
};

use super::{ClusterCommand, ExchangeSession};
use crate::command_number::CommandNumber;
use crate::error::SendError;
use crate::trading::TradingSession;

/// Quotes. Each call is one command for each cluster that it concerns, in the scope of [`InstrumentId::NONE`]; it returns the number
/// of each, or why it was not sent. [`EventHandler::on_cluster_report`](crate::EventHandler::on_cluster_report) tells which
/// cluster an answer is from.
impl ExchangeSession {
    /// Enters, changes and withdraws quotes (FIX message i): each cluster gets the entries of its instruments.
    ///
    /// # Errors
    /// [`SendError::Ended`], [`SendError::NoMap`], [`SendError::UnknownInstrument`]; nothing was sent.
    pub fn mass_quote(&mut self, quote: &MassQuote) -> Result<Vec<ClusterCommand>, SendError> {
        let map = self.map_in_use()?;
        let owner = |instrument| map.owner_of(instrument).map(|owner| owner.id);
        if let Some(entry) = quote.entries.iter().find(|entry| owner(entry.instrument).is_none()) {
            return Err(SendError::UnknownInstrument(entry.instrument));
        }
        let mut sent = Vec::new();
        for cluster in &map.clusters {
            let mut part = MassQuote { entries: ByEntry::default(), ..*quote };
            for entry in quote.entries.iter().filter(|entry| owner(entry.instrument) == Some(cluster.id)) {
                // They are no more than all of them.
                let _ = part.entries.push(*entry);
            }
            if !part.entries.is_empty() {
                sent.push(self.send_to(cluster.id, |session| session.mass_quote(&part)));
            }
        }
        Ok(sent)
    }

    /// Cancels the participant's quotes (FIX message Z): of one instrument, or of all instruments of all clusters.
    ///
    /// # Errors
    /// [`SendError::Ended`], [`SendError::NoMap`], [`SendError::UnknownInstrument`]; nothing was sent.
    pub fn quote_cancel(&mut self, cancel: &QuoteCancel) -> Result<Vec<ClusterCommand>, SendError> {
        let map = self.map_in_use()?;
        if cancel.instrument != InstrumentId::NONE {
            let owner = map.owner_of(cancel.instrument).ok_or(SendError::UnknownInstrument(cancel.instrument))?;
            return Ok(vec![self.send_to(owner.id, |session| session.quote_cancel(cancel))]);
        }
        Ok(self.send_to_all(&map, |session| session.quote_cancel(cancel)))
    }

    /// Sets what pulls the participant's quotes of a set, in each cluster, which counts for itself.
    ///
    /// # Errors
    /// [`SendError::Ended`], [`SendError::NoMap`]; nothing was sent.
    pub fn set_market_maker_protection(
        &mut self,
        quote_set: QuoteSetId,
        protection: &MarketMakerProtection,
    ) -> Result<Vec<ClusterCommand>, SendError> {
        let map = self.map_in_use()?;
        Ok(self.send_to_all(&map, |session| session.set_market_maker_protection(quote_set, protection)))
    }

    /// Lets the participant's quotes of a set be taken again after they were pulled, in each cluster.
    ///
    /// # Errors
    /// [`SendError::Ended`], [`SendError::NoMap`]; nothing was sent.
    pub fn reset_market_maker_protection(&mut self, quote_set: QuoteSetId) -> Result<Vec<ClusterCommand>, SendError> {
        let map = self.map_in_use()?;
        Ok(self.send_to_all(&map, |session| session.reset_market_maker_protection(quote_set)))
    }

    fn map_in_use(&self) -> Result<Arc<PartitionMap>, SendError> {
        if self.failure.is_some() {
            return Err(SendError::Ended);
        }
        self.router.map().map(Arc::clone).ok_or(SendError::NoMap)
    }

    fn send_to_all(
        &mut self,
        map: &PartitionMap,
        send: impl Fn(&mut TradingSession) -> Result<CommandNumber, SendError>,
    ) -> Vec<ClusterCommand> {
        map.clusters.iter().map(|cluster| self.send_to(cluster.id, &send)).collect()
    }

    fn send_to(
        &mut self,
        cluster: crate::ClusterId,
        send: impl FnOnce(&mut TradingSession) -> Result<CommandNumber, SendError>,
    ) -> ClusterCommand {
        let sent = match self.router.sessions_mut().iter_mut().find(|entry| entry.cluster == cluster) {
            Some(entry) => send(&mut entry.session),
            None => Err(SendError::ClusterUnusable(cluster)),
        };
        ClusterCommand { cluster, sent }
    }
}
