//! `[client]`: what a program that trades needs beyond the members' addresses.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{Profile, duration};

/// `[client]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Client {
    /// Directory of a media driver that runs already. Default: each program starts a driver of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aeron_dir: Option<PathBuf>,
    /// As `profile`, for a driver that the program starts.
    pub profile: Profile,
    /// Cores of conductor, sender and receiver; needed with the profile `pinned`, and only then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cores: Option<[u16; 3]>,
    /// How commands travel.
    pub ingress: Ingress,
    /// Address of this host that members send to.
    pub egress_host: String,
    /// How long one message may wait for its channel: connect, challenge, first offer to a new leader
    /// (`aeron.cluster.message.timeout`).
    #[serde(with = "duration")]
    pub message_timeout: Duration,
    /// How long to wait for a new leader before the session is given up and made anew. Longer than a fail-over.
    #[serde(with = "duration")]
    pub new_leader_timeout: Duration,
    /// When something is unanswered and nothing has come for so long, the session is made anew: the only sign after a
    /// restart of all members.
    #[serde(with = "duration")]
    pub silence_timeout: Duration,
    /// An idle session sends this often. Shorter than the members' `session_timeout`.
    #[serde(with = "duration")]
    pub keep_alive_interval: Duration,
    /// Attempts to connect before an error is given.
    pub retry_attempts: u32,
    /// Wait before the second attempt; doubles with each.
    #[serde(with = "duration")]
    pub retry_backoff: Duration,
    /// The longest wait between attempts.
    #[serde(with = "duration")]
    pub retry_backoff_maximum: Duration,
}

/// How commands travel from a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ingress {
    /// To any member.
    #[default]
    Udp,
    /// Through the driver of a member on this host while it leads, else over UDP: needs `aeron_dir`.
    Ipc,
}

impl Default for Client {
    fn default() -> Self {
        Self {
            aeron_dir: None,
            profile: Profile::Shared,
            cores: None,
            ingress: Ingress::Udp,
            egress_host: String::from("127.0.0.1"),
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
