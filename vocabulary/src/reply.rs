//! Replies: answers that are no events. They have no number, are not kept, and report that nothing changed.

use crate::reason::RejectReason;
use crate::report::Report;
use crate::units::{ClientSequence, EpochNanos, EventSequence, InstrumentId, MapEpoch};

/// An answer to the session that sent the command or request at hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case", deny_unknown_fields)
)]
pub enum Reply {
    /// An event that was told before: the answer to a repeated command, or to `Resume`.
    Again(Report),
    /// Commands before this one are missing; it was not applied.
    SequenceReject {
        /// The scope's instrument.
        instrument: InstrumentId,
        /// Number of the command.
        received: ClientSequence,
        /// Number of the command that would be applied next.
        expected: ClientSequence,
    },
    /// The last numbers of a scope; ends the answer to `Resume`.
    ResumeComplete {
        /// The scope's instrument.
        instrument: InstrumentId,
        /// The last command that was applied.
        last_client_sequence: ClientSequence,
        /// The last event that was told.
        last_event_sequence: EventSequence,
    },
    /// The events asked for are no longer retained.
    EventGap {
        /// The scope's instrument.
        instrument: InstrumentId,
        /// The repeated command whose events are gone; [`ClientSequence::NONE`] in answer to `Resume`.
        client_sequence: ClientSequence,
        /// The oldest event that is retained.
        first_retained: EventSequence,
        /// The last event that was told.
        last_event_sequence: EventSequence,
        /// Log time of the newest event that is gone.
        lost_through: EpochNanos,
    },
    /// There is no such scope and there can be none: the instrument is unknown, there are too many participants, or this
    /// participant may not send commands.
    Refused {
        /// The scope's instrument.
        instrument: InstrumentId,
        /// Number of the command, which was not used.
        client_sequence: ClientSequence,
        /// Why there is no such scope.
        reason: RejectReason,
    },
    /// The instrument has moved to another cluster, or is about to.
    Moved {
        /// The scope's instrument.
        instrument: InstrumentId,
        /// Number of the command, which was not used; [`ClientSequence::NONE`] in answer to `Resume`.
        client_sequence: ClientSequence,
        /// The partition map that tells where the instrument is, if not a later one.
        epoch: MapEpoch,
    },
}
