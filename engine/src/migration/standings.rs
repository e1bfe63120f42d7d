//! How each instrument stands that has ever been moved, or is being moved: what makes late and repeated steps harmless.

use std::collections::BTreeMap;

use lugus_vocabulary::{InstrumentId, MapEpoch, MigrationId};

use super::{Extent, MigrationRefusal};
use crate::restore::Loading;
use crate::state_hash::{self, WORDS};

/// Instruments whose standing is remembered. At the limit the one whose last migration is the oldest is forgotten, of
/// those that are not here; if all are, a migration is refused.
pub(crate) const MAXIMUM_STANDINGS: usize = 4_096;

/// How an instrument stands. One without a standing has never been moved.
#[derive(Debug)]
pub(crate) enum Standing {
    /// It is traded here; migrations up to `last` are over.
    Trading { last: MigrationId },
    /// It is here, and on its way out.
    Fenced { migration: MigrationId },
    /// It is on its way in.
    Importing(Box<Importing>),
    /// It is here whole, and not active.
    Imported { extent: Extent, checksum: u64, before: Away, migration: MigrationId },
    /// It has moved away, and is being cleared.
    Dropping { migration: MigrationId, epoch: MapEpoch },
    /// Its import is given up, and is being cleared.
    DroppingImport { migration: MigrationId, before: Away },
    /// It is not here; migrations up to `last` are over.
    Elsewhere { last: MigrationId, away: Away },
}

/// What is known of an instrument that is not here: the map that says where it has moved to, if it has ever been here.
pub(crate) type Away = Option<MapEpoch>;

/// An import under way.
#[derive(Debug)]
pub(crate) struct Importing {
    pub(crate) migration: MigrationId,
    pub(crate) before: Away,
    pub(crate) extent: Extent,
    /// Records that have come.
    pub(crate) records: u64,
    /// Over them.
    pub(crate) checksum: u64,
    pub(crate) loading: Loading,
}

impl Standing {
    /// The map to wait for, while the instrument takes no commands here; `None` if it does, or was never here.
    pub(crate) fn moved(&self) -> Option<MapEpoch> {
        match *self {
            Self::Trading { .. } => None,
            Self::Elsewhere { away, .. } => away,
            Self::Dropping { epoch, .. } => Some(epoch),
            Self::Fenced { migration } | Self::Imported { migration, .. } | Self::DroppingImport { migration, .. } => {
                Some(migration.next_map())
            }
            Self::Importing(ref importing) => Some(importing.migration.next_map()),
        }
    }

    /// Whether all of the instrument's state is here, and this engine's to tell.
    pub(crate) fn is_whole(&self) -> bool {
        matches!(self, Self::Trading { .. } | Self::Fenced { .. })
    }

    fn words(&self, instrument: InstrumentId) -> [u64; WORDS] {
        let (kind, migration, epoch) = match *self {
            Self::Trading { last } => (1, last, None),
            Self::Fenced { migration } => (2, migration, None),
            Self::Importing(ref importing) => (3, importing.migration, importing.before),
            Self::Imported { migration, before, .. } => (4, migration, before),
            Self::Dropping { migration, epoch } => (5, migration, Some(epoch)),
            Self::DroppingImport { migration, before } => (6, migration, before),
            Self::Elsewhere { last, away } => (7, last, away),
        };
        let mut words = [0; WORDS];
        words[0] = u64::from(instrument.0) << 8 | kind;
        words[1] = migration.0;
        words[2] = u64::from(epoch.is_some());
        words[3] = epoch.unwrap_or_default().0;
        let import = match *self {
            Self::Importing(ref importing) => Some((importing.extent, importing.records, importing.checksum)),
            Self::Imported { extent, checksum, .. } => Some((extent, extent.records(), checksum)),
            _ => None,
        };
        if let Some((extent, records, checksum)) = import {
            words[4] = extent.state_hash.0;
            words[5] = u64::from(extent.scopes) << 32 | u64::from(extent.orders);
            words[6] = extent.reports;
            words[7] = records;
            words[8] = checksum;
        }
        words
    }

    fn term(&self, instrument: InstrumentId) -> u64 {
        state_hash::scatter(state_hash::fold(0, &self.words(instrument)))
    }
}

/// All standings, and their part of the state hash.
#[derive(Debug, Default)]
pub(crate) struct Standings {
    table: BTreeMap<InstrumentId, Standing>,
    /// Sum of their terms of the combined hash.
    pub(crate) sum: u64,
}

