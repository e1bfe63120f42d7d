//! Quote sets and the trades that their protection counts, to and from bytes. Enumerations are numbered as in order entry.

use lugus_vocabulary::{
    EpochNanos, MarketMakerProtection, ProtectionTrigger, Quantity, QuoteSetId, QuoteSetRecord, QuoteTradesRecord,
    RejectReason,
};
use sbe_message::Envelope;

use super::records::known;
use crate::error::MessageError;
use crate::flags::{flags, if_flagged};
use crate::limits::{limit, limit_number};
use crate::sbe_snapshot::quote_set_codec;
use crate::{block, message};

pub(super) fn encode_quote_set(record: &QuoteSetRecord, buffer: &mut [u8]) -> usize {
    let QuoteSetRecord { quote_set, protection, trigger, frozen_until, canceling, trades } = *record;
    let length;
    message!(buffer, sbe_snapshot, quote_set_codec, QuoteSetEncoder, length)
        .maximum_quantity(limit_number(protection.maximum_quantity).0)
        .maximum_delta(limit_number(protection.maximum_delta).0)
        .frozen_until(frozen_until.unwrap_or_default().0)
        .maximum_trades(limit_number(protection.maximum_trades))
        .window(protection.window_milliseconds)
        .frozen_time(protection.frozen_milliseconds)
        .trades(trades)
        .quote_set_id(quote_set.number())
        .trigger(trigger.number())
        .reason(canceling.unwrap_or_default().number())
        .present(flags([frozen_until.is_some(), canceling.is_some()]));
    length
}

pub(super) fn decode_quote_set(envelope: Envelope<'_>) -> Result<QuoteSetRecord, MessageError> {
    let wire = block!(envelope, sbe_snapshot, quote_set_codec, QuoteSetDecoder);
    let template_id = quote_set_codec::SBE_TEMPLATE_ID;
    let present = wire.present();
    if present >> 2 != 0 {
        return Err(MessageError::Value { template_id, field: "present" });
    }
    let reason = known(RejectReason::from_number(wire.reason()), template_id, "reason")?;
    let frozen_until = EpochNanos(wire.frozen_until());
    Ok(QuoteSetRecord {
        quote_set: known(QuoteSetId::new(wire.quote_set_id()), template_id, "quoteSetId")?,
        protection: MarketMakerProtection {
            window_milliseconds: wire.window(),
            frozen_milliseconds: wire.frozen_time(),
            maximum_trades: limit(wire.maximum_trades()),
            maximum_quantity: limit(wire.maximum_quantity()).map(Quantity),
            maximum_delta: limit(wire.maximum_delta()).map(Quantity),
        },
        trigger: known(ProtectionTrigger::from_number(wire.trigger()), template_id, "trigger")?,
        frozen_until: if_flagged(present, 0, frozen_until, template_id, "frozenUntil")?,
        canceling: if_flagged(present, 1, reason, template_id, "reason")?,
        trades: wire.trades(),
    })
}

pub(super) fn encode_quote_trades(record: &QuoteTradesRecord, buffer: &mut [u8]) -> usize {
    let QuoteTradesRecord { time, trades, bought, sold } = *record;
    let length;
    message!(buffer, sbe_snapshot, quote_trades_codec, QuoteTradesEncoder, length)
        .time(time.0)
        .bought_quantity(bought.0)
        .sold_quantity(sold.0)
        .trades(trades);
    length
}

pub(super) fn decode_quote_trades(envelope: Envelope<'_>) -> Result<QuoteTradesRecord, MessageError> {
    let wire = block!(envelope, sbe_snapshot, quote_trades_codec, QuoteTradesDecoder);
    Ok(QuoteTradesRecord {
        time: EpochNanos(wire.time()),
        trades: wire.trades(),
        bought: Quantity(wire.bought_quantity()),
        sold: Quantity(wire.sold_quantity()),
    })
}
