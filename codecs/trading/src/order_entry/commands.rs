//! Commands, to and from bytes.
//!
//! The client sequence is the first field of every command. A sender that does not know it yet encodes the command without
//! it, and sets it with [`set_client_sequence`] when the command is sent.

use lugus_vocabulary::{
    Action, AuctionRules, ClientOrderId, ClientSequence, ClientTag, Command, EpochNanos, FirmRules,
    InstrumentDefinition, InstrumentId, InstrumentState, KillSwitch, MarketMakerProtection, MassCancelTarget,
    MassQuote, NewOrder, ParticipantId, Price, PriceProtection, Quantity, QuoteCancel, QuoteSetId, Replace, RiskLimits,
    Side, TimeInForce, TradeAmendment, TradeId, WorkingOrders,
};
use sbe_message::{Envelope, HEADER_LENGTH};

use super::auction_rules::{self, AUCTIONS_SINCE, decode_set_auction_rules};
use super::firms::{self, FIRMS_SINCE, decode_set_firm, decode_set_firm_limits, decode_set_firm_rules};
use super::mass_cancels::{self, decode_mass_cancel_all};
use super::protection::{self, decode_set_price_protection};
use super::quotes::{
    self, QUOTES_SINCE, decode_mass_quote, decode_quote_cancel, decode_reset_market_maker_protection,
    decode_set_market_maker_protection,
};
use super::trades::{self, decode_amend_trade};
use crate::definition::{read_definition, write_definition};
use crate::error::MessageError;
use crate::limits::limit_number;
use crate::sbe_order_entry::{
    SBE_SCHEMA_ID, amend_trade_codec, cancel_on_disconnect_request_codec, define_instrument_codec,
    drop_copy_request_codec, follow_firm_request_codec, mass_quote_codec, new_order_single_codec,
    order_cancel_replace_request_codec, order_cancel_request_codec, order_mass_cancel_all_request_codec,
    order_mass_cancel_request_codec, quote_cancel_codec, reset_market_maker_protection_codec, resume_codec,
    set_auction_rules_codec, set_firm_codec, set_firm_limits_codec, set_firm_rules_codec, set_instrument_state_codec,
    set_kill_switch_codec, set_market_maker_protection_codec, set_price_protection_codec, set_risk_limits_codec,
    unchanged_limits::UnchangedLimits, working_orders,
};
use crate::word::{ToWire, word};
use crate::{block, message};

/// Length of the longest command or request with its header, in bytes.
pub const MAXIMUM_COMMAND_LENGTH: usize = quotes::MAXIMUM_MASS_QUOTE_LENGTH;

/// A buffer for a command or a request.
pub type CommandBuffer = [u8; MAXIMUM_COMMAND_LENGTH];

const _: () = {
    let blocks = [
        new_order_single_codec::SBE_BLOCK_LENGTH,
        define_instrument_codec::SBE_BLOCK_LENGTH,
        quote_cancel_codec::SBE_BLOCK_LENGTH,
        set_market_maker_protection_codec::SBE_BLOCK_LENGTH,
        reset_market_maker_protection_codec::SBE_BLOCK_LENGTH,
        order_cancel_request_codec::SBE_BLOCK_LENGTH,
        order_cancel_replace_request_codec::SBE_BLOCK_LENGTH,
        order_mass_cancel_request_codec::SBE_BLOCK_LENGTH,
        order_mass_cancel_all_request_codec::SBE_BLOCK_LENGTH,
        set_instrument_state_codec::SBE_BLOCK_LENGTH,
        set_risk_limits_codec::SBE_BLOCK_LENGTH,
        set_kill_switch_codec::SBE_BLOCK_LENGTH,
        set_firm_codec::SBE_BLOCK_LENGTH,
        set_firm_rules_codec::SBE_BLOCK_LENGTH,
        set_firm_limits_codec::SBE_BLOCK_LENGTH,
        follow_firm_request_codec::SBE_BLOCK_LENGTH,
        amend_trade_codec::SBE_BLOCK_LENGTH,
        set_price_protection_codec::SBE_BLOCK_LENGTH,
        set_auction_rules_codec::SBE_BLOCK_LENGTH,
        resume_codec::SBE_BLOCK_LENGTH,
        drop_copy_request_codec::SBE_BLOCK_LENGTH,
        cancel_on_disconnect_request_codec::SBE_BLOCK_LENGTH,
    ];
    let mut at = 0;
    while at < blocks.len() {
        assert!(HEADER_LENGTH + blocks[at] as usize <= MAXIMUM_COMMAND_LENGTH);
        at += 1;
    }
};

