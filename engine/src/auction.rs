//! The call auction: orders gather while the book may be crossed; then all that can trade does, at one price.
//!
//! The auction's price is the one at which the most lots trade; of several such prices the one that leaves the fewest
//! lots unmatched; of those the one nearest to the reference price; of two equally near ones the lower. It need not be
//! the limit of an order. Both sides trade by the priority of price and time; the reserves of icebergs count, and trade
//! too.

use lugus_vocabulary::{Liquidity, MarketDataBody, Price, Quantity, Side};

use crate::book::{BookSide, OrderPool, Slot};
use crate::event_sink::EventSink;
use crate::execution;
use crate::feed::Feed;
use crate::iceberg;
use crate::instrument::Instrument;
use crate::market_data::{self, publish_order};
use crate::reporter::Reporter;
use crate::traded::Traded;

/// What an auction would give if it ended now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Indicative {
    /// Price of the trades, in ticks.
    pub price: Price,
    /// Lots that would trade.
    pub volume: u128,
    /// Lots of orders that take this price and would be left unmatched.
    pub imbalance: u128,
    /// The side with the unmatched lots; `None` if there are none.
    pub imbalance_side: Option<Side>,
}

/// What the auction would give; `None` if the book is not crossed.
pub(crate) fn indicative(instrument: &Instrument, pool: &OrderPool) -> Option<Indicative> {
    let (bids, asks) = (instrument.book.side(Side::Buy), instrument.book.side(Side::Sell));
    let (highest, lowest) = (bids.best()?, asks.best()?);
    if highest < lowest {
        return None;
    }
    let mut demand = crossing_levels(bids, pool, |price| price >= lowest);
    let supply = crossing_levels(asks, pool, |price| price <= highest);
    demand.reverse();
    let reference = instrument.definition.reference_price;
    let mut prices: Vec<Price> = demand.iter().chain(&supply).map(|&(price, _)| price).collect();
    prices.sort_unstable();
    prices.dedup();
    let mut best: Option<(Rank, Indicative)> = None;
    // Prices are tried from the lowest up. `buys`: lots of bids at this price and above; `sells`: lots of asks at this
    // price and below.
    let mut buys: u128 = demand.iter().map(|&(_, quantity)| quantity).sum();
    let mut sells = 0;
    let (mut demand, mut supply) = (demand.into_iter().peekable(), supply.into_iter().peekable());
    for (at, &price) in prices.iter().enumerate() {
        sells += supply.next_if(|&(of, _)| of == price).map_or(0, |(_, quantity)| quantity);
        consider(&mut best, price, buys, sells, reference);
        buys -= demand.next_if(|&(of, _)| of == price).map_or(0, |(_, quantity)| quantity);
        // All prices between this one and the next give the same volume, so only the one nearest to the reference price
        // is tried.
        if let Some(&next) = prices.get(at + 1)
            && price.0 + 1 < next.0
        {
            consider(&mut best, Price(reference.0.clamp(price.0 + 1, next.0 - 1)), buys, sells, reference);
        }
    }
    best.map(|(_, indicative)| indicative)
}

/// How good a price is, the lowest rank best: `u128::MAX` less the volume, then the imbalance, then the distance from the
/// reference price. Of equal ranks the one tried first, with the lower price, is taken.
type Rank = (u128, u128, u64);

/// Takes `price` for the best one if its rank is lower than that of the best one until now.
fn consider(best: &mut Option<(Rank, Indicative)>, price: Price, buys: u128, sells: u128, reference: Price) {
    let (volume, imbalance) = (buys.min(sells), buys.abs_diff(sells));
    let rank = (u128::MAX - volume, imbalance, price.0.abs_diff(reference.0));
    if best.is_none_or(|(than, _)| rank < than) {
        let imbalance_side = match buys.cmp(&sells) {
            std::cmp::Ordering::Greater => Some(Side::Buy),
            std::cmp::Ordering::Less => Some(Side::Sell),
            std::cmp::Ordering::Equal => None,
        };
        *best = Some((rank, Indicative { price, volume, imbalance, imbalance_side }));
    }
}

/// Open lots by price, reserves of icebergs included, best price first, of the levels that cross.
fn crossing_levels(side: &BookSide, pool: &OrderPool, crosses: impl Fn(Price) -> bool) -> Vec<(Price, u128)> {
    let mut levels: Vec<(Price, u128)> = Vec::new();
    for slot in side.orders(&pool.resting) {
        let order = pool.whole(slot);
        if !crosses(order.price) {
            break;
        }
        match levels.last_mut() {
            Some((price, sum)) if *price == order.price => *sum += u128::from(order.leaves.0),
            _ => levels.push((order.price, u128::from(order.leaves.0))),
        }
    }
    levels
}

/// Trades all that can trade at the auction's price; afterwards the book is not crossed.
pub(crate) fn uncross<S: EventSink>(instrument: &mut Instrument, pool: &mut OrderPool, reporter: &mut Reporter<'_, S>) {
    let Some(Indicative { price, .. }) = indicative(instrument, pool) else { return };
    let mut traded = Traded::default();
    while let (Some(bid), Some(ask)) =
        (first_at(instrument, Side::Buy, price, pool), first_at(instrument, Side::Sell, price, pool))
    {
        instrument.last_trade_id.0 += 1;
        let trade_id = instrument.last_trade_id;
        let quantity = pool.get(bid).leaves.min(pool.get(ask).leaves);
        for slot in [bid, ask] {
            pool.get_mut(slot).leaves.0 -= quantity.0;
            let order = pool.whole(slot);
            let trade = execution::trade(&order, trade_id, price, quantity, Liquidity::Auction);
            reporter.tell_maker(order.owner, trade);
        }
        traded.add(price, quantity);
        let Instrument { book, feed, .. } = &mut *instrument;
        reporter.publish(feed, || MarketDataBody::Trade { trade_id, price, quantity, aggressor: None });
        settle(bid, quantity, book.side_mut(Side::Buy), pool, feed, reporter);
        settle(ask, quantity, book.side_mut(Side::Sell), pool, feed, reporter);
    }
    instrument.traded(traded, reporter);
}

/// The side's first order, if it trades at `price`.
fn first_at(instrument: &Instrument, side: Side, price: Price, pool: &OrderPool) -> Option<Slot> {
    instrument.book.side(side).next_to_trade(Some(price), &pool.resting).map(|(_, slot)| slot)
}

/// Brings queue, pool and market data up to date after a trade of `quantity` lots of the side's first order, which are
/// off the order's open quantity already.
fn settle<S: EventSink>(
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
        iceberg::refresh(slot, makers, pool, feed, reporter);
    }
    reporter.publish(feed, || market_data::level(makers, order.side, order.price, &pool.resting));
}
