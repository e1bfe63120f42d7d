//! Which messages concern a participant's session, over the typed codecs of `lugus-codecs`.

use lugus_codecs::market_data::{self, BookProgress, BookReject, decode_book, decode_book_reject};
use lugus_codecs::order_entry::{
    CancelOnDisconnect, MessageReject, decode_cancel_on_disconnect_report, decode_firm_reply, decode_message_reject,
    decode_order_status_report, decode_reply, decode_report, decode_session_replaced,
};
use lugus_codecs::{DecodeError, Envelope, MessageError};
use lugus_vocabulary::{Book, FirmReply, OrderStatusReport, Reply, Report};

/// A message of the cluster to a participant's session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ClusterMessage {
    /// An event.
    Report(Report),
    /// An answer that is no event.
    Reply(Reply),
    /// An event of a firm, or where a firm's events stand.
    Firm(FirmReply),
    /// A message of the session could not be read or was not allowed.
    MessageReject(MessageReject),
    /// What happens on disconnect, as the session has chosen.
    CancelOnDisconnect(CancelOnDisconnect),
    /// A newer session of the participant took over.
    SessionReplaced,
    /// A book or a part of one, written to where the caller wanted it.
    Book(BookProgress),
    /// There is no such book.
    BookReject(BookReject),
    /// Live orders of the participant, written to where the caller wanted them.
    OrderStatus,
}

/// Reads a message of the cluster. A book goes into `book` and a report of live orders into `orders`, whose contents are
/// undefined after an error.
///
/// # Errors
/// [`MessageError`], for any bytes that are not a whole, valid message to a participant.
#[inline]
pub(crate) fn decode(
    message: &[u8],
    book: &mut Book,
    orders: &mut OrderStatusReport,
) -> Result<ClusterMessage, MessageError> {
    let envelope = Envelope::open(message)?;
    if envelope.schema_id == market_data::SBE_SCHEMA_ID {
        return decode_market_data(envelope, book);
    }
    match decode_report(envelope)? {
        Some(report) => Ok(ClusterMessage::Report(report)),
        None => decode_answer(envelope, orders),
    }
}

/// Reads an answer that is no event.
fn decode_answer(envelope: Envelope<'_>, orders: &mut OrderStatusReport) -> Result<ClusterMessage, MessageError> {
    if let Some(reply) = decode_reply(envelope)? {
        return Ok(ClusterMessage::Reply(reply));
    }
    if let Some(reply) = decode_firm_reply(envelope)? {
        return Ok(ClusterMessage::Firm(reply));
    }
    if let Some(reject) = decode_message_reject(envelope)? {
        return Ok(ClusterMessage::MessageReject(reject));
    }
    if let Some(choice) = decode_cancel_on_disconnect_report(envelope)? {
        return Ok(ClusterMessage::CancelOnDisconnect(choice));
    }
    if decode_order_status_report(envelope, orders)? {
        return Ok(ClusterMessage::OrderStatus);
    }
    decode_session_replaced(envelope)?.map(|_| ClusterMessage::SessionReplaced).ok_or_else(|| unknown(envelope))
}

fn decode_market_data(envelope: Envelope<'_>, book: &mut Book) -> Result<ClusterMessage, MessageError> {
    if let Some(progress) = decode_book(envelope, book)? {
        return Ok(ClusterMessage::Book(progress));
    }
    decode_book_reject(envelope)?.map(ClusterMessage::BookReject).ok_or_else(|| unknown(envelope))
}

/// The error for a template that no message to a participant has.
#[cold]
fn unknown(envelope: Envelope<'_>) -> MessageError {
    DecodeError::Template { found: envelope.template_id }.into()
}

#[cfg(test)]
mod tests {
    use lugus_codecs::market_data::{BookBuffer, MAXIMUM_BOOK_LENGTH, encode_book, encode_book_reject};
    use lugus_codecs::order_entry::{
        CommandBuffer, MAXIMUM_COMMAND_LENGTH, MAXIMUM_FIRM_EVENT_LENGTH, MAXIMUM_REPORT_LENGTH, ReportBuffer,
        SessionReplaced, encode_cancel_on_disconnect_report, encode_firm_event, encode_message_reject,
        encode_order_status_report, encode_reply, encode_report, encode_resume, encode_session_replaced,
    };
    use lugus_vocabulary::{
        BookType, ClientSequence, CommandKind, EpochNanos, EventSequence, FirmEvent, GraceTime, InstrumentId, MapEpoch,
        MessageRejectReason, ParticipantId, RejectReason, ReportBody,
    };
    use proptest::prelude::*;

