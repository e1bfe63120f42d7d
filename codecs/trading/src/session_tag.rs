//! The trailer of a message whose sender has a session key: it shows that the message is the sender's, and no repeat.
//!
//! Aeron Cluster numbers its sessions from 1, and takes a message for a session from anyone who names that number. A
//! message with a trailer is its SBE bytes, followed by
//!
//! | bytes | what |
//! |---|---|
//! | 8 | counter, little endian: higher than that of every message of the session before |
//! | 8 | tag, little endian: SipHash-1-3 under the session key, of all bytes before the tag |
//!
//! The key belongs to one session, so the tag needs no number of the session. `docs/protocol.md` says where the key comes
//! from, and has a worked example.

use std::hash::Hasher;

use lugus_vocabulary::{SessionAuthentication, SessionKey};
use siphasher::sip::SipHasher13;
use thiserror::Error;

/// Length of a counter, in bytes.
const COUNTER_LENGTH: usize = 8;

/// Length of a tag, in bytes.
const TAG_LENGTH: usize = 8;

/// Length of a trailer, in bytes.
pub const TRAILER_LENGTH: usize = COUNTER_LENGTH + TAG_LENGTH;

/// Makes the trailers of a session's messages, in the order in which the messages are sent.
#[derive(Debug, Clone)]
pub struct MessageSigner {
    authentication: SessionAuthentication,
}

impl MessageSigner {
    /// A signer for a new session with this key.
    pub const fn new(key: SessionKey) -> Self {
        Self { authentication: SessionAuthentication::new(key) }
    }

    /// The trailer of the next message. A message that was not sent after all leaves a gap in the counters, which is allowed.
    #[inline]
    pub fn trailer(&mut self, message: &[u8]) -> [u8; TRAILER_LENGTH] {
        let SessionAuthentication { key, last_counter } = &mut self.authentication;
        // A counter of 64 bits is not used up.
        *last_counter = last_counter.wrapping_add(1);
        let counter = last_counter.to_le_bytes();
        let mut trailer = [0; TRAILER_LENGTH];
        trailer[..COUNTER_LENGTH].copy_from_slice(&counter);
        trailer[COUNTER_LENGTH..].copy_from_slice(&tag(key, message, &counter));
        trailer
    }
}

/// Why a message is not taken for its session's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum TrailerError {
    /// The message is shorter than a trailer, or its tag is another one.
    #[error("the message has no tag of its session")]
    Tag,
    /// The message was taken before, or a later one was.
    #[error("the message's counter is {counter}, and that of an earlier message was {last}")]
    Counter {
        /// Counter of the message.
        counter: u64,
        /// Counter of the last message that was taken.
        last: u64,
    },
}

/// Checks a message, notes its counter, and returns the message without its trailer.
///
/// # Errors
/// [`TrailerError`]; nothing was noted.
#[inline]
pub fn check<'m>(authentication: &mut SessionAuthentication, signed: &'m [u8]) -> Result<&'m [u8], TrailerError> {
    let (rest, found) = signed.split_last_chunk().ok_or(TrailerError::Tag)?;
    let (message, counter) = rest.split_last_chunk().ok_or(TrailerError::Tag)?;
    // All eight bytes are compared at once, so that the time taken does not tell how many of them are right.
    if u64::from_le_bytes(tag(&authentication.key, message, counter)) != u64::from_le_bytes(*found) {
        return Err(TrailerError::Tag);
    }
    let (counter, last) = (u64::from_le_bytes(*counter), authentication.last_counter);
    if counter <= last {
        return Err(TrailerError::Counter { counter, last });
    }
    authentication.last_counter = counter;
    Ok(message)
}

