//! Bytes to events.

use lugus_codecs::order_entry::{
    ReadBuf, business_message_reject_codec, execution_report_codec, instrument_report_codec, order_cancel_reject_codec,
    order_mass_cancel_report_codec, risk_report_codec,
};
use lugus_codecs::{Envelope, HEADER_LENGTH};
use lugus_vocabulary::{
    ClientOrderId, ClientSequence, EpochNanos, EventSequence, ExecType, Execution, InstrumentId, InstrumentState,
    KillSwitch, Liquidity, OrderId, OrderStatus, OrderType, ParticipantId, Price, Quantity, Report, ReportBody,
    RiskLimits, Side, TimeInForce, TradeId,
};

use crate::wire::vocabulary::{command_kind, from_wire, reject_reason};
use crate::wire::{DecodeError, block};

/// Reads an event; `None` when the template is none of an event.
///
/// # Errors
/// [`DecodeError`], when it is not whole or has a value that its enumeration lacks.
#[inline]
pub(super) fn decode(envelope: Envelope<'_>) -> Result<Option<Report>, DecodeError> {
    Ok(Some(match envelope.template_id {
        execution_report_codec::SBE_TEMPLATE_ID => execution_report(envelope)?,
        order_cancel_reject_codec::SBE_TEMPLATE_ID => cancel_reject(envelope)?,
        order_mass_cancel_report_codec::SBE_TEMPLATE_ID => mass_cancel_report(envelope)?,
        instrument_report_codec::SBE_TEMPLATE_ID => instrument_report(envelope)?,
        risk_report_codec::SBE_TEMPLATE_ID => risk_report(envelope)?,
        business_message_reject_codec::SBE_TEMPLATE_ID => business_reject(envelope)?,
        _ => return Ok(None),
    }))
}

/// A report with the fields that all events share, by the same names.
macro_rules! report {
    ($decoder:expr, $instrument:expr, $body:expr) => {
        Report {
            participant: ParticipantId($decoder.participant_id()),
            instrument: $instrument,
            event_sequence: EventSequence($decoder.event_sequence()),
            client_sequence: ClientSequence($decoder.client_sequence()),
            time: EpochNanos($decoder.transact_time()),
            body: $body,
        }
    };
}

#[inline]
fn execution_report(envelope: Envelope<'_>) -> Result<Report, DecodeError> {
    let wire = block!(envelope, execution_report_codec, ExecutionReportDecoder);
    let template = execution_report_codec::SBE_TEMPLATE_ID;
    let execution = Execution {
        exec_type: from_wire!(ExecType, wire.exec_type(), template, "execType")?,
        order_status: from_wire!(OrderStatus, wire.order_status(), template, "orderStatus")?,
        order_id: OrderId(wire.order_id()),
        client_order_id: ClientOrderId(wire.client_order_id()),
        orig_client_order_id: ClientOrderId(wire.orig_client_order_id()),
        trade_id: TradeId(wire.trade_id()),
        side: from_wire!(Side, wire.side(), template, "side")?,
        order_type: from_wire!(OrderType, wire.order_type(), template, "orderType")?,
        time_in_force: from_wire!(TimeInForce, wire.time_in_force(), template, "timeInForce")?,
        price: wire.price().map(Price),
        quantity: Quantity(wire.quantity()),
        last_price: wire.last_price().map(Price),
        last_quantity: Quantity(wire.last_quantity()),
        leaves_quantity: Quantity(wire.leaves_quantity()),
        cum_quantity: Quantity(wire.cum_quantity()),
        liquidity: from_wire!(Liquidity, wire.liquidity_indicator(), template, "liquidityIndicator")?,
        reason: reject_reason(wire.reason()),
    };
    Ok(report!(wire, InstrumentId(wire.instrument_id()), ReportBody::Execution(execution)))
}

fn cancel_reject(envelope: Envelope<'_>) -> Result<Report, DecodeError> {
    let wire = block!(envelope, order_cancel_reject_codec, OrderCancelRejectDecoder);
    let body = ReportBody::CancelReject {
        orig_client_order_id: ClientOrderId(wire.orig_client_order_id()),
        client_order_id: ClientOrderId(wire.client_order_id()),
        reason: reject_reason(wire.reason()),
    };
    Ok(report!(wire, InstrumentId(wire.instrument_id()), body))
}

fn mass_cancel_report(envelope: Envelope<'_>) -> Result<Report, DecodeError> {
    let wire = block!(envelope, order_mass_cancel_report_codec, OrderMassCancelReportDecoder);
    let body = ReportBody::MassCancel {
        target: ParticipantId(wire.target_participant_id()),
        affected: wire.total_affected_orders(),
    };
    Ok(report!(wire, InstrumentId(wire.instrument_id()), body))
}

fn instrument_report(envelope: Envelope<'_>) -> Result<Report, DecodeError> {
    let wire = block!(envelope, instrument_report_codec, InstrumentReportDecoder);
    let body = ReportBody::Instrument {
        instrument: InstrumentId(wire.subject_instrument_id()),
        state: from_wire!(InstrumentState, wire.state(), instrument_report_codec::SBE_TEMPLATE_ID, "state")?,
        reference_price: Price(wire.reference_price()),
    };
    Ok(report!(wire, InstrumentId(wire.instrument_id()), body))
}

fn risk_report(envelope: Envelope<'_>) -> Result<Report, DecodeError> {
    let wire = block!(envelope, risk_report_codec, RiskReportDecoder);
    let limits = RiskLimits {
        maximum_quantity: (wire.maximum_quantity() != 0).then(|| Quantity(wire.maximum_quantity())),
        maximum_notional: (wire.maximum_notional() != 0).then(|| wire.maximum_notional()),
        maximum_open_orders: (wire.maximum_open_orders() != 0).then(|| wire.maximum_open_orders()),
        maximum_commands_per_second: (wire.maximum_commands_per_second() != 0)
            .then(|| wire.maximum_commands_per_second()),
    };
    let body = ReportBody::Risk {
        target: ParticipantId(wire.target_participant_id()),
        limits,
        kill_switch: from_wire!(KillSwitch, wire.kill_switch(), risk_report_codec::SBE_TEMPLATE_ID, "killSwitch")?,
    };
    // Limits are a participant's, whatever the instrument: the message has no field for it.
    Ok(report!(wire, InstrumentId::NONE, body))
}

fn business_reject(envelope: Envelope<'_>) -> Result<Report, DecodeError> {
    let wire = block!(envelope, business_message_reject_codec, BusinessMessageRejectDecoder);
    let template_id = business_message_reject_codec::SBE_TEMPLATE_ID;
    let command =
        command_kind(wire.ref_template_id()).ok_or(DecodeError::Value { template_id, field: "refTemplateId" })?;
    let body = ReportBody::Reject { command, reason: reject_reason(wire.reason()) };
    Ok(report!(wire, InstrumentId(wire.instrument_id()), body))
}
