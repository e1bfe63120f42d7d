//! The events of a firm: what its participants are told, with numbers of its own.

use crate::report::Report;
use crate::units::{EpochNanos, EventSequence, ParticipantId};

/// Largest number of events that one request for a firm's events is answered with.
pub const MAXIMUM_FIRM_EVENTS: usize = 1_024;

/// An event of a participant of a firm, with its number among the events of the firm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
pub struct FirmEvent {
    /// The firm, by the number of its own participant.
    pub firm: ParticipantId,
    /// Number of the event among those of the firm in the cluster: the first is 1, and there are no gaps.
    pub event_sequence: EventSequence,
    /// The event, as its participant is told it.
    pub report: Report,
}

/// The answer to a request for the events of a firm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case", deny_unknown_fields)
)]
pub enum FirmReply {
    /// An event that was told before.
    Again(FirmEvent),
    /// Ends the answer. If not all events were told, the next request begins after `through`.
    ResumeComplete {
        /// The firm.
        firm: ParticipantId,
        /// The last event of the answer.
        through: EventSequence,
        /// The last event of the firm. If it is `through`, the session is told every event from now on.
        last_event_sequence: EventSequence,
    },
    /// Some of the events asked for are no longer kept. Nothing else is told.
    EventGap {
        /// The firm.
        firm: ParticipantId,
        /// The oldest event that is kept.
        first_retained: EventSequence,
        /// The last event of the firm.
        last_event_sequence: EventSequence,
        /// Log time of the newest event that is gone.
        lost_through: EpochNanos,
    },
}
