//! The participant behind each cluster session, and what the session asked for. Sessions are part of the state and of the
//! snapshot, so that every member has the same.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use lugus_codecs::session_tag;
use lugus_vocabulary::{
    EpochNanos, GraceTime, InstrumentId, MessageRate, ParticipantId, ParticipantRole, ParticipantSession,
    SessionAuthentication, SessionKey,
};

/// Largest number of sessions that get drop copies. Each of them costs one more message for each event.
pub const MAXIMUM_DROP_COPIES: usize = 16;

/// Largest number of sessions that follow one firm. Each of them costs one more message for each event of the firm.
pub const MAXIMUM_FOLLOWERS: usize = 8;

/// All sessions that have a participant: the newest of each.
#[derive(Debug, Default)]
pub struct Sessions {
    by_id: BTreeMap<i64, OpenSession>,
    by_participant: BTreeMap<ParticipantId, i64>,
    drop_copies: Vec<i64>,
    /// Sessions that are told the events of a firm, in the order in which they began.
    followers: Vec<(ParticipantId, i64)>,
}

#[derive(Debug)]
struct OpenSession {
    session: ParticipantSession,
    /// Whether the session's last message was above its rate. This decides only whether the sender is told, so it is in no
    /// snapshot.
    is_above_rate: bool,
}

/// A message that is its session's next one, and within its limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Admitted<'m> {
    /// The session's participant.
    pub participant: ParticipantId,
    /// What the participant may do.
    pub role: ParticipantRole,
    /// The message without its trailer, if the session has a key.
    pub message: &'m [u8],
    /// Whether it is the first message of a session that has the choice of the one before, of what happens on disconnect.
    pub inherits_choice: bool,
}

/// A session that a newer one of the same participant has replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Replaced {
    /// Aeron's number of the session.
    pub cluster_session_id: i64,
    /// What it has chosen to happen on disconnect.
    pub cancel_on_disconnect: Option<GraceTime>,
}

/// A participant that has no session any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    /// The participant.
    pub participant: ParticipantId,
    /// What its session had chosen to happen on disconnect.
    pub cancel_on_disconnect: Option<GraceTime>,
}

/// Why a message is not taken for its session's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotAdmitted {
    /// The session has no participant.
    NoParticipant,
    /// The session has a key, and the message is not its next one.
    Unauthenticated,
    /// The session has sent more messages than its participant may.
    AboveRate {
        /// Whether the session's message before was within the limit.
        is_first: bool,
    },
}

/// [`MAXIMUM_DROP_COPIES`] sessions get drop copies already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooManyDropCopies;

impl Sessions {
    /// Adds a participant's new session, to which the participant's events go from now on; returns the older session
    /// that it replaces.
    pub fn open(&mut self, session: ParticipantSession) -> Option<Replaced> {
        let older = self.by_participant.insert(session.participant, session.cluster_session_id);
        let replaced = older.map(|cluster_session_id| {
            let cancel_on_disconnect =
                self.forget(cluster_session_id).and_then(|open| open.session.cancel_on_disconnect);
            Replaced { cluster_session_id, cancel_on_disconnect }
        });
        self.by_id.insert(session.cluster_session_id, OpenSession { session, is_above_rate: false });
        if session.drop_copy.is_some() {
            self.drop_copies.push(session.cluster_session_id);
        }
        if let Some(firm) = session.followed_firm {
            self.followers.push((firm, session.cluster_session_id));
        }
        replaced
    }

    /// Removes a session that has ended, whose participant then has none. A session that was replaced has been removed
    /// before: `None`.
    pub fn close(&mut self, cluster_session_id: i64) -> Option<Ended> {
        let ParticipantSession { participant, cancel_on_disconnect, .. } = self.forget(cluster_session_id)?.session;
        self.by_participant.remove(&participant);
        Some(Ended { participant, cancel_on_disconnect })
    }

    fn forget(&mut self, cluster_session_id: i64) -> Option<OpenSession> {
        self.drop_copies.retain(|id| *id != cluster_session_id);
        self.followers.retain(|(_, id)| *id != cluster_session_id);
        self.by_id.remove(&cluster_session_id)
    }

