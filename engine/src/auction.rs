//! The call auction: orders gather while the book may be crossed, then all that can trade does, at one price.
//!
//! That price is where most can trade; of several the one that leaves the least unmatched; of those the one nearest to
//! the reference price; of two equally near ones the lower. It need not be the price of an order. Trades go by the
//! priority of price and time on both sides; what icebergs do not show counts and trades too.

use lugus_vocabulary::{Liquidity, MarketDataBody, Price, Side};

use crate::book::{BookSide, OrderPool, Slot};
use crate::event_sink::EventSink;
use crate::execution;
use crate::instrument::Instrument;
use crate::matching::{Traded, settle};
use crate::sequences::Reporter;

/// What an auction would give if it ended now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Indicative {
    /// Ticks.
    pub price: Price,
    /// Lots that would trade.
    pub volume: u128,
    /// Lots that would be left unmatched of those that take that price.
    pub imbalance: u128,
    /// The side that has more; none if nothing is left unmatched.
    pub imbalance_side: Option<Side>,
}

/// `None` if the book is not crossed.
pub(crate) fn indicative(instrument: &Instrument, pool: &OrderPool) -> Option<Indicative> {
    let (bids, asks) = (instrument.book.side(Side::Buy), instrument.book.side(Side::Sell));
    let (highest, lowest) = (bids.best()?, asks.best()?);
    if highest < lowest {
        return None;
    }
    let mut demand = sums(bids, pool, |price| price >= lowest);
    let supply = sums(asks, pool, |price| price <= highest);
    demand.reverse();
    let reference = instrument.definition.reference_price;
    let mut prices: Vec<Price> = demand.iter().chain(&supply).map(|&(price, _)| price).collect();
    prices.sort_unstable();
    prices.dedup();
    let mut best: Option<(Rank, Indicative)> = None;
    // From below: bids that still pay so much, and asks that are content with it.
    let mut buys: u128 = demand.iter().map(|&(_, quantity)| quantity).sum();
    let mut sells = 0;
    let (mut demand, mut supply) = (demand.into_iter().peekable(), supply.into_iter().peekable());
    for (at, &price) in prices.iter().enumerate() {
        sells += supply.next_if(|&(of, _)| of == price).map_or(0, |(_, quantity)| quantity);
        consider(&mut best, price, buys, sells, reference);
        buys -= demand.next_if(|&(of, _)| of == price).map_or(0, |(_, quantity)| quantity);
        // Between this price and the next one nothing changes: the nearest to the reference stands for all.
        if let Some(&next) = prices.get(at + 1)
            && price.0 + 1 < next.0
        {
            consider(&mut best, Price(reference.0.clamp(price.0 + 1, next.0 - 1)), buys, sells, reference);
        }
    }
    best.map(|(_, indicative)| indicative)
}

/// Less is better: volume turned around, imbalance, distance from the reference. Prices come from below.
type Rank = (u128, u128, u64);

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

/// Open lots by price, best first, while prices cross.
fn sums(side: &BookSide, pool: &OrderPool, crosses: impl Fn(Price) -> bool) -> Vec<(Price, u128)> {
    let mut sums: Vec<(Price, u128)> = Vec::new();
    for slot in side.orders(&pool.resting) {
        let order = pool.whole(slot);
        if !crosses(order.price) {
            break;
        }
        match sums.last_mut() {
            Some((price, sum)) if *price == order.price => *sum += u128::from(order.leaves.0),
            _ => sums.push((order.price, u128::from(order.leaves.0))),
        }
    }
    sums
}

/// Trades all that can at the auction's price; afterwards the book is not crossed.
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

/// The side's first order that trades at this price.
fn first_at(instrument: &Instrument, side: Side, price: Price, pool: &OrderPool) -> Option<Slot> {
    instrument.book.side(side).next_to_trade(Some(price), &pool.resting).map(|(_, slot)| slot)
}
