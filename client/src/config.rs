//! The configuration of a session with one cluster, checked once by [`Config::check`].

use std::cell::Cell;
use std::fmt;
use std::rc::Rc;

use aeron_cluster_client::{Context, CredentialsSupplier};
use hmac::{Hmac, KeyInit, Mac};
use lugus_vocabulary::{GraceTime, ParticipantId, SessionKey};
use sha2::Sha256;

use crate::error::ConfigurationError;
use crate::followed_firm::FollowFirm;
use crate::rebuild::RebuildPolicy;
use crate::retry::RetryPolicy;

/// Upper bound of [`Limits::maximum_outstanding`].
pub const MAXIMUM_OUTSTANDING: usize = 1 << 20;

/// Upper bound of [`Limits::maximum_instruments`].
pub const MAXIMUM_INSTRUMENTS: usize = 1 << 20;

/// Configuration of a session with one cluster. Make it with [`Config::new`], set the fields that differ from the
/// defaults, and give it to [`TradingSession::connect`](crate::TradingSession::connect).
#[derive(Debug)]
#[non_exhaustive]
pub struct Config {
    /// The cluster: media driver, endpoints, channels, time-outs. Its `credentials` are replaced by those below.
    pub cluster: Context,
    /// The participant that trades.
    pub participant: ParticipantId,
    /// Credentials of the participant.
    pub credentials: Credentials,
    /// Limits on what a session keeps.
    pub limits: Limits,
    /// When commands are sent again, and when they are given up.
    pub retry: RetryPolicy,
    /// What the session does to another one that the participant has open.
    pub older_session: OlderSession,
    /// Cancel on disconnect: the cluster cancels the participant's orders once it has had no session for this time, except
    /// those with [`OnDisconnect::Stay`](crate::vocabulary::OnDisconnect::Stay). A session that is lost without notice counts
    /// as such when it times out (`timeouts.session_timeout` of the deployment). Also closing the session, and the end of the
    /// program, is a disconnect. Default: `None`, orders stay.
    ///
    /// The choice is sent first in every session, so that also the SDK's own reconnect within the grace time keeps the orders;
    /// [`Status::CancelOnDisconnect`](crate::Status::CancelOnDisconnect) tells that it is in force.
    pub cancel_on_disconnect: Option<GraceTime>,
    /// When the session asks for the participant's own open orders by itself.
    pub rebuild: RebuildPolicy,
    /// A firm whose events the session tells, beside the participant's own. Default: none.
    pub follow_firm: Option<FollowFirm>,
}

/// What a new session does to another one that its participant has open, perhaps that of another process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OlderSession {
    /// The new session takes over, and the older one ends.
    #[default]
    Replace,
    /// The older session stays, and the new one ends with
    /// [`ClientError::ParticipantConnected`](crate::ClientError::ParticipantConnected). Nothing of the new session is applied.
    /// Once the cluster has answered the session, a lost connection is replaced as usual.
    Keep,
}

/// End of the credentials of a session that keeps an older one.
const KEEP: &[u8] = b":keep";

/// Length of a challenge, in bytes. No other challenge is answered: otherwise somebody who sends one that begins with
/// [`SESSION_KEY_LABEL`] would get the session key as the answer.
const CHALLENGE_LENGTH: usize = 32;

/// Precedes the challenge in the derivation of the session key, so that the key is no answer to a challenge.
const SESSION_KEY_LABEL: &[u8] = b"lugus session key 1";

/// Limits on what a session keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Largest number of unanswered commands of one instrument. Each takes about 100 bytes, once that number
    /// of commands has been unanswered at a time. Default: 1,024.
    pub maximum_outstanding: usize,
    /// Largest number of instruments that are traded or followed. Default: 4,096.
    pub maximum_instruments: usize,
}

impl Limits {
    /// The limits with all defaults.
    pub const fn new() -> Self {
        Self { maximum_outstanding: 1024, maximum_instruments: 4096 }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::new()
    }
}

/// Credentials of a participant.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Credentials {
    /// The participant sends its number, and the cluster accepts it without proof: for deployments without keys.
    Open,
    /// The participant sends its number, and answers the leader's challenge with its HMAC-SHA256 under this key. Key and
    /// challenge also give the key of the session, with which all messages of the session are signed.
    Key(Vec<u8>),
}

