//! The cluster's half of the wire, for tests: reads what a session sends with the generated decoders, and writes what it
//! hears with the generated encoders.

// Each test binary uses a part of it.
#![allow(dead_code)]

use lugus_codecs::market_data::market_data_request_codec;
use lugus_codecs::market_data::market_data_request_reject_codec;
use lugus_codecs::order_entry::exec_type::ExecType;
use lugus_codecs::order_entry::liquidity_indicator::LiquidityIndicator;
use lugus_codecs::order_entry::message_reject_reason::MessageRejectReason;
use lugus_codecs::order_entry::order_status::OrderStatus;
use lugus_codecs::order_entry::order_type::OrderType;
use lugus_codecs::order_entry::reject_reason::RejectReason;
use lugus_codecs::order_entry::side::Side;
use lugus_codecs::order_entry::time_in_force::TimeInForce;
use lugus_codecs::order_entry::{
    command_refused_codec, drop_copy_request_codec, event_gap_codec, execution_report_codec, message_reject_codec,
    moved_codec, new_order_single_codec, resume_codec, resume_complete_codec, sequence_reject_codec,
    session_replaced_codec,
};
use lugus_codecs::{Envelope, HEADER_LENGTH, market_data, order_entry, write_header};

/// What a session sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sent {
    Order { instrument: u32, number: u64, client_order_id: u64 },
    Resume { instrument: u32, last_event: Option<u64> },
    DropCopy { instrument: u32 },
    Book { instrument: u32, depth: u16, request_id: u64 },
}

macro_rules! write {
    ($protocol:ident, $codec:ident, $encoder:ident, |$message:ident| $fill:expr) => {{
        let mut bytes = vec![0; 256];
        let length = write_header(
            &mut bytes,
            $codec::SBE_BLOCK_LENGTH,
            $codec::SBE_TEMPLATE_ID,
            $protocol::SBE_SCHEMA_ID,
            $protocol::SBE_SCHEMA_VERSION,
        );
        let mut $message =
            $codec::encoder::$encoder::default().wrap($protocol::WriteBuf::new(&mut bytes), HEADER_LENGTH);
        $fill;
        bytes.truncate(length);
        bytes
    }};
}

macro_rules! read {
    ($protocol:ident, $envelope:expr, $codec:ident, $decoder:ident) => {{
        let body = $envelope.body($codec::SBE_TEMPLATE_ID, $codec::SBE_BLOCK_LENGTH).unwrap();
        $codec::decoder::$decoder::default().wrap(
            $protocol::ReadBuf::new(body.message),
            HEADER_LENGTH,
            body.block_length,
            body.version,
        )
    }};
}

/// Reads a message of a session.
pub(crate) fn read(message: &[u8]) -> Sent {
    let envelope = Envelope::open(message).unwrap();
    if envelope.schema_id == market_data::SBE_SCHEMA_ID {
        let book = read!(market_data, envelope, market_data_request_codec, MarketDataRequestDecoder);
        let (instrument, depth) = (book.instrument_id(), book.market_depth());
        return Sent::Book { instrument, depth, request_id: book.request_id() };
    }
    let envelope = envelope.of_schema(order_entry::SBE_SCHEMA_ID).unwrap();
    match envelope.template_id {
        new_order_single_codec::SBE_TEMPLATE_ID => {
            let order = read!(order_entry, envelope, new_order_single_codec, NewOrderSingleDecoder);
            let (number, client_order_id) = (order.client_sequence(), order.client_order_id());
            Sent::Order { instrument: order.instrument_id(), number, client_order_id }
        }
        resume_codec::SBE_TEMPLATE_ID => {
            let resume = read!(order_entry, envelope, resume_codec, ResumeDecoder);
            Sent::Resume { instrument: resume.instrument_id(), last_event: resume.last_event_sequence() }
        }
        drop_copy_request_codec::SBE_TEMPLATE_ID => {
            let drop_copy = read!(order_entry, envelope, drop_copy_request_codec, DropCopyRequestDecoder);
            Sent::DropCopy { instrument: drop_copy.instrument_id() }
        }
        found => panic!("template {found}"),
    }
}

/// An event.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) participant: u32,
    pub(crate) instrument: u32,
    pub(crate) event: u64,
    /// The command that it answers; 0 for none.
    pub(crate) number: u64,
    pub(crate) client_order_id: u64,
    pub(crate) order_id: u64,
}

pub(crate) fn report(event: &Event) -> Vec<u8> {
    write!(order_entry, execution_report_codec, ExecutionReportEncoder, |wire| wire
        .event_sequence(event.event)
        .client_sequence(event.number)
        .client_order_id(event.client_order_id)
        .order_id(event.order_id)
        .participant_id(event.participant)
        .instrument_id(event.instrument)
        .reason(RejectReason::NONE)
        .exec_type(ExecType::NEW)
        .order_status(OrderStatus::NEW)
        .side(Side::BUY)
        .order_type(OrderType::LIMIT)
        .time_in_force(TimeInForce::GTC)
        .liquidity_indicator(LiquidityIndicator::NONE))
}

pub(crate) fn resume_complete(instrument: u32, applied: u64, told: u64) -> Vec<u8> {
    write!(order_entry, resume_complete_codec, ResumeCompleteEncoder, |wire| wire
        .last_client_sequence(applied)
        .last_event_sequence(told)
        .instrument_id(instrument))
}

pub(crate) fn event_gap(instrument: u32, number: u64, first_retained: u64, told: u64) -> Vec<u8> {
    write!(order_entry, event_gap_codec, EventGapEncoder, |wire| wire
        .client_sequence(number)
        .first_retained_event_sequence(first_retained)
        .last_event_sequence(told)
        .lost_through_time(1)
        .instrument_id(instrument))
}

pub(crate) fn sequence_reject(instrument: u32, number: u64, expected: u64) -> Vec<u8> {
    write!(order_entry, sequence_reject_codec, SequenceRejectEncoder, |wire| wire
        .client_sequence(number)
        .expected_client_sequence(expected)
        .instrument_id(instrument))
}

pub(crate) fn refused(instrument: u32, number: u64) -> Vec<u8> {
    write!(order_entry, command_refused_codec, CommandRefusedEncoder, |wire| wire
        .client_sequence(number)
        .instrument_id(instrument)
        .reason(RejectReason::UNKNOWN_INSTRUMENT))
}

pub(crate) fn moved(instrument: u32, number: u64, epoch: u64) -> Vec<u8> {
    write!(order_entry, moved_codec, MovedEncoder, |wire| wire
        .client_sequence(number)
        .epoch(epoch)
        .instrument_id(instrument))
}

pub(crate) fn message_reject(template_id: u16, reason: MessageRejectReason) -> Vec<u8> {
    write!(order_entry, message_reject_codec, MessageRejectEncoder, |wire| wire
        .ref_template_id(template_id)
        .reason(reason))
}

pub(crate) fn session_replaced(participant: u32) -> Vec<u8> {
    write!(order_entry, session_replaced_codec, SessionReplacedEncoder, |wire| wire.participant_id(participant))
}

pub(crate) fn book_reject(instrument: u32, request_id: u64) -> Vec<u8> {
    write!(market_data, market_data_request_reject_codec, MarketDataRequestRejectEncoder, |wire| wire
        .request_id(request_id)
        .instrument_id(instrument))
}
