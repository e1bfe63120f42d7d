//! A kept event out of its order-entry message, as `encode` wrote it.

use lugus_codecs::order_entry::{
    business_message_reject_codec, execution_report_codec, instrument_report_codec, order_cancel_reject_codec,
    order_mass_cancel_report_codec, risk_report_codec,
};
use lugus_codecs::{DecodeError, Envelope, block};
use lugus_vocabulary::{
    ClientOrderId, ClientSequence, CommandKind, EpochNanos, EventSequence, Execution, InstrumentId, OrderId,
    ParticipantId, Price, Quantity, Report, ReportBody, RiskLimits, TradeId,
};

use super::MessageFault;
use crate::decode::limit;
use crate::vocabulary::Heard;

/// The fields that all events have, out of any of their decoders.
macro_rules! report {
    ($decoder:ident, $body:expr) => {
        Report {
            participant: ParticipantId($decoder.participant_id()),
            instrument: InstrumentId($decoder.instrument_id()),
            event_sequence: EventSequence($decoder.event_sequence()),
            client_sequence: ClientSequence($decoder.client_sequence()),
            time: EpochNanos($decoder.transact_time()),
            body: $body,
        }
    };
}

/// Decodes an event.
pub(crate) fn decode(envelope: Envelope<'_>) -> Result<Report, MessageFault> {
    match envelope.template_id {
        execution_report_codec::SBE_TEMPLATE_ID => execution_report(envelope),
        order_cancel_reject_codec::SBE_TEMPLATE_ID => cancel_reject(envelope),
        order_mass_cancel_report_codec::SBE_TEMPLATE_ID => mass_cancel(envelope),
        instrument_report_codec::SBE_TEMPLATE_ID => instrument_report(envelope),
        risk_report_codec::SBE_TEMPLATE_ID => risk(envelope),
        business_message_reject_codec::SBE_TEMPLATE_ID => business_reject(envelope),
        found => Err(DecodeError::Template { found }.into()),
    }
}

fn heard<W: Heard>(word: W::Wire) -> Result<W, MessageFault> {
    W::from_wire(word).ok_or(MessageFault::Value)
}

fn execution_report(envelope: Envelope<'_>) -> Result<Report, MessageFault> {
    let decoder = block!(envelope, order_entry, execution_report_codec, ExecutionReportDecoder);
    let execution = Execution {
        exec_type: heard(decoder.exec_type())?,
        order_status: heard(decoder.order_status())?,
        order_id: OrderId(decoder.order_id()),
        client_order_id: ClientOrderId(decoder.client_order_id()),
        orig_client_order_id: ClientOrderId(decoder.orig_client_order_id()),
        trade_id: TradeId(decoder.trade_id()),
        side: heard(decoder.side())?,
        order_type: heard(decoder.order_type())?,
        time_in_force: heard(decoder.time_in_force())?,
        price: decoder.price().map(Price),
        quantity: Quantity(decoder.quantity()),
        last_price: decoder.last_price().map(Price),
        last_quantity: Quantity(decoder.last_quantity()),
        leaves_quantity: Quantity(decoder.leaves_quantity()),
        cum_quantity: Quantity(decoder.cum_quantity()),
        liquidity: heard(decoder.liquidity_indicator())?,
        reason: heard(decoder.reason())?,
    };
    Ok(report!(decoder, ReportBody::Execution(execution)))
}

fn cancel_reject(envelope: Envelope<'_>) -> Result<Report, MessageFault> {
    let decoder = block!(envelope, order_entry, order_cancel_reject_codec, OrderCancelRejectDecoder);
    let body = ReportBody::CancelReject {
        orig_client_order_id: ClientOrderId(decoder.orig_client_order_id()),
        client_order_id: ClientOrderId(decoder.client_order_id()),
        reason: heard(decoder.reason())?,
    };
    Ok(report!(decoder, body))
}

fn mass_cancel(envelope: Envelope<'_>) -> Result<Report, MessageFault> {
    let decoder = block!(envelope, order_entry, order_mass_cancel_report_codec, OrderMassCancelReportDecoder);
    let body = ReportBody::MassCancel {
        target: ParticipantId(decoder.target_participant_id()),
        affected: decoder.total_affected_orders(),
    };
    Ok(report!(decoder, body))
}

fn instrument_report(envelope: Envelope<'_>) -> Result<Report, MessageFault> {
    let decoder = block!(envelope, order_entry, instrument_report_codec, InstrumentReportDecoder);
    let body = ReportBody::Instrument {
        instrument: InstrumentId(decoder.subject_instrument_id()),
        state: heard(decoder.state())?,
        reference_price: Price(decoder.reference_price()),
    };
    Ok(report!(decoder, body))
}

fn risk(envelope: Envelope<'_>) -> Result<Report, MessageFault> {
    let decoder = block!(envelope, order_entry, risk_report_codec, RiskReportDecoder);
    let body = ReportBody::Risk {
        target: ParticipantId(decoder.target_participant_id()),
        limits: RiskLimits {
            maximum_quantity: limit(decoder.maximum_quantity()).map(Quantity),
            maximum_notional: limit(decoder.maximum_notional()),
            maximum_open_orders: limit(decoder.maximum_open_orders()),
            maximum_commands_per_second: limit(decoder.maximum_commands_per_second()),
        },
        kill_switch: heard(decoder.kill_switch())?,
    };
    Ok(report!(decoder, body))
}

fn business_reject(envelope: Envelope<'_>) -> Result<Report, MessageFault> {
    let decoder = block!(envelope, order_entry, business_message_reject_codec, BusinessMessageRejectDecoder);
    let command = match decoder.ref_template_id() {
        1 => CommandKind::New,
        2 => CommandKind::Cancel,
        3 => CommandKind::Replace,
        4 => CommandKind::MassCancel,
        5 => CommandKind::DefineInstrument,
        6 => CommandKind::SetInstrumentState,
        7 => CommandKind::SetRiskLimits,
        8 => CommandKind::SetKillSwitch,
        _ => return Err(MessageFault::Value),
    };
    Ok(report!(decoder, ReportBody::Reject { command, reason: heard(decoder.reason())? }))
}
