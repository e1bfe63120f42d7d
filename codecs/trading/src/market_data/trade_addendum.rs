//! The increment of a trade that was corrected or canceled, to and from bytes. It is a message of its own, as readers of
//! version 1 have no such entry.

use lugus_vocabulary::{
    EndOfEvent, EpochNanos, InstrumentId, MarketData, MarketDataBody, MarketDataSequence, Price, Quantity, TradeId,
};
use sbe_message::Envelope;

use crate::error::MessageError;
use crate::sbe_market_data::trade_addendum_codec;
use crate::word::{ToWire, word};
use crate::{block, message};

/// Encodes the increment `data`, if it is one of a trade that was amended; returns the length of the message in bytes.
pub(super) fn encode(data: &MarketData, end_of_event: EndOfEvent, buffer: &mut [u8]) -> Option<usize> {
    let MarketDataBody::TradeAddendum { trade_id, price, quantity } = data.body else { return None };
    let length;
    message!(buffer, sbe_market_data, trade_addendum_codec, TradeAddendumEncoder, length)
        .sequence(data.sequence.0)
        .transact_time(data.time.0)
        .trade_id(trade_id.0)
        .price(price.0)
        .quantity(quantity.0)
        .instrument_id(data.instrument.0)
        .match_event_indicator(end_of_event.to_wire());
    Some(length)
}

pub(super) fn decode(envelope: Envelope<'_>) -> Result<(MarketData, EndOfEvent), MessageError> {
    let wire = block!(envelope, sbe_market_data, trade_addendum_codec, TradeAddendumDecoder);
    let data = MarketData {
        instrument: InstrumentId(wire.instrument_id()),
        sequence: MarketDataSequence(wire.sequence()),
        time: EpochNanos(wire.transact_time()),
        body: MarketDataBody::TradeAddendum {
            trade_id: TradeId(wire.trade_id()),
            price: Price(wire.price()),
            quantity: Quantity(wire.quantity()),
        },
    };
    let end_of_event =
        word(wire.match_event_indicator(), trade_addendum_codec::SBE_TEMPLATE_ID, "matchEventIndicator")?;
    Ok((data, end_of_event))
}
