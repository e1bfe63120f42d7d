//! An instrument's book in the oracle: all its orders in one `Vec`, and what can be seen by looking at all of them.

use std::collections::BTreeMap;

use lugus_vocabulary::*;

/// An instrument.
pub(super) struct Book {
    pub(super) definition: InstrumentDefinition,
    /// In the order in which they came into their queues, waiting stop orders included.
    pub(super) orders: Vec<Resting>,
    pub(super) order_ids: u64,
    pub(super) trade_ids: u64,
    pub(super) last_price: Option<i64>,
    /// Number of stop orders that ever began to wait.
    pub(super) arrivals: u64,
    /// Lowest and highest price of trades that have more stop orders to elect.
    pub(super) due: Option<(i64, i64)>,
    /// All trades, oldest first.
    pub(super) trades: Vec<Trade>,
    /// Number of trades before the instrument was last closed.
    pub(super) trades_of_earlier_sessions: usize,
    /// The auction that gathers orders, or that was halted.
    pub(super) auction_type: Option<AuctionType>,
    /// Orders whose auction is over.
    pub(super) expiring: AuctionOrders,
    /// When a timer ends the auction.
    pub(super) auction_end: Option<i64>,
    /// When it is published next what the auction would give.
    pub(super) indicative_due: Option<i64>,
    /// When the schedule changes the state next.
    pub(super) phase_due: Option<i64>,
    /// Windows of log time in which orders have met the book, each with the last price before it.
    pub(super) windows: BTreeMap<i64, Option<i64>>,
}

/// A trade, as it was corrected last.
#[derive(Clone, Copy)]
pub(super) struct Trade {
    pub(super) price: i64,
    /// 0 if the trade is canceled.
    pub(super) quantity: u64,
    pub(super) buyer: TradeParty,
    pub(super) seller: TradeParty,
}

/// A live order.
#[derive(Clone)]
pub(super) struct Resting {
    pub(super) order_id: u64,
    pub(super) participant: u32,
    /// The order as it was asked for, with what replacements have changed.
    pub(super) request: NewOrder,
    /// Lots filled.
    pub(super) filled: u64,
    /// Lots that the order shows.
    pub(super) shown: u64,
    /// Whether the order is a stop order that waits for its trigger.
    pub(super) waits: bool,
    /// When it began to wait for its trigger, among the stop orders of its book; of an order that only auctions take, the last order
    /// id when it came into its queue.
    pub(super) arrival: u64,
    /// The turn of an elected order: the lowest comes first.
    pub(super) turn: Option<i64>,
    /// Log time at which the order expires.
    pub(super) expires: Option<i64>,
}

impl Resting {
    /// Whether the order is in the book, and not a stop order, an elected one, or one that only auctions take.
    pub(super) fn in_book(&self) -> bool {
        !self.waits && self.turn.is_none() && self.for_auction().is_none()
    }

    /// Its time in force, if only auctions take it.
    pub(super) fn for_auction(&self) -> Option<TimeInForce> {
        Some(self.request.time_in_force).filter(|time_in_force| time_in_force.is_for_auction())
    }

    /// The worst price at which it trades.
    pub(super) fn limit(&self) -> i64 {
        self.request.price.map_or(self.any_price(), |price| price.0)
    }

    /// The limit that is none.
    fn any_price(&self) -> i64 {
        if self.request.side == Side::Buy { i64::MAX } else { i64::MIN }
    }

    /// Whether it is for an auction, and takes any price.
    pub(super) fn takes_any_price(&self) -> bool {
        self.for_auction().is_some() && self.limit() == self.any_price()
    }

    pub(super) fn leaves(&self) -> u64 {
        self.request.quantity.0 - self.filled
    }

    pub(super) fn execution(&self, exec_type: ExecType) -> Execution {
        Execution {
            exec_type,
            order_status: match (self.filled, self.leaves()) {
                (0, _) => OrderStatus::New,
                (_, 0) => OrderStatus::Filled,
                _ => OrderStatus::PartiallyFilled,
            },
            leaves_quantity: Quantity(self.leaves()),
            cum_quantity: Quantity(self.filled),
            ..Execution::accepted(OrderId(self.order_id), &self.request)
        }
    }
}

impl Book {
    /// Whether an order takes part in the auction.
    pub(super) fn takes_part(&self, order: &Resting) -> bool {
        let taken = |time_in_force| self.auction_type.is_some_and(|auction| auction.takes().has(time_in_force));
        order.in_book() || order.for_auction().is_some_and(taken)
    }

