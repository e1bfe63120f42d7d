//! Fence, unfence, activate, drop: from one standing to the next.

use lugus_vocabulary::{InstrumentId, MapEpoch, MigrationId, Side};

use super::standings::Away;
use super::{Extent, MigrationRefusal, Progress, Standing};
use crate::book::{BookSide, OrderPool};
use crate::engine::{Engine, Listed, Presence};
use crate::instrument::Instrument;

/// Orders that one step ends at most.
const ORDERS_A_STEP: usize = 8_192;
/// Scopes that one step forgets at most.
const SCOPES_A_STEP: usize = 64;

impl Engine {
    /// From now on the instrument takes no commands, and does not change. Gives what is to be moved.
    ///
    /// # Errors
    ///
    /// [`MigrationRefusal`]: it is not here, another migration is under way, or this one is over.
    pub fn fence(&mut self, instrument: InstrumentId, migration: MigrationId) -> Result<Extent, MigrationRefusal> {
        match self.standings.get(instrument) {
            Some(Standing::Fenced { migration: current }) if *current == migration => {}
            Some(Standing::Trading { last }) => after(*last, migration)?,
            Some(standing) => return Err(not_traded(standing, migration)),
            None => {
                self.listed(instrument).ok_or(MigrationRefusal::UnknownInstrument)?;
                self.standings.make_room(instrument)?;
            }
        }
        self.stand(instrument, Standing::Fenced { migration });
        self.listed(instrument).map(|listed| self.extent(listed)).ok_or(MigrationRefusal::UnknownInstrument)
    }

    /// The migration is undone: the instrument takes commands again. A fence of the same migration that comes later
    /// is refused.
    ///
    /// # Errors
    ///
    /// [`MigrationRefusal`]: it is not here, or another migration is under way.
    pub fn unfence(&mut self, instrument: InstrumentId, migration: MigrationId) -> Result<(), MigrationRefusal> {
        let last = match self.standings.get(instrument) {
            Some(Standing::Fenced { migration: current }) if *current == migration => migration,
            Some(Standing::Trading { last }) => migration.max(*last),
            Some(standing) => return Err(not_traded(standing, migration)),
            None => {
                self.listed(instrument).ok_or(MigrationRefusal::UnknownInstrument)?;
                self.standings.make_room(instrument)?;
                migration
            }
        };
        self.stand(instrument, Standing::Trading { last });
        self.pool.resume_expiry(instrument);
        Ok(())
    }

    /// The import is the instrument from now on: it takes commands.
    ///
    /// # Errors
    ///
    /// [`MigrationRefusal`]: there is no whole import of that migration.
    pub fn activate(&mut self, instrument: InstrumentId, migration: MigrationId) -> Result<(), MigrationRefusal> {
        match self.standings.get(instrument) {
            Some(Standing::Imported { migration: current, .. }) if *current == migration => {}
            Some(Standing::Trading { last }) if *last == migration => return Ok(()),
            Some(standing) => return Err(not_imported(standing, migration)),
            None => return Err(MigrationRefusal::UnknownInstrument),
        }
        self.stand(instrument, Standing::Trading { last: migration });
        self.pool.resume_expiry(instrument);
        Ok(())
    }

    /// The instrument has moved, as the map of `epoch` says: a part of it goes, until all is gone.
    ///
    /// # Errors
    ///
    /// [`MigrationRefusal`]: it is not fenced for that migration.
    pub fn drop_instrument(
        &mut self,
        instrument: InstrumentId,
        migration: MigrationId,
        epoch: MapEpoch,
    ) -> Result<Progress, MigrationRefusal> {
        let epoch = match self.standings.get(instrument) {
            Some(Standing::Fenced { migration: current }) if *current == migration => epoch,
            Some(Standing::Dropping { migration: current, epoch }) if *current == migration => *epoch,
            Some(Standing::Elsewhere { last, .. } | Standing::Trading { last }) if *last >= migration => {
                return Ok(Progress::Done);
            }
            Some(Standing::Trading { .. }) => return Err(MigrationRefusal::OutOfOrder),
            Some(standing) => return Err(not_traded(standing, migration)),
            None => {
                self.listed(instrument).ok_or(MigrationRefusal::UnknownInstrument)?;
                return Err(MigrationRefusal::OutOfOrder);
            }
        };
        self.stand(instrument, Standing::Dropping { migration, epoch });
        Ok(self.clear(instrument, migration, Some(epoch)))
    }