    /// Sets what happens when the session's participant is disconnected.
    pub fn choose(&mut self, cluster_session_id: i64, cancel_on_disconnect: Option<GraceTime>) {
        if let Some(open) = self.by_id.get_mut(&cluster_session_id) {
            (open.session.cancel_on_disconnect, open.session.inherits_choice) = (cancel_on_disconnect, false);
        }
    }

    /// Gives a new session the choice of the one before, until it has sent its first message.
    pub fn inherit(&mut self, cluster_session_id: i64, cancel_on_disconnect: GraceTime) {
        if let Some(open) = self.by_id.get_mut(&cluster_session_id) {
            (open.session.cancel_on_disconnect, open.session.inherits_choice) = (Some(cancel_on_disconnect), true);
        }
    }

    /// A message that names a session, if it is that session's next one and within its limit. What is not the session's counts
    /// for no limit: others cannot use a participant's messages up.
    ///
    /// # Errors
    /// [`NotAdmitted`]. Of a message above the limit only the counter in its trailer is kept, so that it cannot be repeated;
    /// otherwise nothing has changed.
    #[inline]
    pub fn admit<'m>(
        &mut self,
        cluster_session_id: i64,
        message: &'m [u8],
        now: EpochNanos,
    ) -> Result<Admitted<'m>, NotAdmitted> {
        let open = self.by_id.get_mut(&cluster_session_id).ok_or(NotAdmitted::NoParticipant)?;
        let ParticipantSession { participant, role, authentication, message_rate, inherits_choice, .. } =
            &mut open.session;
        let message = match authentication {
            Some(authentication) => {
                session_tag::check(authentication, message).map_err(|_| NotAdmitted::Unauthenticated)?
            }
            None => message,
        };
        if let Some(rate) = message_rate {
            let was_above_rate = std::mem::replace(&mut open.is_above_rate, !rate.take(now));
            if open.is_above_rate {
                return Err(NotAdmitted::AboveRate { is_first: !was_above_rate });
            }
        }
        Ok(Admitted { participant: *participant, role: *role, message, inherits_choice: *inherits_choice })
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
        let Some(open) = self.by_id.get_mut(&cluster_session_id) else { return Ok(()) };
        if open.session.drop_copy.is_none() {
            if self.drop_copies.len() == MAXIMUM_DROP_COPIES {
                return Err(TooManyDropCopies);
            }
            self.drop_copies.push(cluster_session_id);
        }
        open.session.drop_copy = Some(instrument);
        Ok(())
    }

    /// The sessions that get drop copies of an instrument's events.
    #[inline]
    pub fn drop_copies(&self, instrument: InstrumentId) -> impl Iterator<Item = i64> {
        self.drop_copies.iter().copied().filter(move |id| {
            self.by_id
                .get(id)
                .and_then(|open| open.session.drop_copy)
                .is_some_and(|wanted| wanted == InstrumentId::NONE || wanted == instrument)
        })
    }

    /// Whether a session may follow a firm beside those that do: [`MAXIMUM_FOLLOWERS`] may.
    pub fn has_room_for_follower(&self, cluster_session_id: i64, firm: ParticipantId) -> bool {
        let others = self.followers(firm).filter(|&id| id != cluster_session_id).count();
        others < MAXIMUM_FOLLOWERS
    }

    /// Tells a session the events of a firm from now on, or of none. Those of another firm it is told no more.
    pub fn follow(&mut self, cluster_session_id: i64, firm: Option<ParticipantId>) {
        let Some(open) = self.by_id.get_mut(&cluster_session_id) else { return };
        if open.session.followed_firm != firm {
            self.followers.retain(|(_, id)| *id != cluster_session_id);
            self.followers.extend(firm.map(|firm| (firm, cluster_session_id)));
            open.session.followed_firm = firm;
        }
    }

    /// The sessions that are told the events of a firm.
    #[inline]
    pub fn followers(&self, firm: ParticipantId) -> impl Iterator<Item = i64> {
        self.followers.iter().filter(move |(followed, _)| *followed == firm).map(|(_, id)| *id)
    }

    /// Lets sessions whose participants may no longer be told a firm's events follow it no more.
    pub fn check_followers(&mut self, may_follow: impl Fn(ParticipantId, ParticipantId) -> bool) {
        let Self { by_id, followers, .. } = self;
        followers.retain(|(firm, id)| {
            let Some(open) = by_id.get_mut(id) else { return false };
            let may = may_follow(open.session.participant, *firm);
            if !may {
                open.session.followed_firm = None;
            }
            may
        });
    }

    /// Number of sessions that have a participant.
    pub fn count(&self) -> usize {
        self.by_id.len()
    }

    /// All sessions, by their number.
    pub fn iter(&self) -> impl Iterator<Item = &ParticipantSession> {
        self.by_id.values().map(|open| &open.session)
    }
}

