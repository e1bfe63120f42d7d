//! The request for a book and its answer, to and from bytes.
//!
//! A book by level is one message, a book by order is that message and then messages with the orders of its levels.

use lugus_vocabulary::{
    Book, BookRequest, BookType, DisplayedOrder, EpochNanos, InstrumentId, MAXIMUM_DEPTH, MarketDataSequence,
    MarketDataSnapshot, OrderId, Price, PriceLevel, Quantity, Side,
};
use sbe_message::{Envelope, HEADER_LENGTH};

use super::{MAXIMUM_STREAM_LENGTH, read_statistics, write_statistics};
use crate::error::MessageError;
use crate::group::{GROUP_HEADER_LENGTH, Group};
use crate::order_entry::CommandBuffer;
use crate::sbe_market_data::end_of_book::EndOfBook;
use crate::sbe_market_data::market_data_orders_codec::decoder::OrdersDecoder;
use crate::sbe_market_data::market_data_orders_codec::encoder::{MarketDataOrdersEncoder, OrdersEncoder};
use crate::sbe_market_data::market_data_snapshot_codec::decoder::{BidsDecoder, OffersDecoder};
use crate::sbe_market_data::market_data_snapshot_codec::encoder::{
    BidsEncoder, MarketDataSnapshotEncoder, OffersEncoder,
};
use crate::sbe_market_data::{
    Encoder, SBE_SCHEMA_ID, SbeResult, market_data_orders_codec, market_data_request_codec,
    market_data_request_reject_codec, market_data_snapshot_codec,
};
use crate::word::{ToWire, word};
use crate::{block, message};

/// Largest number of orders in one message of a book.
pub const MAXIMUM_ORDERS: usize = 256;

/// Length of the longest message of a book with its header, in bytes: [`MAXIMUM_DEPTH`] levels of each side.
pub const MAXIMUM_BOOK_LENGTH: usize = HEADER_LENGTH
    + market_data_snapshot_codec::SBE_BLOCK_LENGTH as usize
    + 2 * (GROUP_HEADER_LENGTH + MAXIMUM_DEPTH as usize * LEVEL_LENGTH as usize);

/// Greatest number of levels, of both sides together, of a book that fits into one datagram of the snapshot stream.
pub const MAXIMUM_LEVELS_OF_DATAGRAM: usize = 62;

/// Greatest number of orders in one datagram of the snapshot stream.
pub const MAXIMUM_ORDERS_OF_DATAGRAM: usize = 84;

/// A buffer for a message that answers the request for a book.
pub type BookBuffer = [u8; MAXIMUM_BOOK_LENGTH];

/// Lengths of the groups' entries, in bytes.
const LEVEL_LENGTH: u16 = BidsEncoder::<MarketDataSnapshotEncoder<'_>>::block_length();
const ORDER_LENGTH: u16 = OrdersEncoder::<MarketDataOrdersEncoder<'_>>::block_length();

const BIDS: Group = Group { name: "bids", block_length: LEVEL_LENGTH, maximum: MAXIMUM_DEPTH };
const OFFERS: Group = Group { name: "offers", ..BIDS };
/// A later version may put more orders into a message.
const ORDERS: Group = Group { name: "orders", block_length: ORDER_LENGTH, maximum: u16::MAX - 1 };

const _: () = {
    assert!(LEVEL_LENGTH == OffersEncoder::<MarketDataSnapshotEncoder<'_>>::block_length());
    let orders = HEADER_LENGTH + market_data_orders_codec::SBE_BLOCK_LENGTH as usize + GROUP_HEADER_LENGTH;
    assert!(orders + MAXIMUM_ORDERS * ORDER_LENGTH as usize <= MAXIMUM_BOOK_LENGTH);
    assert!(orders + MAXIMUM_ORDERS_OF_DATAGRAM * ORDER_LENGTH as usize <= MAXIMUM_STREAM_LENGTH);
    let levels = HEADER_LENGTH + market_data_snapshot_codec::SBE_BLOCK_LENGTH as usize + 2 * GROUP_HEADER_LENGTH;
    assert!(levels + MAXIMUM_LEVELS_OF_DATAGRAM * LEVEL_LENGTH as usize <= MAXIMUM_STREAM_LENGTH);
    let request = HEADER_LENGTH + market_data_request_codec::SBE_BLOCK_LENGTH as usize;
    assert!(request <= crate::order_entry::MAXIMUM_COMMAND_LENGTH);
};

/// Whether a book is complete with the messages that have been decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BookProgress {
    /// Messages with orders are still to come.
    Partial,
    /// All levels, and if asked for all their orders, are there.
    Complete,
}

