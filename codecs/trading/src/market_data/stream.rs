//! The increments of the market-data stream, to and from bytes.

use lugus_vocabulary::{
    DisplayedOrder, EndOfEvent, EpochNanos, InstrumentId, MarketData, MarketDataBody, MarketDataSequence, OrderId,
    Price, Quantity, Side, Statistics, TradeId,
};
use sbe_message::{Envelope, HEADER_LENGTH};

use super::{auction, read_statistics, trade_addendum, write_statistics};
use crate::error::MessageError;
use crate::group::{GROUP_HEADER_LENGTH, Group};
use crate::sbe_market_data::market_data_incremental_refresh_codec::decoder::{EntriesDecoder, StatisticsDecoder};
use crate::sbe_market_data::market_data_incremental_refresh_codec::encoder::{
    EntriesEncoder, MarketDataIncrementalRefreshEncoder, StatisticsEncoder,
};
use crate::sbe_market_data::{
    Encoder, SBE_SCHEMA_ID, SbeResult, auction_indicative_codec, increment_type::IncrementType,
    market_data_incremental_refresh_codec, md_side::MDSide, md_state::MDState, trade_addendum_codec,
};
use crate::word::{FromWire, ToWire, word};
use crate::{block, message};

/// Largest number of increments in one message, statistics aside.
pub const MAXIMUM_INCREMENTS: usize = 40;

/// Length of the longest message of the stream in bytes: what a datagram of Aeron's default MTU takes, so that no
/// message is fragmented.
pub const MAXIMUM_STREAM_LENGTH: usize = 1_376;

/// A buffer for a message of the stream.
pub type StreamBuffer = [u8; MAXIMUM_STREAM_LENGTH];

/// Lengths of the groups' entries, in bytes.
const ENTRY_LENGTH: u16 = EntriesEncoder::<MarketDataIncrementalRefreshEncoder<'_>>::block_length();
const STATISTICS_LENGTH: u16 = StatisticsEncoder::<MarketDataIncrementalRefreshEncoder<'_>>::block_length();

/// A later version may put more into a message.
const ENTRIES: Group = Group { name: "entries", block_length: ENTRY_LENGTH, maximum: 256 };
const STATISTICS: Group = Group { name: "statistics", block_length: STATISTICS_LENGTH, maximum: 1 };

const _: () = {
    let increments = HEADER_LENGTH
        + market_data_incremental_refresh_codec::SBE_BLOCK_LENGTH as usize
        + 2 * GROUP_HEADER_LENGTH
        + MAXIMUM_INCREMENTS * ENTRY_LENGTH as usize
        + STATISTICS_LENGTH as usize;
    assert!(increments <= MAXIMUM_STREAM_LENGTH);
};

/// Encodes increments of one instrument at one time, with numbers that follow each other; returns the message, which is
/// empty if there are none. There are at most [`MAXIMUM_INCREMENTS`], and after them the statistics, if they changed. A
/// [`MarketDataBody::TradeAddendum`] and a [`MarketDataBody::Auction`] must come alone.
pub fn encode_increments<'b>(
    increments: &[MarketData],
    end_of_event: EndOfEvent,
    buffer: &'b mut StreamBuffer,
) -> &'b [u8] {
    if let [alone] = increments
        && let Some(length) =
            trade_addendum::encode(alone, end_of_event, buffer).or_else(|| auction::encode(alone, end_of_event, buffer))
    {
        return &buffer[..length];
    }
    // A generated group encoder fails only without its parent, which is given to it.
    let length = try_encode_increments(increments, end_of_event, buffer).unwrap_or(0);
    &buffer[..length]
}

