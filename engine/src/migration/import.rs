//! The import of an instrument, record by record, into an engine that meanwhile trades others.

use lugus_vocabulary::{ExportManifest, ExportRecord, InstrumentId, MigrationId, SnapshotRecord};

use super::migration_states::{COPIED_AHEAD, Importing, MigrationState};
use super::record_checksum::record_checksum;
use super::refusal::MigrationRefusal;
use super::steps::{after, not_imported};
use crate::engine::Engine;
use crate::restore::fault::SnapshotFault;
use crate::restore::load_state::{AwaitedRecords, LoadState, RecordSource};

impl Engine {
    /// Begins an import, or finds it under way; returns the number of records that have come in.
    ///
    /// # Errors
    ///
    /// [`MigrationRefusal`]: the instrument is here, there is no room for it, or the migration has ended.
    pub fn import_begin(
        &mut self,
        instrument: InstrumentId,
        migration: MigrationId,
        manifest: ExportManifest,
    ) -> Result<u64, MigrationRefusal> {
        let departed = match self.migration_states.get(instrument) {
            Some(MigrationState::Importing(importing))
                if importing.migration == migration && importing.ahead.is_none() =>
            {
                let same = importing.manifest == manifest;
                return if same { Ok(importing.records) } else { Err(MigrationRefusal::OtherManifest) };
            }
            Some(MigrationState::Imported { migration: current, manifest: whole, .. }) if *current == migration => {
                return if *whole == manifest { Ok(manifest.records()) } else { Err(MigrationRefusal::OtherManifest) };
            }
            Some(&MigrationState::Elsewhere { last, departed }) => {
                after(last, migration)?;
                departed
            }
            Some(state) => return Err(not_imported(state, migration)),
            None if self.instruments.find(instrument).is_some() => return Err(MigrationRefusal::AlreadyHere),
            None => None,
        };
        self.has_room(&manifest)?;
        self.migration_states.make_room(instrument)?;
        let awaited = AwaitedRecords {
            participants: 0,
            instruments: 1,
            scopes: manifest.scopes.into(),
            orders: manifest.orders.into(),
            reports: manifest.reports,
            migration_states: 0,
        };
        let loading = LoadState::new(RecordSource::Export, awaited);
        let importing = Importing { migration, departed, manifest, records: 0, checksum: 0, loading, ahead: None };
        self.set_migration_state(instrument, MigrationState::Importing(Box::new(importing)));
        Ok(0)
    }

    /// Takes in records of an import; `first` is the number, counted from 0, that the first of `records` has in it.
    /// Records that have come in before are skipped. Returns the number of records that have come in.
    ///
    /// # Errors
    ///
    /// [`MigrationRefusal`]: there is no such import, earlier records are missing, or a record is impossible; those
    /// before it have come in.
    pub fn import_records<R: Into<ExportRecord>>(
        &mut self,
        instrument: InstrumentId,
        migration: MigrationId,
        first: u64,
        records: impl Iterator<Item = R>,
    ) -> Result<u64, MigrationRefusal> {
        match self.migration_states.get(instrument) {
            Some(MigrationState::Importing(importing)) if importing.migration == migration => {
                if first > importing.records {
                    return Err(MigrationRefusal::Gap { expected: importing.records });
                }
            }
            Some(MigrationState::Imported { migration: current, manifest, .. }) if *current == migration => {
                return Ok(manifest.records());
            }
            Some(state) => return Err(not_imported(state, migration)),
            None => return Err(MigrationRefusal::UnknownInstrument),
        }
        let mut importing = self.migration_states.take_import(instrument).ok_or(MigrationRefusal::OutOfOrder)?;
        let known = importing.records - first;
        let mut result = Ok(());
        for record in records.skip(usize::try_from(known).unwrap_or(usize::MAX)) {
            result = importing.take(instrument, &record.into(), self);
            if result.is_err() {
                break;
            }
        }
        let received = importing.records;
        self.migration_states.set(instrument, MigrationState::Importing(importing));
        result.map(|()| received).map_err(MigrationRefusal::from)
    }

