//! The command that sets the rules of an instrument's auctions, to and from bytes.

use lugus_vocabulary::{Action, AuctionRules, InstrumentId};
use sbe_message::Envelope;

use crate::auction_rules::{read_auction_rules, write_auction_rules};
use crate::error::MessageError;
use crate::sbe_order_entry::set_auction_rules_codec;
use crate::{block, message};

/// The first version that has rules of auctions.
pub(super) const AUCTIONS_SINCE: u16 = 6;

pub(super) fn encode_set_auction_rules(instrument: InstrumentId, rules: &AuctionRules, buffer: &mut [u8]) -> usize {
    let length;
    let mut wire = message!(buffer, sbe_order_entry, set_auction_rules_codec, SetAuctionRulesEncoder, length);
    write_auction_rules!(wire, rules).instrument_id(instrument.0);
    length
}

pub(super) fn decode_set_auction_rules(envelope: Envelope<'_>) -> Result<(u32, u64, Action), MessageError> {
    let wire = block!(envelope, sbe_order_entry, set_auction_rules_codec, SetAuctionRulesDecoder);
    let rules = read_auction_rules!(wire, set_auction_rules_codec::SBE_TEMPLATE_ID);
    Ok((wire.instrument_id(), wire.client_sequence(), Action::SetAuctionRules(rules)))
}
