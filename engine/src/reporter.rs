//! The way of every report: numbered in its scope, kept, taken into the state hash, and handed to the sink.

use lugus_vocabulary::{
    ClientOrderId, ClientSequence, EpochNanos, Execution, InstrumentId, MarketData, MarketDataBody, OrderStatus,
    ParticipantId, Report, ReportBody, StateHash,
};

use crate::event_sink::EventSink;
use crate::execution_kinds::ExecutionKinds;
use crate::feed::Feed;
use crate::firm_events::{FirmPlace, NO_FIRM};
use crate::kept_trades::Told;
use crate::scopes::{ScopeIndex, Scopes};
use crate::state_hash;

/// Tells what one command does.
pub(crate) struct Reporter<'a, S> {
    now: EpochNanos,
    scopes: &'a mut Scopes,
    /// The hash that the reports go into: of the command's instrument, or of all participant scopes.
    hash: &'a mut StateHash,
    /// The command's own scope.
    scope: ScopeIndex,
    client_sequence: ClientSequence,
    sink: &'a mut S,
}

impl<'a, S: EventSink> Reporter<'a, S> {
    /// For the command that was applied last in `scope`, at log time `now`.
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

    /// For a quote of a command of the participant scope, in the scope of its instrument: nothing that is told there answers a
    /// command of that scope.
    pub(crate) fn of_quote(
        now: EpochNanos,
        scopes: &'a mut Scopes,
        hash: &'a mut StateHash,
        scope: ScopeIndex,
        sink: &'a mut S,
    ) -> Self {
        Self { now, scopes, hash, scope, client_sequence: ClientSequence(0), sink }
    }

    /// For what happens without a command, such as expiry: nothing that is told answers a command.
    pub(crate) fn unprompted(
        now: EpochNanos,
        scopes: &'a mut Scopes,
        hash: &'a mut StateHash,
        sink: &'a mut S,
    ) -> Self {
        Self { now, scopes, hash, scope: ScopeIndex::MAX, client_sequence: ClientSequence(0), sink }
    }

    /// Log time of the command at hand.
    pub(crate) fn now(&self) -> EpochNanos {
        self.now
    }

    /// Number of the command at hand.
    pub(crate) fn client_sequence(&self) -> ClientSequence {
        self.client_sequence
    }

    /// Scope of the command at hand.
    pub(crate) fn scope(&self) -> ScopeIndex {
        self.scope
    }

    /// The participant that sent the command at hand.
    pub(crate) fn participant(&self) -> ParticipantId {
        self.scopes.get(self.scope).participant
    }

    /// A participant's scope in an instrument.
    pub(crate) fn scope_of(&self, participant: ParticipantId, instrument: InstrumentId) -> Option<ScopeIndex> {
        self.scopes.find(participant, instrument)
    }

    /// How an order of the command's scope ended, if that is still among the scope's newest events.
    pub(crate) fn ended_order(&self, client_order_id: ClientOrderId) -> Option<OrderStatus> {
        self.scopes.get(self.scope).retained.ended_order(client_order_id)
    }

    /// Takes what no report tells into the state hash.
    pub(crate) fn fold(&mut self, words: &[u64; state_hash::WORDS]) {
        self.hash.0 = state_hash::fold(self.hash.0, words);
    }

    /// Answers the command at hand.
    pub(crate) fn answer(&mut self, body: impl Into<ReportBody>) {
        self.tell(self.scope, self.client_sequence, body);
    }

    /// Tells an order's owner what the command did to the order. It is an answer if the command is the owner's.
    pub(crate) fn tell_owner(&mut self, owner: ScopeIndex, body: impl Into<ReportBody>) {
        let client_sequence = if owner == self.scope { self.client_sequence } else { ClientSequence(0) };
        self.tell(owner, client_sequence, body);
    }

    /// Tells the owner of a resting order what happened to the order. It is never an answer, not even if the command
    /// is the owner's.
    pub(crate) fn tell_maker(&mut self, owner: ScopeIndex, body: impl Into<ReportBody>) {
        self.tell(owner, ClientSequence(0), body);
    }

    /// Numbers the next increment of an instrument's market data, and hands it to the sink if that wants increments.
    #[inline]
    pub(crate) fn publish(&mut self, feed: &mut Feed, body: impl FnOnce() -> MarketDataBody) {
        feed.sequence.0 += 1;
        if self.sink.wants_market_data() {
            let Feed { instrument, sequence, .. } = *feed;
            self.sink.market_data(&MarketData { instrument, sequence, time: self.now, body: body() });
        }
    }

    /// Tells a scope what happened, as an answer to its command `client_sequence`; with 0 as no answer.
    #[inline(never)]
    pub(crate) fn tell(&mut self, scope: ScopeIndex, client_sequence: ClientSequence, body: impl Into<ReportBody>) {
        let body = match body.into() {
            ReportBody::Execution(execution) => {
                self.tell_execution(scope, client_sequence, execution);
                return;
            }
            body => body,
        };
        let scope = self.scopes.get_mut(scope);
        scope.last_event_sequence.0 += 1;
        let report = scope.heading(client_sequence, self.now).with_body(body);
        scope.retained.push_back(scope.last_client_sequence, &report);
        let firm = scope.firm;
        self.hash.0 = state_hash::fold_report(self.hash.0, &report);
        self.sink.report(&report);
        if firm != NO_FIRM {
            self.tell_firm(firm, &report);
        }
    }

    /// The same for an execution, the most frequent report. The execution is written field by field where it is told,
    /// and never copied: a copy would have to wait for the stores of its fields. Returns to whom it was told.
    #[inline(always)]
    pub(crate) fn tell_execution(
        &mut self,
        scope: ScopeIndex,
        client_sequence: ClientSequence,
        execution: Execution,
    ) -> Told {
        let scope = self.scopes.get_mut(scope);
        scope.last_event_sequence.0 += 1;
        let heading = scope.heading(client_sequence, self.now);
        let kinds = ExecutionKinds::of(&execution);
        scope.retained.push_execution(scope.last_client_sequence, &heading, &execution, kinds);
        let firm = scope.firm;
        self.hash.0 = state_hash::fold_execution(self.hash.0, &heading, &execution, kinds);
        let report = heading.with_body(ReportBody::Execution(execution));
        self.sink.report(&report);
        if firm != NO_FIRM {
            self.tell_firm(firm, &report);
        }
        Told { participant: heading.participant, event_sequence: heading.event_sequence }
    }

    /// Numbers an event among those of a firm, keeps it for the firm, and hands it to the sink.
    #[cold]
    #[inline(never)]
    fn tell_firm(&mut self, firm: FirmPlace, report: &Report) {
        let event = self.scopes.firms.keep(firm, report);
        self.hash.0 = state_hash::fold_firm_event(self.hash.0, event.firm, event.event_sequence);
        self.sink.firm_event(&event);
    }
}
