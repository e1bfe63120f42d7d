//! The SDK's own number of a command, by which a program finds the outcome of what it sent.

use std::fmt;

/// Number of a command among those that this session sent for its instrument: ascending by one from 1.
///
/// A command returns its number at once, before the cluster has told which numbers of the scope (participant,
/// instrument) are free. The number on the wire, [`ClientSequence`](crate::ClientSequence), continues over all sessions
/// of the participant. It is this number plus [`sequence_offset`](crate::TradingSession::sequence_offset), which is
/// what had been applied before this session, less the commands that were refused or given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
pub struct CommandNumber(pub u64);

impl CommandNumber {
    /// No command of this session: an event has this number if it answers no command, as when a resting order trades,
    /// or a command that an earlier session sent.
    pub const NONE: Self = Self(0);
}

impl fmt::Display for CommandNumber {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}
