//! The phases of an auction: what is told while orders gather, and the time without cancels before the end.

use lugus_vocabulary::{
    AuctionIndicative, AuctionRules, EpochNanos, InstrumentState, MarketDataBody, Quantity, RejectReason,
};

use crate::auction::{self, Indicative};
use crate::book::OrderPool;
use crate::definition_hash;
use crate::event_sink::EventSink;
use crate::instrument::Instrument;
use crate::reporter::Reporter;

const NANOS_A_MILLISECOND: i64 = 1_000_000;

/// Sets when the next publication is due, and from when on no cancels are taken: after the state, the end of the auction or the
/// rules have changed.
pub(crate) fn begin(instrument: &mut Instrument, pool: &mut OrderPool, now: EpochNanos) {
    let AuctionRules { indicative_milliseconds, .. } = instrument.definition.auctions;
    let gathers = instrument.definition.state == InstrumentState::Auction;
    let interval = i64::from(indicative_milliseconds) * NANOS_A_MILLISECOND;
    instrument.indicative_due = match instrument.indicative_due {
        _ if !gathers || interval == 0 => None,
        Some(due) => Some(due.min(EpochNanos(now.0.saturating_add(interval)))),
        None => Some(EpochNanos(now.0.saturating_add(interval))),
    };
    set_no_cancels(instrument);
    instrument.note_alarm(pool);
}

/// Sets from when on no cancels are taken.
pub(crate) fn set_no_cancels(instrument: &mut Instrument) {
    let phase = i64::from(instrument.definition.auctions.no_cancel_milliseconds) * NANOS_A_MILLISECOND;
    instrument.no_cancels_from = match instrument.auction_end {
        Some(end) if phase > 0 => Some(EpochNanos(end.0.saturating_sub(phase))),
        _ => None,
    };
}

/// Publishes what the auction would give, if that is due. Nothing is published where too many price levels matter.
pub(crate) fn publish<S: EventSink>(instrument: &mut Instrument, pool: &mut OrderPool, reporter: &mut Reporter<'_, S>) {
    let now = reporter.now();
    if instrument.indicative_due.is_none_or(|due| due > now) {
        return;
    }
    pool.unfinished.look();
    if let Ok(found) = auction::bounded_indicative(instrument, pool) {
        let told = found.map(as_told).unwrap_or_default();
        reporter.publish(&mut instrument.feed, || MarketDataBody::Auction(told));
    }
    instrument.indicative_due = None;
    begin(instrument, pool, now);
}

fn as_told(found: Indicative) -> AuctionIndicative {
    let Indicative { price, volume, imbalance, imbalance_side } = found;
    let lots = |lots: u128| Quantity(u64::try_from(lots).unwrap_or(u64::MAX));
    AuctionIndicative { price: Some(price), volume: lots(volume), imbalance: lots(imbalance), imbalance_side }
}

/// Checks whether participants may cancel and replace orders at log time `now`.
#[inline]
pub(crate) fn check_cancels(instrument: &Instrument, now: EpochNanos) -> Result<(), RejectReason> {
    match instrument.no_cancels_from {
        Some(from) if now >= from => Err(RejectReason::NoCancelPhase),
        _ => Ok(()),
    }
}

/// Sets when the schedule changes the state next.
pub(crate) fn start_schedule(instrument: &mut Instrument, now: EpochNanos) {
    instrument.phase_due = instrument.definition.auctions.schedule.next_change(now);
}

/// Sets the rules of an instrument's auctions, also of one that is under way: one that the schedule ends does so with the next
/// change of the new one, and without one only the operator ends it.
///
/// # Errors
/// The reason why nothing was done.
pub(crate) fn amend<S: EventSink>(
    rules: &AuctionRules,
    instrument: &mut Instrument,
    pool: &mut OrderPool,
    reporter: &mut Reporter<'_, S>,
) -> Result<(), RejectReason> {
    if rules.fault().is_some() {
        return Err(RejectReason::InvalidDefinition);
    }
    let is_scheduled = instrument.auction_end.is_some() && instrument.auction_end == instrument.phase_due;
    instrument.definition.auctions = *rules;
    start_schedule(instrument, reporter.now());
    if is_scheduled {
        instrument.auction_end = instrument.phase_due;
    }
    begin(instrument, pool, reporter.now());
    reporter.fold(&definition_hash::auction_rules_words(rules));
    reporter.answer(instrument.report());
    Ok(())
}
