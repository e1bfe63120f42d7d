//! The checksum over a stream of records: what was loaded is what was written.

use lugus_vocabulary::{
    AuctionRules, DisconnectionRecord, FirmEvent, InstrumentRecord, KillSwitch, PriceProtection, QuoteSetRecord,
    QuoteTradesRecord, SnapshotRecord, Statistics, TradeRecord,
};

use crate::definition_hash;
use crate::quote_words;
use crate::state_hash::{self, WORDS};

/// The checksum after one more record, over all fields of the record; `before` is the checksum before it.
pub(crate) fn checksum(before: u64, record: &SnapshotRecord) -> u64 {
    let mut words = [0; WORDS];
    match record {
        SnapshotRecord::Header(header) => {
            words[0] = 1;
            words[1] = u64::from(header.version);
            words[2] = u64::from(header.participants) << 32 | u64::from(header.instruments);
            words[3] = u64::from(header.scopes) << 32 | u64::from(header.orders);
            words[4] = header.reports;
            words[5] = header.participants_hash.0;
            words[6] = header.state_hash.0;
            words[7] = u64::from(header.migration_states);
        }
        SnapshotRecord::Participant(record) => {
            words[0] = 2;
            words[1] = u64::from(record.participant.0) << 32 | u64::from(record.rates);
            words[3] = u64::from(record.kill_switch.bits()) << 8 | u64::from(record.kill_switch_keeps.bits());
            words[2] = u64::from(record.firm.unwrap_or_default().0);
            if let Some(DisconnectionRecord { grace, deadline, is_done }) = record.disconnection {
                words[11] = u64::from(grace.milliseconds()) << 2 | 2 | u64::from(is_done);
                words[12] = deadline.0.cast_unsigned();
            }
            state_hash::risk_words(&mut words, record.limits, record.kill_switch.kill_switch());
        }
        SnapshotRecord::Firm(record) => {
            words[0] = 15;
            words[1] = u64::from(record.firm.0) << 32 | u64::from(record.rates);
            words[2] = record.last_event_sequence.0;
            words[3] = record.lost_through.0.cast_unsigned();
            words[5] = u64::from(record.retained);
            words[11] = u64::from(record.kill_switch.bits()) << 16
                | u64::from(record.kill_switch_keeps.bits()) << 8
                | record.self_trade_scope as u64;
            state_hash::risk_words(&mut words, record.limits, KillSwitch::Released);
        }
        SnapshotRecord::FirmEvent(FirmEvent { firm, event_sequence, report }) => {
            words[0] = 16;
            words[1] = u64::from(firm.0);
            words[2] = event_sequence.0;
            words[3] = state_hash::fold_report(0, report);
        }
        SnapshotRecord::Rate(record) => {
            words[0] = 11;
            words[1] = u64::from(record.commands) << 8 | record.kind as u64;
            words[2] = record.time.0.cast_unsigned();
        }
        SnapshotRecord::QuoteSet(record) => {
            let QuoteSetRecord { quote_set, protection, trigger, frozen_until, canceling, trades } = *record;
            words[0] = 17;
            words[1] = u64::from(quote_set.number())
                | (trigger as u64) << 8
                | u64::from(frozen_until.is_some()) << 16
                | canceling.map_or(0, |reason| reason as u64 + 1) << 24;
            words[2] = u64::from(trades);
            words[3] = frozen_until.unwrap_or_default().0.cast_unsigned();
            quote_words::of_protection(&mut words, &protection);
        }
        SnapshotRecord::QuoteTrades(QuoteTradesRecord { time, trades, bought, sold }) => {
            words[0] = 18;
            words[1] = u64::from(*trades);
            words[2] = time.0.cast_unsigned();
            (words[3], words[4]) = (bought.0, sold.0);
        }
        SnapshotRecord::MigrationState(record) => {
            words[0] = 8;
            words[1] = u64::from(record.instrument.0) << 32
                | u64::from(record.epoch.is_some()) << 10
                | u64::from(record.import.is_some()) << 9
                | record.kind as u64;
            words[2] = record.migration.0;
            words[3] = record.epoch.unwrap_or_default().0;
            if let Some(import) = record.import {
                let (participant, left) = import.scope.unwrap_or_default();
                words[4] = import.manifest.state_hash.0;
                words[5] = u64::from(import.manifest.scopes) << 32 | u64::from(import.manifest.orders);
                words[6] = import.manifest.reports;
                words[7] = import.records;
                words[8] = import.checksum;
                words[9] = u64::from(import.scopes_left) << 32 | u64::from(import.orders_left);
                words[10] = import.reports_left;
                words[11] = u64::from(import.scope.is_some()) << 32 | u64::from(participant.0);
                words[12] = left;
            }
        }
        SnapshotRecord::Instrument(record) => {
            words = statistics_words(&record.statistics);
            words[0] = record.market_data_sequence.0;
            let (low, high) = record.electing.unwrap_or_default();
            words[7] = record.last_arrival;
            words[8] = record.electing.is_some().into();
            words[11] = record.canceled_through.0;
            (words[9], words[10]) = (low.0.cast_unsigned(), high.0.cast_unsigned());
            let mut before = state_hash::fold(before, &words);
            if let Some(words) = protection_words(record) {
                before = state_hash::fold(before, &words);
            }
            if let Some(words) = auction_words(record) {
                before = state_hash::fold(before, &words);
            }
            words = state_hash::definition_words(&record.definition);
            words[0] = 3;
            words[1] = record.last_order_id.0;
            words[2] = record.last_trade_id.0;
            words[3] = record.state_hash.0;
            return state_hash::fold(before, &words);
        }
        SnapshotRecord::Trade(TradeRecord { trade_id, price, quantity, buyer, seller }) => {
            words[0] = 12;
            (words[1], words[2], words[3]) = (trade_id.0, price.0.cast_unsigned(), quantity.0);
            words[4] = u64::from(buyer.participant.0) << 32 | u64::from(seller.participant.0);
            for (place, party) in [(5, buyer), (8, seller)] {
                words[place] = party.order_id.0;
                words[place + 1] = party.client_order_id.0;
                words[place + 2] = party.event_sequence.0;
            }
        }
        SnapshotRecord::Scope(record) => {
            words[0] = 4;
            words[1] = u64::from(record.participant.0) << 32 | u64::from(record.instrument.0);
            words[2] = record.last_client_sequence.0;
            words[3] = record.last_event_sequence.0;
            words[4] = u64::from(record.retained);
            words[5] = record.lost_client_sequence.0;
            words[6] = record.lost_through.0.cast_unsigned();
            (words[7], words[8]) = (record.canceled_buys.0, record.canceled_sells.0);
            words[9] = record.canceled_on_disconnect.0;
        }
        SnapshotRecord::Report(kept) => {
            words[0] = 5;
            words[1] = kept.applied.0;
            words[2] = state_hash::fold_report(0, &kept.report);
        }
        SnapshotRecord::Order(record) => {
            words = state_hash::order_words(&record.order);
            words[0] = 6;
            words[1] = record.order_id.0;
            words[2] = record.participant.0.into();
            words[3] = record.leaves_quantity.0;
            words[4] = record.shown_quantity.0;
            (words[13], words[14]) = (record.arrival, record.is_elected.into());
        }
        SnapshotRecord::End { records, .. } => {
            words[0] = 7;
            words[1] = *records;
        }
    }
    state_hash::fold(before, &words)
}