    /// Price levels of a side as (price, quantity, orders), best first.
    pub(super) fn levels(&self, side: Side) -> Vec<(i64, u64, u32)> {
        let mut levels: BTreeMap<i64, (u64, u32)> = BTreeMap::new();
        for order in self.orders.iter().filter(|order| order.request.side == side && order.in_book()) {
            let level = levels.entry(order.request.price.unwrap().0).or_default();
            level.0 += order.shown;
            level.1 += 1;
        }
        let mut levels: Vec<_> =
            levels.into_iter().map(|(price, (quantity, orders))| (price, quantity, orders)).collect();
        if side == Side::Buy {
            levels.reverse();
        }
        levels
    }
}

/// Whether nothing of the order rests once it has met the book.
pub(super) fn is_immediate(order: &NewOrder) -> bool {
    let has_limit = matches!(order.order_type, OrderType::Limit | OrderType::StopLimit) || order.price.is_some();
    let is_for_auction = order.time_in_force.is_for_auction();
    matches!(order.time_in_force, TimeInForce::Ioc | TimeInForce::Fok) || !(has_limit || is_for_auction)
}

/// Lots that an order shows when it comes into its queue.
pub(super) fn shown(order: &Resting) -> u64 {
    match order.request.display_quantity.0 {
        0 => order.leaves(),
        display => order.leaves().min(display),
    }
}

/// After a trade: an order that shows nothing any more is removed, or shows its next part at the end of the book.
pub(super) fn refresh(book: &mut Book, at: usize) {
    if book.orders[at].shown > 0 {
        return;
    }
    let mut order = book.orders.remove(at);
    if order.leaves() == 0 {
        return;
    }
    let (side, price) = (order.request.side, order.request.price);
    let there = book.orders.iter().filter(|o| o.in_book() && o.request.side == side && o.request.price == price);
    let room = u64::MAX - there.map(|o| o.shown).sum::<u64>();
    order.shown = shown(&order).min(room);
    book.orders.push(order);
}

/// Place of a participant's order.
pub(super) fn find(book: &Book, participant: u32, id: ClientOrderId) -> Option<usize> {
    book.orders.iter().position(|order| order.participant == participant && order.request.client_order_id == id)
}

/// Bids, asks, buy stops, sell stops, each in the order in which they trade or trigger: by price, then by time. Then those that only
/// auctions take, likewise, and the elected orders by their turns.
pub(super) fn by_priority(orders: &[Resting]) -> Vec<&Resting> {
    let mut all = Vec::new();
    for (waits, side) in [(false, Side::Buy), (false, Side::Sell), (true, Side::Buy), (true, Side::Sell)] {
        let mut some: Vec<_> = orders
            .iter()
            .filter(|o| (o.in_book() || o.waits) && o.turn.is_none() && o.waits == waits && o.request.side == side)
            .collect();
        some.sort_by_key(|order| {
            let price = if waits { order.request.stop_price } else { order.request.price };
            let price = i128::from(price.unwrap().0);
            if (side == Side::Buy) == waits { price } else { -price }
        });
        all.extend(some);
    }
    for time_in_force in [TimeInForce::AtTheOpening, TimeInForce::AtTheClose, TimeInForce::GoodForAuction] {
        for side in [Side::Buy, Side::Sell] {
            let is_of = |o: &&Resting| o.for_auction() == Some(time_in_force) && o.request.side == side;
            let mut some: Vec<_> = orders.iter().filter(is_of).collect();
            some.sort_by_key(|order| better_first(side, order.limit()));
            all.extend(some);
        }
    }
    let mut elected: Vec<_> = orders.iter().filter(|order| order.turn.is_some()).collect();
    elected.sort_by_key(|order| order.turn);
    all.extend(elected);
    all
}

/// A key of prices that is lower for a better one.
fn better_first(side: Side, price: i64) -> i128 {
    if side == Side::Buy { -i128::from(price) } else { i128::from(price) }
}

/// Order id of the next order of a side in an auction with this price: by price; then by time, where an order of the book counts as
/// having come no earlier than those of its level that it stands behind, of which `times` has the last one by price.
pub(super) fn next_in_auction(book: &Book, side: Side, price: i64, times: &BTreeMap<i64, u64>) -> Option<u64> {
    let trades = |order: &Resting| if side == Side::Buy { order.limit() >= price } else { order.limit() <= price };
    let mut fronts: Vec<&Resting> = Vec::new();
    for order in by_priority(&book.orders) {
        let is_candidate = order.request.side == side && book.takes_part(order) && trades(order);
        if is_candidate && fronts.iter().all(|front| front.for_auction() != order.for_auction()) {
            fronts.push(order);
        }
    }
    let place = |order: &&&Resting| {
        let last = times.get(&order.limit()).copied().unwrap_or(0);
        let is_for_auction = order.for_auction().is_some();
        let time = if is_for_auction { order.arrival } else { order.order_id.max(last) };
        (better_first(side, order.limit()), time, is_for_auction, order.order_id)
    };
    fronts.iter().min_by_key(place).map(|order| order.order_id)
}

