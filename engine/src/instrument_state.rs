//! The operator opens, halts, closes an instrument, or has it gather orders for an auction.

use lugus_vocabulary::{InstrumentState, Price, RejectReason};

use crate::auction;
use crate::book::OrderPool;
use crate::definition::takes_price;
use crate::event_sink::EventSink;
use crate::execution;
use crate::instrument::Instrument;
use crate::reporter::Reporter;
use crate::stops;
use crate::traded::TradedRange;

/// Sets an instrument's state, and its reference price if one is given. Closing cancels all orders. Opening first
/// trades what is crossed, and then triggers the stop orders that the last trade has reached.
pub(crate) fn set<S: EventSink>(
    state: InstrumentState,
    reference_price: Option<Price>,
    instrument: &mut Instrument,
    pool: &mut OrderPool,
    reporter: &mut Reporter<'_, S>,
) -> Result<(), RejectReason> {
    if let Some(price) = reference_price {
        if !takes_price(&instrument.definition, price) {
            return Err(RejectReason::InvalidPrice);
        }
        instrument.definition.reference_price = price;
    }
    if state == InstrumentState::Closed {
        cancel_all(instrument, pool, reporter);
    }
    if instrument.definition.state == InstrumentState::Closed && state != InstrumentState::Closed {
        instrument.feed.statistics.begin_session();
    }
    instrument.definition.state = state;
    // The answer is told before the trades, which are no answers: see `Scope::answer_again`.
    reporter.answer(instrument.report());
    if state == InstrumentState::Open {
        auction::uncross(instrument, pool, reporter);
    }
    instrument.publish_state(reporter);
    if state == InstrumentState::Open {
        let last = instrument.feed.statistics.last;
        instrument.traded_range = instrument.traded_range.or(last.map(|last| TradedRange { low: last, high: last }));
        stops::cascade(instrument, pool, reporter);
    }
    Ok(())
}

fn cancel_all<S: EventSink>(instrument: &mut Instrument, pool: &mut OrderPool, reporter: &mut Reporter<'_, S>) {
    while let Some(slot) = instrument.book.first(&pool.resting).or_else(|| instrument.stops.first(&pool.resting)) {
        let order = instrument.end(pool.found(slot), pool, reporter);
        reporter.tell_owner(order.owner, execution::canceled(&order, RejectReason::InstrumentClosed));
    }
}
