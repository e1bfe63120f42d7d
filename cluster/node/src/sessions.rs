//! The participant behind each cluster session, and what the session asked for. Sessions are part of the state and of the
//! snapshot, so that every member has the same.

use std::collections::BTreeMap;

use lugus_codecs::session_tag;
use lugus_vocabulary::{InstrumentId, ParticipantId, ParticipantSession, SessionAuthentication, SessionKey};

/// Largest number of sessions that get drop copies. Each of them costs one more message for each event.
pub const MAXIMUM_DROP_COPIES: usize = 16;

/// All sessions that may trade: the newest of each participant.
#[derive(Debug, Default)]
pub struct Sessions {
    by_id: BTreeMap<i64, ParticipantSession>,
    by_participant: BTreeMap<ParticipantId, i64>,
    drop_copies: Vec<i64>,
}

/// A session that a newer one of the same participant has replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Replaced {
    /// Aeron's number of the session.
    pub cluster_session_id: i64,
}

/// Why a message is not taken for its session's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotAdmitted {
    /// The session may not trade.
    NoParticipant,
    /// The session has a key, and the message is not its next one.
    Unauthenticated,
}

/// [`MAXIMUM_DROP_COPIES`] sessions get drop copies already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooManyDropCopies;

impl Sessions {
    /// Adds a participant's new session, to which the participant's events go from now on; returns the older session
    /// that it replaces.
    pub fn open(&mut self, session: ParticipantSession) -> Option<Replaced> {
        let older = self.by_participant.insert(session.participant, session.cluster_session_id);
        if let Some(older) = older {
            self.forget(older);
        }
        self.by_id.insert(session.cluster_session_id, session);
        if session.drop_copy.is_some() {
            self.drop_copies.push(session.cluster_session_id);
        }
        older.map(|cluster_session_id| Replaced { cluster_session_id })
    }

    /// Removes a session that has ended. A session that was replaced has been removed before.
    pub fn close(&mut self, cluster_session_id: i64) {
        if let Some(session) = self.by_id.get(&cluster_session_id) {
            self.by_participant.remove(&session.participant);
            self.forget(cluster_session_id);
        }
    }

    fn forget(&mut self, cluster_session_id: i64) {
        self.by_id.remove(&cluster_session_id);
        self.drop_copies.retain(|id| *id != cluster_session_id);
    }

    /// The participant behind a session that a message names, and the message without its trailer, if the session has a
    /// key.
    ///
    /// # Errors
    /// [`NotAdmitted`]; nothing has changed.
    #[inline]
    pub fn admit<'m>(
        &mut self,
        cluster_session_id: i64,
        message: &'m [u8],
    ) -> Result<(ParticipantId, &'m [u8]), NotAdmitted> {
        let session = self.by_id.get_mut(&cluster_session_id).ok_or(NotAdmitted::NoParticipant)?;
        let Some(authentication) = &mut session.authentication else { return Ok((session.participant, message)) };
        let message = session_tag::check(authentication, message).map_err(|_| NotAdmitted::Unauthenticated)?;
        Ok((session.participant, message))
    }

    /// The session to which a participant's events go now.
    #[inline]
    pub fn of_participant(&self, participant: ParticipantId) -> Option<i64> {
        self.by_participant.get(&participant).copied()
    }

    /// Adds a session to those that get drop copies, or changes the instrument that it gets them of.
    ///
    /// # Errors
    /// [`TooManyDropCopies`].
    pub fn subscribe(&mut self, cluster_session_id: i64, instrument: InstrumentId) -> Result<(), TooManyDropCopies> {
        let Some(session) = self.by_id.get_mut(&cluster_session_id) else { return Ok(()) };
        if session.drop_copy.is_none() {
            if self.drop_copies.len() == MAXIMUM_DROP_COPIES {
                return Err(TooManyDropCopies);
            }
            self.drop_copies.push(cluster_session_id);
        }
        session.drop_copy = Some(instrument);
        Ok(())
    }

    /// The sessions that get drop copies of an instrument's events.
    #[inline]
    pub fn drop_copies(&self, instrument: InstrumentId) -> impl Iterator<Item = i64> {
        self.drop_copies.iter().copied().filter(move |id| {
            self.by_id
                .get(id)
                .and_then(|session| session.drop_copy)
                .is_some_and(|wanted| wanted == InstrumentId::NONE || wanted == instrument)
        })
    }

    /// Number of sessions that may trade.
    pub fn count(&self) -> usize {
        self.by_id.len()
    }

    /// All sessions, by their number.
    pub fn iter(&self) -> impl Iterator<Item = &ParticipantSession> {
        self.by_id.values()
    }
}