fn try_encode_increments(
    increments: &[MarketData],
    end_of_event: EndOfEvent,
    buffer: &mut StreamBuffer,
) -> SbeResult<usize> {
    let (Some(first), Some(last)) = (increments.first(), increments.last()) else { return Ok(0) };
    let (entries, statistics) = match &last.body {
        MarketDataBody::Statistics(statistics) => (&increments[..increments.len() - 1], Some(statistics)),
        _ => (increments, None),
    };
    let entries = &entries[..entries.len().min(MAXIMUM_INCREMENTS)];
    let _end_of_block;
    let mut wire = message!(
        buffer,
        sbe_market_data,
        market_data_incremental_refresh_codec,
        MarketDataIncrementalRefreshEncoder,
        _end_of_block
    );
    wire.sequence(first.sequence.0).transact_time(first.time.0).instrument_id(first.instrument.0);
    wire.match_event_indicator(end_of_event.to_wire());

    let mut group = wire.entries_encoder(entries.len() as u16, EntriesEncoder::default());
    for increment in entries {
        group.advance()?;
        let entry = Entry::of(&increment.body);
        group
            .id(entry.id)
            .price(entry.price.0)
            .quantity(entry.quantity.0)
            .number_of_orders(entry.orders)
            .increment_type(entry.increment_type)
            .side(entry.side)
            .state(entry.state);
    }
    let mut group = group.parent()?.statistics_encoder(u16::from(statistics.is_some()), StatisticsEncoder::default());
    if let Some(statistics) = statistics {
        group.advance()?;
        write_statistics!(group, statistics);
    }
    Ok(group.parent()?.get_limit())
}

/// An entry of the increments' group. Fields that a kind of increment does not have are 0.
struct Entry {
    increment_type: IncrementType,
    id: u64,
    side: MDSide,
    price: Price,
    quantity: Quantity,
    orders: u32,
    state: MDState,
}

impl Entry {
    const EMPTY: Self = Self {
        increment_type: IncrementType::NullVal,
        id: 0,
        side: MDSide::NONE,
        price: Price(0),
        quantity: Quantity(0),
        orders: 0,
        state: MDState::CLOSED,
    };

    #[inline]
    fn of(body: &MarketDataBody) -> Self {
        match *body {
            MarketDataBody::OrderAdded(order) => Self::of_order(IncrementType::ORDER_ADDED, &order),
            MarketDataBody::OrderChanged(order) => Self::of_order(IncrementType::ORDER_CHANGED, &order),
            MarketDataBody::OrderRemoved { order_id, side, price } => {
                let side = Some(side).to_wire();
                Self { increment_type: IncrementType::ORDER_REMOVED, id: order_id.0, side, price, ..Self::EMPTY }
            }
            MarketDataBody::Level { side, price, quantity, orders } => {
                let side = Some(side).to_wire();
                Self { increment_type: IncrementType::LEVEL, side, price, quantity, orders, ..Self::EMPTY }
            }
            MarketDataBody::Trade { trade_id, price, quantity, aggressor } => {
                let side = aggressor.to_wire();
                Self { increment_type: IncrementType::TRADE, id: trade_id.0, side, price, quantity, ..Self::EMPTY }
            }
            MarketDataBody::State { state, reference_price } => Self {
                increment_type: IncrementType::STATE,
                price: reference_price,
                state: state.to_wire(),
                ..Self::EMPTY
            },
            // They have a group of their own, as the last of the increments; a trade that was amended has its own message.
            MarketDataBody::Statistics(_) | MarketDataBody::TradeAddendum { .. } | MarketDataBody::Auction(_) => {
                Self::EMPTY
            }
        }
    }

    #[inline]
    fn of_order(increment_type: IncrementType, order: &DisplayedOrder) -> Self {
        let DisplayedOrder { order_id, side, price, quantity } = *order;
        Self { increment_type, id: order_id.0, side: Some(side).to_wire(), price, quantity, ..Self::EMPTY }
    }

