//! Stop orders: they wait until a trade reaches their trigger, then they come as if they were new.
//!
//! A buy waits for a trade at its stop price or above, a sell for one at its stop price or below. After a command has
//! traded, all that its trades have reached trigger, one after the other: buys before sells, of each the nearest to
//! where the market came from first, at one price the one that has waited longest. Each trades before the next one
//! triggers, and what its trades reach triggers too. More than [`MAXIMUM_TRIGGERS`] a command do not trigger: the rest
//! of those reached is canceled, so that a cascade neither runs on without an end nor leaves orders behind that should
//! have gone off.

use lugus_vocabulary::{ClientSequence, InstrumentState, Price, RejectReason, Side, TimeInForce};

use crate::book::{BookSide, Instructions, Order, OrderPool, RestingOrders, Slot, Terms};
use crate::event_sink::EventSink;
use crate::execution;
use crate::instrument::Instrument;
use crate::matching;
use crate::order_entry;
use crate::sequences::Reporter;

/// Stop orders that a command sets off at most.
pub(crate) const MAXIMUM_TRIGGERS: usize = 1_024;

/// Stop orders that wait. In their queues an order's price is its trigger.
#[derive(Debug)]
pub(crate) struct Stops {
    /// Lowest trigger first.
    buys: BookSide,
    /// Highest trigger first.
    sells: BookSide,
}

/// Lowest and highest price of the trades of the command at hand.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reached {
    pub(crate) low: Price,
    pub(crate) high: Price,
}

impl Stops {
    pub(crate) fn new() -> Self {
        // Asks come lowest first, bids highest first.
        Self { buys: BookSide::new(Side::Sell), sells: BookSide::new(Side::Buy) }
    }

    #[inline]
    pub(crate) fn side(&self, side: Side) -> &BookSide {
        match side {
            Side::Buy => &self.buys,
            Side::Sell => &self.sells,
        }
    }

    #[inline]
    pub(crate) fn side_mut(&mut self, side: Side) -> &mut BookSide {
        match side {
            Side::Buy => &mut self.buys,
            Side::Sell => &mut self.sells,
        }
    }

    /// All orders, buys before sells, each in the order in which they would trigger.
    pub(crate) fn orders<'a>(&'a self, orders: &'a RestingOrders) -> impl Iterator<Item = Slot> + 'a {
        self.buys.orders(orders).chain(self.sells.orders(orders))
    }

    /// The first of `orders`.
    pub(crate) fn first(&self, orders: &RestingOrders) -> Option<Slot> {
        let first = |stops: &BookSide| stops.next_to_trade(None, orders).map(|(_, slot)| slot);
        first(&self.buys).or_else(|| first(&self.sells))
    }

    /// The next one that these trades have reached.
    #[inline]
    pub(crate) fn first_due(&self, reached: Reached, orders: &RestingOrders) -> Option<Slot> {
        let due = |stops: &BookSide, price| stops.next_to_trade(Some(price), orders).map(|(_, slot)| slot);
        due(&self.buys, reached.high).or_else(|| due(&self.sells, reached.low))
    }
}

/// Whether a trade at `last` reaches this trigger.
#[inline]
pub(crate) fn is_reached(side: Side, stop_price: Price, last: Price) -> bool {
    match side {
        Side::Buy => last >= stop_price,
        Side::Sell => last <= stop_price,
    }
}

/// A stop order, told of already and whole: triggers if the last trade has reached it and trading is on, else waits.
/// `slot` is its place in the pool, if it has one.
#[cold]
#[expect(clippy::too_many_arguments, reason = "an order, its place, and where it goes")]
pub(crate) fn place<S: EventSink>(
    order: Order,
    terms: Terms,
    stop_price: Price,
    slot: Option<Slot>,
    answers: ClientSequence,
    instrument: &mut Instrument,
    pool: &mut OrderPool,
    reporter: &mut Reporter<'_, S>,
) {
    let last = instrument.feed.statistics.last;
    let is_open = instrument.definition.state == InstrumentState::Open;
    if is_open && last.is_some_and(|last| is_reached(order.side, stop_price, last)) {
        return trigger(order, terms, slot, answers, instrument, pool, reporter);
    }
    let mut waiting = order;
    waiting.instructions = order.instructions.with(Instructions::WAITING, true);
    waiting.price = stop_price;
    let mut terms = Terms { limit: order.price, ..terms };
    // All of an iceberg waits as one; it is split when it rests.
    terms.reserve.0 = 0;
    if waiting.instructions.has(Instructions::ICEBERG) {
        split(&mut waiting, &mut terms);
    }
    let slot = match slot {
        Some(slot) => {
            pool.amend(slot, &waiting, &terms);
            slot
        }
        None => pool.insert(&waiting, &terms),
    };
    let Order { side, price, leaves, .. } = waiting;
    instrument.stops.side_mut(side).push_back(slot, price, leaves, &mut pool.resting);
}

/// Takes off an iceberg what it does not show.
pub(crate) fn split(order: &mut Order, terms: &mut Terms) {
    let shown = order.leaves.min(terms.display);
    terms.reserve.0 = order.leaves.0 - shown.0;
    order.leaves = shown;
}

/// Sets off what the command's trades have reached.
#[inline]
pub(crate) fn cascade<S: EventSink>(instrument: &mut Instrument, pool: &mut OrderPool, reporter: &mut Reporter<'_, S>) {
    if let Some(reached) = instrument.reached
        && instrument.stops.first_due(reached, &pool.resting).is_some()
    {
        set_off(instrument, pool, reporter);
    }
    instrument.reached = None;
}

#[cold]
fn set_off<S: EventSink>(instrument: &mut Instrument, pool: &mut OrderPool, reporter: &mut Reporter<'_, S>) {
    let mut triggers = 0;
    while let Some(reached) = instrument.reached
        && let Some(slot) = instrument.stops.first_due(reached, &pool.resting)
    {
        let (order, terms) = (pool.whole(slot), pool.terms(slot));
        instrument.stops.side_mut(order.side).remove(slot, &mut pool.resting);
        if triggers == MAXIMUM_TRIGGERS {
            pool.remove(slot);
            reporter.tell_maker(order.owner, execution::canceled(&order, RejectReason::LimitCascade));
        } else {
            triggers += 1;
            trigger(order, terms, Some(slot), ClientSequence(0), instrument, pool, reporter);
        }
    }
}

/// A stop order, whole and in no queue, becomes what it is without its trigger.
fn trigger<S: EventSink>(
    mut order: Order,
    terms: Terms,
    slot: Option<Slot>,
    answers: ClientSequence,
    instrument: &mut Instrument,
    pool: &mut OrderPool,
    reporter: &mut Reporter<'_, S>,
) {
    order.instructions = order.instructions.with(Instructions::WAITING, false);
    reporter.tell(order.owner, answers, execution::triggered(&order));
    let refused = if order.time_in_force == TimeInForce::Fok && !matching::is_fillable(&order, instrument, pool) {
        Some(RejectReason::FillOrKill)
    } else if order.instructions.is_post_only() && instrument.book.would_trade(order.side, order.limit()) {
        Some(RejectReason::PostOnlyWouldTrade)
    } else {
        None
    };
    match refused {
        Some(reason) => order_entry::end(&order, slot, answers, reason, pool, reporter),
        None => order_entry::enter(&mut order, terms, slot, answers, instrument, pool, reporter),
    }
}
