//! Continuous trading: an incoming order trades with the best resting orders, by price and then time, at the resting
//! order's price.

use lugus_vocabulary::{ClientSequence, Liquidity, MarketDataBody, Price, Quantity, SelfTradePrevention, TimeInForce};

use crate::book::{Order, OrderPool};
use crate::election;
use crate::ended;
use crate::event_sink::EventSink;
use crate::execution;
use crate::iceberg;
use crate::instrument::Instrument;
use crate::kept_trades::KeptTrade;
use crate::market_data::{self, publish_order};
use crate::reporter::Reporter;
use crate::self_trade;
use crate::traded::{Traded, TradedRange};

/// Trades `taker`, which is in no queue, with the other side as far as `limit` and its quantity go. The caller deals with
/// the lots that are left open; none are left if self-trade prevention has canceled the order. `answers` is the command
/// that the taker's reports answer. Returns whether the taker has more to trade and the command at hand no step left for
/// it; a fill-or-kill order always trades whole.
pub(crate) fn take<S: EventSink>(
    taker: &mut Order,
    limit: Option<Price>,
    answers: ClientSequence,
    instrument: &mut Instrument,
    pool: &mut OrderPool,
    reporter: &mut Reporter<'_, S>,
) -> bool {
    let prevents = taker.instructions.self_trade_prevention() != SelfTradePrevention::None;
    let mut is_doubtful = pool.is_doubtful();
    let mut is_exception = prevents | is_doubtful;
    let counts_quotes = pool.unfinished.quotes.is_any_protected();
    let side = taker.side.opposite();
    let Instrument { book, feed, last_trade_id, stops, elected, due, trades, .. } = &mut *instrument;
    let whole = taker.time_in_force == TimeInForce::Fok;
    let mut most = if whole { u32::MAX } else { pool.unfinished.steps.max(1) };
    let mut steps = most;
    let makers = book.side_mut(side);
    let mut traded = Traded::default();
    let mut next = makers.next_to_trade(limit, &pool.resting);
    while taker.leaves.0 > 0
        && let Some((price, slot)) = next
        && steps > 0
    {
        steps -= 1;
        if is_exception {
            let ending = if is_doubtful { pool.over(slot) } else { None };
            let is_own = prevents && pool.is_own(pool.get(slot).owner, taker.owner);
            if ending.is_some() || is_own {
                match ending {
                    Some(ending) => ended::end_maker(slot, ending, makers, pool, feed, reporter),
                    None => {
                        self_trade::prevent(taker, answers, slot, makers, pool, feed, reporter);
                        reporter.publish(feed, || market_data::level(makers, side, price, &pool.resting));
                    }
                }
                next = makers.next_to_trade(limit, &pool.resting);
                // The level may have traded before, and be done with now.
                if let Some((_, last)) = traded.prices {
                    election::elect(TradedRange::at(last), stops, elected, due, pool);
                }
                continue;
            }
        }
        let maker = pool.get_mut(slot);
        last_trade_id.0 += 1;
        let quantity = Quantity(taker.leaves.0.min(maker.leaves.0));
        taker.leaves.0 -= quantity.0;
        maker.leaves.0 -= quantity.0;
        let shown = maker.leaves;
        let maker = pool.whole(slot);
        let trade = |order, how| execution::trade(order, *last_trade_id, price, quantity, how);
        let told_taker = reporter.tell_execution(taker.owner, answers, trade(taker, Liquidity::Removed));
        let told_maker = reporter.tell_execution(maker.owner, ClientSequence(0), trade(&maker, Liquidity::Added));
        trades.push(KeptTrade::new(price, quantity, (taker, told_taker), (&maker, told_maker)));
        if counts_quotes {
            let parties = [(&*taker, told_taker.participant), (&maker, told_maker.participant)];
            // A fill-or-kill order trades whole, whatever is pulled by it.
            pool.count_quotes(parties, quantity, reporter.now());
            if !whole && pool.unfinished.quotes.pull() {
                (is_doubtful, is_exception) = (true, true);
                if pool.is_of_canceled_quotes(taker) {
                    (most, steps) = (most - steps, 0);
                }
            }
        }
        makers.fill(slot, quantity, &mut pool.resting);
        traded.add(price, quantity);
        let (trade_id, aggressor) = (*last_trade_id, Some(taker.side));
        reporter.publish(feed, || MarketDataBody::Trade { trade_id, price, quantity, aggressor });
        publish_order(&maker, price, shown, feed, reporter);
        let shows_next_part = shown.0 == 0 && maker.leaves.0 > 0;
        if shows_next_part {
            iceberg::refresh(slot, makers, pool, feed, reporter);
        } else if shown.0 == 0 {
            pool.remove(slot);
        } else {
            pool.note_change(slot);
        }
        next = makers.next_to_trade(limit, &pool.resting);
        // The level is published when this order has done with it, and when an iceberg shows its next part.
        if shows_next_part || taker.leaves.0 == 0 || next.is_none_or(|(next, _)| next != price) {
            reporter.publish(feed, || market_data::level(makers, side, price, &pool.resting));
            election::elect(TradedRange::at(price), stops, elected, due, pool);
        }
    }
    let is_cut = taker.leaves.0 > 0 && next.is_some();
    if is_cut && let Some((_, last)) = traded.prices {
        election::elect(TradedRange::at(last), stops, elected, due, pool);
        reporter.publish(feed, || market_data::level(makers, side, last, &pool.resting));
    }
    if counts_quotes {
        pool.unfinished.quotes.pull();
    }
    pool.unfinished.steps = pool.unfinished.steps.saturating_sub(most - steps);
    instrument.traded(traded, reporter);
    is_cut
}
