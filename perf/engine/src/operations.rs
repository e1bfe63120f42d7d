//! Single operations on an engine with a standing book, prepared so that each can be timed alone.
//!
//! The standing orders are spread evenly and at random over their levels, at least `GAP` ticks from the middle.
//! Operations take place inside this gap, as most traffic is near the touch; only [`Operation::CancelAnywhere`] touches
//! any standing order.

use lugus_engine::{Engine, EngineLimits};
use lugus_vocabulary::{
    Action, ClientOrderId, ClientSequence, Command, EpochNanos, NewOrder, ParticipantId, Price, Quantity, Replace, Side,
};

use crate::flow::Dice;
use crate::measure::{INSTRUMENT, PARTICIPANTS, Tally, definition};

/// An operation that is timed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// A new order comes to rest near the touch.
    Add,
    /// An order near the touch is canceled.
    Cancel,
    /// An order near the touch is replaced at another price, where it rests again.
    Replace,
    /// A new order trades with one resting order.
    MatchOne,
    /// A new order trades with ten resting orders of one level.
    MatchTen,
    /// A new order trades with a hundred resting orders, ten on each of ten levels.
    Sweep,
    /// Any standing order is canceled, in memory that was not used for long.
    CancelAnywhere,
}

impl Operation {
    /// All operations.
    pub const ALL: [Self; 7] =
        [Self::Add, Self::Cancel, Self::Replace, Self::MatchOne, Self::MatchTen, Self::Sweep, Self::CancelAnywhere];

    /// Name of the operation, for people.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Cancel => "cancel",
            Self::Replace => "replace",
            Self::MatchOne => "match 1",
            Self::MatchTen => "match 10",
            Self::Sweep => "sweep 100",
            Self::CancelAnywhere => "cancel anywhere",
        }
    }
}

/// Number of ticks on either side of the middle without standing orders.
const GAP: i64 = 64;
/// Number of these ticks, next to the middle, that are used for trades.
const INNER: i64 = 16;
/// Number of orders near the touch at a time.
const RECENT: usize = 64;

/// An engine with a standing book, on which operations can be timed.
#[derive(Debug)]
pub struct OperationBench {
    engine: Engine,
    sent: [u64; PARTICIPANTS as usize + 1],
    /// Orders with a lower id are standing orders.
    orders: u64,
    levels: u64,
    next_id: u64,
    recent: Vec<u64>,
    dice: Dice,
    tally: Tally,
}

impl OperationBench {
    /// Fills the book with `orders` orders on `levels` price levels, half of both on either side.
    #[must_use]
    pub fn new(orders: u64, levels: u64, seed: u64) -> Self {
        let limits = EngineLimits { orders: orders as usize + 1_024, ..EngineLimits::default() };
        let (engine, sent) = (Engine::new(limits), [0; PARTICIPANTS as usize + 1]);
        let (dice, tally) = (Dice(seed), Tally::default());
        let mut bench = Self { engine, sent, orders, levels, next_id: orders, recent: Vec::new(), dice, tally };
        bench.engine.apply(EpochNanos(1), &definition(), &mut bench.tally);
        for id in 0..orders {
            let command = bench.standing(id);
            bench.apply(&command);
        }
        for _ in 0..RECENT {
            let command = bench.near_the_touch();
            bench.apply(&command);
        }
        bench
    }

    /// Number of live orders.
    #[must_use]
    pub fn live(&self) -> usize {
        self.engine.live_orders()
    }

    /// Prepares an operation and returns its command, which must be the next one given to `apply`.
    pub fn prepare(&mut self, operation: Operation) -> Command {
        match operation {
            Operation::Add => {
                let oldest = self.recent.remove(0);
                let cancel = self.cancel(oldest);
                self.apply(&cancel);
                self.near_the_touch()
            }
            Operation::Cancel => {
                let add = self.near_the_touch();
                self.apply(&add);
                let place = self.dice.below(self.recent.len() as u64) as usize;
                let id = self.recent.remove(place);
                self.cancel(id)
            }
            Operation::Replace => {
                let place = self.dice.below(self.recent.len() as u64) as usize;
                let id = self.recent[place];
                let away = INNER + self.dice.below((GAP - INNER).cast_unsigned()).cast_signed();
                let price = if side(id) == Side::Buy { -away } else { away };
                let replace = Replace {
                    orig_client_order_id: ClientOrderId(id + 1),
                    client_order_id: ClientOrderId(id + 1),
                    price: Some(Price(price)),
                    stop_price: None,
                    quantity: Quantity(1),
                    display_quantity: Quantity(0),
                };
                self.command(id, Action::Replace(replace))
            }
            Operation::MatchOne => self.meet(1, 1),
            Operation::MatchTen => self.meet(1, 10),
            Operation::Sweep => self.meet(10, 10),
            Operation::CancelAnywhere => {
                let id = self.dice.below(self.orders);
                self.cancel(id)
            }
        }
    }

