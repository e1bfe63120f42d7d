//! Golden bytes of quotes and market-maker protection: their commands and events, and what a snapshot keeps.

use lugus_codecs::order_entry::*;
use lugus_codecs::snapshot::*;
use lugus_vocabulary::*;

use crate::golden::Golden;
use crate::snapshots::read_snapshot;
use crate::{INSTRUMENT, PARTICIPANT, TIME, open, report};

fn quote_set() -> QuoteSetId {
    QuoteSetId::new(5).expect("a set")
}

const PROTECTION: MarketMakerProtection = MarketMakerProtection {
    window_milliseconds: 1_000,
    frozen_milliseconds: 5_000,
    maximum_trades: Some(201),
    maximum_quantity: Some(Quantity(202)),
    maximum_delta: Some(Quantity(203)),
};

#[test]
fn commands() {
    let golden = Golden::of("quotes.command");
    let entry = QuoteEntry {
        instrument: INSTRUMENT,
        bid_price: Price(-204),
        bid_quantity: Quantity(205),
        offer_price: Price(206),
        offer_quantity: Quantity(207),
    };
    let one_sided = QuoteEntry {
        instrument: InstrumentId(208),
        bid_price: Price(209),
        bid_quantity: Quantity(1),
        ..Default::default()
    };
    let quotes = MassQuote {
        quote_id: QuoteId(210),
        quote_set: quote_set(),
        post_only: PostOnly::Yes,
        self_trade_prevention: SelfTradePrevention::CancelOldest,
        entries: ByEntry::of(&[entry, one_sided]).expect("two entries"),
    };
    let none = MassQuote { entries: ByEntry::default(), ..quotes };
    let of_all = QuoteCancel::default();
    let of_one = QuoteCancel { quote_set: Some(quote_set()), instrument: INSTRUMENT };
    let set = |protection| Action::SetMarketMakerProtection { quote_set: quote_set(), protection };
    for (name, action) in [
        ("quotes.command.mass_quote", Action::MassQuote(quotes)),
        ("quotes.command.mass_quote_of_nothing", Action::MassQuote(none)),
        ("quotes.command.cancel_all", Action::QuoteCancel(of_all)),
        ("quotes.command.cancel_one", Action::QuoteCancel(of_one)),
        ("quotes.command.set_protection", set(PROTECTION)),
        ("quotes.command.set_no_protection", set(MarketMakerProtection::NONE)),
        ("quotes.command.reset_protection", Action::ResetMarketMakerProtection { quote_set: quote_set() }),
    ] {
        let (instrument, client_sequence) = (InstrumentId::NONE, ClientSequence(42));
        let command = Command { participant: PARTICIPANT, instrument, client_sequence, action };
        let mut buffer = [0; MAXIMUM_COMMAND_LENGTH];
        golden.check(name, &Some(command), encode_command(&command, &mut buffer), |message| {
            decode_command(PARTICIPANT, open(message)).expect("a command")
        });
    }
    golden.finish();
}

fn protection_report() -> MarketMakerProtectionReport {
    MarketMakerProtectionReport {
        quote_set: quote_set(),
        protection: PROTECTION,
        trigger: ProtectionTrigger::Delta,
        frozen_until: Some(TIME),
        trades: 211,
        bought: Quantity(212),
        sold: Quantity(213),
    }
}

#[test]
fn reports() {
    let golden = Golden::of("quotes.report");
    let done = QuoteResult { instrument: INSTRUMENT, reason: RejectReason::None };
    let refused = QuoteResult { instrument: InstrumentId(214), reason: RejectReason::MarketMakerProtection };
    let acknowledgement = MassQuoteAcknowledgement {
        quote_id: QuoteId(210),
        quote_set: quote_set(),
        results: ByEntry::of(&[done, refused]).expect("two entries"),
    };
    let canceled = QuoteCancel { quote_set: Some(quote_set()), instrument: INSTRUMENT };
    let unprotected = MarketMakerProtectionReport {
        protection: MarketMakerProtection::NONE,
        trigger: ProtectionTrigger::None,
        frozen_until: None,
        ..protection_report()
    };
    for (name, body) in [
        ("quotes.report.acknowledgement", ReportBody::MassQuote(acknowledgement)),
        ("quotes.report.canceled", {
            ReportBody::QuoteStatus(QuoteStatusReport { canceled, affected: 215, moving: 216 })
        }),
        ("quotes.report.all_canceled", {
            ReportBody::QuoteStatus(QuoteStatusReport { canceled: QuoteCancel::default(), affected: 0, moving: 0 })
        }),
        ("quotes.report.pulled", ReportBody::MarketMakerProtection(protection_report())),
        ("quotes.report.unprotected", ReportBody::MarketMakerProtection(unprotected)),
    ] {
        let report = report(body);
        let mut buffer = [0; MAXIMUM_REPORT_LENGTH];
        golden.check(name, &Some(report), encode_report(&report, &mut buffer), |message| {
            decode_report(open(message)).expect("a report")
        });
    }
    golden.finish();
}

#[test]
fn snapshots() {
    let golden = Golden::of("quotes.snapshot");
    let set = QuoteSetRecord {
        quote_set: quote_set(),
        protection: PROTECTION,
        trigger: ProtectionTrigger::Quantity,
        frozen_until: Some(TIME),
        canceling: Some(RejectReason::MarketMakerProtection),
        trades: 217,
    };
    let trades = QuoteTradesRecord { time: TIME, trades: 218, bought: Quantity(219), sold: Quantity(220) };
    let mut buffer = [0; MAXIMUM_RECORD_LENGTH];
    for (name, record) in [
        ("quotes.snapshot.set", SnapshotRecord::QuoteSet(set)),
        ("quotes.snapshot.trades", SnapshotRecord::QuoteTrades(trades)),
    ] {
        let message = SnapshotMessage::Record(record);
        golden.check(name, &message, encode_record(&record, &mut buffer), read_snapshot);
    }
    golden.finish();
}
