//! One instrument of a recording: takes records, and gives the commands of each complete event.
//!
//! An event is what the exchange executed atomically: the records up to the one with the flag LAST. Its commands are,
//! in this order:
//!
//! 1. cancels of orders that its trades did not fill (self-match prevention: see [`crate::mbo`]),
//! 2. each trade's aggressor, as an immediate-or-cancel order,
//! 3. the commands that bring the engine's book to the state that the records give for the exchange's book. The report
//!    of a fill that the aggressor has also done here needs no command; any other needs a cancel, a replacement or a
//!    new order.
//!
//! For step 3 the market keeps a copy of the book that a price-time engine has after the commands so far
//! ([`PriceTimeBook`]).

use std::collections::{HashMap, VecDeque};

use lugus_vocabulary::{
    Action, ClientOrderId, InstrumentId, ParticipantId, Price, Quantity, Replace, Side, TimeInForce,
};

use super::held::HeldOrders;
use super::order::Order;
use super::record::{Crossing, Record, RecordAction};
use crate::flow::{ExchangeTrade, FlowError, RestingFills, Step};
use crate::price_time_book::{PriceTimeBook, RestingOrder};

/// Largest number of records of an event.
const MAX_EVENT_RECORDS: usize = 65_536;

/// First order id for aggressors to which the exchange gave no id.
const FIRST_OWN_ORDER_ID: u64 = 1 << 63;

pub(crate) struct Market {
    instrument: InstrumentId,
    tick: i64,
    participants: Vec<ParticipantId>,
    crossing: Crossing,
    event: Vec<Record>,
    book: PriceTimeBook,
    held: HeldOrders,
    next_own_order_id: u64,
}

impl Market {
    /// A market with an empty book. `tick` is the tick size in units of 1e-9.
    pub(crate) fn new(
        instrument: InstrumentId,
        tick: i64,
        participants: Vec<ParticipantId>,
        crossing: Crossing,
    ) -> Self {
        Self {
            instrument,
            tick,
            participants,
            crossing,
            event: Vec::new(),
            book: PriceTimeBook::default(),
            held: HeldOrders::default(),
            next_own_order_id: FIRST_OWN_ORDER_ID,
        }
    }

    pub(crate) fn instrument(&self) -> InstrumentId {
        self.instrument
    }

    /// Takes the next record. If it ends an event, adds the event's commands to `steps`.
    pub(crate) fn record(&mut self, record: Record, steps: &mut VecDeque<Step>) -> Result<(), FlowError> {
        if record.action == RecordAction::Clear {
            self.end(steps)?;
            self.clear(steps);
            return Ok(());
        }
        if self.event.len() == MAX_EVENT_RECORDS {
            return Err(FlowError::EventTooLong { instrument: record.instrument, limit: MAX_EVENT_RECORDS });
        }
        let is_end = record.ends_event;
        self.event.push(record);
        if is_end { self.end(steps) } else { Ok(()) }
    }

    /// Ends the current event, if there is one.
    pub(crate) fn end(&mut self, steps: &mut VecDeque<Step>) -> Result<(), FlowError> {
        let records = std::mem::take(&mut self.event);
        let outcome = self.event(&records, steps);
        self.event = records;
        self.event.clear();
        outcome
    }

