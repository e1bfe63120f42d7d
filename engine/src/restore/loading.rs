//! Scopes, events, instruments and orders out of their records, into an engine: of a snapshot, or from another engine.

use lugus_vocabulary::{EventSequence, InstrumentId, OrderId, ParticipantId};

use super::fault::SnapshotFault;
use super::live_orders::{QueuePlace, check_order, order_of};
use crate::engine::{Engine, Listed, Presence};
use crate::instrument::{Instrument, check_definition};
use crate::kept_reports::{KeptReports, Lost};
use crate::sequences::{Scope, ScopeIndex};
use crate::snapshot::{InstrumentRecord, OrderRecord, RetainedReport, ScopeRecord};

/// What is on its way, and where it has got to.
#[derive(Debug)]
pub(crate) struct Loading {
    origin: Origin,
    /// What was announced; what came is taken off.
    pub(crate) awaited: Awaited,
    instrument: Option<CurrentInstrument>,
    scope: Option<CurrentScope>,
}

/// Where the records come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// All of an engine, into an empty one.
    Snapshot,
    /// One instrument of another engine: its participants may be new here, and there may be too little room.
    Engine,
}

/// How many of each kind are still to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Awaited {
    pub(crate) participants: u64,
    pub(crate) standings: u64,
    pub(crate) instruments: u64,
    pub(crate) scopes: u64,
    pub(crate) orders: u64,
    pub(crate) reports: u64,
}

#[derive(Debug)]
struct CurrentInstrument {
    id: InstrumentId,
    last_order: Option<QueuePlace>,
    /// Of a snapshot: what another engine sends is known by its checksum.
    order_ids: Vec<OrderId>,
}

#[derive(Debug, Clone, Copy)]
struct CurrentScope {
    participant: ParticipantId,
    instrument: InstrumentId,
    index: ScopeIndex,
    /// Events still to come.
    awaited: u64,
}

/// Numbers that count up must have room to go on: no engine gets here, but a forged record might.
const MAXIMUM_NUMBER: u64 = u64::MAX / 2;

pub(super) type Checked = Result<(), SnapshotFault>;

impl Loading {
    pub(crate) fn new(origin: Origin, awaited: Awaited) -> Self {
        Self { origin, awaited, instrument: None, scope: None }
    }

    /// The scope at hand, and how many of its events are still to come.
    pub(crate) fn current_scope(&self) -> Option<(ParticipantId, u64)> {
        self.scope.map(|scope| (scope.participant, scope.awaited))
    }

    /// An import that was under way when a snapshot was taken, at this scope of the instrument: it waits for
    /// [`Loading::resume`].
    pub(super) fn waiting(awaited: Awaited, instrument: InstrumentId, scope: Option<(ParticipantId, u64)>) -> Self {
        let index = ScopeIndex::MAX;
        let scope = scope.map(|(participant, awaited)| CurrentScope { participant, instrument, index, awaited });
        Self { origin: Origin::Engine, awaited, instrument: None, scope }
    }

    /// What has come of the instrument is in the engine: goes on from there.
    pub(super) fn resume(&mut self, id: InstrumentId, last_order: Option<QueuePlace>, engine: &Engine) -> Checked {
        self.instrument = Some(CurrentInstrument { id, last_order, order_ids: Vec::new() });
        if let Some(scope) = &mut self.scope {
            let index = engine.scopes.find(scope.participant, id);
            scope.index = index.ok_or(SnapshotFault::Invalid { what: "an import at a scope that is not there" })?;
        }
        Ok(())
    }

    pub(crate) fn scope(&mut self, record: &ScopeRecord, engine: &mut Engine) -> Checked {
        count("scopes", &mut self.awaited.scopes)?;
        self.end_scope()?;
        let ScopeRecord { participant, instrument, retained, .. } = *record;
        let current = self.instrument.as_ref();
        require(
            instrument == current.map_or(InstrumentId::NONE, |current| current.id),
            "a scope of another instrument",
        )?;
        require(current.is_none_or(|current| current.last_order.is_none()), "a scope after orders")?;
        let before = self.scope.filter(|before| before.instrument == instrument).map(|before| before.participant);
        require(before < Some(participant), "scopes are not in the order of their participants")?;
        self.check_participant(participant, engine)?;
        within("kept events", retained.into(), engine.limits.retained_events as u64)?;
        let (told, kept) = (record.last_event_sequence.0, u64::from(retained));
        let numbers = record.last_client_sequence.0.max(told);
        require(numbers <= MAXIMUM_NUMBER && kept <= told, "a scope with impossible numbers")?;
        let lost = Lost { applied: record.lost_client_sequence, through: record.lost_through };
        require(kept < told || lost == Lost::default(), "a scope has lost events and has all")?;
        let mut scope = Scope::new(participant, instrument);
        scope.last_client_sequence = record.last_client_sequence;
        // Each kept event counts it up.
        scope.last_event_sequence = EventSequence(told - kept);
        scope.retained = KeptReports::after(scope.last_event_sequence, lost);
        let index = engine.take_in(scope);
        self.scope = Some(CurrentScope { participant, instrument, index, awaited: kept });
        Ok(())
    }

    fn check_participant(&self, participant: ParticipantId, engine: &Engine) -> Checked {
        let participants = &engine.participants;
        if self.origin == Origin::Engine && !participants.contains(participant) {
            let limit = engine.limits.participants as u64 + 1;
            return within("participants", participants.len() as u64 + 1, limit);
        }
        require(participants.contains(participant), "a scope of an unknown participant")
    }

