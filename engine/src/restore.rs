//! An engine out of the records of a snapshot: whole and checked, or not at all.

mod fault;
mod live_orders;

use crate::engine::{Engine, EngineLimits, Listed};
use crate::instrument::{Instrument, check_definition};
use crate::kept_reports::{KeptReports, Lost};
use crate::sequences::{Scope, ScopeIndex};
use crate::snapshot::{
    InstrumentRecord, OrderRecord, ParticipantRecord, RetainedReport, SNAPSHOT_VERSION, ScopeRecord, SnapshotHeader,
    SnapshotRecord, checksum,
};
use crate::units::{EventSequence, InstrumentId, OrderId, ParticipantId, StateHash};
pub use fault::{SnapshotError, SnapshotFault};
use live_orders::{QueuePlace, check_order, order_of};

/// Loads a snapshot: give it the records in their order, then [`Restore::finish`]. After an error it takes no more.
#[derive(Debug)]
pub struct Restore {
    engine: Engine,
    stage: Stage,
    records: u64,
    checksum: u64,
    /// As the header says; what came is taken off.
    awaited: Awaited,
    state_hash: StateHash,
    last_participant: Option<ParticipantId>,
    instrument: Option<CurrentInstrument>,
    scope: Option<CurrentScope>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Header,
    Participants,
    Scopes,
    Orders,
    Ended,
    Failed,
}

#[derive(Debug, Clone, Copy, Default)]
struct Awaited {
    participants: u64,
    instruments: u64,
    scopes: u64,
    orders: u64,
    reports: u64,
}

#[derive(Debug)]
struct CurrentInstrument {
    id: InstrumentId,
    place: u32,
    last_order: Option<QueuePlace>,
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

type Checked = Result<(), SnapshotFault>;

impl Restore {
    /// For an engine with these limits; they need not be those it was written with, if all fits in.
    #[must_use]
    pub fn new(limits: EngineLimits) -> Self {
        Self {
            engine: Engine::new(limits),
            stage: Stage::Header,
            records: 0,
            checksum: 0,
            awaited: Awaited::default(),
            state_hash: StateHash(0),
            last_participant: None,
            instrument: None,
            scope: None,
        }
    }

    /// Takes the next record.
    ///
    /// # Errors
    ///
    /// Where and why the snapshot is not loaded.
    pub fn record(&mut self, record: &SnapshotRecord) -> Result<(), SnapshotError> {
        let (stage, fault) = match self.take(record) {
            Ok(stage) => (stage, None),
            Err(fault) => (Stage::Failed, Some(fault)),
        };
        self.stage = stage;
        if let Some(fault) = fault {
            return Err(SnapshotError { record: self.records, fault });
        }
        self.records += 1;
        self.checksum = checksum(self.checksum, record);
        Ok(())
    }

    /// The engine, if all of it has come.
    ///
    /// # Errors
    ///
    /// If the last record has not come, or one before was wrong.
    pub fn finish(self) -> Result<Engine, SnapshotError> {
        let fault = match self.stage {
            Stage::Ended => return Ok(self.engine),
            Stage::Failed => SnapshotFault::Failed,
            _ => SnapshotFault::Truncated,
        };
        Err(SnapshotError { record: self.records, fault })
    }

    fn take(&mut self, record: &SnapshotRecord) -> Result<Stage, SnapshotFault> {
        match (record, self.stage) {
            (_, Stage::Failed) => Err(SnapshotFault::Failed),
            (SnapshotRecord::Header(header), Stage::Header) => self.header(header).map(|()| Stage::Participants),
            (SnapshotRecord::Participant(participant), Stage::Participants) => {
                self.participant(participant).map(|()| Stage::Participants)
            }
            (SnapshotRecord::Scope(scope), Stage::Participants | Stage::Scopes) => {
                self.scope(scope).map(|()| Stage::Scopes)
            }
            (SnapshotRecord::Report(kept), Stage::Scopes) => self.report(kept).map(|()| Stage::Scopes),
            (SnapshotRecord::Instrument(instrument), Stage::Participants | Stage::Scopes | Stage::Orders) => {
                self.instrument(instrument).map(|()| Stage::Scopes)
            }
            (SnapshotRecord::Order(order), Stage::Scopes | Stage::Orders) => self.order(order).map(|()| Stage::Orders),
            (SnapshotRecord::End { records, checksum }, Stage::Participants | Stage::Scopes | Stage::Orders) => {
                self.end(*records, *checksum).map(|()| Stage::Ended)
            }
            _ => Err(SnapshotFault::Unexpected { found: kind(record) }),
        }
    }

