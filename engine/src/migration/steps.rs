//! Fence, unfence, activate, drop: the steps from one migration state to the next.

use lugus_vocabulary::{ExportManifest, InstrumentId, MapEpoch, MigrationId, Side};

use super::migration_states::{Fit, MigrationState};
use super::refusal::MigrationRefusal;
use crate::book::{BookSide, OrderPool};
use crate::engine::Engine;
use crate::instrument::Instrument;
use crate::instruments::Listed;

/// Maximum number of orders that one part of a step removes.
const ORDERS_A_STEP: usize = 8_192;
/// Maximum number of scopes that one part of a step removes.
const SCOPES_A_STEP: usize = 64;

/// Progress of a step that is done in parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// A part is done: repeat the step.
    More,
    /// The step is done.
    Done,
}

impl Engine {
    /// Fences an instrument: it takes no more commands and does not change. Returns the manifest of its export.
    ///
    /// # Errors
    ///
    /// [`MigrationRefusal`]: the instrument is not here, another migration is under way, or this one has ended.
    pub fn fence(
        &mut self,
        instrument: InstrumentId,
        migration: MigrationId,
    ) -> Result<ExportManifest, MigrationRefusal> {
        match self.migration_states.get(instrument) {
            Some(MigrationState::Fenced { migration: current }) if *current == migration => {}
            Some(MigrationState::Trading { last }) => after(*last, migration)?,
            Some(state) => return Err(not_traded(state, migration)),
            None => {
                self.instruments.find(instrument).ok_or(MigrationRefusal::UnknownInstrument)?;
                self.migration_states.make_room(instrument)?;
            }
        }
        self.set_migration_state(instrument, MigrationState::Fenced { migration });
        self.instruments.find(instrument).map(|listed| self.manifest(listed)).ok_or(MigrationRefusal::UnknownInstrument)
    }

    /// Undoes a fence: the instrument takes commands again. A late fence of the same migration is refused.
    ///
    /// # Errors
    ///
    /// [`MigrationRefusal`]: the instrument is not here, or another migration is under way.
    pub fn unfence(&mut self, instrument: InstrumentId, migration: MigrationId) -> Result<(), MigrationRefusal> {
        let last = match self.migration_states.get(instrument) {
            Some(MigrationState::Fenced { migration: current }) if *current == migration => migration,
            Some(MigrationState::Trading { last }) => migration.max(*last),
            Some(state) => return Err(not_traded(state, migration)),
            None => {
                self.instruments.find(instrument).ok_or(MigrationRefusal::UnknownInstrument)?;
                self.migration_states.make_room(instrument)?;
                migration
            }
        };
        self.end_copy_ahead(instrument);
        self.set_migration_state(instrument, MigrationState::Trading { last });
        self.pool.resume_expiry(instrument);
        self.note_work_of(instrument);
        self.note_pulled_quotes(instrument);
        Ok(())
    }

    /// Activates an import: the instrument takes commands here.
    ///
    /// # Errors
    ///
    /// [`MigrationRefusal`]: there is no complete import of this migration.
    pub fn activate(&mut self, instrument: InstrumentId, migration: MigrationId) -> Result<(), MigrationRefusal> {
        match self.migration_states.get(instrument) {
            Some(MigrationState::Imported { migration: current, .. }) if *current == migration => {}
            Some(MigrationState::Trading { last }) if *last == migration => return Ok(()),
            Some(state) => return Err(not_imported(state, migration)),
            None => return Err(MigrationRefusal::UnknownInstrument),
        }
        self.set_migration_state(instrument, MigrationState::Trading { last: migration });
        self.pool.resume_expiry(instrument);
        self.note_work_of(instrument);
        self.note_pulled_quotes(instrument);
        Ok(())
    }

