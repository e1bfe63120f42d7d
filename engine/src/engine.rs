//! The engine: finds a command's scope, checks its number, and sends the command on its way.

use lugus_vocabulary::{
    Action, AuctionOrders, ClientSequence, Command, EpochNanos, EventSequence, InstrumentDefinition, InstrumentId,
    MapEpoch, OrderId, ParticipantId, RejectReason, Reply, ReportBody, StateHash,
};

use crate::auction_phase;
use crate::book::OrderPool;
use crate::definition::check_definition;
use crate::ended;
use crate::engine_limits::EngineLimits;
use crate::event_sink::EventSink;
use crate::firms::Affected;
use crate::firms::Firms;
use crate::instrument::Instrument;
use crate::instrument_state;
use crate::instruments::{Instruments, Listed};
use crate::kill_switch::KillSwitches;
use crate::migration::copy_ahead::CopyAhead;
use crate::migration::migration_states::{Availability, MigrationStates};
use crate::order_entry;
use crate::participants::Participants;
use crate::protection;
use crate::rejection::{reject, rejection};
use crate::reporter::Reporter;
use crate::risk::Risk;
use crate::scopes::{InstrumentPlace, NO_INSTRUMENT, Scope, ScopeIndex, Scopes};
use crate::sequence_check::SequenceCheck;
use crate::state_hash;
use crate::trade_amendment;

/// The matching engine: all instruments of a partition. See the crate's page.
#[derive(Debug)]
pub struct Engine {
    pub(crate) limits: EngineLimits,
    pub(crate) participants: Participants,
    pub(crate) scopes: Scopes,
    pub(crate) instruments: Instruments,
    pub(crate) pool: OrderPool,
    /// States of the instruments that were ever moved.
    pub(crate) migration_states: MigrationStates,
    /// The instrument that is copied ahead of its move. No part of the state that engines agree on.
    pub(crate) copy_ahead: Option<CopyAhead>,
    /// Hash of the reports in participant scopes.
    pub(crate) participants_hash: StateHash,
}

impl Engine {
    /// An engine without instruments.
    #[must_use]
    pub fn new(limits: EngineLimits) -> Self {
        let limits = limits.within_handles();
        Self {
            limits,
            participants: Participants::new(),
            scopes: Scopes::new(limits.retained_events as u32, limits.retained_firm_events as u32),
            instruments: Instruments::new(),
            pool: OrderPool::new(limits.orders, limits.steps),
            migration_states: MigrationStates::default(),
            copy_ahead: None,
            participants_hash: StateHash(0),
        }
    }

    /// Allocates and touches the memory of `orders` live orders, or of the maximum number if that is less: 150 bytes an
    /// order, and a megabyte. Otherwise the system clears pages when orders first use them, and about every hundredth new
    /// order holds its command up for a microsecond or more.
    pub fn prefault(&mut self, orders: usize) {
        self.pool.prefault(orders.min(self.limits.orders));
    }

    /// Applies the log's next command, at log time `now`, and tells `sink` what happened.
    ///
    /// A command with its scope's next number is applied, and is answered by one report or more, also when it is
    /// rejected. Any other command changes nothing, and gets replies: a repeated one the reports that answered it
    /// before; one after a hole, or with the number 0, the number that is expected; and one that can have no scope a
    /// refusal. There can be no scope for an instrument that is not defined, or that moves to another engine
    /// ([`Reply::Moved`]); for a participant beyond the limits; and for an action that does not belong in the scope
    /// (orders belong to an instrument, definitions and limits to [`InstrumentId::NONE`], a mass cancel of many books to
    /// either).
    ///
    /// Before that, whatever the command is, orders whose time is over expire, and what earlier commands have left goes on:
    /// see [`Engine::on_timer`]. The work of a command is bounded: see [`EngineLimits::steps`].
    pub fn apply(&mut self, now: EpochNanos, command: &Command, sink: &mut impl EventSink) {
        self.pass_time(now, command.instrument, sink);
        let Command { participant, instrument, client_sequence, action } = command;
        // Nearly all commands are about an order of an instrument that trades, in a scope that is there, with the scope's
        // next number.
        if is_about_order(action)
            && let Some(index) = self.scopes.find(*participant, *instrument)
            && let scope = self.scopes.get_mut(index)
            && SequenceCheck::of(*client_sequence, scope.last_client_sequence) == SequenceCheck::Next
            && let place = scope.place
            && self.instruments.get(place).is_some_and(|listed| listed.availability == Availability::Trading)
        {
            scope.last_client_sequence = *client_sequence;
            self.execute_in(place, now, index, action, sink);
        } else {
            self.receive(now, command, sink);
        }
        if self.pool.unfinished.quotes.has_work() {
            self.continue_quote_cancels(now, sink);
        }
    }

