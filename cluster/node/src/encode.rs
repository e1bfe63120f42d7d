//! Egress: what the engine tells becomes an SBE message. The only place where order entry's events are encoded.

use lugus_codecs::market_data::market_data_orders_codec::encoder::OrdersEncoder;
use lugus_codecs::market_data::market_data_snapshot_codec::encoder::{BidsEncoder, OffersEncoder};
use lugus_codecs::market_data::{
    self, Encoder, book_type::BookType as WireBookType, end_of_book::EndOfBook, md_state::MDState,
};
use lugus_codecs::{HEADER_LENGTH, message};
use lugus_vocabulary::{
    ClientOrderId, CommandKind, DisplayedOrder, EpochNanos, Execution, InstrumentId, InstrumentState, KillSwitch,
    MarketDataSnapshot, ParticipantId, Price, PriceLevel, RejectReason, Reply, Report, ReportBody, RiskLimits,
};

use crate::decode::{BookRequest, BookType, Refusal};
use crate::market_data::item::state_code;
use crate::vocabulary::Said;

/// Most levels of a side in one [`book`].
pub const MAXIMUM_DEPTH: usize = 256;

/// Length of a buffer that takes any message of this module, in bytes.
pub const BUFFER_LENGTH: usize =
    HEADER_LENGTH + LONGEST_BOOK_BLOCK + 2 * (GROUP_HEADER_LENGTH + MAXIMUM_DEPTH * LEVEL_LENGTH);

/// Most orders in one [`book_orders`].
pub const MAXIMUM_ORDERS: usize = 256;

const LONGEST_BOOK_BLOCK: usize = 96;
const GROUP_HEADER_LENGTH: usize = 4;
const LEVEL_LENGTH: usize = 20;

/// A buffer for one message at a time, used again and again.
pub type Buffer = [u8; BUFFER_LENGTH];

/// Encodes an event; returns the message.
#[inline]
pub fn report<'b>(report: &Report, buffer: &'b mut Buffer) -> &'b [u8] {
    let length = match &report.body {
        ReportBody::Execution(execution) => execution_report(report, execution, buffer),
        ReportBody::CancelReject { orig_client_order_id, client_order_id, reason } => {
            cancel_reject(report, *orig_client_order_id, *client_order_id, *reason, buffer)
        }
        ReportBody::MassCancel { target, affected } => mass_cancel(report, *target, *affected, buffer),
        ReportBody::Instrument { instrument, state, reference_price } => {
            instrument_report(report, *instrument, *state, *reference_price, buffer)
        }
        ReportBody::Risk { target, limits, kill_switch } => risk(report, *target, limits, *kill_switch, buffer),
        ReportBody::Reject { command, reason } => business_reject(report, *command, *reason, buffer),
    };
    &buffer[..length]
}

/// Encodes an answer that is no event; returns the message.
pub fn reply<'b>(reply: &Reply, buffer: &'b mut Buffer) -> &'b [u8] {
    let length;
    match *reply {
        Reply::Again(ref again) => return report(again, buffer),
        Reply::SequenceReject { instrument, received, expected } => {
            message!(buffer, order_entry, sequence_reject_codec, SequenceRejectEncoder, length)
                .client_sequence(received.0)
                .expected_client_sequence(expected.0)
                .instrument_id(instrument.0);
        }
        Reply::ResumeComplete { instrument, last_client_sequence, last_event_sequence } => {
            message!(buffer, order_entry, resume_complete_codec, ResumeCompleteEncoder, length)
                .last_client_sequence(last_client_sequence.0)
                .last_event_sequence(last_event_sequence.0)
                .instrument_id(instrument.0);
        }
        Reply::EventGap { instrument, client_sequence, first_retained, last_event_sequence, lost_through } => {
            message!(buffer, order_entry, event_gap_codec, EventGapEncoder, length)
                .client_sequence(client_sequence.0)
                .first_retained_event_sequence(first_retained.0)
                .last_event_sequence(last_event_sequence.0)
                .lost_through_time(lost_through.0)
                .instrument_id(instrument.0);
        }
        Reply::Refused { instrument, client_sequence, reason } => {
            message!(buffer, order_entry, command_refused_codec, CommandRefusedEncoder, length)
                .client_sequence(client_sequence.0)
                .instrument_id(instrument.0)
                .reason(reason.to_wire());
        }
        Reply::Moved { instrument, client_sequence, epoch } => {
            message!(buffer, order_entry, moved_codec, MovedEncoder, length)
                .client_sequence(client_sequence.0)
                .epoch(epoch.0)
                .instrument_id(instrument.0);
        }
    }
    &buffer[..length]
}

