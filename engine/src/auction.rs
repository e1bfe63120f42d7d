//! The call auction: orders gather while the book may be crossed; then all that can trade does, at one price.
//!
//! The auction's price is found by the four rules of CME's and Xetra's opening auctions, each deciding where those before
//! it leave several prices:
//!
//! 1. the most lots trade;
//! 2. the surplus, which takes the price and is left unmatched, has the fewest lots;
//! 3. market pressure: if the surplus of all these prices is of bids, the highest price; if it is of offers, the lowest;
//! 4. otherwise the price nearest to the reference price: of all prices without a surplus; or, where some prices leave bids
//!    and others leave offers, of the highest price that leaves bids and the lowest that leaves offers.
//!
//! Every tick from the lowest limit to the highest is such a price, not only the limits of orders. Where no order has a limit, the
//! price is the reference price. Both sides trade by the priority of price and time, orders without a limit first. An iceberg takes part with its whole open quantity at the place of the part that it shows, so two orders trade with each
//! other once at most. Where an auction leaves an iceberg in part, what traded was its shown part first: if all of that
//! has traded, the next part goes to the end of the queue.

use std::cmp::Ordering;

use lugus_vocabulary::{ClientSequence, Liquidity, MarketDataBody, OrderId, Price, PriceLevel, Quantity, Side};

use crate::auction_interest::{Detail, Interest, MAXIMUM_LOOKS, TooMany, interests, taking_part};
use crate::book::{Ending, Instructions, Order, OrderPool, Slot};
use crate::ended;
use crate::event_sink::EventSink;
use crate::execution;
use crate::iceberg;
use crate::instrument::Instrument;
use crate::kept_trades::KeptTrade;
use crate::market_data::{self, publish_order};
use crate::queues::Queue;
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

/// What the auction would give; `None` if nothing would trade.
pub(crate) fn indicative(instrument: &Instrument, pool: &OrderPool) -> Option<Indicative> {
    indicative_at(instrument.definition.reference_price, instrument, pool)
}

/// The same with this reference price.
pub(crate) fn indicative_at(reference: Price, instrument: &Instrument, pool: &OrderPool) -> Option<Indicative> {
    let [buys, sells] = interests(instrument, pool, Detail::Orders, usize::MAX).ok()?;
    of_interests(buys, sells, reference)
}

/// As [`indicative`], with bounded work: orders are looked at only where levels may not show all that would trade, and where they
/// are too many, what levels show counts.
///
/// # Errors
/// [`TooMany`]: more than [`MAXIMUM_LOOKS`] levels of a side matter.
pub(crate) fn bounded_indicative(instrument: &Instrument, pool: &OrderPool) -> Result<Option<Indicative>, TooMany> {
    let looked_at = interests(instrument, pool, Detail::Orders, MAXIMUM_LOOKS);
    let [buys, sells] = looked_at.or_else(|TooMany| interests(instrument, pool, Detail::Levels, MAXIMUM_LOOKS))?;
    Ok(of_interests(buys, sells, instrument.definition.reference_price))
}

impl Indicative {
    /// What an auction of these levels would give: for who sees a book, but not the reserves of icebergs. Levels are best first;
    /// `None` if they are not crossed.
    pub fn of_levels(bids: &[PriceLevel], offers: &[PriceLevel], reference: Price) -> Option<Self> {
        let (highest, lowest) = (bids.first()?.price, offers.first()?.price);
        if highest < lowest {
            return None;
        }
        let lots = |level: &PriceLevel| (level.price, u128::from(level.quantity.0));
        let demand = bids.iter().take_while(|level| level.price >= lowest).map(lots).collect();
        let supply = offers.iter().take_while(|level| level.price <= highest).map(lots).collect();
        let interest = |levels| Interest { at_any_price: 0, levels };
        of_interests(interest(demand), interest(supply), reference)
    }
}

/// What an auction of these interests would give.
fn of_interests(buys: Interest, sells: Interest, reference: Price) -> Option<Indicative> {
    let (Interest { at_any_price: bought, levels: mut demand }, Interest { at_any_price: sold, levels: supply }) =
        (buys, sells);
    if demand.is_empty() && supply.is_empty() {
        // Only orders without a limit.
        let mut best = Best::default();
        best.consider(reference, reference, bought, sold);
        return best.at(reference).filter(|indicative| indicative.volume > 0);
    }
    demand.reverse();
    let mut prices: Vec<Price> = demand.iter().chain(&supply).map(|&(price, _)| price).collect();
    prices.sort_unstable();
    prices.dedup();
    let mut best = Best::default();
    // Prices are tried from the lowest up. `buys`: lots of bids at this price and above; `sells`: lots of asks at this
    // price and below.
    let mut buys: u128 = bought + demand.iter().map(|&(_, quantity)| quantity).sum::<u128>();
    let mut sells = sold;
    let (mut demand, mut supply) = (demand.into_iter().peekable(), supply.into_iter().peekable());
    for (at, &price) in prices.iter().enumerate() {
        sells += supply.next_if(|&(of, _)| of == price).map_or(0, |(_, quantity)| quantity);
        best.consider(price, price, buys, sells);
        buys -= demand.next_if(|&(of, _)| of == price).map_or(0, |(_, quantity)| quantity);
        // All prices between this one and the next give the same volume and surplus.
        if let Some(&next) = prices.get(at + 1)
            && price.0 + 1 < next.0
        {
            best.consider(Price(price.0 + 1), Price(next.0 - 1), buys, sells);
        }
    }
    best.at(reference).filter(|indicative| indicative.volume > 0)
}

