//! Where the engine puts the events, replies and market data that commands cause.

use lugus_vocabulary::{FirmEvent, FirmReply, MarketData, Reply, Report};

/// Takes what [`crate::Engine`] tells, in order. Everything is borrowed for the call: the sink copies what it keeps.
pub trait EventSink {
    /// An event for its participant: told now, and told again in answer to `Resume`.
    fn report(&mut self, report: &Report);
    /// An answer to the sender of the command or request at hand, which has changed nothing.
    fn reply(&mut self, reply: &Reply);
    /// The event that was told last, with its number among those of its participant's firm.
    fn firm_event(&mut self, event: &FirmEvent) {
        let _ = event;
    }
    /// An answer to who asks for the events of a firm.
    fn firm_reply(&mut self, reply: &FirmReply) {
        let _ = reply;
    }
    /// An increment of market data. Called only if [`EventSink::wants_market_data`].
    fn market_data(&mut self, market_data: &MarketData) {
        let _ = market_data;
    }
    /// Whether the sink takes increments of market data. They are numbered in either case.
    fn wants_market_data(&self) -> bool {
        false
    }
}
