//! Quotes: the session follows the scopes of their instruments before the first quote goes out.

use lugus_client::{
    ByEntry, MassQuote, PostOnly, Price, Quantity, QuoteEntry, QuoteId, QuoteSetId, SelfTradePrevention,
};

use super::*;

fn quote(instruments: &[u32]) -> MassQuote {
    let mut entries = ByEntry::default();
    for &instrument in instruments {
        let (bid_price, bid_quantity) = (Price(99), Quantity(1));
        let entry =
            QuoteEntry { instrument: InstrumentId(instrument), bid_price, bid_quantity, ..QuoteEntry::default() };
        entries.push(entry).unwrap();
    }
    MassQuote {
        quote_id: QuoteId(1),
        quote_set: QuoteSetId::default(),
        post_only: PostOnly::No,
        self_trade_prevention: SelfTradePrevention::None,
        entries,
    }
}

#[test]
fn a_quote_goes_out_after_the_question_where_the_events_of_its_instruments_are() {
    let mut bench = Bench::open();
    bench.session.resume(InstrumentId::NONE).unwrap();
    bench.work();
    bench.hear(&cluster_messages::resume_complete(0, 0, 0));
    bench.sent();
    bench.session.mass_quote(&mut bench.wire, &quote(&[7, 5])).unwrap();
    let asked = |instrument| Sent::Resume { instrument, last_event: None };
    assert_eq!(bench.sent(), [asked(7), Sent::MassQuote { instrument: 0, number: 1 }]);
    bench.session.mass_quote(&mut bench.wire, &quote(&[7])).unwrap();
    assert_eq!(bench.sent(), [Sent::MassQuote { instrument: 0, number: 2 }]);
}

#[test]
fn a_quote_is_not_sent_while_the_question_can_not_be() {
    let mut bench = Bench::open();
    bench.session.resume(InstrumentId::NONE).unwrap();
    bench.work();
    bench.hear(&cluster_messages::resume_complete(0, 0, 0));
    bench.wire.answer = Offered::BackPressured;
    let refused = bench.session.mass_quote(&mut bench.wire, &quote(&[7]));
    assert!(matches!(refused, Err(SendError::BackPressured)), "{refused:?}");
    bench.sent();
    bench.wire.answer = Offered::Sent;
    bench.work();
    bench.session.mass_quote(&mut bench.wire, &quote(&[7])).unwrap();
    let sent = bench.sent();
    assert_eq!(sent.last(), Some(&Sent::MassQuote { instrument: 0, number: 1 }), "{sent:?}");
}