/// The answer to a request for the book of an instrument that the partition does not have (FIX message Y).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BookReject {
    /// The number that the sender of the request chose.
    pub request_id: u64,
    /// The instrument asked for.
    pub instrument: InstrumentId,
}

/// Encodes the request for a book; returns the message.
pub fn encode_book_request<'b>(request: &BookRequest, buffer: &'b mut CommandBuffer) -> &'b [u8] {
    let length;
    message!(buffer, sbe_market_data, market_data_request_codec, MarketDataRequestEncoder, length)
        .request_id(request.request_id)
        .bids_after_opt(request.bids_after.map(|price| price.0))
        .offers_after_opt(request.offers_after.map(|price| price.0))
        .instrument_id(request.instrument.0)
        .market_depth(request.depth)
        .book_type(request.book_type.to_wire());
    &buffer[..length]
}

/// Decodes the request for a book.
///
/// # Errors
/// [`MessageError`], if the bytes are no whole message of this template, or have a value that the vocabulary lacks.
pub fn decode_book_request(envelope: Envelope<'_>) -> Result<BookRequest, MessageError> {
    let request = block!(envelope, sbe_market_data, market_data_request_codec, MarketDataRequestDecoder);
    Ok(BookRequest {
        request_id: request.request_id(),
        instrument: InstrumentId(request.instrument_id()),
        depth: request.market_depth(),
        bids_after: request.bids_after().map(Price),
        offers_after: request.offers_after().map(Price),
        book_type: word(request.book_type(), market_data_request_codec::SBE_TEMPLATE_ID, "bookType")?,
    })
}

/// Encodes a book without its orders, of each side at most [`MAXIMUM_DEPTH`] levels; returns the message. `book_type` tells
/// whether [`encode_book_orders`] follow.
pub fn encode_book<'b>(book: &Book, book_type: BookType, buffer: &'b mut BookBuffer) -> &'b [u8] {
    // A generated group encoder fails only without its parent, which is given to it.
    let length = try_encode_book(book, book_type, buffer).unwrap_or(0);
    &buffer[..length]
}

/// Writes levels into a generated group encoder.
macro_rules! write_levels {
    ($group:expr, $levels:expr) => {
        for level in $levels {
            $group.advance()?;
            $group.price(level.price.0).quantity(level.quantity.0).number_of_orders(level.orders);
        }
    };
}

fn try_encode_book(book: &Book, book_type: BookType, buffer: &mut BookBuffer) -> SbeResult<usize> {
    let MarketDataSnapshot { instrument, sequence, state, reference_price, statistics } = &book.market;
    let _end_of_block;
    let mut wire =
        message!(buffer, sbe_market_data, market_data_snapshot_codec, MarketDataSnapshotEncoder, _end_of_block);
    wire.request_id(book.request_id)
        .transact_time(book.time.0)
        .sequence(sequence.0)
        .reference_price(reference_price.0)
        .instrument_id(instrument.0)
        .state(state.to_wire())
        .book_type(book_type.to_wire())
        .bids_after_opt(book.after[0].map(|price| price.0))
        .offers_after_opt(book.after[1].map(|price| price.0));
    write_statistics!(wire, statistics);
    let mut end_of_book = EndOfBook::default();
    end_of_book.set_bids(book.is_end_of[0]).set_offers(book.is_end_of[1]);
    wire.end_of_book(end_of_book);

    let levels = best(&book.bids);
    let mut bids = wire.bids_encoder(levels.len() as u16, BidsEncoder::default());
    write_levels!(bids, levels);
    let levels = best(&book.offers);
    let mut offers = bids.parent()?.offers_encoder(levels.len() as u16, OffersEncoder::default());
    write_levels!(offers, levels);
    Ok(offers.parent()?.get_limit())
}

