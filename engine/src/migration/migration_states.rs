//! The migration state of each instrument that was ever moved: what makes late and repeated steps harmless.

use std::collections::{BTreeMap, BTreeSet};

use lugus_vocabulary::{ExportManifest, InstrumentId, MapEpoch, MigrationId, MigrationStateKind};

use super::refusal::MigrationRefusal;
use crate::book::Slot;
use crate::restore::load_state::LoadState;
use crate::state_hash::{self, WORDS};

/// Maximum number of instruments whose migration state is remembered. At the limit, the engine forgets the instrument
/// with the oldest last migration among those that are elsewhere; if no instrument is elsewhere, the migration is refused.
pub(crate) const MAXIMUM_MIGRATION_STATES: usize = 4_096;

/// State of an instrument that was ever moved. An instrument without a state is traded here, or was never here.
///
/// `last` is the last migration that has ended, `migration` the one under way. `departed` is the epoch of the map that
/// says where the instrument moved to when it last left this engine; `None` if it was never here.
#[derive(Debug)]
pub(crate) enum MigrationState {
    /// The instrument is traded here.
    Trading { last: MigrationId },
    /// The instrument is here, and about to leave.
    Fenced { migration: MigrationId },
    /// The instrument's records are coming in.
    Importing(Box<Importing>),
    /// All records have come in; the instrument is not active yet.
    Imported { manifest: ExportManifest, checksum: u64, departed: Option<MapEpoch>, migration: MigrationId },
    /// The instrument has moved away, and what is left of it is being removed.
    Dropping { migration: MigrationId, epoch: MapEpoch },
    /// The import was given up, and what has come in is being removed.
    DroppingImport { migration: MigrationId, departed: Option<MapEpoch>, fit: Fit },
    /// The instrument is not here.
    Elsewhere { last: MigrationId, departed: Option<MapEpoch> },
}

/// In [`MigrationState::Imported`], stands for the checksum of an import that was copied ahead.
pub(crate) const COPIED_AHEAD: u64 = 0;

/// Whether the records of an import fit together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fit {
    /// They are of one time.
    Whole,
    /// They were copied ahead of a fence, and are of different times: no snapshot can have them.
    Ahead,
}

/// An import under way.
#[derive(Debug)]
pub(crate) struct Importing {
    pub(crate) migration: MigrationId,
    /// As in [`MigrationState`].
    pub(crate) departed: Option<MapEpoch>,
    pub(crate) manifest: ExportManifest,
    /// Number of records that have come in.
    pub(crate) records: u64,
    /// Checksum over the records that have come in.
    pub(crate) checksum: u64,
    pub(crate) loading: LoadState,
    /// Present if the instrument is copied ahead of its fence.
    pub(crate) ahead: Option<CopiedSlots>,
}

/// The orders that an import ahead of the fence has taken in.
#[derive(Debug, Default)]
pub(crate) struct CopiedSlots {
    /// By the number of the order among those copied; `None` once it has ended.
    pub(crate) slots: Vec<Option<Slot>>,
    /// Orders whose client order id another one has by now: they have none that counts until it is known whether they have
    /// ended or what they are called now.
    pub(crate) displaced: BTreeSet<Slot>,
}

/// What an instrument's migration state means for a command or a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Availability {
    /// The instrument takes commands.
    Trading,
    /// The instrument takes no commands; queries and repeated commands are answered.
    Fenced,
    /// The instrument takes no commands, and nothing is told of it.
    Unavailable,
}

impl MigrationState {
    pub(crate) fn kind(&self) -> MigrationStateKind {
        match self {
            Self::Trading { .. } => MigrationStateKind::Trading,
            Self::Fenced { .. } => MigrationStateKind::Fenced,
            Self::Importing(_) => MigrationStateKind::Importing,
            Self::Imported { .. } => MigrationStateKind::Imported,
            Self::Dropping { .. } => MigrationStateKind::Dropping,
            Self::DroppingImport { .. } => MigrationStateKind::DroppingImport,
            Self::Elsewhere { .. } => MigrationStateKind::Elsewhere,
        }
    }

    /// Whether a migration is under way.
    fn is_moving(&self) -> bool {
        !matches!(self, Self::Trading { .. } | Self::Elsewhere { .. })
    }

