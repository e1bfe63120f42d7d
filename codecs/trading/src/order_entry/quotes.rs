//! Quotes and market-maker protection, to and from bytes: the commands, and their events.

use lugus_vocabulary::{
    Action, ByEntry, EpochNanos, InstrumentId, MAXIMUM_QUOTE_ENTRIES, MarketMakerProtection,
    MarketMakerProtectionReport, MassQuote, MassQuoteAcknowledgement, OnDisconnect, PostOnly, Price, Quantity,
    QuoteCancel, QuoteEntry, QuoteId, QuoteResult, QuoteSetId, QuoteStatusReport, Report, ReportBody,
};
use sbe_message::{Envelope, HEADER_LENGTH};

use super::report_numbers::{read_report, write_numbers};
use crate::error::MessageError;
use crate::group::{GROUP_HEADER_LENGTH, Group};
use crate::limits::{limit, limit_number};
use crate::sbe_order_entry::mass_quote_codec::decoder::EntriesDecoder;
use crate::sbe_order_entry::mass_quote_codec::encoder::{EntriesEncoder, MassQuoteEncoder};
use crate::sbe_order_entry::{
    Encoder, SBE_SCHEMA_ID, SbeResult, market_maker_protection_report_codec, mass_quote_acknowledgement_codec,
    mass_quote_codec, quote_cancel_codec, quote_status_report_codec, reset_market_maker_protection_codec,
    set_market_maker_protection_codec,
};
use crate::word::{ToWire, word};
use crate::{block, message};

/// The version that has quotes. A message that says that it is of an earlier version has none of their templates: members of that
/// version do not know them.
pub(super) const QUOTES_SINCE: u16 = 6;

/// Length of an entry of a mass quote, in bytes.
const ENTRY_LENGTH: u16 = EntriesEncoder::<MassQuoteEncoder<'_>>::block_length();

/// A later version may put more into an entry, but not more entries into a message.
const ENTRIES: Group = Group { name: "entries", block_length: ENTRY_LENGTH, maximum: MAXIMUM_QUOTE_ENTRIES as u16 };

/// Length of the longest mass quote with its header, in bytes.
pub(super) const MAXIMUM_MASS_QUOTE_LENGTH: usize = HEADER_LENGTH
    + mass_quote_codec::SBE_BLOCK_LENGTH as usize
    + GROUP_HEADER_LENGTH
    + MAXIMUM_QUOTE_ENTRIES * ENTRY_LENGTH as usize;

/// Length of the longest report of quotes with its header, in bytes.
pub(super) const MAXIMUM_QUOTE_REPORT_LENGTH: usize = {
    let lengths = [
        mass_quote_acknowledgement_codec::SBE_BLOCK_LENGTH,
        quote_status_report_codec::SBE_BLOCK_LENGTH,
        market_maker_protection_report_codec::SBE_BLOCK_LENGTH,
    ];
    let (mut longest, mut at) = (0, 0);
    while at < lengths.len() {
        if lengths[at] > longest {
            longest = lengths[at];
        }
        at += 1;
    }
    HEADER_LENGTH + longest as usize
};

/// The quote set with this number.
fn quote_set(number: u8, template_id: u16) -> Result<QuoteSetId, MessageError> {
    QuoteSetId::new(number).ok_or(MessageError::Value { template_id, field: "quoteSetId" })
}

/// The scope's instrument, the client sequence, and what the command asks for.
type Numbered = (u32, u64, Action);

pub(super) fn encode_mass_quote(quote: &MassQuote, buffer: &mut [u8]) -> usize {
    // A generated group encoder fails only without its parent, which is given to it.
    try_encode(quote, buffer).unwrap_or(0)
}

