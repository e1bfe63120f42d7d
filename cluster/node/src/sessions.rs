//! The participant behind each cluster session, and what the session asked for. Sessions are part of the state and of the
//! snapshot, so that every member has the same.

use std::collections::BTreeMap;

use lugus_vocabulary::{InstrumentId, ParticipantId, ParticipantSession};

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

    /// The participant behind a session; `None` if the session may not trade.
    #[inline]
    pub fn participant(&self, cluster_session_id: i64) -> Option<ParticipantId> {
        self.by_id.get(&cluster_session_id).map(|session| session.participant)
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

/// The participant that a principal names; `None` unless the principal is a number in ASCII digits, as the authenticator
/// writes it.
pub fn participant_of(encoded_principal: &[u8]) -> Option<ParticipantId> {
    std::str::from_utf8(encoded_principal).ok()?.parse().ok().map(ParticipantId)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(cluster_session_id: i64, participant: u32) -> ParticipantSession {
        ParticipantSession { cluster_session_id, participant: ParticipantId(participant), drop_copy: None }
    }

    #[test]
    fn the_newer_session_of_a_participant_takes_over() {
        let mut sessions = Sessions::default();
        assert_eq!(sessions.open(session(1, 7)), None);
        assert_eq!(sessions.open(session(2, 7)), Some(Replaced { cluster_session_id: 1 }));
        assert_eq!(sessions.participant(1), None);
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
    fn a_principal_is_a_number() {
        assert_eq!(participant_of(b"42"), Some(ParticipantId(42)));
        for bad in [&b""[..], b"-1", b"4294967296", b"seven", b"\xff"] {
            assert_eq!(participant_of(bad), None);
        }
    }
}
