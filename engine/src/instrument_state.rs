//! The operator opens, halts, closes an instrument, or has it gather orders for an auction.

use lugus_vocabulary::{AtDayEnd, AuctionOrders, AuctionType, DayPhase, InstrumentState, Price, RejectReason};

use crate::auction;
use crate::auction_orders;
use crate::auction_phase;
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
    if state == InstrumentState::Closed {
        instrument.due = None;
        cancel_all(instrument, pool, reporter);
    }
    if is_closed && state != InstrumentState::Closed {
        begin_session(instrument);
    }
    instrument.definition.state = state;
    instrument.auction_end = None;
    instrument.auction_type = match state {
        InstrumentState::Auction if is_closed => Some(AuctionType::Opening),
        // One that was halted goes on.
        InstrumentState::Auction => Some(instrument.auction_type.unwrap_or(AuctionType::Intraday)),
        InstrumentState::Open | InstrumentState::Halted => instrument.auction_type,
        InstrumentState::Closed => None,
    };
    auction_phase::begin(instrument, pool, reporter.now());
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
    auction_orders::end_auction(instrument, pool, reporter);
    instrument.publish_state(reporter);
    if let Some(last) = instrument.feed.statistics.last {
        let Instrument { stops, elected, due, .. } = &mut *instrument;
        election::elect(TradedRange::at(last), stops, elected, due, pool);
    }
    stops::cascade(instrument, pool, reporter);
}

/// An alarm of the instrument fires: its schedule changes the state, an auction ends or goes on, and what it would give is
/// published.
pub(crate) fn alarm<S: EventSink>(instrument: &mut Instrument, pool: &mut OrderPool, reporter: &mut Reporter<'_, S>) {
    let now = reporter.now();
    let phase = instrument.definition.auctions.schedule.phase(now);
    if instrument.phase_due.is_some_and(|due| due <= now) {
        auction_phase::start_schedule(instrument, now);
        change_phase(phase, instrument, pool, reporter);
    } else if instrument.auction_end.is_some_and(|end| end <= now) {
        match phase {
            Some(DayPhase::Closed) => end_day(instrument, pool, reporter),
            _ => go_on_trading(instrument, pool, reporter),
        }
    }
    auction_phase::publish(instrument, pool, reporter);
    instrument.note_alarm(pool);
}

/// Changes the state as the schedule says. A closed instrument that has orders left stays closed until the next change.
fn change_phase<S: EventSink>(
    phase: Option<DayPhase>,
    instrument: &mut Instrument,
    pool: &mut OrderPool,
    reporter: &mut Reporter<'_, S>,
) {
    let is_closed = instrument.definition.state == InstrumentState::Closed;
    if is_closed && phase != Some(DayPhase::Closed) {
        if instrument.first_order(pool).is_some() {
            return;
        }
        begin_session(instrument);
    }
    match phase {
        Some(DayPhase::OpeningAuction) => gather(AuctionType::Opening, instrument, pool, reporter),
        Some(DayPhase::ClosingAuction) => gather(AuctionType::Closing, instrument, pool, reporter),
        Some(DayPhase::Continuous) => {
            if instrument.definition.state != InstrumentState::Open {
                go_on_trading(instrument, pool, reporter);
            }
            // Of a day without an opening auction, too.
            if instrument.definition.state == InstrumentState::Open {
                auction_orders::end(AuctionOrders::AT_THE_OPENING, instrument, pool, reporter);
            }
        }
        Some(DayPhase::Closed) if !is_closed => end_day(instrument, pool, reporter),
        Some(DayPhase::Closed) | None => {}
    }
}

/// Begins an auction of the schedule. One of another kind that has not ended goes over into it; the orders that were only for that
/// one expire.
fn gather<S: EventSink>(
    auction: AuctionType,
    instrument: &mut Instrument,
    pool: &mut OrderPool,
    reporter: &mut Reporter<'_, S>,
) {
    if let Some(before) = instrument.auction_type.replace(auction)
        && before != auction
    {
        auction_orders::end(before.own(), instrument, pool, reporter);
    }
    protection::gather(instrument, instrument.phase_due, pool, reporter);
}

/// Begins continuous trading, unless the price of the auction would be outside the collar.
fn go_on_trading<S: EventSink>(instrument: &mut Instrument, pool: &mut OrderPool, reporter: &mut Reporter<'_, S>) {
    if protection::leave_auction(InstrumentState::Open, instrument, pool, reporter) {
        open(instrument, pool, reporter);
    }
}

/// Ends the day by a closing auction, unless its price would be outside the collar. No stop order triggers by it before trading
/// goes on.
fn end_day<S: EventSink>(instrument: &mut Instrument, pool: &mut OrderPool, reporter: &mut Reporter<'_, S>) {
    let state = match instrument.definition.auctions.schedule.at_day_end {
        AtDayEnd::Halt => InstrumentState::Halted,
        AtDayEnd::Close => InstrumentState::Closed,
    };
    if protection::leave_auction(state, instrument, pool, reporter) {
        protection::begin_trading(instrument, reporter.now());
        auction::uncross(instrument, pool, reporter);
        auction_orders::end_auction(instrument, pool, reporter);
        // Of a day without a closing auction, too.
        auction_orders::end(AuctionOrders::AT_THE_CLOSE, instrument, pool, reporter);
        if state == InstrumentState::Closed {
            instrument.due = None;
            cancel_all(instrument, pool, reporter);
        }
        instrument.publish_state(reporter);
    }
}

fn begin_session(instrument: &mut Instrument) {
    instrument.feed.statistics.begin_session();
    instrument.trades.begin_session(instrument.last_trade_id);
}

/// Cancels the orders of an instrument that closes, as far as the command at hand has steps left. Those whose auction is over expire
/// before.
pub(crate) fn cancel_all<S: EventSink>(
    instrument: &mut Instrument,
    pool: &mut OrderPool,
    reporter: &mut Reporter<'_, S>,
) {
    auction_orders::expire(instrument, pool, reporter);
    while let Some(slot) = instrument.first_order(pool) {
        if !pool.unfinished.step() {
            return pool.unfinished.note_instrument(instrument.definition.instrument);
        }
        let order = instrument.end(pool.found(slot), pool, reporter);
        reporter.tell_owner(order.owner, execution::canceled(&order, RejectReason::InstrumentClosed));
    }
}
