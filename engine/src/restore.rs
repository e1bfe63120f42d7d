//! An engine from the records of a snapshot: complete and checked, or not at all.

mod ahead;
mod checks;
pub(crate) mod fault;
mod firms;
mod live_orders;
pub(crate) mod load_state;
mod loading;
mod migration_states;
mod quotes;

use lugus_vocabulary::{
    InstrumentId, MigrationStateRecord, OLDEST_SNAPSHOT_VERSION, ParticipantId, ParticipantRecord, RateKind,
    RateRecord, SNAPSHOT_VERSION, SnapshotHeader, SnapshotRecord, StateHash,
};

use self::checks::{Checked, count, none_missing, require, within};
use self::fault::{SnapshotError, SnapshotFault};
use self::firms::LoadedFirms;
use self::load_state::{AwaitedRecords, LoadState, RecordSource};
use self::quotes::LoadedQuotes;
use crate::engine::Engine;
use crate::engine_limits::EngineLimits;
use crate::instruments::Listed;
use crate::kill_switch::KillSwitches;
use crate::migration::migration_states::MAXIMUM_MIGRATION_STATES;
use crate::rate::RateGroup;
use crate::snapshot::checksum::checksum;

/// Loads a snapshot: pass the records in their order to [`Restore::record`], then call [`Restore::finish`]. After an
/// error no further record is taken.
#[derive(Debug)]
pub struct Restore {
    engine: Engine,
    stage: Stage,
    records: u64,
    checksum: u64,
    loading: LoadState,
    state_hash: StateHash,
    last_participant: Option<ParticipantId>,
    /// Number of rate records still to come of the participant or the firm that came last.
    rates_awaited: u64,
    quotes: LoadedQuotes,
    firms: LoadedFirms,
    last_migration_state: Option<InstrumentId>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Header,
    Participants,
    Firms,
    MigrationStates,
    Scopes,
    Orders,
    Ended,
    Failed,
}

impl Restore {
    /// Loads into an engine with these limits, which need not be those of the engine that wrote the snapshot.
    #[must_use]
    pub fn new(limits: EngineLimits) -> Self {
        Self {
            engine: Engine::new(limits),
            stage: Stage::Header,
            records: 0,
            checksum: 0,
            loading: LoadState::new(RecordSource::Snapshot, AwaitedRecords::default()),
            state_hash: StateHash(0),
            last_participant: None,
            rates_awaited: 0,
            quotes: LoadedQuotes::default(),
            firms: LoadedFirms::default(),
            last_migration_state: None,
        }
    }

    /// Loads the next record.
    ///
    /// # Errors
    ///
    /// [`SnapshotError`]: the snapshot is not loaded.
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

