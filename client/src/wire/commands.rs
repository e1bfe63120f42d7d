//! Commands and requests to bytes.

use lugus_codecs::order_entry::{
    self, define_instrument_codec, drop_copy_request_codec, new_order_single_codec, order_cancel_replace_request_codec,
    order_cancel_request_codec, order_mass_cancel_request_codec, resume_codec, set_instrument_state_codec,
    set_kill_switch_codec, set_risk_limits_codec,
};
use lugus_codecs::{HEADER_LENGTH, market_data, market_data::market_data_request_codec, write_header};
use lugus_vocabulary::{
    BookRequest, ClientOrderId, InstrumentDefinition, InstrumentId, InstrumentState, KillSwitch, NewOrder,
    ParticipantId, Price, Replace, RiskLimits, Side,
};

use crate::wire::vocabulary::{exec_inst, mass_cancel_side, to_wire};

/// Length of a buffer that takes any command or request, in bytes with the header.
pub(crate) const MAXIMUM_LENGTH: usize = HEADER_LENGTH + define_instrument_codec::SBE_BLOCK_LENGTH as usize;

const _: () = {
    let blocks = [
        new_order_single_codec::SBE_BLOCK_LENGTH,
        order_cancel_request_codec::SBE_BLOCK_LENGTH,
        order_cancel_replace_request_codec::SBE_BLOCK_LENGTH,
        order_mass_cancel_request_codec::SBE_BLOCK_LENGTH,
        set_instrument_state_codec::SBE_BLOCK_LENGTH,
        set_risk_limits_codec::SBE_BLOCK_LENGTH,
        set_kill_switch_codec::SBE_BLOCK_LENGTH,
        resume_codec::SBE_BLOCK_LENGTH,
        drop_copy_request_codec::SBE_BLOCK_LENGTH,
        market_data_request_codec::SBE_BLOCK_LENGTH,
    ];
    let mut at = 0;
    while at < blocks.len() {
        assert!(HEADER_LENGTH + blocks[at] as usize <= MAXIMUM_LENGTH);
        at += 1;
    }
    assert!(MAXIMUM_LENGTH <= u8::MAX as usize);
};

/// A buffer for one message.
pub(crate) type Buffer = [u8; MAXIMUM_LENGTH];

/// A command, written without its client sequence: that is [`number`]'s when it is sent. Returns the length in bytes.
pub(crate) trait Command {
    /// Writes it to `buffer`, for the scope of `instrument`.
    fn encode(&self, instrument: InstrumentId, buffer: &mut Buffer) -> usize;
}

/// Writes the header of one template and opens its generated encoder; the length of the message is in `$length`.
macro_rules! message {
    ($buffer:expr, $protocol:ident, $codec:ident, $encoder:ident, $length:ident) => {{
        $length = write_header(
            $buffer,
            $codec::SBE_BLOCK_LENGTH,
            $codec::SBE_TEMPLATE_ID,
            $protocol::SBE_SCHEMA_ID,
            $protocol::SBE_SCHEMA_VERSION,
        );
        $codec::encoder::$encoder::default().wrap($protocol::WriteBuf::new($buffer), HEADER_LENGTH)
    }};
}

/// Gives an encoded command its client sequence: the first field of every command.
#[inline]
pub(crate) fn number(buffer: &mut Buffer, client_sequence: u64) {
    buffer[HEADER_LENGTH..HEADER_LENGTH + 8].copy_from_slice(&client_sequence.to_le_bytes());
}

impl Command for NewOrder {
    #[inline]
    fn encode(&self, instrument: InstrumentId, buffer: &mut Buffer) -> usize {
        let length;
        message!(buffer, order_entry, new_order_single_codec, NewOrderSingleEncoder, length)
            .client_order_id(self.client_order_id.0)
            .price_opt(self.price.map(|price| price.0))
            .stop_price_opt(self.stop_price.map(|price| price.0))
            .quantity(self.quantity.0)
            .display_quantity(self.display_quantity.0)
            .expire_time_opt(self.expire_time.map(|time| time.0))
            .instrument_id(instrument.0)
            .side(to_wire!(self.side))
            .order_type(to_wire!(self.order_type))
            .time_in_force(to_wire!(self.time_in_force))
            .self_trade_prevention(to_wire!(self.self_trade_prevention))
            .exec_inst(exec_inst(self.post_only));
        length
    }
}

/// Ends an order.
pub(crate) struct Cancel {
    pub orig_client_order_id: ClientOrderId,
}

impl Command for Cancel {
    #[inline]
    fn encode(&self, instrument: InstrumentId, buffer: &mut Buffer) -> usize {
        let length;
        message!(buffer, order_entry, order_cancel_request_codec, OrderCancelRequestEncoder, length)
            .orig_client_order_id(self.orig_client_order_id.0)
            .instrument_id(instrument.0);
        length
    }
}

impl Command for Replace {
    #[inline]
    fn encode(&self, instrument: InstrumentId, buffer: &mut Buffer) -> usize {
        let length;
        message!(buffer, order_entry, order_cancel_replace_request_codec, OrderCancelReplaceRequestEncoder, length)
            .orig_client_order_id(self.orig_client_order_id.0)
            .client_order_id(self.client_order_id.0)
            .price_opt(self.price.map(|price| price.0))
            .stop_price_opt(self.stop_price.map(|price| price.0))
            .quantity(self.quantity.0)
            .display_quantity(self.display_quantity.0)
            .instrument_id(instrument.0);
        length
    }
}