#[inline]
fn tag(key: &SessionKey, message: &[u8], counter: &[u8; COUNTER_LENGTH]) -> [u8; TAG_LENGTH] {
    let mut hasher = SipHasher13::new_with_key(key.as_bytes());
    hasher.write(message);
    hasher.write(counter);
    hasher.finish().to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const KEY: SessionKey = SessionKey::new([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]);

    fn signed(signer: &mut MessageSigner, message: &[u8]) -> Vec<u8> {
        [message, &signer.trailer(message)].concat()
    }

    fn hexadecimal(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Source: test vectors of the standard library of Rust for SipHash-1-3, of which the bytes 0 to 14 are the sixteenth.
    #[test]
    fn the_tag_is_siphash_1_3() {
        let tag = tag(&KEY, &[0, 1, 2, 3, 4, 5, 6], &[7, 8, 9, 10, 11, 12, 13, 14]);
        assert_eq!(tag, [0x56, 0x99, 0x51, 0x2a, 0x6d, 0xd8, 0x20, 0xd3]);
    }

    /// The example of `docs/protocol.md`, which `SessionTagTest.java` has, too: a cancel as the first and the second message
    /// of a session.
    #[test]
    fn the_worked_example() {
        let key = [0xd8, 0xf7, 0x96, 0x64, 0x8c, 0xfa, 0x14, 0xd2, 0x71, 0x24, 0x01, 0x60, 0xd4, 0x6f, 0xf7, 0xa8];
        let mut signer = MessageSigner::new(SessionKey::new(key));
        // Bytes of version 2 of order entry: a tag knows nothing of versions.
        let message = b"\x14\0\x02\0\xc9\0\x02\0\x2a\0\0\0\0\0\0\0\x0b\0\0\0\0\0\0\0\x03\0\0\0";
        assert_eq!(hexadecimal(message), "14000200c90002002a000000000000000b0000000000000003000000");
        assert_eq!(hexadecimal(&signer.trailer(message)), "010000000000000004159ec898a36aa6");
        assert_eq!(hexadecimal(&signer.trailer(message)), "0200000000000000e24e76e39d193544");
    }

    #[test]
    fn messages_are_taken_once_and_in_order() {
        let mut signer = MessageSigner::new(KEY);
        let messages = [&b"one"[..], b"", b"three"].map(|message| (message, signed(&mut signer, message)));
        let mut session = SessionAuthentication::new(KEY);
        for (message, signed) in &messages {
            assert_eq!(check(&mut session, signed), Ok(*message));
            assert!(matches!(check(&mut session, signed), Err(TrailerError::Counter { .. })), "a repeat");
        }
        let mut session = SessionAuthentication::new(KEY);
        assert_eq!(check(&mut session, &messages[2].1), Ok(&b"three"[..]), "a gap is allowed");
        assert_eq!(check(&mut session, &messages[0].1), Err(TrailerError::Counter { counter: 1, last: 3 }));
        assert_eq!(session.last_counter, 3);
    }

    #[test]
    fn a_message_without_a_whole_trailer_is_refused() {
        let whole = signed(&mut MessageSigner::new(KEY), b"");
        for length in 0..whole.len() {
            assert_eq!(check(&mut SessionAuthentication::new(KEY), &whole[..length]), Err(TrailerError::Tag));
        }
    }

    proptest! {
        #[test]
        fn any_bent_bit_is_noticed(
            key in any::<[u8; SessionKey::LENGTH]>(),
            message in proptest::collection::vec(any::<u8>(), 0..200),
            at in any::<prop::sample::Index>(),
            bit in 0u8..8,
        ) {
            let key = SessionKey::new(key);
            let mut signed = signed(&mut MessageSigner::new(key), &message);
            let at = at.index(signed.len());
            signed[at] ^= 1u8 << bit;
            let mut session = SessionAuthentication::new(key);
            prop_assert_eq!(check(&mut session, &signed), Err(TrailerError::Tag));
            prop_assert_eq!(session.last_counter, 0);
        }

        #[test]
        fn anothers_key_is_noticed(keys in any::<[[u8; SessionKey::LENGTH]; 2]>(), message in ".*") {
            prop_assume!(keys[0] != keys[1]);
            let signed = signed(&mut MessageSigner::new(SessionKey::new(keys[0])), message.as_bytes());
            let mut session = SessionAuthentication::new(SessionKey::new(keys[1]));
            prop_assert_eq!(check(&mut session, &signed), Err(TrailerError::Tag));
        }
    }
}
