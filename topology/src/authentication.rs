//! `[authentication]` and `[[participant]]`: who may trade, and how they prove who they are.
//!
//! A client sends its participant's number, in ASCII digits, as the credentials of its connect request. In mode `open` the
//! cluster believes the number. In mode `keys` the leader answers with a challenge of 32 random bytes, and the client with
//! HMAC-SHA256(key, challenge), 32 bytes; key and challenge also give the key with which the session's messages are signed
//! (`docs/protocol.md`). The principal of the session begins with the number, in ASCII digits.
//!
//! The members of a deployment share a key besides, by which archives know their own.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use hmac::{Hmac, KeyInit, Mac};
use lugus_vocabulary::{ParticipantId, ParticipantRole};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use sha2::{Sha256, Sha512};

use crate::error::{Fault, Problem};

/// `[authentication]`: how participants prove who they are.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Authentication {
    /// How participants prove who they are.
    pub mode: AuthenticationMode,
    /// File that holds the key that the members and the coordinator share, 16 to 64 bytes in hexadecimal digits. Only they need
    /// the file. Default in mode `keys`: no file, and a key that is worked out from the keys of all participants.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub members_key_file: Option<PathBuf>,
}

/// Credentials by which a member announces itself to an archive. It answers the archive's challenge with the members' key
/// ([`Key::answer`]).
pub const MEMBERS_CREDENTIALS: &str = "member";

/// What keeps a members' key that is worked out from all other uses of the participants' keys.
const MEMBERS_KEY_CONTEXT: &[u8] = b"lugus: the members' key, of the keys of all participants";

/// The members' key when the deployment names none: HMAC-SHA256 of all participants' numbers and keys, in the order of the
/// numbers.
pub(crate) fn members_key_of(mut participants: Vec<(u32, Key)>) -> Key {
    participants.sort_by_key(|(id, _)| *id);
    let mut text = Vec::new();
    for (id, key) in participants {
        text.extend(id.to_le_bytes());
        // A key has at most 64 bytes.
        text.push(u8::try_from(key.0.len()).unwrap_or(u8::MAX));
        text.extend(key.0);
    }
    Key(hmac(MEMBERS_KEY_CONTEXT, &text))
}

/// Reads a key from its file.
pub(crate) fn read_key_file(at: &str, path: PathBuf) -> Result<Key, Fault> {
    let unusable = |reason| Fault::new(at, Problem::KeyFile { path: path.clone(), reason });
    let text = std::fs::read_to_string(&path).map_err(|error| unusable(error.to_string()))?;
    Key::parse(text.trim()).map_err(unusable)
}

/// HMAC-SHA256, which takes a key of any length.
fn hmac(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mac = Hmac::<Sha256>::new_from_slice(key);
    mac.map(|mac| mac.chain_update(message).finalize().into_bytes().to_vec()).unwrap_or_default()
}

/// How participants prove who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AuthenticationMode {
    /// The cluster believes the number that a client sends. Only allowed between loopback addresses.
    #[default]
    Open,
    /// A client answers a challenge with its participant's key.
    Keys,
}

/// `[[participant]]`: a participant, and what it may do. In mode `open` there may be no such table: then anyone may trade.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Participant {
    /// Number of the participant; 0 is the operator.
    pub id: u32,
    /// Name for people to read.
    #[serde(default)]
    pub name: String,
    /// What the participant may do. Without it: participant 0 is the operator, and every other a trader. Only in mode `keys`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<ParticipantRole>,
    /// Greatest number of messages that a session of the participant may send in a second; 0 means no limit. Only in mode
    /// `keys`.
    #[serde(default)]
    pub maximum_messages_per_second: u32,
    /// Key of the participant, 16 to 64 bytes in hexadecimal digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Key>,
    /// File that holds the key, in place of `key`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_file: Option<PathBuf>,
}

impl Participant {
    /// What the participant may do.
    pub fn role(&self) -> ParticipantRole {
        self.role.unwrap_or_else(|| ParticipantRole::default_of(ParticipantId(self.id)))
    }

    /// The key, read from its file if need be. `at` is the path of the participant's table in the configuration file, for the
    /// error; a relative `key_file` starts from `base`.
    pub(crate) fn read_key(&self, at: &str, base: &Path) -> Result<Key, Fault> {
        let fault = |name: &str, problem| Fault::new(format!("{at}.{name}"), problem);
        match (&self.key, &self.key_file) {
            (Some(_), Some(_)) => Err(fault("key_file", Problem::TwoKeys { participant: self.id })),
            (None, None) => Err(fault("id", Problem::NoKey { participant: self.id })),
            (Some(key), None) => Ok(key.clone()),
            (None, Some(file)) => read_key_file(&format!("{at}.key_file"), base.join(file)),
        }
    }
}

/// Secret of a participant, or of the members. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Key(Vec<u8>);

impl Key {
    /// Length of the shortest key, in bytes.
    pub const MINIMUM_LENGTH: usize = 16;
    /// Length of the longest key, in bytes.
    pub const MAXIMUM_LENGTH: usize = 64;

