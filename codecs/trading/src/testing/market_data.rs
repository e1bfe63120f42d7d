//! Market data, for property tests.

use lugus_vocabulary::{
    Book, BookRequest, BookType, DisplayedOrder, InstrumentState, MarketData, MarketDataBody, MarketDataSequence,
    MarketDataSnapshot, OrderId, Price, PriceLevel, Quantity, Side, Statistics, TradeId,
};
use proptest::prelude::*;
use proptest::sample::select;

use super::{instrument, optional, price, quantity, side, time};

pub(crate) fn book_request() -> impl Strategy<Value = BookRequest> {
    let after = (optional(price()), optional(price()));
    (any::<u64>(), instrument(), any::<u16>(), after, select(BookType::ALL)).prop_map(
        |(request_id, instrument, depth, (bids_after, offers_after), book_type)| BookRequest {
            request_id,
            instrument,
            depth,
            bids_after,
            offers_after,
            book_type,
        },
    )
}

fn any_price() -> impl Strategy<Value = Price> {
    any::<i64>().prop_map(Price)
}

fn statistics() -> impl Strategy<Value = Statistics> {
    let prices = (optional(price()), optional(price()), optional(price()), optional(price()));
    (prices, quantity()).prop_map(|((open, high, low, last), volume)| Statistics { open, high, low, last, volume })
}

fn market() -> impl Strategy<Value = MarketDataSnapshot> {
    (instrument(), any::<u64>(), select(InstrumentState::ALL), any_price(), statistics()).prop_map(
        |(instrument, sequence, state, reference_price, statistics)| MarketDataSnapshot {
            instrument,
            sequence: MarketDataSequence(sequence),
            state,
            reference_price,
            statistics,
        },
    )
}

fn levels(orders: impl Strategy<Value = u32>) -> impl Strategy<Value = Vec<PriceLevel>> {
    let level = (any_price(), quantity(), orders);
    proptest::collection::vec(level, 0..20).prop_map(|levels| {
        levels.into_iter().map(|(price, quantity, orders)| PriceLevel { price, quantity, orders }).collect()
    })
}

fn book_of(levels: impl Strategy<Value = (Vec<PriceLevel>, Vec<PriceLevel>)>) -> impl Strategy<Value = Book> {
    let after = (optional(price()), optional(price()));
    (any::<u64>(), time(), market(), levels, any::<[bool; 2]>(), after).prop_map(
        |(request_id, time, market, (bids, offers), is_end_of, (bids_after, offers_after))| Book {
            request_id,
            time,
            market,
            bids,
            offers,
            is_end_of,
            after: [bids_after, offers_after],
            orders: Vec::new(),
        },
    )
}

/// A book by level.
pub(crate) fn book() -> impl Strategy<Value = Book> {
    book_of((levels(any::<u32>()), levels(any::<u32>())))
}

/// A book by order: as many orders as its levels count.
pub(crate) fn book_by_order() -> impl Strategy<Value = Book> {
    (book_of((levels(0..50u32), levels(0..50u32))), any::<u64>()).prop_map(|(mut book, first)| {
        let mut order_id = OrderId(first);
        for (side, levels) in [(Side::Buy, &book.bids), (Side::Sell, &book.offers)] {
            for level in levels {
                for _ in 0..level.orders {
                    let quantity = Quantity(order_id.0 ^ level.quantity.0);
                    book.orders.push(DisplayedOrder { order_id, side, price: level.price, quantity });
                    order_id.0 = order_id.0.wrapping_add(1);
                }
            }
        }
        book
    })
}

/// An increment other than of statistics.
fn entry() -> impl Strategy<Value = MarketDataBody> {
    let order =
        || {
            (any::<u64>(), side(), any_price(), quantity()).prop_map(|(order_id, side, price, quantity)| {
                DisplayedOrder { order_id: OrderId(order_id), side, price, quantity }
            })
        };
    prop_oneof![
        order().prop_map(MarketDataBody::OrderAdded),
        order().prop_map(MarketDataBody::OrderChanged),
        order().prop_map(|DisplayedOrder { order_id, side, price, .. }| MarketDataBody::OrderRemoved {
            order_id,
            side,
            price
        }),
        (side(), any_price(), quantity(), any::<u32>())
            .prop_map(|(side, price, quantity, orders)| MarketDataBody::Level { side, price, quantity, orders }),
        (any::<u64>(), any_price(), quantity(), optional(side())).prop_map(|(trade_id, price, quantity, aggressor)| {
            MarketDataBody::Trade { trade_id: TradeId(trade_id), price, quantity, aggressor }
        }),
        (select(InstrumentState::ALL), any_price())
            .prop_map(|(state, reference_price)| MarketDataBody::State { state, reference_price }),
    ]
}

/// Increments of one command and instrument: at most `maximum`, and perhaps statistics after them; one at least.
pub(crate) fn increments(maximum: usize) -> impl Strategy<Value = Vec<MarketData>> {
    let bodies = (proptest::collection::vec(entry(), 0..=maximum), optional(statistics()));
    let bodies = bodies.prop_filter("none", |(entries, statistics)| !entries.is_empty() || statistics.is_some());
    (instrument(), 0..u64::MAX / 2, time(), bodies).prop_map(|(instrument, first, time, (entries, statistics))| {
        let bodies = entries.into_iter().chain(statistics.map(MarketDataBody::Statistics));
        let increment =
            |(sequence, body)| MarketData { instrument, sequence: MarketDataSequence(sequence), time, body };
        (first..).zip(bodies).map(increment).collect()
    })
}
