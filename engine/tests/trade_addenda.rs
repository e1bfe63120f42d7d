//! Trades that the operator cancels or corrects: what becomes of the statistics and of the market data, and that it all
//! survives a snapshot.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail anywhere")]

mod venue;

use lugus_engine::{EngineLimits, EventSink};
use lugus_vocabulary::*;
use venue::*;

/// A sink that records increments of market data.
#[derive(Default)]
struct Increments(Vec<MarketDataBody>);

impl EventSink for Increments {
    fn report(&mut self, _: &Report) {}
    fn reply(&mut self, _: &Reply) {}
    fn market_data(&mut self, data: &MarketData) {
        self.0.push(data.body);
    }
    fn wants_market_data(&self) -> bool {
        true
    }
}

fn amend(trade_id: u64, amendment: TradeAmendment) -> Action {
    Action::AmendTrade { trade_id: TradeId(trade_id), amendment }
}

/// Trade 1 of 4 lots at 101, trade 2 of 2 lots at 103, trade 3 of 3 lots at 102.
fn traded(limits: EngineLimits) -> Venue {
    let mut venue = Venue::open(limits, definition(1));
    for (id, price, quantity) in [(1, 101, 4), (2, 103, 2), (3, 102, 3)] {
        venue.order(1, limit(id, Side::Sell, price, quantity));
        venue.order(2, market(id, Side::Buy, quantity));
    }
    venue
}

fn statistics(venue: &Venue) -> Statistics {
    venue.engine.market_data_snapshot(InstrumentId(1)).unwrap().statistics
}

#[test]
fn the_volume_follows_and_the_prices_stay() {
    let mut venue = traded(LIMITS);
    let before = statistics(&venue);
    let price = |price| Some(Price(price));
    assert_eq!((before.high, before.last, before.volume), (price(103), price(102), Quantity(9)));
    venue.send(0, 1, amend(2, TradeAmendment::Cancel));
    assert_eq!(statistics(&venue), Statistics { volume: Quantity(7), ..before });
    let correct = |price, quantity| TradeAmendment::Correct { price, quantity };
    venue.send(0, 1, amend(3, correct(price(100), None)));
    assert_eq!(statistics(&venue), Statistics { volume: Quantity(7), ..before });
    venue.send(0, 1, amend(3, correct(price(99), Some(Quantity(1)))));
    assert_eq!(statistics(&venue), Statistics { volume: Quantity(5), ..before });
    // Of a trade that is corrected, only what is left is taken off.
    venue.send(0, 1, amend(3, TradeAmendment::Cancel));
    assert_eq!(statistics(&venue), Statistics { volume: Quantity(4), ..before });
}

#[test]
fn the_market_is_told() {
    let mut venue = traded(LIMITS);
    let mut increments = Increments::default();
    let cancel = command(0, 1, 1, amend(1, TradeAmendment::Cancel));
    let price_only = TradeAmendment::Correct { price: Some(Price(90)), quantity: None };
    let correct = command(0, 1, 2, amend(3, price_only));
    for command in [cancel, correct] {
        venue.engine.apply(EpochNanos(9_999), &command, &mut increments);
    }
    let addendum = |trade_id, price, quantity| MarketDataBody::TradeAddendum {
        trade_id: TradeId(trade_id),
        price: Price(price),
        quantity: Quantity(quantity),
    };
    let expected = [addendum(1, 101, 0), MarketDataBody::Statistics(statistics(&venue)), addendum(3, 90, 3)];
    assert_eq!(increments.0, expected);
}

#[test]
fn what_was_amended_survives_a_snapshot_and_other_limits() {
    let limits = EngineLimits { retained_trades: 2, ..LIMITS };
    let mut venue = traded(limits);
    let correct = TradeAmendment::Correct { price: None, quantity: Some(Quantity(1)) };
    venue.send(0, 1, amend(2, TradeAmendment::Cancel));
    venue.send(0, 1, amend(3, correct));
    let records = snapshot(&venue.engine);
    let reasons = |limits| {
        let mut loaded = restore(limits, &records).unwrap();
        assert_eq!((loaded.state_hash(), snapshot(&loaded)), (venue.engine.state_hash(), records.clone()));
        [1, 2, 3].map(|trade_id| {
            let number = 2 + trade_id;
            let told = told(&mut loaded, 9_999, &command(0, 1, number, amend(trade_id, correct)));
            match told[..] {
                [Told::Report(Report { body: ReportBody::Reject { reason, .. }, .. })] => reason,
                _ => panic!("{told:?}"),
            }
        })
    };
    let expected = [RejectReason::TradeNotRetained, RejectReason::TradeCanceled, RejectReason::NothingToCorrect];
    assert_eq!(reasons(limits), expected);
    assert_eq!(reasons(EngineLimits { retained_trades: 100, ..limits }), expected);
    let error = restore(EngineLimits { retained_trades: 1, ..limits }, &records).unwrap_err();
    assert!(error.to_string().contains("kept trades"), "{error}");
}
