//! The destination of a flow: an engine in this process, or a cluster.

use std::time::Duration;

use lugus_vocabulary::{ClientSequence, InstrumentId, ParticipantId, Report};

use crate::flow::Step;

/// Accepts commands and reports what became of each, later.
pub trait Venue {
    /// Submits the next command of a flow, without waiting. The operator's commands (definitions) are submitted in the
    /// same way.
    ///
    /// # Errors
    ///
    /// When the venue can accept no more commands at all.
    fn submit(&mut self, step: &Step) -> Result<Submission, VenueError>;

    /// Passes on what has arrived since the last call, without waiting: each event once, those of one scope in their
    /// order. Returns the number of items passed on.
    ///
    /// # Errors
    ///
    /// When the venue can no longer receive anything.
    fn poll(&mut self, on_event: &mut dyn FnMut(VenueEvent<'_>)) -> Result<usize, VenueError>;
}

/// A participant in an instrument; commands and events are numbered within this scope.
pub type Scope = (ParticipantId, InstrumentId);

/// Result of submitting a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Submission {
    /// The command was sent with this number in its scope.
    Sent(ClientSequence),
    /// The command was not sent; try again after the next poll.
    Busy,
}

/// What a venue reports.
#[derive(Debug, Clone, Copy)]
pub enum VenueEvent<'a> {
    /// An event.
    Report(&'a Report),
    /// A new leader answers from now on.
    NewLeader,
    /// The client gave up a command: it sends it no more, and does not know the outcome.
    GaveUp(Scope, ClientSequence),
}

/// Why a venue can't continue.
#[derive(Debug, thiserror::Error)]
pub enum VenueError {
    /// The engine received a command to which it can give no number: the flow and its definitions do not fit together.
    #[error("the engine refused a command of participant {}, instrument {}: {what}", scope.0.0, scope.1.0)]
    Refused {
        /// The command's scope.
        scope: Scope,
        /// What the engine reported.
        what: String,
    },
    /// The flow has a command that the venue can't send.
    #[error("the command can't be sent: {what}")]
    NotSendable {
        /// The command.
        what: String,
    },
    /// A participant's session has ended.
    #[error("the session of participant {participant} has ended: {source}")]
    Session {
        /// The participant.
        participant: u32,
        /// Why the session ended.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// No session was open within the allowed time.
    #[error("no session with the cluster within {waited:?}: {problem}")]
    NotConnected {
        /// How long the client tried.
        waited: Duration,
        /// The last obstacle.
        problem: String,
    },
}
