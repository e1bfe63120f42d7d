//! Instruments with their statistics, to and from bytes.

use lugus_vocabulary::{
    InstrumentRecord, MarketDataSequence, OrderId, Price, Quantity, StateHash, Statistics, TradeId,
};
use sbe_message::Envelope;

use crate::definition::{read_definition, write_definition};
use crate::error::MessageError;
use crate::flags::{flags, if_flagged};
use crate::sbe_snapshot::instrument_codec;
use crate::{block, message};

const TEMPLATE_ID: u16 = instrument_codec::SBE_TEMPLATE_ID;

pub(super) fn encode_instrument(record: &InstrumentRecord, buffer: &mut [u8]) -> usize {
    let length;
    let Statistics { open, high, low, last, volume } = record.statistics;
    let mut wire = message!(buffer, sbe_snapshot, instrument_codec, InstrumentEncoder, length);
    write_definition!(wire, &record.definition)
        .last_order_id(record.last_order_id.0)
        .last_trade_id(record.last_trade_id.0)
        .state_hash(record.state_hash.0)
        .market_data_sequence(record.market_data_sequence.0)
        .open_price(open.unwrap_or_default().0)
        .high_price(high.unwrap_or_default().0)
        .low_price(low.unwrap_or_default().0)
        .last_price(last.unwrap_or_default().0)
        .volume(volume.0)
        .statistics(flags([open.is_some(), high.is_some(), low.is_some(), last.is_some()]))
        .last_arrival(record.last_arrival)
        .electing_low(record.electing.map_or(0, |(low, _)| low.0))
        .electing_high(record.electing.map_or(0, |(_, high)| high.0))
        .electing(flags([record.electing.is_some()]))
        .canceled_through(record.canceled_through.0);
    length
}

pub(super) fn decode_instrument(envelope: Envelope<'_>) -> Result<InstrumentRecord, MessageError> {
    let wire =
        block!(envelope, sbe_snapshot, instrument_codec, InstrumentDecoder, before 2 it had 153, before 4 it had 178);
    let definition = read_definition!(wire, TEMPLATE_ID);
    let present = wire.statistics();
    if present >> 4 != 0 {
        return Err(MessageError::Value { template_id: TEMPLATE_ID, field: "statistics" });
    }
    let price = |bit, price, field| if_flagged(present, bit, Price(price), TEMPLATE_ID, field);
    // Version 1 has neither arrivals nor elections.
    let (last_arrival, electing) = if envelope.version < 2 {
        (0, None)
    } else {
        if wire.electing() > 1 {
            return Err(MessageError::Value { template_id: TEMPLATE_ID, field: "electing" });
        }
        let prices = (Price(wire.electing_low()), Price(wire.electing_high()));
        (wire.last_arrival(), if_flagged(wire.electing(), 0, prices, TEMPLATE_ID, "electing")?)
    };
    Ok(InstrumentRecord {
        definition,
        last_order_id: OrderId(wire.last_order_id()),
        last_trade_id: TradeId(wire.last_trade_id()),
        market_data_sequence: MarketDataSequence(wire.market_data_sequence()),
        last_arrival,
        canceled_through: OrderId(if envelope.version < 4 { 0 } else { wire.canceled_through() }),
        electing,
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