/// Version of the scheme by which a session's key is derived and its messages are signed, as a principal names it.
const SCHEME_VERSION: &str = "1";

/// The participant that a principal names, and what its messages are checked with. `None` unless the principal is as the
/// authenticator writes it: the participant's number in ASCII digits, and in a deployment with keys also `:1:` and the
/// session key in 32 hexadecimal digits.
pub fn participant_of(encoded_principal: &[u8]) -> Option<(ParticipantId, Option<SessionAuthentication>)> {
    let principal = std::str::from_utf8(encoded_principal).ok()?;
    let (number, authentication) = match principal.split_once(':') {
        None => (principal, None),
        Some((number, rest)) => {
            let (version, digits) = rest.split_once(':')?;
            let key = session_key(digits).filter(|_| version == SCHEME_VERSION)?;
            (number, Some(SessionAuthentication::new(key)))
        }
    };
    Some((ParticipantId(number.parse().ok()?), authentication))
}

fn session_key(digits: &str) -> Option<SessionKey> {
    if digits.len() != 2 * SessionKey::LENGTH || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    let key = u128::from_str_radix(digits, 16).ok()?;
    Some(SessionKey::new(key.to_be_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(cluster_session_id: i64, participant: u32) -> ParticipantSession {
        let participant = ParticipantId(participant);
        ParticipantSession { cluster_session_id, participant, drop_copy: None, authentication: None }
    }

    #[test]
    fn the_newer_session_of_a_participant_takes_over() {
        let mut sessions = Sessions::default();
        assert_eq!(sessions.open(session(1, 7)), None);
        assert_eq!(sessions.open(session(2, 7)), Some(Replaced { cluster_session_id: 1 }));
        assert_eq!(sessions.admit(1, b""), Err(NotAdmitted::NoParticipant));
        assert_eq!(sessions.of_participant(ParticipantId(7)), Some(2));
        sessions.close(1);
        assert_eq!(
            sessions.of_participant(ParticipantId(7)),
            Some(2),
            "the newer session stays when the older one ends"
        );
        sessions.close(2);
        assert_eq!(sessions.of_participant(ParticipantId(7)), None);
    }

    #[test]
    fn drop_copies_are_bounded_and_end_with_their_session() {
        let mut sessions = Sessions::default();
        for id in 0..=MAXIMUM_DROP_COPIES as i64 {
            sessions.open(session(id, id as u32));
        }
        for id in 0..MAXIMUM_DROP_COPIES as i64 {
            assert_eq!(sessions.subscribe(id, InstrumentId(1)), Ok(()));
        }
        let last = MAXIMUM_DROP_COPIES as i64;
        assert_eq!(sessions.subscribe(last, InstrumentId(1)), Err(TooManyDropCopies));
        assert_eq!(
            sessions.subscribe(0, InstrumentId::NONE),
            Ok(()),
            "changing a subscription does not count as a new one"
        );
        assert_eq!(sessions.drop_copies(InstrumentId(2)).collect::<Vec<_>>(), [0]);
        sessions.close(0);
        assert_eq!(sessions.subscribe(last, InstrumentId(2)), Ok(()));
        assert_eq!(sessions.drop_copies(InstrumentId(2)).collect::<Vec<_>>(), [last]);
    }

    #[test]
    fn a_principal_is_a_number_and_perhaps_a_key() {
        assert_eq!(participant_of(b"42"), Some((ParticipantId(42), None)));
        let key = [0xd8, 0xf7, 0x96, 0x64, 0x8c, 0xfa, 0x14, 0xd2, 0x71, 0x24, 0x01, 0x60, 0xd4, 0x6f, 0xf7, 0x08];
        let authentication = SessionAuthentication { key: SessionKey::new(key), last_counter: 0 };
        assert_eq!(
            participant_of(b"42:1:d8f796648cfa14d271240160d46ff708"),
            Some((ParticipantId(42), Some(authentication)))
        );
        for bad in [
            &b""[..],
            b"-1",
            b"4294967296",
            b"seven",
            b"\xff",
            b"42:",
            b"42:1",
            b"42:1:",
            b"42:d8f796648cfa14d271240160d46ff708",
            b"42:2:d8f796648cfa14d271240160d46ff708",
            b"42:1:d8f796648cfa14d271240160d46ff70",
            b"42:1:d8f796648cfa14d271240160d46ff7080",
            b"42:1:+8f796648cfa14d271240160d46ff708",
            b"42:1:d8f796648cfa14d271240160d46ff70g",
            b":1:d8f796648cfa14d271240160d46ff708",
            b"42:1:d8f796648cfa14d271240160d46ff708:",
        ] {
            assert_eq!(participant_of(bad), None, "{}", String::from_utf8_lossy(bad));
        }
    }
}
