//! Trades that the operator cancels or corrects, to and from bytes: the command, and what both sides hear.

use lugus_vocabulary::{
    Action, ClientOrderId, EventSequence, InstrumentId, OrderId, Price, Quantity, Report, ReportBody, TradeAddendum,
    TradeAmendment, TradeId,
};
use sbe_message::Envelope;

use super::report_numbers::{read_report, write_numbers};
use crate::error::MessageError;
use crate::sbe_order_entry::side::Side as WireSide;
use crate::sbe_order_entry::trade_report_trans_type::TradeReportTransType;
use crate::sbe_order_entry::{amend_trade_codec, execution_report_trade_addendum_codec};
use crate::word::{ToWire, word};
use crate::{block, message};

pub(super) fn encode_amend_trade(
    instrument: InstrumentId,
    trade_id: TradeId,
    amendment: TradeAmendment,
    buffer: &mut [u8],
) -> usize {
    let (kind, price, quantity) = match amendment {
        TradeAmendment::Cancel => (TradeReportTransType::CANCEL, None, None),
        TradeAmendment::Correct { price, quantity } => (TradeReportTransType::REPLACE, price, quantity),
    };
    let length;
    message!(buffer, sbe_order_entry, amend_trade_codec, AmendTradeEncoder, length)
        .trade_id(trade_id.0)
        .price_opt(price.map(|price| price.0))
        .quantity(quantity.unwrap_or_default().0)
        .instrument_id(instrument.0)
        .trade_report_trans_type(kind);
    length
}

pub(super) fn decode_amend_trade(envelope: Envelope<'_>) -> Result<(u32, u64, Action), MessageError> {
    let amend = block!(envelope, sbe_order_entry, amend_trade_codec, AmendTradeDecoder);
    let amendment = match amend.trade_report_trans_type() {
        TradeReportTransType::CANCEL => TradeAmendment::Cancel,
        TradeReportTransType::REPLACE => TradeAmendment::Correct {
            price: amend.price().map(Price),
            quantity: Some(Quantity(amend.quantity())).filter(|quantity| quantity.0 > 0),
        },
        TradeReportTransType::NullVal => {
            let template_id = amend_trade_codec::SBE_TEMPLATE_ID;
            return Err(MessageError::Value { template_id, field: "tradeReportTransType" });
        }
    };
    let action = Action::AmendTrade { trade_id: TradeId(amend.trade_id()), amendment };
    Ok((amend.instrument_id(), amend.client_sequence(), action))
}

pub(super) fn encode_trade_addendum(report: &Report, addendum: &TradeAddendum, buffer: &mut [u8]) -> usize {
    let length;
    write_numbers!(
        message!(
            buffer,
            sbe_order_entry,
            execution_report_trade_addendum_codec,
            ExecutionReportTradeAddendumEncoder,
            length
        ),
        report
    )
    .order_id(addendum.order_id.0)
    .client_order_id(addendum.client_order_id.0)
    .trade_id(addendum.trade_id.0)
    .last_price(addendum.last_price.0)
    .last_quantity(addendum.last_quantity.0)
    .exec_ref_id(addendum.exec_ref.0)
    .exec_type(addendum.exec_type.to_wire())
    .side(addendum.side.map_or(WireSide::NullVal, ToWire::to_wire));
    length
}

pub(super) fn decode_trade_addendum(envelope: Envelope<'_>) -> Result<Report, MessageError> {
    let wire =
        block!(envelope, sbe_order_entry, execution_report_trade_addendum_codec, ExecutionReportTradeAddendumDecoder);
    let template_id = execution_report_trade_addendum_codec::SBE_TEMPLATE_ID;
    let addendum = TradeAddendum {
        exec_type: word(wire.exec_type(), template_id, "execType")?,
        trade_id: TradeId(wire.trade_id()),
        side: match wire.side() {
            WireSide::NullVal => None,
            side => Some(word(side, template_id, "side")?),
        },
        order_id: OrderId(wire.order_id()),
        client_order_id: ClientOrderId(wire.client_order_id()),
        last_price: Price(wire.last_price()),
        last_quantity: Quantity(wire.last_quantity()),
        exec_ref: EventSequence(wire.exec_ref_id()),
    };
    Ok(read_report!(wire, ReportBody::TradeAddendum(addendum)))
}