/// Encodes why a message was no command.
pub fn message_reject(refusal: Refusal, buffer: &mut Buffer) -> &[u8] {
    let length;
    message!(buffer, order_entry, message_reject_codec, MessageRejectEncoder, length)
        .ref_template_id(refusal.template_id)
        .reason(refusal.reason);
    &buffer[..length]
}

/// Encodes what an older session is told before it is closed.
pub fn session_replaced(participant: ParticipantId, buffer: &mut Buffer) -> &[u8] {
    let length;
    message!(buffer, order_entry, session_replaced_codec, SessionReplacedEncoder, length).participant_id(participant.0);
    &buffer[..length]
}

/// The book of an instrument, as [`book`] encodes it.
#[derive(Debug, Clone, Copy)]
pub struct Book<'l> {
    /// What was asked.
    pub request: &'l BookRequest,
    /// Log time.
    pub time: EpochNanos,
    /// State and statistics, and the last increment that is in it.
    pub snapshot: &'l MarketDataSnapshot,
    /// Buyers' levels, best first.
    pub bids: &'l [PriceLevel],
    /// Sellers' levels, best first.
    pub offers: &'l [PriceLevel],
    /// Which sides have nothing after these.
    pub end_of_book: EndOfBook,
}

/// Encodes a book: of each side at most [`MAXIMUM_DEPTH`] levels.
pub fn book<'b>(book: &Book<'_>, buffer: &'b mut Buffer) -> &'b [u8] {
    // The generated group encoders fail only without their parent, and they have it.
    let length = book_groups(book, buffer).unwrap_or(0);
    &buffer[..length]
}

fn book_groups(book: &Book<'_>, buffer: &mut Buffer) -> market_data::SbeResult<usize> {
    let MarketDataSnapshot { instrument, sequence, state, reference_price, statistics } = *book.snapshot;
    let opt = |price: Option<Price>| price.map(|price| price.0);
    let _block_end;
    let mut wire = message!(buffer, market_data, market_data_snapshot_codec, MarketDataSnapshotEncoder, _block_end);
    wire.request_id(book.request.request_id)
        .transact_time(book.time.0)
        .sequence(sequence.0)
        .reference_price(reference_price.0)
        .opening_price_opt(opt(statistics.open))
        .high_price_opt(opt(statistics.high))
        .low_price_opt(opt(statistics.low))
        .last_price_opt(opt(statistics.last))
        .volume(statistics.volume.0)
        .instrument_id(instrument.0)
        .state(MDState::from(state_code(state)))
        .book_type(match book.request.book_type {
            BookType::Levels => WireBookType::LEVELS,
            BookType::Orders => WireBookType::ORDERS,
        });
    wire.end_of_book(book.end_of_book);

    let levels = &book.bids[..book.bids.len().min(MAXIMUM_DEPTH)];
    let mut bids = wire.bids_encoder(levels.len() as u16, BidsEncoder::default());
    for level in levels {
        bids.advance()?;
        bids.price(level.price.0).quantity(level.quantity.0).number_of_orders(level.orders);
    }

    let levels = &book.offers[..book.offers.len().min(MAXIMUM_DEPTH)];
    let mut offers = bids.parent()?.offers_encoder(levels.len() as u16, OffersEncoder::default());
    for level in levels {
        offers.advance()?;
        offers.price(level.price.0).quantity(level.quantity.0).number_of_orders(level.orders);
    }
    Ok(offers.parent()?.get_limit())
}

/// Encodes orders of a book's levels: at most [`MAXIMUM_ORDERS`].
pub fn book_orders<'b>(request: &BookRequest, orders: &[DisplayedOrder], buffer: &'b mut Buffer) -> &'b [u8] {
    let length = order_group(request, orders, buffer).unwrap_or(0);
    &buffer[..length]
}

fn order_group(request: &BookRequest, orders: &[DisplayedOrder], buffer: &mut Buffer) -> market_data::SbeResult<usize> {
    let orders = &orders[..orders.len().min(MAXIMUM_ORDERS)];
    let _block_end;
    let mut wire = message!(buffer, market_data, market_data_orders_codec, MarketDataOrdersEncoder, _block_end);
    wire.request_id(request.request_id).instrument_id(request.instrument.0);
    let mut group = wire.orders_encoder(orders.len() as u16, OrdersEncoder::default());
    for order in orders {
        group.advance()?;
        group.order_id(order.order_id.0).quantity(order.quantity.0);
    }
    Ok(group.parent()?.get_limit())
}

