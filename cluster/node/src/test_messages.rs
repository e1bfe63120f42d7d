//! Ingress messages for tests, made with the generated encoders.

use lugus_codecs::message;
use lugus_codecs::order_entry::exec_inst::ExecInst;
use lugus_codecs::order_entry::order_type::OrderType;
use lugus_codecs::order_entry::self_trade_prevention::SelfTradePrevention;
use lugus_codecs::order_entry::time_in_force::TimeInForce;
use lugus_codecs::order_entry::{instrument_state::InstrumentState, instrument_type::InstrumentType};
use lugus_vocabulary::Side;

use crate::vocabulary::Said;

const LONGEST: usize = 160;

pub(crate) fn new_order_message(
    instrument: u32,
    client_sequence: u64,
    client_order_id: u64,
    side: Side,
    price: i64,
    quantity: u64,
) -> Vec<u8> {
    let mut buffer = vec![0; LONGEST];
    let length;
    message!(&mut buffer, order_entry, new_order_single_codec, NewOrderSingleEncoder, length)
        .client_sequence(client_sequence)
        .client_order_id(client_order_id)
        .price(price)
        .stop_price_opt(None)
        .quantity(quantity)
        .display_quantity(0)
        .expire_time_opt(None)
        .instrument_id(instrument)
        .side(side.to_wire())
        .order_type(OrderType::LIMIT)
        .time_in_force(TimeInForce::GTC)
        .self_trade_prevention(SelfTradePrevention::NONE)
        .exec_inst(ExecInst::new(0));
    buffer.truncate(length);
    buffer
}

pub(crate) fn cancel_message(instrument: u32, client_sequence: u64, client_order_id: u64) -> Vec<u8> {
    let mut buffer = vec![0; LONGEST];
    let length;
    message!(&mut buffer, order_entry, order_cancel_request_codec, OrderCancelRequestEncoder, length)
        .client_sequence(client_sequence)
        .orig_client_order_id(client_order_id)
        .instrument_id(instrument);
    buffer.truncate(length);
    buffer
}

pub(crate) fn define_message(instrument: u32, client_sequence: u64) -> Vec<u8> {
    let mut buffer = vec![0; LONGEST];
    let length;
    message!(&mut buffer, order_entry, define_instrument_codec, DefineInstrumentEncoder, length)
        .client_sequence(client_sequence)
        .minimum_price(1)
        .maximum_price(1_000_000)
        .reference_price(1_000)
        .price_band(0)
        .maximum_quantity(1_000_000)
        .tick_size_mantissa(1)
        .lot_size_mantissa(1)
        .instrument_id(instrument)
        .tick_size_exponent(-2)
        .lot_size_exponent(0)
        .instrument_type(InstrumentType::SPOT)
        .state(InstrumentState::OPEN)
        .base_zero_padded(b"BTC")
        .quote_zero_padded(b"USDT");
    buffer.truncate(length);
    buffer
}

pub(crate) fn resume_message(instrument: u32, last_event_sequence: Option<u64>) -> Vec<u8> {
    let mut buffer = vec![0; LONGEST];
    let length;
    message!(&mut buffer, order_entry, resume_codec, ResumeEncoder, length)
        .last_event_sequence_opt(last_event_sequence)
        .instrument_id(instrument);
    buffer.truncate(length);
    buffer
}

pub(crate) fn drop_copy_message(instrument: u32) -> Vec<u8> {
    let mut buffer = vec![0; LONGEST];
    let length;
    message!(&mut buffer, order_entry, drop_copy_request_codec, DropCopyRequestEncoder, length)
        .instrument_id(instrument);
    buffer.truncate(length);
    buffer
}

pub(crate) fn book_message(instrument: u32, depth: u16) -> Vec<u8> {
    let mut buffer = vec![0; LONGEST];
    let length;
    message!(&mut buffer, market_data, market_data_request_codec, MarketDataRequestEncoder, length)
        .request_id(77)
        .instrument_id(instrument)
        .market_depth(depth)
        .bids_after_opt(None)
        .offers_after_opt(None)
        .book_type(lugus_codecs::market_data::book_type::BookType::LEVELS);
    buffer.truncate(length);
    buffer
}
