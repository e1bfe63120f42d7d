//! Bytes to books.

use lugus_codecs::market_data::market_data_snapshot_codec::decoder::{BidsDecoder, OffersDecoder};
use lugus_codecs::market_data::market_data_snapshot_codec::encoder::{BidsEncoder, MarketDataSnapshotEncoder};
use lugus_codecs::market_data::{ReadBuf, market_data_request_reject_codec, market_data_snapshot_codec};
use lugus_codecs::{Envelope, HEADER_LENGTH};

use crate::market_data::{Book, Level, MAXIMUM_DEPTH};
use crate::units::{EpochNanos, InstrumentId, Price, Quantity};
use crate::wire::{DecodeError, Inbound, block};

/// Length of a group's header in bytes: block length and count, each `u16`.
const GROUP_HEADER_LENGTH: usize = 4;

/// Length of one level in bytes, in the version known here.
const LEVEL_LENGTH: u16 = BidsEncoder::<MarketDataSnapshotEncoder<'_>>::block_length();

/// Reads a message of schema 202.
///
/// # Errors
/// [`DecodeError`], when it is not whole, or none to a participant.
pub(super) fn decode(envelope: Envelope<'_>, book: &mut Book) -> Result<Inbound, DecodeError> {
    match envelope.template_id {
        market_data_snapshot_codec::SBE_TEMPLATE_ID => snapshot(envelope, book).map(|()| Inbound::Book),
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
            $levels.push(Level {
                price: Price($group.price()),
                quantity: Quantity($group.quantity()),
                orders: $group.number_of_orders(),
            });
        }
    };
}

fn snapshot(envelope: Envelope<'_>, book: &mut Book) -> Result<(), DecodeError> {
    let body =
        envelope.body(market_data_snapshot_codec::SBE_TEMPLATE_ID, market_data_snapshot_codec::SBE_BLOCK_LENGTH)?;
    let end_of_bids = check_group(body.message, body.end_of_block(), "bids")?;
    check_group(body.message, end_of_bids, "offers")?;

    let wire = block!(envelope, market_data_snapshot_codec, MarketDataSnapshotDecoder);
    book.request_id = wire.request_id();
    book.time = EpochNanos(wire.transact_time());
    book.instrument = InstrumentId(wire.instrument_id());
    let mut bids = BidsDecoder::default().wrap(wire);
    take_levels!(bids, book.bids);
    // The generated decoder gives its parent back once; this is the once.
    if let Ok(wire) = bids.parent() {
        let mut offers = OffersDecoder::default().wrap(wire);
        take_levels!(offers, book.offers);
    }
    Ok(())
}

/// Checks that the group at `offset` is whole and no longer than a side of a book; returns the offset after it.
fn check_group(message: &[u8], offset: usize, group: &'static str) -> Result<usize, DecodeError> {
    let start = offset + GROUP_HEADER_LENGTH;
    let Some(header) = message.get(offset..start) else {
        return Err(lugus_codecs::DecodeError::Short { needed: start, available: message.len() }.into());
    };
    let block_length = u16::from_le_bytes([header[0], header[1]]);
    let count = u16::from_le_bytes([header[2], header[3]]);
    let end = start + usize::from(block_length) * usize::from(count);
    if block_length < LEVEL_LENGTH || count > MAXIMUM_DEPTH || end > message.len() {
        let template_id = market_data_snapshot_codec::SBE_TEMPLATE_ID;
        return Err(DecodeError::Group { template_id, group, count, block_length });
    }
    Ok(end)
}