    /// Does what does not wait for a command, that in the instrument `first` before that in others, and allows a command its
    /// steps.
    #[inline(always)]
    pub(crate) fn pass_time(&mut self, now: EpochNanos, first: InstrumentId, sink: &mut impl EventSink) {
        if !self.pool.unfinished.is_quiet(now) {
            self.look_around(now, first, sink);
        }
        self.pool.unfinished.begin(now);
    }

    /// Looks whether there is anything to do that does not wait for a command, and does some of it.
    #[cold]
    #[inline(never)]
    fn look_around(&mut self, now: EpochNanos, first: InstrumentId, sink: &mut impl EventSink) {
        self.pool.unfinished.is_overdue = false;
        if self.pool.may_go_on(now) {
            self.go_on(now, first, sink);
        }
        self.pool.unfinished.begin(now);
        self.pool.settle(now);
    }

    /// Applies or answers a command of any kind: it may be the first one of its scope, or one that is not applied.
    #[cold]
    #[inline(never)]
    fn receive(&mut self, now: EpochNanos, command: &Command, sink: &mut impl EventSink) {
        let Command { participant, instrument, client_sequence, action } = command;
        let scope = match self.scope(*participant, *instrument, action) {
            Ok(scope) => scope,
            Err(reason) => return self.refuse(command, reason, sink),
        };
        let last = scope.map_or(ClientSequence(0), |scope| self.scopes.get(scope).last_client_sequence);
        match (SequenceCheck::of(*client_sequence, last), scope) {
            (SequenceCheck::Next, Some(scope)) => self.execute(now, scope, command, sink),
            (SequenceCheck::Next, None) => {
                let scope = self.take_in(self.scopes.new_scope(*participant, *instrument));
                self.execute(now, scope, command, sink);
            }
            (SequenceCheck::Hole { expected }, _) => {
                let (instrument, received) = (*instrument, *client_sequence);
                let hole = Reply::SequenceReject { instrument, received, expected };
                let map = self.migration_states.map_to_wait_for(instrument);
                sink.reply(&moved(instrument, received, map).unwrap_or(hole));
            }
            (SequenceCheck::Repeated, scope) => {
                match moved(*instrument, *client_sequence, self.migration_states.map_if_unavailable(*instrument)) {
                    Some(moved) => sink.reply(&moved),
                    None => {
                        if let Some(scope) = scope {
                            self.scopes.get(scope).answer_again(*client_sequence, sink);
                        }
                    }
                }
            }
        }
    }

    /// Tells a participant that reconnects the events after `last_seen` of its scope in their order, as
    /// [`Reply::Again`], and then [`Reply::ResumeComplete`]; or only [`Reply::EventGap`] if some of them are no longer
    /// kept. With `None`, and for a scope that was never used, it tells only [`Reply::ResumeComplete`]. Where the
    /// instrument has moved away, or is not active yet, it tells only [`Reply::Moved`]. It changes nothing.
    pub fn resume(
        &self,
        participant: ParticipantId,
        instrument: InstrumentId,
        last_seen: Option<EventSequence>,
        sink: &mut impl EventSink,
    ) {
        if let Some(moved) = moved(instrument, ClientSequence(0), self.migration_states.map_if_unavailable(instrument))
        {
            return sink.reply(&moved);
        }
        match self.scopes.find(participant, instrument) {
            Some(scope) => self.scopes.get(scope).resume(last_seen, sink),
            None => self.scopes.new_scope(participant, instrument).resume(None, sink),
        }
    }

    /// The state hash, recalculated from the hashes of all instruments.
    pub(crate) fn calculated_hash(&self) -> StateHash {
        let sum = self.instruments.calculated_hash_sum().wrapping_add(self.migration_states.sum);
        state_hash::combine(sum, self.participants_hash)
    }

