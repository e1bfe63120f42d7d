//! A two-sided quote of one instrument, as a mass quote asks for it: whole, or not at all.
//!
//! Both sides are checked against the book as it is, before either changes. A side that asks for no more lots at its price stays where
//! it is. Otherwise it loses its place: the sides that do are first taken out of the book, so that no side meets the other one as
//! it was, and then come in one after the other, the bid first.

use lugus_vocabulary::{
    ClientTag, InstrumentState, MassQuote, NewOrder, OnDisconnect, OrderType, PostOnly, Price, Quantity, QuoteEntry,
    RejectReason, RiskLimits, Side, TimeInForce,
};

use crate::admission;
use crate::book::{Instructions, Order, OrderPool, Place, Slot, Terms};
use crate::event_sink::EventSink;
use crate::execution;
use crate::incoming;
use crate::instrument::Instrument;
use crate::notional::Exposure;
use crate::order_entry;
use crate::protection;
use crate::reporter::Reporter;
use crate::risk;
use crate::stops;

/// What becomes of a side of a quote.
#[derive(Debug, Clone, Copy)]
enum Change {
    /// Nothing: it is not there and shall not be, or stays as it is.
    None,
    /// It is withdrawn.
    Withdraw(Slot),
    /// It keeps its place, with fewer lots open.
    Shrink(Slot, Quantity),
    /// It comes in at this price with these lots: as a new order, or with the place in the pool that it has.
    Enter(Option<Slot>, Price, Quantity),
}

const SIDES: [Side; 2] = [Side::Buy, Side::Sell];

/// Does what an entry of a mass quote asks for, in the scope of the reporter, which is that of the quote's participant in the
/// instrument.
///
/// # Errors
/// The reason why nothing was done.
pub(crate) fn quote<S: EventSink>(
    entry: &QuoteEntry,
    quote: &MassQuote,
    place: Place,
    limits: &RiskLimits,
    instrument: &mut Instrument,
    pool: &mut OrderPool,
    reporter: &mut Reporter<'_, S>,
) -> Result<(), RejectReason> {
    let mut changes = check(entry, quote, limits, instrument, pool, reporter)?;
    for (side, change) in SIDES.into_iter().zip(&mut changes) {
        prepare(side, change, quote, instrument, pool, reporter);
    }
    for (side, change) in SIDES.into_iter().zip(changes) {
        if let Change::Enter(slot, price, quantity) = change {
            enter(side, slot, (price, quantity), quote, place, instrument, pool, reporter);
        }
    }
    stops::cascade(instrument, pool, reporter);
    Ok(())
}

/// Checks both sides, and tells what becomes of them.
fn check<S: EventSink>(
    entry: &QuoteEntry,
    quote: &MassQuote,
    limits: &RiskLimits,
    instrument: &Instrument,
    pool: &OrderPool,
    reporter: &Reporter<'_, S>,
) -> Result<[Change; 2], RejectReason> {
    let mut changes = [Change::None; 2];
    let [bid, offer] = SIDES.map(|side| entry.side(side));
    if bid.is_some() || offer.is_some() {
        admission::replaceable(instrument)?;
    }
    if let (Some((bid, _)), Some((offer, _))) = (bid, offer)
        && bid >= offer
    {
        return Err(RejectReason::InvalidSpread);
    }
    for (change, side) in changes.iter_mut().zip(SIDES) {
        *change = plan(side, entry, quote, pool, reporter.scope())?;
    }
    // Room is asked for while all is there that was: a side that is withdrawn makes none for the other one.
    let mut new = 0;
    for (at, side) in SIDES.into_iter().enumerate() {
        if let Change::Enter(slot, price, quantity) = changes[at] {
            let others = match changes[1 - at] {
                Change::Withdraw(slot) | Change::Enter(Some(slot), ..) => Some(slot),
                _ => None,
            };
            let side = Entered { side, slot, price, quantity, gone: others };
            side.check(quote, limits, new, instrument, pool, reporter)?;
            new += u32::from(slot.is_none());
        }
    }
    Ok(changes)
}