    fn event(&mut self, records: &[Record], steps: &mut VecDeque<Step>) -> Result<(), FlowError> {
        let trades = self.trades(records)?;
        let mut filled: HashMap<ClientOrderId, Quantity> = HashMap::new();
        for &(order, quantity) in trades.iter().flat_map(|trade| trade.fills.as_slice()) {
            filled.entry(order).or_default().0 += quantity.0;
        }

        let is_unfilled_cancel =
            |record: &Record| record.action == RecordAction::Cancel && !filled.contains_key(&id(record));
        for record in records.iter().filter(|record| is_unfilled_cancel(record)) {
            self.settle(id(record), None, steps);
        }

        let mut disturbed = Vec::new();
        for trade in trades {
            self.trade(trade, &mut disturbed, steps);
        }

        for record in records.iter().filter(|record| !is_unfilled_cancel(record)) {
            if matches!(record.action, RecordAction::Add | RecordAction::Cancel | RecordAction::Modify) {
                disturbed.retain(|order: &Order| order.id != id(record));
                let order = if record.action == RecordAction::Cancel { None } else { self.order(record)? };
                self.settle(id(record), order, steps);
            }
        }
        for mut order in disturbed {
            order.leaves.0 = order.leaves.0.saturating_sub(filled.get(&order.id).copied().unwrap_or_default().0);
            self.settle(order.id, (order.leaves.0 > 0).then_some(order), steps);
        }
        self.release_held(steps);
        Ok(())
    }

    /// Adds the command of a trade's aggressor. Adds to `disturbed` the orders that the aggressor fills in the engine's
    /// book, as they were before the fill.
    fn trade(&mut self, trade: Trade, disturbed: &mut Vec<Order>, steps: &mut VecDeque<Step>) {
        if self.book.get(trade.aggressor).is_some() {
            self.settle(trade.aggressor, None, steps);
        }
        let order = Order { id: trade.aggressor, side: trade.side, price: trade.price, leaves: trade.quantity };
        let action = Action::New(order.new_order(TimeInForce::Ioc));
        let exchange_trade = ExchangeTrade { price: trade.price, fills: trade.fills };
        steps.push_back(Step { trade: Some(Box::new(exchange_trade)), ..self.step(order.id, action) });

        let mut fills = Vec::new();
        self.book.take(trade.side, Some(trade.price), trade.quantity, &mut fills);
        for fill in fills {
            if !disturbed.iter().any(|order| order.id == fill.order) {
                let left = self.book.get(fill.order).map_or(0, |order| order.leaves.0);
                disturbed.push(Order {
                    id: fill.order,
                    side: trade.side.opposite(),
                    price: fill.price,
                    leaves: Quantity(left + fill.quantity.0),
                });
            }
        }
    }

    /// Brings one order of the engine's book to its state on the exchange; `None` means that it no longer rests there.
    fn settle(&mut self, id: ClientOrderId, order: Option<Order>, steps: &mut VecDeque<Step>) {
        self.held.remove(id);
        match (self.book.get(id), order) {
            (None, None) => {}
            (Some(_), None) => self.cancel(id, steps),
            (None, Some(order)) => self.rest(order, steps),
            (Some(ours), Some(order)) if ours.side != order.side => {
                self.cancel(id, steps);
                self.rest(order, steps);
            }
            (Some(ours), Some(order)) if ours.price == order.price && ours.leaves == order.leaves => {}
            (Some(ours), Some(order)) => self.replace(ours, order, steps),
        }
    }

    fn rest(&mut self, order: Order, steps: &mut VecDeque<Step>) {
        while self.book.would_trade(order.side, Some(order.price)) {
            match (self.crossing, self.book.first(order.side.opposite())) {
                (Crossing::EndOthers, Some((other, _))) => self.cancel(other, steps),
                (Crossing::HoldBack, _) | (_, None) => return self.held.insert(order),
            }
        }
        let Order { id, side, price, leaves } = order;
        self.book.rest(id, RestingOrder { side, price, leaves, filled: Quantity(0) });
        steps.push_back(self.step(id, Action::New(order.new_order(TimeInForce::Gtc))));
    }

    fn cancel(&mut self, id: ClientOrderId, steps: &mut VecDeque<Step>) {
        self.book.remove(id);
        steps.push_back(self.step(id, Action::Cancel { orig_client_order_id: id }));
    }

