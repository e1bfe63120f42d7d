//! What protects prices beside the static band: the dynamic band, protection points, and the collar of auctions.
//!
//! The dynamic band lies around a reference price: that of the last trade, or with a window that of the last trade before the
//! current window of log time. It bounds at which prices an incoming order trades in continuous trading; orders of the book
//! need not lie within it. When an order could trade beyond it, it is rejected or canceled, or trading is interrupted by an
//! auction that a timer ends.
//!
//! Protection points give an order without a limit one: a market order when it comes in, a stop order when it triggers. From
//! then on it has that limit ([`Instructions::PROTECTED`]), and keeps its type.
//!
//! An auction whose price would lie outside its collar does not end: a timer extends it, and the operator's command is refused.

use lugus_vocabulary::{
    AuctionType, BeyondPoints, EpochNanos, InstrumentState, OnBreach, OrderType, Price, PriceProtection,
    ReferenceWindow, RejectReason, Side,
};

use crate::auction;
use crate::auction_phase;
use crate::book::{Instructions, Order, OrderPool};
use crate::definition_hash;
use crate::event_sink::EventSink;
use crate::instrument::Instrument;
use crate::reporter::Reporter;

const NANOS_A_MILLISECOND: i64 = 1_000_000;

/// Number of the window that log time `now` is in; `None` if the reference price is that of the last trade.
fn window_at(now: EpochNanos, protection: &PriceProtection) -> Option<i64> {
    let length = i64::from(protection.reference_window_milliseconds) * NANOS_A_MILLISECOND;
    (length > 0).then(|| now.0.div_euclid(length))
}

/// The middle of the dynamic band.
fn dynamic_reference(instrument: &Instrument, now: EpochNanos) -> Price {
    let Instrument { definition, feed, window, .. } = instrument;
    let last = feed.statistics.last;
    let price = match (window_at(now, &definition.protection), window) {
        // Log time may go back: the latest window counts.
        (Some(number), Some(window)) if number <= window.number => window.price,
        _ => last,
    };
    price.unwrap_or(definition.reference_price)
}

/// Remembers the price before the current window, before trades in it change the last price.
pub(crate) fn begin_trading(instrument: &mut Instrument, now: EpochNanos) {
    let Some(number) = window_at(now, &instrument.definition.protection) else { return };
    if instrument.window.is_none_or(|window| window.number < number) {
        instrument.window = Some(ReferenceWindow { number, price: instrument.feed.statistics.last });
    }
}

/// The worst price at which the dynamic band lets an incoming order of this side trade.
#[cold]
pub(crate) fn band_edge(side: Side, instrument: &Instrument, now: EpochNanos) -> Option<Price> {
    let band = instrument.definition.protection.dynamic_band?;
    let reference = dynamic_reference(instrument, now);
    Some(match side {
        Side::Buy => band.above(reference),
        Side::Sell => band.below(reference),
    })
}

/// The stricter of a limit and the edge of the dynamic band.
pub(crate) fn stricter(side: Side, limit: Option<Price>, edge: Price) -> Price {
    match (side, limit) {
        (Side::Buy, Some(limit)) => limit.min(edge),
        (Side::Sell, Some(limit)) => limit.max(edge),
        (_, None) => edge,
    }
}

/// An order with the limit that the dynamic band leaves it, for questions about what it would trade with.
pub(crate) fn within_band(order: &Order, instrument: &Instrument, now: EpochNanos) -> Order {
    let mut bounded = *order;
    if instrument.is_protected
        && let Some(edge) = band_edge(order.side, instrument, now)
    {
        bounded.price = stricter(order.side, order.limit(), edge);
        bounded.instructions = order.instructions.with(Instructions::PROTECTED, true);
    }
    bounded
}

/// Checks the limit of an order that is entered or replaced while trading is on, if a breach of the dynamic band rejects it.
#[cold]
pub(crate) fn check_limit(
    side: Side,
    limit: Option<Price>,
    instrument: &Instrument,
    now: EpochNanos,
) -> Result<(), RejectReason> {
    if let (OnBreach::Reject, Some(limit)) = (instrument.definition.protection.on_breach, limit)
        && let Some(edge) = band_edge(side, instrument, now)
        && stricter(side, Some(limit), edge) != limit
    {
        return Err(RejectReason::PriceOutsideDynamicBand);
    }
    Ok(())
}

/// Gives a market order that comes in while trading is on the limit of its protection points.
#[cold]
pub(crate) fn protect_market(order: &mut Order, instrument: &Instrument) {
    let is_open = instrument.definition.state == InstrumentState::Open;
    if order.instructions.order_type() == OrderType::Market && is_open && !order.instructions.has(Instructions::AUCTION)
    {
        let best = instrument.book.side(order.side.opposite()).best();
        let from = best.or(instrument.feed.statistics.last).unwrap_or(instrument.definition.reference_price);
        protect(order, from, instrument);
    }
}

/// Gives a stop order without a limit that triggers the limit of its protection points.
#[cold]
pub(crate) fn protect_stop(order: &mut Order, stop_price: Price, instrument: &Instrument) {
    if order.instructions.order_type() == OrderType::Stop {
        protect(order, stop_price, instrument);
    }
}

