//! Commands about quotes, which are numbered in the participant's own scope: mass quotes of several instruments, cancels of
//! quotes, and market-maker protection; and how quotes end that protection has pulled or a cancel was for.
//!
//! Which quotes are meant is decided at once: none of them trades any more. They are ended by bounded steps, by participant, set,
//! instrument and side, like all that goes on without a command (`work`); until then their set takes no quotes.

use lugus_vocabulary::{
    Action, ByEntry, EpochNanos, InstrumentId, MarketMakerProtection, MassQuote, MassQuoteAcknowledgement, QuoteCancel,
    QuoteEntry, QuoteResult, QuoteSetId, QuoteStatusReport, RejectReason, ReportBody, Side,
};

use crate::book::{Place, QuoteSet, QuotesCanceled, Slot};
use crate::ended;
use crate::engine::Engine;
use crate::event_sink::EventSink;
use crate::execution;
use crate::instruments::Listed;
use crate::migration::migration_states::Availability;
use crate::participants::Participants;
use crate::quoting;
use crate::reporter::Reporter;
use crate::scopes::ScopeIndex;

const SIDES: [Side; 2] = [Side::Buy, Side::Sell];

impl Engine {
    /// Executes a command about quotes; returns the answer. Reports of orders come before it.
    ///
    /// # Errors
    /// The reason why nothing was done.
    pub(crate) fn execute_quotes(
        &mut self,
        now: EpochNanos,
        scope: ScopeIndex,
        action: &Action,
        sink: &mut impl EventSink,
    ) -> Result<ReportBody, RejectReason> {
        let index = self.pool.participant_of(scope);
        let place = |set| Place { participant: self.scopes.get(scope).participant, index, set };
        match action {
            Action::MassQuote(quote) => {
                Ok(ReportBody::MassQuote(self.mass_quote(now, place(quote.quote_set), quote, sink)))
            }
            Action::QuoteCancel(cancel) => {
                let of = place(QuoteSetId::default());
                self.admit_cancel_of(scope, now)?;
                self.quote_cancel(now, of, *cancel, sink).map(ReportBody::QuoteStatus)
            }
            Action::SetMarketMakerProtection { quote_set, protection } => {
                self.set_market_maker_protection(index, *quote_set, *protection)
            }
            Action::ResetMarketMakerProtection { quote_set } => {
                self.pool.unfinished.quotes.reset(index, *quote_set);
                Ok(self.protection_report(index, *quote_set))
            }
            _ => Err(RejectReason::NotAuthorised),
        }
    }

    fn set_market_maker_protection(
        &mut self,
        index: u32,
        set: QuoteSetId,
        protection: MarketMakerProtection,
    ) -> Result<ReportBody, RejectReason> {
        if !protection.is_sound() {
            return Err(RejectReason::InvalidProtection);
        }
        self.pool.unfinished.quotes.protect(index, set, protection);
        Ok(self.protection_report(index, set))
    }

    fn protection_report(&self, index: u32, set: QuoteSetId) -> ReportBody {
        ReportBody::MarketMakerProtection(QuoteSet::report(self.pool.unfinished.quotes.get(index, set), set))
    }

    fn mass_quote(
        &mut self,
        now: EpochNanos,
        place: Place,
        quote: &MassQuote,
        sink: &mut impl EventSink,
    ) -> MassQuoteAcknowledgement {
        let MassQuote { quote_id, quote_set, entries, .. } = quote;
        let mut results = ByEntry::default();
        for (at, entry) in entries.iter().enumerate() {
            let instrument = entry.instrument;
            let is_twice = entries[..at].iter().any(|before| before.instrument == instrument);
            let done =
                if is_twice { Err(RejectReason::DuplicateQuote) } else { self.quote(now, place, quote, entry, sink) };
            let reason = done.err().unwrap_or_default();
            // There is one for each entry, so there is room.
            let _ = results.push(QuoteResult { instrument, reason });
        }
        MassQuoteAcknowledgement { quote_id: *quote_id, quote_set: *quote_set, results }
    }

