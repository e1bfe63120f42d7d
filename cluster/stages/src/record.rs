//! The stamps of one command, and the member that took them.

use lugus_vocabulary::{ClientSequence, ClusterId, EpochNanos, InstrumentId, LogPosition, MemberId, ParticipantId};

/// The member whose commands are recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StageSource {
    /// Cluster of the member.
    pub cluster: ClusterId,
    /// The member.
    pub member: MemberId,
    /// One command in this number is recorded.
    pub every: u32,
}

/// When one command passed each stage of its way through one member. All times but [`logged`](Self::logged) are of the member's
/// own wall clock; they are in the order of the fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StageRecord {
    /// Position in the log after the command's message.
    pub log_position: LogPosition,
    /// Participant that sent the command.
    pub participant: ParticipantId,
    /// Instrument of the command.
    pub instrument: InstrumentId,
    /// Number of the command in its scope. A client that sends a command again makes a second message, and a second record, with
    /// the same number.
    pub client_sequence: ClientSequence,
    /// Log time: the leader's consensus module took the message from its ingress and appended it to the log.
    pub logged: EpochNanos,
    /// First duty cycle of the service's container that saw a commit position at or above `log_position`.
    pub committed: EpochNanos,
    /// The container took the last fragment of the message from the log.
    pub polled: EpochNanos,
    /// The command is decoded, and the engine begins.
    pub engine_begun: EpochNanos,
    /// The engine told its first report or reply for the sender; `None` if it told none, and on a member that does not lead. The engine
    /// tells reports while it works, so fills of the same command come later.
    pub answered: Option<EpochNanos>,
    /// That answer was encoded and offered to the sender's egress; `None` when there was no answer.
    pub offered: Option<EpochNanos>,
    /// The engine is done with the command, and all reports of it are offered.
    pub applied: EpochNanos,
}
