//! A traded pair, whole: its definition and state, its book and stop orders, its numbers, its hash.

use lugus_vocabulary::{
    InstrumentDefinition, InstrumentId, InstrumentState, MarketDataBody, OrderId, Price, Quantity, RejectReason,
    ReportBody, Side, StateHash, TradeId,
};

use crate::auction;
use crate::book::{Book, Found, Instructions, Order, OrderPool, Slot};
use crate::event_sink::EventSink;
use crate::execution;
use crate::market_data::{self, Feed};
use crate::matching::{Traded, publish_order};
use crate::sequences::Reporter;
use crate::state_hash;
use crate::stops::{self, Reached, Stops};

/// A traded pair.
#[derive(Debug)]
pub(crate) struct Instrument {
    /// With the state and the reference price of now.
    pub(crate) definition: InstrumentDefinition,
    pub(crate) book: Book,
    pub(crate) stops: Stops,
    pub(crate) last_order_id: OrderId,
    pub(crate) last_trade_id: TradeId,
    pub(crate) feed: Feed,
    /// Where the trades of the command at hand were; none between commands.
    pub(crate) reached: Option<Reached>,
}

impl Instrument {
    pub(crate) fn new(definition: InstrumentDefinition) -> Self {
        Self {
            definition,
            book: Book::new(),
            stops: Stops::new(),
            last_order_id: OrderId(0),
            last_trade_id: TradeId(0),
            feed: Feed::new(definition.instrument),
            reached: None,
        }
    }

    /// Its hash before the first report.
    pub(crate) fn first_hash(&self) -> StateHash {
        state_hash::of_definition(&self.definition)
    }

    /// The number of an order that is taken now.
    pub(crate) fn next_order_id(&mut self) -> OrderId {
        self.last_order_id = OrderId(self.last_order_id.0 + 1);
        self.last_order_id
    }

    /// Takes a live order out of its queue, but not out of the pool; `order` is what the pool has of it.
    #[inline(always)]
    pub(crate) fn take_out<S: EventSink>(
        &mut self,
        slot: Slot,
        order: &Order,
        pool: &mut OrderPool,
        reporter: &mut Reporter<'_, S>,
    ) {
        if order.instructions.has(Instructions::WAITING) {
            return self.take_out_stop(slot, order.side, pool);
        }
        let queue = self.book.side_mut(order.side);
        queue.remove(slot, &mut pool.resting);
        publish_order(order, order.price, Quantity(0), &mut self.feed, reporter);
        reporter.publish(&mut self.feed, || market_data::level(queue, order.side, order.price, &pool.resting));
    }

    #[cold]
    fn take_out_stop(&mut self, slot: Slot, side: Side, pool: &mut OrderPool) {
        self.stops.side_mut(side).remove(slot, &mut pool.resting);
    }

    /// Takes a live order out of its queue and the pool, and gives it whole.
    #[inline(always)]
    pub(crate) fn end<S: EventSink>(
        &mut self,
        found: Found,
        pool: &mut OrderPool,
        reporter: &mut Reporter<'_, S>,
    ) -> Order {
        let order = *pool.get(found.slot);
        let whole = pool.whole_of(found.slot, order);
        self.take_out(found.slot, &order, pool, reporter);
        pool.remove_found(found, &order);
        whole
    }

    /// Somebody traded: statistics, and what stop orders see of it.
    #[inline]
    pub(crate) fn traded<S: EventSink>(&mut self, traded: Traded, reporter: &mut Reporter<'_, S>) {
        let Some((first, last)) = traded.prices else { return };
        self.feed.statistics.trade(first, last, traded.volume);
        let statistics = self.feed.statistics;
        reporter.publish(&mut self.feed, || MarketDataBody::Statistics(statistics));
        let (low, high) = (first.min(last), first.max(last));
        self.reached = Some(match self.reached {
            Some(before) => Reached { low: before.low.min(low), high: before.high.max(high) },
            None => Reached { low, high },
        });
    }

    /// Operator: a new state, and maybe a new reference price. Closing cancels all orders; opening first trades what is
    /// crossed, and then sets off the stop orders that the last trade has reached.
    pub(crate) fn set_state<S: EventSink>(
        &mut self,
        state: InstrumentState,
        reference_price: Option<Price>,
        pool: &mut OrderPool,
        reporter: &mut Reporter<'_, S>,
    ) -> Result<(), RejectReason> {
        if let Some(price) = reference_price {
            if !takes_price(&self.definition, price) {
                return Err(RejectReason::InvalidPrice);
            }
            self.definition.reference_price = price;
        }
        if state == InstrumentState::Closed {
            self.cancel_all(pool, reporter);
        }
        if self.definition.state == InstrumentState::Closed && state != InstrumentState::Closed {
            self.feed.statistics.begin_session();
        }
        self.definition.state = state;
        // The answer comes before what is no answer: see `Scope::answer_again`.
        reporter.answer(self.report());
        if state == InstrumentState::Open {
            auction::uncross(self, pool, reporter);
        }
        self.publish_state(reporter);
        if state == InstrumentState::Open {
            let last = self.feed.statistics.last;
            self.reached = self.reached.or(last.map(|last| Reached { low: last, high: last }));
            stops::cascade(self, pool, reporter);
        }
        Ok(())
    }

    fn cancel_all<S: EventSink>(&mut self, pool: &mut OrderPool, reporter: &mut Reporter<'_, S>) {
        while let Some(slot) = self.book.first(&pool.resting).or_else(|| self.stops.first(&pool.resting)) {
            let order = self.end(pool.found(slot), pool, reporter);
            reporter.tell_owner(order.owner, execution::canceled(&order, RejectReason::InstrumentClosed));
        }
    }

    /// To whoever follows its market data.
    pub(crate) fn publish_state<S: EventSink>(&mut self, reporter: &mut Reporter<'_, S>) {
        let InstrumentDefinition { state, reference_price, .. } = self.definition;
        reporter.publish(&mut self.feed, || MarketDataBody::State { state, reference_price });
    }

    /// How it stands.
    pub(crate) fn report(&self) -> ReportBody {
        let InstrumentDefinition { instrument, state, reference_price, .. } = self.definition;
        ReportBody::Instrument { instrument, state, reference_price }
    }
}

/// Whether the price is within the instrument's limits.
#[inline]
pub(crate) fn takes_price(definition: &InstrumentDefinition, price: Price) -> bool {
    (definition.minimum_price..=definition.maximum_price).contains(&price)
}

/// Whether such an instrument can be.
pub(crate) fn check_definition(definition: &InstrumentDefinition) -> Result<(), RejectReason> {
    let sound = definition.instrument != InstrumentId::NONE
        && is_symbol(definition.base.0)
        && is_symbol(definition.quote.0)
        && takes_price(definition, definition.reference_price)
        && definition.maximum_quantity > Quantity(0)
        && definition.tick_size.mantissa > 0
        && definition.lot_size.mantissa > 0;
    if sound { Ok(()) } else { Err(RejectReason::InvalidDefinition) }
}

/// One letter or more, ASCII without spaces, then zeros only.
fn is_symbol(symbol: [u8; 8]) -> bool {
    let length = symbol.iter().take_while(|byte| byte.is_ascii_graphic()).count();
    length > 0 && symbol[length..].iter().all(|&byte| byte == 0)
}