/// The best levels, as many as one message takes.
fn best(levels: &[PriceLevel]) -> &[PriceLevel] {
    &levels[..levels.len().min(usize::from(MAXIMUM_DEPTH))]
}

/// Encodes orders of a book's levels, at most [`MAXIMUM_ORDERS`]; returns the message. Over all messages of a book the
/// orders are those that the levels count: bids before offers, level by level, those of a level by priority.
pub fn encode_book_orders<'b>(
    request_id: u64,
    instrument: InstrumentId,
    orders: &[DisplayedOrder],
    buffer: &'b mut BookBuffer,
) -> &'b [u8] {
    let length = try_encode_orders(request_id, instrument, orders, buffer).unwrap_or(0);
    &buffer[..length]
}

fn try_encode_orders(
    request_id: u64,
    instrument: InstrumentId,
    orders: &[DisplayedOrder],
    buffer: &mut BookBuffer,
) -> SbeResult<usize> {
    let orders = &orders[..orders.len().min(MAXIMUM_ORDERS)];
    let _end_of_block;
    let mut wire = message!(buffer, sbe_market_data, market_data_orders_codec, MarketDataOrdersEncoder, _end_of_block);
    wire.request_id(request_id).instrument_id(instrument.0);
    let mut group = wire.orders_encoder(orders.len() as u16, OrdersEncoder::default());
    for order in orders {
        group.advance()?;
        group.order_id(order.order_id.0).quantity(order.quantity.0);
    }
    Ok(group.parent()?.get_limit())
}

/// Decodes a message of a book into `book`, whose room is used again; `None` if the message is none. Orders of another
/// request than that of `book` are passed over.
///
/// # Errors
/// [`MessageError`], if the message is of another protocol, is cut off, has a value that the vocabulary lacks, or has more
/// orders than the levels count. `book` then has undefined contents.
pub fn decode_book(envelope: Envelope<'_>, book: &mut Book) -> Result<Option<BookProgress>, MessageError> {
    let envelope = envelope.of_schema(SBE_SCHEMA_ID)?;
    match envelope.template_id {
        market_data_snapshot_codec::SBE_TEMPLATE_ID => decode_levels(envelope, book).map(Some),
        market_data_orders_codec::SBE_TEMPLATE_ID => decode_orders(envelope, book).map(Some),
        _ => Ok(None),
    }
}

/// Reads levels from a generated group decoder.
macro_rules! read_levels {
    ($group:expr, $levels:expr) => {
        $levels.clear();
        while let Ok(Some(_)) = $group.advance() {
            $levels.push(PriceLevel {
                price: Price($group.price()),
                quantity: Quantity($group.quantity()),
                orders: $group.number_of_orders(),
            });
        }
    };
}

