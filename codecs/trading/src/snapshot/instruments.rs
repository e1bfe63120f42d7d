//! Instruments with their statistics, to and from bytes.

use lugus_vocabulary::{
    AuctionOrders, AuctionType, EpochNanos, InstrumentRecord, MarketDataSequence, OrderId, Price, Quantity,
    ReferenceWindow, StateHash, Statistics, TradeId,
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
        .canceled_through(record.canceled_through.0)
        .auction_end(record.auction_end.map_or(0, |end| end.0))
        .indicative_due(record.indicative_due.map_or(0, |due| due.0))
        .phase_due(record.phase_due.map_or(0, |due| due.0))
        .window_number(record.reference_window.map_or(0, |window| window.number))
        .price_before_window(record.reference_window.and_then(|window| window.price).map_or(0, |price| price.0))
        .protection_state(flags([
            record.auction_end.is_some(),
            record.reference_window.is_some(),
            record.reference_window.is_some_and(|window| window.price.is_some()),
        ]))
        .auction_state(flags([record.indicative_due.is_some(), record.phase_due.is_some()]))
        .auction_type(record.auction_type.map_or(0, AuctionType::number))
        .expiring_orders(record.expiring.bits());
    length
}

pub(super) fn decode_instrument(envelope: Envelope<'_>) -> Result<InstrumentRecord, MessageError> {
    let wire = block!(envelope, sbe_snapshot, instrument_codec, InstrumentDecoder, before 2 it had 153, before 4 it had 178, before 5 it had 186, before 6 it had 247);
    let definition = read_definition!(wire, TEMPLATE_ID, protected since 5, auctions since 6, in envelope);
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
    // Versions before 5 have no price protection.
    let (auction_end, reference_window) = if envelope.version < 5 {
        (None, None)
    } else {
        let present = wire.protection_state();
        if present >> 3 != 0 {
            return Err(MessageError::Value { template_id: TEMPLATE_ID, field: "protectionState" });
        }
        let price = if_flagged(present, 2, Price(wire.price_before_window()), TEMPLATE_ID, "priceBeforeWindow")?;
        let number = if_flagged(present, 1, wire.window_number(), TEMPLATE_ID, "windowNumber")?;
        if number.is_none() && price.is_some() {
            return Err(MessageError::Value { template_id: TEMPLATE_ID, field: "protectionState" });
        }
        let end = if_flagged(present, 0, EpochNanos(wire.auction_end()), TEMPLATE_ID, "auctionEnd")?;
        (end, number.map(|number| ReferenceWindow { number, price }))
    };
    // Versions before 6 have no rules of auctions.
    let (indicative_due, phase_due, auction_type, expiring) = if envelope.version < 6 {
        (None, None, None, AuctionOrders::NONE)
    } else {
        let present = wire.auction_state();
        if present >> 2 != 0 {
            return Err(MessageError::Value { template_id: TEMPLATE_ID, field: "auctionState" });
        }
        let due = if_flagged(present, 0, EpochNanos(wire.indicative_due()), TEMPLATE_ID, "indicativeDue")?;
        let phase = if_flagged(present, 1, EpochNanos(wire.phase_due()), TEMPLATE_ID, "phaseDue")?;
        let wrong = |field| MessageError::Value { template_id: TEMPLATE_ID, field };
        let auction_type = match wire.auction_type() {
            0 => None,
            number => Some(AuctionType::from_number(number).ok_or(wrong("auctionType"))?),
        };
        let expiring = AuctionOrders::from_bits(wire.expiring_orders()).ok_or(wrong("expiringOrders"))?;
        (due, phase, auction_type, expiring)
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
        auction_end,
        indicative_due,
        phase_due,
        auction_type,
        expiring,
        reference_window,
        state_hash: StateHash(wire.state_hash()),
    })
}
