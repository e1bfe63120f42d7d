//! Whether an order could trade whole at once: what fill-or-kill orders ask before they trade.

use lugus_vocabulary::{Price, SelfTradePrevention, Side};

use crate::book::{Instructions, Order, OrderPool};
use crate::instrument::Instrument;

/// Whether the book can fill all of `taker`, with what it shows and with the reserves of icebergs, and without a trade
/// that the taker's self-trade prevention would prevent. Walks through the orders that the taker would trade with.
pub(crate) fn is_fillable(taker: &Order, instrument: &Instrument, pool: &OrderPool) -> bool {
    let makers = instrument.book.side(taker.side.opposite());
    let prevention = taker.instructions.self_trade_prevention();
    let mut wanted = taker.leaves.0;
    // Reserves of the level's icebergs: they trade after all that the level shows.
    let (mut level, mut reserve) = (None, 0_u64);
    for slot in makers.orders(&pool.resting) {
        let maker = pool.get(slot);
        if level != Some(maker.price) {
            wanted = wanted.saturating_sub(reserve);
            (level, reserve) = (Some(maker.price), 0);
            if !taker.limit().is_none_or(|limit| reaches(taker.side, limit, maker.price)) {
                return wanted == 0;
            }
        }
        if wanted == 0 {
            return true;
        }
        if maker.owner == taker.owner {
            match prevention {
                SelfTradePrevention::None => {}
                SelfTradePrevention::CancelOldest => continue,
                _ => return false,
            }
        }
        wanted = wanted.saturating_sub(maker.leaves.0);
        if maker.instructions.has(Instructions::ICEBERG) {
            reserve = reserve.saturating_add(pool.terms(slot).reserve.0);
        }
    }
    wanted <= reserve
}

/// Whether an order of this side with this limit trades at `price`.
fn reaches(side: Side, limit: Price, price: Price) -> bool {
    match side {
        Side::Buy => price <= limit,
        Side::Sell => price >= limit,
    }
}
