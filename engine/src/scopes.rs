//! Scopes: what makes every command count once, and every event reach its participant once.
//!
//! A scope is a pair (participant, instrument). It numbers the participant's commands and the events told to the
//! participant, and keeps the newest events, so that a repeated command is answered and a participant that reconnects
//! is told again what it missed. With the instrument [`InstrumentId::NONE`] it is the participant scope.

use lugus_vocabulary::{ClientSequence, EpochNanos, EventSequence, InstrumentId, ParticipantId, Reply, RetainedReport};

use crate::event_sink::EventSink;
use crate::firm_events::{FirmPlace, FirmStreams, NO_FIRM};
use crate::index::Index;
use crate::kept_reports::KeptReports;
use crate::report_heading::ReportHeading;

/// A scope's place in [`Scopes`]. Orders name their owner by it.
pub(crate) type ScopeIndex = u32;

/// An instrument's place in the engine's table of instruments.
pub(crate) type InstrumentPlace = u32;

/// The place of no instrument, in participant scopes.
pub(crate) const NO_INSTRUMENT: InstrumentPlace = u32::MAX;

/// The numbers and kept events of one participant in one instrument, or of one participant scope.
#[derive(Debug)]
#[repr(C, align(64))]
pub(crate) struct Scope {
    pub(crate) participant: ParticipantId,
    pub(crate) instrument: InstrumentId,
    /// Place of `instrument`, or [`NO_INSTRUMENT`]. Kept here so that an order's command need not look it up.
    pub(crate) place: InstrumentPlace,
    /// Place of the participant's firm, or [`NO_FIRM`]. Kept here so that an event need not look it up.
    pub(crate) firm: FirmPlace,
    /// Number of the last command applied.
    pub(crate) last_client_sequence: ClientSequence,
    /// Number of the last event told.
    pub(crate) last_event_sequence: EventSequence,
    /// The newest events, oldest first.
    pub(crate) retained: KeptReports,
}

impl Scope {
    /// A scope that has applied no command and told no event, and will keep `retained` of them at most.
    pub(crate) fn new(participant: ParticipantId, instrument: InstrumentId, retained: u32) -> Self {
        Self {
            participant,
            instrument,
            place: NO_INSTRUMENT,
            firm: NO_FIRM,
            last_client_sequence: ClientSequence(0),
            last_event_sequence: EventSequence(0),
            retained: KeptReports::new(retained),
        }
    }

    /// Heading of the event that was numbered last.
    #[inline(always)]
    pub(crate) fn heading(&self, client_sequence: ClientSequence, time: EpochNanos) -> ReportHeading {
        let Self { participant, instrument, last_event_sequence: event_sequence, .. } = *self;
        ReportHeading { participant, instrument, event_sequence, client_sequence, time }
    }

    /// Answers a repeated command with the events that answered it the first time, or with [`Reply::EventGap`] if some
    /// of them may be lost: an event is no longer kept that was told with this command or later.
    pub(crate) fn answer_again(&self, repeated: ClientSequence, sink: &mut impl EventSink) {
        // The events of a command are told while it is the last one applied. So if the newest event that is no longer
        // kept was told when an earlier command was the last one applied, then all events of this command are kept.
        if repeated <= self.retained.lost().applied {
            return sink.reply(&self.event_gap(repeated));
        }
        let first = self.retained.first_since(repeated);
        let told = self.kept().skip(first).take_while(|kept| kept.applied == repeated);
        for kept in told.filter(|kept| kept.report.client_sequence == repeated) {
            sink.reply(&Reply::Again(kept.report));
        }
    }

    /// Tells again all events after `last_seen`, then [`Reply::ResumeComplete`]; or only [`Reply::EventGap`] if some of
    /// them are no longer kept. With `None` no event is told again.
    pub(crate) fn resume(&self, last_seen: Option<EventSequence>, sink: &mut impl EventSink) {
        let last_seen = last_seen.unwrap_or(self.last_event_sequence);
        let first_retained = self.first_retained().0;
        if last_seen.0.saturating_add(1) < first_retained {
            return sink.reply(&self.event_gap(ClientSequence(0)));
        }
        let seen = (last_seen.0.saturating_add(1) - first_retained).min(self.retained.len() as u64) as usize;
        for kept in self.kept().skip(seen) {
            sink.reply(&Reply::Again(kept.report));
        }
        sink.reply(&Reply::ResumeComplete {
            instrument: self.instrument,
            last_client_sequence: self.last_client_sequence,
            last_event_sequence: self.last_event_sequence,
        });
    }

