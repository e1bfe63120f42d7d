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
    /// Number of orders of a side after which a part of a book by order ends.
    orders_of_side: usize,
    /// Number of orders that are passed on together.
    portion: usize,
}

impl BookReader {
    /// For answers to requests.
    pub(crate) fn new() -> Self {
        Self::with_portions(MAXIMUM_BOOK_ORDERS / 2, MAXIMUM_ORDERS)
    }

    /// Ends a part after this number of orders of a side, and passes on orders in portions of this size.
    pub(crate) fn with_portions(orders_of_side: usize, portion: usize) -> Self {
        Self { book: Book::with_room(), orders: Vec::with_capacity(portion), orders_of_side, portion }
    }

    /// The requested part of a book, without its orders; `None` if the engine does not have the instrument.
    pub(crate) fn levels(&mut self, engine: &Engine, request: &BookRequest, now: EpochNanos) -> Option<&Book> {
        let market = engine.market_data_snapshot(request.instrument)?;
        let Book { bids, offers, .. } = &mut self.book;
        let orders = self.orders_of_side;
        let is_end_of = [
            read_levels(engine, request, Side::Buy, orders, bids),
            read_levels(engine, request, Side::Sell, orders, offers),
        ];
        self.book.after = [request.bids_after, request.offers_after];
        self.book.request_id = request.request_id;
        self.book.time = now;
        self.book.market = market;
        self.book.is_end_of = is_end_of;
        Some(&self.book)
    }

    /// A part of a book of which some sides have been told to their ends: of them it has no levels.
    pub(crate) fn part(
        &mut self,
        engine: &Engine,
        request: &BookRequest,
        has_ended: [bool; 2],
        now: EpochNanos,
    ) -> Option<&Book> {
        self.levels(engine, request, now)?;
        let Book { bids, offers, is_end_of, .. } = &mut self.book;
        for ((levels, is_end), has_ended) in [bids, offers].into_iter().zip(is_end_of).zip(has_ended) {
            if has_ended {
                levels.clear();
                *is_end = true;
            }
        }
        Some(&self.book)
    }

    /// Passes the orders of the levels read last to `send`, in portions that fit into one message.
    pub(crate) fn orders(&mut self, engine: &Engine, mut send: impl FnMut(&[DisplayedOrder])) {
        let Self { book, orders, portion, .. } = self;
        for (side, levels) in [(Side::Buy, &book.bids), (Side::Sell, &book.offers)] {
            for level in levels {
                for order in engine.displayed_orders_at(book.market.instrument, side, level.price) {
                    orders.push(order);
                    if orders.len() == *portion {
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
fn read_levels(
    engine: &Engine,
    request: &BookRequest,
    side: Side,
    orders_of_side: usize,
    levels: &mut Vec<PriceLevel>,
) -> bool {
    let (instrument, after) = match side {
        Side::Buy => (request.instrument, request.bids_after),
        Side::Sell => (request.instrument, request.offers_after),
    };
    match after {
        None => take_levels(engine.levels(instrument, side), request, orders_of_side, levels),
        Some(after) => take_levels(engine.levels_after(instrument, side, after), request, orders_of_side, levels),
    }
}

fn take_levels(
    found: Option<impl Iterator<Item = PriceLevel>>,
    request: &BookRequest,
    orders_of_side: usize,
    levels: &mut Vec<PriceLevel>,
) -> bool {
    let depth = usize::from(request.depth.min(MAXIMUM_DEPTH));
    levels.clear();
    let mut orders = 0;
    for level in found.into_iter().flatten() {
        orders += level.orders as usize;
        let is_too_much = request.book_type == BookType::Orders && orders > orders_of_side && !levels.is_empty();
        if is_too_much || levels.len() == depth {
            return false;
        }
        levels.push(level);
    }
    true
}
