//! Where the engine puts what it tells.

use lugus_vocabulary::{MarketData, Reply, Report};

/// Takes what [`crate::Engine`] tells, in order. Everything is borrowed for the call: what must last is copied.
pub trait EventSink {
    /// An event: for its participant, now and in answer to each `Resume`.
    fn report(&mut self, report: &Report);
    /// An answer to the sender of the command or request at hand, which changed nothing.
    fn reply(&mut self, reply: &Reply);
    /// A change of the market, as anyone may see it. Called only if [`EventSink::wants_market_data`].
    fn market_data(&mut self, market_data: &MarketData) {
        let _ = market_data;
    }
    /// Whether increments of market data are made. Their numbers go on without that.
    fn wants_market_data(&self) -> bool {
        false
    }
}