/// Without the key.
impl fmt::Debug for Credentials {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open => formatter.write_str("Open"),
            Self::Key(key) => write!(formatter, "Key({} bytes)", key.len()),
        }
    }
}

impl Config {
    /// The configuration for `participant` in a cluster, with open credentials and all defaults.
    pub fn new(cluster: Context, participant: ParticipantId) -> Self {
        Self {
            cluster,
            participant,
            credentials: Credentials::Open,
            limits: Limits::default(),
            retry: RetryPolicy::default(),
            older_session: OlderSession::default(),
            cancel_on_disconnect: None,
            rebuild: RebuildPolicy::default(),
            follow_firm: None,
        }
    }

    /// The cluster's part with the participant's credentials, for one cluster client. `connects` is shared with that
    /// client.
    pub(crate) fn context(&self, connects: &Rc<Connects>) -> Context {
        self.cluster.with_credentials(self.credentials_supplier(connects))
    }

    fn credentials_supplier(&self, connects: &Rc<Connects>) -> ParticipantCredentials {
        ParticipantCredentials {
            participant: self.participant,
            credentials: self.credentials.clone(),
            connects: Rc::clone(connects),
        }
    }

    /// The cluster's part with the participant's credentials: for a client of the cluster that does not trade, such as
    /// the operator's client that moves an instrument.
    pub fn cluster_context(&self) -> Context {
        self.context(&Rc::new(Connects::new(self.older_session)))
    }

    /// Checks the configuration except the cluster's part, which the cluster client checks.
    ///
    /// # Errors
    /// The first fault found, with the field's name and value.
    pub fn check(&self) -> Result<(), ConfigurationError> {
        for (name, value, maximum) in [
            ("maximum_outstanding", self.limits.maximum_outstanding, MAXIMUM_OUTSTANDING),
            ("maximum_instruments", self.limits.maximum_instruments, MAXIMUM_INSTRUMENTS),
        ] {
            if value == 0 {
                return Err(ConfigurationError::Zero { name });
            }
            if value > maximum {
                return Err(ConfigurationError::TooMany { name, value, maximum });
            }
        }
        if matches!(&self.credentials, Credentials::Key(key) if key.is_empty()) {
            return Err(ConfigurationError::EmptyKey(self.participant));
        }
        self.retry.check()
    }
}

/// The connect requests of a session's cluster clients.
#[derive(Debug, Default)]
pub(crate) struct Connects {
    /// Number of connect requests so far.
    pub(crate) requests: Cell<u64>,
    /// What the next one asks for.
    pub(crate) older_session: Cell<OlderSession>,
}

impl Connects {
    pub(crate) fn new(older_session: OlderSession) -> Self {
        Self { requests: Cell::new(0), older_session: Cell::new(older_session) }
    }
}

/// Answers the cluster's authenticator: the participant's number in ASCII digits, perhaps with [`KEEP`], and an answer to its
/// challenge.
struct ParticipantCredentials {
    participant: ParticipantId,
    credentials: Credentials,
    connects: Rc<Connects>,
}

impl CredentialsSupplier for ParticipantCredentials {
    fn encoded_credentials(&mut self) -> Vec<u8> {
        self.connects.requests.set(self.connects.requests.get() + 1);
        let mut credentials = self.participant.to_string().into_bytes();
        if self.connects.older_session.get() == OlderSession::Keep {
            credentials.extend_from_slice(KEEP);
        }
        credentials
    }

    fn on_challenge(&mut self, encoded_challenge: &[u8]) -> Vec<u8> {
        self.mac(b"", encoded_challenge)
    }

    fn session_secret(&mut self, encoded_challenge: &[u8]) -> Vec<u8> {
        let mut secret = self.mac(SESSION_KEY_LABEL, encoded_challenge);
        secret.truncate(SessionKey::LENGTH);
        secret
    }
}

