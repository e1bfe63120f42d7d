//! Ingress: an SBE message of a participant becomes an engine [`Command`] or a [`Request`]. The only place where order
//! entry's commands are decoded.

use lugus_codecs::market_data::{self, book_type::BookType as WireBookType};
use lugus_codecs::migration::records::MAXIMUM_RUN_LENGTH;
use lugus_codecs::migration::{decode_migration_request, is_migration_request};
use lugus_codecs::order_entry::{
    self, define_instrument_codec, drop_copy_request_codec, import_records_codec, mass_cancel_side::MassCancelSide,
    message_reject_reason::MessageRejectReason, new_order_single_codec, order_cancel_replace_request_codec,
    order_cancel_request_codec, order_mass_cancel_request_codec, resume_codec, set_instrument_state_codec,
    set_kill_switch_codec, set_risk_limits_codec,
};
use lugus_codecs::{DecodeError, Envelope, MessageError, block};
use lugus_vocabulary::{
    Action, ClientOrderId, ClientSequence, Command, Decimal, EpochNanos, EventSequence, InstrumentDefinition,
    InstrumentId, MigrationRequest, NewOrder, ParticipantId, PostOnly, Price, Quantity, Replace, RiskLimits, Side,
    Symbol,
};

use crate::vocabulary::Heard;

/// Longest message that is looked at, in bytes with its header. All commands are far shorter; a later version may add
/// fields.
pub const MAXIMUM_MESSAGE_LENGTH: usize = 1024;

/// Longest message with an operator's records of a migration.
const MAXIMUM_RECORDS_LENGTH: usize = MAXIMUM_MESSAGE_LENGTH + MAXIMUM_RUN_LENGTH;

/// What a message asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inbound<'a> {
    /// For the engine, in its order.
    Command(Command),
    /// Answered from the engine's state, which it does not change.
    Request(Request),
    /// An operator's step of a migration, for the engine in its order.
    Migration(MigrationRequest<&'a [u8]>),
}

/// A request that changes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Request {
    /// Tell the events after this one again; `None`: only where the scope stands.
    Resume {
        /// With the session's participant, the scope.
        instrument: InstrumentId,
        /// Last event seen.
        last_event_sequence: Option<EventSequence>,
    },
    /// From now on tell this session the events of all participants.
    DropCopy {
        /// Of which instrument; [`InstrumentId::NONE`] is all.
        instrument: InstrumentId,
    },
    /// The book as it is now.
    Book(BookRequest),
}

/// Asks for a book, or a part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BookRequest {
    /// The asker's number.
    pub request_id: u64,
    /// Of which instrument.
    pub instrument: InstrumentId,
    /// Levels of each side, at most.
    pub depth: u16,
    /// Only bids below.
    pub bids_after: Option<Price>,
    /// Only offers above.
    pub offers_after: Option<Price>,
    /// In which detail.
    pub book_type: BookType,
}

/// Detail of a book.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BookType {
    /// By price level.
    Levels,
    /// Also by order.
    Orders,
}

/// Why a message is no command: what the sender is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal {
    /// The template that it claims to be; 0 when not even that can be read.
    pub template_id: u16,
    /// What is wrong with it.
    pub reason: MessageRejectReason,
}

/// What is wrong with one message, before the template is known to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    Envelope(DecodeError),
    Value,
    NotAuthorised,
}

impl From<DecodeError> for Fault {
    fn from(error: DecodeError) -> Self {
        Self::Envelope(error)
    }
}

/// Decodes what `participant`'s session sent.
///
/// # Errors
/// [`Refusal`], for any bytes that are not a whole, valid message of `schemas/order-entry.xml` or
/// `schemas/market-data.xml`.
#[inline]
pub fn decode(participant: ParticipantId, message: &[u8]) -> Result<Inbound<'_>, Refusal> {
    if message.len() > MAXIMUM_MESSAGE_LENGTH && !is_of_records(message) {
        let template_id = Envelope::open(message).map_or(0, |envelope| envelope.template_id);
        return Err(Refusal { template_id, reason: MessageRejectReason::OVERSIZED });
    }
    let envelope =
        Envelope::open(message).map_err(|_| Refusal { template_id: 0, reason: MessageRejectReason::TRUNCATED })?;
    let decoded = match envelope.schema_id {
        order_entry::SBE_SCHEMA_ID => order_entry_message(participant, envelope),
        market_data::SBE_SCHEMA_ID => market_data_message(envelope),
        found => Err(Fault::Envelope(DecodeError::Schema { found, expected: order_entry::SBE_SCHEMA_ID })),
    };
    decoded.map_err(|fault| Refusal { template_id: envelope.template_id, reason: reason(fault) })
}

