//! What a session asks for to know the participant's own open orders again, part by part: a state machine without I/O.
//!
//! The parts of an answer are taken at different times. Each is as the orders are after one event of their scope. The
//! session passes a part on only if it has told exactly the events up to that one, so that the program hears parts and
//! events in the order in which they are true; otherwise it asks for the part again.

use lugus_vocabulary::{InstrumentId, OrderId, OrderMassStatusRequest, StatusCursor};

use crate::scope::context::NEVER;

/// Lowest number of the session's own requests; the program may use the numbers below for its requests.
const FIRST_REQUEST_ID: u64 = 1 << 63;

/// How long the answer to a request may take before the request is made again, in nanoseconds.
const ANSWER_TIMEOUT: u64 = 1_000_000_000;

/// How long the session waits for missing events before it asks for a part again, in nanoseconds.
const RETRY_PAUSE: u64 = 10_000_000;

/// When a session asks for the participant's own open orders by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum RebuildPolicy {
    /// Never: only when the program asks.
    #[default]
    OnRequest,
    /// For all instruments when the first cluster session is open, and for an instrument after
    /// [`EventGap`](crate::Status::EventGap) and [`SequencesReset`](crate::Status::SequencesReset). Each question goes
    /// through the log, with up to 64 orders in an answer.
    AtStartAndAfterGaps,
}

/// The rebuilding of a session: what is to be asked, and what has been.
#[derive(Debug)]
pub(crate) struct Rebuild {
    policy: RebuildPolicy,
    has_started: bool,
    /// Instruments that are to be asked for after the present one. [`InstrumentId::NONE`] stands for all, alone.
    waiting: Vec<InstrumentId>,
    present: Option<Present>,
    next_request_id: u64,
    /// Listening time at which the next request is to be sent.
    due: u64,
}

/// The rebuilding that is under way.
#[derive(Debug, Clone, Copy)]
struct Present {
    instrument: InstrumentId,
    /// Place up to which parts have been passed on.
    after: StatusCursor,
    /// The request that is not answered yet.
    asked: Option<u64>,
}

/// What a message of the cluster is to a rebuilding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Relevance {
    /// It answers the request that was sent last.
    Answer,
    /// It answers an earlier request.
    Late,
    /// It answers a request of the program.
    Programs,
}

impl Default for Rebuild {
    fn default() -> Self {
        Self {
            policy: RebuildPolicy::OnRequest,
            has_started: false,
            waiting: Vec::new(),
            present: None,
            next_request_id: FIRST_REQUEST_ID,
            due: NEVER,
        }
    }
}

impl Rebuild {
    pub(crate) fn set_policy(&mut self, policy: RebuildPolicy) {
        self.policy = policy;
    }

    /// Listening time at which the next request is to be sent; [`NEVER`] if there is none.
    #[inline]
    pub(crate) fn due(&self) -> u64 {
        self.due
    }

    /// Whether something is still to be told.
    pub(crate) fn is_under_way(&self) -> bool {
        self.present.is_some() || !self.waiting.is_empty()
    }

    /// Whether the orders of an instrument are still to be told.
    pub(crate) fn is_telling(&self, instrument: InstrumentId) -> bool {
        self.present.is_some_and(|present| present.covers(instrument))
            || self.waiting.iter().any(|waiting| [instrument, InstrumentId::NONE].contains(waiting))
    }

    /// A cluster session is open. What was under way goes on where it was: the events of the meantime are resumed.
    pub(crate) fn on_connected(&mut self, time: u64) {
        if self.policy == RebuildPolicy::AtStartAndAfterGaps && !self.has_started {
            self.want(InstrumentId::NONE, time);
        }
        self.has_started = true;
        self.ask_at(time);
    }

    /// The session goes on with another leader: the answer may be lost.
    pub(crate) fn on_new_leader(&mut self, time: u64) {
        self.ask_at(time);
    }

    pub(crate) fn on_disconnected(&mut self) {
        if let Some(present) = &mut self.present {
            present.asked = None;
        }
        self.due = NEVER;
    }