    /// Completes an import, if all records have come in and are those that were exported. The instrument is not active
    /// yet.
    ///
    /// # Errors
    ///
    /// [`MigrationRefusal`]: records are missing, or other records came in than were exported.
    pub fn import_end(
        &mut self,
        instrument: InstrumentId,
        migration: MigrationId,
        expected: u64,
    ) -> Result<ExportManifest, MigrationRefusal> {
        let (manifest, records, calculated, departed) = match self.migration_states.get(instrument) {
            Some(MigrationState::Importing(importing))
                if importing.migration == migration && importing.ahead.is_none() =>
            {
                let Importing { manifest, records, checksum, departed, .. } = **importing;
                (manifest, records, checksum, departed)
            }
            Some(&MigrationState::Imported { migration: current, manifest, checksum, departed })
                if current == migration =>
            {
                (manifest, manifest.records(), checksum, departed)
            }
            Some(state) => return Err(not_imported(state, migration)),
            None => return Err(MigrationRefusal::UnknownInstrument),
        };
        if records < manifest.records() {
            return Err(MigrationRefusal::Gap { expected: records });
        }
        if let Some(MigrationState::Importing(importing)) = self.migration_states.get(instrument) {
            importing.loading.end_scope()?;
        }
        // What was copied ahead has another checksum than a whole copy, and was compared when it was complete.
        if calculated != expected && calculated != COPIED_AHEAD {
            return Err(MigrationRefusal::Checksum { calculated, expected });
        }
        self.set_migration_state(
            instrument,
            MigrationState::Imported { manifest, checksum: calculated, departed, migration },
        );
        Ok(manifest)
    }

    pub(super) fn has_room(&self, manifest: &ExportManifest) -> Result<(), SnapshotFault> {
        let limits = &self.limits;
        let room = [
            ("instruments", self.instruments.len() as u64 + 1, limits.instruments),
            ("orders", self.pool.live() as u64 + u64::from(manifest.orders), limits.orders),
            ("scopes", manifest.scopes.into(), limits.participants.saturating_add(1)),
        ];
        for (what, found, limit) in room {
            if found > limit as u64 {
                return Err(SnapshotFault::Limit { what, found, limit: limit as u64 });
            }
        }
        Ok(())
    }
}

impl Importing {
    fn take(&mut self, id: InstrumentId, record: &ExportRecord, engine: &mut Engine) -> Result<(), SnapshotFault> {
        match record {
            record if self.ahead.is_some() => self.take_ahead(id, record, engine)?,
            ExportRecord::Snapshot(record) => self.take_whole(id, record, engine)?,
            record => return Err(SnapshotFault::Unexpected { found: record.kind() }),
        }
        self.records += 1;
        self.checksum = record_checksum(self.checksum, record);
        Ok(())
    }

    /// Takes in a record of a copy of the whole instrument.
    fn take_whole(
        &mut self,
        id: InstrumentId,
        record: &SnapshotRecord,
        engine: &mut Engine,
    ) -> Result<(), SnapshotFault> {
        match record {
            SnapshotRecord::Instrument(instrument) if self.records == 0 => {
                let same = instrument.definition.instrument == id && instrument.state_hash == self.manifest.state_hash;
                if !same {
                    return Err(SnapshotFault::Invalid { what: "a record of an instrument other than the import's" });
                }
                self.loading.instrument(instrument, engine)?;
            }
            SnapshotRecord::Trade(trade) if self.records > 0 => self.loading.trade(trade, engine)?,
            SnapshotRecord::Scope(scope) if self.records > 0 => self.loading.scope(scope, engine)?,
            SnapshotRecord::Report(kept) if self.records > 0 => self.loading.report(kept, engine)?,
            SnapshotRecord::Order(order) if self.records > 0 => {
                self.loading.order(order, engine)?;
            }
            record => return Err(SnapshotFault::Unexpected { found: record.kind() }),
        }
        Ok(())
    }
}
