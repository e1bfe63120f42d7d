//! An order meets the book: price-time priority, at the resting order's price.

use lugus_vocabulary::{
    ClientSequence, DisplayedOrder, Liquidity, MarketDataBody, Price, Quantity, SelfTradePrevention, Side,
};

use crate::book::{BookSide, Instructions, Order, OrderPool, Slot};
use crate::event_sink::EventSink;
use crate::execution;
use crate::instrument::Instrument;
use crate::market_data::{self, Feed};
use crate::self_trade;
use crate::sequences::Reporter;

/// Trades `taker`, which is in no level, with the best of the other side as far as its limit and quantity go. What is
/// left of it is the caller's; nothing is, if it was canceled so that it does not trade with its own participant.
/// `answers` is the command whose answers the taker's reports are.
pub(crate) fn take<S: EventSink>(
    taker: &mut Order,
    answers: ClientSequence,
    instrument: &mut Instrument,
    pool: &mut OrderPool,
    reporter: &mut Reporter<'_, S>,
) {
    let limit = taker.limit();
    let prevents = taker.instructions.self_trade_prevention() != SelfTradePrevention::None;
    let side = taker.side.opposite();
    let Instrument { book, feed, last_trade_id, .. } = &mut *instrument;
    let makers = book.side_mut(side);
    let mut traded = Traded::default();
    let mut next = makers.next_to_trade(limit, &pool.resting);
    while taker.leaves.0 > 0
        && let Some((price, slot)) = next
    {
        let maker = pool.get_mut(slot);
        if prevents && maker.owner == taker.owner {
            self_trade::prevent(taker, answers, slot, makers, pool, feed, reporter);
            reporter.publish(feed, || market_data::level(makers, side, price, &pool.resting));
            next = makers.next_to_trade(limit, &pool.resting);
            continue;
        }
        last_trade_id.0 += 1;
        let quantity = Quantity(taker.leaves.0.min(maker.leaves.0));
        taker.leaves.0 -= quantity.0;
        maker.leaves.0 -= quantity.0;
        let shown = maker.leaves;
        let maker = pool.whole(slot);
        let trade = |order, how| execution::trade(order, *last_trade_id, price, quantity, how);
        reporter.tell_execution(taker.owner, answers, trade(taker, Liquidity::Removed));
        reporter.tell_execution(maker.owner, ClientSequence(0), trade(&maker, Liquidity::Added));
        makers.fill(slot, quantity, &mut pool.resting);
        traded.add(price, quantity);
        let (trade_id, aggressor) = (*last_trade_id, Some(taker.side));
        reporter.publish(feed, || MarketDataBody::Trade { trade_id, price, quantity, aggressor });
        publish_order(&maker, price, shown, feed, reporter);
        let comes_again = shown.0 == 0 && maker.leaves.0 > 0;
        if comes_again {
            refresh(slot, makers, pool, feed, reporter);
        } else if shown.0 == 0 {
            pool.remove(slot);
        }
        next = makers.next_to_trade(limit, &pool.resting);
        // The level is told of once it is done with, and when an iceberg has come again.
        if comes_again || taker.leaves.0 == 0 || next.is_none_or(|(next, _)| next != price) {
            reporter.publish(feed, || market_data::level(makers, side, price, &pool.resting));
        }
    }
    instrument.traded(traded, reporter);
}

/// Whether an order could trade whole at once: against what is shown and what is not, but not against its own
/// participant, where it would prevent that.
pub(crate) fn is_fillable(taker: &Order, instrument: &Instrument, pool: &OrderPool) -> bool {
    let makers = instrument.book.side(taker.side.opposite());
    let prevention = taker.instructions.self_trade_prevention();
    let mut wanted = taker.leaves.0;
    // What the level's icebergs hold back: it comes after all that is shown there.
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

/// Whether an order with this limit trades at that price.
fn reaches(side: Side, limit: Price, price: Price) -> bool {
    match side {
        Side::Buy => price <= limit,
        Side::Sell => price >= limit,
    }
}

/// What an order traded in one go, from the best price on.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Traded {
    /// First and last price.
    pub(crate) prices: Option<(Price, Price)>,
    pub(crate) volume: Quantity,
}

impl Traded {
    #[inline]
    pub(crate) fn add(&mut self, price: Price, quantity: Quantity) {
        self.prices = Some((self.prices.map_or(price, |(first, _)| first), price));
        self.volume.0 = self.volume.0.saturating_add(quantity.0);
    }
}

/// The first order at the side's best price has traded so many lots, which are off its open quantity already: it leaves
/// if nothing is left of it.
pub(crate) fn settle<S: EventSink>(
    slot: Slot,
    quantity: Quantity,
    makers: &mut BookSide,
    pool: &mut OrderPool,
    feed: &mut Feed,
    reporter: &mut Reporter<'_, S>,
) {
    let (shown, order) = (pool.get(slot).leaves, pool.whole(slot));
    makers.fill(slot, quantity, &mut pool.resting);
    publish_order(&order, order.price, shown, feed, reporter);
    if order.leaves.0 == 0 {
        pool.remove(slot);
    } else if shown.0 == 0 {
        refresh(slot, makers, pool, feed, reporter);
    }
    reporter.publish(feed, || market_data::level(makers, order.side, order.price, &pool.resting));
}

/// An iceberg whose part shown is gone, and which is in no queue: its next part goes to the end of its queue.
#[cold]
fn refresh<S: EventSink>(
    slot: Slot,
    makers: &mut BookSide,
    pool: &mut OrderPool,
    feed: &mut Feed,
    reporter: &mut Reporter<'_, S>,
) {
    let in_queue = makers.quantity_at(pool.get(slot).price, &pool.resting);
    let room = Quantity(u64::MAX - in_queue.0);
    let Order { order_id, side, price, leaves: quantity, .. } = pool.refresh(slot, room);
    makers.push_back(slot, price, quantity, &mut pool.resting);
    reporter.publish(feed, || MarketDataBody::OrderAdded(DisplayedOrder { order_id, side, price, quantity }));
}

/// A resting order shows so many lots now; 0 if it is gone.
#[inline]
pub(crate) fn publish_order<S: EventSink>(
    order: &Order,
    price: Price,
    shown: Quantity,
    feed: &mut Feed,
    reporter: &mut Reporter<'_, S>,
) {
    let Order { order_id, side, .. } = *order;
    reporter.publish(feed, || match shown {
        Quantity(0) => MarketDataBody::OrderRemoved { order_id, side, price },
        quantity => MarketDataBody::OrderChanged(DisplayedOrder { order_id, side, price, quantity }),
    });
}