/// What becomes of a side of the quote of an owner.
fn plan(
    side: Side,
    entry: &QuoteEntry,
    quote: &MassQuote,
    pool: &OrderPool,
    owner: u32,
) -> Result<Change, RejectReason> {
    let slot = pool.find(owner, quote.quote_set.client_order_id(side));
    let (slot, price, quantity) = match (slot, entry.side(side)) {
        (None, None) => return Ok(Change::None),
        (Some(slot), None) => return Ok(Change::Withdraw(slot)),
        (None, Some((price, quantity))) => return Ok(Change::Enter(None, price, quantity)),
        (Some(slot), Some((price, quantity))) => (slot, price, quantity),
    };
    let order = pool.whole(slot);
    // The participant may have entered any order under this number.
    let has_form = order.side == side
        && order.instructions.order_type() == OrderType::Limit
        && order.time_in_force == TimeInForce::Gtc
        && !order.instructions.has(Instructions::ICEBERG | Instructions::STAYS);
    if !has_form {
        return Err(RejectReason::DuplicateClientOrderId);
    }
    Ok(if price != order.price || quantity > order.leaves {
        Change::Enter(Some(slot), price, quantity)
    } else if quantity < order.leaves {
        Change::Shrink(slot, quantity)
    } else {
        Change::None
    })
}

/// A side that comes in.
struct Entered {
    side: Side,
    slot: Option<Slot>,
    price: Price,
    quantity: Quantity,
    /// The other side of the quote, if it loses its place or is withdrawn.
    gone: Option<Slot>,
}

impl Entered {
    /// Checks it as a new order is checked: quantity, price, risk limits, what it would find in the book, and room, in this
    /// order. `new` more orders are there by the other side.
    fn check<S: EventSink>(
        &self,
        quote: &MassQuote,
        limits: &RiskLimits,
        new: u32,
        instrument: &Instrument,
        pool: &OrderPool,
        reporter: &Reporter<'_, S>,
    ) -> Result<(), RejectReason> {
        let Self { side, slot, price, quantity, gone } = *self;
        let definition = &instrument.definition;
        let is_open = definition.state == InstrumentState::Open;
        admission::quantity(definition, quantity)?;
        admission::limit_price(definition, Some(price))?;
        if is_open && instrument.is_protected {
            protection::check_limit(side, Some(price), instrument, reporter.now())?;
        }
        risk::quantity(limits, quantity)?;
        let exposure = Exposure { side, limit: Some(price), trigger: None, open: quantity, is_for_auction: false };
        exposure.check(limits.maximum_notional, instrument, pool)?;
        if slot.is_none() {
            risk::open_orders(limits, pool.open_orders(reporter.scope()) + new)?;
        }
        if is_open && quote.post_only == PostOnly::Yes && self.would_trade(instrument, pool, gone) {
            return Err(RejectReason::PostOnlyWouldTrade);
        }
        if slot.is_none() && pool.live() + new as usize >= pool.resting.limit() {
            return Err(RejectReason::LimitOrders);
        }
        // At an unchanged price it is a part of the level already, which gets only what it grows by.
        let kept = slot.map(|slot| pool.get(slot)).filter(|order| order.price == price);
        let own = kept.filter(|order| !order.instructions.has(Instructions::ELECTED)).map_or(0, |order| order.leaves.0);
        let more = Quantity(quantity.0.saturating_sub(own));
        match instrument.book.side(side).has_room(price, more, &pool.resting) {
            true => Ok(()),
            false => Err(RejectReason::LimitLevel),
        }
    }

    /// Whether it would trade at once, with the best order of the other side that is not the quote's own and about to go.
    fn would_trade(&self, instrument: &Instrument, pool: &OrderPool, gone: Option<Slot>) -> bool {
        let mut others = instrument.book.side(self.side.opposite()).orders(&pool.resting);
        let best = others.find(|&slot| Some(slot) != gone).map(|slot| pool.get(slot).price);
        best.is_some_and(|best| match self.side {
            Side::Buy => self.price >= best,
            Side::Sell => self.price <= best,
        })
    }
}

