//! The cluster's half of the wire, for tests: reads what a session sends, and writes what the session hears.

// Each test binary uses a part of it.
#![allow(dead_code)]

use lugus_codecs::Envelope;
use lugus_codecs::market_data::{self, BookReject, MAXIMUM_BOOK_LENGTH, decode_book_request, encode_book_reject};
use lugus_codecs::order_entry::{
    CancelOnDisconnect, MAXIMUM_FIRM_EVENT_LENGTH, MAXIMUM_ORDER_STATUS_LENGTH, MAXIMUM_REPORT_LENGTH, MessageReject,
    SessionReplaced, decode_command, decode_request, encode_cancel_on_disconnect_report, encode_firm_reply,
    encode_message_reject, encode_order_status_report, encode_reply, encode_report, encode_session_replaced,
};
use lugus_vocabulary::{
    Action, ClientOrderId, ClientSequence, EpochNanos, EventSequence, Execution, FirmEvent, FirmReply, GraceTime,
    InstrumentId, MapEpoch, MessageRejectReason, NewOrder, OrderId, OrderMassStatusRequest, OrderStatusReport,
    OrderStatusRequest, ParticipantId, Price, Quantity, RejectReason, Reply, Report, ReportBody, Request, Side,
};

/// What a session sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sent {
    Order {
        instrument: u32,
        number: u64,
        client_order_id: u64,
    },
    MassQuote {
        instrument: u32,
        number: u64,
    },
    Resume {
        instrument: u32,
        last_event: Option<u64>,
    },
    DropCopy {
        instrument: u32,
    },
    Book {
        instrument: u32,
        depth: u16,
        request_id: u64,
    },
    /// With the grace time in milliseconds.
    CancelOnDisconnect {
        grace: Option<u32>,
    },
    OrderStatus {
        instrument: u32,
        client_order_id: u64,
        request_id: u64,
    },
    OpenOrders(OrderMassStatusRequest),
    FollowFirm {
        firm: u32,
        last_event: Option<u64>,
    },
}

/// Reads a message of a session.
pub(crate) fn read(message: &[u8]) -> Sent {
    let envelope = Envelope::open(message).unwrap();
    if envelope.schema_id == market_data::SBE_SCHEMA_ID {
        let book = decode_book_request(envelope).unwrap();
        return Sent::Book { instrument: book.instrument.0, depth: book.depth, request_id: book.request_id };
    }
    if let Some(command) = decode_command(ParticipantId(0), envelope).unwrap() {
        let (instrument, number) = (command.instrument.0, command.client_sequence.0);
        let order = match command.action {
            Action::New(order) => order,
            Action::MassQuote(_) => return Sent::MassQuote { instrument, number },
            other => panic!("{other:?}"),
        };
        return Sent::Order { instrument, number, client_order_id: order.client_order_id.0 };
    }
    match decode_request(envelope).unwrap() {
        Some(Request::Resume { instrument, last_event_sequence }) => {
            Sent::Resume { instrument: instrument.0, last_event: last_event_sequence.map(|event| event.0) }
        }
        Some(Request::DropCopy { instrument }) => Sent::DropCopy { instrument: instrument.0 },
        Some(Request::CancelOnDisconnect { grace }) => {
            Sent::CancelOnDisconnect { grace: grace.map(GraceTime::milliseconds) }
        }
        Some(Request::OrderStatus(request)) => {
            let OrderStatusRequest { request_id, instrument, client_order_id } = request;
            Sent::OrderStatus { instrument: instrument.0, client_order_id: client_order_id.0, request_id }
        }
        Some(Request::OrderMassStatus(request)) => Sent::OpenOrders(request),
        Some(Request::FollowFirm { firm, last_event_sequence }) => {
            Sent::FollowFirm { firm: firm.0, last_event: last_event_sequence.map(|event| event.0) }
        }
        other => panic!("{other:?}"),
    }
}

/// An event of a firm: one of participant 1 in instrument 2.
pub(crate) fn firm_event(firm: u32, event: u64) -> Vec<u8> {
    let report = Report {
        participant: ParticipantId(1),
        instrument: InstrumentId(2),
        event_sequence: EventSequence(event + 100),
        client_sequence: ClientSequence(0),
        time: EpochNanos(event.cast_signed()),
        body: ReportBody::MassCancel { target: ParticipantId(1), affected: 3 },
    };
    firm_reply(&FirmReply::Again(FirmEvent { firm: ParticipantId(firm), event_sequence: EventSequence(event), report }))
}

/// The end of an answer with events of a firm.
pub(crate) fn firm_complete(firm: u32, through: u64, last: u64) -> Vec<u8> {
    let (through, last_event_sequence) = (EventSequence(through), EventSequence(last));
    firm_reply(&FirmReply::ResumeComplete { firm: ParticipantId(firm), through, last_event_sequence })
}

