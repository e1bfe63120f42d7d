//! The operator opens, halts, closes an instrument, or has it gather orders for an auction.

use lugus_vocabulary::{InstrumentState, Price, RejectReason};

use crate::auction;
use crate::book::OrderPool;
use crate::definition::takes_price;
use crate::election;
use crate::event_sink::EventSink;
use crate::execution;
use crate::instrument::Instrument;
use crate::protection;
use crate::reporter::Reporter;
use crate::stops;
use crate::traded::TradedRange;

/// Sets an instrument's state, and its reference price if one is given. Closing cancels all orders, some of them with later
/// commands and timers if they are many; until all are canceled the instrument stays closed. Opening first trades what is
/// crossed, and then elects the stop orders that the last trade has reached.
pub(crate) fn set<S: EventSink>(
    state: InstrumentState,
    reference_price: Option<Price>,
    instrument: &mut Instrument,
    pool: &mut OrderPool,
    reporter: &mut Reporter<'_, S>,
) -> Result<(), RejectReason> {
    let is_closed = instrument.definition.state == InstrumentState::Closed;
    if is_closed && state != InstrumentState::Closed && instrument.first_order(pool).is_some() {
        return Err(RejectReason::InstrumentState);
    }
    if reference_price.is_some_and(|price| !takes_price(&instrument.definition, price)) {
        return Err(RejectReason::InvalidPrice);
    }
    if state == InstrumentState::Open && instrument.is_protected {
        protection::check_collar(reference_price, instrument, pool)?;
    }
    instrument.definition.reference_price = reference_price.unwrap_or(instrument.definition.reference_price);
    protection::clear_end(instrument, pool);
    if state == InstrumentState::Closed {
        instrument.due = None;
        cancel_all(instrument, pool, reporter);
    }
    if is_closed && state != InstrumentState::Closed {
        instrument.feed.statistics.begin_session();
        instrument.trades.begin_session(instrument.last_trade_id);
    }
    instrument.definition.state = state;
    // The answer is told before the trades, which are no answers: see `Scope::answer_again`.
    reporter.answer(instrument.report());
    if state == InstrumentState::Open {
        open(instrument, pool, reporter);
    } else {
        instrument.publish_state(reporter);
    }
    Ok(())
}

/// Trades what is crossed in an instrument whose state is open from now on, and then elects the stop orders that the last trade
/// has reached.
fn open<S: EventSink>(instrument: &mut Instrument, pool: &mut OrderPool, reporter: &mut Reporter<'_, S>) {
    if instrument.is_protected {
        protection::begin_trading(instrument, reporter.now());
    }
    auction::uncross(instrument, pool, reporter);
    instrument.publish_state(reporter);
    if let Some(last) = instrument.feed.statistics.last {
        let Instrument { stops, elected, due, .. } = &mut *instrument;
        election::elect(TradedRange::at(last), stops, elected, due, pool);
    }
    stops::cascade(instrument, pool, reporter);
}

/// The timer of an auction fires: trading goes on, or the auction does.
pub(crate) fn end_auction<S: EventSink>(
    instrument: &mut Instrument,
    pool: &mut OrderPool,
    reporter: &mut Reporter<'_, S>,
) {
    if protection::timer_fires(instrument, pool, reporter) {
        open(instrument, pool, reporter);
    }
}

/// Cancels the orders of an instrument that closes, as far as the command at hand has steps left.
pub(crate) fn cancel_all<S: EventSink>(
    instrument: &mut Instrument,
    pool: &mut OrderPool,
    reporter: &mut Reporter<'_, S>,
) {
    while let Some(slot) = instrument.first_order(pool) {
        if !pool.unfinished.step() {
            return pool.unfinished.note_instrument(instrument.definition.instrument);
        }
        let order = instrument.end(pool.found(slot), pool, reporter);
        reporter.tell_owner(order.owner, execution::canceled(&order, RejectReason::InstrumentClosed));
    }
}
