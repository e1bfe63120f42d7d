//! An order meets the book: price-time priority, at the resting order's price.

use crate::book::{Order, OrderPool};
use crate::event::{EventSink, Liquidity};
use crate::execution;
use crate::instrument::Instrument;
use crate::sequences::Reporter;
use crate::units::{Quantity, TradeId};

/// Trades `taker`, which is in no level, with the best of the other side as far as its limit and quantity go. What is
/// left of it is the caller's.
pub(crate) fn take<S: EventSink>(
    taker: &mut Order,
    instrument: &mut Instrument,
    pool: &mut OrderPool,
    reporter: &mut Reporter<'_, S>,
) {
    let limit = taker.limit();
    let makers = instrument.book.side_mut(taker.side.opposite());
    while taker.leaves.0 > 0
        && let Some((price, slot)) = makers.next_to_trade(limit, &pool.resting)
    {
            instrument.last_trade_id = TradeId(instrument.last_trade_id.0 + 1);
            let maker = pool.get_mut(slot);
            let quantity = Quantity(taker.leaves.0.min(maker.leaves.0));
            taker.leaves.0 -= quantity.0;
            maker.leaves.0 -= quantity.0;
            let maker = *maker;
            let trade = |order, how| execution::trade(order, instrument.last_trade_id, price, quantity, how);
            reporter.answer(trade(taker, Liquidity::Removed));
            reporter.tell_maker(maker.owner, trade(&maker, Liquidity::Added));
            if makers.fill(slot, quantity, &mut pool.resting) {
                pool.remove(slot);
            }
    }
}
