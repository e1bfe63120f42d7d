//! The import of an instrument that is copied ahead of its fence, and of the rest after it.
//!
//! Until the import is complete, its records are of different times and do not fit together. It is never part of a snapshot:
//! before one it is removed, and the instrument is copied whole after its fence.

use lugus_vocabulary::{
    ClientOrderId, ExportManifest, ExportRecord, InstrumentId, InstrumentState, MigrationId, OrderRecord, Side,
    SnapshotRecord,
};

use super::migration_states::{COPIED_AHEAD, CopiedSlots, Fit, Importing, MigrationState};
use super::queues::levels_digest;
use super::refusal::MigrationRefusal;
use super::steps::{Progress, after, not_imported};
use crate::book::{OrderPool, Slot};
use crate::engine::Engine;
use crate::restore::fault::SnapshotFault;
use crate::restore::load_state::LoadState;

impl Engine {
    /// Begins to take in what is copied ahead of a migration, whose number is [`MigrationId::ahead`] of it, or finds that under
    /// way. Returns the number of records that have come in.
    ///
    /// # Errors
    ///
    /// [`MigrationRefusal`]: the instrument is here, there is no room for it, or the migration has ended or has been fenced.
    pub fn import_ahead(&mut self, instrument: InstrumentId, ahead: MigrationId) -> Result<u64, MigrationRefusal> {
        let departed = match self.migration_states.get(instrument) {
            Some(MigrationState::Importing(importing)) if importing.migration == ahead && importing.ahead.is_some() => {
                return Ok(importing.records);
            }
            Some(&MigrationState::Elsewhere { last, departed }) => {
                after(last, ahead)?;
                departed
            }
            Some(state) => return Err(not_imported(state, ahead)),
            None if self.instruments.find(instrument).is_some() => return Err(MigrationRefusal::AlreadyHere),
            None => None,
        };
        self.has_room(&ExportManifest::default())?;
        self.migration_states.make_room(instrument)?;
        let importing = Importing {
            migration: ahead,
            departed,
            manifest: ExportManifest::default(),
            records: 0,
            checksum: 0,
            loading: LoadState::ahead(),
            ahead: Some(CopiedSlots::default()),
        };
        self.set_migration_state(instrument, MigrationState::Importing(Box::new(importing)));
        Ok(0)
    }

    /// Completes an import that was copied ahead: all records have come in, and the instrument is the one that was fenced. It
    /// is not active yet. `records` and `checksum` are those at the end of the rest.
    ///
    /// # Errors
    ///
    /// [`MigrationRefusal`]: records are missing, other records came in than were exported, or what they give is another
    /// instrument than the manifest says. The import stays as it is.
    pub fn import_complete(
        &mut self,
        instrument: InstrumentId,
        migration: MigrationId,
        manifest: ExportManifest,
        records: u64,
        checksum: u64,
    ) -> Result<ExportManifest, MigrationRefusal> {
        let departed = match self.migration_states.get(instrument) {
            Some(MigrationState::Importing(importing))
                if importing.migration == migration.ahead() && importing.ahead.is_some() =>
            {
                if importing.records < records {
                    return Err(MigrationRefusal::Gap { expected: importing.records });
                }
                self.check_complete(instrument, importing, manifest, checksum)?;
                importing.departed
            }
            Some(MigrationState::Imported { migration: current, manifest: whole, .. }) if *current == migration => {
                return if *whole == manifest { Ok(manifest) } else { Err(MigrationRefusal::OtherManifest) };
            }
            Some(state) => return Err(not_imported(state, migration)),
            None => return Err(MigrationRefusal::UnknownInstrument),
        };
        let checksum = COPIED_AHEAD;
        self.set_migration_state(instrument, MigrationState::Imported { manifest, checksum, departed, migration });
        Ok(manifest)
    }

    /// Checks that what has come in is whole.
    fn check_complete(
        &self,
        instrument: InstrumentId,
        importing: &Importing,
        manifest: ExportManifest,
        expected: u64,
    ) -> Result<(), MigrationRefusal> {
        importing.loading.end_scope()?;
        let listed = self.instruments.find(instrument).ok_or(MigrationRefusal::OutOfOrder)?;
        let calculated = levels_digest(importing.checksum, &listed.instrument, &self.pool);
        if calculated != expected {
            return Err(MigrationRefusal::Checksum { calculated, expected });
        }
        let whole = &listed.instrument;
        let best = [Side::Buy, Side::Sell].map(|side| whole.book.side(side).best());
        let is_crossed = matches!(best, [Some(bid), Some(ask)] if bid >= ask);
        let is_displaced = importing.ahead.as_ref().is_some_and(|copied| !copied.displaced.is_empty());
        let wrong = if self.manifest(listed) != manifest {
            Some("an instrument other than the one that was fenced")
        } else if is_displaced {
            Some("a client order id that is there twice")
        } else if whole.trades.last() != whole.last_trade_id {
            Some("kept trades that do not end with the last one")
        } else if is_crossed && whole.definition.state == InstrumentState::Open {
            Some("a bid that would trade with an ask")
        } else {
            None
        };
        wrong.map_or(Ok(()), |what| Err(SnapshotFault::Invalid { what }.into()))
    }

