//! Reports, to and from bytes: what participants hear, and how the snapshot keeps what was told.
//!
//! This is the one place where an execution is laid out as a message.

use lugus_vocabulary::{
    ClientOrderId, ClientTag, CommandKind, Execution, InstrumentId, InstrumentState, KillSwitch, KillSwitchLevels,
    OnDisconnect, OrderId, OrderStatus, ParticipantId, Price, Quantity, RejectReason, Report, ReportBody, RiskLimits,
    TradeId,
};
use sbe_message::{Envelope, HEADER_LENGTH};

use super::firms::{decode_firm_limits_report, decode_firm_report, encode_firm_limits_report, encode_firm_report};
use super::mass_cancels::{decode_mass_cancel_all_report, encode_mass_cancel_all_report};
use super::quotes::{
    MAXIMUM_QUOTE_REPORT_LENGTH, decode_market_maker_protection, decode_mass_quote_acknowledgement,
    decode_quote_status, encode_market_maker_protection, encode_mass_quote_acknowledgement, encode_quote_status,
};
use super::report_numbers::{read_report, write_numbers};
use super::trades::{decode_trade_addendum, encode_trade_addendum};
use crate::error::MessageError;
use crate::limits::{read_limits, write_limits};
use crate::sbe_order_entry::{
    SBE_SCHEMA_ID, business_message_reject_codec, execution_report_codec, execution_report_trade_addendum_codec,
    firm_limits_report_codec, firm_report_codec, instrument_report_codec, kill_switch_levels,
    market_maker_protection_report_codec, mass_quote_acknowledgement_codec,
    on_disconnect::OnDisconnect as WireOnDisconnect, order_cancel_reject_codec, order_mass_cancel_all_report_codec,
    order_mass_cancel_report_codec, order_status::OrderStatus as WireStatus, quote_status_report_codec,
    risk_report_codec,
};
use crate::word::{ToWire, word};
use crate::{block, message};

/// Length of the longest message to a participant with its header, in bytes: that of an execution report.
pub const MAXIMUM_REPORT_LENGTH: usize = HEADER_LENGTH + execution_report_codec::SBE_BLOCK_LENGTH as usize;

/// A buffer for a report, or any other message to a participant.
pub type ReportBuffer = [u8; MAXIMUM_REPORT_LENGTH];

const _: () = {
    let blocks = [
        order_cancel_reject_codec::SBE_BLOCK_LENGTH,
        order_mass_cancel_report_codec::SBE_BLOCK_LENGTH,
        order_mass_cancel_all_report_codec::SBE_BLOCK_LENGTH,
        instrument_report_codec::SBE_BLOCK_LENGTH,
        risk_report_codec::SBE_BLOCK_LENGTH,
        firm_report_codec::SBE_BLOCK_LENGTH,
        firm_limits_report_codec::SBE_BLOCK_LENGTH,
        execution_report_trade_addendum_codec::SBE_BLOCK_LENGTH,
        business_message_reject_codec::SBE_BLOCK_LENGTH,
    ];
    assert!(MAXIMUM_QUOTE_REPORT_LENGTH <= MAXIMUM_REPORT_LENGTH);
    let mut at = 0;
    while at < blocks.len() {
        assert!(HEADER_LENGTH + blocks[at] as usize <= MAXIMUM_REPORT_LENGTH);
        at += 1;
    }
};