impl ParticipantCredentials {
    /// HMAC-SHA256 under the participant's key of a label and a challenge; empty without a key, or if that is no challenge of
    /// a cluster's.
    fn mac(&self, label: &[u8], challenge: &[u8]) -> Vec<u8> {
        match &self.credentials {
            // HMAC takes a key of any length; the error exists only in the trait.
            Credentials::Key(key) if challenge.len() == CHALLENGE_LENGTH => Hmac::<Sha256>::new_from_slice(key)
                .map(|mac| mac.chain_update(label).chain_update(challenge).finalize().into_bytes().to_vec())
                .unwrap_or_default(),
            Credentials::Open | Credentials::Key(_) => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_the_number_and_the_mac_of_the_challenge() {
        let connects = Rc::default();
        let mut config = Config::new(Context::default(), ParticipantId(42));
        let challenge: Vec<u8> = (0..32).collect();
        let mut open = config.credentials_supplier(&connects);
        assert_eq!((open.encoded_credentials(), open.on_challenge(&challenge)), (b"42".to_vec(), Vec::new()));
        assert_eq!(open.session_secret(&challenge), b"");

        // The example of docs/protocol.md, which KeysAuthenticatorTest.java has, too.
        config.credentials = Credentials::Key(0x0011_2233_4455_6677_8899_aabb_ccdd_eeff_u128.to_be_bytes().to_vec());
        let mut keyed = config.credentials_supplier(&connects);
        let hex = |bytes: Vec<u8>| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        assert_eq!(
            hex(keyed.on_challenge(&challenge)),
            "cc37ab72b2ba5af2d3a971ef4ec17da33f14bfe2bc8cb6f53aa78ff3f9e1d400"
        );
        assert_eq!(hex(keyed.session_secret(&challenge)), "d8f796648cfa14d271240160d46ff7a8");
        assert_eq!(keyed.encoded_credentials(), b"42");
        connects.older_session.set(OlderSession::Keep);
        assert_eq!(keyed.encoded_credentials(), b"42:keep");
        assert_eq!(connects.requests.get(), 3);
    }

    /// The answer to a challenge that begins with the label would be the session key of the rest.
    #[test]
    fn only_a_challenge_of_a_clusters_length_is_answered() {
        let mut config = Config::new(Context::default(), ParticipantId(42));
        config.credentials = Credentials::Key(vec![7; 32]);
        let mut keyed = config.credentials_supplier(&Rc::default());
        for length in (0..32).chain(33..100) {
            assert_eq!(keyed.on_challenge(&vec![1; length]), b"", "{length} bytes");
            assert_eq!(keyed.session_secret(&vec![1; length]), b"", "{length} bytes");
        }
    }

    #[test]
    fn a_key_is_not_shown() {
        assert_eq!(format!("{:?}", Credentials::Key(vec![1, 2, 3])), "Key(3 bytes)");
        let mut config = Config::new(Context::default(), ParticipantId(7));
        config.credentials = Credentials::Key(b"secret".to_vec());
        let shown = format!("{config:?}");
        let as_bytes = format!("{:?}", b"secret").trim_matches(['[', ']']).to_owned();
        assert!(shown.contains("credentials: Key(6 bytes)"), "{shown}");
        assert!(!shown.contains("secret") && !shown.contains(&as_bytes), "{shown}");
    }

    #[test]
    fn each_fault_has_its_error() {
        type Fault = (fn(&mut Config), &'static str);
        let faults: [Fault; 5] = [
            (|config| config.limits.maximum_outstanding = 0, "maximum_outstanding is 0"),
            (|config| config.limits.maximum_instruments = 0, "maximum_instruments is 0"),
            (|config| config.limits.maximum_outstanding = 1 << 30, "maximum_outstanding is 1073741824"),
            (|config| config.credentials = Credentials::Key(Vec::new()), "key of participant 7"),
            (|config| config.retry.attempts = 0, "attempts is 0"),
        ];
        for (spoil, expected) in faults {
            let mut config = Config::new(Context::default(), ParticipantId(7));
            assert!(config.check().is_ok());
            spoil(&mut config);
            let error = config.check().expect_err(expected).to_string();
            assert!(error.contains(expected), "expected '{expected}' in '{error}'");
        }
    }
}