/// Ends all orders of a participant.
pub(crate) struct MassCancel {
    pub target: ParticipantId,
    pub side: Option<Side>,
}

impl Command for MassCancel {
    fn encode(&self, instrument: InstrumentId, buffer: &mut Buffer) -> usize {
        let length;
        message!(buffer, order_entry, order_mass_cancel_request_codec, OrderMassCancelRequestEncoder, length)
            .instrument_id(instrument.0)
            .target_participant_id(self.target.0)
            .side(mass_cancel_side(self.side));
        length
    }
}

/// Numbered in the operator's participant scope; the instrument on the wire is the one defined.
impl Command for InstrumentDefinition {
    fn encode(&self, _scope: InstrumentId, buffer: &mut Buffer) -> usize {
        let length;
        message!(buffer, order_entry, define_instrument_codec, DefineInstrumentEncoder, length)
            .minimum_price(self.minimum_price.0)
            .maximum_price(self.maximum_price.0)
            .reference_price(self.reference_price.0)
            .price_band(self.price_band.0)
            .maximum_quantity(self.maximum_quantity.0)
            .tick_size_mantissa(self.tick_size.mantissa)
            .lot_size_mantissa(self.lot_size.mantissa)
            .instrument_id(self.instrument.0)
            .tick_size_exponent(self.tick_size.exponent)
            .lot_size_exponent(self.lot_size.exponent)
            .instrument_type(to_wire!(self.instrument_type))
            .state(to_wire!(self.state))
            .base(&self.base.0)
            .quote(&self.quote.0);
        length
    }
}

/// Moves an instrument in its life cycle.
pub(crate) struct SetInstrumentState {
    pub state: InstrumentState,
    pub reference_price: Option<Price>,
}

impl Command for SetInstrumentState {
    fn encode(&self, instrument: InstrumentId, buffer: &mut Buffer) -> usize {
        let length;
        message!(buffer, order_entry, set_instrument_state_codec, SetInstrumentStateEncoder, length)
            .reference_price_opt(self.reference_price.map(|price| price.0))
            .instrument_id(instrument.0)
            .state(to_wire!(self.state));
        length
    }
}

/// Sets a participant's limits.
pub(crate) struct SetRiskLimits<'a> {
    pub target: ParticipantId,
    pub limits: &'a RiskLimits,
}

impl Command for SetRiskLimits<'_> {
    fn encode(&self, _scope: InstrumentId, buffer: &mut Buffer) -> usize {
        let length;
        let limits = self.limits;
        message!(buffer, order_entry, set_risk_limits_codec, SetRiskLimitsEncoder, length)
            .maximum_quantity(limits.maximum_quantity.map_or(0, |quantity| quantity.0))
            .maximum_notional(limits.maximum_notional.unwrap_or(0))
            .target_participant_id(self.target.0)
            .maximum_open_orders(limits.maximum_open_orders.unwrap_or(0))
            .maximum_commands_per_second(limits.maximum_commands_per_second.unwrap_or(0));
        length
    }
}

/// Stops or allows a participant's new orders.
pub(crate) struct SetKillSwitch {
    pub target: ParticipantId,
    pub kill_switch: KillSwitch,
}

impl Command for SetKillSwitch {
    fn encode(&self, _scope: InstrumentId, buffer: &mut Buffer) -> usize {
        let length;
        message!(buffer, order_entry, set_kill_switch_codec, SetKillSwitchEncoder, length)
            .target_participant_id(self.target.0)
            .kill_switch(to_wire!(self.kill_switch));
        length
    }
}

/// Asks for the events after `last_event_sequence`; `None`: only where the scope stands. Returns the message.
pub(crate) fn resume(instrument: InstrumentId, last_event_sequence: Option<u64>, buffer: &mut Buffer) -> &[u8] {
    let length;
    message!(buffer, order_entry, resume_codec, ResumeEncoder, length)
        .last_event_sequence_opt(last_event_sequence)
        .instrument_id(instrument.0);
    &buffer[..length]
}

/// Asks for all participants' events of an instrument. Returns the message.
pub(crate) fn drop_copy(instrument: InstrumentId, buffer: &mut Buffer) -> &[u8] {
    let length;
    message!(buffer, order_entry, drop_copy_request_codec, DropCopyRequestEncoder, length).instrument_id(instrument.0);
    &buffer[..length]
}

/// Asks for a book. Returns the message.
pub(crate) fn book<'b>(request: &BookRequest, buffer: &'b mut Buffer) -> &'b [u8] {
    let length;
    message!(buffer, market_data, market_data_request_codec, MarketDataRequestEncoder, length)
        .request_id(request.request_id)
        .bids_after_opt(request.bids_after.map(|price| price.0))
        .offers_after_opt(request.offers_after.map(|price| price.0))
        .instrument_id(request.instrument.0)
        .market_depth(request.depth)
        .book_type(to_wire!(request.book_type));
    &buffer[..length]
}