    /// Applies a command to the engine.
    #[inline]
    pub fn apply(&mut self, command: &Command) {
        self.engine.apply(EpochNanos(2), command, &mut self.tally);
    }

    /// Restores the part of the standing book that an operation took.
    pub fn restore(&mut self, operation: Operation, command: &Command) {
        if let (Operation::CancelAnywhere, Action::Cancel { orig_client_order_id }) = (operation, command.action) {
            let again = self.standing(orig_client_order_id.0 - 1);
            self.apply(&again);
        }
    }

    /// Places `orders` sell orders on each of `levels` levels within the gap; returns the buy order that takes all of
    /// them.
    fn meet(&mut self, levels: i64, orders: i64) -> Command {
        for level in 0..levels {
            for _ in 0..orders {
                let id = self.next_id(Side::Sell);
                let sell = self.new_order(id, Price(level), 1);
                self.apply(&sell);
            }
        }
        let id = self.next_id(Side::Buy);
        self.new_order(id, Price(levels), levels * orders)
    }

    fn near_the_touch(&mut self) -> Command {
        let side = if self.dice.below(2) == 0 { Side::Buy } else { Side::Sell };
        let away = INNER + self.dice.below((GAP - INNER).cast_unsigned()).cast_signed();
        let id = self.next_id(side);
        self.recent.push(id);
        self.new_order(id, Price(if side == Side::Buy { -away } else { away }), 1)
    }

    fn standing(&mut self, id: u64) -> Command {
        let away = GAP + self.dice.below(self.levels / 2).cast_signed();
        self.new_order(id, Price(if side(id) == Side::Buy { -away } else { away }), 1)
    }

    /// An id that was never used, for an order of this side.
    fn next_id(&mut self, wanted: Side) -> u64 {
        self.next_id += 1 + u64::from(side(self.next_id + 1) != wanted);
        self.next_id
    }

    fn new_order(&mut self, id: u64, price: Price, quantity: i64) -> Command {
        let order = NewOrder::limit(ClientOrderId(id + 1), side(id), price, Quantity(quantity.cast_unsigned()));
        self.command(id, Action::New(order))
    }

    fn cancel(&mut self, id: u64) -> Command {
        self.command(id, Action::Cancel { orig_client_order_id: ClientOrderId(id + 1) })
    }

    fn command(&mut self, id: u64, action: Action) -> Command {
        let participant = ParticipantId(1 + (id / 2 % PARTICIPANTS) as u32);
        let number = &mut self.sent[participant.0 as usize];
        *number += 1;
        Command { participant, instrument: INSTRUMENT, client_sequence: ClientSequence(*number), action }
    }
}

/// Side of an order by its id: orders with even ids buy.
fn side(id: u64) -> Side {
    if id.is_multiple_of(2) { Side::Buy } else { Side::Sell }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_leaves_the_book_as_large_as_it_was() {
        let mut bench = OperationBench::new(1_000, 100, 7);
        for operation in Operation::ALL {
            for _ in 0..100 {
                let live = bench.live();
                let command = bench.prepare(operation);
                let before = bench.tally.others;
                bench.apply(&command);
                let reports = bench.tally.others - before;
                let expected = match operation {
                    Operation::MatchOne => 3,
                    Operation::MatchTen => 21,
                    Operation::Sweep => 201,
                    _ => 1,
                };
                assert_eq!(reports, expected, "{operation:?}");
                bench.restore(operation, &command);
                assert_eq!(bench.live(), live, "{operation:?}");
            }
        }
    }
}