fn protect(order: &mut Order, from: Price, instrument: &Instrument) {
    let definition = &instrument.definition;
    let points = definition.protection.protection_points.0;
    if points == 0 {
        return;
    }
    let limit = match order.side {
        Side::Buy => from.0.saturating_add_unsigned(points),
        Side::Sell => from.0.saturating_sub_unsigned(points),
    };
    order.price = Price(limit.clamp(definition.minimum_price.0, definition.maximum_price.0));
    order.instructions = order.instructions.with(Instructions::PROTECTED, true);
}

/// Whether a market order may rest at the price of its protection points, and so have any time in force.
pub(crate) fn may_rest(order: &Order, instrument: &Instrument) -> bool {
    order.instructions.has(Instructions::PROTECTED)
        && instrument.definition.protection.beyond_points == BeyondPoints::Rest
}

/// Why what is left of an order is canceled that has found nothing more to trade with; `None` if it rests.
#[inline]
pub(crate) fn canceled_rest(order: &Order, instrument: &Instrument) -> Option<RejectReason> {
    if order.instructions.has(Instructions::PROTECTED) {
        return canceled_rest_of_protected(order, instrument);
    }
    order.is_immediate().then_some(RejectReason::NoLiquidity)
}

#[cold]
fn canceled_rest_of_protected(order: &Order, instrument: &Instrument) -> Option<RejectReason> {
    if !order.is_immediate() && may_rest(order, instrument) {
        return None;
    }
    let has_others = instrument.book.side(order.side.opposite()).best().is_some();
    Some(if has_others { RejectReason::ProtectionPoints } else { RejectReason::NoLiquidity })
}

/// Interrupts trading by an auction, or lets one go on, for the length of an auction.
#[cold]
pub(crate) fn halt<S: EventSink>(instrument: &mut Instrument, pool: &mut OrderPool, reporter: &mut Reporter<'_, S>) {
    instrument.definition.state = InstrumentState::Auction;
    instrument.auction_type.get_or_insert(AuctionType::Intraday);
    set_end(instrument, pool, reporter);
    instrument.publish_state(reporter);
}

/// Lets the auction end, or go on, for the length of an auction from now. Without such a length only the operator ends it.
fn set_end<S: EventSink>(instrument: &mut Instrument, pool: &mut OrderPool, reporter: &mut Reporter<'_, S>) {
    let length = i64::from(instrument.definition.protection.auction_milliseconds) * NANOS_A_MILLISECOND;
    let end = (length > 0).then(|| EpochNanos(reporter.now().0.saturating_add(length)));
    instrument.auction_end = end;
    auction_phase::begin(instrument, pool, reporter.now());
    fold_phase(instrument, reporter);
}

/// Takes a change of the state that no report tells into the state hash.
fn fold_phase<S: EventSink>(instrument: &Instrument, reporter: &mut Reporter<'_, S>) {
    let (state, now) = (instrument.definition.state, reporter.now());
    reporter.fold(&definition_hash::phase_words(instrument.definition.instrument, state, now, instrument.auction_end));
}

/// Begins an auction, or lets it go on, whose end is set by the instrument's schedule.
pub(crate) fn gather<S: EventSink>(
    instrument: &mut Instrument,
    end: Option<EpochNanos>,
    pool: &mut OrderPool,
    reporter: &mut Reporter<'_, S>,
) {
    instrument.definition.state = InstrumentState::Auction;
    instrument.auction_end = end;
    auction_phase::begin(instrument, pool, reporter.now());
    fold_phase(instrument, reporter);
    instrument.publish_state(reporter);
}

/// Ends an auction without a command, in this state. Returns whether it ends: then its book is still crossed. If its price would
/// be outside the collar, it goes on.
#[cold]
pub(crate) fn leave_auction<S: EventSink>(
    state: InstrumentState,
    instrument: &mut Instrument,
    pool: &mut OrderPool,
    reporter: &mut Reporter<'_, S>,
) -> bool {
    if check_collar(None, instrument, pool).is_err() {
        halt(instrument, pool, reporter);
        return false;
    }
    instrument.definition.state = state;
    instrument.auction_end = None;
    auction_phase::begin(instrument, pool, reporter.now());
    fold_phase(instrument, reporter);
    true
}

/// Checks the price of an auction that ends now against its collar: around the last trade, or around the reference price that
/// the operator names.
pub(crate) fn check_collar(
    named: Option<Price>,
    instrument: &Instrument,
    pool: &OrderPool,
) -> Result<(), RejectReason> {
    let definition = &instrument.definition;
    let Some(collar) = definition.protection.auction_collar else { return Ok(()) };
    let reference = named.unwrap_or(definition.reference_price);
    let Some(found) = auction::indicative_at(reference, instrument, pool) else { return Ok(()) };
    let middle = named.or(instrument.feed.statistics.last).unwrap_or(reference);
    let is_within = (collar.below(middle)..=collar.above(middle)).contains(&found.price);
    if is_within { Ok(()) } else { Err(RejectReason::PriceOutsideCollar) }
}

/// Sets what protects an instrument's prices. An auction that interrupts trading goes on.
///
/// # Errors
/// The reason why nothing was done.
pub(crate) fn amend<S: EventSink>(
    protection: &PriceProtection,
    instrument: &mut Instrument,
    reporter: &mut Reporter<'_, S>,
) -> Result<(), RejectReason> {
    if !protection.is_sound() {
        return Err(RejectReason::InvalidDefinition);
    }
    instrument.set_protection(*protection);
    instrument.window = None;
    reporter.fold(&definition_hash::protection_words(protection));
    reporter.answer(instrument.report());
    Ok(())
}