/// Withdraws a side or makes it smaller; or takes it out of the book, where it is to come in again. One that has traded comes in as
/// a new order, so that its whole quantity does not grow with everything that has ever traded.
fn prepare<S: EventSink>(
    side: Side,
    change: &mut Change,
    quote: &MassQuote,
    instrument: &mut Instrument,
    pool: &mut OrderPool,
    reporter: &mut Reporter<'_, S>,
) {
    let id = quote.quote_set.client_order_id(side);
    match *change {
        Change::None | Change::Enter(None, ..) => {}
        Change::Withdraw(slot) => withdraw(slot, instrument, pool, reporter),
        Change::Shrink(slot, quantity) => {
            let mut order = pool.whole(slot);
            (order.quantity, order.leaves) = (Quantity(order.cum_quantity().0 + quantity.0), quantity);
            order_entry::decrease(slot, &order, pool.terms(slot), instrument, pool, reporter);
            reporter.tell_maker(order.owner, execution::replaced(&order, id));
        }
        Change::Enter(Some(slot), price, quantity) => {
            if pool.whole(slot).cum_quantity().0 > 0 {
                withdraw(slot, instrument, pool, reporter);
                *change = Change::Enter(None, price, quantity);
                return;
            }
            let in_queue = *pool.get(slot);
            instrument.take_out(slot, &in_queue, pool, reporter);
            pool.note_end(slot);
            pool.get_mut(slot).client_tag = ClientTag(quote.quote_id.0);
            let order =
                Order { order_id: in_queue.order_id, ..order_of(side, price, quantity, quote, reporter.scope()) };
            reporter.tell_maker(order.owner, execution::replaced(&order, id));
        }
    }
}

fn withdraw<S: EventSink>(
    slot: Slot,
    instrument: &mut Instrument,
    pool: &mut OrderPool,
    reporter: &mut Reporter<'_, S>,
) {
    let order = instrument.end(pool.found(slot), pool, reporter);
    reporter.tell_maker(order.owner, execution::canceled(&order, RejectReason::None));
}

/// A side as an order, without its number.
fn order_of(side: Side, price: Price, quantity: Quantity, quote: &MassQuote, owner: u32) -> Order {
    let entered = NewOrder {
        client_tag: ClientTag(quote.quote_id.0),
        ..NewOrder::limit(quote.quote_set.client_order_id(side), side, price, quantity)
    };
    let instructions =
        Instructions::new(OrderType::Limit, quote.post_only, quote.self_trade_prevention, OnDisconnect::Cancel);
    Order::new(&entered, price, instructions, Default::default(), owner)
}

/// Brings a side to the book. If what the other side traded has pulled the quotes of the set, it is canceled instead.
#[expect(clippy::too_many_arguments, reason = "a side of a quote, and where it goes")]
fn enter<S: EventSink>(
    side: Side,
    slot: Option<Slot>,
    (price, quantity): (Price, Quantity),
    quote: &MassQuote,
    place: Place,
    instrument: &mut Instrument,
    pool: &mut OrderPool,
    reporter: &mut Reporter<'_, S>,
) {
    let mut order = order_of(side, price, quantity, quote, reporter.scope());
    // What it does answers no command of its scope.
    let answers = reporter.client_sequence();
    match slot {
        Some(slot) => order.order_id = pool.get(slot).order_id,
        None => {
            order.order_id = instrument.next_order_id();
            reporter.tell_maker(order.owner, execution::new(&order));
        }
    }
    match pool.unfinished.quotes.get(place.index, place.set).and_then(|set| set.canceling) {
        Some(reason) => incoming::cancel(&order, slot, answers, reason, pool, reporter),
        None => incoming::enter(&mut order, Terms::default(), slot, answers, instrument, pool, reporter),
    }
}
