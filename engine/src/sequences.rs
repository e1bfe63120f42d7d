//! Scopes: what makes every command count once, and every event reach its participant once.
//!
//! A scope is a (participant, instrument). It numbers the participant's commands and the events told to it, and keeps
//! the newest events, so that a repeated command and a reconnected participant get what was told before.

use lugus_vocabulary::{
    ClientSequence, EpochNanos, EventSequence, Execution, InstrumentId, MarketData, MarketDataBody, ParticipantId,
    Reply, Report, ReportBody, RetainedReport, StateHash,
};

use crate::engine::NOWHERE;
use crate::event_sink::EventSink;
use crate::index::Index;
use crate::kept_reports::KeptReports;
use crate::market_data::Feed;
use crate::state_hash;

/// A scope's place in [`Scopes`].
pub(crate) type ScopeIndex = u32;

/// One participant in one instrument, or the participant as such.
#[derive(Debug)]
pub(crate) struct Scope {
    pub(crate) participant: ParticipantId,
    pub(crate) instrument: InstrumentId,
    /// Place of the instrument in the engine.
    pub(crate) place: u32,
    /// Last command applied.
    pub(crate) last_client_sequence: ClientSequence,
    /// Last event told.
    pub(crate) last_event_sequence: EventSequence,
    /// The newest events, oldest first.
    pub(crate) retained: KeptReports,
}

/// A report without its body.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Heading {
    pub(crate) participant: ParticipantId,
    pub(crate) instrument: InstrumentId,
    pub(crate) event_sequence: EventSequence,
    pub(crate) client_sequence: ClientSequence,
    pub(crate) time: EpochNanos,
}

impl Heading {
    #[inline(always)]
    pub(crate) fn of(report: &Report) -> Self {
        let Report { participant, instrument, event_sequence, client_sequence, time, .. } = *report;
        Self { participant, instrument, event_sequence, client_sequence, time }
    }

    #[inline(always)]
    fn over(self, body: ReportBody) -> Report {
        let Self { participant, instrument, event_sequence, client_sequence, time } = self;
        Report { participant, instrument, event_sequence, client_sequence, time, body }
    }
}

/// What a command's number says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// It is the next one.
    Next,
    /// It was applied before.
    Repeated,
    /// Commands before it are missing, or it has no number.
    Hole {
        /// The number that would be applied.
        expected: ClientSequence,
    },
}

impl Arrival {
    /// Of a command with this number, when `last` was applied last.
    #[inline]
    pub(crate) fn of(received: ClientSequence, last: ClientSequence) -> Self {
        let expected = ClientSequence(last.0 + 1);
        if received == expected {
            Self::Next
        } else if received > last || received.0 == 0 {
            Self::Hole { expected }
        } else {
            Self::Repeated
        }
    }
}

impl Scope {
    pub(crate) fn new(participant: ParticipantId, instrument: InstrumentId) -> Self {
        Self {
            participant,
            instrument,
            place: NOWHERE,
            last_client_sequence: ClientSequence(0),
            last_event_sequence: EventSequence(0),
            retained: KeptReports::new(),
        }
    }

    /// Of the event told last.
    #[inline(always)]
    fn heading(&self, client_sequence: ClientSequence, time: EpochNanos) -> Heading {
        let Self { participant, instrument, last_event_sequence: event_sequence, .. } = *self;
        Heading { participant, instrument, event_sequence, client_sequence, time }
    }

    /// Answers a command that was applied before with what was told then, or says that this is gone.
    pub(crate) fn answer_again(&self, repeated: ClientSequence, sink: &mut impl EventSink) {
        // A command's first report is told when it has just become the last applied, so if the newest lost one is
        // of an earlier time, all of this command's are here.
        if repeated <= self.retained.lost().applied {
            return sink.reply(&self.event_gap(repeated));
        }
        let first = self.retained.first_since(repeated);
        let told = self.kept().skip(first).take_while(|kept| kept.applied == repeated);
        for kept in told.filter(|kept| kept.report.client_sequence == repeated) {
            sink.reply(&Reply::Again(kept.report));
        }
    }

    /// Tells again what came after `last_seen`, or says that it is gone; `None` asks only how the scope stands.
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

    /// Number of the oldest event kept; of the next one to come, if none is.
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

    /// The events that are kept, oldest first.
    pub(crate) fn kept(&self) -> impl DoubleEndedIterator<Item = RetainedReport> + ExactSizeIterator {
        (0..self.retained.len()).map(|place| self.kept_at(place))
    }

    /// The event kept at a place, which is there; the oldest is at 0.
    pub(crate) fn kept_at(&self, place: usize) -> RetainedReport {
        self.retained.get(place, self.participant, self.instrument)
    }
}

/// All scopes of an engine.
#[derive(Debug)]
pub(crate) struct Scopes {
    table: Vec<Scope>,
    /// Places in `table` of scopes that are gone.
    free: Vec<ScopeIndex>,
    index: Index,
    retained_limit: u32,
}