/// Encodes a command with its client sequence; returns the message. The sender is not in it: a session has one participant.
#[inline]
pub fn encode_command<'b>(command: &Command, buffer: &'b mut CommandBuffer) -> &'b [u8] {
    let instrument = command.instrument;
    let length = match &command.action {
        Action::New(order) => encode_new_order(instrument, order, buffer),
        Action::Cancel { orig_client_order_id } => encode_cancel(instrument, *orig_client_order_id, buffer),
        Action::Replace(replace) => encode_replace(instrument, replace, buffer),
        Action::MassCancel { target, side } => encode_mass_cancel(instrument, *target, *side, buffer),
        Action::MassCancelAll { target, side } => encode_mass_cancel_all(instrument, *target, *side, buffer),
        Action::DefineInstrument(definition) => encode_define_instrument(definition, buffer),
        Action::SetInstrumentState { state, reference_price } => {
            encode_set_instrument_state(instrument, *state, *reference_price, buffer)
        }
        Action::SetRiskLimits { target, limits } => encode_set_risk_limits(*target, limits, buffer),
        Action::SetKillSwitch { target, kill_switch, working_orders } => {
            encode_set_kill_switch(*target, *kill_switch, *working_orders, buffer)
        }
        Action::SetFirm { target, firm } => encode_set_firm(*target, *firm, buffer),
        Action::SetFirmRules { firm, rules } => encode_set_firm_rules(*firm, rules, buffer),
        Action::SetFirmLimits { firm, limits } => encode_set_firm_limits(*firm, limits, buffer),
        Action::AmendTrade { trade_id, amendment } => encode_amend_trade(instrument, *trade_id, *amendment, buffer),
        Action::SetAuctionRules(rules) => encode_set_auction_rules(instrument, rules, buffer),
        Action::SetPriceProtection(protection) => encode_set_price_protection(instrument, protection, buffer),
        Action::MassQuote(quote) => encode_mass_quote(quote, buffer),
        Action::QuoteCancel(cancel) => encode_quote_cancel(cancel, buffer),
        Action::SetMarketMakerProtection { quote_set, protection } => {
            encode_set_market_maker_protection(*quote_set, protection, buffer)
        }
        Action::ResetMarketMakerProtection { quote_set } => encode_reset_market_maker_protection(*quote_set, buffer),
    };
    set_client_sequence(buffer, command.client_sequence);
    &buffer[..length]
}

/// Sets the client sequence of an encoded command.
#[inline]
pub fn set_client_sequence(buffer: &mut CommandBuffer, client_sequence: ClientSequence) {
    buffer[HEADER_LENGTH..HEADER_LENGTH + 8].copy_from_slice(&client_sequence.0.to_le_bytes());
}

