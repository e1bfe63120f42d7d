//! Orders that are a side of a quote: trades of them that protection counts, and whether they are being canceled.

use lugus_vocabulary::{EpochNanos, ParticipantId, Quantity};

use super::{Order, OrderPool};

impl OrderPool {
    /// Counts a trade of two orders, with their participants, for the protection of the quotes that they are a side of.
    #[cold]
    #[inline(never)]
    pub(crate) fn count_quotes(&mut self, parties: [(&Order, ParticipantId); 2], quantity: Quantity, now: EpochNanos) {
        for (order, participant) in parties {
            let index = self.participant_of(order.owner);
            let side = (order.client_order_id, order.side);
            self.unfinished.quotes.count((participant, index), side, quantity, now);
        }
    }

    /// Whether an order is a side of a quote, and the quotes of its set are being canceled.
    #[cold]
    pub(crate) fn is_of_canceled_quotes(&self, order: &Order) -> bool {
        self.unfinished.quotes.canceling(self.participant_of(order.owner), order.client_order_id).is_some()
    }
}