    /// The migration under way, or the last one that has ended.
    pub(crate) fn migration(&self) -> MigrationId {
        match *self {
            Self::Trading { last } | Self::Elsewhere { last, .. } => last,
            Self::Importing(ref importing) => importing.migration,
            Self::Fenced { migration }
            | Self::Imported { migration, .. }
            | Self::Dropping { migration, .. }
            | Self::DroppingImport { migration, .. } => migration,
        }
    }

    /// The map that says where the instrument has moved to; while an import is under way, where it had moved to before.
    pub(crate) fn epoch(&self) -> Option<MapEpoch> {
        match *self {
            Self::Trading { .. } | Self::Fenced { .. } => None,
            Self::Dropping { epoch, .. } => Some(epoch),
            Self::Importing(ref importing) => importing.departed,
            Self::Imported { departed, .. }
            | Self::DroppingImport { departed, .. }
            | Self::Elsewhere { departed, .. } => departed,
        }
    }

    /// The map to wait for, while the instrument takes no commands here; `None` if it does, or was never here.
    pub(crate) fn map_to_wait_for(&self) -> Option<MapEpoch> {
        match *self {
            Self::Trading { .. } => None,
            Self::Elsewhere { departed, .. } => departed,
            Self::Dropping { epoch, .. } => Some(epoch),
            Self::Fenced { migration } | Self::Imported { migration, .. } | Self::DroppingImport { migration, .. } => {
                Some(migration.next_map())
            }
            Self::Importing(ref importing) => Some(importing.migration.next_map()),
        }
    }

    /// Whether the instrument's records fit together.
    pub(crate) fn fit(&self) -> Fit {
        match self {
            Self::Importing(importing) if importing.ahead.is_some() => Fit::Ahead,
            Self::DroppingImport { fit, .. } => *fit,
            _ => Fit::Whole,
        }
    }

    pub(crate) fn availability(&self) -> Availability {
        match self {
            Self::Trading { .. } => Availability::Trading,
            Self::Fenced { .. } => Availability::Fenced,
            _ => Availability::Unavailable,
        }
    }

    /// All that two engines must agree on, as words of the state hash.
    fn words(&self, instrument: InstrumentId) -> [u64; WORDS] {
        let epoch = self.epoch();
        let mut words = [0; WORDS];
        words[0] = u64::from(instrument.0) << 8 | u64::from(self.kind().number());
        words[1] = self.migration().0;
        words[2] = u64::from(epoch.is_some());
        words[3] = epoch.unwrap_or_default().0;
        let import = match *self {
            Self::Importing(ref importing) => Some((importing.manifest, importing.records, importing.checksum)),
            Self::Imported { manifest, checksum, .. } => Some((manifest, manifest.records(), checksum)),
            _ => None,
        };
        if let Some((manifest, records, checksum)) = import {
            words[4] = manifest.state_hash.0;
            words[5] = u64::from(manifest.scopes) << 32 | u64::from(manifest.orders);
            words[6] = manifest.reports;
            words[7] = records;
            words[8] = checksum;
        }
        words
    }

    /// The state's term of the sum that goes into the state hash.
    fn term(&self, instrument: InstrumentId) -> u64 {
        state_hash::scatter(state_hash::fold(0, &self.words(instrument)))
    }
}

/// The states of all instruments that were ever moved, and their part of the state hash.
#[derive(Debug, Default)]
pub(crate) struct MigrationStates {
    table: BTreeMap<InstrumentId, MigrationState>,
    /// Sum of the terms of all states.
    pub(crate) sum: u64,
    /// Number of migrations under way.
    moving: usize,
}

impl MigrationStates {
    /// Number of instruments whose migration is under way here.
    pub(crate) fn moving(&self) -> usize {
        self.moving
    }

    pub(crate) fn get(&self, instrument: InstrumentId) -> Option<&MigrationState> {
        self.table.get(&instrument)
    }

    pub(crate) fn len(&self) -> usize {
        self.table.len()
    }

