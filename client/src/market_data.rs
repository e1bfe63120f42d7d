//! The book as anyone may see it.

use crate::units::{EpochNanos, InstrumentId, Price, Quantity};

/// Most price levels of a side in one [`Book`].
pub const MAXIMUM_DEPTH: u16 = 256;

/// The book of an instrument when the request came up in the log.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Book {
    /// The asker's number.
    pub request_id: u64,
    /// Log time.
    pub time: EpochNanos,
    /// Which instrument.
    pub instrument: InstrumentId,
    /// Buyers' levels, best first.
    pub bids: Vec<Level>,
    /// Sellers' levels, best first.
    pub offers: Vec<Level>,
}

impl Book {
    /// An empty book with room for [`MAXIMUM_DEPTH`] levels a side.
    pub(crate) fn with_room() -> Self {
        let room = || Vec::with_capacity(usize::from(MAXIMUM_DEPTH));
        Self { bids: room(), offers: room(), ..Self::default() }
    }
}

/// All orders at one price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Level {
    /// Ticks.
    pub price: Price,
    /// Lots of all of them, as shown.
    pub quantity: Quantity,
    /// How many there are.
    pub orders: u32,
}
