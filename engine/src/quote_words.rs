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
