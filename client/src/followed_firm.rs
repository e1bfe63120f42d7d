//! The events of a firm that a session follows: each once, in the order of their numbers. A state machine without I/O.
//!
//! - An event that was told is dropped. One that is ahead is dropped, too, and the missing ones are asked for: what the cluster
//!   sends after it has read the request comes in order.
//! - A request is answered with a bounded number of events. As long as they are not all, the next request follows at once; the
//!   last answer makes the cluster tell each event as it comes.
//! - Egress may be lost. So a request goes out in each new cluster session and with each new leader, and now and then while the
//!   firm is quiet.

use lugus_vocabulary::{EpochNanos, EventSequence, FirmEvent, ParticipantId};

use crate::retry::Delays;
use crate::scope::context::NEVER;

/// A firm whose events a session tells, and where they begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FollowFirm {
    /// The firm, by the number of its own participant.
    pub firm: ParticipantId,
    /// The last event that is known: the events after it are told. `Some(EventSequence(0))` asks for all that are kept, and
    /// `None` for those that are told from now on. A firm's events have numbers of their own in each cluster.
    pub after: Option<EventSequence>,
}

/// What a session has to tell of a firm's events, beside the events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FirmNotice {
    /// Events are no longer kept.
    Gap { first_lost: EventSequence, last_lost: EventSequence, lost_through: EpochNanos },
    /// The firm's numbers are lower than those that were told.
    Reset { last_seen: EventSequence, last_known: EventSequence },
}

/// The firm that a session follows, if it follows one.
#[derive(Debug)]
pub(crate) struct FollowedFirm {
    firm: Option<ParticipantId>,
    /// The last event that was told, or skipped as lost; `None` until anything is known.
    last: Option<u64>,
    /// The last event when the last request was sent.
    asked_after: Option<u64>,
    is_asked: bool,
    is_current: bool,
    /// Number of requests that brought nothing new, since the last one that did.
    attempt: u32,
    /// Number of consecutive requests that found no event missing.
    quiet_checks: u32,
    /// Listening time at which the next request is to be sent.
    due: u64,
}

impl Default for FollowedFirm {
    fn default() -> Self {
        Self {
            firm: None,
            last: None,
            asked_after: None,
            is_asked: false,
            is_current: false,
            attempt: 0,
            quiet_checks: 0,
            due: NEVER,
        }
    }
}

impl FollowedFirm {
    /// Begins to follow a firm, in place of the one before.
    pub(crate) fn begin(&mut self, follow: FollowFirm, time: u64) {
        let FollowFirm { firm, after } = follow;
        *self = Self { firm: Some(firm), last: after.map(|after| after.0), due: time, ..Self::default() };
    }

    /// Listening time at which the next request is to be sent; [`NEVER`] if there is none.
    #[inline]
    pub(crate) fn due(&self) -> u64 {
        self.due
    }

    /// Whether all events have been told that the cluster had when it was last asked.
    pub(crate) fn is_current(&self) -> bool {
        self.is_current
    }

    /// A cluster session is open, or goes on with another leader: what was sent may be lost.
    pub(crate) fn on_connected(&mut self, time: u64) {
        self.attempt = 0;
        self.ask_at(time);
    }

    pub(crate) fn on_disconnected(&mut self) {
        (self.due, self.is_current) = (NEVER, false);
    }

    /// The firm and the last event, for the request that is to be sent now.
    pub(crate) fn request(&self) -> Option<(ParticipantId, Option<EventSequence>)> {
        Some((self.firm?, self.last.map(EventSequence)))
    }

    /// The request was sent.
    pub(crate) fn on_sent(&mut self, time: u64, delays: &mut Delays) {
        (self.is_asked, self.asked_after) = (true, self.last);
        self.due = time.saturating_add(delays.timeout(self.attempt));
        self.attempt = self.attempt.saturating_add(1);
    }

    /// An event has come, told for the first time or again. Returns whether it is the next one.
    pub(crate) fn on_event(&mut self, event: &FirmEvent, time: u64, delays: &Delays) -> bool {
        let number = event.event_sequence.0;
        if self.firm != Some(event.firm) {
            return false;
        }
        match self.last {
            Some(last) if number <= last => return false,
            Some(last) if number > last + 1 => {
                self.ask_for_missing(time);
                return false;
            }
            _ => self.last = Some(number),
        }
        self.quiet_checks = 0;
        if !self.is_asked {
            self.due = time.saturating_add(delays.verify(0));
        }
        true
    }

