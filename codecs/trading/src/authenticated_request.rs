//! Requests with a proof of who makes them, and the challenge that a proof is for (schema 205).
//!
//! Encode and decode only: the key is with `lugus_topology`.

use sbe_message::{Envelope, HEADER_LENGTH, VAR_DATA_HEADER_LENGTH};

use crate::error::MessageError;
pub use crate::sbe_authenticated_request::{SBE_SCHEMA_ID, SBE_SCHEMA_VERSION};
use crate::sbe_authenticated_request::{authenticated_request_codec, challenge_codec};
use crate::{block, message};

/// Length of a challenge, in bytes.
pub const CHALLENGE_LENGTH: usize = 32;

/// Length of a proof, in bytes.
pub const PROOF_LENGTH: usize = 32;

/// Length of a [`RequestChallenge`], in bytes.
pub const REQUEST_CHALLENGE_LENGTH: usize = HEADER_LENGTH + challenge_codec::SBE_BLOCK_LENGTH as usize;

/// The answer to a request without a good proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestChallenge {
    /// That of the request.
    pub correlation_id: i64,
    /// What a proof must be for.
    pub challenge: [u8; CHALLENGE_LENGTH],
}

/// A request with its proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuthenticatedRequest<'a> {
    /// What the proof is for.
    pub challenge: [u8; CHALLENGE_LENGTH],
    /// Made with the requester's key, of the challenge and the request.
    pub proof: [u8; PROOF_LENGTH],
    /// The request, as it would be sent without a proof.
    pub request: &'a [u8],
}

/// Whether a message with a good header is one of this protocol.
pub fn is_of_authenticated_requests(message: &[u8]) -> bool {
    Envelope::open(message).is_ok_and(|envelope| envelope.schema_id == SBE_SCHEMA_ID)
}

/// Encodes a challenge.
pub fn encode_request_challenge(challenge: &RequestChallenge) -> [u8; REQUEST_CHALLENGE_LENGTH] {
    let mut buffer = [0; REQUEST_CHALLENGE_LENGTH];
    let _length;
    let mut wire = message!(&mut buffer, sbe_authenticated_request, challenge_codec, ChallengeEncoder, _length);
    wire.correlation_id(challenge.correlation_id).challenge(&challenge.challenge);
    buffer
}

/// Decodes a challenge.
///
/// # Errors
/// [`MessageError`], if the message is no challenge, or is cut off.
pub fn decode_request_challenge(message: &[u8]) -> Result<RequestChallenge, MessageError> {
    let envelope = Envelope::open(message)?;
    let wire = block!(envelope, sbe_authenticated_request, challenge_codec, ChallengeDecoder);
    Ok(RequestChallenge { correlation_id: wire.correlation_id(), challenge: wire.challenge() })
}

/// Encodes a request with its proof.
pub fn encode_authenticated_request(request: &AuthenticatedRequest<'_>) -> Vec<u8> {
    let block = HEADER_LENGTH + usize::from(authenticated_request_codec::SBE_BLOCK_LENGTH);
    let mut buffer = vec![0; block];
    buffer.reserve(VAR_DATA_HEADER_LENGTH + request.request.len());
    let _length;
    let mut wire = message!(
        &mut buffer,
        sbe_authenticated_request,
        authenticated_request_codec,
        AuthenticatedRequestEncoder,
        _length
    );
    wire.challenge(&request.challenge).proof(&request.proof);
    buffer.extend_from_slice(&u32::try_from(request.request.len()).unwrap_or(u32::MAX).to_le_bytes());
    buffer.extend_from_slice(request.request);
    buffer
}

/// Decodes a request with its proof. The request in it is not decoded.
///
/// # Errors
/// [`MessageError`], if the message is no such request, or is cut off.
pub fn decode_authenticated_request(message: &[u8]) -> Result<AuthenticatedRequest<'_>, MessageError> {
    let envelope = Envelope::open(message)?;
    let wire = block!(envelope, sbe_authenticated_request, authenticated_request_codec, AuthenticatedRequestDecoder);
    let body =
        envelope.body(authenticated_request_codec::SBE_TEMPLATE_ID, authenticated_request_codec::SBE_BLOCK_LENGTH)?;
    let (request, _) = body.var_data(body.end_of_block())?;
    Ok(AuthenticatedRequest { challenge: wire.challenge(), proof: wire.proof(), request })
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_request_with_its_proof_reads_as_it_was(
            challenge: [u8; CHALLENGE_LENGTH],
            proof: [u8; PROOF_LENGTH],
            request in vec(any::<u8>(), 0..600),
            cut: prop::sample::Index,
        ) {
            let written = AuthenticatedRequest { challenge, proof, request: &request };
            let message = encode_authenticated_request(&written);
            prop_assert_eq!(decode_authenticated_request(&message), Ok(written));
            prop_assert!(is_of_authenticated_requests(&message));
            prop_assert!(decode_authenticated_request(&message[..cut.index(message.len())]).is_err());
        }

        #[test]
        fn a_challenge_reads_as_it_was(correlation_id: i64, challenge: [u8; CHALLENGE_LENGTH], cut: prop::sample::Index) {
            let written = RequestChallenge { correlation_id, challenge };
            let message = encode_request_challenge(&written);
            prop_assert_eq!(decode_request_challenge(&message), Ok(written));
            prop_assert!(decode_request_challenge(&message[..cut.index(message.len())]).is_err());
        }

        #[test]
        fn other_bytes_are_refused_or_read(message in vec(any::<u8>(), 0..200)) {
            let _ = (decode_request_challenge(&message), decode_authenticated_request(&message));
        }
    }
}
