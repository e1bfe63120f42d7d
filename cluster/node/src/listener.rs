//! Who hears what the log does to the engine: what reads an archived log. Members have no listener.

use std::cell::RefCell;
use std::rc::Rc;

use lugus_vocabulary::{
    Command, ConnectionChange, EpochNanos, LogPosition, MarketData, MigrationRequest, Reply, Report,
};

/// What changes the engine's state.
#[derive(Debug, Clone, Copy)]
pub enum Change<'a> {
    /// A participant's command.
    Command(&'a Command),
    /// An operator's step of a migration.
    Migration(&'a MigrationRequest<&'a [u8]>),
    /// A timer of the cluster, by which the engine goes on without a command.
    Timer,
    /// A participant that had asked for cancel on disconnect has no session any more, or has one again.
    Connection(&'a ConnectionChange),
}

/// Hears of each change before the engine makes it, and then what the engine tells of it.
pub trait ServiceListener {
    /// The engine makes this change next. `position` is that of the log after the change, `now` the log's time.
    fn change(&mut self, position: LogPosition, now: EpochNanos, change: Change<'_>);

    /// The engine tells a participant of this event.
    fn report(&mut self, report: &Report) {
        let _ = report;
    }

    /// The engine answers the sender of the message at hand.
    fn reply(&mut self, reply: &Reply) {
        let _ = reply;
    }

    /// The market changes in this way. Called only if [`ServiceListener::wants_market_data`].
    fn market_data(&mut self, increment: &MarketData) {
        let _ = increment;
    }

    /// Whether the listener takes increments of market data.
    fn wants_market_data(&self) -> bool {
        false
    }
}

/// A listener that its owner looks at between two events of the log.
impl<L: ServiceListener> ServiceListener for Rc<RefCell<L>> {
    #[inline]
    fn change(&mut self, position: LogPosition, now: EpochNanos, change: Change<'_>) {
        self.borrow_mut().change(position, now, change);
    }

    #[inline]
    fn report(&mut self, report: &Report) {
        self.borrow_mut().report(report);
    }

    fn reply(&mut self, reply: &Reply) {
        self.borrow_mut().reply(reply);
    }

    #[inline]
    fn market_data(&mut self, increment: &MarketData) {
        self.borrow_mut().market_data(increment);
    }

    fn wants_market_data(&self) -> bool {
        self.borrow().wants_market_data()
    }
}