    /// All states by instrument.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (InstrumentId, &MigrationState)> {
        self.table.iter().map(|(&instrument, state)| (instrument, state))
    }

    /// The map to wait for with commands of an instrument that takes none here.
    #[cold]
    pub(crate) fn map_to_wait_for(&self, instrument: InstrumentId) -> Option<MapEpoch> {
        self.get(instrument).and_then(MigrationState::map_to_wait_for)
    }

    /// The map to wait for if the instrument's kept events are not here either, so that repeated commands cannot be
    /// answered.
    pub(crate) fn map_if_unavailable(&self, instrument: InstrumentId) -> Option<MapEpoch> {
        self.get(instrument)
            .filter(|state| state.availability() == Availability::Unavailable)
            .and_then(MigrationState::map_to_wait_for)
    }

    /// Changes the state of an instrument.
    pub(crate) fn set(&mut self, instrument: InstrumentId, state: MigrationState) {
        self.sum = self.sum.wrapping_add(state.term(instrument));
        self.moving += usize::from(state.is_moving());
        if let Some(before) = self.table.insert(instrument, state) {
            self.sum = self.sum.wrapping_sub(before.term(instrument));
            self.moving -= usize::from(before.is_moving());
        }
    }

    /// Takes an import out, so that the caller can continue it and [`set`](Self::set) it again.
    pub(crate) fn take_import(&mut self, instrument: InstrumentId) -> Option<Box<Importing>> {
        if !matches!(self.get(instrument), Some(MigrationState::Importing(_))) {
            return None;
        }
        let state = self.table.remove(&instrument)?;
        self.moving -= usize::from(state.is_moving());
        self.sum = self.sum.wrapping_sub(state.term(instrument));
        match state {
            MigrationState::Importing(importing) => Some(importing),
            _ => None,
        }
    }

    /// Makes room for the state of this instrument, if need be by forgetting another.
    pub(crate) fn make_room(&mut self, instrument: InstrumentId) -> Result<(), MigrationRefusal> {
        if self.table.len() < MAXIMUM_MIGRATION_STATES || self.table.contains_key(&instrument) {
            return Ok(());
        }
        let elsewhere = self.iter().filter_map(|(instrument, state)| match state {
            MigrationState::Elsewhere { last, .. } => Some((*last, instrument)),
            _ => None,
        });
        let (_, oldest) = elsewhere.min().ok_or(MigrationRefusal::LimitMigrationStates)?;
        if let Some(before) = self.table.remove(&oldest) {
            self.sum = self.sum.wrapping_sub(before.term(oldest));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn elsewhere(last: u64) -> MigrationState {
        MigrationState::Elsewhere { last: MigrationId(last), departed: Some(MapEpoch(last + 1)) }
    }

    #[test]
    fn the_hash_is_the_sum_over_the_states_present() {
        let (mut one, mut other) = (MigrationStates::default(), MigrationStates::default());
        for id in 1..9 {
            one.set(InstrumentId(id), elsewhere(7));
            one.set(InstrumentId(id), MigrationState::Trading { last: MigrationId(u64::from(id)) });
        }
        for id in (1..9).rev() {
            other.set(InstrumentId(id), MigrationState::Trading { last: MigrationId(u64::from(id)) });
        }
        assert_eq!(one.sum, other.sum);
        assert_eq!(other.moving(), 0);
        for _ in 0..2 {
            other.set(InstrumentId(3), MigrationState::Fenced { migration: MigrationId(3) });
            assert_eq!(other.moving(), 1);
        }
        assert_ne!(one.sum, other.sum);
        other.set(InstrumentId(3), elsewhere(3));
        assert_eq!(other.moving(), 0);
    }

    #[test]
    fn the_oldest_state_of_an_instrument_elsewhere_is_dropped() {
        let mut states = MigrationStates::default();
        for id in 1..=MAXIMUM_MIGRATION_STATES as u32 {
            states.make_room(InstrumentId(id)).unwrap();
            states.set(InstrumentId(id), elsewhere(10_000 - u64::from(id)));
        }
        states.set(InstrumentId(MAXIMUM_MIGRATION_STATES as u32), MigrationState::Fenced { migration: MigrationId(1) });
        states.make_room(InstrumentId(7)).unwrap();
        assert_eq!(states.len(), MAXIMUM_MIGRATION_STATES);
        states.make_room(InstrumentId(1 << 20)).unwrap();
        assert!(states.get(InstrumentId(MAXIMUM_MIGRATION_STATES as u32 - 1)).is_none());
        for id in 1..=MAXIMUM_MIGRATION_STATES as u32 {
            states.set(InstrumentId(id), MigrationState::Trading { last: MigrationId(1) });
        }
        assert_eq!(states.make_room(InstrumentId(1 << 20)), Err(MigrationRefusal::LimitMigrationStates));
    }
}
