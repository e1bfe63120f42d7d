//! Instruments with their statistics, to and from bytes.

use lugus_vocabulary::{
    Decimal, InstrumentDefinition, InstrumentId, InstrumentRecord, InstrumentState, InstrumentType, MarketDataSequence,
    OrderId, Price, Quantity, StateHash, Statistics, Symbol, TradeId,
};
use sbe_message::Envelope;

use super::records::known;
use crate::error::MessageError;
use crate::flags::{flags, if_flagged};
use crate::sbe_snapshot::instrument_codec;
use crate::{block, message};

const TEMPLATE_ID: u16 = instrument_codec::SBE_TEMPLATE_ID;

pub(super) fn encode_instrument(record: &InstrumentRecord, buffer: &mut [u8]) -> usize {
    let length;
    let definition = &record.definition;
    let Statistics { open, high, low, last, volume } = record.statistics;
    message!(buffer, sbe_snapshot, instrument_codec, InstrumentEncoder, length)
        .last_order_id(record.last_order_id.0)
        .last_trade_id(record.last_trade_id.0)
        .state_hash(record.state_hash.0)
        .minimum_price(definition.minimum_price.0)
        .maximum_price(definition.maximum_price.0)
        .reference_price(definition.reference_price.0)
        .price_band(definition.price_band.0)
        .maximum_quantity(definition.maximum_quantity.0)
        .tick_size_mantissa(definition.tick_size.mantissa)
        .lot_size_mantissa(definition.lot_size.mantissa)
        .instrument_id(definition.instrument.0)
        .tick_size_exponent(definition.tick_size.exponent)
        .lot_size_exponent(definition.lot_size.exponent)
        .instrument_type(definition.instrument_type.number())
        .state(definition.state.number())
        .base(&definition.base.0)
        .quote(&definition.quote.0)
        .market_data_sequence(record.market_data_sequence.0)
        .open_price(open.unwrap_or_default().0)
        .high_price(high.unwrap_or_default().0)
        .low_price(low.unwrap_or_default().0)
        .last_price(last.unwrap_or_default().0)
        .volume(volume.0)
        .statistics(flags([open.is_some(), high.is_some(), low.is_some(), last.is_some()]));
    length
}

pub(super) fn decode_instrument(envelope: Envelope<'_>) -> Result<InstrumentRecord, MessageError> {
    let wire = block!(envelope, sbe_snapshot, instrument_codec, InstrumentDecoder);
    let definition = InstrumentDefinition {
        instrument: InstrumentId(wire.instrument_id()),
        base: Symbol(wire.base()),
        quote: Symbol(wire.quote()),
        instrument_type: known(InstrumentType::from_number(wire.instrument_type()), TEMPLATE_ID, "instrumentType")?,
        minimum_price: Price(wire.minimum_price()),
        maximum_price: Price(wire.maximum_price()),
        reference_price: Price(wire.reference_price()),
        price_band: Quantity(wire.price_band()),
        maximum_quantity: Quantity(wire.maximum_quantity()),
        tick_size: Decimal { mantissa: wire.tick_size_mantissa(), exponent: wire.tick_size_exponent() },
        lot_size: Decimal { mantissa: wire.lot_size_mantissa(), exponent: wire.lot_size_exponent() },
        state: known(InstrumentState::from_number(wire.state()), TEMPLATE_ID, "state")?,
    };
    let present = wire.statistics();
    if present >> 4 != 0 {
        return Err(MessageError::Value { template_id: TEMPLATE_ID, field: "statistics" });
    }
    let price = |bit, price, field| if_flagged(present, bit, Price(price), TEMPLATE_ID, field);
    Ok(InstrumentRecord {
        definition,
        last_order_id: OrderId(wire.last_order_id()),
        last_trade_id: TradeId(wire.last_trade_id()),
        market_data_sequence: MarketDataSequence(wire.market_data_sequence()),
        statistics: Statistics {
            open: price(0, wire.open_price(), "openPrice")?,
            high: price(1, wire.high_price(), "highPrice")?,
            low: price(2, wire.low_price(), "lowPrice")?,
            last: price(3, wire.last_price(), "lastPrice")?,
            volume: Quantity(wire.volume()),
        },
        state_hash: StateHash(wire.state_hash()),
    })
}