    fn header(&mut self, header: &SnapshotHeader) -> Checked {
        let limits = self.engine.limits;
        if header.version != SNAPSHOT_VERSION {
            return Err(SnapshotFault::Version { found: header.version });
        }
        within("participants", header.participants.into(), limits.participants as u64 + 1)?;
        within("instruments", header.instruments.into(), limits.instruments as u64)?;
        within("orders", header.orders.into(), limits.orders as u64)?;
        self.awaited = Awaited {
            participants: header.participants.into(),
            instruments: header.instruments.into(),
            scopes: header.scopes.into(),
            orders: header.orders.into(),
            reports: header.reports,
        };
        self.engine.participants_hash = header.participants_hash;
        self.state_hash = header.state_hash;
        Ok(())
    }

    fn participant(&mut self, record: &ParticipantRecord) -> Checked {
        let ParticipantRecord { participant, limits, kill_switch, rate_second, rate_commands } = *record;
        count("participants", &mut self.awaited.participants)?;
        let operator_first = self.last_participant.is_some() || participant == ParticipantId::OPERATOR;
        require(operator_first, "the first participant is not the operator")?;
        require(self.last_participant < Some(participant), "participants are not in the order of their ids")?;
        self.last_participant = Some(participant);
        let place = self.engine.participants.take_in(participant);
        let risk = &mut self.engine.participants.risk[place as usize];
        risk.set_limits(limits);
        require(risk.limits == limits, "a limit of 0")?;
        (risk.kill_switch, risk.second, risk.commands) = (kill_switch, rate_second, rate_commands);
        Ok(())
    }

    fn scope(&mut self, record: &ScopeRecord) -> Checked {
        count("scopes", &mut self.awaited.scopes)?;
        self.end_scope()?;
        let ScopeRecord { participant, instrument, retained, .. } = *record;
        let current = self.instrument.as_ref().map_or(InstrumentId::NONE, |current| current.id);
        require(instrument == current, "a scope of another instrument")?;
        let before = self.scope.filter(|before| before.instrument == instrument).map(|before| before.participant);
        require(before < Some(participant), "scopes are not in the order of their participants")?;
        require(self.engine.participants.contains(participant), "a scope of an unknown participant")?;
        within("kept events", retained.into(), self.engine.limits.retained_events as u64)?;
        let (told, kept) = (record.last_event_sequence.0, u64::from(retained));
        let numbers = record.last_client_sequence.0.max(told);
        require(numbers <= MAXIMUM_NUMBER && kept <= told, "a scope with impossible numbers")?;
        let lost = Lost { applied: record.lost_client_sequence, through: record.lost_through };
        require(kept < told || lost == Lost::default(), "a scope has lost events and has all")?;
        let mut scope = Scope::new(participant, instrument);
        scope.last_client_sequence = record.last_client_sequence;
        scope.last_event_sequence = record.last_event_sequence;
        scope.retained = KeptReports::after(EventSequence(told - kept), lost);
        let index = self.engine.take_in(scope);
        self.scope = Some(CurrentScope { participant, instrument, index, awaited: kept });
        Ok(())
    }

    fn report(&mut self, kept: &RetainedReport) -> Checked {
        count("kept events", &mut self.awaited.reports)?;
        let Some(current) = &mut self.scope else {
            return Err(SnapshotFault::Unexpected { found: "kept event" });
        };
        let scope = self.engine.scopes.get_mut(current.index);
        let report = &kept.report;
        let expected = scope.last_event_sequence.0.wrapping_sub(current.awaited).wrapping_add(1);
        count("kept events of the scope", &mut current.awaited)?;
        require(
            (report.participant, report.instrument) == (scope.participant, scope.instrument),
            "an event of another scope",
        )?;
        require(report.event_sequence.0 == expected, "kept events have a gap")?;
        let before = scope.kept().next_back().map_or(scope.retained.lost().applied, |before| before.applied);
        require(
            before <= kept.applied && kept.applied <= scope.last_client_sequence,
            "kept events are not in the order of their commands",
        )?;
        let answers = report.client_sequence;
        require(answers.0 == 0 || answers == kept.applied, "an event that answers a command of another time")?;
        scope.retained.push_back(kept.applied, &kept.report, self.engine.limits.retained_events as u32);
        Ok(())
    }

