//! Ingress: what a session's message asks for, and whether its participant may send it. How the messages are laid out is
//! in `lugus-codecs`.

use lugus_codecs::market_data::{self, decode_book_request};
use lugus_codecs::migration::records::MAXIMUM_RUN_LENGTH;
use lugus_codecs::migration::{carries_records, decode_migration_request, is_migration_request};
use lugus_codecs::order_entry::{self, MessageReject, decode_command, decode_request, template_id};
use lugus_codecs::{DecodeError, Envelope, MessageError};
use lugus_vocabulary::{Command, MessageRejectReason, MigrationRequest, ParticipantId, ProtocolVersion, Request};

/// Length of the longest message that is read, in bytes with its header. All commands are far shorter; a later version may
/// add fields.
pub const MAXIMUM_MESSAGE_LENGTH: usize = 1024;

/// Length of the longest message with an operator's records of a migration.
const MAXIMUM_RECORDS_LENGTH: usize = MAXIMUM_MESSAGE_LENGTH + MAXIMUM_RUN_LENGTH;

/// What a message asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inbound<'a> {
    /// A command, for the engine to apply.
    Command(Command),
    /// A request, which is answered from the engine's state and does not change it.
    Request(Request),
    /// The operator's step of a migration, for the engine to do.
    Migration(MigrationRequest<&'a [u8]>),
}

/// Why a message is refused.
enum Refusal {
    /// The message cannot be read.
    Unreadable(MessageError),
    /// The message is of a later version than the active one.
    LaterVersion,
    /// The participant may not send the message.
    NotAuthorised,
}

impl From<MessageError> for Refusal {
    fn from(error: MessageError) -> Self {
        Self::Unreadable(error)
    }
}

/// Decodes a message that a session of `participant` sent. A message of order entry of a later version than `active` is refused,
/// whatever this program knows: each member of the cluster has to do the same.
///
/// # Errors
/// What the sender is told, if the bytes are not a complete, valid message of `schemas/order-entry.xml` or
/// `schemas/market-data.xml` to a member, or the participant may not send it.
#[inline]
pub fn decode(
    participant: ParticipantId,
    active: ProtocolVersion,
    message: &[u8],
) -> Result<Inbound<'_>, MessageReject> {
    if message.len() > MAXIMUM_MESSAGE_LENGTH && !has_records(message) {
        let template_id = Envelope::open(message).map_or(0, |envelope| envelope.template_id);
        return Err(MessageReject { template_id, reason: MessageRejectReason::Oversized });
    }
    let envelope = Envelope::open(message)
        .map_err(|_| MessageReject { template_id: 0, reason: MessageRejectReason::Truncated })?;
    read(participant, active, envelope)
        .map_err(|refusal| MessageReject { template_id: envelope.template_id, reason: reason(&refusal) })
}