/// Decodes a command that a session of `participant` sent; `None` if the message is no command.
///
/// # Errors
/// [`MessageError`], if the message is of another protocol, is cut off, or has a value that the vocabulary lacks.
#[inline]
pub fn decode_command(participant: ParticipantId, envelope: Envelope<'_>) -> Result<Option<Command>, MessageError> {
    let envelope = envelope.of_schema(SBE_SCHEMA_ID)?;
    let (instrument, client_sequence, action) = match envelope.template_id {
        new_order_single_codec::SBE_TEMPLATE_ID => decode_new_order(envelope)?,
        order_cancel_request_codec::SBE_TEMPLATE_ID => decode_cancel(envelope)?,
        order_cancel_replace_request_codec::SBE_TEMPLATE_ID => decode_replace(envelope)?,
        order_mass_cancel_request_codec::SBE_TEMPLATE_ID => decode_mass_cancel(envelope)?,
        order_mass_cancel_all_request_codec::SBE_TEMPLATE_ID => decode_mass_cancel_all(envelope)?,
        define_instrument_codec::SBE_TEMPLATE_ID => decode_define_instrument(envelope)?,
        set_instrument_state_codec::SBE_TEMPLATE_ID => decode_set_instrument_state(envelope)?,
        set_risk_limits_codec::SBE_TEMPLATE_ID => decode_set_risk_limits(envelope)?,
        set_kill_switch_codec::SBE_TEMPLATE_ID => decode_set_kill_switch(envelope)?,
        set_firm_codec::SBE_TEMPLATE_ID if envelope.version >= FIRMS_SINCE => decode_set_firm(envelope)?,
        set_firm_rules_codec::SBE_TEMPLATE_ID if envelope.version >= FIRMS_SINCE => decode_set_firm_rules(envelope)?,
        set_firm_limits_codec::SBE_TEMPLATE_ID if envelope.version >= FIRMS_SINCE => decode_set_firm_limits(envelope)?,
        amend_trade_codec::SBE_TEMPLATE_ID => decode_amend_trade(envelope)?,
        set_auction_rules_codec::SBE_TEMPLATE_ID if envelope.version >= AUCTIONS_SINCE => {
            decode_set_auction_rules(envelope)?
        }
        set_price_protection_codec::SBE_TEMPLATE_ID => decode_set_price_protection(envelope)?,
        mass_quote_codec::SBE_TEMPLATE_ID if envelope.version >= QUOTES_SINCE => decode_mass_quote(envelope)?,
        quote_cancel_codec::SBE_TEMPLATE_ID if envelope.version >= QUOTES_SINCE => decode_quote_cancel(envelope)?,
        set_market_maker_protection_codec::SBE_TEMPLATE_ID if envelope.version >= QUOTES_SINCE => {
            decode_set_market_maker_protection(envelope)?
        }
        reset_market_maker_protection_codec::SBE_TEMPLATE_ID if envelope.version >= QUOTES_SINCE => {
            decode_reset_market_maker_protection(envelope)?
        }
        _ => return Ok(None),
    };
    let (instrument, client_sequence) = (InstrumentId(instrument), ClientSequence(client_sequence));
    Ok(Some(Command { participant, instrument, client_sequence, action }))
}

/// The scope's instrument, the client sequence, and what the command asks for.
type Numbered = (u32, u64, Action);

/// Encodes a new order without its client sequence; returns the length of the message in bytes.
#[inline]
pub fn encode_new_order(instrument: InstrumentId, order: &NewOrder, buffer: &mut CommandBuffer) -> usize {
    let length;
    message!(buffer, sbe_order_entry, new_order_single_codec, NewOrderSingleEncoder, length)
        .client_order_id(order.client_order_id.0)
        .price_opt(order.price.map(|price| price.0))
        .stop_price_opt(order.stop_price.map(|price| price.0))
        .quantity(order.quantity.0)
        .display_quantity(order.display_quantity.0)
        .expire_time_opt(order.expire_time.map(|time| time.0))
        .instrument_id(instrument.0)
        .side(order.side.to_wire())
        .order_type(order.order_type.to_wire())
        .time_in_force(order.time_in_force.to_wire())
        .self_trade_prevention(order.self_trade_prevention.to_wire())
        .client_tag(order.client_tag.0)
        .exec_inst((order.post_only, order.on_disconnect).to_wire());
    length
}

#[inline]
fn decode_new_order(envelope: Envelope<'_>) -> Result<Numbered, MessageError> {
    let order = block!(envelope, sbe_order_entry, new_order_single_codec, NewOrderSingleDecoder, before 2 it had 65);
    let template_id = new_order_single_codec::SBE_TEMPLATE_ID;
    let (post_only, on_disconnect) = word(order.exec_inst(), template_id, "execInst")?;
    let time_in_force: TimeInForce = word(order.time_in_force(), template_id, "timeInForce")?;
    if time_in_force.is_for_auction() && envelope.version < AUCTIONS_SINCE {
        return Err(MessageError::Value { template_id, field: "timeInForce" });
    }
    let action = Action::New(NewOrder {
        client_order_id: ClientOrderId(order.client_order_id()),
        side: word(order.side(), template_id, "side")?,
        order_type: word(order.order_type(), template_id, "orderType")?,
        time_in_force,
        price: order.price().map(Price),
        stop_price: order.stop_price().map(Price),
        quantity: Quantity(order.quantity()),
        display_quantity: Quantity(order.display_quantity()),
        expire_time: order.expire_time().map(EpochNanos),
        post_only,
        self_trade_prevention: word(order.self_trade_prevention(), template_id, "selfTradePrevention")?,
        client_tag: ClientTag(order.client_tag().unwrap_or_default()),
        on_disconnect,
    });
    Ok((order.instrument_id(), order.client_sequence(), action))
}