    /// Does what an entry of a mass quote asks for.
    fn quote(
        &mut self,
        now: EpochNanos,
        place: Place,
        quote: &MassQuote,
        entry: &QuoteEntry,
        sink: &mut impl EventSink,
    ) -> Result<(), RejectReason> {
        let listed = self.instruments.find(entry.instrument).ok_or(RejectReason::UnknownInstrument)?;
        match listed.availability {
            Availability::Trading => {}
            Availability::Fenced => return Err(RejectReason::InstrumentState),
            Availability::Unavailable => return Err(RejectReason::UnknownInstrument),
        }
        let Participants { risk, firms, .. } = &mut self.participants;
        let risk = &mut risk[place.index as usize];
        let is_withdrawn = SIDES.iter().all(|&side| entry.side(side).is_none());
        if is_withdrawn {
            risk.admit_cancel(now, firms)?;
        } else {
            risk.admit(now, firms)?;
            if let Some(reason) = self.pool.unfinished.quotes.refusal(place.index, place.set, now) {
                return Err(reason);
            }
        }
        let known = self.scopes.find(place.participant, entry.instrument);
        let owner = match known {
            Some(owner) => owner,
            None if is_withdrawn => return Ok(()),
            None => self.take_in(self.scopes.new_scope(place.participant, entry.instrument)),
        };
        let at = self.scopes.get(owner).place;
        let Listed { instrument, hash, .. } = self.instruments.touch(at);
        let pool = &mut self.pool;
        let reporter = &mut Reporter::of_quote(now, &mut self.scopes, hash, owner, sink);
        if pool.is_doubtful() {
            let sides = SIDES.map(|side| place.set.client_order_id(side));
            ended::end_named_and_best(&sides, instrument, pool, reporter);
        }
        // What has ended by now takes no room.
        let Participants { risk, firms, .. } = &self.participants;
        let allowed = risk[place.index as usize].allowed(place.index, firms, pool);
        quoting::quote(entry, quote, place, &allowed.limits, instrument, pool, reporter)
            .map_err(|reason| allowed.reason(reason))
    }

    /// Cancels quotes: those of one instrument at once; those of all as far as the command has steps left.
    fn quote_cancel(
        &mut self,
        now: EpochNanos,
        of: Place,
        cancel: QuoteCancel,
        sink: &mut impl EventSink,
    ) -> Result<QuoteStatusReport, RejectReason> {
        let mut report = QuoteStatusReport { canceled: cancel, affected: 0, moving: 0 };
        let sets = || QuoteSetId::all().filter(|&set| cancel.quote_set.is_none_or(|only| only == set));
        if cancel.instrument != InstrumentId::NONE {
            match self.instruments.find(cancel.instrument).map(|listed| listed.availability) {
                Some(Availability::Trading) => {}
                Some(Availability::Fenced) => return Err(RejectReason::InstrumentState),
                _ => return Err(RejectReason::UnknownInstrument),
            }
            // They are few, so that they need no steps.
            let Some(owner) = self.scopes.find(of.participant, cancel.instrument) else { return Ok(report) };
            for (set, side) in sets().flat_map(|set| SIDES.map(|side| (set, side))) {
                if let Some(slot) = self.pool.find(owner, set.client_order_id(side)) {
                    self.end_quote(now, slot, RejectReason::None, sink);
                    report.affected += 1;
                }
            }
            return Ok(report);
        }
        for set in sets() {
            let mut orders = 0;
            for listed in self.instruments.iter() {
                let id = listed.instrument.definition.instrument;
                let Some(owner) = self.scopes.find(of.participant, id) else { continue };
                let is_there = |side: &Side| self.pool.find(owner, set.client_order_id(*side)).is_some();
                let own = SIDES.iter().filter(|side| is_there(side)).count() as u32;
                match listed.availability {
                    Availability::Trading => orders += own,
                    Availability::Fenced => report.moving += u32::from(own > 0),
                    Availability::Unavailable => {}
                }
            }
            if orders > 0 {
                report.affected += orders;
                self.pool.unfinished.quotes.cancel(Place { set, ..of }, RejectReason::None, false);
            }
        }
        Ok(report)
    }

