//! One record of the service's state, and its SBE message.

use lugus_codecs::order_entry as words;
use lugus_codecs::snapshot::{
    instrument_codec, participant_codec, resting_order_codec, retained_report_codec, scope_codec, snapshot_end_codec,
    snapshot_header_codec,
};
use lugus_codecs::{DecodeError, Envelope, block, message};
use lugus_engine::command::{Decimal, Definition, PostOnly};
use lugus_engine::units::{
    ClientOrderId, ClientSequence, EpochNanos, EventSequence, InstrumentId, OrderId, ParticipantId, Price, Quantity,
    StateHash, TradeId,
};
use lugus_engine::{InstrumentRecord, OrderRecord, ScopeRecord, SnapshotHeader, SnapshotRecord};

use super::MessageFault;
use crate::encode::Buffer;
use crate::sessions::ParticipantSession;
use crate::vocabulary::{Heard, Said};

/// What a message of the snapshot is.
pub(super) enum Decoded {
    Record(SnapshotRecord),
    /// The first part of a kept event; the event itself is the next message.
    Retained(ClientSequence),
}

pub(super) fn session<'b>(session: &ParticipantSession, buffer: &'b mut Buffer) -> &'b [u8] {
    let length;
    message!(buffer, snapshot, participant_session_codec, ParticipantSessionEncoder, length)
        .cluster_session_id(session.cluster_session_id)
        .participant_id(session.participant.0)
        .drop_copy_instrument_id(session.drop_copy.unwrap_or_default().0)
        .drop_copy(u8::from(session.drop_copy.is_some()));
    &buffer[..length]
}

pub(super) fn decode_session(envelope: Envelope<'_>) -> Result<ParticipantSession, MessageFault> {
    let session = block!(envelope, snapshot, participant_session_codec, ParticipantSessionDecoder);
    let instrument = InstrumentId(session.drop_copy_instrument_id());
    Ok(ParticipantSession {
        cluster_session_id: session.cluster_session_id(),
        participant: ParticipantId(session.participant_id()),
        drop_copy: match session.drop_copy() {
            0 => None,
            1 => Some(instrument),
            _ => return Err(MessageFault::Value),
        },
    })
}

pub(super) fn encode<'b>(record: &SnapshotRecord, buffer: &'b mut Buffer) -> &'b [u8] {
    let length;
    match record {
        SnapshotRecord::Header(header) => length = encode_header(header, buffer),
        SnapshotRecord::Participant(participant) => {
            message!(buffer, snapshot, participant_codec, ParticipantEncoder, length).participant_id(participant.0);
        }
        SnapshotRecord::Instrument(instrument) => length = encode_instrument(instrument, buffer),
        SnapshotRecord::Scope(scope) => length = encode_scope(scope, buffer),
        SnapshotRecord::Report(kept) => {
            message!(buffer, snapshot, retained_report_codec, RetainedReportEncoder, length)
                .applied_client_sequence(kept.applied.0);
        }
        SnapshotRecord::Order(order) => length = encode_order(order, buffer),
        SnapshotRecord::End { records, checksum } => {
            message!(buffer, snapshot, snapshot_end_codec, SnapshotEndEncoder, length)
                .records(*records)
                .checksum(*checksum);
        }
    }
    &buffer[..length]
}

pub(super) fn decode(envelope: Envelope<'_>) -> Result<Decoded, MessageFault> {
    let record = match envelope.template_id {
        snapshot_header_codec::SBE_TEMPLATE_ID => SnapshotRecord::Header(decode_header(envelope)?),
        participant_codec::SBE_TEMPLATE_ID => {
            let participant = block!(envelope, snapshot, participant_codec, ParticipantDecoder);
            SnapshotRecord::Participant(ParticipantId(participant.participant_id()))
        }
        instrument_codec::SBE_TEMPLATE_ID => SnapshotRecord::Instrument(decode_instrument(envelope)?),
        scope_codec::SBE_TEMPLATE_ID => SnapshotRecord::Scope(decode_scope(envelope)?),
        retained_report_codec::SBE_TEMPLATE_ID => {
            let kept = block!(envelope, snapshot, retained_report_codec, RetainedReportDecoder);
            return Ok(Decoded::Retained(ClientSequence(kept.applied_client_sequence())));
        }
        resting_order_codec::SBE_TEMPLATE_ID => SnapshotRecord::Order(decode_order(envelope)?),
        snapshot_end_codec::SBE_TEMPLATE_ID => {
            let end = block!(envelope, snapshot, snapshot_end_codec, SnapshotEndDecoder);
            SnapshotRecord::End { records: end.records(), checksum: end.checksum() }
        }
        found => return Err(DecodeError::Template { found }.into()),
    };
    Ok(Decoded::Record(record))
}

fn heard<W: Heard>(word: W::Wire) -> Result<W, MessageFault> {
    W::from_wire(word).ok_or(MessageFault::Value)
}

fn encode_header(header: &SnapshotHeader, buffer: &mut Buffer) -> usize {
    let length;
    message!(buffer, snapshot, snapshot_header_codec, SnapshotHeaderEncoder, length)
        .participants_hash(header.participants_hash.0)
        .state_hash(header.state_hash.0)
        .reports(header.reports)
        .engine_version(header.version)
        .participants(header.participants)
        .instruments(header.instruments)
        .scopes(header.scopes)
        .orders(header.orders);
    length
}