    /// An answer has ended with the event `through`; `last_known` is the firm's last one. Returns what is to be told of it.
    pub(crate) fn on_complete(
        &mut self,
        firm: ParticipantId,
        (through, last_known): (EventSequence, EventSequence),
        time: u64,
        delays: &mut Delays,
    ) -> Option<FirmNotice> {
        if self.firm != Some(firm) {
            return None;
        }
        let last = *self.last.get_or_insert(through.0);
        let has_reset = through.0 < last;
        if has_reset {
            // The firm has begun anew, or the cluster has lost its state.
            self.last = Some(through.0);
        }
        self.is_asked = false;
        if through.0 > last && self.asked_after == self.last {
            // Nothing of the answer has come: the egress is full, and the next answer must not follow at once.
            self.due = time.saturating_add(delays.timeout(self.attempt));
        } else if through.0 > last || through < last_known {
            self.attempt = 0;
            self.due = time;
        } else {
            self.attempt = 0;
            let found_none = std::mem::replace(&mut self.is_current, true);
            self.quiet_checks = if found_none { self.quiet_checks.saturating_add(1) } else { 0 };
            self.due = time.saturating_add(delays.verify(self.quiet_checks));
        }
        has_reset.then_some(FirmNotice::Reset { last_seen: EventSequence(last), last_known: through })
    }

    /// Events before `first_retained` are no longer kept. Returns what is to be told of it.
    pub(crate) fn on_gap(
        &mut self,
        firm: ParticipantId,
        first_retained: EventSequence,
        lost_through: EpochNanos,
        time: u64,
    ) -> Option<FirmNotice> {
        let last = self.last.filter(|&last| self.firm == Some(firm) && last + 1 < first_retained.0)?;
        let last_lost = first_retained.0 - 1;
        self.last = Some(last_lost);
        self.ask_at(time);
        let (first_lost, last_lost) = (EventSequence(last + 1), EventSequence(last_lost));
        Some(FirmNotice::Gap { first_lost, last_lost, lost_through })
    }

    /// The cluster does not let the session follow the firm, or does not know what that is. Returns the firm.
    pub(crate) fn on_refused(&mut self) -> Option<ParticipantId> {
        std::mem::take(self).firm
    }

    /// Asks for events that are missing, unless a request is unanswered.
    fn ask_for_missing(&mut self, time: u64) {
        self.is_current = false;
        if !self.is_asked {
            self.ask_at(time);
        }
    }

    fn ask_at(&mut self, time: u64) {
        self.is_asked = false;
        self.due = if self.firm.is_some() { time } else { NEVER };
    }
}

#[cfg(test)]
mod tests {
    use lugus_vocabulary::{ClientSequence, CommandKind, InstrumentId, RejectReason, Report, ReportBody};

    use super::*;
    use crate::retry::RetryPolicy;

    const FIRM: ParticipantId = ParticipantId(9);

    fn event(number: u64) -> FirmEvent {
        let report = Report {
            participant: ParticipantId(1),
            instrument: InstrumentId(2),
            event_sequence: EventSequence(number + 50),
            client_sequence: ClientSequence(0),
            time: EpochNanos(3),
            body: ReportBody::Reject { command: CommandKind::New, reason: RejectReason::Unsupported },
        };
        FirmEvent { firm: FIRM, event_sequence: EventSequence(number), report }
    }

    /// A follower that has sent its first request at time 0.
    fn followed(after: Option<u64>) -> (FollowedFirm, Delays) {
        let mut delays = Delays::new(&RetryPolicy::new(), 1);
        let mut followed = FollowedFirm::default();
        followed.begin(FollowFirm { firm: FIRM, after: after.map(EventSequence) }, 0);
        followed.on_sent(0, &mut delays);
        (followed, delays)
    }

    fn complete(
        followed: &mut FollowedFirm,
        through: u64,
        last: u64,
        time: u64,
        delays: &mut Delays,
    ) -> Option<FirmNotice> {
        followed.on_complete(FIRM, (EventSequence(through), EventSequence(last)), time, delays)
    }