/// Version of the scheme by which a session's key is derived and its messages are signed, as a principal names it.
const SCHEME_VERSION: &str = "1";

/// The part of a principal that tells whose session it is: the participant's number, which comes first.
pub(crate) fn client_of_principal(encoded_principal: &[u8]) -> &[u8] {
    encoded_principal.split(|byte| *byte == b':').next().unwrap_or_default()
}

/// What a session's principal says of its participant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Principal {
    /// The participant.
    pub participant: ParticipantId,
    /// What the participant may do.
    pub role: ParticipantRole,
    /// Key of the session's messages; `None` in a deployment without keys.
    pub key: Option<SessionKey>,
    /// Greatest number of the session's messages in a second; `None` without a limit.
    pub maximum_messages_per_second: Option<NonZeroU32>,
    /// What the session does to another one that its participant has open.
    pub older_session: OlderSession,
}

/// What a new session does to another one that its participant has open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OlderSession {
    /// The new session takes over, and the older one is closed.
    Replaced,
    /// The older session stays, and the new one is closed.
    Kept,
}

/// End of a principal whose session keeps an older one.
const KEEP: &str = ":keep";

impl Principal {
    /// Reads a principal. `None` unless it is as the authenticator writes it: the participant's number in ASCII digits; in a
    /// deployment with keys also `:1:` and the session key in 32 hexadecimal digits; and for a participant with another role
    /// than usual, or with a limit, also the role's name and the limit (0 for none), each after a colon. It ends with `:keep` if
    /// the client asked not to replace an older session.
    pub fn read(encoded_principal: &[u8]) -> Option<Self> {
        let principal = std::str::from_utf8(encoded_principal).ok()?;
        let (principal, older_session) = match principal.strip_suffix(KEEP) {
            Some(principal) => (principal, OlderSession::Kept),
            None => (principal, OlderSession::Replaced),
        };
        let parts: Vec<&str> = principal.split(':').collect();
        let (number, key, role_and_limit) = match *parts.as_slice() {
            [number] => (number, None, None),
            [number, SCHEME_VERSION, digits] => (number, Some(session_key(digits)?), None),
            [number, SCHEME_VERSION, digits, role, limit] => (number, Some(session_key(digits)?), Some((role, limit))),
            _ => return None,
        };
        let participant = ParticipantId(number.parse().ok()?);
        let (role, limit) = match role_and_limit {
            None => (ParticipantRole::default_of(participant), 0),
            Some((role, limit)) => (ParticipantRole::from_name(role)?, limit.parse().ok()?),
        };
        let is_sound = role.suits(participant) && limit <= MessageRate::GREATEST;
        let maximum_messages_per_second = NonZeroU32::new(limit);
        is_sound.then_some(Self { participant, role, key, maximum_messages_per_second, older_session })
    }