/// Encodes a cancel without its client sequence; returns the length of the message in bytes.
#[inline]
pub fn encode_cancel(
    instrument: InstrumentId,
    orig_client_order_id: ClientOrderId,
    buffer: &mut CommandBuffer,
) -> usize {
    let length;
    message!(buffer, sbe_order_entry, order_cancel_request_codec, OrderCancelRequestEncoder, length)
        .orig_client_order_id(orig_client_order_id.0)
        .instrument_id(instrument.0);
    length
}

#[inline]
fn decode_cancel(envelope: Envelope<'_>) -> Result<Numbered, MessageError> {
    let cancel = block!(envelope, sbe_order_entry, order_cancel_request_codec, OrderCancelRequestDecoder);
    let action = Action::Cancel { orig_client_order_id: ClientOrderId(cancel.orig_client_order_id()) };
    Ok((cancel.instrument_id(), cancel.client_sequence(), action))
}

/// Encodes a replacement without its client sequence; returns the length of the message in bytes.
#[inline]
pub fn encode_replace(instrument: InstrumentId, replace: &Replace, buffer: &mut CommandBuffer) -> usize {
    let length;
    message!(buffer, sbe_order_entry, order_cancel_replace_request_codec, OrderCancelReplaceRequestEncoder, length)
        .orig_client_order_id(replace.orig_client_order_id.0)
        .client_order_id(replace.client_order_id.0)
        .price_opt(replace.price.map(|price| price.0))
        .stop_price_opt(replace.stop_price.map(|price| price.0))
        .quantity(replace.quantity.0)
        .display_quantity(replace.display_quantity.0)
        .instrument_id(instrument.0);
    length
}

