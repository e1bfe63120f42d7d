//! Takes the records of quote sets, and of the trades that their protection counts, into an engine.

use lugus_vocabulary::{
    MarketMakerProtection, ParticipantId, ProtectionTrigger, QuoteSetId, QuoteSetRecord, QuoteTradesRecord,
};

use super::checks::{Checked, count, none_missing, require};
use super::fault::SnapshotFault;
use crate::book::{Place, QuoteSet};
use crate::engine::Engine;

/// How far the quote sets are loaded.
#[derive(Debug, Default)]
pub(super) struct LoadedQuotes {
    /// The quote set that came last, and its participant.
    last: Option<(ParticipantId, QuoteSetId)>,
    /// Number of records of trades still to come of it.
    awaited: u64,
}

impl LoadedQuotes {
    /// Takes in a quote set of a participant.
    pub(super) fn set(&mut self, record: &QuoteSetRecord, of: ParticipantId, engine: &mut Engine) -> Checked {
        self.end()?;
        let QuoteSetRecord { quote_set, protection, trigger, frozen_until, canceling, trades } = *record;
        require(self.last < Some((of, quote_set)), "quote sets are not in the order of their numbers")?;
        require(protection.is_sound(), "market-maker protection that makes no sense")?;
        let is_protected = protection != MarketMakerProtection::NONE;
        require(is_protected || canceling.is_some(), "a quote set of which there is nothing to know")?;
        let is_pulled = trigger != ProtectionTrigger::None;
        require(is_protected || (!is_pulled && trades == 0), "trades of quotes that are not protected")?;
        require(is_pulled || frozen_until.is_none(), "the end of a frozen time that has not begun")?;
        let Some(index) = engine.participants.place(of) else {
            return Err(SnapshotFault::Unexpected { found: "quote set" });
        };
        let set = QuoteSet::restored(protection, trigger, frozen_until, canceling);
        engine.pool.unfinished.quotes.restore(Place { participant: of, index, set: quote_set }, set);
        (self.last, self.awaited) = (Some((of, quote_set)), trades.into());
        Ok(())
    }

    /// Takes in trades of the quote set that came last.
    pub(super) fn trades(&mut self, record: &QuoteTradesRecord, engine: &mut Engine) -> Checked {
        count("trades of the quote set", &mut self.awaited)?;
        let place = self.last.and_then(|(of, set)| Some((engine.participants.place(of)?, set)));
        let Some((index, set)) = place else {
            return Err(SnapshotFault::Unexpected { found: "trades of a quote set" });
        };
        let fits = engine.pool.unfinished.quotes.entry(index, set).restore(*record);
        require(fits, "impossible trades of a quote set")
    }

    /// Checks that the quote set that came last is whole.
    pub(super) fn end(&self) -> Checked {
        none_missing("trades of a quote set", self.awaited)
    }
}