/// Place of the order that a new order would trade with first.
pub(super) fn best_maker(book: &Book, taker: &NewOrder) -> Option<usize> {
    let mut best: Option<(usize, Price)> = None;
    for (at, maker) in book.orders.iter().enumerate().filter(|(_, maker)| maker.in_book()) {
        let price = maker.request.price.unwrap();
        let trades = match (taker.side, maker.request.side) {
            (Side::Buy, Side::Sell) => taker.price.is_none_or(|limit| price <= limit),
            (Side::Sell, Side::Buy) => taker.price.is_none_or(|limit| price >= limit),
            _ => false,
        };
        let better = match (best, taker.side) {
            (None, _) => true,
            (Some((_, than)), Side::Buy) => price < than,
            (Some((_, than)), Side::Sell) => price > than,
        };
        if trades && better {
            best = Some((at, price));
        }
    }
    best.map(|(at, _)| at)
}

/// Whether the lots of a level, or of the stop orders with one trigger, would be more than a `u64` with this order.
/// `before` is the order before a replacement.
pub(super) fn overflows(book: &Book, order: &Resting, waits: bool, before: Option<&Resting>) -> bool {
    // In the queue of an auction a limit at the end of all prices and none are the same level.
    let price = |o: &Resting| match o.for_auction() {
        Some(_) => Some(Price(o.limit())),
        None if waits => o.request.stop_price,
        None => o.request.price,
    };
    let same = |o: &&Resting| {
        let is_there = o.turn.is_none() && o.waits == waits && o.for_auction() == order.for_auction();
        is_there && o.request.side == order.request.side && price(o) == price(order)
    };
    let sum: u128 = book.orders.iter().filter(same).map(|o| u128::from(o.shown)).sum();
    let own =
        before.filter(|before| before.turn.is_none() && price(before) == price(order)).map_or(0, |before| before.shown);
    sum + u128::from(shown(order).saturating_sub(own)) > u128::from(u64::MAX)
}

/// Whether a trade at `price` triggers a stop order.
pub(super) fn is_reached(order: &Resting, price: i64) -> bool {
    let stop = order.request.stop_price.unwrap().0;
    match order.request.side {
        Side::Buy => price >= stop,
        Side::Sell => price <= stop,
    }
}

/// The price of an auction that ends now.
pub(super) fn auction_price(book: &Book) -> Option<i64> {
    auction_price_at(book, book.definition.reference_price.0)
}

/// The same with this reference price. Tries every price that can matter: those of orders, the prices next to them, and
/// the reference price, from the lowest limit to the highest. Where there is no limit, the reference price is the only one.
pub(super) fn auction_price_at(book: &Book, reference: i64) -> Option<i64> {
    let resting = || book.orders.iter().filter(|order| book.takes_part(order));
    let mut prices = vec![reference];
    let limits: Vec<i64> = resting().filter(|order| !order.takes_any_price()).map(Resting::limit).collect();
    if let (Some(&lowest), Some(&highest)) = (limits.iter().min(), limits.iter().max()) {
        prices.extend(limits.iter().flat_map(|price| [price.saturating_sub(1), *price, price.saturating_add(1)]));
        prices.retain(|price| (lowest..=highest).contains(price));
    }
    prices.sort_unstable();
    // Of each price: the volume, the surplus of bids, which is negative if it is one of offers, and the price.
    let mut all: Vec<(i128, i128, i64)> = Vec::new();
    for price in prices {
        let sum = |side, trades: &dyn Fn(i64) -> bool| -> i128 {
            let of = resting().filter(|order| order.request.side == side && trades(order.limit()));
            of.map(|order| i128::from(order.leaves())).sum()
        };
        let (buys, sells) = (sum(Side::Buy, &|of| of >= price), sum(Side::Sell, &|of| of <= price));
        all.push((buys.min(sells), buys - sells, price));
    }
    let volume = all.iter().map(|&(volume, ..)| volume).max().filter(|&volume| volume > 0)?;
    all.retain(|&(of, ..)| of == volume);
    let surplus = all.iter().map(|(_, surplus, _)| surplus.abs()).min()?;
    all.retain(|(_, of, _)| of.abs() == surplus);
    if surplus > 0 {
        // Bids press the price up, offers press it down.
        let highest = all.iter().filter(|(_, of, _)| *of > 0).map(|&(.., price)| price).max();
        let lowest = all.iter().filter(|(_, of, _)| *of < 0).map(|&(.., price)| price).min();
        all.retain(|&(.., price)| Some(price) == highest || Some(price) == lowest);
    }
    all.iter().map(|&(.., price)| price).min_by_key(|price| price.abs_diff(reference))
}
