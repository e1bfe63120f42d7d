//! A traded pair: its definition, its resting orders and stop orders, its numbers, and its market data.

use lugus_vocabulary::{
    AuctionType, EpochNanos, InstrumentDefinition, InstrumentState, MarketDataBody, OrderId, Price, PriceProtection,
    Quantity, ReferenceWindow, ReportBody, Side, StateHash, TradeId,
};

use crate::book::{Book, BookSide, ElectedQueue, Found, Instructions, Order, OrderPool, Slot};
use crate::definition_hash;
use crate::event_sink::EventSink;
use crate::feed::Feed;
use crate::kept_trades::KeptTrades;
use crate::market_data::{self, publish_order};
use crate::queues::{AuctionQueues, Queue};
use crate::reporter::Reporter;
use crate::stop_queues::{StopQueues, is_reached};
use crate::traded::{Traded, TradedRange};

/// A traded pair.
#[derive(Debug)]
pub(crate) struct Instrument {
    /// As it was defined, with the state, the reference price and the price protection that it has now. The protection is
    /// changed by [`Instrument::set_protection`].
    pub(crate) definition: InstrumentDefinition,
    /// Whether a limit price within the instrument's limits is taken, as nothing else bounds it.
    pub(crate) takes_any_limit: bool,
    /// Whether there is price protection beside the static band.
    pub(crate) is_protected: bool,
    pub(crate) book: Book,
    pub(crate) stops: StopQueues,
    /// Orders that only auctions take; `None` until there is the first one.
    pub(crate) auction_orders: Option<Box<AuctionQueues>>,
    /// The auction that gathers orders, or that a halt has interrupted.
    pub(crate) auction_type: Option<AuctionType>,
    pub(crate) last_order_id: OrderId,
    pub(crate) last_trade_id: TradeId,
    pub(crate) feed: Feed,
    /// Number of stop orders that ever began to wait.
    pub(crate) arrivals: u64,
    /// Orders that are to meet the book and have not had their turn.
    pub(crate) elected: ElectedQueue,
    /// Prices of trades that have more stop orders to elect.
    pub(crate) due: Option<TradedRange>,
    /// Trades that the operator can still cancel or correct.
    pub(crate) trades: KeptTrades,
    /// When a timer ends the auction that interrupts trading; `None` if there is none.
    pub(crate) auction_end: Option<EpochNanos>,
    /// When what the auction would give is published next.
    pub(crate) indicative_due: Option<EpochNanos>,
    /// When the schedule changes its state next.
    pub(crate) phase_due: Option<EpochNanos>,
    /// From when on participants neither cancel nor replace orders; `None` if they may.
    pub(crate) no_cancels_from: Option<EpochNanos>,
    /// The alarm that is noted for it: the first of the times above at which something happens.
    pub(crate) alarm: Option<EpochNanos>,
    /// The last window of the dynamic reference price in which an order has met the book.
    pub(crate) window: Option<ReferenceWindow>,
}

impl Instrument {
    /// An instrument that nobody has traded yet, and that keeps this number of trades.
    pub(crate) fn new(definition: InstrumentDefinition, retained_trades: usize) -> Self {
        let mut instrument = Self {
            definition,
            takes_any_limit: false,
            is_protected: false,
            book: Book::new(),
            stops: StopQueues::new(),
            auction_orders: None,
            auction_type: (definition.state == InstrumentState::Auction).then_some(AuctionType::Opening),
            last_order_id: OrderId(0),
            last_trade_id: TradeId(0),
            feed: Feed::new(definition.instrument),
            arrivals: 0,
            elected: ElectedQueue::EMPTY,
            due: None,
            trades: KeptTrades::after(TradeId(0), retained_trades as u32),
            auction_end: None,
            indicative_due: None,
            phase_due: None,
            no_cancels_from: None,
            alarm: None,
            window: None,
        };
        instrument.set_protection(definition.protection);
        instrument
    }

    /// When something happens without a command.
    pub(crate) fn next_alarm(&self) -> Option<EpochNanos> {
        [self.auction_end, self.indicative_due, self.phase_due].into_iter().flatten().min()
    }

    /// Notes when something happens without a command, if that has changed.
    pub(crate) fn note_alarm(&mut self, pool: &mut OrderPool) {
        let next = self.next_alarm();
        if next == self.alarm {
            return;
        }
        let id = self.definition.instrument;
        if let Some(before) = self.alarm {
            pool.unfinished.forget_alarm(before, id);
        }
        if let Some(next) = next {
            pool.unfinished.note_alarm(next, id);
        }
        self.alarm = next;
    }

    /// Sets what protects its prices.
    pub(crate) fn set_protection(&mut self, protection: PriceProtection) {
        self.definition.protection = protection;
        self.is_protected = protection != PriceProtection::NONE;
        self.takes_any_limit = !self.is_protected && self.definition.price_band.0 == 0;
    }