    /// Removes a part of an instrument that has moved away, as the map of `epoch` says; repeated until it is done.
    ///
    /// # Errors
    ///
    /// [`MigrationRefusal`]: the instrument is not fenced for this migration.
    pub fn drop_instrument(
        &mut self,
        instrument: InstrumentId,
        migration: MigrationId,
        epoch: MapEpoch,
    ) -> Result<Progress, MigrationRefusal> {
        let epoch = match self.migration_states.get(instrument) {
            Some(MigrationState::Fenced { migration: current }) if *current == migration => epoch,
            Some(MigrationState::Dropping { migration: current, epoch }) if *current == migration => *epoch,
            Some(MigrationState::Elsewhere { last, .. } | MigrationState::Trading { last }) if *last >= migration => {
                return Ok(Progress::Done);
            }
            Some(MigrationState::Trading { .. }) => return Err(MigrationRefusal::OutOfOrder),
            Some(state) => return Err(not_traded(state, migration)),
            None => {
                self.instruments.find(instrument).ok_or(MigrationRefusal::UnknownInstrument)?;
                return Err(MigrationRefusal::OutOfOrder);
            }
        };
        self.end_copy_ahead(instrument);
        self.set_migration_state(instrument, MigrationState::Dropping { migration, epoch });
        Ok(self.clear(instrument, migration, Some(epoch)))
    }

    /// Removes a part of an import that was given up; repeated until it is done. A late begin of the same import is
    /// refused.
    ///
    /// # Errors
    ///
    /// [`MigrationRefusal`]: the instrument is active here.
    pub fn drop_import(
        &mut self,
        instrument: InstrumentId,
        migration: MigrationId,
    ) -> Result<Progress, MigrationRefusal> {
        let fit = self.migration_states.get(instrument).map_or(Fit::Whole, MigrationState::fit);
        let (current, departed) = match self.migration_states.get(instrument) {
            Some(MigrationState::Importing(importing)) => (importing.migration, importing.departed),
            Some(
                MigrationState::Imported { migration, departed, .. }
                | MigrationState::DroppingImport { migration, departed, .. },
            ) => (*migration, *departed),
            Some(MigrationState::Elsewhere { last, .. }) if *last >= migration => return Ok(Progress::Done),
            Some(&MigrationState::Elsewhere { departed, .. }) => {
                self.migration_states.set(instrument, MigrationState::Elsewhere { last: migration, departed });
                return Ok(Progress::Done);
            }
            Some(MigrationState::Trading { .. } | MigrationState::Fenced { .. } | MigrationState::Dropping { .. }) => {
                return Err(MigrationRefusal::AlreadyHere);
            }
            None if self.instruments.find(instrument).is_some() => return Err(MigrationRefusal::AlreadyHere),
            None => {
                self.migration_states.make_room(instrument)?;
                self.migration_states.set(instrument, MigrationState::Elsewhere { last: migration, departed: None });
                return Ok(Progress::Done);
            }
        };
        // What was copied ahead of the migration goes with it.
        if current != migration && current != migration.ahead() {
            return Err(other(current, migration));
        }
        self.set_migration_state(instrument, MigrationState::DroppingImport { migration, departed, fit });
        Ok(self.clear(instrument, migration, departed))
    }

    /// Changes the migration state of an instrument, and with it whether the instrument takes commands.
    pub(super) fn set_migration_state(&mut self, instrument: InstrumentId, state: MigrationState) {
        let availability = state.availability();
        self.migration_states.set(instrument, state);
        if let Some(listed) = self.instruments.find_mut(instrument) {
            listed.availability = availability;
        }
    }

    pub(super) fn manifest(&self, listed: &Listed) -> ExportManifest {
        let id = listed.instrument.definition.instrument;
        let scopes = self.participants.ids().filter_map(|participant| self.scopes.find(participant, id));
        let mut manifest = ExportManifest { state_hash: listed.hash, ..ExportManifest::default() };
        for scope in scopes {
            manifest.scopes += 1;
            manifest.reports += self.scopes.get(scope).retained.len() as u64;
        }
        let instrument = &listed.instrument;
        manifest.reports += instrument.trades.len() as u64;
        let queued: usize = instrument.queues().map(|(_, _, queue)| queue.count(&self.pool.resting)).sum();
        manifest.orders = (queued + instrument.elected.orders(&self.pool.elected).count()) as u32;
        manifest
    }

