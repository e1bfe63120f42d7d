//! Errors of sessions and configurations.

use std::time::Duration;

use lugus_topology::ClusterId;
use lugus_vocabulary::{InstrumentId, ParticipantId};
use thiserror::Error;

/// Why a command or request was refused before it was sent. No number was used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SendError {
    /// The leader does not read fast enough, or its ingress is being set up: poll, and try again.
    #[error("back pressure from the leader: poll and try again")]
    BackPressured,
    /// The instrument has as many unanswered commands as are kept: poll until some are answered.
    #[error("{maximum} commands of the instrument are unanswered, the maximum: poll until some are answered")]
    TooManyOutstanding {
        /// The limit, from the configuration.
        maximum: usize,
    },
    /// As many instruments are in use as the configuration allows.
    #[error("{maximum} instruments are in use, the maximum: raise maximum_instruments")]
    TooManyInstruments {
        /// The limit, from the configuration.
        maximum: usize,
    },
    /// There is no session. Only requests that are not kept are refused for this.
    #[error("not connected to a leader: poll until connected")]
    NotConnected,
    /// Drop copies of as many instruments are asked for as a session can ask for.
    #[error(
        "the session already receives drop copies of {maximum} instruments, the maximum; instrument 0 asks for all"
    )]
    TooManyDropCopies {
        /// The limit.
        maximum: usize,
    },
    /// The session has ended for good.
    #[error("the session has ended: open a new one")]
    Ended,
    /// No partition map has come yet.
    #[error("no partition map has come from the coordinator yet: poll until one has")]
    NoMap,
    /// The partition map has no such instrument.
    #[error("the partition map has no instrument {0}")]
    UnknownInstrument(InstrumentId),
    /// The partition map says that the instrument is halted: only cancels are taken.
    #[error("instrument {0} is halted in the partition map: only cancels are accepted")]
    Halted(InstrumentId),
    /// No session can be opened with the cluster that owns the instrument.
    #[error("can't open a session with cluster {0}: its entry in the partition map is not usable")]
    ClusterUnusable(ClusterId),
}

impl SendError {
    /// Whether the same call may succeed after further polls, without any other change.
    pub const fn is_retryable(&self) -> bool {
        matches!(self, Self::BackPressured | Self::TooManyOutstanding { .. } | Self::NotConnected | Self::NoMap)
    }
}

/// Why a session has ended. Nothing brings it back: a new one can be made after the cause is removed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The configuration cannot work.
    #[error(transparent)]
    Configuration(#[from] ConfigurationError),
    /// The cluster client ended: credentials refused, another protocol, or no session in the time allowed.
    #[error("cluster: {0}")]
    Cluster(#[from] aeron_cluster_client::ClientError),
    /// A newer session of the same participant took over.
    #[error(
        "a newer session of participant {participant} replaced this one: only one session of a participant may trade"
    )]
    SessionReplaced {
        /// The participant of both sessions.
        participant: ParticipantId,
    },
    /// The participant has another session open, which this one was not to replace ([`OlderSession::Keep`](crate::OlderSession)).
    /// Nothing of this session was applied.
    #[error("participant {participant} is connected already, and its session was not to be replaced: nothing was done")]
    ParticipantConnected {
        /// The participant of both sessions.
        participant: ParticipantId,
    },
}

/// Why a configuration cannot work.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ConfigurationError {
    /// A limit of 0.
    #[error("{name} is 0: it must be at least 1")]
    Zero {
        /// Name of the field.
        name: &'static str,
    },
    /// A limit that would take too much memory.
    #[error("{name} is {value}, but must be at most {maximum}")]
    TooMany {
        /// Name of the field.
        name: &'static str,
        /// Value of the field.
        value: usize,
        /// Largest value that is possible.
        maximum: usize,
    },
    /// A time-out of zero, or one that contradicts another.
    #[error("{name} is {value:?}: {rule}")]
    Duration {
        /// Name of the field.
        name: &'static str,
        /// Value of the field.
        value: Duration,
        /// What the value has to satisfy.
        rule: &'static str,
    },
    /// An empty key.
    #[error("the key of participant {0} is empty")]
    EmptyKey(ParticipantId),
}