    pub(crate) fn report(&mut self, kept: &RetainedReport, engine: &mut Engine) -> Checked {
        count("kept events", &mut self.awaited.reports)?;
        let Some(current) = &mut self.scope else {
            return Err(SnapshotFault::Unexpected { found: "kept event" });
        };
        let scope = engine.scopes.get_mut(current.index);
        let report = &kept.report;
        count("kept events of the scope", &mut current.awaited)?;
        require(
            (report.participant, report.instrument) == (scope.participant, scope.instrument),
            "an event of another scope",
        )?;
        require(report.event_sequence.0 == scope.last_event_sequence.0 + 1, "kept events have a gap")?;
        let before = match scope.retained.len() {
            0 => scope.retained.lost().applied,
            some => scope.kept_at(some - 1).applied,
        };
        require(
            before <= kept.applied && kept.applied <= scope.last_client_sequence,
            "kept events are not in the order of their commands",
        )?;
        let answers = report.client_sequence;
        require(answers.0 == 0 || answers == kept.applied, "an event that answers a command of another time")?;
        scope.last_event_sequence = report.event_sequence;
        scope.retained.push_back(kept.applied, &kept.report, engine.limits.retained_events as u32);
        Ok(())
    }

    pub(crate) fn instrument(&mut self, record: &InstrumentRecord, engine: &mut Engine) -> Checked {
        count("instruments", &mut self.awaited.instruments)?;
        self.end_scope()?;
        let before = self.end_instrument(engine)?;
        let id = record.definition.instrument;
        require(before < Some(id), "instruments are not in the order of their ids")?;
        let sound = check_definition(&record.definition).is_ok();
        require(sound, "an instrument with an impossible definition")?;
        let numbers = record.last_order_id.0.max(record.last_trade_id.0).max(record.market_data_sequence.0);
        require(numbers <= MAXIMUM_NUMBER, "an instrument with impossible numbers")?;
        within("instruments", engine.instruments.len() as u64 + 1, engine.limits.instruments as u64)?;
        let mut instrument = Instrument::new(record.definition);
        instrument.last_order_id = record.last_order_id;
        instrument.last_trade_id = record.last_trade_id;
        instrument.feed.sequence = record.market_data_sequence;
        instrument.feed.statistics = record.statistics;
        let presence = match (self.origin, engine.standings.get(id)) {
            (Origin::Engine, _) => Presence::Away,
            (Origin::Snapshot, Some(standing)) => Presence::of(standing),
            (Origin::Snapshot, None) => Presence::Trading,
        };
        engine.list(Listed { instrument, hash: record.state_hash, presence });
        self.instrument = Some(CurrentInstrument { id, last_order: None, order_ids: Vec::new() });
        Ok(())
    }

    pub(crate) fn order(&mut self, record: &OrderRecord, engine: &mut Engine) -> Checked {
        count("orders", &mut self.awaited.orders)?;
        self.end_scope()?;
        let Some(current) = &mut self.instrument else {
            return Err(SnapshotFault::Unexpected { found: "order" });
        };
        let limit = engine.limits.orders as u64;
        within("orders", engine.pool.live() as u64 + 1, limit)?;
        let Some((instrument, scopes, pool)) = engine.parts_of(current.id) else {
            return Err(SnapshotFault::Unexpected { found: "order" });
        };
        check_order(record, instrument)?;
        let owner = scopes
            .find(record.participant, current.id)
            .ok_or(SnapshotFault::Invalid { what: "an order whose participant has no scope" })?;
        require(pool.find(owner, record.client_order_id).is_none(), "a client order id that is there twice")?;
        let place = QueuePlace::of(record);
        require(current.last_order <= Some(place), "orders are not in the order of their priority")?;
        let (queue, price) = match record.stop_price {
            Some(stop_price) => (instrument.stops.side_mut(record.side), stop_price),
            None => (instrument.book.side_mut(record.side), record.price),
        };
        let has_room = queue.has_room(price, record.shown_quantity, &pool.resting);
        require(has_room, "a level with too large a quantity")?;
        current.last_order = Some(place);
        if self.origin == Origin::Snapshot {
            current.order_ids.push(record.order_id);
        }
        let (order, terms) = order_of(record, owner, price);
        let slot = pool.insert(&order, &terms);
        pool.set_unsorted(owner);
        queue.push_back(slot, price, record.shown_quantity, &mut pool.resting);
        Ok(())
    }

    /// Before what comes after a scope.
    pub(crate) fn end_scope(&self) -> Checked {
        none_missing("kept events of a scope", self.scope.map_or(0, |scope| scope.awaited))
    }

    /// Before what comes after an instrument; gives its id. If it is one that is being imported, that can go on.
    pub(super) fn end_instrument(&mut self, engine: &mut Engine) -> Result<Option<InstrumentId>, SnapshotFault> {
        let Some(mut before) = self.instrument.take() else { return Ok(None) };
        before.order_ids.sort_unstable();
        let twice = before.order_ids.windows(2).any(|pair| pair[0] == pair[1]);
        require(!twice, "an order id that is there twice in an instrument")?;
        super::standings::resume_import(before.id, before.last_order, engine)?;
        Ok(Some(before.id))
    }
}

pub(super) fn require(holds: bool, what_not: &'static str) -> Checked {
    if holds { Ok(()) } else { Err(SnapshotFault::Invalid { what: what_not }) }
}

pub(super) fn within(what: &'static str, found: u64, limit: u64) -> Checked {
    if found <= limit { Ok(()) } else { Err(SnapshotFault::Limit { what, found, limit }) }
}

pub(super) fn count(what: &'static str, awaited: &mut u64) -> Checked {
    *awaited = awaited.checked_sub(1).ok_or(SnapshotFault::Superfluous { what })?;
    Ok(())
}

pub(super) fn none_missing(what: &'static str, missing: u64) -> Checked {
    if missing == 0 { Ok(()) } else { Err(SnapshotFault::Missing { what, missing }) }
}
