//! Bytes of the market-data stream to increments and heartbeats.

use lugus_codecs::market_data::market_data_heartbeat_codec::decoder::InstrumentsDecoder;
use lugus_codecs::market_data::market_data_incremental_refresh_codec::decoder::{EntriesDecoder, StatisticsDecoder};
use lugus_codecs::market_data::{
    self, ReadBuf, market_data_heartbeat_codec, market_data_incremental_refresh_codec, md_side::MDSide,
    md_state::MDState, md_update_type::MDUpdateType,
};
use lugus_codecs::{Envelope, HEADER_LENGTH};
use lugus_vocabulary::{
    DisplayedOrder, InstrumentId, InstrumentState, MarketDataBody, MarketDataSequence, MemberId, OrderId, Price,
    Quantity, Side, Statistics, TradeId,
};

use crate::wire::book::check_group;
use crate::wire::{DecodeError, block};

/// Least length and greatest number of the entries of each group.
const ENTRIES: (u16, u16) = (32, 256);
const STATISTICS: (u16, u16) = (40, 1);
const INSTRUMENTS: (u16, u16) = (12, 256);

/// A message of the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StreamMessage {
    /// Increments, written to where the caller wanted them.
    Increments {
        instrument: InstrumentId,
        /// Of the first.
        sequence: MarketDataSequence,
        /// Whether all increments of their command are there with them.
        is_end_of_command: bool,
    },
    /// Where instruments stand, written to where the caller wanted it.
    Heartbeat { member: MemberId },
}

/// Where a message's contents go, used again and again.
#[derive(Debug, Default)]
pub(crate) struct StreamRoom {
    pub(crate) increments: Vec<MarketDataBody>,
    /// Instruments, each with the number of its last increment.
    pub(crate) positions: Vec<(InstrumentId, MarketDataSequence)>,
}

/// Reads a message of the stream into `room`, which on an error holds nothing of use.
///
/// # Errors
/// [`DecodeError`], for any bytes that are not a whole, valid message of it.
pub(crate) fn decode(message: &[u8], room: &mut StreamRoom) -> Result<StreamMessage, DecodeError> {
    room.increments.clear();
    room.positions.clear();
    let envelope = Envelope::open(message)?.of_schema(market_data::SBE_SCHEMA_ID)?;
    match envelope.template_id {
        market_data_incremental_refresh_codec::SBE_TEMPLATE_ID => increments(envelope, room),
        market_data_heartbeat_codec::SBE_TEMPLATE_ID => heartbeat(envelope, room),
        found => Err(lugus_codecs::DecodeError::Template { found }.into()),
    }
}

fn increments(envelope: Envelope<'_>, room: &mut StreamRoom) -> Result<StreamMessage, DecodeError> {
    let template = market_data_incremental_refresh_codec::SBE_TEMPLATE_ID;
    let body = envelope.body(template, market_data_incremental_refresh_codec::SBE_BLOCK_LENGTH)?;
    let end_of_entries = check_group(body.message, body.end_of_block(), template, "entries", ENTRIES)?;
    check_group(body.message, end_of_entries, template, "statistics", STATISTICS)?;

    let wire = block!(envelope, market_data_incremental_refresh_codec, MarketDataIncrementalRefreshDecoder);
    let read = StreamMessage::Increments {
        instrument: InstrumentId(wire.instrument_id()),
        sequence: MarketDataSequence(wire.sequence()),
        is_end_of_command: wire.match_event_indicator().get_end_of_event(),
    };
    let mut entries = EntriesDecoder::default().wrap(wire);
    while let Ok(Some(_)) = entries.advance() {
        let (side, price, quantity) = (entries.side(), Price(entries.price()), Quantity(entries.quantity()));
        let order_id = OrderId(entries.id());
        let displayed = |side| DisplayedOrder { order_id, side, price, quantity };
        room.increments.push(match entries.update_type() {
            MDUpdateType::ORDER_ADDED => MarketDataBody::OrderAdded(displayed(side_of_book(side)?)),
            MDUpdateType::ORDER_CHANGED => MarketDataBody::OrderChanged(displayed(side_of_book(side)?)),
            MDUpdateType::ORDER_REMOVED => MarketDataBody::OrderRemoved { order_id, side: side_of_book(side)?, price },
            MDUpdateType::LEVEL => {
                let orders = entries.number_of_orders();
                MarketDataBody::Level { side: side_of_book(side)?, price, quantity, orders }
            }
            MDUpdateType::TRADE => {
                let aggressor = if side == MDSide::NONE { None } else { Some(side_of_book(side)?) };
                MarketDataBody::Trade { trade_id: TradeId(entries.id()), price, quantity, aggressor }
            }
            MDUpdateType::STATE => {
                MarketDataBody::State { state: state(entries.state(), template)?, reference_price: price }
            }
            MDUpdateType::NullVal => return Err(DecodeError::Value { template_id: template, field: "updateType" }),
        });
    }
    // The generated decoder gives its parent back once; this is the once.
    if let Ok(wire) = entries.parent() {
        let mut statistics = StatisticsDecoder::default().wrap(wire);
        while let Ok(Some(_)) = statistics.advance() {
            let price = |price: Option<i64>| price.map(Price);
            room.increments.push(MarketDataBody::Statistics(Statistics {
                open: price(statistics.opening_price()),
                high: price(statistics.high_price()),
                low: price(statistics.low_price()),
                last: price(statistics.last_price()),
                volume: Quantity(statistics.volume()),
            }));
        }
    }
    Ok(read)
}

fn heartbeat(envelope: Envelope<'_>, room: &mut StreamRoom) -> Result<StreamMessage, DecodeError> {
    let template = market_data_heartbeat_codec::SBE_TEMPLATE_ID;
    let body = envelope.body(template, market_data_heartbeat_codec::SBE_BLOCK_LENGTH)?;
    check_group(body.message, body.end_of_block(), template, "instruments", INSTRUMENTS)?;
    let wire = block!(envelope, market_data_heartbeat_codec, MarketDataHeartbeatDecoder);
    let member = MemberId(wire.member_id());
    let mut instruments = InstrumentsDecoder::default().wrap(wire);
    while let Ok(Some(_)) = instruments.advance() {
        let sequence = MarketDataSequence(instruments.sequence());
        room.positions.push((InstrumentId(instruments.instrument_id()), sequence));
    }
    Ok(StreamMessage::Heartbeat { member })
}

fn side_of_book(side: MDSide) -> Result<Side, DecodeError> {
    let template_id = market_data_incremental_refresh_codec::SBE_TEMPLATE_ID;
    match side {
        MDSide::BUY => Ok(Side::Buy),
        MDSide::SELL => Ok(Side::Sell),
        MDSide::NONE | MDSide::NullVal => Err(DecodeError::Value { template_id, field: "side" }),
    }
}

/// An instrument's state in a message of this template.
pub(super) fn state(state: MDState, template_id: u16) -> Result<InstrumentState, DecodeError> {
    match state {
        MDState::CLOSED => Ok(InstrumentState::Closed),
        MDState::OPEN => Ok(InstrumentState::Open),
        MDState::HALTED => Ok(InstrumentState::Halted),
        MDState::AUCTION => Ok(InstrumentState::Auction),
        MDState::NullVal => Err(DecodeError::Value { template_id, field: "state" }),
    }
}
