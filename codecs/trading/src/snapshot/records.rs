//! Sessions, the header and the end, participants, scopes and orders, to and from bytes.
//!
//! Enumerations are numbered as in order entry.

use lugus_vocabulary::{
    ClientOrderId, ClientSequence, EpochNanos, EventSequence, InstrumentId, KillSwitch, OrderId, OrderRecord,
    OrderType, ParticipantId, ParticipantRecord, ParticipantSession, PostOnly, Price, Quantity, ScopeRecord,
    SelfTradePrevention, Side, SnapshotHeader, SnapshotRecord, StateHash, TimeInForce,
};
use sbe_message::Envelope;

use crate::error::MessageError;
use crate::flags::{flags, if_flagged};
use crate::limits::{read_limits, write_limits};
use crate::sbe_snapshot::{participant_codec, participant_session_codec, resting_order_codec};
use crate::{block, message};

/// The word of a number that has been read.
pub(super) fn known<W>(word: Option<W>, template_id: u16, field: &'static str) -> Result<W, MessageError> {
    word.ok_or(MessageError::Value { template_id, field })
}

pub(super) fn encode_session(session: &ParticipantSession, buffer: &mut [u8]) -> usize {
    let length;
    message!(buffer, sbe_snapshot, participant_session_codec, ParticipantSessionEncoder, length)
        .cluster_session_id(session.cluster_session_id)
        .participant_id(session.participant.0)
        .drop_copy_instrument_id(session.drop_copy.unwrap_or_default().0)
        .drop_copy(flags([session.drop_copy.is_some()]));
    length
}

pub(super) fn decode_session(envelope: Envelope<'_>) -> Result<ParticipantSession, MessageError> {
    let wire = block!(envelope, sbe_snapshot, participant_session_codec, ParticipantSessionDecoder);
    let template_id = participant_session_codec::SBE_TEMPLATE_ID;
    Ok(ParticipantSession {
        cluster_session_id: wire.cluster_session_id(),
        participant: ParticipantId(wire.participant_id()),
        drop_copy: match wire.drop_copy() {
            0 => None,
            1 => Some(InstrumentId(wire.drop_copy_instrument_id())),
            _ => return Err(MessageError::Value { template_id, field: "dropCopy" }),
        },
    })
}

pub(super) fn encode_header(header: &SnapshotHeader, buffer: &mut [u8]) -> usize {
    let length;
    message!(buffer, sbe_snapshot, snapshot_header_codec, SnapshotHeaderEncoder, length)
        .participants_hash(header.participants_hash.0)
        .state_hash(header.state_hash.0)
        .reports(header.reports)
        .engine_version(header.version)
        .participants(header.participants)
        .instruments(header.instruments)
        .scopes(header.scopes)
        .orders(header.orders)
        .migration_states(header.migration_states);
    length
}

pub(super) fn decode_header(envelope: Envelope<'_>) -> Result<SnapshotHeader, MessageError> {
    let wire = block!(envelope, sbe_snapshot, snapshot_header_codec, SnapshotHeaderDecoder);
    Ok(SnapshotHeader {
        version: wire.engine_version(),
        participants: wire.participants(),
        instruments: wire.instruments(),
        scopes: wire.scopes(),
        orders: wire.orders(),
        migration_states: wire.migration_states(),
        reports: wire.reports(),
        participants_hash: StateHash(wire.participants_hash()),
        state_hash: StateHash(wire.state_hash()),
    })
}

pub(super) fn encode_end(records: u64, checksum: u64, buffer: &mut [u8]) -> usize {
    let length;
    message!(buffer, sbe_snapshot, snapshot_end_codec, SnapshotEndEncoder, length).records(records).checksum(checksum);
    length
}

pub(super) fn decode_end(envelope: Envelope<'_>) -> Result<SnapshotRecord, MessageError> {
    let wire = block!(envelope, sbe_snapshot, snapshot_end_codec, SnapshotEndDecoder);
    Ok(SnapshotRecord::End { records: wire.records(), checksum: wire.checksum() })
}

pub(super) fn encode_participant(record: &ParticipantRecord, buffer: &mut [u8]) -> usize {
    let length;
    let mut wire = message!(buffer, sbe_snapshot, participant_codec, ParticipantEncoder, length);
    write_limits!(wire, record.limits)
        .rate_second(record.rate_second)
        .participant_id(record.participant.0)
        .rate_commands(record.rate_commands)
        .kill_switch(record.kill_switch.number());
    length
}

pub(super) fn decode_participant(envelope: Envelope<'_>) -> Result<ParticipantRecord, MessageError> {
    let wire = block!(envelope, sbe_snapshot, participant_codec, ParticipantDecoder);
    let template_id = participant_codec::SBE_TEMPLATE_ID;
    Ok(ParticipantRecord {
        participant: ParticipantId(wire.participant_id()),
        limits: read_limits!(wire),
        kill_switch: known(KillSwitch::from_number(wire.kill_switch()), template_id, "killSwitch")?,
        rate_second: wire.rate_second(),
        rate_commands: wire.rate_commands(),
    })
}

