//! The key that a session's messages are authenticated with, and how far the session's messages have come.

use std::fmt;

/// Secret of one session, which the participant and all members of its cluster know. `Debug` does not show it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SessionKey([u8; Self::LENGTH]);

impl SessionKey {
    /// Length of a key, in bytes.
    pub const LENGTH: usize = 16;

    /// The key of these bytes.
    pub const fn new(bytes: [u8; Self::LENGTH]) -> Self {
        Self(bytes)
    }

    /// The secret.
    pub const fn as_bytes(&self) -> &[u8; Self::LENGTH] {
        &self.0
    }
}

impl fmt::Debug for SessionKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "SessionKey({} bytes)", Self::LENGTH)
    }
}

/// What each message of a session is checked with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionAuthentication {
    /// Key of the messages' tags.
    pub key: SessionKey,
    /// Counter of the last message that was taken, 0 before the first. The next message's counter must be higher.
    pub last_counter: u64,
}

impl SessionAuthentication {
    /// That of a session which has not sent a message.
    pub const fn new(key: SessionKey) -> Self {
        Self { key, last_counter: 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_not_shown() {
        let shown = format!("{:?}", SessionAuthentication::new(SessionKey::new([171; 16])));
        assert_eq!(shown, "SessionAuthentication { key: SessionKey(16 bytes), last_counter: 0 }");
    }
}
