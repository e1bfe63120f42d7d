//! Quotes and their protection as words of the state hash and of a snapshot's checksum: see `state_hash`.

use lugus_vocabulary::{
    MarketMakerProtection, MarketMakerProtectionReport, MassQuoteAcknowledgement, QuoteResult, QuoteStatusReport,
};

// Kinds of report bodies: template ids of the order-entry protocol (`schemas/order-entry.xml`).
const KIND_MASS_QUOTE: u64 = 78;
const KIND_QUOTE_STATUS: u64 = 80;
const KIND_PROTECTION: u64 = 83;

/// Puts what became of a mass quote into the words from 4 on.
pub(crate) fn of_mass_quote(words: &mut [u64], report: &MassQuoteAcknowledgement) {
    let MassQuoteAcknowledgement { quote_id, quote_set, results } = report;
    words[4] = KIND_MASS_QUOTE | u64::from(quote_set.number()) << 8 | (results.len() as u64) << 16;
    words[5] = quote_id.0;
    for (word, QuoteResult { instrument, reason }) in words[6..].iter_mut().zip(results.iter()) {
        *word = u64::from(instrument.0) << 32 | *reason as u64;
    }
}

/// Puts a cancel of quotes into words 4 to 6.
pub(crate) fn of_status(words: &mut [u64], report: &QuoteStatusReport) {
    let QuoteStatusReport { canceled, affected, moving } = *report;
    let set = canceled.quote_set.map_or(0, |set| u64::from(set.number()) + 1);
    words[4] = KIND_QUOTE_STATUS | set << 8;
    words[5] = u64::from(canceled.instrument.0) << 32 | u64::from(affected);
    words[6] = u64::from(moving);
}

/// Puts a report of market-maker protection into the words from 4 on.
pub(crate) fn of_protection_report(words: &mut [u64], report: &MarketMakerProtectionReport) {
    let MarketMakerProtectionReport { quote_set, protection, trigger, frozen_until, trades, bought, sold } = *report;
    words[4] = KIND_PROTECTION
        | u64::from(quote_set.number()) << 8
        | (trigger as u64) << 16
        | u64::from(frozen_until.is_some()) << 24;
    words[5] = frozen_until.unwrap_or_default().0.cast_unsigned();
    (words[6], words[7], words[8]) = (u64::from(trades), bought.0, sold.0);
    of_protection(words, &protection);
}

/// Puts the limits of market-maker protection into words 9 to 12.
pub(crate) fn of_protection(words: &mut [u64], protection: &MarketMakerProtection) {
    let MarketMakerProtection {
        window_milliseconds,
        frozen_milliseconds,
        maximum_trades,
        maximum_quantity,
        maximum_delta,
    } = *protection;
    words[9] = u64::from(window_milliseconds) << 32 | u64::from(frozen_milliseconds);
    words[10] = u64::from(maximum_trades.unwrap_or_default());
    words[11] = maximum_quantity.unwrap_or_default().0;
    words[12] = maximum_delta.unwrap_or_default().0;
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use lugus_vocabulary::*;

    use crate::state_hash::fold_report;

    /// Checks that bodies which differ give hashes that do.
    fn counts(bodies: &[ReportBody]) {
        let hash = |body| {
            let report = Report {
                participant: ParticipantId(1),
                instrument: InstrumentId::NONE,
                event_sequence: EventSequence(3),
                client_sequence: ClientSequence(4),
                time: EpochNanos(5),
                body,
            };
            fold_report(1, &report)
        };
        let all: BTreeSet<u64> = bodies.iter().map(|&body| hash(body)).collect();
        assert_eq!(all.len(), bodies.len());
    }

    fn set(number: u8) -> QuoteSetId {
        QuoteSetId::new(number).unwrap()
    }

    #[test]
    fn every_field_of_a_mass_quotes_acknowledgement_counts() {
        let result = |instrument, reason| QuoteResult { instrument: InstrumentId(instrument), reason };
        let done = |instrument| result(instrument, RejectReason::None);
        let body = |quote_id, number, results: &[QuoteResult]| {
            let (quote_id, quote_set) = (QuoteId(quote_id), set(number));
            ReportBody::MassQuote(MassQuoteAcknowledgement {
                quote_id,
                quote_set,
                results: ByEntry::of(results).unwrap(),
            })
        };
        let mut bodies = vec![body(1, 0, &[]), body(2, 0, &[]), body(1, 1, &[])];
        for at in 0..MAXIMUM_QUOTE_ENTRIES {
            let mut results = [done(0); MAXIMUM_QUOTE_ENTRIES];
            bodies.push(body(1, 0, &results[..=at]));
            results[at] = done(1);
            bodies.push(body(1, 0, &results[..=at]));
            results[at] = result(0, RejectReason::InvalidPrice);
            bodies.push(body(1, 0, &results[..=at]));
        }
        counts(&bodies);
    }

    #[test]
    fn every_field_of_a_quote_status_counts() {
        let body = |quote_set, instrument, affected, moving| {
            let canceled = QuoteCancel { quote_set, instrument: InstrumentId(instrument) };
            ReportBody::QuoteStatus(QuoteStatusReport { canceled, affected, moving })
        };
        counts(&[
            body(None, 0, 0, 0),
            body(Some(set(0)), 0, 0, 0),
            body(Some(set(1)), 0, 0, 0),
            body(None, 1, 0, 0),
            body(None, 0, 1, 0),
            body(None, 0, 0, 1),
        ]);
    }

    #[test]
    fn every_field_of_market_maker_protection_counts() {
        let changes: [fn(&mut MarketMakerProtectionReport); 12] = [
            |report| report.quote_set = set(1),
            |report| report.protection.window_milliseconds = 1,
            |report| report.protection.frozen_milliseconds = 1,
            |report| report.protection.maximum_trades = Some(1),
            |report| report.protection.maximum_quantity = Some(Quantity(1)),
            |report| report.protection.maximum_delta = Some(Quantity(1)),
            |report| report.trigger = ProtectionTrigger::Delta,
            |report| report.frozen_until = Some(EpochNanos(0)),
            |report| report.frozen_until = Some(EpochNanos(1)),
            |report| report.trades = 1,
            |report| report.bought.0 = 1,
            |report| report.sold.0 = 3,
        ];
        let base = MarketMakerProtectionReport {
            quote_set: set(0),
            protection: MarketMakerProtection::NONE,
            trigger: ProtectionTrigger::None,
            frozen_until: None,
            trades: 0,
            bought: Quantity(0),
            sold: Quantity(0),
        };
        let changed = changes.map(|change| {
            let mut changed = base;
            change(&mut changed);
            changed
        });
        let bodies: Vec<_> = changed.into_iter().chain([base]).map(ReportBody::MarketMakerProtection).collect();
        counts(&bodies);
    }
}