    use super::*;

    fn decode_one(message: &[u8]) -> Result<ClusterMessage, MessageError> {
        decode(message, &mut Book::with_room(), &mut OrderStatusReport::default())
    }

    #[test]
    fn each_message_to_a_participant_is_read() {
        let (mut buffer, mut room): (ReportBuffer, BookBuffer) = ([0; MAXIMUM_REPORT_LENGTH], [0; MAXIMUM_BOOK_LENGTH]);
        let instrument = InstrumentId(5);
        let report = Report {
            participant: ParticipantId(1),
            instrument,
            event_sequence: EventSequence(2),
            client_sequence: ClientSequence(3),
            time: EpochNanos(4),
            body: ReportBody::Reject { command: CommandKind::New, reason: RejectReason::Unsupported },
        };
        assert_eq!(decode_one(encode_report(&report, &mut buffer)), Ok(ClusterMessage::Report(report)));
        let reply = Reply::Moved { instrument, client_sequence: ClientSequence(6), epoch: MapEpoch(7) };
        assert_eq!(decode_one(encode_reply(&reply, &mut buffer)), Ok(ClusterMessage::Reply(reply)));
        let event = FirmEvent { firm: ParticipantId(3), event_sequence: EventSequence(4), report };
        let mut long = [0; MAXIMUM_FIRM_EVENT_LENGTH];
        let reply = FirmReply::Again(event);
        assert_eq!(decode_one(encode_firm_event(&event, &mut long)), Ok(ClusterMessage::Firm(reply)));
        let reject = MessageReject { template_id: 8, reason: MessageRejectReason::NotAuthorised };
        let message = encode_message_reject(reject, &mut buffer);
        assert_eq!(decode_one(message), Ok(ClusterMessage::MessageReject(reject)));
        let choice = CancelOnDisconnect { participant: ParticipantId(9), grace: Some(GraceTime::NONE) };
        let message = encode_cancel_on_disconnect_report(choice, &mut buffer);
        assert_eq!(decode_one(message), Ok(ClusterMessage::CancelOnDisconnect(choice)));
        let replaced = SessionReplaced { participant: ParticipantId(9) };
        let message = encode_session_replaced(replaced, &mut buffer);
        assert_eq!(decode_one(message), Ok(ClusterMessage::SessionReplaced));
        let book = encode_book(&Book::default(), BookType::Levels, &mut room);
        assert_eq!(decode_one(book), Ok(ClusterMessage::Book(BookProgress::Complete)));
        let orders = encode_order_status_report(&OrderStatusReport::default(), &mut room);
        assert_eq!(decode_one(orders), Ok(ClusterMessage::OrderStatus));
        let reject = BookReject { request_id: 10, instrument };
        assert_eq!(decode_one(encode_book_reject(reject, &mut room)), Ok(ClusterMessage::BookReject(reject)));
    }

    #[test]
    fn a_message_that_is_not_for_a_participant_is_refused() {
        let mut buffer: CommandBuffer = [0; MAXIMUM_COMMAND_LENGTH];
        let request = encode_resume(InstrumentId(1), None, &mut buffer);
        assert!(matches!(decode_one(request), Err(MessageError::Envelope(DecodeError::Template { .. }))));
        assert!(decode_one(&[]).is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1024))]

        #[test]
        fn no_bytes_make_it_panic(
            schema in prop_oneof![Just(201u16), Just(202), any::<u16>()],
            (block_length, template) in (0u16..256, 0u16..40),
            rest in proptest::collection::vec(any::<u8>(), 0..400),
        ) {
            let mut message = vec![0; lugus_codecs::HEADER_LENGTH];
            lugus_codecs::write_header(&mut message, block_length, template, schema, 0);
            message.extend_from_slice(&rest);
            let _ = decode_one(&message);
            let _ = decode_one(&rest);
        }
    }
}
