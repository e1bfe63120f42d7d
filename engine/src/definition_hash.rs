//! What an instrument's definition, and what changes it without a report, put into the state hash and into checksums.

use lugus_vocabulary::{
    AuctionRules, DailySchedule, EpochNanos, InstrumentDefinition, InstrumentId, InstrumentState, PriceProtection,
    PriceWidth, StateHash, TimeOfDay,
};

use crate::state_hash::{WORDS, definition_words, fold};

/// No report: the command that has set it.
const KIND_PROTECTION: u64 = 72;
/// No report: the command that has set them.
const KIND_AUCTION_RULES: u64 = 73;
/// No report: an instrument's state, changed by a breach or a timer.
const KIND_PHASE: u64 = 6;

/// An instrument's hash before its first report: the hash of its definition, so that members agree on that, too.
pub(crate) fn of_definition(definition: &InstrumentDefinition) -> StateHash {
    let hash = fold(0, &definition_words(definition));
    let hash = match definition.protection {
        PriceProtection::NONE => hash,
        protection => fold(hash, &protection_words(&protection)),
    };
    match definition.auctions {
        AuctionRules::NONE => StateHash(hash),
        rules => StateHash(fold(hash, &auction_rules_words(&rules))),
    }
}

/// All fields of the rules of auctions. Words 0 and 9 to 15 are left to the caller.
pub(crate) fn auction_rules_words(rules: &AuctionRules) -> [u64; WORDS] {
    let AuctionRules { indicative_milliseconds, no_cancel_milliseconds, schedule } = *rules;
    let DailySchedule { opening_auction, continuous, closing_auction, closed, at_day_end } = schedule;
    let time = |time: Option<TimeOfDay>| time.map_or(0, |time| u64::from(time.milliseconds()) + 1);
    let mut words = [0; WORDS];
    words[1] = KIND_AUCTION_RULES | (at_day_end as u64) << 8;
    words[3] = time(opening_auction) << 32 | time(continuous);
    words[4] = time(closing_auction) << 32 | time(closed);
    words[2] = u64::from(indicative_milliseconds) << 32 | u64::from(no_cancel_milliseconds);
    words
}

/// All fields of a price protection. Words 0 and 9 to 12 are left to the caller.
pub(crate) fn protection_words(protection: &PriceProtection) -> [u64; WORDS] {
    let PriceProtection {
        dynamic_band,
        reference_window_milliseconds,
        on_breach,
        auction_milliseconds,
        auction_collar,
        protection_points,
        beyond_points,
    } = *protection;
    let unit = |width: Option<PriceWidth>| width.map_or(0, |width| width.unit() as u64);
    let number = |width: Option<PriceWidth>| width.map_or(0, PriceWidth::number);
    let mut words = [0; WORDS];
    words[1] = KIND_PROTECTION
        | unit(dynamic_band) << 8
        | unit(auction_collar) << 16
        | (on_breach as u64) << 24
        | (beyond_points as u64) << 32;
    (words[2], words[3]) = (number(dynamic_band), number(auction_collar));
    words[4] = protection_points.0;
    words[5] = u64::from(reference_window_milliseconds) << 32 | u64::from(auction_milliseconds);
    words
}