/// Encodes a report; returns the message. A buffer of another length than [`ReportBuffer`] must be longer.
#[inline]
pub fn encode_report<'b, const N: usize>(report: &Report, buffer: &'b mut [u8; N]) -> &'b [u8] {
    const { assert!(N >= MAXIMUM_REPORT_LENGTH) }
    let length = match &report.body {
        ReportBody::Execution(execution) => encode_execution(report, execution, buffer),
        ReportBody::CancelReject { orig_client_order_id, client_order_id, reason, order_status } => {
            encode_cancel_reject(report, *orig_client_order_id, *client_order_id, *reason, *order_status, buffer)
        }
        ReportBody::MassCancel { target, affected } => encode_mass_cancel(report, *target, *affected, buffer),
        ReportBody::MassCancelAll { target, affected, instruments, moving } => {
            encode_mass_cancel_all_report(report, *target, (*affected, *instruments, *moving), buffer)
        }
        ReportBody::Instrument { instrument, state, reference_price } => {
            encode_instrument(report, *instrument, *state, *reference_price, buffer)
        }
        ReportBody::Risk { target, limits, kill_switch, kill_switch_levels } => {
            encode_risk(report, *target, limits, (*kill_switch, *kill_switch_levels), buffer)
        }
        ReportBody::TradeAddendum(addendum) => encode_trade_addendum(report, addendum, buffer),
        ReportBody::Firm(firm) => encode_firm_report(report, firm, buffer),
        ReportBody::FirmLimits(limits) => encode_firm_limits_report(report, limits, buffer),
        ReportBody::MassQuote(acknowledgement) => encode_mass_quote_acknowledgement(report, acknowledgement, buffer),
        ReportBody::QuoteStatus(status) => encode_quote_status(report, status, buffer),
        ReportBody::MarketMakerProtection(of) => encode_market_maker_protection(report, of, buffer),
        ReportBody::Reject { command, reason } => encode_reject(report, *command, *reason, buffer),
    };
    &buffer[..length]
}

/// Decodes a report; `None` if the message is none. A reason of a later version is read as [`RejectReason::Unknown`]: a
/// participant must not lose an event because of it.
///
/// # Errors
/// [`MessageError`], if the message is of another protocol, is cut off, or has another value that the vocabulary lacks.
#[inline]
pub fn decode_report(envelope: Envelope<'_>) -> Result<Option<Report>, MessageError> {
    let envelope = envelope.of_schema(SBE_SCHEMA_ID)?;
    Ok(Some(match envelope.template_id {
        execution_report_codec::SBE_TEMPLATE_ID => decode_execution(envelope)?,
        order_cancel_reject_codec::SBE_TEMPLATE_ID => decode_cancel_reject(envelope)?,
        order_mass_cancel_report_codec::SBE_TEMPLATE_ID => decode_mass_cancel(envelope)?,
        order_mass_cancel_all_report_codec::SBE_TEMPLATE_ID => decode_mass_cancel_all_report(envelope)?,
        instrument_report_codec::SBE_TEMPLATE_ID => decode_instrument(envelope)?,
        firm_report_codec::SBE_TEMPLATE_ID => decode_firm_report(envelope)?,
        firm_limits_report_codec::SBE_TEMPLATE_ID => decode_firm_limits_report(envelope)?,
        risk_report_codec::SBE_TEMPLATE_ID => decode_risk(envelope)?,
        execution_report_trade_addendum_codec::SBE_TEMPLATE_ID => decode_trade_addendum(envelope)?,
        mass_quote_acknowledgement_codec::SBE_TEMPLATE_ID => decode_mass_quote_acknowledgement(envelope)?,
        quote_status_report_codec::SBE_TEMPLATE_ID => decode_quote_status(envelope)?,
        market_maker_protection_report_codec::SBE_TEMPLATE_ID => decode_market_maker_protection(envelope)?,
        business_message_reject_codec::SBE_TEMPLATE_ID => decode_reject(envelope)?,
        _ => return Ok(None),
    }))
}