fn try_encode(quote: &MassQuote, buffer: &mut [u8]) -> SbeResult<usize> {
    let MassQuote { quote_id, quote_set, post_only, self_trade_prevention, entries } = quote;
    let _end_of_block;
    let mut wire = message!(buffer, sbe_order_entry, mass_quote_codec, MassQuoteEncoder, _end_of_block);
    wire.quote_id(quote_id.0)
        .quote_set_id(quote_set.number())
        .self_trade_prevention(self_trade_prevention.to_wire())
        .exec_inst((*post_only, OnDisconnect::Cancel).to_wire());
    let mut group = wire.entries_encoder(entries.len() as u16, EntriesEncoder::default());
    for entry in entries.iter() {
        group.advance()?;
        group
            .bid_price(entry.bid_price.0)
            .bid_quantity(entry.bid_quantity.0)
            .offer_price(entry.offer_price.0)
            .offer_quantity(entry.offer_quantity.0)
            .instrument_id(entry.instrument.0);
    }
    Ok(group.parent()?.get_limit())
}

pub(super) fn decode_mass_quote(envelope: Envelope<'_>) -> Result<Numbered, MessageError> {
    let envelope = envelope.of_schema(SBE_SCHEMA_ID)?;
    let template_id = mass_quote_codec::SBE_TEMPLATE_ID;
    let body = envelope.body(template_id, mass_quote_codec::SBE_BLOCK_LENGTH)?;
    ENTRIES.check(&body, template_id, body.end_of_block())?;

    let wire = block!(envelope, sbe_order_entry, mass_quote_codec, MassQuoteDecoder);
    // Quotes never stay on disconnect.
    let (post_only, _): (PostOnly, OnDisconnect) = word(wire.exec_inst(), template_id, "execInst")?;
    let client_sequence = wire.client_sequence();
    let mut quote = MassQuote {
        quote_id: QuoteId(wire.quote_id()),
        quote_set: quote_set(wire.quote_set_id(), template_id)?,
        post_only,
        self_trade_prevention: word(wire.self_trade_prevention(), template_id, "selfTradePrevention")?,
        entries: ByEntry::default(),
    };
    let mut entries = EntriesDecoder::default().wrap(wire);
    while let Ok(Some(_)) = entries.advance() {
        let entry = QuoteEntry {
            instrument: InstrumentId(entries.instrument_id()),
            bid_price: Price(entries.bid_price()),
            bid_quantity: Quantity(entries.bid_quantity()),
            offer_price: Price(entries.offer_price()),
            offer_quantity: Quantity(entries.offer_quantity()),
        };
        // There are no more than there is room for.
        quote.entries.push(entry).map_err(|_| MessageError::Value { template_id, field: "entries" })?;
    }
    Ok((InstrumentId::NONE.0, client_sequence, Action::MassQuote(quote)))
}

pub(super) fn encode_quote_cancel(cancel: &QuoteCancel, buffer: &mut [u8]) -> usize {
    let length;
    message!(buffer, sbe_order_entry, quote_cancel_codec, QuoteCancelEncoder, length)
        .quoted_instrument_id(cancel.instrument.0)
        .quote_set_id_opt(cancel.quote_set.map(QuoteSetId::number));
    length
}

pub(super) fn decode_quote_cancel(envelope: Envelope<'_>) -> Result<Numbered, MessageError> {
    let wire = block!(envelope, sbe_order_entry, quote_cancel_codec, QuoteCancelDecoder);
    let template_id = quote_cancel_codec::SBE_TEMPLATE_ID;
    let cancel = QuoteCancel {
        quote_set: wire.quote_set_id().map(|number| quote_set(number, template_id)).transpose()?,
        instrument: InstrumentId(wire.quoted_instrument_id()),
    };
    Ok((InstrumentId::NONE.0, wire.client_sequence(), Action::QuoteCancel(cancel)))
}

/// Writes [`MarketMakerProtection`] into any generated encoder that has its fields.
macro_rules! write_protection {
    ($encoder:expr, $protection:expr) => {
        $encoder
            .maximum_quantity(limit_number($protection.maximum_quantity).0)
            .maximum_delta(limit_number($protection.maximum_delta).0)
            .maximum_trades(limit_number($protection.maximum_trades))
            .window($protection.window_milliseconds)
            .frozen_time($protection.frozen_milliseconds)
    };
}