/// Encodes that there is no book to be had.
pub fn book_reject(request_id: u64, instrument: InstrumentId, buffer: &mut Buffer) -> &[u8] {
    let length;
    message!(buffer, market_data, market_data_request_reject_codec, MarketDataRequestRejectEncoder, length)
        .request_id(request_id)
        .instrument_id(instrument.0);
    &buffer[..length]
}

#[inline]
fn execution_report(report: &Report, execution: &Execution, buffer: &mut Buffer) -> usize {
    let length;
    message!(buffer, order_entry, execution_report_codec, ExecutionReportEncoder, length)
        .event_sequence(report.event_sequence.0)
        .client_sequence(report.client_sequence.0)
        .transact_time(report.time.0)
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
        .participant_id(report.participant.0)
        .instrument_id(report.instrument.0)
        .reason(execution.reason.to_wire())
        .exec_type(execution.exec_type.to_wire())
        .order_status(execution.order_status.to_wire())
        .side(execution.side.to_wire())
        .order_type(execution.order_type.to_wire())
        .time_in_force(execution.time_in_force.to_wire())
        .liquidity_indicator(execution.liquidity.to_wire());
    length
}

fn cancel_reject(
    report: &Report,
    orig_client_order_id: ClientOrderId,
    client_order_id: ClientOrderId,
    reason: RejectReason,
    buffer: &mut Buffer,
) -> usize {
    let length;
    message!(buffer, order_entry, order_cancel_reject_codec, OrderCancelRejectEncoder, length)
        .event_sequence(report.event_sequence.0)
        .client_sequence(report.client_sequence.0)
        .transact_time(report.time.0)
        .orig_client_order_id(orig_client_order_id.0)
        .client_order_id(client_order_id.0)
        .participant_id(report.participant.0)
        .instrument_id(report.instrument.0)
        .reason(reason.to_wire());
    length
}

fn mass_cancel(report: &Report, target: ParticipantId, affected: u32, buffer: &mut Buffer) -> usize {
    let length;
    message!(buffer, order_entry, order_mass_cancel_report_codec, OrderMassCancelReportEncoder, length)
        .event_sequence(report.event_sequence.0)
        .client_sequence(report.client_sequence.0)
        .transact_time(report.time.0)
        .participant_id(report.participant.0)
        .instrument_id(report.instrument.0)
        .target_participant_id(target.0)
        .total_affected_orders(affected);
    length
}

fn instrument_report(
    report: &Report,
    subject: InstrumentId,
    state: InstrumentState,
    reference_price: Price,
    buffer: &mut Buffer,
) -> usize {
    let length;
    message!(buffer, order_entry, instrument_report_codec, InstrumentReportEncoder, length)
        .event_sequence(report.event_sequence.0)
        .client_sequence(report.client_sequence.0)
        .transact_time(report.time.0)
        .reference_price(reference_price.0)
        .participant_id(report.participant.0)
        .instrument_id(report.instrument.0)
        .subject_instrument_id(subject.0)
        .state(state.to_wire());
    length
}

fn risk(
    report: &Report,
    target: ParticipantId,
    limits: &RiskLimits,
    kill_switch: KillSwitch,
    buffer: &mut Buffer,
) -> usize {
    let length;
    message!(buffer, order_entry, risk_report_codec, RiskReportEncoder, length)
        .event_sequence(report.event_sequence.0)
        .client_sequence(report.client_sequence.0)
        .transact_time(report.time.0)
        .maximum_quantity(limits.maximum_quantity.map_or(0, |quantity| quantity.0))
        .maximum_notional(limits.maximum_notional.unwrap_or(0))
        .participant_id(report.participant.0)
        .instrument_id(report.instrument.0)
        .target_participant_id(target.0)
        .maximum_open_orders(limits.maximum_open_orders.unwrap_or(0))
        .maximum_commands_per_second(limits.maximum_commands_per_second.unwrap_or(0))
        .kill_switch(kill_switch.to_wire());
    length
}

fn business_reject(report: &Report, command: CommandKind, reason: RejectReason, buffer: &mut Buffer) -> usize {
    let length;
    message!(buffer, order_entry, business_message_reject_codec, BusinessMessageRejectEncoder, length)
        .event_sequence(report.event_sequence.0)
        .client_sequence(report.client_sequence.0)
        .transact_time(report.time.0)
        .participant_id(report.participant.0)
        .instrument_id(report.instrument.0)
        .reason(reason.to_wire())
        .ref_template_id(command as u16);
    length
}
