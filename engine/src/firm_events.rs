//! The events of firms: what a firm's participants are told, numbered once more for the firm, and kept for those who follow it.
//!
//! Each report of a participant that belongs to a firm gets the next number of the firm. The newest ones are kept whole, beside
//! those of the participant's own scope: a scope moves with its instrument and has limits of its own. What a firm was told here
//! stays here.

use std::collections::{BTreeMap, VecDeque};

use lugus_vocabulary::{
    EpochNanos, EventSequence, FirmEvent, FirmReply, InstrumentId, MAXIMUM_FIRM_EVENTS, ParticipantId, Report,
    RetainedReport,
};

use crate::event_sink::EventSink;
use crate::kept_reports::{KeptReports, Lost};

/// A firm's place among [`FirmStreams`].
pub(crate) type FirmPlace = u32;

/// The place of no firm.
pub(crate) const NO_FIRM: FirmPlace = FirmPlace::MAX;

/// The events of all firms.
#[derive(Debug)]
pub(crate) struct FirmStreams {
    streams: Vec<FirmStream>,
    /// Places in `streams` of firms that have ended, to be used again.
    free: Vec<FirmPlace>,
    places: BTreeMap<ParticipantId, FirmPlace>,
    /// Number of events that are kept of each firm at most.
    limit: u32,
}

/// The events of a firm.
#[derive(Debug)]
pub(crate) struct FirmStream {
    firm: ParticipantId,
    last: EventSequence,
    /// The newest events, numbered as the firm's.
    kept: KeptReports,
    /// Where each of them was told, the oldest first.
    scopes: VecDeque<ToldIn>,
}

/// The scope of an event, and its number there.
#[derive(Debug, Clone, Copy)]
struct ToldIn {
    participant: ParticipantId,
    instrument: InstrumentId,
    event_sequence: EventSequence,
}

impl FirmStreams {
    /// No firms yet; up to `limit` events will be kept of each.
    pub(crate) fn new(limit: u32) -> Self {
        Self { streams: Vec::new(), free: Vec::new(), places: BTreeMap::new(), limit }
    }

    /// Place of a firm, which begins with it if it is new; [`NO_FIRM`] for none.
    pub(crate) fn place_of(&mut self, firm: Option<ParticipantId>) -> FirmPlace {
        let Some(firm) = firm else { return NO_FIRM };
        if let Some(&place) = self.places.get(&firm) {
            return place;
        }
        self.begin(firm, EventSequence(0), EpochNanos(0))
    }

    /// Takes in a firm that has no events here: `last` was its last one, of which none is kept, and `lost_through` its log time.
    pub(crate) fn begin(&mut self, firm: ParticipantId, last: EventSequence, lost_through: EpochNanos) -> FirmPlace {
        let stream = FirmStream::after(firm, last, lost_through, self.limit);
        let place = match self.free.pop() {
            Some(place) => {
                self.streams[place as usize] = stream;
                place
            }
            None => {
                self.streams.push(stream);
                self.streams.len() as FirmPlace - 1
            }
        };
        self.places.insert(firm, place);
        place
    }

    /// Forgets the events of a firm that has ended.
    pub(crate) fn end(&mut self, firm: ParticipantId) {
        if let Some(place) = self.places.remove(&firm) {
            self.streams[place as usize] = FirmStream::after(firm, EventSequence(0), EpochNanos(0), self.limit);
            self.free.push(place);
        }
    }

    /// The events of a firm.
    pub(crate) fn get(&self, firm: ParticipantId) -> Option<&FirmStream> {
        self.places.get(&firm).map(|&place| &self.streams[place as usize])
    }

    /// The firm at a place.
    pub(crate) fn firm_at(&self, place: FirmPlace) -> Option<ParticipantId> {
        self.streams.get(place as usize).map(|stream| stream.firm)
    }