    #[test]
    fn each_event_is_told_once_and_what_is_missing_is_asked_for() {
        let (mut followed, mut delays) = followed(Some(4));
        let told: Vec<bool> = [3, 4, 5, 5, 7].map(|number| followed.on_event(&event(number), 1, &delays)).to_vec();
        assert_eq!(told, [false, false, true, false, false]);
        assert!(followed.due() > 1, "the answer is under way");
        assert_eq!(complete(&mut followed, 7, 7, 2, &mut delays), None);
        assert_eq!((followed.due(), followed.is_current()), (2, false), "6 and 7 are missing");
        assert_eq!(followed.request(), Some((FIRM, Some(EventSequence(5)))));
        followed.on_sent(2, &mut delays);
        assert!(followed.on_event(&event(6), 3, &delays) && followed.on_event(&event(7), 3, &delays));
        assert_eq!(complete(&mut followed, 7, 7, 3, &mut delays), None);
        assert!(followed.is_current() && followed.due() > 3);
        assert!(!followed.on_event(&event(9), 4, &delays));
        assert_eq!((followed.due(), followed.is_current()), (4, false));
    }

    #[test]
    fn an_answer_in_parts_is_asked_for_part_by_part() {
        let (mut followed, mut delays) = followed(Some(0));
        assert!(followed.on_event(&event(1), 1, &delays));
        assert_eq!(complete(&mut followed, 1, 3, 1, &mut delays), None);
        assert_eq!((followed.due(), followed.is_current()), (1, false));
        assert_eq!(followed.request(), Some((FIRM, Some(EventSequence(1)))));
    }

    #[test]
    fn an_answer_of_which_nothing_comes_is_not_asked_for_again_at_once() {
        let (mut followed, mut delays) = followed(Some(0));
        assert_eq!(complete(&mut followed, 5, 5, 1, &mut delays), None);
        assert!(followed.due() > 1 && followed.due() < NEVER && !followed.is_current());
    }

    #[test]
    fn lost_events_and_numbers_that_begin_anew_are_told() {
        let (mut followed, mut delays) = followed(Some(4));
        let gap = followed.on_gap(FIRM, EventSequence(8), EpochNanos(6), 1);
        let (first_lost, last_lost, lost_through) = (EventSequence(5), EventSequence(7), EpochNanos(6));
        assert_eq!(gap, Some(FirmNotice::Gap { first_lost, last_lost, lost_through }));
        assert_eq!((followed.due(), followed.request()), (1, Some((FIRM, Some(EventSequence(7))))));
        assert_eq!(
            followed.on_gap(FIRM, EventSequence(8), EpochNanos(6), 1),
            None,
            "the answer to a request of before"
        );
        let reset = complete(&mut followed, 2, 2, 2, &mut delays);
        let (last_seen, last_known) = (EventSequence(7), EventSequence(2));
        assert_eq!(reset, Some(FirmNotice::Reset { last_seen, last_known }));
        assert!(followed.is_current() && followed.on_event(&event(3), 3, &delays));
    }

    #[test]
    fn without_a_number_events_are_told_from_the_answer_on() {
        let (mut followed, mut delays) = followed(None);
        assert_eq!(followed.request(), Some((FIRM, None)));
        assert_eq!(complete(&mut followed, 30, 30, 1, &mut delays), None);
        assert!(followed.is_current());
        assert!(!followed.on_event(&event(30), 2, &delays) && followed.on_event(&event(31), 2, &delays));
    }

    #[test]
    fn it_asks_again_without_an_answer_after_a_new_leader_and_now_and_then_while_the_firm_is_quiet() {
        let (mut followed, mut delays) = followed(Some(0));
        let timeout = followed.due();
        assert!(timeout > 0 && timeout < NEVER);
        assert_eq!(complete(&mut followed, 0, 0, 10, &mut delays), None);
        let quiet = followed.due();
        assert!(quiet > timeout && quiet < NEVER);
        followed.on_connected(20);
        assert_eq!(followed.due(), 20);
        followed.on_disconnected();
        assert_eq!((followed.due(), followed.is_current()), (NEVER, false));
        assert_eq!(followed.on_refused(), Some(FIRM));
        followed.on_connected(30);
        assert_eq!(followed.due(), NEVER);
        assert!(!followed.on_event(&event(1), 31, &delays));
    }
}
