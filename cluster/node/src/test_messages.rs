//! Ingress messages for tests.

use lugus_codecs::market_data::encode_book_request;
use lugus_codecs::order_entry::{
    MAXIMUM_COMMAND_LENGTH, encode_activate_protocol_version, encode_cancel_on_disconnect, encode_command,
    encode_drop_copy, encode_follow_firm, encode_order_mass_status_request, encode_order_status_request, encode_resume,
};
use lugus_codecs::session_tag::MessageSigner;
use lugus_testing::instruments::btc_usdt;
use lugus_vocabulary::{
    Action, BookRequest, BookType, ClientOrderId, ClientSequence, Command, EpochNanos, EventSequence, GraceTime,
    InstrumentId, NewOrder, OrderMassStatusRequest, OrderStatusRequest, ParticipantId, Price, ProtocolVersion,
    Quantity, Side, StatusCursor, TimeInForce,
};

pub(crate) fn command_message(instrument: u32, client_sequence: u64, action: Action) -> Vec<u8> {
    let command = Command {
        // Not in the message: a session has one participant.
        participant: ParticipantId::OPERATOR,
        instrument: InstrumentId(instrument),
        client_sequence: ClientSequence(client_sequence),
        action,
    };
    encode_command(&command, &mut [0; MAXIMUM_COMMAND_LENGTH]).to_vec()
}

pub(crate) fn new_order_message(
    instrument: u32,
    client_sequence: u64,
    client_order_id: u64,
    side: Side,
    price: i64,
    quantity: u64,
) -> Vec<u8> {
    let order = NewOrder::limit(ClientOrderId(client_order_id), side, Price(price), Quantity(quantity));
    command_message(instrument, client_sequence, Action::New(order))
}

pub(crate) fn activate_message(version: u16) -> Vec<u8> {
    encode_activate_protocol_version(ProtocolVersion(version), &mut [0; MAXIMUM_COMMAND_LENGTH]).to_vec()
}

/// A bid of one lot, good till `expire_time`.
pub(crate) fn gtd_order_message(
    instrument: u32,
    client_sequence: u64,
    client_order_id: u64,
    price: i64,
    expire_time: i64,
) -> Vec<u8> {
    let order = NewOrder {
        time_in_force: TimeInForce::Gtd,
        expire_time: Some(EpochNanos(expire_time)),
        ..NewOrder::limit(ClientOrderId(client_order_id), Side::Buy, Price(price), Quantity(1))
    };
    command_message(instrument, client_sequence, Action::New(order))
}

pub(crate) fn cancel_message(instrument: u32, client_sequence: u64, client_order_id: u64) -> Vec<u8> {
    let orig_client_order_id = ClientOrderId(client_order_id);
    command_message(instrument, client_sequence, Action::Cancel { orig_client_order_id })
}

pub(crate) fn define_message(instrument: u32, client_sequence: u64) -> Vec<u8> {
    command_message(0, client_sequence, Action::DefineInstrument(btc_usdt(InstrumentId(instrument))))
}

pub(crate) fn resume_message(instrument: u32, last_event_sequence: Option<u64>) -> Vec<u8> {
    let buffer = &mut [0; MAXIMUM_COMMAND_LENGTH];
    encode_resume(InstrumentId(instrument), last_event_sequence.map(EventSequence), buffer).to_vec()
}

/// A choice of cancel on disconnect, with a grace time in milliseconds.
pub(crate) fn cancel_on_disconnect_message(grace: Option<u32>) -> Vec<u8> {
    let grace = grace.and_then(GraceTime::from_milliseconds);
    encode_cancel_on_disconnect(grace, &mut [0; MAXIMUM_COMMAND_LENGTH]).to_vec()
}

pub(crate) fn drop_copy_message(instrument: u32) -> Vec<u8> {
    encode_drop_copy(InstrumentId(instrument), &mut [0; MAXIMUM_COMMAND_LENGTH]).to_vec()
}

/// A request for the events of a firm.
pub(crate) fn follow_message(firm: u32, last_event_sequence: Option<u64>) -> Vec<u8> {
    let last = last_event_sequence.map(EventSequence);
    encode_follow_firm(ParticipantId(firm), last, &mut [0; MAXIMUM_COMMAND_LENGTH]).to_vec()
}

/// The number of a [`book_message`], and of requests for orders.
pub(crate) const BOOK_REQUEST_ID: u64 = 77;

pub(crate) fn book_message(instrument: u32, depth: u16) -> Vec<u8> {
    let request = BookRequest {
        request_id: BOOK_REQUEST_ID,
        instrument: InstrumentId(instrument),
        depth,
        bids_after: None,
        offers_after: None,
        book_type: BookType::Levels,
    };
    encode_book_request(&request, &mut [0; MAXIMUM_COMMAND_LENGTH]).to_vec()
}

/// A request for one order.
pub(crate) fn order_status_message(instrument: u32, client_order_id: u64) -> Vec<u8> {
    let (instrument, client_order_id) = (InstrumentId(instrument), ClientOrderId(client_order_id));
    let request = OrderStatusRequest { request_id: BOOK_REQUEST_ID, instrument, client_order_id };
    encode_order_status_request(&request, &mut [0; MAXIMUM_COMMAND_LENGTH]).to_vec()
}

/// A request for the participant's orders in all instruments.
pub(crate) fn open_orders_message(after: StatusCursor) -> Vec<u8> {
    let request = OrderMassStatusRequest { request_id: BOOK_REQUEST_ID, instrument: InstrumentId::NONE, after };
    encode_order_mass_status_request(&request, &mut [0; MAXIMUM_COMMAND_LENGTH]).to_vec()
}

/// A message with the trailer of its session's key.
pub(crate) fn signed(signer: &mut MessageSigner, message: &[u8]) -> Vec<u8> {
    [message, &signer.trailer(message)].concat()
}