    /// Numbers and keeps the next event of the firm at a place.
    pub(crate) fn keep(&mut self, place: FirmPlace, report: &Report) -> FirmEvent {
        self.streams[place as usize].keep(report)
    }

    /// Takes in the next kept event of a snapshot. Returns whether it may follow those before it.
    pub(crate) fn restore(&mut self, event: &FirmEvent) -> bool {
        let Some(&place) = self.places.get(&event.firm) else { return false };
        event.event_sequence.0 == self.streams[place as usize].last.0 + 1 && self.keep(place, &event.report) == *event
    }
}

impl FirmStream {
    /// The events of a firm whose last one was `last`, of which none is kept; `lost_through` is its log time. It will keep `limit` of
    /// those that follow.
    fn after(firm: ParticipantId, last: EventSequence, lost_through: EpochNanos, limit: u32) -> Self {
        let kept = KeptReports::after(last, Lost { through: lost_through, ..Lost::default() }, limit);
        Self { firm, last, kept, scopes: VecDeque::new() }
    }

    fn keep(&mut self, report: &Report) -> FirmEvent {
        self.last.0 += 1;
        // A kept report answers the last command applied, or none.
        self.kept.push_back(report.client_sequence, report);
        let Report { participant, instrument, event_sequence, .. } = *report;
        // Before the next one comes, so that a full list does not double.
        if self.scopes.len() >= self.kept.len() {
            self.scopes.pop_front();
        }
        self.scopes.push_back(ToldIn { participant, instrument, event_sequence });
        FirmEvent { firm: self.firm, event_sequence: self.last, report: *report }
    }

    /// Number of the last event.
    pub(crate) fn last(&self) -> EventSequence {
        self.last
    }

    /// Number of events that are kept.
    pub(crate) fn len(&self) -> usize {
        self.kept.len()
    }

    /// Log time of the newest event that is no longer kept; 0 if all are.
    pub(crate) fn lost_through(&self) -> EpochNanos {
        self.kept.lost().through
    }

    /// The kept event at `place`, which is less than [`FirmStream::len`]; the oldest one is at 0.
    pub(crate) fn kept_at(&self, place: usize) -> FirmEvent {
        let ToldIn { participant, instrument, event_sequence } = self.scopes[place];
        let RetainedReport { report, .. } = self.kept.get(place, participant, instrument);
        let number = report.event_sequence;
        FirmEvent { firm: self.firm, event_sequence: number, report: Report { event_sequence, ..report } }
    }

    /// Tells again the events after `last_seen`, at most [`MAXIMUM_FIRM_EVENTS`], and where the firm's events stand; or only
    /// that some of them are no longer kept. With `None` no event is told again. Returns whether all have been told.
    pub(crate) fn resume(&self, last_seen: Option<EventSequence>, sink: &mut impl EventSink) -> bool {
        let (firm, last_event_sequence) = (self.firm, self.last);
        let last_seen = last_seen.unwrap_or(last_event_sequence).min(last_event_sequence);
        let first_retained = EventSequence(last_event_sequence.0 + 1 - self.len() as u64);
        if last_seen.0 + 1 < first_retained.0 {
            let lost_through = self.lost_through();
            sink.firm_reply(&FirmReply::EventGap { firm, first_retained, last_event_sequence, lost_through });
            return false;
        }
        let seen = (last_seen.0 + 1 - first_retained.0) as usize;
        let end = self.len().min(seen + MAXIMUM_FIRM_EVENTS);
        for place in seen..end {
            sink.firm_reply(&FirmReply::Again(self.kept_at(place)));
        }
        let through = EventSequence(first_retained.0 + end as u64 - 1);
        sink.firm_reply(&FirmReply::ResumeComplete { firm, through, last_event_sequence });
        through == last_event_sequence
    }
}

#[cfg(test)]
mod tests {
    use lugus_vocabulary::*;

    use super::*;

    #[derive(Default)]
    struct Told(Vec<FirmReply>);

