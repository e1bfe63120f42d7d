//! `[client]`: settings of a program that trades, beyond the members' addresses.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{Profile, duration};

/// `[client]`: settings of a program that trades.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Client {
    /// Directory of a running media driver. Default: each program starts its own driver.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aeron_dir: Option<PathBuf>,
    /// Profile of the driver that the program starts.
    pub profile: Profile,
    /// Cores of the driver's conductor, sender and receiver. Required with the profile `pinned`, not allowed otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cores: Option<[u16; 3]>,
    /// How commands reach the leader.
    pub ingress: Ingress,
    /// Address of the client's host, to which members send. Without it: the one from which this host would send to the first
    /// member ([`Deployment::egress_host`](crate::Deployment::egress_host)).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub egress_host: Option<String>,
    /// Time within which one step of a session must be done: connecting, with the time that the authenticator takes,
    /// answering the challenge, the first offer to a new leader (`aeron.cluster.message.timeout`).
    #[serde(with = "duration")]
    pub message_timeout: Duration,
    /// Time without a leader after which the client gives the session up and opens a new one. Longer than a fail-over.
    #[serde(with = "duration")]
    pub new_leader_timeout: Duration,
    /// Time without an answer of the leader after which the client tries to open a new session. After a restart of all
    /// members this silence is the only sign. A leader that is there and busy is waited for up to `timeouts.session_timeout`.
    #[serde(with = "duration")]
    pub silence_timeout: Duration,
    /// Interval of an idle session's keep-alives. Shorter than the members' `session_timeout`.
    #[serde(with = "duration")]
    pub keep_alive_interval: Duration,
    /// Number of attempts to connect before the program gets an error.
    pub retry_attempts: u32,
    /// Wait before the second attempt. Each later wait is twice as long.
    #[serde(with = "duration")]
    pub retry_backoff: Duration,
    /// Longest wait between two attempts.
    #[serde(with = "duration")]
    pub retry_backoff_maximum: Duration,
}

/// How a client's commands reach the leader.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ingress {
    /// Over UDP, whichever member leads.
    #[default]
    Udp,
    /// Through the media driver of a member on the same host while that member leads, otherwise over UDP. Needs `aeron_dir`.
    Ipc,
}

impl Default for Client {
    fn default() -> Self {
        Self {
            aeron_dir: None,
            profile: Profile::Shared,
            cores: None,
            ingress: Ingress::Udp,
            egress_host: None,
            message_timeout: Duration::from_secs(5),
            new_leader_timeout: Duration::from_secs(5),
            silence_timeout: Duration::from_millis(1_500),
            keep_alive_interval: Duration::from_secs(1),
            retry_attempts: 3,
            retry_backoff: Duration::from_millis(100),
            retry_backoff_maximum: Duration::from_secs(2),
        }
    }
}