    /// The state hash as it is kept with every command.
    pub(crate) fn kept_hash(&self) -> StateHash {
        let sum = self.instruments.kept_hash_sum().wrapping_add(self.migration_states.sum);
        state_hash::combine(sum, self.participants_hash)
    }

    /// Forgets an instrument that has no orders and scopes.
    pub(crate) fn forget(&mut self, instrument: InstrumentId) {
        self.pool.unfinished.set_canceled_of_everybody(instrument, OrderId(0));
        self.pool.unfinished.set_expiring(instrument, AuctionOrders::NONE);
        let Some((moved, place)) = self.instruments.remove(instrument) else { return };
        for participant in self.participants.ids() {
            if let Some(scope) = self.scopes.find(participant, moved) {
                self.scopes.get_mut(scope).place = place;
            }
        }
    }

    /// An instrument, and what all instruments share: for putting orders into it.
    pub(crate) fn parts_of(&mut self, instrument: InstrumentId) -> Option<(&mut Instrument, &Scopes, &mut OrderPool)> {
        let listed = self.instruments.find_mut(instrument)?;
        Some((&mut listed.instrument, &self.scopes, &mut self.pool))
    }

    /// A command's scope: `None` if the command is the first one there, or the reason why there can be no scope.
    fn scope(
        &self,
        participant: ParticipantId,
        instrument: InstrumentId,
        action: &Action,
    ) -> Result<Option<ScopeIndex>, RejectReason> {
        let is_in_place = match action {
            Action::MassCancelAll { .. } => true,
            _ => (instrument == InstrumentId::NONE) == is_of_participant(action),
        };
        if !is_in_place {
            return Err(RejectReason::WrongScope);
        }
        let scope = self.scopes.find(participant, instrument);
        if scope.is_none() {
            let is_trading = |listed: &Listed| listed.availability == Availability::Trading;
            if instrument != InstrumentId::NONE && !self.instruments.find(instrument).is_some_and(is_trading) {
                return Err(RejectReason::UnknownInstrument);
            }
            if !self.participants.contains(participant) && self.participants.len() > self.limits.participants {
                return Err(RejectReason::LimitParticipants);
            }
        }
        Ok(scope)
    }

    /// Takes in a new scope, and its participant if that is new, too.
    pub(crate) fn take_in(&mut self, mut scope: Scope) -> ScopeIndex {
        scope.place = self.instruments.place(scope.instrument).unwrap_or(NO_INSTRUMENT);
        scope.firm = self.scopes.firms.place_of(self.participants.firms.of(scope.participant));
        let participant = self.participants.take_in(scope.participant);
        let instrument = scope.instrument;
        let index = self.scopes.insert(scope);
        self.pool.set_owner(index, participant, instrument);
        index
    }

    /// A participant's own scope, which is taken in if it is new.
    pub(crate) fn participant_scope(&mut self, participant: ParticipantId) -> ScopeIndex {
        let known = self.scopes.find(participant, InstrumentId::NONE);
        known.unwrap_or_else(|| self.take_in(self.scopes.new_scope(participant, InstrumentId::NONE)))
    }

    /// Answers a command that can have no scope; if its instrument has moved away or is about to, with the map to wait
    /// for.
    #[cold]
    fn refuse(&self, command: &Command, reason: RejectReason, sink: &mut impl EventSink) {
        let Command { instrument, client_sequence, ref action, .. } = *command;
        let epoch = self.migration_states.map_to_wait_for(instrument).filter(|_| !is_of_participant(action));
        let refused = Reply::Refused { instrument, client_sequence, reason };
        sink.reply(&moved(instrument, client_sequence, epoch).unwrap_or(refused));
    }

