//! The answer to a request for a book: levels and orders out of the engine.

use lugus_codecs::market_data::MAXIMUM_ORDERS;
use lugus_engine::Engine;
use lugus_vocabulary::{Book, BookRequest, BookType, DisplayedOrder, EpochNanos, MAXIMUM_DEPTH, PriceLevel, Side};

/// Number of orders after which an answer with a book by order ends: with the level that is the first of its side, or
/// before the level that would exceed half of this number. A level is never divided.
pub(crate) const MAXIMUM_BOOK_ORDERS: usize = 1_024;

/// Reads books into buffers that are reused.
pub(crate) struct BookReader {
    book: Book,
    orders: Vec<DisplayedOrder>,
}

impl BookReader {
    pub(crate) fn new() -> Self {
        Self { book: Book::with_room(), orders: Vec::with_capacity(MAXIMUM_ORDERS) }
    }

    /// The requested part of a book, without its orders; `None` if the engine does not have the instrument.
    pub(crate) fn levels(&mut self, engine: &Engine, request: &BookRequest, now: EpochNanos) -> Option<&Book> {
        let market = engine.market_data_snapshot(request.instrument)?;
        let Book { bids, offers, .. } = &mut self.book;
        let is_end_of =
            [read_levels(engine, request, Side::Buy, bids), read_levels(engine, request, Side::Sell, offers)];
        self.book.request_id = request.request_id;
        self.book.time = now;
        self.book.market = market;
        self.book.is_end_of = is_end_of;
        Some(&self.book)
    }

    /// Passes the orders of the levels read last to `send`, in portions that fit into one message.
    pub(crate) fn orders(&mut self, engine: &Engine, mut send: impl FnMut(&[DisplayedOrder])) {
        let Self { book, orders } = self;
        for (side, levels) in [(Side::Buy, &book.bids), (Side::Sell, &book.offers)] {
            for level in levels {
                for order in engine.displayed_orders_at(book.market.instrument, side, level.price) {
                    orders.push(order);
                    if orders.len() == MAXIMUM_ORDERS {
                        send(orders);
                        orders.clear();
                    }
                }
            }
        }
        if !orders.is_empty() {
            send(orders);
            orders.clear();
        }
    }
}

/// Reads the levels of a side for the answer. Returns whether the side has none beyond them.
fn read_levels(engine: &Engine, request: &BookRequest, side: Side, levels: &mut Vec<PriceLevel>) -> bool {
    let depth = usize::from(request.depth.min(MAXIMUM_DEPTH));
    let after = match side {
        Side::Buy => request.bids_after,
        Side::Sell => request.offers_after,
    };
    let is_before = |level: &PriceLevel| match (after, side) {
        (None, _) => false,
        (Some(after), Side::Buy) => level.price >= after,
        (Some(after), Side::Sell) => level.price <= after,
    };
    levels.clear();
    let mut orders = 0;
    for level in engine.levels(request.instrument, side).into_iter().flatten().skip_while(is_before) {
        orders += level.orders as usize;
        let is_too_much =
            request.book_type == BookType::Orders && orders > MAXIMUM_BOOK_ORDERS / 2 && !levels.is_empty();
        if is_too_much || levels.len() == depth {
            return false;
        }
        levels.push(level);
    }
    true
}
