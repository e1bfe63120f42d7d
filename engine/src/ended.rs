//! Orders that are live although their end is decided: whoever meets one ends it first.
//!
//! Expiry, mass cancels and kill switches take bounded steps, so an order whose time is over or that is canceled may still
//! stand in its queue. It does not trade, does not trigger, and cannot be named by a command. An order that a kill switch
//! keeps can be named, and is canceled only if it would trade or trigger.

use lugus_vocabulary::{Action, ClientOrderId, Price, Quantity, Side};

use crate::book::{BookSide, Ending, Order, OrderPool, Slot};
use crate::event_sink::EventSink;
use crate::execution;
use crate::feed::Feed;
use crate::instrument::Instrument;
use crate::market_data::{self, publish_order};
use crate::reporter::Reporter;

/// Ends an order of the instrument.
#[cold]
pub(crate) fn end<S: EventSink>(
    slot: Slot,
    ending: Ending,
    instrument: &mut Instrument,
    pool: &mut OrderPool,
    reporter: &mut Reporter<'_, S>,
) {
    let order = instrument.end(pool.found(slot), pool, reporter);
    tell(&order, ending, reporter);
}

/// Ends an order that matching meets in the book.
#[cold]
pub(crate) fn end_maker<S: EventSink>(
    slot: Slot,
    ending: Ending,
    makers: &mut BookSide,
    pool: &mut OrderPool,
    feed: &mut Feed,
    reporter: &mut Reporter<'_, S>,
) {
    let order = pool.whole(slot);
    makers.remove(slot, &mut pool.resting);
    pool.remove(slot);
    publish_order(&order, order.price, Quantity(0), feed, reporter);
    reporter.publish(feed, || market_data::level(makers, order.side, order.price, &pool.resting));
    tell(&order, ending, reporter);
}

fn tell<S: EventSink>(order: &Order, ending: Ending, reporter: &mut Reporter<'_, S>) {
    match ending {
        Ending::Expired => reporter.tell_maker(order.owner, execution::expired(order)),
        Ending::Canceled(reason) => reporter.tell_maker(order.owner, execution::canceled(order, reason)),
    }
}

/// Ends orders whose end is decided and that a command would meet: those that it names, and the best of either side.
#[cold]
pub(crate) fn end_those_met<S: EventSink>(
    action: &Action,
    instrument: &mut Instrument,
    pool: &mut OrderPool,
    reporter: &mut Reporter<'_, S>,
) {
    match action {
        Action::New(order) => end_named_and_best(&[order.client_order_id], instrument, pool, reporter),
        Action::Cancel { orig_client_order_id } => {
            end_named_and_best(&[*orig_client_order_id], instrument, pool, reporter);
        }
        Action::Replace(replace) => {
            let named = [replace.orig_client_order_id, replace.client_order_id];
            end_named_and_best(&named, instrument, pool, reporter);
        }
        _ => end_named_and_best(&[], instrument, pool, reporter),
    }
}

/// Ends the orders of the scope at hand with these numbers, and the best of either side, if their end is decided.
#[cold]
pub(crate) fn end_named_and_best<S: EventSink>(
    named: &[ClientOrderId],
    instrument: &mut Instrument,
    pool: &mut OrderPool,
    reporter: &mut Reporter<'_, S>,
) {
    for &client_order_id in named {
        end_named(client_order_id, instrument, pool, reporter);
    }
    for side in [Side::Buy, Side::Sell] {
        clear_best(side, instrument, pool, reporter);
    }
}

/// Ends the participant's order with this number, if its end is decided.
fn end_named<S: EventSink>(
    client_order_id: ClientOrderId,
    instrument: &mut Instrument,
    pool: &mut OrderPool,
    reporter: &mut Reporter<'_, S>,
) {
    if let Some(slot) = pool.find(reporter.scope(), client_order_id)
        && let Some(ending) = pool.decided(slot)
    {
        end(slot, ending, instrument, pool, reporter);
    }
}

/// Whether an order with this limit would trade at once. Orders that it meets and that are over are ended first.
pub(crate) fn would_trade<S: EventSink>(
    side: Side,
    limit: Option<Price>,
    instrument: &mut Instrument,
    pool: &mut OrderPool,
    reporter: &mut Reporter<'_, S>,
) -> bool {
    if pool.is_doubtful() {
        clear_best(side.opposite(), instrument, pool, reporter);
    }
    instrument.book.would_trade(side, limit)
}

/// Ends the orders of a side whose end is decided and that have priority over all others, as far as the command at hand has
/// steps left.
#[cold]
fn clear_best<S: EventSink>(
    side: Side,
    instrument: &mut Instrument,
    pool: &mut OrderPool,
    reporter: &mut Reporter<'_, S>,
) {
    while let Some((_, slot)) = instrument.book.side(side).next_to_trade(None, &pool.resting)
        && let Some(ending) = pool.decided(slot)
        && pool.unfinished.step()
    {
        end(slot, ending, instrument, pool, reporter);
    }
}