    /// Executes a command that has its scope's next number.
    #[cold]
    #[inline(never)]
    fn execute(&mut self, now: EpochNanos, scope: ScopeIndex, command: &Command, sink: &mut impl EventSink) {
        let place = self.scopes.get(scope).place;
        if self.instruments.get(place).is_some_and(|listed| listed.availability != Availability::Trading) {
            return self.refuse(command, RejectReason::InstrumentState, sink);
        }
        self.scopes.get_mut(scope).last_client_sequence = command.client_sequence;
        match place {
            NO_INSTRUMENT => self.execute_as_such(now, scope, &command.action, sink),
            place if matches!(command.action, Action::MassCancelAll { .. }) => {
                self.mass_cancel_in(place, now, scope, &command.action, sink);
            }
            place => self.execute_in(place, now, scope, &command.action, sink),
        }
    }

    /// Executes a command that belongs to an instrument.
    #[inline(always)]
    fn execute_in(
        &mut self,
        place: InstrumentPlace,
        now: EpochNanos,
        scope: ScopeIndex,
        action: &Action,
        sink: &mut impl EventSink,
    ) {
        let Listed { instrument, hash, .. } = self.instruments.touch(place);
        let (pool, reporter) = (&mut self.pool, &mut Reporter::new(now, &mut self.scopes, hash, scope, sink));
        if !pool.unfinished.is_quiet(now) && pool.is_doubtful() {
            ended::end_those_met(action, instrument, pool, reporter);
        }
        let participant = pool.participant_of(scope);
        let Participants { risk, firms, .. } = &mut self.participants;
        let risk = &mut risk[participant as usize];
        let mut allowed = None;
        if risk.is_bound {
            match risk.judge(action, now, (scope, participant), firms, pool) {
                Ok(judged) => allowed = Some(judged),
                Err(reason) => return reject(action, reason, pool, reporter),
            }
        }
        let limits = allowed.as_ref().map(|allowed| &allowed.limits);
        let done = match action {
            Action::New(order) => order_entry::new_order(order, limits, instrument, pool, reporter),
            Action::Cancel { orig_client_order_id } => match auction_phase::check_cancels(instrument, now) {
                Ok(()) => order_entry::cancel(*orig_client_order_id, instrument, pool, reporter),
                refused => refused,
            },
            Action::Replace(replace) => order_entry::replace(replace, limits, instrument, pool, reporter),
            _ => execute_other(action, now, risk, firms, instrument, pool, reporter),
        };
        if let Err(reason) = done {
            reject(action, allowed.map_or(reason, |allowed| allowed.reason(reason)), pool, reporter);
        }
    }

    /// Executes a command of the participant scope.
    #[cold]
    fn execute_as_such(&mut self, now: EpochNanos, scope: ScopeIndex, action: &Action, sink: &mut impl EventSink) {
        let sender = self.scopes.get(scope).participant;
        let mut affected = Affected::default();
        let done = match action {
            Action::DefineInstrument(definition) => self.define(sender, definition),
            Action::SetKillSwitch { target, kill_switch, working_orders } => match self.kill_level(sender, *target) {
                Some(level) => {
                    self.set_risk(*target, |risk| risk.kill_switch.set(level, *kill_switch, *working_orders))
                }
                None => Err(RejectReason::NotAuthorised),
            },
            Action::SetRiskLimits { target, limits } if sender == ParticipantId::OPERATOR => {
                self.set_risk(*target, |risk| {
                    risk.change_limits(*limits);
                    Ok(())
                })
            }
            Action::SetFirm { target, firm } if sender == ParticipantId::OPERATOR => {
                self.set_firm(*target, *firm, &mut affected)
            }
            Action::SetFirmRules { firm, rules } => self.set_firm_rules(sender, *firm, *rules, &mut affected),
            Action::SetFirmLimits { firm, limits } if sender == ParticipantId::OPERATOR => {
                self.set_firm_limits(*firm, *limits, &mut affected)
            }
            Action::MassCancelAll { target, side } => self
                .admit_cancel_of(scope, now)
                .and_then(|()| self.mass_cancel_all(sender, InstrumentId::NONE, *target, *side)),
            Action::MassQuote(_)
            | Action::QuoteCancel(_)
            | Action::SetMarketMakerProtection { .. }
            | Action::ResetMarketMakerProtection { .. } => self.execute_quotes(now, scope, action, sink),
            _ => Err(RejectReason::NotAuthorised),
        };
        let body = done.unwrap_or_else(|reason| rejection(action, reason, None));
        // A participant is told what the operator has set for it, before its orders are canceled.
        let told = match body {
            ReportBody::Risk { target, .. } if target != sender => Some(self.participant_scope(target)),
            _ => None,
        };
        let reporter = &mut Reporter::new(now, &mut self.scopes, &mut self.participants_hash, scope, sink);
        reporter.answer(body);
        if let Some(told) = told {
            reporter.tell_owner(told, body);
        }
        if let ReportBody::Instrument { instrument, .. } = body
            && let Some(defined) = self.instruments.find_mut(instrument)
        {
            defined.instrument.publish_state(reporter);
            auction_phase::start_schedule(&mut defined.instrument, now);
            auction_phase::begin(&mut defined.instrument, &mut self.pool, now);
        }
        if let (Action::SetKillSwitch { target, .. }, ReportBody::Risk { .. }) = (action, body) {
            self.follow_kill_switch(now, *target, sink);
        }
        match body {
            ReportBody::MassCancelAll { .. } => self.continue_mass_cancels(now, sink),
            ReportBody::Firm(_) | ReportBody::FirmLimits(_) => self.tell_firm(now, scope, body, &affected, sink),
            _ => {}
        }
    }

