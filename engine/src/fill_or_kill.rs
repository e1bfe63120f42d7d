//! Whether an order could trade whole at once: what fill-or-kill orders ask before they trade.
//!
//! A fill-or-kill order must trade within one command, so it makes no more trades than a command takes steps
//! ([`crate::EngineLimits::steps`]): where that many orders do not fill it, it is refused, however many there are. Levels are
//! summed up; single orders are looked at only where their sum says too little: where own orders are not to trade, where
//! orders are over, and where icebergs hold more than they show. So the answer takes as many looks as a command takes steps.

use lugus_vocabulary::{Price, SelfTradePrevention, Side};

use crate::book::{Instructions, Order, OrderPool};
use crate::instrument::Instrument;

/// Whether the book can fill all of `taker`, with what it shows and with the reserves of icebergs, without a trade
/// that the taker's self-trade prevention would prevent, and with no more trades than a command takes steps.
pub(crate) fn is_fillable(taker: &Order, instrument: &Instrument, pool: &OrderPool) -> bool {
    let looks_at_orders = taker.instructions.self_trade_prevention() != SelfTradePrevention::None
        || pool.is_doubtful()
        || pool.has_icebergs();
    if looks_at_orders { orders_fill(taker, instrument, pool) } else { levels_fill(taker, instrument, pool) }
}

/// The same where every order trades with all that it shows, and shows all that it has.
fn levels_fill(taker: &Order, instrument: &Instrument, pool: &OrderPool) -> bool {
    let makers = instrument.book.side(taker.side.opposite());
    let (mut wanted, mut trades) = (taker.leaves.0, pool.unfinished.limit);
    for level in makers.levels(&pool.resting) {
        if !reaches(taker, level.price) {
            return false;
        }
        if level.quantity.0 >= wanted {
            // Orders of the level are counted only if there could be too many.
            return level.orders <= trades
                || makers.orders_at(level.price, &pool.resting).take(trades as usize).any(|slot| {
                    wanted = wanted.saturating_sub(pool.get(slot).leaves.0);
                    wanted == 0
                });
        }
        wanted -= level.quantity.0;
        let Some(left) = trades.checked_sub(level.orders) else { return false };
        trades = left;
        if trades == 0 {
            return false;
        }
    }
    false
}

/// The same by a walk through the orders that the taker would meet.
fn orders_fill(taker: &Order, instrument: &Instrument, pool: &OrderPool) -> bool {
    let makers = instrument.book.side(taker.side.opposite());
    let prevention = taker.instructions.self_trade_prevention();
    let doubtful = pool.is_doubtful();
    let mut wanted = taker.leaves.0;
    // Steps that are left for trades, and for orders that are met without one.
    let mut steps = u64::from(pool.unfinished.limit);
    // Reserves of the level's icebergs, which trade after all that the level shows, and their parts.
    let (mut level, mut reserve, mut parts) = (None, 0_u64, 0_u64);
    for slot in makers.orders(&pool.resting) {
        let maker = pool.get(slot);
        if level != Some(maker.price) {
            if wanted <= reserve {
                return parts <= steps;
            }
            (wanted, steps) = (wanted - reserve, steps.saturating_sub(parts));
            (level, reserve, parts) = (Some(maker.price), 0, 0);
            if !reaches(taker, maker.price) {
                return false;
            }
        }
        if steps == 0 {
            return false;
        }
        steps -= 1;
        if doubtful && pool.over(slot).is_some() {
            continue;
        }
        if pool.is_own(maker.owner, taker.owner) {
            match prevention {
                SelfTradePrevention::None => {}
                SelfTradePrevention::CancelOldest => continue,
                _ => return false,
            }
        }
        wanted = wanted.saturating_sub(maker.leaves.0);
        if wanted == 0 {
            return true;
        }
        if maker.instructions.has(Instructions::ICEBERG) {
            let terms = pool.terms(slot);
            reserve = reserve.saturating_add(terms.reserve.0);
            parts += terms.reserve.0.div_ceil(terms.display.0);
        }
    }
    wanted <= reserve && parts <= steps
}

/// Whether the order trades at `price`.
fn reaches(taker: &Order, price: Price) -> bool {
    taker.limit().is_none_or(|limit| match taker.side {
        Side::Buy => price <= limit,
        Side::Sell => price >= limit,
    })
}