    /// Reads hexadecimal digits.
    ///
    /// # Errors
    ///
    /// The text is no key. The message does not contain the text.
    pub fn parse(hex: &str) -> Result<Self, String> {
        let bad = || {
            format!(
                "a key has {} to {} bytes in hexadecimal digits (make one with: openssl rand -hex 32)",
                Self::MINIMUM_LENGTH,
                Self::MAXIMUM_LENGTH
            )
        };
        if !hex.len().is_multiple_of(2) || !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(bad());
        }
        let bytes: Vec<u8> =
            (0..hex.len()).step_by(2).filter_map(|at| u8::from_str_radix(hex.get(at..at + 2)?, 16).ok()).collect();
        if !(Self::MINIMUM_LENGTH..=Self::MAXIMUM_LENGTH).contains(&bytes.len()) {
            return Err(bad());
        }
        Ok(Self(bytes))
    }

    /// The secret.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The answer to a challenge: its HMAC-SHA256 under this key, 32 bytes.
    pub fn answer(&self, challenge: &[u8]) -> Vec<u8> {
        hmac(&self.0, challenge)
    }

    /// Proof that who has this key made a message: the first 32 bytes of its HMAC-SHA512. This is another function than that of
    /// [`answer`](Self::answer), because whoever pretends to be a cluster's leader gets answers to challenges of its choice.
    pub fn sign(&self, message: &[u8]) -> [u8; 32] {
        let mut signature = [0; 32];
        if let Ok(mac) = Hmac::<Sha512>::new_from_slice(&self.0) {
            let bytes = mac.chain_update(message).finalize().into_bytes();
            signature.copy_from_slice(&bytes[..32]);
        }
        signature
    }

    /// Whether a signature is that of [`sign`](Self::sign). The time that this takes does not depend on where they differ.
    pub fn has_signed(&self, message: &[u8], signature: &[u8; 32]) -> bool {
        Hmac::<Sha512>::new_from_slice(&self.0)
            .is_ok_and(|mac| mac.chain_update(message).verify_truncated_left(signature).is_ok())
    }

    /// A key of random bytes.
    ///
    /// # Errors
    ///
    /// The operating system gives none.
    pub fn random() -> io::Result<Self> {
        let mut bytes = vec![0; Self::MAXIMUM_LENGTH];
        File::open("/dev/urandom")?.read_exact(&mut bytes)?;
        Ok(Self(bytes))
    }

    /// The secret in hexadecimal digits.
    pub fn to_hex(&self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({} bytes)", self.0.len())
    }
}

impl Serialize for Key {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_hex())
    }
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_not_shown() {
        let key = Key::parse("00112233445566778899aabbccddeeff").expect("a key");
        assert_eq!(format!("{key:?}"), "Key(16 bytes)");
        assert_eq!(key.to_hex(), "00112233445566778899aabbccddeeff");
    }

    /// The message of the second case of RFC 4231, with a key that is long enough for us; computed by Python's `hmac`.
    #[test]
    fn a_challenge_is_answered_with_its_hmac() {
        let key = Key::parse("4a6566654a6566654a6566654a656665").expect("a key");
        let answer: String =
            key.answer(b"what do ya want for nothing?").iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(answer, "2ccd85dfc8d18cb5d84fef4b198554699fece6e8692c9147b0da983f5b7bd413");
    }

    /// The message of the second case of RFC 4231; computed by Python's `hmac`.
    #[test]
    fn a_signature_is_of_one_key_and_one_message() {
        let key = Key::parse("4a6566654a6566654a6566654a656665").expect("a key");
        let message = b"what do ya want for nothing?";
        let signature = key.sign(message);
        let hex: String = signature.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, "91b7fd3bb396e46256dc9781082ddd39410faea58753d32d11653791077317d3");
        assert!(key.has_signed(message, &signature));
        assert!(!key.has_signed(b"what do ya want for nothing!", &signature));
        assert!(!Key::random().expect("random bytes").has_signed(message, &signature));
        for at in [0, 31] {
            let mut altered = signature;
            altered[at] ^= 1;
            assert!(!key.has_signed(message, &altered));
        }
        assert_ne!(key.answer(message), signature, "an answer to a challenge is no signature");
    }

    #[test]
    fn the_members_key_depends_on_every_participants_key_and_not_on_their_order() {
        let key = |digits: &str| Key::parse(&digits.repeat(16)).expect("a key");
        let of = members_key_of(vec![(1, key("01")), (2, key("02"))]);
        assert_eq!(of, members_key_of(vec![(2, key("02")), (1, key("01"))]));
        for other in [vec![(1, key("01")), (2, key("03"))], vec![(1, key("02")), (2, key("01"))], vec![(1, key("01"))]]
        {
            assert_ne!(of, members_key_of(other));
        }
    }

    #[test]
    fn bad_keys_are_refused_without_quoting_them() {
        for hex in ["", "0011", "00112233445566778899aabbccddeef", "zz112233445566778899aabbccddeeff", "ÄÄ112233"] {
            let message = Key::parse(hex).expect_err(hex);
            assert!(hex.is_empty() || !message.contains(hex), "{message}");
        }
    }
}
