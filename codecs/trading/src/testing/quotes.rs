//! Strategies for quotes and what protects them.

use lugus_vocabulary::*;
use proptest::prelude::*;
use proptest::sample::select;

fn quote_set() -> impl Strategy<Value = QuoteSetId> {
    (0..QuoteSetId::COUNT as u8).prop_filter_map("a set", QuoteSetId::new)
}

fn quantity() -> impl Strategy<Value = Quantity> {
    any::<u64>().prop_map(Quantity)
}

fn instrument() -> impl Strategy<Value = InstrumentId> {
    any::<u32>().prop_map(InstrumentId)
}

fn entry() -> impl Strategy<Value = QuoteEntry> {
    (instrument(), any::<[i64; 2]>(), any::<[u64; 2]>()).prop_map(|(instrument, prices, quantities)| QuoteEntry {
        instrument,
        bid_price: Price(prices[0]),
        bid_quantity: Quantity(quantities[0]),
        offer_price: Price(prices[1]),
        offer_quantity: Quantity(quantities[1]),
    })
}

fn mass_quote() -> impl Strategy<Value = MassQuote> {
    let words = (select(PostOnly::ALL), select(SelfTradePrevention::ALL));
    let entries = proptest::collection::vec(entry(), 0..=MAXIMUM_QUOTE_ENTRIES);
    (any::<u64>(), quote_set(), words, entries).prop_map(|(quote_id, quote_set, words, entries)| MassQuote {
        quote_id: QuoteId(quote_id),
        quote_set,
        post_only: words.0,
        self_trade_prevention: words.1,
        entries: ByEntry::of(&entries).expect("there is room"),
    })
}

fn cancel() -> impl Strategy<Value = QuoteCancel> {
    (proptest::option::of(quote_set()), instrument())
        .prop_map(|(quote_set, instrument)| QuoteCancel { quote_set, instrument })
}

/// Any protection. A limit of 0 is no limit on the wire.
fn protection() -> impl Strategy<Value = MarketMakerProtection> {
    let limit = || proptest::option::of((1..=u64::MAX).prop_map(Quantity));
    (any::<[u32; 2]>(), proptest::option::of(1..=u32::MAX), limit(), limit()).prop_map(
        |(times, maximum_trades, maximum_quantity, maximum_delta)| MarketMakerProtection {
            window_milliseconds: times[0],
            frozen_milliseconds: times[1],
            maximum_trades,
            maximum_quantity,
            maximum_delta,
        },
    )
}

pub(super) fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        3 => mass_quote().prop_map(Action::MassQuote),
        1 => cancel().prop_map(Action::QuoteCancel),
        1 => (quote_set(), protection())
            .prop_map(|(quote_set, protection)| Action::SetMarketMakerProtection { quote_set, protection }),
        1 => quote_set().prop_map(|quote_set| Action::ResetMarketMakerProtection { quote_set }),
    ]
}

/// `i64::MIN` is no time on the wire.
fn time() -> impl Strategy<Value = Option<EpochNanos>> {
    proptest::option::of((i64::MIN + 1..=i64::MAX).prop_map(EpochNanos))
}

pub(super) fn report_body() -> impl Strategy<Value = ReportBody> {
    let result =
        (instrument(), select(RejectReason::ALL)).prop_map(|(instrument, reason)| QuoteResult { instrument, reason });
    let results = proptest::collection::vec(result, 0..=MAXIMUM_QUOTE_ENTRIES);
    prop_oneof![
        (any::<u64>(), quote_set(), results).prop_map(|(quote_id, quote_set, results)| {
            let results = ByEntry::of(&results).expect("there is room");
            ReportBody::MassQuote(MassQuoteAcknowledgement { quote_id: QuoteId(quote_id), quote_set, results })
        }),
        (cancel(), any::<u32>(), any::<u32>()).prop_map(|(canceled, affected, moving)| {
            ReportBody::QuoteStatus(QuoteStatusReport { canceled, affected, moving })
        }),
        (quote_set(), protection(), select(ProtectionTrigger::ALL), time(), (any::<u32>(), quantity(), quantity()))
            .prop_map(|(quote_set, protection, trigger, frozen_until, (trades, bought, sold))| {
                ReportBody::MarketMakerProtection(MarketMakerProtectionReport {
                    quote_set,
                    protection,
                    trigger,
                    frozen_until,
                    trades,
                    bought,
                    sold,
                })
            }),
    ]
}

pub(super) fn set_record() -> impl Strategy<Value = QuoteSetRecord> {
    let canceling = proptest::option::of(select(RejectReason::ALL));
    let words = (select(ProtectionTrigger::ALL), canceling);
    (quote_set(), protection(), words, proptest::option::of(any::<i64>()), any::<u32>()).prop_map(
        |(quote_set, protection, (trigger, canceling), frozen_until, trades)| QuoteSetRecord {
            quote_set,
            protection,
            trigger,
            frozen_until: frozen_until.map(EpochNanos),
            canceling,
            trades,
        },
    )
}

pub(super) fn trades_record() -> impl Strategy<Value = QuoteTradesRecord> {
    (any::<i64>(), any::<u32>(), quantity(), quantity()).prop_map(|(time, trades, bought, sold)| QuoteTradesRecord {
        time: EpochNanos(time),
        trades,
        bought,
        sold,
    })
}