/// The prices that the first two rules leave, when all prices up to one have been considered.
#[derive(Debug, Clone, Copy, Default)]
struct Best {
    /// Lots that trade at each of them.
    volume: u128,
    /// Lots of the surplus of each of them.
    surplus: u128,
    /// The highest one whose surplus is of bids.
    leaves_bids: Option<Price>,
    /// The lowest one whose surplus is of offers.
    leaves_offers: Option<Price>,
    /// The lowest and the highest one without a surplus.
    even: Option<(Price, Price)>,
}

impl Best {
    /// Considers the prices from `low` to `high`, which are above all prices considered before. `buys` lots of bids and
    /// `sells` lots of offers take each of them.
    fn consider(&mut self, low: Price, high: Price, buys: u128, sells: u128) {
        let (volume, surplus) = (buys.min(sells), buys.abs_diff(sells));
        if volume < self.volume || (volume == self.volume && volume > 0 && surplus > self.surplus) {
            return;
        }
        if (volume, surplus) != (self.volume, self.surplus) {
            *self = Self { volume, surplus, ..Self::default() };
        }
        match buys.cmp(&sells) {
            Ordering::Greater => self.leaves_bids = Some(high),
            Ordering::Less => self.leaves_offers = self.leaves_offers.or(Some(low)),
            Ordering::Equal => self.even = Some((self.even.map_or(low, |(lowest, _)| lowest), high)),
        }
    }

    /// What the auction gives, by the last two rules.
    fn at(self, reference: Price) -> Option<Indicative> {
        let (price, imbalance_side) = match (self.even, self.leaves_bids, self.leaves_offers) {
            (Some((low, high)), _, _) => (reference.clamp(low, high), None),
            (None, Some(high), Some(low)) if reference < low => (high, Some(Side::Buy)),
            (None, _, Some(low)) => (low, Some(Side::Sell)),
            (None, Some(high), None) => (high, Some(Side::Buy)),
            (None, None, None) => return None,
        };
        Some(Indicative { price, volume: self.volume, imbalance: self.surplus, imbalance_side })
    }
}

/// Trades all that can trade at the auction's price; afterwards the book is not crossed.
pub(crate) fn uncross<S: EventSink>(instrument: &mut Instrument, pool: &mut OrderPool, reporter: &mut Reporter<'_, S>) {
    let traded = match indicative(instrument, pool) {
        Some(Indicative { price, .. }) => trade(price, instrument, pool, reporter),
        None => Traded::default(),
    };
    if pool.is_doubtful() {
        end_those_that_cross(instrument, pool, reporter);
    }
    instrument.traded(traded, reporter);
}

/// Ends orders that are over and would trade with each other, or with orders that have found nobody to trade with.
#[cold]
fn end_those_that_cross<S: EventSink>(
    instrument: &mut Instrument,
    pool: &mut OrderPool,
    reporter: &mut Reporter<'_, S>,
) {
    loop {
        let best = |side| instrument.book.side(side).next_to_trade(None, &pool.resting);
        let (Some((_, bid)), Some((_, ask))) = (best(Side::Buy), best(Side::Sell)) else { return };
        if pool.get(bid).price < pool.get(ask).price {
            return;
        }
        // Two orders that may trade have done so.
        let Some((slot, ending)) = [bid, ask].into_iter().find_map(|slot| Some((slot, pool.over(slot)?))) else {
            return;
        };
        ended::end(slot, ending, instrument, pool, reporter);
    }
}