    /// Events of an instrument are lost. Parts of it that have been told are not to be relied upon.
    pub(crate) fn on_gap(&mut self, instrument: InstrumentId, time: u64) {
        let is_covered = self.present.is_some_and(|present| present.covers(instrument));
        if instrument != InstrumentId::NONE && (self.policy == RebuildPolicy::AtStartAndAfterGaps || is_covered) {
            self.want(instrument, time);
        }
    }

    /// An instrument, or with [`InstrumentId::NONE`] all of them, is to be asked for. If it is being told already, that
    /// begins again.
    pub(crate) fn want(&mut self, instrument: InstrumentId, time: u64) {
        if instrument == InstrumentId::NONE {
            self.waiting.clear();
            self.present = None;
        } else if self.waiting.contains(&InstrumentId::NONE) {
            return;
        }
        match &mut self.present {
            Some(present) if present.covers(instrument) => {
                (present.after, present.asked) = (StatusCursor::default(), None);
            }
            _ if self.waiting.contains(&instrument) => {}
            _ => self.waiting.push(instrument),
        }
        if self.present.is_none_or(|present| present.asked.is_none()) {
            self.ask_at(time);
        }
    }

    fn ask_at(&mut self, time: u64) {
        if let Some(present) = &mut self.present {
            present.asked = None;
        }
        self.due = if self.is_under_way() { time } else { NEVER };
    }

    /// The request that is to be sent now, and whether it is the first one of its rebuilding.
    pub(crate) fn request(&mut self) -> Option<(OrderMassStatusRequest, bool)> {
        let is_first = self.present.is_none();
        if is_first {
            let instrument = (!self.waiting.is_empty()).then(|| self.waiting.remove(0))?;
            self.present = Some(Present { instrument, after: StatusCursor::default(), asked: None });
        }
        let Present { instrument, after, .. } = self.present?;
        Some((OrderMassStatusRequest { request_id: self.next_request_id, instrument, after }, is_first))
    }

    /// The request was sent.
    pub(crate) fn on_sent(&mut self, time: u64) {
        if let Some(present) = &mut self.present {
            present.asked = Some(self.next_request_id);
            self.next_request_id = self.next_request_id.checked_add(1).unwrap_or(FIRST_REQUEST_ID);
            self.due = time.saturating_add(ANSWER_TIMEOUT);
        }
    }

    /// What a report with this number is.
    pub(crate) fn relevance(&self, request_id: u64) -> Relevance {
        if request_id < FIRST_REQUEST_ID {
            Relevance::Programs
        } else if self.present.is_some_and(|present| present.asked == Some(request_id)) {
            Relevance::Answer
        } else {
            Relevance::Late
        }
    }

    /// Whether a part that is told now is the first of its instrument.
    pub(crate) fn begins(&self, instrument: InstrumentId) -> bool {
        self.present.is_none_or(|present| {
            let StatusCursor { instrument: last, order_id, .. } = present.after;
            last != instrument || order_id == OrderId(0)
        })
    }

    /// The part cannot be passed on, because events before it have not come.
    pub(crate) fn on_missing_events(&mut self, time: u64) {
        self.ask_at(time.saturating_add(RETRY_PAUSE));
    }

    /// A part was passed on, and others follow.
    pub(crate) fn go_on_after(&mut self, next: StatusCursor, time: u64) {
        if let Some(present) = &mut self.present {
            present.after = next;
        }
        self.ask_at(time);
    }

    /// The rebuilding under way has ended; returns the instrument that it was for, and the next one is asked for.
    pub(crate) fn finish(&mut self, time: u64) -> Option<InstrumentId> {
        let ended = self.present.take()?.instrument;
        self.ask_at(time);
        Some(ended)
    }
}

impl Present {
    fn covers(&self, instrument: InstrumentId) -> bool {
        self.instrument == InstrumentId::NONE || self.instrument == instrument
    }
}