    /// The session with this principal that is opened at this log time.
    pub fn session(self, cluster_session_id: i64, now: EpochNanos) -> ParticipantSession {
        ParticipantSession {
            cluster_session_id,
            participant: self.participant,
            role: self.role,
            drop_copy: None,
            authentication: self.key.map(SessionAuthentication::new),
            message_rate: self.maximum_messages_per_second.map(|maximum| MessageRate::begin(maximum, now)),
            cancel_on_disconnect: None,
            inherits_choice: false,
            followed_firm: None,
        }
    }
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
        let role = ParticipantRole::default_of(participant);
        ParticipantSession {
            cluster_session_id,
            participant,
            role,
            drop_copy: None,
            authentication: None,
            message_rate: None,
            cancel_on_disconnect: None,
            inherits_choice: false,
            followed_firm: None,
        }
    }

    #[test]
    fn the_newer_session_of_a_participant_takes_over() {
        let mut sessions = Sessions::default();
        assert_eq!(sessions.open(session(1, 7)), None);
        let replaced = Replaced { cluster_session_id: 1, cancel_on_disconnect: None };
        assert_eq!(sessions.open(session(2, 7)), Some(replaced));
        assert_eq!(sessions.admit(1, b"", EpochNanos(0)), Err(NotAdmitted::NoParticipant));
        assert_eq!(sessions.of_participant(ParticipantId(7)), Some(2));
        assert_eq!(sessions.close(1), None);
        assert_eq!(
            sessions.of_participant(ParticipantId(7)),
            Some(2),
            "the newer session stays when the older one ends"
        );
        let ended = Ended { participant: ParticipantId(7), cancel_on_disconnect: None };
        assert_eq!(sessions.close(2), Some(ended));
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
    fn followers_of_a_firm_are_bounded_and_end_with_their_session_and_their_participants_membership() {
        let mut sessions = Sessions::default();
        let (firm, other) = (ParticipantId(90), ParticipantId(91));
        let most = MAXIMUM_FOLLOWERS as i64;
        for id in 0..=most {
            sessions.open(session(id, id as u32));
        }
        for id in 0..most {
            assert!(sessions.has_room_for_follower(id, firm));
            sessions.follow(id, Some(firm));
            sessions.follow(id, Some(firm));
        }
        assert!(!sessions.has_room_for_follower(most, firm) && sessions.has_room_for_follower(0, firm));
        assert!(sessions.has_room_for_follower(0, other), "each firm has its own");
        sessions.follow(0, Some(other));
        assert!(sessions.has_room_for_follower(most, firm));
        sessions.follow(most, Some(firm));
        assert_eq!(sessions.followers(other).collect::<Vec<_>>(), [0]);
        sessions.close(1);
        sessions.check_followers(|participant, of| of == firm && participant == ParticipantId(3));
        assert_eq!(sessions.followers(firm).collect::<Vec<_>>(), [3]);
        assert_eq!(sessions.followers(other).count(), 0);
        let followed: Vec<_> = sessions.iter().filter_map(|session| session.followed_firm).collect();
        assert_eq!(followed, [firm], "the snapshot has the same");
    }

    /// A second of log time.
    const SECOND: i64 = 1_000_000_000;

    #[test]
    fn a_message_above_the_rate_is_told_once() {
        let mut sessions = Sessions::default();
        let maximum_per_second = NonZeroU32::new(2).unwrap();
        let message_rate = Some(MessageRate::begin(maximum_per_second, EpochNanos(SECOND)));
        sessions.open(ParticipantSession { message_rate, ..session(1, 7) });
        let mut admit = |now| sessions.admit(1, b"", EpochNanos(now)).map(|admitted| admitted.participant);
        let (taken, told, silent) = (
            Ok(ParticipantId(7)),
            Err(NotAdmitted::AboveRate { is_first: true }),
            Err(NotAdmitted::AboveRate { is_first: false }),
        );
        assert_eq!([SECOND; 5].map(&mut admit), [taken, taken, told, silent, silent]);
        assert_eq!([SECOND * 3 / 2; 3].map(&mut admit), [taken, told, silent]);
        assert_eq!([SECOND * 9; 3].map(&mut admit), [taken, taken, told]);
    }

    #[test]
    fn what_is_not_the_sessions_uses_up_no_allowance() {
        let mut sessions = Sessions::default();
        let authentication = Some(SessionAuthentication::new(SessionKey::new([1; SessionKey::LENGTH])));
        let message_rate = Some(MessageRate::begin(NonZeroU32::MIN, EpochNanos(0)));
        sessions.open(ParticipantSession { authentication, message_rate, ..session(1, 7) });
        let before = *sessions.iter().next().unwrap();
        assert_eq!(sessions.admit(1, &[0; 40], EpochNanos(0)), Err(NotAdmitted::Unauthenticated));
        assert_eq!(sessions.iter().collect::<Vec<_>>(), [&before]);
    }

    fn principal(number: u32, role: ParticipantRole, key: Option<SessionKey>, limit: u32) -> Principal {
        let maximum_messages_per_second = NonZeroU32::new(limit);
        let older_session = OlderSession::Replaced;
        Principal { participant: ParticipantId(number), role, key, maximum_messages_per_second, older_session }
    }

    #[test]
    fn a_principal_is_a_number_and_perhaps_a_key_a_role_and_a_limit() {
        use ParticipantRole::{Administrator, Operator, Reader, Trader};
        let key = [0xd8, 0xf7, 0x96, 0x64, 0x8c, 0xfa, 0x14, 0xd2, 0x71, 0x24, 0x01, 0x60, 0xd4, 0x6f, 0xf7, 0x08];
        let key = Some(SessionKey::new(key));
        for (text, expected) in [
            ("0", principal(0, Operator, None, 0)),
            ("42", principal(42, Trader, None, 0)),
            ("0:1:d8f796648cfa14d271240160d46ff708", principal(0, Operator, key, 0)),
            ("42:1:d8f796648cfa14d271240160d46ff708", principal(42, Trader, key, 0)),
            ("42:1:d8f796648cfa14d271240160d46ff708:trader:500", principal(42, Trader, key, 500)),
            ("42:1:d8f796648cfa14d271240160d46ff708:reader:0", principal(42, Reader, key, 0)),
            ("42:1:d8f796648cfa14d271240160d46ff708:administrator:1", principal(42, Administrator, key, 1)),
            ("0:1:d8f796648cfa14d271240160d46ff708:operator:1000000", principal(0, Operator, key, 1_000_000)),
        ] {
            assert_eq!(Principal::read(text.as_bytes()), Some(expected), "{text}");
            let (client, keeping) = (expected.participant.to_string(), format!("{text}:keep"));
            assert_eq!(
                [text, &keeping].map(|principal| client_of_principal(principal.as_bytes())),
                [client.as_bytes(); 2]
            );
            let keeping = Principal { older_session: OlderSession::Kept, ..expected };
            assert_eq!(Principal::read(format!("{text}:keep").as_bytes()), Some(keeping), "{text}:keep");
        }
        for bad in [
            &b""[..],
            b"-1",
            b"4294967296",
            b"seven",
            b"\xff",
            b"42:",
            b":keep",
            b"42:keep:keep",
            b"42:kept",
            b"42::keep",
            b"42:1",
            b"42:1:",
            b"42:reader",
            b"42:reader:0",
            b"42:d8f796648cfa14d271240160d46ff708",
            b"42:2:d8f796648cfa14d271240160d46ff708",
            b"42:1:d8f796648cfa14d271240160d46ff70",
            b"42:1:d8f796648cfa14d271240160d46ff7080",
            b"42:1:+8f796648cfa14d271240160d46ff708",
            b"42:1:d8f796648cfa14d271240160d46ff70g",
            b":1:d8f796648cfa14d271240160d46ff708",
            b"42:1:d8f796648cfa14d271240160d46ff708:",
            b"42:1:d8f796648cfa14d271240160d46ff708:reader",
            b"42:1:d8f796648cfa14d271240160d46ff708:reader:",
            b"42:1:d8f796648cfa14d271240160d46ff708:reader:-1",
            b"42:1:d8f796648cfa14d271240160d46ff708:reader:1000001",
            b"42:1:d8f796648cfa14d271240160d46ff708:reader:0:",
            b"42:1:d8f796648cfa14d271240160d46ff708:owner:0",
            b"42:1:d8f796648cfa14d271240160d46ff708:operator:0",
            b"0:1:d8f796648cfa14d271240160d46ff708:trader:0",
        ] {
            assert_eq!(Principal::read(bad), None, "{}", String::from_utf8_lossy(bad));
        }
    }
}
