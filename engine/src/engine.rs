//! The engine: finds a command's scope, sees that it counts once, and sends it on its way.

use lugus_vocabulary::{
    Action, ClientOrderId, ClientSequence, Command, CommandKind, EpochNanos, EventSequence, InstrumentDefinition,
    InstrumentId, MapEpoch, ParticipantId, RejectReason, Replace, Reply, ReportBody, StateHash,
};

use crate::book::{MAXIMUM_ORDERS, OrderPool, Slot};
use crate::event_sink::EventSink;
use crate::execution;
use crate::expiry::{Entry, MAXIMUM_EXPIRIES};
use crate::index::Index;
use crate::instrument::{Instrument, check_definition};
use crate::migration::migration_states::{Availability, MigrationStates};
use crate::order_entry;
use crate::participants::Participants;
use crate::risk::Risk;
use crate::sequences::{Arrival, Reporter, Scope, ScopeIndex, Scopes};
use crate::state_hash;

/// How much an engine holds. Part of its behaviour: all members of a cluster must have the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EngineLimits {
    /// Instruments that may ever be defined; 1,024 by default.
    pub instruments: usize,
    /// Participants that may ever send a command, beside the operator, for whom there is always room; 4,096 by default.
    pub participants: usize,
    /// Live orders of all instruments together; 1,048,576 by default. Memory for them (110 to 190 bytes each, 60
    /// more for those with terms: icebergs, stop orders, and those that expire) is reserved at once, and touched when it
    /// is used.
    pub orders: usize,
    /// Newest events kept of each scope; 4,096 by default. Memory for them (64 or 112 bytes each) is taken as they come.
    pub retained_events: usize,
}

impl Default for EngineLimits {
    fn default() -> Self {
        Self { instruments: 1_024, participants: 4_096, orders: 1 << 20, retained_events: 4_096 }
    }
}

impl EngineLimits {
    /// The same, or what 32-bit handles can number, if that is less.
    pub(crate) fn within_handles(self) -> Self {
        Self {
            instruments: self.instruments.min(MAXIMUM_ORDERS),
            participants: self.participants.min(MAXIMUM_ORDERS),
            orders: self.orders.min(MAXIMUM_ORDERS),
            retained_events: self.retained_events.min(MAXIMUM_ORDERS),
        }
    }
}

/// The matching engine: all instruments of a partition. See the crate's page.
#[derive(Debug)]
pub struct Engine {
    pub(crate) limits: EngineLimits,
    pub(crate) participants: Participants,
    pub(crate) scopes: Scopes,
    pub(crate) instruments: Vec<Listed>,
    pub(crate) instrument_index: Index,
    /// Places in `instruments`, by instrument id.
    pub(crate) listing: Vec<u32>,
    pub(crate) pool: OrderPool,
    /// States of the instruments that were ever moved.
    pub(crate) migration_states: MigrationStates,
    /// Sum of the instruments' terms of the combined hash, but for the one touched last.
    instruments_sum: u64,
    /// Place of the instrument touched last, as the next command is most likely to touch it, too; [`NOWHERE`] at first.
    touched: u32,
    /// Hash of the reports of participants' own scopes.
    pub(crate) participants_hash: StateHash,
}

/// An instrument, its hash, and whether it takes commands.
#[derive(Debug)]
pub(crate) struct Listed {
    pub(crate) instrument: Instrument,
    pub(crate) hash: StateHash,
    pub(crate) availability: Availability,
}

/// No instrument's place.
pub(crate) const NOWHERE: u32 = u32::MAX;

impl Engine {
    /// An empty engine.
    #[must_use]
    pub fn new(limits: EngineLimits) -> Self {
        let limits = limits.within_handles();
        Self {
            limits,
            participants: Participants::new(),
            scopes: Scopes::new(limits.retained_events as u32),
            instruments: Vec::new(),
            instrument_index: Index::new(),
            listing: Vec::new(),
            pool: OrderPool::new(limits.orders),
            migration_states: MigrationStates::default(),
            instruments_sum: 0,
            touched: NOWHERE,
            participants_hash: StateHash(0),
        }
    }

    /// Has memory for so many live orders in place, or for as many as there may be, before they come: else the system gives it
    /// when they do, and each hundred holds a command up for a microsecond or more. 150 bytes an order, and a megabyte.
    pub fn prefault(&mut self, orders: usize) {
        self.pool.prefault(orders.min(self.limits.orders));
    }