impl Standings {
    pub(crate) fn get(&self, instrument: InstrumentId) -> Option<&Standing> {
        self.table.get(&instrument)
    }

    pub(crate) fn len(&self) -> usize {
        self.table.len()
    }

    /// By instrument.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (InstrumentId, &Standing)> {
        self.table.iter().map(|(&instrument, standing)| (instrument, standing))
    }

    /// The map to wait for with commands of an instrument that takes none here.
    #[cold]
    pub(crate) fn moved(&self, instrument: InstrumentId) -> Option<MapEpoch> {
        self.get(instrument).and_then(Standing::moved)
    }

    /// The map to wait for, where not even what was told before can be told again.
    pub(crate) fn away(&self, instrument: InstrumentId) -> Option<MapEpoch> {
        self.get(instrument).filter(|standing| !standing.is_whole()).and_then(Standing::moved)
    }

    /// The instrument stands so from now on.
    pub(crate) fn set(&mut self, instrument: InstrumentId, standing: Standing) {
        self.sum = self.sum.wrapping_add(standing.term(instrument));
        if let Some(before) = self.table.insert(instrument, standing) {
            self.sum = self.sum.wrapping_sub(before.term(instrument));
        }
    }

    /// Takes an import out, to go on with it: [`Standings::set`] it again.
    pub(crate) fn take_import(&mut self, instrument: InstrumentId) -> Option<Box<Importing>> {
        if !matches!(self.get(instrument), Some(Standing::Importing(_))) {
            return None;
        }
        let standing = self.table.remove(&instrument)?;
        self.sum = self.sum.wrapping_sub(standing.term(instrument));
        match standing {
            Standing::Importing(importing) => Some(importing),
            _ => None,
        }
    }

    /// Makes room for the standing of one more instrument.
    pub(crate) fn make_room(&mut self, instrument: InstrumentId) -> Result<(), MigrationRefusal> {
        if self.table.len() < MAXIMUM_STANDINGS || self.table.contains_key(&instrument) {
            return Ok(());
        }
        let elsewhere = self.iter().filter_map(|(instrument, standing)| match standing {
            Standing::Elsewhere { last, .. } => Some((*last, instrument)),
            _ => None,
        });
        let (_, oldest) = elsewhere.min().ok_or(MigrationRefusal::LimitStandings)?;
        if let Some(before) = self.table.remove(&oldest) {
            self.sum = self.sum.wrapping_sub(before.term(oldest));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn elsewhere(last: u64) -> Standing {
        Standing::Elsewhere { last: MigrationId(last), away: Some(MapEpoch(last + 1)) }
    }

    #[test]
    fn the_sum_is_that_of_what_is_there() {
        let (mut one, mut other) = (Standings::default(), Standings::default());
        for id in 1..9 {
            one.set(InstrumentId(id), elsewhere(7));
            one.set(InstrumentId(id), Standing::Trading { last: MigrationId(u64::from(id)) });
        }
        for id in (1..9).rev() {
            other.set(InstrumentId(id), Standing::Trading { last: MigrationId(u64::from(id)) });
        }
        assert_eq!(one.sum, other.sum);
        other.set(InstrumentId(3), Standing::Fenced { migration: MigrationId(3) });
        assert_ne!(one.sum, other.sum);
    }

    #[test]
    fn the_oldest_that_is_not_here_is_forgotten() {
        let mut standings = Standings::default();
        for id in 1..=MAXIMUM_STANDINGS as u32 {
            standings.make_room(InstrumentId(id)).unwrap();
            standings.set(InstrumentId(id), elsewhere(10_000 - u64::from(id)));
        }
        standings.set(InstrumentId(MAXIMUM_STANDINGS as u32), Standing::Fenced { migration: MigrationId(1) });
        standings.make_room(InstrumentId(7)).unwrap();
        assert_eq!(standings.len(), MAXIMUM_STANDINGS);
        standings.make_room(InstrumentId(1 << 20)).unwrap();
        assert!(standings.get(InstrumentId(MAXIMUM_STANDINGS as u32 - 1)).is_none());
        for id in 1..=MAXIMUM_STANDINGS as u32 {
            standings.set(InstrumentId(id), Standing::Trading { last: MigrationId(1) });
        }
        assert_eq!(standings.make_room(InstrumentId(1 << 20)), Err(MigrationRefusal::LimitStandings));
    }
}