/// A change of an instrument's state that no report tells.
pub(crate) fn phase_words(
    instrument: InstrumentId,
    state: InstrumentState,
    now: EpochNanos,
    end: Option<EpochNanos>,
) -> [u64; WORDS] {
    let mut words = [0; WORDS];
    words[0] = u64::from(instrument.0);
    words[3] = now.0.cast_unsigned();
    words[4] = KIND_PHASE | (state as u64) << 8 | u64::from(end.is_some()) << 16;
    words[5] = end.unwrap_or_default().0.cast_unsigned();
    words
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use lugus_testing::instruments::btc_usdt;
    use lugus_vocabulary::*;

    use super::*;

    /// The changes are by different numbers where one of a word of a pair could look like one of the other word (`state_hash`).
    #[test]
    fn every_field_of_a_definition_counts() {
        let changes: [fn(&mut InstrumentDefinition); 36] = [
            |definition| definition.instrument.0 += 1,
            |definition| definition.base.0[7] = 1,
            |definition| definition.quote.0[7] = 1,
            |definition| definition.instrument_type = InstrumentType::Futures,
            |definition| definition.minimum_price.0 += 1,
            |definition| definition.maximum_price.0 += 1,
            |definition| definition.reference_price.0 += 1,
            |definition| definition.price_band.0 += 1,
            |definition| definition.maximum_quantity.0 += 1,
            |definition| definition.tick_size.mantissa += 1,
            |definition| definition.tick_size.exponent += 1,
            |definition| definition.lot_size.mantissa += 1,
            |definition| definition.lot_size.exponent += 1,
            |definition| definition.state = InstrumentState::Halted,
            |definition| definition.protection.dynamic_band = Some(PriceWidth::Ticks(1)),
            |definition| definition.protection.dynamic_band = Some(PriceWidth::Ticks(2)),
            |definition| definition.protection.dynamic_band = Some(PriceWidth::BasisPoints(1)),
            |definition| definition.protection.reference_window_milliseconds = 1,
            |definition| definition.protection.on_breach = OnBreach::Halt,
            |definition| definition.protection.auction_milliseconds = 1,
            |definition| definition.protection.auction_collar = Some(PriceWidth::Ticks(1)),
            |definition| definition.protection.auction_collar = Some(PriceWidth::Ticks(2)),
            |definition| definition.protection.auction_collar = Some(PriceWidth::BasisPoints(1)),
            |definition| definition.protection.protection_points.0 = 3,
            |definition| definition.protection.beyond_points = BeyondPoints::Rest,
            |definition| definition.auctions.indicative_milliseconds = 5,
            |definition| definition.auctions.no_cancel_milliseconds = 5,
            |definition| definition.auctions.schedule.opening_auction = TimeOfDay::from_milliseconds(0),
            |definition| definition.auctions.schedule.opening_auction = TimeOfDay::from_milliseconds(1),
            |definition| definition.auctions.schedule.continuous = TimeOfDay::from_milliseconds(0),
            |definition| definition.auctions.schedule.continuous = TimeOfDay::from_milliseconds(1),
            |definition| definition.auctions.schedule.closing_auction = TimeOfDay::from_milliseconds(0),
            |definition| definition.auctions.schedule.closing_auction = TimeOfDay::from_milliseconds(1),
            |definition| definition.auctions.schedule.closed = TimeOfDay::from_milliseconds(0),
            |definition| definition.auctions.schedule.closed = TimeOfDay::from_milliseconds(1),
            |definition| definition.auctions.schedule.at_day_end = AtDayEnd::Close,
        ];
        let plain = btc_usdt(InstrumentId(1));
        // Without protection and rules nothing of them is in the hash, so that any of them shows.
        let protection = PriceProtection { protection_points: Quantity(9), ..PriceProtection::NONE };
        let auctions = AuctionRules { no_cancel_milliseconds: 9, ..AuctionRules::NONE };
        for base in [plain, InstrumentDefinition { protection, auctions, ..plain }] {
            let changed = changes.map(|change| {
                let mut changed = base;
                change(&mut changed);
                of_definition(&changed)
            });
            let all: BTreeSet<StateHash> = changed.into_iter().chain([of_definition(&base)]).collect();
            assert_eq!(all.len(), changes.len() + 1);
        }
    }

    #[test]
    fn every_field_of_a_phase_counts() {
        let (open, auction) = (InstrumentState::Open, InstrumentState::Auction);
        let words = |instrument, state, now, end: Option<i64>| {
            fold(1, &phase_words(InstrumentId(instrument), state, EpochNanos(now), end.map(EpochNanos)))
        };
        let all: BTreeSet<u64> = [
            words(1, open, 1, None),
            words(2, open, 1, None),
            words(1, auction, 1, None),
            words(1, open, 2, None),
            words(1, open, 1, Some(0)),
            words(1, open, 1, Some(1)),
        ]
        .into();
        assert_eq!(all.len(), 6);
    }
}