    /// Tells those whom a command about a firm concerns, beside its sender, and does what their kill switches ask for.
    fn tell_firm(
        &mut self,
        now: EpochNanos,
        scope: ScopeIndex,
        body: ReportBody,
        affected: &Affected,
        sink: &mut impl EventSink,
    ) {
        let told = affected.told.iter().map(|&participant| (participant, Some(body)));
        let switched = affected.kill_switches.iter().map(|&target| (target, self.risk_report(target)));
        let all: Vec<_> = told.chain(switched).collect();
        for (participant, body) in all {
            let to = self.participant_scope(participant);
            // The sender has its answer.
            if let Some(body) = body.filter(|body| to != scope || matches!(body, ReportBody::Risk { .. })) {
                let reporter = &mut Reporter::new(now, &mut self.scopes, &mut self.participants_hash, scope, sink);
                reporter.tell_maker(to, body);
            }
        }
        if !affected.kill_switches.is_empty() {
            affected.kill_switches.iter().for_each(|&target| self.note_kill_switch(target));
            self.continue_kills(now, sink);
        }
    }

    /// Executes a mass cancel of one participant or of all in an instrument. The answer comes before the reports of the orders.
    #[cold]
    fn mass_cancel_in(
        &mut self,
        place: InstrumentPlace,
        now: EpochNanos,
        scope: ScopeIndex,
        action: &Action,
        sink: &mut impl EventSink,
    ) {
        let Action::MassCancelAll { target, side } = *action else { return };
        let Scope { participant: sender, instrument: id, .. } = *self.scopes.get(scope);
        let done = self.admit_cancel_of(scope, now).and_then(|()| self.mass_cancel_all(sender, id, target, side));
        let Listed { hash, .. } = self.instruments.touch(place);
        let reporter = &mut Reporter::new(now, &mut self.scopes, hash, scope, sink);
        reporter.answer(done.unwrap_or_else(|reason| rejection(action, reason, None)));
        if done.is_ok() {
            self.continue_mass_cancels(now, sink);
        }
    }

    /// Checks the rate of cancels of a scope's participant.
    pub(crate) fn admit_cancel_of(&mut self, scope: ScopeIndex, now: EpochNanos) -> Result<(), RejectReason> {
        let Participants { risk, firms, .. } = &mut self.participants;
        risk[self.pool.participant_of(scope) as usize].admit_cancel(now, firms)
    }

    /// Cancels a participant's orders that its kill switch does not keep: some of them with later commands and timers if
    /// they are many. None of them trades meanwhile.
    fn follow_kill_switch(&mut self, now: EpochNanos, target: ParticipantId, sink: &mut impl EventSink) {
        self.note_kill_switch(target);
        if self.pool.unfinished.is_killed(target) {
            self.continue_kills(now, sink);
        }
    }