#[inline]
fn read(participant: ParticipantId, active: ProtocolVersion, envelope: Envelope<'_>) -> Result<Inbound<'_>, Refusal> {
    if envelope.schema_id == market_data::SBE_SCHEMA_ID {
        return Ok(Inbound::Request(Request::Book(decode_book_request(envelope)?)));
    }
    if envelope.version > active.0 && is_of_later_version(envelope) {
        return Err(Refusal::LaterVersion);
    }
    if let Some(command) = decode_command(participant, envelope)? {
        return Ok(Inbound::Command(command));
    }
    if let Some(request) = decode_request(envelope)? {
        return Ok(Inbound::Request(request));
    }
    if is_migration_request(envelope.template_id) && participant != ParticipantId::OPERATOR {
        return Err(Refusal::NotAuthorised);
    }
    let unknown = MessageError::Envelope(DecodeError::Template { found: envelope.template_id });
    Ok(Inbound::Migration(decode_migration_request(envelope)?.ok_or(unknown)?))
}

/// Whether the version of a message's header matters: how a version becomes active is the same in all of them.
#[cold]
fn is_of_later_version(envelope: Envelope<'_>) -> bool {
    envelope.schema_id == order_entry::SBE_SCHEMA_ID && envelope.template_id != template_id::ACTIVATE_PROTOCOL_VERSION
}

/// Whether a long message has an operator's records of a migration.
#[cold]
fn has_records(message: &[u8]) -> bool {
    message.len() <= MAXIMUM_RECORDS_LENGTH && Envelope::open(message).is_ok_and(carries_records)
}

/// What the sender is told of a refusal.
#[cold]
fn reason(refusal: &Refusal) -> MessageRejectReason {
    match refusal {
        Refusal::NotAuthorised => MessageRejectReason::NotAuthorised,
        Refusal::LaterVersion => MessageRejectReason::WrongVersion,
        Refusal::Unreadable(MessageError::Value { .. }) => MessageRejectReason::InvalidValue,
        Refusal::Unreadable(MessageError::Group { .. }) => MessageRejectReason::Truncated,
        Refusal::Unreadable(MessageError::Envelope(error)) => match error {
            DecodeError::Short { .. } | DecodeError::VarData { .. } => MessageRejectReason::Truncated,
            DecodeError::Schema { .. } => MessageRejectReason::WrongSchema,
            DecodeError::Template { .. } => MessageRejectReason::UnknownTemplate,
            DecodeError::Version { .. } => MessageRejectReason::WrongVersion,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_messages::{
        activate_message, book_message, cancel_message, command_message, new_order_message, resume_message,
    };
    use lugus_codecs::{HEADER_LENGTH, order_entry};
    use lugus_vocabulary::{Action, CommandKind, InstrumentId, PostOnly, Price, Quantity, Side};
    use proptest::prelude::*;

    const ME: ParticipantId = ParticipantId(7);
    const ACTIVE: ProtocolVersion = ProtocolVersion::FIRST_ACTIVE;

    fn decode(participant: ParticipantId, message: &[u8]) -> Result<Inbound<'_>, MessageReject> {
        super::decode(participant, ACTIVE, message)
    }

    fn refused(message: &[u8]) -> MessageReject {
        decode(ME, message).unwrap_err()
    }

    #[test]
    fn an_order_is_read_field_by_field() {
        let message = new_order_message(3, 5, 42, Side::Sell, 1_234, 9);
        let Ok(Inbound::Command(command)) = decode(ME, &message) else { panic!("not a command") };
        assert_eq!((command.participant, command.instrument, command.client_sequence.0), (ME, InstrumentId(3), 5));
        let Action::New(order) = command.action else { panic!("not an order") };
        assert_eq!((order.client_order_id.0, order.side), (42, Side::Sell));
        assert_eq!((order.price, order.quantity), (Some(Price(1_234)), Quantity(9)));
        assert_eq!((order.stop_price, order.expire_time, order.post_only), (None, None, PostOnly::No));
    }

    #[test]
    fn each_fault_is_rejected_with_its_reason() {
        let whole = new_order_message(1, 1, 1, Side::Buy, 1, 1);
        let template_id = u16::from(CommandKind::New.number());
        let cases = [
            (whole[..5].to_vec(), 0, MessageRejectReason::Truncated),
            (whole[..whole.len() - 1].to_vec(), template_id, MessageRejectReason::Truncated),
            (edited(&whole, 4, 111), template_id, MessageRejectReason::WrongSchema),
            (edited(&whole, 2, 999), 999, MessageRejectReason::UnknownTemplate),
            (edited(&whole, 0, 10), template_id, MessageRejectReason::WrongVersion),
            (vec![0; MAXIMUM_MESSAGE_LENGTH + 1], 0, MessageRejectReason::Oversized),
        ];
        for (message, template_id, reason) in cases {
            assert_eq!(refused(&message), MessageReject { template_id, reason });
        }
    }

    fn edited(message: &[u8], at: usize, value: u16) -> Vec<u8> {
        let mut edited = message.to_vec();
        edited[at..at + 2].copy_from_slice(&value.to_le_bytes());
        edited
    }

    #[test]
    fn no_unknown_value_is_taken_for_another() {
        let mut message = command_message(1, 1, Action::MassCancel { target: ME, side: Some(Side::Buy) });
        let side = message.len() - 1;
        for value in 3..=255 {
            message[side] = value;
            assert_eq!(refused(&message).reason, MessageRejectReason::InvalidValue, "{value}");
        }
    }

    #[test]
    fn a_message_of_a_later_version_is_refused_until_that_is_active() {
        let mut message = cancel_message(1, 2, 3);
        let block_length = (message.len() - HEADER_LENGTH) as u16;
        message.extend_from_slice(&[0xab; 24]);
        let later = edited(&edited(&message, 0, block_length + 24), 6, 9);
        let template_id = u16::from(CommandKind::Cancel.number());
        assert_eq!(refused(&later), MessageReject { template_id, reason: MessageRejectReason::WrongVersion });
        let when_active = super::decode(ME, ProtocolVersion(9), &later);
        assert_eq!(when_active, decode(ME, &cancel_message(1, 2, 3)), "fields that are not known are passed over");
    }

    #[test]
    fn what_makes_a_version_active_and_requests_for_books_are_read_in_any_version() {
        for message in [activate_message(9), book_message(1, 9)] {
            let later = edited(&message, 6, 9);
            assert_eq!(decode(ME, &later), decode(ME, &message));
            assert!(decode(ME, &later).is_ok());
        }
    }

    /// Clients that sign their messages can be installed before members that check them.
    #[test]
    fn what_follows_a_message_is_not_read() {
        let resume = resume_message(1, Some(4));
        for message in
            [new_order_message(1, 1, 1, Side::Buy, 1, 1), cancel_message(1, 2, 3), resume, book_message(1, 9)]
        {
            let followed = [message.as_slice(), &[0xab; 16]].concat();
            assert_eq!(decode(ME, &followed), decode(ME, &message));
            assert!(decode(ME, &message).is_ok());
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = decode(ME, &bytes);
        }

        #[test]
        fn no_damage_makes_it_panic(
            template in 0u16..20, block_length in 0u16..120, body in proptest::collection::vec(any::<u8>(), 0..120)
        ) {
            let mut bytes = vec![0; HEADER_LENGTH];
            lugus_codecs::write_header(&mut bytes, block_length, template, order_entry::SBE_SCHEMA_ID, 0);
            bytes.extend_from_slice(&body);
            let _ = decode(ME, &bytes);
        }
    }
}