fn decode_levels(envelope: Envelope<'_>, book: &mut Book) -> Result<BookProgress, MessageError> {
    let template_id = market_data_snapshot_codec::SBE_TEMPLATE_ID;
    let body = envelope.body(template_id, least_block_length(envelope))?;
    let end_of_bids = BIDS.check(&body, template_id, body.end_of_block())?;
    OFFERS.check(&body, template_id, end_of_bids)?;

    let wire =
        block!(envelope, sbe_market_data, market_data_snapshot_codec, MarketDataSnapshotDecoder, before 3 it had 79);
    book.request_id = wire.request_id();
    book.time = EpochNanos(wire.transact_time());
    book.market = MarketDataSnapshot {
        instrument: InstrumentId(wire.instrument_id()),
        sequence: MarketDataSequence(wire.sequence()),
        state: word(wire.state(), template_id, "state")?,
        reference_price: Price(wire.reference_price()),
        statistics: read_statistics!(wire),
    };
    book.after = [wire.bids_after(), wire.offers_after()].map(|price| price.map(Price));
    book.is_end_of = [wire.end_of_book().get_bids(), wire.end_of_book().get_offers()];
    book.orders.clear();
    let book_type = word(wire.book_type(), template_id, "bookType")?;
    let mut bids = BidsDecoder::default().wrap(wire);
    read_levels!(bids, book.bids);
    // A generated group decoder gives its parent back once, and this is the first time.
    if let Ok(wire) = bids.parent() {
        let mut offers = OffersDecoder::default().wrap(wire);
        read_levels!(offers, book.offers);
    }
    Ok(match book_type {
        BookType::Levels => BookProgress::Complete,
        BookType::Orders => progress(book),
    })
}

/// Length of the root block of a `MarketDataSnapshot` in its sender's version.
fn least_block_length(envelope: Envelope<'_>) -> u16 {
    if envelope.version < 3 { 79 } else { market_data_snapshot_codec::SBE_BLOCK_LENGTH }
}

fn decode_orders(envelope: Envelope<'_>, book: &mut Book) -> Result<BookProgress, MessageError> {
    let template_id = market_data_orders_codec::SBE_TEMPLATE_ID;
    let body = envelope.body(template_id, market_data_orders_codec::SBE_BLOCK_LENGTH)?;
    ORDERS.check(&body, template_id, body.end_of_block())?;
    let wire = block!(envelope, sbe_market_data, market_data_orders_codec, MarketDataOrdersDecoder);
    if wire.request_id() != book.request_id {
        return Ok(BookProgress::Partial);
    }
    let mut orders = OrdersDecoder::default().wrap(wire);
    let sides = [(Side::Buy, &book.bids), (Side::Sell, &book.offers)];
    let levels = sides.into_iter().flat_map(|(side, levels)| levels.iter().map(move |level| (side, level)));
    let places = levels.flat_map(|(side, level)| std::iter::repeat_n((side, level.price), level.orders as usize));
    let mut places = places.skip(book.orders.len());
    while let Ok(Some(_)) = orders.advance() {
        let Some((side, price)) = places.next() else {
            return Err(MessageError::Value { template_id, field: "orders" });
        };
        let (order_id, quantity) = (OrderId(orders.order_id()), Quantity(orders.quantity()));
        book.orders.push(DisplayedOrder { order_id, side, price, quantity });
    }
    Ok(progress(book))
}

/// Whether as many orders are there as the levels count.
fn progress(book: &Book) -> BookProgress {
    let counted: u64 = book.bids.iter().chain(&book.offers).map(|level| u64::from(level.orders)).sum();
    if book.orders.len() as u64 == counted { BookProgress::Complete } else { BookProgress::Partial }
}

/// Encodes that the partition does not have the book; returns the message.
pub fn encode_book_reject(reject: BookReject, buffer: &mut BookBuffer) -> &[u8] {
    let length;
    message!(buffer, sbe_market_data, market_data_request_reject_codec, MarketDataRequestRejectEncoder, length)
        .request_id(reject.request_id)
        .instrument_id(reject.instrument.0);
    &buffer[..length]
}

/// Decodes that the partition does not have the book; `None` if the message is of another template.
///
/// # Errors
/// [`MessageError`], if the message is of another protocol or is cut off.
pub fn decode_book_reject(envelope: Envelope<'_>) -> Result<Option<BookReject>, MessageError> {
    let envelope = envelope.of_schema(SBE_SCHEMA_ID)?;
    if envelope.template_id != market_data_request_reject_codec::SBE_TEMPLATE_ID {
        return Ok(None);
    }
    let reject = block!(envelope, sbe_market_data, market_data_request_reject_codec, MarketDataRequestRejectDecoder);
    Ok(Some(BookReject { request_id: reject.request_id(), instrument: InstrumentId(reject.instrument_id()) }))
}