#[cold]
fn is_of_records(message: &[u8]) -> bool {
    let of_records = |envelope: Envelope<'_>| {
        envelope.schema_id == order_entry::SBE_SCHEMA_ID
            && envelope.template_id == import_records_codec::SBE_TEMPLATE_ID
    };
    message.len() <= MAXIMUM_RECORDS_LENGTH && Envelope::open(message).is_ok_and(of_records)
}

fn reason(fault: Fault) -> MessageRejectReason {
    match fault {
        Fault::Value => MessageRejectReason::INVALID_VALUE,
        Fault::NotAuthorised => MessageRejectReason::NOT_AUTHORISED,
        Fault::Envelope(DecodeError::Short { .. } | DecodeError::VarData { .. }) => MessageRejectReason::TRUNCATED,
        Fault::Envelope(DecodeError::Schema { .. }) => MessageRejectReason::WRONG_SCHEMA,
        Fault::Envelope(DecodeError::Template { .. }) => MessageRejectReason::UNKNOWN_TEMPLATE,
        Fault::Envelope(DecodeError::Version { .. }) => MessageRejectReason::WRONG_VERSION,
    }
}

#[inline]
fn order_entry_message(participant: ParticipantId, envelope: Envelope<'_>) -> Result<Inbound<'_>, Fault> {
    let (instrument, client_sequence, action) = match envelope.template_id {
        new_order_single_codec::SBE_TEMPLATE_ID => new_order(envelope)?,
        order_cancel_request_codec::SBE_TEMPLATE_ID => cancel(envelope)?,
        order_cancel_replace_request_codec::SBE_TEMPLATE_ID => replace(envelope)?,
        order_mass_cancel_request_codec::SBE_TEMPLATE_ID => mass_cancel(envelope)?,
        define_instrument_codec::SBE_TEMPLATE_ID => define_instrument(envelope)?,
        set_instrument_state_codec::SBE_TEMPLATE_ID => set_instrument_state(envelope)?,
        set_risk_limits_codec::SBE_TEMPLATE_ID => set_risk_limits(envelope)?,
        set_kill_switch_codec::SBE_TEMPLATE_ID => set_kill_switch(envelope)?,
        resume_codec::SBE_TEMPLATE_ID => return resume(envelope).map(Inbound::Request),
        drop_copy_request_codec::SBE_TEMPLATE_ID => return drop_copy(envelope).map(Inbound::Request),
        found if is_migration_request(found) => return migration_step(participant, envelope),
        found => return Err(Fault::Envelope(DecodeError::Template { found })),
    };
    Ok(Inbound::Command(Command {
        participant,
        instrument: InstrumentId(instrument),
        client_sequence: ClientSequence(client_sequence),
        action,
    }))
}

fn migration_step(participant: ParticipantId, envelope: Envelope<'_>) -> Result<Inbound<'_>, Fault> {
    if participant != ParticipantId::OPERATOR {
        return Err(Fault::NotAuthorised);
    }
    match decode_migration_request(envelope) {
        Ok(Some(request)) => Ok(Inbound::Migration(request)),
        Ok(None) => Err(Fault::Envelope(DecodeError::Template { found: envelope.template_id })),
        Err(MessageError::Envelope(error)) => Err(Fault::Envelope(error)),
        Err(_) => Err(Fault::Value),
    }
}

/// Scope's instrument, number, and what is asked.
type Numbered = (u32, u64, Action);

fn heard<W: Heard>(word: W::Wire) -> Result<W, Fault> {
    W::from_wire(word).ok_or(Fault::Value)
}

#[inline]
fn new_order(envelope: Envelope<'_>) -> Result<Numbered, Fault> {
    let order = block!(envelope, order_entry, new_order_single_codec, NewOrderSingleDecoder);
    let exec_inst = order.exec_inst();
    if exec_inst.0 > 1 {
        return Err(Fault::Value);
    }
    let action = Action::New(NewOrder {
        client_order_id: ClientOrderId(order.client_order_id()),
        side: heard(order.side())?,
        order_type: heard(order.order_type())?,
        time_in_force: heard(order.time_in_force())?,
        price: order.price().map(Price),
        stop_price: order.stop_price().map(Price),
        quantity: Quantity(order.quantity()),
        display_quantity: Quantity(order.display_quantity()),
        expire_time: order.expire_time().map(EpochNanos),
        post_only: if exec_inst.get_participate_do_not_initiate() { PostOnly::Yes } else { PostOnly::No },
        self_trade_prevention: heard(order.self_trade_prevention())?,
    });
    Ok((order.instrument_id(), order.client_sequence(), action))
}

#[inline]
fn cancel(envelope: Envelope<'_>) -> Result<Numbered, Fault> {
    let cancel = block!(envelope, order_entry, order_cancel_request_codec, OrderCancelRequestDecoder);
    let action = Action::Cancel { orig_client_order_id: ClientOrderId(cancel.orig_client_order_id()) };
    Ok((cancel.instrument_id(), cancel.client_sequence(), action))
}

#[inline]
fn replace(envelope: Envelope<'_>) -> Result<Numbered, Fault> {
    let replace = block!(envelope, order_entry, order_cancel_replace_request_codec, OrderCancelReplaceRequestDecoder);
    let action = Action::Replace(Replace {
        orig_client_order_id: ClientOrderId(replace.orig_client_order_id()),
        client_order_id: ClientOrderId(replace.client_order_id()),
        price: replace.price().map(Price),
        stop_price: replace.stop_price().map(Price),
        quantity: Quantity(replace.quantity()),
        display_quantity: Quantity(replace.display_quantity()),
    });
    Ok((replace.instrument_id(), replace.client_sequence(), action))
}

fn mass_cancel(envelope: Envelope<'_>) -> Result<Numbered, Fault> {
    let mass_cancel = block!(envelope, order_entry, order_mass_cancel_request_codec, OrderMassCancelRequestDecoder);
    let side = match mass_cancel.side() {
        MassCancelSide::BOTH => None,
        MassCancelSide::BUY => Some(Side::Buy),
        MassCancelSide::SELL => Some(Side::Sell),
        MassCancelSide::NullVal => return Err(Fault::Value),
    };
    let action = Action::MassCancel { target: ParticipantId(mass_cancel.target_participant_id()), side };
    Ok((mass_cancel.instrument_id(), mass_cancel.client_sequence(), action))
}

/// The message names the instrument that it defines, but is numbered in the operator's participant scope.
fn define_instrument(envelope: Envelope<'_>) -> Result<Numbered, Fault> {
    let define = block!(envelope, order_entry, define_instrument_codec, DefineInstrumentDecoder);
    let action = Action::DefineInstrument(InstrumentDefinition {
        instrument: InstrumentId(define.instrument_id()),
        base: Symbol(define.base()),
        quote: Symbol(define.quote()),
        instrument_type: heard(define.instrument_type())?,
        minimum_price: Price(define.minimum_price()),
        maximum_price: Price(define.maximum_price()),
        reference_price: Price(define.reference_price()),
        price_band: Quantity(define.price_band()),
        maximum_quantity: Quantity(define.maximum_quantity()),
        tick_size: Decimal { mantissa: define.tick_size_mantissa(), exponent: define.tick_size_exponent() },
        lot_size: Decimal { mantissa: define.lot_size_mantissa(), exponent: define.lot_size_exponent() },
        state: heard(define.state())?,
    });
    Ok((InstrumentId::NONE.0, define.client_sequence(), action))
}

fn set_instrument_state(envelope: Envelope<'_>) -> Result<Numbered, Fault> {
    let set = block!(envelope, order_entry, set_instrument_state_codec, SetInstrumentStateDecoder);
    let action =
        Action::SetInstrumentState { state: heard(set.state())?, reference_price: set.reference_price().map(Price) };
    Ok((set.instrument_id(), set.client_sequence(), action))
}

fn set_risk_limits(envelope: Envelope<'_>) -> Result<Numbered, Fault> {
    let set = block!(envelope, order_entry, set_risk_limits_codec, SetRiskLimitsDecoder);
    let action = Action::SetRiskLimits {
        target: ParticipantId(set.target_participant_id()),
        limits: RiskLimits {
            maximum_quantity: limit(set.maximum_quantity()).map(Quantity),
            maximum_notional: limit(set.maximum_notional()),
            maximum_open_orders: limit(set.maximum_open_orders()),
            maximum_commands_per_second: limit(set.maximum_commands_per_second()),
        },
    };
    Ok((InstrumentId::NONE.0, set.client_sequence(), action))
}

/// 0 on the wire is no limit.
pub(crate) fn limit<N: Default + PartialEq>(value: N) -> Option<N> {
    (value != N::default()).then_some(value)
}

fn set_kill_switch(envelope: Envelope<'_>) -> Result<Numbered, Fault> {
    let set = block!(envelope, order_entry, set_kill_switch_codec, SetKillSwitchDecoder);
    let action = Action::SetKillSwitch {
        target: ParticipantId(set.target_participant_id()),
        kill_switch: heard(set.kill_switch())?,
    };
    Ok((InstrumentId::NONE.0, set.client_sequence(), action))
}

fn resume(envelope: Envelope<'_>) -> Result<Request, Fault> {
    let resume = block!(envelope, order_entry, resume_codec, ResumeDecoder);
    Ok(Request::Resume {
        instrument: InstrumentId(resume.instrument_id()),
        last_event_sequence: resume.last_event_sequence().map(EventSequence),
    })
}

fn drop_copy(envelope: Envelope<'_>) -> Result<Request, Fault> {
    let request = block!(envelope, order_entry, drop_copy_request_codec, DropCopyRequestDecoder);
    Ok(Request::DropCopy { instrument: InstrumentId(request.instrument_id()) })
}

fn market_data_message(envelope: Envelope<'_>) -> Result<Inbound<'_>, Fault> {
    let request = block!(envelope, market_data, market_data_request_codec, MarketDataRequestDecoder);
    Ok(Inbound::Request(Request::Book(BookRequest {
        request_id: request.request_id(),
        instrument: InstrumentId(request.instrument_id()),
        depth: request.market_depth(),
        bids_after: request.bids_after().map(Price),
        offers_after: request.offers_after().map(Price),
        book_type: match request.book_type() {
            WireBookType::LEVELS => BookType::Levels,
            WireBookType::ORDERS => BookType::Orders,
            WireBookType::NullVal => return Err(Fault::Value),
        },
    })))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_messages::{cancel_message, new_order_message};
    use lugus_codecs::order_entry::new_order_single_codec;
    use lugus_codecs::{HEADER_LENGTH, message};
    use proptest::prelude::*;

    const ME: ParticipantId = ParticipantId(7);

    fn refused(message: &[u8]) -> Refusal {
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
    fn each_fault_is_told_with_its_reason() {
        let whole = new_order_message(1, 1, 1, Side::Buy, 1, 1);
        let template_id = new_order_single_codec::SBE_TEMPLATE_ID;
        let cases = [
            (whole[..5].to_vec(), 0, MessageRejectReason::TRUNCATED),
            (whole[..whole.len() - 1].to_vec(), template_id, MessageRejectReason::TRUNCATED),
            (edited(&whole, 4, 111), template_id, MessageRejectReason::WRONG_SCHEMA),
            (edited(&whole, 2, 999), 999, MessageRejectReason::UNKNOWN_TEMPLATE),
            (edited(&whole, 0, 10), template_id, MessageRejectReason::WRONG_VERSION),
            (vec![0; MAXIMUM_MESSAGE_LENGTH + 1], 0, MessageRejectReason::OVERSIZED),
        ];
        for (message, template_id, reason) in cases {
            assert_eq!(refused(&message), Refusal { template_id, reason });
        }
    }

    fn edited(message: &[u8], at: usize, value: u16) -> Vec<u8> {
        let mut edited = message.to_vec();
        edited[at..at + 2].copy_from_slice(&value.to_le_bytes());
        edited
    }

    #[test]
    fn no_unknown_value_is_taken_for_another() {
        let mut buffer = [0; 64];
        let length;
        message!(&mut buffer, order_entry, order_mass_cancel_request_codec, OrderMassCancelRequestEncoder, length)
            .client_sequence(1)
            .instrument_id(1)
            .target_participant_id(7)
            .side(MassCancelSide::BUY);
        let side = length - 1;
        for value in 3..=255 {
            buffer[side] = value;
            assert_eq!(refused(&buffer[..length]).reason, MessageRejectReason::INVALID_VALUE, "{value}");
        }
    }

    #[test]
    fn fields_of_a_later_version_are_skipped() {
        let mut message = cancel_message(1, 2, 3);
        let block_length = (message.len() - HEADER_LENGTH) as u16;
        message.extend_from_slice(&[0xab; 24]);
        let later = edited(&edited(&message, 0, block_length + 24), 6, 9);
        assert_eq!(decode(ME, &later), decode(ME, &cancel_message(1, 2, 3)));
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