pub(super) fn encode_scope(scope: &ScopeRecord, buffer: &mut [u8]) -> usize {
    let length;
    message!(buffer, sbe_snapshot, scope_codec, ScopeEncoder, length)
        .last_client_sequence(scope.last_client_sequence.0)
        .last_event_sequence(scope.last_event_sequence.0)
        .lost_client_sequence(scope.lost_client_sequence.0)
        .lost_through_time(scope.lost_through.0)
        .participant_id(scope.participant.0)
        .instrument_id(scope.instrument.0)
        .retained(scope.retained);
    length
}

pub(super) fn decode_scope(envelope: Envelope<'_>) -> Result<ScopeRecord, MessageError> {
    let wire = block!(envelope, sbe_snapshot, scope_codec, ScopeDecoder);
    Ok(ScopeRecord {
        participant: ParticipantId(wire.participant_id()),
        instrument: InstrumentId(wire.instrument_id()),
        last_client_sequence: ClientSequence(wire.last_client_sequence()),
        last_event_sequence: EventSequence(wire.last_event_sequence()),
        retained: wire.retained(),
        lost_client_sequence: ClientSequence(wire.lost_client_sequence()),
        lost_through: EpochNanos(wire.lost_through_time()),
    })
}

/// The first of the two messages of a kept event.
pub(super) fn encode_retained(applied: ClientSequence, buffer: &mut [u8]) -> usize {
    let length;
    message!(buffer, sbe_snapshot, retained_report_codec, RetainedReportEncoder, length)
        .applied_client_sequence(applied.0);
    length
}

pub(super) fn decode_retained(envelope: Envelope<'_>) -> Result<ClientSequence, MessageError> {
    let wire = block!(envelope, sbe_snapshot, retained_report_codec, RetainedReportDecoder);
    Ok(ClientSequence(wire.applied_client_sequence()))
}

pub(super) fn encode_order(order: &OrderRecord, buffer: &mut [u8]) -> usize {
    let length;
    message!(buffer, sbe_snapshot, resting_order_codec, RestingOrderEncoder, length)
        .order_id(order.order_id.0)
        .client_order_id(order.client_order_id.0)
        .price(order.price.0)
        .quantity(order.quantity.0)
        .leaves_quantity(order.leaves_quantity.0)
        .participant_id(order.participant.0)
        .side(order.side.number())
        .order_type(order.order_type.number())
        .time_in_force(order.time_in_force.number())
        .exec_inst(order.post_only.number())
        .shown_quantity(order.shown_quantity.0)
        .display_quantity(order.display_quantity.0)
        .stop_price(order.stop_price.unwrap_or_default().0)
        .expire_time(order.expire_time.unwrap_or_default().0)
        .self_trade_prevention(order.self_trade_prevention.number())
        .terms(flags([order.stop_price.is_some(), order.expire_time.is_some()]));
    length
}

pub(super) fn decode_order(envelope: Envelope<'_>) -> Result<OrderRecord, MessageError> {
    let wire = block!(envelope, sbe_snapshot, resting_order_codec, RestingOrderDecoder);
    let template_id = resting_order_codec::SBE_TEMPLATE_ID;
    let terms = wire.terms();
    if terms >> 2 != 0 {
        return Err(MessageError::Value { template_id, field: "terms" });
    }
    let self_trade_prevention = SelfTradePrevention::from_number(wire.self_trade_prevention());
    Ok(OrderRecord {
        order_id: OrderId(wire.order_id()),
        participant: ParticipantId(wire.participant_id()),
        client_order_id: ClientOrderId(wire.client_order_id()),
        side: known(Side::from_number(wire.side()), template_id, "side")?,
        order_type: known(OrderType::from_number(wire.order_type()), template_id, "orderType")?,
        time_in_force: known(TimeInForce::from_number(wire.time_in_force()), template_id, "timeInForce")?,
        post_only: known(PostOnly::from_number(wire.exec_inst()), template_id, "execInst")?,
        self_trade_prevention: known(self_trade_prevention, template_id, "selfTradePrevention")?,
        price: Price(wire.price()),
        quantity: Quantity(wire.quantity()),
        leaves_quantity: Quantity(wire.leaves_quantity()),
        shown_quantity: Quantity(wire.shown_quantity()),
        display_quantity: Quantity(wire.display_quantity()),
        stop_price: if_flagged(terms, 0, Price(wire.stop_price()), template_id, "stopPrice")?,
        expire_time: if_flagged(terms, 1, EpochNanos(wire.expire_time()), template_id, "expireTime")?,
    })
}
