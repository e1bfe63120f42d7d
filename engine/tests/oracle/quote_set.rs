//! A quote set of a participant, with what has traded of it.

use lugus_vocabulary::*;

/// A quote set of a participant.
#[derive(Default)]
pub(super) struct QuoteSet {
    pub(super) protection: MarketMakerProtection,
    /// What has traded since the protection was set or reset: time, number of trades, lots bought and sold.
    pub(super) trades: Vec<(i64, u32, u64, u64)>,
    pub(super) trigger: ProtectionTrigger,
    pub(super) frozen_until: Option<i64>,
}

impl QuoteSet {
    pub(super) fn sums(&self) -> (u64, i128, i128) {
        self.trades.iter().fold((0, 0, 0), |sums, trade| {
            (sums.0 + u64::from(trade.1), sums.1 + i128::from(trade.2), sums.2 + i128::from(trade.3))
        })
    }

    /// What was pulled is taken again once the frozen time is over.
    pub(super) fn thaw(&mut self, now: i64) {
        if self.trigger != ProtectionTrigger::None && self.frozen_until.is_some_and(|until| until <= now) {
            self.release();
        }
    }

    pub(super) fn release(&mut self) {
        *self = Self { protection: self.protection, ..Self::default() };
    }
}
