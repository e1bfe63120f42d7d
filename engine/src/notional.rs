//! The notional of an order: its open lots, valued at the worst price at which it can trade.
//!
//! An order's own price says little about what it may cost: a buy stop trades wherever the market is when it triggers, and
//! a sell with a limit of 1 gets the best bid. So the prices that count are: the limit; the trigger of a stop order that
//! waits; the price of the last trade, or without a trade the reference price; the best price of the other side; and for
//! an order without a limit that meets the book now, or that only auctions take, the price of the level of the book that would fill
//! it; and for one that an auction may take, the best limit of the other side's orders that only auctions take. What lies beyond the
//! order's limit does not count, as the order cannot trade there. Of all these the one furthest from 0 is taken, since a
//! notional is a price's absolute value times the lots.

use lugus_vocabulary::{InstrumentState, Price, Quantity, RejectReason, Side};

use crate::book::OrderPool;
use crate::instrument::Instrument;
use crate::queues::{Queue, best_price};
use crate::stop_queues::is_reached;

/// Number of price levels that are looked at for an order without a limit. Where these do not fill it, it counts at the
/// instrument's highest price if it buys, at the lowest if it sells.
pub(crate) const MAXIMUM_LEVELS: usize = 1_024;

/// What counts for an order's notional.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Exposure {
    pub(crate) side: Side,
    /// Limit price; `None` for any price.
    pub(crate) limit: Option<Price>,
    /// Trigger of a stop order that has not triggered.
    pub(crate) trigger: Option<Price>,
    /// Lots that are open.
    pub(crate) open: Quantity,
    /// Whether only auctions take the order.
    pub(crate) is_for_auction: bool,
}

impl Exposure {
    /// Checks the notional against a participant's limit.
    #[inline]
    pub(crate) fn check(
        &self,
        maximum: Option<u64>,
        instrument: &Instrument,
        pool: &OrderPool,
    ) -> Result<(), RejectReason> {
        match maximum {
            Some(most) if self.notional(instrument, pool) > u128::from(most) => Err(RejectReason::RiskNotional),
            _ => Ok(()),
        }
    }

    #[cold]
    fn notional(&self, instrument: &Instrument, pool: &OrderPool) -> u128 {
        let Self { side, limit, trigger, open, is_for_auction } = *self;
        let market = instrument.feed.statistics.last.unwrap_or(instrument.definition.reference_price);
        let makers = instrument.book.side(side.opposite());
        let sweeps = limit.is_none() && (is_for_auction || self.meets_book(instrument));
        let swept = if sweeps { self.swept(instrument, pool) } else { None };
        let gathers = is_for_auction || instrument.definition.state == InstrumentState::Auction;
        let for_auctions = if gathers { best_for_auctions(side.opposite(), instrument, pool) } else { None };
        let (mut lowest, mut highest) = (market, market);
        for price in [limit, trigger, makers.best(), swept, for_auctions].into_iter().flatten() {
            (lowest, highest) = (lowest.min(price), highest.max(price));
        }
        match (side, limit) {
            (Side::Buy, Some(limit)) => highest = limit,
            (Side::Sell, Some(limit)) => lowest = limit,
            (_, None) => {}
        }
        u128::from(lowest.0.unsigned_abs().max(highest.0.unsigned_abs())) * u128::from(open.0)
    }

    /// Whether the order comes to the book at once.
    fn meets_book(&self, instrument: &Instrument) -> bool {
        let last = instrument.feed.statistics.last;
        let reached = |trigger| last.is_some_and(|last| is_reached(self.side, trigger, last));
        instrument.definition.state == InstrumentState::Open && self.trigger.is_none_or(reached)
    }

    /// Price of the level that fills the order, or of the last one if all do not; `None` if the other side is empty.
    /// Reserves of icebergs are not counted, so the order may be filled at a better price.
    fn swept(&self, instrument: &Instrument, pool: &OrderPool) -> Option<Price> {
        let definition = &instrument.definition;
        let (mut missing, mut price) = (self.open.0, None);
        let levels = instrument.book.side(self.side.opposite()).levels(&pool.resting);
        for (number, level) in levels.enumerate() {
            if number == MAXIMUM_LEVELS {
                return Some(if self.side == Side::Buy { definition.maximum_price } else { definition.minimum_price });
            }
            price = Some(level.price);
            missing = missing.saturating_sub(level.quantity.0);
            if missing == 0 {
                break;
            }
        }
        price
    }
}

/// The best limit of a side's orders that only auctions take.
fn best_for_auctions(side: Side, instrument: &Instrument, pool: &OrderPool) -> Option<Price> {
    let best = |queue| {
        let levels = instrument.queue(queue, side)?.levels(&pool.resting);
        levels.map(|level| level.price).find(|&price| price != best_price(side))
    };
    let limits = Queue::FOR_AUCTIONS.into_iter().filter_map(best);
    if side == Side::Buy { limits.max() } else { limits.min() }
}