    /// Tells participants that protection has pulled their quotes, and ends quotes that are being canceled, as far as the command at
    /// hand has steps left.
    #[cold]
    #[inline(never)]
    pub(crate) fn continue_quote_cancels(&mut self, now: EpochNanos, sink: &mut impl EventSink) {
        self.pool.unfinished.stir();
        for at in 0..self.pool.unfinished.quotes.cancels.len() {
            let canceled = &mut self.pool.unfinished.quotes.cancels[at];
            let Place { participant, index, set } = canceled.place;
            if !std::mem::take(&mut canceled.is_to_be_told) {
                continue;
            }
            let body = self.protection_report(index, set);
            let scope = self.participant_scope(participant);
            Reporter::unprompted(now, &mut self.scopes, &mut self.participants_hash, sink).tell_maker(scope, body);
        }
        let mut has_walked = false;
        while let Some(&QuotesCanceled { place, .. }) = self.pool.unfinished.quotes.cancels.first() {
            // The walk through the instruments counts, but for the first one.
            if std::mem::replace(&mut has_walked, true) {
                self.pool.unfinished.look();
            }
            if self.pool.unfinished.steps == 0 || !self.end_quotes(now, place, sink) {
                return;
            }
            self.pool.unfinished.quotes.end_cancel(place);
        }
    }

    /// Ends the quotes of a set in all instruments that take commands. Returns whether none is left.
    fn end_quotes(&mut self, now: EpochNanos, place: Place, sink: &mut impl EventSink) -> bool {
        let canceling = self.pool.unfinished.quotes.get(place.index, place.set).and_then(|set| set.canceling);
        let Some(reason) = canceling else { return true };
        for rank in 0..self.instruments.len() {
            let Some(listed) = self.instruments.ranked(rank) else { continue };
            let id = listed.instrument.definition.instrument;
            let owner = self.scopes.find(place.participant, id);
            let Some(owner) = owner.filter(|_| listed.availability == Availability::Trading) else { continue };
            for side in SIDES {
                let Some(slot) = self.pool.find(owner, place.set.client_order_id(side)) else { continue };
                if !self.pool.unfinished.step() {
                    return false;
                }
                self.end_quote(now, slot, reason, sink);
            }
        }
        true
    }

    /// Ends a side of a quote in an instrument that takes commands.
    fn end_quote(&mut self, now: EpochNanos, slot: Slot, reason: RejectReason, sink: &mut impl EventSink) {
        let owner = self.pool.get(slot).owner;
        let Listed { instrument, hash, .. } = self.instruments.touch(self.scopes.get(owner).place);
        let reporter = &mut Reporter::unprompted(now, &mut self.scopes, hash, sink);
        let order = instrument.end(self.pool.found(slot), &mut self.pool, reporter);
        reporter.tell_maker(order.owner, execution::canceled(&order, reason));
    }

    /// Notes quotes that protection has pulled while their instrument took no commands because it moved: now it takes some again,
    /// here or in the cluster that it has come from.
    pub(crate) fn note_pulled_quotes(&mut self, id: InstrumentId) {
        for index in 0..self.participants.len() as u32 {
            let Some(participant) = self.participants.id(index as usize) else { continue };
            let Some(owner) = self.scopes.find(participant, id) else { continue };
            for set in QuoteSetId::all() {
                let is_there = |side: &Side| self.pool.find(owner, set.client_order_id(*side)).is_some();
                let is_pulled = self.pool.unfinished.quotes.get(index, set).is_some_and(QuoteSet::is_pulled);
                if is_pulled && SIDES.iter().any(is_there) {
                    let place = Place { participant, index, set };
                    self.pool.unfinished.quotes.cancel(place, RejectReason::MarketMakerProtection, false);
                }
            }
        }
    }
}