/// What protects an instrument's prices, and what that has led to; `None` if there is none, as before version 10.
fn protection_words(record: &InstrumentRecord) -> Option<[u64; WORDS]> {
    let InstrumentRecord { definition, auction_end, reference_window, .. } = record;
    if definition.protection == PriceProtection::NONE && auction_end.is_none() && reference_window.is_none() {
        return None;
    }
    let mut words = definition_hash::protection_words(&definition.protection);
    let price = reference_window.and_then(|window| window.price);
    words[0] = 13;
    words[9] =
        u64::from(auction_end.is_some()) | u64::from(reference_window.is_some()) << 1 | u64::from(price.is_some()) << 2;
    words[10] = auction_end.unwrap_or_default().0.cast_unsigned();
    words[11] = reference_window.map_or(0, |window| window.number).cast_unsigned();
    words[12] = price.unwrap_or_default().0.cast_unsigned();
    Some(words)
}

/// The rules of an instrument's auctions, and what they have led to; `None` if there is nothing of it, as before version 11.
fn auction_words(record: &InstrumentRecord) -> Option<[u64; WORDS]> {
    let InstrumentRecord { indicative_due, phase_due, auction_type, expiring, .. } = record;
    let is_quiet = indicative_due.is_none() && phase_due.is_none() && auction_type.is_none() && expiring.is_empty();
    if record.definition.auctions == AuctionRules::NONE && is_quiet {
        return None;
    }
    let mut words = definition_hash::auction_rules_words(&record.definition.auctions);
    words[0] = 14;
    words[9] = u64::from(indicative_due.is_some())
        | u64::from(phase_due.is_some()) << 1
        | u64::from(expiring.bits()) << 8
        | auction_type.map_or(0, |auction| auction as u64) << 16;
    words[10] = indicative_due.unwrap_or_default().0.cast_unsigned();
    words[11] = phase_due.unwrap_or_default().0.cast_unsigned();
    Some(words)
}

fn statistics_words(statistics: &Statistics) -> [u64; WORDS] {
    let Statistics { open, high, low, last, volume } = *statistics;
    let mut words = [0; WORDS];
    for (place, price) in [open, high, low, last].into_iter().enumerate() {
        words[1] |= u64::from(price.is_some()) << place;
        words[2 + place] = price.unwrap_or_default().0.cast_unsigned();
    }
    words[6] = volume.0;
    words
}

#[cfg(test)]
mod tests;
