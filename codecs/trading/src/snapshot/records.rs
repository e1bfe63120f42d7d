//! Sessions, the header and the end, participants, scopes and orders, to and from bytes.
//!
//! Enumerations are numbered as in order entry.

use std::num::NonZeroU32;

use lugus_vocabulary::{
    ClientSequence, DisconnectionRecord, EpochNanos, EventSequence, GraceTime, InstrumentId, KillSwitch,
    KillSwitchLevel, KillSwitchLevels, MessageRate, NewOrder, OrderId, OrderRecord, ParticipantId, ParticipantRecord,
    ParticipantRole, ParticipantSession, ProtocolVersion, Quantity, RateKind, RateRecord, ScheduledTimer, ScopeRecord,
    SessionAuthentication, SessionKey, SnapshotHeader, SnapshotRecord, StateHash,
};
use sbe_message::Envelope;

use crate::error::MessageError;
use crate::flags::{flags, if_flagged};
use crate::limits::{read_limits, write_limits};
use crate::sbe_snapshot::{participant_codec, participant_session_codec, rate_use_codec, timer_codec};
use crate::{block, message};

/// The word of a number that has been read.
pub(super) fn known<W>(word: Option<W>, template_id: u16, field: &'static str) -> Result<W, MessageError> {
    word.ok_or(MessageError::Value { template_id, field })
}

/// The number of a field that version 1 does not have: 0 there.
fn since_2(version: u16, number: u64) -> u64 {
    if version < 2 { 0 } else { number }
}

/// A byte that is 0 or 1.
fn is_set(number: u64, template_id: u16, field: &'static str) -> Result<bool, MessageError> {
    known([false, true].get(number as usize).copied(), template_id, field)
}

pub(super) fn encode_session(session: &ParticipantSession, buffer: &mut [u8]) -> usize {
    let authentication = session.authentication.as_ref();
    let length;
    message!(buffer, sbe_snapshot, participant_session_codec, ParticipantSessionEncoder, length)
        .cluster_session_id(session.cluster_session_id)
        .participant_id(session.participant.0)
        .drop_copy_instrument_id(session.drop_copy.unwrap_or_default().0)
        .drop_copy(flags([session.drop_copy.is_some()]))
        .authenticated(flags([authentication.is_some()]))
        .session_key(authentication.map_or(&[0; SessionKey::LENGTH], |authentication| authentication.key.as_bytes()))
        .last_counter(authentication.map_or(0, |authentication| authentication.last_counter))
        .role(session.role.number())
        .maximum_messages_per_second(session.message_rate.map_or(0, |rate| rate.maximum_per_second.get()))
        .allowance_full_at(session.message_rate.map_or(0, |rate| rate.full_at.0))
        .grace_milliseconds(session.cancel_on_disconnect.unwrap_or_default().milliseconds())
        .cancel_on_disconnect(flags([session.cancel_on_disconnect.is_some(), session.inherits_choice]))
        .followed_firm_id(session.followed_firm.unwrap_or_default().0);
    length
}

pub(super) fn decode_session(envelope: Envelope<'_>) -> Result<ParticipantSession, MessageError> {
    let wire = block!(envelope, sbe_snapshot, participant_session_codec, ParticipantSessionDecoder, before 2 it had 17, before 5 it had 60);
    let template_id = participant_session_codec::SBE_TEMPLATE_ID;
    // Version 1 has no such choice.
    let (grace, choice) =
        if envelope.version < 2 { (0, 0) } else { (wire.grace_milliseconds(), wire.cancel_on_disconnect()) };
    let grace = known(GraceTime::from_milliseconds(grace), template_id, "graceMilliseconds")?;
    if choice >> 2 != 0 {
        return Err(MessageError::Value { template_id, field: "cancelOnDisconnect" });
    }
    let participant = ParticipantId(wire.participant_id());
    Ok(ParticipantSession {
        cluster_session_id: wire.cluster_session_id(),
        participant,
        role: match wire.role() {
            None => ParticipantRole::default_of(participant),
            Some(number) => known(ParticipantRole::from_number(number), template_id, "role")?,
        },
        drop_copy: match wire.drop_copy() {
            0 => None,
            1 => Some(InstrumentId(wire.drop_copy_instrument_id())),
            _ => return Err(MessageError::Value { template_id, field: "dropCopy" }),
        },
        authentication: match wire.authenticated() {
            None => None,
            Some(1) => Some(SessionAuthentication {
                key: SessionKey::new(wire.session_key()),
                last_counter: wire.last_counter(),
            }),
            _ => return Err(MessageError::Value { template_id, field: "authenticated" }),
        },
        message_rate: wire.maximum_messages_per_second().and_then(NonZeroU32::new).map(|maximum_per_second| {
            MessageRate { maximum_per_second, full_at: EpochNanos(wire.allowance_full_at()) }
        }),
        cancel_on_disconnect: if_flagged(choice, 0, grace, template_id, "graceMilliseconds")?,
        inherits_choice: choice & 2 != 0,
        followed_firm: wire.followed_firm_id().map(ParticipantId),
    })
}

