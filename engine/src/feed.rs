//! The numbers and statistics of an instrument's market data.

use lugus_vocabulary::{InstrumentId, MarketDataSequence, Statistics};

/// Numbers an instrument's increments, and keeps its statistics.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Feed {
    pub(crate) instrument: InstrumentId,
    /// Number of the last increment.
    pub(crate) sequence: MarketDataSequence,
    pub(crate) statistics: Statistics,
}

impl Feed {
    /// No increment yet.
    pub(crate) fn new(instrument: InstrumentId) -> Self {
        Self { instrument, sequence: MarketDataSequence(0), statistics: Statistics::default() }
    }
}
