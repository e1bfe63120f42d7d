//! The invariants that hold after every command, checked by a walk through the whole engine: for tests, and for a
//! caller who doubts an engine's state.

use lugus_vocabulary::{InstrumentState, Side};

use crate::book::Instructions;
use crate::engine::Engine;
use crate::instrument::Instrument;
use crate::invariant_error::InvariantError;
use crate::queues::Queue;
use crate::scopes::{NO_INSTRUMENT, Scope};
use crate::stop_queues;

impl Engine {
    /// Checks all that must hold between two commands: books are not crossed while trading is on; levels are the sums of
    /// their orders; no stop order is left that should have triggered; open orders are counted and expire times kept;
    /// priorities, lists, maps and limits hold; sequences have no gaps; and the state hash is that of the instruments.
    /// It takes the time of a walk through everything.
    ///
    /// # Errors
    ///
    /// The first thing that does not hold.
    pub fn verify(&self) -> Result<(), InvariantError> {
        self.pool.verify()?;
        let disconnected =
            self.participants.disconnections.iter().flatten().filter(|disconnection| !disconnection.is_done);
        let noted = self.pool.unfinished.disconnected().len();
        InvariantError::count("participants whose grace time runs", disconnected.count(), noted)?;
        let resting = self.instruments.iter().map(|listed| self.verify_instrument(&listed.instrument));
        InvariantError::count("resting orders", resting.sum::<Result<usize, _>>()?, self.pool.live())?;
        for scope in self.scopes.sorted() {
            self.verify_scope(scope)?;
        }
        let risk = &self.participants.risk;
        let noted = risk.iter().filter(|risk| risk.is_bound == risk.binds()).count();
        InvariantError::count("participants of which is known whether limits bind them", risk.len(), noted)?;
        let (combined, kept) = (self.calculated_hash(), self.kept_hash());
        if combined == kept { Ok(()) } else { Err(InvariantError::Hash { combined, kept }) }
    }

    fn verify_instrument(&self, instrument: &Instrument) -> Result<usize, InvariantError> {
        let (bids, asks) = (instrument.book.side(Side::Buy), instrument.book.side(Side::Sell));
        let id = instrument.definition.instrument;
        // While an instrument is copied ahead of its fence, its orders are of different times; one that has lost its place comes again.
        let fits = self.fits_together(id);
        let state = instrument.definition.state;
        if state == InstrumentState::Open
            && fits
            && let (Some(bid), Some(ask)) = (bids.best(), asks.best())
            && bid >= ask
        {
            return Err(InvariantError::Crossed { instrument: id, bid, ask });
        }
        let resting = &self.pool.resting;
        let mut orders = 0;
        let last = instrument.feed.statistics.last;
        for (kind, side, queue) in instrument.queues() {
            let waits = kind == Queue::Stops;
            orders += queue.verify(resting)?;
            let mut before = None;
            for slot in queue.orders(resting) {
                let (kept, order) = (self.pool.get(slot), self.pool.whole(slot));
                let wrong = |what| Err(InvariantError::Order { order_id: order.order_id, what });
                if self.scopes.get(order.owner).instrument != id {
                    return wrong("is in a book of another instrument");
                }
                if (fits && order.order_id > instrument.last_order_id) || order.leaves > order.quantity {
                    return wrong("has an impossible number or quantity");
                }
                if Queue::of(kept) != kind
                    || order.instructions.has(Instructions::AUCTION) != kind.for_auctions().is_some()
                {
                    return wrong("is in a queue that is not its own");
                }
                let (_, price) = resting.stand(slot);
                if (order.side, kept.price, kept.leaves) != (side, price, resting.open(slot)) {
                    return wrong("is in a level that is not its own, or with other lots than it shows");
                }
                let reached =
                    |last| waits && instrument.due.is_none() && stop_queues::is_reached(order.side, kept.price, last);
                if state == InstrumentState::Open && fits && last.is_some_and(reached) {
                    return wrong("should have triggered");
                }
                if fits && before == Some(order.order_id) {
                    return wrong("is twice in its book");
                }
                before = Some(order.order_id);
            }
        }
        for slot in instrument.elected.orders(&self.pool.elected) {
            let order = self.pool.get(slot);
            if !order.instructions.has(Instructions::ELECTED) || self.scopes.get(order.owner).instrument != id {
                return Err(InvariantError::Order { order_id: order.order_id, what: "is not to be elected here" });
            }
            orders += 1;
        }
        let kept = instrument.trades.last().0;
        if self.is_trading(id) && kept != instrument.last_trade_id.0 {
            let counted = instrument.last_trade_id.0 as usize;
            return Err(InvariantError::Count { what: "trades of an instrument", counted, kept: kept as usize });
        }
        let is_noted = |time| instrument.alarm == Some(time) && self.pool.unfinished.has_alarm(time, id);
        if self.is_trading(id) && instrument.next_alarm().is_some_and(|time| !is_noted(time)) {
            return Err(InvariantError::Count { what: "instruments whose alarm is not noted", counted: 1, kept: 0 });
        }
        if (instrument.auction_end.is_some() || instrument.indicative_due.is_some())
            && state != InstrumentState::Auction
        {
            return Err(InvariantError::Count { what: "ends of auctions that are none", counted: 1, kept: 0 });
        }
        let gathers = matches!(state, InstrumentState::Auction);
        let is_between = matches!(state, InstrumentState::Open | InstrumentState::Closed);
        if (gathers && instrument.auction_type.is_none()) || (is_between && instrument.auction_type.is_some()) {
            return Err(InvariantError::Count { what: "kinds of auctions that are none", counted: 1, kept: 0 });
        }
        let has_work = instrument.has_work(&self.pool) && self.is_trading(id);
        if has_work && self.pool.unfinished.instruments.binary_search(&id).is_err() {
            return Err(InvariantError::Count { what: "instruments with work that is not noted", counted: 1, kept: 0 });
        }
        Ok(orders)
    }

    fn verify_scope(&self, scope: &Scope) -> Result<(), InvariantError> {
        let Scope { participant, instrument, .. } = *scope;
        let wrong = |what| Err(InvariantError::Scope { participant, instrument, what });
        if !self.participants.contains(participant) {
            return wrong("its participant is not known");
        }
        if scope.place != self.instruments.place(instrument).unwrap_or(NO_INSTRUMENT) {
            return wrong("its instrument is at another place");
        }
        if self.scopes.firms.firm_at(scope.firm) != self.participants.firms.of(participant) {
            return wrong("its events go to another firm than its participant's");
        }
        if scope.retained.len() > self.limits.retained_events {
            return wrong("keeps too many events");
        }
        let (mut event_sequence, mut applied) = (scope.first_retained(), scope.retained.lost().applied);
        for kept in scope.kept() {
            let report = &kept.report;
            if report.event_sequence != event_sequence {
                return wrong("its events have a gap");
            }
            if kept.applied < applied || kept.applied > scope.last_client_sequence {
                return wrong("its events are not in the order of its commands");
            }
            if report.participant != participant || report.instrument != instrument {
                return wrong("keeps an event of another scope");
            }
            (event_sequence.0, applied) = (event_sequence.0 + 1, kept.applied);
        }
        Ok(())
    }
}
