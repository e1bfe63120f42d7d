//! The increment that tells what an auction would give, to and from bytes. It is a message of its own, as readers of earlier
//! versions have no such entry.

use lugus_vocabulary::{
    AuctionIndicative, EndOfEvent, EpochNanos, InstrumentId, MarketData, MarketDataBody, MarketDataSequence, Price,
    Quantity,
};
use sbe_message::Envelope;

use crate::error::MessageError;
use crate::sbe_market_data::auction_indicative_codec;
use crate::word::{ToWire, word};
use crate::{block, message};

/// Encodes the increment `data`, if it tells of an auction; returns the length of the message in bytes.
pub(super) fn encode(data: &MarketData, end_of_event: EndOfEvent, buffer: &mut [u8]) -> Option<usize> {
    let MarketDataBody::Auction(AuctionIndicative { price, volume, imbalance, imbalance_side }) = data.body else {
        return None;
    };
    let length;
    message!(buffer, sbe_market_data, auction_indicative_codec, AuctionIndicativeEncoder, length)
        .sequence(data.sequence.0)
        .transact_time(data.time.0)
        .price_opt(price.map(|price| price.0))
        .volume(volume.0)
        .imbalance(imbalance.0)
        .instrument_id(data.instrument.0)
        .imbalance_side(imbalance_side.to_wire())
        .match_event_indicator(end_of_event.to_wire());
    Some(length)
}

pub(super) fn decode(envelope: Envelope<'_>) -> Result<(MarketData, EndOfEvent), MessageError> {
    let wire = block!(envelope, sbe_market_data, auction_indicative_codec, AuctionIndicativeDecoder);
    let template_id = auction_indicative_codec::SBE_TEMPLATE_ID;
    let data = MarketData {
        instrument: InstrumentId(wire.instrument_id()),
        sequence: MarketDataSequence(wire.sequence()),
        time: EpochNanos(wire.transact_time()),
        body: MarketDataBody::Auction(AuctionIndicative {
            price: wire.price().map(Price),
            volume: Quantity(wire.volume()),
            imbalance: Quantity(wire.imbalance()),
            imbalance_side: word(wire.imbalance_side(), template_id, "imbalanceSide")?,
        }),
    };
    Ok((data, word(wire.match_event_indicator(), template_id, "matchEventIndicator")?))
}