#[inline]
fn encode_execution(report: &Report, execution: &Execution, buffer: &mut [u8]) -> usize {
    let length;
    let mut wire = message!(buffer, sbe_order_entry, execution_report_codec, ExecutionReportEncoder, length);
    write_numbers!(wire, report)
        .order_id(execution.order_id.0)
        .client_order_id(execution.client_order_id.0)
        .orig_client_order_id(execution.orig_client_order_id.0)
        .trade_id(execution.trade_id.0)
        .price_opt(execution.price.map(|price| price.0))
        .last_price_opt(execution.last_price.map(|price| price.0))
        .quantity(execution.quantity.0)
        .last_quantity(execution.last_quantity.0)
        .leaves_quantity(execution.leaves_quantity.0)
        .cum_quantity(execution.cum_quantity.0)
        .reason(execution.reason.to_wire())
        .exec_type(execution.exec_type.to_wire())
        .order_status(execution.order_status.to_wire())
        .side(execution.side.to_wire())
        .order_type(execution.order_type.to_wire())
        .time_in_force(execution.time_in_force.to_wire())
        .liquidity_indicator(execution.liquidity.to_wire())
        .client_tag(execution.client_tag.0)
        .on_disconnect(execution.on_disconnect.to_wire());
    length
}

#[inline]
fn decode_execution(envelope: Envelope<'_>) -> Result<Report, MessageError> {
    let wire = block!(envelope, sbe_order_entry, execution_report_codec, ExecutionReportDecoder, before 2 it had 120, before 3 it had 128);
    let template_id = execution_report_codec::SBE_TEMPLATE_ID;
    let execution = Execution {
        exec_type: word(wire.exec_type(), template_id, "execType")?,
        order_status: word(wire.order_status(), template_id, "orderStatus")?,
        order_id: OrderId(wire.order_id()),
        client_order_id: ClientOrderId(wire.client_order_id()),
        orig_client_order_id: ClientOrderId(wire.orig_client_order_id()),
        trade_id: TradeId(wire.trade_id()),
        side: word(wire.side(), template_id, "side")?,
        order_type: word(wire.order_type(), template_id, "orderType")?,
        time_in_force: word(wire.time_in_force(), template_id, "timeInForce")?,
        price: wire.price().map(Price),
        quantity: Quantity(wire.quantity()),
        last_price: wire.last_price().map(Price),
        last_quantity: Quantity(wire.last_quantity()),
        leaves_quantity: Quantity(wire.leaves_quantity()),
        cum_quantity: Quantity(wire.cum_quantity()),
        liquidity: word(wire.liquidity_indicator(), template_id, "liquidityIndicator")?,
        reason: word(wire.reason(), template_id, "reason")?,
        client_tag: ClientTag(wire.client_tag().unwrap_or_default()),
        on_disconnect: match wire.on_disconnect() {
            // A message of an earlier version.
            WireOnDisconnect::NullVal => OnDisconnect::Cancel,
            choice => word(choice, template_id, "onDisconnect")?,
        },
    };
    Ok(read_report!(wire, ReportBody::Execution(execution)))
}

fn encode_cancel_reject(
    report: &Report,
    orig_client_order_id: ClientOrderId,
    client_order_id: ClientOrderId,
    reason: RejectReason,
    order_status: Option<OrderStatus>,
    buffer: &mut [u8],
) -> usize {
    let length;
    let mut wire = message!(buffer, sbe_order_entry, order_cancel_reject_codec, OrderCancelRejectEncoder, length);
    write_numbers!(wire, report)
        .orig_client_order_id(orig_client_order_id.0)
        .client_order_id(client_order_id.0)
        .order_status(order_status.map_or(WireStatus::NullVal, ToWire::to_wire))
        .reason(reason.to_wire());
    length
}

fn decode_cancel_reject(envelope: Envelope<'_>) -> Result<Report, MessageError> {
    let wire =
        block!(envelope, sbe_order_entry, order_cancel_reject_codec, OrderCancelRejectDecoder, before 3 it had 50);
    let template_id = order_cancel_reject_codec::SBE_TEMPLATE_ID;
    let body = ReportBody::CancelReject {
        orig_client_order_id: ClientOrderId(wire.orig_client_order_id()),
        client_order_id: ClientOrderId(wire.client_order_id()),
        reason: word(wire.reason(), template_id, "reason")?,
        order_status: match wire.order_status() {
            WireStatus::NullVal => None,
            status => Some(word(status, template_id, "orderStatus")?),
        },
    };
    Ok(read_report!(wire, body))
}