/// Reads [`MarketMakerProtection`] from any generated decoder that has its fields.
macro_rules! read_protection {
    ($decoder:expr) => {
        MarketMakerProtection {
            window_milliseconds: $decoder.window(),
            frozen_milliseconds: $decoder.frozen_time(),
            maximum_trades: limit($decoder.maximum_trades()),
            maximum_quantity: limit($decoder.maximum_quantity()).map(Quantity),
            maximum_delta: limit($decoder.maximum_delta()).map(Quantity),
        }
    };
}

pub(super) fn encode_set_market_maker_protection(
    set: QuoteSetId,
    protection: &MarketMakerProtection,
    buffer: &mut [u8],
) -> usize {
    let length;
    let mut wire =
        message!(buffer, sbe_order_entry, set_market_maker_protection_codec, SetMarketMakerProtectionEncoder, length);
    write_protection!(wire, protection).quote_set_id(set.number());
    length
}

pub(super) fn decode_set_market_maker_protection(envelope: Envelope<'_>) -> Result<Numbered, MessageError> {
    let wire = block!(envelope, sbe_order_entry, set_market_maker_protection_codec, SetMarketMakerProtectionDecoder);
    let quote_set = quote_set(wire.quote_set_id(), set_market_maker_protection_codec::SBE_TEMPLATE_ID)?;
    let action = Action::SetMarketMakerProtection { quote_set, protection: read_protection!(wire) };
    Ok((InstrumentId::NONE.0, wire.client_sequence(), action))
}

pub(super) fn encode_reset_market_maker_protection(set: QuoteSetId, buffer: &mut [u8]) -> usize {
    let length;
    message!(buffer, sbe_order_entry, reset_market_maker_protection_codec, ResetMarketMakerProtectionEncoder, length)
        .quote_set_id(set.number());
    length
}

pub(super) fn decode_reset_market_maker_protection(envelope: Envelope<'_>) -> Result<Numbered, MessageError> {
    let wire =
        block!(envelope, sbe_order_entry, reset_market_maker_protection_codec, ResetMarketMakerProtectionDecoder);
    let quote_set = quote_set(wire.quote_set_id(), reset_market_maker_protection_codec::SBE_TEMPLATE_ID)?;
    let action = Action::ResetMarketMakerProtection { quote_set };
    Ok((InstrumentId::NONE.0, wire.client_sequence(), action))
}

pub(super) fn encode_mass_quote_acknowledgement(
    report: &Report,
    acknowledgement: &MassQuoteAcknowledgement,
    buffer: &mut [u8],
) -> usize {
    let MassQuoteAcknowledgement { quote_id, quote_set, results } = acknowledgement;
    let mut all = [QuoteResult::default(); MAXIMUM_QUOTE_ENTRIES];
    all[..results.len()].copy_from_slice(results);
    let [one, two, three, four, five, six] = all;
    let length;
    let mut wire =
        message!(buffer, sbe_order_entry, mass_quote_acknowledgement_codec, MassQuoteAcknowledgementEncoder, length);
    write_numbers!(wire, report)
        .quote_id(quote_id.0)
        .quote_set_id(quote_set.number())
        .entries(results.len() as u8)
        .instrument_1(one.instrument.0)
        .instrument_2(two.instrument.0)
        .instrument_3(three.instrument.0)
        .instrument_4(four.instrument.0)
        .instrument_5(five.instrument.0)
        .instrument_6(six.instrument.0)
        .reason_1(one.reason.to_wire())
        .reason_2(two.reason.to_wire())
        .reason_3(three.reason.to_wire())
        .reason_4(four.reason.to_wire())
        .reason_5(five.reason.to_wire())
        .reason_6(six.reason.to_wire());
    length
}

