//! Requests for a participant's own live orders and the report that answers them, to and from bytes.

use lugus_vocabulary::{
    ClientOrderId, ClientTag, EpochNanos, EventSequence, InstrumentId, MAXIMUM_STATUS_ORDERS, MAXIMUM_STATUS_SCOPES,
    NewOrder, OpenOrder, OrderId, OrderMassStatusRequest, OrderStatusReport, OrderStatusRequest, Price, Quantity,
    ScopeOrders, StatusCursor,
};
use sbe_message::{Envelope, HEADER_LENGTH};

use super::commands::{CommandBuffer, MAXIMUM_COMMAND_LENGTH};
use crate::error::MessageError;
use crate::group::{GROUP_HEADER_LENGTH, Group};
use crate::sbe_order_entry::order_status::OrderStatus as WireStatus;
use crate::sbe_order_entry::order_status_report_codec::decoder::{
    OrderStatusReportDecoder, OrdersDecoder, ScopesDecoder,
};
use crate::sbe_order_entry::order_status_report_codec::encoder::{
    OrderStatusReportEncoder, OrdersEncoder, ScopesEncoder,
};
use crate::sbe_order_entry::{
    Encoder, SBE_SCHEMA_ID, SbeResult, order_mass_status_request_codec, order_status_report_codec,
    order_status_request_codec,
};
use crate::word::{ToWire, word};
use crate::{block, message};

const TEMPLATE_ID: u16 = order_status_report_codec::SBE_TEMPLATE_ID;

/// Lengths of the groups' entries, in bytes.
const SCOPE_LENGTH: u16 = ScopesEncoder::<OrderStatusReportEncoder<'_>>::block_length();
const ORDER_LENGTH: u16 = OrdersEncoder::<OrderStatusReportEncoder<'_>>::block_length();

/// A later version may put more into a message.
const SCOPES: Group = Group { name: "scopes", block_length: SCOPE_LENGTH, maximum: 1_024 };
const ORDERS: Group = Group { name: "orders", block_length: ORDER_LENGTH, maximum: 1_024 };

/// Length of the longest report of live orders with its header, in bytes.
pub const MAXIMUM_ORDER_STATUS_LENGTH: usize = HEADER_LENGTH
    + order_status_report_codec::SBE_BLOCK_LENGTH as usize
    + 2 * GROUP_HEADER_LENGTH
    + MAXIMUM_STATUS_SCOPES * SCOPE_LENGTH as usize
    + MAXIMUM_STATUS_ORDERS * ORDER_LENGTH as usize;

const _: () = {
    assert!(HEADER_LENGTH + order_status_request_codec::SBE_BLOCK_LENGTH as usize <= MAXIMUM_COMMAND_LENGTH);
    assert!(HEADER_LENGTH + order_mass_status_request_codec::SBE_BLOCK_LENGTH as usize <= MAXIMUM_COMMAND_LENGTH);
};

/// Encodes the request for one order; returns the message.
pub fn encode_order_status_request<'b>(request: &OrderStatusRequest, buffer: &'b mut CommandBuffer) -> &'b [u8] {
    let length;
    message!(buffer, sbe_order_entry, order_status_request_codec, OrderStatusRequestEncoder, length)
        .request_id(request.request_id)
        .client_order_id(request.client_order_id.0)
        .instrument_id(request.instrument.0);
    &buffer[..length]
}

pub(super) fn decode_order_status_request(envelope: Envelope<'_>) -> Result<OrderStatusRequest, MessageError> {
    let request = block!(envelope, sbe_order_entry, order_status_request_codec, OrderStatusRequestDecoder);
    Ok(OrderStatusRequest {
        request_id: request.request_id(),
        instrument: InstrumentId(request.instrument_id()),
        client_order_id: ClientOrderId(request.client_order_id()),
    })
}

/// Writes a [`StatusCursor`] into any generated encoder that has its fields.
macro_rules! write_cursor {
    ($encoder:expr, $cursor:expr) => {
        $encoder
            .after_order_id($cursor.order_id.0)
            .after_buy($cursor.buy.0)
            .after_sell($cursor.sell.0)
            .after_staying_buy($cursor.staying_buy.0)
            .after_staying_sell($cursor.staying_sell.0)
            .after_instrument_id($cursor.instrument.0)
    };
}

