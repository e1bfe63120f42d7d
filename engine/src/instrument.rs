//! A traded pair, whole: its definition and state, its book, its numbers, its hash.

use crate::book::{Book, Order, OrderPool, Slot};
use crate::command::{Definition, InstrumentState};
use crate::event::{EventSink, RejectReason, ReportBody};
use crate::execution;
use crate::sequences::Reporter;
use crate::state_hash;
use crate::units::{InstrumentId, OrderId, Price, Quantity, StateHash, TradeId};

/// A traded pair.
#[derive(Debug)]
pub(crate) struct Instrument {
    /// With the state and the reference price of now.
    pub(crate) definition: Definition,
    pub(crate) book: Book,
    pub(crate) last_order_id: OrderId,
    pub(crate) last_trade_id: TradeId,
}

impl Instrument {
    pub(crate) fn new(definition: Definition) -> Self {
        Self { definition, book: Book::new(), last_order_id: OrderId(0), last_trade_id: TradeId(0) }
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

    /// Puts an order, which is in the pool, at the end of its level.
    pub(crate) fn rest(&mut self, pool: &mut OrderPool, slot: Slot) {
        let Order { side, price, leaves, .. } = *pool.get(slot);
        self.book.side_mut(side).push_back(slot, price, leaves, &mut pool.resting);
    }

    /// Takes a resting order out of book and pool.
    pub(crate) fn end(&mut self, pool: &mut OrderPool, slot: Slot) -> Order {
        let order = *pool.get(slot);
        self.book.side_mut(order.side).remove(slot, &mut pool.resting);
        pool.remove(slot);
        order
    }

    /// Operator: a new state, and maybe a new reference price. Closing cancels all orders.
    pub(crate) fn set_state<S: EventSink>(
        &mut self,
        state: InstrumentState,
        reference_price: Option<Price>,
        pool: &mut OrderPool,
        reporter: &mut Reporter<'_, S>,
    ) -> Result<(), RejectReason> {
        if state == InstrumentState::Auction {
            return Err(RejectReason::Unsupported);
        }
        if let Some(price) = reference_price {
            if !takes_price(&self.definition, price) {
                return Err(RejectReason::InvalidPrice);
            }
            self.definition.reference_price = price;
        }
        self.definition.state = state;
        if state == InstrumentState::Closed {
            while let Some(slot) = self.book.first(&pool.resting) {
                let order = self.end(pool, slot);
                reporter.tell_owner(order.owner, execution::canceled(&order, RejectReason::InstrumentClosed));
            }
        }
        reporter.answer(self.report());
        Ok(())
    }

    /// How it stands.
    pub(crate) fn report(&self) -> ReportBody {
        let Definition { instrument, state, reference_price, .. } = self.definition;
        ReportBody::Instrument { instrument, state, reference_price }
    }
}

/// Whether the price is within the instrument's limits.
#[inline]
pub(crate) fn takes_price(definition: &Definition, price: Price) -> bool {
    (definition.minimum_price..=definition.maximum_price).contains(&price)
}

/// Whether such an instrument can be.
pub(crate) fn check_definition(definition: &Definition) -> Result<(), RejectReason> {
    let sound = definition.instrument != InstrumentId::NONE
        && is_symbol(definition.base)
        && is_symbol(definition.quote)
        && takes_price(definition, definition.reference_price)
        && definition.maximum_quantity > Quantity(0)
        && definition.tick_size.mantissa > 0
        && definition.lot_size.mantissa > 0;
    if !sound {
        Err(RejectReason::InvalidDefinition)
    } else if definition.state == InstrumentState::Auction {
        Err(RejectReason::Unsupported)
    } else {
        Ok(())
    }
}

/// One letter or more, ASCII without spaces, then zeros only.
fn is_symbol(symbol: [u8; 8]) -> bool {
    let length = symbol.iter().take_while(|byte| byte.is_ascii_graphic()).count();
    length > 0 && symbol[length..].iter().all(|&byte| byte == 0)
}