pub(super) fn decode_mass_quote_acknowledgement(envelope: Envelope<'_>) -> Result<Report, MessageError> {
    let wire = block!(envelope, sbe_order_entry, mass_quote_acknowledgement_codec, MassQuoteAcknowledgementDecoder);
    let template_id = mass_quote_acknowledgement_codec::SBE_TEMPLATE_ID;
    let results = [
        (wire.instrument_1(), wire.reason_1()),
        (wire.instrument_2(), wire.reason_2()),
        (wire.instrument_3(), wire.reason_3()),
        (wire.instrument_4(), wire.reason_4()),
        (wire.instrument_5(), wire.reason_5()),
        (wire.instrument_6(), wire.reason_6()),
    ];
    let told = results.get(..usize::from(wire.entries()));
    let mut results = ByEntry::default();
    for &(instrument, reason) in told.ok_or(MessageError::Value { template_id, field: "entries" })? {
        let reason = word(reason, template_id, "reason")?;
        let result = QuoteResult { instrument: InstrumentId(instrument), reason };
        results.push(result).map_err(|_| MessageError::Value { template_id, field: "entries" })?;
    }
    let body = ReportBody::MassQuote(MassQuoteAcknowledgement {
        quote_id: QuoteId(wire.quote_id()),
        quote_set: quote_set(wire.quote_set_id(), template_id)?,
        results,
    });
    Ok(read_report!(wire, body))
}

pub(super) fn encode_quote_status(report: &Report, status: &QuoteStatusReport, buffer: &mut [u8]) -> usize {
    let QuoteStatusReport { canceled, affected, moving } = *status;
    let length;
    let mut wire = message!(buffer, sbe_order_entry, quote_status_report_codec, QuoteStatusReportEncoder, length);
    write_numbers!(wire, report)
        .quoted_instrument_id(canceled.instrument.0)
        .total_affected_orders(affected)
        .moving_instruments(moving)
        .quote_set_id_opt(canceled.quote_set.map(QuoteSetId::number));
    length
}

pub(super) fn decode_quote_status(envelope: Envelope<'_>) -> Result<Report, MessageError> {
    let wire = block!(envelope, sbe_order_entry, quote_status_report_codec, QuoteStatusReportDecoder);
    let template_id = quote_status_report_codec::SBE_TEMPLATE_ID;
    let canceled = QuoteCancel {
        quote_set: wire.quote_set_id().map(|number| quote_set(number, template_id)).transpose()?,
        instrument: InstrumentId(wire.quoted_instrument_id()),
    };
    let (affected, moving) = (wire.total_affected_orders(), wire.moving_instruments());
    Ok(read_report!(wire, ReportBody::QuoteStatus(QuoteStatusReport { canceled, affected, moving })))
}

pub(super) fn encode_market_maker_protection(
    report: &Report,
    of: &MarketMakerProtectionReport,
    buffer: &mut [u8],
) -> usize {
    let length;
    let mut wire = message!(
        buffer,
        sbe_order_entry,
        market_maker_protection_report_codec,
        MarketMakerProtectionReportEncoder,
        length
    );
    write_protection!(write_numbers!(wire, report), of.protection)
        .quote_set_id(of.quote_set.number())
        .trigger(of.trigger.to_wire())
        .frozen_until_opt(of.frozen_until.map(|time| time.0))
        .trades(of.trades)
        .bought_quantity(of.bought.0)
        .sold_quantity(of.sold.0);
    length
}

pub(super) fn decode_market_maker_protection(envelope: Envelope<'_>) -> Result<Report, MessageError> {
    let wire =
        block!(envelope, sbe_order_entry, market_maker_protection_report_codec, MarketMakerProtectionReportDecoder);
    let template_id = market_maker_protection_report_codec::SBE_TEMPLATE_ID;
    let body = ReportBody::MarketMakerProtection(MarketMakerProtectionReport {
        quote_set: quote_set(wire.quote_set_id(), template_id)?,
        protection: read_protection!(wire),
        trigger: word(wire.trigger(), template_id, "trigger")?,
        frozen_until: wire.frozen_until().map(EpochNanos),
        trades: wire.trades(),
        bought: Quantity(wire.bought_quantity()),
        sold: Quantity(wire.sold_quantity()),
    });
    Ok(read_report!(wire, body))
}