/// Reads a [`StatusCursor`] from any generated decoder that has its fields.
macro_rules! read_cursor {
    ($decoder:expr) => {
        StatusCursor {
            instrument: InstrumentId($decoder.after_instrument_id()),
            order_id: OrderId($decoder.after_order_id()),
            buy: ClientOrderId($decoder.after_buy()),
            sell: ClientOrderId($decoder.after_sell()),
            staying_buy: ClientOrderId($decoder.after_staying_buy()),
            staying_sell: ClientOrderId($decoder.after_staying_sell()),
        }
    };
}

/// Encodes the request for a part of all live orders; returns the message.
pub fn encode_order_mass_status_request<'b>(
    request: &OrderMassStatusRequest,
    buffer: &'b mut CommandBuffer,
) -> &'b [u8] {
    let length;
    let mut wire =
        message!(buffer, sbe_order_entry, order_mass_status_request_codec, OrderMassStatusRequestEncoder, length);
    wire.request_id(request.request_id).instrument_id(request.instrument.0);
    write_cursor!(wire, request.after);
    &buffer[..length]
}

pub(super) fn decode_order_mass_status_request(envelope: Envelope<'_>) -> Result<OrderMassStatusRequest, MessageError> {
    let wire = block!(envelope, sbe_order_entry, order_mass_status_request_codec, OrderMassStatusRequestDecoder);
    Ok(OrderMassStatusRequest {
        request_id: wire.request_id(),
        instrument: InstrumentId(wire.instrument_id()),
        after: read_cursor!(wire),
    })
}

/// Encodes a report of live orders, with at most [`MAXIMUM_STATUS_SCOPES`] scopes and [`MAXIMUM_STATUS_ORDERS`] orders;
/// returns the message.
pub fn encode_order_status_report<'b, const N: usize>(report: &OrderStatusReport, buffer: &'b mut [u8; N]) -> &'b [u8] {
    const { assert!(N >= MAXIMUM_ORDER_STATUS_LENGTH) }
    // A generated group encoder fails only without its parent, which is given to it.
    let length = try_encode(report, buffer).unwrap_or(0);
    &buffer[..length]
}

fn try_encode(report: &OrderStatusReport, buffer: &mut [u8]) -> SbeResult<usize> {
    let OrderStatusReport { request_id, time, reason, order_status, scopes, orders, next, last_report } = report;
    let _end_of_block;
    let mut wire =
        message!(buffer, sbe_order_entry, order_status_report_codec, OrderStatusReportEncoder, _end_of_block);
    wire.request_id(*request_id)
        .transact_time(time.0)
        .reason(reason.to_wire())
        .order_status(order_status.map_or(WireStatus::NullVal, ToWire::to_wire))
        .last_report_requested(last_report.to_wire());
    write_cursor!(wire, next);

    let scopes = &scopes[..scopes.len().min(MAXIMUM_STATUS_SCOPES)];
    let mut group = wire.scopes_encoder(scopes.len() as u16, ScopesEncoder::default());
    for scope in scopes {
        group.advance()?;
        group.event_sequence(scope.event_sequence.0).instrument_id(scope.instrument.0).number_of_orders(scope.orders);
    }

    let orders = &orders[..orders.len().min(MAXIMUM_STATUS_ORDERS)];
    let mut group = group.parent()?.orders_encoder(orders.len() as u16, OrdersEncoder::default());
    for OpenOrder { order_id, leaves_quantity, shown_quantity, working_state, order } in orders {
        group.advance()?;
        group
            .order_id(order_id.0)
            .client_order_id(order.client_order_id.0)
            .price_opt(order.price.map(|price| price.0))
            .stop_price_opt(order.stop_price.map(|price| price.0))
            .quantity(order.quantity.0)
            .leaves_quantity(leaves_quantity.0)
            .shown_quantity(shown_quantity.0)
            .display_quantity(order.display_quantity.0)
            .expire_time_opt(order.expire_time.map(|time| time.0))
            .client_tag(order.client_tag.0)
            .side(order.side.to_wire())
            .order_type(order.order_type.to_wire())
            .time_in_force(order.time_in_force.to_wire())
            .self_trade_prevention(order.self_trade_prevention.to_wire())
            .working_state(working_state.to_wire())
            .exec_inst((order.post_only, order.on_disconnect).to_wire());
    }
    Ok(group.parent()?.get_limit())
}