    /// Number of the oldest event kept; if none is kept, number of the next event to be told.
    pub(crate) fn first_retained(&self) -> EventSequence {
        EventSequence(self.last_event_sequence.0 + 1 - self.retained.len() as u64)
    }

    fn event_gap(&self, client_sequence: ClientSequence) -> Reply {
        Reply::EventGap {
            instrument: self.instrument,
            client_sequence,
            first_retained: self.first_retained(),
            last_event_sequence: self.last_event_sequence,
            lost_through: self.retained.lost().through,
        }
    }

    /// The kept events, oldest first.
    pub(crate) fn kept(&self) -> impl DoubleEndedIterator<Item = RetainedReport> + ExactSizeIterator {
        (0..self.retained.len()).map(|place| self.kept_at(place))
    }

    /// The kept event at `place`, which is less than the number of kept events; the oldest one is at 0.
    pub(crate) fn kept_at(&self, place: usize) -> RetainedReport {
        self.retained.get(place, self.participant, self.instrument)
    }
}

/// All scopes of an engine.
#[derive(Debug)]
pub(crate) struct Scopes {
    table: Vec<Scope>,
    /// Places in `table` of scopes that were removed, to be used again.
    free: Vec<ScopeIndex>,
    /// Places in `table` by [`key`].
    index: Index,
    /// Number of events that each scope keeps at most.
    pub(crate) retained_limit: u32,
    /// The events of firms.
    pub(crate) firms: FirmStreams,
}

impl Scopes {
    /// No scopes yet; each will keep up to `retained_limit` events, and each firm up to `retained_by_firm`.
    pub(crate) fn new(retained_limit: u32, retained_by_firm: u32) -> Self {
        let firms = FirmStreams::new(retained_by_firm);
        Self { table: Vec::new(), free: Vec::new(), index: Index::new(), retained_limit, firms }
    }

    /// Number of scopes in use.
    pub(crate) fn len(&self) -> usize {
        self.table.len() - self.free.len()
    }

    /// Number of reports that the scope at a place of the table keeps, and 0 at a place not in use; `None` behind the last one.
    pub(crate) fn kept_at_place(&self, place: usize) -> Option<usize> {
        self.table.get(place).map(|scope| scope.retained.len())
    }

    #[inline]
    pub(crate) fn get(&self, scope: ScopeIndex) -> &Scope {
        &self.table[scope as usize]
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, scope: ScopeIndex) -> &mut Scope {
        &mut self.table[scope as usize]
    }

    #[inline]
    pub(crate) fn find(&self, participant: ParticipantId, instrument: InstrumentId) -> Option<ScopeIndex> {
        self.index.get(key(participant, instrument))
    }

    /// A scope that has applied no command and told no event.
    pub(crate) fn new_scope(&self, participant: ParticipantId, instrument: InstrumentId) -> Scope {
        Scope::new(participant, instrument, self.retained_limit)
    }

    /// Takes in a scope whose participant has none in its instrument yet.
    pub(crate) fn insert(&mut self, scope: Scope) -> ScopeIndex {
        let key = key(scope.participant, scope.instrument);
        let index = match self.free.pop() {
            Some(index) => {
                self.table[index as usize] = scope;
                index
            }
            None => {
                self.table.push(scope);
                self.table.len() as ScopeIndex - 1
            }
        };
        self.index.insert(key, index);
        index
    }

    /// Forgets a scope that has no live orders. Returns whether there was such a scope.
    pub(crate) fn remove(&mut self, participant: ParticipantId, instrument: InstrumentId) -> bool {
        let Some(index) = self.index.remove(key(participant, instrument)) else { return false };
        self.table[index as usize] = self.new_scope(participant, instrument);
        self.free.push(index);
        true
    }

    /// All scopes, by instrument, and those of an instrument by participant.
    pub(crate) fn sorted(&self) -> Vec<&Scope> {
        let is_in_use = |&(index, scope): &(usize, &Scope)| {
            self.find(scope.participant, scope.instrument) == Some(index as ScopeIndex)
        };
        let mut sorted: Vec<&Scope> = self.table.iter().enumerate().filter(is_in_use).map(|(_, scope)| scope).collect();
        sorted.sort_unstable_by_key(|scope| (scope.instrument, scope.participant));
        sorted
    }
}

fn key(participant: ParticipantId, instrument: InstrumentId) -> u64 {
    u64::from(participant.0) << 32 | u64::from(instrument.0)
}