    /// The engine, once all records are loaded.
    ///
    /// # Errors
    ///
    /// [`SnapshotError`]: the last record has not come, or an earlier one was wrong.
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
            (SnapshotRecord::Rate(rate), stage @ (Stage::Participants | Stage::Firms)) => {
                self.rate(rate).map(|()| stage)
            }
            (SnapshotRecord::QuoteSet(set), Stage::Participants) => {
                none_missing("rates", self.rates_awaited)?;
                let of = self.last_participant.ok_or(SnapshotFault::Unexpected { found: record.kind() })?;
                self.quotes.set(set, of, &mut self.engine).map(|()| Stage::Participants)
            }
            (SnapshotRecord::QuoteTrades(trades), Stage::Participants) => {
                self.quotes.trades(trades, &mut self.engine).map(|()| Stage::Participants)
            }
            (SnapshotRecord::Firm(firm), Stage::Participants | Stage::Firms) => {
                none_missing("rates", self.rates_awaited)?;
                self.rates_awaited = firm.rates.into();
                self.firms.firm(firm, &mut self.engine).map(|()| Stage::Firms)
            }
            (SnapshotRecord::FirmEvent(event), Stage::Firms) => {
                none_missing("rates", self.rates_awaited)?;
                self.firms.event(event, &mut self.engine).map(|()| Stage::Firms)
            }
            (SnapshotRecord::MigrationState(state), Stage::Participants | Stage::Firms | Stage::MigrationStates) => {
                self.migration_state(state).map(|()| Stage::MigrationStates)
            }
            (
                SnapshotRecord::Scope(scope),
                Stage::Participants | Stage::Firms | Stage::MigrationStates | Stage::Scopes,
            ) => self.loading.scope(scope, &mut self.engine).map(|()| Stage::Scopes),
            (SnapshotRecord::Report(kept), Stage::Scopes) => {
                self.loading.report(kept, &mut self.engine).map(|()| Stage::Scopes)
            }
            (
                SnapshotRecord::Instrument(instrument),
                Stage::Participants | Stage::Firms | Stage::MigrationStates | Stage::Scopes | Stage::Orders,
            ) => self.loading.instrument(instrument, &mut self.engine).map(|()| Stage::Scopes),
            (SnapshotRecord::Trade(trade), Stage::Scopes) => {
                self.loading.trade(trade, &mut self.engine).map(|()| Stage::Scopes)
            }
            (SnapshotRecord::Order(order), Stage::Scopes | Stage::Orders) => {
                self.loading.order(order, &mut self.engine).map(|_| Stage::Orders)
            }
            (
                SnapshotRecord::End { records, checksum },
                Stage::Participants | Stage::Firms | Stage::MigrationStates | Stage::Scopes | Stage::Orders,
            ) => self.end(*records, *checksum).map(|()| Stage::Ended),
            _ => Err(SnapshotFault::Unexpected { found: record.kind() }),
        }
    }

    fn header(&mut self, header: &SnapshotHeader) -> Checked {
        let limits = self.engine.limits;
        if !(OLDEST_SNAPSHOT_VERSION..=SNAPSHOT_VERSION).contains(&header.version) {
            return Err(SnapshotFault::Version { found: header.version });
        }
        within("participants", header.participants.into(), limits.participants as u64 + 1)?;
        within("instruments", header.instruments.into(), limits.instruments as u64)?;
        within("orders", header.orders.into(), limits.orders as u64)?;
        within("migration states", header.migration_states.into(), MAXIMUM_MIGRATION_STATES as u64)?;
        self.loading.awaited = AwaitedRecords {
            participants: header.participants.into(),
            migration_states: header.migration_states.into(),
            instruments: header.instruments.into(),
            scopes: header.scopes.into(),
            orders: header.orders.into(),
            reports: header.reports,
        };
        self.engine.pool.resting.reserve(header.orders as usize);
        self.engine.participants_hash = header.participants_hash;
        self.state_hash = header.state_hash;
        Ok(())
    }

    fn participant(&mut self, record: &ParticipantRecord) -> Checked {
        let ParticipantRecord { participant, limits, kill_switch, kill_switch_keeps, rates, disconnection, firm } =
            *record;
        none_missing("rates", self.rates_awaited)?;
        self.quotes.end()?;
        count("participants", &mut self.loading.awaited.participants)?;
        let operator_first = self.last_participant.is_some() || participant == ParticipantId::OPERATOR;
        require(operator_first, "the first participant is not the operator")?;
        require(self.last_participant < Some(participant), "participants are not in the order of their ids")?;
        self.last_participant = Some(participant);
        let place = self.engine.participants.take_in(participant);
        let risk = &mut self.engine.participants.risk[place as usize];
        risk.change_limits(limits);
        require(risk.limits == limits, "a limit of 0")?;
        let keeps_more = kill_switch_keeps.bits() & !kill_switch.bits() != 0;
        require(!keeps_more, "a kill switch that keeps orders and is not engaged")?;
        risk.kill_switch = KillSwitches { engaged: kill_switch, keeping: kill_switch_keeps };
        self.engine.pool.set_killed(place, risk.kill_switch.killed());
        self.engine.set_judged_limits(place, participant);
        self.engine.set_disconnection(place, participant, disconnection);
        self.rates_awaited = rates.into();
        firms::put_in(&mut self.engine, participant, place, firm)
    }

    /// What the participant or the firm that came last has used of a rate limit.
    fn rate(&mut self, record: &RateRecord) -> Checked {
        count("rates", &mut self.rates_awaited)?;
        let (limits, orders, cancels) = match self.firms.last() {
            Some(firm) => {
                let firm = self.engine.participants.firms.get_mut(firm);
                let firm = firm.ok_or(SnapshotFault::Unexpected { found: "rate" })?;
                (firm.limits, &mut firm.orders, &mut firm.cancels)
            }
            None => {
                let risk = self.engine.participants.risk.last_mut();
                let risk = risk.ok_or(SnapshotFault::Unexpected { found: "rate" })?;
                (risk.limits, &mut risk.orders, &mut risk.cancels)
            }
        };
        let RateRecord { kind, time, commands } = *record;
        let no_cancels = cancels.groups().len() == 0;
        let (window, limit) = match kind {
            RateKind::Orders => (orders, limits.maximum_commands_per_second.filter(|_| no_cancels)),
            RateKind::Cancels => (cancels, limits.maximum_cancels_per_second),
        };
        require(limit.is_some() && window.restore(RateGroup { time, commands }), "an impossible rate")
    }

    fn migration_state(&mut self, record: &MigrationStateRecord) -> Checked {
        count("migration states", &mut self.loading.awaited.migration_states)?;
        require(
            self.last_migration_state < Some(record.instrument),
            "migration states are not in the order of their instruments",
        )?;
        self.last_migration_state = Some(record.instrument);
        self.engine.migration_states.set(record.instrument, migration_states::state_of(record)?);
        Ok(())
    }

    fn end(&mut self, records: u64, checksum: u64) -> Checked {
        none_missing("rates", self.rates_awaited)?;
        self.quotes.end()?;
        self.firms.end(&mut self.engine)?;
        self.loading.end_scope()?;
        self.loading.end_instrument(&mut self.engine)?;
        let awaited = self.loading.awaited;
        for (what, missing) in [
            ("participants", awaited.participants),
            ("migration states", awaited.migration_states),
            ("instruments", awaited.instruments),
            ("scopes", awaited.scopes),
            ("orders", awaited.orders),
            ("kept events and trades", awaited.reports),
            ("records", records.saturating_sub(self.records)),
        ] {
            none_missing(what, missing)?;
        }
        require(records == self.records, "more records than the end record says")?;
        if checksum != self.checksum {
            return Err(SnapshotFault::Checksum { found: checksum, calculated: self.checksum });
        }
        migration_states::check_states(&self.engine)?;
        let calculated = self.engine.state_hash();
        if calculated != self.state_hash {
            return Err(SnapshotFault::StateHash { found: self.state_hash, calculated });
        }
        let ids: Vec<_> =
            self.engine.instruments.iter().map(|listed| listed.instrument.definition.instrument).collect();
        for id in ids {
            // An instrument that is being imported may have some of its trades yet to come.
            let ends_with_last = |listed: &Listed| listed.instrument.trades.last() == listed.instrument.last_trade_id;
            let is_complete =
                !self.engine.is_trading(id) || self.engine.instruments.find(id).is_some_and(ends_with_last);
            require(is_complete, "kept trades that do not end with the last one")?;
            self.engine.note_work_of(id);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
