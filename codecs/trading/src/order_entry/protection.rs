//! The command that sets what protects an instrument's prices, to and from bytes.

use lugus_vocabulary::{Action, InstrumentId, PriceProtection};
use sbe_message::Envelope;

use crate::error::MessageError;
use crate::protection::{read_protection, write_protection};
use crate::sbe_order_entry::set_price_protection_codec;
use crate::{block, message};

pub(super) fn encode_set_price_protection(
    instrument: InstrumentId,
    protection: &PriceProtection,
    buffer: &mut [u8],
) -> usize {
    let length;
    let mut wire = message!(buffer, sbe_order_entry, set_price_protection_codec, SetPriceProtectionEncoder, length);
    write_protection!(wire, protection).instrument_id(instrument.0);
    length
}

pub(super) fn decode_set_price_protection(envelope: Envelope<'_>) -> Result<(u32, u64, Action), MessageError> {
    let wire = block!(envelope, sbe_order_entry, set_price_protection_codec, SetPriceProtectionDecoder);
    let protection = read_protection!(wire, set_price_protection_codec::SBE_TEMPLATE_ID);
    Ok((wire.instrument_id(), wire.client_sequence(), Action::SetPriceProtection(protection)))
}