    #[inline]
    fn body(&self) -> Result<MarketDataBody, MessageError> {
        let &Self { id, price, quantity, orders, .. } = self;
        Ok(match self.increment_type {
            IncrementType::ORDER_ADDED => MarketDataBody::OrderAdded(self.order()?),
            IncrementType::ORDER_CHANGED => MarketDataBody::OrderChanged(self.order()?),
            IncrementType::ORDER_REMOVED => {
                MarketDataBody::OrderRemoved { order_id: OrderId(id), side: self.side_of_book()?, price }
            }
            IncrementType::LEVEL => MarketDataBody::Level { side: self.side_of_book()?, price, quantity, orders },
            IncrementType::TRADE => {
                let aggressor = word(self.side, Self::TEMPLATE_ID, "side")?;
                MarketDataBody::Trade { trade_id: TradeId(id), price, quantity, aggressor }
            }
            IncrementType::STATE => {
                MarketDataBody::State { state: word(self.state, Self::TEMPLATE_ID, "state")?, reference_price: price }
            }
            IncrementType::NullVal => {
                return Err(MessageError::Value { template_id: Self::TEMPLATE_ID, field: "incrementType" });
            }
        })
    }

    #[inline]
    fn order(&self) -> Result<DisplayedOrder, MessageError> {
        let (order_id, side) = (OrderId(self.id), self.side_of_book()?);
        Ok(DisplayedOrder { order_id, side, price: self.price, quantity: self.quantity })
    }

    #[inline]
    fn side_of_book(&self) -> Result<Side, MessageError> {
        let side = <Option<Side>>::from_wire(self.side).flatten();
        side.ok_or(MessageError::Value { template_id: Self::TEMPLATE_ID, field: "side" })
    }

    const TEMPLATE_ID: u16 = market_data_incremental_refresh_codec::SBE_TEMPLATE_ID;
}

/// Decodes increments into `increments`, whose room is used again, and returns whether they end those of their command;
/// `None` if the message is none of increments.
///
/// # Errors
/// [`MessageError`], if the message is of another protocol, is cut off, or has a value that the vocabulary lacks.
/// `increments` then has undefined contents.
pub fn decode_increments(
    envelope: Envelope<'_>,
    increments: &mut Vec<MarketData>,
) -> Result<Option<EndOfEvent>, MessageError> {
    let envelope = envelope.of_schema(SBE_SCHEMA_ID)?;
    let template_id = market_data_incremental_refresh_codec::SBE_TEMPLATE_ID;
    let alone = match envelope.template_id {
        trade_addendum_codec::SBE_TEMPLATE_ID => Some(trade_addendum::decode(envelope)?),
        auction_indicative_codec::SBE_TEMPLATE_ID => Some(auction::decode(envelope)?),
        _ => None,
    };
    if let Some((alone, end_of_event)) = alone {
        increments.clear();
        increments.push(alone);
        return Ok(Some(end_of_event));
    }
    if envelope.template_id != template_id {
        return Ok(None);
    }
    let body = envelope.body(template_id, market_data_incremental_refresh_codec::SBE_BLOCK_LENGTH)?;
    let end_of_entries = ENTRIES.check(&body, template_id, body.end_of_block())?;
    STATISTICS.check(&body, template_id, end_of_entries)?;

    let wire =
        block!(envelope, sbe_market_data, market_data_incremental_refresh_codec, MarketDataIncrementalRefreshDecoder);
    let (instrument, time) = (InstrumentId(wire.instrument_id()), EpochNanos(wire.transact_time()));
    let end_of_event = word(wire.match_event_indicator(), template_id, "matchEventIndicator")?;
    let mut next = wire.sequence();
    increments.clear();
    let mut add = |body: MarketDataBody| {
        increments.push(MarketData { instrument, sequence: MarketDataSequence(next), time, body });
        next = next.saturating_add(1);
    };
    let mut entries = EntriesDecoder::default().wrap(wire);
    while let Ok(Some(_)) = entries.advance() {
        let entry = Entry {
            increment_type: entries.increment_type(),
            id: entries.id(),
            side: entries.side(),
            price: Price(entries.price()),
            quantity: Quantity(entries.quantity()),
            orders: entries.number_of_orders(),
            state: entries.state(),
        };
        add(entry.body()?);
    }
    // A generated group decoder gives its parent back once, and this is the first time.
    if let Ok(wire) = entries.parent() {
        let mut group = StatisticsDecoder::default().wrap(wire);
        while let Ok(Some(_)) = group.advance() {
            let statistics: Statistics = read_statistics!(group);
            add(MarketDataBody::Statistics(statistics));
        }
    }
    Ok(Some(end_of_event))
}