fn encode_mass_cancel(report: &Report, target: ParticipantId, affected: u32, buffer: &mut [u8]) -> usize {
    let length;
    let mut wire =
        message!(buffer, sbe_order_entry, order_mass_cancel_report_codec, OrderMassCancelReportEncoder, length);
    write_numbers!(wire, report).target_participant_id(target.0).total_affected_orders(affected);
    length
}

fn decode_mass_cancel(envelope: Envelope<'_>) -> Result<Report, MessageError> {
    let wire = block!(envelope, sbe_order_entry, order_mass_cancel_report_codec, OrderMassCancelReportDecoder);
    let body = ReportBody::MassCancel {
        target: ParticipantId(wire.target_participant_id()),
        affected: wire.total_affected_orders(),
    };
    Ok(read_report!(wire, body))
}

fn encode_instrument(
    report: &Report,
    subject: InstrumentId,
    state: InstrumentState,
    reference_price: Price,
    buffer: &mut [u8],
) -> usize {
    let length;
    let mut wire = message!(buffer, sbe_order_entry, instrument_report_codec, InstrumentReportEncoder, length);
    write_numbers!(wire, report)
        .reference_price(reference_price.0)
        .subject_instrument_id(subject.0)
        .state(state.to_wire());
    length
}

fn decode_instrument(envelope: Envelope<'_>) -> Result<Report, MessageError> {
    let wire = block!(envelope, sbe_order_entry, instrument_report_codec, InstrumentReportDecoder);
    let body = ReportBody::Instrument {
        instrument: InstrumentId(wire.subject_instrument_id()),
        state: word(wire.state(), instrument_report_codec::SBE_TEMPLATE_ID, "state")?,
        reference_price: Price(wire.reference_price()),
    };
    Ok(read_report!(wire, body))
}

fn encode_risk(
    report: &Report,
    target: ParticipantId,
    limits: &RiskLimits,
    (kill_switch, levels): (KillSwitch, KillSwitchLevels),
    buffer: &mut [u8],
) -> usize {
    let length;
    let mut wire = message!(buffer, sbe_order_entry, risk_report_codec, RiskReportEncoder, length);
    write_limits!(write_numbers!(wire, report), limits)
        .target_participant_id(target.0)
        .kill_switch(kill_switch.to_wire())
        .kill_switch_levels(kill_switch_levels::KillSwitchLevels(levels.bits()));
    length
}

fn decode_risk(envelope: Envelope<'_>) -> Result<Report, MessageError> {
    let wire = block!(envelope, sbe_order_entry, risk_report_codec, RiskReportDecoder, before 3 it had 61);
    let levels = KillSwitchLevels::from_bits(wire.kill_switch_levels().0);
    let template_id = risk_report_codec::SBE_TEMPLATE_ID;
    let body = ReportBody::Risk {
        target: ParticipantId(wire.target_participant_id()),
        limits: read_limits!(wire),
        kill_switch: word(wire.kill_switch(), template_id, "killSwitch")?,
        kill_switch_levels: levels.ok_or(MessageError::Value { template_id, field: "killSwitchLevels" })?,
    };
    Ok(read_report!(wire, body))
}

fn encode_reject(report: &Report, command: CommandKind, reason: RejectReason, buffer: &mut [u8]) -> usize {
    let length;
    let mut wire =
        message!(buffer, sbe_order_entry, business_message_reject_codec, BusinessMessageRejectEncoder, length);
    write_numbers!(wire, report).reason(reason.to_wire()).ref_template_id(u16::from(command.number()));
    length
}

fn decode_reject(envelope: Envelope<'_>) -> Result<Report, MessageError> {
    let wire = block!(envelope, sbe_order_entry, business_message_reject_codec, BusinessMessageRejectDecoder);
    let template_id = business_message_reject_codec::SBE_TEMPLATE_ID;
    let body = ReportBody::Reject {
        command: word(wire.ref_template_id(), template_id, "refTemplateId")?,
        reason: word(wire.reason(), template_id, "reason")?,
    };
    Ok(read_report!(wire, body))
}
