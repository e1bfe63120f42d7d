//! The proof by which the operator's requests are known.

use lugus_codecs::authenticated_request::{AuthenticatedRequest, CHALLENGE_LENGTH};
use lugus_topology::Key;

/// Adds the proof of this key to a request, for one challenge.
pub fn prove_request<'a>(key: &Key, challenge: [u8; CHALLENGE_LENGTH], request: &'a [u8]) -> AuthenticatedRequest<'a> {
    AuthenticatedRequest { challenge, proof: key.sign(&proven(&challenge, request)), request }
}

/// Whether the proof is that of this key, for the challenge that the request names.
pub fn is_request_proven(key: &Key, request: &AuthenticatedRequest<'_>) -> bool {
    key.has_signed(&proven(&request.challenge, request.request), &request.proof)
}

/// What is signed. The challenge has a fixed length, so two parts have only one place where they meet.
fn proven(challenge: &[u8; CHALLENGE_LENGTH], request: &[u8]) -> Vec<u8> {
    [challenge.as_slice(), request].concat()
}