    impl EventSink for Told {
        fn report(&mut self, _: &Report) {}
        fn reply(&mut self, _: &Reply) {}
        fn firm_reply(&mut self, reply: &FirmReply) {
            self.0.push(*reply);
        }
    }

    const FIRM: ParticipantId = ParticipantId(9);

    fn report(n: u64) -> Report {
        let body = if n.is_multiple_of(3) {
            ReportBody::MassCancel { target: ParticipantId(1), affected: n as u32 }
        } else {
            let order = NewOrder::limit(ClientOrderId(n), Side::Buy, Price(5), Quantity(n));
            Execution::accepted(OrderId(n), &order).into()
        };
        Report {
            participant: ParticipantId(n as u32 % 4),
            instrument: InstrumentId(n as u32 % 3),
            event_sequence: EventSequence(1_000_000 - n),
            client_sequence: ClientSequence(n % 2 * n),
            time: EpochNanos(n.cast_signed()),
            body,
        }
    }

    fn streams(limit: u32, events: u64) -> FirmStreams {
        let mut streams = FirmStreams::new(limit);
        let place = streams.place_of(Some(FIRM));
        for n in 1..=events {
            let event = FirmEvent { firm: FIRM, event_sequence: EventSequence(n), report: report(n) };
            assert_eq!(streams.keep(place, &report(n)), event);
        }
        streams
    }

    fn told(streams: &FirmStreams, last_seen: Option<u64>) -> (Vec<FirmReply>, bool) {
        let mut told = Told::default();
        let is_all = streams.get(FIRM).unwrap().resume(last_seen.map(EventSequence), &mut told);
        (told.0, is_all)
    }

    #[test]
    fn the_newest_events_are_told_again_as_they_were() {
        let streams = streams(7, 20);
        let gap = FirmReply::EventGap {
            firm: FIRM,
            first_retained: EventSequence(14),
            last_event_sequence: EventSequence(20),
            lost_through: EpochNanos(13),
        };
        assert_eq!(told(&streams, Some(12)), (vec![gap], false));
        let complete = FirmReply::ResumeComplete {
            firm: FIRM,
            through: EventSequence(20),
            last_event_sequence: EventSequence(20),
        };
        let again = |n| FirmReply::Again(FirmEvent { firm: FIRM, event_sequence: EventSequence(n), report: report(n) });
        let all: Vec<_> = (14..=20).map(again).chain([complete]).collect();
        assert_eq!(told(&streams, Some(13)), (all, true));
        for last_seen in [None, Some(20), Some(21), Some(u64::MAX)] {
            assert_eq!(told(&streams, last_seen), (vec![complete], true), "{last_seen:?}");
        }
    }

    #[test]
    fn an_answer_has_a_bound_and_the_next_one_goes_on() {
        let most = MAXIMUM_FIRM_EVENTS as u64;
        let streams = streams(10_000, most + 2);
        let (first, is_all) = told(&streams, Some(1));
        let through = EventSequence(most + 1);
        let last_event_sequence = EventSequence(most + 2);
        assert_eq!((first.len() as u64, is_all), (most + 1, false));
        assert_eq!(first.last(), Some(&FirmReply::ResumeComplete { firm: FIRM, through, last_event_sequence }));
        let (rest, is_all) = told(&streams, Some(through.0));
        assert_eq!((rest.len(), is_all), (2, true));
    }

    #[test]
    fn nothing_is_kept_with_a_limit_of_0_and_a_firm_that_ends_leaves_its_place() {
        let mut streams = streams(0, 3);
        assert!(matches!(told(&streams, Some(2)).0[..], [FirmReply::EventGap { .. }]));
        streams.end(FIRM);
        assert!(streams.get(FIRM).is_none());
        assert_eq!(streams.place_of(Some(ParticipantId(10))), 0);
        assert_eq!(streams.place_of(Some(FIRM)), 1);
        assert_eq!(streams.get(FIRM).unwrap().last(), EventSequence(0));
    }
}
