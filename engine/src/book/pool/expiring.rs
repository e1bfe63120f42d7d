//! The orders of a pool that expire.

use lugus_vocabulary::{EpochNanos, InstrumentId};

use super::OrderPool;
use crate::book::expiry_queue::Expiry;

impl OrderPool {
    /// The next order to expire, whenever that is.
    pub(crate) fn next_expiry(&self) -> Option<Expiry> {
        self.expiry.due(EpochNanos(i64::MAX))
    }

    /// The next order to expire, if its time has come.
    #[inline]
    pub(crate) fn due(&self, now: EpochNanos) -> Option<Expiry> {
        self.expiry.due(now)
    }

    /// Sets the next order to expire aside until [`OrderPool::resume_expiry`] of its instrument.
    pub(crate) fn defer_expiry(&mut self) {
        self.expiry.put_first_aside();
    }

    /// Lets orders of the instrument expire again.
    pub(crate) fn resume_expiry(&mut self, instrument: InstrumentId) {
        let Self { expiry, orders, owners, unfinished, .. } = self;
        unfinished.stir();
        expiry.put_back(instrument, |entry| {
            let order = &orders[entry.slot as usize];
            let is_live = order.leaves.0 > 0 && order.order_id == entry.order_id;
            is_live && owners[order.owner as usize].instrument == instrument
        });
    }

    /// Drops the set-aside list of an instrument that has no orders left.
    pub(crate) fn forget_expiry(&mut self, instrument: InstrumentId) {
        self.expiry.forget(instrument);
    }
}
