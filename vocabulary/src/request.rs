//! Requests: what a session asks for without changing a book. They have no number.

use crate::connection::GraceTime;
use crate::market_data::BookRequest;
use crate::order_status::{OrderMassStatusRequest, OrderStatusRequest};
use crate::program_versions::ProtocolVersion;
use crate::units::{EventSequence, InstrumentId, ParticipantId};

/// A request: it is answered from the engine's state, or changes what its session is told, or what happens when the session
/// is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Request {
    /// Asks for the events after the last one seen, once more.
    Resume {
        /// With the session's participant the scope.
        instrument: InstrumentId,
        /// The last event seen; `None` asks only for the scope's last numbers.
        last_event_sequence: Option<EventSequence>,
    },
    /// Asks for a copy of every later event of all participants.
    DropCopy {
        /// The instrument whose events are copied; [`InstrumentId::NONE`] means all instruments.
        instrument: InstrumentId,
    },
    /// Asks for the book, or a part of it, as it is when the request comes up in the log.
    Book(BookRequest),
    /// Chooses for the session what happens when its participant is disconnected.
    CancelOnDisconnect {
        /// The participant's orders are canceled after this time; `None` lets them stay.
        grace: Option<GraceTime>,
    },
    /// Asks for one of the participant's orders.
    OrderStatus(OrderStatusRequest),
    /// Asks for the participant's live orders, in parts.
    OrderMassStatus(OrderMassStatusRequest),
    /// The operator makes a version of order entry active. A member that does not know it ends.
    ActivateProtocolVersion(ProtocolVersion),
    /// Asks for the events of a firm after the last one seen, and for those that are told from then on. A participant of the firm
    /// may ask, and the operator.
    FollowFirm {
        /// The firm, by the number of its own participant.
        firm: ParticipantId,
        /// The last event seen; `None` asks only for events that are told from now on.
        last_event_sequence: Option<EventSequence>,
    },
}