#[inline]
fn decode_replace(envelope: Envelope<'_>) -> Result<Numbered, MessageError> {
    let replace =
        block!(envelope, sbe_order_entry, order_cancel_replace_request_codec, OrderCancelReplaceRequestDecoder);
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

/// Encodes a mass cancel without its client sequence; returns the length of the message in bytes.
pub fn encode_mass_cancel(
    instrument: InstrumentId,
    target: ParticipantId,
    side: Option<Side>,
    buffer: &mut CommandBuffer,
) -> usize {
    let length;
    message!(buffer, sbe_order_entry, order_mass_cancel_request_codec, OrderMassCancelRequestEncoder, length)
        .instrument_id(instrument.0)
        .target_participant_id(target.0)
        .side(side.to_wire());
    length
}

fn decode_mass_cancel(envelope: Envelope<'_>) -> Result<Numbered, MessageError> {
    let mass_cancel = block!(envelope, sbe_order_entry, order_mass_cancel_request_codec, OrderMassCancelRequestDecoder);
    let action = Action::MassCancel {
        target: ParticipantId(mass_cancel.target_participant_id()),
        side: word(mass_cancel.side(), order_mass_cancel_request_codec::SBE_TEMPLATE_ID, "side")?,
    };
    Ok((mass_cancel.instrument_id(), mass_cancel.client_sequence(), action))
}

/// Encodes a mass cancel of many books without its client sequence; returns the length of the message in bytes. With
/// [`InstrumentId::NONE`] it is of all instruments, and numbered in the sender's own scope.
pub fn encode_mass_cancel_all(
    instrument: InstrumentId,
    target: MassCancelTarget,
    side: Option<Side>,
    buffer: &mut CommandBuffer,
) -> usize {
    mass_cancels::encode_mass_cancel_all(instrument, target, side, buffer)
}

/// Encodes an instrument's definition without its client sequence; returns the length of the message in bytes.
///
/// The message names the instrument that it defines, but is numbered in the operator's own scope, that of
/// [`InstrumentId::NONE`].
pub fn encode_define_instrument(definition: &InstrumentDefinition, buffer: &mut CommandBuffer) -> usize {
    let length;
    let mut wire = message!(buffer, sbe_order_entry, define_instrument_codec, DefineInstrumentEncoder, length);
    write_definition!(wire, definition);
    length
}

fn decode_define_instrument(envelope: Envelope<'_>) -> Result<Numbered, MessageError> {
    let define = block!(envelope, sbe_order_entry, define_instrument_codec, DefineInstrumentDecoder, before 5 it had 88, before 6 it had 124);
    let template_id = define_instrument_codec::SBE_TEMPLATE_ID;
    let definition = read_definition!(define, template_id, protected since 5, auctions since 6, in envelope);
    Ok((InstrumentId::NONE.0, define.client_sequence(), Action::DefineInstrument(definition)))
}

/// Encodes a change of an instrument's state without its client sequence; returns the length of the message in bytes.
pub fn encode_set_instrument_state(
    instrument: InstrumentId,
    state: InstrumentState,
    reference_price: Option<Price>,
    buffer: &mut CommandBuffer,
) -> usize {
    let length;
    message!(buffer, sbe_order_entry, set_instrument_state_codec, SetInstrumentStateEncoder, length)
        .reference_price_opt(reference_price.map(|price| price.0))
        .instrument_id(instrument.0)
        .state(state.to_wire());
    length
}

fn decode_set_instrument_state(envelope: Envelope<'_>) -> Result<Numbered, MessageError> {
    let set = block!(envelope, sbe_order_entry, set_instrument_state_codec, SetInstrumentStateDecoder);
    let action = Action::SetInstrumentState {
        state: word(set.state(), set_instrument_state_codec::SBE_TEMPLATE_ID, "state")?,
        reference_price: set.reference_price().map(Price),
    };
    Ok((set.instrument_id(), set.client_sequence(), action))
}

/// Encodes the limits that are set for a participant, without their client sequence; returns the length of the message in
/// bytes. A limit that is `None` stays as it is. The command is numbered in the operator's own scope, that of
/// [`InstrumentId::NONE`].
pub fn encode_set_risk_limits(target: ParticipantId, limits: &RiskLimits, buffer: &mut CommandBuffer) -> usize {
    let length;
    let mut unchanged = UnchangedLimits::default();
    unchanged
        .set_maximum_quantity(limits.maximum_quantity.is_none())
        .set_maximum_notional(limits.maximum_notional.is_none())
        .set_maximum_open_orders(limits.maximum_open_orders.is_none())
        .set_maximum_commands_per_second(limits.maximum_commands_per_second.is_none());
    message!(buffer, sbe_order_entry, set_risk_limits_codec, SetRiskLimitsEncoder, length)
        .maximum_quantity(limit_number(limits.maximum_quantity).0)
        .maximum_notional(limit_number(limits.maximum_notional))
        .maximum_open_orders(limit_number(limits.maximum_open_orders))
        .maximum_commands_per_second(limit_number(limits.maximum_commands_per_second))
        .maximum_cancels_per_second_opt(limits.maximum_cancels_per_second)
        .target_participant_id(target.0)
        .unchanged(unchanged);
    length
}

fn decode_set_risk_limits(envelope: Envelope<'_>) -> Result<Numbered, MessageError> {
    let set = block!(envelope, sbe_order_entry, set_risk_limits_codec, SetRiskLimitsDecoder, before 3 it had 36);
    // Before version 3 all four limits were set.
    let unchanged = set.unchanged();
    let limits = RiskLimits {
        maximum_quantity: (!unchanged.get_maximum_quantity()).then_some(Quantity(set.maximum_quantity())),
        maximum_notional: (!unchanged.get_maximum_notional()).then_some(set.maximum_notional()),
        maximum_open_orders: (!unchanged.get_maximum_open_orders()).then_some(set.maximum_open_orders()),
        maximum_commands_per_second: (!unchanged.get_maximum_commands_per_second())
            .then_some(set.maximum_commands_per_second()),
        maximum_cancels_per_second: set.maximum_cancels_per_second(),
    };
    let action = Action::SetRiskLimits { target: ParticipantId(set.target_participant_id()), limits };
    Ok((InstrumentId::NONE.0, set.client_sequence(), action))
}

/// Encodes a kill switch without its client sequence; returns the length of the message in bytes. The command is numbered in
/// the sender's own scope, that of [`InstrumentId::NONE`].
pub fn encode_set_kill_switch(
    target: ParticipantId,
    kill_switch: KillSwitch,
    working_orders: WorkingOrders,
    buffer: &mut CommandBuffer,
) -> usize {
    let length;
    message!(buffer, sbe_order_entry, set_kill_switch_codec, SetKillSwitchEncoder, length)
        .target_participant_id(target.0)
        .kill_switch(kill_switch.to_wire())
        .working_orders(working_orders.to_wire());
    length
}

fn decode_set_kill_switch(envelope: Envelope<'_>) -> Result<Numbered, MessageError> {
    let set = block!(envelope, sbe_order_entry, set_kill_switch_codec, SetKillSwitchDecoder, before 3 it had 13);
    let template_id = set_kill_switch_codec::SBE_TEMPLATE_ID;
    let action = Action::SetKillSwitch {
        target: ParticipantId(set.target_participant_id()),
        kill_switch: word(set.kill_switch(), template_id, "killSwitch")?,
        working_orders: match set.working_orders() {
            // A message of an earlier version.
            working_orders::WorkingOrders::NullVal => WorkingOrders::default(),
            orders => word(orders, template_id, "workingOrders")?,
        },
    };
    Ok((InstrumentId::NONE.0, set.client_sequence(), action))
}

/// Encodes the firm of a participant without its client sequence; returns the length of the message in bytes. The command is
/// numbered in the operator's own scope.
pub fn encode_set_firm(target: ParticipantId, firm: Option<ParticipantId>, buffer: &mut CommandBuffer) -> usize {
    firms::encode_set_firm(target, firm, buffer)
}

/// Encodes what is set of a firm's rules without its client sequence; returns the length of the message in bytes. The command
/// is numbered in the sender's own scope.
pub fn encode_set_firm_rules(firm: ParticipantId, rules: &FirmRules, buffer: &mut CommandBuffer) -> usize {
    firms::encode_set_firm_rules(firm, rules, buffer)
}

/// Encodes the limits that are set for a firm, without their client sequence; returns the length of the message in bytes. A limit
/// that is `None` stays as it is. The command is numbered in the operator's own scope.
pub fn encode_set_firm_limits(firm: ParticipantId, limits: &RiskLimits, buffer: &mut CommandBuffer) -> usize {
    firms::encode_set_firm_limits(firm, limits, buffer)
}

/// Encodes what the operator does with a trade, without its client sequence; returns the length of the message in bytes. A
/// correction to 0 lots has no message: it reads as one that leaves the quantity as it is.
pub fn encode_amend_trade(
    instrument: InstrumentId,
    trade_id: TradeId,
    amendment: TradeAmendment,
    buffer: &mut CommandBuffer,
) -> usize {
    trades::encode_amend_trade(instrument, trade_id, amendment, buffer)
}

/// Encodes what protects the prices of an instrument, without its client sequence; returns the length of the message in bytes.
pub fn encode_set_price_protection(
    instrument: InstrumentId,
    protection: &PriceProtection,
    buffer: &mut CommandBuffer,
) -> usize {
    protection::encode_set_price_protection(instrument, protection, buffer)
}

/// Encodes the rules of an instrument's auctions, without their client sequence; returns the length of the message in bytes.
pub fn encode_set_auction_rules(instrument: InstrumentId, rules: &AuctionRules, buffer: &mut CommandBuffer) -> usize {
    auction_rules::encode_set_auction_rules(instrument, rules, buffer)
}

/// Encodes quotes without their client sequence; returns the length of the message in bytes. The command is numbered in the sender's
/// own scope, that of [`InstrumentId::NONE`].
pub fn encode_mass_quote(quote: &MassQuote, buffer: &mut CommandBuffer) -> usize {
    quotes::encode_mass_quote(quote, buffer)
}

/// Encodes a cancel of quotes without its client sequence; returns the length of the message in bytes. The command is numbered in
/// the sender's own scope.
pub fn encode_quote_cancel(cancel: &QuoteCancel, buffer: &mut CommandBuffer) -> usize {
    quotes::encode_quote_cancel(cancel, buffer)
}

/// Encodes what protects the quotes of a set, without its client sequence; returns the length of the message in bytes. The command is
/// numbered in the sender's own scope.
pub fn encode_set_market_maker_protection(
    quote_set: QuoteSetId,
    protection: &MarketMakerProtection,
    buffer: &mut CommandBuffer,
) -> usize {
    quotes::encode_set_market_maker_protection(quote_set, protection, buffer)
}

/// Encodes the reset of a set's protection without its client sequence; returns the length of the message in bytes. The command is
/// numbered in the sender's own scope.
pub fn encode_reset_market_maker_protection(quote_set: QuoteSetId, buffer: &mut CommandBuffer) -> usize {
    quotes::encode_reset_market_maker_protection(quote_set, buffer)
}