    fn instrument(&mut self, record: &InstrumentRecord) -> Checked {
        count("instruments", &mut self.awaited.instruments)?;
        self.end_scope()?;
        let before = self.end_instrument()?;
        let id = record.definition.instrument;
        require(before < Some(id), "instruments are not in the order of their ids")?;
        let sound = check_definition(&record.definition).is_ok();
        require(sound, "an instrument with an impossible definition")?;
        let numbers = record.last_order_id.0.max(record.last_trade_id.0).max(record.market_data_sequence.0);
        require(numbers <= MAXIMUM_NUMBER, "an instrument with impossible numbers")?;
        let mut instrument = Instrument::new(record.definition);
        instrument.last_order_id = record.last_order_id;
        instrument.last_trade_id = record.last_trade_id;
        instrument.feed.sequence = record.market_data_sequence;
        instrument.feed.statistics = record.statistics;
        let place = self.engine.list(Listed { instrument, hash: record.state_hash });
        self.instrument = Some(CurrentInstrument { id, place, last_order: None, order_ids: Vec::new() });
        Ok(())
    }

    fn order(&mut self, record: &OrderRecord) -> Checked {
        count("orders", &mut self.awaited.orders)?;
        self.end_scope()?;
        let Some(current) = &mut self.instrument else {
            return Err(SnapshotFault::Unexpected { found: "order" });
        };
        let Engine { instruments, scopes, pool, .. } = &mut self.engine;
        let instrument = &mut instruments[current.place as usize].instrument;
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
        current.order_ids.push(record.order_id);
        let (order, terms) = order_of(record, owner, price);
        let slot = pool.insert(&order, &terms);
        queue.push_back(slot, price, record.shown_quantity, &mut pool.resting);
        Ok(())
    }

    fn end(&mut self, records: u64, checksum: u64) -> Checked {
        self.end_scope()?;
        self.end_instrument()?;
        let awaited = self.awaited;
        for (what, missing) in [
            ("participants", awaited.participants),
            ("instruments", awaited.instruments),
            ("scopes", awaited.scopes),
            ("orders", awaited.orders),
            ("kept events", awaited.reports),
            ("records", records.saturating_sub(self.records)),
        ] {
            none_missing(what, missing)?;
        }
        require(records == self.records, "more records than written")?;
        if checksum != self.checksum {
            return Err(SnapshotFault::Checksum { found: checksum, calculated: self.checksum });
        }
        let calculated = self.engine.state_hash();
        if calculated != self.state_hash {
            return Err(SnapshotFault::StateHash { found: self.state_hash, calculated });
        }
        self.engine.pool.sort_owners();
        Ok(())
    }

    /// Before what comes after a scope.
    fn end_scope(&self) -> Checked {
        none_missing("kept events of a scope", self.scope.map_or(0, |scope| scope.awaited))
    }

    /// Before what comes after an instrument; gives its id.
    fn end_instrument(&mut self) -> Result<Option<InstrumentId>, SnapshotFault> {
        let Some(mut before) = self.instrument.take() else { return Ok(None) };
        before.order_ids.sort_unstable();
        let twice = before.order_ids.windows(2).any(|pair| pair[0] == pair[1]);
        require(!twice, "an order id that is there twice in an instrument")?;
        Ok(Some(before.id))
    }
}

fn kind(record: &SnapshotRecord) -> &'static str {
    match record {
        SnapshotRecord::Header(_) => "header",
        SnapshotRecord::Participant(_) => "participant",
        SnapshotRecord::Instrument(_) => "instrument",
        SnapshotRecord::Scope(_) => "scope",
        SnapshotRecord::Report(_) => "kept event",
        SnapshotRecord::Order(_) => "order",
        SnapshotRecord::End { .. } => "end",
    }
}

fn require(holds: bool, what_not: &'static str) -> Checked {
    if holds { Ok(()) } else { Err(SnapshotFault::Invalid { what: what_not }) }
}

fn within(what: &'static str, found: u64, limit: u64) -> Checked {
    if found <= limit { Ok(()) } else { Err(SnapshotFault::Limit { what, found, limit }) }
}

fn count(what: &'static str, awaited: &mut u64) -> Checked {
    *awaited = awaited.checked_sub(1).ok_or(SnapshotFault::Superfluous { what })?;
    Ok(())
}

fn none_missing(what: &'static str, missing: u64) -> Checked {
    if missing == 0 { Ok(()) } else { Err(SnapshotFault::Missing { what, missing }) }
}

#[cfg(test)]
mod tests;