    /// Its state hash before its first report.
    pub(crate) fn first_hash(&self) -> StateHash {
        definition_hash::of_definition(&self.definition)
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
        if order.instructions.has(Instructions::WAITING | Instructions::ELECTED | Instructions::AUCTION) {
            return self.take_out_hidden(slot, order, pool);
        }
        let queue = self.book.side_mut(order.side);
        queue.remove(slot, &mut pool.resting);
        publish_order(order, order.price, Quantity(0), &mut self.feed, reporter);
        reporter.publish(&mut self.feed, || market_data::level(queue, order.side, order.price, &pool.resting));
    }

    /// Takes out an order that is not in the book: a stop order, an elected one, or one that only auctions take.
    #[cold]
    fn take_out_hidden(&mut self, slot: Slot, order: &Order, pool: &mut OrderPool) {
        if order.instructions.has(Instructions::ELECTED) {
            self.elected.remove(slot, &mut pool.elected);
            let order = pool.get_mut(slot);
            order.instructions = order.instructions.with(Instructions::ELECTED, false);
        } else {
            self.queue_mut(Queue::of(order), order.side).remove(slot, &mut pool.resting);
        }
    }

    /// One side of a queue; `None` if it was never used.
    pub(crate) fn queue(&self, queue: Queue, side: Side) -> Option<&BookSide> {
        match queue {
            Queue::Book => Some(self.book.side(side)),
            Queue::Stops => Some(self.stops.side(side)),
            _ => self.auction_orders.as_deref().and_then(|queues| queues.side(queue, side)),
        }
    }

    /// One side of a queue, for changes.
    pub(crate) fn queue_mut(&mut self, queue: Queue, side: Side) -> &mut BookSide {
        let Self { book, stops, auction_orders, .. } = self;
        if queue == Queue::Stops {
            return stops.side_mut(side);
        }
        if queue != Queue::Book {
            let queues = auction_orders.get_or_insert_with(|| Box::new(AuctionQueues::new()));
            if let Some(of_auction) = queues.side_mut(queue, side) {
                return of_auction;
            }
        }
        book.side_mut(side)
    }

    /// Whether a side of a queue has room for an order of this quantity at this price.
    pub(crate) fn has_room(
        &self,
        queue: Queue,
        side: Side,
        price: Price,
        quantity: Quantity,
        pool: &OrderPool,
    ) -> bool {
        match self.queue(queue, side) {
            Some(of_side) => of_side.has_room(price, quantity, &pool.resting),
            None => BookSide::new(side).has_room(price, quantity, &pool.resting),
        }
    }

    /// Both sides of all queues that were ever used, in the order of snapshots.
    pub(crate) fn queues(&self) -> impl Iterator<Item = (Queue, Side, &BookSide)> {
        let sides = |queue| [Side::Buy, Side::Sell].map(|side| (queue, side));
        let all = Queue::ALL.into_iter().flat_map(sides);
        all.filter_map(|(queue, side)| Some((queue, side, self.queue(queue, side)?)))
    }

    /// Whether orders are elected, or to be elected.
    #[inline]
    pub(crate) fn has_elected(&self) -> bool {
        !self.elected.is_empty() || self.due.is_some()
    }

    /// Whether a stop order with this trigger is to be elected: by the last trade, or by trades that have more to elect.
    pub(crate) fn has_reached(&self, side: Side, stop_price: Price) -> bool {
        let reached = |price| is_reached(side, stop_price, price);
        self.feed.statistics.last.is_some_and(reached)
            || self.due.is_some_and(|due| reached(due.low) || reached(due.high))
    }

    /// Whether there is work that does not wait for a command: elected orders, orders whose auction is over, or orders of a closed
    /// instrument.
    pub(crate) fn has_work(&self, pool: &OrderPool) -> bool {
        if !pool.unfinished.expiring(self.definition.instrument).is_empty() {
            return true;
        }
        match self.definition.state {
            InstrumentState::Open => self.has_elected(),
            InstrumentState::Closed => self.first_order(pool).is_some(),
            InstrumentState::Halted | InstrumentState::Auction => false,
        }
    }

    /// The first of all orders: of the book, of those that wait for their trigger, of those that only auctions take, or of the
    /// elected ones.
    pub(crate) fn first_order(&self, pool: &OrderPool) -> Option<Slot> {
        let resting = &pool.resting;
        let for_auctions = || self.auction_orders.as_ref().and_then(|queues| queues.first(resting));
        let first = self.book.first(resting).or_else(|| self.stops.first(resting));
        first.or_else(for_auctions).or_else(|| self.elected.first())
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

    /// Counts what has traded in the statistics, which are published.
    #[inline]
    pub(crate) fn traded<S: EventSink>(&mut self, traded: Traded, reporter: &mut Reporter<'_, S>) {
        let Some((first, last)) = traded.prices else { return };
        self.feed.statistics.trade(first, last, traded.volume);
        let statistics = self.feed.statistics;
        reporter.publish(&mut self.feed, || MarketDataBody::Statistics(statistics));
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
