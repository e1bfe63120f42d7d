//! What [`crate::Engine::verify`] finds if the engine has a fault.

use lugus_vocabulary::{InstrumentId, OrderId, ParticipantId, Price, Side, StateHash};

/// An invariant that does not hold: a fault of the engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvariantError {
    /// Bids and asks would trade with each other.
    #[error("instrument {}: best bid {} is not below best ask {}", instrument.0, bid.0, ask.0)]
    Crossed {
        /// The book's instrument.
        instrument: InstrumentId,
        /// The best bid.
        bid: Price,
        /// The best ask.
        ask: Price,
    },
    /// A price level is wrong.
    #[error("{side:?} level {} {what}", price.0)]
    Level {
        /// The level's side.
        side: Side,
        /// The level's price.
        price: Price,
        /// What is wrong.
        what: &'static str,
    },
    /// An order is wrong.
    #[error("order {} {what}", order_id.0)]
    Order {
        /// The order.
        order_id: OrderId,
        /// What is wrong.
        what: &'static str,
    },
    /// A scope is wrong.
    #[error("scope of participant {} in instrument {}: {what}", participant.0, instrument.0)]
    Scope {
        /// The scope's participant.
        participant: ParticipantId,
        /// The scope's instrument.
        instrument: InstrumentId,
        /// What is wrong.
        what: &'static str,
    },
    /// Two numbers that must be equal are not.
    #[error("{what}: {counted} counted, but {kept} kept")]
    Count {
        /// What was counted.
        what: &'static str,
        /// The number that the walk found.
        counted: usize,
        /// The number that the engine keeps.
        kept: usize,
    },
    /// The state hash that is kept is not the one calculated from the instruments.
    #[error("state hash: the instruments give {:#x}, but {:#x} is kept", combined.0, kept.0)]
    Hash {
        /// The hash that the walk found.
        combined: StateHash,
        /// The hash that the engine keeps.
        kept: StateHash,
    },
}

impl InvariantError {
    /// An error unless the two numbers are equal.
    pub(crate) fn count(what: &'static str, counted: usize, kept: usize) -> Result<(), Self> {
        if counted == kept { Ok(()) } else { Err(Self::Count { what, counted, kept }) }
    }
}