    /// Removes a part of an instrument: orders first, then scopes, and last the instrument itself.
    pub(super) fn clear(&mut self, id: InstrumentId, migration: MigrationId, departed: Option<MapEpoch>) -> Progress {
        let pool = &mut self.pool;
        if let Some(listed) = self.instruments.find_mut(id) {
            let Instrument { book, stops, auction_orders, elected, .. } = &mut listed.instrument;
            let mut left = ORDERS_A_STEP;
            while let Some(slot) = elected.first().filter(|_| left > 0) {
                elected.remove(slot, &mut pool.elected);
                pool.remove(slot);
                left -= 1;
            }
            for side in [Side::Buy, Side::Sell] {
                left -= clear_queue(book.side_mut(side), left, pool);
                left -= clear_queue(stops.side_mut(side), left, pool);
            }
            for queue in auction_orders.iter_mut().flat_map(|queues| queues.all_mut()) {
                left -= clear_queue(queue, left, pool);
            }
            if left == 0 {
                return Progress::More;
            }
        }
        let scopes = self.participants.ids().filter(|&participant| self.scopes.find(participant, id).is_some());
        let scopes: Vec<_> = scopes.take(SCOPES_A_STEP).collect();
        for &participant in &scopes {
            self.scopes.remove(participant, id);
        }
        if scopes.len() == SCOPES_A_STEP {
            return Progress::More;
        }
        self.pool.forget_expiry(id);
        self.forget(id);
        self.migration_states.set(id, MigrationState::Elsewhere { last: migration, departed });
        Progress::Done
    }
}

/// Removes up to `most` orders from a queue and the pool, and returns their number. No event tells of it, as the orders
/// live on in another engine.
fn clear_queue(queue: &mut BookSide, most: usize, pool: &mut OrderPool) -> usize {
    for cleared in 0..most {
        let Some((_, slot)) = queue.next_to_trade(None, &pool.resting) else { return cleared };
        queue.remove(slot, &mut pool.resting);
        pool.remove(slot);
    }
    most
}

/// Whether a migration may begin when `last` is the last one that has ended.
pub(super) fn after(last: MigrationId, migration: MigrationId) -> Result<(), MigrationRefusal> {
    if migration > last { Ok(()) } else { Err(MigrationRefusal::Over { last }) }
}

/// The refusal of a migration that is not the one under way.
pub(super) fn other(current: MigrationId, asked: MigrationId) -> MigrationRefusal {
    if asked < current {
        MigrationRefusal::Over { last: current }
    } else {
        MigrationRefusal::OtherMigration { current }
    }
}

/// Why an instrument in this state cannot be fenced, unfenced or dropped for a migration.
pub(super) fn not_traded(state: &MigrationState, asked: MigrationId) -> MigrationRefusal {
    match *state {
        MigrationState::Trading { last } | MigrationState::Elsewhere { last, .. } if last >= asked => {
            MigrationRefusal::Over { last }
        }
        MigrationState::Fenced { migration } | MigrationState::Dropping { migration, .. } if migration != asked => {
            other(migration, asked)
        }
        MigrationState::Elsewhere { .. } => MigrationRefusal::UnknownInstrument,
        _ => MigrationRefusal::OutOfOrder,
    }
}

/// Why an instrument in this state has no import that could continue.
pub(super) fn not_imported(state: &MigrationState, asked: MigrationId) -> MigrationRefusal {
    match *state {
        MigrationState::Trading { last } | MigrationState::Elsewhere { last, .. } if last >= asked => {
            MigrationRefusal::Over { last }
        }
        MigrationState::Trading { .. } | MigrationState::Fenced { .. } | MigrationState::Dropping { .. } => {
            MigrationRefusal::AlreadyHere
        }
        MigrationState::Importing(ref importing) if importing.migration != asked => other(importing.migration, asked),
        MigrationState::Imported { migration, .. } | MigrationState::DroppingImport { migration, .. }
            if migration != asked =>
        {
            other(migration, asked)
        }
        MigrationState::Elsewhere { .. } => MigrationRefusal::UnknownInstrument,
        _ => MigrationRefusal::OutOfOrder,
    }
}