impl Scopes {
    /// Each keeps up to `retained_limit` events.
    pub(crate) fn new(retained_limit: u32) -> Self {
        Self { table: Vec::new(), free: Vec::new(), index: Index::new(), retained_limit }
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

    /// Takes in a scope that is not there yet.
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

    /// Forgets a scope, which has no live orders. Tells whether it was there.
    pub(crate) fn remove(&mut self, participant: ParticipantId, instrument: InstrumentId) -> bool {
        let Some(index) = self.index.remove(key(participant, instrument)) else { return false };
        self.table[index as usize] = Scope::new(participant, instrument);
        self.free.push(index);
        true
    }

    /// All, by instrument, and in it by participant.
    pub(crate) fn sorted(&self) -> Vec<&Scope> {
        let is_there = |&(index, scope): &(usize, &Scope)| {
            self.find(scope.participant, scope.instrument) == Some(index as ScopeIndex)
        };
        let mut sorted: Vec<&Scope> = self.table.iter().enumerate().filter(is_there).map(|(_, scope)| scope).collect();
        sorted.sort_unstable_by_key(|scope| (scope.instrument, scope.participant));
        sorted
    }
}

fn key(participant: ParticipantId, instrument: InstrumentId) -> u64 {
    u64::from(participant.0) << 32 | u64::from(instrument.0)
}

/// Tells what a command does: numbers each report, keeps it, takes it into the hash, and hands it to the sink.
pub(crate) struct Reporter<'a, S> {
    now: EpochNanos,
    scopes: &'a mut Scopes,
    /// The hash that the reports go into.
    hash: &'a mut StateHash,
    /// The command's own scope.
    scope: ScopeIndex,
    client_sequence: ClientSequence,
    sink: &'a mut S,
}

impl<'a, S: EventSink> Reporter<'a, S> {
    /// For the command that was applied last in `scope`.
    pub(crate) fn new(
        now: EpochNanos,
        scopes: &'a mut Scopes,
        hash: &'a mut StateHash,
        scope: ScopeIndex,
        sink: &'a mut S,
    ) -> Self {
        let client_sequence = scopes.get(scope).last_client_sequence;
        Self { now, scopes, hash, scope, client_sequence, sink }
    }

    /// For what no command asks for: nothing that it tells is an answer.
    pub(crate) fn unprompted(
        now: EpochNanos,
        scopes: &'a mut Scopes,
        hash: &'a mut StateHash,
        sink: &'a mut S,
    ) -> Self {
        Self { now, scopes, hash, scope: ScopeIndex::MAX, client_sequence: ClientSequence(0), sink }
    }

    /// Log time.
    pub(crate) fn now(&self) -> EpochNanos {
        self.now
    }

    /// The number of the command at hand.
    pub(crate) fn client_sequence(&self) -> ClientSequence {
        self.client_sequence
    }

    /// The scope of the command at hand.
    pub(crate) fn scope(&self) -> ScopeIndex {
        self.scope
    }

    /// Whose command it is.
    pub(crate) fn participant(&self) -> ParticipantId {
        self.scopes.get(self.scope).participant
    }

    /// That participant's scope in the instrument.
    pub(crate) fn scope_of(&self, participant: ParticipantId, instrument: InstrumentId) -> Option<ScopeIndex> {
        self.scopes.find(participant, instrument)
    }

    /// Answers the command.
    pub(crate) fn answer(&mut self, body: impl Into<ReportBody>) {
        self.tell(self.scope, self.client_sequence, body);
    }

    /// Tells an order's owner what the command did to the order: an answer, if the command is the owner's own.
    pub(crate) fn tell_owner(&mut self, owner: ScopeIndex, body: impl Into<ReportBody>) {
        let client_sequence = if owner == self.scope { self.client_sequence } else { ClientSequence(0) };
        self.tell(owner, client_sequence, body);
    }

    /// Tells the owner of a resting order what happened to it: never an answer, not even to the owner's own command.
    pub(crate) fn tell_maker(&mut self, owner: ScopeIndex, body: impl Into<ReportBody>) {
        self.tell(owner, ClientSequence(0), body);
    }

    /// Shows the next increment of an instrument's market data to whoever wants it.
    #[inline]
    pub(crate) fn publish(&mut self, feed: &mut Feed, body: impl FnOnce() -> MarketDataBody) {
        feed.sequence.0 += 1;
        if self.sink.wants_market_data() {
            let Feed { instrument, sequence, .. } = *feed;
            self.sink.market_data(&MarketData { instrument, sequence, time: self.now, body: body() });
        }
    }

    /// Tells a scope what happened, as an answer to its command with this number; 0 is none.
    #[inline(never)]
    pub(crate) fn tell(&mut self, scope: ScopeIndex, client_sequence: ClientSequence, body: impl Into<ReportBody>) {
        let body = match body.into() {
            ReportBody::Execution(execution) => return self.tell_execution(scope, client_sequence, execution),
            body => body,
        };
        let limit = self.scopes.retained_limit;
        let scope = self.scopes.get_mut(scope);
        scope.last_event_sequence.0 += 1;
        let report = scope.heading(client_sequence, self.now).over(body);
        scope.retained.push_back(scope.last_client_sequence, &report, limit);
        self.hash.0 = state_hash::fold_report(self.hash.0, &report);
        self.sink.report(&report);
    }

    /// The same, for what is told most. It is made where it is told, field by field, and never copied: a copy would wait
    /// for the stores of its fields.
    #[inline(always)]
    pub(crate) fn tell_execution(&mut self, scope: ScopeIndex, client_sequence: ClientSequence, execution: Execution) {
        let limit = self.scopes.retained_limit;
        let scope = self.scopes.get_mut(scope);
        scope.last_event_sequence.0 += 1;
        let heading = scope.heading(client_sequence, self.now);
        scope.retained.push_execution(scope.last_client_sequence, &heading, &execution, limit);
        self.hash.0 = state_hash::fold_execution(self.hash.0, &heading, &execution);
        self.sink.report(&heading.over(ReportBody::Execution(execution)));
    }
}