    /// Must be called before a snapshot is taken, on all members alike. Removes what was copied ahead of a fence and is not
    /// complete, as a snapshot cannot have it: those moves copy the instrument whole. The work has no bound but the number of
    /// orders, as that of the snapshot.
    pub fn prepare_snapshot(&mut self) {
        let ahead = self.migration_states.iter().filter(|(_, state)| state.fit() == Fit::Ahead);
        let ahead = ahead.map(|(instrument, state)| (instrument, state.migration(), state.epoch()));
        for (instrument, migration, departed) in ahead.collect::<Vec<_>>() {
            let dropping = MigrationState::DroppingImport { migration, departed, fit: Fit::Ahead };
            self.set_migration_state(instrument, dropping);
            while self.clear(instrument, migration, departed) == Progress::More {}
        }
    }

    /// Whether [`Engine::prepare_snapshot`] has something to do, so that no snapshot can be taken before.
    #[must_use]
    pub fn has_import_ahead(&self) -> bool {
        self.migration_states.iter().any(|(_, state)| state.fit() == Fit::Ahead)
    }

    /// Whether an instrument's records fit together.
    pub(crate) fn fits_together(&self, instrument: InstrumentId) -> bool {
        self.migration_states.get(instrument).is_none_or(|state| state.fit() == Fit::Whole)
    }
}

impl Importing {
    /// Takes in a record of a copy ahead or of the rest.
    pub(super) fn take_ahead(
        &mut self,
        id: InstrumentId,
        record: &ExportRecord,
        engine: &mut Engine,
    ) -> Result<(), SnapshotFault> {
        let Self { records, loading, ahead, .. } = self;
        let Some(copied) = ahead else { return Err(SnapshotFault::Unexpected { found: record.kind() }) };
        let is_first = *records == 0;
        match record {
            ExportRecord::Snapshot(SnapshotRecord::Instrument(record)) => {
                if record.definition.instrument != id {
                    return Err(SnapshotFault::Invalid { what: "a record of an instrument other than the import's" });
                }
                if is_first { loading.instrument(record, engine) } else { loading.instrument_again(record, engine) }
            }
            record if is_first => Err(SnapshotFault::Unexpected { found: record.kind() }),
            ExportRecord::Snapshot(SnapshotRecord::Trade(trade)) => loading.trade(trade, engine),
            ExportRecord::Trades { after, forgotten } => loading.trades_again(*after, *forgotten, engine),
            ExportRecord::Snapshot(SnapshotRecord::Scope(scope)) => loading.scope_again(scope, engine),
            ExportRecord::Snapshot(SnapshotRecord::Report(kept)) => loading.report(kept, engine),
            ExportRecord::Snapshot(SnapshotRecord::Order(order)) => {
                copied.make_way(id, order, None, engine);
                let slot = loading.order(order, engine)?;
                // An elected order is in no queue, and comes only with the rest, which is of one time.
                copied.slots.push(Some(slot).filter(|_| !order.is_elected));
                Ok(())
            }
            ExportRecord::Ended { number } => {
                let slot = copied.slots.get_mut(*number as usize).and_then(Option::take);
                let slot = slot.ok_or(SnapshotFault::Invalid { what: "the end of an order that is not there" })?;
                copied.displaced.remove(&slot);
                loading.end_order(slot, engine)
            }
            ExportRecord::Changed { number, order } => {
                let slot = copied.slots.get(*number as usize).copied().flatten();
                let slot = slot.ok_or(SnapshotFault::Invalid { what: "a change of an order that is not there" })?;
                copied.make_way(id, order, Some(slot), engine);
                copied.displaced.remove(&slot);
                loading.change_order(slot, order, engine)
            }
            record => Err(SnapshotFault::Unexpected { found: record.kind() }),
        }
    }
}

impl CopiedSlots {
    /// If another order than the one in `slot` has the client order id of `record`, gives it one that nobody uses: it has ended,
    /// or has another client order id, as the rest will say.
    fn make_way(&mut self, id: InstrumentId, record: &OrderRecord, slot: Option<Slot>, engine: &mut Engine) {
        let Some(owner) = engine.scopes.find(record.participant, id) else { return };
        let pool = &mut engine.pool;
        if let Some(other) = pool.find(owner, record.order.client_order_id).filter(|&other| Some(other) != slot) {
            let unused = unused_id(owner, pool);
            pool.rename(other, unused);
            self.displaced.insert(other);
        }
    }
}

/// A client order id that no order of this owner has.
fn unused_id(owner: u32, pool: &OrderPool) -> ClientOrderId {
    let mut ids = (0..=u64::MAX).rev().map(ClientOrderId);
    ids.find(|&id| pool.find(owner, id).is_none()).unwrap_or(ClientOrderId(u64::MAX))
}