    /// Does the log's next command, at log time `now`, and tells `sink` what happened.
    ///
    /// A command that has its scope's next number is applied, and has one report with that number at least, also when
    /// it is rejected. Every other one changes nothing, and gets replies: a repeated one what was told before, one
    /// after a hole (or with the number 0) what is expected, and one without a possible scope a refusal. No scope is
    /// possible for an instrument that is not defined, or moves to another engine ([`Reply::Moved`]), for more participants than the limits allow, and for an action
    /// that does not belong there (orders belong to an instrument, definitions and limits to [`InstrumentId::NONE`]).
    ///
    /// Before that, whatever the command is, orders whose time is over expire: see [`Engine::expire`].
    pub fn apply(&mut self, now: EpochNanos, command: &Command, sink: &mut impl EventSink) {
        if self.pool.due(now).is_some() {
            self.expire(now, sink);
        }
        let Command { participant, instrument, client_sequence, action } = command;
        // What nearly all commands are: of an order, in a scope that is there, next in it, and of an instrument that trades.
        if is_of_order(action)
            && let Some(index) = self.scopes.find(*participant, *instrument)
            && let scope = self.scopes.get_mut(index)
            && Arrival::of(*client_sequence, scope.last_client_sequence) == Arrival::Next
            && let place = scope.place
            && self.instruments.get(place as usize).is_some_and(|listed| listed.availability == Availability::Trading)
        {
            scope.last_client_sequence = *client_sequence;
            self.execute_in(place, now, index, action, sink);
        } else {
            self.receive(now, command, sink);
        }
    }

