//! What must hold after every command, checked by a walk through all of the engine: for tests, and for who doubts.

use lugus_vocabulary::{InstrumentId, InstrumentState, OrderId, ParticipantId, Price, Side, StateHash};

use crate::book::Instructions;
use crate::engine::{Engine, NOWHERE};
use crate::instrument::Instrument;
use crate::sequences::Scope;
use crate::stops;

/// An invariant that does not hold: a fault of the engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvariantError {
    /// Bids and asks would trade with each other.
    #[error("instrument {}: best bid {} is not below best ask {}", instrument.0, bid.0, ask.0)]
    Crossed {
        /// Which book.
        instrument: InstrumentId,
        /// Its best bid.
        bid: Price,
        /// Its best ask.
        ask: Price,
    },
    /// A price level is wrong.
    #[error("{side:?} level {} {what}", price.0)]
    Level {
        /// Of which side.
        side: Side,
        /// Its price.
        price: Price,
        /// What is wrong.
        what: &'static str,
    },
    /// An order is wrong.
    #[error("order {} {what}", order_id.0)]
    Order {
        /// Which.
        order_id: OrderId,
        /// What is wrong.
        what: &'static str,
    },
    /// A scope is wrong.
    #[error("scope of participant {} in instrument {}: {what}", participant.0, instrument.0)]
    Scope {
        /// Whose.
        participant: ParticipantId,
        /// In which instrument.
        instrument: InstrumentId,
        /// What is wrong.
        what: &'static str,
    },
    /// Two numbers that must be equal are not.
    #[error("{what}: counted {counted}, kept {kept}")]
    Count {
        /// Of what.
        what: &'static str,
        /// As the walk found it.
        counted: usize,
        /// As the engine has it.
        kept: usize,
    },
    /// The combined hash is not that of the instruments.
    #[error("state hash: combined {:#x} of the instruments, kept {:#x}", combined.0, kept.0)]
    Hash {
        /// As the walk found it.
        combined: StateHash,
        /// As the engine has it.
        kept: StateHash,
    },
}

impl InvariantError {
    /// An error unless they are equal.
    pub(crate) fn count(what: &'static str, counted: usize, kept: usize) -> Result<(), Self> {
        if counted == kept { Ok(()) } else { Err(Self::Count { what, counted, kept }) }
    }
}

impl Engine {
    /// Checks all that must hold between two commands: books uncrossed where trading is on, levels equal to the sums of their
    /// orders, no stop order that should have triggered, open orders counted, expire times kept, priority, lists, maps, limits, gapless sequences, and hashes. Takes the time of a walk through everything.
    ///
    /// # Errors
    ///
    /// The first thing that does not hold.
    pub fn verify(&self) -> Result<(), InvariantError> {
        self.pool.verify()?;
        let resting = self.instruments.iter().map(|listed| self.verify_instrument(&listed.instrument));
        InvariantError::count("resting orders", resting.sum::<Result<usize, _>>()?, self.pool.live())?;
        for scope in self.scopes.sorted() {
            self.verify_scope(scope)?;
        }
        let (combined, kept) = (self.combine_hashes(), self.state_hash());
        if combined == kept { Ok(()) } else { Err(InvariantError::Hash { combined, kept }) }
    }

    fn verify_instrument(&self, instrument: &Instrument) -> Result<usize, InvariantError> {
        let (bids, asks) = (instrument.book.side(Side::Buy), instrument.book.side(Side::Sell));
        let id = instrument.definition.instrument;
        let state = instrument.definition.state;
        if !matches!(state, InstrumentState::Auction | InstrumentState::Halted)
            && let (Some(bid), Some(ask)) = (bids.best(), asks.best())
            && bid >= ask
        {
            return Err(InvariantError::Crossed { instrument: id, bid, ask });
        }
        let (buys, sells) = (instrument.stops.side(Side::Buy), instrument.stops.side(Side::Sell));
        let queues =
            [(bids, Side::Buy, false), (asks, Side::Sell, false), (buys, Side::Buy, true), (sells, Side::Sell, true)];
        let resting = &self.pool.resting;
        let mut orders = 0;
        let last = instrument.feed.statistics.last;
        for (queue, side, waits) in queues {
            orders += queue.verify(resting)?;
            let mut before = None;
            for slot in queue.orders(resting) {
                let (kept, order) = (self.pool.get(slot), self.pool.whole(slot));
                let wrong = |what| Err(InvariantError::Order { order_id: order.order_id, what });
                if self.scopes.get(order.owner).instrument != id {
                    return wrong("is in a book of another instrument");
                }
                if order.order_id > instrument.last_order_id || order.leaves > order.quantity {
                    return wrong("has an impossible number or quantity");
                }
                if order.instructions.has(Instructions::WAITING) != waits {
                    return wrong("waits in the book, or does not wait among the stop orders");
                }
                let (_, price) = resting.stand(slot);
                if (order.side, kept.price, kept.leaves) != (side, price, resting.open(slot)) {
                    return wrong("is in a level that is not its own, or with other lots than it shows");
                }
                let reached = |last| waits && stops::is_reached(order.side, kept.price, last);
                if state == InstrumentState::Open && last.is_some_and(reached) {
                    return wrong("should have triggered");
                }
                if before == Some(order.order_id) {
                    return wrong("is twice in its book");
                }
                before = Some(order.order_id);
            }
        }
        if instrument.reached.is_some() {
            return Err(InvariantError::Count { what: "trades not looked at by stop orders", counted: 1, kept: 0 });
        }
        if state == InstrumentState::Closed {
            InvariantError::count("orders of a closed instrument", orders, 0)?;
        }
        Ok(orders)
    }

    fn verify_scope(&self, scope: &Scope) -> Result<(), InvariantError> {
        let Scope { participant, instrument, .. } = *scope;
        let wrong = |what| Err(InvariantError::Scope { participant, instrument, what });
        if !self.participants.contains(participant) {
            return wrong("its participant is not known");
        }
        if scope.place != self.instrument_index.get(u64::from(instrument.0)).unwrap_or(NOWHERE) {
            return wrong("its instrument is at another place");
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
