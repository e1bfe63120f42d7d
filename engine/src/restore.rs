//! An engine out of the records of a snapshot: whole and checked, or not at all.

mod fault;
mod live_orders;
mod loading;
mod standings;

pub use fault::{SnapshotError, SnapshotFault};
pub(crate) use loading::{Awaited, Loading, Origin};
use loading::{Checked, count, none_missing, require, within};
use lugus_vocabulary::{InstrumentId, ParticipantId, StateHash};

use crate::engine::{Engine, EngineLimits};
use crate::migration::MAXIMUM_STANDINGS;
use crate::snapshot::{ParticipantRecord, SNAPSHOT_VERSION, SnapshotHeader, SnapshotRecord, StandingRecord, checksum};

/// Loads a snapshot: give it the records in their order, then [`Restore::finish`]. After an error it takes no more.
#[derive(Debug)]
pub struct Restore {
    engine: Engine,
    stage: Stage,
    records: u64,
    checksum: u64,
    loading: Loading,
    state_hash: StateHash,
    last_participant: Option<ParticipantId>,
    last_standing: Option<InstrumentId>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Header,
    Participants,
    Standings,
    Scopes,
    Orders,
    Ended,
    Failed,
}

impl Restore {
    /// For an engine with these limits; they need not be those it was written with, if all fits in.
    #[must_use]
    pub fn new(limits: EngineLimits) -> Self {
        Self {
            engine: Engine::new(limits),
            stage: Stage::Header,
            records: 0,
            checksum: 0,
            loading: Loading::new(Origin::Snapshot, Awaited::default()),
            state_hash: StateHash(0),
            last_participant: None,
            last_standing: None,
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
            (SnapshotRecord::Standing(standing), Stage::Participants | Stage::Standings) => {
                self.standing(standing).map(|()| Stage::Standings)
            }
            (SnapshotRecord::Scope(scope), Stage::Participants | Stage::Standings | Stage::Scopes) => {
                self.loading.scope(scope, &mut self.engine).map(|()| Stage::Scopes)
            }
            (SnapshotRecord::Report(kept), Stage::Scopes) => {
                self.loading.report(kept, &mut self.engine).map(|()| Stage::Scopes)
            }
            (
                SnapshotRecord::Instrument(instrument),
                Stage::Participants | Stage::Standings | Stage::Scopes | Stage::Orders,
            ) => self.loading.instrument(instrument, &mut self.engine).map(|()| Stage::Scopes),
            (SnapshotRecord::Order(order), Stage::Scopes | Stage::Orders) => {
                self.loading.order(order, &mut self.engine).map(|()| Stage::Orders)
            }
            (
                SnapshotRecord::End { records, checksum },
                Stage::Participants | Stage::Standings | Stage::Scopes | Stage::Orders,
            ) => self.end(*records, *checksum).map(|()| Stage::Ended),
            _ => Err(SnapshotFault::Unexpected { found: record.kind() }),
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
        within("standings", header.standings.into(), MAXIMUM_STANDINGS as u64)?;
        self.loading.awaited = Awaited {
            participants: header.participants.into(),
            standings: header.standings.into(),
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
        count("participants", &mut self.loading.awaited.participants)?;
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

    fn standing(&mut self, record: &StandingRecord) -> Checked {
        count("standings", &mut self.loading.awaited.standings)?;
        require(self.last_standing < Some(record.instrument), "standings are not in the order of their instruments")?;
        self.last_standing = Some(record.instrument);
        self.engine.standings.set(record.instrument, standings::standing_of(record)?);
        Ok(())
    }

    fn end(&mut self, records: u64, checksum: u64) -> Checked {
        self.loading.end_scope()?;
        self.loading.end_instrument(&mut self.engine)?;
        let awaited = self.loading.awaited;
        for (what, missing) in [
            ("participants", awaited.participants),
            ("standings", awaited.standings),
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
        standings::check_standings(&self.engine)?;
        let calculated = self.engine.state_hash();
        if calculated != self.state_hash {
            return Err(SnapshotFault::StateHash { found: self.state_hash, calculated });
        }
        self.engine.pool.sort_owners();
        Ok(())
    }
}

#[cfg(test)]
mod tests;
