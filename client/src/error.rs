//! What can go wrong, as types.

use lugus_topology::ClusterId;
use lugus_vocabulary::InstrumentId;
use thiserror::Error;

use crate::config::ConfigurationError;

/// Why a command or request was not taken. Nothing of it was sent, and no number used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SendError {
    /// The leader does not read fast enough, or its ingress is being set up: poll, and try again.
    #[error("back pressure from the leader: poll and try again")]
    BackPressured,
    /// As many commands of the instrument are unanswered as may be: poll until some are answered.
    #[error(
        "{maximum} commands of the instrument are unanswered, the most that are kept: poll until some are answered"
    )]
    TooManyOutstanding {
        /// The limit, from the configuration.
        maximum: usize,
    },
    /// As many instruments are in use as may be.
    #[error("{maximum} instruments are in use, the most that the configuration allows (maximum_instruments)")]
    TooManyInstruments {
        /// The limit, from the configuration.
        maximum: usize,
    },
    /// No session: only with requests that are not kept.
    #[error("not connected to a leader: poll until connected")]
    NotConnected,
    /// As many drop copies are asked for as may be.
    #[error("{maximum} drop copies are asked for, the most that are kept; instrument 0 stands for all")]
    TooManyDropCopies {
        /// The limit.
        maximum: usize,
    },
    /// The session has ended for good.
    #[error("the session has ended")]
    Ended,
    /// No partition map has come yet.
    #[error("no partition map has come from the coordinator yet: poll until one has")]
    NoMap,
    /// The partition map has no such instrument.
    #[error("the partition map has no instrument {0}")]
    UnknownInstrument(InstrumentId),
    /// The partition map says that the instrument is halted: only cancels are taken.
    #[error("instrument {0} is halted in the partition map: only cancels are taken")]
    Halted(InstrumentId),
    /// No session can be opened with the cluster that owns the instrument.
    #[error("no session can be opened with cluster {0}, as the partition map describes it")]
    ClusterUnusable(ClusterId),
}

/// Why a session has ended. Nothing brings it back: make a new one after the cause is removed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ClientError {
    /// The configuration cannot work.
    #[error(transparent)]
    Configuration(#[from] ConfigurationError),
    /// The cluster client ended: credentials refused, another protocol, or no session in the time allowed.
    #[error("cluster: {0}")]
    Cluster(#[from] aeron_cluster_client::ClientError),
    /// A newer session of the same participant took over.
    #[error("a newer session of participant {participant} took over: only one session of a participant may trade")]
    SessionReplaced {
        /// Whose session this was.
        participant: u32,
    },
}
