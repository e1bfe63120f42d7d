//! How much an engine holds.

use crate::book::MAXIMUM_ORDERS;

/// How much an engine holds. The limits are a part of its behaviour: all members of a cluster must have the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EngineLimits {
    /// Number of instruments that can be defined; 1,024 by default.
    pub instruments: usize,
    /// Number of participants that can send a command; 4,096 by default. The operator is not counted: there is always
    /// room for it.
    pub participants: usize,
    /// Number of live orders of all instruments together; 1,048,576 by default. Memory for all of them (110 to 190 bytes
    /// each, and 60 more for orders with terms: icebergs, stop orders, and orders that expire) is reserved at once, and
    /// touched when it is used.
    pub orders: usize,
    /// Number of newest events kept of each scope; 4,096 by default. Memory for them (64 or 112 bytes each) is
    /// allocated as they come.
    pub retained_events: usize,
    /// Number of newest events kept of each firm; 16,384 by default. Memory for them (80 or 128 bytes each) is allocated as they
    /// come.
    pub retained_firm_events: usize,
    /// Number of newest trades kept of each instrument, for the operator to cancel or correct; 4,096 by default. Memory for
    /// them (80 bytes each) is allocated as they come.
    pub retained_trades: usize,
    /// Number of steps that a command takes at most before it is executed, and as many again while it is; 4,096 by
    /// default. A step is a trade, or an order that expires, is canceled in bulk or triggers. What is left goes on with the
    /// commands and timers that follow.
    pub steps: usize,
}

impl Default for EngineLimits {
    fn default() -> Self {
        Self {
            instruments: 1_024,
            participants: 4_096,
            orders: 1 << 20,
            retained_events: 4_096,
            retained_firm_events: 16_384,
            retained_trades: 4_096,
            steps: 4_096,
        }
    }
}

impl EngineLimits {
    /// The same limits, each lowered to what 32-bit handles can number.
    pub(crate) fn within_handles(self) -> Self {
        Self {
            instruments: self.instruments.min(MAXIMUM_ORDERS),
            participants: self.participants.min(MAXIMUM_ORDERS),
            orders: self.orders.min(MAXIMUM_ORDERS),
            retained_events: self.retained_events.min(MAXIMUM_ORDERS),
            retained_firm_events: self.retained_firm_events.min(MAXIMUM_ORDERS),
            retained_trades: self.retained_trades.min(MAXIMUM_ORDERS),
            steps: self.steps.clamp(1, 1 << 20),
        }
    }
}