    fn replace(&mut self, ours: RestingOrder, order: Order, steps: &mut VecDeque<Step>) {
        let Order { id, price, leaves, .. } = order;
        if self.book.would_trade(order.side, Some(price)) {
            self.cancel(id, steps);
            return self.held.insert(order);
        }
        if price == ours.price && leaves <= ours.leaves {
            self.book.reduce(id, leaves);
        } else {
            self.book.remove(id);
            self.book.rest(id, RestingOrder { price, leaves, ..ours });
        }
        let replace = Replace {
            orig_client_order_id: id,
            client_order_id: id,
            price: Some(price),
            stop_price: None,
            quantity: Quantity(ours.filled.0 + leaves.0),
            display_quantity: Quantity(0),
        };
        steps.push_back(self.step(id, Action::Replace(replace)));
    }

    fn release_held(&mut self, steps: &mut VecDeque<Step>) {
        while let Some(order) = self.held.take_first(|order| !self.book.would_trade(order.side, Some(order.price))) {
            self.rest(order, steps);
        }
    }

    fn clear(&mut self, steps: &mut VecDeque<Step>) {
        self.book.clear();
        self.held.clear();
        for &participant in &self.participants {
            let action = Action::MassCancel { target: participant, side: None };
            steps.push_back(Step { participant, instrument: self.instrument, action, trade: None });
        }
    }

    /// The trades of an event that have a side and resting orders. Trades of an auction have no side; a trade of a
    /// spread with an implied order may have no resting order in this book. Fills of the aggressor itself are left out.
    fn trades(&mut self, records: &[Record]) -> Result<Vec<Trade>, FlowError> {
        let mut trades: Vec<Trade> = Vec::new();
        let mut is_open = false;
        for record in records {
            match (record.action, record.side, record.price) {
                (RecordAction::Trade, Some(side), Some(price)) => {
                    is_open = true;
                    trades.push(Trade {
                        aggressor: id(record),
                        side,
                        price: self.price(price, record)?,
                        quantity: record.size,
                        fills: RestingFills::default(),
                    });
                }
                (RecordAction::Trade, ..) => is_open = false,
                (RecordAction::Fill, side, _) if is_open => {
                    if let Some(trade) = trades.last_mut()
                        && id(record) != trade.aggressor
                        && side != Some(trade.side)
                    {
                        trade.fills.add(id(record), record.size);
                    }
                }
                _ => {}
            }
        }
        trades.retain(|trade| !trade.fills.is_empty());
        for trade in trades.iter_mut().filter(|trade| trade.aggressor.0 == 0) {
            trade.aggressor = ClientOrderId(self.next_own_order_id);
            self.next_own_order_id += 1;
        }
        Ok(trades)
    }

    /// The order that a record adds or modifies; `None` if the record has no order that could rest.
    fn order(&self, record: &Record) -> Result<Option<Order>, FlowError> {
        let can_rest = record.size.0 > 0 && record.order_id > 0;
        match (record.side, record.price) {
            (Some(side), Some(price)) if can_rest => {
                let price = self.price(price, record)?;
                Ok(Some(Order { id: id(record), side, price, leaves: record.size }))
            }
            _ => Ok(None),
        }
    }

    fn price(&self, price: i64, record: &Record) -> Result<Price, FlowError> {
        if price % self.tick != 0 {
            let what = format!("a price of instrument {} is not a multiple of its tick", record.instrument);
            return Err(FlowError::Changed { what });
        }
        Ok(Price(price / self.tick))
    }

    fn step(&self, id: ClientOrderId, action: Action) -> Step {
        let participant = self.participants[(id.0 % self.participants.len() as u64) as usize];
        Step { participant, instrument: self.instrument, action, trade: None }
    }
}

/// A trade as the exchange reported it.
struct Trade {
    aggressor: ClientOrderId,
    side: Side,
    price: Price,
    quantity: Quantity,
    fills: RestingFills,
}

fn id(record: &Record) -> ClientOrderId {
    ClientOrderId(record.order_id)
}