    /// The migration is undone: a part of the import goes, until all is gone. An import of the same migration that
    /// begins later is refused.
    ///
    /// # Errors
    ///
    /// [`MigrationRefusal`]: the instrument is active here.
    pub fn drop_import(
        &mut self,
        instrument: InstrumentId,
        migration: MigrationId,
    ) -> Result<Progress, MigrationRefusal> {
        let (current, before) = match self.standings.get(instrument) {
            Some(Standing::Importing(importing)) => (importing.migration, importing.before),
            Some(Standing::Imported { migration, before, .. } | Standing::DroppingImport { migration, before }) => {
                (*migration, *before)
            }
            Some(Standing::Elsewhere { last, .. }) if *last >= migration => return Ok(Progress::Done),
            Some(&Standing::Elsewhere { away, .. }) => {
                self.standings.set(instrument, Standing::Elsewhere { last: migration, away });
                return Ok(Progress::Done);
            }
            Some(Standing::Trading { .. } | Standing::Fenced { .. } | Standing::Dropping { .. }) => {
                return Err(MigrationRefusal::AlreadyHere);
            }
            None if self.listed(instrument).is_some() => return Err(MigrationRefusal::AlreadyHere),
            None => {
                self.standings.make_room(instrument)?;
                self.standings.set(instrument, Standing::Elsewhere { last: migration, away: None });
                return Ok(Progress::Done);
            }
        };
        if current != migration {
            return Err(other(current, migration));
        }
        self.stand(instrument, Standing::DroppingImport { migration, before });
        Ok(self.clear(instrument, migration, before))
    }

    /// The instrument stands so from now on, and takes commands or not.
    pub(super) fn stand(&mut self, instrument: InstrumentId, standing: Standing) {
        let presence = Presence::of(&standing);
        self.standings.set(instrument, standing);
        if let Some(listed) = self.listed_mut(instrument) {
            listed.presence = presence;
        }
    }

    fn extent(&self, listed: &Listed) -> Extent {
        let id = listed.instrument.definition.instrument;
        let scopes = self.participants.ids().filter_map(|participant| self.scopes.find(participant, id));
        let mut extent = Extent { state_hash: listed.hash, ..Extent::default() };
        for scope in scopes {
            extent.scopes += 1;
            extent.reports += self.scopes.get(scope).retained.len() as u64;
        }
        let Instrument { book, stops, .. } = &listed.instrument;
        for side in [Side::Buy, Side::Sell] {
            let orders = [book.side(side), stops.side(side)].map(|queue| queue.count(&self.pool.resting));
            extent.orders += orders.iter().sum::<usize>() as u32;
        }
        extent
    }

    /// Ends a part of the instrument's orders, or, when there are no more, forgets a part of its scopes, and then itself.
    fn clear(&mut self, id: InstrumentId, migration: MigrationId, away: Away) -> Progress {
        let pool = &mut self.pool;
        if let Some(place) = self.instrument_index.get(u64::from(id.0)) {
            let Instrument { book, stops, .. } = &mut self.instruments[place as usize].instrument;
            let mut left = ORDERS_A_STEP;
            for side in [Side::Buy, Side::Sell] {
                left -= clear_queue(book.side_mut(side), left, pool);
                left -= clear_queue(stops.side_mut(side), left, pool);
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
        self.unlist(id);
        self.standings.set(id, Standing::Elsewhere { last: migration, away });
        Progress::Done
    }
}

/// Takes up to `most` orders out of a queue and the pool, and gives how many. Nobody is told: they live on elsewhere.
fn clear_queue(queue: &mut BookSide, most: usize, pool: &mut OrderPool) -> usize {
    for cleared in 0..most {
        let Some((_, slot)) = queue.next_to_trade(None, &pool.resting) else { return cleared };
        queue.remove(slot, &mut pool.resting);
        pool.remove(slot);
    }
    most
}

/// Whether a migration may begin where migrations up to `last` are over.
pub(super) fn after(last: MigrationId, migration: MigrationId) -> Result<(), MigrationRefusal> {
    if migration > last { Ok(()) } else { Err(MigrationRefusal::Over { last }) }
}

/// A migration that is not the one under way.
pub(super) fn other(current: MigrationId, asked: MigrationId) -> MigrationRefusal {
    if asked < current {
        MigrationRefusal::Over { last: current }
    } else {
        MigrationRefusal::OtherMigration { current }
    }
}

/// Why there is nothing to fence or to drop for a migration, where the instrument stands so.
fn not_traded(standing: &Standing, asked: MigrationId) -> MigrationRefusal {
    match *standing {
        Standing::Trading { last } | Standing::Elsewhere { last, .. } if last >= asked => {
            MigrationRefusal::Over { last }
        }
        Standing::Fenced { migration } | Standing::Dropping { migration, .. } if migration != asked => {
            other(migration, asked)
        }
        Standing::Elsewhere { .. } => MigrationRefusal::UnknownInstrument,
        _ => MigrationRefusal::OutOfOrder,
    }
}

/// Why there is no import of a migration to go on with, where the instrument stands so.
pub(super) fn not_imported(standing: &Standing, asked: MigrationId) -> MigrationRefusal {
    match *standing {
        Standing::Trading { last } | Standing::Elsewhere { last, .. } if last >= asked => {
            MigrationRefusal::Over { last }
        }
        Standing::Trading { .. } | Standing::Fenced { .. } | Standing::Dropping { .. } => MigrationRefusal::AlreadyHere,
        Standing::Importing(ref importing) if importing.migration != asked => other(importing.migration, asked),
        Standing::Imported { migration, .. } | Standing::DroppingImport { migration, .. } if migration != asked => {
            other(migration, asked)
        }
        Standing::Elsewhere { .. } => MigrationRefusal::UnknownInstrument,
        _ => MigrationRefusal::OutOfOrder,
    }
}
