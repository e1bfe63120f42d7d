//! Who may change the map: in mode `keys` whoever has the operator's key, in mode `open` everybody.
//!
//! A request must have a proof for the newest challenge. A challenge holds until a request with a proof for it was taken, so
//! that a recorded request can't be made again, and nobody without the key can spoil a challenge.

use lugus_codecs::MessageError;
use lugus_codecs::authenticated_request::{
    CHALLENGE_LENGTH, decode_authenticated_request, is_of_authenticated_requests,
};
use lugus_partition_map::is_request_proven;
use lugus_topology::Key;

/// Decides which requests are done.
#[derive(Debug)]
pub(crate) struct RequestDoor(Option<Lock>);

#[derive(Debug)]
struct Lock {
    operator: Key,
    /// Known to this process alone; the challenges are made of it.
    secret: Key,
    taken: u64,
}

/// What becomes of a request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Admission<'a> {
    /// It is done.
    Taken(&'a [u8]),
    /// It is not done. Its requester may make it again, with a proof for this challenge.
    Challenged {
        /// The request.
        request: &'a [u8],
        /// What the proof must be for.
        challenge: [u8; CHALLENGE_LENGTH],
        /// Who has made it.
        requester: RequesterStanding,
    },
}

/// What a requester has proved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum RequesterStanding {
    /// Nothing.
    Stranger,
    /// That it has the key. A request with a proof for an old challenge, or for none, may be a recorded one: it is not done,
    /// but it was made by who has the key, and for the channel that it names.
    Known,
}

impl RequestDoor {
    /// A door without a lock.
    pub(crate) fn open() -> Self {
        Self(None)
    }

    /// A door for who has the operator's key. `secret` is random, and used by nothing else.
    pub(crate) fn locked(operator: Key, secret: Key) -> Self {
        Self(Some(Lock { operator, secret, taken: 0 }))
    }

    /// Decides on a message.
    ///
    /// # Errors
    /// [`MessageError`]: the message says that it has a proof, but can't be read.
    pub(crate) fn admit<'a>(&mut self, message: &'a [u8]) -> Result<Admission<'a>, MessageError> {
        let (request, with_proof) = if is_of_authenticated_requests(message) {
            let with_proof = decode_authenticated_request(message)?;
            (with_proof.request, Some(with_proof))
        } else {
            (message, None)
        };
        let Some(lock) = &mut self.0 else { return Ok(Admission::Taken(request)) };
        let challenge = lock.challenge();
        let proven = with_proof.filter(|with_proof| is_request_proven(&lock.operator, with_proof));
        match proven {
            Some(proven) if proven.challenge == challenge => {
                lock.taken += 1;
                Ok(Admission::Taken(request))
            }
            Some(_) => Ok(Admission::Challenged { request, challenge, requester: RequesterStanding::Known }),
            None => Ok(Admission::Challenged { request, challenge, requester: RequesterStanding::Stranger }),
        }
    }
}

impl Lock {
    fn challenge(&self) -> [u8; CHALLENGE_LENGTH] {
        self.secret.sign(&self.taken.to_le_bytes())
    }
}

#[cfg(test)]
mod tests {
    use lugus_codecs::authenticated_request::encode_authenticated_request;
    use lugus_partition_map::prove_request;

    use super::*;

    const REQUEST: &[u8] = b"halt BTC/USDT";

    fn key(digits: &str) -> Key {
        Key::parse(&digits.repeat(32)).expect("a key")
    }

    fn locked() -> RequestDoor {
        RequestDoor::locked(key("0a"), key("55"))
    }

    fn challenge(door: &mut RequestDoor) -> [u8; CHALLENGE_LENGTH] {
        match door.admit(REQUEST).expect("read") {
            Admission::Challenged { request: REQUEST, challenge, requester: RequesterStanding::Stranger } => challenge,
            other => panic!("{other:?}"),
        }
    }

    fn proven(key: &Key, challenge: [u8; CHALLENGE_LENGTH], request: &[u8]) -> Vec<u8> {
        encode_authenticated_request(&prove_request(key, challenge, request))
    }

    #[test]
    fn without_a_lock_every_request_is_taken() {
        let mut door = RequestDoor::open();
        assert_eq!(door.admit(REQUEST), Ok(Admission::Taken(REQUEST)));
        let proven = proven(&key("0a"), [7; CHALLENGE_LENGTH], REQUEST);
        assert_eq!(door.admit(&proven), Ok(Admission::Taken(REQUEST)), "a client that still has a challenge");
    }

    #[test]
    fn a_request_with_a_proof_is_taken_once() {
        let mut door = locked();
        let first = challenge(&mut door);
        let message = proven(&key("0a"), first, REQUEST);
        assert_eq!(door.admit(&message), Ok(Admission::Taken(REQUEST)));
        let second = challenge(&mut door);
        assert_ne!(first, second);
        let (request, requester) = (REQUEST, RequesterStanding::Known);
        let again = Admission::Challenged { request, challenge: second, requester };
        assert_eq!(door.admit(&message), Ok(again), "recorded, and sent again");
        let message = proven(&key("0a"), second, REQUEST);
        assert_eq!(door.admit(&message), Ok(Admission::Taken(REQUEST)));
    }

    #[test]
    fn who_has_no_key_gets_nothing_done_and_spoils_no_challenge() {
        let mut door = locked();
        let challenge = challenge(&mut door);
        let mut altered = proven(&key("0a"), challenge, REQUEST);
        *altered.last_mut().expect("bytes") ^= 1;
        let of_another_request =
            encode_authenticated_request(&lugus_codecs::authenticated_request::AuthenticatedRequest {
                request: b"resume BTC/USDT",
                ..prove_request(&key("0a"), challenge, REQUEST)
            });
        for message in [proven(&key("0b"), challenge, REQUEST), altered, of_another_request] {
            let admission = door.admit(&message).expect("read");
            let is_refused = matches!(
                admission,
                Admission::Challenged { challenge: same, requester: RequesterStanding::Stranger, .. } if same == challenge
            );
            assert!(is_refused, "{admission:?}");
        }
        let message = proven(&key("0a"), challenge, REQUEST);
        assert!(door.admit(&message[..message.len() - 1]).is_err(), "cut off");
        assert_eq!(door.admit(&message), Ok(Admission::Taken(REQUEST)));
    }

    #[test]
    fn another_process_has_other_challenges() {
        let mut other = RequestDoor::locked(key("0a"), key("56"));
        assert_ne!(challenge(&mut locked()), challenge(&mut other));
    }
}
