//! A traded pair: its definition, its resting orders and stop orders, its numbers, and its market data.

use lugus_vocabulary::{InstrumentDefinition, MarketDataBody, OrderId, Quantity, ReportBody, Side, StateHash, TradeId};

use crate::book::{Book, Found, Instructions, Order, OrderPool, Slot};
use crate::event_sink::EventSink;
use crate::feed::Feed;
use crate::market_data::{self, publish_order};
use crate::reporter::Reporter;
use crate::state_hash;
use crate::stop_queues::StopQueues;
use crate::traded::{Traded, TradedRange};

/// A traded pair.
#[derive(Debug)]
pub(crate) struct Instrument {
    /// As it was defined, with the state and the reference price that it has now.
    pub(crate) definition: InstrumentDefinition,
    pub(crate) book: Book,
    pub(crate) stops: StopQueues,
    pub(crate) last_order_id: OrderId,
    pub(crate) last_trade_id: TradeId,
    pub(crate) feed: Feed,
    /// Prices of the trades of the command at hand that stop orders have not seen yet; `None` between commands.
    pub(crate) traded_range: Option<TradedRange>,
}

impl Instrument {
    /// An instrument that nobody has traded yet.
    pub(crate) fn new(definition: InstrumentDefinition) -> Self {
        Self {
            definition,
            book: Book::new(),
            stops: StopQueues::new(),
            last_order_id: OrderId(0),
            last_trade_id: TradeId(0),
            feed: Feed::new(definition.instrument),
            traded_range: None,
        }
    }

    /// Its state hash before its first report.
    pub(crate) fn first_hash(&self) -> StateHash {
        state_hash::of_definition(&self.definition)
    }

    /// Numbers an order that is taken now.
    pub(crate) fn next_order_id(&mut self) -> OrderId {
        self.last_order_id = OrderId(self.last_order_id.0 + 1);
        self.last_order_id
    }

    /// Takes a live order out of its queue and leaves it in the pool. `order` is the order as the pool has it.
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

    /// Takes a live order out of its queue and the pool, and returns it as its owner knows it.
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

    /// Counts what has traded: in the statistics, which are published, and in the range that stop orders will see.
    #[inline]
    pub(crate) fn traded<S: EventSink>(&mut self, traded: Traded, reporter: &mut Reporter<'_, S>) {
        let Some((first, last)) = traded.prices else { return };
        self.feed.statistics.trade(first, last, traded.volume);
        let statistics = self.feed.statistics;
        reporter.publish(&mut self.feed, || MarketDataBody::Statistics(statistics));
        let (low, high) = (first.min(last), first.max(last));
        self.traded_range = Some(match self.traded_range {
            Some(before) => TradedRange { low: before.low.min(low), high: before.high.max(high) },
            None => TradedRange { low, high },
        });
    }

    /// Publishes state and reference price as market data.
    pub(crate) fn publish_state<S: EventSink>(&mut self, reporter: &mut Reporter<'_, S>) {
        let InstrumentDefinition { state, reference_price, .. } = self.definition;
        reporter.publish(&mut self.feed, || MarketDataBody::State { state, reference_price });
    }

    /// The report of its state and reference price.
    pub(crate) fn report(&self) -> ReportBody {
        let InstrumentDefinition { instrument, state, reference_price, .. } = self.definition;
        ReportBody::Instrument { instrument, state, reference_price }
    }
}