/// Events of a firm are no longer kept.
pub(crate) fn firm_gap(firm: u32, first_retained: u64, last: u64, lost_through: i64) -> Vec<u8> {
    firm_reply(&FirmReply::EventGap {
        firm: ParticipantId(firm),
        first_retained: EventSequence(first_retained),
        last_event_sequence: EventSequence(last),
        lost_through: EpochNanos(lost_through),
    })
}

fn firm_reply(reply: &FirmReply) -> Vec<u8> {
    encode_firm_reply(reply, &mut [0; MAXIMUM_FIRM_EVENT_LENGTH]).to_vec()
}

/// A report of open orders.
pub(crate) fn order_status(report: &OrderStatusReport) -> Vec<u8> {
    encode_order_status_report(report, &mut [0; MAXIMUM_ORDER_STATUS_LENGTH]).to_vec()
}

/// An event.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) participant: u32,
    pub(crate) instrument: u32,
    pub(crate) event: u64,
    /// Client sequence of the command that the event answers; 0 for none.
    pub(crate) number: u64,
    pub(crate) client_order_id: u64,
    pub(crate) order_id: u64,
}

pub(crate) fn report(event: &Event) -> Vec<u8> {
    let order = NewOrder::limit(ClientOrderId(event.client_order_id), Side::Buy, Price(1), Quantity(1));
    let execution = Execution::accepted(OrderId(event.order_id), &order);
    let report = Report {
        participant: ParticipantId(event.participant),
        instrument: InstrumentId(event.instrument),
        event_sequence: EventSequence(event.event),
        client_sequence: ClientSequence(event.number),
        time: EpochNanos(0),
        body: execution.into(),
    };
    encode_report(&report, &mut [0; MAXIMUM_REPORT_LENGTH]).to_vec()
}

fn reply(reply: &Reply) -> Vec<u8> {
    encode_reply(reply, &mut [0; MAXIMUM_REPORT_LENGTH]).to_vec()
}

pub(crate) fn resume_complete(instrument: u32, applied: u64, told: u64) -> Vec<u8> {
    reply(&Reply::ResumeComplete {
        instrument: InstrumentId(instrument),
        last_client_sequence: ClientSequence(applied),
        last_event_sequence: EventSequence(told),
    })
}

pub(crate) fn event_gap(instrument: u32, number: u64, first_retained: u64, told: u64) -> Vec<u8> {
    reply(&Reply::EventGap {
        instrument: InstrumentId(instrument),
        client_sequence: ClientSequence(number),
        first_retained: EventSequence(first_retained),
        last_event_sequence: EventSequence(told),
        lost_through: EpochNanos(1),
    })
}

pub(crate) fn sequence_reject(instrument: u32, number: u64, expected: u64) -> Vec<u8> {
    reply(&Reply::SequenceReject {
        instrument: InstrumentId(instrument),
        received: ClientSequence(number),
        expected: ClientSequence(expected),
    })
}

pub(crate) fn refused(instrument: u32, number: u64) -> Vec<u8> {
    reply(&Reply::Refused {
        instrument: InstrumentId(instrument),
        client_sequence: ClientSequence(number),
        reason: RejectReason::UnknownInstrument,
    })
}

pub(crate) fn moved(instrument: u32, number: u64, epoch: u64) -> Vec<u8> {
    reply(&Reply::Moved {
        instrument: InstrumentId(instrument),
        client_sequence: ClientSequence(number),
        epoch: MapEpoch(epoch),
    })
}

pub(crate) fn message_reject(template_id: u16, reason: MessageRejectReason) -> Vec<u8> {
    encode_message_reject(MessageReject { template_id, reason }, &mut [0; MAXIMUM_REPORT_LENGTH]).to_vec()
}

pub(crate) fn session_replaced(participant: u32) -> Vec<u8> {
    let replaced = SessionReplaced { participant: ParticipantId(participant) };
    encode_session_replaced(replaced, &mut [0; MAXIMUM_REPORT_LENGTH]).to_vec()
}

pub(crate) fn choice_confirmed(participant: u32, grace: GraceTime) -> Vec<u8> {
    let choice = CancelOnDisconnect { participant: ParticipantId(participant), grace: Some(grace) };
    encode_cancel_on_disconnect_report(choice, &mut [0; MAXIMUM_REPORT_LENGTH]).to_vec()
}

pub(crate) fn book_reject(instrument: u32, request_id: u64) -> Vec<u8> {
    let reject = BookReject { request_id, instrument: InstrumentId(instrument) };
    encode_book_reject(reject, &mut [0; MAXIMUM_BOOK_LENGTH]).to_vec()
}