fn decode_header(envelope: Envelope<'_>) -> Result<SnapshotHeader, MessageFault> {
    let header = block!(envelope, snapshot, snapshot_header_codec, SnapshotHeaderDecoder);
    Ok(SnapshotHeader {
        version: header.engine_version(),
        participants: header.participants(),
        instruments: header.instruments(),
        scopes: header.scopes(),
        orders: header.orders(),
        reports: header.reports(),
        participants_hash: StateHash(header.participants_hash()),
        state_hash: StateHash(header.state_hash()),
    })
}

fn encode_instrument(record: &InstrumentRecord, buffer: &mut Buffer) -> usize {
    let length;
    let definition = &record.definition;
    message!(buffer, snapshot, instrument_codec, InstrumentEncoder, length)
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
        .trade_type(definition.trade_type.to_wire().into())
        .state(definition.state.to_wire().into())
        .base(&definition.base)
        .quote(&definition.quote);
    length
}

fn decode_instrument(envelope: Envelope<'_>) -> Result<InstrumentRecord, MessageFault> {
    let record = block!(envelope, snapshot, instrument_codec, InstrumentDecoder);
    let definition = Definition {
        instrument: InstrumentId(record.instrument_id()),
        base: record.base(),
        quote: record.quote(),
        trade_type: heard(words::trade_type::TradeType::from(record.trade_type()))?,
        minimum_price: Price(record.minimum_price()),
        maximum_price: Price(record.maximum_price()),
        reference_price: Price(record.reference_price()),
        price_band: Quantity(record.price_band()),
        maximum_quantity: Quantity(record.maximum_quantity()),
        tick_size: Decimal { mantissa: record.tick_size_mantissa(), exponent: record.tick_size_exponent() },
        lot_size: Decimal { mantissa: record.lot_size_mantissa(), exponent: record.lot_size_exponent() },
        state: heard(words::instrument_state::InstrumentState::from(record.state()))?,
    };
    Ok(InstrumentRecord {
        definition,
        last_order_id: OrderId(record.last_order_id()),
        last_trade_id: TradeId(record.last_trade_id()),
        state_hash: StateHash(record.state_hash()),
    })
}

fn encode_scope(scope: &ScopeRecord, buffer: &mut Buffer) -> usize {
    let length;
    message!(buffer, snapshot, scope_codec, ScopeEncoder, length)
        .last_client_sequence(scope.last_client_sequence.0)
        .last_event_sequence(scope.last_event_sequence.0)
        .lost_client_sequence(scope.lost_client_sequence.0)
        .lost_through_time(scope.lost_through.0)
        .participant_id(scope.participant.0)
        .instrument_id(scope.instrument.0)
        .retained(scope.retained);
    length
}

fn decode_scope(envelope: Envelope<'_>) -> Result<ScopeRecord, MessageFault> {
    let scope = block!(envelope, snapshot, scope_codec, ScopeDecoder);
    Ok(ScopeRecord {
        participant: ParticipantId(scope.participant_id()),
        instrument: InstrumentId(scope.instrument_id()),
        last_client_sequence: ClientSequence(scope.last_client_sequence()),
        last_event_sequence: EventSequence(scope.last_event_sequence()),
        retained: scope.retained(),
        lost_client_sequence: ClientSequence(scope.lost_client_sequence()),
        lost_through: EpochNanos(scope.lost_through_time()),
    })
}

fn encode_order(order: &OrderRecord, buffer: &mut Buffer) -> usize {
    let length;
    message!(buffer, snapshot, resting_order_codec, RestingOrderEncoder, length)
        .order_id(order.order_id.0)
        .client_order_id(order.client_order_id.0)
        .price(order.price.0)
        .quantity(order.quantity.0)
        .leaves_quantity(order.leaves_quantity.0)
        .participant_id(order.participant.0)
        .side(order.side.to_wire().into())
        .order_type(order.order_type.to_wire().into())
        .time_in_force(order.time_in_force.to_wire().into())
        .exec_inst(u8::from(order.post_only == PostOnly::Yes));
    length
}

fn decode_order(envelope: Envelope<'_>) -> Result<OrderRecord, MessageFault> {
    let order = block!(envelope, snapshot, resting_order_codec, RestingOrderDecoder);
    Ok(OrderRecord {
        order_id: OrderId(order.order_id()),
        participant: ParticipantId(order.participant_id()),
        client_order_id: ClientOrderId(order.client_order_id()),
        side: heard(words::side::Side::from(order.side()))?,
        order_type: heard(words::order_type::OrderType::from(order.order_type()))?,
        time_in_force: heard(words::time_in_force::TimeInForce::from(order.time_in_force()))?,
        post_only: match order.exec_inst() {
            0 => PostOnly::No,
            1 => PostOnly::Yes,
            _ => return Err(MessageFault::Value),
        },
        price: Price(order.price()),
        quantity: Quantity(order.quantity()),
        leaves_quantity: Quantity(order.leaves_quantity()),
    })
}