pub(super) fn encode_protocol_version(version: ProtocolVersion, buffer: &mut [u8]) -> usize {
    let length;
    message!(buffer, sbe_snapshot, active_protocol_version_codec, ActiveProtocolVersionEncoder, length)
        .protocol_version(version.0);
    length
}

pub(super) fn decode_protocol_version(envelope: Envelope<'_>) -> Result<ProtocolVersion, MessageError> {
    let wire = block!(envelope, sbe_snapshot, active_protocol_version_codec, ActiveProtocolVersionDecoder);
    Ok(ProtocolVersion(wire.protocol_version()))
}

pub(super) fn encode_timer(timer: &ScheduledTimer, buffer: &mut [u8]) -> usize {
    let length;
    message!(buffer, sbe_snapshot, timer_codec, TimerEncoder, length)
        .last_correlation_id(timer.last_correlation_id)
        .deadline(timer.deadline.unwrap_or_default())
        .scheduled(flags([timer.deadline.is_some()]));
    length
}

pub(super) fn decode_timer(envelope: Envelope<'_>) -> Result<ScheduledTimer, MessageError> {
    let wire = block!(envelope, sbe_snapshot, timer_codec, TimerDecoder);
    let template_id = timer_codec::SBE_TEMPLATE_ID;
    is_set(wire.scheduled().into(), template_id, "scheduled")?;
    Ok(ScheduledTimer {
        last_correlation_id: wire.last_correlation_id(),
        deadline: if_flagged(wire.scheduled(), 0, wire.deadline(), template_id, "deadline")?,
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
        .rate_second(0)
        .participant_id(record.participant.0)
        .rate_commands(0)
        .rates(record.rates)
        .kill_switch(record.kill_switch.kill_switch().number())
        .kill_switch_levels(record.kill_switch.bits())
        .kill_switch_keeps(record.kill_switch_keeps.bits())
        .disconnect_deadline(record.disconnection.map_or(0, |disconnection| disconnection.deadline.0))
        .grace_milliseconds(record.disconnection.map_or(0, |disconnection| disconnection.grace.milliseconds()))
        .disconnected(record.disconnection.map_or(0, |disconnection| 1 + u8::from(disconnection.is_done)))
        .firm_id(record.firm.unwrap_or_default().0);
    length
}

pub(super) fn decode_participant(envelope: Envelope<'_>) -> Result<ParticipantRecord, MessageError> {
    let wire =
        block!(envelope, sbe_snapshot, participant_codec, ParticipantDecoder, before 2 it had 41, before 5 it had 64);
    let template_id = participant_codec::SBE_TEMPLATE_ID;
    let levels = |bits, field| known(KillSwitchLevels::from_bits(bits), template_id, field);
    let engaged = known(KillSwitch::from_number(wire.kill_switch()), template_id, "killSwitch")?;
    let (kill_switch, kill_switch_keeps) = match (envelope.version, engaged) {
        // Version 1 does not tell who has engaged it.
        (..2, KillSwitch::Engaged) => (KillSwitchLevels::NONE.with(KillSwitchLevel::Operator), KillSwitchLevels::NONE),
        (..2, KillSwitch::Released) => Default::default(),
        _ => (
            levels(wire.kill_switch_levels(), "killSwitchLevels")?,
            levels(wire.kill_switch_keeps(), "killSwitchKeeps")?,
        ),
    };
    if kill_switch.kill_switch() != engaged {
        return Err(MessageError::Value { template_id, field: "killSwitchLevels" });
    }
    let firm = if envelope.version < 5 { 0 } else { wire.firm_id() };
    Ok(ParticipantRecord {
        firm: Some(ParticipantId(firm)).filter(|firm| firm.0 != 0),
        participant: ParticipantId(wire.participant_id()),
        limits: read_limits!(wire),
        kill_switch,
        kill_switch_keeps,
        rates: wire.rates().unwrap_or_default(),
        disconnection: if envelope.version < 2 {
            None
        } else {
            let (deadline, grace) = (EpochNanos(wire.disconnect_deadline()), wire.grace_milliseconds());
            let grace = known(GraceTime::from_milliseconds(grace), template_id, "graceMilliseconds")?;
            let fault = MessageError::Value { template_id, field: "disconnected" };
            match wire.disconnected() {
                0 if deadline.0 == 0 && grace == GraceTime::NONE => None,
                kind @ (1 | 2) => Some(DisconnectionRecord { grace, deadline, is_done: kind == 2 }),
                _ => return Err(fault),
            }
        },
    })
}

pub(super) fn encode_rate(record: &RateRecord, buffer: &mut [u8]) -> usize {
    let length;
    message!(buffer, sbe_snapshot, rate_use_codec, RateUseEncoder, length)
        .time(record.time.0)
        .commands(record.commands)
        .kind(record.kind.number());
    length
}

pub(super) fn decode_rate(envelope: Envelope<'_>) -> Result<RateRecord, MessageError> {
    let wire = block!(envelope, sbe_snapshot, rate_use_codec, RateUseDecoder);
    Ok(RateRecord {
        kind: known(RateKind::from_number(wire.kind()), rate_use_codec::SBE_TEMPLATE_ID, "kind")?,
        time: EpochNanos(wire.time()),
        commands: wire.commands(),
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
        .retained(scope.retained)
        .canceled_buys(scope.canceled_buys.0)
        .canceled_sells(scope.canceled_sells.0)
        .canceled_on_disconnect(scope.canceled_on_disconnect.0);
    length
}

pub(super) fn decode_scope(envelope: Envelope<'_>) -> Result<ScopeRecord, MessageError> {
    let wire = block!(envelope, sbe_snapshot, scope_codec, ScopeDecoder, before 2 it had 44);
    Ok(ScopeRecord {
        participant: ParticipantId(wire.participant_id()),
        instrument: InstrumentId(wire.instrument_id()),
        last_client_sequence: ClientSequence(wire.last_client_sequence()),
        last_event_sequence: EventSequence(wire.last_event_sequence()),
        retained: wire.retained(),
        lost_client_sequence: ClientSequence(wire.lost_client_sequence()),
        lost_through: EpochNanos(wire.lost_through_time()),
        canceled_buys: OrderId(since_2(envelope.version, wire.canceled_buys())),
        canceled_sells: OrderId(since_2(envelope.version, wire.canceled_sells())),
        canceled_on_disconnect: OrderId(since_2(envelope.version, wire.canceled_on_disconnect())),
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

/// The first of the two messages of an order.
pub(super) fn encode_resting(order: &OrderRecord, buffer: &mut [u8]) -> usize {
    let length;
    message!(buffer, sbe_snapshot, resting_order_codec, RestingOrderEncoder, length)
        .order_id(order.order_id.0)
        .leaves_quantity(order.leaves_quantity.0)
        .shown_quantity(order.shown_quantity.0)
        .participant_id(order.participant.0)
        .arrival(order.arrival)
        .elected(order.is_elected.into());
    length
}

/// What the first of the two messages of an order says.
#[derive(Debug, Clone, Copy)]
pub(super) struct Resting {
    pub(super) order_id: OrderId,
    pub(super) participant: ParticipantId,
    pub(super) leaves_quantity: Quantity,
    pub(super) shown_quantity: Quantity,
    pub(super) arrival: u64,
    pub(super) is_elected: bool,
}

impl Resting {
    /// The record, with the order of the second message.
    pub(super) fn with(self, order: NewOrder) -> OrderRecord {
        let Self { order_id, participant, leaves_quantity, shown_quantity, arrival, is_elected } = self;
        OrderRecord { order_id, participant, leaves_quantity, shown_quantity, arrival, is_elected, order }
    }
}

pub(super) fn decode_resting(envelope: Envelope<'_>) -> Result<Resting, MessageError> {
    let wire = block!(envelope, sbe_snapshot, resting_order_codec, RestingOrderDecoder, before 2 it had 28);
    Ok(Resting {
        order_id: OrderId(wire.order_id()),
        participant: ParticipantId(wire.participant_id()),
        leaves_quantity: Quantity(wire.leaves_quantity()),
        shown_quantity: Quantity(wire.shown_quantity()),
        arrival: since_2(envelope.version, wire.arrival()),
        is_elected: is_set(since_2(envelope.version, wire.elected().into()), envelope.template_id, "elected")?,
    })
}
