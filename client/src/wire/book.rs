//! Bytes to books.

use lugus_codecs::market_data::market_data_orders_codec::decoder::OrdersDecoder;
use lugus_codecs::market_data::market_data_snapshot_codec::decoder::{BidsDecoder, OffersDecoder};
use lugus_codecs::market_data::market_data_snapshot_codec::encoder::{BidsEncoder, MarketDataSnapshotEncoder};
use lugus_codecs::market_data::{
    ReadBuf, book_type::BookType, market_data_orders_codec, market_data_request_reject_codec,
    market_data_snapshot_codec,
};
use lugus_codecs::{Envelope, HEADER_LENGTH};
use lugus_vocabulary::{
    Book, DisplayedOrder, EpochNanos, InstrumentId, MAXIMUM_DEPTH, MarketDataSequence, MarketDataSnapshot, OrderId,
    Price, PriceLevel, Quantity, Side, Statistics,
};

use crate::wire::feed::state;
use crate::wire::{DecodeError, Inbound, block};

/// Length of a group's header in bytes: block length and count, each `u16`.
const GROUP_HEADER_LENGTH: usize = 4;

/// Length of one level in bytes, in the version known here.
const LEVEL_LENGTH: u16 = BidsEncoder::<MarketDataSnapshotEncoder<'_>>::block_length();

/// Length of one order in bytes, in the version known here.
const ORDER_LENGTH: u16 = 16;

/// Most orders of one message.
const MAXIMUM_ORDERS: u16 = u16::MAX - 1;

/// Reads a message of schema 202. A book by order comes in several: [`Inbound::BookPart`] until it is whole.
///
/// # Errors
/// [`DecodeError`], when it is not whole, or none to a participant.
pub(super) fn decode(envelope: Envelope<'_>, book: &mut Book) -> Result<Inbound, DecodeError> {
    match envelope.template_id {
        market_data_snapshot_codec::SBE_TEMPLATE_ID => snapshot(envelope, book),
        market_data_orders_codec::SBE_TEMPLATE_ID => orders(envelope, book),
        market_data_request_reject_codec::SBE_TEMPLATE_ID => {
            let reject = block!(envelope, market_data_request_reject_codec, MarketDataRequestRejectDecoder);
            let instrument = InstrumentId(reject.instrument_id());
            Ok(Inbound::BookReject { request_id: reject.request_id(), instrument })
        }
        found => Err(lugus_codecs::DecodeError::Template { found }.into()),
    }
}

/// Takes all entries of a group from its generated decoder.
macro_rules! take_levels {
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

fn snapshot(envelope: Envelope<'_>, book: &mut Book) -> Result<Inbound, DecodeError> {
    let body =
        envelope.body(market_data_snapshot_codec::SBE_TEMPLATE_ID, market_data_snapshot_codec::SBE_BLOCK_LENGTH)?;
    let template = market_data_snapshot_codec::SBE_TEMPLATE_ID;
    let levels = (LEVEL_LENGTH, MAXIMUM_DEPTH);
    let end_of_bids = check_group(body.message, body.end_of_block(), template, "bids", levels)?;
    check_group(body.message, end_of_bids, template, "offers", levels)?;

    let wire = block!(envelope, market_data_snapshot_codec, MarketDataSnapshotDecoder);
    book.request_id = wire.request_id();
    book.time = EpochNanos(wire.transact_time());
    let price = |price: Option<i64>| price.map(Price);
    book.market = MarketDataSnapshot {
        instrument: InstrumentId(wire.instrument_id()),
        sequence: MarketDataSequence(wire.sequence()),
        state: state(wire.state(), template)?,
        reference_price: Price(wire.reference_price()),
        statistics: Statistics {
            open: price(wire.opening_price()),
            high: price(wire.high_price()),
            low: price(wire.low_price()),
            last: price(wire.last_price()),
            volume: Quantity(wire.volume()),
        },
    };
    book.is_end_of = [wire.end_of_book().get_bids(), wire.end_of_book().get_offers()];
    book.orders.clear();
    let has_orders = wire.book_type() == BookType::ORDERS;
    let mut bids = BidsDecoder::default().wrap(wire);
    take_levels!(bids, book.bids);
    // The generated decoder gives its parent back once; this is the once.
    if let Ok(wire) = bids.parent() {
        let mut offers = OffersDecoder::default().wrap(wire);
        take_levels!(offers, book.offers);
    }
    Ok(if has_orders && counted(book) > 0 { Inbound::BookPart } else { Inbound::Book })
}

/// Orders that the levels count.
fn counted(book: &Book) -> u64 {
    book.bids.iter().chain(&book.offers).map(|level| u64::from(level.orders)).sum()
}

fn orders(envelope: Envelope<'_>, book: &mut Book) -> Result<Inbound, DecodeError> {
    let template = market_data_orders_codec::SBE_TEMPLATE_ID;
    let body = envelope.body(template, market_data_orders_codec::SBE_BLOCK_LENGTH)?;
    check_group(body.message, body.end_of_block(), template, "orders", (ORDER_LENGTH, MAXIMUM_ORDERS))?;
    let wire = block!(envelope, market_data_orders_codec, MarketDataOrdersDecoder);
    if wire.request_id() != book.request_id {
        return Ok(Inbound::BookPart);
    }
    let expected = counted(book);
    let mut orders = OrdersDecoder::default().wrap(wire);
    let sides = [(Side::Buy, &book.bids), (Side::Sell, &book.offers)];
    let levels = sides.into_iter().flat_map(|(side, levels)| levels.iter().map(move |level| (side, level)));
    let places = levels.flat_map(|(side, level)| std::iter::repeat_n((side, level.price), level.orders as usize));
    let mut places = places.skip(book.orders.len());
    while let Ok(Some(_)) = orders.advance() {
        let Some((side, price)) = places.next() else {
            return Err(DecodeError::Value { template_id: template, field: "orders" });
        };
        let (order_id, quantity) = (OrderId(orders.order_id()), Quantity(orders.quantity()));
        book.orders.push(DisplayedOrder { order_id, side, price, quantity });
    }
    Ok(if book.orders.len() as u64 == expected { Inbound::Book } else { Inbound::BookPart })
}

/// Checks that the group at `offset` is whole, with entries of at least so many bytes and at most so many of them; returns
/// the offset after it.
pub(super) fn check_group(
    message: &[u8],
    offset: usize,
    template_id: u16,
    group: &'static str,
    (entry_length, most): (u16, u16),
) -> Result<usize, DecodeError> {
    let start = offset + GROUP_HEADER_LENGTH;
    let Some(header) = message.get(offset..start) else {
        return Err(lugus_codecs::DecodeError::Short { needed: start, available: message.len() }.into());
    };
    let block_length = u16::from_le_bytes([header[0], header[1]]);
    let count = u16::from_le_bytes([header[2], header[3]]);
    let end = start + usize::from(block_length) * usize::from(count);
    if block_length < entry_length || count > most || end > message.len() {
        return Err(DecodeError::Group { template_id, group, count, block_length });
    }
    Ok(end)
}
