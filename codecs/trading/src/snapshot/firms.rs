//! Firms and their kept events, to and from bytes. Enumerations are numbered as in order entry.

use lugus_vocabulary::{
    EpochNanos, EventSequence, FirmEvent, FirmRecord, KillSwitchLevels, ParticipantId, SelfTradeScope,
};
use sbe_message::Envelope;

use super::records::known;
use crate::error::MessageError;
use crate::limits::{read_limits, write_limits};
use crate::sbe_snapshot::firm_codec;
use crate::{block, message};

pub(super) fn encode_firm(record: &FirmRecord, buffer: &mut [u8]) -> usize {
    let length;
    let mut wire = message!(buffer, sbe_snapshot, firm_codec, FirmEncoder, length);
    write_limits!(wire, record.limits)
        .last_event_sequence(record.last_event_sequence.0)
        .lost_through_time(record.lost_through.0)
        .firm_id(record.firm.0)
        .rates(record.rates)
        .retained(record.retained)
        .kill_switch_levels(record.kill_switch.bits())
        .kill_switch_keeps(record.kill_switch_keeps.bits())
        .self_trade_scope(record.self_trade_scope.number());
    length
}

pub(super) fn decode_firm(envelope: Envelope<'_>) -> Result<FirmRecord, MessageError> {
    let wire = block!(envelope, sbe_snapshot, firm_codec, FirmDecoder);
    let template_id = firm_codec::SBE_TEMPLATE_ID;
    let levels = |bits, field| known(KillSwitchLevels::from_bits(bits), template_id, field);
    Ok(FirmRecord {
        firm: ParticipantId(wire.firm_id()),
        limits: read_limits!(wire),
        kill_switch: levels(wire.kill_switch_levels(), "killSwitchLevels")?,
        kill_switch_keeps: levels(wire.kill_switch_keeps(), "killSwitchKeeps")?,
        self_trade_scope: known(SelfTradeScope::from_number(wire.self_trade_scope()), template_id, "selfTradeScope")?,
        rates: wire.rates(),
        last_event_sequence: EventSequence(wire.last_event_sequence()),
        retained: wire.retained(),
        lost_through: EpochNanos(wire.lost_through_time()),
    })
}

/// The first of the two messages of a firm's kept event.
pub(super) fn encode_kept(event: &FirmEvent, buffer: &mut [u8]) -> usize {
    let length;
    message!(buffer, sbe_snapshot, firm_event_codec, FirmEventEncoder, length)
        .event_sequence(event.event_sequence.0)
        .firm_id(event.firm.0);
    length
}

/// The firm, and the number of the event among those of the firm.
pub(super) fn decode_kept(envelope: Envelope<'_>) -> Result<(ParticipantId, EventSequence), MessageError> {
    let wire = block!(envelope, sbe_snapshot, firm_event_codec, FirmEventDecoder);
    Ok((ParticipantId(wire.firm_id()), EventSequence(wire.event_sequence())))
}