    /// A command that may be a scope's first, or may not count.
    #[cold]
    #[inline(never)]
    fn receive(&mut self, now: EpochNanos, command: &Command, sink: &mut impl EventSink) {
        let Command { participant, instrument, client_sequence, action } = command;
        let scope = match self.scope(*participant, *instrument, action) {
            Ok(scope) => scope,
            Err(reason) => return self.refuse(command, reason, sink),
        };
        let last = scope.map_or(ClientSequence(0), |scope| self.scopes.get(scope).last_client_sequence);
        match (Arrival::of(*client_sequence, last), scope) {
            (Arrival::Next, Some(scope)) => self.execute(now, scope, command, sink),
            (Arrival::Next, None) => {
                let scope = self.take_in(Scope::new(*participant, *instrument));
                self.execute(now, scope, command, sink);
            }
            (Arrival::Hole { expected }, _) => {
                let (instrument, received) = (*instrument, *client_sequence);
                let hole = Reply::SequenceReject { instrument, received, expected };
                sink.reply(
                    &moved(instrument, received, self.migration_states.map_to_wait_for(instrument)).unwrap_or(hole),
                );
            }
            (Arrival::Repeated, scope) => {
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

    /// Ends the orders whose time is over, in the order of their times, then instruments, then order ids; at most 1,024
    /// of them, and whether some are left. [`Engine::apply`] does it before every command; this is for a timer in the
    /// log, where nothing else comes up.
    pub fn expire(&mut self, now: EpochNanos, sink: &mut impl EventSink) -> bool {
        for _ in 0..MAXIMUM_EXPIRIES {
            let Some((place, slot)) = self.due(now) else { return false };
            self.touch(place);
            let Listed { instrument, hash, .. } = &mut self.instruments[place as usize];
            let reporter = &mut Reporter::unprompted(now, &mut self.scopes, hash, sink);
            let order = instrument.end(self.pool.found(slot), &mut self.pool, reporter);
            reporter.tell_maker(order.owner, execution::expired(&order));
        }
        self.due(now).is_some()
    }

    /// The next order to expire, if its time has come, and its instrument's place. Orders of instruments that do not take
    /// commands wait until they do.
    #[inline]
    fn due(&mut self, now: EpochNanos) -> Option<(u32, Slot)> {
        loop {
            let Entry { instrument, slot, .. } = self.pool.due(now)?;
            let place = self.instrument_index.get(u64::from(instrument.0))?;
            if self.instruments[place as usize].availability == Availability::Trading {
                return Some((place, slot));
            }
            self.pool.defer_expiry();
        }
    }

    /// Tells a participant that reconnects what came after the event `last_seen` of its scope, in order, as
    /// [`Reply::Again`], then [`Reply::ResumeComplete`]; or [`Reply::EventGap`] alone, when some of it is no longer
    /// kept. With `None`, and for a scope never used, only the [`Reply::ResumeComplete`]. Only [`Reply::Moved`] where the
    /// instrument has moved away, or is not active yet. Changes nothing.
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
            None => Scope::new(participant, instrument).resume(None, sink),
        }
    }

    /// The state hash, calculated from all instruments.
    pub(crate) fn combine_hashes(&self) -> StateHash {
        let terms = self.instruments.iter().map(Listed::term);
        combine(terms.fold(self.migration_states.sum, u64::wrapping_add), self.participants_hash)
    }

    /// The state hash as it is kept.
    pub(crate) fn kept_hash(&self) -> StateHash {
        let touched = self.instruments.get(self.touched as usize).map_or(0, Listed::term);
        let sum = self.instruments_sum.wrapping_add(touched).wrapping_add(self.migration_states.sum);
        combine(sum, self.participants_hash)
    }

    /// An instrument's hash is about to change; with [`NOWHERE`] the sum is of all again.
    #[inline]
    fn touch(&mut self, place: u32) {
        if self.touched != place {
            let term = |place: u32| self.instruments.get(place as usize).map_or(0, Listed::term);
            self.instruments_sum = self.instruments_sum.wrapping_add(term(self.touched)).wrapping_sub(term(place));
            self.touched = place;
        }
    }

    /// Takes in an instrument that is not there yet.
    pub(crate) fn list(&mut self, listed: Listed) {
        let id = listed.instrument.definition.instrument;
        let place = self.instruments.len() as u32;
        self.instruments_sum = self.instruments_sum.wrapping_add(listed.term());
        self.instrument_index.insert(u64::from(id.0), place);
        let id_at = |place: u32| self.instruments[place as usize].instrument.definition.instrument;
        let before = self.listing.partition_point(|&place| id_at(place) < id);
        self.listing.insert(before, place);
        self.instruments.push(listed);
    }

    /// Forgets an instrument, which has no orders and scopes any more. The last one takes its place.
    pub(crate) fn unlist(&mut self, instrument: InstrumentId) {
        let Some(place) = self.instrument_index.remove(u64::from(instrument.0)) else { return };
        // Places are about to change.
        self.touch(NOWHERE);
        let listed = self.instruments.swap_remove(place as usize);
        self.instruments_sum = self.instruments_sum.wrapping_sub(listed.term());
        self.listing.retain(|&other| other != place);
        if let Some(moved) = self.instruments.get(place as usize) {
            let (id, last) = (moved.instrument.definition.instrument, self.instruments.len() as u32);
            self.instrument_index.remove(u64::from(id.0));
            self.instrument_index.insert(u64::from(id.0), place);
            self.listing.iter_mut().filter(|other| **other == last).for_each(|other| *other = place);
            for participant in self.participants.ids() {
                if let Some(scope) = self.scopes.find(participant, id) {
                    self.scopes.get_mut(scope).place = place;
                }
            }
        }
    }

    pub(crate) fn listed(&self, instrument: InstrumentId) -> Option<&Listed> {
        self.instrument_index.get(u64::from(instrument.0)).map(|place| &self.instruments[place as usize])
    }

    pub(crate) fn listed_mut(&mut self, instrument: InstrumentId) -> Option<&mut Listed> {
        self.instrument_index.get(u64::from(instrument.0)).map(|place| &mut self.instruments[place as usize])
    }

    /// An instrument, and what belongs to all: to put orders into it.
    pub(crate) fn parts_of(&mut self, instrument: InstrumentId) -> Option<(&mut Instrument, &Scopes, &mut OrderPool)> {
        let place = self.instrument_index.get(u64::from(instrument.0))?;
        Some((&mut self.instruments[place as usize].instrument, &self.scopes, &mut self.pool))
    }

    /// A command's scope, `None` if it is the first there; or why there can be none.
    fn scope(
        &self,
        participant: ParticipantId,
        instrument: InstrumentId,
        action: &Action,
    ) -> Result<Option<ScopeIndex>, RejectReason> {
        if (instrument == InstrumentId::NONE) != is_of_participant(action) {
            return Err(RejectReason::UnknownInstrument);
        }
        let scope = self.scopes.find(participant, instrument);
        if scope.is_none() {
            let is_trading = |listed: &Listed| listed.availability == Availability::Trading;
            if instrument != InstrumentId::NONE && !self.listed(instrument).is_some_and(is_trading) {
                return Err(RejectReason::UnknownInstrument);
            }
            if !self.participants.contains(participant) && self.participants.len() > self.limits.participants {
                return Err(RejectReason::LimitParticipants);
            }
        }
        Ok(scope)
    }

    /// A new scope, and its participant, if that is new too.
    pub(crate) fn take_in(&mut self, mut scope: Scope) -> ScopeIndex {
        scope.place = self.instrument_index.get(u64::from(scope.instrument.0)).unwrap_or(NOWHERE);
        let participant = self.participants.take_in(scope.participant);
        let instrument = scope.instrument;
        let index = self.scopes.insert(scope);
        self.pool.set_owner(index, participant, instrument);
        index
    }

    /// There is no such scope: also where the instrument has moved away, or is about to.
    #[cold]
    fn refuse(&self, command: &Command, reason: RejectReason, sink: &mut impl EventSink) {
        let Command { instrument, client_sequence, ref action, .. } = *command;
        let epoch = self.migration_states.map_to_wait_for(instrument).filter(|_| !is_of_participant(action));
        let refused = Reply::Refused { instrument, client_sequence, reason };
        sink.reply(&moved(instrument, client_sequence, epoch).unwrap_or(refused));
    }

    #[cold]
    #[inline(never)]
    fn execute(&mut self, now: EpochNanos, scope: ScopeIndex, command: &Command, sink: &mut impl EventSink) {
        let place = self.scopes.get(scope).place;
        if place != NOWHERE && self.instruments[place as usize].availability != Availability::Trading {
            return self.refuse(command, RejectReason::InstrumentState, sink);
        }
        self.scopes.get_mut(scope).last_client_sequence = command.client_sequence;
        match place {
            NOWHERE => self.execute_as_such(now, scope, &command.action, sink),
            place => self.execute_in(place, now, scope, &command.action, sink),
        }
    }

    /// A command that belongs to an instrument.
    #[inline(always)]
    fn execute_in(
        &mut self,
        place: u32,
        now: EpochNanos,
        scope: ScopeIndex,
        action: &Action,
        sink: &mut impl EventSink,
    ) {
        self.touch(place);
        let Listed { instrument, hash, .. } = &mut self.instruments[place as usize];
        let (pool, reporter) = (&mut self.pool, &mut Reporter::new(now, &mut self.scopes, hash, scope, sink));
        let risk = &mut self.participants.risk[pool.participant_of(scope) as usize];
        let done = match action {
            Action::New(order) => {
                risk.admit(now).and_then(|()| order_entry::new_order(order, &risk.limits, instrument, pool, reporter))
            }
            Action::Cancel { orig_client_order_id } => {
                order_entry::cancel(*orig_client_order_id, instrument, pool, reporter)
            }
            Action::Replace(replace) => {
                risk.admit(now).and_then(|()| order_entry::replace(replace, &risk.limits, instrument, pool, reporter))
            }
            _ => execute_other(action, instrument, pool, reporter),
        };
        if let Err(reason) = done {
            reporter.answer(rejection(action, reason));
        }
    }

    /// A command that belongs to the participant as such.
    #[cold]
    fn execute_as_such(&mut self, now: EpochNanos, scope: ScopeIndex, action: &Action, sink: &mut impl EventSink) {
        let sender = self.scopes.get(scope).participant;
        let done = match action {
            Action::DefineInstrument(definition) => self.define(sender, definition),
            Action::SetKillSwitch { target, kill_switch } if *target == sender || sender == ParticipantId::OPERATOR => {
                self.set_risk(*target, |risk| risk.kill_switch = *kill_switch)
            }
            Action::SetRiskLimits { target, limits } if sender == ParticipantId::OPERATOR => {
                self.set_risk(*target, |risk| risk.set_limits(*limits))
            }
            _ => Err(RejectReason::NotAuthorised),
        };
        let body = done.unwrap_or_else(|reason| rejection(action, reason));
        let reporter = &mut Reporter::new(now, &mut self.scopes, &mut self.participants_hash, scope, sink);
        reporter.answer(body);
        if let ReportBody::Instrument { instrument, .. } = body
            && let Some(place) = self.instrument_index.get(u64::from(instrument.0))
        {
            self.instruments[place as usize].instrument.publish_state(reporter);
        }
    }

    /// Changes a participant's limits or kill switch; it need not have sent a command yet.
    fn set_risk(&mut self, target: ParticipantId, set: impl FnOnce(&mut Risk)) -> Result<ReportBody, RejectReason> {
        if !self.participants.contains(target) && self.participants.len() > self.limits.participants {
            return Err(RejectReason::LimitParticipants);
        }
        let place = self.participants.take_in(target);
        let risk = &mut self.participants.risk[place as usize];
        set(risk);
        let Risk { limits, kill_switch, .. } = *risk;
        Ok(ReportBody::Risk { target, limits, kill_switch })
    }

    fn define(&mut self, sender: ParticipantId, definition: &InstrumentDefinition) -> Result<ReportBody, RejectReason> {
        if sender != ParticipantId::OPERATOR {
            return Err(RejectReason::NotAuthorised);
        }
        let has_been = self.migration_states.map_to_wait_for(definition.instrument).is_some();
        if has_been || self.listed(definition.instrument).is_some() {
            return Err(RejectReason::DuplicateInstrument);
        }
        check_definition(definition)?;
        if self.instruments.len() >= self.limits.instruments {
            return Err(RejectReason::LimitInstruments);
        }
        let instrument = Instrument::new(*definition);
        let body = instrument.report();
        let hash = instrument.first_hash();
        self.list(Listed { instrument, hash, availability: Availability::Trading });
        Ok(body)
    }
}

/// A command that belongs to an instrument, and is not about one order.
#[cold]
fn execute_other<S: EventSink>(
    action: &Action,
    instrument: &mut Instrument,
    pool: &mut OrderPool,
    reporter: &mut Reporter<'_, S>,
) -> Result<(), RejectReason> {
    match action {
        Action::MassCancel { target, side } => order_entry::mass_cancel(*target, *side, instrument, pool, reporter),
        Action::SetInstrumentState { .. } if reporter.participant() != ParticipantId::OPERATOR => {
            Err(RejectReason::NotAuthorised)
        }
        Action::SetInstrumentState { state, reference_price } => {
            instrument.set_state(*state, *reference_price, pool, reporter)
        }
        _ => Err(RejectReason::UnknownInstrument),
    }
}

/// The answer to a command of an instrument that moves, if there is a map to wait for.
fn moved(instrument: InstrumentId, client_sequence: ClientSequence, epoch: Option<MapEpoch>) -> Option<Reply> {
    epoch.map(|epoch| Reply::Moved { instrument, client_sequence, epoch })
}

impl Listed {
    fn term(&self) -> u64 {
        state_hash::term(self.instrument.definition.instrument.0, self.hash)
    }
}

fn combine(instruments_sum: u64, participants_hash: StateHash) -> StateHash {
    StateHash(state_hash::scatter(instruments_sum.wrapping_add(state_hash::scatter(participants_hash.0))))
}

/// Whether the action is about one order.
#[inline]
fn is_of_order(action: &Action) -> bool {
    matches!(action, Action::New(_) | Action::Cancel { .. } | Action::Replace(_))
}

/// Whether the action belongs to a participant as such, and not to an instrument.
fn is_of_participant(action: &Action) -> bool {
    matches!(action, Action::DefineInstrument(_) | Action::SetRiskLimits { .. } | Action::SetKillSwitch { .. })
}

/// The report that says that a command was not done: each kind of command has its own.
#[inline(never)]
fn rejection(action: &Action, reason: RejectReason) -> ReportBody {
    let command = match *action {
        Action::New(ref order) => return execution::rejected(order, reason).into(),
        Action::Cancel { orig_client_order_id } => {
            return ReportBody::CancelReject { orig_client_order_id, client_order_id: ClientOrderId(0), reason };
        }
        Action::Replace(Replace { orig_client_order_id, client_order_id, .. }) => {
            return ReportBody::CancelReject { orig_client_order_id, client_order_id, reason };
        }
        Action::MassCancel { .. } => CommandKind::MassCancel,
        Action::DefineInstrument(_) => CommandKind::DefineInstrument,
        Action::SetInstrumentState { .. } => CommandKind::SetInstrumentState,
        Action::SetRiskLimits { .. } => CommandKind::SetRiskLimits,
        Action::SetKillSwitch { .. } => CommandKind::SetKillSwitch,
    };
    ReportBody::Reject { command, reason }
}
