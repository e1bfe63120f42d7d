//! What a deployment begins with: participants' principals and instruments.

use lugus_codecs::order_entry::{MAXIMUM_COMMAND_LENGTH, encode_command};
use lugus_vocabulary::{
    Action, AuctionRules, ClientSequence, Command, Decimal, InstrumentDefinition, InstrumentId, InstrumentState,
    InstrumentType, ParticipantId, Price, PriceProtection, Quantity, SessionKey, Symbol,
};

/// The key of all sessions, in a deployment with keys.
pub(crate) const KEY: [u8; SessionKey::LENGTH] = [7; SessionKey::LENGTH];

/// The principal as the authenticator writes it.
pub(crate) fn principal(participant: u32, has_keys: bool) -> Vec<u8> {
    let key: String = KEY.iter().map(|byte| format!("{byte:02x}")).collect();
    if has_keys { format!("{participant}:1:{key}").into_bytes() } else { participant.to_string().into_bytes() }
}

/// An instrument.
pub(crate) fn definition(instrument: InstrumentId) -> InstrumentDefinition {
    InstrumentDefinition {
        instrument,
        base: Symbol(*b"I\0\0\0\0\0\0\0"),
        quote: Symbol(*b"USD\0\0\0\0\0"),
        instrument_type: InstrumentType::Spot,
        minimum_price: Price(90),
        maximum_price: Price(110),
        reference_price: Price(100),
        price_band: Quantity(if instrument == InstrumentId(1) { 8 } else { 0 }),
        maximum_quantity: Quantity(20),
        tick_size: Decimal { mantissa: 1, exponent: -2 },
        lot_size: Decimal { mantissa: 1, exponent: -2 },
        state: InstrumentState::Open,
        protection: PriceProtection::NONE,
        auctions: AuctionRules::NONE,
    }
}

/// The operator's command that defines an instrument.
pub(crate) fn define(instrument: InstrumentId, number: u64) -> Vec<u8> {
    let command = Command {
        participant: ParticipantId::OPERATOR,
        instrument: InstrumentId::NONE,
        client_sequence: ClientSequence(number),
        action: Action::DefineInstrument(definition(instrument)),
    };
    encode_command(&command, &mut [0; MAXIMUM_COMMAND_LENGTH]).to_vec()
}
