//! Values of Aeron's client library as the container's.

use rusteron_archive::{
    AeronOfferError, AeronPublication, bindings::aeron_controlled_fragment_handler_action_t as ControlledAction,
};

use crate::agent_io::Flow;
use crate::cluster::MAX_OFFER_PARTS;
use crate::offer_error::OfferError;

// The session header is one part more.
const _: () = assert!(MAX_OFFER_PARTS < rusteron_archive::MAX_OFFER_PARTS);

#[inline]
pub(crate) fn controlled(flow: Flow) -> ControlledAction {
    match flow {
        Flow::Continue => ControlledAction::AERON_ACTION_CONTINUE,
        Flow::Break => ControlledAction::AERON_ACTION_BREAK,
    }
}

/// Offers one message, whose bytes are those of `parts`, in one attempt. They are copied into the log buffer only.
#[inline]
pub(crate) fn offer(publication: &AeronPublication, parts: &[&[u8]]) -> Result<i64, OfferError> {
    publication.offer_parts(parts).map_err(|error| {
        let maximum = || publication.get_constants().map_or(0, |constants| constants.max_message_length());
        offer_error(&error, parts.iter().map(|part| part.len()).sum(), maximum)
    })
}

/// The error of an offer. Aeron has no code for a message that is longer than `maximum`.
#[cold]
pub(crate) fn offer_error(error: &AeronOfferError, length: usize, maximum: impl Fn() -> usize) -> OfferError {
    match error {
        AeronOfferError::NotConnected => OfferError::NotConnected,
        AeronOfferError::BackPressured => OfferError::BackPressured,
        AeronOfferError::AdminAction => OfferError::AdminAction,
        AeronOfferError::MaxPositionExceeded => OfferError::MaxPositionExceeded,
        AeronOfferError::Closed | AeronOfferError::TooManyParts => OfferError::Closed,
        AeronOfferError::Error(_) if length > maximum() => OfferError::MessageTooLong { length, maximum: maximum() },
        AeronOfferError::Error(_) => OfferError::Closed,
    }
}
