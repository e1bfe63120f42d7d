//! An instrument comes from another engine, record by record, into one that trades others meanwhile.

use lugus_vocabulary::{InstrumentId, MigrationId};

use super::standings::Importing;
use super::steps::{after, not_imported};
use super::{Extent, MigrationRefusal, Standing};
use crate::engine::Engine;
use crate::restore::{Awaited, Loading, Origin, SnapshotFault};
use crate::snapshot::{SnapshotRecord, checksum};

impl Engine {
    /// An import of so much begins, or is under way already: gives how many records have come.
    ///
    /// # Errors
    ///
    /// [`MigrationRefusal`]: the instrument is here, there is no room, or the migration is over.
    pub fn import_begin(
        &mut self,
        instrument: InstrumentId,
        migration: MigrationId,
        extent: Extent,
    ) -> Result<u64, MigrationRefusal> {
        let before = match self.standings.get(instrument) {
            Some(Standing::Importing(importing)) if importing.migration == migration => {
                let same = importing.extent == extent;
                return if same { Ok(importing.records) } else { Err(MigrationRefusal::OtherExtent) };
            }
            Some(Standing::Imported { migration: current, extent: whole, .. }) if *current == migration => {
                return if *whole == extent { Ok(extent.records()) } else { Err(MigrationRefusal::OtherExtent) };
            }
            Some(&Standing::Elsewhere { last, away }) => {
                after(last, migration)?;
                away
            }
            Some(standing) => return Err(not_imported(standing, migration)),
            None if self.listed(instrument).is_some() => return Err(MigrationRefusal::AlreadyHere),
            None => None,
        };
        self.has_room(&extent)?;
        self.standings.make_room(instrument)?;
        let awaited = Awaited {
            participants: 0,
            instruments: 1,
            scopes: extent.scopes.into(),
            orders: extent.orders.into(),
            reports: extent.reports,
            standings: 0,
        };
        let loading = Loading::new(Origin::Engine, awaited);
        let importing = Importing { migration, before, extent, records: 0, checksum: 0, loading };
        self.stand(instrument, Standing::Importing(Box::new(importing)));
        Ok(0)
    }

    /// Records of an import, the first of which is number `first` of it, from 0; those that have come already are
    /// passed over. Gives how many have come.
    ///
    /// # Errors
    ///
    /// [`MigrationRefusal`]: there is no such import, records before are missing, or there can't be such a record;
    /// those before it have come.
    pub fn import_records(
        &mut self,
        instrument: InstrumentId,
        migration: MigrationId,
        first: u64,
        records: impl Iterator<Item = SnapshotRecord>,
    ) -> Result<u64, MigrationRefusal> {
        match self.standings.get(instrument) {
            Some(Standing::Importing(importing)) if importing.migration == migration => {
                if first > importing.records {
                    return Err(MigrationRefusal::Gap { expected: importing.records });
                }
            }
            Some(Standing::Imported { migration: current, extent, .. }) if *current == migration => {
                return Ok(extent.records());
            }
            Some(standing) => return Err(not_imported(standing, migration)),
            None => return Err(MigrationRefusal::UnknownInstrument),
        }
        let mut importing = self.standings.take_import(instrument).ok_or(MigrationRefusal::OutOfOrder)?;
        let known = importing.records - first;
        let mut result = Ok(());
        for record in records.skip(usize::try_from(known).unwrap_or(usize::MAX)) {
            result = importing.take(instrument, &record, self);
            if result.is_err() {
                break;
            }
        }
        let received = importing.records;
        self.standings.set(instrument, Standing::Importing(importing));
        result.map(|()| received).map_err(MigrationRefusal::from)
    }

    /// All records have come, and are those that were exported: the instrument is here, and not active.
    ///
    /// # Errors
    ///
    /// [`MigrationRefusal`]: records are missing, or others than these came.
    pub fn import_end(
        &mut self,
        instrument: InstrumentId,
        migration: MigrationId,
        expected: u64,
    ) -> Result<Extent, MigrationRefusal> {
        let (extent, records, calculated, before) = match self.standings.get(instrument) {
            Some(Standing::Importing(importing)) if importing.migration == migration => {
                let Importing { extent, records, checksum, before, .. } = **importing;
                (extent, records, checksum, before)
            }
            Some(&Standing::Imported { migration: current, extent, checksum, before }) if current == migration => {
                (extent, extent.records(), checksum, before)
            }
            Some(standing) => return Err(not_imported(standing, migration)),
            None => return Err(MigrationRefusal::UnknownInstrument),
        };
        if records < extent.records() {
            return Err(MigrationRefusal::Gap { expected: records });
        }
        if let Some(Standing::Importing(importing)) = self.standings.get(instrument) {
            importing.loading.end_scope()?;
        }
        if calculated != expected {
            return Err(MigrationRefusal::Checksum { calculated, expected });
        }
        self.stand(instrument, Standing::Imported { extent, checksum: calculated, before, migration });
        Ok(extent)
    }

    fn has_room(&self, extent: &Extent) -> Result<(), SnapshotFault> {
        let limits = &self.limits;
        let room = [
            ("instruments", self.instruments.len() as u64 + 1, limits.instruments),
            ("orders", self.pool.live() as u64 + u64::from(extent.orders), limits.orders),
            ("scopes", extent.scopes.into(), limits.participants.saturating_add(1)),
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
    fn take(&mut self, id: InstrumentId, record: &SnapshotRecord, engine: &mut Engine) -> Result<(), SnapshotFault> {
        match record {
            SnapshotRecord::Instrument(instrument) if self.records == 0 => {
                let same = instrument.definition.instrument == id && instrument.state_hash == self.extent.state_hash;
                if !same {
                    return Err(SnapshotFault::Invalid { what: "another instrument than announced" });
                }
                self.loading.instrument(instrument, engine)?;
            }
            SnapshotRecord::Scope(scope) if self.records > 0 => self.loading.scope(scope, engine)?,
            SnapshotRecord::Report(kept) if self.records > 0 => self.loading.report(kept, engine)?,
            SnapshotRecord::Order(order) if self.records > 0 => self.loading.order(order, engine)?,
            record => return Err(SnapshotFault::Unexpected { found: record.kind() }),
        }
        self.records += 1;
        self.checksum = checksum(self.checksum, record);
        Ok(())
    }
}