    /// Changes a participant's limits or kill switch. The participant need not have sent a command yet.
    fn set_risk(
        &mut self,
        target: ParticipantId,
        set: impl FnOnce(&mut Risk) -> Result<(), RejectReason>,
    ) -> Result<ReportBody, RejectReason> {
        if !self.participants.contains(target) && self.participants.len() > self.limits.participants {
            return Err(RejectReason::LimitParticipants);
        }
        let place = self.participants.take_in(target);
        let risk = &mut self.participants.risk[place as usize];
        set(risk)?;
        let Risk { limits, kill_switch: KillSwitches { engaged: kill_switch_levels, .. }, .. } = *risk;
        let kill_switch = kill_switch_levels.kill_switch();
        self.set_judged_limits(place, target);
        Ok(ReportBody::Risk { target, limits, kill_switch, kill_switch_levels })
    }

    fn define(&mut self, sender: ParticipantId, definition: &InstrumentDefinition) -> Result<ReportBody, RejectReason> {
        if sender != ParticipantId::OPERATOR {
            return Err(RejectReason::NotAuthorised);
        }
        let has_been = self.migration_states.map_to_wait_for(definition.instrument).is_some();
        if has_been || self.instruments.find(definition.instrument).is_some() {
            return Err(RejectReason::DuplicateInstrument);
        }
        check_definition(definition)?;
        if self.instruments.len() >= self.limits.instruments {
            return Err(RejectReason::LimitInstruments);
        }
        let instrument = Instrument::new(*definition, self.limits.retained_trades);
        let body = instrument.report();
        let hash = instrument.first_hash();
        self.instruments.insert(Listed { instrument, hash, availability: Availability::Trading });
        Ok(body)
    }
}

/// Executes a command that belongs to an instrument and is not about one order.
#[cold]
fn execute_other<S: EventSink>(
    action: &Action,
    now: EpochNanos,
    risk: &mut Risk,
    firms: &mut Firms,
    instrument: &mut Instrument,
    pool: &mut OrderPool,
    reporter: &mut Reporter<'_, S>,
) -> Result<(), RejectReason> {
    match action {
        Action::MassCancel { target, side } => risk
            .admit_cancel(now, firms)
            .and_then(|()| order_entry::mass_cancel(*target, *side, instrument, pool, reporter)),
        Action::SetInstrumentState { .. } if reporter.participant() != ParticipantId::OPERATOR => {
            Err(RejectReason::NotAuthorised)
        }
        Action::SetInstrumentState { state, reference_price } => {
            instrument_state::set(*state, *reference_price, instrument, pool, reporter)
        }
        Action::AmendTrade { .. } if reporter.participant() != ParticipantId::OPERATOR => {
            Err(RejectReason::NotAuthorised)
        }
        Action::AmendTrade { trade_id, amendment } => {
            trade_amendment::amend(*trade_id, *amendment, instrument, reporter)
        }
        Action::SetPriceProtection(_) if reporter.participant() != ParticipantId::OPERATOR => {
            Err(RejectReason::NotAuthorised)
        }
        Action::SetPriceProtection(to) => protection::amend(to, instrument, reporter),
        Action::SetAuctionRules(_) if reporter.participant() != ParticipantId::OPERATOR => {
            Err(RejectReason::NotAuthorised)
        }
        Action::SetAuctionRules(to) => auction_phase::amend(to, instrument, pool, reporter),
        _ => Err(RejectReason::WrongScope),
    }
}

/// The answer to a command of an instrument that moves, if there is a partition map to wait for.
fn moved(instrument: InstrumentId, client_sequence: ClientSequence, epoch: Option<MapEpoch>) -> Option<Reply> {
    epoch.map(|epoch| Reply::Moved { instrument, client_sequence, epoch })
}

/// Whether the action is about one order.
#[inline]
fn is_about_order(action: &Action) -> bool {
    matches!(action, Action::New(_) | Action::Cancel { .. } | Action::Replace(_))
}

/// Whether the action belongs to the participant scope only, and not to an instrument.
fn is_of_participant(action: &Action) -> bool {
    matches!(
        action,
        Action::DefineInstrument(_)
            | Action::SetRiskLimits { .. }
            | Action::SetKillSwitch { .. }
            | Action::SetFirm { .. }
            | Action::SetFirmRules { .. }
            | Action::SetFirmLimits { .. }
            | Action::MassQuote(_)
            | Action::QuoteCancel(_)
            | Action::SetMarketMakerProtection { .. }
            | Action::ResetMarketMakerProtection { .. }
    )
}
