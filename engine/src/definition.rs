//! Which instruments can be defined, and which prices an instrument takes.

use lugus_vocabulary::{InstrumentDefinition, InstrumentId, Price, Quantity, RejectReason};

/// Checks a definition before an instrument is made of it.
pub(crate) fn check_definition(definition: &InstrumentDefinition) -> Result<(), RejectReason> {
    let sound = definition.instrument != InstrumentId::NONE
        && is_symbol(definition.base.0)
        && is_symbol(definition.quote.0)
        && takes_price(definition, definition.reference_price)
        && definition.maximum_quantity > Quantity(0)
        && definition.tick_size.mantissa > 0
        && definition.lot_size.mantissa > 0
        && definition.protection.is_sound()
        && definition.auctions.fault().is_none();
    if sound { Ok(()) } else { Err(RejectReason::InvalidDefinition) }
}

/// Whether the price, in ticks, is between the instrument's minimum and maximum price.
#[inline]
pub(crate) fn takes_price(definition: &InstrumentDefinition, price: Price) -> bool {
    (definition.minimum_price..=definition.maximum_price).contains(&price)
}

/// A symbol is one or more graphic ASCII characters, padded with zeros.
fn is_symbol(symbol: [u8; 8]) -> bool {
    let length = symbol.iter().take_while(|byte| byte.is_ascii_graphic()).count();
    length > 0 && symbol[length..].iter().all(|&byte| byte == 0)
}
