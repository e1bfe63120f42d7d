//! Where a flow is sent: an engine in this process, or a cluster.

use std::time::Duration;

use lugus_vocabulary::{ClientSequence, InstrumentId, ParticipantId, Report};

use crate::flow::Step;

/// Takes commands and tells what came of them, each by its own time.
pub trait Venue {
    /// Takes the next command of a flow, without waiting. The operator's commands (definitions) come by the same way.
    ///
    /// # Errors
    ///
    /// When it can take no more commands at all.
    fn submit(&mut self, step: &Step) -> Result<Submission, VenueError>;

    /// Tells what it has heard since, without waiting: each event once, those of one scope in their order. Returns how
    /// much that was; 0 when there was nothing.
    ///
    /// # Errors
    ///
    /// When it can hear nothing any more.
    fn poll(&mut self, hear: &mut dyn FnMut(Heard<'_>)) -> Result<usize, VenueError>;
}

/// What numbers commands and events: a participant in an instrument.
pub type Scope = (ParticipantId, InstrumentId);

/// What became of a command that was to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Submission {
    /// It is on its way, with this number in its scope.
    Sent(ClientSequence),
    /// It is not: try it again after the next poll.
    Busy,
}

/// What a venue tells.
#[derive(Debug, Clone, Copy)]
pub enum Heard<'a> {
    /// An event.
    Report(&'a Report),
    /// A new leader answers from now on.
    NewLeader,
    /// The client gave up a command: it will not send it again, and does not know what became of it.
    GaveUp(Scope, ClientSequence),
}

/// Why a venue can do no more.
#[derive(Debug, thiserror::Error)]
pub enum VenueError {
    /// The engine got a command that it can give no number: the flow and its definitions do not fit.
    #[error("the engine refused a command of participant {}, instrument {}: {what}", scope.0.0, scope.1.0)]
    Refused {
        /// The command's scope.
        scope: Scope,
        /// How it said so.
        what: String,
    },
    /// The flow has a command that the venue has no way to send.
    #[error("no such command can be sent: {what}")]
    NotSendable {
        /// The command.
        what: String,
    },
    /// A participant's session has ended.
    #[error("the session of participant {participant} has ended: {source}")]
    Session {
        /// Whose.
        participant: u32,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// There was no session in the time allowed.
    #[error("no session with the cluster within {waited:?}: {problem}")]
    NotConnected {
        /// How long it was tried.
        waited: Duration,
        /// What stood in the way last.
        problem: String,
    },
}
