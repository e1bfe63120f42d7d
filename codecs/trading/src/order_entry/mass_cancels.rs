//! Mass cancels of many books, to and from bytes: the command, and its answer.

use lugus_vocabulary::{Action, InstrumentId, MassCancelTarget, ParticipantId, Report, ReportBody, Side};
use sbe_message::Envelope;

use super::firms::FIRMS_SINCE;
use super::report_numbers::{read_report, write_numbers};
use crate::error::MessageError;
use crate::sbe_order_entry::mass_cancel_target::MassCancelTarget as WireTarget;
use crate::sbe_order_entry::{order_mass_cancel_all_report_codec, order_mass_cancel_all_request_codec};
use crate::word::{ToWire, word};
use crate::{block, message};

pub(super) fn encode_mass_cancel_all(
    instrument: InstrumentId,
    target: MassCancelTarget,
    side: Option<Side>,
    buffer: &mut [u8],
) -> usize {
    let (kind, target) = target_to_wire(target);
    let length;
    message!(buffer, sbe_order_entry, order_mass_cancel_all_request_codec, OrderMassCancelAllRequestEncoder, length)
        .instrument_id(instrument.0)
        .target_id(target)
        .target_kind(kind)
        .side(side.to_wire());
    length
}

pub(super) fn decode_mass_cancel_all(envelope: Envelope<'_>) -> Result<(u32, u64, Action), MessageError> {
    let wire = block!(envelope, sbe_order_entry, order_mass_cancel_all_request_codec, OrderMassCancelAllRequestDecoder);
    let template_id = order_mass_cancel_all_request_codec::SBE_TEMPLATE_ID;
    let action = Action::MassCancelAll {
        target: match target_of_wire(wire.target_kind(), wire.target_id(), template_id)? {
            MassCancelTarget::Firm(_) if envelope.version < FIRMS_SINCE => {
                return Err(MessageError::Value { template_id, field: "target" });
            }
            target => target,
        },
        side: word(wire.side(), template_id, "side")?,
    };
    Ok((wire.instrument_id(), wire.client_sequence(), action))
}

pub(super) fn encode_mass_cancel_all_report(
    report: &Report,
    target: MassCancelTarget,
    (affected, instruments, moving): (u32, u32, u32),
    buffer: &mut [u8],
) -> usize {
    let (kind, target) = target_to_wire(target);
    let length;
    write_numbers!(
        message!(buffer, sbe_order_entry, order_mass_cancel_all_report_codec, OrderMassCancelAllReportEncoder, length),
        report
    )
    .target_id(target)
    .total_affected_orders(affected)
    .affected_instruments(instruments)
    .moving_instruments(moving)
    .target_kind(kind);
    length
}

pub(super) fn decode_mass_cancel_all_report(envelope: Envelope<'_>) -> Result<Report, MessageError> {
    let wire = block!(envelope, sbe_order_entry, order_mass_cancel_all_report_codec, OrderMassCancelAllReportDecoder);
    let template_id = order_mass_cancel_all_report_codec::SBE_TEMPLATE_ID;
    let body = ReportBody::MassCancelAll {
        target: target_of_wire(wire.target_kind(), wire.target_id(), template_id)?,
        affected: wire.total_affected_orders(),
        instruments: wire.affected_instruments(),
        moving: wire.moving_instruments(),
    };
    Ok(read_report!(wire, body))
}

fn target_to_wire(target: MassCancelTarget) -> (WireTarget, u32) {
    match target {
        MassCancelTarget::Participant(participant) => (WireTarget::PARTICIPANT, participant.0),
        MassCancelTarget::Firm(firm) => (WireTarget::FIRM, firm.0),
        MassCancelTarget::Everybody => (WireTarget::EVERYBODY, 0),
    }
}

fn target_of_wire(kind: WireTarget, target: u32, template_id: u16) -> Result<MassCancelTarget, MessageError> {
    match kind {
        WireTarget::PARTICIPANT => Ok(MassCancelTarget::Participant(ParticipantId(target))),
        WireTarget::FIRM => Ok(MassCancelTarget::Firm(ParticipantId(target))),
        WireTarget::EVERYBODY => Ok(MassCancelTarget::Everybody),
        WireTarget::NullVal => Err(MessageError::Value { template_id, field: "target" }),
    }
}