/// Decodes a report of live orders into `report`, whose room is used again; returns whether the message is one.
///
/// # Errors
/// [`MessageError`], if the message is of another protocol, is cut off, has a value that the vocabulary lacks, or has
/// another number of orders than its scopes count. `report` then has undefined contents.
pub fn decode_order_status_report(
    envelope: Envelope<'_>,
    report: &mut OrderStatusReport,
) -> Result<bool, MessageError> {
    let envelope = envelope.of_schema(SBE_SCHEMA_ID)?;
    if envelope.template_id != TEMPLATE_ID {
        return Ok(false);
    }
    let body = envelope.body(TEMPLATE_ID, order_status_report_codec::SBE_BLOCK_LENGTH)?;
    let end_of_scopes = SCOPES.check(&body, TEMPLATE_ID, body.end_of_block())?;
    ORDERS.check(&body, TEMPLATE_ID, end_of_scopes)?;

    let wire = block!(envelope, sbe_order_entry, order_status_report_codec, OrderStatusReportDecoder);
    report.request_id = wire.request_id();
    report.time = EpochNanos(wire.transact_time());
    report.reason = word(wire.reason(), TEMPLATE_ID, "reason")?;
    report.order_status = match wire.order_status() {
        WireStatus::NullVal => None,
        status => Some(word(status, TEMPLATE_ID, "orderStatus")?),
    };
    report.next = read_cursor!(wire);
    report.last_report = word(wire.last_report_requested(), TEMPLATE_ID, "lastReportRequested")?;
    report.scopes.clear();
    report.orders.clear();
    let mut scopes = ScopesDecoder::default().wrap(wire);
    while let Ok(Some(_)) = scopes.advance() {
        report.scopes.push(ScopeOrders {
            instrument: InstrumentId(scopes.instrument_id()),
            event_sequence: EventSequence(scopes.event_sequence()),
            orders: scopes.number_of_orders(),
        });
    }
    // A generated group decoder gives its parent back once, and this is the first time.
    if let Ok(wire) = scopes.parent() {
        let mut orders = OrdersDecoder::default().wrap(wire);
        while let Ok(Some(_)) = orders.advance() {
            report.orders.push(decode_order(&orders)?);
        }
    }
    let counted: usize = report.scopes.iter().map(|scope| usize::from(scope.orders)).sum();
    if counted != report.orders.len() {
        return Err(MessageError::Value { template_id: TEMPLATE_ID, field: "numberOfOrders" });
    }
    Ok(true)
}

fn decode_order(wire: &OrdersDecoder<OrderStatusReportDecoder<'_>>) -> Result<OpenOrder, MessageError> {
    let (post_only, on_disconnect) = word(wire.exec_inst(), TEMPLATE_ID, "execInst")?;
    Ok(OpenOrder {
        order_id: OrderId(wire.order_id()),
        leaves_quantity: Quantity(wire.leaves_quantity()),
        shown_quantity: Quantity(wire.shown_quantity()),
        working_state: word(wire.working_state(), TEMPLATE_ID, "workingState")?,
        order: NewOrder {
            client_order_id: ClientOrderId(wire.client_order_id()),
            side: word(wire.side(), TEMPLATE_ID, "side")?,
            order_type: word(wire.order_type(), TEMPLATE_ID, "orderType")?,
            time_in_force: word(wire.time_in_force(), TEMPLATE_ID, "timeInForce")?,
            price: wire.price().map(Price),
            stop_price: wire.stop_price().map(Price),
            quantity: Quantity(wire.quantity()),
            display_quantity: Quantity(wire.display_quantity()),
            expire_time: wire.expire_time().map(EpochNanos),
            post_only,
            self_trade_prevention: word(wire.self_trade_prevention(), TEMPLATE_ID, "selfTradePrevention")?,
            client_tag: ClientTag(wire.client_tag().unwrap_or_default()),
            on_disconnect,
        },
    })
}

#[cfg(test)]
mod tests;