/// Trades all that can trade at this price.
fn trade<S: EventSink>(
    price: Price,
    instrument: &mut Instrument,
    pool: &mut OrderPool,
    reporter: &mut Reporter<'_, S>,
) -> Traded {
    let mut traded = Traded::default();
    let (mut buy, mut sell) = (None, None);
    loop {
        buy = buy.or_else(|| Partaker::next(Side::Buy, price, instrument, pool));
        sell = sell.or_else(|| Partaker::next(Side::Sell, price, instrument, pool));
        let (Some(bid), Some(ask)) = (&mut buy, &mut sell) else { break };
        // An order that is over has not traded: whether it is does not change while the auction trades.
        if let Some(ending) = over(bid.slot, pool) {
            ended::end(bid.slot, ending, instrument, pool, reporter);
            buy = None;
            continue;
        }
        if let Some(ending) = over(ask.slot, pool) {
            ended::end(ask.slot, ending, instrument, pool, reporter);
            sell = None;
            continue;
        }
        instrument.last_trade_id.0 += 1;
        let trade_id = instrument.last_trade_id;
        let quantity = bid.order.leaves.min(ask.order.leaves);
        let told = [&mut *bid, &mut *ask].map(|partaker| {
            partaker.traded.0 += quantity.0;
            partaker.order.leaves.0 -= quantity.0;
            let trade = execution::trade(&partaker.order, trade_id, price, quantity, Liquidity::Auction);
            reporter.tell_execution(partaker.order.owner, ClientSequence(0), trade)
        });
        instrument.trades.push(KeptTrade::new(price, quantity, (&bid.order, told[0]), (&ask.order, told[1])));
        if pool.unfinished.quotes.is_any_protected() {
            let parties = [(&bid.order, told[0].participant), (&ask.order, told[1].participant)];
            pool.count_quotes(parties, quantity, reporter.now());
        }
        traded.add(price, quantity);
        reporter.publish(&mut instrument.feed, || MarketDataBody::Trade { trade_id, price, quantity, aggressor: None });
        for partaker in [&mut buy, &mut sell] {
            if let Some(filled) = partaker.take_if(|partaker| partaker.order.leaves.0 == 0) {
                filled.settle(instrument, pool, reporter);
            }
        }
    }
    for partaker in [buy, sell].into_iter().flatten() {
        partaker.settle(instrument, pool, reporter);
    }
    // All trades of an auction are of one moment.
    pool.unfinished.quotes.pull();
    traded
}

/// How an order ends that may not trade.
fn over(slot: Slot, pool: &OrderPool) -> Option<Ending> {
    if pool.is_doubtful() { pool.over(slot) } else { None }
}

/// The first order of a side, with what it has traded in the auction so far. Until it is settled the book has it as it was
/// before, so it stays the first.
#[derive(Debug, Clone, Copy)]
struct Partaker {
    slot: Slot,
    /// As its owner knows it.
    order: Order,
    traded: Quantity,
}

impl Partaker {
    /// The side's first order, if it trades at `price`: that of the book, or of a queue of orders that only auctions take, by price,
    /// time and number. An order that has lost its place stands behind one of the book with a higher number, and so behind all that came
    /// before that one.
    fn next(side: Side, price: Price, instrument: &Instrument, pool: &OrderPool) -> Option<Self> {
        let of_book = instrument.book.side(side).next_to_trade(Some(price), &pool.resting);
        let mut first = of_book.map(|(at, slot)| {
            let order_id = pool.get(slot).order_id;
            (rank(side, at), order_id, Queue::Book, order_id, slot)
        });
        for queue in taking_part(instrument) {
            let found = instrument.queue(queue, side).and_then(|side| side.next_to_trade(Some(price), &pool.resting));
            let Some((at, slot)) = found else { continue };
            let arrival = OrderId(pool.terms(slot).arrival);
            let place = (rank(side, at), arrival, Queue::AtTheOpening, pool.get(slot).order_id, slot);
            first = Some(first.map_or(place, |first| first.min(place)));
        }
        let (.., slot) = first?;
        Some(Self { slot, order: pool.whole(slot), traded: Quantity(0) })
    }

    /// Brings pool, queue and market data up to date with what has traded.
    fn settle<S: EventSink>(self, instrument: &mut Instrument, pool: &mut OrderPool, reporter: &mut Reporter<'_, S>) {
        let Self { slot, order, traded } = self;
        if traded.0 == 0 {
            return;
        }
        if order.instructions.has(Instructions::AUCTION) {
            pool.fill(slot, traded);
            instrument.queue_mut(Queue::of(&order), order.side).fill(slot, traded, &mut pool.resting);
            if order.leaves.0 == 0 {
                pool.remove(slot);
            }
            return;
        }
        let Instrument { book, feed, .. } = instrument;
        let makers = book.side_mut(order.side);
        let shown = pool.get(slot).leaves.min(traded);
        let left = pool.fill(slot, traded);
        makers.fill(slot, shown, &mut pool.resting);
        publish_order(&order, order.price, left, feed, reporter);
        if order.leaves.0 == 0 {
            pool.remove(slot);
        } else if left.0 == 0 {
            iceberg::refresh(slot, makers, pool, feed, reporter);
        }
        reporter.publish(feed, || market_data::level(makers, order.side, order.price, &pool.resting));
    }
}

/// Ascending from the best price of a side.
fn rank(side: Side, price: Price) -> i64 {
    if side == Side::Buy { !price.0 } else { price.0 }
}
